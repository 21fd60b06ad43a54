"""The good schedules that the threads of a search share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ordino.core.arrays import Integers

__all__ = ["Member", "Pool"]


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """A schedule: its makespan, and its order (see `slots`)."""

    makespan: int
    order: Integers


class Pool:
    """A population of schedules of which no two are alike.

    Args:
        size: Most members.
        distance: Number of pairs of operations that two orders put differently.
        alike: Two schedules are alike if their distance is less.
    """

    def __init__(
        self, size: int, distance: Callable[[Integers, Integers], int], *, alike: int
    ) -> None:
        self.size = size
        self._alike = alike
        self._distance = distance
        self._members: list[Member] = []
        self._turned_away = 0

    def __len__(self) -> int:
        return len(self._members)

    def add(self, new: Member) -> None:
        """Let a schedule in if it beats those that it is alike, and there is room or a worse one.

        When as many as the pool holds were turned away in a row, nothing new comes of its members:
        all but the best leave (Peng, Lü, Cheng 2015, start again in the same way).
        """
        alike = [each for each in self._members if self._near(each, new)]
        worst = max(self._members, key=lambda each: each.makespan, default=new)
        if all(new.makespan < each.makespan for each in alike) and (
            alike or len(self) < self.size or new.makespan < worst.makespan
        ):
            if not alike and len(self) == self.size:
                alike = [worst]
            self._members = [each for each in self._members if each not in alike] + [new]
            self._turned_away = 0
            return
        self._turned_away += 1
        if self._turned_away >= self.size:
            self._members = [min(self._members, key=lambda each: each.makespan)]
            self._turned_away = 0

    def _near(self, one: Member, other: Member) -> bool:
        return self._distance(one.order, other.order) < self._alike

    def pair(self, random: np.random.Generator) -> tuple[Member, Member]:
        """Draw two members."""
        one, other = random.choice(len(self), 2, replace=False)
        return self._members[one], self._members[other]
