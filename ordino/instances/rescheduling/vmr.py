"""Snapshots of VM clusters as VMR2L publishes them: hosts, VMs, sets that are to be apart.

Of hosts that are not `ACTIVE`, VMs may leave, none arrives. At most 2.5 % of the VMs are migrated
unless `--max-moves` says otherwise. Members of sets that are in no cluster of the file, or in
another, are left out, as in the published ones.
"""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from ordino.core.errors import InstanceError, clip
from ordino.core.plain import Node, parse_json
from ordino.core.text import Text
from ordino.models.rescheduling.problem import Snapshot

__all__ = ["read_vmr", "sniff_vmr"]

SHARE_MOVED = 0.025
ACTIVE = "ACTIVE"


def sniff_vmr(head: str) -> bool:
    """Tell whether it is JSON with a list of clusters."""
    return re.match(r'\s*\{.*?"cluster_list"\s*:', head, re.DOTALL) is not None


def read_vmr(text: Text) -> list[Snapshot]:
    """Read every cluster of a snapshot; raises `InputError`."""
    data = parse_json(text.content, text.source)
    return [_cluster(each, text.name) for each in data.need("cluster_list").list()]


def _cluster(data: Node, file: str) -> Snapshot:
    hosts: dict[str, int] = {}
    racks: dict[Any, int] = {}
    cores: list[list[int]] = []
    memory: list[list[int]] = []
    rack: list[int] = []
    accepts: list[int] = []
    for each in data.need("host_info").list():
        _number(hosts, each.need("node_id"), "host")
        nodes = each.need("numa").list()
        if cores and len(nodes) != len(cores[0]):
            raise each.need("numa").error(f"expected {len(cores[0])} NUMA nodes, got {len(nodes)}")
        order = [node.need("node").integer(0) for node in nodes]
        if order != list(range(len(nodes))):
            raise each.need("numa").error(f"expected NUMA nodes 0, 1, …, got {clip(order)}")
        cores.append([_amount(node.need("total_cpu"), up=False) for node in nodes])
        memory.append([_amount(node.need("memory_huge_total_mb"), up=False) for node in nodes])
        label = each.get("rack_id")
        named = None if label is None else clip(label.value)
        rack.append(racks.setdefault(named, len(racks)))
        status = each.get("status")
        accepts.append(int(status is None or status.string() == ACTIVE))
    if not hosts:
        raise data.need("host_info").error("expected at least one host")
    vms: dict[str, int] = {}
    rows = []
    for each in data.need("vm_instance").list():
        _number(vms, each.need("instance_id"), "VM")
        rows.append(_vm(each, hosts, len(cores[0])))
    sets: dict[str, list[tuple[int, ...]]] = {"host": [], "rack": []}
    rules = data.get("other_requirement")
    for each in [] if rules is None else rules.need("deployment_set").list():
        kind = each.need("granularity")
        if kind.string() not in sets:
            raise kind.expected("host or rack")
        members = [member.string() for member in each.need("data").list()]
        here = tuple(sorted({vms[name] for name in members if name in vms}))
        if len(here) > 1:
            sets[kind.string()].append(here)
    columns = np.array(rows, dtype=np.int64).reshape(-1, 6).T
    label_of = data.get("cluster_name")
    name = file if label_of is None else label_of.string()
    try:
        return Snapshot(
            cores=cores,  # type: ignore[arg-type]
            memory=memory,  # type: ignore[arg-type]
            rack=rack,  # type: ignore[arg-type]
            accepts=accepts,  # type: ignore[arg-type]
            takes_cores=columns[0],
            takes_memory=columns[1],
            spans=columns[2],
            movable=columns[3],
            host=columns[4],
            numa=columns[5],
            host_sets=tuple(sets["host"]),
            rack_sets=tuple(sets["rack"]),
            max_moves=math.ceil(SHARE_MOVED * len(vms)),
            name=name,
            host_names=tuple(hosts),
            vm_names=tuple(vms),
        )
    except InstanceError as error:
        raise data.error(error.message) from None


def _number(numbers: dict[str, int], name: Node, what: str) -> None:
    if name.string() in numbers:
        raise name.error(f"a second {what} of this name")
    numbers[name.string()] = len(numbers)


def _vm(data: Node, hosts: dict[str, int], nodes: int) -> tuple[int, ...]:
    """Return cores, memory, whether it spans, whether it may move, host and NUMA node."""
    place = data.need("host_id")
    if place.string() not in hosts:
        raise place.error("there is no such host")
    parts = data.need("numa").list()
    taken = [
        (_amount(part.need("cpu"), up=True), _amount(part.need("mem_mb"), up=True))
        for part in parts
    ]
    on = [part.need("node").integer(0, nodes - 1) for part in parts]
    spans = len(parts) > 1
    if len(parts) not in (1, nodes) or len(set(on)) != len(on):
        raise data.need("numa").error(f"expected one NUMA node, or all {nodes}")
    if len(set(taken)) > 1:
        raise data.need("numa").error("expected the same of every NUMA node")
    flag = data.get("allow_migration")
    if flag is not None and flag.value not in (0, 1, True, False):
        raise flag.expected("true or false")
    movable = flag is None or bool(flag.value)
    return (*taken[0], int(spans), int(movable), hosts[place.string()], 0 if spans else on[0])


def _amount(data: Node, *, up: bool) -> int:
    """Read a number of at least 0; parts of a unit make a request larger, a capacity smaller."""
    value = data.number(0)
    return math.ceil(value) if up else math.floor(value)
