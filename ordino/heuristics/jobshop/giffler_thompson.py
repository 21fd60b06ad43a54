"""Schedule generation for job shops by priorities (Giffler, Thompson 1960).

The function is written in the part of Python that numba compiles, so that it serves twice:
interpreted, on lists, for a single schedule without waiting for a compiler, and compiled, on
arrays, for thousands of them (`sampling_kernels`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ordino.core.arrays import Integers
from ordino.models.jobshop.problem import JobShop

__all__ = ["arrays_of", "generate"]


def generate(
    job_start: Any,
    machine: Any,
    duration: Any,
    release: Any,
    priority: Any,
    arrival_order: bool,
    active: bool,
    start: Any,
    free: Any,
    ready: Any,
    following: Any,
    waiting: Any,
    queue: Any,
    earliest: Any,
) -> int:
    """Generate a schedule; returns its makespan.

    At each step the machine that could do something earliest is chosen: that could end an operation
    earliest for an active schedule, that could start one earliest for a non-delay schedule. Among
    its waiting operations that could start before that end (at that start), the one of least
    priority value starts. The least job number breaks ties. O(n (m + q)) for n operations, m
    machines and q jobs that wait for a machine.

    Args:
        job_start: First operation of each job, then the number of operations.
        machine: Of each operation.
        duration: Of each operation.
        release: Date of each job.
        priority: Of each operation; the least goes first.
        arrival_order: Put the time at which an operation became ready before its priority.
        active: Active schedule instead of non-delay.
        start: Filled with the start of each operation.
        free: Scratch, one a machine: when it becomes free.
        ready: Scratch, one a job: when its next operation becomes ready.
        following: Scratch, one a job: its next operation.
        waiting: Scratch, one a machine: first job in its list of waiting jobs, or -1.
        queue: Scratch, one a job: next job in the list that it is in, or -1.
        earliest: Scratch, one a machine: earliest end (start) of a waiting operation, or -1.
    """
    machines = len(free)
    jobs = len(release)

    def renew(m: Any) -> None:
        least = -1
        j = waiting[m]
        while j >= 0:
            time = max(ready[j], free[m])
            if active:
                time += duration[following[j]]
            if least < 0 or time < least:
                least = time
            j = queue[j]
        earliest[m] = least

    for m in range(machines):
        free[m] = 0
        waiting[m] = -1
        earliest[m] = -1
    for backwards in range(jobs):
        j = jobs - 1 - backwards
        ready[j] = release[j]
        following[j] = job_start[j]
        m = machine[job_start[j]]
        queue[j] = waiting[m]
        waiting[m] = j
    for m in range(machines):
        renew(m)

    makespan = 0
    for _ in range(job_start[jobs]):
        chosen = -1
        for m in range(machines):
            if earliest[m] >= 0 and (chosen < 0 or earliest[m] < earliest[chosen]):
                chosen = m
        limit = earliest[chosen]

        best = best_before = before = -1
        j = waiting[chosen]
        while j >= 0:
            begin = max(ready[j], free[chosen])
            if begin < limit or (begin == limit and (not active or duration[following[j]] == 0)):
                better = best < 0
                if not better and arrival_order and ready[j] != ready[best]:
                    better = ready[j] < ready[best]
                elif not better:
                    mine, other = priority[following[j]], priority[following[best]]
                    better = mine < other or (mine == other and j < best)
                if better:
                    best, best_before = j, before
            before = j
            j = queue[j]

        operation = following[best]
        begin = max(ready[best], free[chosen])
        end = begin + duration[operation]
        start[operation] = begin
        free[chosen] = end
        ready[best] = end
        makespan = max(makespan, end)
        if best_before < 0:
            waiting[chosen] = queue[best]
        else:
            queue[best_before] = queue[best]
        if operation + 1 < job_start[best + 1]:
            following[best] = operation + 1
            m = machine[operation + 1]
            queue[best] = waiting[m]
            waiting[m] = best
            if m != chosen:
                renew(m)
        renew(chosen)
    return makespan


def arrays_of(instance: JobShop) -> list[Integers]:
    """Return what `generate` takes first, in arrays that compiled code may take."""
    return [
        np.array(each)
        for each in (
            instance.job_start,
            instance.machine,
            instance.duration,
            instance.release_dates,
        )
    ]
