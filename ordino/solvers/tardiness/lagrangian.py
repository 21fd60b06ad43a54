"""A lower bound on the total weighted tardiness by Lagrangian relaxation, where all jobs are there
from the start.

T_j is at least u_j (C_j - d_j) for any u_j from 0 to w_j, and sum u_j C_j is least in order of
p_j / u_j (Smith 1956). So each choice of the u_j gives a bound (Potts, Van Wassenhove 1985), and
steps along C_j - d_j make it better.
"""

from __future__ import annotations

import math

import numpy as np

from ordino.models.tardiness.problem import SingleMachine

__all__ = ["lagrangian"]

STEPS = 200
PATIENCE = 4
SAFETY = 1e-9
"""Relative error allowed for, of sums in floating point."""


def lagrangian(instance: SingleMachine, upper_bound: int) -> int:
    """Return a lower bound; a good upper bound makes good steps. O(n log n) a step."""
    times = instance.processing_times.astype(np.float64)
    dues = (instance.due_dates - instance.release_dates[0]).astype(np.float64)
    weights = instance.weights.astype(np.float64)
    multipliers = kept = weights / 2
    best, proved = -math.inf, 0
    scale, tired = 1.0, 0
    for _ in range(STEPS):
        with np.errstate(divide="ignore", invalid="ignore"):
            order = np.argsort(np.nan_to_num(times / multipliers, nan=0.0), kind="stable")
        ends = np.empty_like(times)
        ends[order] = np.cumsum(times[order])
        terms = multipliers * (ends - dues)
        value = float(terms.sum())
        if value > best:
            best, kept, tired = value, multipliers, 0
            sure = value - SAFETY * float((multipliers * (ends + np.abs(dues))).sum())
            proved = max(proved, math.ceil(sure))
        else:
            tired += 1
            if tired == PATIENCE:
                multipliers, scale, tired = kept, scale / 2, 0
                continue
        slope = ends - dues
        slope[(multipliers <= 0) & (slope < 0)] = 0
        slope[(multipliers >= weights) & (slope > 0)] = 0
        length = float((slope * slope).sum())
        if length == 0 or proved >= upper_bound:
            break
        step = scale * max(upper_bound - value, 1.0) / length
        multipliers = np.clip(multipliers + step * slope, 0, weights)
    return proved
