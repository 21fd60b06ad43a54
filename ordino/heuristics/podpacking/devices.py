"""Start for clusters whose pods share devices: large demands first, each where it leaves least.

What is wasted is what no pod can take: rests of devices, and devices without cpu or memory beside
them (fragments, Weng et al. 2023). So whole devices are handed out first, those for several from
the nodes with the fewest that are enough; shares follow by size, each on the device that it fills
best; then pods that take none, where devices are missed least.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ordino.core.arrays import Integers
from ordino.models.podpacking.problem import Cluster, Plan

__all__ = ["demand_beside", "device_fit", "fit", "takes"]


def takes(instance: Cluster) -> str | None:
    """Say why a cluster is not for this rule, or return `None`."""
    if not (instance.share.any() or instance.whole.any()):
        return "its pods take no devices"
    if (instance.current >= 0).any():
        return "some pods run already"
    if instance.separations or instance.affinities or instance.spreads:
        return "it has rules between pods"
    return None if instance.goal == "place" else f"its goal is to {instance.goal}"


def device_fit(instance: Cluster) -> Plan:
    """Place waiting pods by tier, then by what they take of devices. O(pods x devices)."""
    return fit(instance, 0)


def fit(instance: Cluster, least: int) -> Plan:
    """Place, as `device_fit`, those pods that take at least so many whole devices."""
    kind = instance.kind
    amount = instance.share + instance.whole * instance.device_size
    bulk = (instance.demand / np.maximum(instance.capacity.sum(axis=0), 1)).sum(axis=1)
    order = np.lexsort((kind, -bulk[kind], -amount[kind], instance.tier[kind]))
    filling = _Filling(instance)
    for pod in order[instance.whole[kind[order]] >= least].tolist():
        filling.place(pod)
    device = filling.device if instance.shares else np.empty(0, dtype=np.int64)
    return Plan(filling.node, device)


def demand_beside(instance: Cluster) -> npt.NDArray[np.float64]:
    """Return what pods that take devices ask of each other resource, a unit of device."""
    amount = (instance.share + instance.whole * instance.device_size)[instance.kind]
    takers = instance.kind[amount > 0]
    asked: npt.NDArray[np.float64] = instance.demand[takers].sum(axis=0) / max(1, int(amount.sum()))
    return asked


class _Filling:
    """What is left on nodes and devices."""

    def __init__(self, instance: Cluster) -> None:
        self.instance = instance
        self.free = instance.capacity.copy()
        most = max(1, int(instance.devices.max(initial=0)))
        there = np.arange(most)[None, :] < instance.devices[:, None]
        self.left = np.where(there, instance.device_size, 0)
        self.untouched = instance.devices.copy()
        self.untouched.flags.writeable = True
        self.node: Integers = np.full(instance.pods, -1)
        self.device: Integers = np.full(instance.pods, -1)
        self.full: set[int] = set()
        self.beside = demand_beside(instance) * instance.device_size

    def place(self, pod: int) -> None:
        """Place a pod where it leaves least, if there is room."""
        instance = self.instance
        c = int(instance.kind[pod])
        if c in self.full:
            return
        share, whole, demand = int(instance.share[c]), int(instance.whole[c]), instance.demand[c]
        fits = (instance.barred[instance.eligibility[c]] == 0) & (self.free >= demand).all(axis=1)
        if whole:
            fits &= self.untouched >= whole
        if share:
            fits &= (self.left >= share).any(axis=1)
        nodes = np.flatnonzero(fits)
        if not nodes.size:
            self.full.add(c)
            return
        rest = self._rest(nodes, share, whole)
        waste = self._waste(nodes, demand, share + whole * instance.device_size)
        j = int(nodes[np.lexsort((waste, rest))[0]])
        self.node[pod] = j
        self.free[j] -= demand
        if share:
            row = self.left[j]
            d = int(np.argmin(np.where(row >= share, row, instance.device_size + 1)))
            self.untouched[j] -= row[d] == instance.device_size
            row[d] -= share
            self.device[pod] = d
        elif whole:
            # devices of which no share is known are any: the last ones are taken
            self.untouched[j] -= whole
            empty = np.flatnonzero(self.left[j] == instance.device_size)[-whole:]
            self.left[j, empty] = 0

    def _rest(self, nodes: Integers, share: int, whole: int) -> npt.NDArray[np.float64]:
        """Return what is left of the device, or of the devices, that a pod goes to."""
        if share:
            row = self.left[nodes]
            size = self.instance.device_size
            return np.asarray(np.where(row >= share, row, size + 1).min(axis=1), np.float64)
        if whole:
            return np.asarray(self.untouched[nodes], np.float64)
        return np.asarray((self.left[nodes] > 0).sum(axis=1), np.float64)

    def _waste(self, nodes: Integers, demand: Integers, amount: int) -> npt.NDArray[np.float64]:
        """Return devices that the rest of a node's other resources can't serve, and how uneven
        that rest is."""
        size = self.instance.device_size
        devices = (self.left[nodes].sum(axis=1) - amount) / size
        rest = (self.free[nodes] - demand) / np.maximum(self.beside, 1e-9)
        short = np.maximum(0.0, devices[:, None] - rest).max(axis=1)
        over = np.abs(rest - devices[:, None]).max(axis=1)
        waste: npt.NDArray[np.float64] = short + 1e-3 * over
        return waste
