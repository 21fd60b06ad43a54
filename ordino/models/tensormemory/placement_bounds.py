"""Lower bounds on the height of a placement, and on the benefit that a mapping loses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ordino.models.tensormemory.lifetimes import END, HIGH, LOW, START, Lifetimes
from ordino.models.tensormemory.mapping import Mapping
from ordino.models.tensormemory.sections import sections

__all__ = ["busiest", "fractional", "load", "overload"]

MOST_MEMBERS = 500_000
"""Buffers in sections, over all sections, of a linear program."""
SLACK = 1e-7
"""Of the benefit, for what a linear program in floating point may be off by."""


def load(instance: Any) -> int | None:
    """Return the most bytes that are alive at one time; 0 where a fit is asked for. O(n log n)."""
    if not isinstance(instance, Lifetimes):
        return None
    return instance.load if instance.capacity is None else 0


def busiest(instance: Lifetimes) -> tuple[int, int]:
    """Return the first moment of the largest load, and that load. O(n log n)."""
    pieces = instance.pieces()
    taken = pieces[:, HIGH] - pieces[:, LOW]
    times = np.concatenate([pieces[:, START], pieces[:, END]])
    change = np.concatenate([taken, -taken])
    by_time = np.lexsort((change, times))
    loads = np.cumsum(change[by_time])
    most = int(loads.argmax())
    return int(times[by_time][most]), int(loads[most])


def overload(instance: Lifetimes) -> str | None:
    """Say at which moment more is alive than the capacity holds, or return `None`."""
    if instance.capacity is None or not instance.pieces().size:
        return None
    moment, most = busiest(instance)
    if most <= instance.capacity:
        return None
    return f"{most} bytes are alive at time {moment}, beyond the capacity of {instance.capacity}"


def fractional(instance: Any) -> int | None:
    """Return what is lost if buffers could be in fast memory in part, and lie anywhere.

    The linear program max sum b_i x_i, 0 <= x_i <= 1, in which the bytes of each section are at
    most the capacity.
    """
    if not isinstance(instance, Mapping):
        return None
    lifetimes = instance.lifetimes
    found = sections(lifetimes)
    if int((found.behind - found.first).sum()) > MOST_MEMBERS:
        return None
    from ortools.linear_solver.python import model_builder

    model = model_builder.Model()
    fits = (lifetimes.size <= instance.capacity).tolist()
    share = [model.new_num_var(0.0, float(fit), f"x{i}") for i, fit in enumerate(fits)]
    owner = found.pieces[:, 0].tolist()
    taken = ((found.pieces[:, HIGH] - found.pieces[:, LOW]) / instance.capacity).tolist()
    for inside in found.members():
        if sum(taken[k] for k in inside) > 1:
            model.add(sum(taken[k] * share[owner[k]] for k in inside) <= 1.0)
    total = int(instance.benefit.sum())
    worth = (instance.benefit / max(1, total)).tolist()
    model.maximize(sum(b * x for b, x in zip(worth, share, strict=True)))
    engine = model_builder.Solver("glop")
    if engine.solve(model) != model_builder.SolveStatus.OPTIMAL:
        return None
    gained = float(np.clip(engine.objective_value + SLACK, 0.0, 1.0))
    return max(0, math.ceil(total * (1.0 - gained)))
