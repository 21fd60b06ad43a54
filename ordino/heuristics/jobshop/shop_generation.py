"""Schedule generation for general shops with unlimited buffers, by priorities.

As in `giffler_thompson`, the function is written in the part of Python that numba compiles: it runs
interpreted, on lists, for a single schedule, and compiled, on arrays, for large ones and for many.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ordino.core.arrays import Integers
from ordino.models.jobshop.shop import Shop

__all__ = ["arrays_of", "generate"]


def generate(
    alternative_start: Any,
    machine: Any,
    duration: Any,
    after_start: Any,
    after: Any,
    family: Any,
    families: int,
    setup: Any,
    down_start: Any,
    down_begin: Any,
    down_end: Any,
    release: Any,
    priority: Any,
    arrival_order: bool,
    active: bool,
    start: Any,
    alternative: Any,
    ready: Any,
    waits: Any,
    place: Any,
    free: Any,
    last: Any,
    begin: Any,
    end: Any,
) -> int:
    """Generate a schedule; returns how many operations are in it: less than all where one fits
    nowhere.

    At each step the operations whose predecessors are done each look for the machine on which they
    would end earliest. Of those that could start before the first such end for an active schedule,
    or at the first such start for a non-delay one, the one of least priority value starts. O(n q a)
    for n operations, q jobs and a alternatives at most.

    Args:
        alternative_start, machine, duration: As in `Shop`.
        after_start, after: Successors of each operation.
        family: Setup family of each operation.
        families: Number of setup families.
        setup: Setup times in one row: machine, family before (the last: none), family.
        down_start: First downtime of each machine, then their number.
        down_begin, down_end: Of each downtime.
        release: Date of each operation's job.
        priority: Of each operation; the least goes first.
        arrival_order: Put the time at which an operation became ready before its priority.
        active: Active schedule instead of non-delay.
        start: Filled with the start of each operation.
        alternative: Filled with the alternative that it runs on.
        ready: Scratch, one an operation: when it may start.
        waits: Scratch, one an operation: predecessors that are not done.
        place: Scratch, one an operation: those that are ready.
        free: Scratch, one a machine: when it becomes free.
        last: Scratch, one a machine: family of its last operation.
        begin, end: Scratch, one an operation: where it would run as of now.
    """
    n = len(release)
    for m in range(len(free)):
        free[m] = 0
        last[m] = families
    for i in range(n):
        waits[i] = 0
        ready[i] = release[i]
        begin[i] = -1
        start[i] = 0
    for each in after:
        waits[each] += 1
    count = 0
    for i in range(n):
        if waits[i] == 0:
            place[count] = i
            count += 1
    done = 0
    changed = -1
    while count > 0:
        first_start = first_end = -1
        for index in range(count):
            i = place[index]
            renew = begin[i] < 0
            k = alternative_start[i]
            while not renew and k < alternative_start[i + 1]:
                renew = machine[k] == changed
                k += 1
            if renew:
                end[i] = -1
                for k in range(alternative_start[i], alternative_start[i + 1]):
                    m = machine[k]
                    gap = 0
                    if families > 0:
                        gap = setup[(m * (families + 1) + last[m]) * families + family[i]]
                    time = max(ready[i], free[m] + gap)
                    d = down_start[m]
                    while d < down_start[m + 1] and down_begin[d] < time + duration[k]:
                        time = max(time, down_end[d])
                        d += 1
                    until = time + duration[k]
                    if end[i] < 0 or until < end[i]:
                        begin[i], end[i] = time, until
                        alternative[i] = k
            if first_start < 0 or begin[i] < first_start:
                first_start = begin[i]
            if first_end < 0 or end[i] < first_end:
                first_end = end[i]

        best = -1
        for index in range(count):
            i = place[index]
            fits = begin[i] == first_start
            if active:
                fits = begin[i] < first_end or end[i] == first_end
            if not fits:
                continue
            better = best < 0
            if not better:
                other = place[best]
                if arrival_order and ready[i] != ready[other]:
                    better = ready[i] < ready[other]
                elif priority[i] != priority[other]:
                    better = priority[i] < priority[other]
                else:
                    better = i < other
            if better:
                best = index

        i = place[best]
        if end[i] >= 4611686018427387903:
            return done
        changed = machine[alternative[i]]
        start[i] = begin[i]
        free[changed] = end[i]
        last[changed] = family[i]
        done += 1
        count -= 1
        place[best] = place[count]
        for index in range(after_start[i], after_start[i + 1]):
            j = after[index]
            ready[j] = max(ready[j], end[i])
            waits[j] -= 1
            if waits[j] == 0:
                place[count] = j
                count += 1
    return done


def arrays_of(instance: Shop) -> list[Any]:
    """Return what `generate` takes first, in arrays that compiled code may take."""
    by_source = np.argsort(instance.arc_before, kind="stable")
    counts = np.bincount(instance.arc_before, minlength=instance.operations)
    downs = np.bincount(instance.down_machine, minlength=instance.machines)
    release: Integers = instance.release_dates[instance.job]
    arrays = [
        instance.alternative_start,
        instance.machine,
        instance.duration,
        np.concatenate(([0], np.cumsum(counts))),
        instance.arc_after[by_source],
        instance.setup_family,
        instance.setup_families,
        instance.setup.ravel(),
        np.concatenate(([0], np.cumsum(downs))),
        instance.down_begin,
        instance.down_end,
        release,
    ]
    return [each if isinstance(each, int) else np.array(each, dtype=np.int64) for each in arrays]
