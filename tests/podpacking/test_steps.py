"""The order of a plan's steps: every state between two of them is one that a scheduler allows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kits import podpacking as kit

import ordino
from ordino.heuristics.podpacking.rules import keep
from ordino.models.podpacking.check import check
from ordino.models.podpacking.problem import FREE, Affinity, Cluster, Plan, Separation, Topology
from ordino.models.podpacking.steps import Step, down_together, steps

HERE = Topology("", np.arange(3))


def cluster(kind: list[int], current: list[int], sizes: list[int], **fields: Any) -> Cluster:
    """Three nodes of 10 cpu."""
    return Cluster.of(
        [[10]] * 3,
        [[each] for each in sizes],
        kind,
        current=current,
        resources=["cpu"],
        topologies=(HERE,),
        **fields,
    )


def verify(instance: Cluster, plan: Plan, order: tuple[Step, ...]) -> None:
    """Replay steps: each change starts where its pod is, each state is feasible for those that
    came with it, and the last one is the plan."""
    node = instance.current.copy()
    start = keep(instance).device
    lax = replace(
        instance,
        hold=np.full(instance.pods, FREE),
        budgets=(),
        max_moves=-1,
        goal="place",
        preempts=np.ones(instance.classes, dtype=np.int64),
    )
    lifted: set[int] = set()
    for step in order:
        before = node.copy()
        for change in step:
            assert change.source == node[change.pod]
            assert change.source != change.target
            node[change.pod] = change.target
            final = change.target == plan.node[change.pod]
            kinds = {
                "move": change.source >= 0 and change.target >= 0 and final,
                "evict": change.target < 0 and final,
                "take down": change.source >= 0 and change.target < 0 and not final,
                "place": change.source < 0 and final and change.pod not in lifted,
                "bring back": change.source < 0 and final and change.pod in lifted,
            }
            assert kinds[change.action], change
            if change.action == "take down":
                lifted.add(change.pod)
        # devices are handed out anew when all that leave a node have left
        old = np.isin(node, node[(node >= 0) & (node != plan.node)])
        device = np.where(old, start, plan.device) if instance.shares else plan.device
        report = check(replace(lax, current=before), Plan(node.copy(), device))
        assert report.valid, report.violations
    assert np.array_equal(node, plan.node)
    touched = [change.pod for step in order for change in step if change.action != "take down"]
    assert sorted(touched) == np.flatnonzero(plan.node != instance.current).tolist()


def ordered(instance: Cluster, *node: int) -> tuple[Step, ...]:
    plan = Plan(np.array(node))
    assert check(instance, plan).valid
    order = steps(instance, plan)
    verify(instance, plan, order)
    return order


def actions(order: tuple[Step, ...]) -> list[tuple[str, int]]:
    return [(change.action, change.pod) for step in order for change in step]


def test_what_makes_room_comes_first() -> None:
    # pod 0 goes to node 1, pod 1 from there to node 2, pod 2 waits for the place of pod 0
    instance = cluster([0, 0, 0], [0, 1, -1], [6])
    assert actions(ordered(instance, 1, 2, 0)) == [("move", 1), ("move", 0), ("place", 2)]


def test_evictions_come_when_their_room_is_needed() -> None:
    instance = cluster([0, 0, 1, 1], [0, 0, -1, -1], [5, 10], priority=[0, 1])
    order = actions(ordered(instance, -1, -1, 0, 1))
    assert order == [("place", 3), ("evict", 1), ("evict", 0), ("place", 2)]
    assert actions(ordered(instance, -1, 0, -1, 1)) == [("place", 3), ("evict", 0)]


def test_a_ring_takes_one_pod_down() -> None:
    instance = cluster([0, 0, 0], [0, 1, 2], [6], priority=[3])
    order = ordered(instance, 1, 2, 0)
    assert [each for each, _ in actions(order)] == ["take down", "move", "move", "bring back"]
    assert len(down_together(order)) == 1
    low = cluster([0, 1, 0], [0, 1, 2], [6, 7], priority=[3, 1])
    assert down_together(ordered(low, 1, 2, 0)) == (1,)
    assert down_together(ordered(low, 0, 1, 2)) == ()


def test_two_rings_one_after_the_other() -> None:
    instance = cluster([0, 0, 1, 1], [0, 1, 0, 1], [6, 3])
    order = ordered(instance, 1, 0, 1, 0)
    assert len(down_together(order)) == 1


def test_pods_that_require_each_other_come_together() -> None:
    both = (Affinity(0, (0,), (1,)), Affinity(0, (1,), (0,)))
    instance = cluster([0, 1], [-1, -1], [1, 1], affinities=both)
    (step,) = ordered(instance, 2, 2)
    assert [change.action for change in step] == ["place", "place"]


def test_rules_hold_on_the_way() -> None:
    apart = (Separation(0, (0,), (0,)),)
    instance = cluster([0, 0], [0, 1], [1], separations=apart)
    assert [each for each, _ in actions(ordered(instance, 1, 0))] == [
        "take down",
        "move",
        "bring back",
    ]


@settings(max_examples=150)
@given(kit.tiny(), st.randoms(use_true_random=False))
def test_any_plan_can_be_ordered(instance: Cluster, random: Any) -> None:
    for _ in range(20):
        node = np.array([random.randrange(-1, instance.nodes) for _ in range(instance.pods)])
        plan = Plan(node, np.where(node >= 0, 0, -1) if instance.shares else np.empty(0, np.int64))
        if check(instance, plan).valid:
            verify(instance, plan, steps(instance, plan))


@pytest.mark.parametrize("seed", range(4))
def test_plans_that_turn_everything_over(seed: int) -> None:
    """Full clusters whose pods are shuffled between the nodes: many rings."""
    rng = np.random.default_rng(seed)
    nodes, each = 12, 6
    sizes = rng.integers(10, 30, (nodes, each))
    kind = np.arange(nodes * each)
    current = np.repeat(np.arange(nodes), each)
    target = rng.permutation(current)
    sums = np.maximum(
        np.bincount(current, sizes.ravel(), nodes), np.bincount(target, sizes.ravel(), nodes)
    )
    instance = Cluster.of(
        sums.astype(np.int64)[:, None], sizes.reshape(-1, 1), kind.tolist(), resources=["cpu"],
        current=current, priority=rng.integers(0, 3, kind.size).tolist(),
    )  # fmt: skip
    plan = Plan(target)
    assert check(instance, plan).valid
    order = steps(instance, plan)
    verify(instance, plan, order)
    down = sum(action == "take down" for action, _ in actions(order))
    assert down < kind.size / 3


def test_plans_of_solvers() -> None:
    instance = kit.sample()
    for solver in ("default-scheduler", "repack"):
        plan = ordino.solve(instance, solver=solver, time_limit=20).solution
        order = steps(instance, plan)
        verify(instance, plan, order)
        moved = np.flatnonzero(plan.node != instance.current).tolist()
        assert {pod for _, pod in actions(order)} >= set(moved)
