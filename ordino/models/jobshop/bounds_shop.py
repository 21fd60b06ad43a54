"""Lower bounds of general shops: any buffers, for setups and downtimes only take time."""

from __future__ import annotations

import numpy as np

from ordino.models.jobshop.preemptive import preemptive_one_machine
from ordino.models.jobshop.shop import NEVER, Shop
from ordino.models.jobshop.timing import completions, heads, objective, tails

__all__ = ["group_load", "job_length", "one_machine"]

MOST_GROUPS = 1000


def job_length(instance: Shop) -> int | None:
    """Every job as if it were alone. O(n + a) for n alternatives and a precedences."""
    head = heads(instance)
    if (head >= NEVER).any():
        return None
    return objective(instance, completions(instance, head + instance.least_duration).tolist())


def group_load(instance: Shop) -> int | None:
    """Busiest group of machines, for the makespan: least head, work shared by all, least tail.

    Groups are the machines that some operation chooses from, and all machines. The operations with
    no choice outside do at least their least durations there; the heads of as many as there are
    machines, and their tails, least first, are times at which machines idle.
    """
    if instance.goal != "makespan":
        return None
    head, tail, least = heads(instance), tails(instance), instance.least_duration
    if (head >= NEVER).any():
        return None
    choices: dict[frozenset[int], list[int]] = {}
    for i in range(instance.operations):
        mine = instance.alternatives(i)
        group = frozenset(instance.machine[mine.start : mine.stop].tolist())
        choices.setdefault(group, []).append(i)
    groups = sorted(choices, key=lambda each: -len(choices[each]))[:MOST_GROUPS]
    best = 0
    for group in {*groups, frozenset().union(*choices)}:
        parts = [mine for other, mine in choices.items() if other <= group]
        members = np.array([i for mine in parts for i in mine])
        count = min(len(group), members.size)
        idle = sum(np.partition(each[members], count - 1)[:count].sum() for each in (head, tail))
        best = max(best, -(-int(least[members].sum() + idle) // count))
    return best


def one_machine(instance: Shop) -> int | None:
    """Best preemptive bound over machines, of operations that have no choice, for the makespan."""
    if instance.goal != "makespan":
        return None
    head, tail = heads(instance), tails(instance)
    if (head >= NEVER).any():
        return None
    single = np.flatnonzero(np.diff(instance.alternative_start) == 1)
    machine = instance.machine[instance.alternative_start[single]]
    bounds = [
        preemptive_one_machine(
            head[members].tolist(),
            instance.least_duration[members].tolist(),
            tail[members].tolist(),
        )
        for each in np.unique(machine).tolist()
        for members in [single[machine == each]]
    ]
    return max(bounds, default=None)
