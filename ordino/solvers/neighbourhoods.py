"""Large neighbourhood search with CP-SAT: keep part of the incumbent, solve for the rest, again.

Knows no family: what is kept, a function of the family says by adding constraints to a copy of the
model. How much is left free adapts: more after a neighbourhood that was searched through, less
after one that took all of its time (Shaw 1998).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from ordino.core.budget import Budget
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.models.formulation import CpsatFormulation
from ordino.solvers import cpsat

__all__ = ["NAME", "Restrict", "improve", "relay", "windows"]

NAME = "windows"

LEAST_TURN_SECONDS = 0.05
BRIEF_SHARE = 0.03
"""Of the time, for CP-SAT on the whole before all else."""
POLL_SECONDS = 0.05
WIDER, NARROWER = 1.1, 0.85
TOLERANCE = 1e-6

Restrict = Callable[[Any, Any, np.random.Generator, float], None]
"""Adds to a model what is kept of a solution, where a share (0 to 1) of it is to be left free."""


def windows(
    formulate: cpsat.Formulate,
    restriction: Callable[[Any], Restrict],
    *,
    share: float = 0.3,
    seconds: float = 1.0,
) -> Solver:
    """Return a solver that searches neighbourhoods of the incumbent, or of what CP-SAT finds first.

    An iteration is a neighbourhood.

    Args:
        formulate: Builds the CP-SAT model.
        restriction: Makes what says what is kept, for an instance.
        share: Of a solution that is left free at first.
        seconds: The most for a neighbourhood.
    """
    find = cpsat.solver(formulate, parameters="stop_after_first_solution:true")

    def solve(instance: Any, incumbent: Incumbent, budget: Budget) -> None:
        if incumbent.best is None and not budget.should_stop():
            find(instance, incumbent, budget)
        if incumbent.best is not None and not budget.should_stop():
            formulation = formulate(instance, incumbent.objective)
            restrict = restriction(instance)
            improve(
                formulation,
                restrict,
                incumbent,
                budget,
                source=NAME,
                share=share,
                seconds=seconds,
            )

    return solve


def relay(
    first: Solver,
    formulate: cpsat.Formulate,
    restriction: Callable[[Any], Restrict],
    *,
    source: str,
    first_share: float,
    whole_share: Callable[[Any], float],
    share: float,
    seconds: float,
) -> Solver:
    """Return a solver that lets another one begin, then CP-SAT on the whole, then neighbourhoods.

    Where CP-SAT is to see the whole at all, it has a brief try before all else.

    An iteration is one of the first solver, then a conflict, then a neighbourhood.

    Args:
        first: Finds a solution.
        formulate: Builds the CP-SAT model.
        restriction: Makes what says what is kept, for an instance.
        source: The solver's name.
        first_share: Of the time, for the first.
        whole_share: Of the time that is then left, for the whole of an instance.
        share: Of a solution that is left free at first.
        seconds: The most for a neighbourhood.
    """
    whole = cpsat.solver(formulate)

    def solve(instance: Any, incumbent: Incumbent, budget: Budget) -> None:
        last = whole_share(instance)
        brief = BRIEF_SHARE if last else 0.0
        for part, method in ((brief, whole), (first_share, first), (last, whole)):
            if part and not (budget.should_stop() or incumbent.closed):
                method(instance, incumbent, budget.child(seconds=part * budget.remaining()))
        if incumbent.best is not None and not (budget.should_stop() or incumbent.closed):
            improve(
                formulate(instance, incumbent.objective),
                restriction(instance),
                incumbent,
                budget,
                source=source,
                share=share,
                seconds=seconds,
            )

    return solve


def improve(
    formulation: CpsatFormulation,
    restrict: Restrict,
    incumbent: Incumbent,
    budget: Budget,
    *,
    source: str,
    share: float = 0.3,
    seconds: float = 1.0,
) -> None:
    """Search neighbourhoods of the incumbent until the budget ends; a thread a worker.

    An iteration is a neighbourhood. Ends at once where there is no incumbent.

    Args:
        formulation: Of an objective with one level; its model is not changed.
        restrict: Says what is kept.
        incumbent: Where to start from, and to offer to.
        budget: Time, iterations, workers, seed.
        source: The solver's name.
        share: Of a solution that is left free at first.
        seconds: The most for a neighbourhood.
    """
    if incumbent.best is None:
        return
    turns = None if budget.iterations is None else -(-budget.iterations // budget.workers)

    def work(number: int) -> None:
        random = np.random.default_rng((budget.seed, number))
        free, done = share, 0
        while not (budget.should_stop() or incumbent.closed or done == turns):
            done += 1
            free = _turn(formulation, restrict, incumbent, budget, source, random, free, seconds)

    with ThreadPoolExecutor(budget.workers) as threads:
        for each in [threads.submit(work, number) for number in range(budget.workers)]:
            each.result()
    budget.out_of_iterations(0 if turns is None else budget.iterations or 0)


def _turn(
    formulation: CpsatFormulation,
    restrict: Restrict,
    incumbent: Incumbent,
    budget: Budget,
    source: str,
    random: np.random.Generator,
    free: float,
    seconds: float,
) -> float:
    """Search one neighbourhood; return the share to leave free in the next."""
    from ortools.sat.python import cp_model

    solution, objective = incumbent.best, incumbent.objective
    assert isinstance(objective, (int, float))
    model = formulation.model.clone()
    (level,) = formulation.levels
    whole = len(model.proto.constraints)
    restrict(model, solution, random, free)
    exact = len(model.proto.constraints) == whole and formulation.unit == 1 and not formulation.note
    model.add(level <= math.ceil(objective / formulation.unit - TOLERANCE) - 1)
    model.minimize(level)
    model.clear_hints()
    for variable, value in formulation.hint(solution):
        model.add_hint(variable, value)
    engine = cp_model.CpSolver()
    engine.parameters.merge_text_format(formulation.parameters)
    engine.parameters.num_workers = 1
    engine.parameters.random_seed = int(random.integers(2**31))
    engine.parameters.catch_sigint_signal = False
    if budget.iterations is None:
        limit = max(LEAST_TURN_SECONDS, min(seconds, budget.remaining()))
        engine.parameters.max_time_in_seconds = limit
    else:
        engine.parameters.max_deterministic_time = seconds
        engine.parameters.max_time_in_seconds = budget.remaining()
    status = cpsat.run(engine, model, budget, lambda values, value: None)
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        better = formulation.read(list(engine.response_proto.solution))
        if better is not None:
            incumbent.offer(better, source, engine.value(level) * formulation.unit)
    if status == cp_model.UNKNOWN:
        return max(0.02, free * NARROWER)
    if status == cp_model.INFEASIBLE and exact:
        incumbent.raise_bound(objective, source)  # nothing was kept: there is nothing better
    return min(1.0, free * WIDER)
