"""What becomes of plans and dispatching rules when machines break down.

Shops with unlimited buffers, and blocking shops whose jobs may swap (ISBJSSP: Wong, Kim, Park,
Park, Law 2023). Time goes in steps; at the begin of each, a machine that is up fails with a
probability, and is repaired after an exponential time. The paper leaves the length of a step and
the time of a repair open: here both are the mean duration of an operation, unless they are given.
The downtimes of the instance are outages as well. An operation that meets an outage goes on after
it, nothing enters a machine that is down, and nobody knows how long a repair takes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np

from ordino.core.arrays import Integers, Reals
from ordino.core.budget import Budget
from ordino.core.errors import UsageError
from ordino.heuristics.jobshop.insertion import events
from ordino.models.jobshop.problem import JobShop, Schedule
from ordino.models.jobshop.shop import NEVER, Shop
from ordino.models.jobshop.timing import objective, tails

__all__ = ["POLICIES", "Policy", "simulate"]

Policy = Literal["keep", "replan", "fifo", "spt", "lpt", "mwkr", "lwkr", "mopnr"]
POLICIES = ("keep", "replan")
UNFINISHED = 2**62
PLANNING_SECONDS = 60.0
PLANNING_MOVES = 20_000
"""Limits of the search that makes the plan, where none is given."""
LARGEST = 1_000_000
"""Jobs x replications that are simulated at a time."""


def simulate(
    instance: JobShop | Shop,
    solution: Schedule | None,
    *,
    replications: int,
    seed: int,
    policy: Policy = "replan",
    shutdown: float = 0.05,
    step: int | None = None,
    repair: float | None = None,
) -> Reals:
    """Return the objective of each replication.

    Args:
        instance: The shop, its buffers `unlimited` or `swap`, without setups and choice of
            machines.
        solution: The plan; a short search makes one where there is none. Rules take none.
        replications: How many.
        seed: Of the outages; the same seed gives every plan and policy the same ones.
        policy: `keep` the plan's order on each machine; `replan`: change it, when an outage meets
            an operation or a machine is free while jobs wait for it, where that ends all earlier as
            far as can be foreseen; or a dispatching rule.
        shutdown: Probability with which a machine that is up fails at the begin of a step.
        step: Length of a step; by default the mean duration of an operation.
        repair: Mean time of a repair; by default the length of a step.

    Raises:
        UsageError: An option or an instance that makes no sense here.
    """
    from ordino.heuristics.jobshop import breakdown_kernels as kernels

    shop = _general(instance)
    if not 0 <= shutdown <= 1:
        raise UsageError(f"shutdown {shutdown:g}: expected 0 to 1")
    if step is None:
        step = max(1, round(float(shop.duration.mean())))
    if step < 1:
        raise UsageError(f"step {step}: expected at least 1")
    if repair is None:
        repair = float(step)
    if not 0 < repair <= 1e9:
        raise UsageError(f"repair {repair:g}: expected above 0, at most 1e9")
    planned = policy in POLICIES
    if not planned and solution is not None:
        raise UsageError(f"simulate: the policy {policy} decides by itself, it takes no plan")
    order = np.full((shop.machines, int(np.bincount(shop.machine).max())), -1, np.int64)
    if planned:
        plan = solution or _plan(shop, seed)
        sequences, _ = events(shop, plan.start)
        for machine, members in enumerate(sequences):
            order[machine, : len(members)] = members
    priority = _priorities(shop, policy)
    arrays = tuple(
        each.copy()
        for each in (*(shop.job_start, shop.machine, shop.duration, shop.release_dates, shop.job),)
    )
    given = np.stack([shop.down_machine, shop.down_begin, shop.down_end], axis=1)
    noise = np.array([shutdown, step, repair])
    rng = np.random.default_rng(seed)
    values = np.empty(replications)
    block = max(1, LARGEST // shop.jobs)
    kind = POLICIES.index(policy) + 1 if planned else 0
    for first in range(0, replications, block):
        part = values[first : first + block]
        random = rng.integers(1, 2**63, (part.size, shop.machines), dtype=np.uint64)
        completion: Integers = np.zeros((part.size, shop.jobs), np.int64)
        kernels.replay(
            *(arrays, order, priority, kind, int(shop.buffers == "swap")),
            *(np.ascontiguousarray(given), noise, random, completion),
        )
        for row, ends in enumerate(completion.tolist()):
            part[row] = np.inf if max(ends) == UNFINISHED else objective(shop, ends)
    return values


def _general(instance: JobShop | Shop) -> Shop:
    shop = (
        Shop.of_classic(instance, goal="makespan", buffers="unlimited")
        if isinstance(instance, JobShop)
        else instance
    )
    if shop.buffers not in ("unlimited", "swap"):
        raise UsageError(
            f"simulate: the variant {shop.buffers} can't be simulated, for a rule may come to a "
            "deadlock; unlimited and swap can"
        )
    if (shop.down_end == NEVER).any():
        raise UsageError("simulate: a machine of the instance is down for ever")
    if shop.flexible or not shop.chained or shop.setup.size:
        raise UsageError("simulate: for shops without choice of machines, setups and assembly")
    return shop


def _plan(shop: Shop, seed: int) -> Schedule:
    """Return what a short search finds, as if no machine failed."""
    from ordino.core.incumbent import Incumbent
    from ordino.heuristics.jobshop.anneal import anneal
    from ordino.heuristics.jobshop.insertion import insertion
    from ordino.heuristics.jobshop.tabu import tabu, takes
    from ordino.models.jobshop.check import check

    none = np.zeros(0, np.int64)
    healthy = replace(shop, down_machine=none, down_begin=none, down_end=none)
    incumbent = Incumbent(healthy, check, healthy.objective)
    search: Any = anneal() if takes(healthy) else tabu()
    if shop.buffers == "swap":
        search = insertion()
    budget = Budget.of(PLANNING_SECONDS, iterations=PLANNING_MOVES, seed=seed)
    search(healthy, incumbent, budget)
    if incumbent.best is None:
        raise UsageError("simulate: no plan was found; give one")
    plan: Schedule = incumbent.best
    return plan


def _priorities(shop: Shop, policy: Policy) -> Integers:
    """Return the priority of each operation by a rule, the least first; arrival counts at ties."""
    n = np.arange(shop.operations)
    behind = np.repeat(shop.job_start[1:], np.diff(shop.job_start))
    work = shop.duration + tails(shop)
    values: dict[str, Any] = {
        "spt": shop.duration,
        "lpt": -shop.duration,
        "mwkr": -work,
        "lwkr": work,
        "mopnr": n - behind,
        "fifo": np.zeros(shop.operations),
    }
    chosen: Integers = np.array(values.get(policy, n), dtype=np.int64)
    return chosen
