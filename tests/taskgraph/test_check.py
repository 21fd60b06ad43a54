"""The checker of task graphs, against hand-made schedules."""

from __future__ import annotations

import numpy as np
import pytest

import ordino
from ordino.core.errors import InstanceError, UsageError
from ordino.models.taskgraph.check import check
from ordino.models.taskgraph.problem import Schedule, TaskGraph, adjust

INFINITE = float("inf")
FORK = TaskGraph.of(
    [[2, 4], [3, INFINITE], [6, 2]],
    [(0, 1, 4), (0, 2, 4)],
    bandwidth=2,
    startup=1,
    release_dates=[1, 0, 0],
    deadlines=[INFINITE, 9, INFINITE],
    memory=[1, 2, 2],
    capacity=[4, 2],
    task_names=["fetch", "left", "right"],
)
"""Data take 1 + 4 / 2 = 3 from processor to processor."""


@pytest.mark.parametrize(
    ("processor", "start", "makespan"),
    [
        ((0, 0, 1), (1, 3, 6), 8),
        ((0, 0, 1), (1, 4, 9), 11),
        ((0, 0, 1), (2, 6, 7), 9),
    ],
)
def test_right_schedules(processor: tuple, start: tuple, makespan: int) -> None:
    report = check(FORK, Schedule(processor, start))
    assert report.violations == ()
    assert report.objective == makespan
    assert isinstance(report.objective, int)
    assert report.tolerance == 0


@pytest.mark.parametrize(
    ("processor", "start", "kind", "message"),
    [
        ((0, 0), (1, 3), "shape", "expected 3 tasks, got 2 processors and 2 starts"),
        ((0, 0, 2), (1, 3, 6), "unknown", "task 2 (right) is on processor 2, expected one from 0"),
        ((0, 0, -1), (1, 3, 6), "unknown", "is on processor -1"),
        ((0, 1, 0), (1, 6, 6), "forbidden", "task 1 (left) can't run on processor 1"),
        ((0, 0, 1), (0, 3, 6), "release", "task 0 (fetch) starts at 0, before its release at 1"),
        ((0, 0, 1), (1, 7, 6), "deadline", "task 1 (left) ends at 10, after its deadline at 9"),
        ((0, 0, 1), (1, 3, 5), "precedence", "starts at 5, before the data of task 0 (fetch) arri"),
        (
            (0, 0, 1),
            (1, 2, 6),
            "precedence",
            "task 1 (left) starts at 2, before the data of task 0",
        ),
        ((0, 0, 0), (1, 3, 5), "overlap", "starts at 5 on processor 0, before task 1 (left) ends"),
        ((0, 0, 0), (1, 3, 6), "memory", "the tasks on processor 0 need 5 of memory, there are 4"),
    ],
)
def test_wrong_schedules(processor: tuple, start: tuple, kind: str, message: str) -> None:
    report = check(FORK, Schedule(processor, start))
    assert not report.valid
    assert report.objective is None
    found = [each for each in report.violations if each.kind == kind]
    assert found
    assert message in found[0].message


def test_times_may_be_off_by_a_billionth_where_they_are_real() -> None:
    graph = TaskGraph.of([[0.1], [0.2]], [(0, 1, 5)])
    report = check(graph, Schedule([0, 0], [0, 0.1 - 1e-10]))
    assert report.valid
    assert report.objective == pytest.approx(0.3)
    assert report.to_data()["tolerance"] == report.tolerance == 1e-9
    assert not check(graph, Schedule([0, 0], [0, 0.0999])).valid
    whole = TaskGraph.of([[1], [2]], [(0, 1, 5)])
    assert not check(whole, Schedule([0, 0], [0, 1 - 1e-10])).valid


def test_a_task_without_duration_may_stand_between_two_others_but_not_within_one() -> None:
    graph = TaskGraph.of([[4], [0], [2]])
    assert check(graph, Schedule([0, 0, 0], [0, 4, 4])).objective == 6
    assert not check(graph, Schedule([0, 0, 0], [0, 2, 4])).valid


