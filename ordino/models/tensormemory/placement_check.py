"""Checks placements of buffers from first principles, by a sweep over time. O(n log n) comparisons.

At every moment the buffers in memory are kept sorted by address; one that becomes alive may overlap
with none exactly if it overlaps with neither neighbour.
"""

from __future__ import annotations

from bisect import bisect_left, insort

import numpy as np

from ordino.core.report import Report, Violation
from ordino.models.tensormemory.lifetimes import Lifetimes
from ordino.models.tensormemory.mapping import Mapping
from ordino.models.tensormemory.placement import ABSENT, Placement

__all__ = ["check_lifetimes", "check_mapping"]


def check_lifetimes(instance: Lifetimes, solution: Placement) -> Report:
    """Check that each buffer has an address that suits it and shares no byte with another.

    The objective is the height, the largest offset + size; where there is a capacity, what exceeds
    it, which may be nothing.
    """
    if solution.offset.size != instance.buffers:
        return _wrong_shape(instance, solution)
    violations = _places(instance, solution, range(instance.buffers))
    violations += _overlaps(instance, solution, set(range(instance.buffers)))
    height = int((solution.offset + instance.size).max())
    return Report.of(violations, height if instance.capacity is None else 0)


def check_mapping(instance: Mapping, solution: Placement) -> Report:
    """Check the buffers in fast memory, and that those of one tensor keep apart in time.

    The objective is the benefit of the buffers that are not in fast memory.
    """
    lifetimes = instance.lifetimes
    if solution.offset.size != lifetimes.buffers:
        return _wrong_shape(lifetimes, solution)
    chosen = np.flatnonzero(solution.offset != ABSENT).tolist()
    violations = _places(lifetimes, solution, chosen)
    violations += _overlaps(lifetimes, solution, set(chosen))
    last: dict[int, int] = {}
    tensors, starts = instance.tensor.tolist(), lifetimes.start.tolist()
    for i in sorted(chosen, key=lambda i: (starts[i], i)):
        before = last.get(tensors[i])
        if before is not None and lifetimes.end[before] > starts[i]:
            message = (
                f"{lifetimes.buffer(i)} and {lifetimes.buffer(before)}, of tensor {tensors[i]}, "
                f"are both in fast memory at {starts[i]}"
            )
            violations.append(Violation("twice", message))
        last[tensors[i]] = i
    lost = sum(instance.benefit.tolist()) - sum(instance.benefit[chosen].tolist())
    return Report.of(violations, lost)


def _wrong_shape(instance: Lifetimes, solution: Placement) -> Report:
    message = f"expected {instance.buffers} offsets, got {solution.offset.size}"
    return Report.of([Violation("shape", message)], None)


def _places(instance: Lifetimes, solution: Placement, buffers: object) -> list[Violation]:
    """Check each of some buffers by itself."""
    found = []
    for i in buffers:  # type: ignore[attr-defined]
        offset, size = int(solution.offset[i]), int(instance.size[i])
        fixed, alignment = int(instance.fixed[i]), int(instance.alignment[i])
        named = f"{instance.buffer(i)} is at {offset}"
        if offset < 0:
            found.append(Violation("address", f"{named}, expected at least 0"))
        elif instance.capacity is not None and offset + size > instance.capacity:
            message = f"{named} and ends at {offset + size}, beyond {instance.capacity}"
            found.append(Violation("capacity", message))
        if offset % alignment:
            found.append(Violation("alignment", f"{named}, no multiple of {alignment}"))
        if fixed >= 0 and offset != fixed:
            found.append(Violation("fixed", f"{named}, expected its fixed offset {fixed}"))
    return found


def _overlaps(instance: Lifetimes, solution: Placement, buffers: set[int]) -> list[Violation]:
    """Find pairs of buffers that share bytes at some time."""
    pieces = [piece for piece in instance.pieces().tolist() if piece[0] in buffers]
    offsets = solution.offset.tolist()
    events = sorted(
        (time, opens, k)
        for k, (_, start, end, _, _) in enumerate(pieces)
        for time, opens in ((start, 1), (end, 0))  # at one moment, what ends goes first
    )
    alive: list[tuple[int, int, int]] = []  # first byte, end, piece
    found = []
    for time, opens, k in events:
        i, _, _, low, high = pieces[k]
        entry = (offsets[i] + low, offsets[i] + high, k)
        place = bisect_left(alive, entry)
        if not opens:
            del alive[place]
            continue
        for first, end, other in alive[max(0, place - 1) : place + 1]:
            if first < entry[1] and entry[0] < end:
                j = pieces[other][0]
                message = (
                    f"{instance.buffer(i)} at {entry[0]} to {entry[1]} and {instance.buffer(j)} "
                    f"at {first} to {end} share bytes at time {time}"
                )
                found.append(Violation("overlap", message))
        insort(alive, entry)
    return found
