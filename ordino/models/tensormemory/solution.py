"""What all solutions of the family have in common: one way to be read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from ordino.core.content import Content
from ordino.core.plain import Node

__all__ = ["MemorySolution"]


class MemorySolution(Content, ABC):
    """Base of the solutions of a graph, of lifetimes and of a mapping."""

    __slots__ = ()

    @abstractmethod
    def to_data(self) -> dict[str, Any]:
        """Return the solution as plain data."""

    @classmethod
    def from_data(cls, data: Node) -> MemorySolution:
        """Make the solution that plain data are; raises `InputError`.

        A plan of a graph has an `order`, a placement an `offset` alone.
        """
        from ordino.models.tensormemory.graph import Plan
        from ordino.models.tensormemory.placement import Placement

        is_placement = isinstance(data.value, dict) and "offset" in data.value
        return (Placement if is_placement else Plan).from_data(data)
