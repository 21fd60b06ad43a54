"""Tabu search with path relinking (TS/PR; Peng, Lü, Cheng 2015) on any space of schedules.

A pool of schedules, each the best of a tabu search of its own; then again and again two of them are
joined: of some points on the way between them, each improved by a few moves, the best is where the
next tabu search starts.

Where time is short for the size of the shop, filling the pool ends after a tenth of it, or with a
few members, and the pool stays as small as that; on a very large shop the first search uses up all
the time, for it ends only when it is stuck.

A *point* of a space is a schedule as an array that its searches start from.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from ordino.core.arrays import LARGEST, Integers
from ordino.core.budget import Budget
from ordino.core.incumbent import Incumbent
from ordino.core.pace import Pace
from ordino.heuristics.jobshop.pool import Member, Pool
from ordino.heuristics.team import Team
from ordino.models.jobshop.problem import Schedule

__all__ = ["Search", "Space", "relink"]

PROBE_MOVES = 500
"""Moves that a point on the way between two schedules is improved by before it is judged."""
POINTS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
"""The points: shares of the way."""
FILLING_SHARE = 0.1
FEWEST = 10
"""The pool is filled for this share of the time, but with so many members at least."""


class Search(Protocol):
    """A tabu search that can be started anywhere; for one thread.

    Attributes:
        best_order: The best point since the start; changes as the search goes on.
    """

    best_order: Integers

    @property
    def moves(self) -> int:
        """Moves done, over all starts."""
        ...

    @property
    def best(self) -> int:
        """The least objective since the start."""
        ...

    def start(self, point: Integers, /) -> None:
        """Go to a point."""
        ...

    def advance(self, moves: int, patience: int) -> bool:
        """Do so many moves, fewer where so many were in vain; returns whether that is so."""
        ...

    def escape(self) -> bool:
        """Go on near the best point, where moves were in vain; returns whether there is a way."""
        ...


class Space(Protocol):
    """The schedules of an instance as points.

    Attributes:
        alike: Two points are alike if their distance is less.
        patience: A search ends after so many moves without an improvement.
    """

    alike: int
    patience: int

    def search(self, random: np.random.Generator) -> Any:
        """Return a new `Search`."""
        ...

    def distance(self, one: Integers, other: Integers) -> int:
        """Return how far two points are apart."""
        ...

    def point_of(self, schedule: Schedule) -> Integers:
        """Return the point of a schedule."""
        ...

    def schedule(self, point: Integers) -> Schedule:
        """Return the schedule of a point."""
        ...

    def scratch(self, random: np.random.Generator, noise: float) -> Integers:
        """Make a point by a rule, with noise in it (0: none, to 1)."""
        ...

    def between(
        self, one: Integers, other: Integers, share: float, random: np.random.Generator
    ) -> Integers:
        """Return a point that is so far on the way from one to another."""
        ...


def relink(space: Space, incumbent: Incumbent, budget: Budget, *, source: str, pool: int) -> None:
    """Search until the budget ends; a thread a worker, on one pool.

    An iteration is a tabu move; a search that starts where there is none counts as one. With one
    worker and a limit of iterations, nothing depends on time.

    Args:
        space: The schedules.
        incumbent: To offer to, and to take from what others find.
        budget: Time, iterations, workers, seed.
        source: The solver's name.
        pool: Most schedules to choose from for relinking, at least 2.
    """
    team = _Team(space, incumbent, budget, source, pool)
    team.run(lambda number: _Worker(team, number).work())


class _Team(Team):
    """What the workers share."""

    def __init__(
        self, space: Space, incumbent: Incumbent, budget: Budget, source: str, pool: int
    ) -> None:
        super().__init__(budget)
        self.space = space
        self._source = source
        self._incumbent = incumbent
        self._pool = Pool(pool, space.distance, alike=space.alike)
        self._best = LARGEST
        self._seen = 0

    def publish(self, search: Search) -> None:
        """Offer the best schedule of a search if it is the best of all."""
        value = search.best
        with self.lock:
            if value >= self._best:
                return
            self._best = value
        self._incumbent.offer(self.space.schedule(search.best_order), self._source, value)

    def news(self) -> Integers | None:
        """Return the point of the incumbent if others made it and it is better than ours."""
        with self.lock:
            if not self._incumbent.changed_since(self._seen):
                return None
            self._seen = self._incumbent.version
            objective = self._incumbent.objective
            assert isinstance(objective, int)
            if self._incumbent.found_by == self._source or objective >= self._best:
                return None
            return self.space.point_of(self._incumbent.best)

    def add(self, search: Search) -> None:
        """Put the best schedule of a search into the pool, if it deserves a place."""
        with self.lock:
            self._pool.add(Member(search.best, search.best_order.copy()))

    def pair(self, random: np.random.Generator) -> tuple[Integers, Integers] | None:
        """Draw two schedules to join, or `None` while the pool is filled."""
        with self.lock:
            pool = self._pool
            if self.share() >= FILLING_SHARE:
                pool.size = min(pool.size, max(FEWEST, len(pool)))
            if len(pool) < pool.size:
                return None
            one, other = pool.pair(random)
            return one.order, other.order


class _Worker:
    """A thread: one search after another, from new schedules and from joined ones."""

    def __init__(self, team: _Team, number: int) -> None:
        self._team = team
        self._random = np.random.default_rng((team.budget.seed, number))
        self._search: Search = team.space.search(self._random)
        self._noise = 0.0 if number == 0 else 1.0
        self._pace = Pace(100)

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
        if pair is not None:
            return self._joined(*pair)
        noise, self._noise = self._noise, 1.0
        return self._team.space.scratch(self._random, noise)

    def _improve(self) -> bool:
        """Search until it is stuck; returns whether it came to that before the budget ended."""
        while True:
            over = self._advance(self._pace.steps, self._team.space.patience)
            if self._team.finished():
                return False
            news = self._team.news()
            if news is not None:
                self._search.start(news)
            elif over and not self._search.escape():
                return True

    def _advance(self, moves: int, patience: int) -> bool:
        """Do moves and publish what they found; learn how many fit into a slice."""
        search = self._search
        granted = self._team.grant(moves)
        before = search.moves
        self._pace.start()
        over = search.advance(granted, patience)
        done = search.moves - before
        self._pace.stop(done)
        self._team.give_back(granted - max(done, min(granted, 1)))
        self._team.publish(search)
        return over

    def _joined(self, one: Integers, other: Integers) -> Integers:
        """Return the best point on the way between two schedules, each after a few moves."""
        least, chosen = LARGEST, one
        for share in POINTS:
            self._search.start(self._team.space.between(one, other, share, self._random))
            self._advance(PROBE_MOVES, PROBE_MOVES)
            if self._search.best < least:
                least, chosen = self._search.best, self._search.best_order.copy()
            if self._team.finished():
                break
        return chosen
