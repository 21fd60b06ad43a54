"""Graphs for CP-SAT: in a fixed order a Boolean for each gap, otherwise one for each step.

In both, sizes are divided by what they have in common, and where addresses matter the residences of
a step are intervals on the memory that don't overlap.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import gcd
from typing import Any

import numpy as np

from ordino.core.arrays import Integers
from ordino.core.objective import Value
from ordino.models.formulation import CpsatFormulation
from ordino.models.tensormemory.bounds import shortage
from ordino.models.tensormemory.graph import Graph, Plan
from ordino.models.tensormemory.residence import Uses
from ordino.models.tensormemory.steps import stepwise

__all__ = ["MOST_CELLS", "formulate", "gap_model", "takes"]

MOST_CELLS = 40_000
"""Operators x (operators + tensors) in a free order."""

MOST_INTERVALS = 200_000
"""Residences x steps in a fixed order: building the model can't be stopped."""


def takes(instance: Any) -> str | None:
    """Say why an instance is not for CP-SAT, or return `None`."""
    if not isinstance(instance, Graph):
        return "it is no graph"
    if instance.fixed_order:
        load = int(np.diff(Uses.of(instance, instance.file_order).step).clip(0).sum())
        return f"{load} residences at a step" if load > MOST_INTERVALS else None
    cells = instance.operators * (instance.operators + instance.tensors)
    if cells > MOST_CELLS:
        return f"operators x (operators + tensors) {cells}, beyond {MOST_CELLS}"
    return None


def formulate(instance: Graph, upper_bound: Value | None) -> CpsatFormulation:
    """Build the model that suits the instance's order."""
    if instance.fixed_order:
        model = gap_model(instance, instance.file_order, None)
    else:
        model = stepwise(instance, upper_bound)
    return replace(model, contradiction=shortage(instance))


