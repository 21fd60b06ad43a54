"""Tabu search on task graphs, kicked on from good schedules where it is stuck.

Each worker searches for itself. A search that has made a number of moves in vain starts again from
one of the best schedules of all workers, a few tasks of which are moved at random (iterated local
search; Lourenço, Martin, Stützle 2003). The neighbourhood and its source are in `tabu_kernels`.

What a deadline is missed by counts as if the makespan that is looked for were missed by it, so that
a search may pass through schedules that miss some, and may start from one.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from ordino.core.arrays import Integers
from ordino.core.budget import Budget
from ordino.core.errors import UsageError
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.core.kernel import load
from ordino.heuristics.taskgraph.arrays import Arrays
from ordino.heuristics.taskgraph.rules import first_schedule
from ordino.heuristics.taskgraph.tabu_search import TabuSearch
from ordino.heuristics.team import Team
from ordino.models.taskgraph.problem import Schedule, TaskGraph
from ordino.models.taskgraph.timing import (
    NOISE,
    durations,
    keeps_limits,
    order_by_start,
    timed,
)

__all__ = ["NAME", "tabu", "takes"]

NAME = "tabu"
KERNELS = "ordino.heuristics.taskgraph.tabu_kernels"
SLICE_SECONDS = 0.05
FIRST_SLICE = 10_000
"""Moves x (tasks + edges) before it is known how long a move takes."""
PATIENCE = 500
PATIENCE_PER_TASK = 10
"""A search ends after so many moves in vain: the larger number counts."""
ELITE = 4
MOST_KICKED = 0.2
"""Share of the tasks that are moved at random, at most."""
LARGEST = 20_000_000
"""Edges and tasks x processors: a move takes tenths of a second."""

Place = tuple[float, Integers, Integers]
"""Merit, order and processors of a schedule. The merit is its makespan, or where it misses
deadlines, more than any makespan, and the more the later."""

LEAST_STEP = 1e-7
"""Share of the makespan that an improvement takes off at least, where there are deadlines."""


def takes(instance: TaskGraph) -> str | None:
    """Say why an instance is not for tabu search, or return `None`."""
    if instance.goal != "makespan":
        return "its goal is the cost"
    size = instance.edges + instance.work.size
    return f"edges + tasks x processors {size}, beyond {LARGEST}" if size > LARGEST else None


def tabu(*, tenure: int | None = None) -> Solver:
    """Return a solver that improves the incumbent, or HEFT's schedule, until it must stop.

    Deadlines and limits on memory are kept.

    An iteration is a move. One thread a worker; with one worker and a limit of iterations, nothing
    depends on time.

    Args:
        tenure: A processor that a task has left is tabu to it for so many moves, and up to half as
            many again; at least 1. By default 20 and 1 more for 25 tasks, but no more than tasks.

    Raises:
        UsageError: The tenure is too small.
    """
    if tenure is not None and tenure < 1:
        raise UsageError(f"tabu.tenure {tenure}: expected at least 1")

    def solve(instance: TaskGraph, incumbent: Incumbent, budget: Budget) -> None:
        kernels: Any = load(KERNELS, budget)
        start = incumbent.best or (None if kernels is None else first_schedule(instance))
        if kernels is None or start is None:
            return
        if incumbent.best is None and keeps_limits(instance, start.processor, start.start):
            incumbent.offer(start, NAME)
        team = _Team(instance, incumbent, budget, start)
        arrays = Arrays.of(instance)

        def work(number: int) -> None:
            random = np.random.default_rng((budget.seed, number))
            search = TabuSearch(arrays, kernels, random)
            _work(team, search, random, tenure or min(20 + instance.tasks // 25, instance.tasks))

        team.run(work)

    return solve


class _Team(Team):
    """What the workers share: the best schedules, and the moves that are left."""

    def __init__(
        self, instance: TaskGraph, incumbent: Incumbent, budget: Budget, start: Schedule
    ) -> None:
        super().__init__(budget)
        self.instance = instance
        self._incumbent = incumbent
        self._seen = incumbent.version
        self._elite: list[Place] = []
        self._limited = bool(np.isfinite(instance.deadlines).any())
        self.add(self._place(start))
        latest = instance.deadlines[np.isfinite(instance.deadlines)].max(initial=0)
        self._reach = max(float(latest), self._length(start))

    def _length(self, schedule: Schedule) -> float:
        return float((schedule.start + durations(self.instance, schedule.processor)).max())

    def _place(self, schedule: Schedule) -> Place:
        order, processor = order_by_start(self.instance, schedule), schedule.processor
        end = timed(self.instance, processor, order) + durations(self.instance, processor)
        late = float((end - self.instance.deadlines).max())
        missed = self._limited and late > NOISE * float(end.max())
        return self.instance.longest + late if missed else float(end.max()), order, processor

    def target(self) -> float:
        """Return the makespan to look for within the deadlines, 0 where there are none."""
        if not self._limited:
            return 0.0
        held: Any = self._incumbent.objective
        if held is None:
            return self._reach
        return float(held - 1 if self.instance.integral else held * (1 - LEAST_STEP))

    def publish(self, search: TabuSearch) -> None:
        """Offer the schedule of a search, which is its best."""
        held = self._incumbent.objective
        found = search.schedule()
        makespan = self._length(found) if self._limited else search.best
        if held is not None and makespan >= held:  # type: ignore[operator]
            return
        if not self._limited or keeps_limits(self.instance, found.processor, found.start):
            self._incumbent.offer(found, NAME, makespan)

    def add(self, place: Place) -> None:
        """Put a schedule among the best if it is one and unlike them in length."""
        with self.lock:
            if all(abs(place[0] - each[0]) > 1e-9 * place[0] for each in self._elite):
                self._elite = sorted([*self._elite, place], key=lambda each: each[0])[:ELITE]

    def keep(self, order: Integers, processor: Integers) -> None:
        """Put what a search has come to among the best if it is one."""
        start = timed(self.instance, processor, order)
        self.add(self._place(Schedule(processor, start)))

    def draw(self, random: np.random.Generator) -> Place:
        """Return a schedule to go on from: the better, the likelier."""
        if self._incumbent.changed_since(self._seen):
            with self.lock:
                self._seen = self._incumbent.version
            if self._incumbent.found_by != NAME:
                self.add(self._place(self._incumbent.best))
        with self.lock:
            return self._elite[int(len(self._elite) * random.random() ** 2)]


def _work(team: _Team, search: TabuSearch, random: np.random.Generator, tenure: int) -> None:
    """Search again and again until the budget ends."""
    tasks = team.instance.tasks
    patience = max(PATIENCE, PATIENCE_PER_TASK * tasks)
    _, order, processor = team.draw(random)
    search.start(order, processor, team.target())
    kicks, size = 0, max(1, FIRST_SLICE // (tasks + team.instance.edges))
    while not team.finished():
        granted = team.grant(min(size, max(1, patience - search.fruitless)))
        if team.target() < search.target:
            search.start(search.best_order.copy(), search.best_processor.copy(), team.target())
        before, began = search.moves, time.monotonic()
        better = search.advance(granted, tenure=tenure, kicks=kicks)
        done, spent = search.moves - before, time.monotonic() - began
        team.give_back(granted - done)
        kicks = 0
        if better:
            team.publish(search)
        else:
            fitting = int(done * SLICE_SECONDS / max(spent, 1e-6))
            size = max(1, min(2 * granted, fitting))
        if search.fruitless >= patience:
            team.keep(search.best_order.copy(), search.best_processor.copy())
            _, order, processor = team.draw(random)
            search.start(order, processor, team.target())
            kicks = int(random.integers(1, 3 + int(MOST_KICKED * tasks)))
