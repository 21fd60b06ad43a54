"""Pictures and facts of a general shop."""

from __future__ import annotations

from typing import Any

import numpy as np

from ordino.core.scene import Bar, Mark, Scene
from ordino.models.jobshop.problem import Schedule
from ordino.models.jobshop.shop import NEVER, Shop
from ordino.models.jobshop.timing import chosen, completions, objective

__all__ = ["facts_shop", "scene_shop"]


def scene_shop(instance: Shop, solution: Schedule) -> Scene:
    """Draw a Gantt chart: a row a machine, a colour a job; setups, downtimes and waiting apart."""
    alternative = chosen(instance, solution)
    machine = instance.machine[alternative].tolist()
    end = solution.start + instance.duration[alternative]
    completion = completions(instance, end)
    starts, ends = solution.start.tolist(), end.tolist()
    last = int(end.max())
    late = np.zeros(instance.jobs, dtype=bool)
    if instance.due_dates is not None:
        late = completion > instance.due_dates
    bars = []
    for i in range(instance.operations):
        job, position = instance.place(i)
        choice = len(instance.alternatives(i))
        told = f"job {job}, operation {position}: {starts[i]} to {ends[i]}"
        if choice > 1:
            told += f", one of {choice} machines"
        bars.append(
            Bar(
                row=machine[i],
                start=starts[i],
                end=ends[i],
                group=job,
                label=str(job),
                detail=told,
                style="late" if late[job] and ends[i] == completion[job] else "solid",
            )
        )
    bars += _waiting(instance, machine, starts, ends)
    bars += _setups(instance, machine, starts, ends)
    bars += [
        Bar(m, begin, min(until, max(last, begin + 1)), -1, "", f"down from {begin}", "idle")
        for m, begin, until in zip(
            instance.down_machine.tolist(),
            instance.down_begin.tolist(),
            instance.down_end.tolist(),
            strict=True,
        )
        if begin < last
    ]
    value = objective(instance, completion.tolist())
    name = instance.objective.name
    return Scene(
        title=f"{instance.name or 'shop'}: {name} {value}, jobs by number",
        axis="time",
        rows=tuple(f"machine {m}" for m in range(instance.machines)),
        bars=tuple(bars),
        marks=(Mark(last, f"{'makespan' if instance.goal == 'makespan' else 'end'} {last}"),),
    )


def _waiting(instance: Shop, machine: list[int], starts: list[int], ends: list[int]) -> list[Bar]:
    """Return the times at which jobs block their machines."""
    if instance.buffers not in ("swap", "blocking"):
        return []
    bars = []
    for i, j in zip(instance.arc_before.tolist(), instance.arc_after.tolist(), strict=True):
        if starts[j] > ends[i]:
            job, _ = instance.place(i)
            told = f"job {job} waits for machine {machine[j]}: {ends[i]} to {starts[j]}"
            bars.append(Bar(machine[i], ends[i], starts[j], job, "", told, "blocked"))
    return bars


def _setups(instance: Shop, machine: list[int], starts: list[int], ends: list[int]) -> list[Bar]:
    """Return the setups, each right before the operation that it is for."""
    if not instance.setup.size:
        return []
    order = sorted(range(len(starts)), key=lambda i: (machine[i], starts[i], ends[i], i))
    families = [*instance.setup_family.tolist(), instance.setup_families]
    bars = []
    before = -1
    for i in order:
        m = machine[i]
        if before >= 0 and machine[before] != m:
            before = -1
        if gap := int(instance.setup[m, families[before], families[i]]):
            told = f"setup of {gap} for family {families[i]}"
            bars.append(Bar(m, starts[i] - gap, starts[i], -1, "", told, "setup"))
        before = i
    return bars


def facts_shop(instance: Shop) -> dict[str, Any]:
    """Return what there is to know of an instance at a glance."""
    choices = np.diff(instance.alternative_start)
    facts: dict[str, Any] = {
        "jobs": instance.jobs,
        "machines": instance.machines,
        "operations": instance.operations,
        "goal": instance.objective.name,
        "buffers": instance.buffers,
        "alternatives of an operation": f"{choices.min()} to {choices.max()}",
        "durations": f"{instance.duration.min()} to {instance.duration.max()}",
        "jobs are chains": instance.chained,
        "release dates": bool(instance.release_dates.any()),
        "due dates": instance.due_dates is not None,
        "setup families": instance.setup_families,
        "downtimes": int(instance.down_machine.size),
    }
    if instance.setup.size:
        facts["setups keep the triangle inequality"] = _triangle(instance)
    if (instance.down_end == NEVER).any():
        facts["machines that end for ever"] = int((instance.down_end == NEVER).sum())
    return facts


def _triangle(instance: Shop) -> bool:
    """Tell whether no setup is longer than two others that lead to the same."""
    for table in instance.setup:
        times = table[:-1]
        for middle in range(instance.setup_families):
            if (table > table[:, middle, None] + times[None, middle, :]).any():
                return False
    return True
