"""Compiled exchange of buffers in and out of a fast memory, by simulated annealing.

A step takes a buffer and looks for the address where it costs least: the benefit of those that are
in its way, at its time and its bytes. Candidates are the ground, the ends of the others, and the
addresses right below them and below the capacity. If the gain passes (Metropolis et al. 1953), they
leave and it comes in. O(m) for m buffers that are in memory.

Arrays, for n buffers:

- `size`, `alignment`, `start`, `end`, `benefit`, `tensor`: shape (n,). Gaps count as life.
- `offset`: address, -1 for one that is not in memory; shape (n,).
- `inside`: buffers in memory, sorted by address and by end; shape (2, n). `count`: how many; (1,).
- `alone`: whether another buffer is of the same tensor; shape (n,).
- `lows`, `highs`, `low_benefit`, `high_benefit`: scratch; shape (n + 1,).
- `random`: state of the random numbers; shape (1,).
"""

from __future__ import annotations

import math

import numpy as np

from ordino.core.kernel import kernel
from ordino.core.random_kernels import draw

__all__ = ["anneal", "fill"]

_A, _AA, _BITS = "int64[::1]", "int64[:, ::1]", "uint64[::1]"
_BUFFERS = ", ".join([_A] * 7)


@kernel(
    f"Tuple((int64, int64))(int64, {_BUFFERS}, {_A}, {_AA}, {_A}, {_A}, {_A}, {_A}, {_A}, {_BITS}, "
    "int64)"
)
def _cheapest(  # type: ignore[no-untyped-def]
    b,
    size,
    alignment,
    start,
    end,
    benefit,
    tensor,
    alone,
    offset,
    inside,
    count,
    lows,
    highs,
    low_benefit,
    high_benefit,
    random,
    capacity,
):
    """Return the address where a buffer costs least, and what it costs; ties are broken at
    random."""
    met = forced = 0
    for k in range(count[0]):
        c = inside[0, k]
        if start[c] < end[b] and start[b] < end[c] and c != b:
            if alone[b] or tensor[c] != tensor[b]:
                lows[met], low_benefit[met] = offset[c], benefit[c]
                met += 1
            else:
                forced += benefit[c]
    met = 0
    for k in range(count[0]):
        c = inside[1, k]
        if start[c] < end[b] and start[b] < end[c] and c != b:
            if not alone[b] and tensor[c] == tensor[b]:
                continue
            highs[met], high_benefit[met] = offset[c] + size[c], benefit[c]
            met += 1
    need, step = size[b], alignment[b]
    best, chosen, ties = 2**62, 0, 0
    # Upwards: the ground and on top of each; those that begin below its end, less those that end
    # below it, are in the way.
    begun = over = 0
    cost = 0
    for k in range(-1, met):
        at = 0 if k < 0 else (highs[k] + step - 1) // step * step
        if at + need > capacity:
            break
        while begun < met and lows[begun] < at + need:
            cost += low_benefit[begun]
            begun += 1
        while over < met and highs[over] <= at:
            cost -= high_benefit[over]
            over += 1
        if cost < best:
            best, chosen, ties = cost, at, 1
        elif cost == best:
            ties += 1
            if draw(random) % np.uint64(ties) == 0:
                chosen = at
    begun = over = 0
    cost = 0
    for k in range(met + 1):
        at = (lows[k] if k < met else capacity) - need
        if at < 0 or at + need > capacity:
            continue
        at = at // step * step
        while begun < met and lows[begun] < at + need:
            cost += low_benefit[begun]
            begun += 1
        while over < met and highs[over] <= at:
            cost -= high_benefit[over]
            over += 1
        if cost < best:
            best, chosen, ties = cost, at, 1
        elif cost == best:
            ties += 1
            if draw(random) % np.uint64(ties) == 0:
                chosen = at
    return chosen, best + forced


