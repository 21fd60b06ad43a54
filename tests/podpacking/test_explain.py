"""Why a pod waits: reasons that bar every node, none of which can be left out; fewest moves."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import assume, given, settings
from kits import podpacking as kit

import ordino
from ordino.core.errors import UsageError
from ordino.models.podpacking.check import check
from ordino.models.podpacking.problem import PINNED, Cluster, Plan, Separation, Topology
from ordino.solvers.podpacking import admission


def cluster(capacity: list[int], demand: list[int], current: list[int], **fields: Any) -> Cluster:
    """Nodes with so much cpu, a class a pod."""
    return Cluster.of(
        [[each] for each in capacity],
        [[each] for each in demand],
        list(range(len(demand))),
        resources=["cpu"],
        current=current,
        topologies=(Topology("", np.arange(len(capacity))),),
        **fields,
    )


def explained(instance: Cluster, **questions: Any) -> ordino.Explanation:
    return ordino.explain(instance, time_limit=30, workers=1, **questions)


def kinds(explanation: ordino.Explanation) -> list[str]:
    return [reason.kind for reason in explanation.reasons]


def test_a_move_lets_it_in() -> None:
    told = explained(cluster([10, 10], [4, 4, 8], [0, 1, -1]), pod="pod-3")
    assert (told.subject, told.irreducible) == ("question", True)
    assert told.summary == "pod pod-3 waits; 1 move lets it in, the fewest that do"
    assert kinds(told) == ["room", "move", "place"]
    assert "2 of 2 nodes have less cpu free than it asks, 8; the most is 6" in (
        told.reasons[0].message
    )


def test_no_move_does() -> None:
    full = cluster([10, 10], [7, 7, 4], [0, 1, -1])
    told = explained(full, pod="pod-3")
    assert told.subject == "infeasible"
    assert "let it in (proved)" in told.summary
    above = cluster([10, 10], [7, 7, 4], [0, 1, -1], priority=[0, 1, 2])
    told = explained(above, pod="pod-3")
    assert told.subject == "question"
    assert kinds(told) == ["room", "evict", "place"]
    assert "pod pod-1" in told.reasons[1].message  # the least important
    never = replace(above, preempts=np.array([1, 1, 0]))
    assert explained(never, pod="pod-3").subject == "infeasible"
    pinned = replace(above, hold=np.array([PINNED, PINNED, 0]))
    assert "no evictions of lesser pods" in explained(pinned, pod="pod-3").summary


def test_reasons_of_each_kind() -> None:
    instance = cluster(
        [10, 10, 1],
        [4, 1, 8],
        [0, 1, -1],
        allowed=[[1, 1, 1], [1, 1, 1], [0, 1, 1]],
        separations=(Separation(0, (2,), (1,), text="app in (web)"),),
        hold=[PINNED, PINNED, 0],
    )
    told = explained(instance, pod="pod-3")
    assert sorted(kinds(told)) == ["anti-affinity", "room"]  # the room of node 0 is short as well
    assert "app in (web)" in " ".join(reason.message for reason in told.reasons)


def test_a_share_needs_one_device() -> None:
    taken = {"devices": [2, 1], "share": [600, 600, 700, 600]}
    instance = cluster([9, 9], [1, 1, 1, 1], [0, 0, 1, -1], **taken)
    told = ordino.explain(instance, pod="pod-4", time_limit=5)
    assert kinds(told) == ["devices"]
    assert "2 of 2 nodes have no share of a device free that it asks for" in told.reasons[0].message


def test_what_does_not_wait() -> None:
    instance = cluster([10, 10], [4, 4, 2], [0, 1, -1])
    assert "is on node node-2" in explained(instance, pod="pod-2").summary
    assert "could run on node node-1" in explained(instance, pod="pod-3").summary
    plan = Plan([0, -1, 1])
    assert "could run" in ordino.explain(instance, plan, pod="pod-2").summary
    with pytest.raises(UsageError, match="did you mean"):
        explained(instance, pod="pod-9")
    with pytest.raises(UsageError, match="parameter of explanation"):
        explained(instance, node="a")


def test_all_that_wait_are_told_of() -> None:
    instance = cluster([10], [9, 4, 4], [0, -1, -1])
    told = ordino.explain(instance, Plan([0, -1, -1]), time_limit=5)
    assert told.summary == "2 of 3 pods wait"
    assert len(told.reasons) == 2


@pytest.mark.parametrize("small", [40, 0])
@settings(max_examples=30)
@given(kit.tiny())
def test_moves_agree_with_brute_force(small: int, instance: Cluster) -> None:
    waiting = np.flatnonzero(instance.current < 0)
    assume(waiting.size and not instance.shares)
    pod = int(waiting[0])
    with mock.patch.multiple(admission, SMALL=small, FEW_NODES=(1, 2)):
        told = explained(instance, pod=instance.pod_names[pod])
    if "could run" in told.summary:
        node = instance.current.copy()
        node[pod] = next(
            j for j, name in enumerate(instance.node_names) if f"node {name} as" in told.summary
        )
        lax = replace(instance, goal="place", preempts=np.ones(instance.classes, np.int64))
        assert check(lax, Plan(node)).valid
        return
    running = np.flatnonzero(instance.current >= 0)
    others = [each for each in waiting.tolist() if each != pod]
    fewest = None
    for choice in itertools.product(range(instance.nodes), repeat=running.size + 1):
        node = np.full(instance.pods, -1)
        node[[*running.tolist(), pod]] = choice
        assert (node[others] < 0).all()
        if check(replace(instance, goal="place"), Plan(node)).valid:
            moves = int((node != instance.current).sum()) - 1
            fewest = moves if fewest is None else min(fewest, moves)
    if fewest is None:
        assert "no moves" in told.summary
    else:
        assert told.summary.endswith("the fewest that do")
        assert f"; {fewest} move" in told.summary
    reasons = [each for each in told.reasons if each.kind not in ACTIONS]
    assert reasons


ACTIONS = {"move", "place", "evict", "take down", "bring back"}
