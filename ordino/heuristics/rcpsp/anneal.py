"""Simulated annealing of activity lists and modes, always towards a makespan one less.

Very many plans are as long as the best. How near one is to a shorter plan, its total tardiness
tells, against the latest ends of all activities in a plan that is one time unit shorter: at 0, it
is that plan. Where activities have several modes, this comes further than evolution does.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from ordino.core.arrays import LARGEST, Integers
from ordino.core.budget import Budget
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.core.kernel import load
from ordino.core.pace import Pace
from ordino.heuristics.rcpsp import genetic, rules
from ordino.heuristics.rcpsp.modes import start_modes, without_impossible_modes
from ordino.heuristics.rcpsp.packing import pack
from ordino.models.rcpsp.bounds import latest_starts, tails_from_ends
from ordino.models.rcpsp.problem import Plan, Project

__all__ = ["NAME", "Chain", "anneal", "chains", "softened", "takes"]

NAME = "anneal"
KERNELS = "ordino.heuristics.rcpsp.anneal_kernels"
HOT, COLD = 0.2, 0.05
"""Temperatures at both ends of a cooling: total tardiness in mean durations of a mode."""
HOPELESS = 3.0
"""In the same unit, above what would be accepted: justification seldom makes good for more."""
MODE_SHARE = 60
"""Percentage of steps that change a mode."""
COOLINGS = 10
"""In the time there is."""


def takes(instance: Project) -> str | None:
    """Say why an instance is not for annealing, or return `None`."""
    if instance.goal != "makespan":
        return f"its goal is {instance.goal}"
    return genetic.takes(instance)


def anneal() -> Solver:
    """Return a solver that cools down again and again; a chain a worker.

    An iteration is a step, which takes three schedules or more. With one worker and a limit of
    iterations, nothing depends on time.
    """

    def solve(instance: Project, incumbent: Incumbent, budget: Budget) -> None:
        team = chains(instance, incumbent, budget)
        seconds = budget.remaining() / COOLINGS

        def work(chain: Chain) -> None:
            while not (budget.should_stop() or chain.finished):
                chain.cool(budget if budget.iterations else budget.child(seconds=seconds))

        if team:
            with ThreadPoolExecutor(len(team)) as threads:
                for each in [threads.submit(work, chain) for chain in team]:
                    each.result()

    return solve


def chains(instance: Project, incumbent: Incumbent, budget: Budget) -> list[Chain]:
    """Return a chain a worker; none if the budget ends before the kernels are compiled."""
    if incumbent.best is None and rules.takes(instance) is None:
        incumbent.offer(rules.lft(instance), NAME)
    kernels: Any = load(KERNELS, budget)
    if kernels is None:
        return []
    space = _Space(instance, kernels)
    return [Chain(space, incumbent, budget, number) for number in range(budget.workers)]


def softened(instance: Project, makespan: int) -> Project:
    """Return a project with due dates, all kept by plans of the makespan that keep all deadlines.

    They are the latest ends by time lags and deadlines.
    """
    return instance.softened(_latest_ends(instance, makespan, tails_from_ends(instance)))


def _latest_ends(instance: Project, makespan: int, tails: Integers) -> Integers:
    ends: Integers = np.minimum(instance.deadlines, makespan - tails)
    return ends


class _Space:
    """What the chains share: a project without modes that never fit, as the kernels see it."""

    def __init__(self, instance: Project, kernels: Any) -> None:
        self.instance, self.kernels = instance, kernels
        self.reduced, self.kept = without_impossible_modes(instance)
        self.tails = tails_from_ends(self.reduced)
        self.project = pack(softened(self.reduced, instance.horizon))
        self.choosers = np.flatnonzero(np.diff(self.reduced.mode_start) > 1)
        self.scale = max(1.0, float(self.reduced.duration.mean()))

    def due_dates(self, makespan: int) -> Integers:
        """Return the latest ends in a plan of the makespan; shape (activities,)."""
        return _latest_ends(self.reduced, makespan, self.tails)

    def modes_of(self, plan: Plan) -> Integers:
        """Return the modes of a plan as the kernels number them."""
        chosen = self.instance.mode_start[:-1] + plan.mode
        return np.searchsorted(self.kept, chosen).astype(np.int64)

    def plan(self, starts: Integers, modes: Integers) -> Plan:
        """Return the plan of some starts, and modes as the kernels number them."""
        return Plan(starts, self.kept[modes] - self.instance.mode_start[:-1])


class Chain:
    """A list with modes that changes step by step, for one thread.

    Args:
        space: What the chains share.
        incumbent: Where to offer plans.
        budget: For seed and iterations.
        number: Of the chain, for its random numbers.

    Attributes:
        limit: The makespan that it is to come down to.
    """

    def __init__(self, space: _Space, incumbent: Incumbent, budget: Budget, number: int) -> None:
        reduced, kernels = space.reduced, space.kernels
        n = reduced.activities
        self._space, self._kernels, self._incumbent = space, kernels, incumbent
        self._iterations = budget.iterations
        random = np.random.default_rng((budget.seed, number))
        self._state = random.integers(1, 2**63, 1, dtype=np.uint64)
        self._scratch = np.zeros((8, 2 * n + 8 + reduced.budget.size), np.int64)
        own = {kernels.DUE: space.project[kernels.DUE].copy()}
        self._project = tuple(own.get(each, array) for each, array in enumerate(space.project))
        self._free = space.project[kernels.INITIAL].copy()
        self._count = np.zeros(int(space.project[0][kernels.HORIZON]) + 3, np.int64)
        self._order: Integers = np.zeros(n, np.int64)
        self._energy = np.array([LARGEST])
        self._best: Integers = np.full(1 + 2 * n, LARGEST)
        self._pace, self._done = Pace(), 0
        self.limit = space.instance.horizon
        if incumbent.best is not None:
            self.start(incumbent.best)
        else:
            modes = start_modes(reduced)
            self._begin(latest_starts(reduced), reduced.mode_start[:-1] if modes is None else modes)

    @property
    def finished(self) -> bool:
        """Whether the incumbent is closed, or the iterations are used up."""
        used_up = self._iterations is not None and self._done >= self._iterations
        return self._incumbent.closed or used_up

    @property
    def nearest(self) -> Plan | None:
        """The plan of least tardiness since the last cooling began, against the limit of now."""
        n = self._order.size
        if self._best[0] == LARGEST:
            return None
        return self._space.plan(self._best[1 : 1 + n], self._best[1 + n :])

    def start(self, plan: Plan) -> None:
        """Go on from a plan."""
        self._begin(plan.start, self._space.modes_of(plan))

    def _begin(self, priority: Integers, modes: Integers) -> None:
        self._modes = modes.copy()
        self._energy[0] = LARGEST
        scratch = self._scratch[:, : self._order.size]
        self._kernels.sample(
            *(self._project, self._state, priority.copy(), 0, self._order, scratch[2], scratch[3])
        )

    def aim(self) -> None:
        """Set the limit to one less than the incumbent."""
        makespan = self._incumbent.objective
        assert makespan is None or isinstance(makespan, int)
        if makespan is not None and makespan <= self.limit:
            self.limit = makespan - 1
            self._project[self._kernels.DUE][:] = self._space.due_dates(self.limit)
            self._energy[0] = self._best[0] = LARGEST

    def cool(self, budget: Budget) -> None:
        """Cool down once over the budget, or over the iterations, and offer what is better."""
        seconds, hot = budget.remaining(), HOT * self._space.scale
        temperature = np.array([hot, 1.0])
        if self._iterations is not None:
            temperature[1] = (COLD / HOT) ** (1 / max(1, self._iterations - self._done))
        self._best[0] = LARGEST
        while not (budget.should_stop() or self.finished):
            self.aim()
            wanted = self._pace.steps
            if self._iterations is None:
                temperature[0] = hot * (COLD / HOT) ** (1 - budget.remaining() / seconds)
            else:
                wanted = min(wanted, self._iterations - self._done)
            self._pace.start()
            done = self._kernels.anneal(
                *(self._project, self._state, self._order, self._modes, self._space.choosers),
                *(self._energy, wanted, temperature, HOPELESS * self._space.scale, MODE_SHARE),
                *(self._scratch, self._free, self._count, self._best),
            )
            self._pace.stop(done)
            self._done += done
            if self._best[0] == 0:
                self._incumbent.offer(self.nearest, NAME)
        budget.out_of_iterations(self._done)
