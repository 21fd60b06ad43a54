"""The linear relaxation bounds a mapping, CP-SAT proves small ones; then its neighbourhoods."""

from __future__ import annotations

from ordino.core.budget import Budget
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.models.tensormemory.mapping import Mapping
from ordino.models.tensormemory.placement_bounds import fractional
from ordino.solvers import cpsat
from ordino.solvers.neighbourhoods import improve
from ordino.solvers.tensormemory.mapping_windows import restriction

__all__ = ["NAME", "hybrid"]

NAME = "hybrid"


def hybrid(formulate: cpsat.Formulate, *, share: float = 0.08) -> Solver:
    """Return a solver that runs CP-SAT, then searches neighbourhoods over windows of time.

    An iteration is a conflict, then a neighbourhood.

    Args:
        formulate: Builds the CP-SAT model.
        share: Of the time, for the whole mapping.
    """
    whole = cpsat.solver(formulate)

    def solve(instance: Mapping, incumbent: Incumbent, budget: Budget) -> None:
        if budget.should_stop():
            return
        bound = fractional(instance)
        if bound is not None:
            incumbent.raise_bound(bound, NAME)
        whole(instance, incumbent, budget.child(seconds=share * budget.remaining()))
        if incumbent.best is not None and not (budget.should_stop() or incumbent.closed):
            formulation = formulate(instance, incumbent.objective)
            improve(formulation, restriction(instance), incumbent, budget, source=NAME)

    return solve
