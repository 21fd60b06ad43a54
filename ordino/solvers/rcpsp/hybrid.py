"""The default for projects: genetic algorithm, CP-SAT and neighbourhoods in turns on each worker.

The genetic algorithm finds. CP-SAT proves, in two ways: alone without linear relaxations it closes
small projects; with more threads than cores its bounds of large ones are far better. Where the
genetic algorithm can't go, for maximal lags, CP-SAT finds as well, and neighbourhoods go on.
"""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace

from ordino.core.budget import Budget
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.heuristics.rcpsp.genetic import Island, islands, takes
from ordino.models.rcpsp.bounds import contradiction
from ordino.models.rcpsp.cpsat import takes as cpsat_takes
from ordino.models.rcpsp.problem import Project
from ordino.solvers import cpsat
from ordino.solvers.neighbourhoods import improve
from ordino.solvers.rcpsp.deadlines import keep_deadlines
from ordino.solvers.rcpsp.windows import restriction

__all__ = ["NAME", "accepts", "hybrid"]

NAME = "hybrid"
FIRST_SHARE, SHORT_FIRST, LONG_FIRST = 0.05, 0.3, 2.0
"""Of the time, and seconds at most, for the genetic algorithm before CP-SAT begins."""
SMALL = 100
"""Activities up to which CP-SAT alone often gets to a proof."""
LONG_PROOF_SHARE, PROOF_SHARE = 0.75, 0.2
"""Of the time, for CP-SAT: the first on one worker, where a proof is near or nothing else finds."""
POLL_SECONDS = 0.02
DEADLINE_SHARE = 0.3
LAST_SHARE = 0.15
"""For neighbourhoods of what the genetic algorithm found."""


def accepts(instance: Project) -> str | None:
    """Say why an instance is not for the hybrid, or return `None`."""
    return "its goal is levelling" if instance.goal == "levelling" else cpsat_takes(instance)


def hybrid(formulate: cpsat.Formulate, *, threads: int = 8, population: int = 100) -> Solver:
    """Return a solver that takes turns until its budget ends or the incumbent is closed.

    Args:
        formulate: Builds the CP-SAT model.
        threads: Of CP-SAT where it bounds, however many workers there are.
        population: See `genetic`.
    """
    prove = cpsat.solver(formulate, parameters="num_workers:1 linearization_level:0")
    bound = cpsat.solver(formulate, parameters=f"num_workers:{threads}")
    find = cpsat.solver(formulate)

    def solve(instance: Project, incumbent: Incumbent, budget: Budget) -> None:
        if (reason := contradiction(instance)) is not None:
            incumbent.prove_infeasible(NAME, reason)
            return
        total = budget.remaining()
        turn = budget.child(seconds=DEADLINE_SHARE * total)
        keep_deadlines(instance, formulate, incumbent, turn, NAME)
        small = instance.activities <= SMALL

        def over() -> bool:
            return budget.should_stop() or incumbent.closed

        def polish(number: int, workers: int) -> None:
            if incumbent.best is not None and not over():
                formulation = formulate(instance, incumbent.objective)
                rest = replace(budget.child(workers=workers), seed=budget.seed + number)
                improve(formulation, restriction(instance), incumbent, rest, source=NAME)

        if takes(instance) is not None:
            find(instance, incumbent, budget.child(seconds=LONG_PROOF_SHARE * total))
            if incumbent.best is None and not over():
                find(instance, incumbent, budget)
            polish(0, budget.workers)
            return

        def evolve(coming: Future[list[Island]], number: int, seconds: float) -> None:
            """Let an island live; while its kernels are compiled, wait a moment at most."""
            until = time.monotonic() + seconds
            while not (coming.done() or over()) and time.monotonic() < until:
                wait([coming], timeout=POLL_SECONDS)
            if coming.done() and not over() and coming.result():
                coming.result()[number].live(budget.child(seconds=until - time.monotonic()))

        def work(number: int, coming: Future[list[Island]]) -> None:
            evolve(coming, number, min(FIRST_SHARE * total, SHORT_FIRST if small else LONG_FIRST))
            proves = number % 2 == 0
            if not over():
                share = LONG_PROOF_SHARE if proves and small else PROOF_SHARE
                turn = budget.child(seconds=share * total, workers=1)
                (prove if proves else bound)(instance, incumbent, turn)
            if not over():
                evolve(coming, number, budget.remaining() - LAST_SHARE * total)
            if incumbent.best is None and not over():
                bound(instance, incumbent, budget.child(workers=1))
            polish(number, 1)

        with ThreadPoolExecutor(budget.workers + 1) as pool:
            coming = pool.submit(islands, instance, incumbent, budget, population)
            lanes = [pool.submit(work, number, coming) for number in range(budget.workers)]
            coming.result()
            for lane in lanes:
                lane.result()

    return solve
