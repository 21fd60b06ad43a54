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

    O(n + m) without cycles; else O(m) for each time that a path turns back, O(n m) at worst.

    Args:
        first: Of each node.
        source: First node of each arc.
        target: Second node.
        step: Least distance.

    Raises:
        ValueError: There is a cycle of positive length.
    """
    order = topological_order(first.size, source, target)
    if order is not None:
        return _along(order, first, source, target, step)
    times, cycle = _settled(first, source, target, step)
    if cycle:
        raise ValueError("a cycle of positive length")
    return times


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

    O(m) for each time that a longest path turns back, O(n m) at worst.
    """
    if topological_order(count, source, target) is not None:
        return None
    return _settled(np.zeros(count, dtype=np.int64), source, target, step)[1] or None


def _settled(
    first: Integers, source: Integers, target: Integers, step: Integers
) -> tuple[Integers, list[int]]:
    """Move nodes behind the arcs to them, round by round, until none moves (Bellman, Ford).

    A round goes through the nodes in an order against which few arcs lead (Yen 1970). Whether the
    arcs that last moved each node form a cycle is looked at now and then, so that one of positive
    length is found long before n rounds.

    Returns:
        The times, and the arcs of such a cycle, in order; none if there is none.
    """
    tails, times = source.tolist(), first.tolist()
    outgoing: list[list[tuple[int, int, int]]] = [[] for _ in times]
    for arc, (i, j, length) in enumerate(zip(tails, target.tolist(), step.tolist(), strict=True)):
        outgoing[i].append((j, length, arc))
    order = _mostly_forward(outgoing)
    parent = [-1] * len(times)
    turn, look = 0, 1
    moved = True
    while moved:
        moved = False
        for i in order:
            now = times[i]
            for j, length, arc in outgoing[i]:
                if now + length > times[j]:
                    times[j], parent[j], moved = now + length, arc, True
        turn += 1
        if moved and (turn == look or turn > len(times)):
            look *= 2
            found = _parent_cycle(parent, tails)
            if found:
                return np.array(times, dtype=np.int64), found
    return np.array(times, dtype=np.int64), []


def _mostly_forward(outgoing: list[list[tuple[int, int, int]]]) -> list[int]:
    """Return the nodes in the reverse order in which a depth-first search leaves them."""
    left: list[int] = []
    seen = [False] * len(outgoing)
    for root in range(len(outgoing)):
        if seen[root]:
            continue
        seen[root] = True
        stack = [(root, iter(outgoing[root]))]
        while stack:
            node, arcs = stack[-1]
            following = next((j for j, _, _ in arcs if not seen[j]), None)
            if following is None:
                left.append(node)
                stack.pop()
            else:
                seen[following] = True
                stack.append((following, iter(outgoing[following])))
    return left[::-1]


def _parent_cycle(arcs: list[int], tails: list[int]) -> list[int]:
    """Follow the arcs that last moved each node back; return those of a cycle, in order."""
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
