"""The job shop as a disjunctive MILP (Manne 1960): an order variable for each pair on a machine."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np

from ordino.core.objective import Value
from ordino.models.formulation import MilpFormulation
from ordino.models.jobshop.problem import JobShop, Schedule
from ordino.models.jobshop.shop import Shop, classic

__all__ = ["MOST_PAIRS", "fits", "formulate"]

MOST_PAIRS = 50_000

LONGEST_HORIZON = 400_000
"""Beyond, a binary that is off by the usual tolerance of 1e-6 moves a start by half a time unit,
and a proof proves nothing."""


def _pairs(instance: JobShop) -> list[tuple[int, int]]:
    """Return the pairs of operations that share a machine and whose order is open."""
    job = instance.job.tolist()
    members: list[list[int]] = [[] for _ in range(instance.machines)]
    for operation, machine in enumerate(instance.machine.tolist()):
        members[machine].append(operation)
    return [
        pair for each in members for pair in combinations(each, 2) if job[pair[0]] != job[pair[1]]
    ]


def fits(instance: JobShop | Shop) -> str | None:
    """Say why an instance is not for this formulation, or return `None`."""
    if (reason := classic(instance)) is not None:
        return reason
    assert isinstance(instance, JobShop)
    counts = np.bincount(instance.machine)
    pairs = int((counts * (counts - 1) // 2).sum())
    if pairs > MOST_PAIRS:
        return f"{pairs} pairs of operations on a machine, more than {MOST_PAIRS}"
    if (horizon := _horizon(instance)) > LONGEST_HORIZON:
        return f"times up to {horizon}, beyond {LONGEST_HORIZON}"
    return None


def _horizon(instance: JobShop) -> int:
    return int(instance.release_dates.max()) + int(instance.duration.sum())


def formulate(instance: JobShop, upper_bound: Value | None) -> MilpFormulation:
    """Build the model: starts between head and tail, y = 1 where the first of a pair goes first.

    start_b >= start_a + p_a - M (1 - y) and start_a >= start_b + p_b - M y, where M is what the
    windows of the two leave open.

    Args:
        instance: The job shop.
        upper_bound: Longer makespans are left out.
    """
    import pulp

    if upper_bound is None:
        upper_bound = _horizon(instance)
    assert isinstance(upper_bound, int)
    durations = instance.duration.tolist()
    heads = instance.heads().tolist()
    latest = [
        max(head, upper_bound - tail - duration)
        for head, tail, duration in zip(heads, instance.tails().tolist(), durations, strict=True)
    ]
    problem = pulp.LpProblem("jobshop", pulp.LpMinimize)
    makespan = problem.add_variable("makespan", 0, upper_bound)
    problem.setObjective(makespan)
    starts = [
        problem.add_variable(f"start_{operation}", heads[operation], latest[operation])
        for operation in range(instance.operations)
    ]

    for first, behind in instance.chains():
        for each in range(first, behind - 1):
            problem.addConstraint(starts[each + 1] - starts[each] >= durations[each])
        problem.addConstraint(makespan - starts[behind - 1] >= durations[behind - 1])

    orders: dict[tuple[int, int], Any] = {}
    for a, b in _pairs(instance):
        first = orders[a, b] = problem.add_variable(f"first_{a}_{b}", cat=pulp.LpBinary)
        room_ab = latest[a] + durations[a] - heads[b]
        room_ba = latest[b] + durations[b] - heads[a]
        problem.addConstraint(starts[b] - starts[a] - room_ab * first >= durations[a] - room_ab)
        problem.addConstraint(starts[a] - starts[b] + room_ba * first >= durations[b])

    def start(solution: Schedule) -> dict[str, float]:
        begins = solution.start.tolist()
        values: dict[str, float] = {
            f"start_{operation}": begin for operation, begin in enumerate(begins)
        }
        values["makespan"] = int((solution.start + instance.duration).max())
        for a, b in orders:
            values[f"first_{a}_{b}"] = (begins[a], begins[a] + durations[a]) <= (
                begins[b],
                begins[b] + durations[b],
            )
        return values

    def read(value: Callable[[Any], float]) -> Schedule:
        return _left_shifted(instance, [value(variable) for variable in starts])

    return MilpFormulation(problem=problem, start=start, read=read)


def _left_shifted(instance: JobShop, rough: list[float]) -> Schedule:
    """Take the order of start times that are right up to a tolerance; start each as it may."""
    job = instance.job.tolist()
    machine, duration = instance.machine.tolist(), instance.duration.tolist()
    ready = instance.release_dates.tolist()
    free = [0] * instance.machines
    starts = [0] * len(rough)
    ends = [begin + spent for begin, spent in zip(rough, duration, strict=True)]
    for each in sorted(range(len(rough)), key=lambda o: (round(rough[o], 3), round(ends[o], 3), o)):
        starts[each] = max(ready[job[each]], free[machine[each]])
        ready[job[each]] = free[machine[each]] = starts[each] + duration[each]
    return Schedule(np.array(starts, dtype=np.int64))
