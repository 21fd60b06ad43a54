"""Makes a solver of a rule: a pure function from an instance to a solution."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ordino.core.budget import Budget
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent

__all__ = ["solver"]


def solver(name: str, rule: Callable[[Any], Any]) -> Solver:
    """Return a solver that offers what the rule gives, under the rule's name.

    A rule that gives `None` found no solution.
    """

    def solve(instance: Any, incumbent: Incumbent, budget: Budget) -> None:
        found = rule(instance)
        if found is not None:
            incumbent.offer(found, name)

    return solve
