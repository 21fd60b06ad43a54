"""Compiled sampling of job-shop schedules."""

from __future__ import annotations

import numpy as np

from ordino.core.kernel import kernel
from ordino.core.random_kernels import draw
from ordino.heuristics.jobshop.giffler_thompson_kernels import generate as _generate

__all__ = ["sample"]

_A = "int64[::1]"


@kernel(f"int64({_A}, {_A}, {_A}, {_A}, int64, boolean, uint64[::1], int64, int64, {_A})")
def sample(job_start, machine, duration, release, machines, active, state, count, best, best_start):  # type: ignore[no-untyped-def]
    """Draw schedules with random priorities and keep the best.

    Args:
        job_start: First operation of each job, then the number of operations.
        machine: Of each operation.
        duration: Of each operation.
        release: Date of each job.
        machines: Number of machines.
        active: Active schedules instead of non-delay ones.
        state: State of the random numbers (xorshift64*), one value other than 0; advanced.
        count: Number of schedules to draw.
        best: Makespan to beat.
        best_start: Filled with the start times of the best schedule that beats it.

    Returns:
        The least makespan, `best` included.
    """
    operations, jobs = len(machine), len(release)
    priority = np.empty(operations, np.int64)
    start = np.empty(operations, np.int64)
    free, waiting = np.empty(machines, np.int64), np.empty(machines, np.int64)
    earliest = np.empty(machines, np.int64)
    ready, following = np.empty(jobs, np.int64), np.empty(jobs, np.int64)
    queue = np.empty(jobs, np.int64)
    for _ in range(count):
        for operation in range(operations):
            priority[operation] = np.int64(draw(state) >> np.uint64(1))
        makespan = _generate(
            job_start, machine, duration, release, priority, False, active,
            start, free, ready, following, waiting, queue, earliest,
        )  # fmt: skip
        if makespan < best:
            best = makespan
            best_start[:] = start
    return best
