"""Text formats of job shops.

`jsp` (the standard format): a line "jobs machines"; then a line a job with a "machine duration"
pair for each machine, in processing order, machines from 0.

`jsp-reentrant`: the same, with jobs of any length that may pass a machine several times; a line may
end in "-1 -1" (Da Col, Teppan 2022).

`taillard`: a line "jobs machines …", then the matrix of durations, then that of machines, numbered
from 1, a line a job; with or without the lines of words in Taillard's own files, which hold several
instances.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from ordino.core.errors import InstanceError, UsageError
from ordino.core.text import Line, Text
from ordino.instances.jobshop.flexible import sniff_flexible
from ordino.instances.jobshop.lines import (
    job_line,
    nothing_left,
    numbers_of,
    own_lines,
    rows_of,
)
from ordino.models.jobshop.problem import JobShop
from ordino.models.jobshop.shop import Shop

__all__ = [
    "read_jsp",
    "read_reentrant",
    "read_taillard",
    "sniff_jsp",
    "sniff_reentrant",
    "sniff_taillard",
    "write_jsp",
    "write_reentrant",
    "write_taillard",
]

Job = list[tuple[int, int]]

_PAIRS = "numbers (machine, duration, …; jsp-reentrant takes any)"


def _shape(head: str) -> tuple[int, int, list[list[int]]] | None:
    """Return jobs, machines and rows of a head that starts as a job shop would."""
    rows = numbers_of(head)
    if rows is None or len(rows) < 2 or len(rows[0]) != 2 or min(rows[0]) < 1:
        return None
    return rows[0][0], rows[0][1], rows[1:]


def sniff_jsp(head: str) -> bool:
    """Tell whether most lines hold a pair for each machine; some may be wrong."""
    lines = [line.split() for line in head.splitlines() if line.strip() and line.lstrip()[0] != "#"]
    if len(lines) < 2 or re.fullmatch(r"[0-9]{1,18} [0-9]{1,18}", " ".join(lines[0])) is None:
        return False
    if any(line[-2:] == ["-1", "-1"] for line in lines):
        return False
    machines = int(lines[0][1])
    regular = sum(len(line) == 2 * machines for line in lines[1:])
    return 2 * regular >= len(lines) - 1 - (not head.endswith("\n"))


def sniff_reentrant(head: str) -> bool:
    """Tell whether the first job is pairs of a machine and a duration, unlike the other formats.

    Lines of two numbers each are no job shop, but times and due dates.
    """
    shape = _shape(head)
    if shape is None or sniff_jsp(head) or sniff_taillard(head) or sniff_flexible(head):
        return False
    jobs, machines, rows = shape
    return (
        len(rows) <= jobs
        and len(rows[0]) % 2 == 0
        and max(rows[0][::2]) < machines
        and any(len(row) != 2 for row in rows)
    )


def sniff_taillard(head: str) -> bool:
    """Tell whether there are words for the matrices, or lines of one number a machine."""
    if re.search(r"(?im)^\s*times\s*$", head):
        return True
    shape = _shape(head)
    if shape is None:
        return False
    return len(shape[2]) > 1 and all(len(row) == shape[1] for row in shape[2])


def _header(lines: Iterator[Line], text: Text) -> tuple[Line, int, int]:
    line = next(lines, None)
    if line is None:
        raise text.end_error("empty, expected a line with the numbers of jobs and machines")
    jobs, machines = line.integers(2, what="numbers (jobs and machines)", minimum=1)
    return line, jobs, machines


def _pairs(line: Line, values: list[int], machines: int) -> Job:
    for index, value in enumerate(values):
        if index % 2 == 0 and not 0 <= value < machines:
            raise line.error(f"expected a machine from 0 to {machines - 1}, got {value}", index)
        if value < 0:
            raise line.error(f"expected a duration of at least 0, got {value}", index)
    return list(zip(values[::2], values[1::2], strict=True))


def _made(text: Text, jobs: list[Job], machines: int, name: str) -> JobShop:
    try:
        return JobShop.of(jobs, machines=machines, name=name)
    except InstanceError as error:
        raise text.error(error.message) from None


def read_jsp(text: Text) -> JobShop:
    """Read a standard file, in which every job passes every machine once; raises `InputError`."""
    lines = own_lines(text)
    _, count, machines = _header(lines, text)
    jobs = []
    for job in range(count):
        line = job_line(lines, text, job, count)
        values = line.integers(2 * machines, what=_PAIRS)
        pairs = _pairs(line, values, machines)
        _once_each(line, [machine for machine, _ in pairs], job, step=2)
        jobs.append(pairs)
    nothing_left(lines, count)
    return _made(text, jobs, machines, text.name)


def _once_each(line: Line, route: list[int], job: int, *, step: int, first: int = 0) -> None:
    seen: set[int] = set()
    for position, machine in enumerate(route):
        if machine in seen:
            missing = min(set(range(len(route))) - set(route))
            raise line.error(
                f"job {job} is on machine {machine + first} twice and never on "
                f"{missing + first} (format jsp-reentrant allows that)",
                position * step,
            )
        seen.add(machine)


def read_reentrant(text: Text) -> JobShop:
    """Read a file of jobs of any length and route; raises `InputError`."""
    lines = own_lines(text)
    _, count, machines = _header(lines, text)
    jobs = []
    for job in range(count):
        line = job_line(lines, text, job, count)
        values = line.integers()
        if values[-2:] == [-1, -1]:
            values = values[:-2]
        if len(values) % 2:
            raise line.error("expected a duration after the last machine", len(values))
        if not values:
            raise line.error(f"job {job} has no operations", 0)
        jobs.append(_pairs(line, values, machines))
    nothing_left(lines, count)
    return _made(text, jobs, machines, text.name)


def read_taillard(text: Text) -> list[JobShop]:
    """Read the instances of a file of Taillard's; raises `InputError`."""
    words = re.compile(r"\s*(times|machines|nb of jobs\b.*)\s*", re.IGNORECASE)
    lines = (line for line in own_lines(text) if not words.fullmatch(line.text))
    shops: list[tuple[list[Job], int]] = []
    for header in lines:
        values = header.integers(minimum=0)
        if len(values) not in (2, 6) or min(values[:2]) < 1:
            raise header.error(
                "expected the numbers of jobs and machines (and two seeds and two bounds)", 0
            )
        count, machines = values[:2]
        durations = [
            job_line(lines, text, job, count).integers(
                machines, what=f"durations of job {job}", minimum=0
            )
            for job in range(count)
        ]
        jobs = []
        for job in range(count):
            line = job_line(lines, text, job, count)
            route = line.integers(machines, what=f"machines of job {job}", minimum=1)
            if max(route) > machines:
                column = route.index(max(route))
                raise line.error(f"expected a machine from 1 to {machines}", column)
            route = [machine - 1 for machine in route]
            _once_each(line, route, job, step=1, first=1)
            jobs.append(list(zip(route, durations[job], strict=True)))
        shops.append((jobs, machines))
    if not shops:
        raise text.end_error("expected a line with the numbers of jobs and machines")
    if len(shops) == 1:
        return [_made(text, *shops[0], text.name)]
    return [
        _made(text, jobs, machines, f"{text.name}#{number}")
        for number, (jobs, machines) in enumerate(shops, start=1)
    ]


