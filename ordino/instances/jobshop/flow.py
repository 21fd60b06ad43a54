"""Taillard's format of flow shops, in which every job passes the machines in their order.

A line "jobs machines", maybe with seed and bounds; then a line a machine with the duration of each
job there; with or without the lines of words in Taillard's own files, which hold several instances.
His best known values are for schedules in which all machines take the jobs in one order; here each
may have its own.
"""

from __future__ import annotations

import re

import numpy as np

from ordino.core.errors import InstanceError, UsageError
from ordino.core.text import Text
from ordino.instances.jobshop.lines import own_lines, rows_of
from ordino.models.jobshop.problem import MOST_MACHINES, JobShop
from ordino.models.jobshop.shop import Shop

__all__ = ["read_flow", "sniff_flow", "write_flow"]

_WORDS = re.compile(r"\s*(processing times\b.*|number of jobs\b.*)\s*", re.IGNORECASE)


def sniff_flow(head: str) -> bool:
    """Tell whether there are the words of Taillard's files."""
    return re.search(r"(?im)^\s*processing times\s*:?\s*$", head) is not None


def read_flow(text: Text) -> list[JobShop]:
    """Read the flow shops of a file; raises `InputError`."""
    lines = (line for line in own_lines(text) if not _WORDS.fullmatch(line.text))
    shops: list[JobShop] = []
    tables = []
    for header in lines:
        values = header.integers(minimum=0)
        if len(values) not in (2, 5) or not (values[0] >= 1 <= values[1] <= MOST_MACHINES):
            raise header.error("expected the numbers of jobs and machines (seed and two bounds)", 0)
        jobs, machines = values[:2]
        rows = []
        for machine in range(machines):
            line = next(lines, None)
            if line is None:
                raise text.end_error(f"expected durations on {machines} machines, got {machine}")
            rows.append(line.integers(jobs, what=f"durations on machine {machine}", minimum=0))
        tables.append(rows)
    if not tables:
        raise text.end_error("expected a line with the numbers of jobs and machines")
    for number, rows in enumerate(tables, start=1):
        name = text.name if len(tables) == 1 else f"{text.name}#{number}"
        try:
            shop = JobShop.of([list(enumerate(job)) for job in zip(*rows, strict=True)],
                              machines=len(rows), name=name)  # fmt: skip
        except InstanceError as error:
            raise text.error(error.message) from None
        shops.append(shop)
    return shops


def write_flow(instance: JobShop | Shop) -> str:
    """Write a flow shop; raises `UsageError` for what the format can't hold."""
    if isinstance(instance, Shop) or instance.release_dates.any() or instance.due_dates is not None:
        raise UsageError("format taillard-flow holds durations alone: use json")
    shape = instance.jobs, instance.machines
    lengths = np.diff(instance.job_start)
    in_order = np.tile(np.arange(instance.machines), instance.jobs)
    if (lengths != instance.machines).any() or (instance.machine != in_order).any():
        raise UsageError("format taillard-flow wants every job on the machines in their order")
    table = instance.duration.reshape(shape).T.tolist()
    return f"{rows_of([[*shape]])}processing times :\n{rows_of(table)}"
