"""Placing buffers one after another, in the orders that allocators use, and in better ones.

By size as in TFLite's arena, by area, by length of life, by start; by class of size (a factor of
four), and within a class those that live longest first: what is alike in size lies together, so
that gaps are of use again (the idea behind boxing, Buchsbaum et al. 2003). `climb` begins with the
best of all these, with first and with best fit, and searches orders.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ordino.core.arrays import Integers
from ordino.core.budget import Budget
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.core.kernel import load
from ordino.core.pace import Pace
from ordino.heuristics.team import Team
from ordino.models.tensormemory.lifetimes import BUFFER, END, FREE, START, Lifetimes
from ordino.models.tensormemory.placement import Placement
from ordino.models.tensormemory.placement_bounds import overload
from ordino.models.tensormemory.placement_check import check_lifetimes

__all__ = [
    "KERNELS",
    "NAME",
    "Placing",
    "by_area",
    "by_class",
    "by_hint",
    "by_lifetime",
    "by_size",
    "by_start",
    "climb",
]
__all__ += ["takes", "takes_hints"]

NAME = "climb"
KERNELS = "ordino.heuristics.tensormemory.placing_kernels"
MOST_BUFFERS = 100_000
"""With more, one placement takes longer than a stop may wait."""
PATIENCE = 3000
"""Steps in vain, and as many times the buffers, after which an order is shaken."""
SHAKEN_SHARE = 0.05


def takes(instance: Any) -> str | None:
    """Say why an instance is not for placing, or return `None`."""
    if not isinstance(instance, Lifetimes):
        return "only for lifetimes"
    if instance.buffers > MOST_BUFFERS:
        return f"{instance.buffers} buffers, beyond {MOST_BUFFERS}"
    return None


def takes_hints(instance: Any) -> str | None:
    """Say why an instance is not for placing by hints, or return `None`."""
    if isinstance(instance, Lifetimes) and not (instance.hint != FREE).any():
        return "no buffer has a hint"
    return takes(instance)


def by_size(instance: Lifetimes) -> Placement | None:
    """Place the largest first, each in the tightest gap (TFLite's arena planner). O(n p)."""
    return _rule(instance, "size")


def by_class(instance: Lifetimes) -> Placement | None:
    """Place the largest class of size first, in it those that live longest. O(n p)."""
    return _rule(instance, "class")


def by_area(instance: Lifetimes) -> Placement | None:
    """Place those first whose size times length of life is largest. O(n p)."""
    return _rule(instance, "area")


def by_lifetime(instance: Lifetimes) -> Placement | None:
    """Place those first that live longest. O(n p)."""
    return _rule(instance, "lifetime")


def by_start(instance: Lifetimes) -> Placement | None:
    """Place them in the order in which they come alive. O(n p)."""
    return _rule(instance, "start")


def by_hint(instance: Lifetimes) -> Placement | None:
    """Place them in ascending order of their hints, each at its hint if that is free, otherwise in
    the first gap. O(n p)."""
    from ordino.heuristics.tensormemory import placing_kernels

    placing = Placing(instance, placing_kernels)
    height = placing.place(placing.order("hint"), best_fit=False, hinted=True)
    return placing.placement() if placing.fits(height) else None


def _rule(instance: Lifetimes, key: str) -> Placement | None:
    from ordino.heuristics.tensormemory import placing_kernels

    placing = Placing(instance, placing_kernels)
    height = placing.place(placing.order(key), best_fit=True)
    return placing.placement() if placing.fits(height) else None


def fixed_ones_fit(instance: Lifetimes) -> bool:
    """Tell whether the fixed buffers keep clear of each other and of the capacity."""
    fixed = np.flatnonzero(instance.fixed != FREE)
    if not fixed.size:
        return True
    part = instance.part(fixed)
    return check_lifetimes(part, Placement(part.fixed)).valid


class Placing:
    """The arrays of one search (see `placing_kernels`); for one thread. O(n) memory.

    Attributes:
        offset: Where the buffers lie after `place` or `climb`.
    """

    def __init__(self, instance: Lifetimes, kernels: Any) -> None:
        self.instance = instance
        self._kernels = kernels
        count = instance.buffers
        pieces = instance.pieces()
        piece_of = np.zeros(count + 1, np.int64)
        np.cumsum(np.bincount(pieces[:, BUFFER], minlength=count), out=piece_of[1:])
        self._arrays = (
            *map(np.array, (instance.size, instance.alignment, instance.fixed)),
            *(piece_of, pieces[:, START].copy(), pieces[:, END].copy()),
        )
        self.offset: Integers = np.zeros(count, np.int64)
        self._laid: Integers = np.zeros((pieces.shape[0] + 1, 4), np.int64)
        self._trial: Integers = np.zeros(count, np.int64)
        self._trial_offset: Integers = np.zeros(count, np.int64)
        self._free = instance.fixed == FREE
        self._possible = fixed_ones_fit(instance)
        self.movable = int(self._free.sum())
        top = 2**62 if instance.capacity is None else instance.capacity
        possible = (instance.hint % instance.alignment == 0) & (
            instance.hint + instance.size <= top
        )
        self._hint: Integers = np.where(possible, instance.hint, FREE)

    def order(self, key: str) -> Integers:
        """Return the buffers by a key, fixed ones first."""
        instance = self.instance
        life = instance.end - instance.start
        category = -np.floor(np.log2(instance.size) / 2)
        keys: dict[str, tuple[Any, ...]] = {
            "size": (instance.start, -instance.size),
            "area": (-instance.size, -(life.astype(np.float64) * instance.size)),
            "lifetime": (-instance.size, -life),
            "start": (-instance.size, instance.start),
            "class": (-life, category),
            "class, start": (instance.start, category),
            "end": (-instance.size, -instance.end),
            "hint": (-instance.size, instance.hint, instance.hint == FREE),
        }
        return self.sorted(keys[key])

    def sorted(self, keys: tuple[Any, ...]) -> Integers:
        """Return the buffers by keys, the last one first, fixed ones before all others."""
        order: Integers = np.lexsort((*keys, self._free))
        return order

    def place(
        self, order: Integers, *, best_fit: bool, hinted: bool = False, limit: int = 2**62
    ) -> int:
        """Place the buffers in an order, at their hints where these are free if it is `hinted`;
        return the height, or the limit if it is reached."""
        hint = self._hint if hinted else self._arrays[2]
        height: int = self._kernels.place(
            *self._arrays, hint, order, self.offset, self._laid, best_fit, limit
        )
        return height

    def climb(
        self, order: Integers, random: Any, best_fit: bool, height: int, steps: int
    ) -> tuple[int, int]:
        """Improve an order that has just been placed, in place.

        Returns:
            The height, and how many steps were done: up to the first that lowered it.
        """
        found, done = self._kernels.climb(
            *self._arrays,
            *(order, self._trial, self.offset, self._trial_offset, self._laid, random, best_fit),
            *(self.movable, height, steps),
        )
        return found, done

    def fits(self, height: int) -> bool:
        """Tell whether a placement of that height is a solution."""
        capacity = self.instance.capacity
        return self._possible and (capacity is None or height <= capacity)

    def placement(self) -> Placement:
        """Return where the buffers lie."""
        return Placement(self.offset.copy())


def orders(placing: Placing) -> Iterator[tuple[Integers, bool]]:
    """Yield the orders that allocators use, each for best fit and for first fit."""
    hint = placing.instance.hint
    if (hint != FREE).any():
        yield placing.order("hint"), False
    for key in ("size", "class", "class, start", "area", "lifetime", "start", "end"):
        for best_fit in (True, False):
            yield placing.order(key), best_fit


def climb() -> Solver:
    """Return a solver that places in many orders, then climbs from the best of them.

    An iteration is a placement of all buffers. A step of climbing takes O(n p).
    """

    def solve(instance: Lifetimes, incumbent: Incumbent, budget: Budget) -> None:
        if (reason := overload(instance)) is not None:
            incumbent.prove_infeasible(NAME, reason)
            return
        kernels: Any = load(KERNELS, budget)
        if kernels is not None:
            team = _Team(instance, incumbent, budget, kernels)
            team.run(lambda number: _climb(team, number))

    return solve


class _Team(Team):
    """What the threads share: the orders to begin with, and the best height."""

    def __init__(
        self, instance: Lifetimes, incumbent: Incumbent, budget: Budget, kernels: Any
    ) -> None:
        super().__init__(budget)
        self.instance, self.incumbent, self.kernels = instance, incumbent, kernels
        self._starts = orders(Placing(instance, kernels))
        self._best = 2**62
        self._best_start: tuple[Integers, bool] | None = None

    def finished(self) -> bool:
        """Return whether to stop: also when there is nothing left to find."""
        return self.incumbent.closed or super().finished()

    def start(self) -> tuple[Integers, bool] | None:
        """Return the next order to begin with, `None` when all are in use."""
        with self.lock:
            return next(self._starts, None)

    def best_start(self) -> tuple[Integers, bool] | None:
        """Return the order of least height so far."""
        with self.lock:
            return self._best_start

    def publish(self, placing: Placing, order: Integers, best_fit: bool, height: int) -> None:
        """Offer what has been placed if it is the best of all."""
        with self.lock:
            if height >= self._best:
                return
            self._best, self._best_start = height, (order.copy(), best_fit)
        if placing.fits(height):
            claimed = height if self.instance.capacity is None else 0
            self.incumbent.offer(placing.placement(), NAME, claimed)


def _climb(team: _Team, number: int) -> None:
    placing = Placing(team.instance, team.kernels)
    random = np.random.default_rng((team.budget.seed, number))
    state = random.integers(1, 2**63, 1, dtype=np.uint64)
    while not team.finished() and (start := team.start()) is not None:
        if team.grant(1):
            team.publish(placing, *start, placing.place(start[0], best_fit=start[1]))
    begun = team.best_start()
    if begun is None or not placing.movable:
        return
    order, best_fit = begun[0].copy(), begun[1]
    pace, patience = Pace(), PATIENCE + 10 * placing.movable
    height, vain = placing.place(order, best_fit=best_fit), 0
    while not team.finished():
        granted = team.grant(min(pace.steps, patience - vain))
        pace.start()
        found, done = placing.climb(order, state, best_fit, height, granted)
        pace.stop(done)
        team.give_back(granted - done)
        vain = 0 if found < height else vain + done
        height = found
        team.publish(placing, order, best_fit, height)
        if vain == patience:
            best = team.best_start()
            assert best is not None
            order, best_fit = best[0].copy(), bool(random.random() < 0.5)
            places = np.sort(
                random.choice(
                    placing.movable,
                    max(2, int(SHAKEN_SHARE * placing.movable)) % (placing.movable + 1),
                )
            )
            places += order.size - placing.movable
            order[places] = order[random.permutation(places)]
            height, vain = placing.place(order, best_fit=best_fit), 0
