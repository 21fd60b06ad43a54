"""Pictures and facts of a job shop."""

from __future__ import annotations

from typing import Any

import numpy as np

from ordino.core.scene import Bar, Mark, Scene
from ordino.models.jobshop.problem import JobShop, Schedule
from ordino.models.jobshop.scene_shop import facts_shop, scene_shop
from ordino.models.jobshop.shop import Shop

__all__ = ["facts", "scene"]


def scene(instance: JobShop | Shop, solution: Schedule) -> Scene:
    """Draw a Gantt chart: a row a machine, a colour a job, a line at the makespan."""
    if isinstance(instance, Shop):
        return scene_shop(instance, solution)
    start, end = solution.start, solution.start + instance.duration
    makespan = int(end.max())
    bars = []
    for operation in range(instance.operations):
        job, position = instance.place(operation)
        bars.append(
            Bar(
                row=int(instance.machine[operation]),
                start=int(start[operation]),
                end=int(end[operation]),
                group=job,
                label=str(job),
                detail=f"job {job}, operation {position}: {start[operation]} to {end[operation]}",
            )
        )
    return Scene(
        title=f"{instance.name or 'job shop'}: makespan {makespan}, jobs by number",
        axis="time",
        rows=tuple(f"machine {machine}" for machine in range(instance.machines)),
        bars=tuple(bars),
        marks=(Mark(makespan, f"makespan {makespan}"),),
    )


def facts(instance: JobShop | Shop) -> dict[str, Any]:
    """Return what there is to know of an instance at a glance."""
    if isinstance(instance, Shop):
        return facts_shop(instance)
    lengths = np.diff(instance.job_start)
    pairs = instance.job * instance.machines + instance.machine
    return {
        "jobs": instance.jobs,
        "machines": instance.machines,
        "operations": instance.operations,
        "operations of a job": f"{lengths.min()} to {lengths.max()}",
        "durations": f"{instance.duration.min()} to {instance.duration.max()}",
        "total work": int(instance.duration.sum()),
        "re-entrant": bool(np.unique(pairs).size < instance.operations),
        "release dates": bool(instance.release_dates.any()),
        "due dates": instance.due_dates is not None,
    }
