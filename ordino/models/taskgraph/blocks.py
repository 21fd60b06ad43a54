"""Cuts a task graph into blocks along its series-parallel structure.

Tasks that are comparable with all others (before or behind each of them) cut a connected graph into
parts in series; parts that no path joins are parallel. Where neither helps, the part is cut in
topological order. Every block is convex: no path leaves it and comes back.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ordino.models.taskgraph.problem import TaskGraph

__all__ = ["blocks"]


def blocks(graph: TaskGraph, size: int) -> list[list[int]]:
    """Return blocks of at most `size` tasks that cover the graph, in topological order of blocks in
    series. O(n^2 / 64) words of memory and time for reachability."""
    rank = np.argsort(graph.order).tolist()
    receivers: list[list[int]] = [[] for _ in range(graph.tasks)]
    senders: list[list[int]] = [[] for _ in range(graph.tasks)]
    for i, j in zip(graph.source.tolist(), graph.target.tolist(), strict=True):
        receivers[i].append(j)
        senders[j].append(i)
    found: list[list[int]] = []
    stack = [graph.order.tolist()]
    while stack:
        part = stack.pop()
        if len(part) <= size:
            found.append(part)
            continue
        parts = _parallel(part, receivers, senders)
        if len(parts) == 1:
            parts = _series(part, receivers)
        if len(parts) == 1:
            middle = len(part) // 2
            parts = [part[:middle], part[middle:]]
        stack += [sorted(each, key=rank.__getitem__) for each in reversed(_packed(parts, size))]
    return found


def _parallel(
    part: Sequence[int], receivers: list[list[int]], senders: list[list[int]]
) -> list[list[int]]:
    """Return the weakly connected components of a part."""
    inside = set(part)
    parts = []
    for task in part:
        if task not in inside:
            continue
        inside.discard(task)
        component = [task]
        for each in component:
            for other in (*receivers[each], *senders[each]):
                if other in inside:
                    inside.discard(other)
                    component.append(other)
        parts.append(component)
    return parts


def _series(part: Sequence[int], receivers: list[list[int]]) -> list[list[int]]:
    """Cut a part, in topological order, before and behind each task that all others lie before or
    behind."""
    place = {task: k for k, task in enumerate(part)}
    behind = [0] * len(part)
    ahead = [0] * len(part)
    for k in range(len(part) - 1, -1, -1):
        for other in receivers[part[k]]:
            if other in place:
                behind[k] |= behind[place[other]] | 1 << place[other]
    for k, task in enumerate(part):
        for other in receivers[task]:
            if other in place:
                ahead[place[other]] |= ahead[k] | 1 << k
    parts: list[list[int]] = [[]]
    for k, task in enumerate(part):
        if behind[k].bit_count() + ahead[k].bit_count() == len(part) - 1:
            parts += [[task], []]
        else:
            parts[-1].append(task)
    return [each for each in parts if each]


def _packed(parts: list[list[int]], size: int) -> list[list[int]]:
    """Join neighbouring parts as long as they fit into a block."""
    packed: list[list[int]] = [[]]
    for each in parts:
        if packed[-1] and len(packed[-1]) + len(each) > size:
            packed.append([])
        packed[-1] += each
    return packed
