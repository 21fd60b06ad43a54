"""Compiled tabu search on machines and orders of a general shop, for makespan and lateness.

A schedule is an alternative for each operation and an order on each machine, kept as links `before`
and `after` (-1 for none) and `first` of each machine; `order` is a topological order of precedences
together with links. `start` is when each operation starts, as early as it may; `tail` is the
longest way from its end to the objective: 0, or what its job's due date adds (`delivery`).

The move takes a critical operation v out and puts it in elsewhere. With the starts and tails of the
schedule without v, the longest way through v in its new place between a and b on machine m is

    max(ready(v), end(a) + setup(a, v)) + p(v, m) + max(behind(v), setup(v, b) + p(b) + tail(b)),

where ready and behind are what its job asks for: exactly, where there are no downtimes, if all
ancestors of v go before it and all descendants behind it. The objective is the larger of that and
the one without v (Mastrolilli, Gambardella 2000). So all places of an operation are judged in
O(n + l) for n operations and precedences and l operations on its machines.

**Arrays** of the shop, for n operations: `alternative_start`, `machine`, `duration` as in `Shop`;
`after_start`, `afters` and `before_start`, `befores`: successors and predecessors of each
operation; `family`, `setup` in one row, `down_start`, `down_begin`, `down_end`, `release` as in
`shop_generation`; `delivery` of each operation.
"""

from __future__ import annotations

from ordino.core.kernel import kernel
from ordino.heuristics.jobshop.random_kernels import below
from ordino.heuristics.jobshop.shop_generation_kernels import generate

__all__ = ["BEST", "CURRENT", "IMPROVED", "MOVES", "arrange", "generate", "search"]

MOVES, IMPROVED, BEST, CURRENT = 0, 1, 2, 3
"""Entries of `state`: moves so far, the count at the latest improvement, the best objective since
the start of the search, the present one."""

_A = "int64[::1]"
_SHOP = ", ".join([_A] * 14)
_NONE = 2**62


@kernel(f"int64(int64, int64, int64, {_A}, {_A}, {_A})")
def _fit(at, length, m, down_start, down_begin, down_end):  # type: ignore[no-untyped-def]
    """Return the first time from `at` on at which so much fits between downtimes of machine m."""
    d = down_start[m]
    while d < down_start[m + 1] and down_begin[d] < at + length:
        at = max(at, down_end[d])
        d += 1
    return at


@kernel(f"int64({_A}, {_A}, int64, int64, int64)")
def _gap(family, setup, m, i, j):  # type: ignore[no-untyped-def]
    """Return the setup time on machine m from operation i (-1: none) to j."""
    if len(setup) == 0:
        return 0
    # per machine: families + 1 rows of as many entries as there are families
    families = family[len(family) - 1]
    row = families if i < 0 else family[i]
    return setup[(m * (families + 1) + row) * families + family[j]]


@kernel(f"int64({_SHOP}, {', '.join([_A] * 9)})")
def arrange(  # type: ignore[no-untyped-def]
    alternative_start, machine, duration, after_start, afters, before_start, befores, family,
    setup, down_start, down_begin, down_end, release, delivery,
    chosen, before, after, first, order, place, waits, start, tail,
):  # fmt: skip
    """Find order, places in it, starts and tails for the links; returns the objective. O(n).

    Returns 2^62 where the links make a cycle, or something fits nowhere between downtimes.
    """
    n = len(release)
    count = 0
    for i in range(n):
        waits[i] = before_start[i + 1] - before_start[i] + (before[i] >= 0)
        if waits[i] == 0:
            order[count] = i
            count += 1
    value = 0
    x = 0
    while x < count:
        i = order[x]
        place[i] = x
        x += 1
        k = chosen[i]
        m = machine[k]
        a = before[i]
        at = release[i]
        gap = _gap(family, setup, m, a, i)
        if a >= 0:
            at = max(at, start[a] + duration[chosen[a]] + gap)
        else:
            at = max(at, gap)
        for e in range(before_start[i], before_start[i + 1]):
            j = befores[e]
            at = max(at, start[j] + duration[chosen[j]])
        at = _fit(at, duration[k], m, down_start, down_begin, down_end)
        start[i] = at
        value = max(value, at + duration[k] + delivery[i])
        b = after[i]
        if b >= 0:
            waits[b] -= 1
            if waits[b] == 0:
                order[count] = b
                count += 1
        for e in range(after_start[i], after_start[i + 1]):
            j = afters[e]
            waits[j] -= 1
            if waits[j] == 0:
                order[count] = j
                count += 1
    if count < n or value >= _NONE // 2:
        return _NONE
    for x in range(n - 1, -1, -1):
        i = order[x]
        left = delivery[i]
        b = after[i]
        if b >= 0:
            gap = _gap(family, setup, machine[chosen[i]], i, b)
            left = max(left, gap + duration[chosen[b]] + tail[b])
        for e in range(after_start[i], after_start[i + 1]):
            j = afters[e]
            left = max(left, duration[chosen[j]] + tail[j])
        tail[i] = left
    return value


