"""Dispatching rules for job shops, for active and for non-delay schedules.

In a general shop, work is counted with the least durations, and an operation goes to the machine on
which it ends earliest.

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
from ordino.heuristics.jobshop.shop_dispatching import dispatch
from ordino.heuristics.jobshop.shop_dispatching import takes as takes_shop
from ordino.models.jobshop.problem import JobShop, Schedule
from ordino.models.jobshop.shop import Shop
from ordino.models.jobshop.timing import tails

__all__ = ["Kind", "edd", "fifo", "lpt", "mopnr", "mwkr", "spt", "takes", "takes_due_dates"]

Kind = Literal["non-delay", "active"]
KERNELS = "ordino.heuristics.jobshop.giffler_thompson_kernels"
LARGE = 20_000
"""Operations from which on it pays to load the compiled generator, where it is there."""


def spt(instance: JobShop | Shop, *, schedule: Kind = "non-delay") -> Schedule | None:
    """Shortest processing time: the operation of least duration."""
    return _dispatch(instance, _durations(instance), schedule)


def lpt(instance: JobShop | Shop, *, schedule: Kind = "non-delay") -> Schedule | None:
    """Longest processing time: the operation of greatest duration."""
    return _dispatch(instance, -_durations(instance), schedule)


def mwkr(instance: JobShop | Shop, *, schedule: Kind = "non-delay") -> Schedule | None:
    """Most work remaining: the job with the most time left to process, this operation included."""
    tail = tails(instance) if isinstance(instance, Shop) else instance.tails()
    return _dispatch(instance, -(_durations(instance) + tail), schedule)


def mopnr(instance: JobShop | Shop, *, schedule: Kind = "non-delay") -> Schedule | None:
    """Most operations remaining: the job with the most operations left."""
    behind = np.repeat(instance.job_start[1:], np.diff(instance.job_start))
    return _dispatch(instance, np.arange(instance.operations) - behind, schedule)


def fifo(instance: JobShop | Shop, *, schedule: Kind = "non-delay") -> Schedule | None:
    """First in, first out: the operation that has waited longest."""
    return _dispatch(instance, np.zeros(instance.operations, np.int64), schedule, arrival=True)


def edd(instance: JobShop | Shop, *, schedule: Kind = "non-delay") -> Schedule | None:
    """Earliest due date of the job (Jackson 1955); for instances with due dates."""
    assert instance.due_dates is not None
    due = np.repeat(instance.due_dates, np.diff(instance.job_start))
    return _dispatch(instance, due, schedule)


def takes(instance: JobShop | Shop) -> str | None:
    """Say why rules can't be applied, or return `None`."""
    return takes_shop(instance) if isinstance(instance, Shop) else None


def takes_due_dates(instance: JobShop | Shop) -> str | None:
    """Say why EDD can't be applied, or return `None`."""
    return "it has no due dates" if instance.due_dates is None else takes(instance)


def _durations(instance: JobShop | Shop) -> Integers:
    return instance.least_duration if isinstance(instance, Shop) else instance.duration


def _dispatch(
    instance: JobShop | Shop, priority: Integers, schedule: Kind, *, arrival: bool = False
) -> Schedule | None:
    if isinstance(instance, Shop):
        return dispatch(instance, priority, arrival_order=arrival, active=schedule == "active")
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
    run(*inputs, arrival, schedule == "active", *outputs)
    return Schedule(frozen_integers(np.array(outputs[0], dtype=np.int64), "start"))
