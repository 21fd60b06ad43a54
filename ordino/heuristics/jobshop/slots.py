"""A job shop as the kernels of the tabu search see it: operations in slots (see `tabu_kernels`)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ordino.core.arrays import Integers
from ordino.models.jobshop.problem import JobShop

__all__ = ["Slots"]


class Slots:
    """A job shop in slots; read only.

    A schedule is held as an *order*: all slots in an order that is topological for its job and
    machine orders. These follow from it, and from them the schedule that starts everything as early
    as it may.

    Attributes:
        slot: Of each operation of the instance.
        count: Number of slots.
        duration: Of each slot, 0 for stops; shape (count,).
        machine: Of each slot, 0 for stops; shape (count,).
        ends: Slot of the last operation of each job.
        machines: Number of machines.
        loads: Number of operations on the machines before each machine, then on all.
    """

    def __init__(self, instance: JobShop) -> None:
        stops = instance.job_start + np.arange(instance.jobs + 1)
        self.slot: Integers = np.arange(instance.operations) + instance.job + 1
        self.count = int(stops[-1]) + 1
        self.duration: Integers = np.zeros(self.count, np.int64)
        self.duration[self.slot] = instance.duration
        self.machine: Integers = np.zeros(self.count, np.int64)
        self.machine[self.slot] = instance.machine
        self.ends: Integers = stops[1:] - 1
        self.machines = instance.machines
        counts = np.bincount(instance.machine, minlength=instance.machines)
        self.loads: Integers = np.concatenate(([0], np.cumsum(counts)))
        self._begins = stops[:-1]
        self._release = instance.release_dates

    def pairs(self) -> int:
        """Return the number of pairs of operations that share a machine."""
        loads = np.diff(self.loads)
        return int((loads * (loads - 1) // 2).sum())

    def values(self) -> Integers:
        """Return new values (see `tabu_kernels`) of which those of the stops are set."""
        values: Integers = np.zeros((2, self.count), np.int64)
        values[0, self._begins] = self._release
        return values

    def places(self) -> Integers:
        """Return new places, -1 for all."""
        return np.full(self.count, -1, np.int64)

    def order_of(self, start: Integers) -> Integers:
        """Return the order of a schedule, given by the start of each operation of the instance.

        Of operations that start together, those without duration come first.
        """
        return self.slot[np.lexsort((start + self.duration[self.slot], start))]

    def start_of(self, order: Integers, kernels: Any) -> Integers:
        """Return when each operation of the instance starts, as early as an order allows."""
        value, link = self.values(), np.empty((2, self.count), np.int64)
        last = np.zeros(self.machines, np.int64)
        kernels.arrange(self.machine, self.duration, value, link, order, self.places(), last)
        start: Integers = (value[0] - self.duration)[self.slot]
        return start

    def between(self, one: Integers, other: Integers, share: float) -> Integers:
        """Return an order that is so far on the way from one order to another.

        An operation's place is the weighted mean of its places in the two. So where both put one
        before another, as they do within a job, the result does as well: every point of the way is
        an order. O(n log n).
        """
        place = np.empty(self.count)
        place[one] = np.arange(len(one)) * (1 - share)
        place[other] += np.arange(len(other)) * share
        return self.slot[np.argsort(place[self.slot], kind="stable")]
