"""Projects for CP-SAT: an interval a mode, a cumulative a resource, no overlap in a group."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ordino.core.arrays import Integers
from ordino.core.objective import Value
from ordino.models.formulation import CpsatFormulation
from ordino.models.rcpsp.bounds import contradiction, heads, latest_starts, tails
from ordino.models.rcpsp.cpsat_network import Network
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
    makespan_goal = instance.goal == "makespan"
    horizon = instance.horizon
    if makespan_goal and upper_bound is not None:
        horizon = min(horizon, upper_bound)
    least = instance.least_duration
    head, latest = _windows(instance, horizon)
    if (latest < head).any() or contradiction(instance):
        latest = np.maximum(latest, head)
        model.add_bool_or([])  # no plan fits

    network = Network.add(model, instance, head, latest)
    starts, lengths, chosen = network.starts, network.lengths, network.chosen
    network.add_lags()
    network.add_resources(horizon)
    network.add_budgets()
    for group in instance.groups:
        model.add_no_overlap([network.intervals[mode] for i in group for mode in network.runs(i)])
    limits = np.minimum(instance.deadlines, horizon)
    limited = (instance.deadlines != NEVER) | (not makespan_goal)
    for i in np.flatnonzero(limited & (least < instance.most_duration)).tolist():
        model.add(starts[i] + lengths[i] <= int(limits[i]))

    late: dict[int, Any] = {}
    squares = None
    if instance.goal == "levelling":
        windows = list(zip(head.tolist(), latest.tolist(), strict=True))
        squares = SquaredUse.add(model, instance, starts, chosen, windows, horizon)
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
        for i in np.flatnonzero(several).tolist():
            for number, mode in enumerate(instance.modes_of(i)):
                yield chosen[mode], int(solution.mode[i] == number)
        ends = solution.start + instance.duration[instance.mode_start[:-1] + solution.mode]
        if makespan_goal:
            yield level, int(ends.max())
        for i, variable in late.items():
            yield variable, max(0, int(ends[i] - instance.due_dates[i]))
        if squares is not None:
            yield from squares.hint(instance, solution)

    return CpsatFormulation(model=model, levels=(level,), hint=hint, read=network.read)


def _windows(instance: Project, horizon: int) -> tuple[Integers, Integers]:
    """Return the earliest and the latest start of each activity, if all end by the horizon."""
    latest = np.minimum(instance.deadlines, horizon) - instance.least_duration
    if instance.goal == "makespan":
        latest = np.minimum(latest, horizon - tails(instance))
    elif instance.goal == "levelling":
        latest = latest_starts(instance)
    return heads(instance), latest
