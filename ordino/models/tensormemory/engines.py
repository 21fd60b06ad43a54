"""The CP-SAT models of the family: that of the instance's type."""

from __future__ import annotations

from typing import Any

from ordino.core.objective import Value
from ordino.models.formulation import CpsatFormulation
from ordino.models.tensormemory import cpsat, placement_cpsat
from ordino.models.tensormemory.graph import Graph
from ordino.models.tensormemory.lifetimes import Lifetimes
from ordino.models.tensormemory.mapping import Mapping

__all__ = ["formulate", "takes"]

_MODELS: dict[type, tuple[Any, Any]] = {
    Graph: (cpsat.formulate, cpsat.takes),
    Lifetimes: (placement_cpsat.formulate_lifetimes, placement_cpsat.takes_lifetimes),
    Mapping: (placement_cpsat.formulate_mapping, placement_cpsat.takes_mapping),
}
"""Type of an instance to the function that builds its model, and the one that says why it can't."""


def formulate(instance: Any, upper_bound: Value | None) -> CpsatFormulation:
    """Build the model of an instance."""
    model: CpsatFormulation = _MODELS[type(instance)][0](instance, upper_bound)
    return model


def takes(instance: Any) -> str | None:
    """Say why there is no model of an instance, or return `None`."""
    if type(instance) not in _MODELS:
        return "there is no CP-SAT model of such instances"
    reason: str | None = _MODELS[type(instance)][1](instance)
    return reason