@kernel(f"int64({_SHOP}, int64, {', '.join([_A] * 7)}, uint64[::1], {_A})")
def _critical_path(  # type: ignore[no-untyped-def]
    alternative_start, machine, duration, after_start, afters, before_start, befores, family,
    setup, down_start, down_begin, down_end, release, delivery,
    value, chosen, before, order, start, tail, path, tight, random, state,
):  # fmt: skip
    """Write a random critical path to `path`, backwards; returns its length."""
    count = 0
    for i in range(len(release)):
        if start[i] + duration[chosen[i]] + delivery[i] == value:
            tight[count] = i
            count += 1
    length = 0
    while count > 0:
        v = tight[0] if count == 1 else tight[below(random, count)]
        path[length] = v
        length += 1
        count = 0
        m, p = machine[chosen[v]], duration[chosen[v]]
        a = before[v]
        if a >= 0:
            at = start[a] + duration[chosen[a]] + _gap(family, setup, m, a, v)
            if _fit(at, p, m, down_start, down_begin, down_end) == start[v]:
                tight[count] = a
                count += 1
        for e in range(before_start[v], before_start[v + 1]):
            j = befores[e]
            at = start[j] + duration[chosen[j]]
            if j != a and _fit(at, p, m, down_start, down_begin, down_end) == start[v]:
                tight[count] = j
                count += 1
    return length


