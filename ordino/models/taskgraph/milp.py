"""Task graphs as MILPs: least makespan with an order of tasks that share a processor, or least cost
within deadlines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ordino.core.objective import Value
from ordino.models.formulation import MilpFormulation
from ordino.models.taskgraph.bounds import heads_and_tails
from ordino.models.taskgraph.order import by_priority
from ordino.models.taskgraph.problem import Schedule, TaskGraph
from ordino.models.taskgraph.timing import durations, earliest_starts, keeps_limits, timed

__all__ = ["formulate", "takes"]

MOST_PAIRS = 2_000
MOST_ROWS = 300_000
WIDEST = 1e5
"""Makespan by the shortest time: beyond, tolerances of 1e-6 are as long as tasks."""


def takes(instance: TaskGraph) -> str | None:
    """Say why an instance is not for MILP, or return `None`."""
    rows = instance.edges * instance.processors**2
    if rows > MOST_ROWS:
        return f"{rows} rows for data, beyond {MOST_ROWS}"
    if instance.goal == "cost":
        return None
    pairs = instance.tasks * (instance.tasks - 1) // 2
    if pairs > MOST_PAIRS:
        return f"{pairs} pairs of tasks, beyond {MOST_PAIRS}"
    times = instance.work[np.isfinite(instance.work) & (instance.work > 0)]
    if times.size and instance.longest / float(times.min()) > WIDEST:
        return f"times from {times.min():g} to {instance.longest:g}"
    return None


def formulate(instance: TaskGraph, upper_bound: Value | None) -> MilpFormulation:
    """Build the model.

    x_ip is 1 where task i runs on p; s_i is its start. For an edge (i, j),
    s_j >= s_i + sum_p w_ip x_ip + d_ij and d_ij >= c_ij(p, q) (x_ip + x_jq - 1). For the makespan,
    tasks i and j that no path joins, and y_ij = 1 where i ends before j starts:
    y_ij + y_ji >= x_ip + x_jp - 1 and s_j >= s_i + sum_p w_ip x_ip - M (1 - y_ij) (after Tompkins
    2003). For the cost no order is needed, and potentials take the place of the paths that must
    keep the deadline.

    Args:
        instance: The task graph; `takes` has nothing against it.
        upper_bound: Longer makespans are left out.
    """
    import pulp

    shared = instance.goal == "makespan"
    bound = float(upper_bound) if shared and upper_bound is not None else instance.longest  # type: ignore[arg-type]
    problem = pulp.LpProblem("taskgraph", pulp.LpMinimize)
    heads, tails = heads_and_tails(instance)
    latest = np.minimum(instance.deadlines, bound)
    places = [np.flatnonzero(np.isfinite(row)).tolist() for row in instance.work]
    tasks = range(instance.tasks)
    work = instance.work.tolist()

    runs = [
        {p: problem.add_variable(f"x_{i}_{p}", 0, 1, cat=pulp.LpBinary) for p in places[i]}
        for i in tasks
    ]
    starts = []
    spans = []
    for i in tasks:
        low = float(min(heads[i, p] for p in places[i]))
        starts.append(problem.add_variable(f"start_{i}", low, max(low, float(latest[i]))))
        spans.append(pulp.LpAffineExpression([(x, work[i][p]) for p, x in runs[i].items()]))
        problem += pulp.lpSum(runs[i].values()) == 1
        if np.isfinite(instance.deadlines[i]):
            problem += starts[i] + spans[i] <= float(instance.deadlines[i])
    makespan = None
    if shared:
        makespan = problem.add_variable("makespan", 0, bound)
        problem.setObjective(makespan)
        for i in tasks:
            behind = [(x, float(tails[i, p])) for p, x in runs[i].items()]
            problem += makespan >= starts[i] + spans[i] + pulp.LpAffineExpression(behind)
        for p in range(instance.processors):
            loads = [(runs[i][p], work[i][p]) for i in tasks if p in runs[i]]
            problem += pulp.LpAffineExpression(loads) <= makespan
            if instance.memory.sum() > instance.capacity[p]:
                used = [(runs[i][p], float(instance.memory[i])) for i in tasks if p in runs[i]]
                problem += pulp.LpAffineExpression(used) <= float(instance.capacity[p])
    else:
        price = instance.price.tolist()
        costs = [(x, price[p] * work[i][p]) for i in tasks for p, x in runs[i].items()]
        problem.setObjective(pulp.LpAffineExpression(costs))

    waits: list[tuple[Any, int, int, float]] = []
    ends = zip(instance.source.tolist(), instance.target.tolist(), strict=True)
    for edge, (i, j) in enumerate(ends):
        delays = {
            (p, q): float(instance.delay(p, q, instance.volume[edge]))
            for p in places[i]
            for q in places[j]
        }
        most = max(delays.values())
        wait: Any = 0
        if most > 0:
            wait = problem.add_variable(f"wait_{edge}", 0, most)
            waits.append((wait, i, j, float(instance.volume[edge])))
            for (p, q), delay in delays.items():
                if delay > 0:
                    problem += wait >= delay * (runs[i][p] + runs[j][q] - 1)
        problem += starts[j] >= starts[i] + spans[i] + wait
    before = _orders(problem, instance, runs, starts, spans, bound) if shared else {}

    def start(solution: Schedule) -> dict[str, float]:
        place, begun = solution.processor.tolist(), solution.start.tolist()
        done = (solution.start + durations(instance, solution.processor)).tolist()
        values = {x.name: float(p == place[i]) for i in tasks for p, x in runs[i].items()}
        values |= {each.name: begun[i] for i, each in enumerate(starts)}
        for wait, i, j, volume in waits:
            values[wait.name] = float(instance.delay(place[i], place[j], volume))
        for (i, j), each in before.items():
            values[each.name] = float((done[i], begun[i], i) <= (begun[j], done[j], j))
        if makespan is not None:
            values["makespan"] = max(done)
        return values

    def read(value: Callable[[Any], float]) -> Schedule | None:
        processor = np.array([max(x, key=lambda p: value(x[p])) for x in runs], dtype=np.int64)
        if shared:
            rough = np.array([value(each) for each in starts])
            middle = rough + durations(instance, processor) / 2
            order = by_priority(instance.source, instance.target, middle)
            begun = timed(instance, processor, order)
        else:
            begun = earliest_starts(instance, processor)
        kept = keeps_limits(instance, processor, begun)  # tolerances may just miss one
        return Schedule(processor, begun) if kept else None

    return MilpFormulation(problem=problem, start=start, read=read)


def _orders(
    problem: Any,
    instance: TaskGraph,
    runs: list[dict[int, Any]],
    starts: list[Any],
    spans: list[Any],
    bound: float,
) -> dict[tuple[int, int], Any]:
    """Let tasks that no path joins take turns on a processor; returns y_ij for such pairs."""
    import pulp

    reached = _reached(instance)
    before = {}
    for i in range(instance.tasks):
        for j in range(i):
            if reached[i] >> j & 1 or reached[j] >> i & 1:
                continue
            common = runs[i].keys() & runs[j].keys()
            if not common:
                continue
            for a, b in ((i, j), (j, i)):
                first = problem.add_variable(f"before_{a}_{b}", 0, 1, cat=pulp.LpBinary)
                before[a, b] = first
                problem += starts[b] >= starts[a] + spans[a] - bound * (1 - first)
            for p in sorted(common):
                problem += before[i, j] + before[j, i] >= runs[i][p] + runs[j][p] - 1
    return before


def _reached(instance: TaskGraph) -> list[int]:
    """Return, for each task, the set of tasks behind it as the bits of an integer."""
    receivers: list[list[int]] = [[] for _ in range(instance.tasks)]
    for i, j in zip(instance.source.tolist(), instance.target.tolist(), strict=True):
        receivers[i].append(j)
    reached = [0] * instance.tasks
    for task in reversed(instance.order.tolist()):
        for other in receivers[task]:
            reached[task] |= reached[other] | 1 << other
    return reached
