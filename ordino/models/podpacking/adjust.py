"""Other wishes for a cluster, and other clusters: nodes more or less, workloads of other sizes."""

from __future__ import annotations

import re
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any, Literal

import numpy as np

from ordino.core.arrays import Integers
from ordino.core.errors import InstanceError, UnknownNameError, UsageError
from ordino.models.podpacking.problem import DAEMON, FREE, PROTECTED, Cluster, Topology

__all__ = ["adjust", "without"]

MOST_ADDED = 100_000
HOSTNAME = "kubernetes.io/hostname"


def adjust(
    instance: Cluster,
    *,
    goal: Literal["place", "drain"] | None = None,
    order: Literal["interleaved", "placements"] | None = None,
    measure: str | None = None,
    max_moves: int | None = None,
    move_weight: int | None = None,
    eviction_weight: int | None = None,
    node_cost: str | None = None,
    protect: str | None = None,
    add_node: str | None = None,
    remove_node: str | None = None,
    scale: str | None = None,
) -> Cluster:
    """Make an instance with another goal, other limits, other nodes and workloads.

    Args:
        instance: The one to start from.
        goal: `place`, or `drain`: empty the costliest set of nodes.
        order: Of the levels: `interleaved` by tier, or all `placements` before disruption.
        measure: What an unplaced pod counts: `pods` (1), `devices`, or the request of a resource.
        max_moves: Most running pods that are moved or evicted.
        move_weight: Disruption of a pod that is moved.
        eviction_weight: Disruption of a pod that is evicted.
        node_cost: What a node in use costs: `nodes` (1), or its capacity of a resource.
        protect: Names of pods that must go on running, `*` for anything, with commas between.
        add_node: A node to copy, and how often: `worker-3=2`, with commas between.
        remove_node: Nodes to take away; what runs there waits.
        scale: A workload and how many pods it shall have: `web=5`, with commas between.

    Raises:
        UsageError: A value that makes no sense.
    """
    changes: dict[str, Any] = {
        "goal": goal,
        "order": order,
        "measure": measure,
        "max_moves": max_moves,
        "move_weight": move_weight,
        "eviction_weight": eviction_weight,
    }
    changes = {key: value for key, value in changes.items() if value is not None}
    try:
        made = _what_if(instance, add_node, remove_node, scale)
        if node_cost is not None:
            changes["cost"] = _costs(made, node_cost)
        if protect is not None:
            made = _protected(made, protect.split(","))
        return replace(made, **changes)
    except InstanceError as error:
        raise UsageError(error.message) from None


def _what_if(
    instance: Cluster, add_node: str | None, remove_node: str | None, scale: str | None
) -> Cluster:
    made = instance
    if scale is not None:
        for name, count in _assignments("scale", scale):
            made = _scaled(made, name, count)
    if remove_node is not None:
        made = without(made, [_node(made, name) for name in remove_node.split(",")])
    if add_node is not None:
        for name, count in _assignments("add-node", add_node, 1):
            made = _with_copies(made, _node(made, name), count)
    return made


def _assignments(option: str, text: str, default: int | None = None) -> list[tuple[str, int]]:
    found = []
    for part in text.split(","):
        match = re.fullmatch(r"(.+?)(?:=([0-9]{1,6}))?", part)
        if match is None or (match[2] is None and default is None):
            raise UsageError(f"{option} {part!r}: expected NAME=NUMBER")
        count = default if match[2] is None else int(match[2])
        assert count is not None
        if count > MOST_ADDED:
            raise UsageError(f"{option} {part!r}: expected at most {MOST_ADDED}")
        found.append((match[1], count))
    return found


def _node(cluster: Cluster, name: str) -> int:
    if name not in cluster.node_names:
        raise UnknownNameError("node", name, cluster.node_names)
    return cluster.node_names.index(name)