@kernel(
    f"boolean({_SHOP}, {', '.join([_A] * 10)}, int64[:, ::1], {_A}, uint64[::1], int64[:, ::1],"
    " int64, int64, int64, int64)"
)
def search(  # type: ignore[no-untyped-def]
    alternative_start, machine, duration, after_start, afters, before_start, befores, family,
    setup, down_start, down_begin, down_end, release, delivery,
    chosen, before, after, first, order, place, waits, start, tail, best,
    tabu, state, random, scratch, tenure, tried, moves, patience,
):  # fmt: skip
    """Do tabu moves from where the arrays stand.

    Args:
        alternative_start: The shop, up to `delivery`; see the module.
        chosen: The schedule, up to `tail`; changed.
        best: Order and alternatives of the best schedule, one behind the other.
        tabu: Move until which an operation may not go to a machine; shape (operations, machines).
        state: See MOVES, IMPROVED, BEST, CURRENT; advanced.
        random: State of the random numbers, one value other than 0; advanced.
        scratch: Shape (5, operations).
        tenure: A machine that an operation has left is tabu to it for so many moves, and up to as
            many again.
        tried: Critical operations that are looked at for a move, at most.
        moves: Most moves to do.
        patience: End after so many moves without an improvement.

    Returns:
        Whether the search is at its end: patience is out, or no move is left.
    """
    n = len(release)
    end2, tail2, kin, path, tight = scratch[0], scratch[1], scratch[2], scratch[3], scratch[4]
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
        length = _critical_path(
            alternative_start, machine, duration, after_start, afters, before_start, befores,
            family, setup, down_start, down_begin, down_end, release, delivery,
            value, chosen, before, order, start, tail, path, tight, random, state,
        )  # fmt: skip
        if length > tried:
            for x in range(tried):
                other = x + below(random, length - x)
                path[x], path[other] = path[other], path[x]
            length = tried
        best_value, best_way, best_v, best_k, best_a, ties = _NONE, _NONE, -1, -1, -1, 0
        tabu_value, tabu_way, tabu_v, tabu_k, tabu_a = _NONE, _NONE, -1, -1, -1
        for x in range(length):
            v = path[x]
            here = place[v]
            without = 0
            for y in range(here):
                i = order[y]
                end2[i] = start[i] + duration[chosen[i]]
                without = max(without, end2[i] + delivery[i])
            for y in range(here + 1, n):
                i = order[y]
                k = chosen[i]
                m = machine[k]
                at = release[i]
                under = 0
                a = before[i]
                if a == v:
                    a = before[v]
                gap = _gap(family, setup, m, a, i)
                if a >= 0:
                    at = max(at, end2[a] + gap)
                    if place[a] > here and kin[a] == 2:
                        under = 2
                else:
                    at = max(at, gap)
                for e in range(before_start[i], before_start[i + 1]):
                    j = befores[e]
                    if j == v:
                        under = 2
                        for f in range(before_start[v], before_start[v + 1]):
                            at = max(at, end2[befores[f]])
                    else:
                        if place[j] > here and kin[j] == 2:
                            under = 2
                        at = max(at, end2[j])
                kin[i] = under
                end2[i] = _fit(at, duration[k], m, down_start, down_begin, down_end) + duration[k]
                without = max(without, end2[i] + delivery[i])
                tail2[i] = tail[i]
            if without > best_value:
                continue
            for y in range(here - 1, -1, -1):
                i = order[y]
                left = delivery[i]
                above = 0
                b = after[i]
                if b == v:
                    b = after[v]
                if b >= 0:
                    gap = _gap(family, setup, machine[chosen[i]], i, b)
                    left = max(left, gap + duration[chosen[b]] + tail2[b])
                    if place[b] < here and kin[b] == 1:
                        above = 1
                for e in range(after_start[i], after_start[i + 1]):
                    j = afters[e]
                    if j == v:
                        above = 1
                        for f in range(after_start[v], after_start[v + 1]):
                            left = max(left, duration[chosen[afters[f]]] + tail2[afters[f]])
                    else:
                        if place[j] < here and kin[j] == 1:
                            above = 1
                        left = max(left, duration[chosen[j]] + tail2[j])
                kin[i] = above
                tail2[i] = left
            ready, behind = release[v], delivery[v]
            for e in range(before_start[v], before_start[v + 1]):
                ready = max(ready, end2[befores[e]])
            for e in range(after_start[v], after_start[v + 1]):
                behind = max(behind, duration[chosen[afters[e]]] + tail2[afters[e]])
            for k in range(alternative_start[v], alternative_start[v + 1]):
                m, p = machine[k], duration[k]
                if ready + p + behind > best_value:
                    continue
                forbidden = tabu[v, m] > state[MOVES]
                a = -1
                b = first[m]
                if b == v:
                    b = after[v]
                while True:
                    if b < 0 or kin[b] != 1:
                        at = max(ready, _gap(family, setup, m, a, v))
                        if a >= 0:
                            at = max(ready, end2[a] + _gap(family, setup, m, a, v))
                        at = _fit(at, p, m, down_start, down_begin, down_end)
                        left = behind
                        if b >= 0:
                            gap = _gap(family, setup, m, v, b)
                            left = max(left, gap + duration[chosen[b]] + tail2[b])
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
                        if a >= 0 and end2[a] + p + behind > best_value:
                            break
                    if b < 0 or kin[b] == 2:
                        break
                    a = b
                    b = after[b]
                    if b == v:
                        b = after[v]
        if best_v < 0:
            best_v, best_k, best_a = tabu_v, tabu_k, tabu_a
        state[MOVES] += 1
        if best_v < 0:
            return True
        v, k, a = best_v, best_k, best_a
        old, new = machine[chosen[v]], machine[k]
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
        chosen[v] = k
        tabu[v, old] = state[MOVES] + tenure + below(random, tenure + 1)
        state[CURRENT] = arrange(
            alternative_start, machine, duration, after_start, afters, before_start, befores,
            family, setup, down_start, down_begin, down_end, release, delivery,
            chosen, before, after, first, order, place, waits, start, tail,
        )  # fmt: skip
