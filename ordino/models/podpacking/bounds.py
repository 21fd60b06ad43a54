"""Lower bounds of the levels of a cluster's objective, from totals alone."""

from __future__ import annotations

import numpy as np

from ordino.core.arrays import Integers
from ordino.models.podpacking.problem import DAEMON, PINNED, Cluster

__all__ = ["pooled"]


def pooled(instance: Cluster) -> tuple[int, ...]:
    """Bound each level as if all nodes were one.

    Unplaced: pods of a tier and above, the smallest for their worth first, up to the capacity of
    all nodes, for each resource alone. Nodes in use: the largest for their cost first, until they
    hold what runs; and no more can be emptied than the cap on moves has pods for.
    O(pods log pods + nodes log nodes).
    """
    if instance.goal == "drain":
        return _drained(instance)
    unplaced = []
    for t in range(instance.tiers):
        pods = np.flatnonzero(instance.tier[instance.kind] <= t)
        unplaced.append(_lost(instance, instance.kind[pods]))
    nothing = [0] * instance.tiers
    if instance.order == "placements":
        return tuple(unplaced + nothing)
    return tuple(value for pair in zip(unplaced, nothing, strict=True) for value in pair)


def _lost(instance: Cluster, kind: Integers) -> int:
    """Bound what is not placed of some pods."""
    worth = instance.worth[kind]
    total = int(worth.sum())
    most = total
    used = np.zeros_like(instance.capacity)
    runs = instance.current >= 0
    np.add.at(used, instance.current[runs], instance.demand[instance.kind[runs]])
    room = np.maximum(instance.capacity, used).sum(axis=0)
    for r in range(len(instance.resources)):
        need = instance.demand[kind, r]
        if int(need.sum()) <= int(room[r]):
            continue
        order = np.argsort(need / np.maximum(worth, 1e-9), kind="stable")
        filled = np.cumsum(need[order])
        whole = int(np.searchsorted(filled, room[r], side="right"))
        part = int(worth[order[:whole]].sum())
        if whole < order.size:
            before = int(filled[whole - 1]) if whole else 0
            next_one = order[whole]
            part += int((int(room[r]) - before) * int(worth[next_one]) // int(need[next_one]))
        most = min(most, part)
    return total - most


def _drained(instance: Cluster) -> tuple[int, int]:
    """Bound the cost of nodes in use, and the moves that it takes to come down to it."""
    current = instance.current
    uses = (current >= 0) & (instance.hold != DAEMON)
    count = np.bincount(current[uses], minlength=instance.nodes)
    total = int(instance.cost.sum())
    pinned = np.zeros(instance.nodes, dtype=bool)
    pinned[current[uses & (instance.hold == PINNED)]] = True
    loose = np.flatnonzero(~pinned)
    saved = int(instance.cost[loose].sum())
    used = np.zeros_like(instance.capacity)
    np.add.at(used, current[uses], instance.demand[instance.kind[uses]])
    room = np.maximum(instance.capacity, used)
    weights = [(count[loose], instance.max_moves)] if instance.max_moves >= 0 else []
    weights += [
        (room[loose, r], int(room[:, r].sum() - used[:, r].sum()))
        for r in range(len(instance.resources))
    ]
    for weight, limit in weights:
        saved = min(saved, _most_saved(instance.cost[loose], weight, limit))
    paid = loose[instance.cost[loose] > 0]
    cost, pods = instance.cost[paid], count[paid]
    order = np.argsort(pods / cost, kind="stable")
    emptied = np.cumsum(cost[order])
    whole = int(np.searchsorted(emptied, saved, side="right"))
    moves = int(pods[order[:whole]].sum())
    if whole < order.size and (missing := saved - (int(emptied[whole - 1]) if whole else 0)) > 0:
        split = order[whole]
        moves += -(-missing * int(pods[split]) // int(cost[split]))
    return total - saved, moves


def _most_saved(cost: Integers, weight: Integers, limit: int) -> int:
    """Bound the cost of nodes whose weights add up to a limit at most (Dantzig 1957)."""
    order = np.argsort(weight / np.maximum(cost, 1e-9), kind="stable")
    filled = np.cumsum(weight[order])
    whole = int(np.searchsorted(filled, limit, side="right"))
    saved = int(cost[order[:whole]].sum())
    if whole < order.size:
        before = int(filled[whole - 1]) if whole else 0
        split = order[whole]
        saved += int((limit - before) * int(cost[split]) // int(weight[split]))
    return saved
