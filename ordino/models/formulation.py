"""What a formulation hands to an engine: a model, and the way from solutions to it and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["CpsatFormulation", "MilpFormulation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CpsatFormulation:
    """A CP-SAT model of an instance.

    Attributes:
        model: The `cp_model.CpModel`, without an objective.
        levels: One linear expression to minimise for each level of the objective, whose value times
            `unit` is the objective of the solution that `read` makes, or less where numbers are
            rounded.
        hint: Solution to (variable, value) pairs that cover *every* variable of the model.
        read: Values of all variables, by index, to a solution; `None` where rounding makes it none.
        parameters: CP-SAT parameters that suit the model, in text form.
        unit: Of the levels.
        note: What the model rounds, and by how much; empty for nothing.
        contradiction: Why there is no solution, where building the model showed that already.
    """

    model: Any
    levels: tuple[Any, ...]
    hint: Callable[[Any], Iterable[tuple[Any, int]]]
    read: Callable[[Sequence[int]], Any]
    parameters: str = ""
    unit: float = 1
    note: str = ""
    contradiction: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MilpFormulation:
    """A mixed-integer linear model of an instance.

    Attributes:
        problem: The `pulp.LpProblem`, to be minimised.
        levels: Where the objective has several, an affine expression for each, to minimise in this
            order instead of the problem's own.
        start: Solution to the value of every variable, by name.
        read: Function from a variable to its value, to a solution; `None` where rounding makes it
            none.
        options: HiGHS options that suit the model.
        contradiction: Why there is no solution, where building the model showed that already.
    """

    problem: Any
    start: Callable[[Any], dict[str, float]]
    read: Callable[[Callable[[Any], float]], Any]
    levels: tuple[Any, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    contradiction: str | None = None
