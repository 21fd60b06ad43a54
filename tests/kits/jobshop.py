"""What the contract tests need to know of job shops, classic and general."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st
from kits import shop

from ordino.instances.jobshop.generate import taillard
from ordino.models.jobshop.problem import JobShop, Schedule
from ordino.models.jobshop.shop import Shop


def tiny() -> st.SearchStrategy[JobShop | Shop]:
    """Classic and general shops, each half of the time."""
    return st.one_of(classic(), shop.shops(most=4))


@st.composite
def classic(draw: st.DrawFn) -> JobShop:
    """Shops of at most 6 operations: re-entrant, of any length, with release dates."""
    machines = draw(st.integers(1, 3))
    operation = st.tuples(st.integers(0, machines - 1), st.integers(0, 5))
    jobs = draw(st.lists(st.lists(operation, min_size=1, max_size=3), min_size=1, max_size=2))
    count = len(jobs)
    dates = st.lists(st.integers(0, 4), min_size=count, max_size=count)
    return JobShop.of(
        jobs,
        machines=machines,
        release_dates=draw(dates),
        due_dates=draw(st.none() | dates),
    )


def brute_force(instance: JobShop | Shop) -> int | None:
    """Least objective over all orders in which operations can be appended to a schedule."""
    if isinstance(instance, Shop):
        return shop.brute_force(instance)
    best = int(instance.duration.sum() + instance.release_dates.max())

    def extend(following: list[int], ready: list[int], free: list[int]) -> None:
        nonlocal best
        done = True
        for job, operation in enumerate(following):
            if operation == instance.job_start[job + 1]:
                continue
            done = False
            machine = int(instance.machine[operation])
            end = max(ready[job], free[machine]) + int(instance.duration[operation])
            extend(
                [*following[:job], operation + 1, *following[job + 1 :]],
                [*ready[:job], end, *ready[job + 1 :]],
                [*free[:machine], end, *free[machine + 1 :]],
            )
        if done:
            best = min(best, max(ready))

    extend(
        instance.job_start[:-1].tolist(),
        instance.release_dates.tolist(),
        [0] * instance.machines,
    )
    return best


def mutations(instance: JobShop | Shop, solution: Schedule) -> Iterator[Schedule]:
    """Single changes that break a schedule: too early, on top of another, lost, one too many."""
    if isinstance(instance, Shop):
        yield from shop.mutations(instance, solution)
        return
    start = solution.start.tolist()
    for first, behind in pairwise(instance.job_start.tolist()):
        for operation in range(first, behind):
            earliest = (
                int(instance.release_dates[np.searchsorted(instance.job_start, first)])
                if operation == first
                else start[operation - 1] + int(instance.duration[operation - 1])
            )
            yield _with(start, operation, earliest - 1)
            if operation + 1 < behind:
                late = start[operation + 1] - int(instance.duration[operation]) + 1
                yield _with(start, operation, late)
    for a in range(instance.operations):
        for b in range(instance.operations):
            same = a != b and instance.machine[a] == instance.machine[b]
            if same and instance.duration[a] > 0 and instance.duration[b] > 0:
                yield _with(start, a, start[b])
    yield Schedule(np.array(start[:-1]))
    yield Schedule(np.array([*start, 0]))


def _with(start: list[int], operation: int, value: int) -> Schedule:
    return Schedule(np.array([*start[:operation], value, *start[operation + 1 :]]))


def sample() -> JobShop:
    """A shop that every solver handles in a second."""
    return taillard(jobs=5, machines=4, seed=1)


def large() -> JobShop:
    """A shop that no solver finishes in seconds."""
    return taillard(jobs=30, machines=20, seed=2)


def flexible() -> Shop:
    """A shop with a choice of machines."""
    return Shop.of([[[(0, 3), (2, 4)], [(1, 2)]], [[(1, 4)], [(0, 1), (1, 3), (2, 1)]]])


def assembly() -> Shop:
    """A shop whose job is a graph."""
    parts = [[(0, 3), (2, 4)], [(1, 2)], [(1, 4)], [(0, 1)]]
    return Shop.of([parts, [[(2, 5)]]], arcs=[[(0, 2), (1, 2), (2, 3)], None])


def flow() -> JobShop:
    """A flow shop."""
    return JobShop.of([[(0, 3), (1, 2)], [(0, 4), (1, 1)], [(0, 2), (1, 6)]])


SAMPLES = {"fjs": flexible, "birgin": assembly, "taillard-flow": flow}
