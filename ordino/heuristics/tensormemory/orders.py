"""Orders of the operators, by simple rules. All run in O((n + e) log n) but `least_growth`."""

from __future__ import annotations

import heapq
from collections.abc import Callable

import numpy as np

from ordino.core.arrays import Integers
from ordino.models.tensormemory.graph import Graph
from ordino.models.tensormemory.operators import links

__all__ = ["depth_first", "file_order", "least_growth"]


def file_order(graph: Graph) -> Integers:
    """The order of the file, or the first topological one where that is none."""
    return graph.file_order


def depth_first(graph: Graph) -> Integers:
    """Reverse postorder: what was made last is used first."""
    needs = links(graph.reads, graph.producer, graph.holds)
    serves = needs.inverted(graph.operators)
    waits = np.diff(needs.start).tolist()
    stack = [operator for operator in range(graph.operators - 1, -1, -1) if not waits[operator]]
    order = []
    while stack:
        operator = stack.pop()
        order.append(operator)
        for other in serves[operator].tolist()[::-1]:
            waits[other] -= 1
            if not waits[other]:
                stack.append(other)
    return np.array(order, dtype=np.int64)


def least_growth(graph: Graph) -> Integers:
    """Run the ready operator that adds fewest bytes, less those of the tensors that die; at ties
    the one that became ready last. What it adds is looked up again when its turn comes."""
    needs = links(graph.reads, graph.producer, graph.holds)
    serves = needs.inverted(graph.operators)
    waits = np.diff(needs.start).tolist()
    left = np.bincount(graph.reads.items, minlength=graph.tensors).tolist()
    room = graph.room.tolist()
    loaded = (graph.producer >= 0).tolist()
    reads = [each.tolist() for each in graph.reads]
    writes = [each.tolist() for each in graph.writes]

    def growth(operator: int) -> int:
        total: int = sum(room[tensor] for tensor in writes[operator] if left[tensor])
        for tensor in reads[operator]:
            if left[tensor] == 1:
                total -= room[tensor] if loaded[tensor] else 0
            elif not loaded[tensor]:
                total += room[tensor]
        return total

    readers = graph.reads.inverted(graph.tensors)
    heap: list[tuple[int, int, int]] = []
    serial = 0
    done = [False] * graph.operators

    def push(operator: int) -> None:
        nonlocal serial
        serial -= 1
        heapq.heappush(heap, (growth(operator), serial, operator))

    for operator in range(graph.operators - 1, -1, -1):
        if not waits[operator]:
            push(operator)
    order = []
    while heap:
        held, _, operator = heapq.heappop(heap)
        if done[operator]:
            continue
        if held != growth(operator):
            push(operator)
            continue
        done[operator] = True
        order.append(operator)
        for tensor in reads[operator]:
            loaded[tensor] = True
            left[tensor] -= 1
            if left[tensor] == 1:  # its last reader now frees it
                for reader in readers[tensor].tolist():
                    if not done[reader] and not waits[reader]:
                        push(reader)
        for other in serves[operator].tolist():
            waits[other] -= 1
            if not waits[other]:
                push(other)
    return np.array(order, dtype=np.int64)


ORDERS: dict[str, Callable[[Graph], Integers]] = {
    "file": file_order,
    "depth-first": depth_first,
    "least-growth": least_growth,
}