@kernel(f"void(int64, int64, {_BUFFERS}, {_A}, {_AA}, {_A})")
def _put(b, at, size, alignment, start, end, benefit, tensor, alone, offset, inside, count):  # type: ignore[no-untyped-def]
    """Take out what is in the way, and bring a buffer in."""
    offset[b] = -1
    for k in range(count[0]):
        c = inside[0, k]
        if start[c] < end[b] and start[b] < end[c] and c != b:
            same = not alone[b] and tensor[c] == tensor[b]
            if same or (offset[c] < at + size[b] and at < offset[c] + size[c]):
                offset[c] = -1
    kept = 0
    for row in range(2):
        place = -1
        kept = 0
        for k in range(count[0]):
            c = inside[row, k]
            if offset[c] >= 0:
                edge = offset[c] + row * size[c]
                if place < 0 and edge >= at + row * size[b]:
                    place = kept
                inside[row, kept] = c
                kept += 1
        if place < 0:
            place = kept
        for k in range(kept, place, -1):
            inside[row, k] = inside[row, k - 1]
        inside[row, place] = b
    offset[b] = at
    count[0] = kept + 1


@kernel(
    f"int64({_BUFFERS}, {_A}, {_AA}, {_A}, {_A}, {_A}, {_A}, {_A}, {_BITS}, int64, {_A}, int64, "
    "int64)"
)
def fill(  # type: ignore[no-untyped-def]
    size,
    alignment,
    start,
    end,
    benefit,
    tensor,
    alone,
    offset,
    inside,
    count,
    lows,
    highs,
    low_benefit,
    high_benefit,
    random,
    capacity,
    order,
    first,
    behind,
):
    """Bring in, from `first` up to `behind` of an order, what costs less than it brings; return the
    benefit gained."""
    gained = 0
    for k in range(first, behind):
        b = order[k]
        if offset[b] >= 0 or size[b] > capacity:
            continue
        at, cost = _cheapest(
            b, size, alignment, start, end, benefit, tensor, alone, offset, inside, count, lows,
            highs, low_benefit, high_benefit, random, capacity,
        )  # fmt: skip
        if cost < benefit[b]:
            gained += benefit[b] - cost
            _put(b, at, size, alignment, start, end, benefit, tensor, alone, offset, inside, count)
    return gained


@kernel(
    f"int64({_BUFFERS}, {_A}, {_AA}, {_A}, {_A}, {_A}, {_A}, {_A}, {_BITS}, int64, {_A}, int64, "
    "int64, float64, int64)"
)
def anneal(  # type: ignore[no-untyped-def]
    size,
    alignment,
    start,
    end,
    benefit,
    tensor,
    alone,
    offset,
    inside,
    count,
    lows,
    highs,
    low_benefit,
    high_benefit,
    random,
    capacity,
    best,
    value,
    most,
    temperature,
    steps,
):
    """Do so many steps at a temperature.

    Args:
        best: Offsets of the best state, then its benefit; shape (n + 1,).
        value: Benefit of the state.
        most: Benefit of the best state.

    Returns:
        The benefit of the state.
    """
    n = size.size
    for _ in range(steps):
        b = np.int64((draw(random) >> np.uint64(33)) % np.uint64(n))
        if size[b] > capacity:
            continue
        here = offset[b] >= 0
        if here and draw(random) % np.uint64(4) != 0:
            continue
        at, cost = _cheapest(
            b, size, alignment, start, end, benefit, tensor, alone, offset, inside, count, lows,
            highs, low_benefit, high_benefit, random, capacity,
        )  # fmt: skip
        gain = -cost if here else benefit[b] - cost
        if gain < 0:
            u = (float(draw(random) >> np.uint64(11)) + 1.0) / 9007199254740993.0
            if gain < temperature * math.log(u):
                continue
        _put(b, at, size, alignment, start, end, benefit, tensor, alone, offset, inside, count)
        value += gain
        if value > most:
            most = value
            best[:n] = offset
            best[n] = value
    return value
