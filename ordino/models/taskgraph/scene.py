"""Pictures and facts of a task graph."""

from __future__ import annotations

from typing import Any

import numpy as np

from ordino.core.scene import Bar, Mark, Scene
from ordino.models.taskgraph.problem import Schedule, TaskGraph
from ordino.models.taskgraph.timing import durations

__all__ = ["facts", "scene"]


def scene(instance: TaskGraph, solution: Schedule) -> Scene:
    """Draw a Gantt chart: a row a processor, a bar a task, a line at the makespan.

    For the goal `cost`, where tasks of one type of machine may overlap, a row a task.
    """
    apart = instance.goal == "cost"
    work = durations(instance, solution.processor)
    ends = solution.start + work
    bars = []
    rows = zip(solution.processor.tolist(), solution.start.tolist(), ends.tolist(), strict=True)
    for task, (place, start, end) in enumerate(rows):
        label = instance.task_names[task] if instance.task_names else str(task)
        late = end > instance.deadlines[task]
        bars.append(
            Bar(
                row=task if apart else place,
                start=start,
                end=end,
                group=place if apart else task,
                label=label,
                detail=f"{instance.task(task)} on {instance.processor(place)}: "
                f"{start:.10g} to {end:.10g}",
                style="late" if late else "solid",
            )
        )
    makespan = float(ends.max())
    cost = float((instance.price[solution.processor] * work).sum())
    value = f"cost {cost:.10g}, " if apart else ""
    names = [instance.processor(each) for each in range(instance.processors)]
    return Scene(
        title=f"{instance.name or 'task graph'}: {value}makespan {makespan:.10g}",
        axis="time",
        rows=tuple(map(instance.task, range(instance.tasks))) if apart else tuple(names),
        bars=tuple(bars),
        marks=(Mark(makespan, f"makespan {makespan:.10g}"),),
        legend=tuple(names) if apart else (),
    )


def facts(instance: TaskGraph) -> dict[str, Any]:
    """Return what there is to know of an instance at a glance."""
    runs = np.isfinite(instance.work)
    mean_work = float(instance.work[runs].mean())
    unlike = ~np.eye(instance.processors, dtype=bool)
    ratio = None
    if instance.edges and unlike.any() and mean_work:
        unit = float((1 / instance.bandwidth[unlike]).mean())
        delay = float(instance.startup[unlike].mean()) + float(instance.volume.mean()) * unit
        ratio = f"{delay / mean_work:.3g}"
    return {
        "tasks": instance.tasks,
        "edges": instance.edges,
        "processors": instance.processors,
        "goal": instance.goal,
        "mean work": f"{mean_work:.6g}",
        "communication to computation": ratio,
        "forbidden pairs": int((~runs).sum()),
        "release dates": bool(instance.release_dates.any()),
        "deadlines": bool(np.isfinite(instance.deadlines).any()),
        "memory limits": bool(np.isfinite(instance.capacity).any()),
        "integral": instance.integral,
    }
