"""Rules for the total tardiness that look at more than one job's own numbers.

Weights do not come in. A release date that all jobs share counts as the start; where release dates
differ, only MDDC says what to do. EDDC, MDDC and augmented MDDC are from İ. O. Çetinkaya et al.,
"Discovering Heuristics with Large Language Models (LLMs) for Mixed-Integer Programs: Single-Machine
Scheduling", arXiv 2510.24013, 2025, and are here what the authors' program does.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ordino.core.arrays import Integers
from ordino.heuristics.tardiness import rules
from ordino.models.tardiness.problem import JobSequence, SingleMachine

__all__ = [
    "augmented_mdd",
    "augmented_mddc",
    "augmented_takes",
    "eddc",
    "mddc",
    "mddc_takes",
    "nbr",
    "nbr_takes",
    "psk",
    "quadratic_takes",
]

MOST_JOBS = 20_000
MOST_JOBS_AUGMENTED = 2_000
MOST_JOBS_NBR = 500
"""What takes a second, about: a rule can't be interrupted."""


def quadratic_takes(instance: SingleMachine) -> str | None:
    """Say why an instance is not for `psk` and `eddc`, or return `None`."""
    if np.ptp(instance.release_dates):
        return "its release dates differ"
    return mddc_takes(instance)


def augmented_takes(instance: SingleMachine) -> str | None:
    """Say why an instance is not for the augmented rules, or return `None`."""
    return _beyond(MOST_JOBS_AUGMENTED, instance) or quadratic_takes(instance)


def nbr_takes(instance: SingleMachine) -> str | None:
    """Say why an instance is not for `nbr`, or return `None`."""
    return _beyond(MOST_JOBS_NBR, instance) or quadratic_takes(instance)


def mddc_takes(instance: SingleMachine) -> str | None:
    """Say why an instance is not for `mddc`, or return `None`."""
    return _beyond(MOST_JOBS, instance)


def _beyond(most: int, instance: SingleMachine) -> str | None:
    return f"{instance.jobs} jobs, beyond {most}" if instance.jobs > most else None


def psk(instance: SingleMachine) -> JobSequence:
    """Go through the waiting jobs in SPT order, and hand on from one to the next of earlier due
    date until nothing is gained by that (Panwalkar, Smith, Koulamas 1993). O(n^2)."""
    from ordino.heuristics.tardiness import constructive_kernels

    spt = np.lexsort((instance.due_dates, instance.processing_times))
    return JobSequence(spt[constructive_kernels.psk(*_columns(instance, spt))])


def nbr(instance: SingleMachine) -> JobSequence:
    """Net benefit of relocation: from EDD, beginning at the last late job, move the earlier job
    behind it whose move saves most, while any saves (Holsenback, Russell 1992). O(n^2) a move."""
    from ordino.heuristics.tardiness import constructive_kernels

    return _improved(instance, rules.edd(instance), constructive_kernels.nbr)


def eddc(instance: SingleMachine) -> JobSequence:
    """From SPT, move each job forward by adjacent swaps past jobs of later due date, which must be
    later than where the two begin (Çetinkaya et al. 2025). O(n^2).

    So does the authors' program; the text prints a start from EDD, which would leave EDD as it is.
    """
    from ordino.heuristics.tardiness import constructive_kernels

    spt = np.lexsort((instance.due_dates, instance.processing_times))
    return JobSequence(spt[constructive_kernels.eddc(*_columns(instance, spt))])


def mddc(instance: SingleMachine) -> JobSequence:
    """Least max(t + 1.1 p, d) (1 + r^2 / (1 + r^2)) + p / (t + mean p), with the mean of the
    waiting jobs and r = p / (t + longest of them), at most 1 (Çetinkaya et al. 2025). O(n^2).

    Ties go to the earliest due date, then the shortest, as in the authors' program.
    """
    from ordino.heuristics.tardiness import constructive_kernels

    edd = np.lexsort((instance.processing_times, instance.due_dates))
    times, dues, _ = _columns(instance, edd)
    return JobSequence(edd[constructive_kernels.mddc(times, dues, instance.release_dates[edd])])


def augmented_mddc(instance: SingleMachine) -> JobSequence:
    """Append the jobs as MDDC does, and after each make the best move of an earlier job to the end,
    if one saves tardiness (Çetinkaya et al. 2025). O(n^3)."""
    from ordino.heuristics.tardiness import constructive_kernels

    return _improved(instance, mddc(instance), constructive_kernels.augment)


def augmented_mdd(instance: SingleMachine) -> JobSequence:
    """Append the jobs as MDD does, and after each make the best move of an earlier job to the end,
    if one saves tardiness (Bean, Hall 1985). O(n^3)."""
    from ordino.heuristics.tardiness import constructive_kernels

    return _improved(instance, rules.mdd(instance), constructive_kernels.augment)


def _improved(
    instance: SingleMachine, start: JobSequence, improve: Callable[..., None]
) -> JobSequence:
    order = np.array(start.order)
    improve(*_columns(instance, np.arange(instance.jobs)), order)
    return JobSequence(order)


def _columns(instance: SingleMachine, ranked: Integers) -> tuple[Integers, Integers, int]:
    """Return processing times and due dates in that order, and the common release date."""
    first = int(instance.release_dates[0])
    return instance.processing_times[ranked], instance.due_dates[ranked], first
