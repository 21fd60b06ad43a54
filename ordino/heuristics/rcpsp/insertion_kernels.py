"""Compiled schedule generation where time lags form cycles: activities are taken out again.

Distances are longest paths between starts: activity j starts d[i, j] after i at least. Activity n
starts at 0; release dates and deadlines are distances from and to it. A strict order is hidden in
them: i goes before j where d[i, j] > 0, or d[i, j] = 0 and d[j, i] < 0.
"""

from __future__ import annotations

from ordino.core.kernel import kernel

__all__ = ["GOES_ON", "close", "generate"]

GOES_ON = -2
"""What `generate` returns where it wants to be called again."""

_A = "int64[::1]"
_AA = "int64[:, ::1]"
_NO_PATH = -(2**61)


@kernel(f"boolean({_AA}, int64, int64)")
def close(d, first, last):  # type: ignore[no-untyped-def]
    """Go on with Floyd and Warshall over the middle nodes first … last - 1; O(n^2) each.

    Args:
        d: Least distances; `-2^61` where there is none. Changed.
        first: Middle node to begin with.
        last: One to stop before.

    Returns:
        Whether no cycle of positive length was found.
    """
    n = len(d)
    for k in range(first, last):
        for i in range(n):
            via = d[i, k]
            if via == _NO_PATH:
                continue
            for j in range(n):
                if d[k, j] != _NO_PATH and via + d[k, j] > d[i, j]:
                    d[i, j] = via + d[k, j]
        for i in range(n):
            if d[i, i] > 0:
                return False
    return True


@kernel(f"int64({_AA}, {_AA}, int64, int64, int64, int64, int64)")
def _fit(needs, free, i, length, t, last, horizon):  # type: ignore[no-untyped-def]
    """Return the earliest start from t on at which activity i fits, or what is behind `last`."""
    while t <= last and t + length <= horizon:
        clash = -1
        for k in range(len(free)):
            need = needs[k, i]
            if need == 0:
                continue
            u = t + length - 1
            while u > clash and u >= t:
                if free[k, u] < need:
                    clash = u
                u -= 1
        if clash < 0:
            return t
        t = clash + 1
    return t


@kernel(f"void({_AA}, {_AA}, int64, int64, int64, int64)")
def _take(needs, free, i, length, t, sign):  # type: ignore[no-untyped-def]
    for k in range(len(free)):
        need = sign * needs[k, i]
        if need:
            for u in range(t, t + length):
                free[k, u] -= need


@kernel(f"boolean({_AA}, {_A}, {_A}, {_A}, {_A})")
def _reset(d, start, floor, early, late):  # type: ignore[no-untyped-def]
    """Compute all windows from what is scheduled; returns whether none is empty. O(n^2)."""
    n = len(start)
    for j in range(n):
        early[j] = max(0, d[n, j])
        late[j] = -d[j, n]
    for i in range(n):
        placed = start[i] >= 0
        from_here = start[i] if placed else floor[i]
        for j in range(n):
            if from_here >= 0 and d[i, j] != _NO_PATH:
                early[j] = max(early[j], from_here + d[i, j])
            if placed and d[j, i] != _NO_PATH:
                late[j] = min(late[j], start[i] - d[j, i])
    return (early <= late).all()


@kernel(
    f"int64({_AA}, {_A}, {_AA}, {_AA}, float64[::1], {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, int64,"
    "int64)"
)
def generate(  # type: ignore[no-untyped-def]
    d, length, needs, free, priority, start, floor, early, late, waiting, patience, leaves, horizon
):
    """Schedule all activities, serially (Franck, Neumann, Schwindt 2001).

    The eligible activity of least priority starts as early as it fits. Where that is later than
    the time lags allow, those that hold it back leave again, with all that starts after the first
    of them, and come back later by what was missing.

    Args:
        d: Distances; shape (n + 1, n + 1).
        length: Of each activity.
        needs: A row a resource; shape (resources, n).
        free: What is left of each resource at each time; shape (resources, horizon). Changed; the
            same again at the end.
        priority: Of each activity.
        start: Filled in; whole if there is a schedule. -1 for all to begin with.
        floor: Scratch, as the three that follow; -1 for all to begin with.
        early: Scratch.
        late: Scratch.
        waiting: Scratch.
        patience: How often activities may still leave; shape (1,), counted down.
        leaves: The same for this call, at least 1.
        horizon: No activity ends later.

    Returns:
        The makespan; -1 where this comes to nothing; `GOES_ON` after so many leaves, where a call
        with the same arrays goes on.
    """
    n = len(length)
    latest, left = -1, n
    possible = _reset(d, start, floor, early, late)
    for j in range(n):
        left -= start[j] >= 0
        waiting[j] = 0
        for i in range(n):
            if start[i] < 0 and (d[i, j] > 0 or (d[i, j] == 0 and d[j, i] < 0)):
                waiting[j] += 1
    while possible and left > 0:
        i = -1
        for j in range(n):
            ready = start[j] < 0 and waiting[j] == 0
            if ready and (i < 0 or priority[j] < priority[i]):
                i = j
        t = early[i]
        if length[i]:
            t = _fit(needs, free, i, length[i], t, late[i], horizon)
        if t + length[i] > horizon:
            break
        if t <= late[i]:
            _take(needs, free, i, length[i], t, 1)
            start[i] = t
            left -= 1
            for j in range(n):
                if d[i, j] != _NO_PATH:
                    early[j] = max(early[j], t + d[i, j])
                if d[j, i] != _NO_PATH:
                    late[j] = min(late[j], t - d[j, i])
                if d[i, j] > 0 or (d[i, j] == 0 and d[j, i] < 0):
                    waiting[j] -= 1
            continue
        missing, first = t - late[i], horizon
        for j in range(n):
            if start[j] >= 0 and d[i, j] != _NO_PATH and late[i] == start[j] - d[i, j]:
                floor[j] = start[j] + missing
                first = min(first, start[j])
        if first == horizon or patience[0] == 0:
            break
        patience[0] -= 1
        for j in range(n):
            if start[j] >= 0 and (start[j] > first or floor[j] > start[j]):
                _take(needs, free, j, length[j], start[j], -1)
                start[j] = -1
                left += 1
                for h in range(n):
                    if d[j, h] > 0 or (d[j, h] == 0 and d[h, j] < 0):
                        waiting[h] += 1
        leaves -= 1
        if leaves == 0:
            return GOES_ON
        possible = _reset(d, start, floor, early, late)
    if possible and left == 0:
        latest = 0
        for j in range(n):
            latest = max(latest, start[j] + length[j])
    for j in range(n):
        if start[j] >= 0:
            _take(needs, free, j, length[j], start[j], -1)
    return latest
