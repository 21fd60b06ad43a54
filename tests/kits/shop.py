"""General shops for tests: tiny ones of every kind, their optimum by brute force, mutations."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

from ordino.models.jobshop.check import check
from ordino.models.jobshop.problem import Schedule
from ordino.models.jobshop.shop import GOALS, NEVER, Shop


@st.composite
def shops(draw: st.DrawFn, most: int = 5, least_duration: int = 0) -> Shop:
    """Few operations with all that there is, but unlimited buffers."""
    machines = draw(st.integers(1, 3))
    count = draw(st.integers(1, most))
    jobs: list[list[list[tuple[int, int]]]] = []
    setups = draw(st.booleans())
    shortest = max(least_duration, int(setups))
    for _ in range(count):
        chosen = draw(st.lists(st.integers(0, machines - 1), min_size=1, max_size=2, unique=True))
        operation = [(machine, draw(st.integers(shortest, 4))) for machine in chosen]
        if jobs and draw(st.booleans()):
            jobs[-1].append(operation)
        else:
            jobs.append([operation])
    arcs = [
        None
        if draw(st.booleans())
        else [
            (i, j) for i in range(len(job)) for j in range(i + 1, len(job)) if draw(st.booleans())
        ]
        for job in jobs
    ]
    goal = draw(st.sampled_from(sorted(GOALS)))
    small = st.integers(0, 4)
    dates = st.lists(small, min_size=len(jobs), max_size=len(jobs))
    matrix = st.lists(st.lists(small, min_size=2, max_size=2), min_size=2, max_size=2)
    times = st.lists(matrix, min_size=machines, max_size=machines)
    downtimes = []
    for machine in range(machines):
        begin = 0
        for _ in range(draw(st.integers(0, 2))):
            begin += draw(small)
            end = begin + draw(st.integers(1, 3))
            downtimes.append((machine, begin, end))
            begin = end
    return Shop.of(
        jobs,
        machines=machines,
        arcs=arcs,
        release_dates=draw(dates),
        due_dates=draw(dates) if goal in ("tardiness", "lateness") or draw(st.booleans()) else None,
        weights=draw(dates),
        setup_families=[[draw(st.integers(0, 1)) for _ in job] for job in jobs] if setups else None,
        setups=draw(times) if setups else None,
        initial_setups=(
            draw(st.lists(st.lists(small, min_size=2, max_size=2), min_size=machines,
                          max_size=machines))
            if setups and draw(st.booleans())
            else None
        ),
        downtimes=downtimes,
        goal=goal,
    )  # fmt: skip


def best_schedule(instance: Shop) -> tuple[int, Schedule] | None:
    """Try all machines and all orders in which operations can be appended, each as early as may be.

    For goals that never gain from a later end, and unlimited buffers.
    """
    assert instance.buffers == "unlimited"
    best: tuple[int, Schedule] | None = None
    n = instance.operations
    start, end, machine = [0] * n, [-1] * n, [0] * n
    last: list[int | None] = [None] * instance.machines

    def setup(m: int, i: int) -> int:
        if not instance.setup.size:
            return 0
        before = instance.setup_families if last[m] is None else instance.setup_family[last[m]]
        return int(instance.setup[m, before, instance.setup_family[i]])

    def earliest(i: int, m: int, duration: int) -> int:
        time = int(instance.release_dates[instance.job[i]])
        for j in instance.predecessors[i]:
            time = max(time, end[j])
        free = 0 if last[m] is None else end[last[m]]
        time = max(time, free + setup(m, i))
        for begin, until in instance.downtimes(m):
            if time + duration > begin and time < until:
                time = until
        return time

    def extend(left: int) -> None:
        nonlocal best
        if not left:
            found = Schedule(np.array(start), np.array(machine))
            report = check(instance, found)
            assert report.valid, report
            if best is None or report.objective < best[0]:
                best = report.objective, found
            return
        for i in range(n):
            if end[i] >= 0 or any(end[j] < 0 for j in instance.predecessors[i]):
                continue
            for k in instance.alternatives(i):
                m, duration = int(instance.machine[k]), int(instance.duration[k])
                time = earliest(i, m, duration)
                if time >= NEVER:
                    continue
                held = last[m]
                start[i], end[i], machine[i], last[m] = time, time + duration, m, i
                extend(left - 1)
                end[i], last[m] = -1, held

    extend(n)
    return best


def brute_force(instance: Shop) -> int | None:
    """Least objective; `None` if nothing is feasible."""
    found = best_schedule(instance)
    return None if found is None else found[0]


def mutations(instance: Shop, solution: Schedule) -> Iterator[Schedule]:
    """Single changes that break a schedule."""
    start = solution.start.tolist()
    machine = solution.machine
    machines = (
        instance.machine[instance.alternative_start[:-1]] if machine is None else machine
    ).tolist()
    duration = [
        next(int(instance.duration[k]) for k in instance.alternatives(i)
             if instance.machine[k] == machines[i])
        for i in range(instance.operations)
    ]  # fmt: skip

    def at(i: int, time: int) -> Schedule:
        return Schedule(np.array([*start[:i], time, *start[i + 1 :]]), machine)

    yield Schedule(np.array(start[:-1]), machine)
    yield Schedule(np.array([*start, 0]), machine)
    yield Schedule(solution.start, np.array(machines[:-1]))
    if instance.flexible:
        yield Schedule(solution.start)
    for i in range(instance.operations):
        mine = [int(instance.machine[k]) for k in instance.alternatives(i)]
        other = min(set(range(instance.machines + 1)) - set(mine))
        yield Schedule(solution.start, np.array([*machines[:i], other, *machines[i + 1 :]]))
        if not instance.predecessors[i]:
            yield at(i, int(instance.release_dates[instance.job[i]]) - 1)
        for j in instance.predecessors[i]:
            yield at(i, start[j] + duration[j] - 1)
            yield at(j, start[i] - duration[j] + 1)
            if instance.buffers == "no-wait":
                yield at(i, start[i] + 1)
        for begin, end in instance.downtimes(machines[i]):
            if duration[i]:
                yield at(i, begin - duration[i] + 1)
                yield at(i, end - 1)
    leave = [begin + duration[i] for i, begin in enumerate(start)]
    if instance.buffers in ("swap", "blocking"):
        for i, j in zip(instance.arc_before.tolist(), instance.arc_after.tolist(), strict=True):
            leave[i] = start[j]
    for m in range(instance.machines):
        here = [i for i in range(instance.operations) if machines[i] == m]
        here.sort(key=lambda i: (start[i], leave[i], i))
        for i in here:
            for j in here:
                if i != j and duration[i] and duration[j]:
                    yield at(i, start[j])
        if here and instance.setup.size:
            first = here[0]
            row = instance.setup[m, instance.setup_families]
            if setup := int(row[instance.setup_family[first]]):
                yield at(first, setup - 1)
            for i, j in pairwise(here):
                one, other = (int(instance.setup_family[each]) for each in (i, j))
                if setup := int(instance.setup[m, one, other]):
                    yield at(j, leave[i] + setup - 1)
        if instance.buffers in ("swap", "blocking"):
            for i, j in pairwise(here):
                after = instance.successors[i]
                if after and after[0] != j and start[j] < leave[j]:
                    yield at(after[0], start[j] + 1)
