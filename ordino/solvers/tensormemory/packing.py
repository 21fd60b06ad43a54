"""Addresses for residences that simple rules do not place: by CP-SAT, first as they are, then with
others leaving in the same order."""

from __future__ import annotations

import numpy as np

from ordino.core.budget import Budget
from ordino.heuristics.tensormemory.addresses import addressed
from ordino.heuristics.tensormemory.rules import value_of
from ordino.models.tensormemory.cpsat import gap_model
from ordino.models.tensormemory.graph import Plan
from ordino.models.tensormemory.residence import Residences, Uses
from ordino.solvers.cpsat import solve_apart

__all__ = ["packed", "repacked"]

MOST_PRESENCES = 200_000
"""Residences x their steps, for CP-SAT."""


def packed(residences: Residences, budget: Budget) -> Plan | None:
    """Return a plan of these residences, for the goal `peak` the lowest that is found."""
    plan = addressed(residences)
    least = residences.value()
    if plan is not None and value_of(residences.graph, plan) == least:
        return plan
    if not _fits(residences) or budget.should_stop():
        return plan
    left = _left(residences)
    better, _ = solve_apart(gap_model(residences.graph, residences.order, left), budget)
    return plan if better is None else better


def repacked(residences: Residences, budget: Budget) -> Plan | None:
    """Return the best plan of the same order that is found, whatever leaves in it."""
    if not _fits(residences) or budget.should_stop():
        return None
    plan, _ = solve_apart(gap_model(residences.graph, residences.order, None), budget)
    found: Plan | None = plan
    return found


def _fits(residences: Residences) -> bool:
    presences = (residences.last - residences.first + 1).sum()
    return bool(presences <= MOST_PRESENCES)


def _left(residences: Residences) -> np.ndarray:
    uses = Uses.of(residences.graph, residences.order)
    return uses.gaps_of(residences.plan())
