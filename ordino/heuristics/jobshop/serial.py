"""The serial rule for shops without room between machines: one job after another.

A job starts when the one before it is complete, so nothing is in its way but setups and downtimes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ordino.core.arrays import Integers
from ordino.models.jobshop.problem import Schedule
from ordino.models.jobshop.shop import Shop
from ordino.models.jobshop.timing import earliest

__all__ = ["serial", "takes"]


def takes(instance: Any) -> str | None:
    """Say why the rule is not for an instance, or return `None`."""
    if not isinstance(instance, Shop) or instance.buffers == "unlimited":
        return "for shops without room between machines"
    return None


def serial(instance: Shop) -> Schedule | None:
    """One job after another, in the order of their release dates, each operation on the machine
    where it ends earliest; where jobs may not wait, where it starts earliest, then ends.

    O(n a log d) for n operations, a alternatives of each and d downtimes, where jobs may wait.
    `None` where an operation finds no machine any more: they are down for ever, or need a setup
    between two operations of the job for which there is no time.
    """
    row = _Row(instance)
    # What takes no time passes a machine by its number: two jobs could disagree at an instant.
    pause = int(instance.buffers == "blocking" and not instance.duration.all())
    free = 0
    for job in np.argsort(instance.release_dates, kind="stable").tolist():
        complete = row.append(job, max(free, int(instance.release_dates[job])))
        if complete is None:
            return None
        free = complete + pause
    machine = instance.machine[row.alternative] if instance.flexible else None
    return Schedule(row.start, machine)


class _Row:
    """The jobs so far.

    Attributes:
        start: Of each operation.
        alternative: That each operation runs on.
    """

    def __init__(self, instance: Shop) -> None:
        self._instance = instance
        self.start: Integers = np.zeros(instance.operations, np.int64)
        self.alternative: Integers = np.zeros(instance.operations, np.int64)
        self._rigid = instance.buffers == "no-wait"
        self._down = {m: instance.downtimes(m) for m in np.unique(instance.down_machine).tolist()}
        self._last: dict[int, tuple[int, int]] = {}
        """Of each machine that was used: when it was left, and by which operation."""

    def append(self, job: int, begin: int) -> int | None:
        """Let a job start from a time on; return when it is complete, or `None`."""
        first, behind = self._instance.job_start[job : job + 2].tolist()
        i, at, own = first, begin, dict[int, tuple[int, int]]()
        banned: set[int] = set()
        while i < behind:
            options, blamed = self._options(i, at, own, banned)
            if not options:
                if blamed < 0:
                    return None
                banned.add(int(self.alternative[blamed]))
                i, at, own = first, begin, {}
                continue
            start, end, k = min(options) if self._rigid else min(options, key=lambda o: o[1])
            if self._rigid and start > at:
                begin += start - at
                i, at, own = first, begin, {}
                continue
            if i > first:
                own[int(self._instance.machine[self.alternative[i - 1]])] = start, i - 1
            self.start[i], self.alternative[i] = start, k
            own[int(self._instance.machine[k])] = end, i
            i, at = i + 1, end
        self._last |= own
        return at

    def _options(
        self, i: int, at: int, own: dict[int, tuple[int, int]], banned: set[int]
    ) -> tuple[list[tuple[int, int, int]], int]:
        """Return the start, end and number of the alternatives that an operation may still take,
        and the last operation of its job that took one from it, -1 for none.

        Where one follows another of its job on a machine, a later start doesn't make time for a
        setup: not right behind it, nor anywhere in a job that may not wait.
        """
        instance = self._instance
        options, blamed = [], -1
        for k in instance.alternatives(i):
            if k in banned:
                continue
            m, duration = int(instance.machine[k]), int(instance.duration[k])
            left, before = own.get(m) or self._last.get(m, (0, -1))
            ready = left + self._setup(m, before, i)
            if ready > at and m in own and (self._rigid or before == i - 1):
                blamed = max(blamed, before)
                continue
            start = earliest(max(at, ready), duration, self._down.get(m, ()))
            if start is not None:
                options.append((start, start + duration, k))
        return options, blamed

    def _setup(self, machine: int, before: int, i: int) -> int:
        instance = self._instance
        if not instance.setup.size:
            return 0
        family = instance.setup_families if before < 0 else instance.setup_family[before]
        return int(instance.setup[machine, family, instance.setup_family[i]])
