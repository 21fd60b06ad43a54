"""Tabu search on task graphs: its moves against schedules built anew, its results."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kits.taskgraph import brute_force, tiny

import ordino
from ordino.heuristics.taskgraph import rules, tabu_kernels
from ordino.heuristics.taskgraph.arrays import Arrays
from ordino.heuristics.taskgraph.tabu_search import TabuSearch
from ordino.heuristics.taskgraph.window import cut
from ordino.instances.taskgraph import generate
from ordino.models.taskgraph import bounds
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
        start = timed(graph, search.state.processor, search.state.order)
        report = check(graph, Schedule(search.state.processor.copy(), start))
        assert report.valid
        current = float(search._lengths[tabu_kernels.CURRENT])
        assert abs(current - report.objective) <= 1e-9 * max(1, current)
        assert np.allclose(start, search.state.start)


@settings(max_examples=60)
@given(tiny(), st.integers(0, 4), st.integers(1, 5), st.booleans())
def test_a_window_stands_for_the_whole_schedule(
    graph: TaskGraph, low: int, width: int, limited: bool
) -> None:
    if limited:
        graph = replace(graph, deadlines=np.arange(graph.tasks) * 2.0 + 9)
    whole = TabuSearch(Arrays.of(graph), tabu_kernels, np.random.default_rng(1))
    first = rules.first_schedule(graph)
    whole.start(order_by_start(graph, first), first.processor, 20.0 if limited else 0.0)
    length = whole.best
    low = min(low, graph.tasks - 1)
    window = cut(Arrays.of(graph), whole.state, low, min(graph.tasks, low + width))
    part = TabuSearch(
        window.arrays, tabu_kernels, np.random.default_rng(2), window.head, window.behind
    )
    part.start(window.arrays.order, first.processor[window.tasks], whole.target)
    assert part.best <= length * (1 + 1e-9)
    for _ in range(20):
        part.advance(1, tenure=2, kicks=1)
    order, processor = window.spliced(part.best_order, part.best_processor, first.processor)
    whole.start(order, processor, whole.target)
    assert part.best * (1 - 1e-9) <= whole.best <= length * (1 + 1e-9)


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


@settings(max_examples=40)
@given(tiny(), st.integers(0, 8), st.sampled_from(["tabu", "robust"]))
def test_deadlines_and_memory_are_kept(graph: TaskGraph, slack: int, solver: str) -> None:
    path = bounds.critical_path(graph) or 0
    limited = replace(
        graph,
        deadlines=int(path) + slack + np.arange(graph.tasks, dtype=float) % 2,
        memory=np.arange(graph.tasks, dtype=float) % 3,
        capacity=np.full(graph.processors, 4.0),
    )
    result = ordino.solve(limited, solver=solver, iterations=2000, workers=1, time_limit=20)
    assert result.failures == ()
    best = brute_force(limited)
    if solver == "tabu" and result.objective is not None:
        assert result.objective == pytest.approx(best)
    assert best < float("inf") or result.objective is None


def test_it_finds_schedules_within_deadlines_that_the_rules_miss() -> None:
    base = generate.layered(tasks=60, processors=4, seed=5)
    free = ordino.solve(base, solver="tabu", iterations=20_000, workers=1, time_limit=30)
    end = free.solution.start + base.work[np.arange(60), free.solution.processor]
    graph = replace(base, deadlines=end * 1.03)
    assert rules.heft(graph) is None
    result = ordino.solve(graph, solver="tabu", iterations=60_000, workers=1, time_limit=30)
    assert result.failures == ()
    assert result.objective <= free.objective * 1.03
