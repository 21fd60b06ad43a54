"""What follows from the data of a general shop: heads, tails, objectives, latest completions."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from operator import itemgetter

import numpy as np

from ordino.core.arrays import Integers
from ordino.models.jobshop.problem import Schedule
from ordino.models.jobshop.shop import NEVER, Shop

__all__ = [
    "chosen",
    "completions",
    "contradiction",
    "earliest",
    "heads",
    "latest_completions",
    "objective",
    "tails",
    "too_long",
]

LONGEST = 2**61
"""Times that compiled searches compute with stay below this."""


def earliest(begin: int, duration: int, downtimes: Sequence[tuple[int, int]]) -> int | None:
    """Return the first time from `begin` on at which so much fits between the downtimes of a
    machine, or `None`."""
    for index in range(bisect_right(downtimes, begin, key=itemgetter(1)), len(downtimes)):
        down, up = downtimes[index]
        if down >= begin + duration:
            break
        begin = up
    return None if begin >= NEVER else begin


def heads(instance: Shop) -> Integers:
    """Earliest start of each operation, other jobs and setups aside; `NEVER` where there is none.

    The first time at which it fits on one of its machines behind release date and predecessors.
    """
    down = {m: instance.downtimes(m) for m in np.unique(instance.down_machine).tolist()}
    least = instance.least_duration.tolist()
    machine, duration = instance.machine.tolist(), instance.duration.tolist()
    head = instance.release_dates[instance.job].tolist()
    end = [0] * instance.operations
    for i in instance.order.tolist():
        for j in instance.predecessors[i]:
            head[i] = max(head[i], end[j])
        if not down:
            end[i] = head[i] + least[i]
            continue
        fits = [
            (begin, begin + duration[k])
            for k in instance.alternatives(i)
            if head[i] < NEVER
            and (begin := earliest(head[i], duration[k], down.get(machine[k], ()))) is not None
        ]
        head[i] = min((begin for begin, _ in fits), default=NEVER)
        end[i] = min((until for _, until in fits), default=NEVER)
    values: Integers = np.array(head, dtype=np.int64)
    return values


def tails(instance: Shop) -> Integers:
    """Time that must pass between the end of each operation and that of its job."""
    least = instance.least_duration.tolist()
    tail = [0] * instance.operations
    for i in reversed(instance.order.tolist()):
        for j in instance.successors[i]:
            tail[i] = max(tail[i], least[j] + tail[j])
    values: Integers = np.array(tail, dtype=np.int64)
    return values


def contradiction(instance: Shop) -> str | None:
    """Say which operation fits on none of its machines, which two have no time for a setup between
    them, or which no-wait job without choice of machines fits nowhere, or return `None`."""
    never = heads(instance) >= NEVER
    if not never.any():
        alone = np.diff(instance.alternative_start) == 1
        if instance.buffers != "unlimited" and instance.setup.size:
            machine = instance.machine[instance.alternative_start[:-1]]
            one, other = instance.arc_before, instance.arc_after
            family = instance.setup_family
            wrong = alone[one] & alone[other] & (machine[one] == machine[other])
            wrong &= instance.setup[machine[one], family[one], family[other]] > 0
            if wrong.any():
                first = int(one[np.argmax(wrong)])
                job, position = instance.place(first)
                return (
                    f"operations {position} and {position + 1} of job {job} need a setup of "
                    f"machine {machine[first]} between them, which the job does not leave"
                )
        if instance.buffers == "no-wait":
            down = {m: instance.downtimes(m) for m in np.unique(instance.down_machine).tolist()}
            rigid = np.logical_and.reduceat(alone, instance.job_start[:-1])
            for job in np.flatnonzero(rigid).tolist():
                if not _fits(instance, job, down):
                    return (
                        f"job {job} fits nowhere between the downtimes of its machines: without a "
                        "wait, some operation always meets one"
                    )
        return None
    first = next(i for i in instance.order.tolist() if never[i])
    job, position = instance.place(first)
    machines = sorted(instance.machine[k] for k in instance.alternatives(first))
    told = ", ".join(map(str, machines[:8]))
    return (
        f"operation {position} of job {job} fits nowhere between the downtimes of machine"
        f"{'s' if len(machines) > 1 else ''} {told}"
    )


def _fits(instance: Shop, job: int, down: Mapping[int, Sequence[tuple[int, int]]]) -> bool:
    """Tell whether a no-wait job without choice of machines, others aside, fits between the
    downtimes of each machine."""
    begin = int(instance.release_dates[job])
    first, behind = instance.alternative_start[instance.job_start[job : job + 2]].tolist()
    machine, duration = instance.machine[first:behind], instance.duration[first:behind]
    operations = list(zip(machine.tolist(), duration.tolist(), strict=True))
    changed = True
    while changed:
        changed, at = False, begin
        for m, length in operations:
            found = earliest(at, length, down.get(m, ()))
            if found is None:
                return False
            if found > at:
                begin, changed = begin + found - at, True
            at = found + length
    return True


def too_long(instance: Shop) -> str | None:
    """Say that times are beyond what compiled searches compute with, or return `None`.

    To the end of a job they may add how far its date, due or release, lies before the latest one.
    """
    dates = [instance.release_dates]
    if instance.due_dates is not None:
        dates.append(instance.due_dates)
    reach = instance.horizon + max(int(each.max()) - int(each.min()) for each in dates)
    return f"horizon + spread of the dates: {reach}, beyond {LONGEST}" if reach >= LONGEST else None


def chosen(instance: Shop, solution: Schedule) -> Integers:
    """Return the alternative of each operation in a feasible schedule."""
    first = instance.alternative_start[:-1]
    if solution.machine is None:
        return first
    operation = np.repeat(np.arange(instance.operations), np.diff(instance.alternative_start))
    return np.flatnonzero(instance.machine == solution.machine[operation])


def completions(instance: Shop, end: Integers) -> Integers:
    """Return the completion of each job, from the ends of all operations."""
    latest: Integers = np.maximum.reduceat(end, instance.job_start[:-1])
    return latest


def objective(instance: Shop, completion: Sequence[int]) -> int:
    """Return the value of the goal where the jobs are complete at these times."""
    if instance.goal == "makespan":
        return max(completion)
    weights = instance.weights.tolist()
    if instance.goal == "flow-time":
        releases = instance.release_dates.tolist()
        return sum(w * (c - r) for w, c, r in zip(weights, completion, releases, strict=True))
    assert instance.due_dates is not None
    late: list[int] = [c - d for c, d in zip(completion, instance.due_dates.tolist(), strict=True)]
    if instance.goal == "lateness":
        return max(late)
    return sum(w * max(0, each) for w, each in zip(weights, late, strict=True))


def latest_completions(instance: Shop, least: Sequence[int], upper_bound: int | None) -> list[int]:
    """Return by when each job is complete in every schedule of at most this objective value.

    Args:
        instance: The shop.
        least: Lower bounds on the completion of each job.
        upper_bound: Of the objective; `None` for none.
    """
    horizon = instance.horizon
    if upper_bound is None:
        return [horizon] * instance.jobs
    if instance.goal == "makespan":
        return [min(horizon, upper_bound)] * instance.jobs
    weights = instance.weights.tolist()
    free = upper_bound - objective(instance, least)
    if instance.goal == "flow-time":
        slack = [c + free // w if w else horizon for c, w in zip(least, weights, strict=True)]
        return [min(horizon, each) for each in slack]
    assert instance.due_dates is not None
    dues = instance.due_dates.tolist()
    if instance.goal == "lateness":
        return [min(horizon, due + upper_bound) for due in dues]
    return [
        min(horizon, max(c, due) + free // w) if w else horizon
        for c, due, w in zip(least, dues, weights, strict=True)
    ]
