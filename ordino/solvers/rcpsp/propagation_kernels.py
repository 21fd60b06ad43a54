"""Compiled propagation of time windows in a project whose makespan is limited.

Activity i, of length p[i], starts at early[i] at the earliest and at late[i] at the latest. The
rules below take from the windows what no schedule uses. Where modes differ, lengths and needs are
the least.
"""

from __future__ import annotations

from ordino.core.kernel import kernel

__all__ = ["propagate", "shave"]

_A = "int64[::1]"
_AA = "int64[:, ::1]"
_MOST_ROUNDS = 30
"""Windows may shrink by one unit at a time, for ever so long; what is left then is still right."""


@kernel(f"boolean({_AA}, {_A}, {_A})")
def _follow(lags, early, late):  # type: ignore[no-untyped-def]
    """Propagate distances of starts; returns whether there may be a schedule.

    Args:
        lags: Columns (i, j, step): j starts by `step` later than i, or more.
        early: Of each activity; changed.
        late: Of each activity; changed.
    """
    changed = True
    while changed:
        changed = False
        for a in range(len(lags)):
            i, j, step = lags[a, 0], lags[a, 1], lags[a, 2]
            if early[i] + step > early[j]:
                early[j] = early[i] + step
                changed = True
                if early[j] > late[j]:
                    return False
        for a in range(len(lags) - 1, -1, -1):
            i, j, step = lags[a, 0], lags[a, 1], lags[a, 2]
            if late[j] - step < late[i]:
                late[i] = late[j] - step
                changed = True
                if early[i] > late[i]:
                    return False
    return True


@kernel(f"int64({_A}, {_AA}, {_A}, {_A})")
def _select(p, pairs, early, late):  # type: ignore[no-untyped-def]
    """Order pairs that may not overlap, where one order is impossible (Carlier, Pinson 1989).

    Returns:
        -1 where neither order is possible; 1 where a window shrank; else 0.
    """
    found = 0
    for a in range(len(pairs)):
        i, j = pairs[a, 0], pairs[a, 1]
        first, second = early[i] + p[i] <= late[j], early[j] + p[j] <= late[i]
        if not first and not second:
            return -1
        if first and second:
            continue
        if second:
            i, j = j, i
        if early[i] + p[i] > early[j]:
            early[j] = early[i] + p[i]
            found = 1
        if late[j] - p[i] < late[i]:
            late[i] = late[j] - p[i]
            found = 1
    return found


@kernel(f"int64({_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A})")
def _energy(p, need, early, late, available, slope, marked):  # type: ignore[no-untyped-def]
    """Compare what must run between two times with what there is (Baptiste, Le Pape, Nuijten 1999).

    Between t and u, activity i runs at least as long as both when it starts early and when it
    starts late. Where all together would not fit if i started early, i leaves to the time after u
    what does not fit. For each t, in one pass over all u. O(T (T + n)), and O(n) more for each
    interval that is nearly full; T is the makespan.

    Args:
        p: Lengths.
        need: Units of one resource.
        early: Changed.
        late: Of each activity.
        available: Of the resource, units times time before each time; shape (makespan + 1,).
        slope: Scratch of the same length.
        marked: Scratch of the same length.

    Returns:
        -1 where an interval is overfull; 1 where a window shrank; else 0.
    """
    n, horizon = len(p), len(available) - 1
    found = greatest = 0
    marked[:] = 0
    for i in range(n):
        greatest = max(greatest, need[i] * p[i])
        if need[i] and p[i]:
            marked[early[i]] = 1
            marked[late[i]] = 1
            marked[early[i] + p[i]] = 1
    for t in range(horizon):
        if marked[t] == 0:
            continue
        slope[:] = 0
        for i in range(n):
            length = min(p[i], early[i] + p[i] - t)
            if length > 0:
                begin = max(t, late[i])
                slope[begin] += need[i]
                slope[begin + length] -= need[i]
        must = now = 0
        for u in range(t + 1, horizon + 1):
            now += slope[u - 1]
            must += now
            room = available[u] - available[t] - must
            if room < 0:
                return -1
            if room >= greatest:
                continue
            for i in range(n):
                shifted = min(early[i] + p[i], u) - max(early[i], t)
                if need[i] == 0 or shifted * need[i] <= room:
                    continue
                least = min(p[i], early[i] + p[i] - t, u - max(t, late[i]))
                spare = room + need[i] * max(0, least)
                if shifted * need[i] > spare:
                    begin = u - spare // need[i]
                    if begin > late[i]:
                        return -1
                    if begin > early[i]:
                        early[i] = begin
                        found = 1
                        marked[begin] = 1
    return found


