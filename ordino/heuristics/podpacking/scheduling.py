"""What the default scheduler of Kubernetes would make of a cluster, once or many times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from ordino.core.arrays import Reals
from ordino.core.budget import Budget
from ordino.core.errors import UsageError
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.core.kernel import load
from ordino.models.podpacking.check import check
from ordino.models.podpacking.problem import Cluster, Plan
from ordino.models.podpacking.scheduler import (
    Arrivals,
    Configuration,
    Replay,
    Strategy,
    Ties,
    shape_of,
)

__all__ = [
    "KERNELS",
    "default_scheduler",
    "most_allocated",
    "requested_to_capacity",
    "simulate",
    "takes",
]

KERNELS = "ordino.models.podpacking.scheduler_kernels"
BIN_PACKING = "0:0,100:10"


def takes(instance: Cluster) -> str | None:
    """Say why an instance is not for the scheduler, or return `None`."""
    if instance.goal != "place":
        return f"its goal is to {instance.goal}"
    if instance.share.any() or instance.whole.any():
        return "its pods share devices, which Kubernetes does not know"
    return None


def default_scheduler(
    *, preemption: bool = True, ties: Ties = "random", arrivals: Arrivals = "together"
) -> Solver:
    """Return a solver that does as kube-scheduler would, with the least allocated nodes first.

    It keeps disruption budgets, protected pods and the cap on moves, so that the outcome is a plan.

    Args:
        preemption: Whether pods may evict those of lower priority.
        ties: Whether one of the best nodes is drawn, or the first taken.
        arrivals: Whether all that wait are in the queue at once, or arrive by age.
    """
    how = Configuration(preemption=preemption, ties=ties)
    return _solver("default-scheduler", how, arrivals)


def most_allocated(
    *, preemption: bool = True, ties: Ties = "random", arrivals: Arrivals = "together"
) -> Solver:
    """Return the same with the most allocated nodes first; settings as of `default_scheduler`."""
    how = Configuration(strategy="most-allocated", preemption=preemption, ties=ties)
    return _solver("most-allocated", how, arrivals)


def requested_to_capacity(
    *,
    shape: str = BIN_PACKING,
    preemption: bool = True,
    ties: Ties = "random",
    arrivals: Arrivals = "together",
) -> Solver:
    """Return the same with a score that follows the utilisation of a node.

    Args:
        shape: Points utilisation:score between which it is linear, 0 to 100 and 0 to 10.
        preemption: As of `default_scheduler`.
        ties: As of `default_scheduler`.
        arrivals: As of `default_scheduler`.
    """
    how = Configuration(
        strategy="requested-to-capacity", shape=shape_of(shape), preemption=preemption, ties=ties
    )
    return _solver("requested-to-capacity", how, arrivals)


def _solver(name: str, configuration: Configuration, arrivals: Arrivals) -> Solver:
    def solve(instance: Cluster, incumbent: Incumbent, budget: Budget) -> None:
        if load(KERNELS, budget) is None:
            return
        most = None if instance.max_moves < 0 else instance.max_moves
        how = replace(configuration, strict=True, evictions=most)
        for plan in _outcomes(instance, how, arrivals, budget):
            if check(instance, plan).valid:
                incumbent.offer(plan, name)
                return

    return solve


def _outcomes(
    instance: Cluster, configuration: Configuration, arrivals: Arrivals, budget: Budget
) -> Iterator[Plan]:
    """Replay the scheduler, ever more carefully.

    Rules between pods that held when a pod arrived may be broken by what is evicted later, or
    by what arrives later.
    """

    def outcome(configuration: Configuration, concerned: Iterable[int] = ()) -> Plan:
        replay = Replay(instance, configuration, seed=budget.seed)
        held = np.zeros(instance.classes, dtype=bool)
        held[list(concerned)] = True
        replay.schedule_waiting(arrivals, budget.should_stop, but=held[instance.kind])
        return replay.plan

    yield outcome(configuration)
    alone = replace(configuration, preemption=False)
    yield outcome(alone)
    rules = (*instance.affinities, *instance.spreads)
    yield outcome(alone, {k for rule in rules for k in (*rule.owners, *rule.targets)})


def simulate(
    instance: Cluster,
    solution: Plan | None,
    *,
    replications: int,
    seed: int,
    strategy: Strategy = "least-allocated",
    shape: str = BIN_PACKING,
    preemption: bool = True,
    arrivals: Arrivals = "together",
) -> Reals:
    """Return what stays unplaced when the default scheduler takes over, in each replication.

    Ties are broken at random. Disruption budgets are kept where possible only, as Kubernetes does.

    Args:
        instance: The cluster.
        solution: A plan that was carried out before; without one, the scheduler starts from what
            runs now.
        replications: How many.
        seed: Of the ties.
        strategy: Of the score for resources.
        shape: Points utilisation:score of the strategy `requested-to-capacity`.
        preemption: Whether pods may evict those of lower priority.
        arrivals: Whether all that wait are in the queue at once, or arrive by age.

    Raises:
        UsageError: The instance is not for the scheduler, or the shape is none.
    """
    if (reason := takes(instance)) is not None:
        raise UsageError(f"simulate: {reason}")
    how = Configuration(strategy=strategy, shape=shape_of(shape), preemption=preemption)
    seeds = np.random.SeedSequence(seed).generate_state(replications, np.uint64)
    values = np.empty(replications)
    begin: Any = None if solution is None else solution.node
    for number in range(replications):
        replay = Replay(instance, how, nodes=begin, seed=int(seeds[number]))
        replay.schedule_waiting(arrivals)
        values[number] = instance.worth[instance.kind[replay.plan.node < 0]].sum()
    return values
