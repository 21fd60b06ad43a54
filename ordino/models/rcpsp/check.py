"""Checks a plan of a project from first principles, in O(n log n) but for its violations."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from ordino.core.arrays import LARGEST, Integers
from ordino.core.report import Report, Violation
from ordino.models.rcpsp.problem import ABSENT, KINDS, Plan, Project

__all__ = ["check"]

Flags = npt.NDArray[np.bool_]


def check(instance: Project, solution: Plan) -> Report:
    """Check modes, windows, time lags, capacities, budgets and disjunctive groups.

    The objective is the latest end, the total weighted tardiness, or the total squared use of
    renewable resources, as the project's goal says. Where activities are missing, the rest is
    graded.
    """
    count = instance.activities
    violations: list[Violation] = []
    for what, values in (("start times", solution.start), ("modes", solution.mode)):
        if values.size != count:
            message = f"expected {count} {what}, got {values.size}"
            violations.append(Violation("shape", message))
    if violations:
        return Report.of(violations, None)
    modes = np.diff(instance.mode_start)
    wrong = (solution.mode < 0) | (solution.mode >= modes)
    for i in np.flatnonzero(wrong).tolist():
        violations.append(
            Violation(
                "mode",
                f"activity {instance.activity_names[i]} is in mode {solution.mode[i]}, expected 0 "
                f"to {modes[i] - 1}",
            )
        )
    if violations:
        return Report.of(violations, None)

    there = solution.start != ABSENT
    for i in np.flatnonzero(~there).tolist():
        message = f"activity {instance.activity_names[i]} has no start"
        violations.append(Violation("missing", message))
    mode = instance.mode_start[:-1] + solution.mode
    start = np.clip(solution.start, -LARGEST, LARGEST - 1 - instance.duration.max())
    end = start + instance.duration[mode]
    violations += _windows(instance, start, end, there)
    violations += _lags(instance, start, end, there)
    violations += _capacities(instance, mode, start, end, there)
    violations += _budgets(instance, mode[there])
    violations += _groups(instance, start, end, there)
    if violations or instance.goal == "makespan":
        return Report.of(violations, int(end.max()))
    if instance.goal == "levelling":
        return Report.of([], _squared_use(instance, mode, start, end))
    late = np.maximum(0, end - instance.due_dates)
    pairs = zip(instance.weights.tolist(), late.tolist(), strict=True)
    return Report.of([], sum(weight * each for weight, each in pairs))


def _windows(
    instance: Project, start: Integers, end: Integers, there: Flags
) -> Iterator[Violation]:
    names = instance.activity_names
    for i in np.flatnonzero(there & (start < instance.release_dates)).tolist():
        message = f"before its release at {instance.release_dates[i]}"
        yield Violation("release", f"activity {names[i]} starts at {start[i]}, {message}")
    for i in np.flatnonzero(there & (end > instance.deadlines)).tolist():
        message = f"behind its deadline {instance.deadlines[i]}"
        yield Violation("deadline", f"activity {names[i]} ends at {end[i]}, {message}")


def _lags(instance: Project, start: Integers, end: Integers, there: Flags) -> Iterator[Violation]:
    source, target, kind = instance.lag_source, instance.lag_target, instance.lag_kind
    first = np.where(kind >= 2, end[source], start[source])
    second = np.where(kind % 2 == 1, end[target], start[target])
    both = there[source] & there[target]
    for arc in np.flatnonzero(both & (second - first < instance.lag)).tolist():
        of, to = KINDS[kind[arc]].split("-")
        i, j = (instance.activity_names[int(each[arc])] for each in (source, target))
        lag = int(instance.lag[arc])
        if lag == 0 and (of, to) == ("end", "start"):
            message = (
                f"activity {j} starts at {second[arc]}, before activity {i} ends at {first[arc]}"
            )
            yield Violation("precedence", message)
        elif lag >= 0:
            yield Violation(
                "minimal lag",
                f"activity {j} {to}s at {second[arc]}, less than {lag} behind the {of} of activity "
                f"{i} at {first[arc]}",
            )
        else:
            yield Violation(
                "maximal lag",
                f"activity {i} {of}s at {first[arc]}, more than {-lag} behind the {to} of activity "
                f"{j} at {second[arc]}",
            )


def _capacities(
    instance: Project, mode: Integers, start: Integers, end: Integers, there: Flags
) -> Iterator[Violation]:
    """Sweep over each renewable resource: use against capacity between any two events."""
    for resource, name in enumerate(instance.renewable_names):
        demand = instance.demand[mode, resource]
        users = np.flatnonzero(there & (demand > 0) & (end > start))
        steps = instance.steps(resource)
        times = np.concatenate([start[users], end[users], [time for time, _ in steps]])
        capacities = [capacity for _, capacity in steps]
        rises = np.diff([0, *capacities])
        room = np.concatenate([-demand[users], demand[users], rises])
        moments, where = np.unique(times, return_inverse=True)
        change = np.zeros(moments.size, dtype=np.int64)
        np.add.at(change, where, room)
        free = np.cumsum(change)
        over = np.flatnonzero(free < 0)
        for position in over.tolist():
            if position and free[position - 1] == free[position]:
                continue
            moment = int(moments[position])
            running = users[(start[users] <= moment) & (moment < end[users])]
            used = int(demand[running].sum())
            capacity = used + int(free[position])
            shown = ", ".join(instance.activity_names[i] for i in running[:8].tolist())
            more = f" and {running.size - 8} more" if running.size > 8 else ""
            yield Violation(
                "downtime" if used <= max(capacities) else "capacity",
                f"{name}: at time {moment} activities {shown}{more} need {used}, there are "
                f"{capacity}",
            )


def _squared_use(instance: Project, mode: Integers, start: Integers, end: Integers) -> int:
    """Sum the squares of what is in use, over resources and times."""
    total = 0
    for resource in range(instance.renewables):
        demand = instance.demand[mode, resource].tolist()
        events = list(zip(start.tolist(), demand, strict=True))
        events += [(at, -need) for at, need in zip(end.tolist(), demand, strict=True)]
        used, now = 0, 0
        for at, need in sorted(events):
            total += used * used * (at - now)
            used, now = used + need, at
    return total


def _budgets(instance: Project, mode: Integers) -> Iterator[Violation]:
    used = instance.consumption[mode].sum(axis=0)
    for resource in np.flatnonzero(used > instance.budget).tolist():
        yield Violation(
            "budget",
            f"{instance.budget_names[resource]}: the modes consume {used[resource]}, there are "
            f"{instance.budget[resource]}",
        )


def _groups(instance: Project, start: Integers, end: Integers, there: Flags) -> Iterator[Violation]:
    names = instance.activity_names
    for group in instance.groups:
        members = [i for i in group if there[i] and end[i] > start[i]]
        latest = -1
        for i in sorted(members, key=lambda i: (int(start[i]), int(end[i]))):
            if latest >= 0 and start[i] < end[latest]:
                yield Violation(
                    "disjunction",
                    f"activity {names[i]} starts at {start[i]}, before activity {names[latest]} "
                    f"ends at {end[latest]}: they may not overlap",
                )
            if latest < 0 or end[i] > end[latest]:
                latest = i
