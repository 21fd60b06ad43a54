"""The checker against plans that break one thing each."""

from __future__ import annotations

import pytest

import ordino
from ordino.core.errors import InstanceError, UsageError
from ordino.models.rcpsp.problem import ABSENT, Plan, Project, adjust

HOUSE = Project.of(
    [[(3, [2, 1])], [(2, [1, 1]), (4, [0, 0])], [(2, [2, 0])], [(0, [0, 0])]],
    [[(0, 2), (5, 0), (7, 2)]],
    budgets=[1],
    lags=[(0, 1, "start-start", 1), (2, 0, "start-start", -8), (1, 3, "end-end", 2)],
    precedences=[(0, 2)],
    release_dates=[0, 0, 1, 0],
    deadlines=[None, 12, 11, None],
    groups=[(1, 2)],
    activity_names=["walls", "roof", "paint", "done"],
    renewable_names=["crew"],
    budget_names=["crane"],
)


def test_a_good_plan() -> None:
    assert ordino.check(HOUSE, Plan.of([0, 1, 7, 7], [0, 1, 0, 0])).objective == 9


@pytest.mark.parametrize(
    ("start", "mode", "kind", "message"),
    [
        ([0, 1, 7], [0, 1, 0, 0], "shape", "expected 4 start times, got 3"),
        ([0, 1, 7, 7], [0, 2, 0, 0], "mode", "activity roof is in mode 2, expected 0 to 1"),
        ([-1, 1, 7, 7], [0, 1, 0, 0], "release", "walls starts at -1, before its release at 0"),
        ([0, 8, 9, 14], [0, 1, 0, 0], "disjunction", "they may not overlap"),
        ([0, 9, 7, 15], [0, 1, 0, 0], "deadline", "roof ends at 13, behind its deadline 12"),
        ([0, 1, 2, 7], [0, 1, 0, 0], "precedence", "paint starts at 2, before activity walls"),
        ([0, 0, 7, 7], [0, 1, 0, 0], "minimal lag", "roof starts at 0, less than 1 behind"),
        ([0, 1, 9, 7], [0, 1, 0, 0], "maximal lag", "paint starts at 9, more than 8 behind"),
        ([0, 1, 7, 6], [0, 1, 0, 0], "minimal lag", "done ends at 6, less than 2 behind"),
        ([0, 1, 6, 7], [0, 1, 0, 0], "downtime", "crew: at time 6 activities paint need 2"),
        ([0, 3, 7, 7], [0, 0, 0, 0], "budget", "crane: the modes consume 2, there are 1"),
        ([2**61, 1, 7, 7], [0, 1, 0, 0], "precedence", "paint starts at 7"),
    ],
)
def test_each_violation_is_told_in_the_projects_names(
    start: list[int], mode: list[int], kind: str, message: str
) -> None:
    report = ordino.check(HOUSE, Plan.of(start, mode))
    assert kind in {violation.kind for violation in report.violations}
    assert any(message in violation.message for violation in report.violations)
    assert report.objective is None


def test_what_is_missing_is_told_and_the_rest_is_graded() -> None:
    report = ordino.check(HOUSE, Plan.of([0, 1, ABSENT, 7], [0, 1, 0, 0]))
    assert [each.message for each in report.violations] == ["activity paint has no start"]
    report = ordino.check(HOUSE, Plan.of([ABSENT, 9, 8, ABSENT], [0, 1, 0, 0]))
    kinds = [each.kind for each in report.violations]
    assert kinds == ["missing", "missing", "deadline", "disjunction"]


def test_a_change_of_capacity_takes_effect_at_its_time() -> None:
    project = Project.of([[(2, [1])]], [[(0, 1), (2, 0), (3, 1)]])
    valid = [start for start in range(6) if ordino.check(project, Plan.of([start])).valid]
    assert valid == [0, 3, 4, 5]


def test_each_resource_is_looked_at_for_itself() -> None:
    project = Project.of([[(2, [2, 1])], [(2, [2, 1])]], [3, 1])
    told = [violation.message for violation in ordino.check(project, Plan.of([0, 1])).violations]
    assert told == [
        "R0: at time 1 activities 0, 1 need 4, there are 3",
        "R1: at time 1 activities 0, 1 need 2, there are 1",
    ]


def test_total_weighted_tardiness() -> None:
    project = Project.of(
        [[(3, [1])], [(2, [1])], [(2, [1])]], [1], due_dates=[2, 2, None], weights=[5, 1, 0],
        goal="tardiness",
    )  # fmt: skip
    assert ordino.check(project, Plan.of([0, 3, 5])).objective == 5 * 1 + 3
    assert adjust(project, goal="makespan").objective.name == "makespan"
    result = ordino.solve(project, goal="makespan", time_limit=10)
    assert (result.objective, result.problem["options"]) == (7, {"goal": "makespan"})
    with pytest.raises(UsageError, match="can't be"):
        ordino.solve(project, goal="cost")


def test_what_is_no_project() -> None:
    with pytest.raises(InstanceError, match="cycle of positive length 2: a -> b -> a"):
        Project.of(
            [[(1, [])], [(1, [])]], [], precedences=[(0, 1), (1, 0)], activity_names=["a", "b"]
        )
    with pytest.raises(InstanceError, match="takes at least 3, its window is 2 to 4"):
        Project.of([[(3, [])]], [], release_dates=[2], deadlines=[4])
    with pytest.raises(InstanceError, match="there are 0 to 0"):
        Project.of([[(3, [])]], [], groups=[(0, 1)])
