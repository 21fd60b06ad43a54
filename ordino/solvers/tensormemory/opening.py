"""The first plan: Belady's rule, with addresses at any price; or the proof that there is none."""

from __future__ import annotations

from typing import Any

from ordino.core.budget import Budget
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.core.kernel import load
from ordino.heuristics.tensormemory import rules
from ordino.heuristics.tensormemory.orders import ORDERS
from ordino.heuristics.tensormemory.replacement import belady as leave_farthest
from ordino.heuristics.tensormemory.states import KERNELS
from ordino.models.tensormemory.bounds import shortage
from ordino.models.tensormemory.graph import Graph
from ordino.models.tensormemory.residence import Residences, Uses
from ordino.solvers.tensormemory.packing import at_any_price

__all__ = ["NAME", "begin", "belady", "greedy", "prove_capacity"]

NAME = "belady"
MENDED = 2
"""Orders whose plans get addresses at any price, the best first."""


def belady(*, order: rules.Order = "best") -> Solver:
    """Return a solver that lets those tensors leave whose next use is farthest (Belady 1966).

    Args:
        order: That of the file, depth first, the one that grows least, or the best of them.
    """

    def solve(instance: Graph, incumbent: Incumbent, budget: Budget) -> None:
        if prove_capacity(instance, incumbent, NAME) or budget.should_stop():
            return
        plan = rules.belady(instance, order=order)
        value = None if plan is None else rules.value_of(instance, plan)
        if plan is not None:
            incumbent.offer(plan, NAME)
        names = rules.orders_of(instance, order)
        tried = [leave_farthest(Uses.of(instance, ORDERS[name](instance))) for name in names]
        for residences in sorted(tried, key=Residences.value)[:MENDED]:
            if value is None or residences.value() < value:
                plan = at_any_price(residences, budget)
                if plan is not None:
                    incumbent.offer(plan, NAME)
                    return

    return solve


def greedy(*, order: rules.Order = "best") -> Solver:
    """Return a solver that lets those tensors leave that cost least at each step (a baseline of Li,
    Gupta, Malik 2023).

    Args:
        order: See `belady`.
    """

    def solve(instance: Graph, incumbent: Incumbent, budget: Budget) -> None:
        if not prove_capacity(instance, incumbent, "greedy"):
            plan = rules.greedy(instance, order=order, should_stop=budget.should_stop)
            if plan is not None:
                incumbent.offer(plan, "greedy")

    return solve


def begin(instance: Graph, incumbent: Incumbent, budget: Budget, source: str) -> Any:
    """Return the kernels of the state search, with an incumbent to improve where one is found.

    `None` where the capacity is too small, which is proved, or the budget ends.
    """
    if prove_capacity(instance, incumbent, source):
        return None
    kernels = load(KERNELS, budget)
    if kernels is None or budget.should_stop():
        return None
    if incumbent.best is None:
        if instance.goal == "traffic":
            belady()(instance, incumbent, budget)
        elif (plan := rules.topological(instance)) is not None:
            incumbent.offer(plan, source)
    return kernels


def prove_capacity(graph: Graph, incumbent: Incumbent, source: str) -> bool:
    """Say so if the capacity is too small for an operator; returns whether it is."""
    reason = shortage(graph)
    if reason is not None:
        incumbent.prove_infeasible(source, reason)
    return reason is not None
