"""Compiled tabu search on the machine orders of a job shop.

The neighbourhoods are N6 (Balas, Vazacopoulos 1998), N7 (Zhang, Li, Guan, Rao 2007) and N8 (Xie,
Li, Gao, Gui 2022), numbered from 0; each holds the one before. The estimate of a move is Balas and
Vazacopoulos's, the tabu list holds pairs of operations.

**Slots.** Operation i of the instance, of job j, lives in slot i + j + 1; the slots between the
jobs, before the first and behind the last one are stops. So the job neighbours of slot i are i - 1
and i + 1 without a look-up, and a stop holds what a job begins with. The last stop also stands for
"no neighbour on the machine".

**Directions.** A job shop read backwards is a job shop. Direction 0 reads it forwards, direction 1
backwards, and every function below serves both: with `step` = 1 - 2 `d`, the job predecessor of
slot i in direction d is i - step and its machine predecessor `link[d, i]`; the successors are
i + step and `link[1 - d, i]`.

Arrays, for n operations and s slots:

- `duration`: p of each slot; shape (s,), stops 0.
- `value`: `value[0, i]` = r + p, the end of operation i when all start as early as they may;
  `value[1, i]` = p + q, the time from its start to the end of the schedule when all end as late as
  they may. In direction 0, a stop holds the release date of the job behind it; otherwise 0.
  Shape (2, s).
- `link`: machine predecessor in each direction; shape (2, s).
- `order`: slots in a topological order; shape (n,).
- `place`: index of each slot in `order`, -1 for stops; shape (s,).
- `marked`: a flag for each slot, all 0 between calls; shape (s,).
- `scratch`: shape (2, n).
"""

from __future__ import annotations

import numpy as np

from ordino.core.kernel import kernel
from ordino.core.random_kernels import below
from ordino.heuristics.jobshop.giffler_thompson_kernels import generate
from ordino.heuristics.jobshop.pool_kernels import distance

__all__ = ["BEST", "IMPROVED", "MOVES", "arrange", "distance", "generate", "search"]

MOVES, IMPROVED, BEST = 0, 1, 2
"""Entries of `state`: moves so far, the count at the latest improvement, the best makespan."""

_A, _AA = "int64[::1]", "int64[:, ::1]"
_BITS, _FLAGS = "uint64[::1]", "uint8[::1]"
_NONE = 2**62
_BEYOND = 4
"""Operations behind a block that N8 looks at."""


@kernel(f"int64({_A}, {_A}, {_AA}, {_AA}, {_A}, {_A}, {_A})")
def arrange(machine, duration, value, link, order, place, last):  # type: ignore[no-untyped-def]
    """Set links, places and values from `order`; returns the makespan. O(n).

    Args:
        machine: Of each slot.
        duration, value, link, order, place: See the module.
        last: Scratch, one a machine.
    """
    nobody = len(duration) - 1
    makespan = 0
    for d in range(2):
        step = 1 - 2 * d
        last[:] = nobody
        for index in range(len(order)):
            i = order[index] if d == 0 else order[len(order) - 1 - index]
            m = machine[i]
            link[d, i] = last[m]
            last[m] = i
            value[d, i] = max(value[d, i - step], value[d, link[d, i]]) + duration[i]
            makespan = max(makespan, value[d, i])
    for index in range(len(order)):
        place[order[index]] = index
    return makespan


@kernel(f"void(int64, int64, int64, {_AA})")
def _relink(d, a, b, link):  # type: ignore[no-untyped-def]
    """Move a behind b on their machine, in direction d."""
    before, following, behind = link[d, a], link[1 - d, a], link[1 - d, b]
    link[1 - d, before] = following
    link[d, following] = before
    link[1 - d, b] = a
    link[d, a] = b
    link[1 - d, a] = behind
    link[d, behind] = a


@kernel(f"void(int64, int64, int64, {_AA}, {_A}, {_A}, {_FLAGS}, {_AA})")
def _reorder(d, a, b, link, order, place, marked, scratch):  # type: ignore[no-untyped-def]
    """Make `order` topological again after a went behind b, which has a larger index.

    Only the indices from a to b are looked at: what must come behind a is put behind b.
    """
    step = 1 - 2 * d
    begin, width = place[a], abs(place[b] - place[a])
    marked[a] = 1
    scratch[0, 0] = a
    moved, kept = 1, 0
    for offset in range(1, width + 1):
        i = order[begin + step * offset]
        if marked[i - step] | marked[link[d, i]]:
            marked[i] = 1
            scratch[0, moved] = i
            moved += 1
        else:
            scratch[1, kept] = i
            kept += 1
    index = begin
    for each in range(kept):
        order[index] = scratch[1, each]
        place[scratch[1, each]] = index
        index += step
    for each in range(moved):
        order[index] = scratch[0, each]
        place[scratch[0, each]] = index
        marked[scratch[0, each]] = 0
        index += step


