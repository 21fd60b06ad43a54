"""Lower bounds on the total weighted tardiness.

Bounds for equal weights carry over to others by layers: with the distinct weights v_1 < v_2 < … and
v_0 = 0, the objective is the sum over i of (v_i - v_{i-1}) times the total tardiness of the jobs of
weight v_i or more, and leaving jobs out makes no other job later.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

import numpy as np

from ordino.core.arrays import Integers
from ordino.models.tardiness.problem import SingleMachine

__all__ = ["assignment", "max_tardiness", "preemptive_ends", "sorted_due_dates"]

LARGEST_ASSIGNMENT = 400
LAYERS = 10
LAYERED_JOBS = 200_000
"""Jobs in all layers together, about; fewer layers make a weaker bound, which is still one."""

Unweighted = Callable[[Integers, Integers, Integers], int]


def max_tardiness(instance: SingleMachine) -> int:
    """Largest tardiness of the preemptive EDD schedule, in layers. O(n log n) a layer.

    EDD with interruptions has the least largest tardiness of all schedules (Jackson 1955; Horn
    1974), and the total is no less than the largest.
    """
    return _layered(instance, _largest)


def _largest(times: Integers, dues: Integers, releases: Integers) -> int:
    ends = preemptive_ends(times, releases, dues)
    return max(0, int((ends - dues).max()))


def sorted_due_dates(instance: SingleMachine) -> int:
    """SPT ends against due dates, both sorted, in layers. O(n log n) a layer.

    The k-th end of any schedule is no earlier than the k-th of the preemptive shortest remaining
    time schedule, and no matching of these ends to due dates has less tardiness than the sorted
    one, since max(0, C - d) is convex (Chu 1992).
    """
    return _layered(instance, _matched)


def _matched(times: Integers, dues: Integers, releases: Integers) -> int:
    ends = np.sort(preemptive_ends(times, releases, None))
    return int(np.maximum(0, ends - np.sort(dues)).sum())


def _layered(instance: SingleMachine, bound: Unweighted) -> int:
    levels = np.unique(instance.weights[instance.weights > 0])
    count = min(levels.size, max(1, min(LAYERS, LAYERED_JOBS // instance.jobs)))
    chosen = np.linspace(0, levels.size - 1, count).astype(np.int64)
    total = below = 0
    for level in levels[chosen].tolist():
        kept = instance.weights >= level
        total += (level - below) * bound(
            instance.processing_times[kept], instance.due_dates[kept], instance.release_dates[kept]
        )
        below = level
    return total


def preemptive_ends(times: Integers, releases: Integers, urgency: Integers | None) -> Integers:
    """Return the ends of the schedule that always runs the released job of least urgency.

    A job is interrupted when a more urgent one is released. O(n log n).

    Args:
        times: Processing times.
        releases: Release dates.
        urgency: Of each job; `None` for its remaining time.
    """
    if not releases.any():
        order = np.argsort(times if urgency is None else urgency, kind="stable")
        ends = np.empty_like(times)
        ends[order] = np.cumsum(times[order])
        return ends
    left, release = times.tolist(), releases.tolist()
    rank = left if urgency is None else urgency.tolist()
    finished = [0] * len(left)
    waiting: list[tuple[int, int]] = []
    now = 0
    arrivals = np.argsort(releases, kind="stable").tolist()
    for arriving, following in zip(arrivals, [*arrivals[1:], None], strict=True):
        now = max(now, release[arriving])
        heapq.heappush(waiting, (rank[arriving], arriving))
        until = None if following is None else release[following]
        while waiting and (until is None or now < until):
            job = waiting[0][1]
            if until is not None and now + left[job] > until:
                left[job] -= until - now
                now = until
                heapq.heapreplace(waiting, (rank[job], job))  # rank may be the remaining time
            else:
                now += left[job]
                finished[job] = now
                heapq.heappop(waiting)
    return np.array(finished, dtype=np.int64)


def assignment(instance: SingleMachine) -> int | None:
    """Least cost of jobs on positions, or `None` beyond 400 jobs. O(n^3).

    Job j at position k ends no earlier than: the k-th end of the preemptive shortest remaining time
    schedule; r_j + p_j; the least release date, the k - 1 shortest other jobs, and p_j.
    """
    jobs = instance.jobs
    if jobs > LARGEST_ASSIGNMENT:
        return None
    times, releases = instance.processing_times, instance.release_dates
    order = np.argsort(times, kind="stable")
    rank = np.argsort(order, kind="stable")
    shortest = np.concatenate([[0], np.cumsum(times[order])])
    position = np.arange(jobs)
    others = np.where(
        rank[:, None] < position, shortest[1:] - times[:, None], shortest[:-1]
    )  # the `position` shortest among the other jobs
    ends = int(releases.min()) + others + times[:, None]
    ends = np.maximum(ends, (releases + times)[:, None])
    ends = np.maximum(ends, np.sort(preemptive_ends(times, releases, None)))
    late = np.maximum(0, ends - instance.due_dates[:, None])

    from ortools.graph.python import linear_sum_assignment

    solver = linear_sum_assignment.SimpleLinearSumAssignment()
    solver.add_arcs_with_cost(
        np.repeat(position, jobs),
        np.tile(position, jobs),
        (instance.weights[:, None] * late).ravel(),
    )
    if solver.solve() != solver.OPTIMAL:
        return None
    return int(solver.optimal_cost())
