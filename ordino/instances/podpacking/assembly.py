"""Makes a cluster of Kubernetes objects: pods that no rule can tell apart become one class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ordino.core.arrays import Integers
from ordino.core.errors import clip
from ordino.core.plain import Node
from ordino.instances.podpacking.eligibility import Eligibility, comes_with_node
from ordino.instances.podpacking.objects import NodeObject, PodObject
from ordino.instances.podpacking.pod_rules import Namespaces, made_rules, memberships, rules_of
from ordino.instances.podpacking.selectors import Selector, selects
from ordino.models.podpacking.problem import (
    DAEMON,
    FREE,
    PINNED,
    PROTECTED,
    Affinity,
    Cluster,
    DisruptionBudget,
    Separation,
    Spread,
)

__all__ = ["Assembly"]

SYSTEM_CRITICAL = 2_000_000_000
_STAY = (
    ("cluster-autoscaler.kubernetes.io/safe-to-evict", "false"),
    ("karpenter.sh/do-not-disrupt", "true"),
)
_CLAIMS = {"persistentVolumeClaim", "ephemeral"}

Budget = tuple[str, str, Selector | None, int | None, dict[str, tuple[int, bool]]]


@dataclass(slots=True)
class Assembly:
    """Objects so far.

    Attributes:
        stay_volumes: Running pods with volume claims stay where they are.
        stay_bare: Running pods without a controller do.
        nodes: By name.
        pods: By namespace and name.
        priority_classes: Value and whether it preempts, by name; "" is the default of all.
        namespaces: Labels, by name.
        budgets: Namespace, name, selector, disruptions allowed, limits.
        notes: What is left out.
        left_out: Pods that are, with the reason.
    """

    stay_volumes: bool
    stay_bare: bool
    nodes: dict[str, NodeObject] = field(default_factory=dict)
    pods: dict[str, PodObject] = field(default_factory=dict)
    priority_classes: dict[str, tuple[int, bool]] = field(default_factory=dict)
    namespaces: Namespaces = field(default_factory=dict)
    budgets: list[Budget] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)

    def add_node(self, place: Node, node: NodeObject) -> None:
        """Add a node; raises `InputError` for a second of its name."""
        if node.name in self.nodes:
            raise place.error(f"a second node is called {clip(node.name)}")
        self.nodes[node.name] = node

    def add_pod(self, pod: PodObject) -> None:
        """Add a pod; raises `InputError` for a second of its name."""
        if pod.full_name in self.pods:
            raise pod.place.error(f"a second pod is called {clip(pod.full_name)}")
        self.pods[pod.full_name] = pod

    def cluster(self, name: str) -> Cluster:
        """Make the cluster.

        Raises:
            InputError: A pod is bound to an unknown node.
            InstanceError: The numbers are too large.
        """
        nodes = list(self.nodes.values())
        number = {node.name: index for index, node in enumerate(nodes)}
        pods = self._schedulable(number)
        ranks = [self._rank(pod) for pod in pods]
        resources = ["cpu", "memory", "pods"]
        resources += sorted({r for pod in pods for r in pod.requests} - set(resources))
        eligibility = Eligibility(nodes)
        rules = rules_of(pods, eligibility, self.namespaces)
        shown = memberships(pods, list(rules.values()))
        owned: list[list[int]] = [[] for _ in pods]
        for number_of_rule, rule in enumerate(rules.values()):
            for owner in rule.owners:
                owned[owner].append(number_of_rule)
        budgeted = self._budgeted(pods)
        classes: dict[Hashable, int] = {}
        kind = []
        for index, pod in enumerate(pods):
            demand = tuple(pod.requests.get(r, 0) for r in resources)
            key = (
                demand, ranks[index], eligibility.of(pod), tuple(owned[index]), shown[index],
                tuple(i for i, members in enumerate(budgeted) if index in members),
            )  # fmt: skip
            kind.append(classes.setdefault(key, len(classes)))
        keys: list[Any] = list(classes)
        priorities = tuple(sorted({key[1][0] for key in keys}, reverse=True))
        hold = [self._hold(pod, rank[0]) for pod, rank in zip(pods, ranks, strict=True)]
        topologies, made = made_rules(list(rules.values()), keys, nodes, eligibility)
        workloads: dict[str, int] = {}
        workload = [
            workloads.setdefault(_workload(pod), len(workloads)) if pod.controller[0] else -1
            for pod in pods
        ]
        soft = sum(node.prefers_without for node in nodes)
        if soft:
            self.notes.append(f"{soft} nodes with PreferNoSchedule taints, which are not modelled")
        self._note_company([each for each in made if isinstance(each, Affinity)], pods, kind)
        self._note_ties(pods)
        self._note_volumes(pods)
        self._note_crowds(pods)
        return Cluster(
            resources=tuple(resources),
            capacity=np.array(
                [[node.allocatable.get(r, 0) for r in resources] for node in nodes], dtype=np.int64
            ),
            devices=np.zeros(len(nodes), dtype=np.int64),
            cost=np.ones(len(nodes), dtype=np.int64),
            demand=np.array([key[0] for key in keys], dtype=np.int64).reshape(-1, len(resources)),
            share=np.zeros(len(keys), dtype=np.int64),
            whole=np.zeros(len(keys), dtype=np.int64),
            tier=_integers(priorities.index(key[1][0]) for key in keys),
            priorities=priorities,
            preempts=_integers(int(key[1][1]) for key in keys),
            eligibility=_integers(key[2] for key in keys),
            barred=eligibility.rows(),
            reasons=tuple(eligibility.reasons),
            kind=_integers(kind),
            current=_integers(number[pod.node] if pod.node else -1 for pod in pods),
            hold=_integers(hold),
            topologies=topologies,
            separations=tuple(each for each in made if isinstance(each, Separation)),
            affinities=tuple(each for each in made if isinstance(each, Affinity)),
            spreads=tuple(each for each in made if isinstance(each, Spread)),
            budgets=self._made_budgets(budgeted, keys, pods),
            name=name,
            node_names=tuple(node.name for node in nodes),
            pod_names=tuple(pod.full_name for pod in pods),
            workload=_integers(workload),
            workload_names=tuple(workloads),
            created=_integers(pod.created for pod in pods),
            notes=tuple(self.notes),
            left_out=tuple(self.left_out),
        )

    def _schedulable(self, number: dict[str, int]) -> list[PodObject]:
        """Return the pods that run or that the default scheduler would place."""
        pods, left = [], Counter[str]()
        for pod in self.pods.values():
            if pod.node and pod.node not in number:
                raise pod.place.error(
                    f"pod {clip(pod.full_name)} is bound to node {clip(pod.node)}, "
                    "which is not among the nodes"
                )
            why = None if pod.node else _why_left_out(pod)
            if why is None:
                pods.append(pod)
            else:
                left[f"waiting pods {why} are left out"] += 1
                self.left_out.append((pod.full_name, f"it is one of the waiting pods {why}"))
            if not (pod.node and comes_with_node(pod)):
                left.update(f"pods with {key}, which are not modelled" for key in pod.unknown)
            if any(term.among for term in pod.together + pod.apart) and not self.namespaces:
                left["pods with a namespaceSelector, read as all: no Namespace is told of"] += 1
        self.notes += [f"{count} {what}" for what, count in sorted(left.items())]
        return pods

    def _rank(self, pod: PodObject) -> tuple[int, bool]:
        """Return the priority of a pod, and whether it preempts."""
        known = self.priority_classes.get(pod.priority_class)
        if pod.priority_class and known is None and pod.priority is None:
            raise pod.place.error(
                f"pod {clip(pod.full_name)} has no priority, and its class "
                f"{clip(pod.priority_class)} is not among the objects"
            )
        value, preempts = known or (0, True)
        return (
            value if pod.priority is None else pod.priority,
            preempts if pod.preempts is None else pod.preempts,
        )

    def _hold(self, pod: PodObject, priority: int) -> int:
        if not pod.node:
            return FREE
        if comes_with_node(pod):
            return DAEMON
        tied = self.stay_volumes and bool(pod.volumes & _CLAIMS)
        if tied or any(self._ties(pod)):
            return PINNED
        return PROTECTED if priority >= SYSTEM_CRITICAL else FREE

    def _ties(self, pod: PodObject) -> Iterator[str]:
        """Yield why a running pod stays on its node, but for its volumes."""
        if pod.deleted:
            yield "that are being deleted"
        if any(pod.annotations.get(key) == value for key, value in _STAY):
            yield "that an annotation forbids to disturb"
        if not pod.controller[0] and self.stay_bare:
            yield "without a controller"

    def _note_ties(self, pods: list[PodObject]) -> None:
        """Say how many running pods stay on their node and why; those that come with it do."""
        ties = Counter[str]()
        for pod in pods:
            if pod.node and not comes_with_node(pod):
                ties.update(self._ties(pod))
        self.notes += [
            f"{count} running pods {why} stay on their node" for why, count in sorted(ties.items())
        ]

    def _note_volumes(self, pods: list[PodObject]) -> None:
        claims = [pod for pod in pods if pod.volumes & _CLAIMS]
        waiting = sum(not pod.node for pod in claims)
        if len(claims) > waiting:
            does = "stay on their node" if self.stay_volumes else "are moved like others"
            self.notes.append(f"{len(claims) - waiting} running pods with volume claims {does}")
        if waiting:
            self.notes.append(f"{waiting} waiting pods with volume claims: volumes not modelled")
        local = sum("emptyDir" in pod.volumes and bool(pod.node) for pod in pods)
        if local:
            self.notes.append(f"{local} running pods with emptyDir lose it when they are moved")

    def _note_company(self, rules: list[Affinity], pods: list[PodObject], kind: list[int]) -> None:
        """Say which pods a plan keeps together though a scheduler, going one by one, need not: the
        first pod that looks for its like, and those that are alike and look for nobody."""
        waiting = Counter(k for pod, k in zip(pods, kind, strict=True) if not pod.node)
        running = {k for pod, k in zip(pods, kind, strict=True) if pod.node}
        for rule in rules:
            alike = set(rule.targets)
            drawn = alike - set(rule.owners)
            count = sum(waiting[k] for k in drawn)
            if count and drawn != alike and not alike & running:
                self.notes.append(
                    f"{count} waiting pods are kept with the first that has {rule.text}, "
                    "which they match"
                )

    def _note_crowds(self, pods: list[PodObject]) -> None:
        used: dict[str, Counter[str]] = {}
        for pod in pods:
            if pod.node:
                used.setdefault(pod.node, Counter()).update(pod.requests)
        for name, amounts in used.items():
            room = self.nodes[name].allocatable
            over = [r for r, amount in sorted(amounts.items()) if amount > room.get(r, 0)]
            if over:
                self.notes.append(
                    f"node {name} holds more than it has room for ({', '.join(over)}): "
                    "its pods may stay, none may arrive"
                )

    def _budgeted(self, pods: list[PodObject]) -> list[set[int]]:
        return [
            {
                index
                for index, pod in enumerate(pods)
                if pod.namespace == namespace and selects(selector, pod.labels)
            }
            for namespace, _, selector, _, _ in self.budgets
        ]

    def _made_budgets(
        self, members: list[set[int]], keys: list[Any], pods: list[PodObject]
    ) -> tuple[DisruptionBudget, ...]:
        made = []
        for number, (namespace, name, _, allowed, limits) in enumerate(self.budgets):
            classes = tuple(c for c, key in enumerate(keys) if number in key[5])
            running = sum(bool(pods[index].node) for index in members[number])
            most = _allowed(limits, len(members[number]), running) if allowed is None else allowed
            made.append(DisruptionBudget(classes, most, f"{namespace}/{name}"))
        return tuple(made)


def _workload(pod: PodObject) -> str:
    """Name a pod's controller, and the Deployment that this is of if it is one of its revisions."""
    kind, name = pod.controller
    revision = f"-{pod.labels.get('pod-template-hash', '')}"
    if kind == "ReplicaSet" and len(revision) > 1 and name.endswith(revision):
        kind = f"Deployment/{name.removesuffix(revision)}/{kind}"
    return f"{pod.namespace}/{kind}/{name}"


def _integers(values: Iterable[int]) -> Integers:
    return np.fromiter(values, dtype=np.int64)


def _allowed(limits: dict[str, tuple[int, bool]], members: int, running: int) -> int:
    """Compute how many pods may be disrupted, where the status does not say."""

    def count(limit: tuple[int, bool]) -> int:
        value, share = limit
        return -(-value * members // 100) if share else value

    if "maxUnavailable" in limits:
        return max(0, running - (members - count(limits["maxUnavailable"])))
    return max(0, running - count(limits.get("minAvailable", (1, False))))


def _why_left_out(pod: PodObject) -> str | None:
    """Say what a waiting pod is that the default scheduler would not place now."""
    if pod.gated:
        return "behind scheduling gates"
    if pod.deleted:
        return "that are being deleted"
    return None if pod.scheduler == "default-scheduler" else "of another scheduler"
