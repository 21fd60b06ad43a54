"""What the contract tests need to know of VM rescheduling."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from ordino.instances.rescheduling.generate import churned
from ordino.models.rescheduling.check import check
from ordino.models.rescheduling.problem import Placement, Snapshot


@st.composite
def tiny(draw: st.DrawFn) -> Snapshot:
    """Up to three hosts and five VMs, with all that an instance may have."""
    hosts, nodes = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    size = draw(st.integers(4, 20))
    free = np.full((hosts, nodes), size)
    vms: list[tuple[int, int | None, int]] = []
    for _ in range(draw(st.integers(0, 5))):
        host = draw(st.integers(0, hosts - 1))
        numa = draw(st.none() | st.integers(0, nodes - 1))
        where = slice(None) if numa is None else slice(numa, numa + 1)
        room = int(free[host, where].min())
        if room:
            cores = draw(st.integers(1, min(8, room)))
            free[host, where] -= cores
            vms.append((host, numa, cores))
    numbers = st.lists(st.integers(0, max(0, len(vms) - 1)), max_size=3 if vms else 0)

    def flags(count: int) -> list[int]:
        return draw(st.lists(st.sampled_from([1, 1, 1, 0]), min_size=count, max_size=count))

    memory = [each % 3 for _, _, each in vms]
    return Snapshot.of(
        np.full((hosts, nodes), size),
        vms,
        memory=np.full((hosts, nodes), draw(st.integers(10, 12))),
        takes_memory=memory,
        rack=[draw(st.integers(0, hosts - 1)) for _ in range(hosts)],
        accepts=flags(hosts),
        movable=flags(len(vms)),
        host_sets=tuple(map(tuple, draw(st.lists(numbers, max_size=2)))),
        rack_sets=tuple(map(tuple, draw(st.lists(numbers, max_size=1)))),
        slot=draw(st.integers(1, 8)),
        max_moves=draw(st.integers(-1, 3)),
    )


def brute_force(instance: Snapshot) -> int:
    """Try every placement."""
    places = list(itertools.product(range(instance.hosts), range(instance.nodes)))
    choices = [
        [(h, k) for h, k in places if k == 0 or not instance.spans[i]] for i in range(instance.vms)
    ]
    best = instance.fragmented(instance.host, instance.numa)
    for chosen in itertools.product(*choices):
        host = np.array([h for h, _ in chosen], dtype=np.int64)
        numa = np.array([k for _, k in chosen], dtype=np.int64)
        moved = int(((host != instance.host) | (numa != instance.numa)).sum())
        if moved <= instance.most_moves:
            report = check(instance, Placement(host, numa))
            if report.valid:
                best = min(best, int(report.objective))  # type: ignore[arg-type]
    return best


def mutations(instance: Snapshot, solution: Placement) -> Iterator[Placement]:
    """Break a placement in one way each."""
    yield Placement(solution.host[:-1] if instance.vms else np.zeros(1, np.int64), solution.numa)
    if not instance.vms:
        return
    for field, beyond in (("host", instance.hosts), ("numa", instance.nodes)):
        for value in (-1, beyond):
            wrong = getattr(solution, field).copy()
            wrong[0] = value
            yield replace(solution, **{field: wrong})
    for i in np.flatnonzero(instance.movable == 0).tolist():
        if instance.hosts > 1:
            host = solution.host.copy()
            host[i] = (host[i] + 1) % instance.hosts
            yield replace(solution, host=host)


def sample() -> Snapshot:
    """Five hosts: proved in a moment."""
    return churned(seed=1, hosts=5, max_moves=3, sets=3)


def large() -> Snapshot:
    """More hosts than can be proved in a minute."""
    return churned(seed=1, hosts=300, max_moves=60)
