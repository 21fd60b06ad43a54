"""Compiled search for no-wait shops: jobs one after another, each as early as it fits.

What occupies the machines is kept in time order: `begin` and `end`, shape (machines, most), and how
many there are, `size`. A job is rigid; `offset` is when each of its operations starts after its
first one.
"""

from __future__ import annotations

import math

import numpy as np

from ordino.core.kernel import kernel
from ordino.core.random_kernels import below
from ordino.models.jobshop.shop import NEVER

__all__ = ["BEST", "CURRENT", "MOVES", "anneal", "schedule"]

MOVES, BEST, CURRENT = 0, 1, 2
"""Entries of `state`: moves so far, the best objective, that of the sequence at hand."""

_A, _AA, _BITS = "int64[::1]", "int64[:, ::1]", "uint64[::1]"
_SHOP, _BUSY = "UniTuple(int64[::1], 8)", f"Tuple(({_A}, {_AA}, {_AA}))"


@kernel(f"int64(int64, int64, {_A}, {_AA})")
def _first_behind(m, at, size, end):  # type: ignore[no-untyped-def]
    """Return the index of the first occupation of a machine that ends after a time."""
    low, high = 0, size[m]
    while low < high:
        middle = (low + high) // 2
        if end[m, middle] <= at:
            low = middle + 1
        else:
            high = middle
    return low


@kernel(f"void(int64, int64, {_SHOP}, {_BUSY})")
def _occupy(j, at, shop, busy):  # type: ignore[no-untyped-def]
    """Let a job start at a time."""
    first, machine, duration, offset, _, _, _, _ = shop
    size, begin, end = busy
    for i in range(first[j], first[j + 1]):
        m, start = machine[i], at + offset[i]
        place = _first_behind(m, start, size, end)
        for x in range(size[m], place, -1):
            begin[m, x], end[m, x] = begin[m, x - 1], end[m, x - 1]
        begin[m, place], end[m, place] = start, start + duration[i]
        size[m] += 1


@kernel(f"void(int64, int64, {_SHOP}, {_BUSY})")
def _vacate(j, at, shop, busy):  # type: ignore[no-untyped-def]
    """Take out a job that starts at a time."""
    first, machine, duration, offset, _, _, _, _ = shop
    size, begin, end = busy
    for i in range(first[j], first[j + 1]):
        m, start = machine[i], at + offset[i]
        place = _first_behind(m, start - 1, size, end)
        while begin[m, place] != start or end[m, place] != start + duration[i]:
            place += 1
        size[m] -= 1
        for x in range(place, size[m]):
            begin[m, x], end[m, x] = begin[m, x + 1], end[m, x + 1]


@kernel(f"int64(int64, {_SHOP}, {_BUSY})")
def _earliest(j, shop, busy):  # type: ignore[no-untyped-def]
    """Return when a job may start at the earliest: operations that meet something push it on."""
    first, machine, duration, offset, release, _, _, _ = shop
    size, begin, end = busy
    at, good, i = release[j], 0, first[j]
    length = first[j + 1] - first[j]
    while good < length:
        m, start = machine[i], at + offset[i]
        x = _first_behind(m, start, size, end)
        while x < size[m] and begin[m, x] < start + duration[i]:
            start = end[m, x]
            x += 1
        good = good + 1 if start == at + offset[i] else 1
        at = start - offset[i]
        i = i + 1 if i + 1 < first[j + 1] else first[j]
    return at


@kernel(f"int64(int64, int64, int64, {_SHOP})")
def _join(value, j, at, shop):  # type: ignore[no-untyped-def]
    """Return the objective with one job more: the total weighted tardiness, where there are
    weights, otherwise the greatest completion with its delay."""
    _, _, _, _, _, length, due, weight = shop
    if len(weight):
        return value + weight[j] * max(0, at + length[j] - due[j])
    return max(value, at + length[j] + due[j])


