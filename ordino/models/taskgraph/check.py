"""Checks the schedule of a task graph from first principles, in O(n log n + e)."""

from __future__ import annotations

import numpy as np

from ordino.core.arrays import Reals
from ordino.core.report import Report, Violation
from ordino.models.taskgraph.problem import Schedule, TaskGraph

__all__ = ["TOLERANCE", "check"]

TOLERANCE = 1e-9
"""Share of the makespan by which a time may be off; nothing where all times are integers."""


def check(instance: TaskGraph, solution: Schedule) -> Report:
    """Check that each task runs where it can, when its data are there, within its dates, and for
    the goal `makespan` alone on its processor and within its memory.

    A task occupies its processor from its start up to, not including, its end. The objective is the
    latest end, or the sum of price times duration.
    """
    processor, start = solution.processor, solution.start
    if not processor.size == start.size == instance.tasks:
        message = f"expected {instance.tasks} tasks, got {processor.size} processors and "
        return Report.of([Violation("shape", f"{message}{start.size} starts")], None)
    violations = _placing(instance, solution)
    if violations:
        return Report.of(violations, None)
    work = instance.work[np.arange(instance.tasks), processor]
    end = start + work
    slack = 0.0 if instance.integral else TOLERANCE * max(1.0, float(np.abs(end).max()))
    violations += _dates(instance, start, end, slack)
    violations += _data(instance, solution, end, slack)
    if instance.goal == "cost":
        value = float((instance.price[processor] * work).sum())
    else:
        violations += _sharing(instance, solution, end, slack)
        value = float(end.max())
    objective = int(value) if instance.integral and value.is_integer() else value
    return Report.of(violations, objective, slack)


def _placing(instance: TaskGraph, solution: Schedule) -> list[Violation]:
    violations = []
    for task, place in enumerate(solution.processor.tolist()):
        if not 0 <= place < instance.processors:
            last = instance.processors - 1
            message = (
                f"{instance.task(task)} is on processor {place}, expected one from 0 to {last}"
            )
            violations.append(Violation("unknown", message))
        elif not np.isfinite(instance.work[task, place]):
            message = f"{instance.task(task)} can't run on {instance.processor(place)}"
            violations.append(Violation("forbidden", message))
    return violations


def _dates(instance: TaskGraph, start: Reals, end: Reals, slack: float) -> list[Violation]:
    early = np.flatnonzero(start < instance.release_dates - slack)
    late = np.flatnonzero(end > instance.deadlines + slack)
    found = [
        Violation(
            "release",
            f"{instance.task(task)} starts at {start[task]:.10g}, before its release at "
            f"{instance.release_dates[task]:.10g}",
        )
        for task in early.tolist()
    ]
    found += [
        Violation(
            "deadline",
            f"{instance.task(task)} ends at {end[task]:.10g}, after its deadline at "
            f"{instance.deadlines[task]:.10g}",
        )
        for task in late.tolist()
    ]
    return found


def _data(instance: TaskGraph, solution: Schedule, end: Reals, slack: float) -> list[Violation]:
    sender, receiver = instance.source, instance.target
    places = solution.processor
    delay = instance.delay(places[sender], places[receiver], instance.volume)
    arrival = end[sender] + delay
    return [
        Violation(
            "precedence",
            f"{instance.task(int(receiver[edge]))} starts at "
            f"{solution.start[receiver[edge]]:.10g}, before the data of "
            f"{instance.task(int(sender[edge]))} arrive at {arrival[edge]:.10g}",
        )
        for edge in np.flatnonzero(solution.start[receiver] < arrival - slack).tolist()
    ]


def _sharing(instance: TaskGraph, solution: Schedule, end: Reals, slack: float) -> list[Violation]:
    start, place = solution.start, solution.processor
    order = np.lexsort((end, start, place))
    first, second = order[:-1], order[1:]
    overlap = (place[first] == place[second]) & (start[second] < end[first] - slack)
    found = [
        Violation(
            "overlap",
            f"{instance.task(int(second[index]))} starts at {start[second[index]]:.10g} on "
            f"{instance.processor(int(place[second[index]]))}, before "
            f"{instance.task(int(first[index]))} ends there at {end[first[index]]:.10g}",
        )
        for index in np.flatnonzero(overlap).tolist()
    ]
    used = np.bincount(place, weights=instance.memory, minlength=instance.processors)
    room = instance.capacity * (1 + 1e-12)
    for each in np.flatnonzero(used > room).tolist():
        message = f"the tasks on {instance.processor(each)} need {used[each]:.10g} of memory, "
        found.append(Violation("memory", f"{message}there are {instance.capacity[each]:.10g}"))
    return found
