"""Iterated dynasearch for the total weighted tardiness (Congram, Potts, van de Velde 2002).

A dynasearch move applies the best set of independent swaps, found by dynamic programming, at once.
Where none is left, the best insertion of one job goes on (Grosso, Della Croce, Tadei 2004); at a
local optimum six random swaps kick the search on.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ordino.core.arrays import LARGEST, Integers
from ordino.core.budget import Budget
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.core.kernel import load
from ordino.core.pace import Pace
from ordino.heuristics.tardiness.rules import mdd, wmdd, wmdd_takes
from ordino.models.tardiness.problem import JobSequence, SingleMachine

__all__ = ["NAME", "climb", "dynasearch", "takes"]

NAME = "dynasearch"
KERNELS = "ordino.heuristics.tardiness.sequence_kernels"
MOST_JOBS = 3000
"""With more, a single pass takes longer than a stop may wait."""


def takes(instance: SingleMachine) -> str | None:
    """Say why an instance is not for dynasearch, or return `None`."""
    if np.ptp(instance.release_dates):
        return "its release dates differ"
    if instance.jobs > MOST_JOBS:
        return f"{instance.jobs} jobs, beyond {MOST_JOBS}"
    return None


def dynasearch() -> Solver:
    """Return a solver that improves the incumbent, or what a rule gives, until it must stop.

    An iteration is a kick. One thread, whatever the workers. It follows the incumbent where another
    solver finds a better one.
    """

    def solve(instance: SingleMachine, incumbent: Incumbent, budget: Budget) -> None:
        most_kicks = LARGEST if budget.iterations is None else budget.iterations
        budget.out_of_iterations(climb(instance, incumbent, budget, NAME, most_kicks))

    return solve


def climb(
    instance: SingleMachine, incumbent: Incumbent, budget: Budget, source: str, most_kicks: int
) -> int:
    """Offer what iterated dynasearch finds, until the budget or the kicks end; return the kicks."""
    start = _start(instance, incumbent)
    incumbent.offer(JobSequence(start), source)
    kernels: Any = load(KERNELS, budget)
    if kernels is None:
        return 0
    data = [
        np.array(each) for each in (instance.processing_times, instance.due_dates, instance.weights)
    ]
    ends, least, partner = (np.zeros(instance.jobs + 1, np.int64) for _ in range(3))
    ends[0] = instance.release_dates[0]
    trial, current, best = (start.copy() for _ in range(3))
    counters = np.zeros(5, np.int64)
    counters[: kernels.LEAST + 1] = kernels.evaluate(*data, best, ends)
    version = incumbent.version
    state = np.random.default_rng(budget.seed).integers(1, 2**63, 1, dtype=np.uint64)
    pace = Pace()
    while counters[kernels.KICKS] < most_kicks and not budget.should_stop():
        pace.start()
        better = kernels.dynasearch(
            *(*data, trial, current, best, counters, state, ends, least, partner),
            *(pace.steps, most_kicks),
        )
        if better:
            incumbent.offer(JobSequence(best), source, int(counters[kernels.LEAST]))
            version = incumbent.version
        elif incumbent.changed_since(version):
            version = incumbent.version
            for sequence in (trial, current, best):
                sequence[:] = incumbent.best.order
            counters[: kernels.LEAST + 1] = kernels.evaluate(*data, best, ends)
        else:
            pace.stop(pace.steps)
    return int(counters[kernels.KICKS])


def _start(instance: SingleMachine, incumbent: Incumbent) -> Integers:
    if incumbent.best is not None:
        order: Integers = incumbent.best.order
        return order
    return (mdd(instance) if wmdd_takes(instance) else wmdd(instance)).order
