"""A tabu search that can be started anywhere and goes on for as many moves as it is told."""

from __future__ import annotations

from typing import Any

import numpy as np

from ordino.core.arrays import Integers
from ordino.heuristics.jobshop.slots import Slots

__all__ = ["TabuSearch"]


class TabuSearch:
    """The arrays of one search (see `tabu_kernels`); for one thread. O(n) memory.

    An order is forbidden for L to 1.4 L moves, 1.5 L where there are more than two jobs a machine,
    with L = 10 + jobs / machines (Zhang, Li, Guan, Rao 2007).

    Args:
        slots: The job shop.
        kernels: The module `tabu_kernels`.
        random: For the seed of the kernels' own random numbers.
        neighbourhood: 0 for N6, 1 for N7, 2 for N8.

    Attributes:
        best_order: The best order since the start; changes as the search goes on.
    """

    def __init__(
        self, slots: Slots, kernels: Any, random: np.random.Generator, *, neighbourhood: int
    ) -> None:
        operations = len(slots.slot)
        jobs, machines = len(slots.ends), int((np.diff(slots.loads) > 0).sum())
        tenure = 10 + jobs // machines
        spread = (4 if jobs <= 2 * machines else 5) * tenure // 10
        rows = 1 << max(12, (64 * (tenure + spread)).bit_length())
        self._kernels = kernels
        self._slots = slots
        self._value = slots.values()
        self._link: Integers = np.zeros((2, slots.count), np.int64)
        self._order: Integers = np.zeros(operations, np.int64)
        self._place = slots.places()
        self._last: Integers = np.zeros(slots.machines, np.int64)
        self._state: Integers = np.zeros(3, np.int64)
        self.best_order = self._order.copy()
        self._constant = (
            *(slots.ends, slots.duration, self._value, self._link, self._order, self._place),
            *(self.best_order, np.zeros((rows, 2), np.int64), np.zeros(slots.count, np.uint8)),
            *(np.zeros(operations, np.int64), np.zeros((2, operations), np.int64)),
            *(random.integers(1, 2**63, 1, dtype=np.uint64), self._state),
            *(neighbourhood, tenure, spread),
        )

    @property
    def moves(self) -> int:
        """Moves done, over all starts."""
        return int(self._state[self._kernels.MOVES])

    @property
    def best(self) -> int:
        """The least makespan since the start."""
        return int(self._state[self._kernels.BEST])

    def start(self, order: Integers) -> None:
        """Go to an order; what is tabu stays so for its term."""
        self._order[:] = order
        self.best_order[:] = order
        self._state[self._kernels.BEST] = self._kernels.arrange(
            self._slots.machine,
            self._slots.duration,
            self._value,
            self._link,
            self._order,
            self._place,
            self._last,
        )
        self._state[self._kernels.IMPROVED] = self.moves

    def advance(self, moves: int, patience: int) -> bool:
        """Do so many moves; fewer where so many, since the best, were in vain, or none is left.

        Returns:
            Whether that is so.
        """
        over: bool = self._kernels.search(*self._constant, moves, patience)
        return over

    def escape(self) -> bool:
        """Return that there is no way on but another start."""
        return False

    def best_start(self) -> Integers:
        """Return when each operation of the instance starts in the best schedule."""
        return self._slots.start_of(self.best_order, self._kernels)
