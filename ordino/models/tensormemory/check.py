"""The checker of the family: that of the instance's type."""

from __future__ import annotations

from typing import Any

from ordino.core.report import Report, Violation
from ordino.models.tensormemory import graph_check, placement_check
from ordino.models.tensormemory.graph import Graph, Plan
from ordino.models.tensormemory.lifetimes import Lifetimes
from ordino.models.tensormemory.mapping import Mapping
from ordino.models.tensormemory.placement import Placement
from ordino.models.tensormemory.solution import MemorySolution

__all__ = ["check"]

_CHECKERS: dict[type, tuple[type, Any]] = {
    Graph: (Plan, graph_check.check),
    Lifetimes: (Placement, placement_check.check_lifetimes),
    Mapping: (Placement, placement_check.check_mapping),
}
"""Type of an instance to that of its solutions, and what checks them."""


def check(instance: Any, solution: MemorySolution) -> Report:
    """Check a solution from first principles."""
    wanted, function = _CHECKERS[type(instance)]
    if not isinstance(solution, wanted):
        message = f"expected a {wanted.__name__.lower()}, got a {type(solution).__name__.lower()}"
        return Report.of([Violation("type", message)], None)
    report: Report = function(instance, solution)
    return report
