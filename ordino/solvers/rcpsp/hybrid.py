"""The default for projects: genetic algorithm, proofs and neighbourhoods in turns on each worker.

The genetic algorithm finds; where activities have several modes, annealing and neighbourhoods that
come ever closer to a shorter plan find more. Destructive bounds come within a few percent of what
can be proved, in seconds; then CP-SAT proves, in two ways: alone without linear relaxations it
closes small projects; with more threads than cores its bounds of large ones are far better.

Where the genetic algorithm can't go, for maximal lags, shaving may show that there is no plan;
insertion finds a first one, and neighbourhoods go on from there, at first beside CP-SAT.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from functools import partial
from itertools import count

from ordino.core.budget import Budget
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.core.kernel import is_warm
from ordino.heuristics.rcpsp import anneal, insertion
from ordino.heuristics.rcpsp.genetic import Island, islands, takes
from ordino.models.rcpsp.bounds import contradiction
from ordino.models.rcpsp.cpsat import takes as cpsat_takes
from ordino.models.rcpsp.problem import Project
from ordino.solvers import cpsat
from ordino.solvers.neighbourhoods import improve
from ordino.solvers.rcpsp import destructive
from ordino.solvers.rcpsp.deadlines import keep_deadlines, less_late
from ordino.solvers.rcpsp.windows import restriction

__all__ = ["NAME", "accepts", "hybrid"]

NAME = "hybrid"
FIRST_SHARE, SHORT_FIRST, LONG_FIRST = 0.05, 0.3, 2.0
"""Of the time, and seconds at most, for the genetic algorithm before CP-SAT begins."""
SMALL = 100
"""Activities up to which CP-SAT alone often gets to a proof."""
LONG_PROOF_SHARE, PROOF_SHARE = 0.75, 0.2
"""Of the time, for CP-SAT: the first on one worker, where a proof is near or nothing else finds."""
FIND_SHARE = 0.4
"""The same where maximal lags keep the genetic algorithm out, unless it finds no plan."""
POLL_SECONDS = 0.02
BRIEF_SHARE = 0.15
"""For destructive bounds, at most."""
CONFLICT_SHARE = 0.4
"""The same where they may show that there is no plan, on a worker of their own."""
DEADLINE_SHARE = 0.3
LAST_SHARE = 0.15
"""For neighbourhoods of what the genetic algorithm found."""
COOLING_SHARE, NEAR_SHARE = 0.1, 0.08
"""Where activities have several modes: for one cooling, and for neighbourhoods of what it found."""
MOST_MODES = 5_000
"""For that; with more, a cooling comes to little, and each model takes a second to build."""
WAIT_SECONDS = 1.0
"""How long the genetic algorithm goes on before another look whether kernels are compiled."""


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

    def solve(instance: Project, incumbent: Incumbent, budget: Budget) -> None:
        if (reason := contradiction(instance)) is not None:
            incumbent.prove_infeasible(NAME, reason)
            return
        turns = _Turns(formulate, threads, instance, incumbent, budget)
        turn = budget.child(seconds=DEADLINE_SHARE * turns.total)
        keep_deadlines(instance, formulate, incumbent, turn, NAME)
        if takes(instance) is None:
            turns.evolve(population)
        else:
            turns.insert()

    return solve


class _Turns:
    """What the workers do in turns.

    Attributes:
        total: Seconds in all.
    """

    def __init__(
        self,
        formulate: cpsat.Formulate,
        threads: int,
        instance: Project,
        incumbent: Incumbent,
        budget: Budget,
    ) -> None:
        self._formulate, self._threads = formulate, threads
        self._instance, self._incumbent, self._budget = instance, incumbent, budget
        self._small = instance.activities <= SMALL
        self.total = budget.remaining()

    def _over(self) -> bool:
        return self._budget.should_stop() or self._incumbent.closed

    def _turn(self, share: float, workers: int = 1) -> Budget:
        return self._budget.child(seconds=share * self.total, workers=workers)

    def _cpsat(self, parameters: str, turn: Budget) -> None:
        if not self._over():
            solver = cpsat.solver(self._formulate, parameters=parameters)
            solver(self._instance, self._incumbent, turn)

    def _refute(self, turn: Budget) -> None:
        if destructive.takes(self._instance) is None and not self._over():
            destructive.destructive()(self._instance, self._incumbent, turn)

    def _polish(self, number: int, workers: int = 1) -> None:
        """Search neighbourhoods to the end."""
        if self._incumbent.best is not None and not self._over():
            formulation = self._formulate(self._instance, self._incumbent.objective)
            rest = replace(self._budget.child(workers=workers), seed=self._budget.seed + number)
            improve(formulation, restriction(self._instance), self._incumbent, rest, source=NAME)

    def insert(self) -> None:
        """Solve a project that the genetic algorithm doesn't take."""
        workers = self._budget.workers

        def found() -> bool:
            return self._incumbent.best is not None

        def find(share: float) -> None:
            self._cpsat("", self._turn(share, max(1, workers - 1)))
            if not found():
                self._cpsat("", self._budget)

        def generate(share: float) -> None:
            if insertion.takes(self._instance) is None and not self._over():
                turn = self._turn(share).until(found)
                insertion.generate(self._instance, self._incumbent, turn)

        if workers == 1:
            self._refute(self._turn(BRIEF_SHARE))
            generate(BRIEF_SHARE)
            find(LONG_PROOF_SHARE - 2 * BRIEF_SHARE)
            self._polish(0)
            return

        def other() -> None:
            brief = self._turn(BRIEF_SHARE)
            self._refute(self._turn(CONFLICT_SHARE).until(lambda: found() and brief.should_stop()))
            generate(1.0)
            self._polish(0)

        def first() -> None:
            find(FIND_SHARE)
            self._polish(1, workers - 1)

        _side_by_side([first, other])

    def evolve(self, population: int) -> None:
        """Solve a project that the genetic algorithm takes."""
        warm = is_warm(destructive.KERNELS)
        workers = self._budget.workers
        arguments = self._instance, self._incumbent, self._budget, population
        with ThreadPoolExecutor(1) as pool:
            coming = pool.submit(islands, *arguments)
            annealing = None
            if self._anneals():
                annealing = pool.submit(anneal.chains, *arguments[:3])
            lanes = [
                partial(self._lane, number, coming, annealing, warm) for number in range(workers)
            ]
            if not warm:  # nobody shall wait for its compiler
                lanes.append(partial(self._refute, self._turn(BRIEF_SHARE)))
            _side_by_side([coming.result, *lanes])

    def _lane(
        self,
        number: int,
        coming: Future[list[Island]],
        annealing: Future[list[anneal.Chain]] | None,
        refutes: bool,
    ) -> None:
        first = min(FIRST_SHARE * self.total, SHORT_FIRST if self._small else LONG_FIRST)
        self._live(number, coming, first)
        if number == 0 and refutes:
            self._refute(self._turn(BRIEF_SHARE))
        if number == 0 and self._small:
            self._cpsat("num_workers:1 linearization_level:0", self._turn(LONG_PROOF_SHARE))
        elif number == min(1, self._budget.workers - 1):
            self._cpsat(f"num_workers:{self._threads}", self._turn(PROOF_SHARE))
        if annealing is not None:
            self._approach(number, coming, annealing)
        if not self._over():
            self._live(number, coming, self._budget.remaining() - LAST_SHARE * self.total)
        if self._incumbent.best is None:
            self._cpsat(f"num_workers:{self._threads}", self._budget.child(workers=1))
        self._polish(number)

    def _anneals(self) -> bool:
        """Tell whether there are modes to choose, not too many, and the makespan is the goal."""
        few = self._instance.duration.size <= MOST_MODES
        return few and not self._instance.single_mode and anneal.takes(self._instance) is None

    def _approach(
        self, number: int, coming: Future[list[Island]], annealing: Future[list[anneal.Chain]]
    ) -> None:
        """Come close to a shorter plan by annealing, closer by neighbourhoods, and again.

        To the end, unless there is no plan after the first cooling.
        """
        while not (annealing.done() or self._over()):
            wait([annealing], timeout=POLL_SECONDS)
            self._live(number, coming, WAIT_SECONDS)
        if self._over() or not annealing.result():
            return
        chain = annealing.result()[number]
        for turn in count(number, self._budget.workers):
            chain.cool(self._turn(COOLING_SHARE))
            if self._over() or chain.finished or self._incumbent.best is None:
                return
            self._close_in(chain, turn)

    def _close_in(self, chain: anneal.Chain, turn: int) -> None:
        """Search neighbourhoods of what a chain came closest with, as long as that is news."""
        incumbent, budget = self._incumbent, self._turn(NEAR_SHARE)
        version = incumbent.version
        chain.aim()
        if chain.nearest is None:
            return
        plan, late = less_late(
            anneal.softened(self._instance, chain.limit),
            [chain.nearest],
            self._formulate,
            replace(budget, seed=budget.seed + turn).until(
                lambda: incumbent.changed_since(version)
            ),
            NAME,
        )
        chain.start(plan)
        if not late:
            incumbent.offer(plan, NAME)

    def _live(self, number: int, coming: Future[list[Island]], seconds: float) -> None:
        """Let an island live; while its kernels are compiled, wait a moment at most."""
        until = time.monotonic() + seconds
        while not (coming.done() or self._over()) and time.monotonic() < until:
            wait([coming], timeout=POLL_SECONDS)
        if coming.done() and not self._over() and coming.result():
            island = coming.result()[number]
            island.live(self._budget.child(seconds=until - time.monotonic()))


def _side_by_side(tasks: list[Callable[[], object]]) -> None:
    """Run tasks, a thread each; raises what the first of them raises."""
    with ThreadPoolExecutor(len(tasks)) as pool:
        for done in [pool.submit(task) for task in tasks]:
            done.result()
