"""Compiled job insertion for shops without room between machines (Gröflin, Klinkert 2009).

A job is taken out and put back in another place; the orders of all others stay. A schedule is the
orders of the machines, and its times are longest paths in Mascis and Pacciarelli's graph (2002):
the event "operation i starts" is also the one at which its job leaves the machine before, so that
the next one there may start.

**Shop**, a tuple of arrays of n operations in m jobs: `first` operation of each job and the one
behind the last (m + 1,), `job`, `machine`, `duration`, `release` (of the job), `delay` (what counts
after the end of the last operation, otherwise 0), `rest` (time from the start to the end of the
job, and its delay), `opens` (is the first of its job), `closes` (is the last); each (n,) if nothing
is said.

**Orders**, a tuple: `size`, operations on each machine; `index` of each operation there; `start`,
the head; `tail`, time from the start to the end of the schedule; `order`, the operations in a
topological order; `rank`, the place of each in it; `group`, the rank of the last of those that move
at the same instant in a circle, which are neighbours in `order`. And `sequence`, the operations of
each machine; shape (machines, most operations on one).
"""

from __future__ import annotations

import math

import numpy as np

from ordino.core.kernel import kernel
from ordino.core.random_kernels import below

__all__ = ["ACCEPTED", "BEST", "MOVES", "anneal", "arrange", "insert", "objective"]

MOVES, BEST, CURRENT, ACCEPTED = 0, 1, 2, 3
"""Entries of `state`: moves so far, the best objective, that of the schedule at hand, moves that
led to another schedule."""

_A, _AA = "int64[::1]", "int64[:, ::1]"
_BITS, _FLOATS = "uint64[::1]", "float64[::1]"
_SHOP, _ORDERS = "UniTuple(int64[::1], 9)", "UniTuple(int64[::1], 7)"
_TABLE = "int64[:, :, ::1]"
_NEVER = 2**62
_ROUNDS = 200
"""A circle that takes time is found after so many rounds at the latest."""
_TRIES = 6
"""Other places that are tried for a job once it is taken out."""
_PAIRS, _RESORTED = 8, 30
"""Per cent of the moves that take out two jobs; in which the others' order is sorted anew."""


@kernel(f"boolean(int64, int64, {_SHOP}, {_ORDERS}, {_AA})")
def _forward(begin, count, shop, orders, sequence):  # type: ignore[no-untyped-def]
    """Compute the heads from a rank on; returns whether there is no circle that takes time."""
    _, _, machine, duration, release, _, _, opens, closes = shop
    _, index, start, _, order, rank, _ = orders
    for x in range(begin, count):
        start[order[x]] = -1
    for _ in range(_ROUNDS):
        backward, changed = False, False
        for x in range(begin, count):
            i = order[x]
            at = release[i] if opens[i] else start[i - 1] + duration[i - 1]
            if index[i] > 0:
                a = sequence[machine[i], index[i] - 1]
                if closes[a]:
                    at = max(at, start[a] + duration[a])
                else:
                    at = max(at, start[a + 1])
                    backward |= rank[a + 1] > x
            if at > start[i]:
                start[i] = at
                changed = True
        if not backward or not changed:
            return True
    return False


@kernel(f"void(int64, {_SHOP}, {_ORDERS}, {_AA})")
def _backward(begin, shop, orders, sequence):  # type: ignore[no-untyped-def]
    """Compute the tails from a rank down."""
    _, _, machine, duration, _, delay, _, opens, closes = shop
    size, index, _, tail, order, rank, _ = orders
    for x in range(begin + 1):
        tail[order[x]] = -1
    for _ in range(_ROUNDS):
        backward, changed = False, False
        for x in range(begin, -1, -1):
            i = order[x]
            if closes[i]:
                rest = duration[i] + delay[i]
                if index[i] + 1 < size[machine[i]]:
                    rest = max(rest, duration[i] + tail[sequence[machine[i], index[i] + 1]])
            else:
                rest = duration[i] + tail[i + 1]
            if not opens[i] and index[i - 1] + 1 < size[machine[i - 1]]:
                b = sequence[machine[i - 1], index[i - 1] + 1]
                rest = max(rest, tail[b])
                backward |= rank[b] < x
            if rest > tail[i]:
                tail[i] = rest
                changed = True
        if not backward or not changed:
            return


