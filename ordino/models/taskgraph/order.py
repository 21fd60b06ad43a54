"""Order of tasks along the edges, and what is wrong with edges that allow none."""

from __future__ import annotations

import heapq
from collections.abc import Callable

import numpy as np

from ordino.core.arrays import Integers, Reals
from ordino.core.errors import InstanceError

__all__ = ["adjacency", "by_priority", "depths", "require_sound_edges", "topological_order"]

LONGEST_CYCLE_SHOWN = 12


def adjacency(ends: Integers, tasks: int) -> tuple[Integers, Integers]:
    """Group edges by one of their ends: those of task i are `edges[first[i]:first[i + 1]]`.

    Returns:
        `first`, of the shape (tasks + 1,), and `edges`, in ascending order for each task.
    """
    first = np.zeros(tasks + 1, np.int64)
    np.cumsum(np.bincount(ends, minlength=tasks), out=first[1:])
    return first, np.argsort(ends, kind="stable")


def require_sound_edges(
    source: Integers, target: Integers, tasks: int, name: Callable[[int], str]
) -> None:
    """Refuse edges of unknown tasks, from a task to itself, or twice; raises `InstanceError`."""
    for ends in (source, target):
        unknown = np.flatnonzero((ends < 0) | (ends >= tasks))
        if unknown.size:
            edge = int(unknown[0])
            raise InstanceError(
                f"edge {edge} ({source[edge]} -> {target[edge]}): unknown task {ends[edge]}, "
                f"expected 0 to {tasks - 1}",
                ("edges", edge, int(ends is target)),
            )
    loops = np.flatnonzero(source == target)
    if loops.size:
        edge = int(loops[0])
        raise InstanceError(f"edge {edge}: {name(int(source[edge]))} needs itself", ("edges", edge))
    keys = source * tasks + target
    sorted_edges = np.argsort(keys, kind="stable")
    twice = np.flatnonzero(np.diff(keys[sorted_edges]) == 0)
    if twice.size:
        edge = int(sorted_edges[twice[0] + 1])
        ends_named = f"{name(int(source[edge]))} -> {name(int(target[edge]))}"
        raise InstanceError(f"edge {edge} is a second one {ends_named}", ("edges", edge))


def topological_order(
    source: Integers, target: Integers, tasks: int, name: Callable[[int], str]
) -> Integers:
    """Return the tasks so that edges point forward, level by level (Kahn 1962). O(n + e).

    Raises:
        InstanceError: There is a cycle; it is named, and its path is the edge that closes it.
    """
    first, edges = adjacency(source, tasks)
    receivers = target[edges].tolist()
    begin = first.tolist()
    waits = np.bincount(target, minlength=tasks).tolist()
    order = [task for task in range(tasks) if not waits[task]]
    for task in order:
        for receiver in receivers[begin[task] : begin[task + 1]]:
            waits[receiver] -= 1
            if not waits[receiver]:
                order.append(receiver)
    if len(order) < tasks:
        cycle = _cycle(source, target, {task for task in range(tasks) if waits[task]})
        shown = cycle[:LONGEST_CYCLE_SHOWN]
        more = f" -> … ({len(cycle) - 1} tasks)" if len(shown) < len(cycle) else ""
        closes = np.flatnonzero((source == cycle[-2]) & (target == cycle[-1]))
        path = ("edges", int(closes[0]))
        raise InstanceError("a cycle: " + " -> ".join(map(name, shown)) + more, path)
    sorted_tasks = np.array(order, dtype=np.int64)
    sorted_tasks.flags.writeable = False
    return sorted_tasks


def depths(source: Integers, target: Integers, tasks: int) -> Integers:
    """Return the most edges on a way to each task, from any task without a sender. O(n + e)."""
    first, edges = adjacency(source, tasks)
    receivers, begin = target[edges].tolist(), first.tolist()
    waits = np.bincount(target, minlength=tasks).tolist()
    depth = [0] * tasks
    order = [task for task in range(tasks) if not waits[task]]
    for task in order:
        below = depth[task] + 1
        for other in receivers[begin[task] : begin[task + 1]]:
            depth[other] = max(depth[other], below)
            waits[other] -= 1
            if not waits[other]:
                order.append(other)
    return np.array(depth, dtype=np.int64)


def by_priority(source: Integers, target: Integers, key: Reals) -> Integers:
    """Take the ready task of least key again and again, the lower number at ties.

    O((n + e) log n).
    """
    tasks = len(key)
    first, edges = adjacency(source, tasks)
    receivers, begin, keys = target[edges].tolist(), first.tolist(), key.tolist()
    waits = np.bincount(target, minlength=tasks).tolist()
    ready = [(keys[task], task) for task, count in enumerate(waits) if not count]
    heapq.heapify(ready)
    order = []
    while ready:
        _, task = heapq.heappop(ready)
        order.append(task)
        for other in receivers[begin[task] : begin[task + 1]]:
            waits[other] -= 1
            if not waits[other]:
                heapq.heappush(ready, (keys[other], other))
    return np.array(order, dtype=np.int64)


def _cycle(source: Integers, target: Integers, left: set[int]) -> list[int]:
    """Return a cycle among tasks that each have a sender among them, first task at both ends."""
    sender = {
        receiver: task
        for task, receiver in zip(source.tolist(), target.tolist(), strict=True)
        if task in left and receiver in left
    }
    task = min(left)
    place: dict[int, int] = {}
    path: list[int] = []
    while task not in place:
        place[task] = len(path)
        path.append(task)
        task = sender[task]
    cycle = path[place[task] :][::-1]
    start = cycle.index(min(cycle))
    return [*cycle[start:], *cycle[:start], cycle[start]]
