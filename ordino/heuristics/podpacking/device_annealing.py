"""Simulated annealing of pods that share devices, in cycles that grow longer."""

from __future__ import annotations

from typing import Any

import numpy as np

from ordino.core.budget import Budget
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.core.kernel import load
from ordino.heuristics.podpacking.devices import demand_beside, fit, takes
from ordino.models.podpacking.problem import Cluster, Plan

__all__ = ["NAME", "device_annealing", "takes"]

NAME = "device-annealing"
KERNELS = "ordino.heuristics.podpacking.device_kernels"
PROPOSALS = 20_000
"""Between two looks at the budget: some 10 ms. An iteration is as many."""
FIRST_CYCLE, LONGEST_CYCLE = 400, 12_800
"""Length of cycles, in slices of that many proposals."""
SEVERAL = 2
"""Devices of pods that are placed before: single moves do not make room for them."""
SMALL = 2000
"""Pods up to which all are."""
TIER_FACTOR = 8
LEAST_WEIGHT = 0.02
"""Energy of a waiting pod that counts nothing, as a share of a device."""


def device_annealing(
    *, begun: float = 0.3, temperature: float = 0.06, cold: float = 0.008
) -> Solver:
    """Return a solver that anneals, again and again from the best, each time for longer.

    An iteration is 20,000 proposals. One thread, whatever the workers.

    Args:
        begun: Weight of rests of devices that are begun.
        temperature: At the start of a cycle, as a share of a device.
        cold: At its end.
    """

    def solve(instance: Cluster, incumbent: Incumbent, budget: Budget) -> None:
        start = fit(instance, 0 if instance.pods <= SMALL else SEVERAL)
        incumbent.offer(start, NAME)
        if load(KERNELS, budget) is None:
            return
        size = instance.device_size
        search = _Search(instance, start, begun, budget.seed)
        length, done = FIRST_CYCLE, 0
        while True:
            cool = (cold / temperature) ** (1 / (length * PROPOSALS))
            for x in range(length):
                if incumbent.closed or budget.should_stop() or budget.out_of_iterations(done):
                    return
                done += 1
                if search.anneal(size * temperature * cool ** (x * PROPOSALS), cool):
                    incumbent.offer(search.plan(), NAME)
            length = min(2 * length, LONGEST_CYCLE)
            search.begin(search.best)

    return solve


class _Search:
    """Arrays of the search."""

    def __init__(self, instance: Cluster, start: Plan, begun: float, seed: int) -> None:
        from ordino.heuristics.podpacking import device_kernels as kernels

        self.kernels: Any = kernels
        self.instance = instance
        size = instance.device_size
        factor = float(TIER_FACTOR) ** (instance.tiers - 1 - instance.tier)
        worth = instance.worth.astype(np.float64)
        worth *= size / max(1.0, float(worth.max(initial=0.0)))
        weight = np.maximum(worth, LEAST_WEIGHT * size) * factor
        columns = (instance.share, instance.whole, instance.demand)
        rest = (instance.worth, instance.eligibility, instance.barred)
        self.fixed = (
            size,
            *(each.copy() for each in columns),
            weight,
            *(each.copy() for each in rest),
            demand_beside(instance),
            begun,
            instance.kind.copy(),
        )
        self.random = np.random.default_rng(seed).integers(1, 2**63, 1, dtype=np.uint64)
        self.state = np.zeros(3, dtype=np.int64)
        bits = np.zeros(instance.pods, dtype=np.int64)
        self.best = np.concatenate([start.node, self._bits(start, bits)])
        self.begin(self.best)
        self.state[kernels.BEST] = self.state[kernels.LOST]

    def _bits(self, start: Plan, bits: Any) -> Any:
        """Name the devices of each pod: those of shares are known, whole ones are any others."""
        instance = self.instance
        share, whole = instance.share[instance.kind], instance.whole[instance.kind]
        begun = np.zeros(instance.nodes, dtype=np.int64)
        for pod in np.flatnonzero((start.node >= 0) & (share > 0)).tolist():
            bits[pod] = 1 << int(start.device[pod])
            begun[start.node[pod]] |= bits[pod]
        for pod in np.flatnonzero((start.node >= 0) & (whole > 0)).tolist():
            j, wanted = int(start.node[pod]), int(whole[pod])
            for d in range(int(instance.devices[j])):
                if wanted and not begun[j] >> d & 1:
                    begun[j] |= 1 << d
                    bits[pod] |= 1 << d
                    wanted -= 1
        return bits

    def begin(self, chosen: Any) -> None:
        """Set all to a placement: nodes of all pods, then their devices as bits."""
        instance, kernels = self.instance, self.kernels
        n, p = instance.nodes, instance.pods
        node, bits = chosen[:p].copy(), chosen[p:].copy()
        share, size = instance.share[instance.kind], instance.device_size
        free = instance.capacity.copy()
        most = max(1, int(instance.devices.max(initial=0)))
        left = np.where(np.arange(most)[None, :] < instance.devices[:, None], size, 0)
        first, there = np.full(n, -1), np.zeros(n, dtype=np.int64)
        behind, before, place = np.full(p, -1), np.full(p, -1), np.full(p, -1)
        for pod in np.flatnonzero(node >= 0).tolist():
            j = int(node[pod])
            free[j] -= instance.demand[instance.kind[pod]]
            taken = bits[pod] >> np.arange(most) & 1
            left[j] -= taken * (share[pod] or size)
            behind[pod] = first[j]
            if first[j] >= 0:
                before[first[j]] = pod
            first[j] = pod
            there[j] += 1
        waiting = np.zeros(p, dtype=np.int64)
        lost = np.flatnonzero(node < 0)
        waiting[: lost.size] = lost
        place[lost] = np.arange(lost.size)
        self.state[kernels.WAITING] = lost.size
        self.state[kernels.LOST] = instance.worth[instance.kind[lost]].sum()
        self.moving = (free, left, node, bits, first, behind, before, there, waiting, place)

    def anneal(self, hot: float, cool: float) -> bool:
        """Do a slice; returns whether the best is a better one."""
        before = int(self.state[self.kernels.BEST])
        self.kernels.anneal(
            *self.fixed, hot, cool, PROPOSALS, *self.moving, self.best, self.state, self.random
        )
        return int(self.state[self.kernels.BEST]) < before

    def plan(self) -> Plan:
        """Return the best placement."""
        instance = self.instance
        node, bits = self.best[: instance.pods].copy(), self.best[instance.pods :]
        if not instance.shares:
            return Plan(node)
        shared = (instance.share[instance.kind] > 0) & (node >= 0)
        device = np.full(instance.pods, -1)
        device[shared] = np.round(np.log2(bits[shared])).astype(np.int64)
        return Plan(node, device)
