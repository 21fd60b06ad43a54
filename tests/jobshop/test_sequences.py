"""Orders on machines as solutions: timed as early as may be, deadlocks named."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kits.blocking import blocking_shops
from kits.shop import best_schedule, shops

from ordino.core.errors import InputError
from ordino.heuristics.jobshop.serial import serial
from ordino.instances.jobshop import sequences
from ordino.instances.jobshop.sequences import write_sequences
from ordino.instances.reading import read_solution
from ordino.models.jobshop.check import check
from ordino.models.jobshop.problem import JobShop, Schedule
from ordino.models.jobshop.shop import Shop

CROSSING = [[(0, 2), (1, 2)], [(1, 2), (0, 2)]]


def crossing(buffers: str) -> Shop:
    return Shop.of([[[pair] for pair in job] for job in CROSSING], buffers=buffers)


def read(text: str, shop: JobShop | Shop) -> Schedule:
    solution, _ = read_solution(text, shop)
    assert isinstance(solution, Schedule)
    return solution


def test_orders_are_timed_as_early_as_may_be() -> None:
    text = "# a comment\nmachine 1: 1.0 0.1\nmachine 0: 0.0 1.1\n"
    assert read(text, JobShop.of(CROSSING)).start.tolist() == [0, 2, 0, 2]
    assert read(text, crossing("swap")).start.tolist() == [0, 2, 0, 2]
    assert read(text, crossing("no-wait")).start.tolist() == [0, 2, 0, 2]


def test_a_choice_of_machines_setups_and_downtimes_count() -> None:
    shop = Shop.of(
        [[[(0, 3), (1, 4)]], [[(1, 2)]]],
        setup_families=[[0], [1]],
        setups=[[[0, 2], [3, 0]]] * 2,
        initial_setups=[[1, 1]] * 2,
        downtimes=[(1, 2, 6)],
    )
    found = read("machine 1: 1.0 0.0\n", shop)
    assert found.machine is not None
    assert (found.start.tolist(), found.machine.tolist()) == ([11, 6], [1, 1])


@pytest.mark.parametrize(
    ("shop", "text", "circle"),
    [
        (
            JobShop.of(CROSSING),
            "machine 0: 1.1 0.0\nmachine 1: 0.1 1.0\n",
            {"operation 0 of job 0", "operation 1 of job 0"}
            | {"operation 0 of job 1", "operation 1 of job 1"},
        ),
        (
            crossing("blocking"),
            "machine 0: 0.0 1.1\nmachine 1: 1.0 0.1\n",
            {"operation 1 of job 0", "operation 1 of job 1"},
        ),
        (
            Shop.of([[[(0, 1)], [(1, 1)]], [[(0, 1)], [(1, 1)]]], buffers="no-wait"),
            "machine 0: 0.0 1.0\nmachine 1: 1.1 0.1\n",
            {"operation 0 of job 0", "operation 1 of job 0"}
            | {"operation 0 of job 1", "operation 1 of job 1"},
        ),
        (
            Shop.of([[[(0, 1)], [(1, 1)]], [[(0, 1)], [(1, 1)]]], buffers="swap"),
            "machine 0: 0.0 1.0\nmachine 1: 1.1 0.1\n",
            {"operation 1 of job 0", "operation 0 of job 1", "operation 1 of job 1"},
        ),
    ],
    ids=["unlimited", "blocking", "no-wait", "swap"],
)
def test_a_deadlock_is_named(shop: JobShop | Shop, text: str, circle: set[str]) -> None:
    with pytest.raises(InputError, match="the sequences are deadlocked: ") as caught:
        read(text, shop)
    way = str(caught.value).partition("deadlocked: ")[2].split(" -> ")
    assert way[0] == way[-1]
    assert sorted(way[1:]) == sorted(circle)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("machine 0: 0.0 1.1\nmachine 1: 1.0\n", ":3: operation 1 of job 0 is in no sequence"),
        ("machine 0: 0.0 1.1\nmachine 0: 1.0\n", ":2:9: machine 0 has a line already"),
        ("machine 0: 0.0 0.0\n", ":1:16: operation 0.0 is in a sequence already"),
        ("machine 0: 1.0\n", ":1:12: operation 1.0 can't run on machine 0"),
        ("machine 2: 1.0\n", ":1:9: expected a machine from 0 to 1, got 2"),
        ("machine 0: 2.0\n", ":1:12: expected a job from 0 to 1, got 2"),
        ("machine 0: 0.2\n", ":1:12: job 0 has positions 0 to 1"),
        ("machine 0: 0,0\n", ":1:12: expected an operation as job.position, got '0,0'"),
        ("machine 0: 0.0\n1.0\n", ":2:1: expected 'machine M: J.P J.P …'"),
    ],
)
def test_wrong_files_are_located(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read(text, JobShop.of(CROSSING))
    assert message in str(caught.value)


def test_an_order_behind_the_end_of_a_machine_is_refused() -> None:
    shop = Shop.of([[[(0, 2)]], [[(0, 2)]]], downtimes=[(0, 3, None)])
    with pytest.raises(InputError, match="operation 0 of job 1 is behind the begin of a downtime"):
        read("machine 0: 0.0 1.0\n", shop)


def test_a_job_that_may_not_wait_is_delayed_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    n = 100
    job = [[(machine, 1)] for machine in range(n)]
    shop = Shop.of([job], downtimes=[(n - 1, 0, n + 7)], buffers="no-wait")
    calls, earliest = [], sequences.earliest

    def counted(*arguments: Any) -> int | None:
        calls.append(arguments)
        return earliest(*arguments)

    monkeypatch.setattr(sequences, "earliest", counted)
    found = read("".join(f"machine {machine}: 0.{machine}\n" for machine in range(n)), shop)
    assert found.start.tolist() == list(range(8, n + 8))
    assert len(calls) <= 2 * n


@given(shops())
@settings(max_examples=60)
def test_the_order_of_an_optimum_is_one(shop: Shop) -> None:
    found = best_schedule(shop)
    assert found is not None
    objective, schedule = found
    report = check(shop, read(write_sequences(shop, schedule), shop))
    assert report.violations == ()
    assert report.objective == objective


@pytest.mark.parametrize("buffers", ["swap", "blocking", "no-wait"])
@given(st.data())
@settings(max_examples=60)
def test_orders_without_buffers_are_feasible_and_no_later(
    buffers: str, data: st.DataObject
) -> None:
    shop = data.draw(blocking_shops(buffers=buffers))
    schedule = serial(shop)
    if schedule is not None:
        report = check(shop, read(write_sequences(shop, schedule), shop))
        assert report.violations == ()
        assert report.objective <= check(shop, schedule).objective
