"""Exact placement by search over canonical placements, for a fit and for the least height.

A search descends in one order of rank; orders differ widely in how long they take, so that many are
tried, each for a number of nodes that grows from round to round: known good ones and random ones.
States that have failed are remembered for all of them (by 84 bits of a hash). A search that comes
to its end without a fit proves that there is none.

For the least height, the orders of a round look at different heights, from the bound to just below
the best known one: a fit is a better height, a failure a better bound.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ordino.core.arrays import Integers
from ordino.core.budget import Budget
from ordino.core.errors import UsageError
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.core.kernel import load
from ordino.core.pace import Pace
from ordino.heuristics.team import Team
from ordino.models.tensormemory.lifetimes import FREE, Lifetimes
from ordino.models.tensormemory.placement import Placement
from ordino.models.tensormemory.placement_bounds import overload
from ordino.models.tensormemory.sections import Sections, sections

__all__ = ["KERNELS", "NAME", "Ground", "Search", "canonical", "least", "takes"]

NAME = "canonical"
KERNELS = "ordino.solvers.tensormemory.canonical_kernels"
FIRST_SLICE = 5_000
FIRST_NODES = 2000
GROWTH = 2.0
GROWTH_OF_HEIGHTS = 1.3
"""The same where each round looks at other heights in the same orders."""
MEMORY_ROWS = 1 << 20
MOST_ROWS = 1 << 30
MOST_BUFFERS = 2000
MOST_PAIRS = 1_000_000
NOISE = 0.3
SHARES = (0.5, 1.0, 0.0, 0.25, 0.75)
"""Heights that are tried, from the bound to just below the incumbent."""

RANKS = ("TWA", "UZ", "TAW", "LC", "WAT", "TCA", "AW", "CL", "TO", "UW")
"""Keys of the orders, the first one first: area, sections (C), start (L), overlaps, largest load of
a section (T), end (U), width in time, size (Z); all descending. Three are Moffitt's."""


def takes(instance: Any) -> str | None:
    """Say why an instance is not for the canonical search, or return `None`."""
    if not isinstance(instance, Lifetimes):
        return "only for lifetimes"
    if instance.windowed:
        return "windows in gaps may let one buffer lie inside another"
    if instance.buffers > MOST_BUFFERS:
        return f"{instance.buffers} buffers, beyond {MOST_BUFFERS}"
    pairs = sections(instance).pairs
    return None if pairs <= MOST_PAIRS else f"{pairs} pairs meet, beyond {MOST_PAIRS}"


def canonical(*, memory: int = MEMORY_ROWS) -> Solver:
    """Return a solver that searches canonical placements. An iteration is a thousand nodes.

    O(n) a node in the worst case, O(n^2) memory a worker.

    Args:
        memory: Failed states that are remembered; a power of two, 2^30 at most.

    Raises:
        UsageError: It is none.
    """
    if not 1 <= memory <= MOST_ROWS or memory & (memory - 1):
        raise UsageError(f"memory is {memory}, expected a power of two, 2^30 at most")

    def solve(instance: Lifetimes, incumbent: Incumbent, budget: Budget) -> None:
        if (reason := overload(instance)) is not None:
            incumbent.prove_infeasible(NAME, reason)
            return
        incumbent.raise_bound(0 if instance.capacity is not None else least(instance), NAME)
        kernels: Any = load(KERNELS, budget)
        if kernels is not None and not incumbent.closed:
            team = _Team(Ground.of(instance), kernels, incumbent, budget, memory)
            team.run(team.work)

    return solve


