"""CSV of buffers, as MiniMalloc and idealloc read them, and with offsets as they write them.

A header names the columns, in any order; a row a buffer.

| column | meaning |
|---|---|
| `id` (`buffer`, `buffer_id`) | unique |
| `lower` (`start`, `begin`) | first moment at which it is alive |
| `upper` | first moment at which it is not; a column `end` holds the last moment of its life |
| `size` | bytes |
| `alignment` | its offset must be a multiple; 1 unless given |
| `hint` | offset that it had better get, -1 for none |
| `gaps` | `3-5 8-9@0:64`: not there from 3 to 5, only bytes 0 to 64 from 8 to 9 |
| `offset` | in an instance a fixed offset, -1 for none; in a solution where it lies |
| `benefit`, `tensor` | make it a two-level mapping (`models.tensormemory.mapping`) |

The capacity stands in the name of the file (`A.1048576.csv`), or nowhere. idealloc also reads files
whose lifetimes include both ends or neither: `ends=inclusive`, `ends=exclusive`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ordino.core.arrays import LARGEST
from ordino.core.errors import InputError, InstanceError, UsageError, clip, nearest
from ordino.core.text import Line, Text
from ordino.models.tensormemory.lifetimes import FREE, Lifetimes
from ordino.models.tensormemory.mapping import Mapping
from ordino.models.tensormemory.placement import Placement

__all__ = ["read_buffers", "read_offsets", "sniff_buffers", "sniff_offsets", "write_buffers"]
__all__ += ["write_offsets"]

ALIASES = {"buffer": "id", "buffer_id": "id", "start": "lower", "begin": "lower"}
REQUIRED = ("id", "lower", "upper", "size")
OPTIONAL = ("alignment", "hint", "gaps", "offset", "benefit", "tensor")
ENDS = {"half-open": (0, 0), "inclusive": (0, 1), "exclusive": (1, 0)}
"""What to add to the start and the end of a lifetime."""


def sniff_buffers(head: str) -> bool:
    """Tell whether the first line is a header with all columns that a buffer needs."""
    columns = _columns(head)
    return set(REQUIRED) <= {"upper" if each == "end" else each for each in columns}


def _columns(head: str) -> list[str]:
    cells = next(iter(head.lstrip("\ufeff \n").splitlines()), "").split(",")
    return [ALIASES.get(cell.strip(), cell.strip()) for cell in cells]


def read_buffers(
    text: Text,
    *,
    memory: int | None = None,
    ends: Literal["half-open", "inclusive", "exclusive"] = "half-open",
) -> Lifetimes | Mapping:
    """Read buffers; with a column `benefit` or `tensor`, a two-level mapping.

    Args:
        text: The text.
        memory: Capacity in bytes.
        ends: What lifetimes include: `half-open` the start, `inclusive` both ends, `exclusive`
            neither. A column `end` is always included.

    Raises:
        InputError: It is malformed, with its line.
    """
    table = _Table.of(text)
    later, longer = ENDS[ends]
    if table.included:
        longer = 1
    start = [value + later for value in table.integers("lower", 0)]
    end = [value + longer for value in table.integers("upper", 0)]
    size = table.integers("size", 1)
    for line, one, other in zip(table.lines, start, end, strict=True):
        if other <= one:
            raise line.error(f"the lifetime from {one} up to, not including, {other} is empty")
    try:
        lifetimes = Lifetimes.of(
            start,
            end,
            size,
            alignment=table.integers("alignment", 1, 1),
            hint=table.integers("hint", FREE, FREE),
            fixed=table.integers("offset", FREE, FREE),
            gaps=table.gaps(longer),
            capacity=memory,
            name=text.name.removesuffix(f".{memory}"),
            buffer_names=table.cells("id"),
        )
        if not {"benefit", "tensor"} & table.columns.keys():
            return lifetimes
        benefit = table.integers("benefit", 0) if "benefit" in table.columns else None
        numbers = {each: k for k, each in enumerate(dict.fromkeys(table.cells("tensor")))}
        tensor = [numbers[each] for each in table.cells("tensor")] if numbers else None
        return Mapping.of(lifetimes, benefit, tensor)
    except InstanceError as error:
        raise text.error(error.message) from None


@dataclass(frozen=True, slots=True)
class _Table:
    """The rows of a CSV text by columns."""

    columns: dict[str, int]
    included: bool
    lines: list[Line]
    rows: list[list[str]]

    @classmethod
    def of(cls, text: Text, required: tuple[str, ...] = REQUIRED) -> _Table:
        lines = text.lines()
        header = next(lines, None)
        if header is None:
            raise text.end_error("expected a header")
        names = _columns(header.text)
        included = "end" in names
        if included and "upper" in names:
            raise header.error("the columns upper and end say the same")
        names = ["upper" if each == "end" else each for each in names]
        for name in names:
            if names.count(name) > 1:
                raise header.error(f"two columns are called {clip(name)!r}")
            if name not in REQUIRED + OPTIONAL:
                raise header.error(f"column {clip(name)!r}: {nearest(name, REQUIRED + OPTIONAL)}")
        for name in required:
            if name not in names:
                raise header.error(f"the column {name!r} is missing")
        kept = list(lines)
        rows = [[cell.strip() for cell in line.text.split(",")] for line in kept]
        for line, row in zip(kept, rows, strict=True):
            if len(row) != len(names):
                raise line.error(f"expected {len(names)} values, got {len(row)}")
        if not rows:
            raise text.end_error("expected a row for each buffer below the header")
        return cls({name: k for k, name in enumerate(names)}, included, kept, rows)

    def cells(self, column: str) -> list[str]:
        """Return a column, empty if there is none."""
        place = self.columns.get(column)
        return [] if place is None else [row[place] for row in self.rows]

    def integers(self, column: str, minimum: int, nothing: int = 0) -> Any:
        """Return a column of integers; `nothing` for all rows if there is none."""
        if column not in self.columns:
            return nothing
        cells = self.cells(column)
        return [
            _integer(line, cell, column, minimum)
            for line, cell in zip(self.lines, cells, strict=True)
        ]

    def gaps(self, longer: int) -> list[tuple[int, int, int, int, int]]:
        """Return the gaps of all buffers."""
        found = []
        for i, (line, cell) in enumerate(zip(self.lines, self.cells("gaps"), strict=False)):
            for gap in cell.split():
                interval, at, window = gap.partition("@")
                first, dash, last = interval.partition("-")
                low, colon, high = window.partition(":") if at else ("0", ":", "0")
                if not (dash and colon):
                    raise line.error(f"gap {clip(gap)!r}: expected FROM-TO or FROM-TO@LOW:HIGH")
                start, end, low_byte, high_byte = (
                    _integer(line, each, "gaps", 0) for each in (first, last, low, high)
                )
                found.append((i, start, end + longer, low_byte, high_byte))
        return found


def _integer(line: Line, cell: str, column: str, minimum: int) -> int:
    digits = cell.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()):
        raise line.error(f"{column}: expected an integer, got {clip(cell)!r}")
    if len(digits) > 20 or int(digits) >= LARGEST:
        raise line.error(f"{column}: {clip(cell)} is beyond 2^62")
    if int(cell) < minimum:
        raise line.error(f"{column}: expected at least {minimum}, got {cell}")
    return int(cell)


def write_buffers(instance: Lifetimes | Mapping) -> str:
    """Write buffers as MiniMalloc reads them, the columns of a mapping behind.

    A capacity has no place in the text: give it as `--capacity`, or in the name of the file.
    """
    return _written(instance, None)


def write_offsets(instance: Lifetimes | Mapping, solution: Placement) -> str:
    """Write buffers with a column `offset`, -1 for one that is not in fast memory."""
    return _written(instance, solution)


def _written(instance: Lifetimes | Mapping, solution: Placement | None) -> str:
    if not isinstance(instance, Lifetimes | Mapping):
        raise UsageError("format minimalloc holds buffers with their lifetimes")
    lifetimes = instance.lifetimes if isinstance(instance, Mapping) else instance
    names = lifetimes.buffer_names or tuple(map(str, range(lifetimes.buffers)))
    for name in names:
        if any(character in name for character in ",\n\r") or name != name.strip() or not name:
            raise UsageError(f"format minimalloc can't hold the name {clip(name)!r}: use json")
    columns: dict[str, list[Any]] = {
        "id": list(names),
        "lower": lifetimes.start.tolist(),
        "upper": lifetimes.end.tolist(),
        "size": lifetimes.size.tolist(),
    }
    if (lifetimes.start < 0).any():
        raise UsageError("format minimalloc can't hold times below 0: use json")
    if (lifetimes.alignment != 1).any():
        columns["alignment"] = lifetimes.alignment.tolist()
    if (lifetimes.hint != FREE).any():
        columns["hint"] = lifetimes.hint.tolist()
    if lifetimes.gaps.size:
        columns["gaps"] = _written_gaps(lifetimes)
    if isinstance(instance, Mapping):
        columns["benefit"] = instance.benefit.tolist()
        if (instance.tensor != np.arange(lifetimes.buffers)).any():
            columns["tensor"] = instance.tensor.tolist()
    if solution is not None:
        columns["offset"] = solution.offset.tolist()
    elif (lifetimes.fixed != FREE).any():
        columns["offset"] = lifetimes.fixed.tolist()
    rows = zip(*columns.values(), strict=True)
    lines = [",".join(columns), *(",".join(map(str, row)) for row in rows)]
    return "\n".join(lines) + "\n"


def _written_gaps(lifetimes: Lifetimes) -> list[str]:
    texts: list[list[str]] = [[] for _ in range(lifetimes.buffers)]
    for i, start, end, low, high in lifetimes.gaps.tolist():
        window = f"@{low}:{high}" if high > low else ""
        texts[i].append(f"{start}-{end}{window}")
    return [" ".join(each) for each in texts]


def sniff_offsets(head: str) -> bool:
    """Tell whether the first line is a header with an id and an offset."""
    return {"id", "offset"} <= set(_columns(head))


def read_offsets(text: Text, instance: Lifetimes | Mapping) -> Placement:
    """Read the offset of each buffer, by its id; whatever else is in the rows is not looked at.

    Raises:
        InputError: It is malformed, or names other buffers than the instance.
    """
    if not isinstance(instance, Lifetimes | Mapping):
        raise text.error("offsets of buffers, but the instance is a graph")
    lifetimes = instance.lifetimes if isinstance(instance, Mapping) else instance
    names = lifetimes.buffer_names or tuple(map(str, range(lifetimes.buffers)))
    index = {name: i for i, name in enumerate(names)}
    table = _Table.of(text, required=("id", "offset"))
    offset = np.full(lifetimes.buffers, FREE - 1, np.int64)
    values = table.integers("offset", FREE)
    for line, name, value in zip(table.lines, table.cells("id"), values, strict=True):
        if name not in index:
            raise line.error(f"the instance has no buffer {clip(name)!r}")
        if offset[index[name]] >= FREE:
            raise line.error(f"buffer {clip(name)!r} has an offset already")
        offset[index[name]] = value
    for i in np.flatnonzero(offset < FREE)[:1].tolist():
        raise InputError(f"{lifetimes.buffer(i)} has no offset", source=text.source)
    return Placement(offset)
