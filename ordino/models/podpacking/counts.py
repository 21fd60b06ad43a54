"""A cluster in counts: pods of one class that run on one node are alike, and are counted.

What a plan does to the pods of a class follows from how many of them each node holds: those that
run there now stay as far as the count goes, the others are moved, or evicted, or placed.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ordino.core.arrays import Integers
from ordino.models.podpacking.problem import FREE, Cluster, Plan

__all__ = ["Cell", "cells", "expand", "plan_of"]

MOST_STEPS = 20_000
"""Times that a choice of devices is taken back."""

Cell = tuple[int, int]
"""Class, node."""


def cells(kind: Integers, node: Integers) -> dict[Cell, int]:
    """Count pairs of class and node."""
    pairs, counts = np.unique(np.stack([kind, node], axis=1), axis=0, return_counts=True)
    return {(c, j): n for (c, j), n in zip(pairs.tolist(), counts.tolist(), strict=True)}


def expand(
    cluster: Cluster,
    held: Iterable[tuple[Cell, int]],
    start: Integers | None = None,
    running: dict[int, int] | None = None,
    evicted: dict[Cell, int] | None = None,
) -> Integers:
    """Return the node of each pod for given counts.

    Of each class as many pods stay as can, those that must first; then pods that run now are moved
    to what is left, then those that wait are placed.

    Args:
        cluster: The cluster.
        held: How many pods of a class a node holds, by cell; where there is a start, only the
            cells that change hands, and all pods that may.
        start: Nodes of pods that keep theirs, -2 for those that are to be given one.
        running: How many pods of a class that run now go on running, where not as many as can.
        evicted: Which nodes those come from that do not; from any unless given.
    """
    node = np.full(cluster.pods, -2) if start is None else start.copy()
    loose = np.flatnonzero(node == -2)
    node[loose] = -1
    by_class: dict[int, list[int]] = {}
    order = loose[np.lexsort((-cluster.hold[loose], cluster.current[loose] < 0))]
    for pod in order.tolist():
        by_class.setdefault(int(cluster.kind[pod]), []).append(pod)
    places: dict[int, dict[int, int]] = {}
    for (c, j), count in held:
        if count:
            places.setdefault(c, {})[j] = count
    for c, left in places.items():
        movers: list[int] = []
        waiting: list[int] = []
        stays = 0
        for pod in by_class.get(c, []):
            now = int(cluster.current[pod])
            if now >= 0 and left.get(now, 0) > 0:
                node[pod] = now
                left[now] -= 1
                stays += 1
            else:
                (movers if now >= 0 else waiting).append(pod)
        if evicted:
            movers = _movers(cluster, c, movers, evicted)
        if running is not None and c in running:
            movers = movers[: max(0, running[c] - stays)]
        queue = iter(movers + waiting)
        for j, count in left.items():
            for _ in range(count):
                node[next(queue)] = j
    return node


def _movers(cluster: Cluster, c: int, movers: list[int], evicted: dict[Cell, int]) -> list[int]:
    """Leave out those that are evicted from given nodes; pods that must go on running stay in."""
    goes = {j: count for (k, j), count in evicted.items() if k == c}
    kept = []
    for pod in reversed(movers):
        now = int(cluster.current[pod])
        if goes.get(now, 0) > 0 and cluster.hold[pod] == FREE:
            goes[now] -= 1
        else:
            kept.append(pod)
    return kept[::-1]


def plan_of(cluster: Cluster, node: Integers, device: Integers | None = None) -> Plan:
    """Make a plan. Where pods share devices and `device` is not given, those of each node are
    chosen: no cluster says which one a running pod has."""
    if not cluster.shares:
        return Plan(node)
    return Plan(node, _some_devices(cluster, node) if device is None else device)


def _some_devices(cluster: Cluster, node: Integers) -> Integers:
    """Find a device for each share, as far as that is found."""
    device = np.full(cluster.pods, -1)
    share = cluster.share[cluster.kind]
    by_node: dict[int, list[int]] = {}
    sharing = np.flatnonzero((node >= 0) & (share > 0))
    for pod in sharing[np.argsort(-share[sharing], kind="stable")].tolist():
        by_node.setdefault(int(node[pod]), []).append(pod)
    for j, pods in by_node.items():
        chosen = _packed(share[pods].tolist(), int(cluster.devices[j]), cluster.device_size)
        if chosen is not None:
            device[pods] = chosen
    return device


def _packed(shares: list[int], count: int, size: int) -> list[int] | None:
    """Return a device for each of some shares, the largest first: the first with room, or another
    one where that leads to no end; `None` where there is none, or none is found soon."""
    free = [size] * count
    chosen: list[int] = []
    d = steps = 0
    while len(chosen) < len(shares):
        share = shares[len(chosen)]
        while d < count and (free[d] < share or free[d] in free[:d]):
            d += 1
        if d < count:
            chosen.append(d)
            free[d] -= share
            d = 0
        elif chosen and steps < MOST_STEPS:
            d = chosen.pop()
            free[d] += shares[len(chosen)]
            d += 1
            steps += 1
        else:
            return None
    return chosen
