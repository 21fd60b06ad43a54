"""VM rescheduling for CP-SAT: a Boolean for each VM and NUMA node that it may run on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ordino.core.objective import Value
from ordino.models.formulation import CpsatFormulation
from ordino.models.rescheduling.problem import Placement, Snapshot

__all__ = ["formulate", "takes"]

MOST_PAIRS = 150_000


def takes(instance: Snapshot) -> str | None:
    """Say why an instance is too large for the model, or return `None`."""
    pairs = int(instance.movable.sum()) * instance.hosts * instance.nodes
    if pairs > MOST_PAIRS:
        return f"{pairs} pairs of a VM and a NUMA node, beyond {MOST_PAIRS}"
    return None


def formulate(instance: Snapshot, upper_bound: Value | None) -> CpsatFormulation:
    """Build the model.

    x_ib = 1 where VM i runs on NUMA node b; s_b slots are whole on b: sum_i c_i x_ib + 16 s_b is at
    most the cores of b; the moved VMs are those not at home.

    Args:
        instance: The snapshot.
        upper_bound: Not used.
    """
    from ortools.sat.python import cp_model

    total = cp_model.LinearExpr
    model = cp_model.CpModel()
    hosts, nodes = instance.hosts, instance.nodes
    free = instance.free_cores(instance.host, instance.numa)
    leaves = np.where(instance.movable == 1, instance.takes_cores, 0)
    widest = free + instance.sum_by_node(leaves, instance.host, instance.numa)
    runs: list[dict[tuple[int, int], Any]] = []
    at_home = []
    on: dict[tuple[int, int], list[tuple[int, Any]]] = {
        (h, k): [] for h in range(hosts) for k in range(nodes)
    }
    for i in range(instance.vms):
        home = int(instance.host[i]), int(instance.numa[i])
        literals = {}
        for place in _places(instance, i, home):
            literals[place] = model.new_bool_var("")
            kept = range(nodes) if instance.spans[i] else (place[1],)
            for k in kept:
                on[place[0], k].append((i, literals[place]))
        model.add_exactly_one(literals.values())
        runs.append(literals)
        at_home.append(literals[home])
    slots = []
    for (h, k), here in on.items():
        literals_here = [literal for _, literal in here]
        cores = [int(instance.takes_cores[i]) for i, _ in here]
        memory = [int(instance.takes_memory[i]) for i, _ in here]
        slot = model.new_int_var(0, int(widest[h, k]) // instance.slot, "")
        slots.append(slot)
        model.add(
            total.weighted_sum([*literals_here, slot], [*cores, instance.slot])
            <= int(instance.cores[h, k])
        )
        model.add(total.weighted_sum(literals_here, memory) <= int(instance.memory[h, k]))
    if instance.most_moves < int(instance.movable.sum()):
        model.add(total.sum(at_home) >= instance.vms - instance.most_moves)
    _separate(model, instance, instance.host_sets, np.arange(hosts), runs)
    _separate(model, instance, instance.rack_sets, instance.rack, runs)
    fragmented = int(free.sum()) - instance.slot * total.sum(slots)
    bins = list(on)

    def hint(solution: Placement) -> Iterable[tuple[Any, int]]:
        chosen = list(zip(solution.host.tolist(), solution.numa.tolist(), strict=True))
        for literals, place in zip(runs, chosen, strict=True):
            yield from ((literal, int(each == place)) for each, literal in literals.items())
        room = instance.free_cores(solution.host, solution.numa)
        for slot, place in zip(slots, bins, strict=True):
            yield slot, int(room[place]) // instance.slot

    def read(values: Sequence[int]) -> Placement:
        chosen = [
            next(place for place, literal in literals.items() if values[literal.index])
            for literals in runs
        ]
        return Placement(
            np.array([h for h, _ in chosen], dtype=np.int64),
            np.array([k for _, k in chosen], dtype=np.int64),
        )

    return CpsatFormulation(model=model, levels=(fragmented,), hint=hint, read=read)


def _places(instance: Snapshot, vm: int, home: tuple[int, int]) -> Iterable[tuple[int, int]]:
    """Yield host and NUMA node of every place that has, empty, what a VM takes; home first."""
    yield home
    if not instance.movable[vm] or not instance.most_moves:
        return
    fits = (instance.cores >= instance.takes_cores[vm]) & (
        instance.memory >= instance.takes_memory[vm]
    )
    open_ = instance.accepts == 1
    open_[home[0]] = True
    if instance.spans[vm]:
        hosts = np.flatnonzero(fits.all(axis=1) & open_).tolist()
        yield from ((h, 0) for h in hosts if h != home[0])
    else:
        bins = np.argwhere(fits & open_[:, None]).tolist()
        yield from ((h, k) for h, k in bins if (h, k) != home)


def _separate(
    model: Any,
    instance: Snapshot,
    sets: tuple[tuple[int, ...], ...],
    domain: Any,
    runs: list[dict[tuple[int, int], Any]],
) -> None:
    """Let no VM come to a domain where another of its set is."""
    for each in sets:
        here: dict[int, list[tuple[int, Any]]] = {}
        for i in each:
            for (h, _), literal in runs[i].items():
                here.setdefault(int(domain[h]), []).append((i, literal))
        for place, members in here.items():
            now = [i for i in each if int(domain[instance.host[i]]) == place]
            literals = [literal for _, literal in members]
            if len(now) <= 1:
                if len({i for i, _ in members}) > 1:
                    model.add_at_most_one(literals)
                continue
            for i, literal in members:
                if i not in now:
                    others = [other for j, other in members if j != i]
                    model.add(sum(others) == 0).only_enforce_if(literal)
