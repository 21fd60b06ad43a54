"""The meeting place of solvers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from ordino.core.errors import RejectedSolution
from ordino.core.incumbent import Event, Incumbent
from ordino.core.objective import Objective
from ordino.core.report import Report, Violation


def check(instance: None, solution: int) -> Report:
    """A solution is a number that is its own objective; negative ones are infeasible."""
    violations = [Violation("sign", f"{solution} is negative")] if solution < 0 else []
    return Report.of(violations, solution)


def make(
    checker: Callable[[None, int], Report] = check, on_event: Callable[[Event], None] | None = None
) -> Incumbent:
    return Incumbent(None, checker, Objective.of("value"), on_event=on_event)


def test_only_improvements_count() -> None:
    held = make()
    version = held.version
    assert held.offer(5, "a")
    assert held.changed_since(version)
    assert not held.offer(5, "b")
    assert not held.offer(7, "b", claimed=7)
    assert held.offer(3, "b", claimed=3)
    assert (held.best, held.objective, held.found_by) == (3, 3, "b")
    assert [event.objective for event in held.trace] == [5, 3]


def test_a_wrong_solution_is_refused_and_recorded() -> None:
    held = make()
    with pytest.raises(RejectedSolution, match="bad offers an infeasible solution: -1 is negative"):
        held.offer(-1, "bad")
    assert held.best is None
    assert held.failures[0].source == "bad"


def test_the_objective_is_the_checkers_and_not_the_claimed_one() -> None:
    held = make()
    held.offer(5, "a", claimed=1)
    assert held.objective == 5


def test_bounds_only_rise() -> None:
    held = make()
    assert held.raise_bound(2.5, "a")
    assert held.bound == 3
    assert not held.raise_bound(2, "b")
    assert not held.raise_bound(float("-inf"), "b")
    held.offer(3, "a")
    assert held.optimal
    assert held.closed
    assert held.gap == 0


def test_a_bound_beyond_a_solution_is_dropped() -> None:
    held = make()
    held.offer(5, "a")
    assert not held.raise_bound(6, "b")
    assert held.bound is None
    assert "contradicts" in held.failures[0].message


def test_a_solution_below_the_bound_drops_the_bound() -> None:
    held = make()
    held.raise_bound(6, "b")
    held.offer(5, "a")
    assert held.bound is None
    assert held.failures[0].source == "b"


def test_infeasibility_and_a_solution_contradict_each_other() -> None:
    held = make()
    assert held.prove_infeasible("a", "nothing fits")
    assert held.closed
    held.offer(4, "b")
    assert held.infeasible is None
    assert held.failures[0].source == "a" or held.failures
    assert not held.prove_infeasible("a", "nothing fits")
    assert len(held.failures) == 2


def test_nothing_is_taken_after_the_seal() -> None:
    held = make()
    held.offer(5, "a")
    held.seal()
    assert not held.offer(4, "a")
    assert not held.raise_bound(5, "a")
    assert not held.prove_infeasible("a", "late")
    assert held.objective == 5


def test_checking_takes_a_small_share_of_the_time_and_loses_nothing() -> None:
    def slow(instance: None, solution: int) -> Report:
        time.sleep(0.02)
        return check(instance, solution)

    held = make(slow)
    began = time.monotonic()
    value = 10**9
    while time.monotonic() - began < 1.0:
        value -= 1
        assert held.offer(value, "a", claimed=value)
        held.flush()
    assert held.checking_seconds < 0.05 + 0.02 + 0.1 * 1.2
    held.seal()
    assert held.objective == value


def test_a_wrong_solution_that_waited_is_recorded_at_the_flush() -> None:
    def slow(instance: None, solution: int) -> Report:
        time.sleep(0.06)
        return check(instance, solution)

    held = make(slow)
    held.offer(5, "a")
    assert held.offer(-3, "bad", claimed=-3)
    held.seal()
    assert held.objective == 5
    assert held.failures[0].source == "bad"


def test_many_threads_agree_on_the_best() -> None:
    events: list[Event] = []
    held = make(on_event=events.append)

    def work(offset: int) -> None:
        for value in range(500, 0, -1):
            held.offer(value * 4 + offset, f"t{offset}")
            held.raise_bound(4 - value / 500, f"t{offset}")

    threads = [threading.Thread(target=work, args=(offset,)) for offset in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (held.objective, held.bound) == (4, 4)
    assert held.failures == ()
    objectives = [event.objective for event in held.trace if event.kind == "incumbent"]
    assert objectives == sorted(objectives, reverse=True)
    assert [event.seconds for event in events] == sorted(event.seconds for event in events)
    assert tuple(events) == held.trace
