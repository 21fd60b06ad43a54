"""The network of successive sublimation: paths of job ends that fill the time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ordino.core.arrays import Integers
from ordino.core.budget import Budget

__all__ = ["Network", "OutOfBudget", "TooLarge"]

MOST_ARCS = 1_000_000_000
"""Some half of these are allowed by dominance, and take 4 bytes each."""
ARCS_AT_ONCE = 10_000_000
"""Arcs looked at between two looks at the budget: some 50 ms."""


class OutOfBudget(Exception):
    """The budget ended between two slices of a pass."""


class TooLarge(Exception):
    """The network would have too many arcs."""


class Network:
    """All sequences that dominance allows, and paths that repeat or leave out jobs.

    A pass over it takes O(arcs), at most jobs^2 times the horizon before any is dropped.
    """

    def __init__(self, kernels: Any, budget: Budget, p: Integers, d: Integers, w: Integers) -> None:
        """Make the network of jobs numbered by due date, processing time and falling weight.

        Args:
            kernels: The module of compiled passes.
            budget: Of all passes.
            p: Processing times, at least 1.
            d: Due dates, from the start of the machine.
            w: Weights, in steps of the multipliers.

        Raises:
            OutOfBudget: No time is left.
            TooLarge: It would not fit.
        """
        self._kernels, self._budget = kernels, budget
        horizon = int(p.sum())
        before = (p[:, None] <= p) & (w[:, None] >= w) & (d[:, None] <= d)
        before &= np.tri(p.size, k=-1, dtype=bool).T
        time = np.arange(horizon + 1)[:, None]
        ends, jobs = np.nonzero((time >= p @ before + p) & (time <= horizon - before @ p))
        self.jobs = np.concatenate([[p.size], jobs, [p.size]])
        ends = np.concatenate([[0], ends, [horizon]])
        p, d, w = (np.append(each, 0) for each in (p, d, w))
        self.costs = w[self.jobs] * np.maximum(0, ends - d[self.jobs])
        self.heads = np.zeros(ends.size + 1, np.int64)
        self.tails = np.empty(0, np.int32)
        at = np.searchsorted(ends, np.arange(horizon + 2))
        middles = ends[1:] - p[self.jobs[1:]]
        self._fit((at[middles + 1] - at[middles]).sum())
        step = max(1, ARCS_AT_ONCE // p.size)
        for counted in (False, True):
            if counted:
                self.tails = np.empty(self.heads[-1], np.int32)
            for v in range(1, ends.size, step):
                self._look()
                last = min(v + step, ends.size)
                kernels.join(p, d, w, self.jobs, ends, at, v, last, self.heads, self.tails)

    def shortest(self, prices: Integers) -> tuple[int, Integers] | None:
        """Return the length of a shortest path where each visit to a job earns its price, and the
        jobs on it in order; `None` if no path is left."""
        if not self.tails.size:
            return None
        self._near = np.zeros(self.jobs.size, np.int64)
        for first, last in self._slices():
            self._look()
            self._kernels.forward(*self._arrays(prices), first, last, self._near)
        if self._near[-1] >= self._kernels.FAR:
            return None
        path = np.empty(self.jobs.size, np.int64)
        self._kernels.visits(*self._arrays(prices), self._near, path)
        return int(self._near[-1]), path[path[0] : 0 : -1]

    def drop(self, prices: Integers, most: int) -> None:
        """Drop arcs on no path up to a length, straight after `shortest` for the same prices."""
        left = np.full(self.jobs.size, self._kernels.FAR)
        left[-1] = 0
        slices = list(self._slices())
        for first, last in reversed(slices):
            self._look()
            self._kernels.backward(*self._arrays(prices), first, last, left)
        number, size = np.empty(self.jobs.size, np.int64), np.zeros(3, np.int64)
        for first, last in slices:  # a half-compacted network is of no use: no look at the budget
            self._kernels.compact(
                *self._arrays(prices), first, last, self._near, left, most, number, size
            )
        nodes, arcs = size[:2]
        self.jobs, self.costs = self.jobs[:nodes].copy(), self.costs[:nodes].copy()
        self.heads, self.tails = self.heads[: nodes + 1].copy(), self.tails[:arcs].copy()

    def split(self, job: int) -> None:
        """Split the nodes by whether a job was visited, so that each path visits it once.

        Raises:
            TooLarge: It would not fit; the network is as before.
        """
        slices = list(self._slices())
        number = np.zeros(2 * self.jobs.size, np.int32)
        number[0] = 1
        arrays = self.jobs, self.heads, self.tails, job
        for first, last in slices:
            self._look()
            self._kernels.reach(*arrays, first, last, number)
        number[-1] *= 2
        for first, last in reversed(slices):
            self._look()
            self._kernels.mark(*arrays, first, last, number)
        size = np.zeros(2, np.int64)
        jobs, costs, heads = np.empty((3, 0), np.int64)
        tails = np.empty(0, np.int32)
        for counted in (False, True):
            if counted:
                (jobs, costs), heads = (
                    np.empty((2, size[0]), np.int64),
                    np.zeros(size[0] + 1, np.int64),
                )
                self._fit(size[1])
                tails = np.empty(size[1], np.int32)
                size[:] = 0
            for first, last in slices:
                self._look()
                self._kernels.split(
                    *(self.jobs, self.costs, self.heads, self.tails, job, first, last),
                    *(number, size, jobs, costs, heads, tails),
                )
        self.jobs, self.costs, self.heads, self.tails = jobs, costs, heads, tails

    def _arrays(self, prices: Integers) -> tuple[Any, ...]:
        return self.jobs, self.costs, prices, self.heads, self.tails

    def _look(self) -> None:
        if self._budget.should_stop():
            raise OutOfBudget

    def _fit(self, arcs: int) -> None:
        if arcs > MOST_ARCS:
            raise TooLarge(f"{arcs} arcs, beyond {MOST_ARCS}")

    def _slices(self) -> Iterator[tuple[int, int]]:
        """Ranges of nodes that cover the network, of some `ARCS_AT_ONCE` arcs each."""
        cuts = np.searchsorted(self.heads, np.arange(0, self.heads[-1], ARCS_AT_ONCE), "right")
        bounds = np.unique([0, *cuts[1:], self.jobs.size])
        return zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
