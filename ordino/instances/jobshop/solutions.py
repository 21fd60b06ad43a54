"""Schedules as text: a line a job."""

from __future__ import annotations

import re

import numpy as np

from ordino.core.text import Text
from ordino.instances.jobshop.lines import job_line, nothing_left, own_lines, rows_of
from ordino.models.jobshop.problem import JobShop, Schedule
from ordino.models.jobshop.shop import Shop

__all__ = ["read_starts", "sniff_starts", "write_starts"]


def sniff_starts(head: str) -> bool:
    """Tell whether a solution is lines of integers."""
    return re.fullmatch(r"[-+0-9\s]+", head) is not None


def read_starts(text: Text, instance: JobShop | Shop) -> Schedule:
    """Read a solution: a line a job, the start times of its operations; raises `InputError`.

    Where there is a choice of machines, each start follows the number of its machine.
    """
    lines = own_lines(text)
    choice = isinstance(instance, Shop) and instance.flexible
    what, width = ("machines and start times", 2) if choice else ("start times", 1)
    values: list[int] = []
    for job, length in enumerate(np.diff(instance.job_start).tolist()):
        line = job_line(lines, text, job, instance.jobs)
        values += line.integers(width * length, what=f"{what} of job {job}")
    nothing_left(lines, instance.jobs)
    numbers = np.array(values, dtype=np.int64)
    return Schedule(numbers[1::2], numbers[::2]) if choice else Schedule(numbers)


def write_starts(instance: JobShop | Shop, solution: Schedule) -> str:
    """Write a solution: a line a job, the start times of its operations, with their machines where
    there is a choice."""
    starts = solution.start.tolist()
    if isinstance(instance, Shop) and instance.flexible:
        assert solution.machine is not None
        pairs = list(zip(solution.machine.tolist(), starts, strict=True))
        return rows_of([[x for pair in pairs[a:b] for x in pair] for a, b in instance.chains()])
    return rows_of([starts[first:behind] for first, behind in instance.chains()])
