"""Compiled neighbourhoods of a sequence, for the total weighted tardiness: insertions and swaps.

`p`, `d` and `w` are processing times, due dates and weights by job, `order` is the sequence, and
`ends` its start, followed by the end of the job at each position.
"""

from __future__ import annotations

import numpy as np

from ordino.core.kernel import kernel
from ordino.core.random_kernels import draw

__all__ = [
    "CURRENT",
    "FRUITLESS",
    "KICKS",
    "LEAST",
    "TRIAL",
    "best_insertion",
    "best_swaps",
    "descend",
    "dynasearch",
    "evaluate",
    "insert",
]

TRIAL, CURRENT, LEAST, FRUITLESS, KICKS = range(5)
"""Places in the counters of `dynasearch`: values of the sequences `trial`, `current` and `best`,
kicks since `best` got better, and kicks in all."""

SWAPS_A_KICK = 6
MOST_FRUITLESS = 100
"""Kicks without success after which the search goes back to the best sequence."""

_A = "int64[::1]"


@kernel(f"int64({_A}, {_A}, {_A}, {_A}, {_A})")
def evaluate(p, d, w, order, ends):  # type: ignore[no-untyped-def]
    """Fill in the ends behind the start, and return the total weighted tardiness."""
    total = 0
    for i in range(len(order)):
        job = order[i]
        ends[i + 1] = ends[i] + p[job]
        total += w[job] * max(0, ends[i + 1] - d[job])
    return total


@kernel(f"void({_A}, {_A}, {_A}, {_A}, {_A}, int64, int64, {_A})")
def best_insertion(p, d, w, order, ends, first, last, move):  # type: ignore[no-untyped-def]
    """Find the best move of a job from a position `first` up to `last` to any other position.

    `move` is the change of the total, the position left and the position taken; it is replaced
    where there is a better one. O(n) a position.
    """
    jobs = len(order)
    for i in range(first, min(last, jobs)):
        job = order[i]
        pj, dj, wj = p[job], d[job], w[job]
        now = wj * max(0, ends[i + 1] - dj)
        change = -now  # what the job wins at most, and what the jobs it passes lose or win
        for k in range(i + 1, jobs):  # behind the job at position k, which starts p_j earlier
            other, end = order[k], ends[k + 1]
            due = d[other]
            change += w[other] * (max(0, end - pj - due) - max(0, end - due))
            cost = change + wj * max(0, end - dj)
            if cost < move[0]:
                move[0], move[1], move[2] = cost, i, k
        change = -now
        for k in range(i - 1, -1, -1):  # before the job at position k, which starts p_j later
            other, end = order[k], ends[k + 1]
            due = d[other]
            change += w[other] * (max(0, end + pj - due) - max(0, end - due))
            if change >= 0:
                break
            cost = change + wj * max(0, ends[k] + pj - dj)
            if cost < move[0]:
                move[0], move[1], move[2] = cost, i, k


@kernel(f"int64({_A}, {_A}, {_A}, {_A}, {_A}, {_A})")
def insert(p, d, w, order, ends, move):  # type: ignore[no-untyped-def]
    """Make a move, and return the total weighted tardiness."""
    source, target = move[1], move[2]
    job = order[source]
    step = 1 if source < target else -1
    for k in range(source, target, step):
        order[k] = order[k + step]
    order[target] = job
    return evaluate(p, d, w, order, ends)


@kernel(f"boolean({_A}, {_A}, {_A}, {_A}, {_A}, {_A}, int64)")
def descend(p, d, w, order, ends, state, positions):  # type: ignore[no-untyped-def]
    """Make the best insertion again and again; returns whether none is left that improves.

    Stops after looking at moves from so many positions. `state` is the best move so far (see
    `best_insertion`) and the position to go on from, at first all 0.
    """
    jobs = len(order)
    while positions > 0:
        first = state[3]
        last = min(jobs, first + positions)
        best_insertion(p, d, w, order, ends, first, last, state)
        positions -= last - first
        state[3] = last
        if last == jobs:
            if state[0] == 0:
                return True
            insert(p, d, w, order, ends, state)
            state[:] = 0
    return False


