"""Lists of tensors, one an operator, and the order that they allow."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ordino.core.arrays import Integers, frozen_integers
from ordino.core.content import Content
from ordino.core.errors import InstanceError

__all__ = ["Lists", "first_topological_order", "links"]

LONGEST_CYCLE_SHOWN = 12


@dataclass(frozen=True, eq=False)
class Lists(Content):
    """Lists of numbers, one behind the other: list i is `items[start[i]:start[i + 1]]`, ascending
    and each number once."""

    start: Integers
    items: Integers

    @classmethod
    def of(cls, lists: Iterable[Sequence[int] | Integers], what: str) -> Lists:
        """Make them of sequences; raises `InstanceError` for what are no integers."""
        checked = [np.unique(frozen_integers(each, what)) for each in lists]
        start = np.zeros(len(checked) + 1, np.int64)
        np.cumsum([each.size for each in checked], out=start[1:])
        items = np.concatenate(checked) if checked else np.empty(0, np.int64)
        return cls(_frozen(start), _frozen(items.astype(np.int64)))

    def __len__(self) -> int:
        return int(self.start.size - 1)

    def __getitem__(self, index: int) -> Integers:
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self.items[self.start[index] : self.start[index + 1]]

    def __iter__(self) -> Iterator[Integers]:
        return (self[index] for index in range(len(self)))

    def pairs(self) -> tuple[Any, Any]:
        """Return the list of each number, and the numbers."""
        owners = np.repeat(np.arange(len(self)), np.diff(self.start))
        return owners, self.items

    def inverted(self, count: int) -> Lists:
        """Return, for each number below `count`, the lists that hold it."""
        owners, items = self.pairs()
        start = np.zeros(count + 1, np.int64)
        np.cumsum(np.bincount(items, minlength=count), out=start[1:])
        return Lists(_frozen(start), _frozen(owners[np.argsort(items, kind="stable")]))

    def require(self, count: int, name: Callable[[int], str], what: str) -> None:
        """Refuse numbers that are not below `count`; raises `InstanceError`.

        Args:
            count: How many tensors there are.
            name: Names the owner of a list.
            what: What the owner does with them.
        """
        for place in np.flatnonzero((self.items < 0) | (self.items >= count))[:1].tolist():
            owner = int(np.searchsorted(self.start, place, side="right")) - 1
            raise InstanceError(
                f"{name(owner)} {what} tensor {self.items[place]}, expected 0 to {count - 1}"
            )


def _frozen(values: Integers) -> Integers:
    values.flags.writeable = False
    return values


def links(reads: Lists, producer: Integers, holds: bool = False) -> Lists:
    """Return the operators that each operator needs to have run.

    Args:
        reads: Tensors that each operator reads.
        producer: Of each tensor.
        holds: Whether all need the first operator, and the last one needs all.
    """
    owners, tensors = reads.pairs()
    sources = producer[tensors]
    produced = sources >= 0
    pairs = np.stack([owners[produced], sources[produced]], axis=1)
    if holds:
        count = len(reads)
        first = np.setdiff1d(np.arange(1, count), pairs[:, 0])
        last = np.setdiff1d(np.arange(count - 1), pairs[:, 1])
        behind = np.stack([first, np.zeros_like(first)], axis=1)
        before = np.stack([np.full_like(last, count - 1), last], axis=1)
        pairs = np.concatenate([pairs, behind, before])
    pairs = np.unique(pairs, axis=0)
    start = np.zeros(len(reads) + 1, np.int64)
    np.cumsum(np.bincount(pairs[:, 0], minlength=len(reads)), out=start[1:])
    return Lists(_frozen(start), _frozen(np.ascontiguousarray(pairs[:, 1])))


def first_topological_order(
    reads: Lists, writes: Lists, producer: Integers, name: Callable[[int], str]
) -> Integers:
    """Return the operators so that each comes behind those that it needs, otherwise as numbered.

    O((n + e) log n). Raises `InstanceError` if there is a cycle, which is named.
    """
    needs = links(reads, producer)
    serves = needs.inverted(len(reads))
    waits = np.diff(needs.start).tolist()
    ready = [operator for operator, count in enumerate(waits) if not count]
    order = []
    while ready:
        operator = heapq.heappop(ready)
        order.append(operator)
        for other in serves[operator].tolist():
            waits[other] -= 1
            if not waits[other]:
                heapq.heappush(ready, other)
    if len(order) < len(reads):
        raise InstanceError("a cycle: " + _cycle(needs, waits, name))
    return _frozen(np.array(order, dtype=np.int64))


def _cycle(needs: Lists, waits: list[int], name: Callable[[int], str]) -> str:
    """Name a cycle among operators that still wait, its first operator at both ends."""
    operator = next(each for each, count in enumerate(waits) if count)
    place: dict[int, int] = {}
    path: list[int] = []
    while operator not in place:
        place[operator] = len(path)
        path.append(operator)
        operator = next(each for each in needs[operator].tolist() if waits[each])
    cycle = path[place[operator] :][::-1]
    first = cycle.index(min(cycle))
    cycle = [*cycle[first:], *cycle[:first], cycle[first]]
    shown = cycle[:LONGEST_CYCLE_SHOWN]
    more = f" -> … ({len(cycle) - 1} operators)" if len(shown) < len(cycle) else ""
    return " -> ".join(map(name, shown)) + more
