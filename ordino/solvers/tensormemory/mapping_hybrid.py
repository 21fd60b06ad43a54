"""The default for mappings: a bound, CP-SAT on small ones, annealing, then neighbourhoods."""

from __future__ import annotations

from typing import Any

from ordino.core.budget import Budget
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.heuristics.tensormemory.exchange import exchange
from ordino.models.tensormemory.mapping import Mapping
from ordino.models.tensormemory.placement_bounds import fractional
from ordino.solvers import cpsat
from ordino.solvers.neighbourhoods import relay
from ordino.solvers.tensormemory import mapping_windows

__all__ = ["NAME", "hybrid", "takes"]

NAME = "hybrid"
MOST_BUFFERS = 2_000
"""With more, building a neighbourhood takes longer than searching it."""
EXCHANGE_SHARE, WHOLE_SHARE = 0.15, 0.05
"""Of the time, for annealing and for the whole mapping."""
FREE, TURN_SECONDS = 0.1, 0.3
"""Of the buffers, and for a neighbourhood."""


def takes(instance: Any) -> str | None:
    """Say why an instance is not for this solver, or return `None`."""
    reason = mapping_windows.takes(instance)
    if reason is None and (count := instance.lifetimes.buffers) > MOST_BUFFERS:
        return f"{count} buffers, beyond {MOST_BUFFERS}"
    return reason


def hybrid(formulate: cpsat.Formulate) -> Solver:
    """Return a solver that anneals for a while, then searches neighbourhoods over windows of time.

    An iteration is a step of annealing, then a conflict, then a neighbourhood.

    Args:
        formulate: Builds the CP-SAT model.
    """
    search = relay(
        exchange(),
        formulate,
        mapping_windows.restriction,
        source=NAME,
        first_share=EXCHANGE_SHARE,
        whole_share=lambda _: WHOLE_SHARE,
        share=FREE,
        seconds=TURN_SECONDS,
    )

    def solve(instance: Mapping, incumbent: Incumbent, budget: Budget) -> None:
        if budget.should_stop():
            return
        bound = fractional(instance)
        if bound is not None:
            incumbent.raise_bound(bound, NAME)
        search(instance, incumbent, budget)

    return solve
