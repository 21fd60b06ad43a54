"""Picture of a plan: a memory map."""

from __future__ import annotations

import numpy as np

from ordino.core.scene import Bar, Mark, Scene
from ordino.models.tensormemory.graph import Graph, Plan
from ordino.models.tensormemory.residence import Residences

__all__ = ["scene"]


def scene(instance: Graph, solution: Plan) -> Scene:
    """Draw a memory map: steps from left to right, addresses upwards, a bar a residence.

    A residence that ends with a spill, or begins with a fetch, has a warning border. Without
    addresses, bars lie on one another as they come.
    """
    residences = Residences(
        instance, solution.order, solution.tensor, solution.first, solution.last
    )
    again = np.bincount(solution.tensor, minlength=instance.tensors) > 1
    places, height = _places(instance, solution)
    bars = []
    for index, (tensor, first, last) in enumerate(
        zip(solution.tensor.tolist(), solution.first.tolist(), solution.last.tolist(), strict=True)
    ):
        name = instance.tensor_names[tensor] if instance.tensor_names else str(tensor)
        begin = places[index]
        end = begin + int(instance.room[tensor])
        bars.append(
            Bar(
                row=0,
                start=first,
                end=last + 1,
                group=tensor,
                label=name,
                detail=f"{instance.tensor(tensor)}: steps {first} to {last}, bytes {begin} to {end}"
                + (", spilled and fetched" if again[tensor] else ""),
                style="late" if again[tensor] else "solid",
                span=(begin, end),
            )
        )
    for step, operator in enumerate(solution.order.tolist()):
        if solution.scratch.size and instance.scratch[operator]:
            begin = int(solution.scratch[operator])
            end = begin + int(instance.scratch[operator])
            what = f"workspace of {instance.operator(operator)}: bytes {begin} to {end}"
            bars.append(
                Bar(row=0, start=step, end=step + 1, group=0, detail=what, style="idle",
                    span=(begin, end))
            )  # fmt: skip
    moved = "" if instance.goal == "peak" else f"{residences.traffic()} bytes moved, "
    peak = residences.peak()
    marks = []
    if instance.operators <= 1000:
        busiest = int(residences.load().argmax())
        marks.append(Mark(busiest, f"{peak} bytes at step {busiest}"))
    return Scene(
        title=f"{instance.name or 'graph'}: {moved}{height} bytes of memory",
        axis="step",
        rows=("memory",),
        bars=tuple(bars),
        marks=tuple(marks),
        height=max(height, instance.capacity or 0),
        upright="address",
    )


def _places(graph: Graph, plan: Plan) -> tuple[list[int], int]:
    """Return an address for each residence, made up where the plan has none; and the highest."""
    if plan.offset.size:
        places = plan.offset.tolist()
    else:
        places = [0] * plan.tensor.size
        free_from = np.zeros(graph.operators, np.int64)
        for index in np.lexsort((plan.last, plan.first)).tolist():
            steps = slice(int(plan.first[index]), int(plan.last[index]) + 1)
            places[index] = int(free_from[steps].max())
            free_from[steps] = places[index] + graph.room[plan.tensor[index]]
    tops = [at + int(graph.room[t]) for at, t in zip(places, plan.tensor.tolist(), strict=True)]
    if plan.scratch.size:
        tops.append(int((plan.scratch + graph.scratch).max()))
    return places, max(tops)
