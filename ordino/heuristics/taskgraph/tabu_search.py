"""A tabu search on a task graph that can be started anywhere."""

from __future__ import annotations

from typing import Any

import numpy as np

from ordino.core.arrays import Integers, Reals
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
        head: Earliest start of each task on each processor; by default its release date.
        behind: What must pass behind its end there; by default nothing.

    Attributes:
        best_order: The best order since the start; changes as the search goes on.
        best_processor: The processors of the best schedule.
        state: Where the search is, a `tabu_kernels.State`; changes as the search goes on.
        target: See `start`.
    """

    def __init__(
        self,
        arrays: Arrays,
        kernels: Any,
        random: np.random.Generator,
        head: Reals | None = None,
        behind: Reals | None = None,
    ) -> None:
        self._kernels = kernels
        self._arrays = arrays
        self._room = arrays.capacity.copy()
        self.state = kernels.State.of(arrays.tasks, arrays.processors)
        self.state.head[:] = arrays.release[:, None] if head is None else head
        self._behind = behind
        self._tabu = np.zeros(arrays.work.shape, np.int64)
        self._counters = np.zeros(2, np.int64)
        self._lengths = np.zeros(2)
        self._seed = random.integers(1, 2**63, 1, dtype=np.uint64)
        self._tried = max(FEWEST_TRIED, LOOKED_AT // self.size)
        self.target = 0.0
        self.best_order: Integers = self.state.order.copy()
        self.best_processor: Integers = self.state.processor.copy()

    @property
    def size(self) -> int:
        """Tasks and edges."""
        return self._arrays.tasks + len(self._arrays.sender)

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
        """The least length since the start: the makespan, where deadlines do not count."""
        return float(self._lengths[self._kernels.BEST])

    def start(self, order: Integers, processor: Integers, target: float = 0.0) -> bool:
        """Go to a schedule; return whether the memory of all processors suffices for it.

        Args:
            order: Goes along the edges.
            processor: Of each task.
            target: The makespan that is wanted within the deadlines: a length of no more says that
                both are so. 0 where deadlines do not count.
        """
        state, kernels = self.state, self._kernels
        state.processor[:] = processor
        state.order[:] = order
        state.delivery[:] = np.maximum(0.0, target - self._arrays.deadline)[:, None]
        if self._behind is not None:
            np.maximum(state.delivery, self._behind, out=state.delivery)
        used = np.bincount(processor, self._arrays.memory, minlength=len(self._room))
        self._room[:] = self._arrays.capacity - used
        self.target = target
        kernels.link(state)
        self._lengths[:] = kernels.arrange(self._arrays, state)
        self.best_order[:] = state.order
        self.best_processor[:] = processor
        self._counters[kernels.IMPROVED] = self.moves
        return bool((self._room >= 0).all())

    def schedule(self) -> Schedule:
        """Return the schedule that the search is at."""
        return Schedule(self.state.processor, self.state.start)

    def advance(self, moves: int, *, tenure: int, kicks: int = 0) -> bool:
        """Do so many moves, the first of them kicks; returns true, at once, for a better best."""
        better: bool = self._kernels.search(
            *(self._arrays, self.state, self._room, self.best_order, self.best_processor),
            *(self._tabu, self._counters, self._lengths, self._seed),
            *(tenure, self._tried, kicks, moves),
        )
        return better
