"""A tabu search on a task graph that can be started anywhere."""

from __future__ import annotations

from typing import Any

import numpy as np

from ordino.core.arrays import Integers
from ordino.heuristics.taskgraph.arrays import Arrays
from ordino.models.taskgraph.problem import Schedule

__all__ = ["TabuSearch"]

LOOKED_AT = 8_000
"""Tasks and edges that a move looks at, about, where that leaves it some critical tasks: on large
graphs, many moves that are good do better than a few that are best."""
FEWEST_TRIED = 4


class TabuSearch:
    """The arrays of one search (see `tabu_kernels`); for one thread.

    Args:
        arrays: The task graph.
        kernels: The module `tabu_kernels`.
        random: For the seed of the kernels' own random numbers.

    Attributes:
        best_order: The best order since the start; changes as the search goes on.
        best_processor: The processors of the best schedule.
    """

    def __init__(self, arrays: Arrays, kernels: Any, random: np.random.Generator) -> None:
        tasks, processors = arrays.tasks, arrays.processors
        self._kernels = kernels
        self._arrays = arrays
        self._graph = (
            *(arrays.sent_first, arrays.receiver, arrays.sent),
            *(arrays.need_first, arrays.sender, arrays.needed),
            *(arrays.work, arrays.startup, arrays.bandwidth, arrays.release),
        )
        self._room = arrays.capacity.copy()
        self._processor, self._before, self._after = (np.zeros(tasks, np.int64) for _ in range(3))
        self._first = np.zeros(processors, np.int64)
        self._order, self._place, self._waits = (np.zeros(tasks, np.int64) for _ in range(3))
        self._start, self._tail = np.zeros(tasks), np.zeros(tasks)
        self._tabu = np.zeros((tasks, processors), np.int64)
        self._counters = np.zeros(2, np.int64)
        self._lengths = np.zeros(2)
        self._state = random.integers(1, 2**63, 1, dtype=np.uint64)
        self._tried = max(FEWEST_TRIED, LOOKED_AT // (tasks + len(arrays.sender)))
        self.best_order: Integers = self._order.copy()
        self.best_processor: Integers = self._processor.copy()

    @property
    def moves(self) -> int:
        """Moves done, over all starts."""
        return int(self._counters[self._kernels.MOVES])

    @property
    def fruitless(self) -> int:
        """Moves since the best of this start."""
        return int(self._counters[self._kernels.MOVES] - self._counters[self._kernels.IMPROVED])

    @property
    def best(self) -> float:
        """The least makespan since the start."""
        return float(self._lengths[self._kernels.BEST])

    def start(self, order: Integers, processor: Integers) -> None:
        """Go to a schedule: an order that goes along the edges, and a processor for each task."""
        self._processor[:] = processor
        self._order[:] = order
        used = np.bincount(processor, self._arrays.memory, minlength=len(self._room))
        self._room[:] = self._arrays.capacity - used
        kernels = self._kernels
        kernels.link(self._order, self._processor, self._before, self._after, self._first)
        makespan = kernels.arrange(
            *self._graph,
            *(self._processor, self._before, self._after, self._order, self._place),
            *(self._waits, self._start, self._tail),
        )
        self._lengths[:] = makespan
        self.best_order[:] = self._order
        self.best_processor[:] = processor
        self._counters[kernels.IMPROVED] = self.moves

    def schedule(self) -> Schedule:
        """Return the schedule that the search is at."""
        return Schedule(self._processor, self._start)

    def advance(self, moves: int, *, tenure: int, kicks: int = 0) -> bool:
        """Do so many moves, the first of them kicks; returns true, at once, for a better best."""
        better: bool = self._kernels.search(
            *self._graph,
            *(self._arrays.memory, self._room),
            *(self._processor, self._before, self._after, self._first, self._order, self._place),
            *(self._waits, self._start, self._tail, self.best_order, self.best_processor),
            *(self._tabu, self._counters, self._lengths, self._state),
            *(tenure, self._tried, kicks, moves),
        )
        return better
