"""Residences of the tensors of a graph: which gaps between their uses they stay through."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ordino.core.arrays import Integers
from ordino.models.tensormemory.graph import INPUT, Graph, Plan

__all__ = ["Residences", "Uses"]


@dataclass(frozen=True, eq=False)
class Uses:
    """The uses of all tensors in an order of the operators: those that read or write it.

    Use i is that of `tensor[i]` at `step[i]`, sorted by tensor and then by step. A gap lies between
    two uses of one tensor that are not in neighbouring steps; it has the number of its first use.
    """

    graph: Graph
    order: Integers
    tensor: Integers
    step: Integers

    @classmethod
    def of(cls, graph: Graph, order: Integers) -> Uses:
        """Find the uses. O(n log n)."""
        step_of = np.empty(graph.operators, np.int64)
        step_of[order] = np.arange(graph.operators)
        operators, tensors = graph.reads.pairs()
        written = np.flatnonzero(graph.producer != INPUT)
        tensor = np.concatenate([tensors, written])
        step = np.concatenate([step_of[operators], step_of[graph.producer[written]]])
        by_tensor = np.lexsort((step, tensor))
        return cls(graph, np.asarray(order, np.int64), tensor[by_tensor], step[by_tensor])

    @property
    def gaps(self) -> Integers:
        """Numbers of all gaps."""
        same = self.tensor[1:] == self.tensor[:-1]
        return np.flatnonzero(same & (np.diff(self.step) > 1))

    def residences(self, left: Integers) -> Residences:
        """Return the residences of tensors that are away in these gaps alone."""
        ends = np.ones(self.tensor.size, bool)
        ends[:-1] = self.tensor[1:] != self.tensor[:-1]
        ends[left] = True
        begins = np.roll(ends, 1)
        return Residences(
            self.graph, self.order, self.tensor[begins], self.step[begins], self.step[ends]
        )

    def gaps_of(self, plan: Plan) -> Integers:
        """Return the gaps in which the tensors of a plan are away."""
        gaps = self.gaps
        key = self.graph.operators + 1
        begun = np.sort(plan.tensor * key + plan.first)
        low = np.searchsorted(begun, self.tensor[gaps] * key + self.step[gaps], side="right")
        high = np.searchsorted(begun, self.tensor[gaps] * key + self.step[gaps + 1], side="right")
        return gaps[high > low]


@dataclass(frozen=True, eq=False)
class Residences:
    """When each tensor is resident, as in a `Plan`, but not yet where."""

    graph: Graph
    order: Integers
    tensor: Integers
    first: Integers
    last: Integers

    def load(self) -> Integers:
        """Return the bytes in use at each step; shape (operators,)."""
        change = np.zeros(self.graph.operators + 1, np.int64)
        room = self.graph.room[self.tensor]
        np.add.at(change, self.first, room)
        np.add.at(change, self.last + 1, -room)
        return np.cumsum(change[:-1]) + self.graph.scratch[self.order]

    def peak(self) -> int:
        """Return the most bytes in use at a step."""
        return int(self.load().max())

    def traffic(self) -> int:
        """Return the bytes spilled and fetched."""
        fetches = np.bincount(self.tensor, minlength=self.graph.tensors) - 1
        moved = fetches * self.graph.sizes
        for tensor in np.flatnonzero(fetches > 0).tolist():
            moved[tensor] += self.graph.spill_cost(tensor)
        return int(moved.sum())

    def value(self) -> int:
        """Return the objective but for addresses, which can only make a peak higher."""
        return self.peak() if self.graph.capacity is None else self.traffic()

    def plan(self, offset: Integers | None = None, scratch: Integers | None = None) -> Plan:
        """Make a plan of addresses for the residences and the workspaces."""
        none = np.empty(0, np.int64)
        return Plan(
            order=self.order,
            tensor=self.tensor,
            first=self.first,
            last=self.last,
            offset=none if offset is None else offset,
            scratch=none if scratch is None or not self.graph.scratch.any() else scratch,
        )
