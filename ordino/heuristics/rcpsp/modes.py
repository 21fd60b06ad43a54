"""Modes to start with: within the budgets, and short."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ordino.core.arrays import Integers
from ordino.models.rcpsp.problem import Project

__all__ = ["start_modes", "without_impossible_modes"]


def start_modes(instance: Project) -> Integers | None:
    """Return a mode for each activity, numbered through, or `None` if the budgets seem too small.

    First the modes that consume the least share of the budgets; then, as long as the budgets
    allow, shorter ones, where most time is won. O(m log m) for m modes and a few budgets.
    """
    share = (instance.consumption / np.maximum(instance.budget, 1)).sum(axis=1)
    chosen = instance.mode_start[:-1].copy()
    for i in range(instance.activities):
        modes = np.array(instance.modes_of(i))
        modes = modes[instance.possible[modes]]
        if not modes.size:
            return None
        chosen[i] = modes[np.lexsort((instance.duration[modes], share[modes]))[0]]
    used = instance.consumption[chosen].sum(axis=0)
    if (used > instance.budget).any():
        return None
    gain = instance.duration[chosen][instance.owner] - instance.duration
    for mode in np.argsort(-gain, kind="stable").tolist():
        i = int(instance.owner[mode])
        if not instance.possible[mode] or gain[mode] <= 0:
            continue
        if instance.duration[mode] >= instance.duration[chosen[i]]:
            continue
        then = used - instance.consumption[chosen[i]] + instance.consumption[mode]
        if (then <= instance.budget).all():
            chosen[i], used = mode, then
    return chosen


def without_impossible_modes(instance: Project) -> tuple[Project, Integers]:
    """Return a project less the modes that never fit, and the numbers of those that are left.

    Every activity must have one that is left.
    """
    kept = np.flatnonzero(instance.possible)
    if kept.size == instance.duration.size:
        return instance, kept
    counts = np.add.reduceat(instance.possible.astype(np.int64), instance.mode_start[:-1])
    reduced = replace(
        instance,
        mode_start=np.concatenate([[0], np.cumsum(counts)]),
        duration=instance.duration[kept],
        demand=instance.demand[kept],
        consumption=instance.consumption[kept],
    )
    return reduced, kept
