"""Nodes that are alike."""

from __future__ import annotations

from dataclasses import dataclass

from ordino.core.arrays import Integers

__all__ = ["NodeType"]


@dataclass(slots=True)
class NodeType:
    """Nodes that are alike: how many, an example, and what may be on it."""

    nodes: list[int]
    room: Integers
    most: Integers
    """Pods of each class that may be there."""
    now: Integers
    """Those that run there now and would stay."""
