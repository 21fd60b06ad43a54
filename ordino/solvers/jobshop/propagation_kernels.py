"""Compiled propagation of time windows in a job shop whose makespan is limited.

Operation i, of length p[i], starts at r[i] at the earliest and ends at d[i] at the latest. The
rules below take from the windows what no schedule uses. Operations are numbered through, job by
job, and `closes[i]` tells whether i is the last of its job; those on machine m are
`members[loads[m]:loads[m + 1]]`.
"""

from __future__ import annotations

import numpy as np

from ordino.core.kernel import kernel

__all__ = ["propagate", "shave"]

_A = "int64[::1]"
_AA = "int64[:, ::1]"
_F = "boolean[::1]"
_NEVER = 2**62
_MOST_ROUNDS = 30
"""Windows may shrink by one unit at a time, for ever so long; what is left then is still right."""


@kernel(f"boolean(int64, {_AA}, {_AA})")
def _raise_heads(k, windows, scratch):  # type: ignore[no-untyped-def]
    """Raise the heads of k operations on one machine; returns whether there may be a schedule.

    Jackson's preemptive schedule shows by its ends whether the machine is overloaded. An operation
    c goes behind a set of more urgent ones if c, and what that schedule has left of them when c
    arrives, end too late for the set; then c starts when that schedule is through with it (Carlier,
    Pinson 1989, 1994). And c goes behind all that cannot follow it (immediate selection). O(k^2).

    Args:
        k: Their number.
        windows: Rows of heads, lengths and latest ends; the heads are changed.
        scratch: Five rows.
    """
    r, p, d = windows[0], windows[1], windows[2]
    by_head, by_due, left, end, behind = scratch[0], scratch[1], scratch[2], scratch[3], scratch[4]
    by_head[:k] = np.argsort(r[:k])
    by_due[:k] = np.argsort(d[:k])
    left[:k] = p[:k]
    behind[:k] = -1
    now, arrived = r[by_head[0]], 0
    while True:
        running = -1
        for n in range(k):
            i = by_due[n]
            if left[i] > 0 and r[i] <= now:
                running = i
                break
        upcoming = r[by_head[arrived]] if arrived < k else _NEVER
        if running >= 0 and now + left[running] <= upcoming:
            now += left[running]
            left[running] = 0
            end[running] = now
            if now > d[running]:
                return False
            continue
        if arrived == k:
            break
        if running >= 0:
            left[running] -= upcoming - now
        now = upcoming
        c = by_head[arrived]
        arrived += 1
        if p[c] == 0:
            end[c] = now
            continue
        total = now + p[c]
        for n in range(k):
            i = by_due[n]
            if d[i] >= d[c]:
                break
            if left[i] > 0:
                total += left[i]
                if total > d[i]:
                    behind[c] = n
    for c in range(k):
        left[c] = r[c]
        if p[c] > 0:
            for n in range(behind[c] + 1):
                left[c] = max(left[c], end[by_due[n]])
            finish = -_NEVER
            for n in range(k):
                i = by_head[n]
                if i != c and p[i] > 0 and r[c] + p[c] > d[i] - p[i]:
                    finish = max(finish, r[i]) + p[i]
            left[c] = max(left[c], finish)
    for c in range(k):
        r[c] = left[c]
        if r[c] + p[c] > d[c]:
            return False
    return True


@kernel(f"boolean({_A}, {_A}, {_F}, {_A}, {_A}, int64, {_F})")
def _push(machine, p, closes, r, d, i, dirty):  # type: ignore[no-untyped-def]
    """Push the window of i along its job; returns whether all windows there are large enough."""
    if r[i] + p[i] > d[i]:
        return False
    j = i
    while not closes[j] and r[j + 1] < r[j] + p[j]:
        r[j + 1] = r[j] + p[j]
        j += 1
        dirty[machine[j]] = True
        if r[j] + p[j] > d[j]:
            return False
    j = i
    while j > 0 and not closes[j - 1] and d[j - 1] > d[j] - p[j]:
        d[j - 1] = d[j] - p[j]
        j -= 1
        dirty[machine[j]] = True
        if r[j] + p[j] > d[j]:
            return False
    return True


