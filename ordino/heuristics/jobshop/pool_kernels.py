"""Compiled distance between two schedules of a job shop."""

from __future__ import annotations

import numpy as np

from ordino.core.kernel import kernel

__all__ = ["distance"]

_A = "int64[::1]"


@kernel(f"int64({_A}, {_A}, {_A}, {_A})")
def distance(machine, loads, one, other):  # type: ignore[no-untyped-def]
    """Count the pairs of operations on a machine that two topological orders put differently.

    O(n log n) for n operations: each machine counts its inversions in a Fenwick tree.

    Args:
        machine: Of each slot.
        loads: Number of operations on the machines before each machine, then n.
        one, other: Slots in topological order; shape (n,).
    """
    n = len(one)
    filled = loads[:-1].copy()
    rank = np.empty(len(machine), np.int64)  # in `other`, on its machine, from 1
    for i in other:
        m = machine[i]
        filled[m] += 1
        rank[i] = filled[m] - loads[m]
    tree = np.zeros(n, np.int64)  # of machine m: entries loads[m] to loads[m + 1] - 1
    filled[:] = 0
    inversions = 0
    for i in one:
        m = machine[i]
        begin, size = loads[m] - 1, loads[m + 1] - loads[m]
        inversions += filled[m]
        at = rank[i]
        while at > 0:
            inversions -= tree[begin + at]
            at -= at & -at
        at = rank[i]
        while at <= size:
            tree[begin + at] += 1
            at += at & -at
        filled[m] += 1
    return inversions
