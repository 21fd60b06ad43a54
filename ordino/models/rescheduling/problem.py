"""VM rescheduling: move a few VMs so that free cores lie together.

Hosts have the same number of NUMA nodes each. A VM takes its cores and memory from one NUMA node of
a host, or from each of them. Free cores of a NUMA node come in whole slots of so many cores (16 is
the size of the VMs that are to fit), what is left over is fragmented: the objective is the number
of fragmented cores over all NUMA nodes, with at most so many migrations. The fragment rate is that
number over all free cores, which migrations do not change (Ding et al. 2025, VMR2L).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt

from ordino.core.arrays import Integers, frozen_integers, guard_total
from ordino.core.content import Content, label
from ordino.core.errors import InstanceError, UsageError, clip
from ordino.core.objective import Objective
from ordino.core.plain import Node

__all__ = ["Placement", "Snapshot", "adjust"]

Matrix = npt.NDArray[np.int64]

MOST_CORES = 2**20
"""Of a NUMA node: searches keep a table of that length."""
MOST_CELLS = 2**26


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Snapshot(Content):
    """Hosts with their VMs, and what may be done about them.

    Attributes:
        cores: Of each NUMA node; shape (hosts, NUMA nodes).
        memory: Of each NUMA node; shape (hosts, NUMA nodes).
        rack: Of each host; shape (hosts,).
        accepts: Whether VMs may arrive at a host; shape (hosts,).
        takes_cores: What a VM takes of a NUMA node; shape (vms,).
        takes_memory: The same of memory; shape (vms,).
        spans: Whether a VM takes that of every NUMA node of its host; shape (vms,).
        movable: Whether it may be migrated; shape (vms,).
        host: Where it runs now; shape (vms,).
        numa: On which NUMA node, 0 for one that spans all; shape (vms,).
        host_sets: Sets of VMs of which none may come to a host with another of them.
        rack_sets: The same with racks.
        slot: Cores of a slot.
        max_moves: Most VMs that are migrated, to another host or NUMA node; -1 for any number.
        name: A label.
        host_names: One a host.
        vm_names: One a VM.

    Raises:
        InstanceError: The data are no such instance; a NUMA node with less than its VMs take is
            none.
    """

    family: ClassVar[str] = "rescheduling"

    cores: Matrix
    memory: Matrix
    rack: Integers
    accepts: Integers
    takes_cores: Integers
    takes_memory: Integers
    spans: Integers
    movable: Integers
    host: Integers
    numa: Integers
    host_sets: tuple[tuple[int, ...], ...] = ()
    rack_sets: tuple[tuple[int, ...], ...] = ()
    slot: int = 16
    max_moves: int = -1
    name: str = label(default="")
    host_names: tuple[str, ...] = label()
    vm_names: tuple[str, ...] = label()

    def __post_init__(self) -> None:
        put = object.__setattr__
        for field in ("cores", "memory"):
            put(self, field, _matrix(getattr(self, field), field))
        if self.cores.shape != self.memory.shape or not self.cores.size:
            raise InstanceError("expected cores and memory of the same NUMA nodes, one at least")
        if int(self.cores.max()) > MOST_CORES:
            raise InstanceError(f"{self.cores.max()} cores, expected at most {MOST_CORES}")
        hosts, vms = len(self.cores), len(self.takes_cores)
        for field, length in (
            *(("rack", hosts), ("accepts", hosts)),
            *((each, vms) for each in ("takes_cores", "takes_memory", "spans", "movable")),
            *(("host", vms), ("numa", vms)),
        ):
            what = field.replace("_", " ")
            frozen = frozen_integers(getattr(self, field), what, minimum=0, length=length)
            put(self, field, frozen)
        for field, names, length in (("host", self.host_names, hosts), ("vm", self.vm_names, vms)):
            put(self, f"{field}_names", tuple(map(str, names)))
            if len(names) != length or len(set(names)) != length:
                raise InstanceError(f"expected {length} distinct names of {field}s")
        for field in ("host_sets", "rack_sets"):
            put(self, field, tuple(tuple(sorted(set(each))) for each in getattr(self, field)))
        self._require_ranges(hosts, vms)
        short = np.argwhere((self.free_cores(self.host, self.numa) < 0) | (self._free_memory() < 0))
        if short.size:
            host, numa = short[0].tolist()
            raise InstanceError(
                f"NUMA node {numa} of host {self.host_names[host]} has less than its VMs take"
            )

    def _require_ranges(self, hosts: int, vms: int) -> None:
        if self.rack.size and int(self.rack.max()) >= hosts:
            raise InstanceError(f"rack {self.rack.max()}, expected less than {hosts}")
        for what, values, count in (
            ("host", self.host, hosts),
            ("NUMA node", self.numa, self.nodes),
            ("spans", self.spans, 2),
            ("movable", self.movable, 2),
            ("accepts", self.accepts, 2),
        ):
            if values.size and int(values.max()) >= count:
                raise InstanceError(f"{what} {values.max()}, expected less than {count}")
        if (self.numa[self.spans == 1] > 0).any():
            raise InstanceError("a VM that spans all NUMA nodes is on one, expected 0")
        for each in (*self.host_sets, *self.rack_sets):
            if each and not (each[0] >= 0 and each[-1] < vms):
                raise InstanceError(f"a set names VM {each[-1]}, expected 0 to {vms - 1}")
        if (len(self.host_sets) + len(self.rack_sets)) * hosts > MOST_CELLS:
            raise InstanceError("sets x hosts is beyond 2^26")
        if not 1 <= self.slot <= MOST_CORES:
            raise InstanceError(f"slots of {clip(self.slot)} cores, expected 1 to {MOST_CORES}")
        if self.max_moves < -1:
            raise InstanceError(f"at most {self.max_moves} moves, expected -1 or more")
        guard_total(sum(self.memory.ravel().tolist()), "total memory")
        guard_total(sum(self.takes_memory.tolist()) * self.nodes, "total memory of VMs")

    @classmethod
    def of(
        cls,
        cores: Any,
        vms: Sequence[tuple[int, int | None, int]],
        *,
        memory: Any = None,
        takes_memory: Sequence[int] | None = None,
        **fields: Any,
    ) -> Self:
        """Make a snapshot; what is left out is as plain as can be.

        Args:
            cores: A row a host, a column a NUMA node.
            vms: Host, NUMA node (`None` for all) and cores of each.
            memory: As `cores`; none unless given.
            takes_memory: Of each VM.
            **fields: Further attributes.

        >>> Snapshot.of([[20, 20]], [(0, 0, 4), (0, None, 8)]).fragmented([0, 0], [0, 0])
        20
        """
        table = _matrix(cores, "cores")
        hosts, count = len(table), len(vms)
        usual: dict[str, Any] = {
            "rack": [0] * hosts,
            "accepts": [1] * hosts,
            "movable": [1] * count,
            "host_names": [f"host-{h + 1}" for h in range(hosts)],
            "vm_names": [f"vm-{i + 1}" for i in range(count)],
        }
        return cls(
            cores=table,
            memory=np.zeros_like(table) if memory is None else memory,
            takes_cores=frozen_integers([cpu for _, _, cpu in vms], "cores"),
            takes_memory=frozen_integers(takes_memory or [0] * count, "memory"),
            spans=frozen_integers([int(numa is None) for _, numa, _ in vms], "spans"),
            host=frozen_integers([host for host, _, _ in vms], "host"),
            numa=frozen_integers([numa or 0 for _, numa, _ in vms], "NUMA node"),
            **usual | fields,
        )

    @property
    def hosts(self) -> int:
        """Number of hosts."""
        return int(self.cores.shape[0])

    @property
    def nodes(self) -> int:
        """NUMA nodes of a host."""
        return int(self.cores.shape[1])

    @property
    def vms(self) -> int:
        """Number of VMs."""
        return int(self.takes_cores.size)

    @property
    def most_moves(self) -> int:
        """How many VMs may be migrated at most."""
        movable = int(self.movable.sum())
        return movable if self.max_moves < 0 else min(movable, self.max_moves)

    @property
    def objective(self) -> Objective:
        """The fragmented cores."""
        return Objective.of("fragmented cores")

    def sum_by_node(self, amount: Integers, host: Any, numa: Any) -> Matrix:
        """Sum what VMs take of each NUMA node; shape (hosts, NUMA nodes)."""
        host, numa = np.asarray(host), np.asarray(numa)
        total = np.zeros_like(self.cores)
        wide = self.spans == 1
        np.add.at(total, (host[~wide], numa[~wide]), amount[~wide])
        for each in range(self.nodes):
            np.add.at(total, (host[wide], each), amount[wide])
        return total

    def free_cores(self, host: Any, numa: Any) -> Matrix:
        """Return the free cores of a placement; shape (hosts, NUMA nodes)."""
        free: Matrix = self.cores - self.sum_by_node(self.takes_cores, host, numa)
        return free

    def _free_memory(self) -> Matrix:
        free: Matrix = self.memory - self.sum_by_node(self.takes_memory, self.host, self.numa)
        return free

    def fragmented(self, host: Any, numa: Any) -> int:
        """Return the fragmented cores of a placement."""
        return int((self.free_cores(host, numa) % self.slot).sum())

    def to_data(self) -> dict[str, Any]:
        """Return the snapshot as plain data."""
        hosts = [
            {"name": name, "cores": cores, "memory": memory, "rack": rack}
            | ({} if accepts else {"accepts": 0})
            for name, cores, memory, rack, accepts in zip(
                self.host_names,
                self.cores.tolist(),
                self.memory.tolist(),
                self.rack.tolist(),
                self.accepts.tolist(),
                strict=True,
            )
        ]
        vms = [
            {"name": name, "cores": cores, "memory": memory, "host": host}
            | ({} if spans else {"numa": numa})
            | ({} if movable else {"movable": 0})
            for name, cores, memory, host, numa, spans, movable in zip(
                self.vm_names,
                self.takes_cores.tolist(),
                self.takes_memory.tolist(),
                self.host.tolist(),
                self.numa.tolist(),
                self.spans.tolist(),
                self.movable.tolist(),
                strict=True,
            )
        ]
        data: dict[str, Any] = {"name": self.name, "hosts": hosts, "vms": vms}
        for field in ("host_sets", "rack_sets"):
            if sets := getattr(self, field):
                data[field] = [list(each) for each in sets]
        return data | {"slot": self.slot, "max_moves": self.max_moves}

    @classmethod
    def from_data(cls, data: Node) -> Self:
        """Make a snapshot of what `to_data` returned; raises `InputError`."""
        fields = data.object(
            "hosts", "vms", optional=("name", "host_sets", "rack_sets", "slot", "max_moves")
        )
        hosts = [
            each.object("name", "cores", "memory", "rack", optional=("accepts",))
            for each in fields["hosts"].list()
        ]
        vms = [
            each.object("name", "cores", "memory", "host", optional=("numa", "movable"))
            for each in fields["vms"].list()
        ]
        try:
            return cls(
                cores=[each["cores"].integers(0) for each in hosts],  # type: ignore[arg-type]
                memory=[each["memory"].integers(0) for each in hosts],  # type: ignore[arg-type]
                rack=_column(hosts, "rack"),
                accepts=_column(hosts, "accepts", 1),
                takes_cores=_column(vms, "cores"),
                takes_memory=_column(vms, "memory"),
                spans=frozen_integers([int("numa" not in each) for each in vms], "spans"),
                movable=_column(vms, "movable", 1),
                host=_column(vms, "host"),
                numa=_column(vms, "numa", 0),
                host_sets=_sets(fields.get("host_sets")),
                rack_sets=_sets(fields.get("rack_sets")),
                slot=fields["slot"].integer(1) if "slot" in fields else 16,
                max_moves=fields["max_moves"].integer(-1) if "max_moves" in fields else -1,
                name=fields["name"].string() if "name" in fields else "",
                host_names=tuple(each["name"].string() for each in hosts),
                vm_names=tuple(each["name"].string() for each in vms),
            )
        except InstanceError as error:
            raise data.error(error.message) from None


def _column(rows: list[dict[str, Node]], key: str, usual: int | None = None) -> Integers:
    values = [
        usual if usual is not None and key not in row else row[key].integer(0) for row in rows
    ]
    return frozen_integers(values, key)


def _sets(data: Node | None) -> tuple[tuple[int, ...], ...]:
    return () if data is None else tuple(tuple(each.integers(0)) for each in data.list())


def _matrix(values: Any, what: str) -> Matrix:
    rows = [frozen_integers(row, what, minimum=0) for row in values]
    if any(row.size != rows[0].size for row in rows):
        raise InstanceError(f"expected as many {what} of every host, one a NUMA node")
    table = np.array(rows, dtype=np.int64).reshape(len(rows), rows[0].size if rows else 0)
    table.flags.writeable = False
    return table


@dataclass(frozen=True, eq=False, slots=True)
class Placement(Content):
    """Host and NUMA node (0 for a VM that spans all) of each VM; shape (vms,)."""

    host: Integers
    numa: Integers

    def __post_init__(self) -> None:
        for name in ("host", "numa"):
            object.__setattr__(self, name, frozen_integers(getattr(self, name), name))

    def to_data(self) -> dict[str, Any]:
        """Return the placement as plain data."""
        return {"host": self.host.tolist(), "numa": self.numa.tolist()}

    @classmethod
    def from_data(cls, data: Node) -> Placement:
        """Make a placement of plain data; raises `InputError`."""
        fields = data.object("host", "numa")
        return cls(*(frozen_integers(fields[key].integers(), key) for key in ("host", "numa")))


def adjust(
    instance: Snapshot,
    *,
    goal: Literal["reschedule"] = "reschedule",
    max_moves: int | None = None,
    slot: int | None = None,
) -> Snapshot:
    """Apply the problem options; raises `UsageError`.

    Args:
        instance: The snapshot.
        goal: `reschedule`, the only one.
        max_moves: Most VMs that are migrated.
        slot: Cores of a slot.
    """
    changes = {"max_moves": max_moves, "slot": slot}
    try:
        return replace(instance, **{k: v for k, v in changes.items() if v is not None})  # type: ignore[arg-type]
    except InstanceError as error:
        raise UsageError(error.message) from None
