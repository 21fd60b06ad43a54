"""Blocking (swap allowed or not) and no-wait job shops straight on CP-SAT: the textbook model.

Reference for all comparisons: default parameters but for workers, seed and time limit.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from ortools.sat.python import cp_model

from ordino.models.jobshop.problem import Schedule
from ordino.models.jobshop.shop import Shop

__all__ = ["solve_cpsat"]

Found = tuple[int | None, float | None, Schedule | None]


def solve_cpsat(shop: Shop, *, workers: int, seed: int, time_limit: float) -> Found:
    """Return objective, bound and schedule for the makespan; one machine an operation.

    An operation's interval lasts until the next operation of its job starts; where there is no
    waiting, that is when it ends. Without swaps, the moves of all jobs are in one order besides,
    by ranks: an operation is moved in behind the move that leaves its machine.
    """
    assert shop.buffers != "unlimited"
    assert shop.goal == "makespan"
    model = cp_model.CpModel()
    horizon = shop.horizon
    makespan = model.new_int_var(0, horizon, "")
    starts = [model.new_int_var(0, horizon, "") for _ in range(shop.operations)]
    on_machine: list[list[Any]] = [[] for _ in range(shop.machines)]
    stays: list[list[tuple[int, int | None]]] = [[] for _ in range(shop.machines)]
    for job, (first, behind) in enumerate(shop.chains()):
        model.add(starts[first] >= int(shop.release_dates[job]))
        for i in range(first, behind):
            duration = int(shop.duration[i])
            end = model.new_int_var(0, horizon, "") if i + 1 == behind else starts[i + 1]
            size = model.new_int_var(duration, horizon, "")
            if i + 1 == behind or shop.buffers == "no-wait":
                model.add(size == duration)
            interval = model.new_interval_var(starts[i], size, end, "")
            on_machine[int(shop.machine[i])].append(interval)
            stays[int(shop.machine[i])].append((i, i + 1 if i + 1 < behind else None))
        model.add(makespan >= end)
    for intervals in on_machine:
        model.add_no_overlap(intervals)
    if shop.buffers == "blocking":
        ranks = [model.new_int_var(0, shop.operations, "") for _ in starts]
        for there in stays:
            for (i, i_next), (j, j_next) in itertools.combinations(there, 2):
                first = model.new_bool_var("")
                for before, behind, literal in ((i_next, j, first), (j_next, i, ~first)):
                    if before is not None:
                        model.add(starts[behind] >= starts[before]).only_enforce_if(literal)
                        model.add(ranks[behind] > ranks[before]).only_enforce_if(literal)
                model.add(starts[i] <= starts[j]).only_enforce_if(first)
                model.add(starts[j] <= starts[i]).only_enforce_if(~first)
    model.minimize(makespan)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = workers
    solver.parameters.random_seed = seed
    solver.parameters.max_time_in_seconds = time_limit
    status = solver.solve(model)
    bound = solver.best_objective_bound
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None, bound, None
    schedule = Schedule(np.array([solver.value(each) for each in starts]))
    return int(solver.objective_value), bound, schedule
