"""Processors for task graphs that come without: what their files do not say is generated."""

from __future__ import annotations

from typing import Any

import numpy as np

from ordino.core.arrays import Reals
from ordino.core.errors import UsageError

__all__ = ["DIGITS", "mean_work", "require", "unrelated_work", "volumes_for"]

DIGITS = 3
"""Generated numbers are rounded to so many decimals."""


def require(owner: str, **limits: tuple[float, float, float]) -> None:
    """Refuse parameters (value, least, largest) that are out of range; raises `UsageError`."""
    for name, (value, least, largest) in limits.items():
        if not least <= value <= largest:
            upper = "" if largest == np.inf else f" and at most {largest:g}"
            raise UsageError(f"{owner}: {name}={value:g}: expected at least {least:g}{upper}")


def unrelated_work(
    amounts: Any, processors: int, heterogeneity: float, rng: np.random.Generator
) -> Reals:
    """Draw the work of each task on each processor around its amount.

    Uniformly from amount (1 - h / 2) to amount (1 + h / 2), for heterogeneity h from 0 to 2
    (Topcuoglu, Hariri, Wu 2002).
    """
    base = np.asarray(amounts, dtype=np.float64)
    if not heterogeneity:
        return np.repeat(base[:, None], processors, axis=1)
    factor = rng.uniform(1 - heterogeneity / 2, 1 + heterogeneity / 2, (base.size, processors))
    work: Reals = np.round(base[:, None] * factor, DIGITS)
    return work


def mean_work(work: Reals) -> float:
    """Return the mean over tasks and processors; tasks that take no time are no tasks."""
    busy = work[np.isfinite(work) & (work > 0)]
    return float(busy.mean()) if busy.size else 0.0


def volumes_for(ccr: float, work: Reals, edges: int, rng: np.random.Generator) -> Reals:
    """Draw volumes whose mean is `ccr` times the mean work, from half to one and a half of it."""
    volumes: Reals = np.round(ccr * mean_work(work) * rng.uniform(0.5, 1.5, edges), DIGITS)
    return volumes