@kernel(f"boolean({_A}, {_A}, {_A}, {_A}, {_F}, {_A}, {_A}, {_F}, {_AA})")
def propagate(machine, loads, members, p, closes, r, d, dirty, scratch):  # type: ignore[no-untyped-def]
    """Make windows smaller while a rule applies; returns whether there may be a schedule.

    Args:
        machine: Of each operation.
        loads: Number of members before those of each machine, then in all.
        members: Operations by machine.
        p: Lengths.
        closes: Whether an operation is its job's last.
        r: Earliest starts; changed.
        d: Latest ends; changed.
        dirty: Machines to look at; changed.
        scratch: Eight rows, as long as the largest machine.
    """
    windows, rest = scratch[:3], scratch[3:]
    quiet, m, looks = 0, 0, 0
    while quiet < len(dirty) and looks < _MOST_ROUNDS * len(dirty):
        if not dirty[m]:
            quiet += 1
            m = m + 1 if m + 1 < len(dirty) else 0
            continue
        quiet = 0
        looks += 1
        dirty[m] = False
        first, k = loads[m], loads[m + 1] - loads[m]
        for n in range(k):
            i = members[first + n]
            windows[0, n], windows[1, n], windows[2, n] = r[i], p[i], d[i]
        if not _raise_heads(k, windows, rest):
            return False
        for n in range(k):
            windows[0, n], windows[2, n] = -windows[2, n], -windows[0, n]
        if not _raise_heads(k, windows, rest):
            return False
        for n in range(k):
            i = members[first + n]
            head, due = -windows[2, n], -windows[0, n]
            if head > r[i] or due < d[i]:
                r[i], d[i] = max(r[i], head), min(d[i], due)
                dirty[m] = True
                if not _push(machine, p, closes, r, d, i, dirty):
                    return False
    return True


@kernel(f"int64({_A}, {_A}, {_A}, {_A}, {_F}, {_A}, {_A}, {_F}, {_AA}, {_AA}, int64, int64)")
def shave(machine, loads, members, p, closes, r, d, dirty, scratch, trial, first, last):  # type: ignore[no-untyped-def]
    """Cut from the windows of some operations, at both ends, what propagation alone refutes.

    (Carlier, Pinson 1994; Martin, Shmoys 1996.)

    Args:
        machine, loads, members, p, closes, r, d, dirty, scratch: See `propagate`; no machine is
            dirty.
        trial: Scratch, two rows as long as r.
        first: Operation to begin with.
        last: One to stop before.

    Returns:
        Number of cuts, or -1 if there is no schedule.
    """
    cuts = 0
    for i in range(first, last):
        for side in range(2):
            width = max(1, (d[i] - r[i] - p[i]) // 8)
            while d[i] - r[i] - p[i] >= width:
                trial[0], trial[1] = r, d
                if side == 0:
                    trial[1, i] = r[i] + p[i] + width - 1
                else:
                    trial[0, i] = d[i] - p[i] - width + 1
                dirty[machine[i]] = True
                possible = _push(machine, p, closes, trial[0], trial[1], i, dirty) and propagate(
                    machine, loads, members, p, closes, trial[0], trial[1], dirty, scratch
                )
                dirty[:] = False
                if possible:
                    if width == 1:
                        break
                    width = max(1, width // 4)
                    continue
                cuts += 1
                if side == 0:
                    r[i] += width
                else:
                    d[i] -= width
                dirty[machine[i]] = True
                if not _push(machine, p, closes, r, d, i, dirty) or not propagate(
                    machine, loads, members, p, closes, r, d, dirty, scratch
                ):
                    return -1
    return cuts
