"""Makes a solver of a rule: a pure function from an instance to a solution."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ordino.core.budget import Budget
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.core.kernel import load

__all__ = ["solver"]


def solver(name: str, rule: Callable[[Any], Any], kernels: str | None = None) -> Solver:
    """Return a solver that offers what the rule gives, under the rule's name.

    Args:
        name: Of the rule.
        rule: A function from an instance to a solution, or to `None` where it finds none.
        kernels: Module that the rule needs; where the budget ends before it is compiled, nothing
            is offered.
    """

    def solve(instance: Any, incumbent: Incumbent, budget: Budget) -> None:
        if kernels is None or load(kernels, budget) is not None:
            found = rule(instance)
            if found is not None:
                incumbent.offer(found, name)

    return solve
