"""Pods on nodes for CP-SAT: how many pods of a class each node holds.

x_cj pods of class c on node j take the place of a Boolean for each pod and node: identical pods are
not told apart. Of the s_cj that stay there are min(x_cj, pods of c that run on j now); r_c is how
many pods that run now go on running. All else is linear in these, and rules between pods are added
where there are some (`company`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ordino.core.objective import Value
from ordino.models.formulation import CpsatFormulation
from ordino.models.podpacking.company import keep_company
from ordino.models.podpacking.counts import Cell, cells, expand, plan_of
from ordino.models.podpacking.linear import Sum, Variables
from ordino.models.podpacking.part import Part
from ordino.models.podpacking.problem import DAEMON, Cluster, Plan

__all__ = ["MOST_CELLS", "Packing", "formulate", "takes"]

MOST_CELLS = 1_000_000
"""Classes x nodes."""


def takes(instance: Cluster, most: int = MOST_CELLS) -> str | None:
    """Say why an instance is too large for a model of so many cells, or return `None`."""
    found = instance.classes * instance.nodes
    devices = int((instance.share > 0).sum()) * int(instance.devices.sum())
    if found + devices > most:
        return f"{found + devices} pairs of class and node, beyond {most}"
    return None


def formulate(instance: Cluster, upper_bound: Value | None) -> CpsatFormulation:
    """Build the model of a whole cluster; `upper_bound` is not used."""
    return Packing(instance, Part.whole(instance)).formulation()


class Packing:
    """The model of a part of a cluster; what is not free is a constant.

    Args:
        instance: The cluster.
        part: What is free.
    """

    def __init__(self, instance: Cluster, part: Part) -> None:
        self.instance, self.part = instance, part
        self.variables = Variables()
        self.model = self.variables.model
        self.held: dict[Cell, Sum] = {}
        self.stays: dict[Cell, Sum] = {}
        self.on: dict[tuple[int, int, int], Sum] = {}
        self.placed: dict[int, Sum] = {}
        self.runs: dict[int, Sum] = {}
        self.leaves: dict[Cell, Sum] = {}
        self._cells()
        self._classes()
        self._room()
        self._devices()
        self._limits()
        if not instance.preempts.all():
            self._preemption()
        keep_company(self)

    # Variables

    def _cells(self) -> None:
        """Make x and s."""
        instance, part = self.instance, self.part
        for c in part.classes:
            demand = instance.demand[c]
            needs = demand > 0
            room = instance.capacity[part.nodes][:, needs] // demand[needs]
            most = np.minimum(room.min(axis=1, initial=int(part.total[c])), part.total[c])
            barred = instance.barred[instance.eligibility[c]][part.nodes] > 0
            devices = instance.devices[part.nodes]
            if instance.share[c]:
                most = np.minimum(most, devices * (instance.device_size // instance.share[c]))
            if instance.whole[c]:
                most = np.minimum(most, devices // instance.whole[c])
            most = np.where(barred, 0, most)
            for j, arrivals in zip(part.nodes, most.tolist(), strict=True):
                now, pinned = part.now.get((c, j), 0), part.pinned.get((c, j), 0)
                limit = max(arrivals, now)
                if not limit:
                    continue
                x = self.variables.integer(pinned, limit)
                self.held[c, j] = x
                if now >= limit:
                    self.stays[c, j] = x
                elif now:
                    self.stays[c, j] = self._least(x, pinned, now)

    def _least(self, x: Sum, low: int, now: int) -> Sum:
        """Make a variable of at most x and `now`."""
        stays = self.variables.integer(low, now, x.at_most(now))
        self.model.add(stays.expression() <= x.expression())
        return stays

    def _classes(self) -> None:
        """Make the pods of each class that are placed, and of those that run now."""
        part = self.part
        for c in part.classes:
            mine = [self.held[c, j] for j in part.nodes if (c, j) in self.held]
            total, running, held = int(part.total[c]), int(part.running[c]), int(part.held[c])
            placed = Sum.of(mine)
            self.placed[c] = placed
            self.model.add(placed.expression() <= total)
            if not running:
                self.runs[c] = Sum([], 0)
                continue
            if running == total:
                self.runs[c] = placed
                self.model.add(placed.expression() >= held)
                continue
            stays = self.staying(c)
            waiting = total - running
            runs = self.variables.integer(held, running, placed.at_most(running))
            self.model.add(runs.expression() <= placed.expression())
            self.model.add(runs.expression() >= stays.expression())
            self.model.add(runs.expression() >= (placed.plus(-waiting)).expression())
            self.runs[c] = runs

    def staying(self, c: int) -> Sum:
        """Pods of a class that stay."""
        return Sum.of([self.stays[c, j] for j in self.part.nodes if (c, j) in self.stays])

    def arriving(self, c: int, j: int) -> Sum:
        """Pods of a class that arrive on a free node."""
        if (c, j) not in self.held:
            return Sum([], 0)
        x = self.held[c, j]
        if (c, j) not in self.stays:
            return x
        stays = self.stays[c, j]
        return Sum([], 0) if stays is x else Sum.of([x, stays.times(-1)])

    # Constraints

    def _room(self) -> None:
        instance, part = self.instance, self.part
        by_node: dict[int, list[int]] = {j: [] for j in part.nodes}
        for c, j in self.held:
            by_node[j].append(c)
        for j, classes in by_node.items():
            for r in range(len(instance.resources)):
                needs = {c: int(instance.demand[c, r]) for c in classes if instance.demand[c, r]}
                capacity = int(instance.capacity[j, r])
                used = Sum.of([self.held[c, j].times(n) for c, n in needs.items()])
                now = sum(n * part.now.get((c, j), 0) for c, n in needs.items())
                if now <= capacity:
                    if used.most() > capacity:
                        self.model.add(used.expression() <= capacity)
                    continue
                arrivals = Sum.of([self.arriving(c, j) for c in needs])
                some = self.variables.positive(arrivals)
                if some is not None:
                    self.model.add(used.expression() <= capacity).only_enforce_if(some)

    def _devices(self) -> None:
        """Split what a node holds of a class that shares devices among these."""
        instance, part = self.instance, self.part
        for j in part.nodes:
            here = [c for c in part.classes if (c, j) in self.held]
            sharing = [c for c in here if instance.share[c]]
            taken = [
                self.held[c, j].times(int(instance.whole[c])) for c in here if instance.whole[c]
            ]
            if not (sharing or taken):
                continue
            count = int(instance.devices[j])
            for c in sharing:
                most = instance.device_size // int(instance.share[c])
                for d in range(count):
                    self.on[c, j, d] = self.variables.integer(0, min(most, int(part.total[c])))
                split = Sum.of([self.on[c, j, d] for d in range(count)])
                self.model.add(split.expression() == self.held[c, j].expression())
            for d in range(count if sharing else 0):
                loads = [self.on[c, j, d].times(int(instance.share[c])) for c in sharing]
                load = Sum.of(loads)
                used = self.variables.integer(0, 1, load.some())
                self.model.add(load.expression() <= instance.device_size * used.expression())
                taken.append(used)
            now = sum(int(instance.whole[c]) * part.now.get((c, j), 0) for c in here)
            if now <= count:
                self.model.add(Sum.of(taken).expression() <= count)
                continue
            takers = [c for c in here if instance.whole[c] or instance.share[c]]
            some = self.variables.positive(Sum.of(self.arriving(c, j) for c in takers))
            if some is not None:
                self.model.add(Sum.of(taken).expression() <= count).only_enforce_if(some)

    def _limits(self) -> None:
        """Keep the disruption budgets, the cap on moves, and when draining all pods running."""
        instance, part = self.instance, self.part
        outside = ~part.loose & (instance.current >= 0) & (part.node != instance.current)
        fixed = np.bincount(instance.kind[outside], minlength=instance.classes)
        for budget in instance.budgets:
            inside = [self.disrupted(c) for c in budget.members if part.running[c]]
            done = int(fixed[list(budget.members)].sum())
            if inside:
                self.model.add(Sum.of(inside).expression() <= budget.allowed - done)
        if instance.max_moves >= 0:
            moves = Sum.of([self.disrupted(c) for c in part.classes if part.running[c]])
            self.model.add(moves.expression() <= instance.max_moves - int(fixed.sum()))
        if instance.goal == "drain":
            for c in part.classes:
                self.model.add(self.runs[c].expression() == int(part.running[c]))

    def disrupted(self, c: int) -> Sum:
        """Running pods of a class that do not stay."""
        return self.staying(c).times(-1).plus(int(self.part.running[c]))

    def _preemption(self) -> None:
        """Let pods that may not preempt arrive on no node that a lower one is evicted from."""
        instance, part = self.instance, self.part
        meek = [c for c in part.classes if not instance.preempts[c]]
        for c in part.classes:
            mine = [(j, part.now[c, j]) for j in part.nodes if (c, j) in part.now]
            for j, now in mine:
                leaves = self.variables.integer(0, now - part.pinned.get((c, j), 0))
                self.leaves[c, j] = leaves
                self.model.add(leaves.expression() + self.stays[c, j].expression() <= now)
            if part.running[c]:
                gone = Sum.of([self.leaves[c, j] for j, _ in mine])
                elsewhere = int(part.running[c]) - sum(now for _, now in mine)
                evicted = self.runs[c].times(-1).plus(int(part.running[c]))
                self.model.add(gone.expression() <= evicted.expression())
                self.model.add(gone.expression() + elsewhere >= evicted.expression())
        outside = ~part.loose & (part.node < 0) & (instance.current >= 0)
        for j in part.nodes:
            lost = instance.tier[instance.kind[outside & (instance.current == j)]]
            for tier in sorted({int(instance.tier[c]) for c in meek}):
                arrivals = Sum.of([self.arriving(c, j) for c in meek if instance.tier[c] == tier])
                some = self.variables.positive(arrivals)
                lower = [
                    self.leaves[c, j]
                    for c in part.classes
                    if instance.tier[c] > tier and (c, j) in self.leaves
                ]
                if some is None:
                    continue
                if (lost > tier).any():
                    self.model.add(arrivals.expression() == 0)
                elif lower:
                    self.model.add(Sum.of(lower).expression() == 0).only_enforce_if(some)

    # Objective

    def levels(self) -> list[Sum]:
        """Return the levels of the objective, those of pods that are not free included."""
        instance, part = self.instance, self.part
        if instance.goal == "drain":
            return self._drained()
        tier = instance.tier[instance.kind]
        fixed = ~part.loose
        runs = instance.current >= 0
        lost, disruption = [], []
        for t in range(instance.tiers):
            mine = [c for c in part.classes if instance.tier[c] <= t]
            above = fixed & (tier <= t)
            missing = int(instance.worth[instance.kind[above & (part.node < 0)]].sum())
            parts = [
                self.placed[c].times(-1).plus(int(part.total[c])).times(int(instance.worth[c]))
                for c in mine
            ]
            lost.append(Sum.of(parts).plus(missing))
            away = above & runs & (part.node != instance.current)
            evictions = int((away & (part.node < 0)).sum())
            moves = int(away.sum()) - evictions
            done = evictions * instance.eviction_weight + moves * instance.move_weight
            parts = [self._disruption(c) for c in mine if part.running[c]]
            disruption.append(Sum.of(parts).plus(done))
        if instance.order == "placements":
            return lost + disruption
        return [level for pair in zip(lost, disruption, strict=True) for level in pair]

    def _disruption(self, c: int) -> Sum:
        instance = self.instance
        runs, running = self.runs[c], int(self.part.running[c])
        moved = Sum.of([runs, self.staying(c).times(-1)]).times(instance.move_weight)
        evicted = runs.times(-1).plus(running).times(instance.eviction_weight)
        return Sum.of([moved, evicted])

    def _drained(self) -> list[Sum]:
        """Return the cost of free nodes in use and of the others, and the moves."""
        instance, part = self.instance, self.part
        daemons = cells(
            instance.kind[instance.hold == DAEMON], instance.current[instance.hold == DAEMON]
        )
        cost = []
        for j in part.nodes:
            used = self.variables.integer(0, 1)
            pods = []
            for c in part.classes:
                if (c, j) in self.held:
                    own = self.held[c, j].plus(-daemons.get((c, j), 0))
                    pods.append(own)
                    most = own.most()
                    self.model.add(own.expression() <= most * used.expression())
            if pods:
                self.variables.derive(used, Sum.of(pods).some())
            cost.append(used.times(int(instance.cost[j])))
        others = ~part.loose & (part.node >= 0) & (instance.hold != DAEMON)
        fixed = int(instance.cost[np.unique(part.node[others])].sum())
        away = ~part.loose & (instance.current >= 0) & (part.node != instance.current)
        moves = [self.disrupted(c) for c in part.classes if part.running[c]]
        return [Sum.of(cost).plus(fixed), Sum.of(moves).plus(int(away.sum()))]

    # To solutions and back

    def formulation(self) -> CpsatFormulation:
        """Return the model with its levels, hint and reader."""
        return CpsatFormulation(
            model=self.model,
            levels=tuple(level.expression() for level in self.levels()),
            hint=self.hint,
            read=self.read,
        )

    def hint(self, solution: Plan) -> Iterable[tuple[Any, int]]:
        """Return the value of every variable in a plan that differs in what is free alone."""
        instance, part = self.instance, self.part
        loose = part.loose & (solution.node >= 0)
        count = cells(instance.kind[loose], solution.node[loose])
        values: dict[int, int] = {}
        for cell, x in self.held.items():
            x.put(values, count.get(cell, 0))
        if self.on:
            self._hint_devices(solution, values)
        return self.variables.complete(values)

    def _hint_devices(self, solution: Plan, values: dict[int, int]) -> None:
        instance = self.instance
        sharing = (instance.share[instance.kind] > 0) & (solution.node >= 0)
        found: dict[tuple[int, int, int], int] = {}
        for pod in np.flatnonzero(sharing & self.part.loose).tolist():
            key = (int(instance.kind[pod]), int(solution.node[pod]), int(solution.device[pod]))
            found[key] = found.get(key, 0) + 1
        for key, each in self.on.items():
            each.put(values, found.get(key, 0))

    def read(self, values: Sequence[int]) -> Plan:
        """Make a plan of the values of all variables."""
        instance, part = self.instance, self.part
        held = [(cell, x.value(values)) for cell, x in self.held.items()]
        start = np.where(part.loose, -2, part.node)
        running = evicted = None
        if self.leaves or instance.eviction_weight < instance.move_weight:
            running = {c: runs.value(values) for c, runs in self.runs.items()}
            evicted = {cell: each.value(values) for cell, each in self.leaves.items()}
        node = expand(instance, held, start, running, evicted)
        if not instance.shares:
            return plan_of(instance, node)
        return plan_of(instance, node, self._read_devices(node, values))

    def _read_devices(self, node: Any, values: Sequence[int]) -> Any:
        instance = self.instance
        device = np.full(instance.pods, -1)
        queues: dict[Cell, list[int]] = {}
        for (c, j, d), each in self.on.items():
            queues.setdefault((c, j), []).extend([d] * each.value(values))
        sharing = (instance.share[instance.kind] > 0) & (node >= 0)
        for pod in np.flatnonzero(sharing & self.part.loose).tolist():
            device[pod] = queues[int(instance.kind[pod]), int(node[pod])].pop()
        return device
