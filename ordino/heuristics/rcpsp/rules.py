"""Priority rules with serial or parallel schedule generation (survey: Kolisch 1996).

The activity of least priority goes first, the one of lower number at ties. Here in a single pass;
`sampling` makes many.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from ordino.core.arrays import Integers
from ordino.heuristics.rcpsp import generation
from ordino.heuristics.rcpsp.modes import start_modes
from ordino.heuristics.rcpsp.packing import schedulable
from ordino.models.rcpsp.bounds import tails
from ordino.models.rcpsp.network import longest_paths
from ordino.models.rcpsp.problem import NEVER, Plan, Project

__all__ = [
    "PRIORITIES",
    "Scheme",
    "edd",
    "grpw",
    "lft",
    "lst",
    "mts",
    "spt",
    "takes",
    "takes_due_dates",
    "takes_parallel",
    "takes_wcs",
    "wcs",
]

MOST_PARALLEL = 1_000
"""Activities that the parallel scheme schedules in a second or two; it is quadratic."""

MOST_PAIRS = 300
"""Activities for a rule that looks at pairs of those that can start at once."""

Scheme = Literal["serial", "parallel"]


def takes(instance: Project) -> str | None:
    """Say why a rule might find no schedule, or return `None`."""
    if (instance.deadlines != NEVER).any():
        return "it has deadlines"
    if not schedulable(instance):
        return "its time lags form cycles"
    modes = start_modes(instance)
    if modes is None:
        return "its budgets are tight"
    if not generation.fits_at_the_end(instance, modes):
        return "a capacity is too small in the end"
    return None


def takes_parallel(instance: Project) -> str | None:
    """Say why an instance is not for the parallel scheme, or return `None`."""
    if instance.activities > MOST_PARALLEL:
        return f"{instance.activities} activities, beyond {MOST_PARALLEL}"
    return takes(instance)


def takes_due_dates(instance: Project) -> str | None:
    """Say why EDD can't be applied, or return `None`."""
    return takes(instance) if instance.weights.any() else "it has no due dates"


def lft(instance: Project, *, scheme: Scheme = "serial") -> Plan:
    """Latest finish time: least latest end, if the project were to end with its critical path."""
    return _scheduled(instance, _latest_ends(instance), scheme)


def lst(instance: Project, *, scheme: Scheme = "parallel") -> Plan:
    """Latest start time: least latest start, if the project were to end with its critical path."""
    return _scheduled(instance, _latest_starts(instance), scheme)


def wcs(instance: Project) -> Plan:
    """Worst case slack: least slack if any other activity were started first (Kolisch 1996)."""
    modes = start_modes(instance)
    assert modes is not None
    start = generation.worst_case_slack(instance, modes, _latest_starts(instance).tolist())
    return Plan(np.array(start, dtype=np.int64), modes - instance.mode_start[:-1])


def takes_wcs(instance: Project) -> str | None:
    """Say why an instance is not for WCS, or return `None`."""
    if instance.activities > MOST_PAIRS:
        return f"{instance.activities} activities, beyond {MOST_PAIRS}"
    return takes(instance)


def mts(instance: Project, *, scheme: Scheme = "parallel") -> Plan:
    """Most total successors, direct or not."""
    return _scheduled(instance, _fewest_successors(instance), scheme)


def grpw(instance: Project, *, scheme: Scheme = "parallel") -> Plan:
    """Greatest rank positional weight: own duration and those of direct successors."""
    return _scheduled(instance, _least_weight(instance), scheme)


def spt(instance: Project, *, scheme: Scheme = "parallel") -> Plan:
    """Shortest processing time."""
    return _scheduled(instance, _shortest(instance), scheme)


def edd(instance: Project, *, scheme: Scheme = "serial") -> Plan:
    """Earliest due date, that of successors handed on less the time between; for tardiness."""
    return _scheduled(instance, _earliest_dues(instance), scheme)


def _latest_ends(instance: Project) -> Integers:
    return instance.least_duration - tails(instance)


def _latest_starts(instance: Project) -> Integers:
    return -tails(instance)


def _fewest_successors(instance: Project) -> Integers:
    return np.array([-each.bit_count() for each in _successors(instance)], dtype=np.int64)


def _least_weight(instance: Project) -> Integers:
    weight = instance.least_duration.copy()
    np.add.at(weight, instance.lag_source, instance.least_duration[instance.lag_target])
    return -weight


def _shortest(instance: Project) -> Integers:
    return instance.least_duration


def _earliest_dues(instance: Project) -> Integers:
    far = int(instance.due_dates.max()) + instance.horizon
    dues = np.where(instance.weights > 0, instance.due_dates - instance.least_duration, far)
    return -longest_paths(-dues, instance.lag_target, instance.lag_source, instance.lag_steps())


PRIORITIES: dict[str, Callable[[Project], Integers]] = {
    "lft": _latest_ends,
    "lst": _latest_starts,
    "mts": _fewest_successors,
    "grpw": _least_weight,
    "spt": _shortest,
    "edd": _earliest_dues,
}


def _successors(instance: Project) -> list[int]:
    """Return the set of all successors of each activity, as bits."""
    from ordino.models.rcpsp.network import topological_order

    order = topological_order(instance.activities, instance.lag_source, instance.lag_target)
    assert order is not None
    following: list[list[int]] = [[] for _ in range(instance.activities)]
    for i, j in zip(instance.lag_source.tolist(), instance.lag_target.tolist(), strict=True):
        following[i].append(j)
    below = [0] * instance.activities
    for i in reversed(order):
        for j in following[i]:
            below[i] |= below[j] | 1 << j
    return below


def _scheduled(instance: Project, priority: Any, scheme: Scheme) -> Plan:
    modes = start_modes(instance)
    assert modes is not None
    generate = generation.serial if scheme == "serial" else generation.parallel
    start = generate(instance, modes, np.asarray(priority).tolist())
    return Plan(np.array(start, dtype=np.int64), modes - instance.mode_start[:-1])
