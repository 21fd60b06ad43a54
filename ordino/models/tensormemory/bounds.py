"""Lower bounds of graphs that need no search."""

from __future__ import annotations

from typing import Any

from ordino.models.tensormemory.graph import Graph

__all__ = ["largest_operator", "nothing_moved"]


def nothing_moved(instance: Any) -> int | None:
    """No traffic at all."""
    return 0 if isinstance(instance, Graph) and instance.goal == "traffic" else None


def largest_operator(instance: Any) -> int | None:
    """The peak is no less than what the operator needs that needs most."""
    if isinstance(instance, Graph) and instance.goal == "peak":
        return instance.least_capacity
    return None
