"""Addresses for residences that simple rules do not place.

The canonical search places them as they are; else CP-SAT, with others leaving in the same order;
else they are placed step by step, with more leaving where need be.
"""

from __future__ import annotations

import numpy as np

from ordino.core.arrays import Integers
from ordino.core.budget import Budget
from ordino.core.kernel import load
from ordino.heuristics.tensormemory import placing
from ordino.heuristics.tensormemory.addresses import Blocks, addressed
from ordino.heuristics.tensormemory.online import placed_online
from ordino.heuristics.tensormemory.rules import value_of
from ordino.models.tensormemory.cpsat import gap_model
from ordino.models.tensormemory.graph import Graph, Plan
from ordino.models.tensormemory.lifetimes import Lifetimes
from ordino.models.tensormemory.residence import Residences
from ordino.solvers.cpsat import solve_apart
from ordino.solvers.tensormemory import canonical
from ordino.solvers.tensormemory.addressing import fit

__all__ = ["at_any_price", "compiled", "packed", "repacked"]

MOST_PRESENCES = 200_000
"""Residences x their steps, for CP-SAT."""
MENDING_SECONDS = 2.0
"""For the steps around one that does not fit."""


def compiled(budget: Budget) -> None:
    """Wait for the kernels of the placement: a cold start is no reason to give up."""
    for kernels in (placing.KERNELS, canonical.KERNELS):
        load(kernels, budget)


def packed(residences: Residences, budget: Budget) -> Plan | None:
    """Return a plan of these residences, for the goal `peak` the lowest that is found."""
    plan = addressed(residences)
    graph, least = residences.graph, residences.value()
    if plan is not None and value_of(graph, plan) == least:
        return plan
    if budget.should_stop():
        return plan
    blocks = Blocks.of(residences)
    height = graph.capacity if graph.capacity is not None else least
    offset = _fit(graph, blocks, np.full(blocks.room.size, -1), height, budget)
    return plan if offset is None else blocks.plan(residences, offset)


def _fit(
    graph: Graph, blocks: Blocks, given: Integers, height: int, budget: Budget
) -> Integers | None:
    buffers = Lifetimes.of(
        blocks.first,
        blocks.last + 1,
        blocks.room,
        fixed=given,
        alignment=graph.alignment,
        capacity=height // graph.alignment * graph.alignment,
    )
    placement = fit(buffers, budget)
    return None if placement is None else placement.offset


def repacked(residences: Residences, budget: Budget) -> Plan | None:
    """Return the best plan of the same order that CP-SAT finds, whatever leaves in it."""
    presences = int((residences.last - residences.first + 1).sum())
    if presences > MOST_PRESENCES or budget.should_stop():
        return None
    plan, _ = solve_apart(gap_model(residences.graph, residences.order, None), budget)
    found: Plan | None = plan
    return found


def at_any_price(residences: Residences, budget: Budget) -> Plan | None:
    """Return a plan of the same order for the goal `traffic` in which more leaves."""
    graph = residences.graph
    if not graph.addresses:
        return residences.plan()

    def fit(first: Integers, last: Integers, room: Integers, given: Integers) -> Integers | None:
        compiled(budget)
        seconds = min(MENDING_SECONDS, budget.remaining())
        blocks = Blocks(first, last, room, first[:0])
        return _fit(graph, blocks, given, graph.capacity or 0, budget.child(seconds=seconds))

    return placed_online(residences, fit)