def _text_only(instance: JobShop | Shop, format: str, *, regular: bool) -> JobShop:
    """Return what a text format can hold, refuse the rest."""
    if isinstance(instance, Shop):
        raise UsageError(f"format {format} holds classic job shops alone: use json or fjs")
    if instance.release_dates.any() or instance.due_dates is not None:
        raise UsageError(f"format {format} holds no release or due dates: use json")
    if not regular:
        return instance
    lengths = np.diff(instance.job_start)
    order = np.lexsort((instance.machine, instance.job))
    every = np.tile(np.arange(instance.machines), instance.jobs)
    if (lengths != instance.machines).any() or (instance.machine[order] != every).any():
        raise UsageError(
            f"format {format} wants every job on every machine once: use jsp-reentrant or json"
        )
    return instance


def _pair_rows(instance: JobShop) -> str:
    rows = [[value for pair in job for value in pair] for job in instance.to_data()["jobs"]]
    return rows_of([[instance.jobs, instance.machines], *rows])


def write_jsp(instance: JobShop | Shop) -> str:
    """Write the standard format; raises `UsageError` for what it can't hold."""
    return _pair_rows(_text_only(instance, "jsp", regular=True))


def write_reentrant(instance: JobShop | Shop) -> str:
    """Write jobs of any length and route; raises `UsageError` for dates."""
    return _pair_rows(_text_only(instance, "jsp-reentrant", regular=False))


def write_taillard(instance: JobShop | Shop) -> str:
    """Write the two matrices; raises `UsageError` for what they can't hold."""
    instance = _text_only(instance, "taillard", regular=True)
    shape = (instance.jobs, instance.machines)
    durations = instance.duration.reshape(shape).tolist()
    routes = (instance.machine + 1).reshape(shape).tolist()
    header = rows_of([[instance.jobs, instance.machines]])
    return f"{header}Times\n{rows_of(durations)}Machines\n{rows_of(routes)}"
