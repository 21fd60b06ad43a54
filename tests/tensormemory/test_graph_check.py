"""The checker of plans against hand-made right and wrong ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ordino.models.tensormemory.check import check
from ordino.models.tensormemory.graph import Graph, Plan

# 0 is the input; a: 0 -> 1; b: 1 -> 2; c: 2 -> 3; d: 1, 3 -> 4
GRAPH = Graph.of(
    [4, 4, 4, 4, 2],
    [([0], [1]), ([1], [2]), ([2], [3]), ([1, 3], [4])],
    capacity=10,
    operator_names=("a", "b", "c", "d"),
)
PLAN = Plan(
    order=[0, 1, 2, 3],
    tensor=[0, 1, 1, 2, 3, 4],
    first=[0, 0, 3, 1, 2, 3],
    last=[0, 1, 3, 2, 3, 3],
    offset=[4, 0, 4, 4, 0, 8],
    scratch=[],
)


def kinds(graph: Graph, plan: Plan) -> set[str]:
    return {violation.kind for violation in check(graph, plan).violations}


def changed(name: str, place: int, value: int) -> Plan:
    values = getattr(PLAN, name).copy()
    values[place] = value
    return replace(PLAN, **{name: values})


def test_a_spill_and_a_fetch_cost_their_bytes() -> None:
    assert check(GRAPH, PLAN).objective == 8


def test_a_clean_input_costs_its_fetch_alone() -> None:
    graph = Graph.of(
        [4, 4, 4, 2], [([0], [1]), ([1], [2]), ([0, 2], [3])], capacity=10, clean_inputs=True
    )
    plan = Plan(
        order=[0, 1, 2],
        tensor=[0, 0, 1, 2, 3],
        first=[0, 2, 0, 1, 2],
        last=[0, 2, 1, 2, 2],
        offset=[4, 4, 0, 4, 8],
        scratch=[],
    )
    moved = replace(plan, offset=np.array([4, 0, 0, 4, 8]))
    assert check(graph, moved).objective == 4
    assert check(replace(graph, clean_inputs=False), moved).objective == 8
    assert kinds(graph, plan) == {"overlap"}


def test_the_peak_is_the_highest_address_or_the_greatest_total() -> None:
    graph = replace(GRAPH, capacity=None)
    stays = Plan(
        order=[0, 1, 2, 3], tensor=[0, 1, 2, 3, 4], first=[0, 0, 1, 2, 3], last=[0, 3, 2, 3, 3],
        offset=[4, 0, 4, 10, 4], scratch=[],
    )  # fmt: skip
    assert check(graph, stays).objective == 14
    total = replace(stays, offset=stays.offset[:0])
    assert check(replace(graph, addresses=False), total).objective == 12
    assert kinds(graph, PLAN) == {"spill"}


@pytest.mark.parametrize(
    ("plan", "kind"),
    [
        (replace(PLAN, order=np.array([1, 0, 2, 3])), "precedence"),
        (replace(PLAN, order=np.array([0, 1, 2])), "order"),
        (replace(PLAN, order=np.array([0, 1, 2, 2])), "order"),
        (changed("tensor", 5, 9), "unknown"),
        (changed("last", 5, 4), "residence"),
        (changed("first", 2, 2), "residence"),  # back at once
        (changed("first", 4, 3), "residence"),  # later than it is written
        (changed("last", 1, 0), "operand"),
        (changed("offset", 0, 2), "overlap"),
        (changed("offset", 5, 9), "capacity"),
        (changed("offset", 1, -1), "address"),
        (replace(PLAN, offset=PLAN.offset[:0]), "address"),
    ],
)
def test_a_broken_rule_is_named(plan: Plan, kind: str) -> None:
    report = check(GRAPH, plan)
    assert kind in {violation.kind for violation in report.violations}
    assert report.objective is None


def test_workspaces_and_alignment_take_room() -> None:
    graph = Graph.of([3, 3], [([0], [1])], workspace=[2], capacity=12, alignment=4)
    plan = Plan(order=[0], tensor=[0, 1], first=[0, 0], last=[0, 0], offset=[0, 4], scratch=[8])
    assert check(graph, plan).objective == 0
    assert kinds(graph, replace(plan, scratch=np.array([4]))) == {"overlap"}
    assert kinds(graph, replace(plan, scratch=np.array([], dtype=np.int64))) == {"address"}
    assert "address" in kinds(graph, replace(plan, offset=np.array([0, 5])))
    assert kinds(replace(graph, capacity=11), plan) == {"capacity"}


def test_a_fixed_order_binds() -> None:
    graph = Graph.of([1, 1, 1], [([0], [1]), ([0], [2])], fixed_order=True)
    plan = Plan(
        order=[1, 0], tensor=[0, 1, 2], first=[0, 1, 0], last=[1, 1, 0], offset=[0, 1, 1],
        scratch=[],
    )  # fmt: skip
    assert kinds(graph, plan) == {"order"}
    assert check(replace(graph, fixed_order=False), plan).objective == 2
