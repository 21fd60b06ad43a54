"""Runs any CP-SAT formulation as an anytime solver.

The engine owns time, workers, seed, callbacks and bounds. Bounds come from the best-bound callback,
because the response of a search that found nothing reports a bound of 0.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from ordino.core.budget import Budget
from ordino.core.errors import SolverError, UsageError, clip
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.core.objective import Value
from ordino.core.status import StopReason
from ordino.models.formulation import CpsatFormulation

__all__ = ["NAME", "Formulate", "solver"]

NAME = "cpsat"
POLL_SECONDS = 0.02
LIMIT_SLACK = 0.1
"""Seconds before its limit from which on an end of CP-SAT counts as caused by it."""

Formulate = Callable[[Any, Value | None], CpsatFormulation]


def solver(formulate: Formulate, *, parameters: str = "") -> Solver:
    """Return a solver that runs a formulation on CP-SAT.

    Lexicographic objectives are solved level by level; a level that is cut off ends the run and
    keeps the incumbent. An iteration is a conflict.

    Args:
        formulate: Function from an instance and an upper bound (or `None`) to a formulation; with
            an upper bound, solutions worse than it may be left out of the model.
        parameters: CP-SAT parameters in text form, `linearization_level:2 cp_model_presolve:false`;
            they come on top of those of the formulation.

    Raises:
        UsageError: There are no such parameters.
    """
    if parameters:
        _configured(Budget.of(0.0), parameters)

    def solve(instance: Any, incumbent: Incumbent, budget: Budget) -> None:
        formulation = formulate(instance, incumbent.objective)
        if formulation.note:
            incumbent.note(NAME, formulation.note)
        proved: tuple[int | float, ...] = ()
        for level in range(len(formulation.levels)):
            if budget.should_stop():
                return
            engine = _configured(budget, f"{formulation.parameters} {parameters}")
            value = _solve_level(engine, formulation, level, proved, incumbent, budget)
            if value is None:
                return
            proved = (*proved, value)
            formulation.model.add(formulation.levels[level] == value)

    return solve


def _solve_level(
    engine: Any,
    formulation: CpsatFormulation,
    level: int,
    proved: tuple[int | float, ...],
    incumbent: Incumbent,
    budget: Budget,
) -> int | None:
    """Minimise one level; return its value if that is proved to be the least."""
    from ortools.sat.python import cp_model

    model = formulation.model
    model.minimize(formulation.levels[level])
    model.clear_hints()
    if incumbent.best is not None:
        for variable, value in formulation.hint(incumbent.best):
            model.add_hint(variable, value)

    errors: list[Exception] = []

    def bound_found(bound: float) -> None:
        bound *= formulation.unit
        incumbent.raise_bound((*proved, bound) if len(formulation.levels) > 1 else bound, NAME)

    class SolutionFound(cp_model.CpSolverSolutionCallback):  # type: ignore[misc]
        def on_solution_callback(self) -> None:
            claimed = tuple(self.value(each) * formulation.unit for each in formulation.levels)
            try:
                solution = formulation.read(list(self.response_proto.solution))
                if solution is not None:
                    incumbent.offer(solution, NAME, claimed if len(claimed) > 1 else claimed[0])
            except Exception as error:  # raised below: nothing may pass through C++
                errors.append(error)
                self.stop_search()

    engine.best_bound_callback = bound_found
    finished = threading.Event()

    def watch() -> None:
        while not finished.wait(POLL_SECONDS):
            if budget.should_stop():
                engine.stop_search()

    watcher = threading.Thread(target=watch, name="cpsat-watch", daemon=True)
    watcher.start()
    try:
        status = engine.solve(model, SolutionFound())
    finally:
        finished.set()
        watcher.join()
    if errors:
        raise errors[0]

    if status == cp_model.MODEL_INVALID:
        raise SolverError(f"CP-SAT refuses the model: {clip(model.validate(), 300)}")
    if status == cp_model.INFEASIBLE:
        incumbent.prove_infeasible(NAME, "CP-SAT proves that the model has no solution")
        return None
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        _note_limit(engine, budget)
        return None
    bound_found(engine.best_objective_bound)
    least: int = engine.value(formulation.levels[level])
    if engine.best_objective_bound <= least - 1:  # "optimal" may mean: within a gap asked for
        _note_limit(engine, budget)
        return None
    return least


def _note_limit(engine: Any, budget: Budget) -> None:
    """Note the limit at which CP-SAT ended, if it was one."""
    timed_out = engine.wall_time >= engine.parameters.max_time_in_seconds - LIMIT_SLACK
    if not budget.out_of_iterations(engine.num_conflicts) and timed_out:
        budget.stop.note(StopReason.TIME_LIMIT)


def _configured(budget: Budget, parameters: str) -> Any:
    """Return a `CpSolver` for a budget; raises `UsageError` for parameters that there are not."""
    from ortools.sat.python import cp_model

    engine = cp_model.CpSolver()
    engine.parameters.num_workers = budget.workers
    engine.parameters.random_seed = budget.seed % 2**31
    engine.parameters.max_time_in_seconds = budget.remaining()
    engine.parameters.catch_sigint_signal = False  # else Ctrl-C in another thread aborts
    if budget.iterations is not None:
        engine.parameters.max_number_of_conflicts = budget.iterations
    if not engine.parameters.merge_text_format(parameters):
        raise UsageError(f"solver cpsat: {clip(parameters.strip())!r} are no CP-SAT parameters")
    return engine
