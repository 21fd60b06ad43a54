"""The job shop straight on CP-SAT: what a user would write without Ordino, nothing left out.

Reference for all comparisons: default parameters but for workers, seed and time limit.
"""

from __future__ import annotations

from ortools.sat.python import cp_model

Jobs = list[list[tuple[int, int]]]


def cpsat(jobs: Jobs) -> tuple[cp_model.CpModel, list[list[cp_model.IntVar]]]:
    """Build the model of jobs that are lists of (machine, duration); return it and its starts."""
    model = cp_model.CpModel()
    horizon = sum(duration for job in jobs for _, duration in job)
    starts: list[list[cp_model.IntVar]] = []
    on_machine: dict[int, list[cp_model.IntervalVar]] = {}
    for job in jobs:
        head, tail = 0, sum(duration for _, duration in job)
        row = []
        for machine, duration in job:
            tail -= duration
            start = model.new_int_var(head, horizon - tail - duration, "")
            interval = model.new_fixed_size_interval_var(start, duration, "")
            on_machine.setdefault(machine, []).append(interval)
            row.append(start)
            head += duration
        starts.append(row)
    for _, intervals in sorted(on_machine.items()):
        model.add_no_overlap(intervals)
    makespan = model.new_int_var(0, horizon, "makespan")
    for job, row in zip(jobs, starts, strict=True):
        for (_, duration), start, following in zip(job, row, row[1:], strict=False):
            model.add(following >= start + duration)
        model.add(makespan >= row[-1] + job[-1][1])
    model.minimize(makespan)
    return model, starts


def solve_cpsat(
    jobs: Jobs, *, workers: int, seed: int, time_limit: float, parameters: str = ""
) -> cp_model.CpSolver:
    """Build and solve; return the solver, which knows objective, bound and status."""
    model, _ = cpsat(jobs)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = workers
    solver.parameters.random_seed = seed
    solver.parameters.max_time_in_seconds = time_limit
    solver.parameters.merge_text_format(parameters)
    solver.solve(model)
    return solver
