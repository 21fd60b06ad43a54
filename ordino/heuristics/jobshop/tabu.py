"""Tabu search with path relinking for job shops (TS/PR; Peng, Lü, Cheng 2015).

A pool of schedules, each the best of a tabu search of its own; then again and again two of them are
joined: of some points on the way between them, each improved by a few moves, the best is where the
next tabu search starts.

Where time is short for the size of the shop, filling the pool ends after a tenth of it, or with a
few members, and the pool stays as small as that; on a very large shop the first search uses up all
the time, for it ends only when it is stuck.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from ordino.core.arrays import LARGEST, Integers
from ordino.core.budget import Budget
from ordino.core.errors import UsageError
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.core.kernel import load
from ordino.heuristics.jobshop.giffler_thompson import arrays_of
from ordino.heuristics.jobshop.pool import Member, Pool
from ordino.heuristics.jobshop.slots import Slots
from ordino.heuristics.jobshop.tabu_search import TabuSearch
from ordino.heuristics.team import Team
from ordino.models.jobshop.problem import JobShop, Schedule

__all__ = ["NAME", "tabu"]

NAME = "tabu"
KERNELS = "ordino.heuristics.jobshop.tabu_kernels"
SLICE_SECONDS = 0.05
NEIGHBOURHOODS = "n6", "n7", "n8"

PATIENCE = 12_500
PATIENCE_PER_OPERATION = 25
"""A search ends after so many moves without an improvement: the larger number counts."""
PROBE_MOVES = 500
"""Moves that a point on the way between two schedules is improved by before it is judged."""
POINTS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
"""The points: shares of the way."""
ALIKE_SHARE = 0.01
"""Two schedules are alike if they differ in less than this share of the machines' pairs."""
FILLING_SHARE = 0.1
FEWEST = 10
"""The pool is filled for this share of the time, but with so many members at least."""


def tabu(*, pool: int = 30, neighbourhood: Literal["n6", "n7", "n8"] = "n7") -> Solver:
    """Return a solver that improves schedules by tabu search and path relinking.

    An iteration is a tabu move; a search that starts where there is none counts as one. One thread
    a worker, on one pool. With one worker and a limit of iterations, nothing depends on time.

    Args:
        pool: Most schedules to choose from for relinking, at least 2.
        neighbourhood: `n7` (Zhang, Li, Guan, Rao 2007), its part `n6` (Balas, Vazacopoulos 1998),
            or `n8`, which goes beyond (Xie, Li, Gao, Gui 2022).

    Raises:
        UsageError: The pool is too small.
    """
    if pool < 2:
        raise UsageError(f"tabu.pool {pool}: expected at least 2")

    def solve(instance: JobShop, incumbent: Incumbent, budget: Budget) -> None:
        kernels: Any = load(KERNELS, budget)
        if kernels is None:
            return
        team = _Team(instance, incumbent, budget, kernels, pool)
        team.run(lambda number: _Worker(team, number, NEIGHBOURHOODS.index(neighbourhood)).work())

    return solve


class _Team(Team):
    """What the workers share."""

    def __init__(
        self, instance: JobShop, incumbent: Incumbent, budget: Budget, kernels: Any, pool: int
    ) -> None:
        super().__init__(budget)
        self.instance = instance
        self.kernels = kernels
        self.slots = slots = Slots(instance)
        self._incumbent = incumbent
        self._pool = Pool(
            pool,
            lambda one, other: kernels.distance(slots.machine, slots.loads, one, other),
            alike=max(1, int(ALIKE_SHARE * slots.pairs())),
        )
        self._best = LARGEST
        self._seen = 0
        self._began = time.monotonic()

    def _share(self) -> float:
        if self.budget.iterations is not None:
            return self.moves / self.budget.iterations
        spent = time.monotonic() - self._began
        return spent / (spent + self.budget.remaining() + 1e-9)

    def publish(self, search: TabuSearch) -> None:
        """Offer the best schedule of a search if it is the best of all."""
        makespan = search.best
        with self.lock:
            if makespan >= self._best:
                return
            self._best = makespan
        self._incumbent.offer(Schedule(search.best_start()), NAME, makespan)

    def news(self) -> Integers | None:
        """Return the order of the incumbent if others made it and it is better than ours."""
        with self.lock:
            if not self._incumbent.changed_since(self._seen):
                return None
            self._seen = self._incumbent.version
            objective = self._incumbent.objective
            assert isinstance(objective, int)
            if self._incumbent.found_by == NAME or objective >= self._best:
                return None
            return self.slots.order_of(self._incumbent.best.start)

    def add(self, search: TabuSearch) -> None:
        """Put the best schedule of a search into the pool, if it deserves a place."""
        with self.lock:
            self._pool.add(Member(search.best, search.best_order.copy()))

    def pair(self, random: np.random.Generator) -> tuple[Integers, Integers] | None:
        """Draw two schedules to join, or `None` while the pool is filled."""
        with self.lock:
            pool = self._pool
            if self._share() >= FILLING_SHARE:
                pool.size = min(pool.size, max(FEWEST, len(pool)))
            if len(pool) < pool.size:
                return None
            one, other = pool.pair(random)
            return one.order, other.order


