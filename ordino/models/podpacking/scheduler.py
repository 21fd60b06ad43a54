"""The default scheduler of Kubernetes, replayed on a cluster: what would happen without a plan.

One pod at a time, the greatest priority first, then the oldest. Nodes that pass the filters are
scored by resources and by the spread over nodes and zones of the pods of one controller; the best
one gets the pod, ties are broken at random. Where no node fits, pods of lower priority are evicted
from one node, and wait again. What preferred affinity, preferred taints and images would add to the
scores is left out. Source: kube-scheduler 1.32.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ordino.core.arrays import Integers
from ordino.core.errors import UsageError, clip
from ordino.models.podpacking import scheduler_state as state
from ordino.models.podpacking.problem import FREE, Cluster, Plan, Spread
from ordino.models.podpacking.rules import ZONE

__all__ = ["Arrivals", "Configuration", "Replay", "Strategy", "Ties", "shape_of"]

Strategy = Literal["least-allocated", "most-allocated", "requested-to-capacity"]
Ties = Literal["random", "first"]
Arrivals = Literal["together", "by-age"]

STRATEGIES: tuple[Strategy, ...] = ("least-allocated", "most-allocated", "requested-to-capacity")
CPU_WITHOUT_REQUEST, MEMORY_WITHOUT_REQUEST = 100, 200 * 2**20
"""What scoring takes for a pod that asks for no cpu or memory."""
NODES_AT_ONCE = 2_000_000
"""Nodes looked at between two looks at the budget: some 50 ms."""
COUNTERS = 7
LOG = 16
"""Nodes logged a pod, before the log is begun anew."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Configuration:
    """How the scheduler is set up.

    Attributes:
        strategy: What NodeResourcesFit prefers.
        shape: Points (utilisation 0 to 100, score 0 to 10) of `requested-to-capacity`.
        preemption: Whether pods may evict those of lower priority.
        ties: Whether one of the best nodes is drawn, or the first taken.
        strict: Whether disruption budgets and protected pods are kept, so that the outcome is a
            plan; Kubernetes keeps budgets only where it can.
        evictions: Most pods that are evicted; `None` for any number.
    """

    strategy: Strategy = "least-allocated"
    shape: Sequence[tuple[int, int]] = ((0, 0), (100, 10))
    preemption: bool = True
    ties: Ties = "random"
    strict: bool = False
    evictions: int | None = None

    def scoring(self) -> state.Scoring:
        """Return it in numbers."""
        points = np.array(self.shape, dtype=np.int64)
        return state.Scoring(
            strategy=STRATEGIES.index(self.strategy),
            utilisation=np.ascontiguousarray(points[:, 0]),
            points=np.ascontiguousarray(points[:, 1] * 10),
            preemption=int(self.preemption),
            random=int(self.ties == "random"),
            strict=int(self.strict),
            evictions=2**62 if self.evictions is None else self.evictions,
        )


def shape_of(text: str) -> tuple[tuple[int, int], ...]:
    """Read a shape as in `0:0,100:10`: utilisation and score; raises `UsageError`."""
    points = []
    for part in text.split(","):
        x, colon, y = part.strip().partition(":")
        if not (colon and x.isdecimal() and y.isdecimal() and len(x + y) < 7):
            raise UsageError(f"shape {clip(text)!r}: expected points such as 0:0,100:10")
        points.append((int(x), int(y)))
    rising = all(a[0] < b[0] for a, b in pairwise(points))
    if not rising or points[-1][0] > 100 or max(y for _, y in points) > 10:
        raise UsageError(
            f"shape {clip(text)!r}: expected rising utilisations up to 100 and scores up to 10"
        )
    return tuple(points)


