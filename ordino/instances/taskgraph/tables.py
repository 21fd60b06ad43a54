"""The three CSV tables of HEFT programs: times, data between tasks, bandwidths.

Each has a header and a name before each row. The first cell tells which it is: `TP` times (a row a
task, a column a processor), `T` data (a row and a column a task, 0 for no edge), `P` bandwidths (a
row and a column a processor). They stand in three files side by side, of which one is named
(`NAME_task_exe_time.csv`, `NAME_task_connectivity.csv`, `NAME_resource_BW.csv`), or in one file.
An edge needs data; one whose data are 0 can't be told from none.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ordino.core.arrays import Reals
from ordino.core.errors import InstanceError, UsageError, clip
from ordino.core.text import Line, Text
from ordino.models.taskgraph.plain import numbers
from ordino.models.taskgraph.problem import TaskGraph

__all__ = ["read_tables", "sniff_tables", "write_tables"]

FILES = {"TP": "_task_exe_time.csv", "T": "_task_connectivity.csv", "P": "_resource_BW.csv"}

LARGEST = 2.0**62


def sniff_tables(head: str) -> bool:
    """Tell whether the first line is the header of one of the tables."""
    cells = next(iter(head.lstrip().splitlines()), "").split(",")
    return len(cells) > 1 and cells[0].strip() in FILES


def read_tables(text: Text) -> TaskGraph:
    """Read the three tables, those that the text does not hold from the files beside it.

    Raises:
        InputError: A table is missing or malformed.
    """
    tables = _tables(text)
    for kind, ending in FILES.items():
        if kind not in tables:
            tables[kind] = _tables(_beside(text, ending))[kind]
    times, data, rates = tables["TP"], tables["T"], tables["P"]
    tasks, processors = times[1].shape
    for (line, values, _), size, what in (
        (data, tasks, "tasks"),
        (rates, processors, "processors"),
    ):
        if values.shape != (size, size):
            shape = " x ".join(map(str, values.shape))
            raise line.error(f"expected {size} x {size} numbers, one a pair of {what}, got {shape}")
    edges = [(i, j, float(data[1][i, j])) for i, j in np.argwhere(data[1] > 0).tolist()]
    name = text.name
    for ending in FILES.values():
        name = name.removesuffix(ending.removesuffix(".csv"))
    try:
        return TaskGraph.of(times[1], edges, bandwidth=rates[1], name=name)
    except InstanceError as error:
        senders = [data[2][i] for i, _, _ in edges]
        raise text.located(error, edges=senders, work=times[2], bandwidth=rates[2]) from None


def _beside(text: Text, ending: str) -> Text:
    """Read a table from the file that belongs to that of the text."""
    path = Path(text.source)
    for known in FILES.values():
        if path.name.endswith(known):
            other = path.with_name(path.name.removesuffix(known) + ending)
            if other.is_file():
                content = other.read_bytes().decode("utf-8-sig", "replace")
                found = Text(content, str(other), other.stem)
                if sniff_tables(content):
                    return found
                raise found.error(f"expected a table that starts with {sorted(FILES)}")
            raise text.error(f"expected a file {other.name} beside it")
    raise text.end_error(f"expected the tables TP, T and P, or a file called NAME{ending}")


def _tables(text: Text) -> dict[str, tuple[Line, Reals, list[Line]]]:
    """Return each table in a text by its kind, between its header line and those of its rows."""
    found: dict[str, tuple[Line, list[tuple[Line, list[float]]], int]] = {}
    kind = None
    for line in text.lines():
        cells = [cell.strip() for cell in line.text.split(",")]
        if cells[0] in FILES:
            kind = cells[0]
            if kind in found:
                raise line.error(f"a second table {kind}")
            found[kind] = (line, [], len(cells) - 1)
        elif kind is None:
            raise line.error(f"expected a header that starts with TP, T or P, got {clip(cells[0])}")
        else:
            found[kind][1].append((line, _row(line, cells[1:], found[kind][2])))
    made = {}
    for each, (line, rows, width) in found.items():
        if not rows or not width:
            raise line.error("expected rows below the header")
        values = np.array([row for _, row in rows], dtype=np.float64)
        made[each] = (line, values, [place for place, _ in rows])
    return made


def _row(line: Line, cells: Sequence[str], width: int) -> list[float]:
    if len(cells) != width:
        raise line.error(f"expected {width} numbers behind the name, got {len(cells)}")
    values = []
    for cell in cells:
        try:
            value = float(cell)
        except ValueError:
            raise line.error(f"expected a number, got {clip(cell)!r}") from None
        if not 0 <= value < LARGEST or not cell.isascii() or "_" in cell:
            raise line.error(f"expected a number of at least 0, got {clip(cell)!r}")
        values.append(value)
    return values


def write_tables(instance: TaskGraph) -> str:
    """Write the tables, one below the other; raises `UsageError` for what they can't hold."""
    links = np.where(np.eye(instance.processors, dtype=bool), 0, instance.bandwidth)
    plain = (
        instance.goal == "makespan"
        and np.isfinite(instance.work).all()
        and np.isfinite(links).all()
        and (instance.volume > 0).all()
        and np.isinf(instance.deadlines).all()
        and np.isinf(instance.capacity).all()
        and (instance.price == 1).all()
    )
    others = (instance.startup, instance.release_dates, instance.memory)
    if not plain or any(each.any() for each in others):
        raise UsageError("format heft-csv holds times, data and bandwidths alone: use json")
    if instance.tasks**2 > 10**8:
        raise UsageError(f"format heft-csv needs {instance.tasks}^2 cells: use json")
    data = np.zeros((instance.tasks, instance.tasks))
    data[instance.source, instance.target] = instance.volume
    tasks = [f"T{task}" for task in range(instance.tasks)]
    places = [f"P{processor}" for processor in range(instance.processors)]
    parts = (("TP", tasks, places, instance.work), ("T", tasks, tasks, data))
    return "\n".join(
        _table(kind, rows, columns, values)
        for kind, rows, columns, values in (*parts, ("P", places, places, links))
    )


def _table(kind: str, rows: Sequence[str], columns: Sequence[str], values: Reals) -> str:
    lines = [",".join([kind, *columns])]
    for name, row in zip(rows, numbers(values), strict=True):
        lines.append(",".join([name, *map(str, row)]))
    return "\n".join(lines) + "\n"
