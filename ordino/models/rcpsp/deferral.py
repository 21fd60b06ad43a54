"""Leaves out activities that can wait until all others have ended.

Whether there is a plan depends on the others alone.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ordino.core.arrays import Integers
from ordino.models.rcpsp.problem import NEVER, Project

__all__ = ["binding", "restricted"]


def binding(instance: Project) -> Integers:
    """Return the activities that can't simply be put behind all others. O(n + m).

    These have a deadline, or don't fit at the end in a mode that takes nothing from a scarce
    budget, or one of these waits for them; those on a cycle of time lags among them.
    """
    first = instance.mode_start[:-1]
    last = instance.step_capacity[instance.step_start[1:] - 1]
    anywhere = (instance.demand <= last).all(axis=1) | (instance.duration == 0)
    most = np.maximum.reduceat(instance.consumption, first).sum(axis=0)
    modest = ~instance.consumption[:, most > instance.budget].any(axis=1)
    free = np.logical_or.reduceat(anywhere & modest, first)
    waits = (free & (instance.deadlines == NEVER)).tolist()
    before: list[list[int]] = [[] for _ in waits]
    for i, j in zip(instance.lag_source.tolist(), instance.lag_target.tolist(), strict=True):
        before[j].append(i)
    behind = np.bincount(instance.lag_source, minlength=len(waits)).tolist()
    ready = [i for i, wait in enumerate(waits) if wait and not behind[i]]
    for j in ready:
        for i in before[j]:
            behind[i] -= 1
            if waits[i] and not behind[i]:
                ready.append(i)
    kept = np.ones(len(waits), dtype=bool)
    kept[ready] = False
    return np.flatnonzero(kept)


def restricted(instance: Project, kept: Integers) -> Project:
    """Return the project of some of its activities, at least one, in their order."""
    new = np.full(instance.activities, -1)
    new[kept] = np.arange(kept.size)
    modes = new[instance.owner] >= 0
    arcs = (new[instance.lag_source] >= 0) & (new[instance.lag_target] >= 0)
    members = ([int(new[i]) for i in group if new[i] >= 0] for group in instance.groups)
    return replace(
        instance,
        mode_start=np.concatenate([[0], np.cumsum(np.diff(instance.mode_start)[kept])]),
        duration=instance.duration[modes],
        demand=instance.demand[modes],
        consumption=instance.consumption[modes],
        release_dates=instance.release_dates[kept],
        deadlines=instance.deadlines[kept],
        lag_source=new[instance.lag_source[arcs]],
        lag_target=new[instance.lag_target[arcs]],
        lag_kind=instance.lag_kind[arcs],
        lag=instance.lag[arcs],
        groups=tuple(tuple(group) for group in members if len(group) > 1),
        due_dates=instance.due_dates[kept],
        weights=instance.weights[kept],
        activity_names=tuple(instance.activity_names[i] for i in kept.tolist()),
    )
