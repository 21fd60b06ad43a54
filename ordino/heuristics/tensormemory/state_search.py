"""Best-first search through the states of a graph, or of a part of it, slice by slice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ordino.core.arrays import LARGEST, Integers
from ordino.heuristics.tensormemory.beam_search import residences_of
from ordino.heuristics.tensormemory.states import Network
from ordino.models.tensormemory.residence import Residences

__all__ = ["Part", "StateSearch", "Way", "residences_of_way", "resident_rows"]

MOST_VICTIM_SETS = 4096
LOG_SHARE = 4
"""Operators in the log for each state that there is room for."""


@dataclass(frozen=True, eq=False)
class Part:
    """What a search is about: from where, through which operators, to what.

    Attributes:
        row: The first state.
        used: Bytes resident in it.
        value: Its value.
        allowed: Set of the operators that run.
        count: How many those are.
        target: Sets of tensors resident and spilled that the last state should have.
    """

    row: Integers
    used: int
    value: int
    allowed: Integers
    count: int
    target: Integers

    @classmethod
    def whole(cls, network: Network) -> Part:
        """Return the whole graph."""
        nothing = np.zeros(2 * network.words[1], np.int64)
        count = network.graph.operators
        value = network.first_value()
        return cls(network.first_row(), 0, value, network.everything(), count, nothing)


@dataclass(frozen=True, eq=False)
class Way:
    """A way through the states: the operators, and the last of each of its states with what was
    resident in it, `None` where a state was passed without a choice."""

    order: list[int]
    rows: list[Integers | None]
    value: int


class StateSearch:
    """Finds the best way, and proves that it is.

    Args:
        network: The graph.
        kernels: `state_kernels`.
        part: What is searched.
        bound: Only ways of less than this value are looked for.
        megabytes: Most memory for states.
        most: Sets of tensors that one operator may drive out, at most; where there are more, the
            search ends as if out of memory, or, if not `strict`, goes on without being a proof.
        strict: See `most`.
    """

    def __init__(
        self,
        network: Network,
        kernels: Any,
        part: Part,
        bound: int | None,
        megabytes: int,
        *,
        most: int = MOST_VICTIM_SETS,
        strict: bool = True,
    ) -> None:
        self.most, self.strict = most, strict
        self.network, self.kernels, self.part = network, kernels, part
        operators, tensors = network.words
        words = 2 * operators + 2 * tensors
        room = max(64, megabytes * 2**17 // (words + 9 + LOG_SHARE))
        self.rows = np.empty((room, words), np.int64)
        values, used, counts, parents, chain, heap = (np.empty(room, np.int64) for _ in range(6))
        starts = np.zeros(room + 1, np.int64)
        log = np.empty(LOG_SHARE * room + part.count + 1, np.int64)
        heads = np.zeros(1 << (room.bit_length()), np.int64)
        self.values, self.used, self.counts, self.parents = values, used, counts, parents
        self.starts, self.log, self.heap = starts, log, heap
        self.counters = np.zeros(kernels.COUNTERS, np.int64)
        self.bound = LARGEST if bound is None else bound
        self._room = (*network.room_for_victims(most), *np.empty((2, words), np.int64))
        arrays = (values, used, counts, parents, starts, chain, log, heads, heap)
        self._store = (self.rows, *arrays, self.counters)
        kernels.plant(*(part.row, part.used, part.value, 0, self._store, *self._task()))

    def _task(self) -> tuple[Any, ...]:
        network, part = self.network, self.part
        return (
            *(part.target, self.bound, network.limit, *network.words, network.peak),
            *(part.count, part.allowed, network.arrays),
        )

    def tighten(self, bound: int) -> None:
        """Look only for ways of less than this value from now on."""
        self.bound = min(self.bound, bound)

    def advance(self, quota: int) -> int:
        """Expand some states; returns the kernel's status."""
        status: int = self.kernels.best_first(
            *(quota, self.most, self.strict, *self._room, self._store, *self._task())
        )
        return status

    @property
    def expanded(self) -> int:
        """How many states have been expanded."""
        return int(self.counters[self.kernels.EXPANDED])

    @property
    def least(self) -> int:
        """No way has a smaller value, unless it is `bound` or more."""
        if not self.counters[self.kernels.HEAP]:
            return self.bound
        return min(self.bound, int(self.values[self.heap[0]]))

    def way(self) -> Way:
        """Return the way to the state at the top of the heap, which is the last one."""
        operators, tensors = self.network.words
        resident = slice(2 * operators, 2 * operators + tensors)
        state = int(self.heap[0])
        value = int(self.values[state])
        steps: list[tuple[int, Integers | None]] = []
        while state >= 0:
            moves = self.log[self.starts[state] : self.starts[state + 1]].tolist()
            rows: list[Integers | None] = [None] * len(moves)
            if moves:
                rows[-1] = self.rows[state][resident].copy()
            steps += zip(moves[::-1], rows[::-1], strict=True)
            state = int(self.parents[state])
        steps.reverse()
        return Way([each for each, _ in steps], [row for _, row in steps], value)


def residences_of_way(network: Network, way: Way) -> Residences:
    """Return the residences of a way through the whole graph."""
    return residences_of(network, np.array(way.order), resident_rows(network, way))


def resident_rows(network: Network, way: Way) -> Integers:
    """Return the sets of the tensors resident after each step of a way.

    Where a state was passed without a choice nothing left but what died, so that what is resident
    there is what is in the next known state, or dies on the way to it: those count as resident.
    """
    tensors = network.words[1]
    rows = np.zeros((len(way.order), tensors), np.int64)
    for at in range(len(way.order) - 1, -1, -1):
        known = way.rows[at]
        if known is not None:
            rows[at] = known
        else:
            rows[at] = rows[at + 1] | network.operands(way.order[at + 1])
    return rows
