"""Checks placements of VMs from first principles, in O(hosts + vms + members of sets)."""

from __future__ import annotations

import numpy as np

from ordino.core.arrays import Integers
from ordino.core.report import Report, Violation
from ordino.models.rescheduling.problem import Placement, Snapshot

__all__ = ["check"]


def check(instance: Snapshot, solution: Placement) -> Report:
    """Check that every VM is where it may be, with the cores and memory it takes, apart from those
    it must be apart from, and that no more are migrated than may be.

    The objective is the number of fragmented cores.
    """
    host, numa = solution.host, solution.numa
    if host.size != instance.vms or numa.size != instance.vms:
        message = f"expected {instance.vms} VMs, got {host.size} hosts and {numa.size} NUMA nodes"
        return Report.of([Violation("shape", message)], None)
    found = [
        Violation(
            "unknown", f"VM {instance.vm_names[i]} is on NUMA node {numa[i]} of host {host[i]}"
        )
        for i in range(instance.vms)
        if not (
            0 <= host[i] < instance.hosts
            and 0 <= numa[i] < (1 if instance.spans[i] else instance.nodes)
        )
    ]
    if found:
        return Report.of(found, None)
    moved = (host != instance.host) | (numa != instance.numa)
    found += [
        Violation("pinned", f"VM {instance.vm_names[i]} is migrated, but may not be")
        for i in np.flatnonzero(moved & (instance.movable == 0)).tolist()
    ]
    arrives = host != instance.host
    found += [
        Violation("host", f"VM {instance.vm_names[i]} arrives at {_name(instance, host[i])}")
        for i in np.flatnonzero(arrives & (instance.accepts[host] == 0)).tolist()
    ]
    if instance.max_moves >= 0 and int(moved.sum()) > instance.max_moves:
        message = f"{moved.sum()} VMs are migrated, at most {instance.max_moves} may be"
        found.append(Violation("moves", message))
    found += _room(instance, solution, "cores", instance.takes_cores)
    found += _room(instance, solution, "memory", instance.takes_memory)
    found += _apart(instance, instance.host_sets, host, instance.host, "host")
    racks = instance.rack[host], instance.rack[instance.host]
    found += _apart(instance, instance.rack_sets, *racks, "rack")
    free = instance.cores.copy()
    for i in range(instance.vms):
        _take(free, instance, i, int(host[i]), int(numa[i]), int(instance.takes_cores[i]))
    return Report.of(found, int(sum(each % instance.slot for each in free.ravel().tolist())))


def _name(instance: Snapshot, host: int) -> str:
    return f"host {instance.host_names[host]}, which takes none"


def _take(room: Integers, instance: Snapshot, vm: int, host: int, numa: int, amount: int) -> None:
    if instance.spans[vm]:
        room[host] -= amount
    else:
        room[host, numa] -= amount


def _room(instance: Snapshot, placement: Placement, what: str, takes: Integers) -> list[Violation]:
    room = getattr(instance, what).copy()
    for i in range(instance.vms):
        _take(room, instance, i, int(placement.host[i]), int(placement.numa[i]), int(takes[i]))
    return [
        Violation(
            "room",
            f"NUMA node {numa} of host {instance.host_names[host]} lacks {-room[host, numa]} of "
            f"{what}",
        )
        for host, numa in np.argwhere(room < 0).tolist()
    ]


def _apart(
    instance: Snapshot,
    sets: tuple[tuple[int, ...], ...],
    place: Integers,
    before: Integers,
    what: str,
) -> list[Violation]:
    """Find VMs that came to a domain with another of their set."""
    found = []
    for each in sets:
        here: dict[int, list[int]] = {}
        for i in each:
            here.setdefault(int(place[i]), []).append(i)
        for domain, members in sorted(here.items()):
            came = [i for i in members if before[i] != domain]
            if came and len(members) > 1:
                other = next(i for i in members if i != came[0])
                one, two = instance.vm_names[came[0]], instance.vm_names[other]
                found.append(
                    Violation("apart", f"VM {one} comes to {what} {domain}, where VM {two} is")
                )
    return found