@kernel(f"void(int64, {_SHOP}, {_ORDERS}, {_AA})")
def _find_groups(count, shop, orders, sequence):  # type: ignore[no-untyped-def]
    """Set `group`: an event that waits for a later one moves together with all up to that."""
    _, _, machine, _, _, _, _, _, closes = shop
    _, index, _, _, order, rank, group = orders
    begin = 0
    while begin < count:
        reach, x = begin, begin
        while x <= reach:
            i = order[x]
            if index[i] > 0:
                a = sequence[machine[i], index[i] - 1]
                if not closes[a]:
                    reach = max(reach, rank[a + 1])
            x += 1
        for x in range(begin, reach + 1):
            group[order[x]] = reach
        begin = reach + 1


@kernel(f"void(int64, int64, {_ORDERS}, {_A})")
def _sort(count, share, orders, key):  # type: ignore[no-untyped-def]
    """Sort `order` by a mixture of heads (`share` of 4 parts) and tails; stays topological."""
    _, _, start, tail, order, rank, _ = orders
    for x in range(count):
        i = order[x]
        key[i] = share * start[i] - (4 - share) * tail[i]
    for x in range(1, count):
        i = order[x]
        y = x
        while y > 0 and key[order[y - 1]] > key[i]:
            order[y] = order[y - 1]
            y -= 1
        order[y] = i
    for x in range(count):
        rank[order[x]] = x


@kernel(f"int64(int64, int64, {_SHOP}, {_ORDERS}, {_AA})")
def _take_out(j, count, shop, orders, sequence):  # type: ignore[no-untyped-def]
    """Take a job out; returns the first rank that changed."""
    first, _, machine, _, _, _, _, _, _ = shop
    size, index, _, _, order, rank, _ = orders
    for i in range(first[j], first[j + 1]):
        m = machine[i]
        size[m] -= 1
        for x in range(index[i], size[m]):
            b = sequence[m, x + 1]
            sequence[m, x] = b
            index[b] = x
        index[i] = -1
    begin = rank[first[j]]
    place = begin
    for x in range(begin, count):
        i = order[x]
        if not first[j] <= i < first[j + 1]:
            order[place] = i
            rank[i] = place
            place += 1
    return begin


@kernel(
    f"int64(int64, {_SHOP}, {_ORDERS}, {_AA}, {_TABLE}, int64, int64, int64, int64, int64,"
    f" {_BITS}, {_A})"
)
def _insertion(  # type: ignore[no-untyped-def]
    j, shop, orders, sequence, table, k, low, high, limit, swap, random, gap
):
    """Choose a gap on each machine for a job that is out, operation by operation.

    Gap w of a machine lies before its w-th operation. An operation may follow a and precede b where
    no path leads from what has to be behind it to what has to be before it; ranks tell: they must
    grow on the way through the gaps. Ahead of the choice counts the estimate: the longest path
    through the job (heads of those before, tails of those behind), as if it changed nothing else;
    then an early arrival.

    Args:
        j: The job.
        shop, orders, sequence: See the module; with heads, tails, groups of all others.
        table: Scratch: estimate, arrival, rank, gap before, for each operation and gap.
        k: Operation of the job (from 0) that is to get a gap from `low` to `high`; -1 for none.
        low, high: See `k`.
        limit: Greater estimates are of no use.
        swap: Whether jobs may change places.
        random: For equals.
        gap: Filled with the gaps.

    Returns:
        The estimate, or -1 where there is nothing within the limit.
    """
    first, _, machine, duration, release, _, rest, _, closes = shop
    size, _, start, tail, _, _, group = orders
    estimate, arrival, behind, before = table[0], table[1], table[2], table[3]
    begin, length = first[j], first[j + 1] - first[j]
    m = machine[begin]
    for w in range(size[m] + 1):
        estimate[0, w] = _NEVER
        if k == 0 and not low <= w <= high:
            continue
        at, place = release[begin], -1
        if w > 0:
            a = sequence[m, w - 1]
            place = 2 * group[a] + 1 if closes[a] else 2 * group[a + 1]
            at = max(at, start[a] + duration[a] if closes[a] else start[a + 1])
        if at + rest[begin] <= limit:
            estimate[0, w] = at + rest[begin]
            arrival[0, w], behind[0, w] = at, place
    for o in range(length - 1):
        i = begin + o
        here, there = machine[i], machine[i + 1]
        least_v, most_v = 0, size[there]
        for v in range(most_v + 1):
            estimate[o + 1, v] = _NEVER
        if k == o + 1:
            least_v, most_v = low, high
        skipped = 0
        for w in range(size[here] + 1):
            if estimate[o, w] == _NEVER:
                continue
            place, ready = behind[o, w], arrival[o, w] + duration[i]
            ahead, pull = _NEVER, -_NEVER
            if w < size[here]:
                b = sequence[here, w]
                ahead, pull = 2 * group[b], tail[b]
                if ahead <= place or ready + pull > limit:
                    continue
            while skipped < size[there] and 2 * group[sequence[there, skipped]] <= place:
                skipped += 1
            for v in range(max(skipped, least_v), most_v + 1):
                at, free = ready, -1
                if v > 0:
                    a = sequence[there, v - 1]
                    free = 2 * group[a] + 1 if closes[a] else 2 * group[a + 1]
                    at = max(at, start[a] + duration[a] if closes[a] else start[a + 1])
                if free > ahead or (free == ahead and not swap):
                    break
                value = max(at + rest[i + 1], at + pull)
                if value > limit:
                    break
                value = max(value, estimate[o, w])
                if value < estimate[o + 1, v] or (
                    value == estimate[o + 1, v] and at < arrival[o + 1, v]
                ):
                    estimate[o + 1, v] = value
                    arrival[o + 1, v], behind[o + 1, v] = at, max(place, free)
                    before[o + 1, v] = w
    o = length - 1
    m = machine[begin + o]
    least, chosen, equals = _NEVER, -1, 0
    for w in range(size[m] + 1):
        value = estimate[o, w]
        if value == _NEVER:
            continue
        if w < size[m]:
            b = sequence[m, w]
            if 2 * group[b] <= behind[o, w]:
                continue
            value = max(value, arrival[o, w] + duration[begin + o] + tail[b])
        if value > limit:
            continue
        equals = equals + 1 if value == least else 1
        if value < least or (value == least and below(random, equals) == 0):
            least, chosen = value, w
    if chosen < 0:
        return -1
    while o >= 0:
        gap[o] = chosen
        if o > 0:
            chosen = before[o, chosen]
        o -= 1
    return least


