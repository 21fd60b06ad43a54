"""Runs several solvers on one incumbent, side by side in threads.

Solvers that offer once and end open the race, one after another in one thread; the others wait for
them only a moment, so that they start with a good incumbent. Then improvers and provers share the
workers; where there are more solvers than workers, they take turns.
"""

from __future__ import annotations

import atexit
import threading
import time
import weakref
from collections.abc import Sequence
from dataclasses import dataclass

from ordino.core.budget import Budget
from ordino.core.family import Instance, Solver
from ordino.core.incumbent import Incumbent
from ordino.core.status import StopReason

__all__ = ["Entry", "race"]

POLL_SECONDS = 0.01
OPENING_SECONDS = 1.0
OPENING_SHARE = 0.1
GRACE_SECONDS = 0.4

EXIT_SECONDS = 10.0
_LEFT_BEHIND: weakref.WeakSet[threading.Thread] = weakref.WeakSet()


@atexit.register
def _wait_for_those_left_behind() -> None:
    """Keep the interpreter until they end: C++ code that calls back after it is gone aborts."""
    until = time.monotonic() + EXIT_SECONDS
    for thread in list(_LEFT_BEHIND):
        thread.join(max(0.0, until - time.monotonic()))


@dataclass(frozen=True, slots=True)
class Entry:
    """A solver in a race: whether it opens (offers once), and whether it can use many workers."""

    name: str
    solver: Solver
    opens: bool = False
    scales: bool = False


def race(
    entries: Sequence[Entry], instance: Instance, incumbent: Incumbent, budget: Budget
) -> bool:
    """Run all entries until they end, the incumbent is closed, or the budget is spent.

    A solver that raises is recorded as a failure of the incumbent, and the others go on. One that
    does not stop in time (HiGHS looks up only between two linear programs) is left behind, and ends
    when it does look up; the incumbent is sealed by then.

    Returns:
        Whether every solver came to its own end.
    """
    opening = [entry for entry in entries if entry.opens]
    lasting = [entry for entry in entries if not entry.opens]
    runners: list[_Runner] = []
    try:
        if opening:
            runners.append(_Runner(opening, instance, incumbent, budget))
            patience = min(OPENING_SECONDS, OPENING_SHARE * budget.remaining())
            _await(runners, incumbent, budget, patience if lasting else None)
        for lane, share in _lanes(lasting, budget.workers):
            runners.append(_Runner(lane, instance, incumbent, budget.child(workers=share)))
        _await(runners, incumbent, budget, None)
    except BaseException:  # Ctrl-C without a handler: nothing may run on in the background
        budget.stop.set(StopReason.INTERRUPTED)
        raise
    finally:
        if incumbent.closed:
            budget.stop.set(StopReason.COMPLETED)
        _part(runners, incumbent)
    return all(runner.completed for runner in runners)


def _part(runners: Sequence[_Runner], incumbent: Incumbent) -> None:
    """Wait a moment for those that still run, and leave the others behind."""
    until = time.monotonic() + GRACE_SECONDS
    for runner in runners:
        runner.thread.join(max(0.0, until - time.monotonic()))
        if runner.thread.is_alive():
            incumbent.note(runner.current, "did not stop in time and was left behind")
            _LEFT_BEHIND.add(runner.thread)


def _lanes(entries: Sequence[Entry], workers: int) -> list[tuple[list[Entry], int]]:
    """Deal the entries into at most `workers` lanes; spare workers go to those that scale."""
    if not entries:
        return []
    count = min(workers, len(entries))
    lanes = [list(entries[index::count]) for index in range(count)]
    shares = [1] * count
    scaling = [i for i, lane in enumerate(lanes) if any(entry.scales for entry in lane)]
    for spare in range(workers - count if scaling else 0):
        shares[scaling[spare % len(scaling)]] += 1
    return list(zip(lanes, shares, strict=True))


def _await(
    runners: Sequence[_Runner], incumbent: Incumbent, budget: Budget, patience: float | None
) -> None:
    until = None if patience is None else time.monotonic() + patience
    while alive := [runner.thread for runner in runners if runner.thread.is_alive()]:
        if budget.should_stop() or incumbent.closed:
            return
        if until is not None and time.monotonic() >= until:
            return
        alive[0].join(POLL_SECONDS)
        incumbent.flush()


class _Runner:
    """A thread that runs the entries of one lane, one after another."""

    def __init__(
        self, lane: Sequence[Entry], instance: Instance, incumbent: Incumbent, budget: Budget
    ) -> None:
        self.current = lane[0].name
        self.completed = False
        self.thread = threading.Thread(
            target=self._run, args=(lane, instance, incumbent, budget), daemon=True
        )
        self.thread.start()

    def _run(
        self, lane: Sequence[Entry], instance: Instance, incumbent: Incumbent, budget: Budget
    ) -> None:
        cut_off = False
        for index, entry in enumerate(lane):
            if budget.should_stop() or incumbent.closed:
                return
            self.current = entry.name
            turn = budget
            if not entry.opens:
                turn = budget.child(seconds=budget.remaining() / (len(lane) - index))
            try:
                entry.solver(instance, incumbent, turn)
            except Exception as error:
                incumbent.fail(entry.name, f"{type(error).__name__}: {error}")
            cut_off |= turn.should_stop()
        self.completed = not cut_off
