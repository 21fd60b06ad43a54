"""Compiled: what jobs cost at best, if each moment of the machine has its price."""

from __future__ import annotations

from ordino.core.kernel import kernel

__all__ = ["cheapest_starts"]

_I = "int64[::1]"


@kernel(f"int64({_I}, {_I}, {_I}, {_I}, {_I}, int64, int64)")
def cheapest_starts(p, d, w, paid, demand, first, last):  # type: ignore[no-untyped-def]
    """Find for each job the start of least tardiness and price; return the sum of these costs.

    O(horizon) a job.

    Args:
        p: Processing times.
        d: Due dates, none beyond the horizon.
        w: Weights, in the unit of the prices.
        paid: Price of all moments up to each, from 0 to the horizon.
        demand: Added to: how many more jobs hold a moment than the one before it.
        first: The first job to look at.
        last: The job to stop before.
    """
    horizon = len(paid) - 1
    total = 0
    for j in range(first, last):
        length, weight = p[j], w[j]
        latest = horizon - length
        punctual = min(latest, max(-1, d[j] - length))
        least = paid[length] + weight * max(0, length - d[j])
        for t in range(punctual + 1):
            least = min(least, paid[t + length] - paid[t])
        base = weight * (length - d[j])
        for t in range(punctual + 1, latest + 1):
            least = min(least, paid[t + length] - paid[t] + weight * t + base)
        total += least
        start = punctual + 1
        while (
            start <= latest and paid[start + length] - paid[start] + weight * start + base > least
        ):
            start += 1
        if start > latest:
            start = punctual
            while paid[start + length] - paid[start] > least:
                start -= 1
        demand[start] += 1
        demand[start + length] -= 1
    return total
