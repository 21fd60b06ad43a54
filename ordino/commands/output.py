"""Where the command line writes: answers, words for the person, files."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import Any, TextIO

__all__ = ["answer", "answer_json", "deliver", "flush", "open_streams", "require_writable", "say"]


def open_streams() -> None:
    """See to it that there are streams, where the caller has closed them, and any text fits."""
    if sys.stdin is None:
        sys.stdin = open(os.devnull)  # noqa: SIM115
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def say(line: str) -> None:
    """Write a line for the person; nobody may be there to read it."""
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:
        return


def answer(content: str | bytes) -> None:
    """Write an answer to the standard output; a reader that has left is no error.

    Raises:
        OrdinoError: It can't be written, for want of space perhaps.
    """
    from ordino.core.errors import OrdinoError

    try:
        if isinstance(content, bytes):
            sys.stdout.buffer.write(content)
        else:
            sys.stdout.write(content if content.endswith("\n") else content + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        _discard(sys.stdout)
    except OSError as error:
        raise OrdinoError(f"the standard output can't be written: {error.strerror}") from None


def answer_json(data: Any) -> None:
    """Write plain data as one line of JSON to the standard output."""
    answer(json.dumps(data, allow_nan=False))


def deliver(path: str, content: str | bytes) -> None:
    """Write a file, or `-` to the standard output."""
    from ordino.instances.reading import write_file

    if path == "-":
        answer(content)
    else:
        write_file(path, content)


def require_writable(*paths: str | None) -> None:
    """Find out before the work that its result can be written; raises `UsageError`."""
    from ordino.core.errors import UsageError

    for path in paths:
        if path is None or path == "-":
            continue
        target = Path(path)
        if not target.parent.is_dir():
            raise UsageError(f"{path}: there is no folder {target.parent}")
        if target.is_dir():
            raise UsageError(f"{path}: is a folder, expected a file")
        place = target.parent if target.is_file() or not target.exists() else target
        if not os.access(place, os.W_OK):
            raise UsageError(f"{path}: can't be written")


def flush(stream: TextIO) -> None:
    """Write what a stream still holds, if anybody wants it."""
    try:
        stream.flush()
    except OSError:
        _discard(stream)


def _discard(stream: TextIO) -> None:
    """Send what a stream still holds to nowhere, so that closing it can't fail."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
