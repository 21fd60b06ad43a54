"""Addresses for planners that know when what is in memory: arrays in, offsets out."""

from __future__ import annotations

from typing import Any

from ordino.core.arrays import Integers
from ordino.core.budget import Budget
from ordino.core.incumbent import Incumbent
from ordino.core.kernel import load
from ordino.heuristics.tensormemory.placing import KERNELS, Placing, orders
from ordino.models.tensormemory.lifetimes import Lifetimes
from ordino.models.tensormemory.placement import Placement
from ordino.models.tensormemory.placement_check import check_lifetimes
from ordino.solvers.tensormemory import canonical

__all__ = ["addresses", "fit"]


def addresses(
    start: Integers,
    end: Integers,
    size: Integers,
    *,
    capacity: int,
    budget: Budget,
    alignment: int | Integers = 1,
) -> Integers | None:
    """Place buffers within a capacity.

    Args:
        start: First moment at which each buffer is alive; shape (buffers,).
        end: First moment at which it is not.
        size: Bytes, at least 1.
        capacity: Bytes of the memory.
        budget: Time, stop and workers.
        alignment: Offsets are multiples of it.

    Returns:
        The offsets, checked; `None` where there is no fit, or none is found in time.
    """
    instance = Lifetimes.of(start, end, size, alignment=alignment, capacity=capacity)
    found = fit(instance, budget)
    return None if found is None else found.offset


def fit(instance: Lifetimes, budget: Budget) -> Placement | None:
    """Place buffers within the capacity of an instance: in the orders that allocators use, then by
    exact search; `None` where there is no fit, or none is found in time."""
    capacity = instance.capacity
    if capacity is None or instance.load > capacity:
        return None
    kernels: Any = load(KERNELS, budget)
    incumbent = Incumbent(instance, check_lifetimes, instance.objective)
    if kernels is not None:
        placing = Placing(instance, kernels)
        for order, best_fit in orders(placing):
            if placing.place(order, best_fit=best_fit, limit=capacity + 1) <= capacity:
                incumbent.offer(placing.placement(), "placing")
                break
            if budget.should_stop():
                return None
    if incumbent.best is None and canonical.takes(instance) is None:
        canonical.canonical()(instance, incumbent, budget)
    found: Placement | None = incumbent.best
    return found
