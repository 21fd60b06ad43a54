"""Ctrl-C and SIGTERM for the command line: the first asks to stop, the second leaves at once."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType, TracebackType
from typing import Any

__all__ = ["EXIT_CODE", "Interrupt", "leave"]

EXIT_CODE = 130
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupt:
    """While entered, turns the first signal into a flag, `stop`; for the main thread."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self._before: list[Any] = []

    def __enter__(self) -> threading.Event:
        self._before = [signal.signal(each, self._handle) for each in _SIGNALS]
        return self.stop

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for each, handler in zip(_SIGNALS, self._before, strict=True):
            signal.signal(each, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.stop.is_set():
            os._exit(EXIT_CODE)
        self.stop.set()


def leave(code: int) -> None:
    """End the process at once if solver threads are left behind; return if not."""
    if any(thread.daemon for thread in threading.enumerate()):
        os._exit(code)
