"""Methods for graphs: exact ones against each other and the published values, rules, generators."""

from __future__ import annotations

import importlib
import json
import os
import threading
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from kits.tensormemory import brute_force, graphs, large, sample

import ordino
from ordino.core.budget import Budget
from ordino.heuristics.tensormemory.beam_search import Beam
from ordino.heuristics.tensormemory.orders import ORDERS
from ordino.heuristics.tensormemory.replacement import belady, greedy, keep_all
from ordino.heuristics.tensormemory.state_search import Part, StateSearch, residences_of_way
from ordino.heuristics.tensormemory.states import KERNELS, Network
from ordino.instances.reading import dump_instance, read_instance
from ordino.instances.tensormemory.generate import cells, series_parallel
from ordino.models.tensormemory.check import check
from ordino.models.tensormemory.graph import Graph
from ordino.models.tensormemory.residence import Uses
from ordino.solvers.tensormemory import peak
from ordino.solvers.tensormemory.packing import at_any_price
from ordino.solvers.tensormemory.peak import Least, curve

SETS = Path(os.environ.get("ORDINO_DATA", "")) / "tensor-memory" / "graphs"
need_data = pytest.mark.skipif(
    not os.environ.get("ORDINO_DATA") or not SETS.is_dir(), reason="ORDINO_DATA has no graphs"
)


def kernels() -> Any:
    return importlib.import_module(KERNELS)


def searched(graph: Graph) -> StateSearch:
    network = Network.of(graph, graph.file_order if graph.fixed_order else None)
    search = StateSearch(network, kernels(), Part.whole(network), None, 8)
    assert search.advance(10**9) == kernels().SOLVED
    return search


@settings(max_examples=150)
@given(graphs(most=6))
def test_the_state_search_finds_the_least_value_and_a_way_to_it(graph: Graph) -> None:
    graph = replace(graph, addresses=False)
    search = searched(graph)
    way = residences_of_way(search.network, search.way())
    assert search.least == way.value() == brute_force(graph)
    assert check(graph, way.plan()).objective == search.least
    network = search.network
    beam = Beam(network, kernels(), 2).run(None, lambda: False)
    assert beam is not None
    assert check(graph, beam.plan()).objective >= search.least
    closed = StateSearch(network, kernels(), Part.whole(network), search.least, 8)
    assert closed.advance(10**9) == kernels().EMPTY


def random_graph(seed: int) -> Graph:
    """Nine operators with much in common, and as little memory as can be."""
    random = np.random.default_rng(seed)
    sizes = [int(random.integers(2, 7))]
    operators: list[tuple[list[int], list[int]]] = []
    for _ in range(9):
        count = min(len(sizes), int(random.integers(1, 4)))
        reads = random.choice(len(sizes), count, replace=False).tolist()
        operators.append((reads, [len(sizes)]))
        sizes.append(int(random.integers(1, 7)))
    used = sorted({tensor for node in operators for part in node for tensor in part})
    names = {tensor: place for place, tensor in enumerate(used)}
    graph = Graph.of(
        [sizes[tensor] for tensor in used],
        [tuple([names[x] for x in part] for part in node) for node in operators],
        addresses=False,
    )
    return replace(graph, capacity=graph.least_capacity)


def test_cpsat_and_states_agree_where_much_is_spilled() -> None:
    moved = 0
    for seed in range(12):
        graph = random_graph(seed)
        both = [
            ordino.solve(graph, solver=name, time_limit=30).objective
            for name in ("cpsat", "states")
        ]
        assert both[0] == both[1] == searched(graph).least
        moved += both[0] > 0
    assert moved > 3


def test_a_capacity_below_the_largest_operator_is_proved_infeasible() -> None:
    graph = Graph.of([4, 2, 4], [([0], [1]), ([0, 1], [2])], operator_names=("conv", "add"))
    for solver in ("belady", "greedy", "states", "divide", "cpsat", "milp", None):
        for capacity in (9, 0):
            result = ordino.solve(graph, capacity=capacity, solver=solver, time_limit=10)
            assert result.status is ordino.Status.INFEASIBLE
            reason = f"operator 1 (add) needs 10 bytes, the capacity is {capacity}"
            assert result.reason == reason
    fixed = ordino.solve(graph, capacity=9, order="fixed", solver="cpsat", time_limit=10)
    assert fixed.reason == "operator 1 (add) needs 10 bytes, the capacity is 9"


