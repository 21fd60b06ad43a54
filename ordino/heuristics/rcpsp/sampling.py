"""Priority rules in many passes: biased random sampling (Drexl 1991; Kolisch 1996).

Each pass perturbs the priorities so that the activity taken next is drawn with a chance that falls
exponentially with its priority (Gumbel's noise does that), and takes serial and parallel schedule
generation in turn.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from ordino.core.budget import Budget
from ordino.core.errors import UsageError
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.heuristics.rcpsp import generation
from ordino.heuristics.rcpsp.modes import start_modes
from ordino.heuristics.rcpsp.rules import PRIORITIES
from ordino.models.rcpsp.problem import Plan, Project

__all__ = ["NAME", "sampling"]

NAME = "sampling"

Rule = Literal["lft", "lst", "mts", "grpw"]


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
        modes = start_modes(instance)
        assert modes is not None
        random = np.random.default_rng(budget.seed)
        priority = PRIORITIES[rule](instance)
        scaled = priority * (bias / max(1, int(np.ptp(priority))))
        done = 0
        while not (budget.should_stop() or budget.out_of_iterations(done)):
            generate = generation.serial if done % 2 == 0 else generation.parallel
            noise = random.gumbel(size=scaled.size) if done > 1 else 0.0
            start = generate(instance, modes, (scaled - noise).tolist())
            done += 1
            plan = Plan(np.array(start, dtype=np.int64), modes - instance.mode_start[:-1])
            claimed = None
            if instance.goal == "makespan":
                claimed = int((plan.start + instance.duration[modes]).max())
            incumbent.offer(plan, NAME, claimed)

    return solve
