"""Rules, bounds and exact methods for task graphs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kits.taskgraph import brute_force, tiny
from ortools.sat.python import cp_model

import ordino
from ordino.heuristics.taskgraph import kernels, list_scheduling, rules
from ordino.heuristics.taskgraph.arrays import Arrays
from ordino.instances.taskgraph import generate
from ordino.models.taskgraph import bounds, cpsat
from ordino.models.taskgraph.check import check
from ordino.models.taskgraph.problem import Schedule, TaskGraph
from ordino.models.taskgraph.scene import scene
from ordino.models.taskgraph.timing import order_by_start, timed

EXAMPLE = TaskGraph.of(
    [
        *([14, 16, 9], [13, 19, 18], [11, 13, 19], [13, 8, 17], [12, 13, 10]),
        *([13, 16, 9], [7, 15, 11], [5, 11, 14], [18, 12, 20], [21, 7, 16]),
    ],
    [
        *((0, 1, 18), (0, 2, 12), (0, 3, 9), (0, 4, 11), (0, 5, 14), (1, 7, 19), (1, 8, 16)),
        *((2, 6, 23), (3, 7, 27), (3, 8, 23), (4, 8, 13), (5, 7, 15), (6, 9, 17), (7, 9, 11)),
        (8, 9, 13),
    ],
    name="topcuoglu",
)
"""Figure 2 of Topcuoglu, Hariri, Wu 2002."""

RULES = [
    *(rules.heft, rules.cpop, rules.peft, rules.lookahead, rules.min_min, rules.max_min),
    *(rules.sufferage, rules.etf, rules.dls),
]


def length(graph: TaskGraph, schedule: Schedule | None) -> float:
    assert schedule is not None
    report = check(graph, schedule)
    assert report.violations == ()
    assert isinstance(report.objective, (int, float))
    return report.objective


def test_published_values_of_the_example() -> None:
    assert length(EXAMPLE, rules.heft(EXAMPLE)) == 80
    assert length(EXAMPLE, rules.cpop(EXAMPLE)) == 86
    assert length(EXAMPLE, rules.peft(EXAMPLE)) == 85
    assert length(EXAMPLE, rules.lookahead(EXAMPLE)) == 76
    arrays = Arrays.of(EXAMPLE)
    rank = rules.upward(arrays, kernels, "mean")
    published = [108, 77, 80, 80, 69, 63.333, 42.667, 35.667, 44.333, 14.667]
    assert rank.tolist() == pytest.approx(published, abs=1e-3)


def test_the_optimum_of_the_example_is_proved() -> None:
    result = ordino.solve(EXAMPLE, solver="heft,cpsat", time_limit=30)
    assert result.failures == ()
    assert (result.objective, result.bound) == (73, 73)


@settings(max_examples=60)
@given(tiny(), st.sampled_from(RULES))
def test_interpreted_and_compiled_rules_agree(graph: TaskGraph, rule) -> None:
    saved = rules.functions
    try:
        rules.functions = lambda *_: list_scheduling
        interpreted = rule(graph)
        rules.functions = lambda *_: kernels
        compiled = rule(graph)
    finally:
        rules.functions = saved
    assert interpreted == compiled
    assert length(graph, compiled) >= 0


@pytest.mark.parametrize("statistic", ["mean", "median", "best", "worst"])
def test_ranks(statistic: str) -> None:
    graph = TaskGraph.of([[1, 5, 3], [2, 2, float("inf")]], [(0, 1, 4)], bandwidth=2, startup=1)
    typical = {"mean": (3, 2), "median": (3, 2), "best": (1, 2), "worst": (5, 2)}[statistic]
    rank = rules.upward(Arrays.of(graph), kernels, statistic)
    assert rank.tolist() == [typical[0] + 3 + 2, 2]
    assert rules.heft(graph, rank=statistic) is not None


def test_heft_fills_gaps() -> None:
    graph = TaskGraph.of([[2], [3], [10], [4]], [(0, 2, 1)], release_dates=[0, 0, 9, 0])
    schedule = rules.heft(graph)
    assert schedule is not None
    assert schedule.start.tolist() == [0, 6, 9, 2]


def test_rules_keep_memory_and_say_when_they_miss_a_limit() -> None:
    roomy = TaskGraph.of([[1, 9]] * 3, memory=[1, 1, 1], capacity=[2, 2])
    for rule in RULES:
        assert np.bincount(rule(roomy).processor).tolist() == [2, 1]
        tight = TaskGraph.of([[1, 9]] * 3, memory=[2, 2, 2], capacity=[3, 3])
        assert rule(tight) is None
        late = TaskGraph.of([[3], [4]], deadlines=[6, 6])
        assert rule(late) is None
    result = ordino.solve(tight, time_limit=5)
    assert (result.status, result.failures) == ("infeasible", ())
    assert ordino.solve(late, time_limit=5).status == "infeasible"


@settings(max_examples=40)
@given(tiny(), st.integers(0, 12), st.integers(2, 4))
def test_cpsat_proves_what_deadlines_and_memory_allow(
    graph: TaskGraph, slack: int, size: int
) -> None:
    path = bounds.critical_path(graph) or 0
    limited = replace(
        graph,
        deadlines=np.full(graph.tasks, float(int(path) + slack)),
        memory=np.arange(graph.tasks, dtype=float) % 3,
        capacity=np.full(graph.processors, float(size)),
    )
    best = brute_force(limited)
    result = ordino.solve(limited, solver="cpsat", time_limit=20, workers=1)
    assert result.failures == ()
    if best == float("inf"):
        assert result.status == "infeasible"
    else:
        assert result.status == "optimal"
        assert result.objective == pytest.approx(best)


@given(tiny())
def test_a_hint_covers_the_cpsat_model_and_keeps_it(graph: TaskGraph) -> None:
    schedule = rules.heft(graph)
    value = length(graph, schedule)
    formulation = cpsat.formulate(graph, value)
    model = formulation.model
    hint = {variable.index: each for variable, each in formulation.hint(schedule)}
    assert set(hint) == set(range(len(model.proto.variables)))
    for variable, each in formulation.hint(schedule):
        model.add(variable == each)
    solver = cp_model.CpSolver()
    assert solver.solve(model) == cp_model.OPTIMAL
    read = formulation.read([hint[index] for index in range(len(hint))])
    assert length(graph, read) <= value * (1 + 1e-9)


def test_cpsat_says_what_it_rounds() -> None:
    graph = TaskGraph.of([[1 / 3, 1 / 7], [1 / 9, 2 / 7]], [(0, 1, 1 / 11)])
    result = ordino.solve(graph, solver="cpsat", time_limit=20)
    notes = [event.message for event in result.trace if event.kind == "note"]
    assert notes
    assert notes[0].startswith("times are rounded down to ")
    assert result.status == "optimal"
    assert result.objective == pytest.approx(brute_force(graph))
    exact = TaskGraph.of([[0.25, 1.5], [0.125, 2]], [(0, 1, 0.5)])
    assert cpsat.formulate(exact, None).unit == 1e-3


@settings(max_examples=150)
@given(tiny())
def test_bounds_hold(graph: TaskGraph) -> None:
    optimum = brute_force(graph)
    for bound in (bounds.critical_path, bounds.area, bounds.interval_load):
        assert bound(graph) <= optimum
    assert bounds.interval_load(graph) >= bounds.critical_path(graph) - 1e-9


def test_bounds_by_hand() -> None:
    chain = TaskGraph.of([[2, 5], [6, 1]], [(0, 1, 2)])
    assert bounds.critical_path(chain) == 2 + 2 + 1
    split = TaskGraph.of([[3, 3]] * 4)
    assert bounds.area(split) == 6
    late = TaskGraph.of([[4, 4]] * 3, release_dates=[5, 5, 5])
    assert bounds.critical_path(late) == 9
    assert bounds.interval_load(late) == 11 < brute_force(late) == 13
    cheap = TaskGraph.of([[4, 1], [2, 2]], price=[1, 3], goal="cost")
    assert bounds.cheapest(cheap) == 3 + 2
    assert bounds.critical_path(cheap) is None


def test_timing_follows_an_order() -> None:
    schedule = rules.heft(EXAMPLE)
    assert schedule is not None
    order = order_by_start(EXAMPLE, schedule)
    assert timed(EXAMPLE, schedule.processor, order).tolist() == schedule.start.tolist()


def test_a_picture_has_a_row_for_each_processor() -> None:
    schedule = rules.heft(EXAMPLE)
    picture = scene(EXAMPLE, schedule)
    assert len(picture.rows) == 3
    assert len(picture.bars) == 10
    assert "makespan 80" in picture.title
    rented = TaskGraph.of([[1, 2], [3, 1]], goal="cost")
    assert len(scene(rented, rules.heft(rented)).rows) == 2


def test_large_graphs() -> None:
    graph = generate.layered(tasks=5000, processors=8, seed=1)
    value = length(graph, rules.heft(graph))
    assert value >= max(each for each in ordino.compute_bounds(graph).values() if each)
    assert "beyond" in str(rules.batch_takes(generate.fork_join(width=20_000, stages=1)))
    assert "literals" in str(cpsat.takes(generate.layered(tasks=9000, processors=99)))


def test_public_graphs_are_solved_no_worse_than_by_the_rules(public_data: Path) -> None:
    for path in sorted((public_data / "dag" / "dagbench").iterdir())[::6]:
        graph = ordino.read(path)
        best = min(length(graph, rule(graph)) for rule in RULES)
        result = ordino.solve(graph, time_limit=1)
        assert result.failures == ()
        assert result.objective <= best


def test_neighbourhoods_improve_on_heft() -> None:
    graph = generate.layered(tasks=30, processors=3, ccr=1.0, seed=2)
    first = ordino.solve(graph, solver="heft").objective
    result = ordino.solve(graph, solver="heft,windows", iterations=4, workers=1, time_limit=60)
    assert result.failures == ()
    assert result.found_by == "windows"
    assert result.objective < first
