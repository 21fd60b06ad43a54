"""A genetic algorithm on activity lists with double justification.

Lists as in Hartmann 1998, justified as in Valls, Ballestín, Quintanilla 2005. The population
decides how good the end is, and how late it comes: a small one goes first, and each time nothing
comes of it any more, a larger one follows.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from ordino.core.arrays import LARGEST, Integers
from ordino.core.budget import Budget
from ordino.core.errors import UsageError
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.core.kernel import load
from ordino.core.pace import Pace
from ordino.heuristics.rcpsp import rules
from ordino.heuristics.rcpsp.modes import start_modes, without_impossible_modes
from ordino.heuristics.rcpsp.packing import MOST_CELLS, cells, pack, schedulable
from ordino.models.rcpsp.bounds import latest_starts
from ordino.models.rcpsp.problem import Plan, Project

__all__ = ["NAME", "Island", "evolve", "genetic", "islands", "takes"]

NAME = "genetic"
KERNELS = "ordino.heuristics.rcpsp.schedule_kernels"
GROWTH = 3
PATIENCE = 60
"""A population is given up after so many children a member without an improvement."""
MOST_GENES = 20_000_000
"""Members times activities."""
MOST_ACTIVITIES = 20_000
"""With more, one list takes longer than a stop may wait."""
MOST_CONSUMED = 2.0**60
"""Of all budgets together, so that what overruns them can be added up."""


def takes(instance: Project) -> str | None:
    """Say why an instance is not for the genetic algorithm, or return `None`."""
    if not schedulable(instance):
        return "its time lags form cycles"
    if not np.maximum.reduceat(instance.possible, instance.mode_start[:-1]).all():
        return "an activity fits in none of its modes"
    if instance.activities > MOST_ACTIVITIES:
        return f"{instance.activities} activities, beyond {MOST_ACTIVITIES}"
    if instance.consumption.sum(dtype=float) >= MOST_CONSUMED:
        return "all that its modes consume reaches 2^60"
    if (size := cells(instance)) > MOST_CELLS:
        return f"{size} cells of time and resources, beyond {MOST_CELLS}"
    return None


def genetic(*, population: int = 100) -> Solver:
    """Return a solver that evolves activity lists; one population a worker.

    An iteration is a child, which takes three schedules or more. With one worker and a limit of
    iterations, nothing depends on time.

    Args:
        population: Members of the first population, at least 4; each later one has thrice as many.

    Raises:
        UsageError: The population is too small.
    """
    if population < 4:
        raise UsageError(f"genetic.population {population}: expected at least 4")

    def solve(instance: Project, incumbent: Incumbent, budget: Budget) -> None:
        evolve(islands(instance, incumbent, budget, population), budget)

    return solve


def islands(
    instance: Project, incumbent: Incumbent, budget: Budget, population: int
) -> list[Island]:
    """Return an island a worker; none if the budget ends before the kernels are compiled."""
    if rules.takes(instance) is None:
        incumbent.offer(rules.lft(instance), NAME)
    kernels: Any = load(KERNELS, budget)
    if kernels is None:
        return []
    reduced, kept = without_impossible_modes(instance)
    names = kept - np.repeat(instance.mode_start[:-1], np.diff(reduced.mode_start))
    project = pack(reduced)
    return [
        Island(reduced, names, project, kernels, incumbent, budget, number, population)
        for number in range(budget.workers)
    ]


def evolve(evolution: list[Island], budget: Budget) -> None:
    """Let all islands live until the budget ends, a thread each."""
    if evolution:
        with ThreadPoolExecutor(len(evolution)) as threads:
            for each in [threads.submit(island.live, budget) for island in evolution]:
                each.result()


class Island:
    """A population after another, for one thread; it can be left and gone back to.

    Args:
        instance: The project, without modes that never fit.
        names: Number of each mode in its activity, as the incumbent's project has it.
        project: What `packing.pack` makes of it.
        kernels: The module `schedule_kernels`.
        incumbent: Where to offer schedules.
        budget: For seed and iterations.
        number: Of the island, for its random numbers.
        population: Members of the first population.
    """

    def __init__(
        self,
        instance: Project,
        names: Integers,
        project: tuple[Integers, ...],
        kernels: Any,
        incumbent: Incumbent,
        budget: Budget,
        number: int,
        population: int,
    ) -> None:
        n = instance.activities
        self._instance = instance
        self._names = names
        self._incumbent = incumbent
        self._kernels = kernels
        self._project = project
        random = np.random.default_rng((budget.seed, number))
        self._state = random.integers(1, 2**63, 1, dtype=np.uint64)
        self._priority = latest_starts(instance)
        modes = start_modes(instance)
        self._base = instance.mode_start[:-1].copy() if modes is None else modes
        self._scratch = np.zeros((8, 2 * n + 8 + instance.budget.size), np.int64)
        self._free = project[kernels.INITIAL].copy()
        self._count = np.zeros(int(project[0][kernels.HORIZON]) + 3, np.int64)
        self._best = np.full(2 + 2 * n, LARGEST, np.int64)
        self._offered = (LARGEST, LARGEST)
        self._most = max(8, MOST_GENES // n)
        self._done = 0
        self._pace = Pace()
        self._settle(min(population, self._most))

    def _settle(self, size: int) -> None:
        """Make room for a new population."""
        n = self._instance.activities
        self._size, self._filled, self._fruitless = size, 0, 0
        self._orders = np.zeros((size + 1, n), np.int64)
        self._modes = np.zeros((size + 1, n), np.int64)
        self._marks = np.zeros((size + 1, 3), np.int64)
        self._digests = np.zeros(size + 1, np.uint64)
        self._least = LARGEST, LARGEST

    def live(self, budget: Budget) -> None:
        """Evolve until the budget ends, or that of iterations."""
        while not budget.should_stop() and not budget.out_of_iterations(self._done):
            wanted = self._pace.steps
            if budget.iterations is not None:
                wanted = min(wanted, budget.iterations - self._done)
            self._pace.start()
            done = self._advance(wanted)
            self._pace.stop(done)
            self._done += done
            self._offer()

    def _advance(self, wanted: int) -> int:
        kernels, size = self._kernels, self._size
        population = (self._orders, self._modes, self._marks, self._digests)
        if self._filled < size:
            done = min(wanted, size - self._filled)
            kernels.fill(
                *(self._project, self._state, *population, self._filled, self._filled + done),
                *(self._priority, self._base, self._scratch, self._free, self._count, self._best),
            )
            self._filled += done
            return done
        done = min(wanted, size - self._fruitless % size)
        kernels.evolve(
            *(self._project, self._state, *population, size, done),
            *(self._scratch, self._free, self._count, self._best),
        )
        self._fruitless += done
        if self._fruitless % size == 0:
            self._judge()
        return done

    def _judge(self) -> None:
        """Go on to a larger population where this one has come to nothing more."""
        marks = self._marks[: self._size]
        best = marks[np.lexsort((marks[:, 1], marks[:, 0]))[0]]
        least = int(best[0]), int(best[1])
        if least < self._least:
            self._least, self._fruitless = least, 0
        elif self._fruitless >= PATIENCE * self._size:
            self._settle(min(GROWTH * self._size, self._most))

    def _offer(self) -> None:
        """Offer the best schedule if it is new and breaks nothing."""
        broken, value = int(self._best[0]), int(self._best[1])
        if broken or (broken, value) >= self._offered:
            return
        self._offered = broken, value
        n = self._instance.activities
        modes = self._names[self._best[2 + n :]]
        self._incumbent.offer(Plan(self._best[2 : 2 + n], modes), NAME, value)
