"""Longest paths in a network of activities and least distances between their starts."""

from __future__ import annotations

import numpy as np

from ordino.core.arrays import Integers

__all__ = ["longest_paths", "positive_cycle", "topological_order"]


def topological_order(count: int, source: Integers, target: Integers) -> list[int] | None:
    """Return the nodes so that every arc points forward, or `None`: there is a cycle. O(n + m)."""
    following: list[list[int]] = [[] for _ in range(count)]
    waiting = np.bincount(target, minlength=count).tolist()
    for i, j in zip(source.tolist(), target.tolist(), strict=True):
        following[i].append(j)
    order = [node for node in range(count) if not waiting[node]]
    for node in order:
        for other in following[node]:
            waiting[other] -= 1
            if not waiting[other]:
                order.append(other)
    return order if len(order) == count else None


def longest_paths(first: Integers, source: Integers, target: Integers, step: Integers) -> Integers:
    """Return the least times t with t_j >= first_j and t_j >= t_i + step for every arc (i, j).

    O(n + m) without cycles; else by Bellman and Ford, O(n m) at worst.

    Args:
        first: Of each node.
        source: First node of each arc.
        target: Second node.
        step: Least distance.

    Raises:
        ValueError: There is a cycle of positive length.
    """
    count = first.size
    order = topological_order(count, source, target)
    if order is not None:
        return _along(order, first, source, target, step)
    times = first.copy()
    for _ in range(count + 1):
        reached = times[source] + step
        if (reached <= times[target]).all():
            return times
        np.maximum.at(times, target, reached)
    raise ValueError("a cycle of positive length")


def _along(
    order: list[int], first: Integers, source: Integers, target: Integers, step: Integers
) -> Integers:
    outgoing: list[list[tuple[int, int]]] = [[] for _ in order]
    for i, j, distance in zip(source.tolist(), target.tolist(), step.tolist(), strict=True):
        outgoing[i].append((j, distance))
    times = first.tolist()
    for node in order:
        now = times[node]
        for other, distance in outgoing[node]:
            times[other] = max(times[other], now + distance)
    return np.array(times, dtype=np.int64)


def positive_cycle(
    count: int, source: Integers, target: Integers, step: Integers
) -> list[int] | None:
    """Return the arcs of a cycle of positive length, in order, or `None` if there is none.

    Bellman and Ford from all nodes at once; whether the arcs that last moved each node form a
    cycle is looked at now and then, so that one is found long before n rounds. O(n m) at worst.
    """
    if topological_order(count, source, target) is not None:
        return None
    times: Integers = np.zeros(count, dtype=np.int64)
    parent = np.full(count, -1, dtype=np.int64)
    look = 1
    for turn in range(1, count + 2):
        reached = times[source] + step
        better = np.flatnonzero(reached > times[target])
        if not better.size:
            return None
        order = better[np.argsort(reached[better], kind="stable")]
        parent[target[order]] = order
        times[target[order]] = reached[order]
        if turn == look or turn > count:
            look *= 2
            found = _parent_cycle(parent, source)
            if found:
                return found
    return None


def _parent_cycle(parent: Integers, source: Integers) -> list[int]:
    """Follow the arcs that last moved each node back; return those of a cycle, in order."""
    arcs, tails = parent.tolist(), source.tolist()
    seen = [0] * len(arcs)
    for start in range(len(arcs)):
        node, walk = start, start + 1
        while arcs[node] >= 0 and not seen[node]:
            seen[node] = walk
            node = tails[arcs[node]]
        if seen[node] == walk and arcs[node] >= 0:
            cycle, at = [arcs[node]], tails[arcs[node]]
            while at != node:
                cycle.append(arcs[at])
                at = tails[arcs[at]]
            return cycle[::-1]
    return []
