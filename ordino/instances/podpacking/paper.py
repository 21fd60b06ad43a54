"""Clusters of "Priority Matters" as lines of JSON: nodes that are alike, and replica sets."""

from __future__ import annotations

import re

from ordino.core.errors import InputError
from ordino.core.plain import Node, parse_json
from ordino.core.text import Line, Text
from ordino.instances.podpacking.generate import MOST_PODS, ReplicaSet, of_replica_sets
from ordino.models.podpacking.problem import Cluster

__all__ = ["read_priority_matters", "sniff_priority_matters"]

MOST_NODES = 100_000


def sniff_priority_matters(head: str) -> bool:
    """Tell whether the first line is such a cluster."""
    return re.match(r'\s*\{"seed".{0,200}"replicasets"\s*:', head, re.DOTALL) is not None


def read_priority_matters(text: Text) -> list[Cluster]:
    """Read a cluster a line; its pods all wait.

    Raises:
        InputError: A line that is none, with its number.
    """
    return [_cluster(line) for line in text.lines()]


def _cluster(line: Line) -> Cluster:
    try:
        data = parse_json(line.text)
        fields = data.object(
            "nodes", "node_cpu_m", "node_mem_bytes", "replicasets",
            optional=("seed", "pods", "priorities", "util"),
        )  # fmt: skip
        sets = [_replica_set(each) for each in fields["replicasets"].list()]
        if sum(each.replicas for each in sets) > MOST_PODS:
            raise fields["replicasets"].error(f"more than {MOST_PODS} pods")
        nodes = fields["nodes"].integer(1, MOST_NODES)
        room = (fields["node_cpu_m"].integer(0), fields["node_mem_bytes"].integer(0))
        shown = [fields[k].value for k in ("pods", "priorities", "util", "seed") if k in fields]
        return of_replica_sets(sets, nodes, room, "-".join(map(str, [nodes, *shown])))
    except InputError as error:
        raise line.error(error.message) from None


def _replica_set(data: Node) -> ReplicaSet:
    fields = data.object("name", "replicas", "cpu_m", "mem_bytes", "priority")
    return ReplicaSet(
        fields["name"].string(),
        fields["replicas"].integer(0, MOST_PODS),
        fields["cpu_m"].integer(0),
        fields["mem_bytes"].integer(0),
        fields["priority"].integer(),
    )
