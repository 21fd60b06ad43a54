"""Single-machine tardiness straight on CP-SAT and HiGHS: what a user would write without Ordino.

Reference for all comparisons: default parameters but for workers, seed, time limit and, where a
proof is claimed, the gap.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pulp
from ortools.sat.python import cp_model

Integers = Sequence[int]


def cpsat(
    processing_times: Integers, due_dates: Integers, weights: Integers, release_dates: Integers
) -> tuple[cp_model.CpModel, Callable[[cp_model.CpSolver], list[int]]]:
    """Build the textbook model: an interval a job, no overlap, a tardiness variable a job.

    Returns:
        The model, and a function from the solver to the jobs in order.
    """
    model = cp_model.CpModel()
    horizon = max(release_dates) + sum(processing_times)
    starts, intervals, late = [], [], []
    for duration, due, release in zip(processing_times, due_dates, release_dates, strict=True):
        start = model.new_int_var(release, horizon - duration, "")
        starts.append(start)
        intervals.append(model.new_fixed_size_interval_var(start, duration, ""))
        late.append(model.new_int_var(0, max(0, horizon - due), ""))
        model.add(late[-1] >= start + duration - due)
    model.add_no_overlap(intervals)
    model.minimize(sum(weight * each for weight, each in zip(weights, late, strict=True)))

    def order(solver: cp_model.CpSolver) -> list[int]:
        begun = [solver.value(start) for start in starts]
        return sorted(range(len(begun)), key=lambda job: (begun[job], processing_times[job]))

    return model, order


def solve_cpsat(
    processing_times: Integers,
    due_dates: Integers,
    weights: Integers,
    release_dates: Integers,
    *,
    workers: int,
    seed: int,
    time_limit: float,
    parameters: str = "",
) -> tuple[cp_model.CpSolver, list[int] | None]:
    """Build and solve; return the solver, which knows objective and bound, and the order found."""
    model, order = cpsat(processing_times, due_dates, weights, release_dates)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = workers
    solver.parameters.random_seed = seed
    solver.parameters.max_time_in_seconds = time_limit
    solver.parameters.merge_text_format(parameters)
    status = solver.solve(model)
    return solver, order(solver) if status in (cp_model.OPTIMAL, cp_model.FEASIBLE) else None


def milp(
    processing_times: Integers, due_dates: Integers
) -> tuple[pulp.LpProblem, Callable[[], list[int]]]:
    """Build the positional model of total tardiness (no weights, no release dates).

    Returns:
        The problem, and a function that reads the jobs in order once it is solved.
    """
    problem = pulp.LpProblem("tardiness", pulp.LpMinimize)
    jobs = range(len(processing_times))
    x = problem.add_variable_dicts("x", (jobs, jobs), 0, 1, cat=pulp.LpBinary)
    late = [problem.add_variable(f"late_{k}", 0) for k in jobs]
    ends = [problem.add_variable(f"end_{k}", 0) for k in jobs]
    problem += pulp.lpSum(late)
    for job in jobs:
        problem += pulp.lpSum(x[job][k] for k in jobs) == 1
    for k in jobs:
        problem += pulp.lpSum(x[job][k] for job in jobs) == 1
        before: Any = ends[k - 1] if k else 0
        problem += ends[k] == before + pulp.lpSum(processing_times[j] * x[j][k] for j in jobs)
        problem += late[k] >= ends[k] - pulp.lpSum(due_dates[j] * x[j][k] for j in jobs)

    def order() -> list[int]:
        return sorted(jobs, key=lambda job: max(jobs, key=lambda k: x[job][k].varValue))

    return problem, order


def solve_milp(
    processing_times: Integers, due_dates: Integers, *, workers: int, seed: int, time_limit: float
) -> tuple[pulp.LpProblem, list[int] | None]:
    """Build and solve on HiGHS; return the problem, whose `solverModel` knows objective and bound,
    and the order found."""
    problem, order = milp(processing_times, due_dates)
    problem.solve(
        pulp.HiGHS(
            msg=False,
            threads=workers,
            random_seed=seed,
            time_limit=time_limit,
            mip_rel_gap=0.0,
            mip_abs_gap=0.999,
        )
    )
    return problem, order() if problem.sol_status > 0 else None
