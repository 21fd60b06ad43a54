"""Reading plain data (JSON), with errors that name the place.

A `Node` is a value together with its path (`jobs[3].due`) and, where the data came from a text, a
way to find the line and column of that path. The line is looked up only when an error is raised.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ordino.core.arrays import LARGEST
from ordino.core.errors import InputError, InstanceError, clip, nearest

__all__ = ["Node", "parse_json"]

Path = tuple[str | int, ...]

_STRING_OR_CONSTANT = re.compile(r'"(?:[^"\\]|\\.)*"|NaN|-?Infinity', re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Document:
    source: str | None
    text: str | None


@dataclass(frozen=True, slots=True)
class Node:
    """A value inside plain data.

    Every method that returns a value raises `InputError` where the value is of another kind.
    """

    value: Any
    path: Path = ()
    document: _Document = field(default=_Document(None, None), repr=False)

    def error(self, message: str) -> InputError:
        """Make an error about this value."""
        where = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in self.path).lstrip(".")
        line = column = None
        if self.document.text is not None:
            line, column = _locate(self.document.text, self.path)
        text = f"{where}: {message}" if where else message
        return InputError(text, source=self.document.source, line=line, column=column)

    def located(self, error: InstanceError) -> InputError:
        """Make an error about the part of this value that is no instance, as far as it is here."""
        node = self
        with suppress(LookupError, TypeError):
            for step in error.path:
                node = Node(node.value[step], (*node.path, step), node.document)
        return node.error(error.message)

    def expected(self, what: str) -> InputError:
        """Make an error that says what this value should have been."""
        shown = {"dict": "an object", "list": "a list"}.get(type(self.value).__name__)
        shown = shown or clip(json.dumps(self.value, default=str))  # YAML has dates, bytes, sets
        return self.error(f"expected {what}, got {shown}")

    def object(self, *required: str, optional: tuple[str, ...] = ()) -> dict[str, Node]:
        """Return the fields of an object that has all of `required` and nothing unknown."""
        if not isinstance(self.value, dict):
            raise self.expected("an object")
        for key in self.value:
            if key not in required and key not in optional:
                known = nearest(key, required + optional)
                raise self._field(key).error(f"unknown field: {known}")
        for key in required:
            if key not in self.value:
                raise self.error(f'the field "{key}" is missing')
        return {key: self._field(key) for key in self.value}

    def _field(self, key: str) -> Node:
        return Node(self.value[key], (*self.path, key), self.document)

    def get(self, key: str) -> Node | None:
        """Return a field of an object, or `None` where it has none: for data of others, whose
        further fields are no concern of ours."""
        if not isinstance(self.value, dict):
            raise self.expected("an object")
        return self._field(key) if key in self.value else None

    def need(self, key: str) -> Node:
        """Return a field that an object must have."""
        found = self.get(key)
        if found is None:
            raise self.error(f'the field "{key}" is missing')
        return found

    def list(self, length: int | None = None) -> list[Node]:
        """Return the items of a list."""
        if not isinstance(self.value, list):
            raise self.expected("a list")
        if length is not None and len(self.value) != length:
            raise self.error(f"expected {length} items, got {len(self.value)}")
        return [Node(v, (*self.path, i), self.document) for i, v in enumerate(self.value)]

    def integer(self, minimum: int | None = None, maximum: int | None = None) -> int:
        """Return an integer of less than 2^62 in absolute value, within the limits given."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.expected("an integer")
        if not -LARGEST < value < LARGEST:
            raise self.expected("an integer below 2^62")
        if minimum is not None and value < minimum:
            raise self.expected(f"an integer of at least {minimum}")
        if maximum is not None and value > maximum:
            raise self.expected(f"an integer of at most {maximum}")
        return value

    def integers(self, minimum: int | None = None) -> Sequence[int]:
        """Return a list of integers."""
        return [item.integer(minimum) for item in self.list()]

    def number(self, minimum: float | None = None) -> int | float:
        """Return a finite number, of at least the minimum if one is given."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.expected("a number")
        if not -LARGEST < value < LARGEST:
            raise self.expected("a number below 2^62")
        if minimum is not None and value < minimum:
            raise self.expected(f"a number of at least {minimum:g}")
        return value

    def string(self) -> str:
        """Return a text."""
        if not isinstance(self.value, str):
            raise self.expected("a text")
        return self.value


def parse_json(text: str, source: str | None = None) -> Node:
    """Parse a JSON text.

    Raises:
        InputError: The text is no JSON, with line and column.
    """

    def refuse(constant: str) -> None:
        found = (each for each in _STRING_OR_CONSTANT.finditer(text) if each[0] == constant)
        line, column = _place(text, next(found).start())
        message = f"{constant} is no JSON number"
        raise InputError(message, source=source, line=line, column=column)

    try:
        value = json.loads(text, parse_constant=refuse)
    except json.JSONDecodeError as error:
        raise InputError(
            f"no valid JSON: {error.msg}", source=source, line=error.lineno, column=error.colno
        ) from None
    except RecursionError:
        raise InputError("no valid JSON: nested too deeply", source=source) from None
    except ValueError:
        raise InputError("a number has thousands of digits", source=source) from None
    return Node(value, (), _Document(source, text))


def _locate(text: str, path: Path) -> tuple[int, int]:
    """Find line and column of the value at a path of a valid JSON text."""
    decoder = json.JSONDecoder()

    def skip(position: int, characters: str = " \t\r\n") -> int:
        while position < len(text) and text[position] in characters:
            position += 1
        return position

    position = skip(0)
    for step in path:
        position = skip(position + 1)
        index = 0
        while True:
            if isinstance(step, str):
                key, position = decoder.raw_decode(text, position)
                position = skip(position, " \t\r\n:")
                found = key == step
            else:
                found = index == step
            if found:
                break
            _, position = decoder.raw_decode(text, position)
            position = skip(position, " \t\r\n,")
            index += 1
    return _place(text, position)


def _place(text: str, position: int) -> tuple[int, int]:
    """Return line and column of a position."""
    return text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)
