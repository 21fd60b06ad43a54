"""Addresses for the residences of a plan: best fit and first fit, in several orders.

What overlaps in time must not overlap in the memory (dynamic storage allocation). Each block is put
into a gap between those blocks that overlap it in time and have an address already. In the order of
descending sizes this is what TensorFlow Lite does (Pisarchyk, Lee 2020, "Efficient memory
management for deep neural net inference").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from ordino.core.arrays import Integers
from ordino.models.tensormemory.graph import Plan
from ordino.models.tensormemory.residence import Residences

__all__ = ["Blocks", "addressed", "greedy"]


@dataclass(frozen=True, eq=False)
class Blocks:
    """What needs an address: residences, then workspaces, each for its steps `first` to `last`."""

    first: Integers
    last: Integers
    room: Integers
    operators: Integers

    @classmethod
    def of(cls, residences: Residences) -> Blocks:
        """Take the residences, and the workspaces that are not empty."""
        graph = residences.graph
        steps = np.flatnonzero(graph.scratch[residences.order])
        operators = residences.order[steps]
        return cls(
            np.concatenate([residences.first, steps]),
            np.concatenate([residences.last, steps]),
            np.concatenate([graph.room[residences.tensor], graph.scratch[operators]]),
            operators,
        )

    def plan(self, residences: Residences, offset: Integers) -> Plan:
        """Make a plan of addresses for all blocks."""
        count = residences.tensor.size
        scratch = np.full(residences.graph.operators, -1)
        scratch[self.operators] = offset[count:]
        return residences.plan(offset[:count], scratch)


_ORDERS: tuple[Callable[[Blocks], Integers], ...] = (
    lambda b: np.lexsort((b.first - b.last, -b.room)),
    lambda b: np.lexsort((-b.room, b.first)),
    lambda b: np.lexsort((-b.room, b.first - b.last)),
    lambda b: np.argsort(-b.room * (b.last - b.first + 1), kind="stable"),
)
"""By size, by first step, by length, by area."""


def greedy(blocks: Blocks, order: Integers, *, best: bool, limit: int) -> tuple[Integers, int]:
    """Give addresses in an order: in the tightest gap, or in the lowest.

    Stops where the limit is exceeded. O(n^2), in few operations for each pair.

    Returns:
        The addresses, and the highest address in use.
    """
    offset = np.zeros(order.size, np.int64)
    first, last, room = (each[order] for each in (blocks.first, blocks.last, blocks.room))
    end = np.zeros(order.size, np.int64)
    height = 0
    for place in range(order.size):
        near = (first[:place] <= last[place]) & (last[:place] >= first[place])
        begins = offset[:place][near]
        by_begin = np.argsort(begins, kind="stable")
        begins = begins[by_begin]
        tops = np.maximum.accumulate(end[:place][near][by_begin]) if begins.size else begins
        floors = np.concatenate([[0], tops])
        gaps = begins - floors[:-1]
        fitting = np.flatnonzero(gaps >= room[place])
        if fitting.size:
            chosen = fitting[np.argmin(gaps[fitting])] if best else fitting[0]
            at = int(floors[chosen])
        else:
            at = int(floors[-1])
        offset[place] = at
        end[place] = at + room[place]
        height = max(height, int(end[place]))
        if height > limit:
            break
    by_block = np.empty_like(offset)
    by_block[order] = offset
    return by_block, height


def placements(blocks: Blocks, limit: int) -> Iterator[tuple[Integers, int]]:
    """Try the orders, each below what the earlier ones reached."""
    for best in (True, False):
        for rule in _ORDERS:
            offset, height = greedy(blocks, rule(blocks), best=best, limit=limit)
            if height <= limit:
                yield offset, height
                limit = height - 1


def addressed(residences: Residences, limit: int | None = None) -> Plan | None:
    """Give addresses to residences, below a limit (the capacity, unless given).

    Returns:
        The plan, for the goal `peak` the lowest that is found; `None` where none fits.
    """
    graph = residences.graph
    if not graph.addresses:
        return residences.plan()
    bound = graph.capacity if limit is None else limit
    blocks = Blocks.of(residences)
    least = residences.peak()
    best = None
    for offset, height in placements(blocks, 2**62 if bound is None else bound):
        best = offset
        if graph.capacity is not None or height == least:
            break
    return None if best is None else blocks.plan(residences, best)
