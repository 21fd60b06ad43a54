"""Neighbourhoods of a schedule of tasks: those near a moment, or some anywhere, are left free.

The others keep their processors and, where they share one, their order, not their times.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from ordino.models.taskgraph.problem import Schedule, TaskGraph
from ordino.models.taskgraph.timing import durations

__all__ = ["restriction"]

NEAR_SHARE = 0.7
"""Of the neighbourhoods that are near a moment; the others are anywhere."""


def restriction(instance: TaskGraph) -> Callable[[Any, Schedule, np.random.Generator, float], None]:
    """Return a function for `neighbourhoods.improve` on the models of `models.taskgraph.cpsat`."""
    tasks = instance.tasks
    possible = np.isfinite(instance.work)
    # Variables: the makespan; then start, end and a literal for each possible processor, by task.
    starts = 1 + np.cumsum([0, *(2 + possible.sum(axis=1))])[:-1]
    literals = starts[:, None] + 1 + np.cumsum(possible, axis=1)

    def restrict(model: Any, schedule: Schedule, random: np.random.Generator, share: float) -> None:
        end = schedule.start + durations(instance, schedule.processor)
        distance = random.random(tasks)
        if random.random() < NEAR_SHARE:
            moment = random.uniform(0, end.max())
            distance = np.abs((schedule.start + end) / 2 - moment) * (0.7 + 0.6 * distance)
        kept = np.ones(tasks, dtype=bool)
        kept[np.argsort(distance)[: max(2, round(share * tasks))]] = False
        for task in np.flatnonzero(kept).tolist():
            index = int(literals[task, schedule.processor[task]])
            model.add(model.get_bool_var_from_proto_index(index) == 1)
        for processor in range(instance.processors):
            here = np.flatnonzero(kept & (schedule.processor == processor))
            in_turn = here[np.lexsort((end[here], schedule.start[here]))].tolist()
            for one, other in pairwise(in_turn):
                one_ends = model.get_int_var_from_proto_index(int(starts[one]) + 1)
                other_starts = model.get_int_var_from_proto_index(int(starts[other]))
                model.add(other_starts >= one_ends)

    return restrict
