"""Compiled simulated annealing on machines and orders of a general shop, for every goal.

The move takes an operation on the critical path of a job that costs something and puts it in
earlier on its machine, or on another machine near the time at which it could start; every schedule
is timed anew, in O(n), so setups, downtimes and the goal are exact.

`shop`, `schedule`: see `shop_kernels`. `goal`: 0 makespan, 1 total weighted tardiness, 2 total
weighted flow time (release dates aside), 3 maximum lateness.
"""

from __future__ import annotations

import math

from ordino.core.kernel import kernel
from ordino.core.random_kernels import below
from ordino.heuristics.jobshop.shop_generation_kernels import generate
from ordino.heuristics.jobshop.shop_kernels import NONE, arrange, fit, forward, gap_of

__all__ = ["arrange", "generate", "objective", "walk"]

_A = "int64[::1]"
_SHOP, _SCHEDULE = "UniTuple(int64[::1], 16)", "UniTuple(int64[::1], 11)"
_FARTHEST = 8
"""Places by which a move passes others on its machine, at most."""


@kernel(f"int64(int64, {_A}, {_A}, {_A}, {_A})")
def objective(goal, job_start, weight, due, end):  # type: ignore[no-untyped-def]
    """Return the value of a goal."""
    value = 0 if goal < 3 else -NONE
    for j in range(len(weight)):
        complete = 0
        for i in range(job_start[j], job_start[j + 1]):
            complete = max(complete, end[i])
        if goal == 0:
            value = max(value, complete)
        elif goal == 1:
            value += weight[j] * max(0, complete - due[j])
        elif goal == 2:
            value += weight[j] * complete
        else:
            value = max(value, complete - due[j])
    return value


@kernel(f"int64({_SHOP}, {_SCHEDULE}, {_A}, int64, uint64[::1])")
def _critical(shop, schedule, job_start, job, random):  # type: ignore[no-untyped-def]
    """Return a random operation of a random critical path to the completion of a job."""
    (
        _, _, _, _, ahead, _, _, ahead_start, more_ahead,
        family, setup, down_start, down_begin, down_end, _, _,
    ) = shop  # fmt: skip
    _, on, length, before, _, _, _, _, _, end, _ = schedule
    branched, with_setups = len(more_ahead) > 0, len(setup) > 0
    v = job_start[job]
    for i in range(job_start[job] + 1, job_start[job + 1]):
        if end[i] > end[v]:
            v = i
    drawn, steps = v, 0
    while v >= 0:
        steps += 1
        if below(random, steps) == 0:
            drawn = v
        m, p = on[v], length[v]
        following, ties = -1, 0
        a, j = before[v], ahead[v]
        if a >= 0:
            at = end[a] + (gap_of(family, setup, m, a, v) if with_setups else 0)
            if fit(at, p, m, down_start, down_begin, down_end) + p == end[v]:
                following, ties = a, 1
        e = ahead_start[v] - 1 if branched else -1
        while j >= 0:
            if j != a and fit(end[j], p, m, down_start, down_begin, down_end) + p == end[v]:
                ties += 1
                if below(random, ties) == 0:
                    following = j
            e += 1
            j = more_ahead[e] if branched and e < ahead_start[v + 1] else -1
        v = following
    return drawn


@kernel(f"void({_SHOP}, {_SCHEDULE}, int64, int64, int64)")
def _put(shop, schedule, v, k, a):  # type: ignore[no-untyped-def]
    """Take operation v out and put its alternative k in behind operation a, or first (-1)."""
    chosen, on, length, before, after, first, _, _, _, _, _ = schedule
    new = shop[1][k]
    if before[v] >= 0:
        after[before[v]] = after[v]
    else:
        first[on[v]] = after[v]
    if after[v] >= 0:
        before[after[v]] = before[v]
    if a >= 0:
        b = after[a]
        after[a] = v
    else:
        b = first[new]
        first[new] = v
    before[v], after[v] = a, b
    if b >= 0:
        before[b] = v
    chosen[v], on[v], length[v] = k, new, shop[2][k]


