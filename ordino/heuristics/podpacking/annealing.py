"""Annealing of a cluster, a tier after the other.

Pods in rules between pods keep the nodes that they have in the best plan, so that no rule can be
broken; neighbourhoods move them.

The pods of a tier join those above it, which keep their nodes if they run there now (an objective
in which a high tier is never disturbed for a lower one) and may change them otherwise. How much it
costs to leave home differs from pass to pass: little finds room for more pods, much moves fewer.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np

from ordino.core.arrays import Integers
from ordino.core.budget import Budget
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.core.kernel import load
from ordino.heuristics.podpacking.room import Mask, Room
from ordino.heuristics.podpacking.rules import best_fit, complete, sizes
from ordino.models.podpacking.check import check
from ordino.models.podpacking.counts import cells, expand, plan_of
from ordino.models.podpacking.problem import FREE, PINNED, Cluster, Plan

__all__ = ["AWAY", "KERNELS", "Annealing", "annealing", "packs", "takes"]

NAME = "annealing"
KERNELS = "ordino.heuristics.podpacking.annealing_kernels"

AWAY = (0.01, 0.1, 0.003, 0.03, 0.3)
"""Energies of a pod away from home, where one without a node is 1 and an empty node -1."""
HOT, COLD = 0.01, 0.0001
"""Temperatures where `AWAY` is small; elsewhere they are parts of it."""
WARM = 0.3
"""A pass that starts from the best plan is so much colder than one from nothing."""
FIRST_EFFORT, MOST_EFFORT, GROWTH = 100, 20_000, 2
"""Moves a pod in the first pass, at most, and how that grows from round to round."""
MOST_FILLED = 500
"""Pods of a tier that are put where they fit best before annealing; more are left to chance."""
SLICE = 400_000
"""Moves between two looks at the clock."""
SCARCE = 0.3
"""A resource counts for the energy where so much of it is asked for, as a part of the scarcest."""


def takes(instance: Cluster) -> str | None:
    """Say why a cluster is not for annealing, or return `None`."""
    return f"its goal is to {instance.goal}" if instance.goal != "place" else packs(instance)


def packs(instance: Cluster) -> str | None:
    """Say why the kernels can't pack a cluster, or return `None`."""
    if instance.share.any() or instance.whole.any():
        return "its pods take devices"
    if not instance.pods or not instance.resources:
        return "there is nothing to pack"
    return "all pods are in rules between pods" if ruled(instance).all() else None


def ruled(instance: Cluster) -> Mask:
    """Tell which pods are in rules between pods."""
    classes = np.zeros(instance.classes, dtype=bool)
    for rule in (*instance.separations, *instance.affinities, *instance.spreads):
        classes[[*rule.owners, *rule.targets]] = True
    chosen: Mask = classes[instance.kind]
    return chosen


def annealing(*, effort: int = FIRST_EFFORT) -> Solver:
    """Return a solver that anneals with more and more moves until its budget ends.

    An iteration is a pass over all tiers.

    Args:
        effort: Moves a pod in the first pass.
    """

    def solve(instance: Cluster, incumbent: Incumbent, budget: Budget) -> None:
        incumbent.offer(best_fit(instance), NAME)
        kernels = load(KERNELS, budget)
        if kernels is not None:
            Annealing(instance, kernels, budget.seed).run(incumbent, budget, NAME, effort=effort)

    return solve


