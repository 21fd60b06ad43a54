"""Where buffers lie: the solution of both problems on lifetimes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from ordino.core.arrays import Integers, frozen_integers
from ordino.core.plain import Node
from ordino.models.tensormemory.solution import MemorySolution

__all__ = ["ABSENT", "Placement"]

ABSENT = -1
"""Offset of a buffer that is not in fast memory."""


@dataclass(frozen=True, eq=False, slots=True)
class Placement(MemorySolution):
    """Offset of each buffer in bytes, `ABSENT` for one that stays out; shape (buffers,)."""

    offset: Integers

    def __post_init__(self) -> None:
        object.__setattr__(self, "offset", frozen_integers(self.offset, "offset"))

    def to_data(self) -> dict[str, Any]:
        """Return the placement as plain data."""
        return {"offset": self.offset.tolist()}

    @classmethod
    def from_data(cls, data: Node) -> Self:
        """Make a placement of plain data; raises `InputError`."""
        return cls(frozen_integers(data.object("offset")["offset"].integers(), "offset"))
