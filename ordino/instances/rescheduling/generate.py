"""Random snapshots of VM clusters, fragmented as arrivals and departures leave them."""

from __future__ import annotations

import numpy as np

from ordino.core.errors import UsageError
from ordino.models.rescheduling.problem import Snapshot

__all__ = ["churned"]

CORES, MEMORY = 44, 184_388
"""Of a NUMA node, memory in MB."""
SIZES = (2, 4, 8, 16, 32)
CHANCES = (0.18, 0.42, 0.2, 0.14, 0.06)
MEMORY_A_CORE = 2048
SPANNING = 0.13
RACK_OF = 16
SET_OF = (2, 5)


def churned(
    *,
    seed: int,
    hosts: int = 30,
    usage: float = 0.92,
    pinned: float = 0.05,
    sets: int = 10,
    max_moves: int = 10,
) -> Snapshot:
    """Generate hosts with two NUMA nodes of 44 cores, filled at random.

    Args:
        seed: Of every random choice.
        hosts: How many, up to 10,000.
        usage: Share of the cores in use, about.
        pinned: Share of the VMs that may not migrate.
        sets: Sets of two to five VMs that are to be on different hosts.
        max_moves: Most migrations.

    Raises:
        UsageError: A parameter out of range.
    """
    if not (1 <= hosts <= 10_000 and 0 <= usage <= 1 and 0 <= pinned <= 1 and sets >= 0):
        raise UsageError("expected 1 to 10000 hosts, usage and pinned from 0 to 1, sets from 0")
    rng = np.random.default_rng(seed)
    free = np.full((hosts, 2), CORES)
    room = np.full((hosts, 2), MEMORY)
    vms: list[tuple[int, int | None, int]] = []
    tries = 0
    while free.sum() > (1 - usage) * hosts * 2 * CORES and tries < 200 * hosts:
        tries += 1
        cores = int(rng.choice(SIZES, p=CHANCES))
        wide = bool(rng.random() < SPANNING)
        memory = cores * MEMORY_A_CORE
        host, numa = int(rng.integers(hosts)), int(rng.integers(2))
        where = slice(None) if wide else slice(numa, numa + 1)
        if (free[host, where] >= cores).all() and (room[host, where] >= memory).all():
            free[host, where] -= cores
            room[host, where] -= memory
            vms.append((host, None if wide else numa, cores))
    apart = []
    for _ in range(sets if vms else 0):
        members: dict[int, int] = {}
        for i in rng.integers(len(vms), size=int(rng.integers(SET_OF[0], SET_OF[1] + 1))).tolist():
            members.setdefault(vms[i][0], i)
        apart.append(tuple(members.values()))
    return Snapshot.of(
        np.full((hosts, 2), CORES),
        vms,
        memory=np.full((hosts, 2), MEMORY),
        takes_memory=[cores * MEMORY_A_CORE for _, _, cores in vms],
        rack=np.arange(hosts) // RACK_OF,
        movable=(rng.random(len(vms)) >= pinned).astype(np.int64),
        host_sets=tuple(each for each in apart if len(each) > 1),
        max_moves=max_moves,
        name=f"churned-{hosts}-{seed}",
    )
