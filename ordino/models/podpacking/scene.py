"""Pictures and facts of a cluster."""

from __future__ import annotations

from typing import Any

import numpy as np

from ordino.core.scene import Bar, Mark, Scene
from ordino.models.podpacking.problem import Cluster, Plan

__all__ = ["facts", "scene"]

MOST_ROWS = 150


def scene(instance: Cluster, solution: Plan) -> Scene:
    """Draw two bars a node, with its pods by tier: as they run now, and as planned.

    A pod is as long as its request of the resource that is scarcest, as a percentage of the node's.
    Pods that leave are hatched before, pods that arrive have a border after; the last row holds
    pods that have no node. Of many nodes, those are drawn where most changes.
    """
    node, current = solution.node, instance.current
    resource = _scarcest(instance)
    changed = np.zeros(instance.nodes, dtype=np.int64)
    for places in (node, current):
        moving = (node != current) & (places >= 0)
        np.add.at(changed, places[moving], 1)
    shown = np.sort(np.argsort(-changed, kind="stable")[: MOST_ROWS // 2])
    rows: list[str] = []
    bars: list[Bar] = []
    for j in shown.tolist():
        for title, places, others, style in (
            ("now", current, node, "idle"),
            ("plan", node, current, "late"),
        ):
            here = np.flatnonzero(places == j)
            bars += _bars(instance, resource, here, j, len(rows), others != places, style)
            rows.append(f"{instance.node_names[j]} {title}")
    waiting = np.flatnonzero(node < 0)
    if waiting.size:
        bars += _bars(instance, resource, waiting, -1, len(rows), node < -1, "idle")
        rows.append("no node")
    name = instance.resources[resource] if instance.resources else "pods"
    placed = int((node >= 0).sum())
    return Scene(
        title=f"{instance.name or 'cluster'}: {placed} of {instance.pods} pods placed",
        axis=f"{name}, % of the node",
        rows=tuple(rows),
        bars=tuple(bars),
        marks=(Mark(100),),
        legend=tuple(f"priority {p}" for p in instance.priorities),
    )


def _scarcest(instance: Cluster) -> int:
    """Return the resource with the largest total request for its total amount."""
    wanted = instance.demand[instance.kind].sum(axis=0)
    there = np.maximum(instance.capacity.sum(axis=0), 1)
    return int(np.argmax(wanted / there)) if instance.resources else 0


def _bars(
    instance: Cluster, resource: int, pods: Any, j: int, row: int, marked: Any, style: str
) -> list[Bar]:
    """Lay pods side by side, the highest tier first."""
    kind = instance.kind[pods]
    size = instance.demand[kind, resource] if instance.resources else np.ones(len(pods))
    room = instance.capacity[j, resource] if j >= 0 else instance.capacity[:, resource].mean()
    order = np.lexsort((pods, -size, instance.tier[kind]))
    bars, at = [], 0.0
    for index in order.tolist():
        pod = int(pods[index])
        end = at + 100 * float(size[index]) / max(float(room), 1.0)
        name = instance.pod_names[pod].rpartition("/")[2]
        request = ", ".join(
            f"{amount} {what}"
            for amount, what in zip(
                instance.demand[kind[index]].tolist(), instance.resources, strict=True
            )
        )
        bars.append(
            Bar(
                row=row,
                start=at,
                end=end,
                group=int(instance.tier[kind[index]]),
                label=name,
                detail=f"{instance.pod_names[pod]}: {request}",
                style=style if marked[pod] else "solid",
            )
        )
        at = end
    return bars


def facts(instance: Cluster) -> dict[str, Any]:
    """Return what there is to know of an instance at a glance."""
    running = instance.current >= 0
    wanted = instance.demand[instance.kind].sum(axis=0).tolist()
    there = instance.capacity.sum(axis=0).tolist()
    used = np.zeros_like(instance.capacity)
    np.add.at(used, instance.current[running], instance.demand[instance.kind[running]])
    crowded = np.flatnonzero((used > instance.capacity).any(axis=1)).tolist()
    found: dict[str, Any] = {
        "nodes": instance.nodes,
        "pods": instance.pods,
        "waiting": int((~running).sum()),
        "classes of pods": instance.classes,
        "priorities": ", ".join(map(str, instance.priorities[:8])),
        "requested of all nodes": ", ".join(
            f"{100 * w / t:.0f} % of {name}" if t else f"{w} of no {name}"
            for name, w, t in zip(instance.resources, wanted, there, strict=True)
            if w
        ),
        "rules between pods": sum(
            len(each)
            for each in (
                instance.separations, instance.affinities, instance.spreads, instance.budgets,
            )
        ),
    }  # fmt: skip
    if crowded:
        names = ", ".join(instance.node_names[j] for j in crowded[:5])
        found["nodes with more than they have room for"] = f"{len(crowded)}: {names}"
    if instance.notes:
        found["notes"] = "; ".join(instance.notes)
    return found
