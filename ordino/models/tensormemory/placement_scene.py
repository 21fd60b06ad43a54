"""Memory maps of placements, and facts of what is to be placed."""

from __future__ import annotations

from typing import Any

import numpy as np

from ordino.core.scene import Bar, Mark, Scene
from ordino.models.tensormemory.lifetimes import FREE, Lifetimes
from ordino.models.tensormemory.mapping import Mapping
from ordino.models.tensormemory.placement import ABSENT, Placement
from ordino.models.tensormemory.placement_bounds import busiest
from ordino.models.tensormemory.sections import sections

__all__ = ["lifetimes_facts", "lifetimes_scene", "mapping_facts", "mapping_scene"]


def lifetimes_scene(instance: Lifetimes, solution: Placement) -> Scene:
    """Draw a memory map: time from left to right, addresses upwards, a bar a piece of a buffer."""
    height = int((solution.offset + instance.size).max())
    title = f"{instance.name or 'lifetimes'}: height {height}, load {instance.load}"
    return _map(instance, solution, title, max(height, instance.capacity or 0))


def mapping_scene(instance: Mapping, solution: Placement) -> Scene:
    """Draw what is in fast memory."""
    chosen = solution.offset != ABSENT
    gained, all_there_is = int(instance.benefit[chosen].sum()), int(instance.benefit.sum())
    title = (
        f"{instance.name or 'mapping'}: benefit {gained} of {all_there_is}, "
        f"{int(chosen.sum())} of {chosen.size} buffers in fast memory"
    )
    return _map(instance.lifetimes, solution, title, instance.capacity)


def _map(instance: Lifetimes, solution: Placement, title: str, height: int) -> Scene:
    bars = []
    offsets = solution.offset.tolist()
    for i, start, end, low, high in instance.pieces().tolist():
        if offsets[i] == ABSENT:
            continue
        begin, until = offsets[i] + low, offsets[i] + high
        name = instance.buffer_names[i] if instance.buffer_names else str(i)
        detail = f"{instance.buffer(i)}: time {start} to {end}, bytes {begin} to {until}"
        bars.append(
            Bar(
                row=0,
                start=start,
                end=end,
                group=i,
                label=name,
                detail=detail,
                span=(begin, until),
            )
        )
    moment, load = busiest(instance)
    return Scene(
        title=title,
        axis="time",
        rows=("memory",),
        bars=tuple(bars),
        marks=(Mark(moment, f"load {load}"),),
        height=height,
        upright="address",
    )


def lifetimes_facts(instance: Lifetimes) -> dict[str, Any]:
    """Return what there is to know of lifetimes at a glance."""
    found = sections(instance)
    life = instance.end - instance.start
    return {
        "buffers": instance.buffers,
        "goal": instance.goal,
        "capacity": instance.capacity,
        "load": instance.load,
        "bytes of all buffers": sum(instance.size.tolist()),
        "times": f"{int(instance.start.min())} to {int(instance.end.max())}",
        "longest life": int(life.max()),
        "sections": found.count,
        "pairs that meet": found.pairs,
        "alignment": int(instance.alignment.max()),
        "gaps": int(instance.gaps.shape[0]),
        "fixed offsets": int((instance.fixed != FREE).sum()),
        "hints": int((instance.hint != FREE).sum()),
    }


def mapping_facts(instance: Mapping) -> dict[str, Any]:
    """Return what there is to know of a mapping at a glance."""
    facts = lifetimes_facts(instance.lifetimes)
    facts["goal"] = "mapping"
    facts["tensors"] = int(np.unique(instance.tensor).size)
    facts["benefit of all buffers"] = int(instance.benefit.sum())
    return facts