class _Worker:
    """A thread: one search after another, from new schedules and from joined ones."""

    def __init__(self, team: _Team, number: int, neighbourhood: int) -> None:
        self._team = team
        self._random = np.random.default_rng((team.budget.seed, number))
        self._search = TabuSearch(
            team.slots, team.kernels, self._random, neighbourhood=neighbourhood
        )
        self._generate = _generator(team.instance, team.kernels)
        self._patience = max(PATIENCE, PATIENCE_PER_OPERATION * team.instance.operations)
        self._noise = 0.0 if number == 0 else 1.0
        self._slice = 100

    def work(self) -> None:
        """Work until the budget ends."""
        while not self._team.finished():
            self._search.start(self._next())
            if self._improve():
                self._team.add(self._search)

    def _next(self) -> Integers:
        """Return where to start: with what others found, from a pair, or from scratch."""
        news = self._team.news()
        if news is not None:
            return news
        pair = self._team.pair(self._random)
        return self._scratch() if pair is None else self._joined(*pair)

    def _improve(self) -> bool:
        """Search until it is stuck; returns whether it came to that before the budget ended."""
        while True:
            over = self._advance(self._slice, self._patience)
            if self._team.finished():
                return False
            news = self._team.news()
            if news is not None:
                self._search.start(news)
            elif over:
                return True

    def _advance(self, moves: int, patience: int) -> bool:
        """Do moves and publish what they found; learn how many fit into a slice."""
        search = self._search
        granted = self._team.grant(moves)
        before, began = search.moves, time.monotonic()
        over = search.advance(granted, patience)
        done, spent = search.moves - before, time.monotonic() - began
        self._team.give_back(granted - max(done, min(granted, 1)))
        self._team.publish(search)
        if done:
            fitting = int(done * SLICE_SECONDS / max(spent, 1e-6))
            self._slice = max(1, min(2 * self._slice, fitting))
        return over

    def _scratch(self) -> Integers:
        """Make a schedule by most work remaining, with noise in the work: none at first."""
        instance = self._team.instance
        work = instance.duration + instance.tails()
        noise = self._noise * self._random.random() * self._random.random(instance.operations)
        active = self._noise > 0 and self._random.random() < 0.5
        self._noise = 1.0
        return self._team.slots.order_of(self._generate(-work * (1 + noise), active))

    def _joined(self, one: Integers, other: Integers) -> Integers:
        """Return the best point on the way between two schedules, each after a few moves."""
        least, chosen = LARGEST, one
        for share in POINTS:
            self._search.start(self._team.slots.between(one, other, share))
            self._advance(PROBE_MOVES, PROBE_MOVES)
            if self._search.best < least:
                least, chosen = self._search.best, self._search.best_order.copy()
            if self._team.finished():
                break
        return chosen


def _generator(instance: JobShop, kernels: Any) -> Callable[[Any, bool], Integers]:
    """Return a function from priorities, and whether to make an active schedule, to starts."""
    arrays = arrays_of(instance)
    jobs, machines = instance.jobs, instance.machines
    sizes = machines, jobs, jobs, machines, jobs, machines
    scratch = [np.empty(size, np.int64) for size in sizes]

    def generate(priority: Any, active: bool) -> Integers:
        start: Integers = np.empty(instance.operations, np.int64)
        kernels.generate(*arrays, priority.astype(np.int64), False, active, start, *scratch)
        return start

    return generate
