"""Emptying nodes: which of them, and where their pods go.

The rule takes nodes in turn, the fewest pods first, and keeps those whose pods all fit elsewhere.
The search asks for one more node, or another one, and lets annealing find room for what runs there.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np

from ordino.core.arrays import Integers
from ordino.core.budget import Budget
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.heuristics.podpacking.annealing import COLD, HOT, Annealing
from ordino.heuristics.podpacking.room import Room
from ordino.heuristics.podpacking.rules import keep
from ordino.models.podpacking.check import check
from ordino.models.podpacking.problem import DAEMON, FREE, PINNED, Cluster, Plan

__all__ = ["Draining", "empty_greedily", "greedy_drain", "takes_drain"]

RULE = "greedy-drain"
AWAY = (0.01, 0.1, 0.03, 0.3)
FIRST_EFFORT, MOST_EFFORT = 200, 3_200
"""Moves a pod for one more node."""
SWAP_SHARE = 0.5
"""Of the attempts, that give another node back."""


def takes_drain(instance: Cluster) -> str | None:
    """Say why a cluster is not to be drained, or return `None`."""
    return None if instance.goal == "drain" else f"its goal is to {instance.goal}"


def greedy_drain() -> Solver:
    """Return a solver that empties nodes one after another."""

    def solve(instance: Cluster, incumbent: Incumbent, budget: Budget) -> None:
        empty_greedily(instance, incumbent, budget, RULE)

    return solve


def empty_greedily(instance: Cluster, incumbent: Incumbent, budget: Budget, source: str) -> None:
    """Empty nodes one after another, those with the fewest pods for their cost first, where all
    their pods fit on others that are in use. O(pods x nodes)."""
    plan = keep(instance)
    incumbent.offer(plan, source)
    moved = 0
    counts = movable(instance)
    order = np.lexsort((counts, counts / np.maximum(instance.cost, 1)))
    for j in order.tolist():
        if budget.should_stop():
            return
        pods = np.flatnonzero((plan.node == j) & (instance.hold != DAEMON))
        if not pods.size or (instance.hold[pods] >= PINNED).any():
            continue
        if 0 <= instance.max_moves < moved + pods.size:
            continue
        emptied = _emptied(instance, plan, j, pods)
        if emptied is None:
            continue
        report = check(instance, emptied)  # who stayed may have lost company or its budget
        if report.valid:
            plan = emptied
            incumbent.offer(plan, source, report.objective)
            moved = int(((plan.node != instance.current) & (instance.current >= 0)).sum())


def movable(instance: Cluster) -> Integers:
    """Return how many pods use each node now."""
    uses = (instance.current >= 0) & (instance.hold != DAEMON)
    return np.bincount(instance.current[uses], minlength=instance.nodes)


def _emptied(instance: Cluster, plan: Plan, j: int, pods: Integers) -> Plan | None:
    """Move the pods of a node to others in use; `None` where they do not fit."""
    node = plan.node.copy()
    node.flags.writeable = True
    node[pods] = -1
    room = Room(instance, Plan(node, plan.device))
    used = np.zeros(instance.nodes, dtype=bool)
    used[node[(node >= 0) & (instance.hold != DAEMON)]] = True
    used[j] = False
    size = (instance.demand / np.maximum(instance.capacity.mean(axis=0), 1)).sum(axis=1)
    for pod in pods[np.argsort(-size[instance.kind[pods]], kind="stable")].tolist():
        c = int(instance.kind[pod])
        nodes = np.flatnonzero(room.fits(c) & used)
        if not nodes.size:
            return None
        left = (room.free[nodes] / np.maximum(instance.capacity[nodes], 1)).sum(axis=1)
        room.put(pod, int(nodes[np.argmin(left)]))
    return room.plan()


class Draining(Annealing):
    """Empties nodes by annealing.

    Args:
        instance: The cluster, without devices; pods in rules between pods stay.
        kernels: The compiled ones.
        seed: Of the random choices.
    """

    def __init__(self, instance: Cluster, kernels: ModuleType, seed: int) -> None:
        super().__init__(instance, kernels, seed)
        self.random = np.random.default_rng(seed)
        self.effort = FIRST_EFFORT
        self.counts = movable(instance)
        fixed = ((instance.hold == PINNED) | self.ruled) & (instance.current >= 0)
        self.fixed = np.zeros(instance.nodes, dtype=bool)
        self.fixed[instance.current[fixed]] = True

    def drain(self, incumbent: Incumbent, budget: Budget, source: str) -> None:
        """Ask for more nodes, or for others, until the budget ends or the incumbent is closed.

        An iteration is an attempt.
        """
        done = idle = 0
        while not (budget.should_stop() or incumbent.closed or budget.out_of_iterations(done)):
            version = incumbent.version
            self._attempt(incumbent, budget, source, AWAY[done % len(AWAY)])
            done += 1
            idle = 0 if incumbent.changed_since(version) else idle + 1
            if idle > self.instance.nodes:
                self.effort, idle = min(MOST_EFFORT, 2 * self.effort), 0

    def _attempt(self, incumbent: Incumbent, budget: Budget, source: str, away: float) -> None:
        instance, plan = self.instance, incumbent.best
        used = np.zeros(instance.nodes, dtype=bool)
        used[plan.node[(plan.node >= 0) & (instance.hold != DAEMON)]] = True
        candidates = np.flatnonzero(used & ~self.fixed)
        emptied = np.flatnonzero(~used)
        if not candidates.size:
            return
        weight = instance.cost[candidates] / (1.0 + self.counts[candidates]) + 1e-9
        more = self.random.choice(candidates, p=weight / weight.sum())
        closed = [*emptied.tolist(), int(more)]
        if emptied.size and self.random.random() < SWAP_SHARE:
            closed.remove(int(self.random.choice(emptied)))
            if self.random.random() < SWAP_SHARE:  # two for one
                rest = candidates[candidates != more]
                if rest.size:
                    closed.append(int(self.random.choice(rest)))
        node = self._emptied(plan, closed, away, budget)
        if node is None:
            return
        settled = self.settled(node)
        report = check(instance, settled)
        if report.valid:
            incumbent.offer(settled, source, report.objective)

    def _emptied(
        self, plan: Plan, closed: list[int], away: float, budget: Budget
    ) -> Integers | None:
        """Find room elsewhere for what runs on some nodes; `None` where none is found."""
        instance = self.instance
        barred = self.barred.copy()
        barred[:, closed] = 1
        gone = np.zeros(instance.nodes + 1, dtype=bool)
        gone[closed] = True
        free_pods = (instance.hold < PINNED) & (instance.current >= 0) & ~self.ruled
        node = plan.node.copy()
        node.flags.writeable = True
        node[free_pods & gone[node]] = -1
        home = np.where(gone[self.home] & free_pods, -1, self.home)
        pods = np.flatnonzero(free_pods)
        mobile = np.full(instance.pods, self.kernels.OPTIONAL)
        free = self._free(node)
        lost = int((node[pods] < 0).sum())
        left = int(((node[pods] != home[pods]) & (home[pods] >= 0)).sum())
        counts = np.array([lost, left, lost, left])
        best = node.copy()
        worth = np.ones_like(self.worth)
        hot = max(HOT, away)
        if budget.should_stop():
            return None
        self.kernels.anneal(
            free, self.inverse, self.scarce, self.demand, worth, self.kind, node, home, mobile,
            barred, self.eligibility, pods, best, counts, 1.0, away, hot, hot * COLD / HOT,
            min(self.effort * pods.size, 4_000_000), self.state,
        )  # fmt: skip
        if counts[2] or not (instance.hold[best < 0] == FREE).all():
            return None
        return best
