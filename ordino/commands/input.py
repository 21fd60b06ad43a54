"""What the commands read: instances with their problem options, and solutions of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ordino.core.family import Family, Instance, Solution
    from ordino.core.report import Report
    from ordino.core.result import Result

__all__ = [
    "read_adjusted",
    "read_given",
    "read_original",
    "require_one_stdin",
    "require_valid",
]


def require_one_stdin(*sources: str | None) -> None:
    """Refuse several sources that are all the standard input; raises `UsageError`."""
    from ordino.core.errors import UsageError

    if sources.count("-") > 1:
        raise UsageError("only one file can come from standard input")


def read_original(
    source: str, format: str | None, max_size: int, options: Mapping[str, str]
) -> tuple[Instance, Family, dict[str, Any]]:
    """Read an instance with those options that its format has.

    Returns:
        The instance, its family, and the problem options that are left.
    """
    from ordino.core.registry import family
    from ordino.instances.reading import read_instance

    problem: dict[str, Any] = dict(options)
    instance = read_instance(source, format, max_size, problem)
    return instance, family(instance.family), problem


def read_adjusted(
    source: str, format: str | None, max_size: int, options: Mapping[str, str]
) -> tuple[Instance, Family]:
    """Read an instance, apply problem options, and return it with its family."""
    instance, home, problem = read_original(source, format, max_size, options)
    return home.adjusted(instance, problem), home


def read_given(source: str, instance: Instance, max_size: int) -> tuple[Solution, Result | None]:
    """Read a solution, and the result that holds it if one does.

    Raises:
        InputError: There is no solution in it.
    """
    from ordino.core.errors import InputError
    from ordino.instances.reading import read_solution

    solution, result = read_solution(source, instance, max_size)
    if solution is None:
        status = "" if result is None else f", its status is {result.status}"
        raise InputError(f"holds no solution{status}", source=source)
    return solution, result


def require_valid(source: str, report: Report) -> None:
    """Refuse a solution that the checker rejects; raises `RejectedSolution`."""
    from ordino.core.errors import RejectedSolution

    if not report.valid:
        raise RejectedSolution(source, report)
