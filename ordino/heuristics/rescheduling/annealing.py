"""Simulated annealing of VM placements, in cycles that grow longer.

What is left over of a NUMA node's free cores is the less bad the closer it is to a slot, so that
the search can gather free cores before a slot is full.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ordino.core.budget import Budget
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.core.kernel import load
from ordino.models.rescheduling.problem import Placement, Snapshot

__all__ = ["NAME", "annealing", "keep"]

NAME = "annealing"
KERNELS = "ordino.heuristics.rescheduling.annealing_kernels"
PROPOSALS = 20_000
"""Between two looks at the budget: a millisecond or two. An iteration is as many."""
FIRST_CYCLE, LONGEST_CYCLE = 100, 10_000
"""Length of cycles, in slices of that many proposals."""
COLD = 0.25


def keep(instance: Snapshot) -> Placement:
    """Leave every VM where it is."""
    return Placement(instance.host, instance.numa)


def annealing(*, bend: float = 0.8, price: float = 0.5, temperature: float = 3.0) -> Solver:
    """Return a solver that anneals, again and again from the best, each time for longer.

    An iteration is 20,000 proposals. One thread, whatever the workers.

    Args:
        bend: How much less what is nearly a slot counts than what is half of one, 0 to 1.
        price: Of a migration, in cores.
        temperature: At the start of a cycle, in cores.
    """

    def solve(instance: Snapshot, incumbent: Incumbent, budget: Budget) -> None:
        incumbent.offer(keep(instance), NAME)
        if not instance.most_moves or load(KERNELS, budget) is None:
            return
        search = _Search(instance, bend, price, budget.seed)
        length, done = FIRST_CYCLE, 0
        while True:
            cool = (COLD / temperature) ** (1 / (length * PROPOSALS))
            for x in range(length):
                if incumbent.closed or budget.should_stop() or budget.out_of_iterations(done):
                    return
                done += 1
                if search.anneal(temperature * cool ** (x * PROPOSALS), cool):
                    incumbent.offer(search.placement(), NAME, search.fragmented)
            length = min(2 * length, LONGEST_CYCLE)
            search.back_to_best()

    return solve


class _Search:
    """Arrays of the search."""

    def __init__(self, instance: Snapshot, bend: float, price: float, seed: int) -> None:
        from ordino.heuristics.rescheduling import annealing_kernels as kernels

        self.kernels: Any = kernels
        self.instance = instance
        self.home = instance.host * instance.nodes + instance.numa
        self.best = self.home.copy()
        left = np.arange(int(instance.cores.max()) + 1) % instance.slot
        energy = left - bend * left**2 / instance.slot
        self.price = price
        arrays = (
            *(instance.accepts, instance.takes_cores, instance.takes_memory),
            *(instance.spans, np.flatnonzero(instance.movable)),
        )
        self.fixed = (instance.nodes, instance.slot, *(each.copy() for each in arrays))
        sets = [*instance.host_sets, *instance.rack_sets]
        self.by_rack = np.repeat([0, 1], [len(instance.host_sets), len(instance.rack_sets)])
        of: list[list[int]] = [[] for _ in range(instance.vms)]
        for number, members in enumerate(sets):
            for i in members:
                of[i].append(number)
        self.set_first = np.cumsum([0, *map(len, of)], dtype=np.int64)
        self.set_of = np.array([each for row in of for each in row], dtype=np.int64)
        self.domain = np.stack([np.arange(instance.hosts), instance.rack])
        self.rules = (energy, self.set_first, self.set_of, self.by_rack, self.domain)
        self.random = np.random.default_rng(seed).integers(1, 2**63, 1, dtype=np.uint64)
        self.state = np.zeros(3, dtype=np.int64)
        self.fragmented = self.state[kernels.BEST] = instance.fragmented(
            instance.host, instance.numa
        )
        self.back_to_best()

    def back_to_best(self) -> None:
        """Set all to the best placement."""
        instance, kernels = self.instance, self.kernels
        self.at = self.best.copy()
        host, numa = self.at // instance.nodes, self.at % instance.nodes
        self.free = instance.free_cores(host, numa).ravel().copy()
        used = instance.sum_by_node(instance.takes_memory, host, numa)
        self.room = (instance.memory - used).ravel().copy()
        self.count = np.zeros((max(self.by_rack.size, 1), instance.hosts), dtype=np.int64)
        for i in range(instance.vms):
            for s in self.set_of[self.set_first[i] : self.set_first[i + 1]].tolist():
                self.count[s, self.domain[self.by_rack[s], host[i]]] += 1
        moved = np.flatnonzero(self.at != self.home)
        self.moved = np.zeros(instance.vms, dtype=np.int64)
        self.moved[: moved.size] = moved
        self.state[kernels.MIGRATIONS] = moved.size
        self.state[kernels.FRAGMENTED] = self.fragmented

    def anneal(self, hot: float, cool: float) -> bool:
        """Do a slice; returns whether the best is a better one."""
        self.kernels.anneal(
            *self.fixed,
            self.home,
            self.free,
            self.room,
            *self.rules,
            self.count,
            self.instance.most_moves,
            self.price,
            hot,
            cool,
            PROPOSALS,
            self.at,
            self.moved,
            self.best,
            self.state,
            self.random,
        )
        before, self.fragmented = self.fragmented, int(self.state[self.kernels.BEST])
        return self.fragmented < before

    def placement(self) -> Placement:
        """Return the best placement."""
        return Placement(self.best // self.instance.nodes, self.best % self.instance.nodes)
