"""Single-machine tardiness as a MILP: by positions where all jobs weigh the same, else by time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ordino.core.objective import Value
from ordino.models.formulation import MilpFormulation
from ordino.models.tardiness.problem import JobSequence, SingleMachine
from ordino.models.tardiness.timing import completion_times

__all__ = ["formulate", "takes"]

LARGEST_NUMBER = 100_000
"""Beyond, tolerances of 1e-6 add up to whole time units, and a proof proves nothing."""

MOST_VARIABLES = 400_000


def takes(instance: SingleMachine) -> str | None:
    """Say why there is no MILP of the instance, or return `None`."""
    largest = max(instance.horizon, -int(instance.due_dates.min()))
    if largest > LARGEST_NUMBER:
        return f"times up to {largest}, beyond {LARGEST_NUMBER}"
    moments = instance.jobs if instance.exchangeable else instance.horizon
    if instance.jobs * moments > MOST_VARIABLES:
        return f"about {instance.jobs * moments} variables, beyond {MOST_VARIABLES}"
    if not (instance.exchangeable or instance.processing_times.all()):
        return "processing times of 0 together with weights or release dates"
    return None


def formulate(instance: SingleMachine, upper_bound: Value | None) -> MilpFormulation:
    """Build the model that suits the instance.

    Args:
        instance: The jobs; `takes` has nothing against them.
        upper_bound: The model by time leaves out starts that alone cost more.
    """
    if instance.exchangeable:
        return _positions(instance)
    return _moments(instance, upper_bound)


def _positions(instance: SingleMachine) -> MilpFormulation:
    """Job j stands at position k if x_jk = 1; C_k = C_{k-1} + sum_j p_j x_jk and
    T_k >= C_k - sum_j d_j x_jk: the tardiness is that of whichever job stands there, so that no
    big constant is needed (Keha, Khowala, Fowler 2009, with the tardiness by position)."""
    import pulp

    problem = pulp.LpProblem("tardiness", pulp.LpMinimize)
    jobs, every = instance.jobs, range(instance.jobs)
    durations = instance.processing_times.tolist()
    dues = np.minimum(instance.due_dates, instance.horizon).tolist()
    shortest = np.cumsum(np.sort(instance.processing_times)).tolist()
    longest = np.cumsum(np.sort(instance.processing_times)[::-1]).tolist()

    def combined(factors: list[int], position: int) -> Any:
        return pulp.LpAffineExpression([(x[job][position], factors[job]) for job in every])

    x = [
        [problem.add_variable(f"x_{j}_{k}", 0, 1, cat=pulp.LpBinary) for k in every] for j in every
    ]
    # Bounds on ends and tardiness matter: without them, HiGHS 1.13 and 1.14 cut off optima.
    ends = [problem.add_variable(f"end_{k}", shortest[k], longest[k]) for k in every]
    late = [problem.add_variable(f"late_{k}", 0, max(0, longest[k] - min(dues))) for k in every]
    weight = int(instance.weights[0])
    problem.setObjective(pulp.LpAffineExpression([(each, weight) for each in late]))
    for job in every:
        problem += pulp.lpSum(x[job]) == 1
    for position in every:
        problem += combined([1] * jobs, position) == 1
        before = ends[position - 1] if position else 0
        problem += ends[position] == before + combined(durations, position)
        problem += late[position] >= ends[position] - combined(dues, position)

    def start(solution: JobSequence) -> dict[str, float]:
        values = {each.name: 0.0 for row in x for each in row}
        done = completion_times(instance, solution.order).tolist()
        for position, job in enumerate(solution.order.tolist()):
            values[x[job][position].name] = 1.0
            values[ends[position].name] = done[position]
            values[late[position].name] = max(0, done[position] - dues[job])
        return values

    def read(value: Callable[[Any], float]) -> JobSequence:
        matrix = np.array([[value(each) for each in row] for row in x])
        return JobSequence(np.argsort(matrix.argmax(axis=1), kind="stable"))

    return MilpFormulation(problem=problem, start=start, read=read)


def _moments(instance: SingleMachine, upper_bound: Value | None) -> MilpFormulation:
    """Job j starts at time t if x_jt = 1: a path through time whose arcs are jobs and, where there
    are release dates, idle time units; each job on it once.

    The bound is that of the time-indexed model of Dyer and Wolsey (1990), with three entries a
    variable instead of p_j.
    """
    import pulp

    problem = pulp.LpProblem("tardiness", pulp.LpMinimize)
    horizon = instance.horizon
    leaving: list[list[tuple[Any, int]]] = [[] for _ in range(horizon + 1)]
    starts: list[dict[int, Any]] = []
    costs = []
    rows = np.stack([instance.processing_times, instance.due_dates, instance.weights], axis=1)
    for job, (duration, due, weight) in enumerate(rows.tolist()):
        at = {}
        for time in range(int(instance.release_dates[job]), horizon - duration + 1):
            cost = weight * max(0, time + duration - due)
            if upper_bound is not None and cost > upper_bound:
                break
            at[time] = problem.add_variable(f"x_{job}_{time}", 0, 1, cat=pulp.LpBinary)
            costs.append((at[time], cost))
            leaving[time].append((at[time], 1))
            leaving[time + duration].append((at[time], -1))
        problem += pulp.lpSum(at.values()) == 1
        starts.append(at)
    idle = []
    if instance.release_dates.any():
        idle = [problem.add_variable(f"idle_{time}", 0, 1) for time in range(horizon)]
        for time, each in enumerate(idle):
            leaving[time].append((each, 1))
            leaving[time + 1].append((each, -1))
    problem.setObjective(pulp.LpAffineExpression(costs))
    for time, arcs in enumerate(leaving[:-1]):
        if arcs:
            problem += pulp.LpAffineExpression(arcs) == int(time == 0)

    def start(solution: JobSequence) -> dict[str, float]:
        values = {each.name: 0.0 for at in starts for each in at.values()}
        values |= {each.name: 1.0 for each in idle}
        done = completion_times(instance, solution.order).tolist()
        for job, end in zip(solution.order.tolist(), done, strict=True):
            begun = end - int(instance.processing_times[job])
            values[starts[job][begun].name] = 1.0
            values |= {each.name: 0.0 for each in idle[begun:end]}
        return values

    def read(value: Callable[[Any], float]) -> JobSequence:
        begun = [max(at, key=lambda time: value(at[time])) for at in starts]
        return JobSequence(np.argsort(begun, kind="stable"))

    # The relaxation is degenerate: the simplex method takes minutes where interior points take
    # seconds.
    options = {"mip_lp_solver": "ipm"}
    return MilpFormulation(problem=problem, start=start, read=read, options=options)
