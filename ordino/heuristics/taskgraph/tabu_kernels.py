"""Compiled tabu search over processors and their orders.

A schedule is a processor for each task and an order on each processor, kept as links `before` and
`after` (-1 for none) and `first` of each processor; `order` is a topological order of the graph
together with the links. `start` is when each task starts, as early as it may; `tail` is the longest
way from its end to the end of the schedule.

The move takes a critical task v out and puts it in elsewhere. With the starts and tails of the
schedule without v, the longest way through v in its new place between a and b on processor p is

    max(data of v on p, end(a)) + w(v, p) + max(way behind v on p, w(b) + tail(b)),

exactly, if all ancestors of v go before it and all descendants behind it; and the makespan is the
larger of that and the makespan without v (as Mastrolilli, Gambardella 2000 have it for the flexible
job shop). So all places of a task are judged in O(n + e + p d).

Each task has a head, before which it can't start, and behind its end a delivery that takes time,
both by processor; the length of a schedule is the end of the last delivery. So a part of a larger
schedule is searched as if it were all (see `window`). With deliveries of max(0, T - deadline), a
length of at most T says that the deadlines are kept and the makespan is at most T. Below, makespans
are such lengths.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import boolean, float64, int64, typeof, uint64, void

from ordino.core.arrays import Integers, Reals
from ordino.core.kernel import kernel
from ordino.core.random_kernels import draw
from ordino.heuristics.taskgraph.arrays import graph_type

__all__ = ["BEST", "CURRENT", "IMPROVED", "MOVES", "State", "arrange", "link", "search"]

MOVES, IMPROVED = range(2)
"""Places in `counters`: moves in all, moves by the time of the last best."""
CURRENT, BEST = range(2)
"""Places in `lengths`: makespans."""

_I, _F, _T = int64[::1], float64[::1], int64[:, ::1]
_GRAPH = graph_type()


class State(NamedTuple):
    """A schedule, and how long it is."""

    processor: Integers
    before: Integers
    after: Integers
    first: Integers
    order: Integers
    place: Integers
    waits: Integers
    start: Reals
    tail: Reals
    head: Reals
    delivery: Reals

    @classmethod
    def of(cls, tasks: int, processors: int) -> State:
        """Make room for a schedule."""
        integers, reals = np.zeros(tasks, np.int64), np.zeros(tasks)
        return cls(
            processor=integers.copy(),
            before=integers.copy(),
            after=integers.copy(),
            first=np.zeros(processors, np.int64),
            order=integers.copy(),
            place=integers.copy(),
            waits=integers.copy(),
            start=reals.copy(),
            tail=reals.copy(),
            head=np.zeros((tasks, processors)),
            delivery=np.zeros((tasks, processors)),
        )


_STATE = typeof(State.of(1, 1))


@kernel(void(_STATE))
def link(state):  # type: ignore[no-untyped-def]
    """Make the links that the order stands for."""
    order, processor, first = state.order, state.processor, state.first
    before, after = state.before, state.after
    last = np.full(len(first), -1)
    first[:] = -1
    for x in range(len(order)):
        task = order[x]
        p = processor[task]
        before[task] = last[p]
        after[task] = -1
        if last[p] < 0:
            first[p] = task
        else:
            after[last[p]] = task
        last[p] = task


@kernel(float64(_GRAPH, _STATE))
def arrange(graph, state):  # type: ignore[no-untyped-def]
    """Find order, places in it, starts and tails for the links; returns the makespan. O(n + e)."""
    sent_first, receiver, sent = graph.sent_first, graph.receiver, graph.sent
    need_first, sender, needed = graph.need_first, graph.sender, graph.needed
    work, startup, bandwidth = graph.work, graph.startup, graph.bandwidth
    processor, before, after = state.processor, state.before, state.after
    order, place, waits = state.order, state.place, state.waits
    start, tail, head, delivery = state.start, state.tail, state.head, state.delivery
    tasks = len(order)
    count = 0
    for task in range(tasks):
        waits[task] = need_first[task + 1] - need_first[task] + (before[task] >= 0)
        if waits[task] == 0:
            order[count] = task
            count += 1
    makespan = 0.0
    x = 0
    while x < count:
        task = order[x]
        place[task] = x
        x += 1
        p = processor[task]
        at = head[task, p]
        if before[task] >= 0:
            at = max(at, start[before[task]] + work[before[task], p])
        for e in range(need_first[task], need_first[task + 1]):
            i = sender[e]
            q = processor[i]
            at = max(at, start[i] + work[i, q] + (startup[q, p] + needed[e] / bandwidth[q, p]))
        start[task] = at
        makespan = max(makespan, at + work[task, p] + delivery[task, p])
        if after[task] >= 0:
            waits[after[task]] -= 1
            if waits[after[task]] == 0:
                order[count] = after[task]
                count += 1
        for e in range(sent_first[task], sent_first[task + 1]):
            j = receiver[e]
            waits[j] -= 1
            if waits[j] == 0:
                order[count] = j
                count += 1
    if count < tasks:
        return np.inf
    for x in range(tasks - 1, -1, -1):
        task = order[x]
        p = processor[task]
        left = delivery[task, p]
        b = after[task]
        if b >= 0:
            left = max(left, work[b, p] + tail[b])
        for e in range(sent_first[task], sent_first[task + 1]):
            j = receiver[e]
            q = processor[j]
            left = max(left, startup[p, q] + sent[e] / bandwidth[p, q] + work[j, q] + tail[j])
        tail[task] = left
    return makespan


@kernel(
    boolean(*(_GRAPH, _STATE, _F, _I, _I, _T, _I, _F, uint64[::1]), *(int64, int64, int64, int64))
)
def search(  # type: ignore[no-untyped-def]
    graph,
    state,
    room,
    best_order,
    best_processor,
    tabu,
    counters,
    lengths,
    seed,
    tenure,
    tried,
    kicks,
    moves,
):
    """Do so many moves; returns at once, and true, when one makes the best schedule.

    Args:
        graph: An `Arrays`.
        state: The schedule; changed.
        room: Memory left on each processor; changed.
        best_order: Order of the best schedule; replaced when there is a better one.
        best_processor: Its processors.
        tabu: Move from which on a task may go to a processor again; shape (tasks, processors).
        counters: See MOVES, IMPROVED.
        lengths: See CURRENT, BEST.
        seed: State of the random numbers (xorshift64*), one value other than 0; advanced.
        tenure: A processor that a task has left is tabu to it for so many moves, and up to half as
            many again.
        tried: Critical tasks that are looked at for a move, at most.
        kicks: So many moves first take any task to the best place of a random processor.
        moves: Moves to do in all.
    """
    sent_first, receiver, sent = graph.sent_first, graph.receiver, graph.sent
    need_first, sender, needed = graph.need_first, graph.sender, graph.needed
    work, startup, bandwidth = graph.work, graph.startup, graph.bandwidth
    processor, before, after, first = state.processor, state.before, state.after, state.first
    order, place, start = state.order, state.place, state.start
    tail, head, delivery, memory = state.tail, state.head, state.delivery, graph.memory
    tasks, processors = work.shape
    end2 = np.empty(tasks)
    tail2 = np.empty(tasks)
    kin = np.zeros(tasks, np.int64)
    path = np.empty(tasks, np.int64)
    tight = np.empty(tasks, np.int64)
    for step in range(moves):
        makespan = lengths[CURRENT]
        slack = 1e-10 * makespan
        kicked = step < kicks
        length = 0
        if kicked:
            drawn = np.int64(draw(seed) >> np.uint64(1))
            path[0] = drawn % tasks
            length = 1
        else:
            # a critical path, backwards, at random where there are several
            count = 0
            for i in range(tasks):
                p = processor[i]
                if start[i] + work[i, p] + delivery[i, p] >= makespan - slack:
                    tight[count] = i
                    count += 1
            while count > 0:
                drawn = np.int64(draw(seed) >> np.uint64(1))
                v = tight[drawn % count]
                path[length] = v
                length += 1
                count = 0
                p = processor[v]
                a = before[v]
                if a >= 0 and start[a] + work[a, p] >= start[v] - slack:
                    tight[count] = a
                    count += 1
                for e in range(need_first[v], need_first[v + 1]):
                    i = sender[e]
                    q = processor[i]
                    at = start[i] + work[i, q] + (startup[q, p] + needed[e] / bandwidth[q, p])
                    if at >= start[v] - slack and i != a:
                        tight[count] = i
                        count += 1
            if length > tried:
                for k in range(tried):
                    drawn = np.int64(draw(seed) >> np.uint64(1))
                    other = k + drawn % (length - k)
                    path[k], path[other] = path[other], path[k]
                length = tried

        only = -1
        if kicked and processors > 1:
            only = (drawn // tasks) % processors
        best_value, best_way, best_v, best_p, best_a = np.inf, np.inf, -1, -1, -1
        tabu_value, tabu_way, tabu_v, tabu_p, tabu_a = np.inf, np.inf, -1, -1, -1
        for k in range(length):
            v = path[k]
            here = place[v]
            without = 0.0
            for x in range(here):
                i = order[x]
                q = processor[i]
                end2[i] = start[i] + work[i, q]
                without = max(without, end2[i] + delivery[i, q])
                kin[i] = 0
            for x in range(here + 1, tasks):
                i = order[x]
                q = processor[i]
                at = head[i, q]
                below = 0
                a = before[i]
                if a == v:
                    a = before[v]
                if a >= 0:
                    at = max(at, end2[a])
                    if kin[a] == 2:
                        below = 2
                for e in range(need_first[i], need_first[i + 1]):
                    j = sender[e]
                    if j == v:
                        below = 2
                    else:
                        if kin[j] == 2:
                            below = 2
                        r = processor[j]
                        at = max(at, end2[j] + (startup[r, q] + needed[e] / bandwidth[r, q]))
                kin[i] = below
                end2[i] = at + work[i, q]
                without = max(without, end2[i] + delivery[i, q])
                tail2[i] = tail[i]
            for x in range(here - 1, -1, -1):
                i = order[x]
                q = processor[i]
                left = delivery[i, q]
                above = 0
                b = after[i]
                if b == v:
                    b = after[v]
                if b >= 0:
                    left = max(left, work[b, q] + tail2[b])
                    if kin[b] == 1:
                        above = 1
                for e in range(sent_first[i], sent_first[i + 1]):
                    j = receiver[e]
                    if j == v:
                        above = 1
                    else:
                        if kin[j] == 1:
                            above = 1
                        r = processor[j]
                        way = startup[q, r] + sent[e] / bandwidth[q, r] + work[j, r] + tail2[j]
                        left = max(left, way)
                kin[i] = above
                tail2[i] = left
            if without >= best_value and not kicked and best_value < makespan - slack:
                continue
            for p in range(processors):
                w = work[v, p]
                if w == np.inf or (only >= 0 and p != only):
                    continue
                if p != processor[v] and memory[v] > room[p]:
                    continue
                ready = head[v, p]
                for e in range(need_first[v], need_first[v + 1]):
                    j = sender[e]
                    q = processor[j]
                    ready = max(ready, end2[j] + (startup[q, p] + needed[e] / bandwidth[q, p]))
                behind = delivery[v, p]
                for e in range(sent_first[v], sent_first[v + 1]):
                    j = receiver[e]
                    q = processor[j]
                    way = startup[p, q] + sent[e] / bandwidth[p, q] + work[j, q] + tail2[j]
                    behind = max(behind, way)
                forbidden = tabu[v, p] > counters[MOVES]
                a = -1
                b = first[p]
                if b == v:
                    b = after[v]
                while True:
                    if b < 0 or kin[b] != 1:
                        at = ready
                        if a >= 0:
                            at = max(at, end2[a])
                        left = behind
                        if b >= 0:
                            left = max(left, work[b, p] + tail2[b])
                        way = at + w + left
                        value = max(way, without)
                        if p != processor[v] or a != before[v]:
                            if forbidden and value >= lengths[BEST] - slack:
                                if value < tabu_value or (value == tabu_value and way < tabu_way):
                                    tabu_value, tabu_way = value, way
                                    tabu_v, tabu_p, tabu_a = v, p, a
                            elif value < best_value or (value == best_value and way < best_way):
                                best_value, best_way = value, way
                                best_v, best_p, best_a = v, p, a
                        if a >= 0 and end2[a] + w + behind > best_value and not kicked:
                            break
                    if b < 0 or kin[b] == 2:
                        break
                    a = b
                    b = after[b]
                    if b == v:
                        b = after[v]
        if best_v < 0:
            best_v, best_p, best_a = tabu_v, tabu_p, tabu_a
        counters[MOVES] += 1
        if best_v < 0:
            continue
        v, p, a = best_v, best_p, best_a
        old = processor[v]
        if before[v] >= 0:
            after[before[v]] = after[v]
        else:
            first[old] = after[v]
        if after[v] >= 0:
            before[after[v]] = before[v]
        if a >= 0:
            b = after[a]
            after[a] = v
        else:
            b = first[p]
            first[p] = v
        before[v], after[v] = a, b
        if b >= 0:
            before[b] = v
        processor[v] = p
        room[old] += memory[v]
        room[p] -= memory[v]
        drawn = np.int64(draw(seed) >> np.uint64(1))
        tabu[v, old] = counters[MOVES] + tenure + drawn % (tenure // 2 + 1)
        lengths[CURRENT] = arrange(graph, state)
        if lengths[CURRENT] < lengths[BEST] - slack:
            lengths[BEST] = lengths[CURRENT]
            counters[IMPROVED] = counters[MOVES]
            best_order[:] = order
            best_processor[:] = processor
            return True
    return False
