"""Runs any MILP formulation as a solver: on HiGHS in this process, or on CBC in its own.

PuLP describes the model. HiGHS is driven through its callbacks, since PuLP's own status calls a
time-limited incumbent optimal and its HiGHS class ignores starts. CBC tells its solutions only at
the end.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from ordino.core.budget import Budget
from ordino.core.errors import SolverError, UsageError
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.core.objective import Number, Value
from ordino.core.status import StopReason
from ordino.models.formulation import MilpFormulation

__all__ = ["HIGHS", "NAME", "Formulate", "cbc_path", "solver"]

NAME = "milp"
POLL_SECONDS = 0.02
CBC_LEAVE_SECONDS = 0.3
"""What CBC gets to write its answer."""

INTEGRAL_GAP = 0.999
"""Absolute gap at which an integral objective is proved."""

Formulate = Callable[[Any, Value | None], MilpFormulation]
RaiseBound = Callable[[float, str], bool]
"""States a bound of the level that is being minimised, and by whom."""

HIGHS = threading.Lock()
"""HiGHS has one scheduler a process, with one number of threads: one solve at a time."""


def solver(formulate: Formulate, *, engine: Literal["highs", "cbc"] = "highs") -> Solver:
    """Return a solver that runs a formulation on HiGHS or CBC.

    Lexicographic objectives are solved level by level; a level that is cut off, or whose best value
    no checked solution has, ends the run. An iteration is a node of the branch-and-bound tree of a
    level.

    Args:
        formulate: Function from an instance and an upper bound (or `None`) to a formulation; with
            an upper bound, solutions worse than it may be left out of the model.
        engine: `highs`, or `cbc` where that is installed.

    Raises:
        UsageError: CBC is not installed.
    """
    if engine == "cbc" and cbc_path() is None:
        raise UsageError("solver milp: no CBC is installed, use milp.engine=highs")
    run = _run_highs if engine == "highs" else _run_cbc

    def solve(instance: Any, incumbent: Incumbent, budget: Budget) -> None:
        formulation = formulate(instance, incumbent.objective)
        if formulation.contradiction is not None:
            incumbent.prove_infeasible(NAME, formulation.contradiction)
            return
        if not formulation.levels:
            if not budget.should_stop():
                run(formulation, incumbent, budget, incumbent.raise_bound)
            return
        proved: tuple[Number, ...] = ()
        for level in formulation.levels:
            if budget.should_stop():
                return
            formulation.problem.setObjective(level)

            def raise_bound(bound: float, source: str, proved: tuple[Number, ...] = proved) -> bool:
                return incumbent.raise_bound((*proved, bound), source)

            run(formulation, incumbent, budget, raise_bound)
            value, bound = incumbent.objective, incumbent.bound
            assert isinstance(value, tuple | None)
            assert isinstance(bound, tuple | None)
            proved = () if value is None else value[: len(proved) + 1]
            if bound is None or not proved or bound[: len(proved)] != proved:
                return
            formulation.problem.addConstraint(level <= proved[-1])

    return solve


def _run_highs(
    formulation: MilpFormulation, incumbent: Incumbent, budget: Budget, raise_bound: RaiseBound
) -> None:
    while not HIGHS.acquire(timeout=POLL_SECONDS):
        if budget.should_stop():
            return
    try:
        _solve_highs(formulation, incumbent, budget, raise_bound)
    finally:
        HIGHS.release()


def _solve_highs(
    formulation: MilpFormulation, incumbent: Incumbent, budget: Budget, raise_bound: RaiseBound
) -> None:
    import highspy
    import pulp

    problem = formulation.problem
    integral = incumbent.levels.levels[0].integral
    highspy.Highs.resetGlobalScheduler(True)
    builder = pulp.HiGHS(
        msg=False,
        threads=budget.workers,
        random_seed=budget.seed % 2**31,
        time_limit=budget.remaining(),
        mip_rel_gap=0.0,
        mip_abs_gap=INTEGRAL_GAP if integral else 1e-6,
        **({} if budget.iterations is None else {"mip_max_nodes": budget.iterations}),
        **formulation.options,
    )
    builder.createAndConfigureSolver(problem)
    builder.buildSolverModel(problem)
    highs = problem.solverModel
    highs.changeObjectiveOffset(problem.objective.constant)  # PuLP leaves it out
    if incumbent.best is not None:
        values = formulation.start(incumbent.best)
        start = highspy.HighsSolution()
        start.col_value = [values[variable.name] for variable in problem.variables()]
        start.value_valid = True
        highs.setSolution(start)

    errors: list[Exception] = []

    def offer(values: Any) -> None:
        solution = formulation.read(lambda variable: float(values[variable.index]))
        if solution is not None:
            incumbent.offer(solution, NAME)

    def improved(event: Any) -> None:
        try:
            offer(event.data_out.mip_solution)
        except Exception as error:  # raised below: nothing may pass through C++
            errors.append(error)

    def asked(event: Any) -> None:
        if math.isfinite(event.data_out.mip_dual_bound):
            raise_bound(event.data_out.mip_dual_bound, NAME)
        if errors or budget.should_stop():
            event.interrupt()

    def asked_within(event: Any) -> None:
        if errors or budget.should_stop():
            event.interrupt()

    highs.cbMipImprovingSolution += improved
    highs.cbMipInterrupt += asked
    highs.cbSimplexInterrupt += asked_within
    highs.cbIpmInterrupt += asked_within
    highs.run()
    if errors:
        raise errors[0]

    status = highs.getModelStatus()
    info = highs.getInfo()
    if status == highspy.HighsModelStatus.kInfeasible:
        incumbent.prove_infeasible(NAME, "HiGHS proves that the model has no solution")
    elif status == highspy.HighsModelStatus.kSolutionLimit:
        budget.out_of_iterations(info.mip_node_count)
    elif status == highspy.HighsModelStatus.kTimeLimit:
        budget.stop.note(StopReason.TIME_LIMIT)
    if status == highspy.HighsModelStatus.kModelEmpty:  # no column
        offer(())
        raise_bound(problem.objective.constant, NAME)
    if info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible:
        offer(highs.getSolution().col_value)
    if math.isfinite(info.mip_dual_bound):
        raise_bound(info.mip_dual_bound, NAME)


def cbc_path() -> str | None:
    """Return the path of a CBC program, of the search path or the one in PuLP, or `None`."""
    from pulp.apis import coin_api

    for candidate in (shutil.which("cbc"), coin_api.pulp_cbc_path):
        if candidate is not None and os.access(candidate, os.X_OK):
            return str(candidate)
    return None


def _run_cbc(
    formulation: MilpFormulation, incumbent: Incumbent, budget: Budget, raise_bound: RaiseBound
) -> None:
    with tempfile.TemporaryDirectory(prefix="ordino-cbc-") as folder:
        _solve_cbc(str(cbc_path()), Path(folder), formulation, incumbent, budget, raise_bound)


def _solve_cbc(
    program: str,
    folder: Path,
    formulation: MilpFormulation,
    incumbent: Incumbent,
    budget: Budget,
    raise_bound: RaiseBound,
) -> None:
    problem = formulation.problem
    model, start, answer = folder / "model.mps", folder / "start.mst", folder / "answer.sol"
    variables, short_names, _, _ = problem.writeMPS(str(model), rename=True)
    command = [program, str(model)]
    if incumbent.best is not None:
        values = formulation.start(incumbent.best)
        lines = [
            f"{i} {short_names[v.name]} {values.get(v.name, 0)}"  # PuLP adds a dummy if none counts
            for i, v in enumerate(variables)
        ]
        start.write_text("\n".join(["Start", *lines, ""]))
        command += ["-mips", str(start)]
    seconds = max(CBC_LEAVE_SECONDS, budget.remaining() - CBC_LEAVE_SECONDS)
    command += ["-sec", f"{seconds:.2f}", "-timeMode", "elapsed"]
    command += ["-threads", str(budget.workers), "-randomCbcSeed", str(budget.seed % 2**31 + 1)]
    command += ["-ratio", "0", "-allow", str(INTEGRAL_GAP)]
    if budget.iterations is not None:
        command += ["-maxNodes", str(budget.iterations)]
    command += ["-branch", "-printingOptions", "all", "-solution", str(answer)]
    with (folder / "log.txt").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        ended = False
        while process.poll() is None:
            if budget.wait(POLL_SECONDS):
                _end_cbc(process)
                ended = True
    text = (folder / "log.txt").read_text()
    if process.returncode != 0 and not (ended and process.returncode < 0):
        raise SolverError(f"CBC ended with exit code {process.returncode}")
    _take_cbc_answer(answer, text, short_names, formulation, incumbent, budget, raise_bound)


def _end_cbc(process: subprocess.Popen[bytes]) -> None:
    """Interrupt CBC, which makes it write what it has, and end it if that takes too long.

    Until CBC has set up how it takes an interrupt, the interrupt ends it at once.
    """
    process.send_signal(signal.SIGINT)
    try:
        process.wait(CBC_LEAVE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _take_cbc_answer(
    answer: Path,
    log: str,
    short_names: dict[str, str],
    formulation: MilpFormulation,
    incumbent: Incumbent,
    budget: Budget,
    raise_bound: RaiseBound,
) -> None:
    """Offer CBC's solution and raise its bound, as far as it came to tell them."""
    constant = formulation.problem.objective.constant  # PuLP leaves it out
    lines = answer.read_text().splitlines() if answer.exists() else []
    outcome = lines[0].lower() if lines else ""
    if "on time" in outcome:
        budget.stop.note(StopReason.TIME_LIMIT)
    elif "on nodes" in outcome or "on iterations" in outcome:
        budget.stop.note(StopReason.ITERATION_LIMIT)
    if outcome.startswith("infeasible"):
        incumbent.prove_infeasible(NAME, "CBC proves that the model has no solution")
        return
    if lines and "no integer solution" not in outcome and "infeasible" not in outcome:
        values = {fields[-3]: float(fields[-2]) for line in lines[1:] if (fields := line.split())}
        solution = formulation.read(lambda v: values.get(short_names[v.name], 0.0))
        if solution is not None:
            incumbent.offer(solution, NAME)
    if outcome.startswith("optimal"):
        found = re.search(r"objective value\s+(\S+)", outcome)
        if found:
            raise_bound(constant + float(found[1]) - INTEGRAL_GAP, NAME)
    elif found := re.search(r"Lower bound:\s+(\S+)", log):
        raise_bound(constant + float(found[1]), NAME)
