"""Lower bounds on the height of a placement."""

from __future__ import annotations

from typing import Any

from ordino.models.tensormemory.lifetimes import Lifetimes

__all__ = ["load"]


def load(instance: Any) -> int | None:
    """Return the most bytes that are alive at one time; 0 where a fit is asked for. O(n log n)."""
    if not isinstance(instance, Lifetimes):
        return None
    return instance.load if instance.capacity is None else 0