@pytest.mark.parametrize("rule", [belady, greedy])
@pytest.mark.parametrize("order", list(ORDERS))
def test_rules_stay_within_the_capacity(rule: Any, order: str) -> None:
    for seed in range(10):
        graph = random_graph(seed)
        residences = rule(Uses.of(graph, ORDERS[order](graph)))
        assert residences.peak() <= graph.capacity
        report = check(graph, residences.plan())
        assert report.valid
        assert report.objective == residences.traffic() >= searched(graph).least


def test_where_holes_are_too_small_more_leaves() -> None:
    graph = series_parallel(operators=150, branches=6, seed=1)
    graph = replace(graph, capacity=graph.least_capacity)
    for seed in range(3):
        random = np.random.default_rng(seed)
        shifted = replace(graph, sizes=random.integers(1, 60, graph.tensors))
        shifted = replace(shifted, capacity=shifted.least_capacity)
        residences = belady(Uses.of(shifted, shifted.file_order))
        plan = at_any_price(residences, Budget.of(60.0))
        assert plan is not None
        report = check(shifted, plan)
        assert report.valid
        assert report.objective >= residences.traffic()


def test_the_peak_falls_along_better_orders() -> None:
    graph = cells(cells=4, nodes=4, seed=1)
    peaks = [keep_all(Uses.of(graph, rule(graph))).peak() for rule in ORDERS.values()]
    result = ordino.solve(graph, time_limit=20)
    assert graph.least_capacity <= result.objective <= min(peaks)
    assert result.status is ordino.Status.OPTIMAL


def test_the_curve_falls_to_nothing() -> None:
    rows, scene = curve(sample())
    traffic = [row["traffic"] for row in rows]
    assert rows[0]["capacity"] == sample().least_capacity
    assert traffic[0] > 0
    assert traffic[-1] == 0
    assert all(later <= earlier for earlier, later in pairwise(traffic))
    assert (rows[-1]["traffic"], rows[-1]["bound"]) == (0, 0)
    assert len(scene.bars) == len(rows)


