"""Compiled replays of task graphs whose tasks take longer or less long than planned.

`factor` has a row a replication: by how much the work of each task is multiplied, wherever it runs.
"""

from __future__ import annotations

import numpy as np
from numba import float64, int64, uint64, void

from ordino.core.kernel import kernel
from ordino.core.random_kernels import draw
from ordino.heuristics.taskgraph.arrays import graph_type
from ordino.models.taskgraph.timing import NOISE

__all__ = ["climb", "online", "replay"]

_I, _F, _M = int64[::1], float64[::1], float64[:, ::1]
_GRAPH = graph_type()


@kernel(float64(_GRAPH, _F, _I, _I, _M, _F, float64))
def replay(  # type: ignore[no-untyped-def]
    graph, deadline, order, processor, factor, values, most
):
    """Keep processors and order: each task starts as soon as it may. O(n + e) a replication.

    Fills in the makespans and returns their sum; gives up, and returns infinity, once it exceeds
    `most` or a task misses its deadline.
    """
    need_first, sender, needed = graph.need_first, graph.sender, graph.needed
    work, startup, bandwidth = graph.work, graph.startup, graph.bandwidth
    release = graph.release
    tasks, processors = work.shape
    end = np.empty(tasks)
    free = np.empty(processors)
    total = 0.0
    for r in range(len(factor)):
        free[:] = 0.0
        makespan = 0.0
        for x in range(tasks):
            task = order[x]
            p = processor[task]
            at = max(release[task], free[p])
            for e in range(need_first[task], need_first[task + 1]):
                i = sender[e]
                q = processor[i]
                if q == p:
                    at = max(at, end[i])
                else:
                    at = max(at, end[i] + (startup[q, p] + needed[e] / bandwidth[q, p]))
            end[task] = at + work[task, p] * factor[r, task]
            if end[task] > deadline[task]:
                return np.inf
            free[p] = end[task]
            makespan = max(makespan, end[task])
        values[r] = makespan
        total += makespan
        if total > most:
            return np.inf
    return total


@kernel(void(_GRAPH, _F, _M, _F))
def online(graph, rank, factor, values):  # type: ignore[no-untyped-def]
    """Decide as things happen: at every end or arrival, the tasks that are ready are taken by
    decreasing rank, each to the processor where it would end earliest as far as is known; it starts
    there if the processor is idle, and is decided on again later if not. Fills in the makespans.

    Planned durations are all that is known of tasks that have not ended. A task that finds no
    memory anywhere makes the makespan infinite. O(n r p + e) a replication, r tasks ready at once.
    """
    sent_first, receiver = graph.sent_first, graph.receiver
    need_first, sender, needed = graph.need_first, graph.sender, graph.needed
    work, startup, bandwidth = graph.work, graph.startup, graph.bandwidth
    release, memory = graph.release, graph.memory
    tasks, processors = work.shape
    place = np.empty(tasks, np.int64)
    end = np.empty(tasks)
    waits = np.empty(tasks, np.int64)
    ready = np.empty(tasks, np.int64)
    running = np.empty(processors, np.int64)
    expected = np.empty(processors)
    free = np.empty(processors)
    room = np.empty(processors)
    arrived = np.argsort(release)
    for r in range(len(factor)):
        running[:] = -1
        expected[:] = 0.0
        room[:] = graph.capacity
        count, done, coming = 0, 0, 0
        for task in range(tasks):
            waits[task] = need_first[task + 1] - need_first[task] + 1
        now, makespan = 0.0, 0.0
        while done < tasks:
            while coming < tasks and release[arrived[coming]] <= now:
                task = arrived[coming]
                coming += 1
                waits[task] -= 1
                if waits[task] == 0:
                    a = count
                    while a > 0 and rank[ready[a - 1]] < rank[task]:
                        ready[a] = ready[a - 1]
                        a -= 1
                    ready[a] = task
                    count += 1
            for p in range(processors):
                free[p] = max(now, expected[p]) if running[p] >= 0 else now
            kept = 0
            for a in range(count):
                task = ready[a]
                best, best_end, best_at = -1, np.inf, now
                for p in range(processors):
                    if work[task, p] == np.inf or memory[task] > room[p]:
                        continue
                    at = free[p]
                    for e in range(need_first[task], need_first[task + 1]):
                        i = sender[e]
                        q = place[i]
                        if q != p:
                            at = max(at, end[i] + (startup[q, p] + needed[e] / bandwidth[q, p]))
                    if at + work[task, p] < best_end:
                        best, best_end, best_at = p, at + work[task, p], at
                if best >= 0:
                    free[best] = best_end
                    if running[best] < 0:
                        running[best] = task
                        room[best] -= memory[task]
                        place[task] = best
                        expected[best] = best_end
                        end[task] = best_at + work[task, best] * factor[r, task]
                        continue
                ready[kept] = task
                kept += 1
            count = kept
            now = np.inf
            for p in range(processors):
                if running[p] >= 0:
                    now = min(now, end[running[p]])
            if coming < tasks:
                now = min(now, release[arrived[coming]])
            if now == np.inf:
                makespan = np.inf
                break
            for p in range(processors):
                task = running[p]
                if task >= 0 and end[task] <= now:
                    running[p] = -1
                    done += 1
                    makespan = max(makespan, end[task])
                    for e in range(sent_first[task], sent_first[task + 1]):
                        j = receiver[e]
                        waits[j] -= 1
                        if waits[j] == 0:
                            a = count
                            while a > 0 and rank[ready[a - 1]] < rank[j]:
                                ready[a] = ready[a - 1]
                                a -= 1
                            ready[a] = j
                            count += 1
        values[r] = makespan


