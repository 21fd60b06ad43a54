"""Taillard's generators of job shops and flow shops.

E. Taillard, Benchmarks for basic scheduling problems, European Journal of Operational Research 64,
1993: a linear congruential generator x <- 16807 x mod (2^31 - 1), whose two seeds name an instance.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ordino.core.errors import UsageError
from ordino.models.jobshop.problem import JobShop

__all__ = ["MODULUS", "flow", "taillard"]

MODULUS = 2**31 - 1
_MULTIPLIER = 16807
MOST_OPERATIONS = 10_000_000


def taillard(
    *,
    jobs: int = 15,
    machines: int = 15,
    seed: int = 0,
    time_seed: int | None = None,
    machine_seed: int | None = None,
) -> JobShop:
    """Generate a job shop in which every job passes every machine once, in random order.

    Durations are drawn job by job from 1 to 99; a job's machines start as 0, 1, 2, … and position i
    is swapped with one of i … machines - 1, for each i in turn.

    Args:
        jobs: Number of jobs.
        machines: Number of machines, and of operations of each job.
        seed: Gives the other two seeds where they are not given.
        time_seed: Taillard's seed of the durations, 1 to 2^31 - 2.
        machine_seed: Taillard's seed of the machines, 1 to 2^31 - 2.

    Raises:
        UsageError: A number out of range.

    >>> taillard(jobs=2, machines=2, time_seed=840612802, machine_seed=398197754).duration
    array([94, 66, 10, 53])
    """
    drawn = _seeds("taillard", jobs, machines, seed)
    times = _uniform("taillard", drawn[0] if time_seed is None else time_seed)
    routes = _uniform("taillard", drawn[1] if machine_seed is None else machine_seed)
    durations = [[times(1, 99) for _ in range(machines)] for _ in range(jobs)]
    shop = []
    for row in durations:
        route = list(range(machines))
        for position in range(machines):
            other = routes(position, machines - 1)
            route[position], route[other] = route[other], route[position]
        shop.append(list(zip(route, row, strict=True)))
    return JobShop.of(shop, machines=machines)


def flow(
    *, jobs: int = 20, machines: int = 5, seed: int = 0, time_seed: int | None = None
) -> JobShop:
    """Generate a flow shop, in which every job passes the machines in their order.

    Durations are drawn machine by machine from 1 to 99. Taillard's best known values are for
    schedules in which all machines take the jobs in one order; here each may have its own.

    Args:
        jobs: Number of jobs.
        machines: Number of machines, and of operations of each job.
        seed: Gives the other seed where it is not given.
        time_seed: Taillard's seed of the durations, 1 to 2^31 - 2.

    Raises:
        UsageError: A number out of range.

    >>> flow(jobs=20, machines=5, time_seed=873654221).duration[::5][:5]
    array([54, 83, 15, 71, 77])
    """
    drawn, _ = _seeds("taillard-flow", jobs, machines, seed)
    times = _uniform("taillard-flow", drawn if time_seed is None else time_seed)
    durations = [[times(1, 99) for _ in range(jobs)] for _ in range(machines)]
    return JobShop.of(
        [list(enumerate(row)) for row in zip(*durations, strict=True)], machines=machines
    )


def _seeds(name: str, jobs: int, machines: int, seed: int) -> tuple[int, int]:
    """Check what both generators take, and draw Taillard's seeds."""
    if jobs < 1 or machines < 1:
        raise UsageError(f"generator {name}: {jobs} jobs, {machines} machines: expected some")
    if jobs * machines > MOST_OPERATIONS:
        raise UsageError(f"generator {name}: more than {MOST_OPERATIONS} operations")
    if seed < 0:
        raise UsageError(f"generator {name}: seed {seed}: expected at least 0")
    times, routes = np.random.default_rng(seed).integers(1, MODULUS, 2).tolist()
    return times, routes


def _uniform(name: str, seed: int) -> Callable[[int, int], int]:
    """Return a function that draws integers from low to high."""
    if not 1 <= seed < MODULUS:
        raise UsageError(f"generator {name}: seed {seed}: expected 1 to 2^31 - 2")
    state = seed

    def draw(low: int, high: int) -> int:
        nonlocal state
        state = _MULTIPLIER * state % MODULUS
        return low + state * (high - low + 1) // MODULUS

    return draw
