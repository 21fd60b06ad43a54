"""Shops without room between machines: exact methods against brute force, searches, rules."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kits.blocking import blocking_shops, brute_force
from ortools.sat.python import cp_model

import ordino
from ordino.core.kernel import warm
from ordino.core.status import Status
from ordino.heuristics.jobshop import anneal, insertion, no_wait, shop_tabu
from ordino.heuristics.jobshop.serial import serial
from ordino.instances.jobshop.generate import taillard
from ordino.instances.jobshop.generate_shop import general
from ordino.models.jobshop.check import check
from ordino.models.jobshop.problem import Schedule
from ordino.models.jobshop.shop import Shop, adjust
from ordino.models.jobshop.shop_cpsat import formulate_shop, takes_shop
from ordino.models.jobshop.timing import contradiction

BUFFERS = ("swap", "blocking", "no-wait")


def _solved(instance: Shop) -> tuple[int, Schedule] | None:
    formulation = formulate_shop(instance, None)
    model = formulation.model
    model.minimize(formulation.levels[0])
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    if solver.solve(model) == cp_model.INFEASIBLE:
        return None
    solution = formulation.read(list(solver.response_proto.solution))
    return round(solver.objective_value), solution


def _complete_hint(instance: Shop, solution: Schedule) -> bool:
    """Tell whether the hint of a schedule is feasible and covers every variable."""
    formulation = formulate_shop(instance, None)
    model = formulation.model
    hint = list(formulation.hint(solution))
    assert len({variable.index for variable, _ in hint}) == len(model.proto.variables)
    for variable, value in hint:
        model.add(variable == value)
    return cp_model.CpSolver().solve(model) == cp_model.OPTIMAL


@pytest.mark.parametrize("buffers", BUFFERS)
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_cpsat_against_brute_force(buffers: str, data: st.DataObject) -> None:
    shop = data.draw(blocking_shops(buffers=buffers))
    if takes_shop(shop) is not None:
        return
    found = _solved(shop)
    assert (None if found is None else found[0]) == brute_force(shop)
    if found is not None:
        report = check(shop, found[1])
        assert report.valid, report.violations
        assert report.objective == found[0]
        assert _complete_hint(shop, found[1])


@pytest.mark.parametrize("buffers", BUFFERS)
@settings(max_examples=40, deadline=None)
@given(st.data())
def test_one_job_after_another_is_feasible(buffers: str, data: st.DataObject) -> None:
    shop = data.draw(blocking_shops(buffers=buffers))
    found = serial(shop)
    if found is None:
        assert brute_force(shop) is None
        return
    report = check(shop, found)
    assert report.valid, report.violations


def test_one_job_after_another_keeps_setups_and_downtimes() -> None:
    jobs = [[[(0, 3), (1, 1)], [(1, 2)]], [[(1, 4)], [(0, 2)]]]
    families = [[0, 1], [0, 1]]
    more: dict[str, Any] = {
        "setup_families": families,
        "setups": [[[0, 1], [5, 0]]] * 2,
        "initial_setups": [[2, 0], [0, 0]],
        "downtimes": [(0, 0, 4), (1, 8, 20), (1, 40, None)],
    }
    held = serial(Shop.of(jobs, buffers="blocking", **more))
    assert held is not None
    assert (held.start.tolist(), held.machine.tolist()) == ([4, 20, 27, 31], [0, 1, 1, 0])
    rigid = serial(Shop.of(jobs, buffers="no-wait", **more))
    assert rigid is not None
    assert (rigid.start.tolist(), rigid.machine.tolist()) == ([17, 20, 27, 31], [0, 1, 1, 0])


@pytest.mark.parametrize("buffers", BUFFERS)
@settings(max_examples=40, deadline=None)
@given(st.data())
def test_searches_against_brute_force(buffers: str, data: st.DataObject) -> None:
    shop = data.draw(blocking_shops(buffers=buffers, plain=True))
    name = "no-wait" if buffers == "no-wait" else "insertion"
    result = ordino.solve(shop, solver=name, iterations=200, workers=1, time_limit=20)
    assert result.objective is not None
    best = brute_force(shop)
    assert best is not None
    assert result.objective >= best
    assert not [event for event in result.trace if event.kind == "failure"]
    hits = HITS.setdefault(name, [0, 0])
    hits[0] += result.objective == best
    hits[1] += 1


@pytest.mark.parametrize("buffers", ["swap", "blocking"])
@settings(max_examples=15, deadline=None)
@given(st.data())
def test_the_default_proves_small_shops(buffers: str, data: st.DataObject) -> None:
    shop = data.draw(blocking_shops(buffers=buffers, plain=True))
    result = ordino.solve(shop, workers=2, time_limit=20)
    assert not result.failures
    assert result.status is Status.OPTIMAL
    assert result.objective == brute_force(shop)


def test_cpsat_refuses_times_too_long_for_the_moves_of_an_instant() -> None:
    shop = Shop.of([[[(0, 2**44)]]], machines=100, buffers="blocking")
    assert "horizon x machines" in str(takes_shop(shop))
    assert takes_shop(replace(shop, buffers="swap")) is None


def test_a_shop_beyond_cpsat_is_searched_all_the_same() -> None:
    shop = Shop.of([[[(0, 2**40)], [(1, 2**40)]]] * 3, buffers="swap", weights=[2**9] * 3)
    assert takes_shop(shop) is not None
    result = ordino.solve(shop, workers=2, time_limit=2)
    assert result.found_by in ("insertion", "serial")
    assert result.objective == 4 * 2**40


HITS: dict[str, list[int]] = {}


def test_searches_find_most_optima() -> None:
    assert HITS
    assert all(hits >= 0.8 * count for hits, count in HITS.values()), HITS


@pytest.mark.parametrize("buffers", BUFFERS)
def test_searches_answer_alike(buffers: str) -> None:
    shop = adjust(taillard(jobs=8, machines=5, seed=3), variant=buffers)
    name = "no-wait" if buffers == "no-wait" else "insertion"
    once, again = (
        ordino.solve(shop, solver=name, iterations=3000, workers=1, seed=5, time_limit=60)
        for _ in range(2)
    )
    assert once.solution == again.solution
    serial = int(shop.duration.sum())
    assert once.objective < 0.6 * serial


def test_a_swap_that_three_jobs_make() -> None:
    ring = [[[(m, 2)], [((m + 1) % 3, 2)]] for m in range(3)]
    swap = ordino.solve(Shop.of(ring, buffers="swap"), solver="cpsat", time_limit=20)
    held = ordino.solve(Shop.of(ring, buffers="blocking"), solver="cpsat", time_limit=20)
    assert swap.status is held.status is Status.OPTIMAL
    assert (swap.objective, held.objective) == (4, 8)


def test_a_no_wait_job_between_downtimes_is_infeasible_and_said_to_be() -> None:
    shop = Shop.of(
        [[[(0, 3)], [(1, 3)]]],
        downtimes=[(0, 4, None), (1, 0, 2), (1, 5, None)],
        buffers="no-wait",
    )
    for solver in (None, "cpsat", "no-wait"):
        result = ordino.solve(shop, solver=solver, time_limit=10)
        assert result.status is Status.INFEASIBLE
        told = [event.message for event in result.trace if event.kind == "infeasible"]
        assert "job 0 fits nowhere" in str(told)


def test_a_no_wait_job_without_choice_is_explained_beside_one_with_it() -> None:
    jobs = [[[(0, 5)], [(1, 5)]], [[(0, 1), (1, 1)]]]
    down = [(0, 5, None), (1, 0, 6)]
    wrong = Shop.of(jobs, downtimes=down, buffers="no-wait")
    assert "job 0 fits nowhere between the downtimes" in str(contradiction(wrong))
    for right in (
        Shop.of(jobs, downtimes=[down[0], (1, 0, 5)], buffers="no-wait"),
        Shop.of([[[(0, 5)], [(0, 9), (1, 5)]], jobs[1]], downtimes=down[:1], buffers="no-wait"),
    ):
        assert contradiction(right) is None


def test_downtimes_are_listed_once_a_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    job = [[(position % 2, 1)] for position in range(50)]
    shop = Shop.of([job], downtimes=[(0, 0, 3), (1, 5, 9)], buffers="no-wait")
    listed, downtimes = [], Shop.downtimes

    def counted(instance: Shop, machine: int) -> list[tuple[int, int]]:
        listed.append(machine)
        return downtimes(instance, machine)

    monkeypatch.setattr(Shop, "downtimes", counted)
    assert contradiction(shop) is None
    assert len(listed) <= 4


@pytest.mark.parametrize("goal", ["makespan", "flow-time"])
@pytest.mark.parametrize("seed", range(4))
def test_no_wait_jobs_find_a_sequence_before_machines_end_for_ever(goal: str, seed: int) -> None:
    shop = Shop.of(
        [[[(0, 5)]], [[(0, 3)]]],
        release_dates=[0, 1],
        downtimes=[(0, 8, None)],
        buffers="no-wait",
        goal=goal,
    )
    result = ordino.solve(
        shop, solver="no-wait", iterations=20, workers=1, seed=seed, time_limit=20
    )
    assert result.failures == ()
    assert result.objective == {"makespan": 8, "flow-time": 12}[goal]


@pytest.mark.parametrize("buffers", BUFFERS)
def test_neighbours_that_leave_no_time_for_a_setup_are_named(buffers: str) -> None:
    jobs = [[[(0, 1)], [(1, 1)], [(1, 2)]], [[(1, 1)]]]
    setups = [[[0, 2], [2, 0]]] * 2
    shop = Shop.of(jobs, setup_families=[[0, 1, 0], [0]], setups=setups, buffers=buffers)
    result = ordino.solve(shop, time_limit=10)
    assert result.status is Status.INFEASIBLE
    told = [event.message for event in result.trace if event.kind == "infeasible"]
    assert "operations 1 and 2 of job 0 need a setup of machine 1 between them" in str(told)


@pytest.mark.parametrize("buffers", BUFFERS)
def test_large_shops_with_all_that_there_is_have_an_answer(buffers: str) -> None:
    shop = general(jobs=300, families=3, downtimes=3, seed=2, buffers=buffers)
    assert "pairs of operations" in str(takes_shop(shop))
    result = ordino.solve(shop, time_limit=20)
    assert result.status is Status.FEASIBLE
    assert result.solution == serial(shop)


def test_what_job_insertion_does_not_take() -> None:
    rows: list[Any] = [[[(0, 1)], [(1, 2)]], [[(1, 0)]]]
    assert insertion.takes(Shop.of(rows, buffers="swap")) is None
    assert "no time" in str(insertion.takes(Shop.of(rows, buffers="blocking")))
    assert "downtimes" in str(insertion.takes(Shop.of(rows, buffers="swap", downtimes=[(0, 1, 2)])))
    assert "variant" in str(insertion.takes(Shop.of(rows)))


def test_searches_refuse_machines_that_would_fill_the_memory() -> None:
    for buffers, search in (("swap", insertion), ("blocking", insertion), ("no-wait", no_wait)):
        shop = Shop.of([[[(0, 1)]]] * 10, buffers=buffers)
        assert search.takes(shop) is None
        assert "machines x operations" in str(search.takes(replace(shop, machines=10**6)))


def test_searches_refuse_times_that_they_can_not_add() -> None:
    for buffers, search in (
        *(("swap", insertion), ("no-wait", no_wait)),
        *(("unlimited", shop_tabu), ("unlimited", anneal)),
    ):
        shop = Shop.of(
            [[[(0, 1)]], [[(0, 2)]]],
            due_dates=[4 * 10**18, -4 * 10**18],
            weights=[0, 0],
            buffers=buffers,
            goal="lateness",
        )
        assert "spread of the dates" in str(search.takes(shop))
        assert search.takes(replace(shop, due_dates=shop.due_dates // 4)) is None


def test_job_insertion_looks_at_the_clock_while_it_constructs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kernels: Any = warm(insertion.KERNELS)
    insert, stop, inserted = kernels.insert, threading.Event(), []

    def stopping(*arguments: Any) -> None:
        insert(*arguments)
        inserted.append(arguments[0])
        if len(inserted) == 3:
            stop.set()

    monkeypatch.setattr(kernels, "insert", stopping)
    shop = adjust(taillard(jobs=20, machines=5, seed=1), variant="swap")
    result = ordino.solve(shop, solver="insertion", workers=1, stop=stop)
    assert len(inserted) == 3
    assert result.solution is None


def test_events_of_a_schedule_keep_circles_together() -> None:
    ring = [[[(m, 2)], [((m + 1) % 3, 2)]] for m in range(3)]
    shop = Shop.of([*ring, [[(0, 1)]]], buffers="swap")
    sequences, order = insertion.events(shop, np.array([0, 2, 0, 2, 0, 2, 4]))
    assert sequences == [[0, 5, 6], [2, 1], [4, 3]]
    circle = [order.index(i) for i in (1, 3, 5)]
    assert max(circle) - min(circle) == 2
    assert order.index(6) == 6


def test_job_insertion_goes_on_where_neighbouring_jobs_share_a_machine() -> None:
    """The last operation of a job may block the first one of the job with the next number."""
    shop = Shop.of([[[(1, 3)], [(0, 4)]], [[(0, 2)], [(1, 9)]]], buffers="swap")
    assert ordino.solve(shop, solver="insertion", iterations=50, workers=1).objective == 12
    jobs = [[[(m, 1 + (3 * j + m) % 7)] for m in range(3)] + [[(0, 2)]] for j in range(6)]
    result = ordino.solve(Shop.of(jobs, buffers="swap"), solver="insertion", iterations=500)
    assert result.stop.value == "iteration_limit"
