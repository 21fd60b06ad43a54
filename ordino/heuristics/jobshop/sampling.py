"""Random sampling of schedules: the yardstick that any search must beat."""

from __future__ import annotations

from typing import Any

import numpy as np

from ordino.core.arrays import LARGEST
from ordino.core.budget import Budget
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.core.kernel import load
from ordino.core.pace import Pace
from ordino.heuristics.jobshop.dispatching import Kind
from ordino.heuristics.jobshop.giffler_thompson import arrays_of
from ordino.models.jobshop.problem import JobShop, Schedule

__all__ = ["NAME", "random"]

NAME = "random"
KERNELS = "ordino.heuristics.jobshop.sampling_kernels"


def random(*, schedule: Kind = "active") -> Solver:
    """Return a solver that draws schedules with random priorities and offers the best.

    An iteration is a schedule. One thread, whatever the workers.
    """

    def solve(instance: JobShop, incumbent: Incumbent, budget: Budget) -> None:
        kernels: Any = load(KERNELS, budget)
        if kernels is None:
            return
        arrays = arrays_of(instance)
        state = np.random.default_rng(budget.seed).integers(1, 2**63, 1, dtype=np.uint64)
        start = np.empty(instance.operations, np.int64)
        best, drawn, pace = LARGEST, 0, Pace()
        while not budget.should_stop() and not budget.out_of_iterations(drawn):
            count = pace.steps
            if budget.iterations is not None:
                count = min(count, budget.iterations - drawn)
            pace.start()
            found = kernels.sample(
                *arrays, instance.machines, schedule == "active", state, count, best, start
            )
            pace.stop(count)
            drawn += count
            if found < best:
                best = found
                incumbent.offer(Schedule(start.copy()), NAME, best)

    return solve