@kernel(f"void(int64, int64, {_SHOP}, {_ORDERS}, {_AA}, {_A}, {_A})")
def _put_in(j, count, shop, orders, sequence, gap, behind):  # type: ignore[no-untyped-def]
    """Put a job into gaps, its events right behind the last that they must follow."""
    first, _, machine, _, _, _, _, _, closes = shop
    size, index, _, _, order, rank, group = orders
    begin, length = first[j], first[j + 1] - first[j]
    place = -1
    for o in range(length):
        if gap[o] > 0:
            a = sequence[machine[begin + o], gap[o] - 1]
            place = max(place, group[a] if closes[a] else group[a + 1])
        behind[o] = place
    for o in range(length):
        m, w = machine[begin + o], gap[o]
        for earlier in range(o):  # gaps are counted without the job itself
            w += machine[begin + earlier] == m
        for x in range(size[m], w, -1):
            b = sequence[m, x - 1]
            sequence[m, x] = b
            index[b] = x
        sequence[m, w] = begin + o
        index[begin + o] = w
        size[m] += 1
    x, o = count - 1, length - 1
    for place in range(count + length - 1, -1, -1):
        if o < 0 or x > behind[o]:
            order[place] = order[x]
            x -= 1
        else:
            order[place] = begin + o
            o -= 1
        rank[order[place]] = place


@kernel(f"int64({_SHOP}, {_ORDERS}, {_A}, {_A}, int64)")
def objective(shop, orders, due, weight, total):  # type: ignore[no-untyped-def]
    """Return the greatest completion with its delay, or the total weighted tardiness."""
    first, _, _, duration, _, delay, _, _, _ = shop
    start = orders[2]
    value = 0
    for j in range(len(first) - 1):
        i = first[j + 1] - 1
        end = start[i] + duration[i]
        if total:
            value += weight[j] * max(0, end - due[j])
        else:
            value = max(value, end + delay[i])
    return value


@kernel(f"int64({_SHOP}, {_ORDERS}, {_A}, {_A}, int64, {_BITS})")
def _last_operation(shop, orders, due, weight, total, random):  # type: ignore[no-untyped-def]
    """Return where a critical path ends: the latest job's end, or that of some job that is late."""
    first, _, _, duration, _, delay, _, _, _ = shop
    start = orders[2]
    latest, chosen, equals = -1, first[1] - 1, 0
    for j in range(len(first) - 1):
        i = first[j + 1] - 1
        value = start[i] + duration[i] + delay[i]
        if total:
            value = int(weight[j] > 0 and start[i] + duration[i] > due[j])
        equals = equals + 1 if value == latest else 1
        if value > latest or (value == latest and below(random, equals) == 0):
            latest, chosen = value, i
    return chosen


