"""The checker of the job shop, against hand-made schedules."""

from __future__ import annotations

import numpy as np
import pytest

from ordino.core.errors import InstanceError
from ordino.models.jobshop.check import check
from ordino.models.jobshop.problem import JobShop, Schedule

SHOP = JobShop.of(
    [[(0, 3), (1, 2)], [(1, 4), (0, 1)]], release_dates=[0, 1], due_dates=[9, 9], name="hand-made"
)


def schedule(*start: int) -> Schedule:
    return Schedule(np.array(start))


@pytest.mark.parametrize(("start", "makespan"), [((0, 5, 1, 5), 7), ((0, 9, 1, 7), 11)])
def test_right_schedules(start: tuple[int, ...], makespan: int) -> None:
    report = check(SHOP, schedule(*start))
    assert report.valid
    assert report.objective == makespan


@pytest.mark.parametrize(
    ("start", "kind", "message"),
    [
        (
            (0, 5, 0, 5),
            "release",
            "operation 0 of job 1 starts at 0, before the job's release at 1",
        ),
        (
            (0, 5, 1, 4),
            "precedence",
            "operation 1 of job 1 starts at 4, before its predecessor ends at 5",
        ),
        (
            (0, 3, 1, 5),
            "overlap",
            "operation 0 of job 0 ends",
        ),
        ((0, 5, 1), "shape", "expected 4 start times, got 3"),
        ((-1, 5, 1, 5), "release", "operation 0 of job 0 starts at -1"),
    ],
)
def test_wrong_schedules(start: tuple[int, ...], kind: str, message: str) -> None:
    report = check(SHOP, schedule(*start))
    assert not report.valid
    assert report.objective is None
    assert [violation.kind for violation in report.violations] == [kind]
    if kind == "overlap":
        message = (
            "operation 1 of job 0 starts at 3 on machine 1, before operation 0 of job 1 ends there "
            "at 5"
        )
    assert message in report.violations[0].message


def test_every_violation_is_reported() -> None:
    kinds = {violation.kind for violation in check(SHOP, schedule(-1, 1, 0, 0)).violations}
    assert kinds == {"release", "precedence", "overlap"}


def test_operations_without_duration_need_no_room_but_may_not_cut_one() -> None:
    shop = JobShop.of([[(0, 4)], [(0, 0)]])
    assert check(shop, schedule(0, 0)).objective == 4
    assert check(shop, schedule(0, 4)).objective == 4
    assert not check(shop, schedule(0, 2)).valid


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"jobs": []}, "at least one job"),
        ({"jobs": [[]]}, "job 0 has no operations"),
        ({"jobs": [[(0, -1)]]}, "duration 0 is -1"),
        ({"jobs": [[(2, 1)]], "machines": 2}, "operation 0 of job 0 is on machine 2"),
        ({"jobs": [[(-1, 1)]]}, "on machine -1|machines"),
        ({"jobs": [[(0, 1.5)]]}, "duration 0 is 1.5"),
        ({"jobs": [[(0, True)]]}, "duration 0 is True"),
        ({"jobs": [[(0, 2**62)]]}, "beyond 2\\^62"),
        ({"jobs": [[(0, 2**61), (0, 2**61)]]}, "end of a schedule may reach"),
        ({"jobs": [[(0, 1)]], "release_dates": [-1]}, "release date 0 is -1"),
        ({"jobs": [[(0, 1)]], "due_dates": [1, 2]}, "expected 1 due dates, got 2"),
    ],
)
def test_instances_that_are_none(arguments: dict, message: str) -> None:
    with pytest.raises(InstanceError, match=message):
        JobShop.of(arguments.pop("jobs"), **arguments)


def test_instances_and_solutions_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        SHOP.duration[0] = 9
    with pytest.raises(AttributeError):
        SHOP.machines = 3
    values = np.array([1, 2])
    made = Schedule(values)
    values[0] = 5
    assert made.start.tolist() == [1, 2]


def test_equality_is_by_content_and_not_by_name() -> None:
    twin = JobShop.of(
        [[(0, 3), (1, 2)], [(1, 4), (0, 1)]], release_dates=[0, 1], due_dates=[9, 9], name="other"
    )
    assert twin == SHOP
    assert hash(twin) == hash(SHOP)
    assert JobShop.of([[(0, 3), (1, 2)], [(1, 4), (0, 1)]]) != SHOP
