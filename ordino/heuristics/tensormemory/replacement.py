"""Which tensors leave, in a fixed order of the operators."""

from __future__ import annotations

import heapq
from collections.abc import Callable

from ordino.models.tensormemory.residence import Residences, Uses

__all__ = ["belady", "greedy", "keep_all"]

MOST_SUBSETS = 4096
"""Totals of victims that the greedy rule distinguishes; beyond, it drops the dearer ones."""


def keep_all(uses: Uses) -> Residences:
    """Let nothing leave."""
    return uses.residences(uses.gaps[:0])


def belady(uses: Uses) -> Residences:
    """Let those leave whose next use is farthest (Belady 1966).

    O(u log u) for u uses.
    """
    run = _Run(uses)
    farthest: list[tuple[int, int]] = []
    for step in range(uses.order.size):
        for use in run.used_at[step]:
            if run.gap_follows(use):
                heapq.heappush(farthest, (-run.step[use + 1], use))
        over = run.begin(step)
        waiting = []
        while over > 0:
            key, use = heapq.heappop(farthest)
            if not run.is_held(use):
                continue
            if run.step[use] == step:  # it is an operand now, and may leave later
                waiting.append((key, use))
                continue
            over -= run.drop(use)
        for each in waiting:
            heapq.heappush(farthest, each)
        run.end(step)
    return uses.residences(uses.gaps[run.left_in(uses)])


def greedy(uses: Uses, should_stop: Callable[[], bool] = lambda: False) -> Residences | None:
    """Let those leave whose spills and fetches cost least at this step, without looking further:
    the baseline of the paper of COSMA, by dynamic programming over totals. `None` if stopped."""
    run = _Run(uses)
    graph = uses.graph
    held: set[int] = set()
    for step in range(uses.order.size):
        if should_stop():
            return None
        over = run.begin(step)
        if over > 0:
            candidates = sorted(use for use in held if run.is_held(use) and run.step[use] < step)
            costs = [
                int(graph.sizes[run.tensor[use]])
                + (0 if run.tensor[use] in run.spilled else graph.spill_cost(run.tensor[use]))
                for use in candidates
            ]
            rooms = [run.room_of(use) for use in candidates]
            for use in _cheapest(candidates, rooms, costs, over, should_stop):
                run.drop(use)
                held.discard(use)
        held = {use for use in held if run.is_held(use)}
        held |= {use for use in run.used_at[step] if run.gap_follows(use)}
        run.end(step)
    return uses.residences(uses.gaps[run.left_in(uses)])


def _cheapest(
    candidates: list[int],
    rooms: list[int],
    costs: list[int],
    over: int,
    should_stop: Callable[[], bool],
) -> list[int]:
    """Choose candidates of so many bytes at least cost; all of them if stopped."""
    best: dict[int, tuple[int, tuple[int, ...]]] = {0: (0, ())}
    for use, room, cost in zip(candidates, rooms, costs, strict=True):
        if should_stop():
            return candidates
        grown = dict(best)
        for total, (paid, chosen) in best.items():
            reached = min(over, total + room)
            if reached not in grown or paid + cost < grown[reached][0]:
                grown[reached] = (paid + cost, (*chosen, use))
        if len(grown) > MOST_SUBSETS:
            kept = sorted(grown.items(), key=lambda each: (-each[0] / (1 + each[1][0]), each[0]))
            grown = {0: (0, ()), **dict(kept[:MOST_SUBSETS])}
        best = grown
    if over in best:
        return list(best[over][1])
    return candidates


class _Run:
    """A run through the steps: what is resident, by the latest use of each tensor."""

    def __init__(self, uses: Uses) -> None:
        self.graph = uses.graph
        self.limit = uses.graph.capacity
        self.tensor, self.step = uses.tensor.tolist(), uses.step.tolist()
        self.room = uses.graph.room.tolist()
        self.scratch = uses.graph.scratch[uses.order].tolist()
        self.used_at: list[list[int]] = [[] for _ in range(uses.order.size)]
        for use, step in enumerate(self.step):
            self.used_at[step].append(use)
        self.latest = [-1] * uses.graph.tensors
        self.spilled: set[int] = set()
        self.away: set[int] = set()
        self.used = 0

    def last(self, use: int) -> bool:
        return use + 1 == len(self.tensor) or self.tensor[use + 1] != self.tensor[use]

    def gap_follows(self, use: int) -> bool:
        return not self.last(use) and self.step[use + 1] > self.step[use] + 1

    def is_held(self, use: int) -> bool:
        return bool(self.latest[self.tensor[use]] == use)

    def room_of(self, use: int) -> int:
        return int(self.room[self.tensor[use]])

    def begin(self, step: int) -> int:
        """Bring in what a step uses; returns by how many bytes that is too much."""
        for use in self.used_at[step]:
            if self.latest[self.tensor[use]] < 0:
                self.used += self.room_of(use)
            self.latest[self.tensor[use]] = use
        if self.limit is None:
            return 0
        return int(self.used + self.scratch[step] - self.limit)

    def drop(self, use: int) -> int:
        """Let a tensor leave after a use; returns its bytes."""
        self.latest[self.tensor[use]] = -1
        self.spilled.add(self.tensor[use])
        self.away.add(use)
        self.used -= self.room_of(use)
        return self.room_of(use)

    def end(self, step: int) -> None:
        """Free what has had its last use."""
        for use in self.used_at[step]:
            if self.last(use):
                self.latest[self.tensor[use]] = -1
                self.used -= self.room_of(use)

    def left_in(self, uses: Uses) -> list[int]:
        """Return the places of the gaps in which tensors are away."""
        return [place for place, gap in enumerate(uses.gaps.tolist()) if gap in self.away]
