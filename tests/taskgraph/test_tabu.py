"""Tabu search on task graphs: its moves against schedules built anew, its results."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from kits.taskgraph import brute_force, tiny

import ordino
from ordino.heuristics.taskgraph import rules, tabu_kernels
from ordino.heuristics.taskgraph.arrays import Arrays
from ordino.heuristics.taskgraph.tabu_search import TabuSearch
from ordino.instances.taskgraph import generate
from ordino.models.taskgraph.check import check
from ordino.models.taskgraph.problem import Schedule, TaskGraph
from ordino.models.taskgraph.timing import order_by_start, timed


def started(graph: TaskGraph, seed: int = 1) -> TabuSearch:
    search = TabuSearch(Arrays.of(graph), tabu_kernels, np.random.default_rng(seed))
    schedule = rules.heft(graph)
    assert schedule is not None
    search.start(order_by_start(graph, schedule), schedule.processor)
    return search


@settings(max_examples=80)
@given(tiny())
def test_every_schedule_on_the_way_is_feasible_and_as_long_as_claimed(graph: TaskGraph) -> None:
    search = started(graph)
    for _ in range(15):
        search.advance(1, tenure=2, kicks=1)
        start = timed(graph, search._processor, search._order)
        report = check(graph, Schedule(search._processor.copy(), start))
        assert report.valid
        current = float(search._lengths[tabu_kernels.CURRENT])
        assert abs(current - report.objective) <= 1e-9 * max(1, current)
        assert np.allclose(start, search._start)


@settings(max_examples=60)
@given(tiny())
def test_it_finds_the_optimum_of_tiny_graphs(graph: TaskGraph) -> None:
    result = ordino.solve(graph, solver="tabu", iterations=3000, workers=1, time_limit=20)
    assert result.failures == ()
    assert result.objective <= brute_force(graph) * (1 + 1e-9)


def test_moves_keep_memory() -> None:
    base = generate.layered(tasks=30, processors=3, seed=2)
    graph = TaskGraph.of(
        base.work,
        zip(base.source.tolist(), base.target.tolist(), base.volume.tolist(), strict=True),
        memory=[1] * 30,
        capacity=[12, 10, 9],
    )
    result = ordino.solve(graph, solver="heft,tabu", iterations=3000, workers=1, time_limit=20)
    assert result.failures == ()
    assert np.bincount(result.solution.processor).tolist() <= [12, 10, 9]


def test_it_shortens_what_the_rules_find() -> None:
    graph = generate.layered(tasks=60, processors=4, seed=5)
    best = ordino.solve(graph, solver="heft,peft,lookahead,dls", time_limit=10).objective
    result = ordino.solve(graph, solver="tabu", iterations=20_000, workers=2, time_limit=30)
    assert result.failures == ()
    assert result.objective < 0.97 * best


def test_deadlines_are_left_to_others() -> None:
    graph = TaskGraph.of([[1, 2]], deadlines=[5])
    result = ordino.solve(graph, time_limit=5)
    assert "tabu" not in result.solver
    assert result.objective == 1
