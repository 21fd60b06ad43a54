"""What a call may use: time, iterations, workers; and how it is told to stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from ordino.core.status import StopReason

__all__ = ["Budget", "Crew", "StopToken", "Stoppable"]


class Stoppable(Protocol):
    """Anything that can say "stop": a `threading.Event`, a `StopToken`."""

    def is_set(self) -> bool:
        """Return whether to stop."""
        ...


class StopToken:
    """A flag that is set once, with a reason; the first reason stands.

    Args:
        outer: The caller's own flag, which counts as an interrupt.
    """

    __slots__ = ("_lock", "_noted", "_outer", "_reason")

    def __init__(self, outer: Stoppable | None = None) -> None:
        self._lock = threading.Lock()
        self._outer = outer
        self._reason: StopReason | None = None
        self._noted: StopReason | None = None

    def set(self, reason: StopReason = StopReason.INTERRUPTED) -> None:
        """Ask all that share this token to stop."""
        with self._lock:
            if self._reason is None:
                self._reason = reason

    def note(self, reason: StopReason) -> None:
        """Record that one solver ended for this reason, without asking the others to stop."""
        self._noted = reason

    @property
    def noted(self) -> StopReason | None:
        """The latest reason that a solver noted for its own end."""
        return self._noted

    def is_set(self) -> bool:
        """Return whether to stop."""
        if self._reason is None and self._outer is not None and self._outer.is_set():
            self.set(StopReason.INTERRUPTED)
        return self._reason is not None

    @property
    def reason(self) -> StopReason | None:
        """Why to stop, or `None`."""
        return self._reason if self.is_set() else None


class _Condition:
    """Set while a condition holds."""

    __slots__ = ("_holds",)

    def __init__(self, holds: Callable[[], bool]) -> None:
        self._holds = holds

    def is_set(self) -> bool:
        """Return whether to stop."""
        return self._holds()


class Crew:
    """The workers that a solver has as of now; whoever started it may change their number."""

    __slots__ = ("size",)

    def __init__(self, size: int) -> None:
        self.size = size


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits of one call, shared by all that works for it.

    Attributes:
        deadline: On the clock of `time.monotonic`.
        iterations: Most iterations of each solver (moves, samples, nodes, branches: the solver says
            what its iteration is), or `None`.
        workers: Cores to keep busy, at first.
        seed: Of every random choice.
        stop: Set when the answer is good enough, or the caller wants it now.
        crew: Where the number of workers may change.
    """

    deadline: float
    iterations: int | None = None
    workers: int = 1
    seed: int = 0
    stop: StopToken = field(default_factory=StopToken)
    crew: Crew | None = None

    @classmethod
    def of(cls, time_limit: float, **fields: object) -> Budget:
        """Make a budget that ends so many seconds from now."""
        return cls(time.monotonic() + time_limit, **fields)  # type: ignore[arg-type]

    def remaining(self) -> float:
        """Return the seconds left, never below 0."""
        return max(0.0, self.deadline - time.monotonic())

    def should_stop(self) -> bool:
        """Return whether time is up, a stop was asked for, or no worker is left."""
        return self.stop.is_set() or time.monotonic() >= self.deadline or self.workers_now() == 0

    def workers_now(self) -> int:
        """Return how many workers there are as of now."""
        return self.workers if self.crew is None else self.crew.size

    def out_of_iterations(self, done: int) -> bool:
        """Return whether a solver that has done so many iterations has reached the limit."""
        if self.iterations is None or done < self.iterations:
            return False
        self.stop.note(StopReason.ITERATION_LIMIT)
        return True

    def wait(self, seconds: float) -> bool:
        """Sleep that long at most, waking for a stop; return `should_stop()`."""
        until = time.monotonic() + seconds
        while not self.should_stop() and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.02))
        return self.should_stop()

    def until(self, condition: Callable[[], bool]) -> Budget:
        """Return this budget, ended as well once a condition holds, which is asked often."""
        ended = _Condition(lambda: condition() or self.stop.is_set())
        return replace(self, stop=StopToken(ended))

    def child(
        self,
        *,
        seconds: float | None = None,
        workers: int | None = None,
        crew: Crew | None = None,
    ) -> Budget:
        """Return a part of this budget: less time, so many workers or a crew, the same stop."""
        part = self
        if seconds is not None:
            part = replace(part, deadline=min(part.deadline, time.monotonic() + seconds))
        if workers is not None:
            part = replace(part, workers=workers, crew=None)
        if crew is not None:
            part = replace(part, workers=crew.size, crew=crew)
        return part