@kernel(f"boolean(int64, {_SHOP}, {_ORDERS}, {_AA}, {_BITS}, {_A})")
def _critical_pair(i, shop, orders, sequence, random, pair):  # type: ignore[no-untyped-def]
    """Draw a pair of neighbours on a machine from a critical path that ends with an operation.

    Returns:
        Whether there is one, of two jobs.
    """
    _, job, machine, duration, _, _, _, opens, closes = shop
    _, index, start, _, _, _, _ = orders
    found = 0
    for _ in range(2 * len(job)):  # a circle that moves at once has no begin
        blocker = -1
        if index[i] > 0:
            a = sequence[machine[i], index[i] - 1]
            free = start[a] + duration[a] if closes[a] else start[a + 1]
            if free == start[i] and (opens[i] or a != i - 1):
                blocker = a
        by_job = not opens[i] and start[i - 1] + duration[i - 1] == start[i]
        if by_job and (blocker < 0 or below(random, 2) == 0):
            i -= 1
        elif blocker >= 0:
            if job[blocker] != job[i]:
                found += 1
                if below(random, found) == 0:
                    pair[0], pair[1] = blocker, i
            i = blocker if closes[blocker] else blocker + 1
        else:
            break
    return found > 0


@kernel(f"void({_ORDERS}, {_AA}, {_ORDERS}, {_AA})")
def _copy(source, sequence, target, target_sequence):  # type: ignore[no-untyped-def]
    for each in range(7):
        target[each][:] = source[each]
    target_sequence[:] = sequence


@kernel(f"void(int64, int64, {_SHOP}, {_ORDERS}, {_AA}, {_TABLE}, int64, {_BITS})")
def insert(j, count, shop, orders, sequence, table, swap, random):  # type: ignore[no-untyped-def]
    """Insert a job where the estimate is least; before all others there is always room.

    Args:
        j: The job.
        count: Operations of the jobs that are in.
        shop, orders, sequence: See the module; sizes 0 at first.
        table: Scratch, see `_insertion`.
        swap: Whether jobs may change places.
        random: State of the random numbers; advanced.
    """
    first = shop[0]
    gap, behind = np.empty(table.shape[1], np.int64), np.empty(table.shape[1], np.int64)
    _insertion(j, shop, orders, sequence, table, -1, 0, 0, _NEVER - 1, swap, random, gap)
    _put_in(j, count, shop, orders, sequence, gap, behind)
    count += first[j + 1] - first[j]
    _forward(0, count, shop, orders, sequence)
    _backward(count - 1, shop, orders, sequence)
    _sort(count, 4, orders, np.empty(len(shop[1]), np.int64))
    _find_groups(count, shop, orders, sequence)


@kernel(f"void({_SHOP}, {_ORDERS}, {_AA})")
def arrange(shop, orders, sequence):  # type: ignore[no-untyped-def]
    """Compute all times, ranks and groups from `order`, where those that move in a circle are
    neighbours, and the sequences of the machines."""
    order, rank = orders[4], orders[5]
    count = len(order)
    for x in range(count):
        rank[order[x]] = x
    _forward(0, count, shop, orders, sequence)
    _backward(count - 1, shop, orders, sequence)
    _find_groups(count, shop, orders, sequence)