@kernel(
    f"int64({_SHOP}, {_SCHEDULE}, {_SCHEDULE}, int64, {_A}, {_A}, {_A}, {_A}, int64, int64,"
    " uint64[::1], float64, float64, int64, float64[::1])"
)
def walk(  # type: ignore[no-untyped-def]
    shop, schedule, trial, goal, job_start, weight, due, best, current, least, random,
    temperature, cooling, moves, rises,
):  # fmt: skip
    """Do so many moves; returns the objective at the end.

    Args:
        shop: See the module.
        schedule: Changed.
        trial: The same arrays but for places, scratch and ends, which are its own.
        goal: See the module.
        job_start, weight, due: Of the jobs.
        best: Order and alternatives of the best schedule, and its objective at the end; replaced
            where there is one of less than `least`.
        current: Objective of the schedule.
        least: Of the best schedule so far.
        random: State of the random numbers, advanced.
        temperature: A rise of the objective by so much is taken with a chance of 1/e.
        cooling: Factor of the temperature after each move.
        moves: How many.
        rises: Sum and number of what moves would have added, where that is more than 0; advanced.
    """
    alternative_start, machine, ahead = shop[0], shop[1], shop[4]
    chosen, _, length, before, after, first, order, _, _, end, _ = schedule
    n, jobs = len(end), len(weight)
    for _ in range(moves):
        temperature *= cooling
        job = below(random, jobs)
        if goal in {0, 3}:
            for j in range(jobs):  # the job that counts
                late = 0 if goal == 0 else due[j]
                for i in range(job_start[j], job_start[j + 1]):
                    if end[i] - late == current:
                        job = j
        else:
            for _ in range(4):  # one that costs something
                complete = 0
                for i in range(job_start[job], job_start[job + 1]):
                    complete = max(complete, end[i])
                if weight[job] > 0 and (goal == 2 or complete > due[job]):
                    break
                job = below(random, jobs)
        v = _critical(shop, schedule, job_start, job, random)
        old_k, old_a = chosen[v], before[v]
        choices = alternative_start[v + 1] - alternative_start[v]
        k = old_k
        if choices > 1 and below(random, 2) == 0:
            k = alternative_start[v] + below(random, choices - 1)
            if k >= old_k:
                k += 1
        if k == old_k:
            a, far = old_a, 1
            while far < _FARTHEST and below(random, 2) == 0:
                far += 1
            if a >= 0 and below(random, 4) > 0:
                while far > 0 and a >= 0:
                    a = before[a]
                    far -= 1
            else:
                a = v
                while far > 0 and after[a] >= 0:
                    a = after[a]
                    far -= 1
                if a == v:
                    continue
        else:
            ready = end[ahead[v]] if ahead[v] >= 0 else 0
            ready += below(random, 2) * below(random, max(1, end[v] - length[v] - ready + 1))
            a, b = -1, first[machine[k]]
            while b >= 0 and end[b] - length[b] // 2 <= ready:
                a, b = b, after[b]
        if a == v:
            continue
        _put(shop, schedule, v, k, a)
        found = forward(shop, trial)
        if found < NONE:
            found = objective(goal, job_start, weight, due, trial[9])
        rise = found - current
        if 0 < rise < NONE // 2:
            rises[0] += rise
            rises[1] += 1.0
        chance = math.exp(-rise / temperature) if rise > 0 and temperature > 0 else 0.0
        if found < NONE and (rise <= 0 or below(random, 1 << 30) < chance * 2.0**30):
            end[:] = trial[9]
            current = found
            if current < least:
                least = current
                best[:n] = order
                best[n : 2 * n] = chosen
                best[2 * n] = current
        else:
            _put(shop, schedule, v, old_k, old_a)
    return current
