"""What the contract tests need to know of pods on nodes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from ordino.instances.podpacking.generate import priority_matters
from ordino.models.podpacking.check import check
from ordino.models.podpacking.problem import (
    Affinity,
    Cluster,
    DisruptionBudget,
    Plan,
    Separation,
    Spread,
    Topology,
)


@st.composite
def tiny(draw: st.DrawFn) -> Cluster:
    """Up to three nodes and five pods, with all that an instance may have."""
    nodes, classes = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    pods = draw(st.integers(1, 5))

    def several(values: st.SearchStrategy, count: int) -> list:
        return draw(st.lists(values, min_size=count, max_size=count))

    kind = several(st.integers(0, classes - 1), pods)
    current = several(st.integers(-1, nodes - 1), pods)
    pins = st.sampled_from([0, 0, 0, 2, 3]) if draw(st.booleans()) else st.just(0)
    protected = several(st.integers(0, 3).map(lambda x: int(x == 3)), classes)
    some = st.lists(st.integers(0, classes - 1), min_size=1, max_size=classes).map(tuple)
    zone = Topology("zone", several(st.integers(-1, 1), nodes))
    topologies = (Topology("", np.arange(nodes)), zone)
    where = st.integers(0, 1)
    fields: dict[str, Any] = {}
    if draw(st.booleans()):
        counting = tuple(range(zone.domains))
        fields = {
            "separations": tuple(
                Separation(draw(where), draw(some), draw(some)) for _ in range(draw(where))
            ),
            "affinities": tuple(
                Affinity(draw(where), draw(some), draw(some)) for _ in range(draw(where))
            ),
            "spreads": tuple(
                Spread(
                    1,
                    draw(some),
                    draw(some),
                    max_skew=draw(st.integers(1, 2)),
                    domains=counting,
                    min_domains=draw(st.integers(1, 2)),
                )
                for _ in range(draw(where))
            ),
            "budgets": tuple(
                DisruptionBudget(draw(some), draw(st.integers(0, 2))) for _ in range(draw(where))
            ),
            "preempts": np.array(several(where, classes)),
            "max_moves": draw(st.sampled_from([-1, -1, 0, 1, 2])),
        }
    if draw(st.booleans()):
        share = [draw(st.sampled_from([0, 400, 600])) for _ in range(classes)]
        fields["share"] = np.array(share)
        fields["whole"] = np.array([0 if each else draw(where) for each in share])
        devices = several(st.integers(0, 2), nodes)
        fields["devices"] = np.array(devices)
        for pod in range(pods):  # of the pods that run, no more share devices than there are
            sharing = [j for c, j in zip(kind[:pod], current[:pod], strict=True) if share[c]]
            if share[kind[pod]] and sharing.count(current[pod]) >= devices[current[pod]]:
                current[pod] = -1
    goal = draw(st.sampled_from(["place", "place", "drain"]))
    return Cluster.of(
        [several(st.integers(2, 9), 2) for _ in range(nodes)],
        [several(st.integers(0, 6), 2) for _ in range(classes)],
        kind,
        current=current,
        hold=[
            (draw(pins) or protected[c]) if node >= 0 else 0
            for c, node in zip(kind, current, strict=True)
        ],
        priority=several(st.integers(1, 2), classes),
        allowed=[several(st.booleans(), nodes) for _ in range(classes)]
        if draw(st.booleans())
        else None,
        topologies=topologies,
        goal=goal,
        cost=several(st.integers(0, 2), nodes),
        order=draw(st.sampled_from(["interleaved", "placements"])),
        move_weight=draw(st.integers(0, 2)),
        eviction_weight=draw(st.integers(0, 2)),
        measure=draw(st.sampled_from(["pods", "cpu"])),
        **fields,
    )


def brute_force(instance: Cluster) -> tuple[int, ...]:
    """Best value over all plans that the checker accepts."""
    return min(value for value, _ in plans(instance))


def plans(instance: Cluster) -> list[tuple[tuple[int, ...], Plan]]:
    """All plans that the checker accepts, with their values."""
    found = []
    for node in itertools.product(range(-1, instance.nodes), repeat=instance.pods):
        for plan in _with_devices(instance, np.array(node)):
            report = check(instance, plan)
            if report.objective is not None:
                found.append((report.objective, plan))
    return found


def _with_devices(instance: Cluster, node: np.ndarray) -> Iterator[Plan]:
    if not instance.shares:
        yield Plan(node)
        return
    sharing = np.flatnonzero((instance.share[instance.kind] > 0) & (node >= 0)).tolist()
    for chosen in itertools.product(*(range(int(instance.devices[node[pod]])) for pod in sharing)):
        device = np.full(instance.pods, -1)
        device[sharing] = chosen
        yield Plan(node, device)


def mutations(instance: Cluster, solution: Plan) -> Iterator[Plan]:
    """Single changes that break a plan: lost, on no node, where it does not fit or must not be."""
    node, device = solution.node, solution.device
    yield Plan(node[:-1], device)
    yield Plan(np.append(node, 0), device)
    for pod in range(instance.pods):
        changed = node.copy()
        changed[pod] = instance.nodes
        yield Plan(changed, device)
        if instance.hold[pod]:
            changed[pod] = -1
            yield Plan(changed, device)
        c = int(instance.kind[pod])
        for j in range(instance.nodes):
            barred = instance.barred[instance.eligibility[c], j] > 0
            large = (instance.demand[c] > instance.capacity[j]).any()
            if (barred or large) and instance.current[pod] != j:
                changed = node.copy()
                changed[pod] = j
                yield Plan(changed, device)


def sample() -> Cluster:
    """Sixteen pods, eleven of which run; solved in about a second."""
    cluster = priority_matters(seed=3, nodes=4, usage=1.0, priorities=2)
    running = np.arange(cluster.pods) % 3 > 0
    current = np.where(running, np.arange(cluster.pods) % 4, -1)
    used = np.zeros_like(cluster.capacity)
    for pod in np.flatnonzero(running).tolist():
        need = used[current[pod]] + cluster.demand[cluster.kind[pod]]
        if (need > cluster.capacity[current[pod]]).any():
            current[pod] = -1
        else:
            used[current[pod]] = need
    return replace(cluster, current=current)


def large() -> Cluster:
    """What no solver finishes within seconds."""
    return priority_matters(seed=3, nodes=32, pods_per_node=8, usage=1.0, priorities=1)
