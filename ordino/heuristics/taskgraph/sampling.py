"""Random sampling of schedules: the yardstick that any search must beat."""

from __future__ import annotations

from typing import Any

import numpy as np

from ordino.core.budget import Budget
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.core.kernel import load
from ordino.heuristics.taskgraph.arrays import Arrays
from ordino.heuristics.taskgraph.rules import KERNELS, placed
from ordino.models.taskgraph.order import by_priority
from ordino.models.taskgraph.problem import Schedule, TaskGraph
from ordino.models.taskgraph.timing import keeps_limits

__all__ = ["NAME", "random", "takes"]

NAME = "random"
MOST_TASKS = 100_000


def takes(instance: TaskGraph) -> str | None:
    """Say why an instance is not for sampling, or return `None`."""
    if instance.goal != "makespan":
        return "its goal is the cost"
    return f"{instance.tasks} tasks, beyond {MOST_TASKS}" if instance.tasks > MOST_TASKS else None


def random() -> Solver:
    """Return a solver that draws orders along the edges and offers the best schedule.

    Tasks are placed in the order drawn, where they end earliest. An iteration is a schedule. One
    thread, whatever the workers.
    """

    def solve(instance: TaskGraph, incumbent: Incumbent, budget: Budget) -> None:
        kernels: Any = load(KERNELS, budget)
        if kernels is None:
            return
        arrays = Arrays.of(instance)
        rng = np.random.default_rng(budget.seed)
        best, drawn = np.inf, 0
        while not budget.should_stop() and not budget.out_of_iterations(drawn):
            order = by_priority(instance.source, instance.target, rng.random(instance.tasks))
            processor, start, makespan = placed(arrays, kernels, order)
            drawn += 1
            if 0 <= makespan < best and keeps_limits(instance, processor, start):
                best = makespan
                incumbent.offer(Schedule(processor, start), NAME, makespan)

    return solve
