"""Bounds from totals: all nodes as one, then how full each of them can get.

How much can be placed where all nodes are one, and all resources count together, is a small integer
program. What is then left over of all nodes, at most, is also the most that may be left over of any
one of them: where no set of pods fills a node as far as that, less can be placed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

from ordino.core.arrays import Integers
from ordino.core.budget import Budget
from ordino.solvers import cpsat
from ordino.solvers.podpacking.node_types import NodeType

__all__ = ["Totals"]

MOST_SUMS = 1 << 19
"""Sets of half the classes; where there are more, a node may be filled."""
MOST_PAIRS = 10_000_000
"""Pairs of such sets that are looked at."""
LARGEST = 2**53
"""Sums beyond are left out: CP-SAT tells its bounds as floats."""
INTEGRAL = 1e-6


class Totals:
    """What can be placed on all nodes together.

    Args:
        types: The nodes.
        demand: Of a pod of each class; shape (classes, resources).
        free: Pods of each class.
        kernels: The compiled `knapsack_kernels`.
    """

    def __init__(
        self, types: Sequence[NodeType], demand: Integers, free: Integers, kernels: ModuleType
    ) -> None:
        self.types, self.free, self.kernels = types, free, kernels
        resources = range(demand.shape[1])
        room = [sum(len(each.nodes) * int(each.room[r]) for each in types) for r in resources]
        asked = (free.astype(object) @ demand.astype(object)).tolist()
        self.small = [r for r in resources if max(room[r], asked[r]) <= LARGEST]
        self.demand = np.ascontiguousarray(demand[:, self.small])
        self.room = [room[r] for r in self.small]

    def most(
        self, target: Integers, rows: Sequence[tuple[Integers, int]], held: int, budget: Budget
    ) -> int | None:
        """Return an upper bound of a sum over what is placed, at least what is known to be reached.

        Args:
            target: Weight of a pod of each class.
            rows: Sums that must not be less than a number.
            held: What is known to be reached.
            budget: For this bound.
        """
        if not self.small or int(self.free.astype(object) @ target) > LARGEST:
            return None
        most = self._best(target, rows, budget)
        while most is not None and most > held:
            least = [*rows, (target, most)]
            used = [self._best(-self.demand[:, r], least, budget) for r in range(len(self.room))]
            known = [each for each in used if each is not None]
            if len(known) < len(used):
                return most
            left = np.array(self.room, dtype=np.int64) + known
            if all(budget.should_stop() or self._can_fill(each, left) for each in self.types):
                return most
            most -= 1
            better = self._best(target, [*rows, (-target, -most)], budget)
            most = most if better is None else better
        return most

    def _best(
        self, weight: Integers, rows: Sequence[tuple[Integers, int]], budget: Budget
    ) -> int | None:
        """Return the most that a sum over what is placed can be, rounded up; `None` without time or
        where nothing satisfies the rows."""
        from ortools.sat.python import cp_model

        model = cp_model.CpModel()
        placed = [model.new_int_var(0, count, "") for count in self.free.tolist()]

        def total(weights: Integers) -> Any:
            return cp_model.LinearExpr.weighted_sum(placed, weights.tolist())

        for r, room in enumerate(self.room):
            model.add(total(self.demand[:, r]) <= room)
        for weights, least in rows:
            model.add(total(weights) >= least)
        model.maximize(total(weight))
        engine = cpsat.configured(budget.child(workers=1), "")
        status = cpsat.run(engine, model, budget, lambda values, value: None)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return None
        bound: float = engine.best_objective_bound
        return math.floor(bound + INTEGRAL)

    def _can_fill(self, kind: NodeType, waste: Integers) -> bool:
        """Tell whether so little may be left of a node."""
        room = np.ascontiguousarray(kind.room[self.small])
        if (waste >= room).all():
            return True
        order = np.argsort(-self.demand.max(axis=1), kind="stable")
        halves = []
        for half in (order[::2], order[1::2]):
            sums = np.empty((MOST_SUMS, room.size), dtype=np.int64)
            count = self.kernels.add_up(
                np.ascontiguousarray(kind.most[half]),
                np.ascontiguousarray(self.demand[half]),
                room,
                sums,
            )
            if count < 0:
                return True
            halves.append(sums[:count])
        by = int(np.argmin(waste / np.maximum(room, 1)))
        other = np.ascontiguousarray(halves[1][np.argsort(halves[1][:, by], kind="stable")])
        may: bool = self.kernels.reaches(halves[0], other, room, waste, by, MOST_PAIRS)
        return may
