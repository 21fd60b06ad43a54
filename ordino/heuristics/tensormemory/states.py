"""States of a graph that runs: its arrays for the kernels, and plans from what they find."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ordino.core.arrays import Integers
from ordino.models.tensormemory.graph import Graph
from ordino.models.tensormemory.operators import Lists, links

__all__ = ["KERNELS", "Network"]

KERNELS = "ordino.heuristics.tensormemory.state_kernels"


@dataclass(frozen=True, eq=False)
class Network:
    """A graph as the kernels want it: its tensors numbered anew, the largest first.

    Attributes:
        graph: Whose arrays they are.
        arrays: As the kernels take them.
        number: Number of each tensor in the graph.
        words: Words of a set of operators, and of a set of tensors.
        needs: Operators that each operator needs.
    """

    graph: Graph
    arrays: tuple[Integers, ...]
    number: Integers
    words: tuple[int, int]
    needs: Lists

    @classmethod
    def of(
        cls, graph: Graph, order: Integers | None = None, spill: Integers | None = None
    ) -> Network:
        """Make the arrays.

        Args:
            graph: Whose they are.
            order: The only order, if one is given.
            spill: Bytes that it takes to spill each tensor, unless they follow from the graph.
        """
        number = np.argsort(-graph.room, kind="stable").astype(np.int64)
        renamed = np.empty_like(number)
        renamed[number] = np.arange(number.size)
        reads = Lists(graph.reads.start, renamed[graph.reads.items])
        writes = Lists(graph.writes.start, renamed[graph.writes.items])
        readers = reads.inverted(graph.tensors)
        if order is None:
            needs = links(graph.reads, graph.producer, graph.holds)
        else:
            before = np.full(graph.operators, -1)
            before[order[1:]] = order[:-1]
            needs = Lists.of([[each] if each >= 0 else [] for each in before.tolist()], "operator")
        serves = needs.inverted(graph.operators)
        if spill is None:
            spill = np.array([graph.spill_cost(tensor) for tensor in range(graph.tensors)])
        lists = [each for pair in (reads, writes, readers, needs, serves) for each in _parts(pair)]
        weights = [graph.room[number], graph.sizes[number], spill[number], graph.scratch]
        arrays = tuple(_plain(each) for each in (*lists, *weights))
        words = (graph.operators + 63) // 64, (graph.tensors + 63) // 64
        return cls(graph, arrays, number, words, needs)

    @property
    def peak(self) -> bool:
        """Whether the goal is the peak."""
        return self.graph.capacity is None

    @property
    def limit(self) -> int:
        """The capacity."""
        return self.graph.capacity or 0

    def operands(self, operator: int) -> Integers:
        """Return the set of the tensors that an operator reads."""
        starts, items = self.arrays[0], self.arrays[1]
        return _set(items[starts[operator] : starts[operator + 1]], self.words[1])

    def everything(self) -> Integers:
        """Return the set of all operators."""
        return _set(np.arange(self.graph.operators), self.words[0])

    def first_row(self) -> Integers:
        """Return the state before the first step."""
        operators, tensors = self.words
        row = np.zeros(2 * operators + 2 * tensors, np.int64)
        ready = np.flatnonzero(np.diff(self.needs.start) == 0)
        row[operators : 2 * operators] = _set(ready, operators)
        return row

    def row(self, run: Integers, resident: Any, copied: Any) -> Integers:
        """Return the state in which operators have run, and tensors (flags) are resident, or have
        been spilled."""
        done = np.zeros(self.graph.operators, bool)
        done[run] = True
        owners, needed = self.needs.pairs()
        waits = np.bincount(owners[~done[needed]], minlength=done.size) > 0
        operators = self.words[0]
        sets = (_set(np.flatnonzero(each), operators) for each in (done, ~done & ~waits))
        return np.concatenate([*sets, self.tensor_sets(resident, copied)])

    def operator_set(self, members: Integers) -> Integers:
        """Return a set of operators."""
        return _set(members, self.words[0])

    def tensor_sets(self, *flags: Any) -> Integers:
        """Return sets of tensors, given as flags, one behind the other."""
        return np.concatenate([_set(np.flatnonzero(f[self.number]), self.words[1]) for f in flags])

    def members(self, rows: Integers) -> Any:
        """Return sets of tensors as flags; shape (rows, tensors)."""
        bits = np.unpackbits(rows.view(np.uint8), axis=1, bitorder="little").astype(bool)
        flags = np.empty((len(rows), self.graph.tensors), bool)
        flags[:, self.number] = bits[:, : self.graph.tensors]
        return flags

    def first_value(self) -> int:
        """Return the value of the state before the first step: a lower bound of the peak."""
        return self.graph.least_capacity if self.peak else 0

    def room_for_victims(self, most: int) -> tuple[Any, ...]:
        """Return what the kernels need to list sets of victims, at most so many."""
        tensors = self.graph.tensors
        return (
            np.empty(tensors + 1, np.int64),
            np.empty(tensors + 1, np.int64),
            np.empty(tensors + 1, np.int64),
            np.empty((most, tensors + 1), np.int64),
        )


def _parts(lists: Lists) -> tuple[Integers, Integers]:
    return lists.start, lists.items


def _plain(values: Any) -> Integers:
    """Copy into a writable array: kernels are compiled for those."""
    copied: Integers = np.array(values, dtype=np.int64)
    return copied


def _set(members: Any, words: int) -> Integers:
    flags = np.zeros(64 * words, bool)
    flags[members] = True
    packed: Integers = np.packbits(flags, bitorder="little").view(np.int64)
    return packed.copy()
