"""Placement and two-level mapping for CP-SAT: buffers of a section do not overlap in address.

One-dimensional no-overlap for each maximal set of buffers that are alive at one time says as much
as rectangles in two dimensions, and propagates better. Offsets are counted in the largest unit that
divides all sizes and alignments: pushed down, every placement lies on it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ordino.core.objective import Value
from ordino.models.formulation import CpsatFormulation
from ordino.models.tensormemory.lifetimes import FREE, HIGH, LOW, Lifetimes
from ordino.models.tensormemory.mapping import Mapping
from ordino.models.tensormemory.placement import ABSENT, Placement
from ordino.models.tensormemory.placement_bounds import overload
from ordino.models.tensormemory.sections import sections

__all__ = ["formulate_lifetimes", "formulate_mapping", "takes_lifetimes", "takes_mapping"]
__all__ += ["unit_of"]

MOST_MEMBERS = 1_000_000
"""Buffers in sections, over all sections, of a model."""


def takes_lifetimes(instance: Lifetimes) -> str | None:
    """Say why an instance is not for these models, or return `None`."""
    found = sections(instance)
    members = int((found.behind - found.first).sum())
    if members > MOST_MEMBERS:
        return f"{members} members of sections, beyond {MOST_MEMBERS}"
    return None


def takes_mapping(instance: Mapping) -> str | None:
    """Say why an instance is not for these models, or return `None`."""
    return takes_lifetimes(instance.lifetimes)


def formulate_lifetimes(instance: Lifetimes, upper_bound: Value | None) -> CpsatFormulation:
    """Build the model: an offset a buffer, the height above all, or the capacity.

    Args:
        instance: The buffers.
        upper_bound: Greater heights are left out.
    """
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    unit = unit_of(instance)
    if instance.capacity is not None:
        ceiling = instance.capacity // unit
    else:
        assert upper_bound is None or isinstance(upper_bound, int)
        ceiling = (instance.ceiling if upper_bound is None else upper_bound) // unit
    counts, starts, steps = _offsets(model, instance, ceiling, unit)
    _apart(model, instance, starts, unit, None)
    if instance.capacity is None:
        height = model.new_int_var(instance.load // unit, ceiling, "height")
        for start, size in zip(starts, instance.size.tolist(), strict=True):
            model.add(height >= start + size // unit)
    else:
        height = model.new_int_var(0, 0, "excess")

    def hint(solution: Placement) -> Iterable[tuple[Any, int]]:
        top = int((solution.offset + instance.size).max())
        least = -(-top // unit) if instance.capacity is None else 0
        return [*zip(counts, (solution.offset // steps).tolist(), strict=True), (height, least)]

    def read(values: Sequence[int]) -> Placement:
        return Placement(np.array(values[: len(counts)], np.int64) * steps)

    return CpsatFormulation(
        model=model,
        levels=(height,),
        hint=hint,
        read=read,
        parameters="linearization_level:0",
        unit=unit if instance.capacity is None else 1,
        contradiction=overload(instance),
    )


def formulate_mapping(instance: Mapping, upper_bound: Value | None) -> CpsatFormulation:
    """Build the model: whether each buffer is in fast memory, and its offset there.

    Variables: for each buffer its presence, then for each its offset. The buffers of a section fit
    into the capacity also by their sum: redundant, but what bounds come from.

    Args:
        instance: The mapping.
        upper_bound: Greater losses are left out.
    """
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    lifetimes = instance.lifetimes
    count = lifetimes.buffers
    unit = unit_of(lifetimes)
    ceiling = instance.capacity // unit
    fits = lifetimes.size <= instance.capacity
    present = [model.new_int_var(0, int(fit), "") for fit in fits.tolist()]
    counts, starts, steps = _offsets(model, lifetimes, ceiling, unit)
    members = _apart(model, lifetimes, starts, unit, present)
    sizes = (lifetimes.size // unit).tolist()
    for inside in members:
        if not lifetimes.windowed and sum(sizes[i] for i in inside) > ceiling:
            model.add(sum(sizes[i] * present[i] for i in inside) <= ceiling)
    _one_residence(model, instance, present)
    benefit = instance.benefit.tolist()
    total = sum(benefit)
    most = total if upper_bound is None else int(upper_bound)  # type: ignore[arg-type]
    lost = model.new_int_var(0, most, "lost")
    model.add(lost == total - sum(b * x for b, x in zip(benefit, present, strict=True)))

    def hint(solution: Placement) -> Iterable[tuple[Any, int]]:
        chosen = solution.offset != ABSENT
        offsets = np.where(chosen, solution.offset, 0) // steps
        loss = total - int(instance.benefit[chosen].sum())
        rows = zip(present, chosen.astype(int).tolist(), strict=True)
        return [*rows, *zip(counts, offsets.tolist(), strict=True), (lost, loss)]

    def read(values: Sequence[int]) -> Placement:
        chosen = np.array(values[:count], np.int64) > 0
        offset = np.array(values[count : 2 * count], np.int64) * steps
        return Placement(np.where(chosen, offset, ABSENT))

    return CpsatFormulation(model=model, levels=(lost,), hint=hint, read=read)


def unit_of(instance: Lifetimes) -> int:
    """Return the largest number on whose multiples everything may lie."""
    parts = [instance.size, instance.alignment[instance.alignment > 1]]
    parts += [instance.fixed[instance.fixed != FREE], instance.gaps[:, LOW], instance.gaps[:, HIGH]]
    return math.gcd(*np.concatenate(parts).tolist())


def _offsets(
    model: Any, instance: Lifetimes, ceiling: int, unit: int
) -> tuple[list[Any], list[Any], Any]:
    """Make a variable for each offset, counted in steps of its alignment.

    Returns:
        The variables, the offsets in units, and the bytes of a step.
    """
    steps = np.lcm(instance.alignment, unit)
    counts, starts = [], []
    rows = zip(instance.size.tolist(), instance.fixed.tolist(), steps.tolist(), strict=True)
    for size, fixed, step in rows:
        low, high = (0, max(0, (ceiling * unit - size) // step))
        if fixed != FREE:
            low = high = fixed // step
        count = model.new_int_var(low, high, "")
        counts.append(count)
        starts.append(count * (step // unit) if step > unit else count)
    return counts, starts, steps


def _apart(
    model: Any, instance: Lifetimes, starts: list[Any], unit: int, present: list[Any] | None
) -> list[list[int]]:
    """Let the buffers of each section not overlap; return these buffers by section."""
    found = sections(instance)
    intervals = []
    for i, _, _, low, high in found.pieces.tolist():
        size = (high - low) // unit
        begin = starts[i] + low // unit if low else starts[i]
        if present is None:
            intervals.append(model.new_fixed_size_interval_var(begin, size, ""))
        else:
            intervals.append(
                model.new_optional_fixed_size_interval_var(begin, size, present[i], "")
            )
    members = []
    owner = found.pieces[:, 0].tolist()
    for inside in found.members():
        if len(inside) > 1:
            model.add_no_overlap([intervals[k] for k in inside])
        members.append([owner[k] for k in inside])
    return members


def _one_residence(model: Any, instance: Mapping, present: list[Any]) -> None:
    """Let residences of one tensor that are alive at one time exclude each other."""
    starts, ends = instance.lifetimes.start.tolist(), instance.lifetimes.end.tolist()
    groups: dict[int, list[int]] = {}
    for i, tensor in enumerate(instance.tensor.tolist()):
        groups.setdefault(tensor, []).append(i)
    for group in groups.values():
        if len(group) > 1:
            model.add_no_overlap(
                [
                    model.new_optional_fixed_size_interval_var(
                        starts[i], ends[i] - starts[i], present[i], ""
                    )
                    for i in group
                ]
            )
