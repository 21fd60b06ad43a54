"""Total squared use of resources for CP-SAT.

A literal for each mode and start (after Pritsker, Watters, Wolfe 1969), which say what is in use of
each resource at each time, and the square of that.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ordino.core.arrays import Integers
from ordino.models.rcpsp.problem import Plan, Project

__all__ = ["SquaredUse", "use"]


def use(instance: Project, solution: Plan, horizon: int) -> Integers:
    """Return what is in use of each renewable resource; shape (renewables, horizon)."""
    mode = instance.mode_start[:-1] + solution.mode
    end = np.minimum(solution.start + instance.duration[mode], horizon)
    change = np.zeros((horizon + 1, instance.renewables), dtype=np.int64)
    np.add.at(change, np.minimum(solution.start, horizon), instance.demand[mode])
    np.add.at(change, end, -instance.demand[mode])
    used: Integers = np.ascontiguousarray(np.cumsum(change, axis=0)[:-1].T)
    return used


@dataclass(frozen=True, slots=True)
class SquaredUse:
    """What the goal adds to the model of `cpsat`.

    Attributes:
        level: The total squared use.
        begins: The literals, by mode (numbered through) and start.
        used: What is in use, by resource and time, and its square.
        horizon: Times end before.
    """

    level: Any
    begins: dict[tuple[int, int], Any]
    used: dict[tuple[int, int], tuple[Any, Any]]
    horizon: int

    @classmethod
    def add(
        cls,
        model: Any,
        instance: Project,
        starts: list[Any],
        chosen: list[Any],
        windows: list[tuple[int, int]],
        horizon: int,
    ) -> SquaredUse:
        """Add it to a model.

        Args:
            model: The model.
            instance: The project.
            starts: Start of each activity.
            chosen: Literal of each mode, 1 where an activity has no other.
            windows: First and last start of each activity.
            horizon: Latest end.
        """
        from ortools.sat.python import cp_model

        begins: dict[tuple[int, int], Any] = {}
        running: dict[tuple[int, int], list[tuple[Any, int]]] = {}
        for i, modes in enumerate(pairwise(instance.mode_start.tolist())):
            low, high = windows[i]
            own: list[tuple[int, Any]] = []
            for mode in range(*modes):
                duration = int(instance.duration[mode])
                row = {t: model.new_bool_var("") for t in range(low, high + 1)}
                model.add(cp_model.LinearExpr.sum(list(row.values())) == chosen[mode])
                own += row.items()
                for t, literal in row.items():
                    begins[mode, t] = literal
                    for k in np.flatnonzero(instance.demand[mode]).tolist():
                        need = int(instance.demand[mode, k])
                        for at in range(t, min(t + duration, horizon)):
                            running.setdefault((k, at), []).append((literal, need))
            times = [t for t, _ in own]
            literals = [literal for _, literal in own]
            model.add(starts[i] == cp_model.LinearExpr.weighted_sum(literals, times))
        used = {}
        most = instance.greatest_capacity.tolist()
        for (k, at), needs in sorted(running.items()):
            amount = model.new_int_var(0, most[k], "")
            square = model.new_int_var(0, most[k] ** 2, "")
            terms, weights = zip(*needs, strict=True)
            model.add(amount == cp_model.LinearExpr.weighted_sum(terms, weights))
            model.add_multiplication_equality(square, [amount, amount])
            used[k, at] = amount, square
        level = cp_model.LinearExpr.sum([square for _, square in used.values()])
        return cls(level, begins, used, horizon)

    def hint(self, instance: Project, solution: Plan) -> Iterable[tuple[Any, int]]:
        """Yield the values of the variables for a plan."""
        mode = instance.mode_start[:-1] + solution.mode
        begun = set(zip(mode.tolist(), solution.start.tolist(), strict=True))
        for place, literal in self.begins.items():
            yield literal, int(place in begun)
        now = use(instance, solution, self.horizon)
        for (k, at), (amount, square) in self.used.items():
            yield amount, int(now[k, at])
            yield square, int(now[k, at]) ** 2
