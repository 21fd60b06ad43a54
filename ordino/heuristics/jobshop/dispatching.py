"""Dispatching rules for job shops, for active and for non-delay schedules.

Surveys: Panwalkar, Iskander 1977; Haupt 1989. Each rule gives every operation a priority; the
operation of least value goes first, jobs of lower number at ties.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from ordino.core.arrays import Integers, frozen_integers
from ordino.heuristics.jobshop.giffler_thompson import generate
from ordino.models.jobshop.problem import JobShop, Schedule

__all__ = ["Kind", "edd", "fifo", "has_due_dates", "lpt", "mopnr", "mwkr", "spt"]

Kind = Literal["non-delay", "active"]


def spt(instance: JobShop, *, schedule: Kind = "non-delay") -> Schedule:
    """Shortest processing time: the operation of least duration."""
    return _dispatch(instance, instance.duration, schedule)


def lpt(instance: JobShop, *, schedule: Kind = "non-delay") -> Schedule:
    """Longest processing time: the operation of greatest duration."""
    return _dispatch(instance, -instance.duration, schedule)


def mwkr(instance: JobShop, *, schedule: Kind = "non-delay") -> Schedule:
    """Most work remaining: the job with the most time left to process, this operation included."""
    return _dispatch(instance, -(instance.duration + instance.tails()), schedule)


def mopnr(instance: JobShop, *, schedule: Kind = "non-delay") -> Schedule:
    """Most operations remaining: the job with the most operations left."""
    behind = np.repeat(instance.job_start[1:], np.diff(instance.job_start))
    return _dispatch(instance, np.arange(instance.operations) - behind, schedule)


def fifo(instance: JobShop, *, schedule: Kind = "non-delay") -> Schedule:
    """First in, first out: the operation that has waited longest."""
    return _dispatch(instance, np.zeros_like(instance.duration), schedule, arrival_order=True)


def edd(instance: JobShop, *, schedule: Kind = "non-delay") -> Schedule:
    """Earliest due date of the job (Jackson 1955); for instances with due dates."""
    assert instance.due_dates is not None
    due = np.repeat(instance.due_dates, np.diff(instance.job_start))
    return _dispatch(instance, due, schedule)


def has_due_dates(instance: JobShop) -> str | None:
    """Say why EDD can't be applied, or return `None`."""
    return "it has no due dates" if instance.due_dates is None else None


def _dispatch(
    instance: JobShop, priority: Integers, schedule: Kind, *, arrival_order: bool = False
) -> Schedule:
    start = [0] * instance.operations
    machines, jobs = instance.machines, instance.jobs
    generate(
        instance.job_start.tolist(),
        instance.machine.tolist(),
        instance.duration.tolist(),
        instance.release_dates.tolist(),
        priority.tolist(),
        arrival_order,
        schedule == "active",
        start,
        [0] * machines,
        [0] * jobs,
        [0] * jobs,
        [0] * machines,
        [0] * jobs,
        [0] * machines,
    )
    return Schedule(frozen_integers(np.array(start, dtype=np.int64), "start"))
