"""The race and the call round it, with solvers that misbehave."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest
from kits.toy import Choice, Digits, check, formulate

import ordino
from ordino.core.budget import Budget, Crew
from ordino.core.errors import RejectedSolution, SolverError, UnknownNameError, UsageError
from ordino.core.incumbent import Incumbent
from ordino.core.status import Status, StopReason
from ordino.models.formulation import CpsatFormulation
from ordino.solvers import cpsat
from ordino.solvers.race import Entry, _lanes, race


def test_a_solver_that_crashes_is_recorded_and_the_others_go_on(digits: Digits) -> None:
    result = ordino.solve(digits, solver="crasher,cpsat", time_limit=10)
    assert result.status is Status.OPTIMAL
    assert [event.source for event in result.failures] == ["crasher"]
    assert "ZeroDivisionError: on purpose" in result.failures[0].message


def test_a_solver_that_offers_a_wrong_solution_is_recorded(digits: Digits) -> None:
    result = ordino.solve(digits, solver="liar,nines", time_limit=10)
    assert result.objective == (9, 63)
    assert [event.source for event in result.failures][:1] == ["liar"]
    assert "the sum is below 20" in result.failures[0].message


def test_a_bound_that_contradicts_a_checked_solution_is_dropped(digits: Digits) -> None:
    result = ordino.solve(digits, solver="boaster", time_limit=10)
    assert result.bound == (3, None)
    assert "contradicts" in result.failures[0].message
    assert result.status is Status.FEASIBLE


def test_all_solvers_failing_is_an_error(digits: Digits) -> None:
    with pytest.raises(SolverError, match="crasher: ZeroDivisionError"):
        ordino.solve(digits, solver="crasher,liar", time_limit=10)


def test_a_solver_that_does_not_stop_is_left_behind(digits: Digits) -> None:
    began = time.monotonic()
    result = ordino.solve(digits, solver="sleeper,nines", time_limit=0.3)
    assert time.monotonic() - began < 1.2
    assert result.objective == (9, 63)
    notes = [event for event in result.trace if event.kind == "note"]
    assert [(event.source, event.message) for event in notes] == [
        ("sleeper", "did not stop in time and was left behind")
    ]


def test_nothing_found_is_no_error(digits: Digits) -> None:
    result = ordino.solve(digits, solver="sleeper", time_limit=0.2)
    assert (result.status, result.stop) == (Status.UNKNOWN, StopReason.TIME_LIMIT)
    assert (result.objective, result.gap, result.solution) == (None, None, None)
    assert result.bound == (3, None)


def test_levels_are_proved_one_after_another(digits: Digits) -> None:
    result = ordino.solve(digits, time_limit=20)
    assert (result.objective, result.bound, result.gap) == ((3, 20), (3, 20), 0.0)
    assert result.status is Status.OPTIMAL
    assert ordino.Result.from_json(result.to_json()) == result


def test_infeasibility_is_proved(digits: Digits) -> None:
    result = ordino.solve(digits, solver="cpsat", time_limit=10, demand=64)
    assert result.status is Status.INFEASIBLE
    assert result.stop is StopReason.COMPLETED
    assert "no solution" in result.reason
    assert result.solution is None


def test_problem_options_are_applied_recorded_and_applied_again(digits: Digits) -> None:
    result = ordino.solve(digits, time_limit=10, demand="21")
    assert result.problem["options"] == {"demand": "21"}
    assert result.objective == (3, 21)
    assert ordino.check(digits, result).valid
    with pytest.raises(UsageError, match="demand: int"):
        ordino.solve(digits, demand="many")


def test_a_result_of_another_instance_is_told_as_such(digits: Digits) -> None:
    result = ordino.solve(digits, time_limit=10)
    report = ordino.check(Digits(count=7, demand=19), result)
    assert "another instance" in report.violations[0].message


def test_a_target_ends_the_race(digits: Digits) -> None:
    result = ordino.solve(digits, solver="stepper", target=(7, 60), time_limit=10)
    assert result.stop is StopReason.TARGET
    assert result.objective <= (7, 60)


def test_a_gap_ends_the_race(digits: Digits) -> None:
    result = ordino.solve(digits, solver="stepper", gap=0.5, time_limit=10)
    assert result.stop is StopReason.GAP
    assert result.gap <= 0.5


def test_an_iteration_limit_ends_the_race(digits: Digits) -> None:
    result = ordino.solve(digits, solver="stepper", iterations=5, time_limit=10)
    assert result.stop is StopReason.ITERATION_LIMIT
    assert result.objective == (9, 59)


def test_a_stop_from_another_thread(digits: Digits) -> None:
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    result = ordino.solve(digits, solver="stepper", time_limit=30, stop=stop)
    assert result.stop is StopReason.INTERRUPTED
    assert result.seconds < 2


def test_a_wrong_warm_start_is_refused(digits: Digits) -> None:
    with pytest.raises(RejectedSolution, match="warm start offers"):
        ordino.solve(digits, warm_start=Choice((1,) * 7))


def test_what_the_caller_raises_comes_back(digits: Digits) -> None:
    def on_event(event: ordino.Event) -> None:
        raise LookupError("the caller's own")

    with pytest.raises(LookupError, match="the caller's own"):
        ordino.solve(digits, time_limit=10, on_event=on_event)


def test_settings_may_be_nested_or_flat_and_must_be_known(digits: Digits) -> None:
    for settings in ({"sleeper": {"seconds": 0.01}}, {"sleeper.seconds": "0.01"}):
        result = ordino.solve(digits, solver="sleeper", settings=settings, time_limit=5)
        assert result.found_by == "sleeper"
    with pytest.raises(UnknownNameError, match="did you mean seconds"):
        ordino.solve(digits, solver="sleeper", settings={"sleeper.second": 1})
    with pytest.raises(UnknownNameError, match="running solver"):
        ordino.solve(digits, solver="nines", settings={"sleeper.seconds": 1})
    with pytest.raises(UsageError, match=r"solver\.name"):
        ordino.solve(digits, settings={"seconds": 1})


@pytest.mark.parametrize(
    "limits",
    [
        {"time_limit": 0},
        {"time_limit": float("nan")},
        {"workers": 0},
        {"gap": -1},
        {"iterations": 0},
        {"time_limit": None},
        {"time_limit": "5m"},
        {"workers": 1.5},
        {"seed": -1},
        {"target": "x"},
        {"target": 3},
        {"target": (1.0, float("nan"))},
        {"stop": 3},
        {"warm_start": [1, 2]},
    ],
)
def test_limits_that_make_no_sense(digits: Digits, limits: dict) -> None:
    with pytest.raises(UsageError):
        ordino.solve(digits, **limits)


def test_workers_are_dealt_out() -> None:
    def solver(*_: object) -> None: ...

    a, b, c = (Entry(name, solver, improves=True, scales=name != "b") for name in "abc")
    deal = lambda entries, workers: [  # noqa: E731
        ("".join(e.name for e in lane), share) for lane, share in _lanes(entries, workers)
    ]
    assert deal([a], 4) == [("a", 4)]
    assert deal([b], 4) == [("b", 1)]
    assert deal([a, b, c], 1) == [("abc", 1)]
    assert deal([a, b, c], 2) == [("ac", 1), ("b", 1)]
    assert deal([a, b, c], 6) == [("a", 3), ("b", 1), ("c", 2)]


def test_solvers_take_turns_on_one_worker(digits: Digits) -> None:
    result = ordino.solve(digits, solver="stepper,cpsat", workers=1, time_limit=2)
    assert result.status is Status.OPTIMAL
    assert {event.source for event in result.trace} >= {"stepper", "cpsat"}


def test_a_budget_divides() -> None:
    budget = Budget.of(10, workers=3)
    assert budget.child(seconds=1).remaining() <= 1
    assert budget.child(seconds=100).remaining() <= 10
    assert budget.child(crew=Crew(1)).workers == 1
    budget.child().stop.set()
    assert budget.should_stop()


def test_what_is_no_instance_is_told_as_such() -> None:
    for call in (ordino.solve, ordino.compute_bounds):
        with pytest.raises(UsageError, match="expected an instance, as ordino"):
            call("ft06")
    with pytest.raises(UsageError, match="expected a jobshop solution"):
        ordino.check(ordino.read("ft06"), [1, 2])


def test_an_engine_that_stops_within_a_gap_has_proved_nothing() -> None:
    shop = ordino.read("ft10")
    settings = {"cpsat.parameters": "relative_gap_limit:0.5"}
    result = ordino.solve(shop, solver="cpsat", settings=settings, time_limit=20)
    assert result.status is Status.FEASIBLE
    assert result.bound <= 930 <= result.objective
    assert result.stop is StopReason.COMPLETED


def test_false_claims_of_a_result_are_told(digits: Digits) -> None:
    result = ordino.solve(digits, time_limit=10)
    for change, kind in (
        ({"objective": (2, 20)}, "objective"),
        ({"bound": (4, None)}, "bound"),
        ({"status": Status.FEASIBLE}, "status"),
    ):
        report = ordino.check(digits, replace(result, **change))
        assert not report.valid
        assert report.violations[0].kind == kind
        assert report.objective == (3, 20)


def _race(digits: Digits, bound: tuple[int, ...], *, still: bool) -> dict[str, list[int]]:
    """Race an improver against a prover that holds a bound; return the workers each had."""
    had: dict[str, list[int]] = {"improver": [], "prover": []}

    def watch(name: str, budget: Budget) -> None:
        while not budget.should_stop():
            had[name].append(budget.workers_now())
            budget.wait(0.01)

    def improver(instance: Digits, incumbent: Incumbent, budget: Budget) -> None:
        largest = 9
        while not budget.should_stop():
            had["improver"].append(budget.workers_now())
            if not still and largest > 4:
                largest -= 1
                incumbent.offer(Choice((largest,) * 7), "improver")
            budget.wait(0.02)

    def prover(instance: Digits, incumbent: Incumbent, budget: Budget) -> None:
        incumbent.raise_bound(bound, "prover")
        watch("prover", budget)

    incumbent = Incumbent(digits, check, digits.objective)
    incumbent.offer(Choice((9,) * 7), "start")
    entries = [
        Entry("improver", improver, improves=True, scales=True),
        Entry("prover", prover, improves=True, proves=True, scales=True),
    ]
    race(entries, digits, incumbent, Budget.of(1.0, workers=2))
    return had


def test_where_the_gap_stays_wide_the_improvers_get_all_workers(
    digits: Digits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ordino.solvers.race.LOOK_SECONDS", 0.0)
    had = _race(digits, (3,), still=False)
    assert had["improver"][0] == had["prover"][0] == 1
    assert had["improver"][-1] == 2
    assert len(had["prover"]) < len(had["improver"])


def test_where_the_gap_is_narrow_and_nothing_moves_the_provers_get_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ordino.solvers.race.LOOK_SECONDS", 0.0)
    had = _race(Digits(count=7, demand=61), (9, 61), still=True)
    assert had["improver"][0] == had["prover"][0] == 1
    assert had["prover"][-1] == 2


def test_what_only_proves_goes_first_and_briefly(digits: Digits) -> None:
    seen = []

    def bounder(instance: Digits, incumbent: Incumbent, budget: Budget) -> None:
        seen.append(("bounder", budget.remaining()))

    def prover(instance: Digits, incumbent: Incumbent, budget: Budget) -> None:
        seen.append(("prover", budget.remaining()))

    incumbent = Incumbent(digits, check, digits.objective)
    entries = [
        Entry("prover", prover, improves=True, proves=True),
        Entry("bounder", bounder, proves=True),
    ]
    assert race(entries, digits, incumbent, Budget.of(10))
    assert [name for name, _ in seen] == ["bounder", "prover"]
    assert seen[0][1] < 2
    assert seen[1][1] > 9


def test_nobody_waits_for_the_kernels_of_what_only_proves(
    digits: Digits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ordino.solvers.race.is_warm", lambda module: False)
    compiled = threading.Event()
    seen = []

    def bounder(instance: Digits, incumbent: Incumbent, budget: Budget) -> None:
        compiled.wait(5)
        seen.append("bounder")

    def prover(instance: Digits, incumbent: Incumbent, budget: Budget) -> None:
        seen.append("prover")
        compiled.set()

    incumbent = Incumbent(digits, check, digits.objective)
    entries = [
        Entry("prover", prover, improves=True, proves=True),
        Entry("bounder", bounder, proves=True, kernels="some.kernels"),
    ]
    assert race(entries, digits, incumbent, Budget.of(10))
    assert seen == ["prover", "bounder"]


def test_cpsat_begins_anew_where_others_have_found_better(
    digits: Digits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cpsat, "RESTART_SECONDS", 0.05)
    bounds: list[object] = []

    def formulate_hard(instance: Digits, upper_bound: object) -> CpsatFormulation:
        bounds.append(upper_bound)
        formulation = formulate(instance, None)
        pigeons = [[formulation.model.new_bool_var("") for _ in range(11)] for _ in range(12)]
        for pigeon in pigeons:  # takes CP-SAT for ever
            formulation.model.add_bool_or(pigeon)
        for hole in zip(*pigeons, strict=True):
            for i, one in enumerate(hole):
                for other in hole[:i]:
                    formulation.model.add_bool_or(one.negated(), other.negated())
        return replace(formulation, hint=lambda solution: [], parameters="cp_model_presolve:false")

    incumbent = Incumbent(digits, check, digits.objective)
    incumbent.offer(Choice((9,) * 7), "start")
    timers = [
        threading.Timer(0.3 * k, incumbent.offer, (Choice((9 - k,) * 7), "another")) for k in (1, 2)
    ]
    for timer in timers:
        timer.start()
    cpsat.solver(formulate_hard)(digits, incumbent, Budget.of(1.5))
    assert bounds == [(9, 63), (8, 56), (7, 49)]
