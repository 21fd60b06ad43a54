"""Destructive lower bounds for job shops: a makespan that propagation refutes is too short.

The least makespan that is not refuted is a lower bound (Klein, Scholl 1999). First the windows of
the operations are propagated alone, by immediate selection and edge finding; then also shaved.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from ordino.core.budget import Budget
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.core.kernel import load
from ordino.models.jobshop.bounds import one_machine
from ordino.models.jobshop.problem import JobShop
from ordino.models.jobshop.shop import Shop, classic

__all__ = ["NAME", "destructive", "takes"]

NAME = "destructive"
KERNELS = "ordino.solvers.jobshop.propagation_kernels"
SLICE_SECONDS = 0.05
MOST_PAIRS = 3_000_000
"""Pairs of operations on a machine; with more, a propagation outlasts what a stop may wait."""


def takes(instance: JobShop | Shop) -> str | None:
    """Say why an instance is not for destructive bounds, or return `None`."""
    if isinstance(instance, Shop):
        return classic(instance)
    pairs = int((np.bincount(instance.machine) ** 2).sum())
    return None if pairs <= MOST_PAIRS else f"{pairs} pairs on its machines, beyond {MOST_PAIRS}"


def destructive() -> Solver:
    """Return a solver that raises the bound by growing steps, and ends. One thread.

    An iteration is a makespan tried. A propagation takes O(k^2) for a machine of k operations, a
    number of times; shaving, some such propagations for each operation.
    """

    def solve(instance: JobShop, incumbent: Incumbent, budget: Budget) -> None:
        kernels: Any = load(KERNELS, budget)
        if kernels is None:
            return
        windows = _Windows(kernels, instance, budget)
        least, tried = one_machine(instance) or 0, 0
        incumbent.raise_bound(least, NAME)
        for shaving in (False, True):
            most = int(instance.duration.sum() + instance.release_dates.max())
            step = 1
            while least <= most and not incumbent.closed:
                if budget.should_stop() or budget.out_of_iterations(tried):
                    return
                tried += 1
                if isinstance(incumbent.objective, int):
                    most = min(most, incumbent.objective - 1)
                makespan = min(least + step - 1, most)
                if windows.refute(makespan, shaving):
                    least, step = makespan + 1, 2 * step
                    incumbent.raise_bound(least, NAME)
                else:
                    most, step = makespan - 1, max(1, step // 4)

    return solve


class _Windows:
    """When each operation may run, in arrays for the kernels."""

    def __init__(self, kernels: Any, instance: JobShop, budget: Budget) -> None:
        self._kernels, self._budget = kernels, budget
        self._heads, self._tails = instance.heads(), instance.tails()
        loads = np.bincount(instance.machine, minlength=instance.machines)
        closes = np.zeros(instance.operations, bool)
        closes[instance.job_start[1:] - 1] = True
        self._shop = (
            np.array(instance.machine),
            np.concatenate([[0], np.cumsum(loads)]),
            np.argsort(instance.machine, kind="stable"),
            np.array(instance.duration),
            closes,
        )
        self._scratch = np.zeros((8, int(loads.max())), np.int64)
        self._trial = np.zeros((2, instance.operations), np.int64)
        self._count = 1

    def refute(self, makespan: int, shaving: bool) -> bool:
        """Return whether no schedule has the makespan; False where the budget ends first."""
        heads, dues = self._heads.copy(), makespan - self._tails
        dirty = np.ones(len(self._shop[1]) - 1, bool)
        arrays = (*self._shop, heads, dues, dirty, self._scratch)
        if not self._kernels.propagate(*arrays):
            return True
        cuts = int(shaving)
        while cuts:
            cuts = first = 0
            while first < heads.size:
                if self._budget.should_stop():
                    return False
                began, last = time.monotonic(), min(first + self._count, heads.size)
                found = self._kernels.shave(*arrays, self._trial, first, last)
                if found < 0:
                    return True
                cuts += found
                rate = SLICE_SECONDS / max(time.monotonic() - began, 1e-6)
                self._count = max(1, min(2 * self._count, int(rate * (last - first))))
                first = last
        return False
