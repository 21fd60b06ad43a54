"""Compiled passes over schedules of a general shop: what its searches share.

A schedule is an alternative for each operation and an order on each machine, kept as links `before`
and `after` (-1 for none) and `first` of each machine; `order` is a topological order of precedences
together with links. `end` is when each operation ends, as early as it may; `tail` is the longest
way from there to the objective: 0, or what its job's due date adds (`delivery`).

`shop`, a tuple of arrays: `alternative_start`, `machine`, `duration` as in `Shop`; `behind` and
`ahead`: the one successor and predecessor of each operation in its job, -1 for none; where one has
several, the others are `more_behind` and `more_ahead`, from `behind_start[i]` and `ahead_start[i]`
on, which are empty where no operation has; `family`, and at its end the number of families; `setup`
in one row, `down_start`, `down_begin`, `down_end`, `release` as in `shop_generation`; `delivery` of
each operation.

`schedule`, a tuple of arrays: `chosen` alternative of each operation, its machine (`on`) and
`length`; `before`, `after`, `first`, `order`, `place` of each operation in it, scratch, `end`,
`tail`.
"""

from __future__ import annotations

from ordino.core.kernel import kernel

__all__ = ["NONE", "arrange", "fit", "forward", "gap_of"]

_A = "int64[::1]"
_SHOP, _SCHEDULE = "UniTuple(int64[::1], 16)", "UniTuple(int64[::1], 11)"
NONE = 2**62


@kernel(f"int64(int64, int64, int64, {_A}, {_A}, {_A})")
def fit(at, length, m, down_start, down_begin, down_end):  # type: ignore[no-untyped-def]
    """Return the first time from `at` on at which so much fits between downtimes of machine m."""
    d = down_start[m]
    while d < down_start[m + 1] and down_begin[d] < at + length:
        at = max(at, down_end[d])
        d += 1
    return at


@kernel(f"int64({_A}, {_A}, int64, int64, int64)")
def gap_of(family, setup, m, i, j):  # type: ignore[no-untyped-def]
    """Return the setup time on machine m from operation i (-1: none) to j."""
    families = family[len(family) - 1]
    row = families if i < 0 else family[i]
    return setup[(m * (families + 1) + row) * families + family[j]]


@kernel(f"int64({_SHOP}, {_SCHEDULE})")
def forward(shop, schedule):  # type: ignore[no-untyped-def]
    """Find order, places in it and ends for the links. O(n).

    Returns:
        The largest of end plus delivery; 2^62 where the links make a cycle, or something fits
        nowhere between downtimes.
    """
    (
        _, _, _, behind, ahead, behind_start, more_behind, ahead_start, more_ahead,
        family, setup, down_start, down_begin, down_end, release, delivery,
    ) = shop  # fmt: skip
    _, on, length, before, after, _, order, place, waits, end, _ = schedule
    n = len(release)
    branched, with_setups, with_downs = len(more_ahead) > 0, len(setup) > 0, len(down_begin) > 0
    count = 0
    for i in range(n):
        waits[i] = (before[i] >= 0) + (ahead[i] >= 0)
        if branched:
            waits[i] += ahead_start[i + 1] - ahead_start[i]
        if waits[i] == 0:
            order[count] = i
            count += 1
    value = 0
    x = 0
    while x < count:
        i = order[x]
        place[i] = x
        x += 1
        m = on[i]
        a = before[i]
        at = release[i]
        gap = gap_of(family, setup, m, a, i) if with_setups else 0
        at = max(at, gap if a < 0 else end[a] + gap)
        if ahead[i] >= 0:
            at = max(at, end[ahead[i]])
            if branched:
                for e in range(ahead_start[i], ahead_start[i + 1]):
                    at = max(at, end[more_ahead[e]])
        if with_downs:
            at = fit(at, length[i], m, down_start, down_begin, down_end)
        end[i] = at + length[i]
        value = max(value, end[i] + delivery[i])
        for e in range(2):
            j = after[i] if e == 0 else behind[i]
            if j >= 0:
                waits[j] -= 1
                if waits[j] == 0:
                    order[count] = j
                    count += 1
        if branched:
            for e in range(behind_start[i], behind_start[i + 1]):
                j = more_behind[e]
                waits[j] -= 1
                if waits[j] == 0:
                    order[count] = j
                    count += 1
    return NONE if count < n or value >= NONE // 2 else value


@kernel(f"int64({_SHOP}, {_SCHEDULE})")
def arrange(shop, schedule):  # type: ignore[no-untyped-def]
    """Find order, places in it, ends and tails for the links; returns what `forward` does. O(n)."""
    (
        _, _, _, behind, _, behind_start, more_behind, _, _,
        family, setup, _, _, _, release, delivery,
    ) = shop  # fmt: skip
    _, on, length, _, after, _, order, _, _, _, tail = schedule
    n = len(release)
    branched, with_setups = len(more_behind) > 0, len(setup) > 0
    value = forward(shop, schedule)
    if value == NONE:
        return NONE
    for x in range(n - 1, -1, -1):
        i = order[x]
        left = delivery[i]
        b = after[i]
        if b >= 0:
            gap = gap_of(family, setup, on[i], i, b) if with_setups else 0
            left = max(left, gap + length[b] + tail[b])
        j = behind[i]
        if j >= 0:
            left = max(left, length[j] + tail[j])
            if branched:
                for e in range(behind_start[i], behind_start[i + 1]):
                    j = more_behind[e]
                    left = max(left, length[j] + tail[j])
        tail[i] = left
    return value
