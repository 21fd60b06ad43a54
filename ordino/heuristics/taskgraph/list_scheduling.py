"""List scheduling of task graphs, in the part of Python that numba compiles.

So each function serves twice: interpreted, for a first answer without waiting for a compiler, and
compiled (`kernels`). `graph` is an `Arrays`; `processor` and `start` are filled in. A makespan of
-1 says that the memory of the processors did not suffice.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = [
    "DLS",
    "ETF",
    "MAX_MIN",
    "MIN_MIN",
    "SUFFERAGE",
    "batch_schedule",
    "downward_ranks",
    "list_schedule",
    "lookahead_schedule",
    "optimistic_costs",
    "upward_ranks",
]

MIN_MIN, MAX_MIN, SUFFERAGE, ETF, DLS = range(5)


def upward_ranks(graph: Any, weight: Any, wait: Any, unit: Any, rank: Any) -> None:
    """Fill in the longest way from each task to the end, its own weight included. O(n + e).

    rank_u(i) = w_i + max over successors j of (wait + unit volume_ij + rank_u(j)).
    """
    order, first, receiver, sent = graph.order, graph.sent_first, graph.receiver, graph.sent
    for x in range(len(order) - 1, -1, -1):
        task = order[x]
        longest = 0.0
        for e in range(first[task], first[task + 1]):
            longest = max(longest, wait + unit * sent[e] + rank[receiver[e]])
        rank[task] = weight[task] + longest


def downward_ranks(graph: Any, weight: Any, wait: Any, unit: Any, rank: Any) -> None:
    """Fill in the longest way from the beginning to each task, without its own weight. O(n + e).

    rank_d(i) = max over predecessors j of (rank_d(j) + w_j + wait + unit volume_ji).
    """
    order, first, sender, needed = graph.order, graph.need_first, graph.sender, graph.needed
    for x in range(len(order)):
        task = order[x]
        longest = 0.0
        for e in range(first[task], first[task + 1]):
            other = sender[e]
            longest = max(longest, rank[other] + weight[other] + wait + unit * needed[e])
        rank[task] = longest


def optimistic_costs(graph: Any, wait: Any, unit: Any, costs: Any) -> None:
    """Fill in the optimistic cost table OCT of PEFT. O(e p).

    OCT(i, p) = max over successors j of min over q of OCT(j, q) + w(j, q) + (0 if q = p else c_ij):
    the least that is left to do behind task i if it runs on p, were no processor ever busy.
    """
    order, first, receiver, sent = graph.order, graph.sent_first, graph.receiver, graph.sent
    work = graph.work
    processors = work.shape[1]
    for x in range(len(order) - 1, -1, -1):
        task = order[x]
        for p in range(processors):
            costs[task, p] = 0.0
        for e in range(first[task], first[task + 1]):
            other = receiver[e]
            least = np.inf
            for q in range(processors):
                least = min(least, costs[other, q] + work[other, q])
            least += wait + unit * sent[e]
            for p in range(processors):
                here = min(least, costs[other, p] + work[other, p])
                costs[task, p] = max(costs[task, p], here)


def list_schedule(
    graph: Any, order: Any, bias: Any, forced: Any, processor: Any, start: Any
) -> Any:
    """Place tasks one after another where they end earliest, in gaps too; returns the makespan.

    On each processor the earliest gap that is long enough counts, behind all data (insertion,
    Topcuoglu, Hariri, Wu 2002). The least end plus bias wins, the lower number at ties. At worst
    O(n^2 + e p); where gaps are few, O(n p log n + e p).

    Args:
        graph: An `Arrays`.
        order: The tasks, each behind its predecessors.
        bias: Added to the end before comparing; shape (tasks, processors), or (0, 0) for none.
        forced: Processor of each task, -1 where it is open; shape (tasks,), or (0,) for all open.
        processor: Filled in.
        start: Filled in.
    """
    need_first, sender, needed = graph.need_first, graph.sender, graph.needed
    work, startup, bandwidth = graph.work, graph.startup, graph.bandwidth
    release, memory = graph.release, graph.memory
    tasks, processors = work.shape
    begins = np.empty((processors, tasks))
    ends = np.empty((processors, tasks))
    count = np.zeros(processors, np.int64)
    room = graph.capacity.copy()
    finish = np.empty(tasks)
    biased, fixed = bias.size > 0, forced.size > 0
    makespan = 0.0
    for x in range(tasks):
        task = order[x]
        best, best_end, best_start = np.inf, np.inf, 0.0
        best_processor, best_place = -1, 0
        for p in range(processors):
            w = work[task, p]
            if w == np.inf or memory[task] > room[p]:
                continue
            if fixed and forced[task] >= 0 and forced[task] != p:
                continue
            ready = release[task]
            for e in range(need_first[task], need_first[task + 1]):
                other = sender[e]
                q = processor[other]
                ready = max(ready, finish[other] + startup[q, p] + needed[e] / bandwidth[q, p])
            extra = bias[task, p] if biased else 0.0
            low, high = 0, count[p]
            while low < high:
                middle = (low + high) // 2
                if ends[p, middle] > ready:
                    high = middle
                else:
                    low = middle + 1
            begin = ready
            while low < count[p] and begins[p, low] < begin + w:
                begin = max(begin, ends[p, low])
                low += 1
                if begin + w + extra >= best:
                    break
            value = begin + w + extra
            if value < best:
                best, best_end, best_start = value, begin + w, begin
                best_processor, best_place = p, low
        if best_processor < 0:
            return -1.0
        p = best_processor
        for k in range(count[p], best_place, -1):
            begins[p, k] = begins[p, k - 1]
            ends[p, k] = ends[p, k - 1]
        begins[p, best_place] = best_start
        ends[p, best_place] = best_end
        count[p] += 1
        room[p] -= memory[task]
        processor[task] = p
        start[task] = best_start
        finish[task] = best_end
        makespan = max(makespan, best_end)
    return makespan


def lookahead_schedule(graph: Any, order: Any, rank: Any, processor: Any, start: Any) -> Any:
    """Place each task where the latest of its successors could end earliest; returns the makespan.

    For every processor the task is placed on trial, and its successors behind it, by decreasing
    rank, each where it ends earliest with the data that are placed by then (Bittencourt,
    Sakellariou, Madeira 2010). O(e p^2 d) besides the gaps, for d predecessors of a task.
    """
    sent_first, receiver = graph.sent_first, graph.receiver
    need_first, sender, needed = graph.need_first, graph.sender, graph.needed
    work, startup, bandwidth = graph.work, graph.startup, graph.bandwidth
    release, memory = graph.release, graph.memory
    tasks, processors = work.shape
    begins = np.empty((processors, tasks))
    ends = np.empty((processors, tasks))
    count = np.zeros(processors, np.int64)
    room = graph.capacity.copy()
    finish = np.empty(tasks)
    for task in range(tasks):
        processor[task] = -1
    widest = 0
    for task in range(tasks):
        widest = max(widest, sent_first[task + 1] - sent_first[task])
    trial_processor = np.empty(widest, np.int64)
    trial_place = np.empty(widest, np.int64)

    def gap(task: Any, p: Any) -> Any:
        """Return begin and place of the earliest gap for a task on a processor."""
        ready = release[task]
        for e in range(need_first[task], need_first[task + 1]):
            other = sender[e]
            q = processor[other]
            if q >= 0:
                ready = max(ready, finish[other] + startup[q, p] + needed[e] / bandwidth[q, p])
        low, high = 0, count[p]
        while low < high:
            middle = (low + high) // 2
            if ends[p, middle] > ready:
                high = middle
            else:
                low = middle + 1
        begin = ready
        while low < count[p] and begins[p, low] < begin + work[task, p]:
            begin = max(begin, ends[p, low])
            low += 1
        return begin, low

    def put(task: Any, p: Any, begin: Any, place: Any) -> None:
        for k in range(count[p], place, -1):
            begins[p, k] = begins[p, k - 1]
            ends[p, k] = ends[p, k - 1]
        begins[p, place] = begin
        ends[p, place] = begin + work[task, p]
        count[p] += 1
        processor[task] = p
        finish[task] = begin + work[task, p]
        room[p] -= memory[task]

    def take(task: Any, p: Any, place: Any) -> None:
        count[p] -= 1
        for k in range(place, count[p]):
            begins[p, k] = begins[p, k + 1]
            ends[p, k] = ends[p, k + 1]
        processor[task] = -1
        room[p] += memory[task]

    makespan = 0.0
    for x in range(tasks):
        task = order[x]
        children = receiver[sent_first[task] : sent_first[task + 1]].copy()
        for a in range(1, len(children)):
            child = children[a]
            b = a - 1
            while b >= 0 and rank[children[b]] < rank[child]:
                children[b + 1] = children[b]
                b -= 1
            children[b + 1] = child
        best, best_processor = np.inf, -1
        for p in range(processors):
            if work[task, p] == np.inf or memory[task] > room[p]:
                continue
            begin, place = gap(task, p)
            latest = begin + work[task, p]
            if latest >= best:
                continue
            put(task, p, begin, place)
            tried = 0
            for child in children:
                least, child_processor, child_begin, child_place = np.inf, -1, 0.0, 0
                for q in range(processors):
                    if work[child, q] < np.inf and memory[child] <= room[q]:
                        found, where = gap(child, q)
                        if found + work[child, q] < least:
                            least = found + work[child, q]
                            child_processor, child_begin, child_place = q, found, where
                if child_processor < 0:
                    latest = np.inf
                    break
                put(child, child_processor, child_begin, child_place)
                trial_processor[tried], trial_place[tried] = child_processor, child_place
                tried += 1
                latest = max(latest, least)
                if latest >= best:
                    break
            for a in range(tried - 1, -1, -1):
                take(children[a], trial_processor[a], trial_place[a])
            take(task, p, place)
            if latest < best:
                best, best_processor = latest, p
        if best_processor < 0:
            return -1.0
        begin, place = gap(task, best_processor)
        put(task, best_processor, begin, place)
        start[task] = begin
        makespan = max(makespan, finish[task])
    return makespan


def batch_schedule(
    graph: Any, rule: Any, level: Any, typical: Any, processor: Any, start: Any
) -> Any:
    """Choose among all ready tasks and processors at each step; returns the makespan.

    A task begins when its data are there and its processor has done all that it was given before.
    With that begin EST and the end EFT, the rules are:

    - `MIN_MIN`, `MAX_MIN`: each task where it ends earliest; the one with the least (largest) such
      end goes first (Ibarra, Kim 1977).
    - `SUFFERAGE`: each task where it ends earliest; the one whose second best processor is worst in
      comparison goes first (Maheswaran et al. 1999).
    - `ETF`: the least EST of all; the higher level at ties (Hwang et al. 1989).
    - `DLS`: the largest level - EST + (typical work - work) of all (Sih, Lee 1993).

    O(n r + n p + e p), for r tasks that are ready at once.

    Args:
        graph: An `Arrays`.
        rule: One of the five.
        level: Longest way of each task to the end in typical work, without data.
        typical: Typical work of each task.
        processor: Filled in.
        start: Filled in.
    """
    sent_first, receiver = graph.sent_first, graph.receiver
    need_first, sender, needed = graph.need_first, graph.sender, graph.needed
    work, startup, bandwidth = graph.work, graph.startup, graph.bandwidth
    release, memory = graph.release, graph.memory
    tasks, processors = work.shape
    free = np.zeros(processors)
    room = graph.capacity.copy()
    arrival = np.empty((tasks, processors))
    waits = np.empty(tasks, np.int64)
    ready = np.empty(tasks, np.int64)
    value = np.empty(tasks)
    second = np.empty(tasks)
    choice = np.empty(tasks, np.int64)
    runner_up = np.empty(tasks, np.int64)
    fresh = np.zeros(tasks, np.bool_)
    waiting = 0

    def enter(task: Any) -> None:
        for p in range(processors):
            at = release[task]
            for e in range(need_first[task], need_first[task + 1]):
                other = sender[e]
                q = processor[other]
                end = start[other] + work[other, q]
                at = max(at, end + startup[q, p] + needed[e] / bandwidth[q, p])
            arrival[task, p] = at
        fresh[task] = False

    def weigh(task: Any) -> None:
        least, next_least, chosen, next_chosen = np.inf, np.inf, -1, -1
        for p in range(processors):
            if work[task, p] == np.inf or memory[task] > room[p]:
                continue
            each = max(arrival[task, p], free[p])
            if rule == 4:
                each += work[task, p] - typical[task] - level[task]
            elif rule != 3:
                each += work[task, p]
            if each < least:
                next_least, next_chosen = least, chosen
                least, chosen = each, p
            elif each < next_least:
                next_least, next_chosen = each, p
        value[task], choice[task] = least, chosen
        second[task], runner_up[task] = next_least, next_chosen
        fresh[task] = True

    for task in range(tasks):
        waits[task] = need_first[task + 1] - need_first[task]
        if waits[task] == 0:
            enter(task)
            ready[waiting] = task
            waiting += 1

    makespan = 0.0
    while waiting > 0:
        best = -1
        best_value = np.inf
        for a in range(waiting):
            task = ready[a]
            if not fresh[task]:
                weigh(task)
            if choice[task] < 0:
                return -1.0
            each = value[task]
            if rule == 1:
                each = -each
            elif rule == 2:
                each = value[task] - second[task]
            better = best < 0 or each < best_value
            if not better and each == best_value:
                other = ready[best]
                higher = level[task] - level[other]
                better = higher > 0.0 or (higher == 0.0 and task < other)
            if better:
                best, best_value = a, each
        task = ready[best]
        waiting -= 1
        ready[best] = ready[waiting]
        p = choice[task]
        processor[task] = p
        start[task] = max(arrival[task, p], free[p])
        free[p] = start[task] + work[task, p]
        room[p] -= memory[task]
        makespan = max(makespan, free[p])
        for a in range(waiting):
            other = ready[a]
            if choice[other] == p or runner_up[other] == p:
                fresh[other] = False
        for e in range(sent_first[task], sent_first[task + 1]):
            other = receiver[e]
            waits[other] -= 1
            if waits[other] == 0:
                enter(other)
                ready[waiting] = other
                waiting += 1
    return makespan
