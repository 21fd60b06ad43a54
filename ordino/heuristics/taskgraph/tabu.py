"""Tabu search on task graphs, begun anew between good schedules where it is stuck.

Each worker searches for itself. First in windows of a few tasks, anywhere in time, which stand for
the whole schedule (see `window`): a move there costs as much as the window is wide. The windows
become wider where all have been searched in vain, until they are as wide as the schedule. A search
of all that has made a number of moves in vain starts again: at first from schedules with all tasks
moved at random, so that the best schedules of all workers are unlike each other; then from one of
these, a few tasks of which are moved at random (iterated local search; Lourenço, Martin, Stützle
2003), or from what begins like one of them and ends like another. The neighbourhood and its source
are in `tabu_kernels`.

What a deadline is missed by counts as if the makespan that is looked for were missed by it, so that
a search may pass through schedules that miss some, and may start from one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ordino.core.arrays import Integers, Reals
from ordino.core.budget import Budget
from ordino.core.errors import UsageError
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.core.kernel import load
from ordino.core.pace import Pace
from ordino.heuristics.taskgraph.arrays import Arrays
from ordino.heuristics.taskgraph.rules import first_schedule
from ordino.heuristics.taskgraph.tabu_search import TabuSearch
from ordino.heuristics.taskgraph.window import cut
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
FIRST_SLICE = 10_000
"""Moves x (tasks + edges) before it is known how long a move takes."""
PATIENCE = 300
PATIENCE_PER_TASK = 5
"""A search ends after so many moves in vain: the larger number counts."""
ELITE = 16
FRESH = 20
"""Searches of each worker that start with all tasks moved at random."""
MOST_KICKED = 0.2
"""Share of the tasks that are moved at random, at most."""
CROSSED = 0.8
"""Share of the later searches that start between two of the best schedules."""
LEAST_CROSSED = 0.2
"""Share of the tasks that either of the two gives, at least."""
LARGEST = 20_000_000
"""Edges and tasks x processors: to cut out a window takes tenths of a second."""
NARROWEST, NARROW = 10, 60
"""Tasks of a window at least, and at first at most."""
WIDER = 1.5
ROUNDS = 1
"""Windows become wider when those searched in vain hold so many times all tasks."""

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
            _Worker(team, arrays, kernels, random, tenure).work()

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
        order = order_by_start(instance, start)
        begun = timed(instance, start.processor, order)
        self.add((self._merit(start.processor, begun), order, start.processor))
        latest = instance.deadlines[np.isfinite(instance.deadlines)].max(initial=0)
        self._reach = max(float(latest), self._length(start.processor, begun))

    def _length(self, processor: Integers, start: Reals) -> float:
        return float((start + durations(self.instance, processor)).max())

    def _merit(self, processor: Integers, start: Reals) -> float:
        end = start + durations(self.instance, processor)
        late = float((end - self.instance.deadlines).max())
        missed = self._limited and late > NOISE * float(end.max())
        return self.instance.longest + late if missed else float(end.max())

    def merit(self, search: TabuSearch) -> float:
        """Return the merit of the schedule that a search is at."""
        return self._merit(search.state.processor, search.state.start)

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
        makespan = self._length(found.processor, found.start) if self._limited else search.best
        if held is not None and makespan >= held:  # type: ignore[operator]
            return
        if not self._limited or keeps_limits(self.instance, found.processor, found.start):
            self._incumbent.offer(found, NAME, makespan)

    def add(self, place: Place) -> None:
        """Put a schedule among the best if it is one and unlike them in length."""
        with self.lock:
            if all(abs(place[0] - each[0]) > 1e-9 * place[0] for each in self._elite):
                self._elite = sorted([*self._elite, place], key=lambda each: each[0])[:ELITE]

    def best(self) -> Place:
        """Return the best schedule of all."""
        self._look()
        with self.lock:
            return self._elite[0]

    def draw(self, random: np.random.Generator) -> Place:
        """Return a schedule to go on from: the better, the likelier."""
        self._look()
        with self.lock:
            return self._elite[int(len(self._elite) * random.random() ** 2)]

    def between(self, random: np.random.Generator) -> tuple[Integers, Integers]:
        """Return order and processors that begin like one of the best and end like another."""
        self._look()
        with self.lock:
            pair = random.permutation(len(self._elite))[[0, -1]]
            (_, order, processor), (_, other, elsewhere) = (self._elite[each] for each in pair)
        tasks = len(order)
        least = int(LEAST_CROSSED * tasks)
        begins = np.zeros(tasks, bool)
        begins[order[: random.integers(least, tasks - least, endpoint=True)]] = True
        crossed = np.concatenate([order[begins[order]], other[~begins[other]]])
        return crossed, np.where(begins, processor, elsewhere)

    def _look(self) -> None:
        """Take up what others have found."""
        if self._incumbent.changed_since(self._seen):
            with self.lock:
                self._seen = self._incumbent.version
            if self._incumbent.found_by != NAME:
                found = self._incumbent.best
                order = order_by_start(self.instance, found)
                merit = self._merit(found.processor, timed(self.instance, found.processor, order))
                self.add((merit, order, found.processor))


class _Worker:
    """One thread's search."""

    def __init__(
        self,
        team: _Team,
        arrays: Arrays,
        kernels: Any,
        random: np.random.Generator,
        tenure: int | None,
    ) -> None:
        self._team = team
        self._arrays = arrays
        self._kernels = kernels
        self._random = random
        self._tenure = tenure
        self._whole = TabuSearch(arrays, kernels, random)

    def work(self) -> None:
        """Search again and again until the budget ends."""
        team, random, tasks = self._team, self._random, self._arrays.tasks
        self._go_to(team.best())
        self._search_windows()
        kicks = round = 0
        while not team.finished():
            self._search(self._whole, kicks, self._publish)
            team.add(self._place())
            round += 1
            kicks = tasks if round <= FRESH else _few(tasks, random)
            if round > FRESH and random.random() < CROSSED and self._start_between():
                kicks = 0
            else:
                self._go_to(team.draw(random))

    def _start_between(self) -> bool:
        """Go to what begins like one of the best and ends like another, if it keeps the memory."""
        order, processor = self._team.between(self._random)
        return self._whole.start(order, processor, self._team.target())

    def _go_to(self, place: Place) -> None:
        _, order, processor = place
        self._whole.start(order, processor, self._team.target())

    def _place(self) -> Place:
        whole = self._whole
        whole.start(whole.best_order.copy(), whole.best_processor.copy(), whole.target)
        return self._team.merit(whole), whole.best_order.copy(), whole.best_processor.copy()

    def _publish(self) -> None:
        """Offer the schedule of the whole search, which is its best."""
        team, whole = self._team, self._whole
        team.publish(whole)
        if team.target() < whole.target:
            whole.start(whole.best_order.copy(), whole.best_processor.copy(), team.target())

    def _search(self, search: TabuSearch, kicks: int, better: Callable[[], None]) -> None:
        """Search until so many moves were in vain, or the budget ends."""
        tasks = len(search.best_order)
        tenure = self._tenure or min(20 + tasks // 25, tasks)
        patience = max(PATIENCE, PATIENCE_PER_TASK * tasks)
        pace = Pace(FIRST_SLICE // search.size)
        while search.fruitless < patience and not self._team.finished():
            granted = self._team.grant(min(pace.steps, patience - search.fruitless))
            before = search.moves
            pace.start()
            found = search.advance(granted, tenure=tenure, kicks=kicks)
            done = search.moves - before
            pace.stop(done)
            self._team.give_back(granted - done)
            kicks = max(0, kicks - done)
            if found:
                better()

    def _search_windows(self) -> None:
        """Search windows of the schedule, wider and wider, until they are as wide as it is."""
        team, whole, tasks = self._team, self._whole, self._arrays.tasks
        widest, vain = float(NARROW), 0
        while widest < tasks and not team.finished():
            best = team.best()
            if best[0] < team.merit(whole) * (1 - 1e-9):
                self._go_to(best)
            width = int(np.exp(self._random.uniform(np.log(NARROWEST), np.log(widest))))
            middle = int(self._random.integers(tasks))
            low, high = max(0, middle - width // 2), min(tasks, middle + width // 2 + 1)
            vain = 0 if self._search_window(low, high) else vain + high - low
            if vain > ROUNDS * tasks:
                widest, vain = widest * WIDER, 0

    def _search_window(self, low: int, high: int) -> bool:
        """Search a window; return whether the schedule becomes shorter."""
        whole = self._whole
        window = cut(self._arrays, whole.state, low, high)
        search = TabuSearch(window.arrays, self._kernels, self._random, window.head, window.behind)
        processor = whole.state.processor
        search.start(window.arrays.order, processor[window.tasks], whole.target)
        before = search.best
        kicks = _few(high - low, self._random) - 1
        self._search(search, kicks, lambda: None)
        if search.best >= before * (1 - 1e-10):
            return False
        length = whole.best
        place = window.spliced(search.best_order, search.best_processor, processor)
        whole.start(*place, whole.target)
        if whole.best < length:
            self._team.add((self._team.merit(whole), *place))
            self._publish()
        return True


def _few(tasks: int, random: np.random.Generator) -> int:
    """Draw how many of so many tasks to move at random, at least 1."""
    return int(random.integers(1, 3 + int(MOST_KICKED * tasks)))
