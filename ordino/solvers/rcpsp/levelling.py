"""The default for levelling: shifts of activities, neighbourhoods, and CP-SAT to prove."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from ordino.core.budget import Budget
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.heuristics.rcpsp import rules
from ordino.heuristics.rcpsp.levelling import shift
from ordino.models.rcpsp.bounds import contradiction
from ordino.models.rcpsp.check import check
from ordino.models.rcpsp.cpsat import takes as cpsat_takes
from ordino.models.rcpsp.problem import NEVER, Plan, Project
from ordino.solvers import cpsat
from ordino.solvers.neighbourhoods import improve
from ordino.solvers.rcpsp.deadlines import keep_deadlines
from ordino.solvers.rcpsp.windows import restriction

__all__ = ["NAME", "levelling", "takes"]

NAME = "levelling"
DEADLINE_SHARE = 0.3
SHIFT_SHARE, PROOF_SHARE, ALONE_SHARE = 0.3, 0.1, 0.7
"""Of the time: for shifts before neighbourhoods; for CP-SAT at first, which closes what is small;
for shifts and neighbourhoods, where one worker has to prove as well."""
FIRST_SECONDS = 0.2
"""For shifts before all else: to build a model may take longer than a short limit leaves."""

MOST_CELLS = 10_000_000
"""Time units times resources."""


def takes(instance: Project) -> str | None:
    """Say why an instance is not for levelling, or return `None`."""
    if instance.goal != "levelling":
        return f"its goal is the {instance.goal}"
    cells = instance.renewables * instance.horizon
    return None if cells <= MOST_CELLS else f"{cells} cells of time, beyond {MOST_CELLS}"


def levelling(formulate: cpsat.Formulate) -> Solver:
    """Return a solver that takes turns until its budget ends or the incumbent is closed.

    Of what is too large for the CP-SAT model, shifts alone level a first plan.

    Args:
        formulate: Builds the CP-SAT model.
    """
    prove = cpsat.solver(formulate)

    def solve(instance: Project, incumbent: Incumbent, budget: Budget) -> None:
        if (reason := contradiction(instance)) is not None:
            incumbent.prove_infeasible(NAME, reason)
            return

        def over() -> bool:
            return budget.should_stop() or incumbent.closed

        def publish(plan: Plan, value: int) -> None:
            incumbent.offer(plan, NAME, value)

        def level(turn: Budget) -> None:
            if incumbent.best is not None:
                random = np.random.default_rng(budget.seed)
                shift(instance, incumbent.best, turn, random, publish)

        fits = cpsat_takes(instance) is None
        _start(instance, incumbent)
        level(budget.child(seconds=min(FIRST_SECONDS, SHIFT_SHARE * budget.remaining())))
        if fits:
            prove(instance, incumbent, budget.child(seconds=PROOF_SHARE * budget.remaining()))
        if not over():
            turn = budget.child(seconds=DEADLINE_SHARE * budget.remaining())
            keep_deadlines(instance, formulate, incumbent, turn, NAME)
        if not (fits or over()):
            _find(instance, formulate, incumbent, budget)
            level(budget)
            return
        if over():
            return

        def search(number: int, seconds: float) -> None:
            plan = incumbent.best
            if plan is None or budget.should_stop():
                return
            turn = budget.child(seconds=seconds, workers=1)
            random = np.random.default_rng((budget.seed, number))
            first = budget.child(seconds=SHIFT_SHARE * seconds)
            shift(instance, plan, first, random, publish)
            if not over():
                formulation = formulate(instance, incumbent.objective)
                turn = replace(turn, seed=budget.seed + number)
                improve(formulation, restriction(instance), incumbent, turn, source=NAME)

        if incumbent.best is None or budget.workers == 1:
            search(0, ALONE_SHARE * budget.remaining())
            if not over():
                prove(instance, incumbent, budget)
            return
        with ThreadPoolExecutor(budget.workers) as pool:
            lanes = [pool.submit(prove, instance, incumbent, budget.child(workers=1))]
            for number in range(1, budget.workers):
                lanes.append(pool.submit(search, number, budget.remaining()))
            for lane in lanes:
                lane.result()

    return solve


def _start(instance: Project, incumbent: Incumbent) -> None:
    """Offer what the rules make of the project without deadlines, if it keeps them."""
    free = replace(instance, deadlines=np.full_like(instance.deadlines, NEVER), goal="makespan")
    for rule, says in ((rules.lft, rules.takes), (rules.lst, rules.takes_parallel)):
        if incumbent.best is None and says(free) is None:
            plan = rule(free)
            if check(instance, plan).valid:
                incumbent.offer(plan, NAME)


def _find(
    instance: Project, formulate: cpsat.Formulate, incumbent: Incumbent, budget: Budget
) -> None:
    """Offer any plan that CP-SAT finds without regard to the goal, where there is none yet."""
    anyhow = replace(instance, goal="makespan")
    if incumbent.best is not None or cpsat_takes(anyhow) is not None:
        return
    first = replace(formulate(anyhow, None), parameters="stop_after_first_solution:true")
    plan, proved = cpsat.solve_apart(first, budget)
    if plan is not None:
        incumbent.offer(plan, NAME)
    elif proved:
        incumbent.prove_infeasible(NAME, "CP-SAT proves that no plan keeps the deadlines")
