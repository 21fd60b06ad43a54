"""A cluster: nodes, and pods that run on them or wait.

Pods are of classes: two pods of one class differ in name, present node, and whether they may leave
it, and in nothing that a rule could see; of those that run and may leave their node, all are
protected or none. All amounts are integers (cpu in thousandths of a core,
memory in bytes). Larger priorities are more important; the priorities in use are the tiers, the
highest first.

A plan gives each pod a node, or none. Kubernetes asks its rules of pods that are scheduled, never
of those that stay; so room, eligibility and rules between pods are required where a pod *arrives*:
runs on another node than now. A pod that runs now and in the plan elsewhere is moved, nowhere:
evicted; both disrupt it.

Two goals:

- `place`: for each tier p from the highest, the least unplaced pods of priority p and above, then
  the least disruption of running pods of priority p and above (Christensen, Giallorenzo, Mauro
  2025). With the order `placements`, all of the first come before all of the second.
- `drain`: the least cost of nodes in use, then the fewest moves; no running pod is evicted. A node
  is in use if it holds a pod other than those that come with every node (DaemonSets).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from ordino.core.arrays import Integers, frozen_integers, guard_total
from ordino.core.content import Content, label
from ordino.core.errors import InstanceError, clip
from ordino.core.objective import Objective
from ordino.core.plain import Node
from ordino.models.podpacking import plain
from ordino.models.podpacking.plain import MOST_CELLS
from ordino.models.podpacking.rules import (
    Affinity,
    DisruptionBudget,
    Separation,
    Spread,
    Topology,
)

__all__ = [
    "DAEMON",
    "FREE",
    "GOALS",
    "ORDERS",
    "PINNED",
    "PROTECTED",
    "Affinity",
    "Cluster",
    "DisruptionBudget",
    "Plan",
    "Separation",
    "Spread",
    "Topology",
]

GOALS = ("place", "drain")
ORDERS = ("interleaved", "placements")

FREE, PROTECTED, PINNED, DAEMON = range(4)
"""How a pod is held: not; it must go on running, here or there; it stays on its node; it stays, and
does not count as using it."""

HOLDS = ("free", "protected", "pinned", "daemon")

PODS = "pods"

Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Cluster(Content):
    """A cluster and what is wanted of it.

    Attributes:
        resources: Names of the resources.
        capacity: Allocatable amount of each; shape (nodes, resources).
        devices: Devices of each node that pods can share (GPUs); shape (nodes,).
        device_size: Size of each device; a share is a part of it.
        cost: Of each node in use, for the goal `drain`; shape (nodes,).
        demand: Request of a pod of each class; shape (classes, resources).
        share: What a pod takes of one device, 0 for nothing; shape (classes,).
        whole: Devices that a pod takes for itself; shape (classes,).
        tier: Index into `priorities`; shape (classes,).
        priorities: The distinct priorities, the highest first.
        preempts: Whether a pod may push out others; shape (classes,). One that may not arrives on
            no node that a pod of lower priority is evicted from.
        eligibility: Row of `barred`; shape (classes,).
        barred: Why pods may not arrive at a node: 0 if they may, else an index into `reasons`;
            shape (sets, nodes).
        reasons: In words; the first is empty.
        kind: Class of each pod; shape (pods,).
        current: Node that each pod runs on now, -1 if it waits; shape (pods,).
        hold: `FREE`, `PROTECTED`, `PINNED` or `DAEMON`; shape (pods,).
        topologies: Domains of nodes.
        separations: Required anti-affinity and host ports.
        affinities: Required affinity.
        spreads: Topology spread that must be kept.
        budgets: PodDisruptionBudgets.
        goal: `place` or `drain`.
        order: Of the levels for `place`: `interleaved` or `placements`.
        measure: What counts of a pod that is not placed: `pods` (1 each), `devices`, or the
            request of a resource.
        move_weight: Disruption of a pod that is moved.
        eviction_weight: Disruption of a pod that is evicted.
        max_moves: Most running pods that are moved or evicted, -1 for any number.
        name: A label.
        node_names: One a node.
        pod_names: One a pod, `namespace/name`.
        workload: Controller of each pod, an index into `workload_names`, or -1; shape (pods,).
        workload_names: Of the controllers.
        created: When each pod was created, in seconds of any clock; shape (pods,).
        notes: Rules of the input that are not modelled, and what else a reader should know.
        left_out: Names of pods of the input that are no part of the instance, each with the reason.
        worth: What an unplaced pod of each class counts (derived); shape (classes,).

    Raises:
        InstanceError: The data are no such instance.
    """

    family: ClassVar[str] = "podpacking"

    resources: tuple[str, ...]
    capacity: Integers
    devices: Integers
    device_size: int = 1000
    cost: Integers
    demand: Integers
    share: Integers
    whole: Integers
    tier: Integers
    priorities: tuple[int, ...]
    preempts: Integers
    eligibility: Integers
    barred: Codes
    reasons: tuple[str, ...] = label(default=("",))
    kind: Integers
    current: Integers
    hold: Integers
    topologies: tuple[Topology, ...] = ()
    separations: tuple[Separation, ...] = ()
    affinities: tuple[Affinity, ...] = ()
    spreads: tuple[Spread, ...] = ()
    budgets: tuple[DisruptionBudget, ...] = ()
    goal: str = "place"
    order: str = "interleaved"
    measure: str = PODS
    move_weight: int = 1
    eviction_weight: int = 1
    max_moves: int = -1
    name: str = label(default="")
    node_names: tuple[str, ...] = label()
    pod_names: tuple[str, ...] = label()
    workload: Integers = label()  # noqa: RUF009
    workload_names: tuple[str, ...] = label(default=())
    created: Integers = label()  # noqa: RUF009
    notes: tuple[str, ...] = label(default=())
    left_out: tuple[tuple[str, str], ...] = label(default=())
    worth: Integers = label(init=False)  # noqa: RUF009

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "capacity", _table(self.capacity, "capacity", len(self.resources)))
        put(self, "demand", _table(self.demand, "request", len(self.resources)))
        nodes, classes, pods = len(self.capacity), len(self.demand), len(self.kind)
        if not nodes:
            raise InstanceError("expected at least one node")
        lists = (
            ("devices", "number of devices", nodes, 0),
            ("cost", "cost", nodes, 0),
            ("share", "share", classes, 0),
            ("whole", "number of devices", classes, 0),
            ("tier", "tier", classes, 0),
            ("preempts", "preemption", classes, 0),
            ("eligibility", "eligibility", classes, 0),
            ("kind", "class", pods, 0),
            ("current", "node", pods, -1),
            ("hold", "hold", pods, 0),
            ("workload", "workload", pods, -1),
            ("created", "time", pods, None),
        )
        for part, what, length, minimum in lists:
            values = frozen_integers(getattr(self, part), what, minimum=minimum, length=length)
            put(self, part, values)
        put(self, "barred", self._frozen_codes(nodes))
        for part in ("resources", "node_names", "pod_names", "workload_names", "notes"):
            put(self, part, tuple(map(str, getattr(self, part))))
        self._require_names(nodes, pods)
        self._require_ranges(nodes, classes)
        for rule in (*self.separations, *self.affinities, *self.spreads):
            rule.require(len(self.topologies), classes)
        for budget in self.budgets:
            if max(budget.members, default=-1) >= classes:
                found = max(budget.members)
                raise InstanceError(f"a budget names class {found}, expected 0 to {classes - 1}")
        for topology in self.topologies:
            if topology.domain.size != nodes:
                raise InstanceError(f"topology {topology.key}: expected a domain a node")
        for spread in self.spreads:
            domains = self.topologies[spread.topology].domains
            if max(spread.domains, default=-1) >= domains:
                raise InstanceError(f"a spread names domain {max(spread.domains)} of {domains}")
        self._require_options()
        put(self, "worth", self._worth())
        self._guard()

    def _frozen_codes(self, nodes: int) -> Codes:
        barred = np.array(self.barred, dtype=np.uint8)
        if barred.ndim != 2 or barred.shape[1] != nodes or not len(barred):
            raise InstanceError("expected a row of nodes a set of classes in barred")
        if barred.size > MOST_CELLS:
            raise InstanceError(f"{len(barred)} sets of {nodes} nodes, beyond 2^28 in all")
        if int(barred.max()) >= len(self.reasons):
            raise InstanceError(f"reason {barred.max()}: there are {len(self.reasons)}")
        barred.flags.writeable = False
        return barred

    def _require_names(self, nodes: int, pods: int) -> None:
        for what, names, count in (
            ("node", self.node_names, nodes),
            ("pod", self.pod_names, pods),
        ):
            if len(names) != count:
                raise InstanceError(f"expected {count} {what} names, got {len(names)}")
            if len(set(names)) != count:
                seen: set[str] = set()
                twice = next(name for name in names if name in seen or seen.add(name))  # type: ignore[func-returns-value]
                raise InstanceError(f"two {what}s are called {clip(twice)!r}")
        if len(set(self.resources)) != len(self.resources):
            raise InstanceError("two resources have one name")

    def _require_ranges(self, nodes: int, classes: int) -> None:
        limits = (
            ("class", self.kind, classes),
            ("node", self.current, nodes),
            ("tier", self.tier, len(self.priorities)),
            ("eligibility", self.eligibility, len(self.barred)),
            ("hold", self.hold, len(HOLDS)),
            ("preemption", self.preempts, 2),
            ("workload", self.workload, len(self.workload_names)),
        )
        for what, values, count in limits:
            if values.size and int(values.max()) >= count:
                index = int(values.argmax())
                raise InstanceError(
                    f"{what} {index} is {values[index]}, expected less than {count}"
                )
        if list(self.priorities) != sorted(set(self.priorities), reverse=True):
            raise InstanceError("expected distinct priorities, the highest first")
        lost = np.flatnonzero((self.hold != FREE) & (self.current < 0))
        if lost.size:
            pod = int(lost[0])
            held = HOLDS[int(self.hold[pod])]
            raise InstanceError(f"{self.pod(pod)} is {held}, but runs nowhere")
        kept, loose = (
            np.bincount(self.kind[chosen], minlength=classes) > 0
            for chosen in (self.hold == PROTECTED, (self.hold == FREE) & (self.current >= 0))
        )
        if (kept & loose).any():
            index = int(np.argmax(kept & loose))
            raise InstanceError(f"some running pods of class {index} are protected, some free")
        if int(self.device_size) < 1 or (self.share > self.device_size).any():
            raise InstanceError(f"expected shares up to the size of a device, {self.device_size}")
        if ((self.share > 0) & (self.whole > 0)).any():
            raise InstanceError("a class takes a share of a device and whole ones")

    def _require_options(self) -> None:
        if self.goal not in GOALS:
            raise InstanceError(f"goal {clip(self.goal)}: expected place or drain")
        if self.order not in ORDERS:
            raise InstanceError(f"order {clip(self.order)}: expected interleaved or placements")
        known = (PODS, "devices", *self.resources)
        if self.measure not in known:
            raise InstanceError(f"measure {clip(self.measure)}: expected {' or '.join(known)}")
        for what, value, least in (
            ("move_weight", self.move_weight, 0),
            ("eviction_weight", self.eviction_weight, 0),
            ("max_moves", self.max_moves, -1),
        ):
            if value < least:
                raise InstanceError(f"{what} is {value}, expected at least {least}")

    def _worth(self) -> Integers:
        if self.measure == PODS:
            worth = np.ones(self.classes, dtype=np.int64)
        elif self.measure == "devices":
            worth = self.share + self.whole * self.device_size
        else:
            worth = self.demand[:, self.resources.index(self.measure)].copy()
        worth.flags.writeable = False
        return worth

    def _guard(self) -> None:
        counts = np.bincount(self.kind, minlength=self.classes).tolist()

        def total(values: Integers) -> int:
            return sum(n * each for n, each in zip(counts, values.tolist(), strict=True))

        for index, name in enumerate(self.resources):
            guard_total(total(self.demand[:, index]), f"total request of {name}")
            guard_total(sum(self.capacity[:, index].tolist()), f"total of {name}")
        guard_total(total(self.worth), f"total of {self.measure}")
        guard_total(total(self.share) + sum(self.devices.tolist()) * self.device_size, "devices")
        guard_total(sum(self.cost.tolist()), "total cost")
        guard_total(self.pods * (self.move_weight + self.eviction_weight), "disruption")
        shared = np.zeros(self.nodes, dtype=np.int64)
        runs = self.current >= 0
        np.add.at(shared, self.current[runs], self.share[self.kind[runs]])
        crowded = np.flatnonzero(shared > self.devices * self.device_size)
        if crowded.size:
            node = self.node(int(crowded[0]))
            raise InstanceError(f"{node}: pods that run there share more than its devices")

    @classmethod
    def of(
        cls,
        capacity: Any,
        demand: Any,
        kind: Sequence[int],
        *,
        resources: Sequence[str] = ("cpu", "memory"),
        current: Sequence[int] | None = None,
        hold: Sequence[int] | None = None,
        priority: Sequence[int] | None = None,
        allowed: Any = None,
        node_names: Iterable[str] = (),
        pod_names: Iterable[str] = (),
        **fields: Any,
    ) -> Self:
        """Make an instance of nested sequences; what is left out is as plain as can be.

        Args:
            capacity: A row a node, a column a resource.
            demand: A row a class.
            kind: Class of each pod.
            resources: Names of the resources.
            current: Node of each pod, -1 for none; all wait unless given.
            hold: Of each pod; all are free unless given.
            priority: Of each class; 0 unless given.
            allowed: For each class a row that says whether it may run on a node; all may.
            node_names: `node-1`, `node-2`, … unless given.
            pod_names: `pod-1`, … unless given.
            **fields: Further attributes, as they are.

        >>> cluster = Cluster.of([[1000, 512]], [[600, 100], [500, 100]], [0, 1])
        >>> cluster.nodes, cluster.pods, cluster.objective.name
        (1, 2, 'unplaced, then disruption')
        """
        rows = _table(capacity, "capacity", len(resources))
        requests = _table(demand, "request", len(resources))
        nodes, classes, pods = len(rows), len(requests), len(kind)
        ranks = [0] * classes if priority is None else list(priority)
        priorities = tuple(sorted(set(ranks), reverse=True))

        def zeros(count: int) -> Integers:
            return np.zeros(count, dtype=np.int64)

        made: dict[str, Any] = {
            "devices": zeros(nodes),
            "cost": zeros(nodes) + 1,
            "share": zeros(classes),
            "whole": zeros(classes),
            "preempts": zeros(classes) + 1,
            "workload": zeros(pods) - 1,
            "created": zeros(pods),
            "eligibility": zeros(classes),
            "barred": np.zeros((1, nodes), dtype=np.uint8),
            "priorities": priorities,
            "tier": [priorities.index(rank) for rank in ranks],
        }
        if allowed is not None:
            sets, eligibility = np.unique(
                np.array(allowed, dtype=bool), axis=0, return_inverse=True
            )
            made |= {"barred": ~sets, "eligibility": eligibility.reshape(-1).astype(np.int64)}
            made["reasons"] = ("", "not eligible")
        return cls(
            resources=tuple(resources),
            capacity=rows,
            demand=requests,
            kind=frozen_integers(kind, "class"),
            current=zeros(pods) - 1 if current is None else frozen_integers(current, "node"),
            hold=zeros(pods) if hold is None else frozen_integers(hold, "hold"),
            node_names=tuple(node_names) or tuple(f"node-{i + 1}" for i in range(nodes)),
            pod_names=tuple(pod_names) or tuple(f"pod-{i + 1}" for i in range(pods)),
            **made | fields,
        )

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return int(self.capacity.shape[0])

    @property
    def classes(self) -> int:
        """Number of classes of pods."""
        return int(self.demand.shape[0])

    @property
    def pods(self) -> int:
        """Number of pods."""
        return int(self.kind.size)

    @property
    def tiers(self) -> int:
        """Number of distinct priorities."""
        return len(self.priorities)

    @property
    def shares(self) -> bool:
        """Whether pods share devices."""
        return bool(self.share.any())

    @property
    def objective(self) -> Objective:
        """Two levels a tier, or the cost of nodes in use and the moves."""
        if self.goal == "drain":
            return Objective.of("cost of nodes in use", "moves")
        levels = [("unplaced", p) for p in self.priorities]
        disruption = [("disruption", p) for p in self.priorities]
        if self.order == "placements":
            levels += disruption
        else:
            pairs = zip(levels, disruption, strict=True)
            levels = [each for pair in pairs for each in pair]
        single = self.tiers == 1
        return Objective.of(*(what if single else f"{what} >= {p}" for what, p in levels))

    def node(self, index: int) -> str:
        """Name a node for messages."""
        return f"node {self.node_names[index]}"

    def pod(self, index: int) -> str:
        """Name a pod for messages."""
        return f"pod {self.pod_names[index]}"

    def to_data(self) -> dict[str, Any]:
        """Return the instance as plain data, without what says nothing."""
        return plain.to_data(self, HOLDS)

    @classmethod
    def from_data(cls, data: Node) -> Self:
        """Make an instance of what `to_data` returned; raises `InputError`."""
        try:
            return cls(**plain.arguments(data, HOLDS))
        except InstanceError as error:
            raise data.error(error.message) from None


def _table(values: Any, what: str, columns: int) -> Integers:
    if isinstance(values, np.ndarray) and values.ndim == 2 and values.dtype.kind == "i":
        table = values.astype(np.int64)
    else:
        rows = [frozen_integers(row, what, length=columns) for row in values]
        table = np.array(rows, dtype=np.int64).reshape(len(rows), columns)
    if table.shape[1] != columns:
        raise InstanceError(f"expected {columns} columns of {what}, got {table.shape[1]}")
    if table.size > MOST_CELLS:
        raise InstanceError(f"{table.shape[0]} x {columns} numbers as {what}, beyond 2^28")
    if table.size and int(table.min()) < 0:
        row, column = np.argwhere(table < 0)[0].tolist()
        raise InstanceError(f"{what} {row}, {column} is {table[row, column]}, expected at least 0")
    table.flags.writeable = False
    return table


@dataclass(frozen=True, eq=False, slots=True)
class Plan(Content):
    """Where each pod runs: its node, -1 for nowhere; shape (pods,).

    Attributes:
        node: Of each pod.
        device: On its node, of each pod that takes a share of one, else -1; empty where pods share
            no devices.
    """

    node: Integers
    device: Integers = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def __post_init__(self) -> None:
        for name in ("node", "device"):
            values = frozen_integers(getattr(self, name), name, minimum=-1)
            object.__setattr__(self, name, values)

    def to_data(self) -> dict[str, Any]:
        """Return the plan as plain data."""
        data = {"node": self.node.tolist()}
        return data | ({"device": self.device.tolist()} if self.device.size else {})

    @classmethod
    def from_data(cls, data: Node) -> Self:
        """Make a plan of plain data; raises `InputError`."""
        fields = data.object("node", optional=("device",))
        device = fields["device"].integers(-1) if "device" in fields else []
        return cls(
            frozen_integers(fields["node"].integers(-1), "node"),
            frozen_integers(device, "device"),
        )
