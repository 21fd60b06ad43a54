"""Irreducible conflicts: a deletion filter over any items that can be left out of a problem."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

from ordino.core.budget import Budget

__all__ = ["irreducible"]

Item = TypeVar("Item")


def irreducible(
    items: Sequence[Item],
    conflict: Callable[[Sequence[Item], Budget], Sequence[int] | None],
    budget: Budget,
    turn_seconds: float = math.inf,
) -> tuple[list[Item], bool]:
    """Leave out items, in chunks first, as long as the others remain in conflict.

    An item that was needed once is needed in every part that holds it, so one pass over single
    items is enough (Chinneck, Dravnieks 1991); those whose turn was too short have another in what
    is left of the time.

    Args:
        items: In conflict together.
        conflict: Returns the places, in order, of some items given that are in conflict, none where
            they are not, and `None` where that was not found out within the budget.
        budget: Ends the filter early.
        turn_seconds: For each part tried.

    Returns:
        Items in conflict, and whether none of them can be left out.
    """
    kept = list(range(len(items)))
    needed: set[int] = set()

    def leave_out(place: int, size: int, seconds: float) -> int:
        """Return the place of the first item behind those that were tried."""
        rest = kept[:place] + kept[place + size :]
        found = conflict([items[each] for each in rest], budget.child(seconds=seconds))
        if found:
            kept[:] = [rest[each] for each in found]
            return sum(each < place for each in found)
        if found is not None and size == 1:
            needed.add(kept[place])
        return place + size

    size = max(1, len(kept) // 2)
    while True:
        place = 0
        while place < len(kept):
            if budget.should_stop():
                return [items[each] for each in kept], False
            place = leave_out(place, size, turn_seconds)
        if size == 1:
            break
        size = max(1, min(size, len(kept)) // 2)
    place = 0
    while place < len(kept) and not budget.should_stop():
        if kept[place] in needed:
            place += 1
            continue
        unsure = sum(each not in needed for each in kept[place:])
        place = leave_out(place, 1, budget.remaining() / unsure)
    return [items[each] for each in kept], needed.issuperset(kept)
