"""A first plan that keeps all deadlines: as due dates, whose total tardiness is brought down to 0.

A plan that is late here and there is far easier to repair than one is to find: a priority rule
gives it, and neighbourhoods around what is late do the rest.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ordino.core.budget import Budget
from ordino.core.incumbent import Incumbent
from ordino.heuristics.rcpsp import rules
from ordino.models.rcpsp.check import check
from ordino.models.rcpsp.cpsat import takes as cpsat_takes
from ordino.models.rcpsp.problem import NEVER, Plan, Project
from ordino.solvers.cpsat import Formulate
from ordino.solvers.neighbourhoods import improve
from ordino.solvers.rcpsp.windows import restriction

__all__ = ["keep_deadlines", "less_late"]

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
    plans = [rules.edd(soft, scheme="serial")]
    if rules.takes_parallel(soft) is None:
        plans.append(rules.edd(soft, scheme="parallel"))
    turn = budget.until(lambda: incumbent.best is not None)
    plan, tardiness = less_late(soft, plans, formulate, turn, source)
    if not tardiness:
        incumbent.offer(plan, source)


def less_late(
    soft: Project,
    plans: Iterable[Plan],
    formulate: Formulate,
    budget: Budget,
    source: str,
) -> tuple[Plan, int]:
    """Return what neighbourhoods make of the best of some plans, and its total tardiness.

    Args:
        soft: A project whose goal is the total tardiness.
        plans: At least one; all feasible.
        formulate: Builds the CP-SAT model.
        budget: Time and workers.
        source: The solver's name.
    """
    inner = Incumbent(soft, check, soft.objective)
    inner.raise_bound(0, source)
    for plan in plans:
        inner.offer(plan, source)
    if not (inner.closed or budget.should_stop()) and cpsat_takes(soft) is None:
        improve(
            *(formulate(soft, inner.objective), restriction(soft), inner),
            replace(budget.until(lambda: inner.closed), iterations=None),
            source=source,
            share=min(1.0, FEW / soft.activities),
        )
    assert isinstance(inner.objective, int)
    return inner.best, inner.objective
