"""A plan for noisy durations: least mean makespan over sampled scenarios (sample average
approximation; Kleywegt, Shapiro, Homem-de-Mello 2002).

The schedules of the rules, and the best that a short tabu search on the planned durations comes by,
are replayed in scenarios; the one of least mean is improved by random moves that lessen the mean.
Deadlines are kept as planned; under noise they may be missed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ordino.core.arrays import Integers
from ordino.core.budget import Budget
from ordino.core.errors import UsageError
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.core.kernel import load
from ordino.heuristics.taskgraph import rules
from ordino.heuristics.taskgraph.arrays import Arrays
from ordino.heuristics.taskgraph.simulate import Distribution, factors
from ordino.heuristics.taskgraph.tabu import LEAST_STEP, takes
from ordino.heuristics.taskgraph.tabu_search import TabuSearch
from ordino.models.taskgraph.problem import Schedule, TaskGraph
from ordino.models.taskgraph.timing import durations, keeps_limits, order_by_start, timed

__all__ = ["NAME", "robust", "takes"]

NAME = "robust"
MODULES = tuple(f"ordino.heuristics.taskgraph.{each}_kernels" for each in ("tabu", "simulation"))
SLICE_MOVES = 200
SLICE_TRIALS = 50
TENURE = 10
MOST_CANDIDATES = 60


def robust(
    *,
    cv: float = 0.2,
    distribution: Distribution = "gamma",
    scenarios: int = 60,
    moves: int = 10_000,
    trials: int = 20_000,
) -> Solver:
    """Return a solver that offers one schedule, at the end: run it alone, for others may find a
    shorter one that does worse under noise.

    An iteration is a trial of a random move. One thread, whatever the workers.

    Args:
        cv: Coefficient of variation of the durations.
        distribution: Of the durations.
        scenarios: How many are sampled.
        moves: Of the tabu search, for candidates.
        trials: Random moves that are tried on the best candidate.

    Raises:
        UsageError: A number out of range.
    """
    for name, value in (("scenarios", scenarios), ("moves", moves), ("trials", trials)):
        if value < 1:
            raise UsageError(f"robust.{name} {value}: expected at least 1")
    factors(np.random.default_rng(0), (1, 1), cv, distribution)

    def solve(instance: TaskGraph, incumbent: Incumbent, budget: Budget) -> None:
        loaded: list[Any] = [load(module, budget) for module in MODULES]
        if any(module is None for module in loaded) or budget.should_stop():
            return
        tabu_kernels, kernels = loaded
        random = np.random.default_rng(budget.seed)
        arrays = Arrays.of(instance)
        factor = factors(random, (scenarios, arrays.tasks), cv, distribution)
        values = np.empty(scenarios)
        never = np.full(arrays.tasks, np.inf)
        search = TabuSearch(arrays, tabu_kernels, random)

        def total(place: tuple[Integers, Integers]) -> float:
            return float(kernels.replay(arrays, never, *place, factor, values, np.inf))

        candidates = _candidates(instance, search, moves, budget)
        if not candidates:
            return
        order, processor = min(candidates, key=total)
        least = total((order, processor))
        room = arrays.capacity - np.bincount(processor, arrays.memory, len(arrays.capacity))
        state = random.integers(1, 2**63, 1, dtype=np.uint64)
        done, most = 0, min(trials, budget.iterations or trials)
        while done < most and not budget.should_stop():
            count = min(SLICE_TRIALS, most - done)
            least = kernels.climb(
                arrays, room, order, processor, factor, values, least, state, count
            )
            done += count
        incumbent.offer(Schedule(processor, timed(instance, processor, order)), NAME)

    return solve


def _candidates(
    instance: TaskGraph, search: TabuSearch, moves: int, budget: Budget
) -> list[tuple[Integers, Integers]]:
    """Return order and processors of the rules' schedules, and of what tabu search found last."""
    made: list[Schedule | None] = [rules.heft(instance), rules.peft(instance)]
    if rules.lookahead_takes(instance) is None:
        made.append(rules.lookahead(instance))
    if rules.batch_takes(instance) is None:
        made += [rules.min_min(instance), rules.dls(instance), rules.sufferage(instance)]
    found = [
        (order_by_start(instance, each), each.processor.copy()) for each in made if each is not None
    ]
    found.sort(key=lambda place: _length(instance, place))
    first = rules.first_schedule(instance)
    if first is None:
        return found
    begin = found[0] if found else (order_by_start(instance, first), first.processor)
    until = search.moves + moves
    later: list[tuple[Integers, Integers]] = []
    limited = bool(np.isfinite(instance.deadlines).any())
    latest = instance.deadlines[np.isfinite(instance.deadlines)].max(initial=0)
    target = max(float(latest), _length(instance, begin)) if limited else 0.0
    search.start(*begin, target)
    while search.moves < until and not budget.should_stop():
        if not search.advance(min(SLICE_MOVES, until - search.moves), tenure=TENURE):
            continue
        place = search.best_order.copy(), search.best_processor.copy()
        if not limited:
            later.append(place)
        elif keeps_limits(instance, place[1], search.schedule().start):
            later.append(place)
            search.start(*place, _length(instance, place) * (1 - LEAST_STEP))
    return found + later[-MOST_CANDIDATES:]


def _length(instance: TaskGraph, place: tuple[Integers, Integers]) -> float:
    order, processor = place
    return float((timed(instance, processor, order) + durations(instance, processor)).max())
