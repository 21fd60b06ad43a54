"""The lower bound by prices of the machine's time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from kits.tardiness import brute_force, tiny

from ordino.core.budget import Budget
from ordino.heuristics.tardiness.rules import mdd, wmdd
from ordino.instances.tardiness.generate import potts_van_wassenhove
from ordino.models.tardiness.check import check
from ordino.models.tardiness.problem import JobSequence, SingleMachine
from ordino.solvers.tardiness.prices import price_bounds, takes


def bounds_of(
    instance: SingleMachine, rule: Callable[[SingleMachine], JobSequence], seconds: float = 60
) -> list[int]:
    sequence = rule(instance)
    value = check(instance, sequence).objective
    assert isinstance(value, int)
    return list(price_bounds(instance, sequence, value, Budget.of(seconds)))


@given(tiny())
def test_no_bound_exceeds_the_optimum(instance: SingleMachine) -> None:
    if takes(instance) is None:
        found = bounds_of(instance, wmdd)
        assert found == sorted(found)
        assert found[-1] <= brute_force(instance)


def test_where_all_are_late_the_first_prices_are_right() -> None:
    instance = SingleMachine.of([5, 3, 4], [1, 2, 0], [3, 1, 2], [2, 2, 2])
    assert bounds_of(instance, wmdd)[-1] == 3 * (7 - 1) + 2 * (11 - 0) + 1 * (14 - 2)


@pytest.mark.parametrize(("seed", "optimum"), [(1100, 41419), (1020, 2908)])
def test_it_is_near_the_optimum_of_hard_instances(seed: int, optimum: int) -> None:
    instance = potts_van_wassenhove(jobs=seed % 1000, seed=seed)
    found = bounds_of(instance, mdd)
    assert 0.93 * optimum < found[-1] <= optimum
    assert found[0] < found[-1]


def test_a_spent_budget_gives_no_bound() -> None:
    instance = potts_van_wassenhove(jobs=3000, seed=1)
    budget = Budget.of(60)
    budget.stop.set()
    assert list(price_bounds(instance, mdd(instance), 2**60, budget)) == []


def test_what_it_does_not_take() -> None:
    assert "release" in str(takes(SingleMachine.of([1, 2], [3, 4], None, [0, 1])))
    assert "0 moments" in str(takes(SingleMachine.of([0, 0], [3, 4])))
    assert "1073741824 moments" in str(takes(SingleMachine.of([2**30], [3])))
    assert bounds_of(SingleMachine.of([2**30], [3]), mdd) == []
    assert "2^62" in str(takes(SingleMachine.of([1, 2], [-(2**55), 4])))
    assert takes(SingleMachine.of([1, 2], [2**61, 4], [1, 7], [9, 9])) is None
    assert bounds_of(SingleMachine.of([1, 2], [2**61, 4], [1, 7], [9, 9]), wmdd)[-1] == 7 * 7


def test_prices_are_never_negative_and_jobs_without_work_hold_nothing() -> None:
    instance = SingleMachine.of([0, 4, 0, 4], [2, 4, 3, 4])
    assert bounds_of(instance, mdd)[-1] <= 4
    assert np.all(np.array(bounds_of(instance, mdd)) >= 0)
