"""What the contract tests need to know of task graphs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from hypothesis import strategies as st

from ordino.instances.taskgraph.generate import layered
from ordino.models.taskgraph.problem import Schedule, TaskGraph

INFINITE = float("inf")


@st.composite
def tiny(draw: st.DrawFn) -> TaskGraph:
    """Up to five tasks on up to three processors, with all that an instance may have."""
    tasks, processors = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    whole = draw(st.booleans())
    amount = st.integers(0, 9) if whole else st.integers(0, 900).map(lambda x: x / 7)

    def several(values: st.SearchStrategy, count: int) -> list:
        return draw(st.lists(values, min_size=count, max_size=count))

    work = [several(amount, processors) for _ in range(tasks)]
    for row in work:
        forbidden = draw(st.none() | st.integers(0, processors - 1))
        if forbidden is not None and processors > 1:
            row[forbidden] = INFINITE
    pairs = list(itertools.combinations(range(tasks), 2))
    edges = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=6)) if pairs else []
    shuffled = draw(st.permutations(range(tasks)))
    uniform = draw(st.booleans())
    rate = st.sampled_from([0.5, 1.0, 2.0])
    links = [several(rate, processors) for _ in range(processors)]
    waits = [several(st.integers(0, 2), processors) for _ in range(processors)]
    return TaskGraph.of(
        work,
        [(shuffled[i], shuffled[j], draw(amount)) for i, j in edges],
        bandwidth=1.0 if uniform else links,
        startup=0 if uniform else waits,
        release_dates=several(st.integers(0, 8), tasks) if draw(st.booleans()) else None,
    )


def brute_force(instance: TaskGraph) -> float:
    """Least makespan over all orders in which tasks can be appended, on all processors."""
    best = INFINITE
    tasks, processors = range(instance.tasks), range(instance.processors)
    senders: list[list[tuple[int, float]]] = [[] for _ in tasks]
    ends_of_edges = zip(instance.source.tolist(), instance.target.tolist(), strict=True)
    for (i, j), volume in zip(ends_of_edges, instance.volume.tolist(), strict=True):
        senders[j].append((i, volume))
    release, deadline = instance.release_dates.tolist(), instance.deadlines.tolist()
    memory = instance.memory.tolist()

    def extend(place: dict, end: dict, free: list[float], room: list[float], length: float) -> None:
        nonlocal best
        if length >= best:
            return
        if len(place) == len(tasks):
            best = length
            return
        for task in tasks:
            if task in place or any(i not in place for i, _ in senders[task]):
                continue
            for p in processors:
                work = float(instance.work[task, p])
                if work == INFINITE or memory[task] > room[p]:
                    continue
                at = max(release[task], free[p])
                for i, volume in senders[task]:
                    at = max(at, end[i] + instance.delay(place[i], p, volume))
                if at + work > deadline[task]:
                    continue
                extend(
                    place | {task: p},
                    end | {task: at + work},
                    [*free[:p], at + work, *free[p + 1 :]],
                    [*room[:p], room[p] - memory[task], *room[p + 1 :]],
                    max(length, at + work),
                )

    extend({}, {}, [0.0] * len(processors), instance.capacity.tolist(), 0.0)
    return int(best) if instance.integral and best < INFINITE else best


def mutations(instance: TaskGraph, solution: Schedule) -> Iterator[Schedule]:
    """Single changes that break a schedule: lost, on no processor, too early, on top of another."""
    place, start = solution.processor, solution.start
    yield Schedule(place[:-1], start[:-1])
    yield Schedule(place, np.append(start, 0))
    end = start + instance.work[np.arange(instance.tasks), place]
    for task in range(instance.tasks):
        for wrong in (-1, instance.processors):
            changed = place.copy()
            changed[task] = wrong
            yield Schedule(changed, start)
        for p in np.flatnonzero(np.isinf(instance.work[task])).tolist():
            changed = place.copy()
            changed[task] = p
            yield Schedule(changed, start)
        early = start.copy()
        early[task] = instance.release_dates[task] - 1
        yield Schedule(place, early)
        for other in range(instance.tasks):
            together = place[task] == place[other] and other != task
            if together and end[task] > start[task] and end[other] > start[other]:
                moved = start.copy()
                moved[task] = start[other]
                yield Schedule(place, moved)
    for i, j in zip(instance.source.tolist(), instance.target.tolist(), strict=True):
        if end[i] > 1:
            moved = start.copy()
            moved[j] = end[i] - 1
            yield Schedule(place, moved)


def sample() -> TaskGraph:
    """Twelve tasks, solved in about a second."""
    return layered(tasks=12, processors=3, seed=3)


def large() -> TaskGraph:
    """What no solver finishes within seconds."""
    return layered(tasks=400, processors=8, ccr=0.5, seed=3)
