"""Checks a plan for a cluster from first principles, in O(pods x (resources + rules)).

What Kubernetes asks of a pod when it is scheduled is asked here of pods that arrive: that run on
another node than now. What stays is let be, on a node with too little room as well.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from ordino.core.arrays import Integers
from ordino.core.report import Report, Violation
from ordino.models.podpacking.problem import (
    DAEMON,
    FREE,
    PINNED,
    Affinity,
    Cluster,
    Plan,
    Separation,
    Spread,
)

__all__ = ["check"]

Mask = npt.NDArray[np.bool_]


def check(instance: Cluster, solution: Plan) -> Report:
    """Check that pods run where they may, with the room, the company and the distance they need,
    that none is moved or evicted that must not be, and that no more are than may be.

    The objective is that of `Cluster.objective`.
    """
    violations = _shape(instance, solution)
    if violations:
        return Report.of(violations, None)
    node, current = solution.node, instance.current
    arrives = (node >= 0) & (node != current)
    moved = (current >= 0) & (node >= 0) & arrives
    evicted = (current >= 0) & (node < 0)
    violations += _holding(instance, node)
    violations += _eligibility(instance, node, arrives)
    violations += _room(instance, node, arrives)
    violations += _devices(instance, solution, arrives)
    for separation in instance.separations:
        violations += _separation(instance, separation, node, arrives)
    for affinity in instance.affinities:
        violations += _affinity(instance, affinity, node, arrives)
    for spread in instance.spreads:
        violations += _spread(instance, spread, node, arrives)
    violations += _disruption(instance, moved | evicted)
    violations += _preemption(instance, node, arrives, evicted)
    if instance.goal == "drain":
        violations += [
            Violation("eviction", f"{instance.pod(pod)} is evicted; draining moves pods only")
            for pod in np.flatnonzero(evicted).tolist()
        ]
        used = np.zeros(instance.nodes, dtype=bool)
        used[node[(node >= 0) & (instance.hold != DAEMON)]] = True
        return Report.of(violations, (int(instance.cost[used].sum()), int(moved.sum())))
    return Report.of(violations, _placed(instance, node, moved, evicted))


def _placed(instance: Cluster, node: Integers, moved: Mask, evicted: Mask) -> tuple[int, ...]:
    """Sum what is not placed, and the disruption, over each tier and those above."""
    tier = instance.tier[instance.kind]
    lost = np.zeros(instance.tiers, dtype=np.int64)
    np.add.at(lost, tier[node < 0], instance.worth[instance.kind[node < 0]])
    disrupted = np.zeros(instance.tiers, dtype=np.int64)
    np.add.at(disrupted, tier[moved], instance.move_weight)
    np.add.at(disrupted, tier[evicted], instance.eviction_weight)
    levels = [np.cumsum(lost).tolist(), np.cumsum(disrupted).tolist()]
    if instance.order == "placements":
        return tuple(levels[0] + levels[1])
    return tuple(value for pair in zip(*levels, strict=True) for value in pair)


def _shape(instance: Cluster, solution: Plan) -> list[Violation]:
    node, device = solution.node, solution.device
    devices = instance.pods if instance.shares else 0
    if node.size != instance.pods or device.size not in (0, devices):
        message = f"expected {instance.pods} pods, got {node.size} nodes"
        return [Violation("shape", f"{message} and {device.size} devices")]
    if devices and not device.size and (node[instance.share[instance.kind] > 0] >= 0).any():
        return [Violation("shape", "expected the device of each pod that takes a share of one")]
    return [
        Violation(
            "unknown",
            f"{instance.pod(pod)} is on node {node[pod]}, expected -1 to {instance.nodes - 1}",
        )
        for pod in np.flatnonzero(node >= instance.nodes).tolist()
    ]


def _holding(instance: Cluster, node: Integers) -> list[Violation]:
    leaves = (instance.hold >= PINNED) & (node != instance.current)
    stops = (instance.hold != FREE) & (node < 0) & ~leaves
    found = [
        Violation("pinned", f"{instance.pod(pod)} leaves {_now(instance, pod)}, where it must stay")
        for pod in np.flatnonzero(leaves).tolist()
    ]
    return found + [
        Violation("protected", f"{instance.pod(pod)} is evicted, and must go on running")
        for pod in np.flatnonzero(stops).tolist()
    ]


def _now(instance: Cluster, pod: int) -> str:
    return instance.node(int(instance.current[pod]))


def _eligibility(instance: Cluster, node: Integers, arrives: Mask) -> list[Violation]:
    pods = np.flatnonzero(arrives)
    reason = instance.barred[instance.eligibility[instance.kind[pods]], node[pods]]
    return [
        Violation(
            "eligibility",
            f"{instance.pod(pod)} can't go to {instance.node(int(node[pod]))}: "
            f"{instance.reasons[why]}",
        )
        for pod, why in zip(pods[reason > 0].tolist(), reason[reason > 0].tolist(), strict=True)
    ]


def _room(instance: Cluster, node: Integers, arrives: Mask) -> list[Violation]:
    used = np.zeros_like(instance.capacity)
    runs = node >= 0
    np.add.at(used, node[runs], instance.demand[instance.kind[runs]])
    found = []
    for index, resource in np.argwhere(used > instance.capacity).tolist():
        here = arrives & (node == index)
        pods = np.flatnonzero(here & (instance.demand[instance.kind, resource] > 0))
        if pods.size:
            found.append(
                Violation(
                    "room",
                    f"{instance.node(index)} has {instance.capacity[index, resource]} of "
                    f"{instance.resources[resource]}, its pods need {used[index, resource]}, "
                    f"{instance.pod(int(pods[0]))} among them",
                )
            )
    return found


def _devices(instance: Cluster, solution: Plan, arrives: Mask) -> list[Violation]:
    """Check that shares fit on their devices, and whole devices beside them."""
    whole, share = instance.whole[instance.kind], instance.share[instance.kind]
    if not (whole.any() or share.any()):
        return []
    node = solution.node
    found = []
    load: dict[tuple[int, int], int] = {}
    taken = np.zeros(instance.nodes, dtype=np.int64)
    runs = node >= 0
    np.add.at(taken, node[runs], whole[runs])
    for pod in np.flatnonzero(runs & (share > 0)).tolist():
        place, device = int(node[pod]), int(solution.device[pod])
        if not 0 <= device < instance.devices[place]:
            message = f"{instance.pod(pod)} is on device {device} of {instance.node(place)}, "
            found.append(Violation("device", f"{message}which has {instance.devices[place]}"))
            continue
        load[place, device] = load.get((place, device), 0) + int(share[pod])
    for (place, device), amount in sorted(load.items()):
        taken[place] += 1
        if amount > instance.device_size:
            message = f"shares of device {device} of {instance.node(place)} add up to {amount} "
            found.append(Violation("device", f"{message}of {instance.device_size}"))
    for place in np.flatnonzero(taken > instance.devices).tolist():
        takers = arrives & (node == place) & (whole + share > 0)
        if takers.any():
            message = f"pods take {taken[place]} devices of {instance.node(place)}, "
            found.append(Violation("device", f"{message}which has {instance.devices[place]}"))
    return found


def _of(instance: Cluster, classes: Iterable[int], node: Integers) -> Mask:
    """Tell which pods are of some classes and run."""
    chosen = np.zeros(instance.classes, dtype=bool)
    chosen[list(classes)] = True
    picked: Mask = chosen[instance.kind] & (node >= 0)
    return picked


def _separation(
    instance: Cluster, rule: Separation, node: Integers, arrives: Mask
) -> list[Violation]:
    topology = instance.topologies[rule.topology]
    owners, targets = _of(instance, rule.owners, node), _of(instance, rule.targets, node)
    domain = np.where(node >= 0, topology.domain[node], -1)
    found = []
    concerned = (owners | targets) & (domain >= 0)
    crowded = np.bincount(domain[concerned], minlength=1) > 1
    for place in np.flatnonzero(crowded).tolist():
        here = concerned & (domain == place)
        pair = _clash(here & owners, here & targets, arrives)
        if pair is not None:
            one, other = (instance.pod(pod) for pod in pair)
            message = f"{one} and {other} are both on {topology.domain_name(place)}"
            found.append(Violation(rule.kind, message + (f" ({rule.text})" if rule.text else "")))
    return found


def _clash(owners: Mask, targets: Mask, arrives: Mask) -> tuple[int, int] | None:
    """Return an owner and another target of which one arrives, if there are such."""
    for mine, other in ((owners & arrives, targets), (owners, targets & arrives)):
        first, second = np.flatnonzero(mine), np.flatnonzero(other)
        if first.size and second.size:
            if first[0] != second[0]:
                return int(first[0]), int(second[0])
            if second.size > 1:
                return int(first[0]), int(second[1])
            if first.size > 1:
                return int(first[1]), int(second[0])
    return None


def _affinity(instance: Cluster, rule: Affinity, node: Integers, arrives: Mask) -> list[Violation]:
    topology = instance.topologies[rule.topology]
    owners, targets = _of(instance, rule.owners, node), _of(instance, rule.targets, node)
    domain = np.where(node >= 0, topology.domain[node], -1)
    company = np.bincount(domain[targets & (domain >= 0)], minlength=topology.domains + 1)
    found = []
    for pod in np.flatnonzero(owners & arrives).tolist():
        itself = int(targets[pod])
        place = int(domain[pod])
        others = int(company[place]) - itself if place >= 0 else 0
        first = itself and int(targets.sum()) == 1 and place >= 0
        if not (others or first):
            where = topology.domain_name(place) if place >= 0 else "a node without a domain"
            text = f" ({rule.text})" if rule.text else ""
            message = f"{instance.pod(pod)} lacks the company it requires on {where}{text}"
            found.append(Violation("affinity", message))
    return found


def _spread(instance: Cluster, rule: Spread, node: Integers, arrives: Mask) -> list[Violation]:
    topology = instance.topologies[rule.topology]
    owners, targets = _of(instance, rule.owners, node), _of(instance, rule.targets, node)
    domain = np.where(node >= 0, topology.domain[node], -1)
    count = np.bincount(domain[targets & (domain >= 0)], minlength=topology.domains + 1)
    counting = list(rule.domains)
    few = len(counting) < rule.min_domains or not counting
    least = 0 if few else int(count[counting].min())
    found = []
    for pod in np.flatnonzero(owners & arrives).tolist():
        place = int(domain[pod])
        text = f" ({rule.text})" if rule.text else ""
        if place < 0:
            message = f"{instance.pod(pod)} is on {instance.node(int(node[pod]))}, "
            message += f"which is in no {topology.key} that counts{text}"
            found.append(Violation("spread", message))
            continue
        here = int(count[place])
        if here - least > rule.max_skew:
            message = f"{instance.pod(pod)} arrives on {topology.domain_name(place)} with {here}, "
            message += f"where others have {least} and the skew is at most {rule.max_skew}{text}"
            found.append(Violation("spread", message))
    return found


def _disruption(instance: Cluster, disrupted: Mask) -> list[Violation]:
    found = []
    for budget in instance.budgets:
        members = _of(instance, budget.members, instance.current)
        count = int((members & disrupted).sum())
        if count > budget.allowed:
            name = budget.name or "a disruption budget"
            message = f"{name} allows {budget.allowed} disruptions, the plan makes {count}"
            found.append(Violation("budget", message))
    count = int(disrupted.sum())
    if 0 <= instance.max_moves < count:
        message = f"the plan moves or evicts {count} pods, at most {instance.max_moves} may be"
        found.append(Violation("moves", message))
    return found


def _preemption(instance: Cluster, node: Integers, arrives: Mask, evicted: Mask) -> list[Violation]:
    """Check that pods which may not preempt take no place of a pod of lower priority."""
    tier = instance.tier[instance.kind]
    lowest = np.full(instance.nodes, -1, dtype=np.int64)
    np.maximum.at(lowest, instance.current[evicted], tier[evicted])
    meek = np.flatnonzero(arrives & (instance.preempts[instance.kind] == 0))
    return [
        Violation(
            "preemption",
            f"{instance.pod(pod)} may not preempt, and arrives on "
            f"{instance.node(int(node[pod]))}, which a pod of lower priority is evicted from",
        )
        for pod in meek[lowest[node[meek]] > tier[meek]].tolist()
    ]
