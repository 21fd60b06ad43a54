"""When tasks start, for formulations, bounds and searches; the checker has its own way."""

from __future__ import annotations

import numpy as np

from ordino.core.arrays import Integers, Reals
from ordino.models.taskgraph.order import adjacency
from ordino.models.taskgraph.problem import Schedule, TaskGraph

__all__ = ["NOISE", "durations", "earliest_starts", "keeps_limits", "order_by_start", "timed"]

NOISE = 1e-10
"""Share by which sums of real numbers may be off; less than the checker lets pass."""


def durations(instance: TaskGraph, processor: Integers) -> Reals:
    """Return how long each task takes on its processor."""
    work: Reals = instance.work[np.arange(instance.tasks), processor]
    return work


def earliest_starts(instance: TaskGraph, processor: Integers) -> Reals:
    """Start each task as soon as its data are there, as if processors were never busy. O(n + e)."""
    return timed(instance, processor, instance.order, shared=False)


def timed(
    instance: TaskGraph, processor: Integers, order: Integers, *, shared: bool = True
) -> Reals:
    """Start tasks as soon as their data are there and their processor is done with those before.

    Args:
        instance: The task graph.
        processor: Of each task.
        order: All tasks, each behind its predecessors.
        shared: Whether tasks wait for those before them on their processor.
    """
    first, edges = adjacency(instance.target, instance.tasks)
    delay = instance.delay(processor[instance.source], processor[instance.target], instance.volume)
    senders, delays = instance.source[edges].tolist(), np.atleast_1d(delay)[edges].tolist()
    begin, place = first.tolist(), processor.tolist()
    work = durations(instance, processor).tolist()
    start = instance.release_dates.tolist()
    end = [0.0] * instance.tasks
    free = [0.0] * instance.processors
    for task in order.tolist():
        at = start[task]
        for e in range(begin[task], begin[task + 1]):
            at = max(at, end[senders[e]] + delays[e])
        if shared:
            at = max(at, free[place[task]])
        start[task] = at
        end[task] = free[place[task]] = at + work[task]
    return np.array(start)


def order_by_start(instance: TaskGraph, solution: Schedule) -> Integers:
    """Sort the tasks by start, then by end, then topologically, so that `timed` can follow."""
    rank = np.argsort(instance.order)
    end = solution.start + durations(instance, solution.processor)
    return np.lexsort((rank, end, solution.start))


def keeps_limits(instance: TaskGraph, processor: Integers, start: Reals) -> bool:
    """Tell whether a schedule keeps deadlines, up to the noise of real numbers, and memory."""
    end = start + durations(instance, processor)
    if not instance.integral:
        end = end * (1 - NOISE)
    used = np.bincount(processor, weights=instance.memory, minlength=instance.processors)
    return bool((end <= instance.deadlines).all() and (used <= instance.capacity).all())
