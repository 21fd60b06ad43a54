"""Compiled search for a fit over canonical placements (Moffitt 2023).

In a canonical placement every buffer lies as low as those below it let it; whoever has a fit can
push all buffers down and has a canonical one. The search places buffers from the bottom up, in
ascending order of (offset, rank), so that each canonical placement is met once. `least` is the
lowest offset that those below leave to a buffer that is still free. A node dies where

- the free buffers of a section, one on top of the other, each no lower than `least` and than the
  current offset, end above the capacity (sections are machines, buffers jobs with heads);
- a fixed buffer can't be at its offset any more;
- a part of it has failed before: the same free buffers, with the same `least`, the same of them
  passed over at theirs.

Not tried as the next one: a buffer above the least end of a free one, which would fit below it
(dominated); a buffer of which a twin before it is free. A buffer that meets no free one needs no
alternative. Where no free buffer crosses the border of two sections any more, both sides are parts,
solved apart.

The search is a stack of frames, so that it can be left and resumed. A frame has a part: a range of
sections and its free buffers, sorted by (least, rank); one of them is placed on trial; what it
leaves free stands behind them in `arena`, and is solved part by part in the frame above.

Arrays, for n buffers and s sections:

- `size`, `alignment`, `fixed` (-1 for none), `rank`, `twin` (the one before of the same kind, with
  lower rank, -1 for none), `low`, `high` (sections): shape (n,).
- `near_start`, `near`: buffers that meet each buffer; `in_start`, `inside`: sections of each one.
- `least`, `placed` (offset on trial, -1 for free), `found` (offsets of the fit): shape (n,).
- `crossing`: free buffers on both sides of the border behind each section; shape (s,).
- `top`: scratch; shape (s,).
- `frames`: shape (n + 2, FRAME); `log`: rows of buffer and former `least`; `arena`: O(n^2).
- `memory`: hashes of parts that have failed; its length is a power of two.
- `state`: see below.
"""

from __future__ import annotations

import numpy as np

from ordino.core.kernel import kernel

__all__ = ["BUFFER", "COUNT", "FAILED", "FRAME", "NODES", "OPEN", "ROOT", "SOLVED", "TO", "advance"]

OPEN, SOLVED, FAILED = 0, 1, 2
"""Results."""

DEPTH, NODES, LOG = 0, 1, 2
"""Entries of `state`: frames on the stack, nodes so far, entries of `log`."""

_FROM, TO, _FIRST, COUNT, _NEXT, _OFFSET, _RANK, _CEILING, BUFFER, _LOG, _LEFT = range(11)
_PART, _KEY, _LOCK, FRAME = range(11, 15)
"""Columns of a frame: range of sections; its buffers in `arena`, and the next to try; offset and
rank below which none is placed; the least end of a free buffer; the one on trial, -1 for none;
length of `log` before; how many it leaves; section up to which they are solved; its place and value
in `memory`."""

ROOT = -2
"""What the root, whose parts are those of the instance, has on trial."""

_A, _AA = "int64[::1]", "int64[:, ::1]"


@kernel("uint64(uint64)")
def _mixed(x):  # type: ignore[no-untyped-def]
    """Spread the bits of a number (splitmix64)."""
    x += np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@kernel(f"boolean({_AA}, int64, {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, int64)")
def _leave(frames, f, arena, size, rank, fixed, least, placed, in_start, inside, top, capacity):  # type: ignore[no-untyped-def]
    """Sort what frame f leaves free behind its own buffers, and check its sections; returns whether
    there is hope."""
    first, count, b = frames[f, _FIRST], frames[f, COUNT], frames[f, BUFFER]
    floor = placed[b] if b >= 0 else 0
    target = first + count
    for s in range(frames[f, _FROM], frames[f, TO]):
        top[s] = floor
    left = 0
    for k in range(first, first + count):
        c = arena[k]
        if placed[c] >= 0:
            continue
        offset, r = least[c], rank[c]
        if fixed[c] >= 0 and max(floor, offset) > fixed[c]:
            return False
        at = target + left
        while at > target:
            other = arena[at - 1]
            if least[other] < offset or (least[other] == offset and rank[other] < r):
                break
            arena[at] = other
            at -= 1
        arena[at] = c
        left += 1
    for k in range(target, target + left):
        c = arena[k]
        for j in range(in_start[c], in_start[c + 1]):
            s = inside[j]
            end = max(top[s], least[c]) + size[c]
            if end > capacity:
                return False
            top[s] = end
    frames[f, _LEFT] = left
    frames[f, _PART] = frames[f, _FROM]
    return True


@kernel(
    f"boolean({_AA}, int64, {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, uint64[::1], int64)"
)
def _next_part(frames, f, arena, size, rank, least, placed, low, high, crossing, memory, capacity):  # type: ignore[no-untyped-def]
    """Make frame f + 1 of the next part that frame f leaves; returns whether there is one."""
    begin, until = frames[f, _PART], frames[f, TO]
    target, left = frames[f, _FIRST] + frames[f, COUNT], frames[f, _LEFT]
    b, g = frames[f, BUFFER], f + 1
    offset = placed[b] if b >= 0 else 0
    r = rank[b] if b >= 0 else -1
    while begin < until:
        end = begin + 1
        while end < until and crossing[end - 1] > 0:
            end += 1
        kept = 0
        behind = target + left
        ceiling = 2**62
        key = _mixed(np.uint64(capacity))
        lock = key
        for k in range(target, target + left):
            c = arena[k]
            if low[c] >= begin and high[c] <= end:
                arena[behind + kept] = c
                kept += 1
                ceiling = min(ceiling, least[c] + size[c])
                late = least[c] < offset or (least[c] == offset and rank[c] < r)
                x = _mixed(np.uint64(least[c] * 2 + (1 if late else 0)) ^ _mixed(np.uint64(c)))
                key += x
                lock += _mixed(x)
        if kept:
            frames[f, _PART] = end
            frames[g, _FROM], frames[g, TO] = begin, end
            frames[g, _FIRST], frames[g, COUNT] = behind, kept
            if kept == left:
                frames[g, _FIRST] = target
            frames[g, _OFFSET], frames[g, _RANK] = offset, r
            frames[g, _CEILING] = ceiling
            frames[g, _NEXT], frames[g, BUFFER] = 0, -1
            frames[g, _KEY] = np.int64(key & np.uint64(memory.shape[0] - 1))
            frames[g, _LOCK] = np.int64(lock ^ (key >> np.uint64(7)))
            return True
        begin = end
    return False


