"""Pictures and facts of a project."""

from __future__ import annotations

from typing import Any

import numpy as np

from ordino.core.scene import Bar, Mark, Scene
from ordino.models.rcpsp.chain import critical_chain
from ordino.models.rcpsp.problem import NEVER, Plan, Project

__all__ = ["facts", "scene"]

MOST_ROWS = 150


def scene(instance: Project, solution: Plan) -> Scene:
    """Draw a row an activity in order of starts, the critical chain apart, then a row a resource.

    A resource's row is its profile: what is in use, of the most there ever is; hatched what is not
    there for a time. Of more than 150 activities, only
    the resources and the critical chain are drawn.
    """
    mode = instance.mode_start[:-1] + solution.mode
    start, end = solution.start, solution.start + instance.duration[mode]
    chain = {link.activity for link in critical_chain(instance, solution)}
    shown = np.lexsort((end, start)).tolist()
    if len(shown) > MOST_ROWS:
        shown = [i for i in shown if i in chain]
    bars = []
    for row, i in enumerate(shown):
        name = instance.activity_names[i]
        where = "" if instance.single_mode else f" in mode {solution.mode[i]}"
        bars.append(
            Bar(
                row=row,
                start=int(start[i]),
                end=int(end[i]),
                group=int(i in chain),
                label=name,
                detail=f"{name}{where}: {start[i]} to {end[i]}",
                style="late" if _is_late(instance, i, int(end[i])) else "solid",
            )
        )
    rows = [instance.activity_names[i] for i in shown]
    makespan = int(end.max())
    for resource, name in enumerate(instance.renewable_names):
        bars += _profile(instance, mode, start, end, resource, len(rows), makespan)
        rows.append(name)
    return Scene(
        title=f"{instance.name or 'project'}: makespan {makespan}",
        axis="time",
        rows=tuple(rows),
        bars=tuple(bars),
        marks=(Mark(makespan, f"makespan {makespan}"),),
        legend=("activities", "critical chain", "part of a capacity in use"),
    )


def _is_late(instance: Project, activity: int, end: int) -> bool:
    return bool(instance.weights[activity] and end > instance.due_dates[activity])


def _profile(
    instance: Project, mode: Any, start: Any, end: Any, resource: int, row: int, makespan: int
) -> list[Bar]:
    """Return bars as high as what is in use of a resource; and, hatched, as what is missing."""
    demand = instance.demand[mode, resource]
    steps = [step for step in instance.steps(resource) if step[0] < max(1, makespan)]
    moments = np.unique(np.concatenate([start, end, [time for time, _ in steps]]))
    change = np.zeros(moments.size, dtype=np.int64)
    np.add.at(change, np.searchsorted(moments, start), demand)
    np.add.at(change, np.searchsorted(moments, end), -demand)
    used = np.cumsum(change)
    times = np.array([time for time, _ in steps])
    capacity = np.array([each for _, each in steps])
    there = capacity[np.searchsorted(times, moments, side="right") - 1]
    most = max(1, int(instance.greatest_capacity[resource]))
    bars = []
    for k in range(moments.size - 1):
        begin, until = int(moments[k]), int(moments[k + 1])
        label = f"{used[k]}/{there[k]}"
        detail = f"{begin} to {until}: {label}"
        for low, high, style in ((0, used[k], "solid"), (there[k], most, "idle")):
            if low < high:
                span = (float(low / most), float(high / most))
                shown = label if style == "solid" else ""
                bars.append(Bar(row, begin, until, 2, shown, detail=detail, style=style, span=span))
    return bars


def facts(instance: Project) -> dict[str, Any]:
    """Return what there is to know of an instance at a glance."""
    modes = np.diff(instance.mode_start)
    windows = (instance.release_dates > 0) | (instance.deadlines != NEVER)
    return {
        "activities": instance.activities,
        "modes of an activity": f"{modes.min()} to {modes.max()}",
        "renewable resources": instance.renewables,
        "non-renewable resources": int(instance.budget.size),
        "durations": f"{instance.duration.min()} to {instance.duration.max()}",
        "time lags": int(instance.lag.size),
        "windows": int(windows.sum()),
        "changes of capacity": int(instance.step_time.size) - instance.renewables,
        "disjunctive groups": len(instance.groups),
        "due dates": int((instance.weights > 0).sum()),
    }