@kernel(f"void(int64, int64, {_A}, {_AA}, {_AA}, {_A}, {_A})")
def _renew(d, a, duration, value, link, order, place):  # type: ignore[no-untyped-def]
    """Renew the values of direction d of a and all behind it in `order`.

    A quarter of them change after a usual move: to go through all is faster than to find these.
    """
    step = 1 - 2 * d
    for index in range(place[a], len(order) if d == 0 else -1, step):
        i = order[index]
        value[d, i] = max(value[d, i - step], value[d, link[d, i]]) + duration[i]


@kernel(f"void(int64, int64, int64, {_A}, {_AA}, {_AA}, {_A}, {_A}, {_FLAGS}, {_AA})")
def _move(d, a, b, duration, value, link, order, place, marked, scratch):  # type: ignore[no-untyped-def]
    """Move a behind b on their machine, in direction d, where that makes no cycle."""
    following = link[1 - d, a]
    _relink(d, a, b, link)
    _reorder(d, a, b, link, order, place, marked, scratch)
    _renew(d, following, duration, value, link, order, place)
    _renew(1 - d, a, duration, value, link, order, place)


@kernel(f"boolean(int64, int64, int64, {_A}, {_AA})")
def _may_make_cycle(d, a, b, duration, value):  # type: ignore[no-untyped-def]
    """Tell whether moving a behind b may make a cycle: a path from a's job successor to b.

    Such a path would make the successor's value in the other direction exceed that of b by the
    successor's duration at least.
    """
    following = a + 1 - 2 * d
    least = value[1 - d, following] + (1 if duration[following] == 0 else 0)
    return following == b or value[1 - d, b] < least


@kernel(f"int64(int64, int64, int64, {_A}, {_AA}, {_AA}, {_AA}, int64)")
def _estimate(d, a, b, duration, value, link, scratch, enough):  # type: ignore[no-untyped-def]
    """Estimate the makespan after a moved behind b (Balas, Vazacopoulos 1998).

    It is the longest path through the operations that change places, as long as it is at most
    `enough`; otherwise some number above that.
    """
    step = 1 - 2 * d
    e = 1 - d
    through = value[d, link[d, a]]
    i = a
    count = 0
    while i != b:
        i = link[e, i]
        through = max(through, value[d, i - step])
        scratch[0, count] = through
        count += 1
        through += duration[i]
    through = max(through, value[d, a - step])
    rest = max(value[e, a + step], value[e, link[e, b]]) + duration[a]
    longest = through + rest
    while count > 0 and longest <= enough:
        count -= 1
        rest = max(rest, value[e, i + step]) + duration[i]
        longest = max(longest, scratch[0, count] + rest)
        i = link[d, i]
    return longest


@kernel(f"int64({_AA}, int64, int64, int64)")
def _row(tabu, slots, first, second):  # type: ignore[no-untyped-def]
    """Row of the tabu table for the order "first before second"."""
    key = np.uint64(first * slots + second) * np.uint64(0x9E3779B97F4A7C15)
    return np.int64(key >> np.uint64(40)) & (len(tabu) - 1)


@kernel(f"boolean(int64, int64, int64, int64, {_AA}, {_AA})")
def _forbidden(d, a, b, now, link, tabu):  # type: ignore[no-untyped-def]
    """Tell whether moving a behind b would put two operations into a tabu order."""
    slots = link.shape[1]
    i = a
    while i != b:
        i = link[1 - d, i]
        first, second = (i, a) if d == 0 else (a, i)
        row = _row(tabu, slots, first, second)
        if tabu[row, 0] == first * slots + second and tabu[row, 1] > now:
            return True
    return False


@kernel(f"void(int64, int64, int64, int64, {_AA}, {_AA})")
def _forbid(d, a, b, until, link, tabu):  # type: ignore[no-untyped-def]
    """Make the orders tabu that moving a behind b is about to undo."""
    slots = link.shape[1]
    i = a
    while i != b:
        i = link[1 - d, i]
        first, second = (a, i) if d == 0 else (i, a)
        row = _row(tabu, slots, first, second)
        tabu[row, 0] = first * slots + second
        tabu[row, 1] = until


@kernel(f"int64(int64, {_A}, {_A}, {_AA}, {_AA}, {_A}, {_A}, {_BITS})")
def _critical_path(makespan, ends, duration, value, link, place, path, random):  # type: ignore[no-untyped-def]
    """Write a random critical path to the end of `path`, from an end of a job backwards.

    Returns:
        The index where the path begins.
    """
    i, critical = -1, 0
    for end in ends:
        if value[0, end] == makespan:
            critical += 1
            if critical == 1 or below(random, critical) == 0:
                i = end
    begin = len(path) - 1
    path[begin] = i
    while True:
        start = value[0, i] - duration[i]
        m = link[0, i]
        by_job = place[i - 1] >= 0 and value[0, i - 1] == start
        by_machine = place[m] >= 0 and value[0, m] == start
        if by_job and (not by_machine or below(random, 2) == 0):
            i -= 1
        elif by_machine:
            i = m
        else:
            return begin
        begin -= 1
        path[begin] = i


