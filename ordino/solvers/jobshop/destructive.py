"""Destructive lower bounds for job shops: windows by immediate selection and edge finding."""

from __future__ import annotations

from typing import Any

import numpy as np

from ordino.core.budget import Budget
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.core.kernel import load
from ordino.models.jobshop.bounds import one_machine
from ordino.models.jobshop.problem import JobShop
from ordino.models.jobshop.shop import Shop, classic
from ordino.solvers.destructive import Shaver, climb

__all__ = ["NAME", "destructive", "takes"]

NAME = "destructive"
KERNELS = "ordino.solvers.jobshop.propagation_kernels"
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
        greatest = int(instance.duration.sum() + instance.release_dates.max())
        climb(windows.refute, 2, one_machine(instance) or 0, greatest, incumbent, budget, NAME)

    return solve


class _Windows:
    """When each operation may run, in arrays for the kernels."""

    def __init__(self, kernels: Any, instance: JobShop, budget: Budget) -> None:
        self._kernels = kernels
        self._shaver = Shaver(budget)
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

    def refute(self, makespan: int, effort: int) -> bool:
        """Return whether no schedule has the makespan; False where the budget ends first.

        With an effort of 0 windows are propagated, with 1 also shaved.
        """
        heads, dues = self._heads.copy(), makespan - self._tails
        dirty = np.ones(len(self._shop[1]) - 1, bool)
        arrays = (*self._shop, heads, dues, dirty, self._scratch)
        if not self._kernels.propagate(*arrays):
            return True

        def shave(first: int, last: int) -> int:
            found: int = self._kernels.shave(*arrays, self._trial, first, last)
            return found

        return effort > 0 and self._shaver.refute(shave, heads.size)