@kernel(
    f"boolean({_SHOP}, {_A}, {_A}, int64, int64, {_ORDERS}, {_AA}, {_ORDERS}, {_AA}, {_TABLE},"
    f" {_A}, {_BITS}, {_A}, float64, float64, int64)"
)
def anneal(  # type: ignore[no-untyped-def]
    shop, due, weight, total, swap, orders, sequence, kept, kept_sequence, table, best_start,
    random, state, temperature, cooling, moves,
):  # fmt: skip
    """Move jobs at random, and keep what simulated annealing accepts.

    A pair of neighbours on a critical path is drawn. One of the two jobs is taken out and put back
    on the other side of the other; instead, if that is better, on the other side of some other
    neighbour of one of its operations. Or both are taken out and put back where it is best.

    Args:
        shop, orders, sequence: See the module; the schedule to go on from.
        due, weight: Of each job, if the goal is a total.
        total: Whether it is the total weighted tardiness; otherwise it is the greatest completion.
        swap: Whether jobs may change places.
        kept, kept_sequence: Scratch like `orders` and `sequence`.
        table: Scratch, see `_insertion`.
        best_start: Filled with the starts of the best schedule.
        random: State of the random numbers, one value other than 0; advanced.
        state: See the module; advanced.
        temperature: In units of the objective, above 0.
        cooling: Factor of the temperature after each move.
        moves: How many.

    Returns:
        Whether nothing is left to do: the longest path is a job of its own, or no job is late.
    """
    first, job, machine = shop[0], shop[1], shop[2]
    size, index, start, _, order, _, _ = orders
    n = len(job)
    gap, behind = np.empty(table.shape[1], np.int64), np.empty(table.shape[1], np.int64)
    other_gap = np.empty(table.shape[1], np.int64)
    key, pair = np.empty(n, np.int64), np.empty(2, np.int64)
    _copy(orders, sequence, kept, kept_sequence)
    kept_index, kept_group = kept[1], kept[6]
    for _ in range(moves):
        if total and state[CURRENT] == 0:
            return True
        last = _last_operation(shop, orders, due, weight, total, random)
        if not _critical_pair(last, shop, orders, sequence, random, pair):
            if not total:
                return True
            pair[0] = below(random, n)
            m = machine[pair[0]]
            pair[1] = sequence[m, below(random, size[m])]
            if job[pair[0]] == job[pair[1]] or index[pair[0]] > index[pair[1]]:
                state[MOVES] += 1
                continue
        a, b = pair[0], pair[1]
        m = machine[a]
        later = below(random, 2) == 0
        moved, stays = (job[a], job[b]) if later else (job[b], job[a])
        share = (below(random, 1 << 30) + 1) / (1 << 30)
        most = state[CURRENT] + np.int64(-temperature * math.log(share))
        limit = _NEVER - 1 if total else most
        both = below(random, 100) < _PAIRS
        begin = _take_out(moved, n, shop, orders, sequence)
        count = n - (first[moved + 1] - first[moved])
        end = min(count - 1, kept_group[first[moved + 1] - 1])
        if both:
            begin = min(begin, _take_out(stays, count, shop, orders, sequence))
            count -= first[stays + 1] - first[stays]
            end = count - 1
        while begin > 0 and kept_group[order[begin - 1]] >= begin:
            begin -= 1
        _forward(begin, count, shop, orders, sequence)
        _backward(end, shop, orders, sequence)
        if below(random, 100) < _RESORTED:
            _sort(count, below(random, 5), orders, key)
        _find_groups(count, shop, orders, sequence)
        if both:
            value = _insertion(
                moved, shop, orders, sequence, table, -1, 0, 0, limit, swap, random, gap
            )
        else:
            if later:
                k, low, high = a - first[moved], index[b] + 1, size[m]
            else:
                k, low, high = b - first[moved], 0, index[a]
            value = _insertion(
                moved, shop, orders, sequence, table, k, low, high, limit, swap, random, gap
            )
            for _ in range(_TRIES):
                i = first[moved] + below(random, first[moved + 1] - first[moved])
                m, here = machine[i], kept_index[i]
                for earlier in range(first[moved], first[moved + 1]):
                    here -= machine[earlier] == m and kept_index[earlier] < kept_index[i]
                low, high = (here + 1, size[m]) if below(random, 2) == 0 else (0, here - 1)
                if low > high:
                    continue
                bar = limit if value < 0 else value - 1
                other = _insertion(
                    moved, shop, orders, sequence, table, i - first[moved], low, high, bar, swap,
                    random, other_gap,
                )  # fmt: skip
                if other >= 0:
                    value = other
                    gap[:] = other_gap
        if value >= 0:
            _put_in(moved, count, shop, orders, sequence, gap, behind)
            count += first[moved + 1] - first[moved]
            if both:
                _forward(0, count, shop, orders, sequence)
                _backward(count - 1, shop, orders, sequence)
                _find_groups(count, shop, orders, sequence)
                value = _insertion(
                    stays, shop, orders, sequence, table, -1, 0, 0, limit, swap, random, gap
                )
                if value >= 0:
                    _put_in(stays, count, shop, orders, sequence, gap, behind)
        state[MOVES] += 1
        temperature *= cooling
        accepted = value >= 0 and _forward(0, n, shop, orders, sequence)
        if accepted:
            value = objective(shop, orders, due, weight, total)
            if value < state[BEST]:
                state[BEST] = value
                best_start[:] = start
            accepted = value <= most
        if accepted:
            state[CURRENT] = value
            state[ACCEPTED] += 1
            _backward(n - 1, shop, orders, sequence)
            _find_groups(n, shop, orders, sequence)
            _copy(orders, sequence, kept, kept_sequence)
        else:
            _copy(kept, kept_sequence, orders, sequence)
    return False
