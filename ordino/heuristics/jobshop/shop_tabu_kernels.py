"""Compiled tabu search on machines and orders of a general shop, for makespan and lateness.

A schedule is an alternative for each operation and an order on each machine, kept as links `before`
and `after` (-1 for none) and `first` of each machine; `order` is a topological order of precedences
together with links. `end` is when each operation ends, as early as it may; `tail` is the longest
way from there to the objective: 0, or what its job's due date adds (`delivery`).

The move takes a critical operation v out and puts it in elsewhere. With the starts and tails of the
schedule without v, the longest way through v in its new place between a and b on machine m is

    max(ready(v), end(a) + setup(a, v)) + p(v, m) + max(behind(v), setup(v, b) + p(b) + tail(b)),

where ready and behind are what its job asks for: exactly, where there are no downtimes, if all
ancestors of v go before it and all descendants behind it. The objective is the larger of that and
the one without v (Mastrolilli, Gambardella 2000). So all places of an operation are judged in
O(n + l) for n operations and precedences and l operations on its machines.

`shop`, `schedule`: see `shop_kernels`.
"""

from __future__ import annotations

from ordino.core.kernel import kernel
from ordino.core.random_kernels import below
from ordino.heuristics.jobshop.balance_kernels import rebalance
from ordino.heuristics.jobshop.shop_generation_kernels import generate
from ordino.heuristics.jobshop.shop_kernels import NONE as _NONE
from ordino.heuristics.jobshop.shop_kernels import arrange, fit, gap_of

__all__ = [
    "BEST",
    "CURRENT",
    "ESTIMATE",
    "IMPROVED",
    "MOVES",
    "arrange",
    "generate",
    "rebalance",
    "search",
]

MOVES, IMPROVED, BEST, CURRENT, ESTIMATE = range(5)
"""Entries of `state`: moves so far, the count at the latest improvement, the best objective since
the start of the search, the present one, and what it was estimated to be."""

_A = "int64[::1]"
_SHOP, _SCHEDULE = "UniTuple(int64[::1], 16)", "UniTuple(int64[::1], 11)"
_ANCESTOR, _DESCENDANT, _CHANGED = 1, 2, 4


@kernel(f"int64({_SHOP}, {_SCHEDULE}, int64, {_A}, {_A}, uint64[::1])")
def _critical_path(shop, schedule, value, path, tight, random):  # type: ignore[no-untyped-def]
    """Write a random critical path to `path`, backwards; returns its length."""
    (
        _, _, _, _, ahead, _, _, ahead_start, more_ahead,
        family, setup, down_start, down_begin, down_end, release, delivery,
    ) = shop  # fmt: skip
    _, on, length, before, _, _, _, _, _, end, _ = schedule
    branched, with_setups = len(more_ahead) > 0, len(setup) > 0
    count = 0
    for i in range(len(release)):
        if end[i] + delivery[i] == value:
            tight[count] = i
            count += 1
    steps = 0
    while count > 0:
        v = tight[0] if count == 1 else tight[below(random, count)]
        path[steps] = v
        steps += 1
        count = 0
        m, p = on[v], length[v]
        a, j = before[v], ahead[v]
        if a >= 0:
            at = end[a] + (gap_of(family, setup, m, a, v) if with_setups else 0)
            if fit(at, p, m, down_start, down_begin, down_end) + p == end[v]:
                tight[count] = a
                count += 1
        if j >= 0:
            at = fit(end[j], p, m, down_start, down_begin, down_end)
            if j != a and at + p == end[v]:
                tight[count] = j
                count += 1
        if branched:
            for e in range(ahead_start[v], ahead_start[v + 1]):
                j = more_ahead[e]
                at = fit(end[j], p, m, down_start, down_begin, down_end)
                if j != a and at + p == end[v]:
                    tight[count] = j
                    count += 1
    return steps


