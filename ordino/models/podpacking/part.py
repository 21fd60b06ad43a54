"""A part of a plan that is free: some nodes with all that they hold, and some pods without a node.

All other pods keep theirs. The whole is a part as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ordino.core.arrays import Integers
from ordino.models.podpacking.counts import Cell, cells
from ordino.models.podpacking.problem import FREE, PINNED, Cluster

__all__ = ["Part"]

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Part:
    """What is free, and the pods that are, in counts.

    Attributes:
        nodes: The free nodes.
        node: Of each pod in the plan; shape (pods,).
        loose: Which pods are free; shape (pods,). Those on free nodes are, and what else is runs
            nowhere.
        total: Loose pods of each class; shape (classes,).
        running: Those that run now, wherever; shape (classes,).
        held: Those that must go on running; shape (classes,).
        now: Loose pods that run on a free node now, by cell.
        pinned: Those of them that must stay, by cell.
    """

    nodes: list[int]
    node: Integers
    loose: Mask
    total: Integers
    running: Integers
    held: Integers
    now: dict[Cell, int]
    pinned: dict[Cell, int]

    @classmethod
    def of(cls, cluster: Cluster, nodes: Integers, node: Integers, loose: Mask) -> Part:
        """Count the loose pods. O(pods)."""
        free = np.zeros(cluster.nodes, dtype=bool)
        free[nodes] = True
        pods = np.flatnonzero(loose)
        kind, current, hold = cluster.kind[pods], cluster.current[pods], cluster.hold[pods]
        here = (current >= 0) & free[current]
        pinned = here & (hold >= PINNED)

        def by_class(chosen: Mask) -> Integers:
            return np.bincount(kind[chosen], minlength=cluster.classes)

        return cls(
            nodes.tolist(),
            node,
            loose,
            np.bincount(kind, minlength=cluster.classes),
            by_class(current >= 0),
            by_class(hold != FREE),
            cells(kind[here], current[here]),
            cells(kind[pinned], current[pinned]),
        )

    @classmethod
    def whole(cls, cluster: Cluster) -> Part:
        """Return the part that is everything."""
        every = np.ones(cluster.pods, dtype=bool)
        return cls.of(cluster, np.arange(cluster.nodes), np.full(cluster.pods, -1), every)

    @property
    def classes(self) -> list[int]:
        """The classes that have loose pods."""
        chosen: list[int] = np.flatnonzero(self.total).tolist()
        return chosen
