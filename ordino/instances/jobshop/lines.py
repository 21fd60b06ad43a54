"""Lines of numbers: what the text formats of job shops share."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ordino.core.text import Line, Text

__all__ = ["job_line", "nothing_left", "numbers_of", "own_lines", "rows_of"]


def own_lines(text: Text) -> Iterator[Line]:
    """Return the lines that are no comments."""
    return (line for line in text.lines() if not line.text.lstrip().startswith("#"))


def numbers_of(head: str) -> list[list[int]] | None:
    """Return the rows of a head that is all integers, less the last, which may be cut."""
    rows = []
    for line in head.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not re.fullmatch(r"[-+0-9\s]+", line):
            return None
        tokens = line.split()
        if any(len(token) > 19 for token in tokens):
            return None
        try:
            rows.append([int(token) for token in tokens])
        except ValueError:
            return None
    return rows[:-1] if rows and not head.endswith("\n") and len(rows) > 2 else rows


def job_line(lines: Iterator[Line], text: Text, job: int, jobs: int) -> Line:
    """Return the next line; raises `InputError` where there are fewer jobs than announced."""
    line = next(lines, None)
    if line is None:
        raise text.end_error(f"expected {jobs} jobs, got {job}")
    return line


def nothing_left(lines: Iterator[Line], jobs: int) -> None:
    """Refuse lines behind the last job."""
    line = next(lines, None)
    if line is not None:
        raise line.error(f"expected the end of the file after {jobs} jobs", 0)


def rows_of(values: list[list[int]]) -> str:
    """Write rows of numbers."""
    return "".join(" ".join(map(str, row)) + "\n" for row in values)
