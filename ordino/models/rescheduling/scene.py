"""Pictures and facts of VMs on hosts."""

from __future__ import annotations

from typing import Any

import numpy as np

from ordino.core.scene import Bar, Mark, Scene
from ordino.models.rescheduling.problem import Placement, Snapshot

__all__ = ["facts", "scene"]

MOST_ROWS = 120
GROUPS = ("stays", "migrated", "free in whole slots", "fragmented")


def scene(instance: Snapshot, solution: Placement) -> Scene:
    """Draw a row a NUMA node, cores along it; of many hosts, those that migrations touch."""
    moved = (solution.host != instance.host) | (solution.numa != instance.numa)
    shown = np.arange(instance.hosts)
    if instance.hosts * instance.nodes > MOST_ROWS:
        touched = np.union1d(solution.host[moved], instance.host[moved])
        shown = (touched if touched.size else shown)[: MOST_ROWS // instance.nodes]
    free = instance.free_cores(solution.host, solution.numa)
    rows, bars = [], []
    for h in shown.tolist():
        for k in range(instance.nodes):
            rows.append(f"{instance.host_names[h]} {k}")
            on = (solution.host == h) & ((solution.numa == k) | (instance.spans == 1))
            at = 0
            for i in np.flatnonzero(on).tolist():
                end = at + int(instance.takes_cores[i])
                name = instance.vm_names[i]
                came = f", from {instance.host_names[instance.host[i]]}" if moved[i] else ""
                detail = f"{name}: {end - at} cores{came}"
                group = int(moved[i])
                bars.append(
                    Bar(
                        row=len(rows) - 1, start=at, end=end, group=group, label=name, detail=detail
                    )
                )
                at = end
            left = int(free[h, k]) % instance.slot
            whole = int(free[h, k]) - left
            for length, group in ((whole, 2), (left, 3)):
                if length:
                    label = f"{length} {'free' if group == 2 else 'fragmented'}"
                    bars.append(
                        Bar(row=len(rows) - 1, start=at, end=at + length, group=group, label=label,
                            detail=label, style="solid" if group == 2 else "idle")
                    )  # fmt: skip
                    at += length
    fragmented = instance.fragmented(solution.host, solution.numa)
    title = (
        f"{instance.name or 'hosts'}: {fragmented} of {free.sum()} free cores fragmented "
        f"({_rate(instance, fragmented)}), {moved.sum()} migrations"
    )
    widest = int(instance.cores.max())
    return Scene(
        title=title,
        axis="cores",
        rows=tuple(rows),
        bars=tuple(bars),
        marks=(Mark(widest),),
        legend=GROUPS,
    )


def _rate(instance: Snapshot, fragmented: int) -> str:
    free = int(instance.free_cores(instance.host, instance.numa).sum())
    return f"rate {fragmented / free:.4f}" if free else "none is free"


def facts(instance: Snapshot) -> dict[str, Any]:
    """Return what there is to know of an instance at a glance."""
    free = instance.free_cores(instance.host, instance.numa)
    now = instance.fragmented(instance.host, instance.numa)
    return {
        "hosts": instance.hosts,
        "NUMA nodes of a host": instance.nodes,
        "racks": len(set(instance.rack.tolist())),
        "VMs": instance.vms,
        "movable VMs": int(instance.movable.sum()),
        "sets apart by host": len(instance.host_sets),
        "sets apart by rack": len(instance.rack_sets),
        "cores": int(instance.cores.sum()),
        "free cores": int(free.sum()),
        "fragmented cores": f"{now} ({_rate(instance, now)})",
        "most migrations": instance.most_moves,
    }
