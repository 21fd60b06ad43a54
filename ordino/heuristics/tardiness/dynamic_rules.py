"""Dispatching rules whose priorities change with time, each in its own way.

Whenever the machine is free, the released job of greatest priority starts; of equal priorities the
job of earlier due date, then of lower number. With t the time and s = max(0, d - p - t) the slack.
A job without processing time starts as soon as it may, since it delays no other. All take
O(n log n), more only where ranks among the waiting jobs change more often than that.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ordino.core.errors import UsageError
from ordino.models.tardiness.problem import JobSequence, SingleMachine

__all__ = ["atc", "covert", "critical_ratio", "slack_spt"]

Floats = npt.NDArray[np.float64]


def atc(instance: SingleMachine, *, lookahead: float = 2.0) -> JobSequence:
    """Apparent tardiness cost: greatest w / p exp(-s / (K m)), m the mean processing time of the
    waiting jobs (Vepsalainen, Morton 1987). Weight 0 comes last.

    Args:
        instance: The jobs.
        lookahead: K, above 0; about 2 where all jobs are there from the start.

    Raises:
        UsageError: `lookahead` is not above 0.
    """
    _require(lookahead)
    columns = _Columns(instance)
    with np.errstate(divide="ignore"):
        urgency = np.log(columns.ratio)
    return columns.dispatch(
        lookahead=lookahead,
        level=urgency,
        base=columns.latest_start,
        near_from=np.where(columns.weights > 0, -np.inf, np.inf),
        late_from=columns.latest_start,
        late_priority=urgency,
    )


def covert(instance: SingleMachine, *, lookahead: float = 2.0) -> JobSequence:
    """Cost over time: greatest w / p max(0, 1 - s / (K p)) (Carroll 1965).

    Args:
        instance: The jobs.
        lookahead: K, above 0: a job counts from K p before its slack is spent.

    Raises:
        UsageError: `lookahead` is not above 0.
    """
    _require(lookahead)
    columns = _Columns(instance)
    reach = lookahead * columns.times
    with np.errstate(divide="ignore", invalid="ignore"):
        pace = reach / columns.ratio
    return columns.dispatch(
        level=columns.ratio,
        base=columns.latest_start,
        pace=pace,
        near_from=np.where(columns.weights > 0, columns.latest_start - reach, np.inf),
        late_from=columns.latest_start,
        late_priority=columns.ratio,
    )


def critical_ratio(instance: SingleMachine) -> JobSequence:
    """Least critical ratio (d - t) / p; slack per time, (d - t) / p - 1, gives the same order
    (Conway, Maxwell, Miller 1967)."""
    columns = _Columns(instance)
    return columns.dispatch(base=columns.dues, pace=columns.times)


def slack_spt(instance: SingleMachine) -> JobSequence:
    """Least max(d - p - t, p): slack while it is longer than the job, then SPT (Anderson, Nyirenda
    1990, S/RPT + SPT). Their CR + SPT is MDD on one machine."""
    columns = _Columns(instance)
    return columns.dispatch(
        base=columns.latest_start,
        late_from=columns.latest_start - columns.times,
        late_priority=-columns.times,
    )


def _require(lookahead: float) -> None:
    if not lookahead > 0:
        raise UsageError(f"lookahead is {lookahead}, expected a number above 0")


class _Columns:
    """The jobs' data by earliest due date, in floating point."""

    def __init__(self, instance: SingleMachine) -> None:
        self.instance = instance
        self.numbers = np.argsort(instance.due_dates, kind="stable")
        self.times = self._of(instance.processing_times)
        self.dues = self._of(instance.due_dates)
        self.weights = self._of(instance.weights)
        self.latest_start = self.dues - self.times
        with np.errstate(divide="ignore", invalid="ignore"):
            self.ratio = self.weights / self.times

    def _of(self, values: Any) -> Floats:
        return np.ascontiguousarray(values[self.numbers], dtype=np.float64)

    def dispatch(self, *, base: Floats, lookahead: float = 0.0, **given: Floats) -> JobSequence:
        """Dispatch by the kernel; what is not given is that of jobs near for good, of pace 1."""
        from ordino.heuristics.tardiness import dispatching_kernels

        jobs = self.instance.jobs
        level = given.get("level", np.zeros(jobs))
        pace = given.get("pace", np.ones(jobs))
        near_from = given.get("near_from", np.full(jobs, -np.inf))
        late_from = given.get("late_from", np.full(jobs, np.inf))
        late_priority = given.get("late_priority", np.zeros(jobs))
        at_once = self.times == 0
        order = self.instance.processing_times[self.numbers]
        dispatching_kernels.dispatch(
            lookahead,
            order,
            self.instance.release_dates[self.numbers],
            level,
            base,
            pace,
            near_from,
            np.where(at_once, -np.inf, late_from),
            np.where(at_once, np.inf, late_priority),
        )
        return JobSequence(self.numbers[order])
