"""Dispatching rules for job shops, for active and for non-delay schedules.

Surveys: Panwalkar, Iskander 1977; Haupt 1989. Each rule gives every operation a priority; the
operation of least value goes first, jobs of lower number at ties.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Literal

import numpy as np

from ordino.core.arrays import Integers, frozen_integers
from ordino.core.kernel import is_warm
from ordino.heuristics.jobshop.giffler_thompson import arrays_of, generate
from ordino.models.jobshop.problem import JobShop, Schedule

__all__ = ["Kind", "edd", "fifo", "has_due_dates", "lpt", "mopnr", "mwkr", "spt"]

Kind = Literal["non-delay", "active"]
KERNELS = "ordino.heuristics.jobshop.giffler_thompson_kernels"
LARGE = 20_000
"""Operations from which on it pays to load the compiled generator, where it is there."""


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
    arguments = [*arrays_of(instance), np.array(priority, dtype=np.int64)]
    machines, jobs = instance.machines, instance.jobs
    sizes = instance.operations, machines, jobs, jobs, machines, jobs, machines
    outputs: list[Any] = [np.zeros(size, np.int64) for size in sizes]
    run: Any
    if instance.operations >= LARGE and is_warm(KERNELS):
        run, inputs = import_module(KERNELS).generate, list[Any](arguments)
    else:
        run, inputs = generate, [each.tolist() for each in arguments]
        outputs = [each.tolist() for each in outputs]
    run(*inputs, arrival_order, schedule == "active", *outputs)
    return Schedule(frozen_integers(np.array(outputs[0], dtype=np.int64), "start"))
