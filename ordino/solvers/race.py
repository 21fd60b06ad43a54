"""Runs several solvers on one incumbent, side by side in threads.

Solvers that offer once and end open the race, one after another in one thread; the others wait for
them only a moment, so that they start with a good incumbent. Then improvers and provers share the
workers; where there are more solvers than workers, they take turns. What only proves goes first in
its turn, and briefly.

As the gap stands, workers change sides. While it is wide, proving is in vain, and the improvers get
the provers' workers; where it is narrow and nothing got better for long, it is the other way round.
"""

from __future__ import annotations

import atexit
import math
import threading
import time
import weakref
from collections.abc import Sequence
from dataclasses import dataclass

from ordino.core.budget import Budget, Crew
from ordino.core.errors import UsageError
from ordino.core.family import Instance, Solver
from ordino.core.incumbent import Incumbent
from ordino.core.kernel import is_warm
from ordino.core.status import StopReason

__all__ = ["Entry", "race"]

POLL_SECONDS = 0.01
OPENING_SECONDS = 1.0
OPENING_SHARE = 0.1
GRACE_SECONDS = 0.4
BRIEF_SHARE = 0.15
"""Of the time, for what only proves."""

LOOK_SHARE, LOOK_SECONDS = 0.15, 3.0
"""Of the time, and at least, that each solver has before workers change sides."""
WIDE_GAP = 0.04
STILL_SHARE = 0.5
"""Of the time so far, without an improvement, after which improving is given up."""

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
    """A solver in a race, and what its `SolverSpec` says of it."""

    name: str
    solver: Solver
    improves: bool = False
    proves: bool = False
    scales: bool = False
    kernels: str | None = None

    @property
    def opens(self) -> bool:
        """Whether it is a quick start for others."""
        return not (self.improves or self.proves)

    @property
    def brief(self) -> bool:
        """Whether it only proves."""
        return self.proves and not self.improves

    @property
    def cold(self) -> bool:
        """Whether its kernels have to be compiled first."""
        return self.kernels is not None and not is_warm(self.kernels)


def race(
    entries: Sequence[Entry], instance: Instance, incumbent: Incumbent, budget: Budget
) -> bool:
    """Run all entries until they end, the incumbent is closed, or the budget is spent.

    A solver that raises is recorded as a failure of the incumbent, and the others go on. One that
    does not stop in time (HiGHS looks up only between two linear programs) is left behind, and ends
    when it does look up; the incumbent is sealed by then.

    Returns:
        Whether every solver came to its own end.

    Raises:
        UsageError: A solver refuses its settings, or the instance.
    """
    opening = [entry for entry in entries if entry.opens]
    lasting = [entry for entry in entries if not entry.opens]
    runners: list[_Runner] = []
    try:
        if opening:
            runners.append(_Runner(opening, instance, incumbent, budget.child(crew=Crew(1))))
            patience = min(OPENING_SECONDS, OPENING_SHARE * budget.remaining())
            _await(runners, incumbent, budget, patience if lasting else None)
        cold = [entry for entry in lasting if entry.brief and entry.cold]
        if len(cold) < len(lasting):  # these wait for a compiler: nobody else shall
            lasting = [entry for entry in lasting if entry not in cold]
            for entry in cold:
                turn = budget.child(seconds=BRIEF_SHARE * budget.remaining(), crew=Crew(1))
                runners.append(_Runner([entry], instance, incumbent, turn))
        for lane, share in _lanes(lasting, budget.workers):
            runners.append(_Runner(lane, instance, incumbent, budget.child(crew=Crew(share))))
        _await(runners, incumbent, budget, None)
    except BaseException:  # Ctrl-C without a handler: nothing may run on in the background
        budget.stop.set(StopReason.INTERRUPTED)
        raise
    finally:
        if incumbent.closed:
            budget.stop.set(StopReason.COMPLETED)
        _part(runners, incumbent)
    for misuse in [runner.misuse for runner in runners if runner.misuse]:
        raise misuse
    return all(runner.completed for runner in runners)


