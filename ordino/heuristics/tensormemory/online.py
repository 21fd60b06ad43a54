"""Addresses step by step, with more leaving where holes are too small.

For graphs whose residences no packing fits: what is given up here is traffic, not the plan.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ordino.core.arrays import Integers
from ordino.models.tensormemory.graph import Plan
from ordino.models.tensormemory.residence import Residences, Uses

__all__ = ["placed_online"]

Fit = Callable[[Integers, Integers, Integers, Integers], "Integers | None"]
"""First steps, last steps, bytes and given addresses (-1 for none) of blocks, to addresses of all
or `None`."""

WINDOWS = (4, 16, 64)
"""Steps that are placed anew."""


def placed_online(residences: Residences, fit: Fit | None = None) -> Plan | None:
    """Give addresses step by step (best fit); where nothing fits, let those leave whose next use is
    farthest, until there is a hole.

    What leaves does so right after its last use, so that places taken before stay free. Operands
    used in the step before stay where they are; where these split the memory badly, the last steps
    are placed anew, with everything away that is not used from step to step. O(steps x residents).

    Args:
        residences: Of a plan for the goal `traffic`.
        fit: Places blocks exactly; without it there may be no plan.
    """
    graph, order = residences.graph, residences.order
    uses = Uses.of(graph, order)
    run = _Memory(residences, uses)
    for step, operator in enumerate(order.tolist()):
        if not run.serve(step, operator) and not (fit and run.mend(step, fit)):
            return None
    kept = uses.residences(np.flatnonzero(run.left))
    first = np.searchsorted(
        uses.tensor * graph.operators + uses.step, kept.tensor * graph.operators + kept.first
    )
    return kept.plan(run.place[first], run.scratch)


class _Memory:
    """What is where at a step; uses stand for the tensors that they use."""

    def __init__(self, residences: Residences, uses: Uses) -> None:
        self.graph, self.uses = residences.graph, uses
        self.capacity = residences.graph.capacity or 0
        self.left = np.zeros(uses.tensor.size, bool)
        begins = np.zeros(uses.tensor.size, bool)
        key = uses.tensor * self.graph.operators + uses.step
        begins[
            np.searchsorted(key, residences.tensor * self.graph.operators + residences.first)
        ] = 1
        self.left[:-1] = begins[1:] & (uses.tensor[1:] == uses.tensor[:-1])
        self.place: Integers = np.full(uses.tensor.size, -1)
        self.scratch: Integers = np.full(self.graph.operators, -1)
        self.room = self.graph.room[uses.tensor].tolist()
        self.step = uses.step.tolist()
        self.tensor = uses.tensor.tolist()
        self.at: list[list[int]] = [[] for _ in range(self.graph.operators)]
        for use, step in enumerate(self.step):
            self.at[step].append(use)
        self.held: dict[int, int] = {}

    def mend(self, step: int, fit: Fit) -> bool:
        """Place the last steps anew; returns whether that is possible."""
        return any(self._placed_anew(max(0, step - most), step, fit) for most in WINDOWS)

    def _placed_anew(self, begin: int, end: int, fit: Fit) -> bool:
        """Place steps `begin` to `end`, only what is used at `begin` and before it staying."""
        inside = sorted(use for step in range(begin, end + 1) for use in self.at[step])
        blocks: list[list[int]] = []
        for use in inside:
            before = use - 1
            goes_on = use > 0 and self.tensor[before] == self.tensor[use]
            goes_on = goes_on and self.step[before] == self.step[use] - 1
            if blocks and blocks[-1][-1] == before and goes_on:
                blocks[-1].append(use)
            else:
                blocks.append([use])
        own = [
            (step, operator)
            for step in range(begin, end + 1)
            if self.graph.scratch[operator := int(self.uses.order[step])]
        ]
        given = [self._bound(block[0], begin) for block in blocks] + [-1] * len(own)
        spans = [(self.step[block[0]], self.step[block[-1]]) for block in blocks]
        spans += [(step, step) for step, _ in own]
        rooms = [self.room[block[0]] for block in blocks]
        rooms += [int(self.graph.scratch[operator]) for _, operator in own]
        first, last = np.array(spans, dtype=np.int64).T
        found = fit(first, last, np.array(rooms), np.array(given))
        if found is None:
            return False
        for block, place, kept in zip(blocks, found.tolist(), given, strict=False):
            self.place[block] = place
            earlier = block[0] - 1
            if kept < 0 and earlier >= 0 and self.tensor[earlier] == self.tensor[block[0]]:
                self.left[earlier] = True
        for (_, operator), place in zip(own, found[len(blocks) :].tolist(), strict=True):
            self.scratch[operator] = place
        for use in self.held.values():
            if self.step[use] < begin:
                self.left[use] = True
        self.held = {self.tensor[use]: use for use in self.at[end] if self._stays(use, end)}
        for use in inside:
            if self.step[use] < end and self._next(use) > end:
                self.left[use] = True
        return True

    def _bound(self, use: int, begin: int) -> int:
        """Return the place of a use that goes on from the step before `begin`, or -1."""
        earlier = use > 0 and self.tensor[use - 1] == self.tensor[use]
        if self.step[use] == begin and earlier and self.step[use - 1] == begin - 1:
            return int(self.place[use - 1])
        return -1

    def _stays(self, use: int, step: int) -> bool:
        """Tell whether a tensor stays after a use."""
        return self._next(use) == step + 1 or (self._next(use) > 0 and not self.left[use])

    def _next(self, use: int) -> int:
        more = use + 1 < len(self.tensor) and self.tensor[use + 1] == self.tensor[use]
        return self.step[use + 1] if more else -1

    def serve(self, step: int, operator: int) -> bool:
        """Place the operands and the workspace of a step."""
        wanted = []
        for use in self.at[step]:
            before = self.held.get(self.tensor[use])
            if before is not None:
                self.place[use] = self.place[before]
                self.held[self.tensor[use]] = use
            else:
                wanted.append((self.room[use], use))
        own = int(self.graph.scratch[operator])
        if own:
            wanted.append((own, -1))
        wanted.sort(reverse=True)
        own_place = self._place_all(step, wanted)
        if own_place is None:
            return False
        if own:
            self.scratch[operator] = own_place
        for use in self.at[step]:
            if not self._stays(use, step):
                del self.held[self.tensor[use]]
        return True

    def _place_all(self, step: int, wanted: list[tuple[int, int]]) -> int | None:
        """Find places for all, making room; returns that of the workspace (0 for none)."""
        own = 0
        blocked: list[tuple[int, int]] = []
        queue = list(wanted)
        while queue:
            room, use = queue[0]
            hole = self._hole(room, blocked)
            if hole is not None:
                queue.pop(0)
                if use < 0:
                    own = hole
                    blocked.append((hole, hole + room))
                else:
                    self.place[use] = hole
                    self.held[self.tensor[use]] = use
                continue
            idle = [each for each in self.held.values() if self.step[each] < step]
            if idle:
                gone = max(idle, key=self._next)
                self.left[gone] = True
                del self.held[self.tensor[gone]]
                continue
            movable = [
                each
                for each in self.held.values()
                if self.step[each] == step and self._fetchable(each, step)
            ]
            if not movable:
                return None
            moved = max(movable, key=self.room.__getitem__)
            self.left[moved - 1] = True
            del self.held[self.tensor[moved]]
            queue = sorted([*queue, (self.room[moved], moved)], reverse=True)
        return own

    def _fetchable(self, use: int, step: int) -> bool:
        """Tell whether an operand was not used in the step before, and has not been fetched now."""
        earlier = use > 0 and self.tensor[use - 1] == self.tensor[use]
        return earlier and self.step[use - 1] < step - 1 and not self.left[use - 1]

    def _hole(self, room: int, blocked: list[tuple[int, int]]) -> int | None:
        """Return the tightest hole's place, at its end that touches an end of the memory."""
        taken = [(int(self.place[use]), int(self.place[use]) + self.room[use])
                 for use in self.held.values()]  # fmt: skip
        taken = sorted([*taken, *blocked, (self.capacity, self.capacity)])
        floor, best = 0, None
        for begin, end in taken:
            size = begin - floor
            if size >= room and (best is None or size < best[1] - best[0]):
                best = (floor, begin)
            floor = max(floor, end)
        if best is None:
            return None
        top = (best[1] - room) // self.graph.alignment * self.graph.alignment
        return top if best[1] == self.capacity and best[0] > 0 else best[0]