def test_cost_lets_tasks_share_a_type_of_machine_and_keeps_deadlines() -> None:
    graph = TaskGraph.of([[4, 2], [4, 2]], price=[1, 3], goal="cost", deadlines=[4, 3])
    assert check(graph, Schedule([0, 1], [0, 0])).objective == 4 * 1 + 2 * 3
    assert check(graph, Schedule([1, 1], [0, 0])).objective == 12
    assert not check(graph, Schedule([0, 0], [0, 0])).valid
    assert graph.objective.name == "cost"


def test_problem_options() -> None:
    graph = adjust(FORK, deadline=10)
    assert graph.deadlines.tolist() == [10, 9, 10]
    rented = adjust(TaskGraph.of([[1, 2]]), goal="cost", price="2,0.5")
    assert rented.price.tolist() == [2, 0.5]
    for options in ({"goal": "fun"}, {"price": "1,x"}, {"price": "1"}, {"deadline": -1}):
        with pytest.raises(UsageError):
            adjust(TaskGraph.of([[1, 2]]), **options)
    with pytest.raises(UsageError, match="no common memory"):
        adjust(FORK, goal="cost")


@pytest.mark.parametrize(
    ("work", "more", "message"),
    [
        ([], {}, "expected a matrix"),
        ([[1, 2], [3]], {}, "expected numbers as works"),
        ([[-1]], {}, "work 0, 0 is -1"),
        ([[float("nan")]], {}, "work 0, 0 is nan"),
        ([[INFINITE]], {}, "no processor can run task 0"),
        ([[1] * 5000], {}, "5000 processors, beyond 4096"),
        ([[1]], {"edges": [(0, 1, 1)]}, r"edge 0 \(0 -> 1\): unknown task 1"),
        ([[1], [1]], {"edges": [(0, 1, -1)]}, "volume 0 is -1"),
        ([[1], [1]], {"edges": [(0, 1, 1), (1, 0, 1)]}, "a cycle: task 0 -> task 1 -> task 0"),
        ([[1, 1]], {"bandwidth": -1.0}, "bandwidth 0, 0 is -1"),
        ([[1, 1]], {"bandwidth": [[1, 1]]}, "expected 2 x 2 bandwidths, got 1 x 2"),
        ([[1, 1]], {"startup": INFINITE}, "startup 0, 0 is inf"),
        ([[1]], {"deadlines": [1, 2]}, "expected 1 deadlines, got 2"),
        ([[1]], {"task_names": ["a", "b"]}, "expected 1 task names, got 2"),
    ],
)
def test_instances_that_are_none(work: list, more: dict, message: str) -> None:
    with pytest.raises(InstanceError, match=message):
        TaskGraph.of(work, **more)


def test_a_long_cycle_is_named_in_part() -> None:
    count = 1000
    edges = [(i, (i + 1) % count, 1) for i in range(count)]
    with pytest.raises(InstanceError, match=r"a cycle: task 0 -> task 1 -> .* \(1000 tasks\)"):
        TaskGraph.of([[1]] * count, edges)


def test_equality_by_content() -> None:
    edges = [(0, 1, 1), (0, 2, 2)]
    one = TaskGraph.of([[1, 2]] * 3, edges, name="a")
    other = TaskGraph.of([[1.0, 2.0]] * 3, edges[::-1], bandwidth=np.ones((2, 2)), name="b")
    assert one == other
    assert one != TaskGraph.of([[1, 2]] * 3, edges, bandwidth=2.0)


def test_a_result_keeps_the_tolerance() -> None:
    graph = TaskGraph.of([[0.1], [0.2]], [(0, 1, 5)])
    result = ordino.solve(graph, time_limit=5)
    assert ordino.check(graph, result).tolerance == 1e-9
