"""Insertion descent from MDD: the best single move of a job, again and again.

MDD with ties by length is PSK (Alidaee, Gopalan 1997), which is the quicker way to it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ordino.core.budget import Budget
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.core.kernel import load
from ordino.heuristics.tardiness.constructive import mddc_takes, psk
from ordino.heuristics.tardiness.rules import mdd
from ordino.models.tardiness.problem import JobSequence, SingleMachine

__all__ = ["NAME", "descend", "mdd_descent", "takes"]

NAME = "mdd-descent"
RULE_KERNELS = "ordino.heuristics.tardiness.constructive_kernels"
KERNELS = "ordino.heuristics.tardiness.sequence_kernels"
PAIRS_AT_ONCE = 10_000_000
"""Moves looked at between two looks at the budget: some 20 ms."""


def takes(instance: SingleMachine) -> str | None:
    """Say why an instance is not for the descent, or return `None`."""
    return "its release dates differ" if np.ptp(instance.release_dates) else None


def mdd_descent() -> Solver:
    """Return a solver that takes MDD and makes the best insertion while there is one that improves.

    O(n^2) an insertion.
    """

    def solve(instance: SingleMachine, incumbent: Incumbent, budget: Budget) -> None:
        descend(instance, incumbent, budget, NAME)

    return solve


def descend(instance: SingleMachine, incumbent: Incumbent, budget: Budget, source: str) -> None:
    """Offer what `mdd_descent` finds, or has found when the budget ends, under a source's name."""
    kernels: Any = load(RULE_KERNELS, budget) and load(KERNELS, budget)
    if kernels is None:
        incumbent.offer(mdd(instance), source)
        return
    start = psk(instance) if mddc_takes(instance) is None else mdd(instance)
    order = np.array(start.order)
    data = tuple(
        np.array(each) for each in (instance.processing_times, instance.due_dates, instance.weights)
    )
    ends = np.concatenate([instance.release_dates[:1], np.zeros_like(order)])
    kernels.evaluate(*data, order, ends)
    state = np.zeros(4, np.int64)
    positions = max(1, PAIRS_AT_ONCE // instance.jobs)
    while not budget.should_stop() and not kernels.descend(*data, order, ends, state, positions):
        pass
    total = kernels.evaluate(*data, order, ends)
    incumbent.offer(JobSequence(order), source, int(total))
