"""The checker of plans, against hand-made right and wrong ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ordino.core.errors import InstanceError
from ordino.models.podpacking.check import check
from ordino.models.podpacking.problem import (
    DAEMON,
    FREE,
    PINNED,
    PROTECTED,
    Affinity,
    Cluster,
    DisruptionBudget,
    Plan,
    Separation,
    Spread,
    Topology,
)

HERE = Topology("", np.arange(3), ("a", "b", "c"))
ZONES = Topology("zone", np.array([0, 0, 1]), ("west", "east"))


def cluster(kind: list[int], **fields: Any) -> Cluster:
    """Three nodes of 10 cpu; classes of 1 and of 6 cpu."""
    fields.setdefault("node_names", ["a", "b", "c"])
    fields.setdefault("topologies", (HERE, ZONES))
    classes = fields.pop("demand", [[1], [6]])
    return Cluster.of([[10]] * 3, classes, kind, resources=["cpu"], **fields)


def kinds(instance: Cluster, *node: int, device: list[int] | None = None) -> list[str]:
    report = check(instance, Plan(np.array(node), np.array(device or [], dtype=np.int64)))
    assert report.valid == (report.objective is not None)
    return [violation.kind for violation in report.violations]


def test_objective_by_tier() -> None:
    instance = cluster([0, 1, 1, 0], priority=[5, 9], current=[0, 0, 1, -1])
    assert instance.objective.name == (
        "unplaced >= 9, then disruption >= 9, then unplaced >= 5, then disruption >= 5"
    )
    assert check(instance, Plan([-1, 0, 2, 0])).objective == (0, 1, 1, 2)
    later = replace(instance, order="placements", move_weight=2, eviction_weight=3)
    assert check(later, Plan([-1, 0, 2, 0])).objective == (0, 1, 2, 5)
    assert check(replace(instance, measure="cpu"), Plan([-1, 0, -1, 0])).objective == (6, 1, 7, 2)


def test_shape_and_unknown_nodes() -> None:
    instance = cluster([0, 1])
    assert kinds(instance, 0) == ["shape"]
    assert kinds(instance, 0, 3) == ["unknown"]
    assert kinds(instance, 0, 1, device=[0, 0]) == ["shape"]


def test_room_is_required_of_those_who_arrive() -> None:
    crowded = cluster([1, 1, 0], current=[0, 0, -1])
    assert kinds(crowded, 0, 0, 1) == []
    assert kinds(crowded, 0, 0, 0) == ["room"]
    assert kinds(crowded, 0, 1, 0) == []
    report = check(crowded, Plan([0, 0, 0]))
    assert report.violations[0].message == (
        "node a has 10 of cpu, its pods need 13, pod pod-3 among them"
    )
    nothing = cluster([1, 1, 0], demand=[[0], [6]], current=[0, 0, -1])
    assert kinds(nothing, 0, 0, 0) == []


def test_eligibility_is_required_of_those_who_arrive() -> None:
    instance = cluster([0, 0], allowed=[[0, 1, 1], [1, 1, 1]], current=[0, 1])
    assert kinds(instance, 0, 1) == []
    assert kinds(instance, 0, 0) == ["eligibility"]


def test_holding() -> None:
    instance = cluster([0, 0, 1], hold=[PINNED, PROTECTED, FREE], current=[0, 0, 0])
    assert kinds(instance, 0, 2, -1) == []
    assert kinds(instance, 1, 0, 0) == ["pinned"]
    assert kinds(instance, -1, 0, 0) == ["pinned"]
    assert kinds(instance, 0, -1, 0) == ["protected"]


def test_separation_goes_both_ways_and_lets_be_what_stays() -> None:
    apart = Separation(1, (0,), (1,))
    instance = cluster([0, 1], separations=(apart,))
    assert kinds(instance, 0, 2) == []
    assert kinds(instance, 0, 1) == ["anti-affinity"]
    assert kinds(replace(instance, current=np.array([0, 1])), 0, 1) == []
    assert kinds(replace(instance, current=np.array([0, 2])), 0, 1) == ["anti-affinity"]
    itself = cluster([0, 0], separations=(Separation(0, (0,), (0,), text="port 80"),))
    assert kinds(itself, 0, 1) == []
    report = check(itself, Plan([1, 1]))
    assert report.violations[0].message == "pod pod-1 and pod pod-2 are both on node b (port 80)"


def test_affinity_lets_the_first_of_its_kind_in() -> None:
    instance = cluster([0, 0, 1], affinities=(Affinity(1, (0,), (0,)),))
    assert kinds(instance, 0, -1, 2) == []
    assert kinds(instance, 0, 1, 2) == []
    assert kinds(instance, 0, 2, 2) == ["affinity", "affinity"]
    other = cluster([0, 1], affinities=(Affinity(1, (0,), (1,)),))
    assert kinds(other, 0, -1) == ["affinity"]
    assert kinds(other, 1, 0) == []


def test_spread() -> None:
    rule = Spread(1, (0,), (0,), max_skew=1, domains=(0, 1))
    instance = cluster([0, 0, 0], spreads=(rule,))
    assert kinds(instance, 0, 1, 2) == []
    assert kinds(instance, 0, 1, -1) == ["spread", "spread"]
    assert kinds(replace(instance, current=np.array([0, 1, -1])), 0, 1, -1) == []
    strict = replace(rule, min_domains=3)
    assert kinds(replace(instance, spreads=(strict,)), 0, 1, 2) == ["spread", "spread"]


def test_budget_and_moves() -> None:
    budgets = (DisruptionBudget((0,), 1, "web"),)
    instance = cluster([0, 0, 1], current=[0, 0, 1], budgets=budgets)
    assert kinds(instance, 1, 0, -1) == []
    assert kinds(instance, 1, -1, 1) == ["budget"]
    assert kinds(replace(instance, budgets=(), max_moves=1), 1, 0, -1) == ["moves"]


def test_preemption() -> None:
    fields = {"priority": [1, 9], "current": [0, -1], "preempts": np.array([1, 0])}
    instance = cluster([0, 1], **fields)
    assert kinds(instance, -1, 0) == ["preemption"]
    assert kinds(instance, 1, 0) == []
    assert kinds(instance, -1, 1) == []


def test_devices() -> None:
    instance = cluster(
        [0, 0, 1],
        devices=np.array([2, 0, 1]),
        share=np.array([600, 0]),
        whole=np.array([0, 1]),
    )
    assert kinds(instance, 0, 2, 0, device=[1, 0, -1]) == []
    assert kinds(instance, 0, 0, 2, device=[0, 1, -1]) == []
    assert kinds(instance, 0, 0, 2, device=[0, 0, -1]) == ["device"]
    assert kinds(instance, 0, 0, 0, device=[0, 1, -1]) == ["device"]
    assert kinds(instance, 1, 0, 2, device=[0, 0, -1]) == ["device"]
    assert kinds(instance, 0, 0, 2) == ["shape"]


def test_drain() -> None:
    instance = cluster([0, 0, 1], hold=[DAEMON, FREE, FREE], current=[0, 0, 1], goal="drain")
    assert check(instance, Plan([0, 1, 1])).objective == (1, 1)
    assert check(instance, Plan([0, 0, 1])).objective == (2, 0)
    assert kinds(instance, 0, -1, 1) == ["eviction"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"current": [0, 3]}, "node 1 is 3, expected less than 3"),
        ({"hold": [0, 2]}, "pod pod-2 is pinned, but runs nowhere"),
        ({"pod_names": ["x", "x"]}, "two pods are called 'x'"),
        ({"goal": "sleep"}, "goal sleep: expected place or drain"),
        ({"measure": "gpu"}, "measure gpu: expected pods or devices or cpu"),
        ({"max_moves": -2}, "max_moves is -2, expected at least -1"),
        ({"separations": (Separation(7, (0,), (0,)),)}, "a rule names topology 7"),
        ({"share": np.array([2000, 0])}, "expected shares up to the size of a device, 1000"),
    ],
)
def test_an_instance_that_exists_is_well_formed(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InstanceError, match=message):
        cluster([0, 1], **fields)
