"""Graphs in a free order, step by step: windows of the operators, and a model for CP-SAT.

The model is that of Li, Gupta, Malik (2023) in the terms of CP-SAT. It holds everything, addresses
included, and suits small graphs only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import gcd
from typing import Any

import numpy as np

from ordino.core.arrays import Integers
from ordino.core.objective import Value
from ordino.models.formulation import CpsatFormulation
from ordino.models.tensormemory.graph import INPUT, Graph, Plan
from ordino.models.tensormemory.operators import links
from ordino.models.tensormemory.residence import Uses

__all__ = ["step_windows", "stepwise"]


def step_windows(graph: Graph) -> tuple[Integers, Integers]:
    """Return the first and the last step of each operator: as many as have to run before it, and
    behind it, lie outside. O(n^2 / 8) bytes."""
    needs = links(graph.reads, graph.producer, graph.holds)
    operators = graph.operators
    before = np.zeros((operators, operators), bool)
    for operator in graph.file_order.tolist():
        for other in needs[operator].tolist():
            before[operator] |= before[other]
            before[operator, other] = True
    return before.sum(axis=1), operators - 1 - before.sum(axis=0)


def stepwise(graph: Graph, upper_bound: Value | None) -> CpsatFormulation:
    """Build the model: which operator runs at each step, and what is resident at it.

    A tensor is resident at a step because it is made (or loaded) then, kept from the step before,
    or fetched. What is fetched has been spilled.
    """
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    steps = range(graph.operators)
    rooms = [*graph.room.tolist(), *graph.scratch.tolist()]
    unit = gcd(*rooms)
    capacity = sum(rooms) // unit if graph.capacity is None else graph.capacity // unit
    earliest, latest = step_windows(graph)
    runs = [
        {at: model.new_bool_var(f"run_{o}_{at}") for at in range(earliest[o], latest[o] + 1)}
        for o in steps
    ]
    for each in runs:
        model.add_exactly_one(each.values())
    for at in steps:
        model.add_exactly_one([each[at] for each in runs if at in each])
    peak = graph.goal == "peak"
    tensors = [_Tensor(model, graph, tensor, runs, capacity, unit, peak) for tensor in
               range(graph.tensors)]  # fmt: skip
    for lists in (graph.reads, graph.writes):
        for operator, tensor in zip(*lists.pairs(), strict=True):
            for at, literal in runs[operator].items():
                model.add_implication(literal, tensors[tensor].resident[at])
    height = model.new_int_var(0, capacity, "height") if peak else None
    top: Any = capacity if height is None else height
    own_places: dict[int, Any] = {}
    for at in steps:
        used = [each.room * each.resident[at] for each in tensors]
        own = {o: int(graph.scratch[o]) // unit for o in steps if graph.scratch[o]}
        used += [room * runs[o][at] for o, room in own.items() if at in runs[o]]
        model.add(sum(used) <= top)
        if graph.addresses:
            blocks = [each.block(at) for each in tensors]
            mine = [(o, room) for o, room in own.items() if at in runs[o]]
            if mine:
                own_places[at] = place = model.new_int_var(0, capacity, f"own_{at}")
            for o, room in mine:
                literal = runs[o][at]
                blocks.append(model.new_optional_fixed_size_interval_var(place, room, literal, ""))
                model.add(place + room <= top).only_enforce_if(literal)
            model.add_no_overlap(blocks)
            if peak:
                for tensor in tensors:
                    ends = tensor.place[at] + tensor.room
                    model.add(ends <= top).only_enforce_if(tensor.resident[at])
    paid = [pair for each in tensors for pair in each.paid]
    divisor = gcd(*(cost for _, cost in paid)) if paid else 1
    level: Any = height if peak else sum(literal * (cost // divisor) for literal, cost in paid)
    if isinstance(level, int):
        level = model.new_constant(level)
    if upper_bound is not None:
        model.add(level <= int(upper_bound) // (unit if peak else divisor))  # type: ignore[arg-type]

    def hint(plan: Plan) -> Iterable[tuple[Any, int]]:
        for at, operator in enumerate(plan.order.tolist()):
            for o, each in enumerate(runs):
                if at in each:
                    yield each[at], int(o == operator)
        for tensor in tensors:
            yield from tensor.hint(plan)
        for at, place in own_places.items():
            yield place, max(0, int(plan.scratch[plan.order[at]]) // unit)
        if height is not None:
            yield height, _height(graph, plan) // unit

    def read(values: Sequence[int]) -> Plan:
        order = np.empty(graph.operators, np.int64)
        for operator, each in enumerate(runs):
            order[next(at for at, x in each.items() if values[x.index])] = operator
        uses = Uses.of(graph, order)
        gone = [
            gap
            for gap in uses.gaps.tolist()
            if any(
                not values[tensors[uses.tensor[gap]].resident[at].index]
                for at in range(uses.step[gap] + 1, uses.step[gap + 1])
            )
        ]
        residences = uses.residences(np.array(gone, dtype=np.int64))
        if not graph.addresses:
            return residences.plan()
        blocks = zip(residences.tensor.tolist(), residences.first.tolist(), strict=True)
        offset = [values[tensors[tensor].place[at].index] * unit for tensor, at in blocks]
        scratch = np.full(graph.operators, -1)
        for at, place in own_places.items():
            if graph.scratch[order[at]]:
                scratch[order[at]] = values[place.index] * unit
        return residences.plan(np.array(offset), scratch)

    return CpsatFormulation(
        model=model, levels=(level,), hint=hint, read=read, unit=unit if peak else divisor
    )


def _height(graph: Graph, plan: Plan) -> int:
    """Return the highest address in use, or the greatest total."""
    if not plan.offset.size:
        uses = Uses.of(graph, plan.order)
        return uses.residences(uses.gaps[:0]).peak()
    tops = plan.offset + graph.room[plan.tensor]
    return int(max(tops.max(), (plan.scratch + graph.scratch).max() if plan.scratch.size else 0))


class _Tensor:
    """The variables of a tensor: whether it is made, kept, fetched, resident at each step; and
    where."""

    def __init__(
        self,
        model: Any,
        graph: Graph,
        tensor: int,
        runs: list[dict[int, Any]],
        capacity: int,
        unit: int,
        peak: bool,
    ) -> None:
        self.model, self.graph, self.tensor, self.unit = model, graph, tensor, unit
        self.room = int(graph.room[tensor]) // unit
        steps = range(graph.operators)
        self.kept = [model.new_bool_var(f"kept_{tensor}_{at}") for at in steps]
        self.resident = [model.new_bool_var(f"resident_{tensor}_{at}") for at in steps]
        producer = int(graph.producer[tensor])
        self.made: dict[int, Any]
        if producer == INPUT:
            self.made = {at: model.new_bool_var(f"made_{tensor}_{at}") for at in steps}
            model.add_exactly_one(self.made.values())
        else:
            self.made = runs[producer]
        self.own = producer == INPUT
        self.fetched: dict[int, Any] = {}
        self.paid: list[tuple[Any, int]] = []
        self.spilled = None
        if not peak:
            self.fetched = {at: model.new_bool_var(f"fetched_{tensor}_{at}") for at in steps}
            self.paid = [(literal, int(graph.sizes[tensor])) for literal in self.fetched.values()]
            if cost := graph.spill_cost(tensor):
                self.spilled = model.new_bool_var(f"spilled_{tensor}")
                self.paid.append((self.spilled, cost))
                for literal in self.fetched.values():
                    model.add_implication(literal, self.spilled)
        if graph.addresses:
            most = capacity - self.room
            self.place = [
                model.new_int_var(0, max(0, most), f"place_{tensor}_{at}") for at in steps
            ]
        for at in steps:
            why = [self.kept[at]]
            why += [each[at] for each in (self.made, self.fetched) if at in each]
            model.add(sum(why) == self.resident[at])
            before = self.resident[at - 1] if at else None
            if before is None:
                model.add(self.kept[at] == 0)
            else:
                model.add_implication(self.kept[at], before)
                if graph.addresses:
                    same = self.place[at] == self.place[at - 1]
                    model.add(same).only_enforce_if(self.kept[at])
            if at in self.fetched:
                model.add(sum(x for k, x in self.made.items() if k < at) >= self.fetched[at])
                if before is not None:
                    model.add_implication(self.fetched[at], ~before)

    def block(self, at: int) -> Any:
        """Return the interval on the memory at a step."""
        return self.model.new_optional_fixed_size_interval_var(
            self.place[at], self.room, self.resident[at], ""
        )

    def hint(self, plan: Plan) -> Iterable[tuple[Any, int]]:
        """Yield the values that a plan gives the variables."""
        mine = np.flatnonzero(plan.tensor == self.tensor).tolist()
        residence = {at: k for k in mine for at in range(int(plan.first[k]), int(plan.last[k]) + 1)}
        begins = {int(plan.first[k]) for k in mine[1:]}
        for at in range(self.graph.operators):
            here = at in residence
            made = bool(mine) and at == int(plan.first[mine[0]])
            yield self.resident[at], int(here)
            yield self.kept[at], int(here and not made and at not in begins)
            if self.own:
                yield self.made[at], int(made)
            if at in self.fetched:
                yield self.fetched[at], int(at in begins)
            if self.graph.addresses:
                yield self.place[at], int(plan.offset[residence[at]]) // self.unit if here else 0
        if self.spilled is not None:
            yield self.spilled, int(len(mine) > 1)
