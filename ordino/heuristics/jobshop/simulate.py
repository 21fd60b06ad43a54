"""What becomes of plans and dispatching rules when machines break down.

Shops with unlimited buffers, and blocking shops whose jobs may swap (ISBJSSP: Wong, Kim, Park,
Park, Law 2023). Time goes in steps; at the begin of each, a machine that is up fails with a
probability, and is repaired after an exponential time. The paper leaves the length of a step and
the time of a repair open: here a step is the mean duration of an operation, and a repair takes a
step in the mean, unless they are given. The downtimes of the instance are outages as well. An
operation that meets an outage goes on after it, nothing enters a machine that is down, and nobody
knows how long a repair takes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np

from ordino.core.arrays import Integers, Reals
from ordino.core.budget import Budget
from ordino.core.errors import UsageError
from ordino.heuristics.jobshop.insertion import MOST_PLACES, events
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
"""Jobs, or machines, x replications that are simulated at a time."""
DISPATCH = 0
"""Of the ways to replay a shop, that by priorities; those of `POLICIES` follow."""
TRIALS = 50
"""Replications that say which way of re-planning is the better one; with outages of their own."""
LONGEST = 10**9
"""Of a step, and of a mean repair."""


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
        replications: How many, at least 1.
        seed: Of the outages; the same seed gives every plan and policy the same ones.
        policy: `keep` the plan's order on each machine; `replan`: change it, when an outage meets
            an operation or a machine is free while jobs wait for it, where that ends all earlier as
            far as can be foreseen, or, where trials show that to do better, let what waits go in
            the order of the planned starts; or a dispatching rule.
        shutdown: Probability, 0 to 1, with which a machine that is up fails at the begin of a step.
        step: Length of a step, 1 to 10^9; by default the mean duration of an operation.
        repair: Mean time of a repair, above 0, at most 10^9; by default the length of a step.

    Raises:
        UsageError: An option out of range, a plan beside a rule, a shop that is not for this.
    """
    from ordino.heuristics.jobshop import breakdown_kernels as kernels

    shop = _general(instance)
    if not 0 <= shutdown <= 1:
        raise UsageError(f"shutdown {shutdown:g}: expected 0 to 1")
    if step is None:
        step = max(1, round(float(shop.duration.mean())))
        if step > LONGEST:
            raise UsageError(
                f"simulate: operations take {step} in the mean, beyond {LONGEST}: give a step"
            )
    if not 1 <= step <= LONGEST:
        raise UsageError(f"step {step}: expected 1 to {LONGEST}")
    if repair is None:
        repair = float(step)
    if not 0 < repair <= LONGEST:
        raise UsageError(f"repair {repair:g}: expected above 0, at most {LONGEST}")
    planned = policy in POLICIES
    if not planned and solution is not None:
        raise UsageError(f"simulate: the policy {policy} decides by itself, it takes no plan")
    busiest = int(np.bincount(shop.machine).max())
    if (size := shop.machines * busiest) > MOST_PLACES:
        raise UsageError(f"simulate: machines x operations on one: {size}, beyond {MOST_PLACES}")
    order = np.full((shop.machines, busiest), -1, np.int64)
    if planned:
        plan = solution or _plan(shop, seed)
        sequences, _ = events(shop, plan.start)
        for machine, members in enumerate(sequences):
            order[machine, : len(members)] = members
        ways = [(POLICIES.index(policy) + 1, plan.start)]
        if policy == "replan":
            ways.append((DISPATCH, plan.start))
    else:
        ways = [(DISPATCH, _priorities(shop, policy))]
    arrays = tuple(
        each.copy()
        for each in (*(shop.job_start, shop.machine, shop.duration, shop.release_dates, shop.job),)
    )
    given = np.stack([shop.down_machine, shop.down_begin, shop.down_end], axis=1)
    noise = np.array([shutdown, step, repair])

    def replay(way: tuple[int, Integers], count: int, rng: np.random.Generator) -> Reals:
        values = np.empty(count)
        block = max(1, LARGEST // max(shop.jobs, shop.machines))
        for first in range(0, count, block):
            part = values[first : first + block]
            random = rng.integers(1, 2**63, (part.size, shop.machines), dtype=np.uint64)
            completion: Integers = np.zeros((part.size, shop.jobs), np.int64)
            kernels.replay(
                *(arrays, order, way[1].copy(), way[0], int(shop.buffers == "swap")),
                *(np.ascontiguousarray(given), noise, random, completion),
            )
            for row, ends in enumerate(completion.tolist()):
                part[row] = np.inf if max(ends) == UNFINISHED else objective(shop, ends)
        return values

    if len(ways) > 1:
        trials = [replay(way, TRIALS, np.random.default_rng((seed, TRIALS))) for way in ways]
        ways = [ways[int(np.argmin([each.mean() for each in trials]))]]
    return replay(ways[0], replications, np.random.default_rng(seed))


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
    from ordino.heuristics.jobshop import anneal, insertion, tabu
    from ordino.models.jobshop.check import check

    none = np.zeros(0, np.int64)
    healthy = replace(shop, down_machine=none, down_begin=none, down_end=none)
    incumbent = Incumbent(healthy, check, healthy.objective)
    searches: list[Any] = [(tabu.takes, tabu.tabu), (anneal.takes, anneal.anneal)]
    if shop.buffers == "swap":
        searches = [(insertion.takes, insertion.insertion)]
    search = next((make() for takes, make in searches if takes(healthy) is None), None)
    if search is None:
        raise UsageError("simulate: no search takes the shop to make a plan; give one")
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
    chosen: Integers = np.array(values[policy], dtype=np.int64)
    return chosen
