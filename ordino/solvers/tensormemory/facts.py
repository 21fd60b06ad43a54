"""What there is to know of an instance at a glance."""

from __future__ import annotations

from typing import Any

from ordino.core.errors import UsageError
from ordino.core.scene import Scene
from ordino.models.tensormemory.graph import Graph
from ordino.models.tensormemory.lifetimes import Lifetimes
from ordino.models.tensormemory.mapping import Mapping
from ordino.models.tensormemory.placement_scene import lifetimes_facts, mapping_facts
from ordino.models.tensormemory.residence import Uses
from ordino.solvers.tensormemory.peak import curve as graph_curve
from ordino.solvers.tensormemory.peak import least_peak

__all__ = ["curve", "facts"]


def facts(instance: Any) -> dict[str, Any]:
    """Return the facts of an instance."""
    functions: dict[type, Any] = {
        Graph: _of_graph,
        Lifetimes: lifetimes_facts,
        Mapping: mapping_facts,
    }
    found: dict[str, Any] = functions[type(instance)](instance)
    return found


def _of_graph(graph: Graph) -> dict[str, Any]:
    """The capacities that matter: M_R, below which an operator does not fit; M_P, from which on
    nothing has to leave in the best order; and the peak of the file's order."""
    uses = Uses.of(graph, graph.file_order)
    largest = int(graph.needs.argmax())
    least = least_peak(graph)
    found = {
        "operators": graph.operators,
        "tensors": graph.tensors,
        "inputs": int(graph.from_outside.sum()),
        "bytes of all tensors": int(graph.sizes.sum()),
        "bytes of parameters": int(graph.parameters.sum()),
        "goal": graph.goal,
        "capacity": graph.capacity,
        "M_R": graph.least_capacity,
        "M_R because of": graph.operator(largest),
        "M_P": least.value,
        "M_P proved": "yes" if least.proved else f"no, at least {least.bound}",
        "peak of the file's order": uses.residences(uses.gaps[:0]).peak(),
    }
    return found | ({"notes": "; ".join(graph.notes)} if graph.notes else {})


def curve(instance: Any) -> tuple[list[dict[str, Any]], Scene]:
    """Return how the traffic of a graph falls with the capacity; raises `UsageError`."""
    if not isinstance(instance, Graph):
        raise UsageError("only a graph has a curve")
    return graph_curve(instance)