def _costs(cluster: Cluster, node_cost: str) -> Integers:
    if node_cost == "nodes":
        return np.ones(cluster.nodes, dtype=np.int64)
    if node_cost not in cluster.resources:
        raise UnknownNameError("cost of nodes", node_cost, ["nodes", *cluster.resources])
    return cluster.capacity[:, cluster.resources.index(node_cost)].copy()


def _protected(cluster: Cluster, patterns: list[str]) -> Cluster:
    """Protect running pods by name; where only some of a class are, those become a class."""
    chosen = np.zeros(cluster.pods, dtype=bool)
    for pattern in patterns:
        named = np.array([fnmatchcase(name, pattern) for name in cluster.pod_names])
        if not named.any():
            raise UnknownNameError("pod", pattern, cluster.pod_names)
        chosen |= named
    loose = (cluster.hold == FREE) & (cluster.current >= 0)
    chosen &= loose
    hold = np.where(chosen, PROTECTED, cluster.hold)
    split = np.intersect1d(cluster.kind[chosen], cluster.kind[loose & ~chosen])
    twin = np.arange(cluster.classes)
    twin[split] = cluster.classes + np.arange(split.size)
    every = np.append(np.arange(cluster.classes), split)
    changes: dict[str, Any] = {
        field: getattr(cluster, field)[every]
        for field in ("demand", "share", "whole", "tier", "preempts", "eligibility")
    }

    def both(classes: tuple[int, ...]) -> tuple[int, ...]:
        return tuple({*classes, *(int(twin[c]) for c in classes)})

    for field in ("separations", "affinities", "spreads"):
        changes[field] = tuple(
            replace(rule, owners=both(rule.owners), targets=both(rule.targets))
            for rule in getattr(cluster, field)
        )
    changes["budgets"] = tuple(
        replace(each, members=both(each.members)) for each in cluster.budgets
    )
    kind = np.where(chosen, twin[cluster.kind], cluster.kind)
    return replace(cluster, kind=kind, hold=hold, **changes)


def without(cluster: Cluster, gone: list[int]) -> Cluster:
    """Take nodes away. Pods that come with a node go with it, others wait."""
    kept = np.setdiff1d(np.arange(cluster.nodes), gone)
    if not kept.size:
        raise UsageError("remove-node: no node would be left")
    number = np.full(cluster.nodes + 1, -1)
    number[kept] = np.arange(kept.size)
    homeless = np.isin(cluster.current, gone)
    stays = ~(homeless & (cluster.hold == DAEMON))
    changes = _pods(cluster, np.flatnonzero(stays))
    changes["current"] = number[cluster.current[stays]]
    changes["hold"] = np.where(homeless, FREE, cluster.hold)[stays]
    changes |= _nodes(cluster, kept)
    left = [set(topology.domain.tolist()) for topology in changes["topologies"]]
    changes["spreads"] = tuple(
        replace(rule, domains=tuple(each for each in rule.domains if each in left[rule.topology]))
        for rule in cluster.spreads
    )
    return replace(cluster, **changes)


def _pods(cluster: Cluster, chosen: Integers) -> dict[str, Any]:
    """Return the arrays over pods for a choice of them."""
    changes: dict[str, Any] = {
        field: getattr(cluster, field)[chosen]
        for field in ("kind", "current", "hold", "workload", "created")
    }
    changes["pod_names"] = tuple(cluster.pod_names[pod] for pod in chosen.tolist())
    return changes


def _nodes(cluster: Cluster, chosen: Integers) -> dict[str, Any]:
    """Return the arrays over nodes for a choice of them, one twice perhaps."""
    return {
        "capacity": cluster.capacity[chosen],
        "devices": cluster.devices[chosen],
        "cost": cluster.cost[chosen],
        "barred": cluster.barred[:, chosen],
        "node_names": tuple(cluster.node_names[node] for node in chosen.tolist()),
        "topologies": tuple(
            replace(each, domain=each.domain[chosen]) for each in cluster.topologies
        ),
    }