@kernel(f"int64({_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A})")
def best_swaps(p, d, w, order, ends, least, partner):  # type: ignore[no-untyped-def]
    """Swap the best set of independent pairs of jobs; return the total weighted tardiness.

    least(k) = min(least(k - 1) + cost of the k-th job where it stands,
                   min over i < k of least(i - 1) + cost of positions i … k with i and k swapped).

    Args:
        p: Processing times.
        d: Due dates.
        w: Weights.
        order: The sequence, changed.
        ends: Its start; the rest is filled in, and is right if nothing is swapped.
        least: Scratch of n + 1, the least cost of the first k positions.
        partner: Scratch of n + 1, the position that the k-th is swapped with, or 0.
    """
    n = len(order)
    evaluate(p, d, w, order, ends)
    costs, weights = np.zeros(n + 1, np.int64), np.zeros(n + 1, np.int64)  # of late jobs up to k
    for k in range(1, n + 1):
        job = order[k - 1]
        over = ends[k] - d[job]
        costs[k] = costs[k - 1] + w[job] * max(0, over)
        weights[k] = weights[k - 1] + (w[job] if over > 0 else 0)
    least[0] = 0
    for k in range(1, n + 1):
        last = order[k - 1]
        cost = least[k - 1] + w[last] * max(0, ends[k] - d[last])
        partner[k] = 0
        for i in range(k - 1, 0, -1):
            first = order[i - 1]
            value = least[i - 1] + w[last] * max(0, ends[i - 1] + p[last] - d[last])
            value += w[first] * max(0, ends[k] - d[first])
            shift = p[last] - p[first]
            between = costs[k - 1] - costs[i] + min(0, shift) * (weights[k - 1] - weights[i])
            if value + max(0, between) >= cost:  # even if each late job gains the whole shift
                continue
            for q in range(i + 1, k):
                if value >= cost:
                    break
                job = order[q - 1]
                value += w[job] * max(0, ends[q] + shift - d[job])
            if value < cost:
                cost = value
                partner[k] = i
        least[k] = cost
    k = n
    while k > 0:
        i = partner[k]
        if i == 0:
            k -= 1
        else:
            order[i - 1], order[k - 1] = order[k - 1], order[i - 1]
            k = i - 1
    return least[n]


@kernel(f"boolean({_A}{f', {_A}' * 6}, uint64[::1], {_A}, {_A}, {_A}, int64, int64)")
def dynasearch(  # type: ignore[no-untyped-def]
    p, d, w, trial, current, best, counters, state, ends, least, partner, passes, most_kicks
):
    """Continue an iterated dynasearch for some passes; return whether `best` got better.

    Args:
        p: Processing times.
        d: Due dates.
        w: Weights.
        trial: Sequence in descent.
        current: Local optimum that kicks start from.
        best: Best sequence so far.
        counters: See TRIAL … KICKS; the values must be those of the sequences.
        state: State of the random numbers (xorshift64*), one value other than 0; advanced.
        ends: The start of the sequence, and n more places.
        least: Scratch of n + 1.
        partner: Scratch of n + 1.
        passes: Neighbourhoods to go through at most.
        most_kicks: Return when the kicks reach this.
    """
    n = len(p)
    move = np.zeros(3, np.int64)
    better = False
    for _ in range(passes):
        value = best_swaps(p, d, w, trial, ends, least, partner)
        if value == counters[TRIAL]:
            move[0] = 0
            best_insertion(p, d, w, trial, ends, 0, n, move)
            if move[0] < 0:
                value = insert(p, d, w, trial, ends, move)
        if value < counters[TRIAL]:
            counters[TRIAL] = value
            continue
        if value <= counters[CURRENT]:
            counters[CURRENT] = value
            current[:] = trial
        counters[FRUITLESS] += 1
        if value < counters[LEAST]:
            counters[LEAST] = value
            best[:] = trial
            counters[FRUITLESS] = 0
            better = True
        elif counters[FRUITLESS] % MOST_FRUITLESS == 0:
            counters[CURRENT] = counters[LEAST]
            current[:] = best
        if better or counters[KICKS] >= most_kicks:
            break
        trial[:] = current
        for _ in range(SWAPS_A_KICK):
            drawn = np.int64(draw(state) >> np.uint64(1))
            a, b = drawn % n, (drawn // n) % n
            trial[a], trial[b] = trial[b], trial[a]
        counters[TRIAL] = evaluate(p, d, w, trial, ends)
        counters[KICKS] += 1
    return better
