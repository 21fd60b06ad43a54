"""What is asked of the error for a file with a defect, in every family."""

from __future__ import annotations

from pathlib import Path

import pytest

from ordino.core.errors import InputError
from ordino.instances.reading import read_all

__all__ = ["one_located_error"]


def one_located_error(path: Path, expected: str, format: str | None = None) -> None:
    """Assert that reading a file fails with one line: its path, what is expected, not much more."""
    with pytest.raises(InputError) as caught:
        read_all(path, format)
    message = str(caught.value)
    assert path.name + expected in message
    assert "\n" not in message
    assert len(message.removeprefix(str(path))) < 350
