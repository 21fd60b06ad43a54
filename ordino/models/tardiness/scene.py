"""A sequence as a picture."""

from __future__ import annotations

import numpy as np

from ordino.core.scene import Bar, Mark, Scene
from ordino.models.tardiness.problem import JobSequence, SingleMachine
from ordino.models.tardiness.timing import completion_times

__all__ = ["scene"]

MOST_ROWS = 60


def scene(instance: SingleMachine, solution: JobSequence) -> Scene:
    """Draw a row a job, in sequence order, with a line at its due date; late jobs stand out.

    More than 60 jobs share one row, without due dates.
    """
    order = solution.order.tolist()
    ends = completion_times(instance, solution.order)
    durations = instance.processing_times[solution.order].tolist()
    dues = instance.due_dates[solution.order].tolist()
    tardiness = np.maximum(0, ends - dues)
    apart = len(order) <= MOST_ROWS

    bars, marks = [], []
    rows = zip(order, ends.tolist(), durations, dues, tardiness.tolist(), strict=True)
    for position, (job, end, duration, due, late) in enumerate(rows):
        bars.append(
            Bar(
                row=position if apart else 0,
                start=end - duration,
                end=end,
                group=int(late > 0),
                label=str(job),
                detail=f"job {job}: {end - duration} to {end}, due {due}, {late} late",
                style="late" if late else "solid",
            )
        )
        if apart and 0 <= due <= ends[-1]:
            marks.append(Mark(at=due, row=position))
    total = int((instance.weights[solution.order] * tardiness).sum())
    count = int((tardiness > 0).sum())
    lines = "; lines are due dates" if apart else ""
    return Scene(
        title=f"{instance.objective.name} {total}, {count} of {len(order)} jobs late{lines}",
        axis="time",
        rows=tuple(f"job {job}" for job in order) if apart else ("machine",),
        bars=tuple(bars),
        marks=tuple(marks),
        legend=("on time", "late"),
    )
