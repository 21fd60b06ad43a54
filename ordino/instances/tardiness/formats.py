"""Text formats of single-machine tardiness.

`orlib-wt` (OR-Library, files wt40, wt50, wt100): no header; for each instance n processing times, n
weights, n due dates; line breaks mean nothing.

`smtt-jsonl`: a JSON object a line with the lists `p`, `d` and perhaps `w`; `name`, `n`, `tf`, `rdd`
and `optimal_total_tardiness` may accompany them.

`pd-text`: a line "p d" or "p d w" a job (Shang, T'kindt, Della Croce 2017).

`tardiness-csv`: a header with the columns `processing_time` (or `p`) and `due_date` (`d`), perhaps
`weight` (`w`), `release_date` (`r`) and `job`, which is not looked at; a row a job, separated by
commas, semicolons or tabs.

`sequence` (of solutions): the jobs in order, from 0; line breaks mean nothing.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence

import numpy as np

from ordino.core.errors import InputError, InstanceError, UsageError, clip, nearest
from ordino.core.plain import parse_json
from ordino.core.text import Line, Text, integers_of
from ordino.models.tardiness.problem import JobSequence, SingleMachine

__all__ = [
    "read_csv",
    "read_jsonl",
    "read_orlib",
    "read_pd",
    "read_sequence",
    "sniff_csv",
    "sniff_jsonl",
    "sniff_orlib",
    "sniff_pd",
    "sniff_sequence",
    "write_csv",
    "write_jsonl",
    "write_orlib",
    "write_pd",
    "write_sequence",
]

_COLUMNS = {
    "processing_time": "processing_time",
    "p": "processing_time",
    "due_date": "due_date",
    "d": "due_date",
    "weight": "weight",
    "w": "weight",
    "release_date": "release_date",
    "r": "release_date",
    "job": "job",
}


def _rows(head: str) -> list[list[str]]:
    """Return the tokens of all lines if they are integers, else nothing."""
    if not re.fullmatch(r"[-+0-9\s]+", head):
        return []
    return [line.split() for line in head.splitlines() if not line.isspace() and line]


def _made(text: Text, name: str, *columns: Sequence[int] | None) -> SingleMachine:
    try:
        return SingleMachine.of(*columns, name=name)  # type: ignore[arg-type]
    except InstanceError as error:
        raise text.error(f"{name}: {error.message}" if name else error.message) from None


def _without_release_dates(instance: SingleMachine, format: str) -> None:
    if instance.release_dates.any():
        raise UsageError(f"format {format} holds no release dates: use tardiness-csv or json")


# OR-Library


def sniff_orlib(head: str) -> bool:
    """Tell whether there are only integers, four or more a line, none longer than the first."""
    rows = _rows(head)
    return bool(rows) and len(rows[0]) >= 4 and all(len(row) <= len(rows[0]) for row in rows)


def read_orlib(text: Text, *, n: int) -> list[SingleMachine]:
    """Read a file of instances of n jobs each; raises `InputError`."""
    if n < 1:
        raise UsageError(f"format orlib-wt: n={n}: expected at least 1")
    lines = list(text.lines())
    values = integers_of(lines)
    if not values or len(values) % (3 * n):
        raise text.end_error(
            f"expected a multiple of {3 * n} numbers (each instance has {n} processing times, "
            f"{n} weights and {n} due dates), got {len(values)}"
        )
    table = np.array(values).reshape(-1, 3, n)
    for kind, what in enumerate(("processing time", "weight")):
        if (table[:, kind] < 0).any():
            number, job = np.argwhere(table[:, kind] < 0)[0].tolist()
            line, token = _place(lines, (3 * number + kind) * n + job)
            raise line.error(
                f"{what} of job {job} of instance #{number + 1} is {table[number, kind, job]}, "
                "expected at least 0",
                token,
            )
    return [
        _made(text, f"{text.name}#{number}", times, dues, weights)
        for number, (times, weights, dues) in enumerate(table.tolist(), start=1)
    ]


def _place(lines: Sequence[Line], index: int) -> tuple[Line, int]:
    """Find the line of the token of that index in the whole text, and its index in the line."""
    for line in lines:
        count = len(line.tokens())
        if index < count:
            return line, index
        index -= count
    raise IndexError(index)


def write_orlib(instance: SingleMachine) -> str:
    """Write a file of one instance, 20 numbers a line; raises `UsageError` for release dates."""
    _without_release_dates(instance, "orlib-wt")
    columns = (instance.processing_times, instance.weights, instance.due_dates)
    return "".join(
        " ".join(map(str, values[first : first + 20])) + "\n"
        for values in (column.tolist() for column in columns)
        for first in range(0, len(values), 20)
    )


# JSON lines


def sniff_jsonl(head: str) -> bool:
    """Tell whether the first line is an object with `p` and `d`."""
    first = next(iter(head.lstrip().splitlines()), "")
    return first.startswith("{") and '"p"' in first and '"d"' in first


def read_jsonl(text: Text) -> list[SingleMachine]:
    """Read an instance of each line; raises `InputError`."""
    instances = []
    for number, line in enumerate(text.lines(), start=1):
        try:
            instances.append(_of_object(line, f"{text.name}#{number}"))
        except InputError as error:  # it counts lines from that of the object
            raise InputError(
                error.message, source=text.source, line=line.number, column=error.column
            ) from None
    if not instances:
        raise text.end_error("empty, expected a JSON object a line")
    return instances


def _of_object(line: Line, name: str) -> SingleMachine:
    data = parse_json(line.text, line.source)
    extras = ("w", "name", "n", "tf", "rdd", "optimal_total_tardiness")
    fields = data.object("p", "d", optional=extras)
    times = fields["p"].integers(0)
    jobs = fields["n"].integer(1) if "n" in fields else len(times)
    for key in ("p", "d", "w"):
        if key in fields:
            fields[key].list(length=jobs)
    return SingleMachine.of(
        times,
        fields["d"].integers(),
        fields["w"].integers(0) if "w" in fields else None,
        name=fields["name"].string() if "name" in fields else name,
    )


def write_jsonl(instance: SingleMachine) -> str:
    """Write a line of one instance; raises `UsageError` for release dates."""
    _without_release_dates(instance, "smtt-jsonl")
    data = {
        "name": instance.name,
        "n": instance.jobs,
        "p": instance.processing_times.tolist(),
        "d": instance.due_dates.tolist(),
    }
    if (instance.weights != 1).any():
        data["w"] = instance.weights.tolist()
    return json.dumps(data) + "\n"


# Lines "p d" or "p d w"


def sniff_pd(head: str) -> bool:
    """Tell whether every line holds two integers, or every line three.

    A job shop of one machine looks alike, but for the machine 0 of all its lines.
    """
    rows = _rows(head)
    if len(rows) > 1 and not head.endswith("\n"):
        rows.pop()
    if not rows or len(rows[0]) not in (2, 3) or any(len(row) != len(rows[0]) for row in rows):
        return False
    one_machine = rows[0][1] == "1" and len(rows) > 1 and all(row[0] == "0" for row in rows[1:])
    return not one_machine


def read_pd(text: Text) -> SingleMachine:
    """Read a line a job; raises `InputError`."""
    rows: list[list[int]] = []
    for line in text.lines():
        width = len(rows[0]) if rows else len(line.tokens())
        if width not in (2, 3):
            raise line.error(f"expected 2 or 3 numbers (p d or p d w), got {width}", 0)
        values = line.integers(width, what=f"numbers ({'p d w'[: 2 * width - 1]})")
        for index, what in ((0, "processing time"), (2, "weight")):
            if index < width and values[index] < 0:
                raise line.error(f"{what} is {values[index]}, expected at least 0", index)
        rows.append(values)
    if not rows:
        raise text.end_error("empty, expected a line a job")
    return _made(text, text.name, *map(list, zip(*rows, strict=True)))


def write_pd(instance: SingleMachine) -> str:
    """Write a line a job; raises `UsageError` for release dates."""
    _without_release_dates(instance, "pd-text")
    columns = [instance.processing_times, instance.due_dates]
    if (instance.weights != 1).any():
        columns.append(instance.weights)
    return "".join(" ".join(map(str, row)) + "\n" for row in np.stack(columns, axis=1).tolist())


# CSV


def _cells(line: str, delimiter: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter))]


def _header(line: str) -> tuple[str, list[str]]:
    """Return the delimiter and the column names of a header, in lower case with underscores."""
    delimiter = max(",;\t", key=line.count)
    names = [re.sub(r"[\s-]+", "_", cell.lower()) for cell in _cells(line, delimiter)]
    return delimiter, names


def sniff_csv(head: str) -> bool:
    """Tell whether the first line names columns of processing times and due dates."""
    _, names = _header(next(iter(head.lstrip().splitlines()), ""))
    return {"processing_time", "due_date"} <= {_COLUMNS.get(name) for name in names}


def read_csv(text: Text) -> SingleMachine:
    """Read a row a job below a header; raises `InputError`."""
    lines = text.lines()
    first = next(lines, None)
    if first is None:
        raise text.end_error("empty, expected a header and a row a job")
    delimiter, names = _header(first.text)
    columns: dict[str, list[int]] = {}
    for name in names:
        if name not in _COLUMNS:
            raise first.error(f"unknown column {clip(name)!r}: {nearest(name, _COLUMNS)}")
        if _COLUMNS[name] in columns:
            raise first.error(f"a second column {_COLUMNS[name]}")
        columns[_COLUMNS[name]] = []
    for name in ("processing_time", "due_date"):
        if name not in columns:
            raise first.error(f"the column {name} is missing")
    for line in lines:
        _add_row(line, _cells(line.text, delimiter), columns)
    if not columns["due_date"]:
        raise text.end_error("expected a row a job below the header")
    return _made(
        text,
        text.name,
        columns["processing_time"],
        columns["due_date"],
        columns.get("weight"),
        columns.get("release_date"),
    )


def _add_row(line: Line, cells: list[str], columns: dict[str, list[int]]) -> None:
    if len(cells) != len(columns):
        raise line.error(f"expected {len(columns)} columns, got {len(cells)}")
    for (name, values), cell in zip(columns.items(), cells, strict=True):
        if name == "job":
            continue
        if not re.fullmatch(r"[+-]?[0-9]{1,19}", cell):
            raise line.error(f"{name}: expected an integer, got {clip(cell)!r}")
        if name != "due_date" and int(cell) < 0:
            raise line.error(f"{name}: expected at least 0, got {cell}")
        values.append(int(cell))


def write_csv(instance: SingleMachine) -> str:
    """Write a header and a row a job; weights and release dates where they say something."""
    columns = {"processing_time": instance.processing_times, "due_date": instance.due_dates}
    if (instance.weights != 1).any():
        columns["weight"] = instance.weights
    if instance.release_dates.any():
        columns["release_date"] = instance.release_dates
    rows = [list(columns), *np.stack(list(columns.values()), axis=1).tolist()]
    return "".join(",".join(map(str, row)) + "\n" for row in rows)


# Solutions


def sniff_sequence(head: str) -> bool:
    """Tell whether a solution is integers only."""
    return bool(_rows(head))


def read_sequence(text: Text, instance: SingleMachine) -> JobSequence:
    """Read the jobs in order; raises `InputError`. Whether all are there, the checker says."""
    return JobSequence(np.array(integers_of(list(text.lines())), dtype=np.int64))


def write_sequence(instance: SingleMachine, solution: JobSequence) -> str:
    """Write the jobs in order, on one line."""
    return " ".join(map(str, solution.order.tolist())) + "\n"
