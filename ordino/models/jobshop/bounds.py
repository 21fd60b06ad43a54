"""Lower bounds on the makespan of a job shop."""

from __future__ import annotations

import heapq

import numpy as np

from ordino.models.jobshop.problem import JobShop

__all__ = ["job_length", "machine_load", "one_machine", "preemptive_one_machine"]


def job_length(instance: JobShop) -> int:
    """Longest job, release date included. O(n)."""
    return int((instance.heads() + instance.duration + instance.tails()).max())


def machine_load(instance: JobShop) -> int:
    """Busiest machine: its least head, all its work, its least tail. O(n) for n operations."""
    largest = np.iinfo(np.int64).max
    head = np.full(instance.machines, largest)
    tail = np.full(instance.machines, largest)
    work = np.zeros(instance.machines, dtype=np.int64)
    np.minimum.at(head, instance.machine, instance.heads())
    np.minimum.at(tail, instance.machine, instance.tails())
    np.add.at(work, instance.machine, instance.duration)
    used = np.unique(instance.machine)
    return int((head[used] + work[used] + tail[used]).max())


def one_machine(instance: JobShop) -> int:
    """Best preemptive one-machine bound over all machines. O(n log n).

    Each machine alone, its operations with heads and tails, interruptions allowed (Jackson 1955;
    Carlier 1982).
    """
    heads, tails = instance.heads(), instance.tails()
    best = 0
    for machine in np.unique(instance.machine).tolist():
        members = np.flatnonzero(instance.machine == machine)
        best = max(
            best,
            preemptive_one_machine(
                heads[members].tolist(),
                instance.duration[members].tolist(),
                tails[members].tolist(),
            ),
        )
    return best


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
