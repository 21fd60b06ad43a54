"""Runs any CP-SAT formulation as an anytime solver.

The engine owns time, workers, seed, callbacks and bounds. Bounds come from the best-bound callback,
because the response of a search that found nothing reports a bound of 0.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from ordino.core.budget import Budget
from ordino.core.errors import SolverError, UsageError, clip
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.core.objective import Value
from ordino.core.status import StopReason
from ordino.models.formulation import CpsatFormulation

__all__ = ["NAME", "Formulate", "configured", "run", "solve_apart", "solver"]

NAME = "cpsat"
POLL_SECONDS = 0.02
RESTART_SECONDS = 1.0
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
        configured(Budget.of(0.0), parameters)

    def solve(instance: Any, incumbent: Incumbent, budget: Budget) -> None:
        run = _Run(incumbent, budget, parameters)
        while run.begin(formulate(instance, incumbent.objective)):
            pass

    return solve


class _Run:
    """A search, begun anew when others have found better solutions or the workers have changed.

    To begin anew costs what was learned, so each time it takes twice as long to come to that.
    """

    def __init__(self, incumbent: Incumbent, budget: Budget, parameters: str) -> None:
        self.incumbent, self.budget, self.parameters = incumbent, budget, parameters
        self.proved: tuple[int | float, ...] = ()
        self.conflicts = 0
        self.patience = RESTART_SECONDS

    def begin(self, formulation: CpsatFormulation) -> bool:
        """Minimise level by level; returns whether to begin anew."""
        if formulation.contradiction is not None:
            self.incumbent.prove_infeasible(NAME, formulation.contradiction)
            return False
        if formulation.note and not self.conflicts:
            self.incumbent.note(NAME, formulation.note)
        model = formulation.model
        for level, expression in enumerate(formulation.levels):
            if level == len(self.proved):
                if self.budget.should_stop():
                    return False
                value, anew = self.minimise(formulation, level)
                if value is None:
                    return anew
                self.proved = (*self.proved, value)
            model.add(expression == self.proved[level])
        return False

    def minimise(self, formulation: CpsatFormulation, level: int) -> tuple[int | None, bool]:
        """Minimise one level.

        Returns:
            Its value if that is proved to be the least, and whether to begin anew.
        """
        from ortools.sat.python import cp_model

        incumbent, budget, proved = self.incumbent, self.budget, self.proved
        model = formulation.model
        model.minimize(formulation.levels[level])
        model.clear_hints()
        if incumbent.best is not None:
            for variable, value in formulation.hint(incumbent.best):
                model.add_hint(variable, value)
        engine = configured(budget, f"{formulation.parameters} {self.parameters}")
        if budget.iterations is not None:
            engine.parameters.max_number_of_conflicts = budget.iterations - self.conflicts

        def bound_found(bound: float) -> None:
            bound *= formulation.unit
            incumbent.raise_bound((*proved, bound) if len(formulation.levels) > 1 else bound, NAME)

        def solution_found(values: Sequence[int], value: Callable[[Any], int]) -> None:
            claimed = tuple(value(each) * formulation.unit for each in formulation.levels)
            solution = formulation.read(values)
            if solution is not None:
                incumbent.offer(solution, NAME, claimed if len(claimed) > 1 else claimed[0])

        anew = threading.Event()
        workers, version, began = budget.workers_now(), incumbent.version, time.monotonic()

        def outdated() -> bool:
            late = time.monotonic() - began > self.patience
            overtaken = late and incumbent.changed_since(version) and incumbent.found_by != NAME
            if overtaken or budget.workers_now() != workers:
                anew.set()
            return anew.is_set()

        status = run(engine, model, budget, solution_found, bound_found, outdated)
        self.conflicts += engine.num_conflicts
        self.patience *= 2

        if status == cp_model.INFEASIBLE:
            incumbent.prove_infeasible(NAME, "CP-SAT proves that the model has no solution")
            return None, False
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            bound_found(engine.best_objective_bound)
            least: int = engine.value(formulation.levels[level])
            if (
                engine.best_objective_bound > least - 1
            ):  # "optimal" may mean: within a gap asked for
                return least, False
        if anew.is_set() and not budget.should_stop():
            return None, True
        timed_out = engine.wall_time >= engine.parameters.max_time_in_seconds - LIMIT_SLACK
        if not budget.out_of_iterations(self.conflicts) and timed_out:
            budget.stop.note(StopReason.TIME_LIMIT)
        return None, False


def run(
    engine: Any,
    model: Any,
    budget: Budget,
    solution_found: Callable[[Sequence[int], Callable[[Any], int]], None],
    bound_found: Callable[[float], None] | None = None,
    outdated: Callable[[], bool] = lambda: False,
) -> Any:
    """Let an engine solve a model until its own limits, or until it is told to stop.

    Args:
        engine: The `CpSolver`.
        model: The `CpModel`.
        budget: Its stop and deadline end the search.
        solution_found: Called with the values of all variables, and a function that evaluates
            expressions.
        bound_found: Called with each better bound.
        outdated: Asked now and then whether to stop.

    Returns:
        The status.

    Raises:
        SolverError: CP-SAT refuses the model.
    """
    from ortools.sat.python import cp_model

    errors: list[Exception] = []

    class SolutionFound(cp_model.CpSolverSolutionCallback):  # type: ignore[misc]
        def on_solution_callback(self) -> None:
            try:
                solution_found(list(self.response_proto.solution), self.value)
            except Exception as error:  # raised below: nothing may pass through C++
                errors.append(error)
                self.stop_search()

    if bound_found is not None:
        engine.best_bound_callback = bound_found
    finished = threading.Event()

    def watch() -> None:
        while not finished.wait(POLL_SECONDS):
            if budget.should_stop() or outdated():
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
    return status


def solve_apart(formulation: CpsatFormulation, budget: Budget) -> tuple[Any, bool]:
    """Minimise the first level of a formulation that is a part of a larger method.

    Returns:
        The best solution, `None` if there is none in time; and whether that is proved.
    """
    from ortools.sat.python import cp_model

    model = formulation.model
    model.minimize(formulation.levels[0])
    engine = configured(budget, formulation.parameters)
    status = run(engine, model, budget, lambda values, value: None)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None, bool(status == cp_model.INFEASIBLE)
    values = list(engine.response_proto.solution)
    return formulation.read(values), bool(status == cp_model.OPTIMAL)


def configured(budget: Budget, parameters: str) -> Any:
    """Return a `CpSolver` for a budget; raises `UsageError` for parameters that there are not."""
    from ortools.sat.python import cp_model

    engine = cp_model.CpSolver()
    engine.parameters.num_workers = max(1, budget.workers_now())
    engine.parameters.random_seed = budget.seed % 2**31
    engine.parameters.max_time_in_seconds = budget.remaining()
    engine.parameters.catch_sigint_signal = False  # else Ctrl-C in another thread aborts
    if not engine.parameters.merge_text_format(parameters):
        raise UsageError(f"solver cpsat: {clip(parameters.strip())!r} are no CP-SAT parameters")
    return engine
