"""Rules for graphs: an order, what leaves, addresses."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

from ordino.core.errors import UsageError
from ordino.heuristics.tensormemory import replacement
from ordino.heuristics.tensormemory.addresses import addressed
from ordino.heuristics.tensormemory.online import placed_online
from ordino.heuristics.tensormemory.orders import ORDERS
from ordino.models.tensormemory.graph import Graph, Plan
from ordino.models.tensormemory.residence import Residences, Uses

__all__ = [
    "Order",
    "belady",
    "greedy",
    "orders_of",
    "realised",
    "takes",
    "takes_traffic",
    "topological",
]

Order = Literal["best", "file", "depth-first", "least-growth"]


def takes(instance: Any) -> str | None:
    """Say why an instance is not for rules of graphs, or return `None`."""
    return None if isinstance(instance, Graph) else "it is no graph"


def takes_traffic(instance: Any) -> str | None:
    """Say why an instance is not for replacement, or return `None`."""
    if isinstance(instance, Graph) and instance.goal == "peak":
        return "its goal is the peak, nothing leaves"
    return takes(instance)


def takes_peak(instance: Any) -> str | None:
    """Say why an instance is not for a mere order, or return `None`."""
    if isinstance(instance, Graph) and instance.goal == "traffic":
        return "its goal is the traffic: use belady"
    return takes(instance)


def topological(graph: Graph, *, order: Order = "best") -> Plan | None:
    """Run the operators in an order, with nothing leaving: the least memory that is found.

    Args:
        graph: With the goal `peak`.
        order: That of the file, depth first, the one that grows least, or the best of them.
    """
    return _best(graph, order, replacement.keep_all)


def belady(graph: Graph, *, order: Order = "best") -> Plan | None:
    """Let those tensors leave whose next use is farthest (Belady 1966).

    Args:
        graph: With the goal `traffic`.
        order: See `topological`.
    """
    return _best(graph, order, replacement.belady)


def greedy(
    graph: Graph, *, order: Order = "best", should_stop: Callable[[], bool] = lambda: False
) -> Plan | None:
    """Let those tensors leave that cost least at each step (a baseline of Li, Gupta, Malik 2023).

    Args:
        graph: With the goal `traffic`.
        order: See `topological`.
        should_stop: Asked before each step; what is known by then is the answer.
    """
    return _best(graph, order, partial(replacement.greedy, should_stop=should_stop))


def realised(residences: Residences) -> Plan | None:
    """Give addresses to residences, and let more leave where none fit."""
    plan = addressed(residences)
    if plan is None and residences.graph.goal == "traffic":
        plan = placed_online(residences)
    return plan


def orders_of(graph: Graph, order: Order) -> list[str]:
    """Return the names of the orders to be tried."""
    if graph.fixed_order:
        if order not in ("best", "file"):
            raise UsageError(f"order {order}: the order is fixed")
        return ["file"]
    return list(ORDERS) if order == "best" else [order]


def _best(graph: Graph, order: Order, choose: Callable[[Uses], Residences | None]) -> Plan | None:
    """Return the best plan over the orders; the most promising first, until the next can't win."""
    if graph.capacity is not None and graph.capacity < graph.least_capacity:
        return None
    every = (choose(Uses.of(graph, ORDERS[name](graph))) for name in orders_of(graph, order))
    tried = [each for each in every if each is not None]
    best, value = None, None
    for residences in sorted(tried, key=Residences.value):
        if value is not None and residences.value() >= value:
            break
        plan = realised(residences)
        if plan is not None:
            reached = value_of(graph, plan)
            if value is None or reached < value:
                best, value = plan, reached
    return best


def value_of(graph: Graph, plan: Plan) -> int:
    """Return the objective of a plan, as a rule sees it."""
    residences = Residences(graph, plan.order, plan.tensor, plan.first, plan.last)
    if graph.goal == "traffic" or not plan.offset.size:
        return residences.value()
    top = int((plan.offset + graph.room[plan.tensor]).max())
    if plan.scratch.size:
        top = max(top, int((plan.scratch + graph.scratch)[plan.scratch >= 0].max()))
    return top
