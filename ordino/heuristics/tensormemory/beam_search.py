"""One beam through the states of a graph, layer by layer."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from ordino.core.arrays import LARGEST, Integers
from ordino.heuristics.tensormemory.states import Network
from ordino.models.tensormemory.residence import Residences, Uses

__all__ = ["Beam", "widest"]

MOST_VICTIM_SETS = 64
MOST_HISTORY = 2**25
"""Words that remember what was resident in each state of each layer."""
POOL = 8
"""Successors are kept up to so many times the width, then the best of them."""


def widest(network: Network) -> int:
    """Return the largest width that memory allows."""
    operators, tensors = network.words
    row = 2 * operators + 2 * tensors
    steps = network.graph.operators
    return max(1, min(MOST_HISTORY // (steps * (tensors + 2)), MOST_HISTORY // (POOL * row)))


class Beam:
    """Layer i holds the best states that have run i operators (a beam of a given width).

    Args:
        network: The graph.
        kernels: `state_kernels`.
        width: States of a layer.
    """

    def __init__(self, network: Network, kernels: Any, width: int) -> None:
        self.network, self.kernels, self.width = network, kernels, width
        operators, tensors = network.words
        self.row = 2 * operators + 2 * tensors
        room = POOL * width
        self.pool = np.empty((room, self.row), np.int64)
        self.columns = tuple(np.empty(room, np.int64) for _ in range(4))
        self.table = np.zeros(1 << (2 * room).bit_length(), np.int64)
        self.filled = np.zeros(1, np.int64)
        self.victims = network.room_for_victims(MOST_VICTIM_SETS)
        self.choice = np.empty(width, np.int64)
        self.child = np.empty(self.row, np.int64)

    def run(self, bound: int | None, should_stop: Callable[[], bool]) -> Residences | None:
        """Search.

        Args:
            bound: States of this value or more are left out.
            should_stop: Looked at every few milliseconds.

        Returns:
            The residences of the best last state; `None` if there is none, or no time.
        """
        network, kernels = self.network, self.kernels
        bound = LARGEST if bound is None else bound
        operators, tensors = network.words
        rows = network.first_row()[None, :]
        values, used = np.array([network.first_value()]), np.zeros(1, np.int64)
        history = []
        everything = network.everything()
        resident = slice(2 * operators, 2 * operators + tensors)
        slice_size, looked = 16, time.monotonic()
        for _ in range(network.graph.operators):
            self.filled[0] = 0
            self.table[:] = 0
            for begin in range(0, len(values), slice_size):
                end = min(begin + slice_size, len(values))
                kernels.beam_expand(
                    *(rows, values, used, begin, end, self.pool, *self.columns, self.table),
                    *(self.filled, self.width, self.choice, bound, network.limit),
                    *(operators, tensors, network.peak, everything, MOST_VICTIM_SETS),
                    *(*self.victims, self.child, network.arrays),
                )
                if time.monotonic() - looked > 0.01:
                    looked = time.monotonic()
                    if should_stop():
                        return None
            count = kernels.beam_select(
                *(self.pool, *self.columns, self.table, self.filled),
                *(self.width, self.row, self.choice),
            )
            if not count:
                return None
            rows = self.pool[:count].copy()
            values, used, parents, chosen = (each[:count].copy() for each in self.columns)
            history.append((rows[:, resident].copy(), parents, chosen))
        return self._residences(history, int(np.argmin(values)))

    def _residences(self, history: list[Any], state: int) -> Residences:
        """Follow a state back, and return what was resident on its way."""
        resident, order = [], []
        for rows, parents, chosen in reversed(history):
            resident.append(rows[state])
            order.append(chosen[state])
            state = int(parents[state])
        return residences_of(self.network, np.array(order[::-1]), np.array(resident[::-1]))


def residences_of(network: Network, order: Integers, resident: Integers) -> Residences:
    """Return the residences of a way through the states.

    Args:
        network: The graph.
        order: The operators.
        resident: Set of the tensors that are resident after each step; shape (operators, words).
    """
    kept = network.members(resident)
    uses = Uses.of(network.graph, order)
    gaps = uses.gaps
    # a tensor that leaves stays away until its next use: so it is missing just before that
    away = ~kept[uses.step[gaps + 1] - 1, uses.tensor[gaps]]
    return uses.residences(gaps[away])