@kernel(
    f"void(int64, {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_AA}, {_A}, int64)"
)
def _place(  # type: ignore[no-untyped-def]
    b, size, alignment, low, high, near_start, near, least, placed, found, crossing, log, state, at
):
    """Place a buffer at an offset, and push up those that it meets."""
    placed[b] = at
    found[b] = at
    end = at + size[b]
    logged = state[LOG]
    for k in range(near_start[b], near_start[b + 1]):
        other = near[k]
        if placed[other] < 0 and least[other] < end:
            log[logged, 0], log[logged, 1] = other, least[other]
            logged += 1
            step = alignment[other]
            least[other] = end if step == 1 else (end + step - 1) // step * step
    state[LOG] = logged
    for s in range(low[b], high[b] - 1):
        crossing[s] -= 1


@kernel(f"void({_AA}, int64, {_A}, {_A}, {_A}, {_A}, {_A}, {_AA}, {_A})")
def _take_back(frames, f, low, high, least, placed, crossing, log, state):  # type: ignore[no-untyped-def]
    """Undo the placing of a frame."""
    b = frames[f, BUFFER]
    if b < 0:
        return
    before = frames[f, _LOG]
    for k in range(state[LOG] - 1, before - 1, -1):
        least[log[k, 0]] = log[k, 1]
    state[LOG] = before
    placed[b] = -1
    frames[f, BUFFER] = -1
    for s in range(low[b], high[b] - 1):
        crossing[s] += 1


@kernel(
    f"int64({_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, "
    f"{_A}, {_A}, {_AA}, {_AA}, {_A}, uint64[::1], {_A}, int64, int64)"
)
def advance(  # type: ignore[no-untyped-def]
    size,
    alignment,
    fixed,
    rank,
    twin,
    low,
    high,
    near_start,
    near,
    in_start,
    inside,
    least,
    placed,
    found,
    crossing,
    top,
    frames,
    log,
    arena,
    memory,
    state,
    capacity,
    nodes,
):
    """Search on for so many nodes.

    Returns:
        `SOLVED` with the offsets in `found`, `FAILED` where there is no fit, else `OPEN`.
    """
    depth = state[DEPTH]
    until = state[NODES] + nodes
    solved = failed = False
    if depth == 1:  # the root
        solved = _leave(
            frames, 0, arena, size, rank, fixed, least, placed, in_start, inside, top, capacity
        )
        failed = not solved
    while True:
        f = depth - 1
        if solved:
            if _next_part(
                frames, f, arena, size, rank, least, placed, low, high, crossing, memory, capacity
            ):
                solved = False
                depth += 1
                f += 1
            else:
                _take_back(frames, f, low, high, least, placed, crossing, log, state)
                depth -= 1
                if depth == 0:
                    state[DEPTH] = 0
                    return SOLVED
                continue
        elif failed:
            failed = False
            b = frames[f, BUFFER]
            if b == ROOT:
                state[DEPTH] = 0
                return FAILED
            alone = True
            for k in range(near_start[b], near_start[b + 1]):
                if placed[near[k]] < 0:
                    alone = False
                    break
            _take_back(frames, f, low, high, least, placed, crossing, log, state)
            if alone:
                frames[f, _NEXT] = frames[f, COUNT]
        if state[NODES] >= until:
            state[DEPTH] = depth
            return OPEN
        first, count = frames[f, _FIRST], frames[f, COUNT]
        k = frames[f, _NEXT]
        chosen = -1
        while k < count:
            b = arena[first + k]
            k += 1
            offset = least[b]
            if offset >= frames[f, _CEILING]:
                k = count
                break
            late = offset == frames[f, _OFFSET] and rank[b] < frames[f, _RANK]
            if offset < frames[f, _OFFSET] or late:
                continue
            if twin[b] < 0 or placed[twin[b]] >= 0:
                chosen = b
                break
        frames[f, _NEXT] = k
        if chosen < 0:
            row = frames[f, _KEY]
            memory[row] = np.uint64(frames[f, _LOCK])
            depth -= 1
            failed = True
            continue
        b = chosen
        frames[f, _LOG] = state[LOG]
        frames[f, BUFFER] = b
        state[NODES] += 1
        _place(
            b, size, alignment, low, high, near_start, near, least, placed, found, crossing, log,
            state, least[b],
        )  # fmt: skip
        solved = _leave(
            frames, f, arena, size, rank, fixed, least, placed, in_start, inside, top, capacity
        )
        if solved:
            while solved and _next_part(
                frames, f, arena, size, rank, least, placed, low, high, crossing, memory, capacity
            ):
                if memory[frames[f + 1, _KEY]] == np.uint64(frames[f + 1, _LOCK]):
                    solved = False
            frames[f, _PART] = frames[f, _FROM]
        failed = not solved
