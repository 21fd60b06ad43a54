"""Tells a person how a run goes, on the standard error stream.

Solvers only leave their events in a queue: a thread of its own writes them, so that a slow or
closed stream never holds up a solver, nor breaks one.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from types import TracebackType
from typing import Protocol, Self, TextIO

from ordino.commands.summary import show, show_gap
from ordino.core.incumbent import Event
from ordino.core.objective import Objective

__all__ = ["Progress"]

LINE_SECONDS = 0.05
"""Least time between two lines for improvements: what comes faster is told by its latest."""
LIVE_SECONDS = 0.1
FIRST_BEAT_SECONDS, LONGEST_BEAT_SECONDS = 2.0, 60.0
FAREWELL_SECONDS = 1.0


class _Screen(Protocol):
    """Where lines go: for good, or as the one that shows how things stand."""

    def say(self, line: str, warning: bool = False) -> None: ...

    def stand(self, elapsed: float, line: str) -> None: ...

    def close(self) -> None: ...


class Progress:
    """Takes the events of a run while it is entered.

    On a terminal: one live line, and a lasting line an improvement. Elsewhere: a line an
    improvement, and in between a line at growing intervals.

    Args:
        stream: Where to write.
        objective: Of the instance.
        quiet: Tell only what fails.
        verbose: Tell bounds and notes as well.
    """

    def __init__(
        self, stream: TextIO, objective: Objective, *, quiet: bool = False, verbose: bool = False
    ) -> None:
        self._stream = stream
        self._objective = objective
        self._quiet = quiet
        self._verbose = verbose
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="progress", daemon=True)
        self._started = time.monotonic()

    def __call__(self, event: Event) -> None:
        """Take an event, from any thread."""
        self._events.put(event)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._events.put(None)
        self._thread.join(FAREWELL_SECONDS)

    def _run(self) -> None:
        try:
            screen = self._screen()
            try:
                self._tell(screen)
            finally:
                screen.close()
        except (OSError, ValueError):  # the stream is closed: nobody listens
            return

    def _screen(self) -> _Screen:
        movable = self._stream.isatty() and os.environ.get("TERM") != "dumb"
        if self._quiet or not movable:
            return _Lines(self._stream, beats=not self._quiet)
        return _Live(self._stream)

    def _tell(self, screen: _Screen) -> None:
        latest: Event | None = None
        more = True
        while more:
            events = self._collect()
            more = None not in events
            news: Event | None = None
            for event in events:
                if event is None:
                    continue
                if event.kind == "failure":
                    screen.say(f"warning: {event.source}: {event.message}", warning=True)
                elif event.kind == "note":
                    if self._verbose:
                        screen.say(f"note: {event.source}: {event.message}")
                elif event.kind == "incumbent" or self._verbose:
                    news = event
                latest = event
            if news is not None and not self._quiet:
                screen.say(self._line(news.seconds, news))
            if more:
                elapsed = time.monotonic() - self._started
                screen.stand(elapsed, self._line(elapsed, latest))

    def _collect(self) -> list[Event | None]:
        """Wait a moment, longer if nothing happens, and return what has come until then."""
        events: list[Event | None] = []
        try:
            events.append(self._events.get(timeout=LIVE_SECONDS))
            if events[0] is not None:
                time.sleep(LINE_SECONDS)
            while True:
                events.append(self._events.get_nowait())
        except queue.Empty:
            return events

    def _line(self, seconds: float, event: Event | None) -> str:
        objective = bound = gap = source = "-"
        if event is not None:
            known = None if event.bound is None else self._objective.round_bound(event.bound)
            objective, bound = show(event.objective), show(event.bound)
            gap = show_gap(self._objective.gap(event.objective, known))
            source = event.source
        return (
            f"{seconds:8.2f} s  incumbent {objective:>8}  bound {bound:>8}  gap {gap:>8}  {source}"
        )


class _Lines:
    """Plain lines, for a file or a pipe."""

    def __init__(self, stream: TextIO, *, beats: bool) -> None:
        self._stream = stream
        self._beats = beats
        self._pause = FIRST_BEAT_SECONDS
        self._last = time.monotonic()

    def say(self, line: str, warning: bool = False) -> None:
        self._stream.write(line + "\n")
        self._stream.flush()
        self._last = time.monotonic()

    def stand(self, elapsed: float, line: str) -> None:
        if self._beats and time.monotonic() - self._last >= self._pause:
            self._pause = min(2 * self._pause, LONGEST_BEAT_SECONDS)
            self.say(line)

    def close(self) -> None:
        return


class _Live:
    """Lines of which the last one moves, for a terminal."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = Console(file=stream, highlight=False, markup=False, emoji=False)
        self._live = Live(
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()
        self._console.show_cursor(True)  # a process that is killed must not leave it hidden
        self._shown = 0.0

    def say(self, line: str, warning: bool = False) -> None:
        self._console.print(line, style="yellow" if warning else None, soft_wrap=True)

    def stand(self, elapsed: float, line: str) -> None:
        from rich.text import Text

        if elapsed - self._shown >= LIVE_SECONDS:
            self._shown = elapsed
            text = Text(line, style="bold cyan", no_wrap=True, overflow="ellipsis")
            self._live.update(text, refresh=True)

    def close(self) -> None:
        self._live.stop()
