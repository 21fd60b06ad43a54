"""Projects straight on CP-SAT, and on PyJobShop: what a user would write without Ordino.

Reference for all comparisons: the textbook model, default parameters but for workers, seed and time
limit. For single-mode and multi-mode projects with time lags, for makespan and, on CP-SAT,
tardiness and levelling.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ortools.sat.python import cp_model

from ordino.models.rcpsp.problem import KINDS, Plan, Project

Found = tuple[int | None, float | None, Plan | None]


def solve_cpsat(project: Project, *, workers: int, seed: int, time_limit: float) -> Found:
    """Return objective, bound and plan of the textbook model."""
    model = cp_model.CpModel()
    horizon = project.horizon
    starts, ends, makespan = [], [], model.new_int_var(0, horizon, "")
    chosen: list[list[Any]] = []
    by_mode: list[Any] = []
    for i in range(project.activities):
        deadline = min(horizon, int(project.deadlines[i]))
        start, end = model.new_int_var(0, deadline, ""), model.new_int_var(0, deadline, "")
        modes = project.modes_of(i)
        literals = [model.new_bool_var("") for _ in modes]
        for mode, literal in zip(modes, literals, strict=True):
            duration = int(project.duration[mode])
            interval = model.new_optional_interval_var(start, duration, end, literal, "")
            by_mode.append((interval, literal))
        model.add_exactly_one(literals)
        model.add(makespan >= end)
        starts.append(start)
        ends.append(end)
        chosen.append(literals)
    for i, j, kind, lag in zip(
        project.lag_source, project.lag_target, project.lag_kind, project.lag, strict=True
    ):
        of, to = KINDS[kind].split("-")
        before = ends[i] if of == "end" else starts[i]
        behind = ends[j] if to == "end" else starts[j]
        model.add(behind >= before + int(lag))
    for k, capacity in enumerate(project.greatest_capacity.tolist()):
        demands = project.demand[:, k].tolist()
        users = [mode for mode, demand in enumerate(demands) if demand]
        model.add_cumulative([by_mode[m][0] for m in users], [demands[m] for m in users], capacity)
    for k, budget in enumerate(project.budget.tolist()):
        needs = project.consumption[:, k].tolist()
        model.add(
            sum(n * literal for n, (_, literal) in zip(needs, by_mode, strict=True)) <= budget
        )
    if project.goal == "makespan":
        model.minimize(makespan)
    elif project.goal == "tardiness":
        model.minimize(sum(_tardiness(model, project, ends)))
    else:
        model.minimize(sum(_squared_use(model, project, starts)))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = workers
    solver.parameters.random_seed = seed
    solver.parameters.max_time_in_seconds = time_limit
    status = solver.solve(model)
    if status == cp_model.INFEASIBLE:
        return None, float("inf"), None
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None, None, None
    mode = [[solver.value(literal) for literal in literals].index(1) for literals in chosen]
    plan = Plan.of([solver.value(start) for start in starts], mode)
    return int(solver.objective_value), solver.best_objective_bound, plan


def _tardiness(model: Any, project: Project, ends: list[Any]) -> Iterator[Any]:
    """Add the weighted tardiness of each activity that has a weight."""
    for end, due, weight in zip(ends, project.due_dates, project.weights, strict=True):
        if weight:
            late = model.new_int_var(0, project.horizon, "")
            model.add(late >= end - int(due))
            yield int(weight) * late


def _squared_use(model: Any, project: Project, starts: list[Any]) -> Iterator[Any]:
    """Add the square of each resource's use in each time unit; for one mode an activity."""
    horizon = int(project.deadlines.max())
    at: list[list[Any]] = []
    for i, start in enumerate(starts):
        duration = int(project.duration[i])
        at.append([model.new_bool_var("") for _ in range(horizon - duration + 1)])
        model.add_exactly_one(at[i])
        model.add(start == sum(time * literal for time, literal in enumerate(at[i])))
    for k, capacity in enumerate(project.greatest_capacity.tolist()):
        for time in range(horizon):
            running = [
                int(project.demand[i, k]) * literal
                for i, literals in enumerate(at)
                if project.demand[i, k]
                for literal in literals[max(0, time - int(project.duration[i]) + 1) : time + 1]
            ]
            use = model.new_int_var(0, capacity, "")
            model.add(use == sum(running))
            square = model.new_int_var(0, capacity * capacity, "")
            model.add_multiplication_equality(square, [use, use])
            yield square


def solve_pyjobshop(project: Project, *, workers: int, seed: int, time_limit: float) -> Found:
    """Return objective, bound and plan of PyJobShop on CP-SAT; needs `pip install pyjobshop`."""
    from pyjobshop import Model

    model = Model()
    renewable = [model.add_renewable(int(c)) for c in project.greatest_capacity]
    nonrenewable = [model.add_consumable(int(c)) for c in project.budget]
    tasks = [model.add_task() for _ in range(project.activities)]
    for i, task in enumerate(tasks):
        for mode in project.modes_of(i):
            needs = [*project.demand[mode].tolist(), *project.consumption[mode].tolist()]
            model.add_mode(task, [*renewable, *nonrenewable], int(project.duration[mode]), needs)
    add = {
        "start-start": model.add_start_before_start,
        "start-end": model.add_start_before_end,
        "end-start": model.add_end_before_start,
        "end-end": model.add_end_before_end,
    }
    for i, j, kind, lag in zip(
        project.lag_source, project.lag_target, project.lag_kind, project.lag, strict=True
    ):
        add[KINDS[kind]](tasks[i], tasks[j], delay=int(lag))
    result = model.solve(
        time_limit=time_limit, display=False, num_workers=workers, random_seed=seed
    )
    if not result.best.tasks:
        return None, None, None
    first = project.mode_start[:-1].tolist()
    mode = [task.mode - first[i] for i, task in enumerate(result.best.tasks)]
    plan = Plan.of([task.start for task in result.best.tasks], mode)
    return int(result.objective), result.lower_bound, plan