@kernel(f"int64({_A}, int64, int64, int64, {_SHOP}, {_BUSY}, {_A})")
def schedule(jobs, begin, value, limit, shop, busy, start):  # type: ignore[no-untyped-def]
    """Put the jobs from a place in the sequence on in turn; gives up beyond a limit.

    Args:
        jobs: A sequence of all jobs.
        begin: The first place.
        value: Objective of the jobs before.
        limit: Of the objective.
        shop: `first` operation of each job, `machine`, `duration`, `offset` of each operation,
            `release`, `length` of each job; of each job either `due` and `weight`, or what counts
            after its end, and nothing.
        busy: See the module; the jobs before are there.
        start: Of each job; filled in, -1 for those that are left out.

    Returns:
        The objective, or -1 beyond the limit, or where a job fits nowhere.
    """
    _, _, _, _, _, length, _, _ = shop
    for x in range(begin, len(jobs)):
        start[jobs[x]] = -1
    for x in range(begin, len(jobs)):
        j = jobs[x]
        at = _earliest(j, shop, busy)
        if at + length[j] >= NEVER:
            return -1
        value = _join(value, j, at, shop)
        if value > limit:
            return -1
        start[j] = at
        _occupy(j, at, shop, busy)
    return value


@kernel(f"void({_A}, int64, int64, boolean)")
def _shift(jobs, one, other, swap):  # type: ignore[no-untyped-def]
    """Move the job at a place to another, or let the two change places."""
    j = jobs[one]
    if swap:
        jobs[one], jobs[other] = jobs[other], j
        return
    step = 1 if other > one else -1
    for x in range(one, other, step):
        jobs[x] = jobs[x + step]
    jobs[other] = j


@kernel(f"boolean({_A}, {_SHOP}, {_BUSY}, {_A}, {_A}, {_BITS}, {_A}, float64, float64, int64)")
def anneal(  # type: ignore[no-untyped-def]
    jobs, shop, busy, start, best_start, random, state, temperature, cooling, moves
):
    """Move jobs within the sequence; keep what simulated annealing accepts.

    Args:
        jobs: The sequence; changed.
        shop, busy, start: See `schedule`; of the whole sequence.
        best_start: Filled with the starts of the best sequence.
        random: State of the random numbers, one value other than 0; advanced.
        state: See the module; advanced.
        temperature: In units of the objective, above 0.
        cooling: Factor of the temperature after each move.
        moves: How many.

    Returns:
        Whether nothing is left to do: there is one job, or no job is late.
    """
    n = len(jobs)
    kept = np.empty(n, np.int64)
    weighted = len(shop[7]) > 0
    if n == 1:
        return True
    for _ in range(moves):
        if weighted and state[CURRENT] == 0:
            return True
        state[MOVES] += 1
        one, other = below(random, n), below(random, n)
        while one == other:
            other = below(random, n)
        low = min(one, other)
        share = (below(random, 1 << 30) + 1) / (1 << 30)
        limit = state[CURRENT] + np.int64(-temperature * math.log(share))
        temperature *= cooling
        value = 0
        for x in range(low):
            value = _join(value, jobs[x], start[jobs[x]], shop)
        kept[:] = start
        for x in range(n - 1, low - 1, -1):
            _vacate(jobs[x], start[jobs[x]], shop, busy)
        swap = below(random, 2) == 0
        _shift(jobs, one, other, swap)
        value = schedule(jobs, low, value, limit, shop, busy, start)
        if value >= 0:
            state[CURRENT] = value
            if value < state[BEST]:
                state[BEST] = value
                best_start[:] = start
            continue
        for x in range(low, n):
            if start[jobs[x]] >= 0:
                _vacate(jobs[x], start[jobs[x]], shop, busy)
        _shift(jobs, other, one, swap)
        for x in range(low, n):
            start[jobs[x]] = kept[jobs[x]]
            _occupy(jobs[x], kept[jobs[x]], shop, busy)
    return False
