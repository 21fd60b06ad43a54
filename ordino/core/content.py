"""Equality and fingerprints by content, for frozen dataclasses that may hold arrays."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

__all__ = ["Content", "label"]


def label(**options: Any) -> Any:
    """Declare a dataclass field that names a thing and is no part of its content."""
    return dataclasses.field(metadata={"label": True}, **options)


class Content:
    """Base of dataclasses (`frozen=True, eq=False`) that are equal when their content is.

    Fields made with `label` do not count.
    """

    __slots__ = ()

    def _parts(self) -> list[tuple[str, object]]:
        fields = dataclasses.fields(self)  # type: ignore[arg-type]
        return [(f.name, getattr(self, f.name)) for f in fields if not f.metadata.get("label")]

    def fingerprint(self) -> str:
        """Hash of type and content: 64 hexadecimal digits, the same on every machine."""
        digest = hashlib.sha256(type(self).__name__.encode())
        for name, value in self._parts():
            digest.update(f"\0{name}=".encode())
            _feed(digest, value)
        return digest.hexdigest()

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        assert isinstance(other, Content)
        return self.fingerprint() == other.fingerprint()

    def __hash__(self) -> int:
        return hash(self.fingerprint())


def _feed(digest: Any, value: object) -> None:
    if hasattr(value, "tobytes"):
        array: Any = value
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(array.tobytes())
    elif isinstance(value, tuple):
        digest.update(f"({len(value)}".encode())
        for item in value:
            digest.update(b",")
            _feed(digest, item)
    elif isinstance(value, Content):
        digest.update(value.fingerprint().encode())
    elif value is None or isinstance(value, (int, float, str)):
        digest.update(repr(value).encode())
    else:
        raise TypeError(f"content of type {type(value).__name__} has no fingerprint")