@kernel(f"boolean({_A}, {_A}, {_AA}, {_AA}, {_AA}, {_AA}, {_BITS}, {_A}, int64, int64, {_A})")
def _choose(path, duration, value, link, tabu, scratch, random, state, neighbourhood, begin, move):  # type: ignore[no-untyped-def]
    """Write the best move on a critical path to `move`: direction, a, b.

    A block is a longest part of the path on one machine. Its operations move behind its last one
    or, for N7, its first one behind others; for N8 they also move behind some operations that
    follow the block. In direction 1, that is before its first one and so on. Left out are moves
    that cannot shorten this path, for at its begin only the last operation of a block counts, at
    its end only the first. The best is that of least estimate among those that are not tabu or
    better than the best schedule; by chance among equals; any if all are tabu.

    Returns:
        Whether there is a move.
    """
    least, ties, seen = _NONE, 0, 0
    nobody = len(duration) - 1
    while begin < len(path):
        behind = begin + 1
        while behind < len(path) and link[0, path[behind]] == path[behind - 1]:
            behind += 1
        size = behind - begin
        for d in range(2):
            step = 1 - 2 * d
            at_first = begin if d == 0 else behind - 1
            first, last = path[at_first], path[at_first + step * (size - 1)]
            opens = value[d, first] == duration[first]
            closes = value[1 - d, last] == duration[last]
            for move_in in range(2 if neighbourhood >= 1 and not opens else 1):
                for k in range(1, size - move_in):
                    if move_in:
                        a, b, passed = first, path[at_first + step * k], k
                    else:
                        a, b, passed = path[at_first + step * (k - 1)], last, size - k
                        if closes and a != first:
                            break
                    beyond = _BEYOND if neighbourhood == 2 and not move_in else 0
                    for far in range(beyond + 1):
                        if far:
                            b = link[1 - d, b]
                            if b == nobody:
                                break
                        elif d == 1 and passed == 1:
                            continue  # a swap of neighbours is the same in both directions
                        if _may_make_cycle(d, a, b, duration, value):
                            break
                        seen += 1
                        estimate = _estimate(d, a, b, duration, value, link, scratch, least)
                        if least == _NONE and below(random, seen) == 0:
                            move[0], move[1], move[2] = d, a, b
                        if estimate > least or (
                            estimate >= state[BEST]
                            and _forbidden(d, a, b, state[MOVES], link, tabu)
                        ):
                            continue
                        ties = ties + 1 if estimate == least else 1
                        if ties == 1 or below(random, ties) == 0:
                            least, move[0], move[1], move[2] = estimate, d, a, b
        begin = behind
    return seen > 0


@kernel(
    f"boolean({_A}, {_A}, {_AA}, {_AA}, {_A}, {_A}, {_A}, {_AA}, {_FLAGS}, {_A}, {_AA},"
    f" {_BITS}, {_A}, int64, int64, int64, int64, int64)"
)
def search(  # type: ignore[no-untyped-def]
    ends, duration, value, link, order, place, best_order, tabu, marked, path, scratch,
    random, state, neighbourhood, tenure, spread, moves, patience,
):  # fmt: skip
    """Do tabu moves from where the arrays stand.

    Args:
        ends: Slot of the last operation of each job.
        duration, value, link, order, place, marked, scratch: See the module.
        best_order: Filled with the order of the best schedule.
        tabu: A row for each of some pairs of operations, found by hashing: the pair as
            first x slots + second, and the move until which that order is forbidden. A power of
            two of rows. A pair that takes the row of another ends its term.
        path: Scratch, one an operation.
        random: State of the random numbers, one value other than 0; advanced.
        state: Moves so far, moves at the latest improvement, best makespan; advanced.
        neighbourhood: See the module.
        tenure: Least number of moves for which an order is forbidden.
        spread: Up to so many more, by chance.
        moves: Most moves to do.
        patience: End after so many moves without an improvement.

    Returns:
        Whether the search is at its end: patience is out, or no move is left.
    """
    move = np.empty(3, np.int64)
    last_move = state[MOVES] + moves
    while True:
        makespan = 0
        for i in ends:
            makespan = max(makespan, value[0, i])
        if makespan < state[BEST]:
            state[BEST] = makespan
            state[IMPROVED] = state[MOVES]
            best_order[:] = order
        if state[MOVES] - state[IMPROVED] >= patience:
            return True
        if state[MOVES] == last_move:
            return False
        begin = _critical_path(makespan, ends, duration, value, link, place, path, random)
        if not _choose(
            path, duration, value, link, tabu, scratch, random, state, neighbourhood, begin, move
        ):
            return True
        d, a, b = move[0], move[1], move[2]
        until = state[MOVES] + tenure + below(random, spread + 1)
        _forbid(d, a, b, until, link, tabu)
        _move(d, a, b, duration, value, link, order, place, marked, scratch)
        state[MOVES] += 1