@kernel(f"boolean({_A}, {_AA}, {_AA}, {_AA}, {_AA}, {_AA}, {_A}, {_A}, {_AA}, boolean)")
def propagate(  # type: ignore[no-untyped-def]
    p, needs, lags, pairs, forward, backward, early, late, scratch, energetic
):
    """Apply all rules, both ways in time, until nothing changes or after a number of rounds.

    Args:
        p: Lengths; shape (n,).
        needs: A row a resource; shape (resources, n).
        lags: See above.
        pairs: Activities that may not overlap; shape (pairs, 2).
        forward: Of each resource, units times time before each time; shape (r, makespan + 1).
        backward: The same with time turned around.
        early: Changed.
        late: Changed.
        scratch: Four rows, as long as the longer of n and makespan + 1.
        energetic: Whether to compare energies, which takes far longer than the rest.

    Returns:
        Whether there may be a schedule.
    """
    n, horizon = len(p), forward.shape[1] - 1
    slope, marked = scratch[0, : horizon + 1], scratch[1, : horizon + 1]
    first, last = scratch[2, :n], scratch[3, :n]
    for _ in range(_MOST_ROUNDS):
        if not _follow(lags, early, late):
            return False
        found = _select(p, pairs, early, late)
        if found < 0:
            return False
        if found:
            continue
        for k in range(len(needs) if energetic else 0):
            one = _energy(p, needs[k], early, late, forward[k], slope, marked)
            if one < 0:
                return False
            for i in range(n):
                first[i] = horizon - late[i] - p[i]
                last[i] = horizon - early[i] - p[i]
            other = _energy(p, needs[k], first, last, backward[k], slope, marked)
            if other < 0:
                return False
            for i in range(n):
                late[i] = horizon - first[i] - p[i]
            found += one + other
        if found == 0:
            return True
    return True


@kernel(
    f"int64({_A}, {_AA}, {_AA}, {_AA}, {_AA}, {_AA}, {_A}, {_A}, {_AA}, boolean, {_AA},"
    "int64, int64)"
)
def shave(  # type: ignore[no-untyped-def]
    p, needs, lags, pairs, forward, backward, early, late, scratch, energetic, trial, first, last
):
    """Cut from the windows of some activities, at both ends, what propagation alone refutes.

    (Martin, Shmoys 1996; Klein, Scholl 1999.)

    Args:
        p, needs, lags, pairs, forward, backward, early, late, scratch, energetic: See `propagate`.
        trial: Scratch, two rows as long as `early`.
        first: Activity to begin with.
        last: One to stop before.

    Returns:
        Number of cuts, or -1 if there is no schedule.
    """
    cuts = 0
    for i in range(first, last):
        for side in range(2):
            width = max(1, (late[i] - early[i]) // 8)
            while late[i] - early[i] >= width:
                trial[0], trial[1] = early, late
                if side == 0:
                    trial[1, i] = early[i] + width - 1
                else:
                    trial[0, i] = late[i] - width + 1
                one, other = trial[0], trial[1]
                if propagate(
                    p, needs, lags, pairs, forward, backward, one, other, scratch, energetic
                ):
                    if width == 1:
                        break
                    width = max(1, width // 4)
                    continue
                cuts += 1
                if side == 0:
                    early[i] += width
                else:
                    late[i] -= width
                if not propagate(
                    p, needs, lags, pairs, forward, backward, early, late, scratch, energetic
                ):
                    return -1
    return cuts
