"""Projects for CP-SAT: an interval a mode, a cumulative a resource, no overlap in a group."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ordino.core.arrays import Integers
from ordino.core.objective import Value
from ordino.models.formulation import CpsatFormulation
from ordino.models.rcpsp.bounds import contradiction, heads, latest_starts, tails
from ordino.models.rcpsp.levelling import SquaredUse
from ordino.models.rcpsp.problem import NEVER, Plan, Project

__all__ = ["formulate", "takes"]

MOST_TERMS = 1_000_000
"""For levelling: in what is in use at each time; that many take a few seconds to build."""

LARGEST = 2**50
"""CP-SAT refuses sums that may leave 63 bits."""


def takes(instance: Project) -> str | None:
    """Say why CP-SAT can't hold the instance's numbers, or return `None`."""
    if instance.goal == "levelling":
        head, latest = _windows(instance, instance.horizon)
        starts = np.repeat(np.maximum(0, latest - head + 1), np.diff(instance.mode_start))
        lengths = np.minimum(instance.duration, instance.horizon)
        each = 1 + lengths * np.count_nonzero(instance.demand, axis=1)
        terms = sum(a * b for a, b in zip(starts.tolist(), each.tolist(), strict=True))
        if terms > MOST_TERMS:
            return f"{terms} terms in what is in use at each time, beyond {MOST_TERMS}"
    widest = max(1, int(instance.weights.max()), int(instance.demand.max(initial=0)))
    reach = instance.horizon + int(np.abs(instance.due_dates).max())
    steps = instance.step_time.size
    if instance.activities * max(reach, steps) * widest >= LARGEST:
        return "activities x horizon, or steps of capacity, x largest weight or demand reaches 2^50"
    return None


def formulate(instance: Project, upper_bound: Value | None) -> CpsatFormulation:
    """Build the model: starts between head and tail, a literal a mode where there are several.

    Args:
        instance: The project.
        upper_bound: Plans of a greater makespan, or total tardiness, are left out.
    """
    from ortools.sat.python import cp_model

    assert upper_bound is None or isinstance(upper_bound, int)
    model = cp_model.CpModel()
    n, makespan_goal = instance.activities, instance.goal == "makespan"
    horizon = instance.horizon
    if makespan_goal and upper_bound is not None:
        horizon = min(horizon, upper_bound)
    least = instance.least_duration
    head, latest = _windows(instance, horizon)
    if (latest < head).any() or contradiction(instance):
        latest = np.maximum(latest, head)
        model.add_bool_or([])  # no plan fits

    starts = [
        model.new_int_var(low, high, "")
        for low, high in zip(head.tolist(), latest.tolist(), strict=True)
    ]
    literals: list[Any] = []
    durations = instance.duration.tolist()
    intervals: list[list[Any]] = []
    lengths: list[Any] = []
    for i, (first, behind) in enumerate(pairwise(instance.mode_start.tolist())):
        if behind - first == 1:
            lengths.append(durations[first])
            intervals.append([model.new_fixed_size_interval_var(starts[i], durations[first], "")])
            continue
        chosen = [model.new_bool_var("") for _ in range(first, behind)]
        literals += chosen
        model.add_exactly_one(chosen)
        lengths.append(cp_model.LinearExpr.weighted_sum(chosen, durations[first:behind]))
        intervals.append(
            [
                model.new_optional_fixed_size_interval_var(starts[i], durations[mode], literal, "")
                for mode, literal in zip(range(first, behind), chosen, strict=True)
            ]
        )
    by_mode = [interval for each in intervals for interval in each]
    for literal, possible in zip(literals, instance.possible[_choice(instance)], strict=True):
        if not possible:
            model.add(literal == 0)
    _add_lags(model, instance, starts, lengths)
    _add_resources(model, instance, by_mode, horizon)
    _add_budgets(model, instance, literals)
    for group in instance.groups:
        members = [mode for i in group for mode in range(*instance.mode_start[i : i + 2].tolist())]
        model.add_no_overlap([by_mode[mode] for mode in members if durations[mode]])
    limits = np.minimum(instance.deadlines, horizon)
    limited = (instance.deadlines != NEVER) | (not makespan_goal)
    for i in np.flatnonzero(limited & (least < instance.most_duration)).tolist():
        model.add(starts[i] + lengths[i] <= int(limits[i]))

    late: dict[int, Any] = {}
    squares = None
    if instance.goal == "levelling":
        squares = _add_squares(model, instance, starts, literals, head, latest, horizon)
        level = squares.level
        if upper_bound is not None:
            model.add(level <= upper_bound)
    elif makespan_goal:
        level = model.new_int_var(0, horizon, "makespan")
        for start, length in zip(starts, lengths, strict=True):
            model.add(level >= start + length)
    else:
        for i in np.flatnonzero(instance.weights).tolist():
            late[i] = model.new_int_var(0, max(0, horizon - int(instance.due_dates[i])), "")
            model.add(late[i] >= starts[i] + lengths[i] - int(instance.due_dates[i]))
        weights = instance.weights[list(late)].tolist()
        level = cp_model.LinearExpr.weighted_sum(list(late.values()), weights)
        if upper_bound is not None:
            model.add(level <= upper_bound)

    several = np.diff(instance.mode_start) > 1

    def hint(solution: Plan) -> Iterable[tuple[Any, int]]:
        yield from zip(starts, solution.start.tolist(), strict=True)
        place = 0
        for i in np.flatnonzero(several).tolist():
            for mode in range(len(instance.modes_of(i))):
                yield literals[place], int(solution.mode[i] == mode)
                place += 1
        ends = solution.start + instance.duration[instance.mode_start[:-1] + solution.mode]
        if makespan_goal:
            yield level, int(ends.max())
        for i, variable in late.items():
            yield variable, max(0, int(ends[i] - instance.due_dates[i]))
        if squares is not None:
            yield from squares.hint(instance, solution)

    def read(values: Sequence[int]) -> Plan:
        modes = np.zeros(n, dtype=np.int64)
        place = n
        for i in np.flatnonzero(several).tolist():
            count = len(instance.modes_of(i))
            modes[i] = int(np.argmax(values[place : place + count]))
            place += count
        return Plan(np.array(values[:n], dtype=np.int64), modes)

    return CpsatFormulation(model=model, levels=(level,), hint=hint, read=read)


def _windows(instance: Project, horizon: int) -> tuple[Integers, Integers]:
    """Return the earliest and the latest start of each activity, if all end by the horizon."""
    latest = np.minimum(instance.deadlines, horizon) - instance.least_duration
    if instance.goal == "makespan":
        latest = np.minimum(latest, horizon - tails(instance))
    elif instance.goal == "levelling":
        latest = latest_starts(instance)
    return heads(instance), latest


def _add_squares(
    model: Any,
    instance: Project,
    starts: list[Any],
    literals: list[Any],
    head: Integers,
    latest: Integers,
    horizon: int,
) -> SquaredUse:
    """Add the total squared use; modes alone have no literal."""
    chosen: list[Any] = [1] * instance.duration.size
    for mode, literal in zip(np.flatnonzero(_choice(instance)).tolist(), literals, strict=True):
        chosen[mode] = literal
    windows = list(zip(head.tolist(), latest.tolist(), strict=True))
    return SquaredUse.add(model, instance, starts, chosen, windows, horizon)


def _choice(instance: Project) -> Any:
    """Tell of each mode whether its activity has others."""
    counts = np.diff(instance.mode_start)
    return np.repeat(counts > 1, counts)


def _add_lags(model: Any, instance: Project, starts: list[Any], lengths: list[Any]) -> None:
    for i, j, kind, lag in np.stack(
        [instance.lag_source, instance.lag_target, instance.lag_kind, instance.lag], axis=1
    ).tolist():
        of = starts[i] + lengths[i] if kind >= 2 else starts[i]
        to = starts[j] + lengths[j] if kind % 2 else starts[j]
        model.add(to >= of + lag)


def _add_resources(model: Any, instance: Project, by_mode: list[Any], horizon: int) -> None:
    """Add a cumulative a resource; what a calendar takes away is a fixed interval."""
    for resource, greatest in enumerate(instance.greatest_capacity.tolist()):
        demand = np.where(
            (instance.duration > 0) & instance.possible, instance.demand[:, resource], 0
        )
        ample = sum(np.maximum.reduceat(demand, instance.mode_start[:-1]).tolist())
        most = min(greatest, ample)
        users = np.flatnonzero(demand).tolist()
        intervals = [by_mode[mode] for mode in users]
        needs = demand[users].tolist()
        steps = instance.steps(resource)
        for (time, here), (until, _) in zip(steps, [*steps[1:], (horizon, 0)], strict=True):
            if here < most and time < min(until, horizon):
                length = min(until, horizon) - time
                intervals.append(model.new_fixed_size_interval_var(time, length, ""))
                needs.append(most - here)
        if users:
            model.add_cumulative(intervals, needs, most)


def _add_budgets(model: Any, instance: Project, literals: list[Any]) -> None:
    from ortools.sat.python import cp_model

    choice = _choice(instance)
    for resource, budget in enumerate(instance.budget.tolist()):
        consumption = instance.consumption[:, resource]
        fixed = sum(consumption[~choice].tolist())
        amounts = consumption[choice].tolist()
        model.add(cp_model.LinearExpr.weighted_sum(literals, amounts) + fixed <= budget)
