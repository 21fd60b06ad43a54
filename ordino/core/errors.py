"""Every error that Ordino raises on purpose.

::

    OrdinoError                 exit code 1
    ├── InputError              exit code 5   unreadable or invalid input, with its place
    │   └── InstanceError       exit code 5   data that are no instance (no file involved)
    ├── UsageError              exit code 2   a wrong name, option or combination
    │   ├── UnknownNameError    exit code 2   … with the nearest known ones
    │   └── MissingExtraError   exit code 2   an optional package is not installed
    ├── SolverError             exit code 1   a method of ours failed
    └── RejectedSolution        exit code 6   a solution that the checker rejects
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ordino.core.report import Report

__all__ = [
    "InputError",
    "InstanceError",
    "MissingExtraError",
    "OrdinoError",
    "RejectedSolution",
    "SolverError",
    "UnknownNameError",
    "UsageError",
    "clip",
    "nearest",
]

MOST_NAMES = 40
"""More known names than this are counted in a message, not listed."""


def clip(value: object, width: int = 60) -> str:
    """Write a value into a message without letting it fill the screen."""
    text = value if isinstance(value, str) else repr(value)
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[: width + 1])
    return text if len(text) <= width else text[: width - 1] + "…"


def nearest(name: str, known: Iterable[str]) -> str:
    """Say which known names are meant, or which there are, as the end of a sentence."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=3)
    if close:
        return f"did you mean {' or '.join(close)}?"
    if not known:
        return "there are none"
    if len(known) > MOST_NAMES:
        return f"there are {len(known)} others"
    return "known: " + ", ".join(known)


class OrdinoError(Exception):
    """Base of all; `exit_code` is what the command line returns for it."""

    exit_code = 1


class InputError(OrdinoError):
    """Input that cannot be read, with its place: `FILE:LINE:COLUMN: message`.

    `line` and `column` count from 1 and are `None` where there is no such place.
    """

    exit_code = 5

    def __init__(
        self,
        message: str,
        *,
        source: str | None = None,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        self.message = message
        self.source = source
        self.line = line
        self.column = column
        place = ":".join(str(part) for part in (source, line, column) if part is not None)
        super().__init__(f"{place}: {message}" if place else message)


class InstanceError(InputError):
    """Data that do not make a well-formed instance or solution.

    `path` says which part of the plain form (`to_data`) is wrong, as far as that is one place:
    `("edges", 3)`. Whoever knows where that part stands in a file gives the line.
    """

    def __init__(self, message: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.path = path


class UsageError(OrdinoError):
    """A call that makes no sense."""

    exit_code = 2


class UnknownNameError(UsageError):
    """A name that nothing is registered under."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind = kind
        self.name = name
        super().__init__(f"no {kind} {clip(name)!r}: {nearest(name, known)}")


class MissingExtraError(UsageError):
    """A feature needs a package that is not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        self.extra = extra
        super().__init__(f"{feature} needs an optional package: pip install 'ordino[{extra}]'")


class SolverError(OrdinoError):
    """A solver that failed, or all of them."""


class RejectedSolution(OrdinoError):
    """A solution that the checker rejects, and who offered it."""

    exit_code = 6

    def __init__(self, source: str, report: Report) -> None:
        self.source = source
        self.report = report
        more = len(report.violations) - 1
        tail = f" (and {more} more)" if more else ""
        first = report.violations[0].message
        super().__init__(f"{source} offers an infeasible solution: {first}{tail}")