def least(instance: Lifetimes) -> int:
    """Bound the height: the load, the highest fixed end, both in steps of heights that can be."""
    step = _step(instance)
    fixed = instance.fixed != FREE
    top = int((instance.fixed + instance.size)[fixed].max(initial=0))
    return max(-(-instance.load // step) * step, top)


def _step(instance: Lifetimes) -> int:
    """Return a number that divides all heights of canonical placements."""
    parts = [instance.size, instance.alignment[instance.alignment > 1]]
    parts.append(instance.fixed[instance.fixed != FREE])
    return math.gcd(*np.concatenate(parts).tolist())


@dataclass(frozen=True, slots=True)
class Ground:
    """What all searches on an instance have in common."""

    instance: Lifetimes
    sections: Sections
    near: tuple[Integers, Integers]
    inside: tuple[Integers, Integers]
    crossing: Integers
    twin: Integers
    groups: Integers
    keys: dict[str, Any]

    @classmethod
    def of(cls, instance: Lifetimes) -> Ground:
        """Find sections, pairs and twins. O(n log n + pairs)."""
        found = sections(instance)
        near, inside = found.meets(), found.of_buffers()
        count = instance.buffers
        change = np.zeros(found.count + 1, np.int64)
        np.add.at(change, found.low, 1)
        np.add.at(change, np.maximum(found.low, found.high - 1), -1)
        twin, groups = _twins(instance)
        load = np.zeros(found.count, np.int64)
        np.add.at(load, inside[1], np.repeat(instance.size, np.diff(inside[0])))
        heaviest = np.zeros(count, np.int64)
        owner = np.repeat(np.arange(count), np.diff(inside[0]))
        np.maximum.at(heaviest, owner, load[inside[1]])
        width = (instance.end - instance.start).astype(np.float64)
        keys = {
            "A": width * instance.size,
            "C": found.high - found.low,
            "L": instance.start,
            "O": np.diff(near[0]),
            "T": heaviest,
            "U": instance.end,
            "W": width,
            "Z": instance.size,
        }
        crossing = np.cumsum(change)[:-1]
        return cls(instance, found, near, inside, crossing, twin, groups, keys)

    def rank(self, number: int, random: np.random.Generator) -> Integers:
        """Return the rank of each buffer in the order of that number: the known ones and random
        ones in turn."""
        place, drawn = divmod(number, 2)
        name = RANKS[place % len(RANKS)]
        columns = [self.keys[letter] for letter in name]
        if drawn:
            noise = NOISE * random.standard_normal(self.instance.buffers)
            columns[0] = columns[0] * np.exp(noise)
        order = np.lexsort([-each.astype(np.float64) for each in columns[::-1]])
        rank = np.empty(order.size, np.int64)
        rank[order] = np.arange(order.size)
        by_group = np.lexsort((rank, self.groups))
        alike: Integers = np.empty_like(rank)
        alike[np.lexsort((np.arange(rank.size), self.groups))] = rank[by_group]
        return alike


def _twins(instance: Lifetimes) -> tuple[Integers, Integers]:
    """Return for each buffer the one before of the same kind, -1 for none, and its kind."""
    gaps: dict[int, list[tuple[int, ...]]] = {}
    for i, *gap in instance.gaps.tolist():
        gaps.setdefault(i, []).append(tuple(gap))
    columns = (instance.start, instance.end, instance.size, instance.alignment, instance.fixed)
    last: dict[Any, int] = {}
    kinds: dict[Any, int] = {}
    twin = np.full(instance.buffers, -1, np.int64)
    kind = np.zeros(instance.buffers, np.int64)
    for i, values in enumerate(zip(*(each.tolist() for each in columns), strict=True)):
        key = (values, tuple(gaps.get(i, ())))
        kind[i] = kinds.setdefault(key, len(kinds))
        twin[i] = last.get(key, -1)
        last[key] = i
    return twin, kind


class Search:
    """The arrays of one search (see `canonical_kernels`); for one thread. O(n^2) memory."""

    def __init__(self, ground: Ground, kernels: Any, memory: Any) -> None:
        self._ground, self._kernels = ground, kernels
        instance, found = ground.instance, ground.sections
        count = instance.buffers
        self._rank: Integers = np.zeros(count, np.int64)
        self._least: Integers = np.zeros(count, np.int64)
        self._placed: Integers = np.zeros(count, np.int64)
        self._crossing = ground.crossing.copy()
        self._frames: Integers = np.zeros((count + 2, kernels.FRAME), np.int64)
        self._arena: Integers = np.zeros(count * (count + 5), np.int64)
        self._state: Integers = np.zeros(3, np.int64)
        self.offset: Integers = np.zeros(count, np.int64)
        self._arrays = (
            *map(np.array, (instance.size, instance.alignment, instance.fixed)),
            *(self._rank, ground.twin, found.low, found.high, *ground.near, *ground.inside),
            *(self._least, self._placed, self.offset, self._crossing),
            *(np.zeros(found.count, np.int64), self._frames),
            *(np.zeros((ground.near[1].size + 1, 2), np.int64), self._arena, memory, self._state),
        )

    def begin(self, rank: Integers) -> None:
        """Start anew in an order."""
        kernels, instance = self._kernels, self._ground.instance
        self._rank[:] = rank
        self._least[:] = np.maximum(instance.fixed, 0)
        self._placed[:] = -1
        self.offset[:] = self._least
        self._crossing[:] = self._ground.crossing
        self._arena[: self._rank.size] = np.arange(self._rank.size)
        self._frames[0] = 0
        self._frames[0, kernels.TO] = self._ground.sections.count
        self._frames[0, kernels.COUNT] = self._rank.size
        self._frames[0, kernels.BUFFER] = kernels.ROOT
        self._state[:] = 1, 0, 0

    @property
    def nodes(self) -> int:
        """Nodes since the start."""
        return int(self._state[self._kernels.NODES])

    def advance(self, capacity: int, nodes: int) -> int:
        """Go on for so many nodes; return `SOLVED`, with `offset`, `FAILED` or `OPEN`."""
        result: int = self._kernels.advance(*self._arrays, capacity, nodes)
        return result


class _Team(Team):
    """What the threads share: the turns that are left, and the range of heights."""

    def __init__(
        self, ground: Ground, kernels: Any, incumbent: Incumbent, budget: Budget, memory: int
    ) -> None:
        super().__init__(budget)
        self.ground, self.kernels, self.incumbent = ground, kernels, incumbent
        self.memory = np.zeros(memory, np.uint64)
        self.step = _step(ground.instance)
        self.turns = itertools.count()
        self.growth = GROWTH if ground.instance.capacity is not None else GROWTH_OF_HEIGHTS
        self.low = least(ground.instance)

    def finished(self) -> bool:
        """Return whether to stop: also when there is nothing left to find."""
        return self.incumbent.closed or super().finished()

    def target(self, turn: int) -> int:
        """Return the height to search below: the capacity, or one between bound and incumbent."""
        instance = self.ground.instance
        if instance.capacity is not None:
            return instance.capacity
        best = self.incumbent.objective
        if not isinstance(best, int):
            best = instance.ceiling + self.step
        with self.lock:
            low = self.low
        share = SHARES[(turn + turn // (2 * len(RANKS))) % len(SHARES)]
        steps = max(0, (best - 1 - low) // self.step)
        return int(low + int(share * steps) * self.step)

    def work(self, number: int) -> None:
        """Take turns until all is proved or the budget ends."""
        search = Search(self.ground, self.kernels, self.memory)
        orders = 2 * len(RANKS)
        pace = Pace(FIRST_SLICE)
        while not self.finished():
            with self.lock:
                turn = next(self.turns)
            limit = int(FIRST_NODES * self.growth ** (turn // orders))
            random = np.random.default_rng((self.budget.seed, turn))
            search.begin(self.ground.rank(turn, random))
            height = self.target(turn)
            result = self.kernels.OPEN
            while result == self.kernels.OPEN and search.nodes < limit and not self.finished():
                wanted = min(limit - search.nodes, pace.steps)
                if not self.grant(-(-wanted // 1000)):
                    break
                before = search.nodes
                pace.start()
                result = search.advance(height, wanted)
                pace.stop(search.nodes - before)
            if result == self.kernels.SOLVED:
                self.solved(search)
            elif result == self.kernels.FAILED:
                self.failed(height)

    def solved(self, search: Search) -> None:
        """Offer the placement that a search has found."""
        instance = self.ground.instance
        height = int((search.offset + instance.size).max())
        claimed = height if instance.capacity is None else 0
        self.incumbent.offer(Placement(search.offset.copy()), NAME, claimed)

    def failed(self, height: int) -> None:
        """State that there is no placement of a height."""
        instance = self.ground.instance
        if instance.capacity is not None or height >= instance.ceiling:
            reason = f"no placement of the {instance.buffers} buffers ends at {height} or below"
            self.incumbent.prove_infeasible(NAME, reason)
            return
        with self.lock:
            self.low = max(self.low, height + self.step)
            low = self.low
        self.incumbent.raise_bound(low, NAME)
