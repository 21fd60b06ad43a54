"""Heads and tails of activities, and lower bounds that follow from them."""

from __future__ import annotations

import numpy as np

from ordino.core.arrays import Integers
from ordino.models.rcpsp.network import longest_paths
from ordino.models.rcpsp.problem import END_START, NEVER, Project

__all__ = [
    "capacity",
    "contradiction",
    "critical_path",
    "even_use",
    "heads",
    "latest_starts",
    "tails",
    "tails_from_ends",
]


def heads(instance: Project) -> Integers:
    """Earliest start of each activity by release dates and time lags; shape (activities,)."""
    return longest_paths(
        instance.release_dates, instance.lag_source, instance.lag_target, instance.lag_steps()
    )


def tails(instance: Project) -> Integers:
    """Time from the start of each activity to the end of the project at least, by time lags."""
    return longest_paths(
        instance.least_duration, instance.lag_target, instance.lag_source, instance.lag_steps()
    )


def tails_from_ends(instance: Project) -> Integers:
    """Time from the end of each activity to the end of the project at least, in whatever modes."""
    i = instance.lag_source
    from_end = instance.lag_kind >= END_START
    used_up = np.where(from_end, instance.least_duration[i], instance.most_duration[i])
    left: Integers = np.zeros(instance.activities, dtype=np.int64)
    behind = tails(instance)[instance.lag_target]
    np.maximum.at(left, i, instance.lag_steps() - used_up + behind)
    return left


def latest_starts(instance: Project) -> Integers:
    """Latest start of each activity by time lags, deadlines and, if they matter, due dates.

    What these leave open ends with the critical path, or with the last deadline.
    """
    ends = heads(instance) + instance.least_duration
    limits = np.minimum(instance.deadlines, max(int(ends.max()), int(_limits(instance).max())))
    if instance.goal == "tardiness":
        due = np.maximum(ends, instance.due_dates)
        limits = np.where(instance.weights > 0, np.minimum(limits, due), limits)
    last = instance.least_duration - limits
    return -longest_paths(last, instance.lag_target, instance.lag_source, instance.lag_steps())


def _limits(instance: Project) -> Integers:
    limited: Integers = np.where(instance.deadlines == NEVER, 0, instance.deadlines)
    return limited


def contradiction(instance: Project) -> str | None:
    """Say by which simple argument there is no plan, or return `None`. O(n + m)."""
    names = instance.activity_names
    fits = np.maximum.reduceat(instance.possible, instance.mode_start[:-1])
    if not fits.all():
        return _needy(instance, int(np.argmin(fits)))
    ends = heads(instance) + instance.least_duration
    late = ends > instance.deadlines
    if late.any():
        worst = int(np.argmax(late))
        return (
            f"by release dates and time lags, activity {names[worst]} ends at {ends[worst]} "
            f"or later, behind its deadline {instance.deadlines[worst]}"
        )
    least = np.minimum.reduceat(instance.consumption, instance.mode_start[:-1]).sum(axis=0)
    short = np.flatnonzero(least > instance.budget)
    if short.size:
        k = int(short[0])
        return (
            f"the activities consume at least {least[k]} of {instance.budget_names[k]}, there are "
            f"{instance.budget[k]}"
        )
    return None


def _needy(instance: Project, activity: int) -> str:
    """Say what an activity that fits in no mode needs in its first."""
    name, mode = instance.activity_names[activity], int(instance.mode_start[activity])
    where = "" if len(instance.modes_of(activity)) == 1 else " in its first mode, as in the others,"
    for needs, there, names, what in (
        (instance.demand, instance.greatest_capacity, instance.renewable_names, "never more than"),
        (instance.consumption, instance.budget, instance.budget_names, "only"),
    ):
        for k in np.flatnonzero(needs[mode] > there).tolist():
            need = f"{needs[mode, k]} of {names[k]}, there are {what} {there[k]}"
            return f"activity {name}{where} needs {need}"
    return f"activity {name} fits in none of its modes"


def critical_path(instance: Project) -> int | None:
    """All activities as early as time lags allow, as if resources were plenty; nothing for the goal
    levelling. O(n + m)."""
    if instance.goal == "levelling":
        return None
    ends = heads(instance) + instance.least_duration
    if instance.goal == "makespan":
        return int(ends.max())
    late = np.maximum(0, ends - instance.due_dates)
    total: int = sum((instance.weights * late).tolist())
    return total


def capacity(instance: Project) -> int | None:
    """For the makespan: least head, all work over the greatest capacity, least tail. O(n r)."""
    if instance.goal != "makespan":
        return None
    head = heads(instance)
    tail = tails_from_ends(instance)
    work = instance.duration[:, None] * instance.demand
    best = 0
    for resource, most in enumerate(instance.greatest_capacity.tolist()):
        if not most:
            continue
        least = np.minimum.reduceat(work[:, resource], instance.mode_start[:-1])
        users = np.flatnonzero(least)
        if users.size:
            needed = -(-sum(least.tolist()) // most)
            best = max(best, int(head[users].min()) + needed + int(tail[users].min()))
    return best


def even_use(instance: Project) -> int | None:
    """For levelling: all work of each resource, spread as evenly as integers can be over the time
    from the first release to the last deadline. O(n r)."""
    if instance.goal != "levelling":
        return None
    length = int(instance.deadlines.max()) - int(heads(instance).min())
    work = instance.duration[:, None] * instance.demand
    total = 0
    for resource in range(instance.renewables):
        least = np.minimum.reduceat(work[:, resource], instance.mode_start[:-1])
        each, more = divmod(sum(least.tolist()), length) if length > 0 else (0, 0)
        total += more * (each + 1) ** 2 + (length - more) * each**2
    return total
