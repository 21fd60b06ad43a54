"""Destructive lower bounds for projects: windows by time lags, pairs apart and energy."""

from __future__ import annotations

from typing import Any

import numpy as np

from ordino.core.arrays import LARGEST, Integers
from ordino.core.budget import Budget
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.core.kernel import is_warm, load
from ordino.heuristics.rcpsp.packing import schedulable
from ordino.models.rcpsp.bounds import capacity, contradiction, critical_path, heads, tails
from ordino.models.rcpsp.network import topological_order
from ordino.models.rcpsp.problem import NEVER, Project
from ordino.solvers.destructive import Shaver, climb

__all__ = ["KERNELS", "NAME", "destructive", "refuted", "takes"]

NAME = "destructive"
KERNELS = "ordino.solvers.rcpsp.propagation_kernels"
EFFORTS = 3
NARROW = "the windows that release dates, deadlines and time lags leave are too narrow"
MOST_ACTIVITIES = 2_000
"""All pairs of which are looked at in a propagation."""
MOST_CELLS = 10_000_000
"""Time units times resources."""
MOST_STEPS = 100_000_000
"""Time units squared times activities times resources; with more, comparing energies outlasts what
a stop may wait."""


def takes(instance: Project) -> str | None:
    """Say why an instance is not for destructive bounds, or return `None`."""
    if instance.goal != "makespan" and not _may_conflict(instance):
        return "its goal is not the makespan, and nothing shows that there is no plan"
    if contradiction(instance) is not None:
        return "it is infeasible by a simple argument"
    if instance.activities > MOST_ACTIVITIES:
        return f"{instance.activities} activities, beyond {MOST_ACTIVITIES}"
    if instance.horizon * int(instance.greatest_capacity.max(initial=0)) > LARGEST:
        return "horizon x greatest capacity passes 2^62"
    cells = _cells(instance, int((heads(instance) + instance.least_duration).max()))
    return None if cells <= MOST_CELLS else f"{cells} cells of time, beyond {MOST_CELLS}"


def _cells(instance: Project, makespan: int) -> int:
    return makespan * max(1, instance.renewables)


def _may_conflict(instance: Project) -> bool:
    """Tell whether there are deadlines or maximal lags."""
    return not schedulable(instance) or bool((instance.deadlines != NEVER).any())


def destructive() -> Solver:
    """Return a solver that raises the bound by growing steps, and ends. One thread.

    An iteration is a makespan tried. A propagation takes O(r T (T + n)) for a makespan T and r
    resources, up to O(r T^2 n) where they are scarce; shaving, some of these for each activity.
    """

    def solve(instance: Project, incumbent: Incumbent, budget: Budget) -> None:
        kernels: Any = load(KERNELS, budget)
        if kernels is None:
            return
        windows = _Windows(kernels, instance, budget)
        horizon = instance.horizon
        unsure = _may_conflict(instance) and incumbent.best is None
        refuted = unsure and windows.refute(horizon, 1)
        if instance.goal == "makespan" and not refuted:
            least = max(critical_path(instance) or 0, capacity(instance) or 0)
            least = climb(windows.refute, EFFORTS, least, horizon, incumbent, budget, NAME)
            refuted = least > horizon
        if refuted:
            incumbent.prove_infeasible(NAME, NARROW)

    return solve


def refuted(instance: Project, budget: Budget) -> bool:
    """Tell whether shaving, without energies, shows that there is no plan; at once if at all."""
    if takes(instance) is not None or not is_warm(KERNELS):
        return False
    windows = _Windows(load(KERNELS, budget), instance, budget)
    return windows.refute(instance.horizon, 1)


class _Windows:
    """When each activity may run, in arrays for the kernels."""

    def __init__(self, kernels: Any, instance: Project, budget: Budget) -> None:
        self._kernels, self._instance = kernels, instance
        self._shaver = Shaver(budget)
        self._length = instance.least_duration.copy()
        self._needs = _needs(instance)
        self._lags = _lags(instance)
        self._pairs = _apart(instance, self._needs)
        self._heads, self._tails = heads(instance), tails(instance)

    def refute(self, makespan: int, effort: int) -> bool:
        """Return whether no plan has the makespan; False where the budget ends first.

        With an effort of 0 windows are propagated, with 1 also shaved, with 2 while comparing
        energies. False for what is too large.
        """
        instance = self._instance
        energetic = _cells(instance, makespan) * makespan * instance.activities <= MOST_STEPS
        if _cells(instance, makespan) > MOST_CELLS or (effort > 1 and not energetic):
            return False
        early = self._heads.copy()
        late = np.minimum(makespan - self._tails, instance.deadlines - self._length)
        if (late < early).any():
            return True
        capacities = np.zeros((instance.renewables, makespan), np.int64)
        for k in range(instance.renewables):
            for time, there in instance.steps(k):
                capacities[k, time:] = there
        scratch = np.zeros((4, max(makespan + 1, early.size)), np.int64)
        forward, backward = _sums(capacities), _sums(capacities[:, ::-1])
        project = self._length, self._needs, self._lags, self._pairs, forward, backward
        arrays = *project, early, late, scratch
        if not self._kernels.propagate(*arrays, energetic):
            return True
        trial = np.zeros((2, early.size), np.int64)

        def shave(first: int, last: int) -> int:
            found: int = self._kernels.shave(*arrays, effort > 1, trial, first, last)
            return found

        return effort > 0 and self._shaver.refute(shave, early.size)


def _sums(capacities: Any) -> Any:
    """Return units times time before each time."""
    return np.ascontiguousarray(np.pad(np.cumsum(capacities, axis=1), ((0, 0), (1, 0))))


def _needs(instance: Project) -> Any:
    """Return the least need of each activity that takes time; shape (renewables, activities)."""
    needs = np.where(instance.possible[:, None], instance.demand, np.iinfo(np.int64).max)
    least = np.minimum.reduceat(needs, instance.mode_start[:-1], axis=0)
    least[instance.least_duration == 0] = 0
    return np.ascontiguousarray(least.T)


def _lags(instance: Project) -> Integers:
    """Return (i, j, least distance of their starts), in an order that one pass goes along."""
    source, target = instance.lag_source, instance.lag_target
    order = topological_order(instance.activities, source, target)
    rank = np.zeros(instance.activities, np.int64)
    rank[order if order is not None else slice(None)] = np.arange(instance.activities)
    arcs = np.stack([source, target, instance.lag_steps()], axis=1)
    return np.ascontiguousarray(arcs[np.argsort(rank[source], kind="stable")])


def _apart(instance: Project, needs: Any) -> Integers:
    """Return the pairs that together need more than there ever is, or share a group."""
    n = instance.activities
    clash = np.zeros((n, n), bool)
    for k, most in enumerate(instance.greatest_capacity.tolist()):
        clash |= needs[k][:, None] + needs[k][None, :] > most
    for group in instance.groups:
        clash[np.ix_(group, group)] = True
    timed = instance.least_duration > 0
    clash &= timed[:, None] & timed[None, :]
    return np.ascontiguousarray(np.argwhere(np.triu(clash, 1)).astype(np.int64))
