"""Neighbourhoods of a plan: activities in a window of time, or of some resource, are left free.

The others keep their modes, and those that follow one another keep their order, not their times:
what is won early moves all behind it. For tardiness, they may keep their times as well; for
levelling they do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ordino.core.arrays import Integers
from ordino.models.rcpsp.problem import Plan, Project

__all__ = ["restriction"]

NEAR_SHARE = 0.7
"""Of the neighbourhoods that are near a moment; the others are anywhere."""
LATE_SHARE = 0.8
"""Of these, where tardiness is the goal: near something late."""
STILL_SHARE = 0.5
"""Of the neighbourhoods with something late, where all that is kept stays where it is."""


def restriction(instance: Project) -> Callable[[Any, Plan, np.random.Generator, float], None]:
    """Return a function for `neighbourhoods.improve` on the models of `models.rcpsp.cpsat`."""
    n = instance.activities
    several = np.flatnonzero(np.diff(instance.mode_start) > 1)
    first_literal = dict(
        zip(
            several.tolist(),
            (n + np.cumsum([0, *np.diff(instance.mode_start)[several]]))[:-1].tolist(),
            strict=True,
        )
    )

    def restrict(model: Any, plan: Plan, random: np.random.Generator, share: float) -> None:
        mode = instance.mode_start[:-1] + plan.mode
        start, duration = plan.start, instance.duration[mode]
        end = start + duration
        late = np.flatnonzero((end > instance.due_dates) & (instance.weights > 0))
        late = late if instance.goal == "tardiness" else late[:0]
        free = _free(start, end, late, random, max(2, round(share * n)))
        kept = np.flatnonzero(~free)
        for i in kept.tolist():
            if i in first_literal:
                chosen = first_literal[i] + int(plan.mode[i])
                model.add(model.get_bool_var_from_proto_index(chosen) == 1)
        still = late.size and random.random() < STILL_SHARE
        if still or instance.goal == "levelling":
            for i in kept.tolist():
                model.add(model.get_int_var_from_proto_index(i) == int(start[i]))
            return
        variables = {i: model.get_int_var_from_proto_index(i) for i in kept.tolist()}
        for i, j in _order(kept, start, end):
            model.add(variables[j] >= variables[i] + int(duration[i]))

    return restrict


def _free(
    start: Integers, end: Integers, late: Integers, random: np.random.Generator, count: int
) -> Any:
    """Choose activities: near a moment, which may be one where something is late, or anywhere."""
    middle = (start + end) / 2
    if random.random() < NEAR_SHARE:
        moment = random.uniform(0, int(end.max()))
        if late.size and random.random() < LATE_SHARE:
            moment = middle[random.choice(late)]
        distance = np.abs(middle - moment) * random.uniform(0.7, 1.3, start.size)
    else:
        distance = random.random(start.size)
    free = np.zeros(start.size, dtype=bool)
    free[np.argsort(distance)[:count]] = True
    return free


def _order(kept: Integers, start: Integers, end: Integers) -> list[tuple[int, int]]:
    """Return pairs of kept activities whose order implies that of all kept ones.

    Of those that take time and end before another starts, it is behind those that end later than
    the last of them starts. O(n log n) but for the pairs.
    """
    before = kept[end[kept] > start[kept]]
    before = before[np.argsort(end[before], kind="stable")]
    ended = np.searchsorted(end[before], start[kept], side="right")
    last_start = np.concatenate([[-1], np.maximum.accumulate(start[before])])[ended]
    first = np.searchsorted(end[before], last_start, side="right")
    return [
        (i, j)
        for j, direct in zip(kept.tolist(), map(slice, first, ended), strict=True)
        for i in before[direct].tolist()
    ]