def gap_model(graph: Graph, order: Integers, left: Integers | None) -> CpsatFormulation:
    """Build the model of an order: a tensor stays through a gap between two uses, or leaves.

    Partial residence in a gap is of no use. A use has an address; it is that of the use before
    where there is no gap between them, or the tensor stays.

    Args:
        graph: The graph.
        order: Of its operators.
        left: Gaps in which tensors leave, where only addresses are looked for.
    """
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    uses = Uses.of(graph, order)
    tensor, step = uses.tensor.tolist(), uses.step.tolist()
    gaps = set() if graph.goal == "peak" else set(uses.gaps.tolist())
    rooms = [*graph.room.tolist(), *graph.scratch.tolist()]
    unit = gcd(*rooms)
    capacity = sum(rooms) // unit if graph.capacity is None else graph.capacity // unit
    if graph.least_capacity > capacity * unit:
        model.add_bool_or([])  # no solution
    away = {gap: model.new_bool_var(f"away_{gap}") for gap in sorted(gaps)}
    if left is not None:
        given = set(left.tolist())
        for gap, literal in away.items():
            model.add(literal == int(gap in given))
    spills: dict[int, Any] = {}
    paid: list[tuple[Any, int]] = []
    for gap, literal in away.items():
        name = tensor[gap]
        paid.append((literal, int(graph.sizes[name])))
        if cost := graph.spill_cost(name):
            if name not in spills:
                spills[name] = model.new_bool_var(f"spilled_{name}")
                paid.append((spills[name], cost))
            model.add_implication(literal, spills[name])
    present: list[list[tuple[int, Any]]] = [[] for _ in range(graph.operators)]
    for use, name in enumerate(tensor):
        room = rooms[name] // unit
        present[step[use]].append((room, None))
        follows = use + 1 < len(tensor) and tensor[use + 1] == name
        for at in range(step[use] + 1, step[use + 1] if follows else 0):
            present[at].append((room, away.get(use)))
    for at, operator in enumerate(order.tolist()):
        fixed = int(graph.scratch[operator]) // unit
        fixed += sum(room for room, literal in present[at] if literal is None)
        terms = [(room, literal) for room, literal in present[at] if literal is not None]
        if terms:
            stays = sum(room * (1 - literal) for room, literal in terms)
            model.add(stays + fixed <= capacity)
    load = uses.residences(uses.gaps[:0]).peak() // unit
    height = None
    if graph.goal == "peak":
        height = model.new_int_var(load, capacity if graph.addresses else load, "height")
    places: list[Any] = []
    owns: dict[int, Any] = {}
    if graph.addresses and capacity * unit >= graph.least_capacity:
        places, owns = _addresses(model, graph, uses, order, away, capacity, unit, height)

    divisor = gcd(*(cost for _, cost in paid)) if paid else 1
    total = sum(literal * (cost // divisor) for literal, cost in paid)
    level: Any = height if height is not None else total
    if isinstance(level, int):
        level = model.new_constant(level)

    def hint(plan: Plan) -> Iterable[tuple[Any, int]]:
        if not np.array_equal(plan.order, order):
            return
        gone = set(uses.gaps_of(plan).tolist())
        yield from ((literal, int(gap in gone)) for gap, literal in away.items())
        names = {tensor[gap] for gap in gone}
        yield from ((literal, int(name in names)) for name, literal in spills.items())
        if places:
            block = np.searchsorted(
                plan.tensor * (graph.operators + 1) + plan.first,
                uses.tensor * (graph.operators + 1) + uses.step,
                side="right",
            )
            held = zip(places, (plan.offset[block - 1] // unit).tolist(), strict=True)
            yield from {place.index: (place, at) for place, at in held}.values()
            yield from ((place, int(plan.scratch[order[at]]) // unit) for at, place in owns.items())
        if height is not None:
            tops = [int((plan.offset + graph.room[plan.tensor]).max())] if places else [load * unit]
            tops += [int(plan.scratch[order[at]] + graph.scratch[order[at]]) for at in owns]
            yield height, max(tops) // unit

    def read(values: Sequence[int]) -> Plan:
        gone = np.array([gap for gap, x in away.items() if values[x.index]], dtype=np.int64)
        residences = uses.residences(gone)
        if not places:
            return residences.plan()
        first = np.searchsorted(
            uses.tensor * (graph.operators + 1) + uses.step,
            residences.tensor * (graph.operators + 1) + residences.first,
        )
        offset = np.array([values[place.index] for place in places])[first] * unit
        scratch = np.full(graph.operators, -1)
        for at, place in owns.items():
            scratch[order[at]] = values[place.index] * unit
        return residences.plan(offset, scratch)

    return CpsatFormulation(
        model=model,
        levels=(level,),
        hint=hint,
        read=read,
        unit=unit if height is not None else divisor,
    )


def _addresses(
    model: Any,
    graph: Graph,
    uses: Uses,
    order: Integers,
    away: dict[int, Any],
    capacity: int,
    unit: int,
    height: Any,
) -> tuple[list[Any], dict[int, Any]]:
    """Give each use and each workspace an address.

    Returns:
        Those of the uses, and those of the workspaces by their steps.
    """
    tensor, step = uses.tensor.tolist(), uses.step.tolist()
    at_step: list[list[Any]] = [[] for _ in range(graph.operators)]
    places: list[Any] = []
    for use, name in enumerate(tensor):
        room = int(graph.room[name]) // unit
        goes_on = use > 0 and tensor[use - 1] == name
        if goes_on and use - 1 not in away:
            place = places[-1]
        else:
            place = model.new_int_var(0, capacity - room, f"place_{use}")
        places.append(place)
        if height is not None:
            model.add(place + room <= height)
        if goes_on and use - 1 in away:
            literal = away[use - 1]
            model.add(place == places[use - 1]).only_enforce_if(~literal)
            kept = model.new_optional_fixed_size_interval_var(places[use - 1], room, ~literal, "")
            for at in range(step[use - 1] + 1, step[use]):
                at_step[at].append(kept)
        block = model.new_fixed_size_interval_var(place, room, "")
        first = step[use - 1] + 1 if goes_on and use - 1 not in away else step[use]
        for at in range(first, step[use] + 1):
            at_step[at].append(block)
    owns: dict[int, Any] = {}
    for at, operator in enumerate(order.tolist()):
        if room := int(graph.scratch[operator]) // unit:
            owns[at] = model.new_int_var(0, capacity - room, f"own_{at}")
            at_step[at].append(model.new_fixed_size_interval_var(owns[at], room, ""))
            if height is not None:
                model.add(owns[at] + room <= height)
    for blocks in at_step:
        if len(blocks) > 1:
            model.add_no_overlap(blocks)
    return places, owns
