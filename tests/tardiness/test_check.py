"""The checker of single-machine tardiness, against hand-made sequences."""

from __future__ import annotations

import numpy as np
import pytest

from ordino.core.errors import InstanceError
from ordino.models.tardiness.check import check
from ordino.models.tardiness.problem import JobSequence, SingleMachine

PLAIN = SingleMachine.of([3, 2, 4], [4, 3, 5])
WEIGHTED = SingleMachine.of([3, 2, 4], [4, 3, 5], [1, 5, 0], [0, 6, 1])


def sequence(*jobs: int) -> JobSequence:
    return JobSequence(np.array(jobs, dtype=np.int64))


@pytest.mark.parametrize(
    ("instance", "jobs", "total"),
    [
        (PLAIN, (1, 0, 2), 0 + 1 + 4),
        (PLAIN, (2, 1, 0), 0 + 3 + 5),
        (WEIGHTED, (0, 2, 1), 0 + 0 + 5 * (9 - 3)),
        (WEIGHTED, (1, 0, 2), 5 * (8 - 3) + (11 - 4)),
        (WEIGHTED, (0, 1, 2), 5 * (8 - 3)),
    ],
)
def test_right_sequences(instance: SingleMachine, jobs: tuple[int, ...], total: int) -> None:
    report = check(instance, sequence(*jobs))
    assert report.valid
    assert report.objective == total


@pytest.mark.parametrize(
    ("jobs", "kinds", "message"),
    [
        ((0, 1), ["missing"], "job 2 is missing from the sequence"),
        ((0, 1, 1), ["repeated", "missing"], "job 1 stands at positions 1 and 2"),
        ((0, 1, 3), ["unknown", "missing"], "position 2 holds job 3, expected a job from 0 to 2"),
        ((0, 1, 2, -1), ["unknown"], "position 3 holds job -1"),
        ((), ["missing", "missing", "missing"], "job 0 is missing"),
    ],
)
def test_wrong_sequences(jobs: tuple[int, ...], kinds: list[str], message: str) -> None:
    report = check(PLAIN, sequence(*jobs))
    assert not report.valid
    assert report.objective is None
    assert [violation.kind for violation in report.violations] == kinds
    assert message in report.violations[0].message


def test_edges() -> None:
    assert check(SingleMachine.of([0], [-3]), sequence(0)).objective == 3
    assert check(SingleMachine.of([5], [9]), sequence(0)).objective == 0
    assert check(SingleMachine.of([2**60], [-(2**60)]), sequence(0)).objective == 2**61


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], []), "at least one job"),
        (([1], [1, 2]), "expected 1 due dates, got 2"),
        (([-1], [1]), "processing time 0 is -1"),
        (([1], [1], [-1]), "weight 0 is -1"),
        (([1], [1], None, [-1]), "release date 0 is -1"),
        (([1.5], [1]), "processing time 0 is 1.5"),
        (([2**61, 2**61], [1, 1]), "end of the last job may reach"),
        (([2**40], [0], [2**40]), "total weighted tardiness may reach"),
    ],
)
def test_instances_that_are_none(arguments: tuple, message: str) -> None:
    with pytest.raises(InstanceError, match=message):
        SingleMachine.of(*arguments)


def test_the_objective_is_named_after_the_weights() -> None:
    assert PLAIN.objective.name == "total tardiness"
    assert WEIGHTED.objective.name == "total weighted tardiness"