class Annealing:
    """Anneals a cluster.

    Args:
        instance: The cluster; `takes` has nothing against it.
        kernels: The compiled ones.
        seed: Of the random numbers.
    """

    def __init__(self, instance: Cluster, kernels: ModuleType, seed: int) -> None:
        self.instance, self.kernels = instance, kernels
        wanted = instance.demand[instance.kind].sum(axis=0)
        there = np.maximum(instance.capacity.sum(axis=0), 1)
        usage = wanted / there
        order = np.argsort(-usage, kind="stable")
        self.scarce = max(1, int((usage[order] >= SCARCE * usage.max()).sum()))
        self.capacity = np.ascontiguousarray(instance.capacity[:, order])
        self.demand = np.ascontiguousarray(instance.demand[:, order])
        self.inverse = 1.0 / np.maximum(self.capacity, 1)
        self.barred = np.ascontiguousarray((instance.barred > 0).astype(np.uint8))
        self.worth = instance.worth.copy()
        self.heavy = 1.0 / max(1.0, float(self.worth[instance.kind].mean()))
        self.home = instance.current.copy()
        self.kind, self.eligibility = instance.kind.copy(), instance.eligibility.copy()
        self.tier = instance.tier[instance.kind]
        self.ruled = ruled(instance)
        self.size = sizes(instance)
        self.passes = 0
        self.state = np.array([(seed + 1) * 0x9E3779B97F4A7C15 % 2**64 | 1], dtype=np.uint64)

    def run(
        self,
        incumbent: Incumbent,
        budget: Budget,
        source: str,
        *,
        effort: int = FIRST_EFFORT,
        passes: int | None = None,
    ) -> None:
        """Anneal until the budget ends, so many passes are done, or the incumbent is closed."""
        done = 0
        while not (budget.should_stop() or incumbent.closed or done == passes):
            if incumbent.best is None or budget.out_of_iterations(done):
                return
            rounds, number = divmod(self.passes, len(AWAY))
            away = AWAY[number]
            moves = min(MOST_EFFORT, effort * GROWTH ** min(rounds // 2, 30))
            best: Integers = incumbent.best.node
            start = best if rounds % 2 else np.where(self.ruled, best, self.home)
            node = self._tiers(budget, away, moves, start, WARM if rounds % 2 else 1.0)
            if node is not None:
                self.offer(node, incumbent, source)
            self.passes += 1
            done += 1

    def offer(self, node: Integers, incumbent: Incumbent, source: str) -> None:
        """Offer a placement, in which pods that are alike stay where one of them can."""
        plan = self.settled(node)
        if (self.ruled & (plan.node < 0)).any():
            plan = complete(self.instance, plan)
        report = check(self.instance, plan)
        if report.valid:
            incumbent.offer(plan, source, report.objective)

    def settled(self, node: Integers) -> Plan:
        """Let pods of a class change places, so that as many as possible are at home."""
        instance = self.instance
        runs = node >= 0
        count = cells(instance.kind[runs], node[runs])
        return plan_of(instance, expand(instance, count.items()))

    def _tiers(
        self, budget: Budget, away: float, moves: int, start: Integers, warmth: float
    ) -> Integers | None:
        """Make a placement from a start; `None` where the budget ends first."""
        instance = self.instance
        node = np.where(self.ruled, start, -1)
        pinned = instance.hold >= PINNED
        node[pinned] = instance.current[pinned]
        for tier in range(instance.tiers):
            if budget.should_stop():
                return None
            mine = self.tier == tier
            self._begin(node, mine, start)
            hot = max(HOT, away) * warmth
            self._anneal(budget, node, tier, away, hot, moves)
        return node

    def _begin(self, node: Integers, mine: Mask, start: Integers) -> None:
        """Put the pods of a tier where they start as far as there is room, those that are held
        first, then the small; and of those without a node, a few where they fit best."""
        instance = self.instance
        wished = np.flatnonzero(mine & (node < 0) & (start >= 0))
        free = self._free(node)
        left = free.copy()
        np.subtract.at(left, start[wished], self.demand[self.kind[wished]])
        roomy = np.asarray((left >= 0).all(axis=1))[start[wished]]
        easy, hard = wished[roomy], wished[~roomy]
        node[easy] = start[easy]
        np.subtract.at(free, start[easy], self.demand[self.kind[easy]])
        size = self.size[self.kind[hard]]
        order = np.lexsort((hard, size, instance.hold[hard] == FREE))
        for pod in hard[order].tolist():
            now, demand = int(start[pod]), self.demand[self.kind[pod]]
            if ((free[now] >= demand) | (demand == 0)).all():
                free[now] -= demand
                node[pod] = now
        rest = np.flatnonzero(mine & (node < 0) & ~self.ruled)
        if rest.size <= MOST_FILLED:
            room = Room(instance, plan_of(instance, node))
            room.fill(rest[np.lexsort((rest, self.size[self.kind[rest]]))])
            node[:] = room.node

    def _free(self, node: Integers) -> Integers:
        """Return what is left of each node."""
        free = self.capacity.copy()
        runs = node >= 0
        np.subtract.at(free, node[runs], self.demand[self.kind[runs]])
        return free

    def _anneal(
        self, budget: Budget, node: Integers, tier: int, away: float, hottest: float, moves: int
    ) -> None:
        instance = self.instance
        active = self.tier <= tier
        stays = (node == self.home) & (node >= 0)
        held = instance.hold != FREE
        locked = ~active | (instance.hold >= PINNED) | self.ruled
        if instance.order == "interleaved":
            locked |= (self.tier < tier) & stays
        elsewhere = (self.tier < tier) & (node >= 0) & (stays | held)
        mobile = np.where(held | elsewhere, self.kernels.MOBILE, self.kernels.OPTIONAL + self.tier)
        pods = np.flatnonzero(~locked)
        if not pods.size:
            return
        free = self._free(node)
        gone = pods[node[pods] < 0]
        lost = int(self.worth[self.kind[gone]].sum())
        left = int(((node[pods] != self.home[pods]) & (self.home[pods] >= 0)).sum())
        counts = np.array([lost, left, lost, left])
        best = node.copy()
        todo, ratio = moves * pods.size, COLD / HOT
        slices = max(1, -(-todo // SLICE))
        for step in range(slices):
            if budget.should_stop():
                break
            hot = hottest * ratio ** (step / slices)
            cold = hottest * ratio ** ((step + 1) / slices)
            wanted = -(-todo // slices)
            done = self.kernels.anneal(
                free, self.inverse, self.scarce, self.demand, self.worth, self.kind, node,
                self.home, mobile, self.barred, self.eligibility, pods, best, counts, self.heavy,
                away, hot, cold, wanted, self.state,
            )  # fmt: skip
            if done < wanted:
                break
        node[:] = best
