"""Generators of projects: random networks with scarce resources, and constraint interactions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ordino.core.errors import UsageError
from ordino.models.rcpsp.problem import Project

__all__ = ["interactions", "random_project"]

MOST_RANDOM, MOST_INTERACTING = 5_000, 20_000
"""Activities that take some ten seconds."""


def random_project(
    *,
    activities: int = 30,
    modes: int = 1,
    resources: int = 4,
    budgets: int = 0,
    order_strength: float = 0.5,
    resource_strength: float = 0.3,
    longest: int = 10,
    due_dates: bool = False,
    seed: int = 0,
) -> Project:
    """Generate a project in the manner of ProGen (Kolisch, Sprecher, Drexl 1995).

    A precedence joins two activities with the probability that makes the share of ordered pairs
    about the order strength; transitive ones are left out. A capacity lies between the greatest
    demand of one activity and the peak of the earliest schedule, by the resource strength.

    Args:
        activities: Number of activities.
        modes: Of each activity; a longer one needs less.
        resources: Renewable resources, demands 0 to 10.
        budgets: Non-renewable resources; the modes of least consumption in all always fit.
        order_strength: 0 for no precedences; what is near 1, a chain, is not quite reached.
        resource_strength: 0 for scarce, 1 for plenty.
        longest: Greatest duration.
        due_dates: Due dates and weights, and the goal tardiness.
        seed: Of all random choices.

    Raises:
        UsageError: A number out of range.
    """
    for name, value, low, high in (
        ("activities", activities, 1, MOST_RANDOM),
        ("modes", modes, 1, 100),
        ("resources", resources, 0, 100),
        ("budgets", budgets, 0, 100),
        ("order_strength", order_strength, 0, 1),
        ("resource_strength", resource_strength, 0, 1),
        ("longest", longest, 1, 10**6),
        ("seed", seed, 0, 2**63),
    ):
        if not low <= value <= high:
            raise UsageError(f"generator random: {name} {value}: expected {low} to {high}")
    random = np.random.default_rng(seed)
    precedences = _network(activities, order_strength, random)
    rows: list[list[tuple[int, list[int]]]] = []
    for _ in range(activities):
        durations = np.sort(random.integers(1, longest + 1, modes))
        demands = random.integers(0, 11, (modes, resources)) * (random.random(resources) < 0.7)
        demands = -np.sort(-demands, axis=0)
        needs = -np.sort(-random.integers(0, 11, (modes, budgets)), axis=0)
        pairs = zip(durations.tolist(), np.hstack([demands, needs]).tolist(), strict=True)
        rows.append(list(pairs))
    capacities, limits = _capacities(rows, precedences, resources, resource_strength)
    dues, weights = None, None
    if due_dates:
        early = _earliest(rows, precedences)
        slack = random.integers(0, longest * 3 + 1, activities)
        dues = [t + row[0][0] + int(s) for t, row, s in zip(early, rows, slack, strict=True)]
        weights = random.integers(1, 11, activities).tolist()
    return Project.of(
        rows,
        capacities,
        budgets=limits,
        precedences=precedences,
        due_dates=dues,
        weights=weights,
        goal="tardiness" if due_dates else "makespan",
        name=f"random-{activities}-{seed}",
    )


def _network(count: int, strength: float, random: np.random.Generator) -> list[tuple[int, int]]:
    """Draw precedences i < j, none implied by others, until enough pairs are ordered."""
    wanted = strength * count * (count - 1) / 2
    above: list[int] = [0] * count  # bit sets of predecessors, direct or not
    below: list[int] = [0] * count
    arcs: set[tuple[int, int]] = set()
    ordered, tries = 0, 0
    while ordered < wanted and tries < 30 * count:
        tries += 1
        i, j = sorted(random.integers(0, count, 2).tolist())
        if i == j or above[j] >> i & 1:
            continue
        ups, downs = above[i] | 1 << i, below[j] | 1 << j
        for k in _bits(downs):
            ordered += (ups & ~above[k]).bit_count()
            above[k] |= ups
        for k in _bits(ups):
            below[k] |= downs
        arcs.add((i, j))
    return sorted((i, j) for i, j in arcs if not above[j] & below[i])


def _bits(number: int) -> list[int]:
    found = []
    while number:
        low = number & -number
        found.append(low.bit_length() - 1)
        number ^= low
    return found


def _earliest(rows: list[list[tuple[int, list[int]]]], arcs: list[tuple[int, int]]) -> list[int]:
    starts = [0] * len(rows)
    for i, j in arcs:
        starts[j] = max(starts[j], starts[i] + rows[i][0][0])
    return starts


def _capacities(
    rows: list[list[tuple[int, list[int]]]],
    arcs: list[tuple[int, int]],
    resources: int,
    strength: float,
) -> tuple[list[int], list[int]]:
    """Return renewable capacities, and budgets between the least consumption and the greatest."""
    starts = _earliest(rows, arcs)
    table = np.array([[mode[1] for mode in row] for row in rows], dtype=np.int64)
    greatest = table[:, :, :resources].max(axis=(0, 1), initial=1)
    ends = [t + row[0][0] for t, row in zip(starts, rows, strict=True)]
    first = table[:, 0, :resources]
    changes = np.concatenate([-first, first])[np.argsort([*ends, *starts], kind="stable")]
    peak = np.maximum(changes.cumsum(axis=0).max(axis=0, initial=0), greatest)
    capacities = greatest + np.round(strength * (peak - greatest)).astype(np.int64)
    consumption = table[:, :, resources:]
    low, high = consumption.min(axis=1).sum(axis=0), consumption.max(axis=1).sum(axis=0)
    single = consumption.max(axis=(0, 1), initial=0)
    limits = np.maximum(low + np.round(strength * (high - low)).astype(np.int64), single)
    return capacities.tolist(), limits.tolist()


def interactions(
    *,
    activities: int = 30,
    layers: int = 5,
    precedences: int = 3,
    resources: int = 3,
    downtime: float | None = None,
    windows: float | None = None,
    disjunctions: float | None = None,
    slack: int = 50,
    migration: bool = False,
    seed: int = 0,
) -> Project:
    """Generate a feasibility problem in which kinds of constraints interact.

    After R-ConstraintBench (Jain, Wetter 2025): layers of activities; level k adds k precedences
    from one layer to the next, none implied by others; then downtime of resources, windows of
    activities and pairs that may not overlap, each with its own probability. A hidden schedule
    that keeps all of them exists, so there is a solution.

    Args:
        activities: Number of activities, at least that of layers.
        layers: Number of layers.
        precedences: Precedences between two layers that follow each other, if so many there are.
        resources: Renewable resources.
        downtime: Probability that a resource is down while the hidden schedule leaves it idle, for
            each such time. This and the next two are 0 by default, 0.75 for a migration.
        windows: Probability that an activity has a release date and a deadline.
        disjunctions: Probability that an activity is paired with one that the hidden schedule
            keeps apart from it.
        slack: Greatest distance of a window's ends from the hidden schedule.
        migration: The migration of a data centre: services that crews move in waves, the layers,
            with maintenance of resources, change windows, and pairs of services that may not be
            down together. The paper publishes neither its sizes nor its names; these are ours.
        seed: Of all random choices.

    Raises:
        UsageError: A number out of range.
    """
    usual = 0.75 if migration else 0.0
    downtime, windows, disjunctions = (
        usual if each is None else each for each in (downtime, windows, disjunctions)
    )
    for name, value, low, high in (
        ("activities", activities, 1, MOST_INTERACTING),
        ("layers", layers, 1, activities),
        ("precedences", precedences, 0, 10**6),
        ("resources", resources, 1, 100),
        ("downtime", downtime, 0, 1),
        ("windows", windows, 0, 1),
        ("disjunctions", disjunctions, 0, 1),
        ("slack", slack, 0, 10**6),
        ("seed", seed, 0, 2**63),
    ):
        if not low <= value <= high:
            raise UsageError(f"generator interactions: {name} {value}: expected {low} to {high}")
    random = np.random.default_rng(seed)
    durations = random.integers(1, 11, activities).tolist()
    capacities = random.integers(3, 9, resources).tolist()
    demands = [
        [int(random.integers(0, 1 + capacity // 2)) for capacity in capacities]
        for _ in range(activities)
    ]
    layer = np.sort(
        np.concatenate([np.arange(layers), random.integers(0, layers, activities - layers)])
    )
    arcs = _layered(layer, precedences, random)
    hidden = _hidden(durations, demands, capacities, arcs)
    horizon = max(begin + length for begin, length in zip(hidden, durations, strict=True))
    steps = [
        _calendar(
            capacity, [row[k] for row in demands], hidden, durations, horizon, downtime, random
        )
        for k, capacity in enumerate(capacities)
    ]
    chosen = random.random(activities) < windows
    early, late = random.integers(0, slack + 1, (2, activities)).tolist()
    releases = [max(0, t - e) if c else 0 for t, e, c in zip(hidden, early, chosen, strict=True)]
    deadlines = [
        t + d + s if c else None for t, d, s, c in zip(hidden, durations, late, chosen, strict=True)
    ]
    what = ("service {}", ("crew", "crane", "power", "rack")) if migration else ("{}", ("R",))
    kinds = what[1]
    return Project.of(
        [[(d, row)] for d, row in zip(durations, demands, strict=True)],
        steps,
        precedences=arcs,
        release_dates=releases,
        deadlines=deadlines,
        groups=_pairs(hidden, durations, disjunctions, random),
        activity_names=[what[0].format(i) for i in range(activities)],
        renewable_names=[f"{kinds[k % len(kinds)]} {k // len(kinds)}" for k in range(resources)],
        name=f"interactions-{activities}-{seed}",
    )


def _layered(layer: Any, level: int, random: np.random.Generator) -> list[tuple[int, int]]:
    """Draw arcs from each layer to the next; between neighbours, none can imply another."""
    arcs: list[tuple[int, int]] = []
    for k in range(int(layer[-1])):
        above, below = np.flatnonzero(layer == k), np.flatnonzero(layer == k + 1)
        every = above.size * below.size
        drawn = random.choice(every, min(level, every), replace=False) if every < 10**6 else None
        if drawn is None:
            drawn = np.unique(random.integers(0, every, level))
        arcs += [(int(above[x // below.size]), int(below[x % below.size])) for x in drawn.tolist()]
    return sorted(arcs)


def _hidden(
    durations: list[int],
    demands: list[list[int]],
    capacities: list[int],
    arcs: list[tuple[int, int]],
) -> list[int]:
    """Schedule the activities in their order, each as early as it fits."""
    horizon = sum(durations) + 1
    free = np.tile(np.array(capacities), (horizon, 1))
    ready = [0] * len(durations)
    following: dict[int, list[int]] = {}
    for i, j in arcs:
        following.setdefault(i, []).append(j)
    starts = []
    for i, (length, row) in enumerate(zip(durations, demands, strict=True)):
        t = _first_fit(free, np.array(row), ready[i], length)
        free[t : t + length] -= row
        starts.append(t)
        for j in following.get(i, ()):
            ready[j] = max(ready[j], t + length)
    return starts


def _first_fit(free: Any, need: Any, ready: int, length: int) -> int:
    """Return the earliest time from `ready` on at which a need fits for a length of time."""
    reach = 4 * length
    while True:
        clashes = (free[ready : ready + reach] < need).any(axis=1)
        last_clash = np.maximum.accumulate(np.where(clashes, np.arange(clashes.size), -1))
        run = np.flatnonzero(np.arange(clashes.size) - last_clash == length)
        if run.size:
            return ready + int(run[0]) - length + 1
        reach *= 2


def _calendar(
    capacity: int,
    demand: list[int],
    starts: list[int],
    durations: list[int],
    horizon: int,
    probability: float,
    random: np.random.Generator,
) -> list[tuple[int, int]]:
    """Take away, now and then, what the hidden schedule leaves unused."""
    used = np.zeros(horizon, dtype=np.int64)
    for need, begin, length in zip(demand, starts, durations, strict=True):
        used[begin : begin + length] += need
    bounds = np.flatnonzero(np.diff(used, prepend=-1)).tolist()
    steps = [(0, capacity)]
    for begin in bounds:
        down = used[begin] == 0 and random.random() < probability
        now = 0 if down else capacity
        if begin == 0:
            steps = [(0, now)]
        elif steps[-1][1] != now:
            steps.append((begin, now))
    return steps if steps[-1][1] == capacity else [*steps, (horizon, capacity)]


def _pairs(
    starts: list[int], durations: list[int], probability: float, random: np.random.Generator
) -> list[tuple[int, int]]:
    """Pair activities with others that run at other times, most of them near."""
    order = np.argsort(starts, kind="stable").tolist()
    pairs = set()
    for position, i in enumerate(order):
        if random.random() >= probability:
            continue
        for j in order[position + 1 : position + 50]:
            if starts[i] + durations[i] <= starts[j]:
                pairs.add((min(i, j), max(i, j)))
                break
    return sorted(pairs)
