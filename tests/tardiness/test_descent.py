"""Insertion descent from MDD."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from kits.tardiness import tiny

from ordino.core.budget import Budget
from ordino.core.incumbent import Incumbent
from ordino.heuristics.tardiness.descent import mdd_descent, takes
from ordino.heuristics.tardiness.rules import mdd
from ordino.models.tardiness.check import check
from ordino.models.tardiness.problem import JobSequence, SingleMachine

GAPS = {"20_uniform": 0.0079, "100": 0.0108, "200": 0.0144, "500": 0.0129}
"""Mean gaps of augmented MDDC (Cetinkaya et al. 2025)."""


def value(instance: SingleMachine, order: list[int]) -> int:
    objective = check(instance, JobSequence(np.array(order))).objective
    assert isinstance(objective, int)
    return objective


def descended(instance: SingleMachine) -> Incumbent:
    incumbent = Incumbent(instance, check, instance.objective)
    mdd_descent()(instance, incumbent, Budget.of(60))
    assert incumbent.failures == ()
    return incumbent


@given(tiny())
def test_it_ends_where_no_single_move_improves(instance: SingleMachine) -> None:
    if takes(instance) is not None:
        return
    found = descended(instance)
    assert found.objective <= check(instance, mdd(instance)).objective
    order = found.best.order.tolist()
    for source, target in permutations(range(instance.jobs), 2):
        moved = order[:source] + order[source + 1 :]
        moved.insert(target, order[source])
        assert value(instance, moved) >= found.objective


@pytest.mark.parametrize(("name", "published"), GAPS.items())
def test_its_mean_gap_is_below_that_of_augmented_mddc(
    public_data: Path, name: str, published: float
) -> None:
    gaps = []
    path = public_data / "single-machine" / "smtt" / f"smtt_{name}.jsonl"
    for row in path.read_text().splitlines():
        data = json.loads(row)
        optimum = data["optimal_total_tardiness"]
        found = descended(SingleMachine.of(data["p"], data["d"])).objective
        assert found >= optimum
        if optimum:
            gaps.append(found / optimum - 1)
    assert np.mean(gaps) < published


def test_release_dates_that_differ_are_refused() -> None:
    assert takes(SingleMachine.of([1, 2], [3, 4], [1, 5], [2, 2])) is None
    assert "release" in str(takes(SingleMachine.of([1, 2], [3, 4], None, [0, 1])))
