"""What the contract tests need to know of projects."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, product

import numpy as np
from hypothesis import assume, reject
from hypothesis import strategies as st

from ordino.core.errors import InstanceError
from ordino.heuristics.rcpsp.rules import takes
from ordino.instances.rcpsp.generate import random_project
from ordino.models.rcpsp.problem import KINDS, NEVER, Plan, Project


@st.composite
def projects(draw: st.DrawFn, most: int, *, hard: bool) -> Project:
    """Few activities with all that there is; `hard` adds deadlines and maximal lags."""
    count = draw(st.integers(1, most))
    renewables, budgets = draw(st.integers(0, 2)), draw(st.integers(0, 1))
    small = st.integers(0, 3)
    mode = st.tuples(
        small, st.lists(small, min_size=renewables + budgets, max_size=renewables + budgets)
    )
    activities = draw(
        st.lists(st.lists(mode, min_size=1, max_size=2), min_size=count, max_size=count)
    )
    change = st.tuples(
        st.just((0, draw(st.integers(0, 3)))), st.tuples(st.integers(1, 4), st.integers(2, 4))
    )
    capacities = [draw(st.integers(3, 5) | change.map(list)) for _ in range(renewables)]
    pairs = [(i, j) for i in range(count) for j in range(count) if i < j or (hard and i > j)]
    lags = draw(
        st.lists(
            st.tuples(st.sampled_from(pairs), st.sampled_from(KINDS), st.integers(-3, 3)),
            max_size=3,
        )
        if pairs
        else st.just([])
    )
    backwards = [(i, j, kind, lag if i < j else -abs(lag) - 3) for (i, j), kind, lag in lags]
    groups = [(0, count - 1)] if count > 1 and draw(st.booleans()) else []
    shortest = [min(mode[0] for mode in each) for each in activities]
    releases = draw(st.lists(small, min_size=count, max_size=count))
    deadlines = None
    if hard:
        span = st.none() | st.integers(0, 6)
        deadlines = [
            None if (s := draw(span)) is None else release + least + s
            for release, least in zip(releases, shortest, strict=True)
        ]
    tardy = draw(st.booleans())
    limits = [draw(st.integers(4, 8)) for _ in range(budgets)]
    dues = draw(st.lists(small, min_size=count, max_size=count)) if tardy else None
    try:
        project = Project.of(
            activities,
            capacities,
            budgets=limits,
            lags=backwards,
            release_dates=releases,
            deadlines=deadlines,
            groups=groups,
            due_dates=dues,
            goal="tardiness" if tardy else "makespan",
        )
    except InstanceError as error:
        if "cycle of positive length" not in error.message:
            raise
        reject()
    assume(hard or takes(project) is None)
    return project


@st.composite
def crowded(draw: st.DrawFn) -> Project:
    """Activities of two modes on one resource, between two others by lags of any kind."""
    size = st.integers(1, 3)
    mode = st.tuples(size, st.lists(size, min_size=1, max_size=1))
    two = st.lists(mode, min_size=2, max_size=2)
    middle = draw(st.lists(two, min_size=1, max_size=2))
    ends = [[(draw(st.integers(0, 1)), [0])] for _ in range(2)]
    kind, lag = st.sampled_from(KINDS), st.integers(0, 4)
    inner = range(1, len(middle) + 1)
    before, behind = draw(st.tuples(kind, lag)), draw(st.tuples(kind, lag))
    lags = [(0, i, *before) for i in inner] + [(i, len(middle) + 1, *behind) for i in inner]
    return Project.of([ends[0], *middle, ends[1]], [3], lags=lags)


def tiny() -> st.SearchStrategy[Project]:
    """Projects of up to three activities that a rule takes."""
    return projects(3, hard=False)


def brute_force(instance: Project) -> int | None:
    """Try all modes and start times up to the horizon; `None` if nothing is feasible."""
    best: int | None = None
    horizon = instance.horizon
    for modes in product(*(instance.modes_of(i) for i in range(instance.activities))):
        chosen = np.array(modes)
        if (instance.consumption[chosen].sum(axis=0) > instance.budget).any():
            continue
        value = _least(instance, chosen.tolist(), horizon, best)
        if value is not None:
            best = value
    return best


def _least(instance: Project, modes: list[int], horizon: int, best: int | None) -> int | None:
    n = instance.activities
    free = [
        [[c for time, c in instance.steps(k) if time <= t][-1] for t in range(horizon)]
        for k in range(instance.renewables)
    ]
    starts: list[int] = []

    def end(i: int) -> int:
        return starts[i] + int(instance.duration[modes[i]])

    def value() -> int:
        if instance.goal == "makespan":
            return max(map(end, range(len(starts))), default=0)
        late = (max(0, end(i) - int(instance.due_dates[i])) for i in range(len(starts)))
        return sum(int(w) * each for w, each in zip(instance.weights, late, strict=False))

    def fits(i: int) -> bool:
        for a, b, kind, lag in zip(
            instance.lag_source, instance.lag_target, instance.lag_kind, instance.lag, strict=True
        ):
            if max(a, b) <= i and i in (a, b):
                of = end(a) if kind >= 2 else starts[a]
                to = end(b) if kind % 2 else starts[b]
                if to < of + lag:
                    return False
        for group in instance.groups:
            for j in group:
                apart = end(i) <= starts[j] or end(j) <= starts[i] if j < i in group else True
                if not apart and end(i) > starts[i] and end(j) > starts[j]:
                    return False
        running = range(starts[i], end(i))
        demand = instance.demand[modes[i]]
        return all(free[k][t] >= demand[k] for k in range(instance.renewables) for t in running)

    def extend(i: int) -> None:
        nonlocal best
        if best is not None and value() >= best:
            return
        if i == n:
            best = value()
            return
        latest = min(horizon, int(instance.deadlines[i])) - int(instance.duration[modes[i]])
        for t in range(int(instance.release_dates[i]), latest + 1):
            starts.append(t)
            if fits(i):
                demand = instance.demand[modes[i]]
                for k in range(instance.renewables):
                    for u in range(t, end(i)):
                        free[k][u] -= demand[k]
                extend(i + 1)
                for k in range(instance.renewables):
                    for u in range(t, end(i)):
                        free[k][u] += demand[k]
            starts.pop()

    extend(0)
    return best


def mutations(instance: Project, solution: Plan) -> Iterator[Plan]:
    """Yield single changes of a good plan; every one breaks it."""
    start, mode = solution.start, solution.mode
    yield Plan(start[:-1], mode)
    yield Plan(start, mode[:-1])
    for i in range(instance.activities):
        yield Plan(_with(start, i, int(instance.release_dates[i]) - 1), mode)
        yield Plan(start, _with(mode, i, len(instance.modes_of(i))))
        yield Plan(start, _with(mode, i, -1))
        if instance.deadlines[i] != NEVER:
            yield Plan(_with(start, i, int(instance.deadlines[i]) + 1), mode)
    duration = instance.duration[instance.mode_start[:-1] + mode]
    for a, b, kind, lag in zip(
        instance.lag_source, instance.lag_target, instance.lag_kind, instance.lag, strict=True
    ):
        of = start[a] + (duration[a] if kind >= 2 else 0)
        yield Plan(_with(start, b, int(of + lag - 1 - (duration[b] if kind % 2 else 0))), mode)
    for group in instance.groups:
        for i, j in pairwise(group):
            if duration[i] and duration[j]:
                yield Plan(_with(start, i, int(start[j])), mode)
    running = duration > 0
    for k in range(instance.renewables):
        demand = instance.demand[instance.mode_start[:-1] + mode, k]
        for i in np.flatnonzero(running).tolist():
            for j in np.flatnonzero(running).tolist():
                if i != j and demand[i] + demand[j] > instance.greatest_capacity[k]:
                    yield Plan(_with(start, i, int(start[j])), mode)


def _with(values: np.ndarray, place: int, value: int) -> np.ndarray:
    changed = values.copy()
    changed[place] = value
    return changed


def sample() -> Project:
    """Ten activities, solved in a second."""
    return random_project(activities=10, resources=2, seed=2)


def lagged() -> Project:
    """Ten activities with minimal lags from start to start, and a maximal one."""
    plain = sample()
    arcs = zip(plain.lag_source.tolist(), plain.lag_target.tolist(), strict=True)
    lags = [(i, j, "start-start", 3) for i, j in arcs] + [(9, 0, "start-start", -60)]
    rows = zip(plain.duration.tolist(), plain.demand.tolist(), strict=True)
    return Project.of([[row] for row in rows], plain.step_capacity.tolist(), lags=lags)


SAMPLES = {"rcpsp-max": lagged}


def large() -> Project:
    """What no solver finishes within seconds."""
    return random_project(activities=150, order_strength=0.2, resource_strength=0.1, seed=2)
