"""A part of a schedule, as a task graph of its own that can be searched alone.

The tasks of a schedule, sorted by start, are cut at two places. Those before keep their starts,
those behind their tails, whatever becomes of the tasks between, as long as the order of each
processor keeps the three parts apart. So a head and a tail for each task and processor say all of
the rest, and the longest way through the window is the makespan, unless a way past it is longer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ordino.core.arrays import Integers, Reals
from ordino.heuristics.taskgraph.arrays import Arrays
from ordino.models.taskgraph.order import adjacency

__all__ = ["Window", "cut"]


@dataclass(frozen=True, slots=True)
class Window:
    """The tasks of a window, and what `TabuSearch` takes.

    Attributes:
        order: All tasks of the schedule, sorted by start.
        low: Place of the window's first task in that order.
        high: Place of the first task behind it.
        arrays: The tasks of the window, numbered in that order, with the edges between them and the
            memory that is left to them.
        head: Earliest start of each on each processor, as the tasks before the window have it.
        behind: Longest way from its end there to the end, over tasks behind the window.
    """

    order: Integers
    low: int
    high: int
    arrays: Arrays
    head: Reals
    behind: Reals

    @property
    def tasks(self) -> Integers:
        """The tasks of the window, by their numbers in the whole."""
        return self.order[self.low : self.high]

    def spliced(
        self, order: Integers, processor: Integers, whole: Integers
    ) -> tuple[Integers, Integers]:
        """Return order and processors of all tasks, with those of the window as given.

        Args:
            order: Of the tasks in the window.
            processor: Of the tasks in the window.
            whole: Processors of all tasks before.
        """
        everything, places = self.order.copy(), whole.copy()
        everything[self.low : self.high] = self.tasks[order]
        places[self.tasks] = processor
        return everything, places


def cut(arrays: Arrays, state: Any, low: int, high: int) -> Window:
    """Cut a window out of a schedule. O(n log n + e + p x edges of the window).

    Args:
        arrays: The whole graph.
        state: The schedule, a `tabu_kernels.State`, its starts and tails up to date.
        low: First task of the window, in the order of starts.
        high: First task behind it.
    """
    place, start = state.processor, state.start
    tasks = len(start)
    own = arrays.work[np.arange(tasks), place]
    end, way = start + own, own + state.tail
    order = np.lexsort((np.argsort(state.order), end, start))
    before, inside, later = order[:low], order[low:high], order[high:]
    number = np.zeros(tasks, np.int64)
    number[inside] = np.arange(inside.size)
    part = np.zeros(tasks, np.int64)
    part[inside], part[later] = 1, 2

    head = np.repeat(arrays.release[inside, None], arrays.processors, axis=1)
    behind = np.zeros_like(head)
    free, left = np.zeros(arrays.processors), np.zeros(arrays.processors)
    np.maximum.at(free, place[before], end[before])
    np.maximum.at(left, place[later], way[later])
    np.maximum(head, free, out=head)
    np.maximum(behind, left, out=behind)

    sender, volume = arrays.sender, arrays.needed
    receiver = np.repeat(np.arange(tasks), np.diff(arrays.need_first))
    comes = np.flatnonzero((part[sender] == 0) & (part[receiver] == 1))
    i, v = place[sender[comes]], volume[comes, None]
    arrival = end[sender[comes], None] + arrays.startup[i] + v / arrays.bandwidth[i]
    np.maximum.at(head, number[receiver[comes]], arrival)
    goes = np.flatnonzero((part[sender] == 1) & (part[receiver] == 2))
    j, v = place[receiver[goes]], volume[goes, None]
    delay = arrays.startup[:, j].T + v / arrays.bandwidth[:, j].T
    np.maximum.at(behind, number[sender[goes]], way[receiver[goes], None] + delay)

    within = np.flatnonzero((part[sender] == 1) & (part[receiver] == 1))
    outside = part != 1
    used = np.bincount(place[outside], arrays.memory[outside], minlength=arrays.processors)
    a, b, v = number[sender[within]], number[receiver[within]], volume[within]
    sent_first, leaving = adjacency(a, inside.size)
    need_first, entering = adjacency(b, inside.size)
    inner = arrays._replace(
        order=np.arange(inside.size),
        sent_first=sent_first,
        receiver=b[leaving],
        sent=v[leaving],
        need_first=need_first,
        sender=a[entering],
        needed=v[entering],
        work=arrays.work[inside],
        release=arrays.release[inside],
        deadline=arrays.deadline[inside],
        memory=arrays.memory[inside],
        capacity=arrays.capacity - used,
    )
    return Window(order, low, high, inner, head, behind)
