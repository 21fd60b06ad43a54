"""Named parameters of a function, as a user may set them by text or by value.

Settings of solvers, parameters of formats and of generators are the keyword-only arguments of the
function behind them: nothing is declared twice. Understood are `int`, `float`, `bool`, `str`,
`Literal[...]` and any of these `| None`.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ordino.core.errors import UnknownNameError, UsageError, clip

__all__ = ["Parameter", "bind", "parameters_of"]

_BOOLEANS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter: its name, type and default (`required` has none)."""

    name: str
    annotation: Any
    default: Any
    required: bool

    def describe(self) -> str:
        """Write it as `pool: int = 30`."""
        kind = getattr(self.annotation, "__name__", None)
        choices = [each for kind in _kinds(self.annotation) for each in _choices(kind)]
        if choices:
            kind = "|".join(map(str, choices))
        elif kind is None or isinstance(self.annotation, types.UnionType):
            kind = str(self.annotation)
        return f"{self.name}: {kind}" + ("" if self.required else f" = {self.default}")

    def convert(self, value: Any, owner: str) -> Any:
        """Turn a text into the parameter's type, or check a value that is no text.

        Raises:
            UsageError: It is of another type.
        """
        for kind in _kinds(self.annotation):
            found, converted = _convert(value, kind)
            if found:
                return converted
        raise UsageError(f"{owner}: {self.describe()} can't be {clip(value)}")


def _kinds(annotation: Any) -> tuple[Any, ...]:
    if typing.get_origin(annotation) in (types.UnionType, typing.Union):
        return typing.get_args(annotation)
    return (annotation,)


def _choices(annotation: Any) -> tuple[Any, ...]:
    return typing.get_args(annotation) if typing.get_origin(annotation) is typing.Literal else ()


def _convert(value: Any, kind: Any) -> tuple[bool, Any]:
    choices = _choices(kind)
    if choices:
        return value in choices, value
    if kind is types.NoneType:
        return value is None or value == "none", None
    if kind is bool and isinstance(value, str):
        return value.lower() in _BOOLEANS, _BOOLEANS.get(value.lower())
    if kind is bool or isinstance(value, bool):
        return kind is bool and isinstance(value, bool), value
    if kind in (int, float) and isinstance(value, (str, int, float)):
        try:
            converted = kind(value)
        except (ValueError, OverflowError):
            return False, None
        exact = isinstance(value, str) or converted == value
        return exact and abs(converted) < float("inf"), converted
    return kind is str and isinstance(value, str), value


def parameters_of(function: Callable[..., Any], but: tuple[str, ...] = ()) -> dict[str, Parameter]:
    """Return the keyword-only parameters of a function, less those that are named in `but`."""
    hints = typing.get_type_hints(function)
    return {
        name: Parameter(
            name, hints.get(name, str), parameter.default, parameter.default is parameter.empty
        )
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY and name not in but
    }


def bind(
    function: Callable[..., Any],
    given: Mapping[str, Any],
    owner: str,
    but: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Convert what a user gave into keyword arguments of a function.

    Args:
        function: Whose keyword-only parameters they are.
        given: Names to texts or values.
        owner: What they belong to, for messages: "solver tabu".
        but: Parameters that are not the user's to set.

    Raises:
        UsageError: An unknown name, a value of another type, a required one missing.
    """
    known = parameters_of(function, but)
    for name in given:
        if name not in known:
            raise UnknownNameError(f"parameter of {owner}", name, known)
    for name, parameter in known.items():
        if parameter.required and name not in given:
            raise UsageError(f"{owner} needs {parameter.describe()}")
    return {name: known[name].convert(value, owner) for name, value in given.items()}
