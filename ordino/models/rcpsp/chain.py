"""What holds the makespan of a plan: a chain of activities and the waits between them.

The chain is followed back from the end: each activity starts when it does because of its release
date, of a time lag that leaves no room, or of a resource that one unit of time earlier would not
have been free, which the activities that end just then held (Goldratt 1997 calls it critical).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ordino.core.arrays import Integers
from ordino.models.rcpsp.problem import END_START, Plan, Project

__all__ = ["Link", "critical_chain"]


@dataclass(frozen=True, slots=True)
class Link:
    """An activity of the chain: when it runs, and why not earlier."""

    activity: int
    start: int
    end: int
    why: str


def critical_chain(instance: Project, solution: Plan) -> list[Link]:
    """Return a chain that explains the latest end, from its first activity on. O(n (n + m))."""
    mode = instance.mode_start[:-1] + solution.mode
    start, end = solution.start, solution.start + instance.duration[mode]
    steps = instance.lag_steps_in(mode)
    links: list[Link] = []
    current = int(np.lexsort((-start, end))[-1])
    seen: set[int] = set()
    before: int | None = current
    while before is not None and before not in seen:
        current = before
        seen.add(current)
        before, why = _cause(instance, mode, start, end, steps, current, seen)
        links.append(Link(current, int(start[current]), int(end[current]), why))
    return links[::-1]


def _cause(
    instance: Project,
    mode: Integers,
    start: Integers,
    end: Integers,
    steps: Integers,
    i: int,
    seen: set[int],
) -> tuple[int | None, str]:
    """Return the activity that an activity waits for, or `None`, and the reason in words.

    What a time lag ties it to may start at the same time, or later: that is looked at last, if it
    has not been `seen`.
    """
    names = instance.activity_names
    begin = int(start[i])
    if begin == instance.release_dates[i]:
        return None, f"waits for its release at {begin}" if begin else "the project begins"
    arcs = np.flatnonzero(instance.lag_target == i)
    tight = arcs[start[instance.lag_source[arcs]] + steps[arcs] == begin]
    tight = tight[~np.isin(instance.lag_source[tight], list(seen))]
    earlier = start[instance.lag_source[tight]] < begin
    if earlier.any():
        return _lag(instance, end, tight[earlier])
    occupied = instance.duration[mode] > 0
    for group in instance.groups:
        if i in group:
            for j in group:
                if j != i and occupied[j] and end[j] == begin:
                    return j, f"waits for {names[j]}, which it may not overlap"
    enders = np.flatnonzero((end == begin) & occupied)
    running = (start < begin) & (end >= begin) & occupied
    for resource, name in enumerate(instance.renewable_names):
        demand = instance.demand[mode, resource]
        if not demand[i]:
            continue
        there = [capacity for time, capacity in instance.steps(resource) if time < begin][-1]
        if int(demand[running].sum()) + int(demand[i]) <= there:
            continue
        holders = enders[demand[enders] > 0]
        if holders.size:
            j = int(holders[np.argmax(demand[holders])])
            return j, f"waits for {name}, which {names[j]} held"
        return None, f"waits for {name}, of which there were {there} just before"
    if tight.size:
        return _lag(instance, end, tight)
    return None, "waits for nothing: it could start earlier"


def _lag(instance: Project, end: Integers, arcs: Integers) -> tuple[int, str]:
    """Return the source that ends last of some time lags, and the reason in words."""
    arc = int(arcs[np.argmax(end[instance.lag_source[arcs]])])
    j = int(instance.lag_source[arc])
    ends = instance.lag_kind[arc] == END_START and not instance.lag[arc]
    return j, f"waits for {instance.activity_names[j]}" + (" to end" if ends else ", by a time lag")
