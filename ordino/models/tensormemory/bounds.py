"""Lower bounds of graphs that need no search."""

from __future__ import annotations

from typing import Any

from ordino.models.tensormemory.graph import Graph

__all__ = ["largest_operator", "nothing_moved", "shortage"]


def nothing_moved(instance: Any) -> int | None:
    """No traffic at all."""
    return 0 if isinstance(instance, Graph) and instance.goal == "traffic" else None


def largest_operator(instance: Any) -> int | None:
    """The peak is no less than what the operator needs that needs most."""
    if isinstance(instance, Graph) and instance.goal == "peak":
        return instance.least_capacity
    return None


def shortage(graph: Graph) -> str | None:
    """Say which operator needs more than the capacity, and how much, or return `None`."""
    if graph.capacity is None or graph.capacity >= graph.least_capacity:
        return None
    operator = int(graph.needs.argmax())
    return (
        f"{graph.operator(operator)} needs {graph.needs[operator]} bytes, "
        f"the capacity is {graph.capacity}"
    )
