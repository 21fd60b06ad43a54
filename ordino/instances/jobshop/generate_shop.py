"""Generators of general shops: flexible, hybrid flow, with setups, downtimes, due dates."""

from __future__ import annotations

from typing import Any

import numpy as np

from ordino.core.errors import UsageError
from ordino.models.jobshop.shop import Buffers, Goal, Shop

__all__ = ["general", "hybrid_flow"]

MOST_ALTERNATIVES = 5_000_000


def hybrid_flow(
    *,
    jobs: int = 20,
    stages: int = 3,
    machines: int = 4,
    shortest: int = 2,
    longest: int = 9,
    seed: int = 0,
) -> Shop:
    """Generate a hybrid flow shop: every job passes the stages in turn, on any machine of each.

    Machines are unrelated: each duration is drawn anew, evenly. The defaults are those of the
    flexible flow shops of Kwon et al. (MatNet, 2021) and PARCO (2024), which have 20, 50, 100 jobs.

    Args:
        jobs: Number of jobs.
        stages: Number of stages.
        machines: Number of machines of each stage.
        shortest: Least duration.
        longest: Greatest duration.
        seed: Of every draw.

    Raises:
        UsageError: A number out of range.
    """
    name = "hybrid-flow"
    _require(name, jobs=jobs, stages=stages, machines=machines)
    _require_order(name, "shortest", shortest, "longest", longest)
    _require_size(name, jobs * stages * machines)
    random = np.random.default_rng(_seed(name, seed))
    durations = random.integers(shortest, longest + 1, (jobs, stages, machines)).tolist()
    return Shop.of(
        [
            [list(enumerate(row, stage * machines)) for stage, row in enumerate(job)]
            for job in durations
        ],
        machines=stages * machines,
    )


def general(
    *,
    jobs: int = 10,
    machines: int = 6,
    operations: int = 6,
    alternatives: int = 3,
    spread: float = 0.2,
    reach: int = 1,
    families: int = 0,
    longest_setup: int = 30,
    initial: bool = False,
    downtimes: int = 0,
    arrivals: float = 0.0,
    tightness: float = 0.0,
    goal: Goal = "makespan",
    buffers: Buffers = "unlimited",
    seed: int = 0,
) -> Shop:
    """Generate a flexible shop with what else is asked for.

    Jobs have as many operations; each may run on 1 to `alternatives` random machines. Its durations
    there are drawn from 1 to 99, then for each machine up to `spread` more or less.

    Args:
        jobs: Number of jobs.
        machines: Number of machines.
        operations: Of each job.
        alternatives: Most machines of an operation.
        spread: Share by which the durations of an operation differ at most.
        reach: Each operation but the last of a job comes before a random one of so many next ones:
            1 makes chains, more an assembly, which joins parts.
        families: Setup families; 0 for no setups. Between two families a setup takes 1 to
            `longest_setup`, within one it takes no time; the triangle inequality holds. Without
            room between machines a job is all of one family, for it may leave no time for a setup.
        longest_setup: Greatest setup time.
        initial: Whether a machine's first operation needs a setup, 1 to `longest_setup`.
        downtimes: Of each machine, each 10 to 50 long, within the mean load of the machines.
        arrivals: Release dates are drawn from 0 to so many times the mean load of the machines.
        tightness: A job's due date is so many times its work behind its release; 0 for no due
            dates. One job in five has weight 4, three in five 2, the others 1 (as in Singer, Pinedo
            1998).
        goal: What to minimise.
        buffers: The room between machines.
        seed: Of every draw.

    Raises:
        UsageError: A number out of range, or a goal that needs due dates without any.
    """
    name = "general"
    _require(name, jobs=jobs, machines=machines, operations=operations, alternatives=alternatives)
    _require(name, least=0, families=families, downtimes=downtimes)
    _require(name, longest_setup=longest_setup, reach=reach)
    _require_size(name, jobs * operations * min(alternatives, machines))
    _require_size(name, machines * (families + 1) * families + machines * downtimes)
    if not 0 <= spread < 1 or not 0 <= tightness < 1e6 or not 0 <= arrivals < 1e6:
        raise UsageError(
            f"generator {name}: expected a spread below 1, a tightness and arrivals of 0 or more"
        )
    if reach > 1 and buffers != "unlimited":
        raise UsageError(f"generator {name}: the variant {buffers} needs chains: a reach of 1")
    if initial and not families:
        raise UsageError(f"generator {name}: initial setups need families")
    if goal in ("tardiness", "lateness") and not tightness:
        raise UsageError(f"generator {name}: the goal {goal} needs due dates: give a tightness")
    random = np.random.default_rng(_seed(name, seed))

    def operation() -> list[tuple[int, int]]:
        count = int(random.integers(1, min(alternatives, machines) + 1))
        chosen = np.sort(random.choice(machines, count, replace=False)).tolist()
        middle = random.integers(1, 100)
        factors = random.uniform(1 - spread, 1 + spread, count)
        lengths = np.maximum(1, np.rint(middle * factors)).astype(int).tolist()
        return list(zip(chosen, lengths, strict=True))

    shop = [[operation() for _ in range(operations)] for _ in range(jobs)]
    more: dict[str, Any] = {}
    if families:
        drawn = random.integers(0, families, (jobs, operations))
        if buffers != "unlimited":
            drawn[:] = drawn[:, :1]
        more["setup_families"] = drawn.tolist()
        more["setups"] = [_triangular(random, families, longest_setup) for _ in range(machines)]
    if initial:
        more["initial_setups"] = random.integers(
            1, longest_setup + 1, (machines, families)
        ).tolist()
    work = [sum(min(p for _, p in each) for each in job) for job in shop]
    load = sum(work) // machines
    if downtimes:
        more["downtimes"] = [
            (machine, *each)
            for machine in range(machines)
            for each in _breaks(random, downtimes, max(load, 60 * downtimes))
        ]
    release = [0] * jobs
    if arrivals:
        release = random.integers(0, int(arrivals * load) + 1, jobs).tolist()
        more["release_dates"] = release
    if tightness:
        dues = zip(release, work, strict=True)
        more["due_dates"] = [begin + int(tightness * each) for begin, each in dues]
        ranks = random.permutation(jobs) / jobs
        more["weights"] = np.where(ranks < 0.2, 4, np.where(ranks < 0.8, 2, 1)).tolist()
    if reach > 1:
        more["arcs"] = [_assembly(random, operations, reach) for _ in range(jobs)]
    return Shop.of(shop, machines=machines, goal=goal, buffers=buffers, **more)


