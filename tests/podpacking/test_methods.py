"""Annealing, bounds, neighbourhoods, draining and the default race on clusters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from kits.podpacking import brute_force, large, plans, sample, tiny

import ordino
from ordino.core.budget import Budget
from ordino.core.incumbent import Incumbent
from ordino.core.kernel import warm
from ordino.heuristics.podpacking.annealing import KERNELS, Annealing, packs
from ordino.heuristics.podpacking.draining import empty_greedily
from ordino.heuristics.podpacking.rules import best_fit, complete, keep
from ordino.instances.podpacking.generate import priority_matters
from ordino.models.podpacking.bounds import pooled
from ordino.models.podpacking.check import check
from ordino.models.podpacking.cpsat import Packing
from ordino.models.podpacking.part import Part
from ordino.models.podpacking.problem import (
    DAEMON,
    FREE,
    PINNED,
    Cluster,
    DisruptionBudget,
    Plan,
    Separation,
    Spread,
    Topology,
)
from ordino.solvers.podpacking import configurations
from ordino.solvers.podpacking.node_types import NodeType
from ordino.solvers.podpacking.search import Search
from ordino.solvers.podpacking.totals import Totals


def spread_out(cluster: Cluster) -> Cluster:
    """Let each pod run on the emptiest node with room for it."""
    current, free = np.full(cluster.pods, -1), cluster.capacity.copy()
    free.flags.writeable = True
    for pod in range(cluster.pods):
        demand = cluster.demand[cluster.kind[pod]]
        fits = np.flatnonzero((free >= demand).all(axis=1))
        if fits.size:
            current[pod] = fits[np.argmax(free[fits, 0])]
            free[current[pod]] -= demand
    return replace(cluster, current=current)


def test_annealing_places_what_the_rule_can_not() -> None:
    cluster = spread_out(priority_matters(seed=7, nodes=8, pods_per_node=8, priorities=1))
    incumbent = Incumbent(cluster, check, cluster.objective)
    incumbent.offer(best_fit(cluster), "best-fit")
    before = incumbent.objective
    Annealing(cluster, warm(KERNELS), 0).run(incumbent, Budget.of(20.0), "annealing", passes=15)
    assert before[0] > 0
    assert incumbent.objective[0] == 0
    assert incumbent.failures == ()


def test_annealing_keeps_who_is_held() -> None:
    cluster = spread_out(priority_matters(seed=7, nodes=4, pods_per_node=8, priorities=2))
    runs = cluster.current >= 0
    hold = np.where(runs & (np.arange(cluster.pods) % 3 == 0), PINNED, FREE)
    hold[np.flatnonzero(runs)[1]] = DAEMON
    cluster = replace(cluster, hold=hold)
    incumbent = Incumbent(cluster, check, cluster.objective)
    incumbent.offer(keep(cluster), "keep")
    before = incumbent.objective
    Annealing(cluster, warm(KERNELS), 0).run(incumbent, Budget.of(20.0), "annealing", passes=10)
    assert incumbent.objective < before
    assert incumbent.failures == ()


@settings(max_examples=40)
@given(tiny())
def test_configurations_bound_every_level(cluster: Cluster) -> None:
    cluster = replace(cluster, goal="place")
    assert_bounds(cluster)
    assert pooled(cluster) <= brute_force(cluster)


@pytest.mark.parametrize("settings_of", [{"cpsat": {}}, {"milp": {}}, {"milp": {"engine": "cbc"}}])
@settings(max_examples=30, deadline=None)
@given(cluster=tiny())
def test_engines_prove_what_brute_force_finds(
    settings_of: dict[str, dict[str, Any]], cluster: Cluster
) -> None:
    result = ordino.solve(
        cluster, solver=[*settings_of], settings=settings_of, time_limit=30, workers=1
    )
    assert result.failures == ()
    assert result.status is ordino.Status.OPTIMAL
    assert result.objective == brute_force(cluster)


def assert_bounds(cluster: Cluster) -> None:
    """Bound each level from the worst of the plans that are best on those before it."""
    known = plans(cluster)
    bounds = configurations.Configurations(cluster, warm(configurations.KERNELS))
    for level in range(len(known[0][0])):
        best = min(value[level] for value, _ in known)
        value, plan = max(known, key=lambda each: each[0][level])
        found = bounds.bound(level, value[:level], plan, Budget.of(5.0))
        assert found is None or found <= best
        known = [each for each in known if each[0][level] == best]


def test_placements_of_lesser_pods_count_where_they_come_before_disruption() -> None:
    cluster = Cluster.of(
        [[12], [10], [6], [6], [0]],
        [[10], [6], [2]],
        [0, 1, 1, 1, 1, 2],
        resources=["cpu"],
        current=[0, -1, -1, -1, -1, -1],
        priority=[1, 1, 0],
        order="placements",
        topologies=(Topology("zone", [0, 0, 0, 0, 1]),),
        spreads=(Spread(0, (1,), (1,), max_skew=3, domains=(0, 1)),),
    )
    moved, best = Plan([1, 0, 0, 2, -1, 3]), Plan([0, 1, 2, 3, -1, 0])
    assert check(cluster, moved).objective == (1, 1, 1, 1)
    assert check(cluster, best).objective == (1, 1, 0, 0)
    bounds = configurations.Configurations(cluster, warm(configurations.KERNELS))
    assert bounds.bound(2, (1, 1), moved, Budget.of(5.0)) == 0


def test_configurations_prove_what_totals_can_not() -> None:
    cluster = Cluster.of([[10]] * 3, [[6]], [0] * 4, resources=["cpu"])
    assert pooled(cluster) == (0, 0)
    bounds = configurations.Configurations(cluster, warm(configurations.KERNELS))
    assert bounds.bound(0, (), best_fit(cluster), Budget.of(5.0)) == 1


@pytest.mark.parametrize(
    ("nodes", "pods", "most"),
    [
        ([[10, 10], [10, 10]], [[8, 1], [8, 1], [1, 8], [1, 8]], 4),
        ([[10, 10], [10, 10]], [[8, 8], [8, 8], [4, 4]], 2),  # nothing fills a node
        ([[10, 10], [10, 9]], [[5, 5], [5, 4], [5, 5], [5, 5]], 4),  # one resource is full, not all
        ([[10, 10]], [[9, 1], [9, 1], [1, 9], [1, 9], [3, 3]], 2),  # each alone would leave 3
        ([[2**61], [2**61]], [[2**60], [2**60], [2**60]], None),  # too large to be added up
    ],
)
def test_totals_take_resources_together_and_fill_each_node(
    nodes: list[list[int]], pods: list[list[int]], most: int | None
) -> None:
    demand, free = np.unique(np.array(pods), axis=0, return_counts=True)
    types = [NodeType([j], np.array(room), free, 0 * free) for j, room in enumerate(nodes)]
    totals = Totals(types, demand, free, warm(configurations.KERNELS))
    assert totals.most(np.ones_like(free), [], 0, Budget.of(5.0)) == most


def test_a_part_of_a_cluster_is_a_model_of_its_own() -> None:
    cluster = sample()
    plan = best_fit(cluster)
    nodes = np.array([0, 2])
    loose = np.isin(plan.node, nodes) | (plan.node < 0)
    packing = Packing(cluster, Part.of(cluster, nodes, plan.node, loose))
    levels = packing.levels()
    hint = {variable.index: value for variable, value in packing.hint(plan)}
    assert len(hint) == len(packing.model.proto.variables)
    assert tuple(level.value(hint) for level in levels) == check(cluster, plan).objective
    read = packing.read([hint[index] for index in range(len(hint))])
    assert check(cluster, read).objective == check(cluster, plan).objective
    assert (read.node[~loose] == plan.node[~loose]).all()


def test_neighbourhoods_improve() -> None:
    cluster = priority_matters(seed=3, nodes=4, pods_per_node=6, priorities=2)
    incumbent = Incumbent(cluster, check, cluster.objective)
    incumbent.offer(keep(cluster), "keep")
    before = incumbent.objective
    Search(cluster, incumbent, "search").run(Budget.of(20.0, iterations=1000), steps=15)
    assert incumbent.objective < before
    assert incumbent.failures == ()


def test_completing_places_what_fits() -> None:
    cluster = sample()
    empty = Plan(np.where(cluster.hold == FREE, -1, cluster.current))
    whole = complete(cluster, empty)
    report = check(cluster, whole)
    assert report.valid
    assert report.objective < check(cluster, empty).objective


@pytest.mark.parametrize("limit", [-1, 6])
def test_draining_beats_the_rule(limit: int) -> None:
    cluster = spread_out(priority_matters(seed=5, nodes=8, usage=0.7, priorities=2))
    cluster = replace(cluster, goal="drain", max_moves=limit)
    rule = ordino.solve(cluster, solver="greedy-drain", time_limit=5)
    result = ordino.solve(cluster, time_limit=8, workers=2)
    assert result.failures == ()
    assert rule.objective[0] >= result.objective[0]
    assert result.bound[0] <= result.objective[0]
    if limit < 0:
        assert result.objective[0] < rule.objective[0]


def test_the_draining_rule_keeps_rules_and_stops() -> None:
    cluster = Cluster.of(
        [[10]] * 4,
        [[2], [2], [1]],
        [0, 0, 1, 2],
        resources=["cpu"],
        current=[0, 1, 2, 3],
        goal="drain",
        topologies=(Topology("zone", [0, 1, 1, 0]),),
        spreads=(Spread(0, (0,), (0,), max_skew=1, domains=(0, 1)),),
        budgets=(DisruptionBudget((2,), 0),),
        separations=(Separation(0, (1,), (2,)),),
    )
    assert ordino.solve(cluster, solver="greedy-drain").objective == (2, 2)
    incumbent = Incumbent(cluster, check, cluster.objective)
    empty_greedily(cluster, incumbent, Budget.of(0.0), "rule")
    assert incumbent.objective == (4, 0)


def test_the_default_race_proves_all_levels() -> None:
    cluster = spread_out(priority_matters(seed=1, nodes=4, usage=1.0))
    result = ordino.solve(cluster, time_limit=30, workers=2)
    assert result.status is ordino.Status.OPTIMAL
    assert result.failures == ()


def test_annealing_leaves_devices_and_pods_in_rules_alone() -> None:
    cluster = spread_out(priority_matters(seed=7, nodes=4, pods_per_node=8, priorities=1))
    shared: dict[str, Any] = {"share": np.full(cluster.classes, 500)}
    assert packs(replace(cluster, current=np.full(cluster.pods, -1), **shared)) is not None
    here = Topology("", np.arange(cluster.nodes))
    apart = Separation(0, (0, 1), (0, 1))
    cluster = replace(cluster, topologies=(here,), separations=(apart,))
    incumbent = Incumbent(cluster, check, cluster.objective)
    incumbent.offer(best_fit(cluster), "best-fit")
    first = incumbent.best
    Annealing(cluster, warm(KERNELS), 0).run(incumbent, Budget.of(20.0), "annealing", passes=10)
    assert incumbent.failures == ()
    assert incumbent.best != first
    inside = cluster.kind <= 1
    assert (np.sort(incumbent.best.node[inside]) == np.sort(first.node[inside])).all()


def test_a_race_on_a_large_cluster_keeps_its_limit() -> None:
    result = ordino.solve(spread_out(large()), time_limit=2, workers=2)
    assert result.failures == ()
    assert result.seconds < 3.5


@pytest.mark.parametrize("solver", ["best-fit", "cpsat"])
def test_a_pod_that_a_spread_does_not_count_adds_nothing_to_the_skew(solver: str) -> None:
    cluster = Cluster.of(
        [[10]] * 3,
        [[1], [1], [10]],
        [1, 2, 2, 0],
        resources=["cpu"],
        current=[0, 1, 2, -1],
        hold=[PINNED] * 3 + [FREE],
        topologies=(Topology("", np.arange(3)),),
        spreads=(Spread(0, (0,), (1,), max_skew=1, domains=(0, 1, 2)),),
    )
    assert ordino.solve(cluster, solver=solver).objective[0] == 0


def test_nodes_that_cost_nothing_need_not_be_emptied() -> None:
    cluster = Cluster.of(
        [[10], [10], [20]],
        [[1]],
        [0] * 8,
        resources=["cpu"],
        current=[0] * 2 + [1] * 5 + [2],
        hold=[FREE] * 7 + [PINNED],
        goal="drain",
        cost=[1, 0, 0],
    )
    assert pooled(cluster) == (0, 2)