@kernel(float64(_GRAPH, _F, _I, _I, _M, _F, float64, uint64[::1], int64))
def climb(  # type: ignore[no-untyped-def]
    graph, room, order, processor, factor, values, total, seed, trials
):
    """Move tasks at random within the order and to other processors; keep what lessens the sum of
    the makespans over the replications, and the deadlines as planned. Returns the sum.

    Args:
        graph: An `Arrays`.
        room: Memory left on each processor; changed.
        order: The plan; changed.
        processor: The plan; changed.
        factor: See above.
        values: Filled in, as by `replay`.
        total: Sum of the makespans as things are.
        seed: State of the random numbers (xorshift64*), one value other than 0; advanced.
        trials: Moves to try.
    """
    need_first, sender, work, memory = graph.need_first, graph.sender, graph.work, graph.memory
    sent_first, receiver = graph.sent_first, graph.receiver
    tasks, processors = work.shape
    never, until = np.full(tasks, np.inf), graph.deadline * (1 + NOISE)
    limited = until.min() < np.inf
    plan, length = np.ones((1, tasks)), np.empty(1)
    place = np.empty(tasks, np.int64)
    for x in range(tasks):
        place[order[x]] = x
    for _ in range(trials):
        drawn = np.int64(draw(seed) >> np.uint64(1))
        task = drawn % tasks
        drawn //= tasks
        old, p = processor[task], drawn % processors
        drawn //= processors
        low, high = 0, tasks - 1
        for e in range(need_first[task], need_first[task + 1]):
            low = max(low, place[sender[e]] + 1)
        for e in range(sent_first[task], sent_first[task + 1]):
            high = min(high, place[receiver[e]] - 1)
        here, there = place[task], low + drawn % (high - low + 1)
        if work[task, p] == np.inf or (p == old and here == there):
            continue
        if p != old and memory[task] > room[p]:
            continue
        step = 1 if there > here else -1
        for x in range(here, there, step):
            order[x] = order[x + step]
            place[order[x]] = x
        order[there] = task
        place[task] = there
        processor[task] = p
        changed = replay(graph, never, order, processor, factor, values, total)
        if limited and changed <= total:
            changed = max(changed, replay(graph, until, order, processor, plan, length, np.inf))
        if changed <= total:
            total = changed
            room[old] += memory[task]
            room[p] -= memory[task]
        else:
            for x in range(there, here, -step):
                order[x] = order[x - step]
                place[order[x]] = x
            order[here] = task
            place[task] = here
            processor[task] = old
    return total
