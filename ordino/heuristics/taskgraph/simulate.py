"""What becomes of schedules of task graphs when tasks take other times than planned.

The work of a task is multiplied by a random factor of mean 1, the same on every processor; data
take the time that was planned.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from ordino.core.arrays import Reals
from ordino.core.errors import UsageError
from ordino.heuristics.taskgraph.arrays import Arrays
from ordino.heuristics.taskgraph.rules import Statistic, functions, heft, upward
from ordino.models.taskgraph.problem import Schedule, TaskGraph
from ordino.models.taskgraph.timing import order_by_start

__all__ = ["Distribution", "factors", "simulate"]

Distribution = Literal["gamma", "lognormal", "uniform"]

LARGEST = 1_000_000
"""Tasks x replications that are drawn at a time."""


def simulate(
    instance: TaskGraph,
    solution: Schedule | None,
    *,
    replications: int,
    seed: int,
    policy: Literal["keep", "online"] = "keep",
    cv: float = 0.2,
    distribution: Distribution = "gamma",
    rank: Statistic = "mean",
) -> Reals:
    """Return the makespan of each replication.

    Args:
        instance: The task graph, its goal the makespan.
        solution: The plan; HEFT's where there is none. The policy `online` takes none.
        replications: How many.
        seed: Of the factors; the same seed gives every plan and policy the same factors.
        policy: `keep` the plan's processors and order, or decide `online`, by rank, where the task
            would end earliest by what is known.
        cv: Coefficient of variation of the factors.
        distribution: Of the factors; uniform ones have a cv of at most 0.57.
        rank: Of the policy `online`, see `rules`.

    Raises:
        UsageError: An option that makes no sense, or a plan that HEFT does not find.
    """
    from ordino.heuristics.taskgraph import simulation_kernels as kernels

    if instance.goal != "makespan":
        raise UsageError("simulate: the goal is the cost; --goal makespan can be simulated")
    if policy == "online" and solution is not None:
        raise UsageError("simulate: the policy online makes its own plan, it takes none")
    arrays = Arrays.of(instance)
    rng = np.random.default_rng(seed)
    values = np.empty(replications)
    never = np.full(arrays.tasks, np.inf)
    if policy == "keep":
        plan = solution or heft(instance)
        if plan is None:
            raise UsageError("simulate: HEFT finds no plan; give one")
        order, processor = order_by_start(instance, plan), plan.processor.copy()
    else:
        rank_of = upward(arrays, functions(instance), rank)
    block = max(1, LARGEST // arrays.tasks)
    for first in range(0, replications, block):
        part = values[first : first + block]
        factor = factors(rng, (part.size, arrays.tasks), cv, distribution)
        if policy == "keep":
            kernels.replay(arrays, never, order, processor, factor, part, np.inf)
        else:
            kernels.online(arrays, rank_of, factor, part)
    return values


def factors(
    rng: np.random.Generator, shape: tuple[int, int], cv: float, distribution: Distribution
) -> Reals:
    """Draw factors of mean 1 and a coefficient of variation; raises `UsageError`."""
    if not 0 <= cv <= 10:
        raise UsageError(f"cv {cv:g}: expected 0 to 10")
    if cv == 0:
        return np.ones(shape)
    if distribution == "gamma":
        return rng.gamma(1 / cv**2, cv**2, shape)
    if distribution == "lognormal":
        variance = np.log1p(cv**2)
        return rng.lognormal(-variance / 2, np.sqrt(variance), shape)
    half = cv * np.sqrt(3)
    if half > 1:
        raise UsageError(f"cv {cv:g}: uniform factors have a cv of at most {1 / np.sqrt(3):.2f}")
    return rng.uniform(1 - half, 1 + half, shape)
