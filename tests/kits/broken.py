"""What is asked of the error for a file with a defect, in every family."""

from __future__ import annotations

from pathlib import Path

import pytest

from ordino.core.errors import InputError
from ordino.instances.reading import read_all

__all__ = ["located_error"]


def located_error(path: Path, format: str | None = None) -> str:
    """Return the error of reading a file, from the file's name on; a line, and not a long one."""
    with pytest.raises(InputError) as caught:
        read_all(path, format)
    message = str(caught.value).removeprefix(f"{path.parent}/")
    assert "\n" not in message
    assert len(message) < 400
    return message