@kernel(f"int64({_SHOP}, {_SCHEDULE}, int64, int64, int64[:, ::1])")
def _without(shop, schedule, v, limit, scratch):  # type: ignore[no-untyped-def]
    """Find ends, tails and kin of v in the schedule without v; returns its objective.

    Gives up where that passes the limit.

    Args:
        shop, schedule: See the module.
        v: Taken off its machine; the precedences through it stay.
        limit: Objectives beyond are of no interest.
        scratch: Filled with ends, tails, kin (ancestors and descendants); the fourth row holds the
            largest of end plus delivery up to each place of the order.
    """
    (
        _, _, _, behind, ahead, behind_start, more_behind, ahead_start, more_ahead,
        family, setup, down_start, down_begin, down_end, release, delivery,
    ) = shop  # fmt: skip
    _, on, length, before, after, _, order, place, _, end, tail = schedule
    n = len(release)
    branched, with_setups, with_downs = len(more_ahead) > 0, len(setup) > 0, len(down_begin) > 0
    end2, tail2, kin, until = scratch[0], scratch[1], scratch[2], scratch[3]
    end2[:] = end
    tail2[:] = tail
    kin[:] = 0
    here = place[v]
    value = until[here - 1] if here > 0 else 0
    ready = release[v]
    if ahead[v] >= 0:
        ready = max(ready, end[ahead[v]])
        if branched:
            for e in range(ahead_start[v], ahead_start[v + 1]):
                ready = max(ready, end[more_ahead[e]])
    end2[v] = ready
    kin[v] = _DESCENDANT | _CHANGED
    for y in range(here + 1, n):
        i = order[y]
        a, j = before[i], ahead[i]
        marks = 0
        if j >= 0:
            marks = kin[j]
            if branched:
                for e in range(ahead_start[i], ahead_start[i + 1]):
                    marks |= kin[more_ahead[e]]
        if a == v:
            a = before[v]
            marks |= _CHANGED
        if a >= 0:
            marks |= kin[a]
        if marks & _CHANGED:
            at = release[i]
            gap = gap_of(family, setup, on[i], a, i) if with_setups else 0
            at = max(at, gap if a < 0 else end2[a] + gap)
            if j >= 0:
                at = max(at, end2[j])
                if branched:
                    for e in range(ahead_start[i], ahead_start[i + 1]):
                        at = max(at, end2[more_ahead[e]])
            if with_downs:
                at = fit(at, length[i], on[i], down_start, down_begin, down_end)
            end2[i] = at + length[i]
            if end2[i] == end[i]:
                marks &= ~_CHANGED
        kin[i] = marks
        value = max(value, end2[i] + delivery[i])
        if value > limit:
            return value
    left = delivery[v]
    if behind[v] >= 0:
        left = max(left, length[behind[v]] + tail[behind[v]])
        if branched:
            for e in range(behind_start[v], behind_start[v + 1]):
                left = max(left, length[more_behind[e]] + tail[more_behind[e]])
    tail2[v] = left
    kin[v] = _ANCESTOR | _CHANGED
    for y in range(here - 1, -1, -1):
        i = order[y]
        b, j = after[i], behind[i]
        marks = 0
        if j >= 0 and place[j] <= here:
            marks = kin[j]
        if branched:
            for e in range(behind_start[i], behind_start[i + 1]):
                if place[more_behind[e]] <= here:
                    marks |= kin[more_behind[e]]
        if b == v:
            b = after[v]
            marks |= _CHANGED
        elif b >= 0 and place[b] <= here:
            marks |= kin[b]
        if marks & _CHANGED:
            left = delivery[i]
            if b >= 0:
                gap = gap_of(family, setup, on[i], i, b) if with_setups else 0
                left = max(left, gap + length[b] + tail2[b])
            if j >= 0:
                left = max(left, (0 if j == v else length[j]) + tail2[j])
                if branched:
                    for e in range(behind_start[i], behind_start[i + 1]):
                        j = more_behind[e]
                        left = max(left, (0 if j == v else length[j]) + tail2[j])
            tail2[i] = left
            if left == tail[i]:
                marks &= ~_CHANGED
        kin[i] = marks
    return value