def _with_copies(cluster: Cluster, node: int, count: int) -> Cluster:
    """Add copies of a node, empty and in the same zone; each is a host of its own."""
    changes = _nodes(cluster, np.append(np.arange(cluster.nodes), [node] * count))
    taken = set(cluster.node_names)
    names = list(cluster.node_names)
    number = 0
    while len(names) < cluster.nodes + count:
        number += 1
        name = f"{cluster.node_names[node]}-copy-{number}"
        if name not in taken:
            names.append(name)
    changes["node_names"] = tuple(names)
    changes["topologies"] = tuple(
        _own_domains(topology, names) if topology.key in ("", HOSTNAME) else topology
        for topology in changes["topologies"]
    )
    home = [int(topology.domain[node]) for topology in cluster.topologies]
    changes["spreads"] = tuple(
        replace(
            rule,
            domains=(*rule.domains, *_new(changes["topologies"][rule.topology], cluster.nodes)),
        )
        if home[rule.topology] in rule.domains
        else rule
        for rule in cluster.spreads
    )
    return replace(cluster, **changes)


def _new(topology: Topology, nodes: int) -> list[int]:
    """Return the domains of which none of the first nodes is."""
    return sorted(set(topology.domain[nodes:].tolist()) - set(topology.domain[:nodes].tolist()))


def _own_domains(topology: Topology, names: list[str]) -> Topology:
    """Give nodes at the end that share the domain of an earlier one a domain each."""
    domain = topology.domain.copy()
    seen: set[int] = set()
    labels = list(topology.names)
    for node, place in enumerate(domain.tolist()):
        if place in seen:
            domain[node] = max(int(domain.max()) + 1, len(labels))
            if labels:
                labels += [""] * (int(domain[node]) - len(labels)) + [names[node]]
        elif place >= 0:
            seen.add(place)
    return replace(topology, domain=domain, names=tuple(labels))


def _names(workload: str) -> list[str]:
    """Return what a workload may be called: in full, by its own name, or by what it is part of, as
    in `prod/Deployment/web/ReplicaSet/web-7d9f8b6c5d`."""
    parts = workload.split("/")
    whole = ["/".join(parts[:3]), parts[2]] if len(parts) > 3 else []
    return [workload, parts[-1], *whole]


def _scaled(cluster: Cluster, name: str, count: int) -> Cluster:
    """Give a workload another number of pods: the newest go, those that wait first."""
    called = [_names(each) for each in cluster.workload_names]
    endings = [number for number, names in enumerate(called) if name in names]
    if not endings:
        raise UnknownNameError("workload", name, [each for names in called for each in names])
    if len(endings) > 1:
        known = " or ".join(cluster.workload_names[each] for each in endings[:5])
        raise UsageError(f"scale {name}: say which, {known}")
    pods = np.flatnonzero(cluster.workload == endings[0])
    if count <= pods.size:
        waits = cluster.current[pods] < 0
        order = pods[np.lexsort((pods, cluster.created[pods], waits))]
        gone = order[count:]
        return replace(cluster, **_pods(cluster, np.setdiff1d(np.arange(cluster.pods), gone)))
    if not pods.size:
        raise UsageError(f"scale {name}: it has no pod to copy")
    added = count - pods.size
    changes = _pods(cluster, np.append(np.arange(cluster.pods), [pods[-1]] * added))
    changes["current"][cluster.pods :] = -1
    changes["hold"][cluster.pods :] = FREE
    if cluster.created.size:
        changes["created"][cluster.pods :] = cluster.created.max() + 1
    base = cluster.pod_names[int(pods[-1])].rpartition("/")[0]
    stem = cluster.workload_names[endings[0]].rpartition("/")[2]
    taken, names, number = set(cluster.pod_names), list(cluster.pod_names), 0
    while len(names) < cluster.pods + added:
        number += 1
        label = f"{base}/{stem}-new-{number}" if base else f"{stem}-new-{number}"
        if label not in taken:
            names.append(label)
    changes["pod_names"] = tuple(names)
    return replace(cluster, **changes)
