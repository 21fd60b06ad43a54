"""Schedules of task graphs as text: a line "task processor start" a task, numbered from 0."""

from __future__ import annotations

import numpy as np

from ordino.core.errors import clip
from ordino.core.text import Text
from ordino.models.taskgraph.plain import numbers
from ordino.models.taskgraph.problem import Schedule, TaskGraph

__all__ = ["read_placements", "sniff_placements", "write_placements"]


def sniff_placements(head: str) -> bool:
    """Tell whether the first line has three words, two of them integers."""
    words = next(iter(head.strip().splitlines()), "").split()
    return len(words) == 3 and words[0].isdecimal() and words[1].isdecimal()


def read_placements(text: Text, instance: TaskGraph) -> Schedule:
    """Read a line a task, in any order; raises `InputError`."""
    processor = np.full(instance.tasks, -1)
    start = np.zeros(instance.tasks)
    seen: set[int] = set()
    for line in text.lines():
        words = line.tokens()
        if len(words) != 3:
            raise line.error(f"expected task, processor and start, got {len(words)} words", 0)
        for place in (0, 1):
            if not (words[place].isdecimal() and len(words[place]) < 10):
                raise line.error(f"expected a number, got {clip(words[place])!r}", place)
        task = int(words[0])
        if task >= instance.tasks or task in seen:
            known = f"a task from 0 to {instance.tasks - 1}, each once"
            raise line.error(f"expected {known}, got {task}", 0)
        try:
            start[task] = float(words[2])
        except ValueError:
            raise line.error(f"expected a time, got {clip(words[2])!r}", 2) from None
        if not np.isfinite(start[task]):
            raise line.error(f"expected a time, got {words[2]}", 2)
        seen.add(task)
        processor[task] = int(words[1])
    if len(seen) < instance.tasks:
        missing = min(set(range(instance.tasks)) - seen)
        raise text.end_error(f"{instance.task(missing)} is missing")
    return Schedule(processor, start)


def write_placements(instance: TaskGraph, solution: Schedule) -> str:
    """Write a line a task."""
    rows = zip(solution.processor.tolist(), numbers(solution.start), strict=True)
    return "".join(f"{task} {place} {start}\n" for task, (place, start) in enumerate(rows))
