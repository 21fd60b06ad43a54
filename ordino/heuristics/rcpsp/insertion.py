"""Schedule generation for maximal time lags, again and again with other priorities."""

from __future__ import annotations

from typing import Any

import numpy as np

from ordino.core.arrays import Integers
from ordino.core.budget import Budget
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.core.kernel import load
from ordino.heuristics.rcpsp.modes import start_modes
from ordino.models.rcpsp.problem import NEVER, Plan, Project

__all__ = ["KERNELS", "NAME", "generate", "insertion", "takes"]

NAME = "insertion"
KERNELS = "ordino.heuristics.rcpsp.insertion_kernels"
MOST_ACTIVITIES = 1_500
"""Distances between all take the square in memory and the cube in time."""
MOST_CELLS = 10_000_000
NO_PATH = -(2**61)
FIRST_NOISE, NOISE = (0.01, 1.0), (0.003, 0.3)
"""Share of the latest time by which priorities are changed: before there is a plan, and then."""
LEAVES = 4
"""How often activities may leave again, for each."""
STEPS = 50_000_000
"""Between two looks at the clock, about; each time that activities leave takes n^2 and more."""


def takes(instance: Project) -> str | None:
    """Say why an instance is not for insertion, or return `None`."""
    if instance.activities > MOST_ACTIVITIES:
        return f"{instance.activities} activities, beyond {MOST_ACTIVITIES}"
    cells = (instance.renewables + len(instance.groups)) * instance.horizon
    if max(cells, instance.horizon) > MOST_CELLS:
        return f"{cells} cells of time and resources, beyond {MOST_CELLS}"
    return None if start_modes(instance) is not None else "its budgets are tight"


def insertion() -> Solver:
    """Return a solver that generates schedules until its budget ends. One thread.

    Priorities are latest starts at first, then the starts of the best plan, with noise that changes
    from one schedule to the next. What comes of it is justified: generated backwards in the order
    of its ends, then forwards in that of its starts, as long as that makes it shorter (Valls,
    Ballestín, Quintanilla 2005, for precedences). An iteration is a schedule so justified; each
    generation takes O(n^2) or more.
    """

    return generate


def generate(instance: Project, incumbent: Incumbent, budget: Budget) -> None:
    """Do what `insertion` says."""
    kernels: Any = load(KERNELS, budget)
    modes = start_modes(instance)
    assert modes is not None
    distances = _distances(instance, modes)
    for node in range(len(distances)):
        if kernels is None or budget.should_stop():
            return
        if not kernels.close(distances, node, node + 1):
            return  # not in these modes
    generator = _Generator(kernels, instance, modes, distances, budget)
    random = np.random.default_rng(budget.seed)
    basis = -distances[:-1, -1].astype(float)
    least, done = NEVER, 0
    while not (budget.should_stop() or budget.out_of_iterations(done)):
        low, high = np.log(FIRST_NOISE if least == NEVER else NOISE)
        noise = np.exp(random.uniform(low, high)) * max(1.0, float(basis.max()))
        found = generator.justified(basis + random.uniform(0, noise, basis.size) * (done > 0))
        done += 1
        if found is not None and found[0] <= least:
            least, start = found
            basis = start.astype(float)
            incumbent.offer(Plan(start, modes - instance.mode_start[:-1]), NAME)


class _Generator:
    """Generates schedules forwards and backwards in time; of no more use when the budget ends."""

    def __init__(
        self, kernels: Any, instance: Project, modes: Integers, distances: Any, budget: Budget
    ) -> None:
        self._kernels, self._budget = kernels, budget
        self._horizon = instance.horizon
        self._length = np.ascontiguousarray(instance.duration[modes])
        self._needs, free = _resources(instance, modes)
        turned = _turned(distances, self._length, self._horizon)
        self._forwards = distances, free
        self._backwards = turned, np.ascontiguousarray(free[:, ::-1])
        self._scratch = np.zeros((4, instance.activities), np.int64)

    def justified(self, priority: Any) -> tuple[int, Integers] | None:
        """Return the makespan and starts of a schedule, or `None` where it comes to nothing."""
        best = self._generate(self._forwards, priority)
        while best is not None:
            back = self._generate(self._backwards, -(best[1] + self._length).astype(float))
            if back is None:
                break
            starts = (self._horizon - back[1] - self._length).astype(float)
            again = self._generate(self._forwards, starts)
            if again is None or again[0] >= best[0]:
                break
            best = again
        return best

    def _generate(self, way: tuple[Any, Any], priority: Any) -> tuple[int, Integers] | None:
        distances, free = way
        n = self._length.size
        start = np.full(n, -1)
        self._scratch[0] = -1
        patience = np.array([LEAVES * n])
        makespan = self._kernels.GOES_ON
        while makespan == self._kernels.GOES_ON and not self._budget.should_stop():
            makespan = self._kernels.generate(
                *(distances, self._length, self._needs, free, priority, start, *self._scratch),
                *(patience, max(1, STEPS // (n**2 + free.size)), self._horizon),
            )
        return None if makespan < 0 else (int(makespan), start)


def _turned(distances: Any, length: Integers, horizon: int) -> Any:
    """Return the distances with time turned around: ends are starts, the horizon is 0."""
    shift = np.append(length, horizon)
    turned = distances.T + shift[:, None] - shift[None, :]
    return np.ascontiguousarray(np.where(distances.T == NO_PATH, NO_PATH, turned))


def _distances(instance: Project, modes: Integers) -> Any:
    """Return the distances that lags, release dates and deadlines ask for; shape (n + 1, n + 1)."""
    n = instance.activities
    distances = np.full((n + 1, n + 1), NO_PATH, np.int64)
    arcs = instance.lag_source, instance.lag_target
    np.maximum.at(distances, arcs, instance.lag_steps_in(modes))
    distances[n, :n] = instance.release_dates
    limits = np.minimum(instance.deadlines, instance.horizon)
    distances[:n, n] = instance.duration[modes] - limits
    np.fill_diagonal(distances, np.maximum(distances.diagonal(), 0))
    return distances


def _resources(instance: Project, modes: Integers) -> tuple[Any, Any]:
    """Return what each activity needs of resources and groups, and what there is of them."""
    n, horizon, renewables = instance.activities, instance.horizon, instance.renewables
    needs = np.zeros((renewables + len(instance.groups), n), np.int64)
    free = np.ones((needs.shape[0], horizon), np.int64)
    needs[:renewables] = instance.demand[modes].T
    for k in range(renewables):
        for when, there in instance.steps(k):
            free[k, when:] = there
    for number, group in enumerate(instance.groups):
        needs[renewables + number, list(group)] = 1
    needs[:, instance.duration[modes] == 0] = 0
    return needs, free
