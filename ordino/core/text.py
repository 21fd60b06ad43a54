"""Lines and tokens of a text that know where they stand.

Numbers are read a line at a time with Python's own `int`; only when that fails is the line looked
at token by token, to say which one is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from ordino.core.arrays import LARGEST
from ordino.core.errors import InputError, InstanceError, clip

__all__ = ["Blob", "Line", "Place", "Text", "integers_of"]

_TOKEN = re.compile(r"\S+")
_INTEGER = re.compile(r"[+-]?[0-9]+")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a text; lines and columns count from 1."""

    source: str
    number: int
    text: str

    def error(self, message: str, token: int | None = None) -> InputError:
        """Make an error about this line, or about its token of that index (from 0).

        An index behind the last token means the end of the line.
        """
        column = None
        if token is not None:
            match = next(islice(_TOKEN.finditer(self.text), token, None), None)
            column = (match.start() if match else len(self.text.rstrip())) + 1
        return InputError(message, source=self.source, line=self.number, column=column)

    def tokens(self) -> list[str]:
        """Split the line at white space."""
        return self.text.split()

    def integers(
        self, count: int | None = None, *, what: str = "numbers", minimum: int | None = None
    ) -> list[int]:
        """Read the whole line as integers.

        Args:
            count: How many there must be.
            what: What they are, for the message.
            minimum: Least value allowed.

        Raises:
            InputError: Another count, a word, a number out of range.
        """
        tokens = self.text.split(None, -1 if count is None else count)
        if count is not None and len(tokens) != count:
            got = "more" if len(tokens) > count else len(tokens)
            raise self.error(f"expected {count} {what}, got {got}", min(count, len(tokens)))
        if self.text.isascii() and "_" not in self.text:
            try:
                values = [int(token) for token in tokens]
            except ValueError:
                pass
            else:
                least = -LARGEST + 1 if minimum is None else minimum
                if not values or (min(values) >= least and max(values) < LARGEST):
                    return values
        return [self._integer(index, minimum) for index in range(len(tokens))]

    def _integer(self, index: int, minimum: int | None) -> int:
        token = self.text.split()[index]
        if not _INTEGER.fullmatch(token):
            raise self.error(f"expected an integer, got {clip(token)!r}", index)
        if len(token) > 20 or not -LARGEST < int(token) < LARGEST:
            raise self.error(f"{clip(token)} is beyond 2^62", index)
        if minimum is not None and int(token) < minimum:
            raise self.error(f"expected at least {minimum}, got {token}", index)
        return int(token)


class Place(Protocol):
    """Something that knows where it stands: a `Line`, a `Node`."""

    def error(self, message: str) -> InputError:
        """Make an error about this place."""
        ...


@dataclass(frozen=True, slots=True)
class Text:
    """A text, the name of where it came from, and a name for what is in it."""

    content: str
    source: str = "<text>"
    name: str = ""

    def lines(self) -> Iterator[Line]:
        """Yield the lines that hold more than white space."""
        for number, text in enumerate(self.content.splitlines(), start=1):
            if text and not text.isspace():
                yield Line(self.source, number, text)

    def error(self, message: str) -> InputError:
        """Make an error about the text as a whole."""
        return InputError(message, source=self.source)

    def located(self, error: InstanceError, **places: Sequence[Place]) -> InputError:
        """Make an error about what the text says of a part that is no instance.

        Args:
            error: Its path names a field and an index.
            places: For fields, where each of their items stands.
        """
        match error.path:
            case (str(field), int(index), *_) if field in places:
                return places[field][index].error(error.message)
        return self.error(error.message)

    def end_error(self, message: str) -> InputError:
        """Make an error about something that is missing at the end of the text."""
        return InputError(message, source=self.source, line=self.content.count("\n") + 1)


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes, the name of where they came from, and a name for what is in them."""

    content: bytes
    source: str = "<bytes>"
    name: str = ""

    def error(self, message: str) -> InputError:
        """Make an error about the bytes as a whole."""
        return InputError(message, source=self.source)


def integers_of(lines: Sequence[Line], *, minimum: int | None = None) -> list[int]:
    """Read integers from several lines whose breaks carry no meaning."""
    return [value for line in lines for value in line.integers(minimum=minimum)]
