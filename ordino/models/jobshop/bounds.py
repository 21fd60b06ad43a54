"""Lower bounds of job shops."""

from __future__ import annotations

import numpy as np

from ordino.models.jobshop import shop_bounds
from ordino.models.jobshop.preemptive import preemptive_one_machine
from ordino.models.jobshop.problem import JobShop
from ordino.models.jobshop.shop import Shop

__all__ = ["job_length", "machine_load", "one_machine"]


def job_length(instance: JobShop | Shop) -> int | None:
    """Longest job, release date included; for other goals, every job as if it were alone. O(n)."""
    if isinstance(instance, Shop):
        return shop_bounds.job_length(instance)
    return int((instance.heads() + instance.duration + instance.tails()).max())


def machine_load(instance: JobShop | Shop) -> int | None:
    """Busiest machine: its least head, all its work, its least tail. O(n) for n operations.

    In a general shop, busiest group of machines (see `shop_bounds`).
    """
    if isinstance(instance, Shop):
        return shop_bounds.group_load(instance)
    largest = np.iinfo(np.int64).max
    head = np.full(instance.machines, largest)
    tail = np.full(instance.machines, largest)
    work = np.zeros(instance.machines, dtype=np.int64)
    np.minimum.at(head, instance.machine, instance.heads())
    np.minimum.at(tail, instance.machine, instance.tails())
    np.add.at(work, instance.machine, instance.duration)
    used = np.unique(instance.machine)
    return int((head[used] + work[used] + tail[used]).max())


def one_machine(instance: JobShop | Shop) -> int | None:
    """Best preemptive one-machine bound over all machines. O(n log n).

    Each machine alone, its operations with heads and tails, interruptions allowed (Jackson 1955;
    Carlier 1982). In a general shop, see `shop_bounds`.
    """
    if isinstance(instance, Shop):
        return shop_bounds.one_machine(instance)
    heads, tails = instance.heads(), instance.tails()
    best = 0
    for machine in np.unique(instance.machine).tolist():
        members = np.flatnonzero(instance.machine == machine)
        best = max(
            best,
            preemptive_one_machine(
                heads[members].tolist(),
                instance.duration[members].tolist(),
                tails[members].tolist(),
            ),
        )
    return best
