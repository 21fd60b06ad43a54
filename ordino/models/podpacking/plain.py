"""Clusters as plain data (JSON): nodes, classes and pods as lists of objects.

What an object leaves out is as plain as can be: tier 0, no device, any node, free. A class says its
`eligibility`, a row of `barred`: for each set of nodes, the numbers of those that are barred, and
why.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ordino.core.errors import nearest
from ordino.core.plain import Node
from ordino.models.podpacking.rules import (
    Affinity,
    DisruptionBudget,
    Separation,
    Spread,
    Topology,
)

__all__ = ["MOST_CELLS", "arguments", "to_data"]

MOST_CELLS = 2**28
"""Nodes x sets of nodes that classes may run on, and nodes x resources."""

_RULES: dict[str, Any] = {
    "topologies": Topology,
    "separations": Separation,
    "affinities": Affinity,
    "spreads": Spread,
    "budgets": DisruptionBudget,
}
_TEXTS = {"goal": "place", "order": "interleaved", "measure": "pods", "name": ""}
_NUMBERS = {"move_weight": 1, "eviction_weight": 1, "max_moves": -1, "device_size": 1000}


def to_data(cluster: Any, holds: Sequence[str]) -> dict[str, Any]:
    """Return a `Cluster` as plain data, without what says nothing."""
    data: dict[str, Any] = {"name": cluster.name}
    for field, usual in (_TEXTS | _NUMBERS).items():
        if field != "name" and getattr(cluster, field) != usual:
            data[field] = getattr(cluster, field)
    data["resources"] = list(cluster.resources)
    data["priorities"] = list(cluster.priorities)
    data["nodes"] = [
        _pruned({"name": name, "capacity": capacity, "devices": devices, "cost": cost}, cost=1)
        for name, capacity, devices, cost in zip(
            cluster.node_names,
            cluster.capacity.tolist(),
            cluster.devices.tolist(),
            cluster.cost.tolist(),
            strict=True,
        )
    ]
    if cluster.barred.any() or len(cluster.barred) > 1:
        data["reasons"] = list(cluster.reasons)
        data["barred"] = [
            {str(node): int(row[node]) for node in np.flatnonzero(row).tolist()}
            for row in cluster.barred
        ]
    columns = ("tier", "share", "whole", "preempts", "eligibility")
    table = [getattr(cluster, column).tolist() for column in columns]
    data["classes"] = [
        _pruned({"demand": demand} | dict(zip(columns, rest, strict=True)), preempts=1)
        for demand, *rest in zip(cluster.demand.tolist(), *table, strict=True)
    ]
    data["pods"] = [
        _pruned(
            {"name": name, "class": kind, "node": node, "hold": holds[hold],
             "workload": workload, "created": created},
            hold="free", node=-1, workload=-1,
        )
        for name, kind, node, hold, workload, created in zip(
            cluster.pod_names,
            cluster.kind.tolist(),
            cluster.current.tolist(),
            cluster.hold.tolist(),
            cluster.workload.tolist(),
            cluster.created.tolist(),
            strict=True,
        )
    ]  # fmt: skip
    for field in _RULES:
        if rules := getattr(cluster, field):
            data[field] = [rule.to_data() for rule in rules]
    if cluster.left_out:
        data["left_out"] = [{"name": name, "why": why} for name, why in cluster.left_out]
    for field in ("workload_names", "notes"):
        if values := getattr(cluster, field):
            data[field] = list(values)
    return data


def _pruned(row: dict[str, Any], **usual: Any) -> dict[str, Any]:
    """Leave out of an object what has its usual value, 0 unless told otherwise."""
    keep = ("name", "capacity", "demand", "class")
    return {k: v for k, v in row.items() if k in keep or v != usual.get(k, 0)}


def arguments(data: Node, holds: Sequence[str]) -> dict[str, Any]:
    """Return the arguments of `Cluster` that plain data stand for; raises `InputError`."""
    fields = data.object(
        *("resources", "nodes", "classes", "pods", "priorities"),
        optional=(
            *("barred", "reasons", "workload_names", "notes", "left_out"),
            *_TEXTS,
            *_NUMBERS,
            *_RULES,
        ),
    )
    made: dict[str, Any] = {key: fields[key].string() for key in _TEXTS if key in fields}
    made |= {key: fields[key].integer() for key in _NUMBERS if key in fields}
    for key in ("resources", "reasons", "workload_names", "notes"):
        if key in fields:
            made[key] = tuple(each.string() for each in fields[key].list())
    if "left_out" in fields:
        rows = [each.object("name", "why") for each in fields["left_out"].list()]
        made["left_out"] = tuple((row["name"].string(), row["why"].string()) for row in rows)
    made["priorities"] = tuple(fields["priorities"].integers())
    for key, kind in _RULES.items():
        if key in fields:
            made[key] = tuple(kind.from_data(each) for each in fields[key].list())
    width = len(made["resources"])
    made |= _columns(
        fields["nodes"],
        ("name", "capacity"),
        {"devices": 0, "cost": 1},
        {"name": "node_names"},
        width,
    )
    usual = {"tier": 0, "share": 0, "whole": 0, "preempts": 1, "eligibility": 0}
    made |= _columns(fields["classes"], ("demand",), usual, {}, width)
    made |= _pods(fields["pods"], holds)
    made["barred"] = _barred(fields, len(made["node_names"]), len(made.get("reasons", ("",))))
    return made


def _columns(
    data: Node,
    required: tuple[str, ...],
    usual: dict[str, int],
    renamed: dict[str, str],
    width: int,
) -> dict[str, Any]:
    """Turn a list of objects into columns: lists of numbers for `capacity` and `demand`."""
    columns: dict[str, list[Any]] = {key: [] for key in (*required, *usual)}
    for item in data.list():
        row = item.object(*required, optional=tuple(usual))
        for key in required:
            if key == "name":
                columns[key].append(row[key].string())
            else:
                columns[key].append([each.integer(0) for each in row[key].list(width)])
        for key, value in usual.items():
            columns[key].append(row[key].integer(0) if key in row else value)
    made: dict[str, Any] = {renamed.get(key, key): values for key, values in columns.items()}
    for key in ("capacity", "demand"):
        if key in made:
            made[key] = np.array(made[key], dtype=np.int64).reshape(len(made[key]), width)
    return made


def _pods(data: Node, holds: Sequence[str]) -> dict[str, Any]:
    names, kinds, nodes, held, workloads, created = ([] for _ in range(6))
    for item in data.list():
        row = item.object("name", "class", optional=("node", "hold", "workload", "created"))
        names.append(row["name"].string())
        kinds.append(row["class"].integer(0))
        nodes.append(row["node"].integer(-1) if "node" in row else -1)
        hold = row["hold"].string() if "hold" in row else holds[0]
        if hold not in holds:
            raise row["hold"].error(f"{hold!r}: {nearest(hold, holds)}")
        held.append(holds.index(hold))
        workloads.append(row["workload"].integer(-1) if "workload" in row else -1)
        created.append(row["created"].integer() if "created" in row else 0)
    return {
        "pod_names": names,
        "kind": kinds,
        "current": nodes,
        "hold": held,
        "workload": workloads,
        "created": created,
    }


def _barred(fields: dict[str, Node], nodes: int, reasons: int) -> Any:
    if "barred" not in fields:
        return np.zeros((1, nodes), dtype=np.uint8)
    rows = fields["barred"].list()
    if len(rows) * nodes > MOST_CELLS:
        raise fields["barred"].error(f"{len(rows)} sets of {nodes} nodes, beyond 2^28 in all")
    barred = np.zeros((len(rows), nodes), dtype=np.uint8)
    for number, row in enumerate(rows):
        if not isinstance(row.value, dict):
            raise row.expected("an object")
        for key in row.value:
            if not (key.isascii() and key.isdigit() and len(key) < 10 and int(key) < nodes):
                raise row.error(f"node {key!r}: expected 0 to {nodes - 1}")
            barred[number, int(key)] = row.need(key).integer(1, min(reasons - 1, 255))
    return barred
