"""Compiled annealing of the machines of operations, until no row is loaded beyond its capacity.

A row holds alternatives that can't overlap. `rows`, a tuple of arrays: `row_start`, `members` are
the alternatives of each row; `own_start`, `own` the rows of each alternative.
"""

from __future__ import annotations

import math

from ordino.core.kernel import kernel
from ordino.core.random_kernels import below

__all__ = ["rebalance"]

_A = "int64[::1]"
_ROWS = "UniTuple(int64[::1], 4)"
TRIES = 20
"""Draws of a member of a row that is chosen, before the row is left."""


@kernel(f"int64({_ROWS}, {_A}, {_A}, {_A}, int64, int64)")
def _put(rows, duration, capacity, load, k, sign):  # type: ignore[no-untyped-def]
    """Add an alternative to the loads of its rows, or take it out; returns how much is over."""
    _, _, own_start, own = rows
    change = 0
    for e in range(own_start[k], own_start[k + 1]):
        r = own[e]
        change -= max(0, load[r] - capacity[r])
        load[r] += sign * duration[k]
        change += max(0, load[r] - capacity[r])
    return change


@kernel(f"int64({_ROWS}, {_A}, {_A}, int64, uint64[::1])")
def _member(rows, operation, chosen, r, random):  # type: ignore[no-untyped-def]
    """Draw a chosen alternative of a row; -1 if none came up."""
    row_start, members, _, _ = rows
    for _ in range(TRIES):
        k = members[row_start[r] + below(random, row_start[r + 1] - row_start[r])]
        if chosen[operation[k]] == k:
            return k
    return -1


@kernel(
    f"int64({_ROWS}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, int64, float64, float64,"
    " uint64[::1])"
)
def rebalance(  # type: ignore[no-untyped-def]
    rows, alternative_start, operation, machine, duration, whole, capacity, load, chosen,
    steps, hot, cold, random,
):  # fmt: skip
    """Give operations of overloaded rows other machines, some in exchange for others.

    Args:
        rows: See the module.
        alternative_start: Of each operation.
        operation: Of each alternative.
        machine: Of each alternative.
        duration: Of each alternative.
        whole: The row of all alternatives of each machine.
        capacity: Of each row.
        load: Of each row, for `chosen`; changed.
        chosen: Alternative of each operation; changed.
        steps: Most steps.
        hot: Temperature at first, in units of time.
        cold: Temperature in the end.
        random: State of the random numbers; advanced.

    Returns:
        By how much the rows are over their capacities in the end, in all.
    """
    count = len(capacity)
    over = 0
    for r in range(count):
        over += max(0, load[r] - capacity[r])
    for step in range(steps):
        if over == 0:
            break
        r = below(random, count)
        while load[r] <= capacity[r]:
            r = r + 1 if r + 1 < count else 0
        k = _member(rows, operation, chosen, r, random)
        if k < 0:
            continue
        i = operation[k]
        others = alternative_start[i + 1] - alternative_start[i] - 1
        if others == 0:
            continue
        to = alternative_start[i] + below(random, others)
        to += to >= k
        change = _put(rows, duration, capacity, load, k, -1)
        change += _put(rows, duration, capacity, load, to, 1)
        back, q = -1, -1
        if below(random, 2) == 0:
            q = _member(rows, operation, chosen, whole[machine[to]], random)
        if q >= 0 and operation[q] != i:
            j = operation[q]
            for each in range(alternative_start[j], alternative_start[j + 1]):
                if machine[each] == machine[k]:
                    back = each
        if back >= 0:
            change += _put(rows, duration, capacity, load, q, -1)
            change += _put(rows, duration, capacity, load, back, 1)
        temperature = hot * (cold / hot) ** (step / steps)
        if change <= 0 or below(random, 2**31) < 2**31 * math.exp(-change / temperature):
            over += change
            chosen[i] = to
            if back >= 0:
                chosen[operation[q]] = back
            continue
        if back >= 0:
            _put(rows, duration, capacity, load, back, -1)
            _put(rows, duration, capacity, load, q, 1)
        _put(rows, duration, capacity, load, to, -1)
        _put(rows, duration, capacity, load, k, 1)
    return over
