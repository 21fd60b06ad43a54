"""Irreducible conflicts: a deletion filter over any items that can be left out of a problem."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from ordino.core.budget import Budget

__all__ = ["irreducible"]

Item = TypeVar("Item")


def irreducible(
    items: Sequence[Item], refuted: Callable[[Sequence[Item]], bool | None], budget: Budget
) -> tuple[list[Item], bool]:
    """Leave out items, in chunks first, as long as the others remain in conflict.

    An item that was needed once is needed in every part that holds it, so one pass over single
    items is enough (Chinneck, Dravnieks 1991).

    Args:
        items: In conflict together.
        refuted: Whether some of them are; `None` where that was not found out.
        budget: Ends the filter early.

    Returns:
        Items in conflict, and whether none of them can be left out.
    """
    kept = list(items)
    sure = True
    size = max(1, len(kept) // 2)
    while True:
        place = 0
        while place < len(kept):
            if budget.should_stop():
                return kept, False
            trial = kept[:place] + kept[place + size :]
            verdict = refuted(trial)
            if verdict:
                kept = trial
                continue
            sure &= verdict is not None or size > 1
            place += size
        if size == 1:
            return kept, sure
        size //= 2
