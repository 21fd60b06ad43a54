"""A project as plain data (JSON): activities, resources and lags by their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ordino.core.errors import nearest
from ordino.core.plain import Node

if TYPE_CHECKING:
    from ordino.models.rcpsp.problem import Project

__all__ = ["KINDS", "arguments", "to_data"]

KINDS = ("start-start", "start-end", "end-start", "end-end")


def to_data(project: Project) -> dict[str, Any]:
    """Return a project as plain data, without what says nothing.

    A mode is a list: its duration, its demands of renewable, then of non-renewable resources. A
    time lag is a list: activity, activity, kind, lag.
    """
    names = project.activity_names
    capacities = [
        steps[0][1] if len(steps := project.steps(resource)) == 1 else [list(s) for s in steps]
        for resource in range(project.renewables)
    ]
    return {
        "name": project.name,
        "goal": project.goal,
        "renewable": [
            {"name": name, "capacity": capacity}
            for name, capacity in zip(project.renewable_names, capacities, strict=True)
        ],
        "nonrenewable": [
            {"name": name, "budget": budget}
            for name, budget in zip(project.budget_names, project.budget.tolist(), strict=True)
        ],
        "activities": _activities(project),
        "lags": [
            [names[i], names[j], KINDS[kind], lag]
            for i, j, kind, lag in np.stack(
                [project.lag_source, project.lag_target, project.lag_kind, project.lag], axis=1
            ).tolist()
        ],
        "disjunctive": [[names[i] for i in group] for group in project.groups],
    }


def _activities(project: Project) -> list[dict[str, Any]]:
    from ordino.models.rcpsp.problem import NEVER

    rows = np.hstack([project.duration[:, None], project.demand, project.consumption]).tolist()
    releases, deadlines = project.release_dates.tolist(), project.deadlines.tolist()
    dues, weights = project.due_dates.tolist(), project.weights.tolist()
    activities = []
    for i, (first, behind) in enumerate(pairwise(project.mode_start.tolist())):
        activity: dict[str, Any] = {"name": project.activity_names[i], "modes": rows[first:behind]}
        if releases[i]:
            activity["release"] = releases[i]
        if deadlines[i] != NEVER:
            activity["deadline"] = deadlines[i]
        if weights[i] or dues[i]:
            activity |= {"due": dues[i], "weight": weights[i]}
        activities.append(activity)
    return activities


def arguments(data: Node) -> dict[str, Any]:
    """Read plain data into the arguments of `Project.of`; raises `InputError`."""
    fields = data.object(
        "activities", optional=("name", "goal", "renewable", "nonrenewable", "lags", "disjunctive")
    )
    renewable = [each.object("name", "capacity") for each in _list(fields, "renewable")]
    budgets = [each.object("name", "budget") for each in _list(fields, "nonrenewable")]
    activities = [
        each.object("name", "modes", optional=("release", "deadline", "due", "weight"))
        for each in fields["activities"].list()
    ]
    width = 1 + len(renewable) + len(budgets)
    names = [each["name"].string() for each in activities]
    number = {name: index for index, name in enumerate(names)}
    lags = [each.list(length=4) for each in _list(fields, "lags")]
    return {
        "activities": [_modes(each["modes"], width) for each in activities],
        "capacities": [_capacity(each["capacity"]) for each in renewable],
        "budgets": [each["budget"].integer(0) for each in budgets],
        "lags": [
            (_activity(i, number), _activity(j, number), _kind(kind), lag.integer())
            for i, j, kind, lag in lags
        ],
        "release_dates": [_integer(each, "release", 0, 0) for each in activities],
        "deadlines": [_integer(each, "deadline", None, 0) for each in activities],
        "groups": [
            [_activity(i, number) for i in each.list()] for each in _list(fields, "disjunctive")
        ],
        "due_dates": [_integer(each, "due", None, None) for each in activities],
        "weights": [_integer(each, "weight", int("due" in each), 0) for each in activities],
        "goal": fields["goal"].string() if "goal" in fields else "makespan",
        "activity_names": names,
        "renewable_names": [each["name"].string() for each in renewable],
        "budget_names": [each["name"].string() for each in budgets],
        "name": fields["name"].string() if "name" in fields else "",
    }


def _list(fields: Mapping[str, Node], key: str) -> list[Node]:
    return fields[key].list() if key in fields else []


def _modes(data: Node, width: int) -> list[tuple[int, Sequence[int]]]:
    rows = data.list()
    if not rows:
        raise data.expected("at least one mode")
    modes: list[tuple[int, Sequence[int]]] = []
    for row in rows:
        first, *rest = row.list(length=width)
        modes.append((first.integer(0), [each.integer(0) for each in rest]))
    return modes


def _capacity(data: Node) -> int | list[tuple[int, int]]:
    if not isinstance(data.value, list):
        return data.integer(0)
    steps = [each.list(length=2) for each in data.list()]
    return [(time.integer(0), capacity.integer(0)) for time, capacity in steps]


def _activity(data: Node, number: Mapping[str, int]) -> int:
    name = data.string()
    if name not in number:
        raise data.error(f"no activity has this name, {nearest(name, number)}")
    return number[name]


def _kind(data: Node) -> str:
    if (kind := data.string()) not in KINDS:
        raise data.error(f"no kind of time lag, {nearest(kind, KINDS)}")
    return kind


def _integer(
    fields: Mapping[str, Node], key: str, default: int | None, minimum: int | None
) -> int | None:
    return fields[key].integer(minimum) if key in fields else default
