"""Text formats of flexible shops.

`fjs`: a line "jobs machines", maybe with the mean number of alternatives; then a line a job: the
number of its operations, and for each the number of its alternatives with a "machine duration" pair
for each of these. Machines are numbered from 1.

`birgin` (Birgin et al. 2014): a line "operations precedences machines"; a line "before after" a
precedence; then a line an operation: the number of its alternatives and as many "machine duration"
pairs. Operations and machines are numbered from 0. Jobs are the shortest runs of operations that no
precedence leaves.

What is not flexible at all is read as a classic job shop.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from ordino.core.errors import InstanceError, UsageError
from ordino.core.text import Line, Text
from ordino.instances.jobshop.lines import (
    job_line,
    nothing_left,
    numbers_of,
    own_lines,
    rows_of,
)
from ordino.models.jobshop.problem import MOST_MACHINES, JobShop
from ordino.models.jobshop.shop import Shop

__all__ = [
    "read_birgin",
    "read_flexible",
    "sniff_birgin",
    "sniff_flexible",
    "write_birgin",
    "write_flexible",
]

_HEADER = re.compile(r"\s*([0-9]{1,9})\s+([0-9]{1,9})(\s+[0-9]+(\.[0-9]*)?)?\s*")


def _rows_behind_header(head: str) -> list[list[int]] | None:
    """Return the rows of numbers behind a header of an `fjs` file, or `None`."""
    lines = [line for line in head.splitlines() if line.strip() and line.lstrip()[0] != "#"]
    if len(lines) < 2 or not _HEADER.fullmatch(lines[0]):
        return None
    rows = numbers_of("\n".join(lines[1:]) + ("\n" if head.endswith("\n") else ""))
    return rows[: int(lines[0].split()[0])] if rows else None


def _parses(row: Sequence[int]) -> bool:
    """Tell whether a row is the operations of a job."""
    place, left = 1, row[0]
    while left > 0 and place < len(row):
        place += 1 + 2 * max(0, row[place])
        left -= 1
    return left == 0 and place == len(row) and place > 1


def sniff_flexible(head: str) -> bool:
    """Tell whether most rows are the operations of a job with their alternatives."""
    rows = _rows_behind_header(head)
    return rows is not None and 2 * sum(map(_parses, rows)) > len(rows)


def sniff_birgin(head: str) -> bool:
    """Tell whether precedences follow a header of three numbers, then alternatives."""
    rows = numbers_of(head)
    if rows is None or len(rows) < 2 or len(rows[0]) != 3:
        return False
    operations, arcs, machines = rows[0]
    pairs, behind = rows[1 : 1 + arcs], rows[1 + arcs :]
    if min(operations, machines) < 1 or arcs < 0 or any(len(pair) != 2 for pair in pairs):
        return False
    return arcs > 0 or (bool(behind) and len(behind[0]) == 1 + 2 * behind[0][0])


def _simplest(shop: Shop) -> JobShop | Shop:
    """Return a classic job shop where nothing is flexible."""
    if shop.flexible or not shop.chained:
        return shop
    return JobShop(
        job_start=shop.job_start,
        machine=shop.machine,
        duration=shop.duration,
        machines=shop.machines,
        release_dates=shop.release_dates,
        name=shop.name,
    )


def _alternatives(
    line: Line, values: list[int], place: int, what: str, first: int, machines: int
) -> tuple[list[tuple[int, int]], int]:
    """Read the alternatives that begin at a place of a line; return them and the place behind."""
    if place >= len(values):
        raise line.error(f"expected the number of alternatives of {what}", place)
    count = values[place]
    if count < 1:
        raise line.error(f"{what} has no alternatives, expected at least one", place)
    behind = place + 1 + 2 * count
    if behind > len(values):
        raise line.error(
            f"expected {count} alternatives (machine, duration) of {what}", len(values)
        )
    durations: dict[int, int] = {}
    for at in range(place + 1, behind, 2):
        machine, duration = values[at], values[at + 1]
        if not first <= machine < first + machines:
            hint = "; machines are numbered from 1" if machine == 0 else ""
            raise line.error(
                f"expected a machine from {first} to {first + machines - 1}, got {machine}{hint}",
                at,
            )
        if duration < 0:
            raise line.error(f"expected a duration of at least 0, got {duration}", at + 1)
        if machine - first in durations:
            raise line.error(f"{what} has two alternatives on machine {machine}", at)
        durations[machine - first] = duration
    return list(durations.items()), behind


def read_flexible(text: Text) -> JobShop | Shop:
    """Read an `fjs` file; raises `InputError`."""
    lines = own_lines(text)
    header = next(lines, None)
    if header is None:
        raise text.end_error("empty, expected a line with the numbers of jobs and machines")
    if not _HEADER.fullmatch(header.text):
        raise header.error("expected the numbers of jobs and machines (and mean alternatives)", 0)
    count, machines = (int(each) for each in header.tokens()[:2])
    if not 1 <= machines <= MOST_MACHINES:
        raise header.error(f"expected 1 to {MOST_MACHINES} machines, got {machines}", 1)
    if count < 1:
        raise header.error("expected at least one job", 0)
    jobs = []
    for job in range(count):
        line = job_line(lines, text, job, count)
        values = line.integers()
        if values[0] < 1:
            raise line.error(f"job {job} has no operations", 0)
        operations, place = [], 1
        for position in range(values[0]):
            what = f"operation {position} of job {job}"
            pairs, place = _alternatives(line, values, place, what, 1, machines)
            operations.append(pairs)
        if place < len(values):
            raise line.error(f"expected the end of job {job} behind {values[0]} operations", place)
        jobs.append(operations)
    nothing_left(lines, count)
    return _made(text, jobs, machines, None)


def _made(
    text: Text,
    jobs: Sequence[Sequence[Sequence[tuple[int, int]]]],
    machines: int,
    arcs: Sequence[Sequence[tuple[int, int]] | None] | None,
) -> JobShop | Shop:
    try:
        return _simplest(Shop.of(jobs, machines=machines, arcs=arcs, name=text.name))
    except InstanceError as error:
        raise text.error(error.message) from None


def read_birgin(text: Text) -> JobShop | Shop:
    """Read a file of Birgin et al.; raises `InputError`."""
    lines = own_lines(text)
    header = next(lines, None)
    if header is None:
        raise text.end_error("empty, expected the numbers of operations, precedences, machines")
    count, arcs, machines = header.integers(
        3, what="numbers (operations, precedences, machines)", minimum=0
    )
    if count < 1 or not 1 <= machines <= MOST_MACHINES:
        raise header.error(f"expected operations, and 1 to {MOST_MACHINES} machines", 0)

    def line_of(what: str, number: int, total: int) -> Line:
        line = next(lines, None)
        if line is None:
            raise text.end_error(f"expected {total} {what}, got {number}")
        return line

    pairs = []
    for number in range(arcs):
        line = line_of("precedences", number, arcs)
        pair = line.integers(2, what="operations of a precedence", minimum=0)
        if max(pair) >= count:
            column = pair.index(max(pair))
            raise line.error(f"expected an operation from 0 to {count - 1}, got {pair[column]}",
                             column)  # fmt: skip
        pairs.append((pair[0], pair[1]))
    operations = []
    for number in range(count):
        line = line_of("operations", number, count)
        values = line.integers()
        found, behind = _alternatives(line, values, 0, f"operation {number}", 0, machines)
        if behind < len(values):
            raise line.error(f"expected the end of operation {number}", behind)
        operations.append(found)
    if (left := next(lines, None)) is not None:
        raise left.error(f"expected the end of the file after {count} operations", 0)
    starts = _runs(count, pairs)
    jobs = [operations[first:behind] for first, behind in pairwise(starts)]
    job = [j for j, mine in enumerate(jobs) for _ in mine]
    own: list[list[tuple[int, int]]] = [[] for _ in jobs]
    for before, after in pairs:
        first = starts[job[before]]
        own[job[before]].append((before - first, after - first))
    return _made(text, jobs, machines, own)


def _runs(count: int, pairs: Sequence[tuple[int, int]]) -> list[int]:
    """Return where the shortest runs begin that no pair leaves, then the count."""
    reach = list(range(count))
    for one, other in pairs:
        low, high = min(one, other), max(one, other)
        reach[low] = max(reach[low], high)
    starts, furthest = [], -1
    for each in range(count):
        if each > furthest:
            starts.append(each)
        furthest = max(furthest, reach[each])
    return [*starts, count]


def _plain(instance: JobShop | Shop, format: str) -> Shop:
    """Return a shop that a text format can hold; raises `UsageError`."""
    if isinstance(instance, JobShop):
        instance = Shop.of_classic(instance, goal="makespan", buffers="unlimited")
    extras = {
        "release dates": instance.release_dates.any(),
        "due dates": instance.due_dates is not None,
        "weights": (instance.weights != 1).any(),
        "setup times": instance.setup.size,
        "downtimes": instance.down_machine.size,
        f"the goal {instance.goal}": instance.goal != "makespan",
        f"buffers {instance.buffers}": instance.buffers != "unlimited",
    }
    for what, there in extras.items():
        if there:
            raise UsageError(f"format {format} does not hold {what}: use json")
    return instance


def _row(shop: Shop, operation: int, first: int) -> list[int]:
    mine = shop.alternatives(operation)
    machines = (shop.machine[mine.start : mine.stop] + first).tolist()
    durations = shop.duration[mine.start : mine.stop].tolist()
    pairs = zip(machines, durations, strict=True)
    return [len(mine), *(value for pair in pairs for value in pair)]


def write_flexible(instance: JobShop | Shop) -> str:
    """Write an `fjs` file; raises `UsageError` for what it can't hold."""
    shop = _plain(instance, "fjs")
    if not shop.chained:
        raise UsageError("format fjs holds jobs that are chains: use birgin or json")
    rows = [
        [behind - first, *(value for i in range(first, behind) for value in _row(shop, i, 1))]
        for first, behind in shop.chains()
    ]
    return rows_of([[shop.jobs, shop.machines], *rows])


def write_birgin(instance: JobShop | Shop) -> str:
    """Write a file of Birgin et al.; raises `UsageError` for what it can't hold."""
    shop = _plain(instance, "birgin")
    arcs = list(zip(shop.arc_before.tolist(), shop.arc_after.tolist(), strict=True))
    if _runs(shop.operations, arcs) != shop.job_start.tolist():
        raise UsageError("format birgin knows jobs by their precedences: use json")
    rows = [_row(shop, i, 0) for i in range(shop.operations)]
    header = [shop.operations, len(arcs), shop.machines]
    return rows_of([header, *map(list, arcs), *rows])