def _part(runners: Sequence[_Runner], incumbent: Incumbent) -> None:
    """Wait a moment for those that still run, and leave the others behind."""
    until = time.monotonic() + GRACE_SECONDS
    for runner in runners:
        runner.thread.join(max(0.0, until - time.monotonic()))
        if runner.thread.is_alive():
            incumbent.note(runner.entry.name, "did not stop in time and was left behind")
            _LEFT_BEHIND.add(runner.thread)


def _lanes(entries: Sequence[Entry], workers: int) -> list[tuple[list[Entry], int]]:
    """Deal the entries into at most `workers` lanes; spare workers go to those that scale."""
    brief = [entry for entry in entries if entry.brief]
    others = [entry for entry in entries if not entry.brief]
    if not others:
        return [(brief, workers)] if brief else []
    count = min(workers, len(others))
    lanes = [others[index::count] for index in range(count)]
    proving = next((lane for lane in lanes if lane[0].proves), lanes[-1])
    proving[:0] = brief
    shares = [1] * count
    scaling = [i for i, lane in enumerate(lanes) if any(entry.scales for entry in lane)]
    for spare in range(workers - count if scaling else 0):
        shares[scaling[spare % len(scaling)]] += 1
    return list(zip(lanes, shares, strict=True))


def _await(
    runners: Sequence[_Runner], incumbent: Incumbent, budget: Budget, patience: float | None
) -> None:
    began = improved = time.monotonic()
    version = incumbent.version
    until = math.inf if patience is None else began + patience
    while alive := [runner for runner in runners if runner.thread.is_alive()]:
        now = time.monotonic()
        if budget.should_stop() or incumbent.closed or now >= until:
            return
        if incumbent.changed_since(version):
            version, improved = incumbent.version, now
            for runner in alive:
                if runner.entry.name == incumbent.found_by:
                    runner.found = now
        spent = now - began
        look = now - max(LOOK_SECONDS, LOOK_SHARE * (spent + budget.remaining()))
        if all(runner.since < look for runner in alive):
            _change_sides(alive, incumbent, look, now - improved > STILL_SHARE * spent)
        alive[0].thread.join(POLL_SECONDS)
        incumbent.flush()


def _change_sides(alive: Sequence[_Runner], incumbent: Incumbent, look: float, still: bool) -> None:
    """Move all workers of improvers to a prover or the other way round, if the gap says so.

    A prover that has improved the incumbent since `look` keeps its workers: it is an improver too.
    """
    scaling = [runner for runner in alive if runner.entry.scales and runner.crew.size]
    improving = [runner for runner in scaling if not runner.entry.proves]
    proving = [runner for runner in scaling if runner.entry.proves]
    if not (improving and proving) or incumbent.objective is None:
        return
    wide = incumbent.gap is None or incumbent.gap > WIDE_GAP
    if wide and all(runner.found < look for runner in proving):
        _hand_over(proving, improving[0])
    elif still and not wide:
        _hand_over(improving, proving[0])


def _hand_over(givers: Sequence[_Runner], taker: _Runner) -> None:
    for giver in givers:
        taker.crew.size += giver.crew.size
        giver.crew.size = 0


class _Runner:
    """A thread that runs the entries of one lane, one after another."""

    def __init__(
        self, lane: Sequence[Entry], instance: Instance, incumbent: Incumbent, budget: Budget
    ) -> None:
        assert budget.crew is not None
        self.entry = lane[0]
        self.since = time.monotonic()
        self.found = -math.inf
        self.crew = budget.crew
        self.completed = False
        self.misuse: UsageError | None = None
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
            self.entry, self.since = entry, time.monotonic()
            turn = budget
            if entry.brief and not all(each.brief for each in lane):
                turn = budget.child(seconds=BRIEF_SHARE * budget.remaining())
            elif not entry.opens:
                turn = budget.child(seconds=budget.remaining() / (len(lane) - index))
            try:
                entry.solver(instance, incumbent, turn)
            except UsageError as error:
                self.misuse = error
                budget.stop.set(StopReason.INTERRUPTED)
                return
            except Exception as error:
                incumbent.fail(entry.name, f"{type(error).__name__}: {error}")
            cut_off |= turn.should_stop()
        self.completed = not cut_off
