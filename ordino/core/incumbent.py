"""The one meeting place of all solvers on an instance: best checked solution, bound, events."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ordino.core.errors import RejectedSolution
from ordino.core.objective import Bound, Objective, Value
from ordino.core.report import Report

__all__ = ["Event", "Incumbent", "Observer"]

CHECKING_SHARE = 0.1
"""Checking takes at most this share of the time, not counting the first few milliseconds."""
CHECKING_ALLOWANCE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened in a run.

    Attributes:
        kind: `incumbent`, `bound`, `infeasible`, `failure` or `note`.
        seconds: Since the start of the call.
        objective: Of the best checked solution by then.
        bound: By then.
        source: The solver that it comes from.
        message: What failed, why there is no solution, or what is worth a note.
    """

    kind: str
    seconds: float
    source: str
    objective: Value | None = None
    bound: Bound | None = None
    message: str | None = None

    def to_data(self) -> dict[str, Any]:
        """Return the event as plain data for JSON, without what it does not have."""
        data = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in data.items() if value is not None}


Observer = Callable[[Event], None]


class Incumbent:
    """Best checked solution and bound of an instance; safe to use from many threads.

    Args:
        instance: The instance, handed to `check`.
        check: The family's checker.
        objective: The levels of the instance's objective.
        on_event: Called with every event, one at a time, from the thread that caused it.
    """

    def __init__(
        self,
        instance: Any,
        check: Callable[[Any, Any], Report],
        objective: Objective,
        *,
        on_event: Observer | None = None,
    ) -> None:
        self.instance = instance
        self.levels = objective
        self._check = check
        self._on_event = on_event
        self._started = time.monotonic()
        self._lock = threading.RLock()
        self._sealed = False
        self._best: Any = None
        self._objective: Value | None = None
        self._found_by: str | None = None
        self._bound: tuple[int | float, ...] | None = None
        self._bound_by: str | None = None
        self._infeasible: str | None = None
        self._pending: tuple[Any, str, Value] | None = None
        self._checking_seconds = 0.0
        self._last_check = 0.0
        self._version = 0
        self._trace: list[Event] = []
        self._observer_error: BaseException | None = None

    # What is known

    @property
    def best(self) -> Any:
        """The best checked solution, or `None`."""
        return self._best

    @property
    def objective(self) -> Value | None:
        """Objective of `best`."""
        return self._objective

    @property
    def found_by(self) -> str | None:
        """The solver that found `best`."""
        return self._found_by

    @property
    def bound(self) -> Bound | None:
        """The best proved lower bound."""
        with self._lock:
            return self.levels.public_bound(self._objective, self._bound)

    @property
    def bound_by(self) -> str | None:
        """The solver that proved `bound`."""
        return self._bound_by

    @property
    def gap(self) -> float | None:
        """Gap between `objective` and `bound` (see `Objective.gap`)."""
        with self._lock:
            return self.levels.gap(self._objective, self._bound)

    @property
    def optimal(self) -> bool:
        """Whether the bound proves `best` optimal."""
        with self._lock:
            return self._objective is not None and self.levels.closed(self._objective, self._bound)

    @property
    def infeasible(self) -> str | None:
        """Why there is no solution, where that is proved."""
        return self._infeasible

    @property
    def closed(self) -> bool:
        """Whether nothing is left to find: optimal, or proved infeasible."""
        return self.optimal or self._infeasible is not None

    @property
    def trace(self) -> tuple[Event, ...]:
        """All events so far."""
        with self._lock:
            return tuple(self._trace)

    @property
    def failures(self) -> tuple[Event, ...]:
        """The events of kind `failure`."""
        return tuple(event for event in self.trace if event.kind == "failure")

    @property
    def observer_error(self) -> BaseException | None:
        """What the caller's `on_event` raised first."""
        return self._observer_error

    @property
    def version(self) -> int:
        """Counts the changes of `best`: what a solver compares to see whether others moved on."""
        return self._version

    @property
    def checking_seconds(self) -> float:
        """Time spent in the checker."""
        return self._checking_seconds

    def changed_since(self, version: int) -> bool:
        """Tell whether `best` is another than at that version."""
        return self._version != version

    # What solvers say

    def offer(self, solution: Any, source: str, claimed: Value | None = None) -> bool:
        """Offer a solution; the only door that a solution passes.

        Args:
            solution: Must not change afterwards.
            source: The solver's name.
            claimed: Its objective as the solver sees it. One that does not improve is turned away
                unchecked; one that does may wait where checking would take too much of the time.

        Returns:
            Whether it is, or is about to become, the best.

        Raises:
            RejectedSolution: The checker finds it infeasible; a failure is recorded.
        """
        with self._lock:
            if self._sealed:
                return False
            if claimed is not None and not self.levels.better(claimed, self._objective):
                return False
            if claimed is not None and self._objective is not None and self._checked_enough():
                if self._pending is None or self.levels.better(claimed, self._pending[2]):
                    self._pending = (solution, source, claimed)
                return True
        return self._admit(solution, source)

    def flush(self, *, force: bool = False) -> None:
        """Check the offer that waits, if checking may take the time or `force` is given."""
        with self._lock:
            pending = self._pending
            if pending is None or not (force or not self._checked_enough()):
                return
            self._pending = None
        solution, source, claimed = pending
        if self.levels.better(claimed, self._objective):
            try:
                self._admit(solution, source)
            except RejectedSolution:
                return  # recorded as a failure of its source, which is not here to be told

    def raise_bound(self, bound: Bound, source: str) -> bool:
        """State a proved lower bound; returns whether it is better than the one held.

        For several levels, a tuple: the proved levels, then one bound. A bound above a checked
        objective is recorded as a failure of its source and dropped.
        """
        known = self.levels.round_bound(bound)
        with self._lock:
            if self._sealed or known is None or (self._bound is not None and known <= self._bound):
                return False
            if self._objective is not None and self.levels.contradicts(self._objective, known):
                self.fail(source, f"bound {bound} contradicts a solution of {self._objective}")
                return False
            self._bound = known
            self._bound_by = source
            self._record("bound", source)
            return True

    def prove_infeasible(self, source: str, reason: str) -> bool:
        """State that there is no solution; contradicted by a checked one, that is a failure."""
        with self._lock:
            if self._sealed or self._infeasible is not None:
                return False
            if self._best is not None:
                self.fail(source, f"claims that there is no solution ({reason}), but there is")
                return False
            self._infeasible = reason
            self._record("infeasible", source, reason)
            return True

    def fail(self, source: str, message: str) -> None:
        """Record that a solver failed."""
        with self._lock:
            self._record("failure", source, message)

    def note(self, source: str, message: str) -> None:
        """Record what a reader of the trace may want to know."""
        with self._lock:
            self._record("note", source, message)

    def seal(self) -> None:
        """Check what waits, then take nothing more."""
        self.flush(force=True)
        with self._lock:
            self._sealed = True

    # Inside

    def _checked_enough(self) -> bool:
        allowed = CHECKING_ALLOWANCE + CHECKING_SHARE * (time.monotonic() - self._started)
        return self._checking_seconds + self._last_check > allowed

    def _admit(self, solution: Any, source: str) -> bool:
        began = time.monotonic()
        report = self._check(self.instance, solution)
        spent = time.monotonic() - began
        with self._lock:
            self._checking_seconds += spent
            self._last_check = spent
            if not report.valid:
                rejected = RejectedSolution(source, report)
                self.fail(source, str(rejected))
                raise rejected
            value = report.objective
            assert value is not None
            if self._sealed or not self.levels.better(value, self._objective):
                return False
            self._best, self._objective, self._found_by = solution, value, source
            self._version += 1
            if self._infeasible is not None:
                self._infeasible = None
                self.fail(source, "found a solution where another solver had proved none")
            if self._bound is not None and self.levels.contradicts(value, self._bound):
                self.fail(
                    str(self._bound_by), f"bound {self._bound} contradicts a solution of {value}"
                )
                self._bound = self._bound_by = None
            self._record("incumbent", source)
            return True

    def _record(self, kind: str, source: str, message: str | None = None) -> None:
        event = Event(
            kind=kind,
            seconds=round(time.monotonic() - self._started, 4),
            source=source,
            objective=self._objective,
            bound=self.bound,
            message=message,
        )
        self._trace.append(event)
        if self._on_event is not None and self._observer_error is None:
            try:
                self._on_event(event)
            except BaseException as error:  # raised again by `solve`, in the caller's own thread
                self._observer_error = error
