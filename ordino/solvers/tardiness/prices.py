"""A lower bound on the total weighted tardiness by prices of the machine's time, where all jobs are
there from the start.

Let each moment of the machine have a price of at least 0, and let each job take the start at which
its tardiness and the moments that it holds cost least, as if it were alone. The sum of these costs,
less the price of all moments, is a lower bound: the Lagrangian relaxation of the machine's capacity
in the formulation by time (Dyer, Wolsey 1990; van den Akker, Hurkens, Savelsbergh 2000).

A good sequence tells good prices to start from: each moment of a late job adds w / p to the price
of all moments up to it. Steps along the demand for the moments make them better. Prices are
integers in a small unit, so that the bound is exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ordino.core.arrays import LARGEST, Integers
from ordino.core.budget import Budget
from ordino.core.kernel import load
from ordino.models.tardiness.problem import JobSequence, SingleMachine

__all__ = ["price_bounds", "takes"]

KERNELS = "ordino.solvers.tardiness.price_kernels"
UNIT = 1024
"""Prices are multiples of 1 / UNIT."""
MOST_MOMENTS = 2**22
MOMENTS_AT_ONCE = 20_000_000
"""Starts looked at between two looks at the budget: some 50 ms."""

STEPS = 300
PATIENCE = 10
MEMORY = 0.7
"""Share of the last direction in the next one."""


def takes(instance: SingleMachine) -> str | None:
    """Say why an instance is not for the bound, or return `None`."""
    if np.ptp(instance.release_dates):
        return "its release dates differ"
    work = int(instance.processing_times.sum())
    if not 0 < work <= MOST_MOMENTS:
        return f"{work} moments of work, expected 1 to {MOST_MOMENTS}"
    latest = int(instance.release_dates[0]) + work
    dues, weights = instance.due_dates.tolist(), instance.weights.tolist()
    cost = sum(weight * max(0, latest - due) for weight, due in zip(weights, dues, strict=True))
    if UNIT * (cost + instance.jobs * work * sum(weights)) >= LARGEST:
        return "its costs, in units of a price, reach 2^62"
    return None


def price_bounds(
    instance: SingleMachine, sequence: JobSequence, upper_bound: int, budget: Budget
) -> Iterator[int]:
    """Yield the best lower bound so far after each step; the first one is good already.

    O(n P) a step, for all work P.

    Args:
        instance: One that `takes` accepts; for others there are no bounds.
        sequence: A good one.
        upper_bound: Its value, or a better one.
        budget: When to stop, if need be in the middle of a step.
    """
    kernels: Any = load(KERNELS, budget) if takes(instance) is None else None
    if kernels is None:
        return
    highest = float(instance.weights.sum())
    kept = prices = _prices_of(instance, sequence)
    direction = np.zeros_like(prices)
    best, tired, scale = -LARGEST, 0, 1.0
    for _ in range(STEPS):
        paid = np.zeros(prices.size + 1, np.int64)
        np.cumsum(np.rint(UNIT * prices).astype(np.int64), out=paid[1:])
        found = _costs(kernels, instance, paid, budget)
        if found is None:
            return
        value, demand = found
        if value > best:
            best, kept, tired = value, prices, 0
        else:
            tired += 1
        yield -(-best // UNIT)
        if tired == PATIENCE:
            prices, scale, tired = kept, scale / 2, 0
            direction[:] = 0
            continue
        direction = demand - 1 + MEMORY * direction
        length = float((direction * direction).sum())
        if length == 0 or best >= UNIT * upper_bound:
            return
        step = scale * max(upper_bound - value / UNIT, 1.0) / length
        prices = np.clip(prices + step * direction, 0, highest)


def _prices_of(instance: SingleMachine, sequence: JobSequence) -> npt.NDArray[np.float64]:
    """Prices at which the jobs of a sequence would stay where they are, as far as there are any."""
    order = sequence.order
    times = instance.processing_times[order]
    ends = np.cumsum(times)
    late = ends + instance.release_dates[0] > instance.due_dates[order]
    slopes = np.where(late, instance.weights[order], 0) / np.maximum(1, times)
    falling = np.repeat(slopes, times)
    return np.ascontiguousarray(np.cumsum(falling[::-1])[::-1])


def _costs(
    kernels: Any, instance: SingleMachine, paid: Integers, budget: Budget
) -> tuple[int, Integers] | None:
    """Return the bound, in units of a price, and how many jobs hold each moment; `None` if the
    budget ends before."""
    work = paid.size - 1
    dues = np.minimum(instance.due_dates - instance.release_dates[0], work)
    data = np.array(instance.processing_times), dues, UNIT * instance.weights
    demand = np.zeros(work + 1, np.int64)
    total = -int(paid[-1])
    jobs_at_once = max(1, MOMENTS_AT_ONCE // work)
    for first in range(0, instance.jobs, jobs_at_once):
        if budget.should_stop():
            return None
        last = min(instance.jobs, first + jobs_at_once)
        total += int(kernels.cheapest_starts(*data, paid, demand, first, last))
    return total, np.cumsum(demand[:-1])