@kernel(
    f"boolean({_SHOP}, {_SCHEDULE}, {_A}, int64[:, ::1], {_A}, uint64[::1], int64[:, ::1],"
    " int64, int64, int64, int64)"
)
def search(  # type: ignore[no-untyped-def]
    shop, schedule, best, tabu, state, random, scratch, tenure, tried, moves, patience
):
    """Do tabu moves from where the schedule stands.

    Args:
        shop, schedule: See the module; the schedule is changed.
        best: Order and alternatives of the best schedule, one behind the other.
        tabu: Move until which an operation may not go to a machine; shape (operations, machines).
        state: See MOVES and so on; advanced.
        random: State of the random numbers, one value other than 0; advanced.
        scratch: Shape (6, operations).
        tenure: A machine that an operation has left is tabu to it for so many moves, and up to as
            many again.
        tried: Critical operations that are looked at for a move, at most.
        moves: Most moves to do.
        patience: End after so many moves without an improvement.

    Returns:
        Whether the search is at its end: patience is out, or no move is left.
    """
    (
        alternative_start, machine, duration, _, _, _, _, _, _,
        family, setup, down_start, down_begin, down_end, release, delivery,
    ) = shop  # fmt: skip
    chosen, on, length, before, after, first, order, _, _, end, _ = schedule
    n = len(release)
    with_setups, with_downs = len(setup) > 0, len(down_begin) > 0
    end2, tail2, kin, until, path = scratch[0], scratch[1], scratch[2], scratch[3], scratch[4]
    last_move = state[MOVES] + moves
    while True:
        value = state[CURRENT]
        if value < state[BEST]:
            state[BEST] = value
            state[IMPROVED] = state[MOVES]
            best[:n] = order
            best[n:] = chosen
        if state[MOVES] - state[IMPROVED] >= patience:
            return True
        if state[MOVES] >= last_move:
            return False
        steps = _critical_path(shop, schedule, value, path, scratch[5], random)
        if steps > tried:
            for x in range(tried):
                other = x + below(random, steps - x)
                path[x], path[other] = path[other], path[x]
            steps = tried
        largest = 0
        for y in range(n):
            largest = max(largest, end[order[y]] + delivery[order[y]])
            until[y] = largest
        best_value, best_way, best_v, best_k, best_a, ties = _NONE, _NONE, -1, -1, -1, 0
        tabu_value, tabu_way, tabu_v, tabu_k, tabu_a = _NONE, _NONE, -1, -1, -1
        for x in range(steps):
            v = path[x]
            without = _without(shop, schedule, v, best_value, scratch)
            if without > best_value:
                continue
            ready, left_behind = end2[v], tail2[v]
            for k in range(alternative_start[v], alternative_start[v + 1]):
                m, p = machine[k], duration[k]
                if ready + p + left_behind > best_value:
                    continue
                forbidden = tabu[v, m] > state[MOVES]
                a = -1
                b = first[m]
                if b == v:
                    b = after[v]
                while True:
                    if b < 0 or not kin[b] & _ANCESTOR:
                        at = ready if a < 0 else max(ready, end2[a])
                        left = left_behind
                        if with_setups:
                            gap = gap_of(family, setup, m, a, v)
                            at = max(ready, gap if a < 0 else end2[a] + gap)
                            if b >= 0:
                                gap = gap_of(family, setup, m, v, b)
                                left = max(left, gap + length[b] + tail2[b])
                        elif b >= 0:
                            left = max(left, length[b] + tail2[b])
                        if with_downs:
                            at = fit(at, p, m, down_start, down_begin, down_end)
                        way = at + p + left
                        found = max(way, without)
                        if k != chosen[v] or a != before[v]:
                            if forbidden and found >= state[BEST]:
                                if found < tabu_value or (found == tabu_value and way < tabu_way):
                                    tabu_value, tabu_way = found, way
                                    tabu_v, tabu_k, tabu_a = v, k, a
                            elif found < best_value or (found == best_value and way <= best_way):
                                ties = ties + 1 if found == best_value and way == best_way else 1
                                if ties == 1 or below(random, ties) == 0:
                                    best_value, best_way = found, way
                                    best_v, best_k, best_a = v, k, a
                        if a >= 0 and end2[a] + p + left_behind > best_value:
                            break
                    if b < 0 or kin[b] & _DESCENDANT:
                        break
                    a = b
                    b = after[b]
                    if b == v:
                        b = after[v]
        if best_v < 0:
            best_value, best_v, best_k, best_a = tabu_value, tabu_v, tabu_k, tabu_a
        state[MOVES] += 1
        if best_v < 0:
            return True
        v, a, old, new = best_v, best_a, on[best_v], machine[best_k]
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
            b = first[new]
            first[new] = v
        before[v], after[v] = a, b
        if b >= 0:
            before[b] = v
        chosen[v], on[v], length[v] = best_k, new, duration[best_k]
        tabu[v, old] = state[MOVES] + tenure + below(random, tenure + 1)
        state[ESTIMATE] = best_value
        state[CURRENT] = arrange(shop, schedule)
        if state[CURRENT] == _NONE:
            return True
