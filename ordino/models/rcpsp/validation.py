"""What makes data a project: ranges, names, windows, capacities, no cycle of positive length."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ordino.core.arrays import guard_total
from ordino.core.errors import InstanceError, clip, nearest
from ordino.models.rcpsp import network, plain

if TYPE_CHECKING:
    from ordino.models.rcpsp.problem import Project

__all__ = ["kind_number", "validate"]

MOST_DEMANDS = 50_000_000
"""Modes times resources; more would fill the memory."""


def kind_number(kind: str) -> int:
    """Return the number of a kind of time lags; raises `InstanceError`."""
    if kind not in plain.KINDS:
        raise InstanceError(f"no kind of time lag {clip(kind)}: {nearest(kind, plain.KINDS)}")
    return plain.KINDS.index(kind)


def validate(project: Project) -> None:
    """Refuse what is no project; raises `InstanceError`. O(n + m) where lags form no cycle."""
    _validate_shape(project)
    _validate_names(project)
    _validate_calendars(project)
    _validate_lags(project)
    _validate_groups(project)
    _validate_totals(project)
    _validate_windows(project)
    _validate_goal(project)
    cycle = network.positive_cycle(
        project.activities, project.lag_source, project.lag_target, project.lag_steps()
    )
    if cycle is not None:
        raise InstanceError(_told(project, cycle), ("lags", int(cycle[-1])))


def _validate_shape(project: Project) -> None:
    if project.activities < 1:
        raise InstanceError("expected at least one activity", ("activities",))
    for starts, what in ((project.mode_start, "modes"), (project.step_start, "capacity")):
        if starts[0] != 0 or (np.diff(starts) < 1).any():
            wrong = int(np.argmax(np.diff(starts) < 1))
            owner = "activity" if what == "modes" else "resource"
            field = "activities" if what == "modes" else "renewable"
            raise InstanceError(f"{owner} {wrong} has no {what}", (field, wrong))
    if project.demand.size + project.consumption.size > MOST_DEMANDS:
        raise InstanceError(f"more than {MOST_DEMANDS} demands")


def _validate_names(project: Project) -> None:
    for names, count, what, field in (
        (project.activity_names, project.activities, "activities", "activities"),
        (project.renewable_names, project.renewables, "renewable resources", "renewable"),
        (project.budget_names, project.budget.size, "non-renewable resources", "nonrenewable"),
    ):
        if len(names) != count:
            raise InstanceError(f"expected {count} names of {what}, got {len(names)}")
        seen: set[str] = set()
        for index, name in enumerate(names):
            path = (field, index, "name")
            if not name.strip() or "\n" in name:
                raise InstanceError(f"{clip(name)} is no name of one of the {what}", path)
            if name in seen:
                raise InstanceError(f"two {what} are called {clip(name)!r}", path)
            seen.add(name)


def _validate_calendars(project: Project) -> None:
    for resource, name in enumerate(project.renewable_names):
        times = [time for time, _ in project.steps(resource)]
        path = ("renewable", resource, "capacity")
        if times[0] != 0:
            message = f"{name}: its capacity begins at time {times[0]}, expected 0"
            raise InstanceError(message, (*path, 0))
        for step, (before, behind) in enumerate(pairwise(times), start=1):
            if behind <= before:
                message = f"{name}: capacity at time {behind} follows that at {before}"
                raise InstanceError(message, (*path, step))


def _validate_lags(project: Project) -> None:
    last = project.activities - 1
    for index, (i, j, kind) in enumerate(
        zip(
            project.lag_source.tolist(),
            project.lag_target.tolist(),
            project.lag_kind.tolist(),
            strict=True,
        )
    ):
        for activity in (i, j):
            if not 0 <= activity <= last:
                message = f"lag {index}: activity {activity}, there are 0 to {last}"
                raise InstanceError(message, ("lags", index))
        if not 0 <= kind < len(plain.KINDS):
            message = f"lag {index}: kind {kind}, there are 0 to {len(plain.KINDS) - 1}"
            raise InstanceError(message, ("lags", index))
    reach = sum(abs(lag) for lag in project.lag.tolist()) + sum(project.duration.tolist())
    latest = sum(
        max(each.tolist(), default=0) for each in (project.release_dates, project.step_time)
    )
    guard_total(reach + latest, "end of a schedule")


def _validate_groups(project: Project) -> None:
    last = project.activities - 1
    for number, group in enumerate(project.groups):
        path = ("disjunctive", number)
        for activity in group:
            if isinstance(activity, bool) or not isinstance(activity, int):
                raise InstanceError(f"group {number}: {clip(activity)} is no activity", path)
            if not 0 <= activity <= last:
                message = f"group {number}: activity {activity}, there are 0 to {last}"
                raise InstanceError(message, path)
        if len(set(group)) < len(group) or len(group) < 2:
            raise InstanceError(f"group {number}: expected several different activities", path)


def _validate_totals(project: Project) -> None:
    for column, name in (
        *zip(project.consumption.T, project.budget_names, strict=True),
        *zip(project.demand.T, project.renewable_names, strict=True),
    ):
        guard_total(sum(column.tolist()), f"use of {name}")


def _validate_windows(project: Project) -> None:
    tight = project.release_dates > project.deadlines - project.least_duration
    if tight.any():
        activity = int(np.argmax(tight))
        raise InstanceError(
            f"activity {project.activity_names[activity]} takes at least "
            f"{project.least_duration[activity]}, its window is {project.release_dates[activity]} "
            f"to {project.deadlines[activity]}",
            ("activities", activity),
        )


def _validate_goal(project: Project) -> None:
    from ordino.models.rcpsp.problem import GOALS

    if project.goal not in GOALS:
        message = f"no goal {clip(project.goal)}: {nearest(str(project.goal), GOALS)}"
        raise InstanceError(message, ("goal",))
    if project.goal == "tardiness" and not project.weights.any():
        raise InstanceError("the goal tardiness needs due dates, and weights above 0")
    if project.goal == "levelling":
        _validate_levelling(project)
    late = project.horizon
    guard_total(
        sum(
            weight * max(0, late - due)
            for weight, due in zip(
                project.weights.tolist(), project.due_dates.tolist(), strict=True
            )
        ),
        "total weighted tardiness",
    )


def _validate_levelling(project: Project) -> None:
    from ordino.models.rcpsp.problem import NEVER

    if not project.renewables:
        raise InstanceError("the goal levelling needs renewable resources", ("renewable",))
    open_ended = np.flatnonzero(project.deadlines == NEVER).tolist()
    if open_ended:
        name = project.activity_names[open_ended[0]]
        raise InstanceError(
            f"the goal levelling needs deadlines: activity {name} has none",
            ("activities", open_ended[0]),
        )
    most = sum(each * each for each in project.greatest_capacity.tolist())
    guard_total(most * project.horizon, "total squared use")


def _told(project: Project, cycle: list[int]) -> str:
    """Say which time lags form a cycle of positive length."""
    names, steps = project.activity_names, project.lag_steps()
    length = sum(steps[cycle].tolist())
    shown = [names[int(project.lag_source[arc])] for arc in cycle]
    way = " -> ".join([*shown[:12], *(["…"] if len(shown) > 12 else []), shown[0]])
    return f"time lags form a cycle of positive length {length}: {clip(way, 200)}"
