"""Compiled dispatching by priorities that change with time.

A job is *distant*, *near* or *late*, in this order as time goes by. A distant job has no priority;
a late one has a priority for good; that of a near one is `level + (t - base) / pace`. So near jobs
are lines, and which of them is on top changes seldom: a *tournament* is a tree whose leaves are
jobs, and each node knows its winner and for how long it stays that (Basch, Guibas, Hershberger
1999). Distant and late jobs wait in heaps.

Jobs are numbered in order of precedence: of equal priorities, the lower number goes first.
"""

from __future__ import annotations

import heapq

import numpy as np

from ordino.core.kernel import kernel

__all__ = ["dispatch"]

_I = "int64[::1]"
_F = "float64[::1]"

PRECISION = 1e-12
"""Relative error allowed for when lines are intersected: nearer to that, priorities are compared
anew at each step."""


@kernel(f"float64(int64, float64, float64, {_F}, {_F}, {_F})")
def _priority(job, now, shared_pace, level, base, pace):  # type: ignore[no-untyped-def]
    """Priority of a near job; a `shared_pace` above 0 stands for that of every job."""
    return level[job] + (now - base[job]) / (shared_pace if shared_pace > 0 else pace[job])


@kernel(f"void(int64, float64, float64, float64, {_F}, {_F}, {_F}, {_I}, {_F}, {_F})")
def _renew(  # type: ignore[no-untyped-def]
    node, x, now, shared_pace, level, base, pace, winner, since, until
):
    """Find the winner of a node for the parameter x, unless it is known.

    x is the time, or 1 / `shared_pace` where there is one: all near jobs then gain alike with time.
    """
    if since[node] <= x <= until[node]:
        return
    for child in (2 * node, 2 * node + 1):
        _renew(child, x, now, shared_pace, level, base, pace, winner, since, until)
    left, right = winner[2 * node], winner[2 * node + 1]
    since[node] = max(since[2 * node], since[2 * node + 1])
    until[node] = min(until[2 * node], until[2 * node + 1])
    winner[node] = max(left, right)
    if left < 0 or right < 0:
        return
    mine = _priority(left, now, shared_pace, level, base, pace)
    other = _priority(right, now, shared_pace, level, base, pace)
    winner[node] = left if mine >= other else right
    if shared_pace > 0:
        height, rise = level[left] - level[right], base[left] - base[right]
        size = abs(level[left]) + abs(level[right])
        steepness = abs(base[left]) + abs(base[right])
    else:
        one, two = base[left] / pace[left], base[right] / pace[right]
        height = level[left] - one - (level[right] - two)
        rise = 1 / pace[right] - 1 / pace[left]
        size = abs(level[left]) + abs(one) + abs(level[right]) + abs(two)
        steepness = 1 / pace[left] + 1 / pace[right]
    if rise == 0:
        return
    crossing = height / rise
    error = PRECISION * (size + steepness * abs(crossing)) / abs(rise)
    if x < crossing - error:
        until[node] = min(until[node], crossing - error)
    elif x > crossing + error:
        since[node] = max(since[node], crossing + error)
    else:
        since[node] = until[node] = x


@kernel(f"void(int64, int64, {_I}, {_F}, {_F})")
def _enter(leaf, job, winner, since, until):  # type: ignore[no-untyped-def]
    """Put a job, or -1 for none, on a leaf."""
    winner[leaf] = job
    node = leaf >> 1
    while node:
        since[node], until[node] = np.inf, -np.inf
        node >>= 1


@kernel(f"void(float64, {_I}, {_I}{f', {_F}' * 6})")
def dispatch(  # type: ignore[no-untyped-def]
    lookahead, p, releases, level, base, pace, near_from, late_from, late_priority
):
    """Fill `p` with the jobs in order.

    Whenever the machine is free, the released job of greatest priority starts; distant jobs wait
    for all others. O(n log n), and for each change of a winner O(log n).

    Args:
        lookahead: If above 0, `lookahead` times the mean processing time of the waiting jobs is
            the pace of all jobs.
        p: Processing times on entry, the sequence on return.
        releases: Release dates.
        level: Priority of a near job at the time `base`.
        base: See there.
        pace: Time in which a near job gains a priority of 1, if `lookahead` is 0.
        near_from: First moment at which a job is not distant any more.
        late_from: First moment at which it is not near any more.
        late_priority: Priority from then on.
    """
    jobs = len(p)
    arrivals = np.argsort(releases, kind="mergesort")
    turning_near = np.argsort(near_from, kind="mergesort")
    turning_late = np.argsort(late_from, kind="mergesort")
    by_late_priority = np.argsort(-late_priority, kind="mergesort")
    rank = np.empty(jobs, np.int64)
    rank[by_late_priority] = np.arange(jobs)

    leaves = 1
    while leaves < jobs:
        leaves *= 2
    winner = np.full(2 * leaves, -1, np.int64)
    since, until = np.full(2 * leaves, -np.inf), np.full(2 * leaves, np.inf)
    distant = [np.int64(0) for _ in range(0)]
    late = [np.int64(0) for _ in range(0)]
    waits = np.zeros(jobs, np.bool_)
    order = np.empty(jobs, np.int64)
    arrived = gone_near = gone_late = waiting = work = now = np.int64(0)
    for position in range(jobs):
        if waiting == 0:
            now = max(now, releases[arrivals[arrived]])
        while arrived < jobs and releases[arrivals[arrived]] <= now:
            job = arrivals[arrived]
            arrived += 1
            waits[job] = True
            waiting += 1
            work += p[job]
            if now >= late_from[job]:
                heapq.heappush(late, rank[job])
            elif now >= near_from[job]:
                _enter(leaves + job, job, winner, since, until)
            else:
                heapq.heappush(distant, job)
        while gone_near < jobs and near_from[turning_near[gone_near]] <= now:
            job = turning_near[gone_near]
            gone_near += 1
            if waits[job] and now < late_from[job]:
                _enter(leaves + job, job, winner, since, until)
        while gone_late < jobs and late_from[turning_late[gone_late]] <= now:
            job = turning_late[gone_late]
            gone_late += 1
            if waits[job]:
                if winner[leaves + job] == job:
                    _enter(leaves + job, -1, winner, since, until)
                heapq.heappush(late, rank[job])
        while late and not waits[by_late_priority[late[0]]]:
            heapq.heappop(late)
        while distant and not (waits[distant[0]] and now < near_from[distant[0]]):
            heapq.heappop(distant)

        shared_pace = lookahead * work / waiting
        x = 1 / shared_pace if shared_pace > 0 else np.float64(now)
        _renew(1, x, now, shared_pace, level, base, pace, winner, since, until)
        chosen = winner[1]
        if late:
            job = by_late_priority[late[0]]
            if chosen < 0:
                chosen = job
            else:
                mine = _priority(chosen, now, shared_pace, level, base, pace)
                if late_priority[job] > mine or (late_priority[job] == mine and job < chosen):
                    chosen = job
        if chosen < 0:
            chosen = distant[0]
        if winner[leaves + chosen] == chosen:
            _enter(leaves + chosen, -1, winner, since, until)
        waits[chosen] = False
        waiting -= 1
        work -= p[chosen]
        now += p[chosen]
        order[position] = chosen
    p[:] = order
