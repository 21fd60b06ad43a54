"""The schedules of a general shop as `relinking` sees them, and the tabu search on them.

A point is an order of the operations that is topological for precedences and machines, and behind
it the alternative of each operation (González, Vela, Varela 2015 relink such pairs as well).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ordino.core.arrays import Integers
from ordino.heuristics.jobshop import balance
from ordino.heuristics.jobshop.balance import Balance
from ordino.heuristics.jobshop.shop_generation import arrays_of
from ordino.models.jobshop.problem import Schedule
from ordino.models.jobshop.shop import NEVER, Shop
from ordino.models.jobshop.shop_bounds import group_load
from ordino.models.jobshop.timing import chosen, tails, too_long

__all__ = ["KERNELS", "ShopSpace", "takes"]

KERNELS = "ordino.heuristics.jobshop.shop_tabu_kernels"
PATIENCE = 1_000
PATIENCE_PER_OPERATION = 10
"""A search ends after so many moves without an improvement: the larger number counts."""
ALIKE_SHARE = 0.05
"""Two schedules are alike if fewer operations than this share have another machine, or another
operation before them there."""
LOOKED_AT = 8_000
"""Operations and precedences that a move looks at, about, where that leaves it some critical
operations: on large shops, many moves that are good do better than a few that are best."""
FEWEST_TRIED = 4
ESCAPES = 10
"""How often machines are chosen anew near the best schedule, in vain, before a search ends."""
BALANCED_SHARE, SLACK = 0.9, 0.02
"""Of new schedules: those whose machines leave a makespan possible so much above a bound, at
most."""
LEAST_CUT, GREATEST_CUT = 0.0005, 0.02
"""Share of the makespan by which that one shall be less that the new machines leave possible."""
LARGEST = 20_000_000
"""Operations times machines; more would fill the memory."""


def takes(instance: Shop) -> str | None:
    """Say why a shop is not for tabu search, or return `None`."""
    if instance.goal not in ("makespan", "lateness"):
        return f"its goal is the {instance.objective.name}"
    if instance.buffers != "unlimited":
        return f"its buffers are {instance.buffers}"
    if (instance.down_end == NEVER).any():
        return "a machine is down for ever"
    size = instance.operations * instance.machines
    if size > LARGEST:
        return f"operations x machines {size}, beyond {LARGEST}"
    return too_long(instance)


class Arrays:
    """A shop as the kernels take it (see `shop_tabu_kernels`); read only."""

    def __init__(self, instance: Shop) -> None:
        self.instance = instance
        self.generation = arrays_of(instance)
        *_, family, families, setup, down_start, down_begin, down_end, release = self.generation
        delivery = np.zeros(instance.operations, np.int64)
        self.shift = 0
        if instance.goal == "lateness":
            assert instance.due_dates is not None
            self.shift = int(instance.due_dates.max())
            delivery[:] = (self.shift - instance.due_dates)[instance.job]
            delivery[instance.arc_before] = 0
        behind, *more_behind = _neighbours(instance.successors)
        ahead, *more_ahead = _neighbours(instance.predecessors)
        self.shop: tuple[Integers, ...] = (
            *self.generation[:3],
            *(behind, ahead, *more_behind, *more_ahead),
            np.append(family, families),
            *(setup, down_start, down_begin, down_end, release, delivery),
        )


def _neighbours(lists: Sequence[Sequence[int]]) -> tuple[Integers, Integers, Integers]:
    """Return one of each list, -1 for none; where the others begin, and these."""
    one = np.array([each[0] if each else -1 for each in lists], dtype=np.int64)
    more = [j for each in lists for j in each[1:]]
    counts = [max(0, len(each) - 1) for each in lists] if more else []
    return one, np.cumsum([0, *counts], dtype=np.int64), np.array(more, dtype=np.int64)


class ShopSearch:
    """The arrays of one search (see `shop_tabu_kernels`); for one thread.

    Attributes:
        best_order: The best point since the start; changes as the search goes on.
        best: Its objective.
    """

    def __init__(
        self, arrays: Arrays, loads: Balance | None, kernels: Any, random: np.random.Generator
    ) -> None:
        instance = arrays.instance
        n, machines = instance.operations, instance.machines
        self._kernels = kernels
        self._arrays = arrays
        self._schedule = new_schedule(instance)
        self._tabu = np.zeros((n, machines), np.int64)
        self._state = np.zeros(5, np.int64)
        self._random = random.integers(1, 2**63, 1, dtype=np.uint64)
        self._scratch = np.zeros((6, n), np.int64)
        self._generator = random
        self._balance = loads
        self._escapes = 0
        self._tenure = 8 + n // 25
        self._tried = max(FEWEST_TRIED, LOOKED_AT // (n + instance.arc_before.size))
        self._local: Integers = np.zeros(2 * n, np.int64)
        self.best_order: Integers = np.zeros(2 * n, np.int64)
        self.best = 0

    @property
    def moves(self) -> int:
        """Moves done, over all starts."""
        return int(self._state[self._kernels.MOVES])

    def start(self, point: Integers) -> None:
        """Go to a point; what is tabu stays so for its term."""
        self._go_to(point)
        self.best_order[:] = point
        self.best = self._local_best()
        self._escapes = 0

    def _go_to(self, point: Integers) -> None:
        self._local[:] = point
        value = arrange(self._arrays, self._kernels, point, self._schedule)
        self._state[self._kernels.BEST] = self._state[self._kernels.CURRENT] = value
        self._state[self._kernels.IMPROVED] = self.moves

    def _local_best(self) -> int:
        return int(self._state[self._kernels.BEST]) - self._arrays.shift

    def escape(self) -> bool:
        """Choose machines near those of the best schedule that leave a lower makespan possible.

        Returns:
            Whether there are such, and not too much of this was in vain.
        """
        n = self._arrays.instance.operations
        while self._balance is not None and self._escapes < ESCAPES:
            self._escapes += 1
            cut = np.exp(self._generator.uniform(np.log(LEAST_CUT), np.log(GREATEST_CUT)))
            limit = min(self.best - 1, int(self.best * (1 - cut)))
            chosen = self._balance.balanced(self.best_order[n:], limit, self._generator, near=True)
            if (chosen != self.best_order[n:]).any():
                self._go_to(np.concatenate([self.best_order[:n], chosen]))
                return True
        return False

    def advance(self, moves: int, patience: int) -> bool:
        """Do so many moves; fewer where so many, since the best, were in vain, or none is left.

        Returns:
            Whether that is so.
        """
        over: bool = self._kernels.search(
            *(self._arrays.shop, self._schedule),
            *(self._local, self._tabu, self._state, self._random, self._scratch),
            *(self._tenure, self._tried, moves, patience),
        )
        value = self._local_best()
        if value <= self.best:
            if value < self.best:
                self._escapes = 0
            self.best = value
            self.best_order[:] = self._local
        return over


def new_schedule(instance: Shop) -> tuple[Integers, ...]:
    """Return the arrays of a schedule (see `shop_tabu_kernels`)."""
    sizes = [instance.operations] * 11
    sizes[5] = instance.machines
    return tuple(np.zeros(size, np.int64) for size in sizes)


def arrange(arrays: Arrays, kernels: Any, point: Integers, schedule: tuple[Integers, ...]) -> int:
    """Fill the arrays of a schedule from a point; return its objective."""
    instance = arrays.instance
    n = instance.operations
    alternative, on, length, before, after, first = schedule[:6]
    alternative[:] = point[n:]
    on[:] = instance.machine[alternative]
    length[:] = instance.duration[alternative]
    order = point[:n][np.argsort(on[point[:n]], kind="stable")]
    same = np.flatnonzero(on[order[1:]] == on[order[:-1]])
    before[:] = -1
    after[:] = -1
    first[:] = -1
    before[order[same + 1]] = order[same]
    after[order[same]] = order[same + 1]
    heads = order[before[order] < 0]
    first[on[heads]] = heads
    value: int = kernels.arrange(arrays.shop, schedule)
    return value


class ShopSpace:
    """The schedules of a general shop as points.

    Attributes:
        arrays: The shop as kernels take it.
        alike, patience: See `relinking.Space`.
    """

    def __init__(self, instance: Shop, kernels: Any) -> None:
        self._instance = instance
        self._kernels = kernels
        self.arrays = Arrays(instance)
        self._work = instance.least_duration + tails(instance)
        self.alike = max(1, int(ALIKE_SHARE * instance.operations))
        self.patience = max(PATIENCE, PATIENCE_PER_OPERATION * instance.operations)

    @cached_property
    def _loads(self) -> Balance | None:
        instance = self._instance
        return Balance(instance, self._kernels) if balance.takes(instance) else None

    @cached_property
    def _bound(self) -> int:
        return group_load(self._instance) or 0

    def search(self, random: np.random.Generator) -> ShopSearch:
        """Return a new search."""
        return ShopSearch(self.arrays, self._loads, self._kernels, random)

    def distance(self, one: Integers, other: Integers) -> int:
        """Count the operations that run on another machine or behind another one there."""
        n = self._instance.operations
        befores = []
        for point in (one, other):
            machine = self._instance.machine[point[n:]]
            order = point[:n][np.argsort(machine[point[:n]], kind="stable")]
            before = np.empty(n, np.int64)
            before[order[1:]] = order[:-1]
            before[order[0]] = -1
            same = machine[before] == machine
            same[order[0]] = False
            befores.append(np.where(same, before, -1 - machine))
        return int((befores[0] != befores[1]).sum())

    def point_of(self, schedule: Schedule) -> Integers:
        """Return the point of a schedule."""
        alternative = chosen(self._instance, schedule)
        end = schedule.start + self._instance.duration[alternative]
        rank = np.empty(self._instance.operations, np.int64)
        rank[self._instance.order] = np.arange(self._instance.operations)
        return np.concatenate([np.lexsort((rank, end, schedule.start)), alternative])

    def schedule(self, point: Integers) -> Schedule:
        """Return the schedule of a point."""
        arrays = new_schedule(self._instance)
        arrange(self.arrays, self._kernels, point, arrays)
        _, on, length, *_, end, _ = arrays
        return Schedule(end - length, on if self._instance.flexible else None)

    def scratch(self, random: np.random.Generator, noise: float) -> Integers:
        """Make a schedule by most work remaining, with noise in the work.

        For shops with no machine that is down for ever.
        """
        instance = self._instance
        n = instance.operations
        factor = 1 + noise * random.random() * random.random(n)
        active = bool(noise > 0 and random.random() < 0.5)
        sizes = [n] * 5 + [instance.machines] * 2 + [n] * 2
        outputs = [np.zeros(size, np.int64) for size in sizes]
        priority = (-self._work * factor).astype(np.int64)
        self._kernels.generate(*self.arrays.generation, priority, False, active, *outputs)
        start, alternative = outputs[:2]
        point = self.point_of(Schedule(start, instance.machine[alternative]))
        if self._loads is not None and noise > 0 and random.random() < BALANCED_SHARE:
            limit = int(self._bound * (1 + random.uniform(0, SLACK)))
            point[n:] = self._loads.balanced(point[n:], limit, random, near=False)
        return point

    def between(
        self, one: Integers, other: Integers, share: float, random: np.random.Generator
    ) -> Integers:
        """Return a point between two: an operation's place is the weighted mean of its places, its
        machine that of either, by chance."""
        n = self._instance.operations
        place = np.empty(n)
        place[one[:n]] = np.arange(n) * (1 - share)
        place[other[:n]] += np.arange(n) * share
        taken = np.where(random.random(n) < share, other[n:], one[n:])
        return np.concatenate([np.argsort(place, kind="stable"), taken])
