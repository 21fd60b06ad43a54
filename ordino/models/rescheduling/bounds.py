"""Lower bounds on fragmented cores."""

from __future__ import annotations

import numpy as np

from ordino.models.rescheduling.problem import Snapshot

__all__ = ["few_moves", "whole_slots"]


def whole_slots(instance: Snapshot) -> int:
    """Bound: all free cores in whole slots but for the remainder."""
    free = instance.free_cores(instance.host, instance.numa)
    return int(free.sum()) % instance.slot


def few_moves(instance: Snapshot) -> int:
    """Bound: NUMA nodes gain slots one after another, the largest VMs leave each, none arrives.

    A migration frees a NUMA node, or all of a host. With m departures from a host, a slot more can
    come about only where enough cores leave; how many slots the hosts gain with M departures in all
    is a knapsack over hosts. O(hosts x M^2) at worst, less where few VMs matter.
    """
    most, slot, nodes = instance.most_moves, instance.slot, instance.nodes
    free = instance.free_cores(instance.host, instance.numa)
    gain = np.zeros(most + 1, dtype=np.int64)
    leaves = instance.movable == 1
    for host in range(instance.hosts):
        here = leaves & (instance.host == host)
        wide = _largest(instance.takes_cores[here & (instance.spans == 1)])
        single = [
            _largest(instance.takes_cores[here & (instance.spans == 0) & (instance.numa == k)])
            for k in range(nodes)
        ]
        steps = min(most, int(here.sum()))
        best = np.zeros(steps + 1, dtype=np.int64)
        for together in range(min(steps, wide.size - 1) + 1):
            room = np.zeros(1, dtype=np.int64)
            for k in range(nodes):
                left = free[host, k] + wide[together] + single[k]
                slots = left // slot - free[host, k] // slot
                room = _merged(room, slots, steps - together)
            best[together : together + room.size] = np.maximum(
                best[together : together + room.size], room
            )
        gain = _merged(gain, np.maximum.accumulate(best), most)
    slots_now = int((free // slot).sum())
    return max(whole_slots(instance), int(free.sum()) - slot * (slots_now + int(gain.max())))


def _largest(cores: np.ndarray) -> np.ndarray:
    """Return the cores that the m largest take, for every m from 0."""
    return np.concatenate([[0], np.cumsum(np.sort(cores)[::-1])])


def _merged(one: np.ndarray, other: np.ndarray, most: int) -> np.ndarray:
    """Combine gains by number of departures: max-plus convolution, up to `most`."""
    size = min(most, one.size + other.size - 2) + 1
    merged = np.zeros(size, dtype=np.int64)
    for m in np.flatnonzero(np.diff(other, prepend=-1)).tolist():
        if m < size:
            part = one[: size - m]
            merged[m : m + part.size] = np.maximum(merged[m : m + part.size], part + other[m])
    result: np.ndarray = np.maximum.accumulate(merged)
    return result
