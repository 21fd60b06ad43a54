"""Tabu search with path relinking for job shops (TS/PR; Peng, Lü, Cheng 2015).

`relinking` has the pool and the paths, `tabu_search` and `tabu_kernels` the search on classic job
shops, `shop_tabu` and `shop_tabu_kernels` that on general ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from ordino.core.arrays import Integers
from ordino.core.budget import Budget
from ordino.core.errors import UsageError
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.core.kernel import load
from ordino.heuristics.jobshop import shop_tabu
from ordino.heuristics.jobshop.giffler_thompson import arrays_of
from ordino.heuristics.jobshop.relinking import relink
from ordino.heuristics.jobshop.slots import Slots
from ordino.heuristics.jobshop.tabu_search import TabuSearch
from ordino.models.jobshop.problem import JobShop, Schedule
from ordino.models.jobshop.shop import Shop

__all__ = ["NAME", "tabu", "takes"]

NAME = "tabu"
KERNELS = "ordino.heuristics.jobshop.tabu_kernels"
NEIGHBOURHOODS = "n6", "n7", "n8"

PATIENCE = 12_500
PATIENCE_PER_OPERATION = 25
"""A search ends after so many moves without an improvement: the larger number counts."""
ALIKE_SHARE = 0.01
"""Two schedules are alike if they differ in less than this share of the machines' pairs."""


def takes(instance: JobShop | Shop) -> str | None:
    """Say why an instance is not for tabu search, or return `None`."""
    return shop_tabu.takes(instance) if isinstance(instance, Shop) else None


def tabu(*, pool: int = 30, neighbourhood: Literal["n6", "n7", "n8"] = "n7") -> Solver:
    """Return a solver that improves schedules by tabu search and path relinking.

    An iteration is a tabu move; a search that starts where there is none counts as one. One thread
    a worker, on one pool. With one worker and a limit of iterations, nothing depends on time.

    Args:
        pool: Most schedules to choose from for relinking, at least 2.
        neighbourhood: Of classic job shops: `n7` (Zhang, Li, Guan, Rao 2007), its part `n6` (Balas,
            Vazacopoulos 1998), or `n8`, which goes beyond (Xie, Li, Gao, Gui 2022).

    Raises:
        UsageError: The pool is too small.
    """
    if pool < 2:
        raise UsageError(f"tabu.pool {pool}: expected at least 2")

    def solve(instance: JobShop | Shop, incumbent: Incumbent, budget: Budget) -> None:
        general = isinstance(instance, Shop)
        kernels: Any = load(shop_tabu.KERNELS if general else KERNELS, budget)
        if kernels is None:
            return
        space: Any = (
            shop_tabu.ShopSpace(instance, kernels)
            if isinstance(instance, Shop)
            else _Classic(instance, kernels, NEIGHBOURHOODS.index(neighbourhood))
        )
        relink(space, incumbent, budget, source=NAME, pool=pool)

    return solve


class _Classic:
    """The schedules of a classic job shop, as orders of slots."""

    def __init__(self, instance: JobShop, kernels: Any, neighbourhood: int) -> None:
        self._instance = instance
        self._kernels = kernels
        self._neighbourhood = neighbourhood
        self._slots = Slots(instance)
        self.alike = max(1, int(ALIKE_SHARE * self._slots.pairs()))
        self.patience = max(PATIENCE, PATIENCE_PER_OPERATION * instance.operations)

    def search(self, random: np.random.Generator) -> TabuSearch:
        """Return a new search."""
        return TabuSearch(self._slots, self._kernels, random, neighbourhood=self._neighbourhood)

    def distance(self, one: Integers, other: Integers) -> int:
        """Return the number of pairs of operations that two orders put differently."""
        slots = self._slots
        apart: int = self._kernels.distance(slots.machine, slots.loads, one, other)
        return apart

    def point_of(self, schedule: Schedule) -> Integers:
        """Return the order of a schedule."""
        return self._slots.order_of(schedule.start)

    def schedule(self, point: Integers) -> Schedule:
        """Return the schedule of an order."""
        return Schedule(self._slots.start_of(point, self._kernels))

    def scratch(self, random: np.random.Generator, noise: float) -> Integers:
        """Make a schedule by most work remaining, with noise in the work."""
        work = self._instance.duration + self._instance.tails()
        factor = 1 + noise * random.random() * random.random(self._instance.operations)
        active = noise > 0 and random.random() < 0.5
        return self._slots.order_of(
            _generator(self._instance, self._kernels)(-work * factor, active)
        )

    def between(
        self, one: Integers, other: Integers, share: float, random: np.random.Generator
    ) -> Integers:
        """Return an order that is so far on the way from one to another."""
        return self._slots.between(one, other, share)


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
