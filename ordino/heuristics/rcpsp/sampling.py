"""Priority rules in many passes: biased random sampling (Drexl 1991; Kolisch 1996).

Each pass perturbs the priorities so that the activity taken next is drawn with a chance that falls
exponentially with its priority (Gumbel's noise does that), and takes serial and parallel schedule
generation in turn.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from ordino.core.budget import Budget
from ordino.core.errors import UsageError
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.core.kernel import load
from ordino.heuristics.rcpsp.modes import start_modes
from ordino.heuristics.rcpsp.packing import MOST_CELLS, cells, pack
from ordino.heuristics.rcpsp.rules import PRIORITIES, takes_parallel
from ordino.models.rcpsp.problem import Plan, Project

__all__ = ["NAME", "sampling", "takes"]

NAME = "sampling"
KERNELS = "ordino.heuristics.rcpsp.schedule_kernels"
FINE = 2.0**20
"""Priorities are integers: so many for one."""

Rule = Literal["lft", "lst", "mts", "grpw", "spt", "edd"]


def takes(instance: Project) -> str | None:
    """Say why an instance is not for sampling, or return `None`."""
    if (size := cells(instance)) > MOST_CELLS:
        return f"{size} cells of time and resources, beyond {MOST_CELLS}"
    return takes_parallel(instance)


def sampling(*, rule: Rule = "lft", bias: float = 10.0) -> Solver:
    """Return a solver that schedules again and again until it must stop.

    An iteration is a pass. One thread, whatever the workers.

    Args:
        rule: Whose priorities.
        bias: Over the whole span of the priorities, the chance falls by the factor e^bias; 0 for
            priorities that mean nothing.

    Raises:
        UsageError: The bias is below 0.
    """
    if not 0 <= bias <= 1e6:
        raise UsageError(f"sampling.bias {bias:g}: expected 0 to 1e6")

    def solve(instance: Project, incumbent: Incumbent, budget: Budget) -> None:
        kernels: Any = load(KERNELS, budget)
        if kernels is None:
            return
        n = instance.activities
        modes = start_modes(instance)
        assert modes is not None
        project = pack(instance)
        free = project[kernels.INITIAL].copy()
        top = np.zeros(1, np.int64)
        times, (order, waiting, other) = np.zeros(2 * n, np.int64), np.zeros((3, n), np.int64)
        random = np.random.default_rng(budget.seed)
        state = random.integers(1, 2**63, 1, dtype=np.uint64)
        priority = PRIORITIES[rule](instance)
        scaled = (priority - priority.min()) * (bias / max(1, int(np.ptp(priority))))
        plain = np.argsort(np.argsort(priority, kind="stable"), kind="stable")
        done, least = 0, kernels.WORST
        while not (budget.should_stop() or budget.out_of_iterations(done)):
            drawn = plain
            if done > 1:
                drawn = ((scaled - random.gumbel(size=n)) * FINE).astype(np.int64)
            if done % 2 == 0:
                kernels.sample(project, state, drawn, 0, order, waiting, other)
                latest = kernels.forward(project, order, modes, free, top, times)
            else:
                latest = kernels.parallel(project, drawn, modes, free, top, times, waiting, other)
            done += 1
            if instance.goal == "makespan" and latest >= least:
                continue
            least = latest
            plan = Plan(times[:n].copy(), modes - instance.mode_start[:-1])
            incumbent.offer(plan, NAME, latest if instance.goal == "makespan" else None)

    return solve
