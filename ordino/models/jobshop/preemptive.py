"""One machine with heads and tails, interruptions allowed."""

from __future__ import annotations

import heapq

__all__ = ["preemptive_one_machine"]


def preemptive_one_machine(heads: list[int], durations: list[int], tails: list[int]) -> int:
    """Makespan of Jackson's preemptive schedule: always run the released one of longest tail.

    It is optimal for one machine with heads and tails when interruptions are allowed. O(n log n).

    >>> preemptive_one_machine([0, 2], [4, 2], [0, 5])
    9
    """
    order = sorted(range(len(heads)), key=heads.__getitem__)
    waiting: list[tuple[int, int]] = []
    makespan = now = index = 0
    while index < len(order) or waiting:
        if not waiting:
            now = max(now, heads[order[index]])
        while index < len(order) and heads[order[index]] <= now:
            each = order[index]
            heapq.heappush(waiting, (-tails[each], durations[each]))
            index += 1
        tail, left = heapq.heappop(waiting)
        until = now + left
        if index < len(order) and heads[order[index]] < until:
            heapq.heappush(waiting, (tail, until - heads[order[index]]))
            until = heads[order[index]]
        else:
            makespan = max(makespan, until - tail)
        now = until
    return makespan
