"""Least cost within deadlines, and the MILPs of both goals."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kits.taskgraph import tiny

import ordino
from ordino.core.errors import UsageError
from ordino.heuristics.taskgraph import rules
from ordino.instances.taskgraph import generate
from ordino.models.taskgraph import milp
from ordino.models.taskgraph.blocks import blocks
from ordino.models.taskgraph.check import check
from ordino.models.taskgraph.problem import TaskGraph, adjust
from ordino.models.taskgraph.timing import durations, earliest_starts, keeps_limits
from ordino.solvers.taskgraph import decomposition


def cheapest(graph: TaskGraph) -> float:
    """Try all processors of all tasks."""
    best = float("inf")
    for places in itertools.product(range(graph.processors), repeat=graph.tasks):
        processor = np.array(places)
        work = durations(graph, processor)
        if np.isfinite(work).all() and keeps_limits(
            graph, processor, earliest_starts(graph, processor)
        ):
            best = min(best, float((graph.price[processor] * work).sum()))
    return best


@settings(max_examples=40)
@given(tiny(), st.integers(0, 30), st.booleans())
def test_milp_proves_the_least_cost(graph: TaskGraph, deadline: int, dear: bool) -> None:
    price = ",".join(str(3 * p + 1 if dear else 1 + p / 4) for p in range(graph.processors))
    rented = adjust(graph, goal="cost", deadline=float(deadline), price=price)
    best = cheapest(rented)
    result = ordino.solve(rented, solver="milp", time_limit=20, workers=1)
    assert result.failures == ()
    if best == float("inf"):
        assert result.status in ("infeasible", "unknown")
    else:
        assert result.objective == pytest.approx(best, rel=1e-6, abs=1e-6)


def line(deadline: float) -> TaskGraph:
    """A chain of four tasks, each of which can save 2 units of time for 4 of money."""
    return TaskGraph.of(
        [[4, 2]] * 4,
        [(i, i + 1, 0) for i in range(3)],
        goal="cost",
        price=[1, 4],
        deadlines=[deadline] * 4,
    )


@pytest.mark.parametrize(("deadline", "cost"), [(16, 16), (15, 20), (12, 24), (8, 32)])
@pytest.mark.parametrize("solver", ["milp", "decomposition"])
def test_by_hand(deadline: float, cost: int, solver: str) -> None:
    graph = line(deadline)
    result = ordino.solve(graph, solver=solver, time_limit=10)
    assert result.failures == ()
    assert result.objective == cost


def test_a_deadline_that_nothing_keeps_is_infeasible() -> None:
    result = ordino.solve(line(7), time_limit=10)
    assert (result.status, result.failures) == ("infeasible", ())


@settings(max_examples=15)
@given(st.integers(0, 1000), st.floats(1.02, 2), st.sampled_from([5, 12]))
def test_blocks_find_feasible_schedules_near_the_optimum(
    seed: int, slack: float, size: int
) -> None:
    graph = generate.layered(tasks=40, processors=3, ccr=0.1, seed=seed)
    fast = graph.work.argmin(axis=1)
    shortest = float((earliest_starts(graph, fast) + durations(graph, fast)).max())
    rented = adjust(graph, goal="cost", deadline=slack * shortest, price="1,1.5,3")
    exact = ordino.solve(rented, solver="milp", time_limit=30)
    found = ordino.solve(
        rented, solver="decomposition", time_limit=30, settings={"decomposition.size": size}
    )
    assert found.failures == ()
    assert exact.objective - 1e-6 <= found.objective <= 1.25 * exact.objective


def test_the_race_for_the_cost() -> None:
    graph = generate.layered(tasks=80, processors=4, seed=1)
    result = ordino.solve(graph, goal="cost", deadline=2000.0, price="1,2,3,4", time_limit=20)
    assert result.failures == ()
    assert result.status == "optimal"
    assert "tabu" not in result.solver
    assert ordino.check(graph, result).valid
    with pytest.raises(UsageError, match="the goal is the cost"):
        ordino.simulate(adjust(graph, goal="cost"))
    assert "makespan" in str(decomposition.takes(graph))
    with pytest.raises(UsageError, match=r"decomposition\.size 1"):
        decomposition.decomposition(size=1)


@pytest.mark.parametrize(
    "graph",
    [
        generate.fork_join(width=9, stages=3, seed=1),
        generate.layered(tasks=120, seed=2),
        generate.ds3_stream(jobs=9, seed=3),
        generate.gaussian_elimination(size=9),
    ],
    ids=lambda graph: graph.name,
)
def test_blocks_cover_the_graph_and_are_convex(graph: TaskGraph) -> None:
    parts = blocks(graph, 12)
    assert sorted(itertools.chain.from_iterable(parts)) == list(range(graph.tasks))
    receivers: list[list[int]] = [[] for _ in range(graph.tasks)]
    for i, j in zip(graph.source.tolist(), graph.target.tolist(), strict=True):
        receivers[i].append(j)
    for part in parts:
        assert 1 <= len(part) <= 12
        inside = set(part)
        outside = [j for i in part for j in receivers[i] if j not in inside]
        seen = set(outside)
        while outside:
            for j in receivers[outside.pop()]:
                assert j not in inside, "a path leaves the block and comes back"
                if j not in seen:
                    seen.add(j)
                    outside.append(j)


def test_blocks_follow_series_and_parallel_parts() -> None:
    graph = generate.fork_join(width=4, stages=2, seed=1)
    parts = blocks(graph, 5)
    assert [set(part) for part in parts] == [{0, 1, 2, 3, 4}, {5, 6, 7, 8, 9}, {10}]


@given(tiny(), st.booleans())
def test_a_start_keeps_all_rows_of_the_milp(graph: TaskGraph, rented: bool) -> None:
    if rented:
        graph = adjust(graph, goal="cost", price=",".join("123"[: graph.processors]))
    if milp.takes(graph) is not None:
        return
    schedule = rules.heft(graph)
    value = check(graph, schedule).objective
    formulation = milp.formulate(graph, value)
    problem = formulation.problem
    start = formulation.start(schedule)
    assert set(start) >= {variable.name for variable in problem.variables()}
    for variable in problem.variables():
        variable.varValue = start[variable.name]
    assert problem.valid(1e-6 * max(1, graph.longest))
    assert problem.objective.value() == pytest.approx(value)
    read = formulation.read(lambda variable: start[variable.name])
    assert check(graph, read).objective <= value * (1 + 1e-9)
