"""Simulated annealing for general shops: any goal, setups, downtimes (van Laarhoven et al. 1992).

Each worker cools down again and again from the best schedule of all, every time for a part of the
time that is left. The moves are in `anneal_kernels`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ordino.core.arrays import LARGEST, Integers
from ordino.core.budget import Budget
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.core.kernel import load
from ordino.core.pace import Pace
from ordino.heuristics.jobshop.dispatching import mwkr
from ordino.heuristics.jobshop.shop_tabu import ShopSpace, arrange, new_schedule
from ordino.heuristics.team import Team
from ordino.models.jobshop.problem import JobShop
from ordino.models.jobshop.shop import GOALS, Shop
from ordino.models.jobshop.timing import too_long

__all__ = ["KERNELS", "NAME", "anneal", "takes"]

NAME = "anneal"
KERNELS = "ordino.heuristics.jobshop.anneal_kernels"
POLL_SECONDS = 0.05
FIRST_SLICE = 200
DESCENT_MOVES = 30
"""Times the operations: moves before the first cooling, which end in a local optimum."""
CYCLE_SHARE = 0.5
"""Of the moves that are left, for the next cooling."""
FEWEST_MOVES = 5_000
HOT, COLD = 0.2, 0.015
"""Temperatures at both ends of a cooling, in mean rises of the objective by a move."""


def takes(instance: JobShop | Shop) -> str | None:
    """Say why an instance is not for annealing, or return `None`."""
    if isinstance(instance, JobShop):
        return "it is a classic job shop"
    if instance.buffers != "unlimited":
        return f"its buffers are {instance.buffers}"
    return too_long(instance)


def anneal() -> Solver:
    """Return a solver that improves the incumbent, or a rule's schedule, until it must stop.

    An iteration is a move. One thread a worker; with one worker and a limit of iterations, nothing
    depends on time.
    """

    def solve(instance: Shop, incumbent: Incumbent, budget: Budget) -> None:
        kernels: Any = load(KERNELS, budget)
        if kernels is None:
            return
        space = ShopSpace(instance, kernels)
        if incumbent.best is None and (start := mwkr(instance)) is not None:
            incumbent.offer(start, NAME)
        while incumbent.best is None:  # machines may end for ever: others have to find the first
            if incumbent.closed or budget.wait(POLL_SECONDS):
                return
        team = _Team(instance, incumbent, budget, space, kernels)
        team.run(lambda number: _Worker(team, number).work())

    return solve


class _Team(Team):
    """What the workers share."""

    def __init__(
        self, instance: Shop, incumbent: Incumbent, budget: Budget, space: ShopSpace, kernels: Any
    ) -> None:
        super().__init__(budget)
        self.instance = instance
        self.incumbent = incumbent
        self.space = space
        self.kernels = kernels

    def best(self) -> Integers:
        """Return the point of the incumbent."""
        with self.lock:
            return self.space.point_of(self.incumbent.best)


class _Worker:
    """A thread: one cooling after another."""

    def __init__(self, team: _Team, number: int) -> None:
        instance = team.instance
        n = instance.operations
        self._team = team
        self._schedule = new_schedule(instance)
        own = {each: np.zeros(n, np.int64) for each in (7, 8, 9)}  # place, scratch, ends
        self._trial = tuple(own.get(each, array) for each, array in enumerate(self._schedule))
        dues = (
            np.zeros(instance.jobs, np.int64) if instance.due_dates is None else instance.due_dates
        )
        self._goal = (
            list(GOALS).index(instance.goal),
            np.array(instance.job_start),
            np.array(instance.weights),
            np.array(dues),
        )
        self._constant = 0
        if instance.goal == "flow-time":
            self._constant = sum((instance.weights * instance.release_dates).tolist())
        self._best: Integers = np.zeros(2 * n + 1, np.int64)
        random = np.random.default_rng((team.budget.seed, number))
        self._random = random.integers(1, 2**63, 1, dtype=np.uint64)
        self._rises = np.zeros(2)
        self._pace = Pace(FIRST_SLICE)

    def work(self) -> None:
        """Cool down from the best schedule until the budget ends."""
        team = self._team
        self._start()
        self._walk(DESCENT_MOVES * team.instance.operations, 0.0, 0.0)
        while not team.finished():
            left = self._left()
            moves = left if left < 2 * FEWEST_MOVES else max(FEWEST_MOVES, int(CYCLE_SHARE * left))
            mean = max(1.0, self._rises[0] / max(1.0, self._rises[1]))
            self._start()
            self._walk(moves, HOT * mean, COLD * mean)

    def _start(self) -> None:
        team = self._team
        point = team.best()
        arrange(team.space.arrays, team.kernels, point, self._schedule)
        self._current = team.kernels.objective(*self._goal, self._schedule[9])
        self._best[:-1] = point
        self._best[-1] = self._current

    def _left(self) -> int:
        """Return how many moves this worker may still do, about, at least 1."""
        budget = self._team.budget
        if budget.iterations is not None:
            left = (budget.iterations - self._team.moves) // max(1, budget.workers_now())
        else:
            left = int(budget.remaining() * self._pace.speed)
        return max(1, left)

    def _walk(self, moves: int, hot: float, cold: float) -> None:
        """Do so many moves, while the temperature falls, and publish what they find."""
        team = self._team
        cooling = (cold / hot) ** (1 / max(1, moves)) if hot else 1.0
        temperature = hot
        while moves > 0 and not team.finished():
            granted = team.grant(min(self._pace.steps, moves))
            before = int(self._best[-1])
            self._pace.start()
            self._current = team.kernels.walk(
                *(team.space.arrays.shop, self._schedule, self._trial, *self._goal, self._best),
                *(self._current, before, self._random, temperature, cooling, granted, self._rises),
            )
            self._pace.stop(granted)
            moves -= granted
            temperature *= cooling**granted
            value = int(self._best[-1]) - self._constant
            if self._best[-1] < before and _better(value, team.incumbent.objective):
                team.incumbent.offer(team.space.schedule(self._best[:-1]), NAME, value)


def _better(value: int, held: Any) -> bool:
    return value < (LARGEST if held is None else held)
