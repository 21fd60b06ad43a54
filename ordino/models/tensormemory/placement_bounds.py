"""Lower bounds on the height of a placement, and on the benefit that a mapping loses."""

from __future__ import annotations

from typing import Any

import numpy as np

from ordino.models.tensormemory.lifetimes import BUFFER, END, HIGH, LOW, START, Lifetimes
from ordino.models.tensormemory.mapping import Mapping
from ordino.models.tensormemory.sections import sections

__all__ = ["busiest", "fractional", "load", "overload"]

MOST_MEMBERS = 500_000
"""Buffers in sections, over all sections, of a linear program."""
LP_SECONDS = 10.0
PRICE_UNIT = 2**40
"""Prices of sections, as shares of all benefit, are rounded to integers of this unit."""


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
    """Say which buffer ends beyond the capacity wherever it may lie, or at which moment more is
    alive than that holds; or return `None`."""
    if instance.capacity is None:
        return None
    ends = np.maximum(instance.fixed, 0) + instance.size
    for i in np.flatnonzero(ends > instance.capacity)[:1].tolist():
        beyond = f"beyond the capacity of {instance.capacity}"
        return f"{instance.buffer(i)} can't end before {ends[i]}, {beyond}"
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

    capacity, benefit = instance.capacity, instance.benefit.tolist()
    total = max(1, sum(benefit))
    model = model_builder.Model()
    fits = (lifetimes.size <= capacity).tolist()
    share = [model.new_num_var(0.0, float(fit), f"x{i}") for i, fit in enumerate(fits)]
    owner = found.pieces[:, BUFFER].tolist()
    taken = (found.pieces[:, HIGH] - found.pieces[:, LOW]).tolist()
    crowded = [each for each in found.members() if sum(taken[k] for k in each) > capacity]
    rows = [
        model.add(sum(taken[k] / capacity * share[owner[k]] for k in inside) <= 1.0)
        for inside in crowded
    ]
    model.maximize(sum(b / total * x for b, x in zip(benefit, share, strict=True)))
    engine = model_builder.Solver("glop")
    engine.set_time_limit_in_seconds(LP_SECONDS)
    if engine.solve(model) != model_builder.SolveStatus.OPTIMAL:
        return None
    # Whatever the prices y of sections are, no more is gained than
    # sum y_s + sum max(0, b_i - sum y_s a_is): so in integers they prove what floats do not.
    unit = PRICE_UNIT * capacity
    prices: list[int] = [max(0, round(engine.dual_value(row) * PRICE_UNIT)) for row in rows]
    worth = [b * unit * fit for b, fit in zip(benefit, fits, strict=True)]
    for price, inside in zip(prices, crowded, strict=True):
        for k in inside:
            worth[owner[k]] -= price * total * taken[k]
    gained = sum(prices) * total * capacity + sum(each for each in worth if each > 0)
    bound: int = max(0, sum(benefit) - gained // unit)
    return bound