def _assembly(random: np.random.Generator, operations: int, reach: int) -> list[tuple[int, int]]:
    """Draw for each operation but the last what it comes before."""
    before = np.arange(operations - 1)
    after = np.minimum(before + random.integers(1, reach + 1, before.size), operations - 1)
    return list(zip(before.tolist(), after.tolist(), strict=True))


def _triangular(random: np.random.Generator, families: int, longest: int) -> list[list[int]]:
    """Draw setup times of which none is longer than a detour."""
    times = random.integers(1, longest + 1, (families, families))
    np.fill_diagonal(times, 0)
    for middle in range(families):
        times = np.minimum(times, times[:, middle, None] + times[None, middle, :])
    rows: list[list[int]] = times.tolist()
    return rows


def _breaks(random: np.random.Generator, count: int, until: int) -> list[tuple[int, int]]:
    """Draw intervals, one in each of as many equal parts of the time."""
    part = until // count
    lengths = random.integers(10, min(50, part) + 1, count)
    begins = [i * part + int(random.integers(0, part - n + 1)) for i, n in enumerate(lengths)]
    return [(begin, begin + int(n)) for begin, n in zip(begins, lengths, strict=True)]


def _seed(name: str, seed: int) -> int:
    _require(name, least=0, seed=seed)
    return seed


def _require(name: str, *, least: int = 1, **numbers: int) -> None:
    for what, value in numbers.items():
        if value < least:
            raise UsageError(f"generator {name}: {what} {value}: expected at least {least}")


def _require_order(name: str, one: str, low: int, other: str, high: int) -> None:
    if not 0 <= low <= high < 2**31:
        raise UsageError(f"generator {name}: {one} {low}, {other} {high}: expected 0 <= {one} <= "
                         f"{other} < 2^31")  # fmt: skip


def _require_size(name: str, size: int) -> None:
    if size > MOST_ALTERNATIVES:
        raise UsageError(f"generator {name}: more than {MOST_ALTERNATIVES} alternatives or setups")
