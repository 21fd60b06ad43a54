"""The default for shops without room between machines: job insertion, then windows of time."""

from __future__ import annotations

from typing import Any

from ordino.core.family import Solver
from ordino.heuristics.jobshop import insertion
from ordino.models.jobshop.shop import Shop
from ordino.solvers import cpsat
from ordino.solvers.jobshop import windows
from ordino.solvers.neighbourhoods import relay

__all__ = ["NAME", "hybrid", "takes"]

NAME = "hybrid"
FIRST_SHARE = 0.45
FREE, TURN_SECONDS = 0.2, 1.0
"""Of the operations, and for a neighbourhood."""
SMALL, SMALL_SHARE = 150, 0.4
"""Operations of a shop that CP-SAT may prove, and its share of the time."""


def takes(instance: Any) -> str | None:
    """Say why a shop is not for this solver, or return `None`."""
    return insertion.takes(instance) or windows.takes(instance)


def hybrid(formulate: cpsat.Formulate) -> Solver:
    """Return a solver that inserts jobs, then searches neighbourhoods by CP-SAT.

    An iteration is a job that is taken out, then a conflict, then a neighbourhood.

    Args:
        formulate: Builds the CP-SAT model.
    """

    def whole_share(instance: Shop) -> float:
        return SMALL_SHARE if instance.operations <= SMALL else 0.0

    return relay(
        insertion.insertion(),
        formulate,
        windows.restriction,
        source=NAME,
        first_share=FIRST_SHARE,
        whole_share=whole_share,
        share=FREE,
        seconds=TURN_SECONDS,
    )
