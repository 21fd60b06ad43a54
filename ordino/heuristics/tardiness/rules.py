"""Dispatching rules: whenever the machine is free, the released job with the least key starts.

The machine never waits while a job is released. Ties go to the key's second part, then to the job
of lower number. All take O(n log n) but `wmdd`.
"""

from __future__ import annotations

import heapq
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ordino.core.arrays import Integers
from ordino.models.tardiness.problem import JobSequence, SingleMachine

__all__ = ["edd", "lpt", "mdd", "montagne", "slack", "spt", "wmdd", "wmdd_takes", "wspt"]

MOST_STEPS = 2_000_000
"""Jobs times distinct weights that `wmdd` takes: a few seconds."""


def edd(instance: SingleMachine) -> JobSequence:
    """Earliest due date, then shortest: least largest tardiness without release dates (Jackson
    1955)."""
    return _by_fixed_keys(instance, instance.due_dates, instance.processing_times)


def spt(instance: SingleMachine) -> JobSequence:
    """Shortest processing time, then earliest due date: optimal if every job is late wherever it
    stands (Smith 1956)."""
    return _by_fixed_keys(instance, instance.processing_times, instance.due_dates)


def wspt(instance: SingleMachine) -> JobSequence:
    """Least processing time by weight, then earliest due date (Smith 1956); weight 0 last."""
    weights = np.where(instance.weights > 0, instance.weights, np.nan)
    ratio = np.nan_to_num(instance.processing_times / weights, nan=np.inf)
    return _by_fixed_keys(instance, ratio, instance.due_dates)


def lpt(instance: SingleMachine) -> JobSequence:
    """Longest processing time, then earliest due date: a bad rule to compare with."""
    return _by_fixed_keys(instance, -instance.processing_times, instance.due_dates)


def slack(instance: SingleMachine) -> JobSequence:
    """Least slack d - p - t, then earliest due date (Conway, Maxwell, Miller 1967)."""
    return _by_fixed_keys(
        instance, instance.due_dates - instance.processing_times, instance.due_dates
    )


def montagne(instance: SingleMachine) -> JobSequence:
    """Greatest w / p (1 - d / P) for all work P, then earliest due date (Montagne 1969).

    A job without processing time comes first.
    """
    times, work = instance.processing_times, int(instance.processing_times.sum())
    early = 1 - instance.due_dates / max(1, work)
    urgency = np.full(instance.jobs, np.inf)
    np.divide(instance.weights * early, times, out=urgency, where=times > 0)
    return _by_fixed_keys(instance, -urgency, instance.due_dates)


def mdd(instance: SingleMachine) -> JobSequence:
    """Least modified due date max(t + p, d), then shortest (Baker, Bertrand 1982).

    With this second key it gives the sequences of Panwalkar, Smith, Koulamas 1993, up to ties.
    """
    return _by_modified_due_dates(instance, np.ones(instance.jobs, dtype=np.int64))


def wmdd(instance: SingleMachine) -> JobSequence:
    """Least weighted modified due date max(p, d - t) / w, then shortest (Kanet, Li 2004).

    Weight 0 comes last. O(n (W + log n)) for W distinct weights.
    """
    return _by_modified_due_dates(instance, instance.weights)


def wmdd_takes(instance: SingleMachine) -> str | None:
    """Say why an instance is not for `wmdd`, or return `None`."""
    steps = instance.jobs * int(np.unique(instance.weights).size)
    return f"{steps} jobs x weights, beyond {MOST_STEPS}" if steps > MOST_STEPS else None


def _by_fixed_keys(instance: SingleMachine, *keys: npt.NDArray[Any]) -> JobSequence:
    """Dispatch by keys that don't change with time, the first one first."""
    ranked = np.lexsort(keys[::-1])
    if not instance.release_dates.any():
        return JobSequence(ranked)
    rank = np.argsort(ranked).tolist()
    jobs, durations = ranked.tolist(), instance.processing_times.tolist()
    arrivals = _Arrivals(instance)
    waiting: list[int] = []
    order: list[int] = []
    now = 0
    while len(order) < len(jobs):
        now, arrived = arrivals.until(now, idle=not waiting)
        for job in arrived:
            heapq.heappush(waiting, rank[job])
        job = jobs[heapq.heappop(waiting)]
        order.append(job)
        now += durations[job]
    return JobSequence(np.array(order, dtype=np.int64))


class _Arrivals:
    """Jobs in order of their release, handed out as time goes by."""

    def __init__(self, instance: SingleMachine) -> None:
        self._dates = instance.release_dates.tolist()
        self._jobs = np.argsort(instance.release_dates, kind="stable").tolist()
        self._next = 0

    def until(self, now: int, *, idle: bool) -> tuple[int, list[int]]:
        """Return the time, moved on to the next release if the machine is idle, and the jobs
        released by then that have not been handed out."""
        first = self._next
        if idle:
            now = max(now, self._dates[self._jobs[first]])
        while self._next < len(self._jobs) and self._dates[self._jobs[self._next]] <= now:
            self._next += 1
        return now, self._jobs[first : self._next]


class _Class:
    """Waiting jobs of one weight, and which of them has the least modified due date.

    A job with t + p > d is late and stays so. Late jobs wait in order of p, the others in order of
    d. One that turned late goes over only when it comes to the front: until then its t + p exceeds
    the front's due date.
    """

    def __init__(self, weight: int) -> None:
        self.weight = weight
        self.early: list[tuple[int, int, int]] = []
        self.late: list[tuple[int, int, int]] = []

    def best(self, now: int) -> tuple[float, int, int, int] | None:
        """Return max(p, d - t) / w, p, d and number of the best job; `None` if none waits."""
        early, late = self.early, self.late
        while early and now + early[0][1] > early[0][0]:
            due, duration, job = heapq.heappop(early)
            heapq.heappush(late, (duration, due, job))
        choices = []
        if early:
            due, duration, job = early[0]
            choices.append((self._over_weight(due - now), duration, due, job))
        if late:
            duration, due, job = late[0]
            choices.append((self._over_weight(duration), duration, due, job))
        return min(choices, default=None)

    def _over_weight(self, value: int) -> float:
        return value / self.weight if self.weight else math.inf

    def remove(self, job: int) -> None:
        """Take out the job that `best` returned."""
        heapq.heappop(self.early if self.early and self.early[0][2] == job else self.late)


def _by_modified_due_dates(instance: SingleMachine, weights: Integers) -> JobSequence:
    durations, dues = instance.processing_times.tolist(), instance.due_dates.tolist()
    weight = weights.tolist()
    classes = {each: _Class(each) for each in set(weight)}
    arrivals = _Arrivals(instance)
    order: list[int] = []
    waiting = now = 0
    while len(order) < len(durations):
        now, arrived = arrivals.until(now, idle=not waiting)
        for job in arrived:
            heapq.heappush(classes[weight[job]].early, (dues[job], durations[job], job))
        waiting += len(arrived) - 1
        job = min(key for each in classes.values() if (key := each.best(now)) is not None)[-1]
        classes[weight[job]].remove(job)
        order.append(job)
        now += durations[job]
    return JobSequence(np.array(order, dtype=np.int64))
