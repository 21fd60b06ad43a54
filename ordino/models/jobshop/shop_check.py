"""Checks a schedule of a general shop from first principles, in O(n log n) for n operations.

Definitions: `models.jobshop.shop`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np

from ordino.core.arrays import LARGEST, Integers
from ordino.core.report import Report, Violation
from ordino.models.jobshop.problem import Schedule
from ordino.models.jobshop.shop import Shop

__all__ = ["shop_check"]


def shop_check(instance: Shop, solution: Schedule) -> Report:
    """Check alternatives, dates, precedences, machines, setups, downtimes and buffers.

    The objective is that of the shop's goal.
    """
    violations = list(_shape(instance, solution))
    if violations:
        return Report.of(violations, None)
    machine = solution.machine
    if machine is None:
        machine = instance.machine[instance.alternative_start[:-1]]
    owner = np.repeat(np.arange(instance.operations), np.diff(instance.alternative_start))
    taken = np.flatnonzero(instance.machine == machine[owner])
    duration = np.full(instance.operations, -1, dtype=np.int64)
    duration[owner[taken]] = instance.duration[taken]
    for i in np.flatnonzero(duration < 0).tolist():
        known = ", ".join(str(instance.machine[k]) for k in instance.alternatives(i)[:12])
        message = f"{_name(instance, i)} is on machine {machine[i]}, expected one of {known}"
        violations.append(Violation("machine", message))
    if violations:
        return Report.of(violations, None)

    start = np.clip(solution.start, -LARGEST, LARGEST - 1 - duration.max())
    end = start + duration
    violations += _releases(instance, start)
    violations += _precedences(instance, start, end)
    leave, following = _leaving(instance, start, end)
    order = np.lexsort((leave, start, machine))
    violations += _machines(instance, machine, order, start, end, leave)
    violations += _downtimes(instance, machine, start, end)
    if not violations and instance.buffers == "blocking":
        violations += _circles(instance, machine, order, start, following)
    return Report.of(violations, _objective(instance, end))


def _name(instance: Shop, operation: int) -> str:
    job, position = instance.place(operation)
    return f"operation {position} of job {job}"


def _shape(instance: Shop, solution: Schedule) -> Iterator[Violation]:
    count = instance.operations
    if solution.start.size != count:
        yield Violation("shape", f"expected {count} start times, got {solution.start.size}")
    if solution.machine is not None and solution.machine.size != count:
        yield Violation("shape", f"expected {count} machines, got {solution.machine.size}")
    if solution.machine is None and instance.machine.size > count:
        yield Violation("shape", f"expected {count} machines, for there is a choice")


def _releases(instance: Shop, start: Integers) -> Iterator[Violation]:
    release = instance.release_dates[instance.job]
    release[instance.arc_after] = -LARGEST  # these follow others
    for i in np.flatnonzero(start < release).tolist():
        message = f"starts at {start[i]}, before the job's release at {release[i]}"
        yield Violation("release", f"{_name(instance, i)} {message}")


def _precedences(instance: Shop, start: Integers, end: Integers) -> Iterator[Violation]:
    before, after = instance.arc_before, instance.arc_after
    for arc in np.flatnonzero(start[after] < end[before]).tolist():
        i, j = int(before[arc]), int(after[arc])
        yield Violation(
            "precedence",
            f"{_name(instance, j)} starts at {start[j]}, before {_name(instance, i)} ends at "
            f"{end[i]}",
        )
    if instance.buffers == "no-wait":
        for arc in np.flatnonzero(start[after] > end[before]).tolist():
            i, j = int(before[arc]), int(after[arc])
            yield Violation(
                "wait",
                f"{_name(instance, j)} starts at {start[j]}, {_name(instance, i)} ends at {end[i]}:"
                " expected no time between",
            )


def _leaving(instance: Shop, start: Integers, end: Integers) -> tuple[Integers, Integers]:
    """Return when each operation leaves its machine, and what its job does next, -1 for nothing."""
    following = np.full(instance.operations, -1, dtype=np.int64)
    following[instance.arc_before] = instance.arc_after
    leave = end.copy()
    if instance.buffers in ("swap", "blocking"):
        stays = following >= 0
        leave[stays] = np.maximum(end[stays], start[following[stays]])
    return leave, following


def _machines(
    instance: Shop, machine: Integers, order: Integers, start: Integers, end: Integers,
    leave: Integers,
) -> Iterator[Violation]:  # fmt: skip
    """Look at what follows what on each machine."""
    needs: Callable[[int, int, int], int] = _setups(instance)
    before = -1
    for i in order.tolist():
        m = int(machine[i])
        first = before < 0 or machine[before] != m
        if first:
            if start[i] < (setup := needs(m, -1, i)):
                yield Violation(
                    "setup",
                    f"{_name(instance, i)} starts at {start[i]}, machine {m} takes {setup} to be "
                    "ready for it",
                )
        elif start[i] < leave[before]:
            ends = "ends" if leave[before] == end[before] else "leaves"
            yield Violation(
                "overlap" if start[i] < end[before] else "blocked",
                f"{_name(instance, i)} starts at {start[i]} on machine {m}, before "
                f"{_name(instance, before)} {ends} there at {leave[before]}",
            )
        elif start[i] < leave[before] + (setup := needs(m, before, i)):
            yield Violation(
                "setup",
                f"{_name(instance, i)} starts at {start[i]} on machine {m}, less than the setup of "
                f"{setup} behind {_name(instance, before)}, which leaves there at {leave[before]}",
            )
        before = i


def _setups(instance: Shop) -> Callable[[int, int, int], int]:
    """Return the setup time on a machine between two operations; -1 stands for none before."""
    if not instance.setup.size:
        return lambda machine, one, other: 0
    families = instance.setup_family.tolist()
    families.append(instance.setup_families)
    return lambda machine, one, other: int(instance.setup[machine, families[one], families[other]])


def _downtimes(
    instance: Shop, machine: Integers, start: Integers, end: Integers
) -> Iterator[Violation]:
    for m in np.unique(instance.down_machine).tolist():
        here = np.flatnonzero(machine == m)
        down = instance.down_machine == m
        begins, ends = instance.down_begin[down], instance.down_end[down]
        next_one = np.searchsorted(ends, start[here], side="right")
        for i, place in zip(here.tolist(), next_one.tolist(), strict=True):
            if place < ends.size and begins[place] < end[i]:
                yield Violation(
                    "downtime",
                    f"{_name(instance, i)} runs from {start[i]} to {end[i]} on machine {m}, which "
                    f"is down from {begins[place]}",
                )


def _circles(
    instance: Shop, machine: Integers, order: Integers, start: Integers, following: Integers
) -> Iterator[Violation]:
    """Look for moves that wait for one another at one instant.

    The move of an operation's job onto its machine comes behind the move of the same job before,
    and behind that which left the machine. What ends without a successor leaves when it is over: at
    once, if it takes no time.
    """
    waits: dict[int, list[int]] = {}
    for i, j in zip(instance.arc_before.tolist(), instance.arc_after.tolist(), strict=True):
        if start[i] == start[j]:
            waits.setdefault(j, []).append(i)
    for before, i in pairwise(order.tolist()):
        mover = int(following[before]) if following[before] >= 0 else before
        if machine[before] == machine[i] and mover != i and start[mover] == start[i]:
            waits.setdefault(i, []).append(mover)
    for circle in _cycles(waits):
        told = []
        first = circle.index(min(circle))
        for i in circle[first:] + circle[:first]:
            job, position = instance.place(i)
            leaves = f"from machine {machine[i - 1]} " if position else ""
            told.append(f"job {job} {leaves}to machine {machine[i]}")
        more = ", …" if len(told) > 12 else ""
        yield Violation(
            "circle",
            f"at {start[circle[0]]} jobs wait for one another in a circle: "
            f"{', '.join(told[:12])}{more}",
        )


def _cycles(waits: dict[int, list[int]]) -> Iterator[list[int]]:
    """Yield a cycle of each part of a graph that has one, by depth-first search."""
    done: set[int] = set()
    for root in waits:
        way: list[int] = []
        places: dict[int, int] = {}
        stack: list[tuple[int, int]] = [(root, 0)]
        while stack:
            at, index = stack.pop()
            if index == 0:
                if at in done:
                    continue
                if at in places:
                    yield way[places[at] :]
                    done.update(way)
                    break
                places[at] = len(way)
                way.append(at)
            following = waits.get(at, [])
            if index < len(following):
                stack += [(at, index + 1), (following[index], 0)]
            else:
                done.add(at)
                del places[way.pop()]


def _objective(instance: Shop, end: Integers) -> int:
    if instance.goal == "makespan":
        return int(end.max())
    completion = np.maximum.reduceat(end, instance.job_start[:-1]).tolist()
    weights = instance.weights.tolist()
    if instance.goal == "flow-time":
        since = zip(weights, completion, instance.release_dates.tolist(), strict=True)
        return sum(weight * (end - release) for weight, end, release in since)
    assert instance.due_dates is not None
    late: list[int] = [
        e - due for e, due in zip(completion, instance.due_dates.tolist(), strict=True)
    ]
    if instance.goal == "lateness":
        return max(late)
    return sum(weight * max(0, each) for weight, each in zip(weights, late, strict=True))
