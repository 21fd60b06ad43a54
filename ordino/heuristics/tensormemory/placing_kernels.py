"""Compiled placing of buffers in a given order, and a local search on orders.

What lies in memory is a list sorted by address. The next buffer goes along it from the bottom, past
all that is there at a time when it is, and takes the first gap that is large enough, or the one
that leaves least; O(n) a buffer, with nothing kept for pairs. Buffers may have several pieces in
time; a window in a gap counts as the whole buffer.

Arrays, for n buffers and p pieces:

- `size`, `alignment`, `fixed` (-1 for none): shape (n,). Fixed ones come first in every order.
- `piece_of`: pieces of buffer i are from `piece_of[i]` up to `piece_of[i + 1]`; shape (n + 1,).
- `start`, `end`: of each piece; shape (p,).
- `hint`: where a buffer goes if that is free, -1 for none; shape (n,).
- `order`: the buffers; `offset`: where they come to lie; shape (n,).
- `laid`: rows of first byte, end, start, end in time of what is in memory; shape (p, 4).
- `random`: state of the random numbers; shape (1,).
"""

from __future__ import annotations

from ordino.core.kernel import kernel
from ordino.core.random_kernels import below

__all__ = ["climb", "place"]

_A, _AA, _BITS = "int64[::1]", "int64[:, ::1]", "uint64[::1]"
_NONE = 2**62


@kernel(f"boolean({_AA}, int64, {_A}, {_A}, int64, int64)")
def _meets(laid, row, start, end, first, behind):  # type: ignore[no-untyped-def]
    """Tell whether what lies in a row is there with one of these pieces."""
    meets = False
    for k in range(first, behind):
        meets |= laid[row, 2] < end[k] and start[k] < laid[row, 3]
    return meets


@kernel(f"int64({_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_AA}, boolean, int64)")
def place(size, alignment, fixed, piece_of, start, end, hint, order, offset, laid, best_fit, limit):  # type: ignore[no-untyped-def]
    """Place buffers one by one; return the height, or `limit` as soon as it is reached.

    O(n p) in time, with a small constant.
    """
    count = height = 0
    for b in order:
        first, behind = piece_of[b], piece_of[b + 1]
        from_time, to_time = _NONE, -_NONE
        for k in range(first, behind):
            from_time, to_time = min(from_time, start[k]), max(to_time, end[k])
        need, step = size[b], alignment[b]
        at = fixed[b]
        if at < 0 <= hint[b]:
            at = hint[b]
            for row in range(count):
                if laid[row, 0] >= at + need:
                    break
                if laid[row, 1] > at and _meets(laid, row, start, end, first, behind):
                    at = -1
                    break
        if at < 0:
            free, least = 0, _NONE
            for row in range(count):
                if laid[row, 2] >= to_time or from_time >= laid[row, 3]:
                    continue
                if behind - first > 1 and not _meets(laid, row, start, end, first, behind):
                    continue
                room = laid[row, 0] - free
                if room >= need and room < least:
                    at, least = free, room
                    if not best_fit:
                        break
                if laid[row, 1] > free:
                    free = (laid[row, 1] + step - 1) // step * step
            if at < 0:
                at = free
        offset[b] = at
        height = max(height, at + need)
        if height >= limit:
            return limit
        low, high = 0, count
        while low < high:
            middle = (low + high) // 2
            if laid[middle, 0] < at:
                low = middle + 1
            else:
                high = middle
        more = behind - first
        for row in range(count - 1, low - 1, -1):
            for column in range(4):
                laid[row + more, column] = laid[row, column]
        for k in range(more):
            laid[low + k, 0], laid[low + k, 1] = at, at + need
            laid[low + k, 2], laid[low + k, 3] = start[first + k], end[first + k]
        count += more
    return height


@kernel(
    f"UniTuple(int64, 2)({_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_AA}, "
    f"{_BITS}, boolean, int64, int64, int64)"
)
def climb(  # type: ignore[no-untyped-def]
    size,
    alignment,
    fixed,
    piece_of,
    start,
    end,
    order,
    trial,
    offset,
    trial_offset,
    laid,
    random,
    best_fit,
    movable,
    height,
    steps,
):
    """Move buffers within the order, and keep what is no higher.

    One of those that end at the height, or that meet it, goes to an earlier place among the last
    `movable` of the order, or now and then two of any change places (hill climbing as in tensor
    compilers' memory planners).

    Returns:
        The height that `order` and `offset` have now, and how many steps were done: up to the first
        improvement.
    """
    n = size.size
    bottom = n - movable
    for step in range(steps):
        top = -1
        seen = 0
        for k in range(n):
            b = order[k]
            if offset[b] + size[b] == height:
                seen += 1
                if below(random, seen) == 0:
                    top = k
        trial[:] = order
        peak = order[top]
        kind = below(random, 8)
        taken = top
        if kind >= 4:  # some buffer that is there with the highest one
            for _try in range(8):
                k = bottom + below(random, movable)
                b = order[k]
                if (
                    start[piece_of[b]] < end[piece_of[peak + 1] - 1]
                    and start[piece_of[peak]] < end[piece_of[b + 1] - 1]
                ):
                    taken = k
                    break
        if taken < bottom:
            taken = bottom + below(random, movable)
        if kind == 0 or taken == bottom:
            to = bottom + below(random, movable)
        else:
            to = bottom + below(random, taken - bottom)
        b = order[taken]
        if kind == 1:
            trial[taken], trial[to] = order[to], b
        elif to < taken:
            for k in range(taken, to, -1):
                trial[k] = order[k - 1]
            trial[to] = b
        else:
            for k in range(taken, to):
                trial[k] = order[k + 1]
            trial[to] = b
        found = place(
            size, alignment, fixed, piece_of, start, end, fixed, trial, trial_offset, laid,
            best_fit, height + 1,
        )  # fmt: skip
        if found <= height:
            order[:] = trial
            offset[:] = trial_offset
            if found < height:
                return found, step + 1
    return height, steps
