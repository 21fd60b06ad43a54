"""Plans as TOML files.

::

    sets = ["jobshop/la", "jobshop/ta"]
    instances = ["la*", "ta0*"]         # patterns; all if there are none
    every = 4                           # only every fourth of each set
    time_limit = [10, "5m"]             # seconds, or with a unit; one run each
    seeds = [0, 1, 2]                   # or "0-2"; one run each
    workers = 1
    iterations = 100000
    problem = { capacity = 3 }          # problem options

    [[solver]]
    name = "cpsat"

    [[solver]]
    name = "mwkr,tabu"                  # these two race with each other
    settings = { "tabu.pool" = 20 }     # of one solver alone: { pool = 20 }
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from ordino.bench.method import Method, grouped, method
from ordino.core.errors import InputError, UsageError, clip, nearest

__all__ = ["MOST_SEEDS", "read_plan", "read_seeds", "read_time"]

MOST_SEEDS = 100_000
_SECONDS = {"": 1.0, "ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_KEYS = {
    "sets": "a list of texts",
    "instances": "a list of texts",
    "every": "an integer of at least 1",
    "time_limit": "seconds above 0, a text as in 5m, or a list of these",
    "seeds": "a list of integers, or a text as in 0-9",
    "workers": "an integer of at least 1",
    "iterations": "an integer of at least 1",
    "problem": "a table of problem options",
    "solver": "an array of tables with a name and perhaps settings",
}


def read_plan(path: str) -> dict[str, Any]:
    """Read a plan file, and return the fields of `Plan` that it gives.

    Raises:
        InputError: It can't be read, or is no plan.
    """
    try:
        data = tomllib.loads(Path(path).read_text())
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"can't be read: {reason}", source=path) from None
    except ValueError as error:
        raise InputError(f"no valid TOML: {error}", source=path) from None
    found: dict[str, Any] = {}
    for key, value in data.items():
        if key not in _KEYS:
            raise InputError(f"unknown key {key!r}: {nearest(key, _KEYS)}", source=path)
        try:
            field, read = _FIELDS[key]
            found[field] = read(value)
        except UsageError as error:
            raise InputError(f"{key}: {error}", source=path) from None
        except (TypeError, ValueError):
            message = f"{key}: expected {_KEYS[key]}, got {clip(value)}"
            raise InputError(message, source=path) from None
    return found


def read_time(value: Any) -> float:
    """Read seconds, or a text with a unit as in `5m`; raises `ValueError`."""
    match = re.fullmatch(r"([0-9]*\.?[0-9]+) ?([a-z]*)", str(value).lower())
    if match is None or isinstance(value, bool) or match[2] not in _SECONDS or not float(match[1]):
        raise ValueError(value)
    return float(match[1]) * _SECONDS[match[2]]


def read_seeds(value: str) -> list[int]:
    """Read `3`, `0-9` or `0,2,5-7`.

    Raises:
        ValueError: It is something else.

    >>> read_seeds("0,5-7")
    [0, 5, 6, 7]
    """
    seeds: list[int] = []
    for part in value.split(","):
        match = re.fullmatch(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", part.strip())
        if match is None:
            raise ValueError(value)
        begin, end = int(match[1]), int(match[2] or match[1])
        if not begin <= end < begin + MOST_SEEDS:
            raise ValueError(value)
        seeds += range(begin, end + 1)
    return seeds


def _texts(value: Any) -> list[str]:
    if not (isinstance(value, list) and all(isinstance(each, str) for each in value)):
        raise TypeError
    return value


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise TypeError
    return value


def _times(value: Any) -> list[float]:
    return [read_time(each) for each in (value if isinstance(value, list) else [value])]


def _seeds(value: Any) -> list[int]:
    if isinstance(value, list):
        return [seed for each in value for seed in read_seeds(str(each))]
    return read_seeds(str(value))


def _table(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError
    return value


def _methods(value: Any) -> list[Method]:
    if not isinstance(value, list):
        raise TypeError
    return [_method(**_table(each)) for each in value]


def _method(*, name: str, settings: dict[str, Any] | None = None) -> Method:
    prefix = "" if "," in name else f"{name}."
    given = [(k if "." in k else prefix + k, v) for k, v in (settings or {}).items()]
    return method(name, grouped(given))


_FIELDS: dict[str, tuple[str, Any]] = {
    "sets": ("sets", _texts),
    "instances": ("patterns", _texts),
    "every": ("every", _count),
    "time_limit": ("time_limits", _times),
    "seeds": ("seeds", _seeds),
    "workers": ("workers", _count),
    "iterations": ("iterations", _count),
    "problem": ("problem", _table),
    "solver": ("methods", _methods),
}
