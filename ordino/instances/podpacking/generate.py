"""Clusters as in "Priority Matters" (Christensen, Giallorenzo, Mauro 2025).

Replica sets of 1 to 4 pods with random requests and priorities, on nodes that are all alike and
sized for the usage that is wanted. A seed gives the same cluster as the authors' generator.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ordino.core.errors import UsageError
from ordino.models.podpacking.problem import Cluster

__all__ = ["ReplicaSet", "of_replica_sets", "priority_matters"]

REPLICAS = (1, 4)
CPU = (100, 1000)
MEMORY = (100_000_000, 1_000_000_000)
SLOTS = 512
"""Pods that a node takes at least, so that it is never this that binds."""
MOST_PODS = 1_000_000


@dataclass(frozen=True, slots=True)
class ReplicaSet:
    """Identical pods: requests in thousandths of a core and bytes."""

    name: str
    replicas: int
    cpu: int
    memory: int
    priority: int


def priority_matters(
    *,
    seed: int,
    nodes: int = 8,
    pods_per_node: int = 4,
    priorities: int = 4,
    usage: float = 0.95,
) -> Cluster:
    """Generate a cluster whose pods all wait.

    Args:
        seed: Of every random choice; the authors' seeds give the authors' clusters.
        nodes: How many.
        pods_per_node: On average.
        priorities: 1 to this.
        usage: Sum of requests over sum of capacities, of cpu and of memory.

    Raises:
        UsageError: A parameter out of range.
    """
    pods = nodes * pods_per_node
    if min(nodes, pods_per_node, priorities) < 1 or pods > MOST_PODS:
        raise UsageError(f"nodes, pods a node, priorities: expected 1 or more, {MOST_PODS} pods")
    if not 0.01 <= usage <= 100:
        raise UsageError(f"usage {usage}: expected 0.01 to 100")

    def stream(label: str) -> random.Random:
        data = seed.to_bytes(16, "big") + b"\0" + label.encode()
        return random.Random(int.from_bytes(hashlib.blake2b(data, digest_size=16).digest(), "big"))

    draw, sizes, left = stream("rs-sizes"), [], pods
    least, most = REPLICAS
    while left:
        sizes.append(draw.randint(least, min(most, left)))
        left -= sizes[-1]
    cpu, memory, base = stream("rs-cpu"), stream("rs-mem"), stream("base")
    requests = [(cpu.randint(*CPU), memory.randint(*MEMORY)) for _ in sizes]
    ranks = [base.randint(1, priorities) for _ in sizes]
    sets = [
        ReplicaSet(f"rs-{number:02d}-p{rank}", size, *request, rank)
        for number, (size, request, rank) in enumerate(
            zip(sizes, requests, ranks, strict=True), start=1
        )
    ]
    room = []
    for r in range(2):
        total = [s * request[r] for s, request in zip(sizes, requests, strict=True)]
        largest = max(request[r] for request in requests)
        room.append(max(largest, _node_size(total, usage, nodes)))
    name = f"{nodes}n-{pods}p-{priorities}prio-u{round(usage * 100)}-{seed}"
    return of_replica_sets(sets, nodes, (room[0], room[1]), name)


def _node_size(amounts: Sequence[int], usage: float, nodes: int) -> int:
    return math.ceil(Fraction(math.ceil(sum(amounts) / usage), nodes))


def of_replica_sets(
    sets: Sequence[ReplicaSet], nodes: int, room: tuple[int, int], name: str = ""
) -> Cluster:
    """Make a cluster of nodes that are alike, and of replica sets whose pods all wait.

    Args:
        sets: In the order in which they are created, a second apart.
        nodes: How many.
        room: Cpu and memory of each.
        name: Of the cluster.
    """
    shapes: dict[tuple[int, int, int], int] = {}
    kind, workload, names = [], [], []
    for number, each in enumerate(sets):
        shape = shapes.setdefault((each.cpu, each.memory, each.priority), len(shapes))
        kind += [shape] * each.replicas
        workload += [number] * each.replicas
        names += [f"test/{each.name}-{copy}" for copy in range(each.replicas)]
    slots = max(SLOTS, len(kind))
    return Cluster.of(
        np.array([[*room, slots]] * nodes),
        np.array([[cpu, memory, 1] for cpu, memory, _ in shapes]).reshape(-1, 3),
        kind,
        resources=("cpu", "memory", "pods"),
        priority=[rank for _, _, rank in shapes],
        node_names=[f"kwok-node-{number + 1}" for number in range(nodes)],
        pod_names=names,
        workload=workload,
        workload_names=tuple(f"test/ReplicaSet/{each.name}" for each in sets),
        created=workload,
        name=name,
    )
