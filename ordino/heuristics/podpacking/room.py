"""A plan in the making: what is left on each node, and where a pod may go next."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ordino.core.arrays import Integers
from ordino.models.podpacking.problem import Cluster, Plan
from ordino.models.podpacking.rules import Affinity, Separation, Spread

__all__ = ["Mask", "Room"]

Mask = npt.NDArray[np.bool_]


class Room:
    """Free amounts of each node under a plan that pods can be added to.

    Adding a pod where `fits` says so keeps a feasible plan feasible.

    Args:
        cluster: The cluster.
        plan: What runs where to begin with; a feasible plan.
    """

    def __init__(self, cluster: Cluster, plan: Plan) -> None:
        self.cluster = cluster
        self.node = plan.node.copy()
        self.node.flags.writeable = True
        self.device = plan.device.copy() if cluster.shares else np.empty(0, dtype=np.int64)
        if cluster.shares and not plan.device.size:
            self.device = np.full(cluster.pods, -1)
        self.device.flags.writeable = True
        runs = self.node >= 0
        self.free = cluster.capacity.copy()
        np.subtract.at(self.free, self.node[runs], cluster.demand[cluster.kind[runs]])
        self._lowest = np.full(cluster.nodes, -1, dtype=np.int64)
        evicted = (cluster.current >= 0) & ~runs
        tiers = cluster.tier[cluster.kind[evicted]]
        np.maximum.at(self._lowest, cluster.current[evicted], tiers)
        self._loads: npt.NDArray[np.int64] | None = None
        if cluster.shares or cluster.whole.any():
            self._count_devices()
        self._rules = [_Company(self, rule) for rule in cluster.separations]
        self._rules += [_Company(self, rule) for rule in cluster.affinities]
        self._rules += [_Company(self, rule) for rule in cluster.spreads]
        self._by_class: dict[int, list[_Company]] = {}
        for company in self._rules:
            for c in set(company.rule.owners) | set(company.rule.targets):
                self._by_class.setdefault(c, []).append(company)

    def _count_devices(self) -> None:
        cluster = self.cluster
        most = int(cluster.devices.max(initial=0))
        self._loads = np.zeros((cluster.nodes, most), dtype=np.int64)
        self._loads[np.arange(most)[None, :] >= cluster.devices[:, None]] = cluster.device_size
        self._whole = np.zeros(cluster.nodes, dtype=np.int64)
        for pod in np.flatnonzero(self.node >= 0).tolist():
            c, j = int(cluster.kind[pod]), int(self.node[pod])
            if cluster.share[c]:
                self._loads[j, self.device[pod]] += cluster.share[c]
            self._whole[j] += cluster.whole[c]

    def fits(self, c: int) -> Mask:
        """Tell for each node whether a pod of a class may arrive there now."""
        cluster = self.cluster
        mask: Mask = cluster.barred[cluster.eligibility[c]] == 0
        demand = cluster.demand[c]
        for r in np.flatnonzero(demand).tolist():
            mask &= self.free[:, r] >= demand[r]
        if self._loads is not None and (cluster.share[c] or cluster.whole[c]):
            mask &= self.fits_devices(c)
        if not cluster.preempts[c]:
            mask &= self._lowest <= cluster.tier[c]
        for company in self._by_class.get(c, ()):
            mask &= company.welcomes(c)
        return mask

    def fits_devices(self, c: int) -> Mask:
        """Tell for each node whether its devices suffice for a pod of a class that takes some."""
        assert self._loads is not None
        cluster = self.cluster
        untouched = (self._loads == 0).sum(axis=1) - self._whole
        if cluster.whole[c]:
            return np.asarray(untouched >= cluster.whole[c])
        begun = (self._loads > 0) & (self._loads + cluster.share[c] <= cluster.device_size)
        return np.asarray(begun.any(axis=1) | (untouched > 0))

    def put(self, pod: int, j: int) -> None:
        """Place a pod that runs nowhere, where `fits` allows it or where it runs now."""
        cluster = self.cluster
        c = int(cluster.kind[pod])
        self.node[pod] = j
        self.free[j] -= cluster.demand[c]
        if self._loads is not None:
            self._whole[j] += cluster.whole[c]
            if cluster.share[c]:
                loads = self._loads[j]
                fits = loads + cluster.share[c] <= cluster.device_size
                device = int(np.argmax(np.where(fits, loads, -1)))
                self.device[pod] = device
                loads[device] += cluster.share[c]
        for company in self._by_class.get(c, ()):
            company.add(c, j, arrives=j != cluster.current[pod])

    def fill(self, pods: Integers, *, tight: bool = True) -> None:
        """Place pods in the order given: where they run now if that is possible, else where the
        least is left, evenly over the resources, or on the first node with room."""
        cluster = self.cluster
        full: set[int] = set()
        part = 1 / np.maximum(cluster.capacity.mean(axis=0), 1)
        monotone = not (cluster.affinities or cluster.spreads)
        for pod in pods.tolist():
            c = int(cluster.kind[pod])
            if c in full:
                continue
            fits = self.fits(c)
            nodes = np.flatnonzero(fits)
            if not nodes.size:
                if monotone:
                    full.add(c)
                continue
            now = int(cluster.current[pod])
            if now >= 0 and fits[now]:
                self.put(pod, now)
            elif tight:
                left = (self.free[nodes] - cluster.demand[c]) * part
                uneven = np.ptp(left[:, :2], axis=1)
                self.put(pod, int(nodes[np.argmin(left.sum(axis=1) + uneven)]))
            else:
                self.put(pod, int(nodes[0]))

    def plan(self) -> Plan:
        """Return the plan so far."""
        return Plan(self.node.copy(), self.device.copy())


class _Company:
    """Pods that a rule looks at, counted by domain."""

    def __init__(self, room: Room, rule: Separation | Affinity | Spread) -> None:
        cluster = room.cluster
        self.rule = rule
        self.topology = cluster.topologies[rule.topology]
        self.domain = self.topology.domain
        count = self.topology.domains + 1
        self.owner, self.target = (
            np.isin(np.arange(cluster.classes), list(classes))
            for classes in (rule.owners, rule.targets)
        )
        self.owners, self.targets, self.arrived = (
            np.zeros(count, dtype=np.int64) for _ in range(3)
        )
        runs = np.flatnonzero(room.node >= 0)
        kind, node = cluster.kind[runs], room.node[runs]
        place = self.domain[node]
        owner, target = self.owner[kind], self.target[kind]
        np.add.at(self.owners, place[owner], 1)
        np.add.at(self.targets, place[target], 1)
        arrived = owner & (cluster.current[runs] != node)
        np.add.at(self.arrived, place[arrived], 1)

    def add(self, c: int, j: int, *, arrives: bool) -> None:
        """Count a pod that was placed."""
        place = self.domain[j]
        self.owners[place] += self.owner[c]
        self.targets[place] += self.target[c]
        self.arrived[place] += self.owner[c] and arrives

    def welcomes(self, c: int) -> Mask:
        """Tell for each node whether a pod of a class may arrive as far as this rule goes."""
        if isinstance(self.rule, Separation):
            good = np.ones(self.owners.size, dtype=bool)
            if self.owner[c]:
                good &= self.targets == 0
            if self.target[c]:
                good &= self.owners == 0
            good[-1] = True
        elif isinstance(self.rule, Affinity):
            good = self._joins(c)
        else:
            good = self._spreads(c, self.rule)
        return np.asarray(good[self.domain])

    def _joins(self, c: int) -> Mask:
        """An owner goes where targets are; a lone first one draws all further targets to it."""
        everywhere = int(self.targets.sum())
        good = np.ones(self.owners.size, dtype=bool)
        if self.owner[c]:
            first = bool(self.target[c]) and everywhere == 0
            good = np.full(self.owners.size, True) if first else self.targets > 0
            good[-1] = False
        elif self.target[c] and everywhere == 1 and self.arrived.any():
            good = self.targets > 0
        return good

    def _spreads(self, c: int, rule: Spread) -> Mask:
        counting = list(rule.domains)
        few = len(counting) < rule.min_domains or not counting
        least = 0 if few else int(self.targets[counting].min())
        good = np.asarray(self.targets + self.target[c] - least <= rule.max_skew)
        if not self.owner[c]:
            good |= self.arrived == 0
        elif counting:
            good[-1] = False
        if self.owner[c]:
            good[-1] = False
        return good
