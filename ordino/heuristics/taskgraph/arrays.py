"""A task graph in the arrays that compiled code takes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ordino.core.arrays import Integers, Reals
from ordino.models.taskgraph.order import adjacency
from ordino.models.taskgraph.problem import TaskGraph

__all__ = ["Arrays", "graph_type"]


class Arrays(NamedTuple):
    """Adjacency in both directions, and costs; writable copies of a `TaskGraph`'s data.

    Data of volume v take `startup[q, p] + v / bandwidth[q, p]` from processor q to p; the diagonals
    are 0 and infinite, so that this is 0 inside one.

    Attributes:
        order: The tasks in topological order.
        sent_first: Place of the first edge that leaves each task in `receiver`, then their number.
        receiver: Receiving task of each edge, by sending task.
        sent: Volume of each edge, by sending task.
        need_first: Place of the first edge that enters each task in `sender`, then their number.
        sender: Sending task of each edge, by receiving task.
        needed: Volume of each edge, by receiving task.
        work: Shape (tasks, processors).
        startup: Shape (processors, processors).
        bandwidth: Shape (processors, processors).
        release: Shape (tasks,).
        deadline: Shape (tasks,).
        memory: Shape (tasks,).
        capacity: Shape (processors,).
    """

    order: Integers
    sent_first: Integers
    receiver: Integers
    sent: Reals
    need_first: Integers
    sender: Integers
    needed: Reals
    work: Reals
    startup: Reals
    bandwidth: Reals
    release: Reals
    deadline: Reals
    memory: Reals
    capacity: Reals

    @classmethod
    def of(cls, graph: TaskGraph) -> Arrays:
        """Copy a task graph. O(tasks x processors + edges log edges)."""
        sent_first, leaving = adjacency(graph.source, graph.tasks)
        need_first, entering = adjacency(graph.target, graph.tasks)
        return cls(
            order=graph.order.copy(),
            sent_first=sent_first,
            receiver=graph.target[leaving],
            sent=graph.volume[leaving],
            need_first=need_first,
            sender=graph.source[entering],
            needed=graph.volume[entering],
            work=graph.work.copy(),
            startup=graph.startup.copy(),
            bandwidth=graph.bandwidth.copy(),
            release=graph.release_dates.copy(),
            deadline=graph.deadlines.copy(),
            memory=graph.memory.copy(),
            capacity=graph.capacity.copy(),
        )

    @property
    def tasks(self) -> int:
        """Number of tasks."""
        return len(self.work)

    @property
    def processors(self) -> int:
        """Number of processors."""
        return int(self.work.shape[1])

    def mean_link(self) -> tuple[float, float]:
        """Return mean startup, and mean time of a unit of data, over pairs of unlike processors."""
        unlike = ~np.eye(self.processors, dtype=bool)
        if not unlike.any():
            return 0.0, 0.0
        return float(self.startup[unlike].mean()), float((1 / self.bandwidth[unlike]).mean())


def graph_type() -> Any:
    """Return the type of `Arrays` in signatures of kernels."""
    from numba import typeof

    return typeof(Arrays.of(TaskGraph.of([[1]])))