@dataclass(slots=True)
class Replay:
    """A cluster in the hands of the scheduler.

    Args:
        instance: The cluster.
        configuration: Of the scheduler.
        nodes: Node of each pod at the start, -1 for none; by default where they run now.
        seed: Of the ties.
    """

    instance: Cluster
    configuration: Configuration = field(default_factory=Configuration)
    nodes: Integers | None = None
    seed: int = 0
    _cluster: state.Cluster = field(init=False)
    _state: state.State = field(init=False)
    _scoring: state.Scoring = field(init=False)

    def __post_init__(self) -> None:
        from ordino.models.podpacking import scheduler_kernels as kernels

        self._cluster = _cluster(self.instance, strict=self.configuration.strict)
        self._state = _state(self.instance, self._cluster, self.seed)
        self._scoring = self.configuration.scoring()
        nodes = self.instance.current if self.nodes is None else self.nodes
        for pod in np.flatnonzero(nodes >= 0).tolist():
            kernels.occupy(self._cluster, self._state, pod, int(nodes[pod]))
            self._state.started[pod] = self.instance.created[pod]

    def waiting(self) -> list[int]:
        """Return the pods that run nowhere, as they were created."""
        pods = np.flatnonzero(self._state.node < 0)
        return [int(pod) for pod in pods[np.argsort(self.instance.created[pods], kind="stable")]]

    def schedule(
        self,
        pods: Iterable[int],
        *,
        at: int | None = None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Let pods arrive together, and schedule until none waits that could be placed.

        Args:
            pods: In the order of their arrival; those found unschedulable before stay so until
                room is freed for them.
            at: Seconds, for the ages of what starts now; by default later than all that runs.
            stopped: Asked every 50 ms or so.

        Returns:
            Whether it was not stopped.
        """
        from ordino.models.podpacking import scheduler_kernels as kernels

        counts = self._state.counts
        if at is None:
            at = max(int(counts[kernels.CLOCK]), int(self._state.started.max(initial=0))) + 1
        counts[kernels.CLOCK] = at
        for pod in pods:
            kernels.arrive(self._cluster, self._state, pod)
        while not kernels.run(self._cluster, self._state, self._scoring, NODES_AT_ONCE):
            if stopped():
                return False
        return True

    def schedule_waiting(
        self,
        arrivals: Arrivals = "together",
        stopped: Callable[[], bool] = lambda: False,
        *,
        but: npt.NDArray[np.bool_] | None = None,
    ) -> bool:
        """Let all that wait arrive; returns whether it was not stopped.

        Args:
            arrivals: `together`, the oldest first, as when the scheduler takes over a cluster; or
                `by-age`: those that were created in one second together, and each such lot is
                scheduled before the next, as when a cluster fills up.
            stopped: As of `schedule`.
            but: Pods that do not.
        """
        pods = [pod for pod in self.waiting() if but is None or not but[pod]]
        if arrivals == "together":
            return self.schedule(pods, stopped=stopped)
        created = self.instance.created
        return all(
            self.schedule(list(lot), at=second, stopped=stopped) and not stopped()
            for second, lot in groupby(pods, key=lambda pod: int(created[pod]))
        )

    @property
    def plan(self) -> Plan:
        """Where all pods run as of now."""
        return Plan(self._state.node.copy())

    @property
    def evictions(self) -> int:
        """How many pods were evicted so far."""
        from ordino.models.podpacking import scheduler_kernels as kernels

        return int(self._state.counts[kernels.EVICTIONS])


def _flat(rows: Sequence[Sequence[int]]) -> tuple[Integers, Integers]:
    """Return where each row begins, and all of them in one."""
    first = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    return first, np.array([each for row in rows for each in row], dtype=np.int64)


def _cluster(instance: Cluster, *, strict: bool) -> state.Cluster:
    from ordino.models.podpacking import scheduler_kernels as kernels

    resources = list(instance.resources)
    columns = [resources.index(name) if name in resources else -1 for name in ("cpu", "memory")]
    scored = np.zeros((instance.classes, 2), dtype=np.int64)
    for place, usual in enumerate((CPU_WITHOUT_REQUEST, MEMORY_WITHOUT_REQUEST)):
        if (column := columns[place]) >= 0:
            asked = instance.demand[:, column]
            scored[:, place] = np.where(asked > 0, asked, usual)
    zone = next(
        (each.domain for each in instance.topologies if each.key == ZONE),
        np.full(instance.nodes, -1, dtype=np.int64),
    )
    budgets: list[list[int]] = [[] for _ in range(instance.classes)]
    for number, each in enumerate(instance.budgets):
        for k in each.members:
            budgets[k].append(number)
    pairings: list[tuple[int, Any, int]] = [
        *((kernels.ANTI_AFFINITY, each, 0) for each in instance.separations),
        *((kernels.AFFINITY, each, 0) for each in instance.affinities),
        *((kernels.SPREAD, each, each.max_skew) for each in instance.spreads),
    ]
    counted: list[list[int]] = [[] for _ in range(instance.classes)]
    brought: list[list[tuple[int, ...]]] = [[] for _ in range(instance.classes)]
    domains: list[list[tuple[int, ...]]] = [[] for _ in range(instance.classes)]
    for term, (kind, rule, skew) in enumerate(pairings):
        targets = set(rule.targets)
        for k in rule.targets:
            counted[k].append(term)
        floor = kind == kernels.SPREAD and _few(rule)
        for k in rule.owners:
            brought[k].append((kind, term, skew, int(k in targets), int(floor)))
            domains[k].append(rule.domains if kind == kernels.SPREAD else ())
    rules = [each for row in brought for each in row]
    rule_columns = np.array(rules, dtype=np.int64).reshape(-1, 5).T.copy()
    budget_first, budget = _flat(budgets)
    counted_first, counting = _flat(counted)
    domain_first, domain = _flat([each for row in domains for each in row])
    sizes = [instance.topologies[rule.topology].domains for _, rule, _ in pairings]
    key_domain = np.full((len(instance.topologies), instance.nodes), -1, dtype=np.int64)
    for number, topology in enumerate(instance.topologies):
        key_domain[number] = topology.domain
    return state.Cluster(
        capacity=instance.capacity.copy(),
        zone=zone.copy(),
        order=_walk(zone),
        kind=instance.kind.copy(),
        preemptable=((instance.hold == FREE) | (not strict)).astype(np.int64),
        owner=instance.workload.copy(),
        request=instance.demand.copy(),
        scored=scored,
        columns=np.array(columns, dtype=np.int64),
        eligibility=instance.eligibility.copy(),
        barred=instance.barred,
        priority=np.array(instance.priorities, dtype=np.int64)[instance.tier],
        preempts=instance.preempts.copy(),
        budget_first=budget_first,
        budget=budget,
        key_domain=key_domain,
        term_key=np.array([rule.topology for _, rule, _ in pairings], dtype=np.int64),
        term_first=np.cumsum([0, *sizes], dtype=np.int64),
        counted_first=counted_first,
        counted=counting,
        rule_first=np.cumsum([0, *map(len, brought)], dtype=np.int64),
        rule_kind=rule_columns[0],
        rule_term=rule_columns[1],
        rule_skew=rule_columns[2],
        rule_self=rule_columns[3],
        rule_floor=rule_columns[4],
        domain_first=domain_first,
        domain=domain,
    )


def _few(rule: Spread) -> bool:
    return not rule.domains or len(rule.domains) < rule.min_domains


def _walk(zone: Integers) -> Integers:
    """Return the nodes in the order of the scheduler's walk: the zones in turn."""
    if (zone < 0).all():
        return np.arange(zone.size)
    place = np.zeros(zone.size, dtype=np.int64)
    for each in np.unique(zone).tolist():
        members = np.flatnonzero(zone == each)
        place[members] = np.arange(members.size)
    order: Integers = np.lexsort((zone, place))
    return order


def _state(instance: Cluster, cluster: state.Cluster, seed: int) -> state.State:
    n, p = instance.nodes, instance.pods

    def filled(value: int, *shape: int) -> Any:
        return np.full(shape, value, dtype=np.int64)

    terms = int(cluster.term_first[-1])
    zones = int(cluster.zone.max(initial=-1)) + 1
    return state.State(
        used=filled(0, *instance.capacity.shape),
        used_scored=filled(0, n, 2),
        node=filled(-1, p),
        first=filled(-1, n),
        behind=filled(-1, p),
        before=filled(-1, p),
        started=filled(0, p),
        nominated=filled(-1, p),
        nominee=filled(-1, n),
        nominee_behind=filled(-1, p),
        matching=filled(0, terms),
        owning=filled(0, terms),
        total=filled(0, cluster.term_key.size),
        owner_zone=filled(0, max(len(instance.workload_names), 1), zones),
        allowed=np.array([each.allowed for each in instance.budgets], dtype=np.int64),
        spent=filled(0, len(instance.budgets)),
        heap=filled(0, p + 1),
        key=filled(0, p),
        waiting=filled(0, p),
        failed=filled(-1, p),
        log=filled(0, LOG * p + n),
        feasible=filled(0, n),
        score=filled(0, 2, n),
        victims=filled(0, 2, max(p, 1)),
        low=filled(0, cluster.rule_kind.size),
        counts=filled(0, COUNTERS),
        random=np.array([seed * 2 + 0x9E3779B97F4A7C15 & (2**64 - 1) | 1], dtype=np.uint64),
    )