def test_the_curve_never_rises_where_searches_are_cut_off(monkeypatch: Any) -> None:
    values = iter([Least(9, 9), *(Least(value, value // 2) for value in (8, 3, 5, 5, 4, 6, 7, 9))])
    monkeypatch.setattr(peak, "least_value", lambda graph: next(values, Least(9, 4)))
    monkeypatch.setattr(peak, "least_peak", lambda graph: Least(graph.least_capacity + 80, 1))
    rows, _ = curve(cells(cells=1, nodes=3))
    assert [row["traffic"] for row in rows][-1] == 0
    for column in ("traffic", "bound"):
        assert all(less[column] >= more[column] for less, more in pairwise(rows))
    assert all(row["bound"] <= row["traffic"] for row in rows)


def test_nothing_moves_in_the_least_peak() -> None:
    random = np.random.default_rng(7)
    operators = [
        (random.choice(np.arange(max(0, o - 40), o + 1), min(2, o + 1), False).tolist(), [o + 1])
        for o in range(120)
    ]
    used = sorted({tensor for node in operators for part in node for tensor in part})
    names = {tensor: place for place, tensor in enumerate(used)}
    graph = Graph.of(
        random.integers(5, 60, len(used)).tolist(),
        [tuple([names[x] for x in part] for part in node) for node in operators],
        addresses=False,
    )
    result = ordino.solve(graph, capacity="M_P", solver="states", iterations=1, time_limit=20)
    assert result.objective == 0


def test_greedy_can_be_stopped() -> None:
    uses = Uses.of(large(), large().file_order)
    for most in (5, 100, 1000):  # between steps, and within one
        answers = iter([False] * most + [True] * 2)
        assert greedy(uses, lambda left=answers: next(left)) is None
    stop = threading.Event()
    stop.set()
    assert ordino.solve(large(), solver="greedy", stop=stop, time_limit=60).solution is None


def test_a_wide_graph_gets_a_plan_in_time() -> None:
    result = ordino.solve(large(), time_limit=5)
    assert result.solution is not None
    assert result.failures == ()


def test_clean_inputs_and_held_ones() -> None:
    graph = Graph.of([6, 1, 6, 1, 6, 1], [([0], [1]), ([1], [2]), ([2], [3]), ([3, 0, 2], [5]),
                                           ([1], [4])], addresses=False)  # fmt: skip
    capacity = graph.least_capacity
    strict = ordino.solve(graph, capacity=capacity, time_limit=10)
    clean = ordino.solve(graph, capacity=capacity, clean_inputs=True, time_limit=10)
    assert clean.objective <= strict.objective
    held = ordino.solve(graph, hold=True, time_limit=10)
    assert held.objective >= ordino.solve(graph, time_limit=10).objective
    assert ordino.check(graph, held).valid


def test_held_inputs_that_leave_are_clean() -> None:
    graph = Graph.of(
        [1, 9, 9, 4, 1], [([0], [1]), ([1], [2]), ([2, 3], [4])], addresses=False, capacity=18
    )
    options = {"hold": True, "time_limit": 10}
    for solver in ("states", "cpsat", "belady"):
        strict = ordino.solve(graph, solver=solver, **options)
        clean = ordino.solve(graph, solver=solver, clean_inputs=True, **options)
        assert (strict.objective, clean.objective) == (8, 4)


@settings(max_examples=40)
@given(graphs(most=4))
def test_held_graphs_are_searched_by_their_rules(graph: Graph) -> None:
    held = replace(graph, addresses=False, capacity=None).held()
    if graph.capacity is not None:
        held = replace(held, capacity=held.least_capacity)
    assert searched(held).least == brute_force(held)
    assert ordino.solve(held, solver="cpsat", time_limit=20).objective == brute_force(held)


@pytest.mark.parametrize("solver", ["states", "cpsat", "divide", "topological"])
def test_held_ends_come_first_and_last_in_every_order(solver: str) -> None:
    # 0 reads nothing, and 2 writes nothing
    graph = Graph.of([2, 5, 3], [([], [1]), ([0, 1], [2]), ([1], [])])
    held = graph.held()
    assert held.held() is held
    assert held.file_order.tolist() == [0, 1, 2, 3, 4]
    result = ordino.solve(held, solver=solver, time_limit=10)
    assert result.solution.order[[0, -1]].tolist() == [0, 4]
    assert result.objective == 10
    moved = replace(result.solution, order=np.array([1, 0, 2, 3, 4]))
    assert "precedence" in {each.kind for each in check(held, moved).violations}
    assert read_instance(dump_instance(held)) == held


@need_data
@pytest.mark.parametrize(
    "name", ["bert_base_1layer_s128", "randwire_ws16_s2", "darts_v2_cifar_NRN", "densenet121"]
)
def test_published_architectures_are_no_worse_than_reference_values(name: str) -> None:
    reference = json.loads((SETS / "reference.json").read_text())[name]
    graph = ordino.read(str(SETS / f"{name}.json"))
    assert graph.least_capacity == reference["M_R"]
    for known in reference["spill"].values():
        result = ordino.solve(graph, capacity=known["budget"], time_limit=60)
        assert result.status is ordino.Status.OPTIMAL
        assert result.objective <= known["free_order_with_addresses"]
        fixed = ordino.solve(graph, capacity=known["budget"], order="fixed", time_limit=60)
        assert fixed.objective == known["fixed_default_order_optimal"]
        assert fixed.status is ordino.Status.OPTIMAL


@settings(max_examples=40)
@given(graphs(most=6))
def test_divide_and_conquer_stays_between_the_optimum_and_the_first_plan(graph: Graph) -> None:
    graph = replace(graph, addresses=False, fixed_order=False)
    result = ordino.solve(graph, solver="divide", time_limit=10)
    assert result.failures == ()
    assert result.objective == brute_force(graph)


@pytest.mark.parametrize("seed", range(3))
def test_windows_of_a_long_graph_get_better(seed: int) -> None:
    graph = cells(cells=12, nodes=4, seed=seed)
    graph = replace(graph, capacity=graph.least_capacity, addresses=False)
    first = ordino.solve(graph, solver="belady", time_limit=10)
    result = ordino.solve(graph, solver="divide", iterations=100, time_limit=5)
    assert result.failures == ()
    assert result.objective <= first.objective
    best = ordino.solve(graph, solver="states", time_limit=3)
    assert best.bound <= result.objective
