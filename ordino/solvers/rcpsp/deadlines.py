"""A first plan that keeps all deadlines: as due dates, whose total tardiness is brought down to 0.

A plan that is late here and there is far easier to repair than one is to find: a priority rule
gives it, and neighbourhoods around what is late do the rest.
"""

from __future__ import annotations

import threading
from dataclasses import replace

from ordino.core.budget import Budget, StopToken
from ordino.core.incumbent import Event, Incumbent
from ordino.heuristics.rcpsp import rules
from ordino.models.rcpsp.check import check
from ordino.models.rcpsp.cpsat import takes as cpsat_takes
from ordino.models.rcpsp.problem import NEVER, Project
from ordino.solvers.cpsat import Formulate
from ordino.solvers.neighbourhoods import improve
from ordino.solvers.rcpsp.windows import restriction

__all__ = ["keep_deadlines"]

FEW = 30
"""Activities that are left free at first."""


def keep_deadlines(
    instance: Project, formulate: Formulate, incumbent: Incumbent, budget: Budget, source: str
) -> None:
    """Offer a plan that keeps all deadlines, if one is found in the budget.

    Args:
        instance: The project; nothing is done for one without deadlines.
        formulate: Builds the CP-SAT model.
        incumbent: Where to offer the plan.
        budget: Time and workers.
        source: The solver's name.
    """
    if not (instance.deadlines != NEVER).any() or incumbent.best is not None:
        return
    soft = instance.softened()
    if rules.takes(soft) is not None:
        return
    kept = threading.Event()

    def observe(event: Event) -> None:
        if event.objective == 0 or incumbent.best is not None:
            kept.set()

    inner = Incumbent(soft, check, soft.objective, on_event=observe)
    inner.raise_bound(0, source)
    inner.offer(rules.edd(soft, scheme="serial"), source)
    if rules.takes_parallel(soft) is None:
        inner.offer(rules.edd(soft, scheme="parallel"), source)
    if not inner.closed and cpsat_takes(soft) is None and not budget.should_stop():
        formulation = formulate(soft, inner.objective)
        inside = replace(budget, stop=StopToken(_Either(kept, budget.stop)), iterations=None)
        share = min(1.0, FEW / instance.activities)
        improve(formulation, restriction(soft), inner, inside, source=source, share=share)
    if inner.objective == 0:
        incumbent.offer(inner.best, source)


class _Either:
    """Set when one of two is."""

    def __init__(self, one: threading.Event, other: StopToken) -> None:
        self._both = one, other

    def is_set(self) -> bool:
        """Return whether to stop."""
        return any(each.is_set() for each in self._both)
