"""Rules, bounds and exact formulations of single-machine tardiness."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kits.tardiness import brute_force, tiny

import ordino
from ordino.heuristics.tardiness import rules
from ordino.instances.reading import read_all
from ordino.instances.tardiness.generate import potts_van_wassenhove
from ordino.models.tardiness import bounds
from ordino.models.tardiness.check import check
from ordino.models.tardiness.problem import JobSequence, SingleMachine

EXAMPLE = SingleMachine.of([10, 11, 10, 10, 11, 10], [15, 11, 13, 11, 12, 11])
"""Worked example of Cetinkaya et al. 2025, whose optimum is 141."""

GOLDEN = {(20, 0.6, 1020): 2908, (20, 0.8, 1020): 5373}
"""Optima of generated instances: jobs, tardiness factor, seed."""


def test_the_rules_on_a_worked_example() -> None:
    order = {
        rule.__name__: rule(EXAMPLE).order.tolist()
        for rule in (rules.edd, rules.spt, rules.lpt, rules.slack, rules.mdd)
    }
    assert order == {
        "edd": [3, 5, 1, 4, 2, 0],
        "spt": [3, 5, 2, 0, 1, 4],
        "lpt": [1, 4, 3, 5, 2, 0],
        "slack": [1, 3, 5, 4, 2, 0],
        "mdd": [3, 5, 2, 0, 1, 4],
    }
    assert check(EXAMPLE, rules.mdd(EXAMPLE)).objective == 141 == brute_force(EXAMPLE)


def test_weights_come_in() -> None:
    instance = SingleMachine.of([4, 2, 3], [1, 1, 1], [1, 1, 9])
    assert rules.wspt(instance).order.tolist() == [2, 1, 0]
    assert rules.wmdd(instance).order.tolist() == [2, 1, 0]
    assert rules.wspt(SingleMachine.of([1, 9], [1, 1], [0, 1])).order.tolist() == [1, 0]


def test_the_machine_never_waits_while_a_job_is_there() -> None:
    instance = SingleMachine.of([5, 1, 1], [9, 3, 2], None, [0, 2, 8])
    for rule in (rules.edd, rules.spt, rules.mdd, rules.wspt, rules.slack):
        assert rule(instance).order.tolist() == [0, 1, 2]


def _mdd_by_definition(instance: SingleMachine) -> list[int]:
    left, order, now = set(range(instance.jobs)), [], 0
    times, dues = instance.processing_times.tolist(), instance.due_dates.tolist()
    while left:
        job = min(left, key=lambda j: (max(now + times[j], dues[j]), times[j], dues[j], j))
        order.append(job)
        left.remove(job)
        now += times[job]
    return order


rows = st.lists(st.tuples(st.integers(0, 6), st.integers(-2, 20)), min_size=1, max_size=12)


@given(rows)
def test_mdd_with_two_heaps_is_mdd(pairs: list[tuple[int, int]]) -> None:
    instance = SingleMachine.of(*(list(column) for column in zip(*pairs, strict=True)))
    assert rules.mdd(instance).order.tolist() == _mdd_by_definition(instance)


def test_rules_are_fast_on_many_jobs() -> None:
    instance = potts_van_wassenhove(jobs=100_000, seed=1)
    for rule in (rules.edd, rules.mdd):
        assert sorted(rule(instance).order.tolist()) == list(range(100_000))


@given(tiny())
def test_bounds_hold(instance: SingleMachine) -> None:
    optimum = brute_force(instance)
    for bound in (bounds.max_tardiness, bounds.sorted_due_dates, bounds.assignment):
        assert bound(instance) <= optimum


def test_bounds_by_hand() -> None:
    late = SingleMachine.of([1, 2, 3], [0, 0, 0], [1, 1, 1])
    assert bounds.sorted_due_dates(late) == 1 + 3 + 6 == brute_force(late)
    assert bounds.max_tardiness(late) == 6
    weighted = SingleMachine.of([2, 2], [2, 2], [1, 5])
    assert bounds.assignment(weighted) == 2 == brute_force(weighted)
    assert bounds.assignment(potts_van_wassenhove(jobs=401)) is None


@pytest.mark.parametrize("solver", ["milp", "cpsat"])
def test_exact_methods_prove_the_worked_example(solver: str) -> None:
    result = ordino.solve(EXAMPLE, solver=solver, time_limit=60, workers=2)
    assert result.failures == ()
    assert (result.objective, result.bound) == (141, 141)


@pytest.mark.parametrize(("parameters", "optimum"), GOLDEN.items())
def test_the_positional_milp_proves_golden_values(parameters: tuple, optimum: int) -> None:
    jobs, factor, seed = parameters
    instance = potts_van_wassenhove(jobs=jobs, tardiness_factor=factor, seed=seed)
    result = ordino.solve(instance, solver="milp", time_limit=60)
    assert result.failures == ()
    assert (result.objective, result.bound) == (optimum, optimum)


def test_the_milp_proves_stored_optima(public_data: Path) -> None:
    path = public_data / "single-machine" / "smtt" / "smtt_20_uniform.jsonl"
    optima = [json.loads(line)["optimal_total_tardiness"] for line in path.read_text().splitlines()]
    for instance, optimum in list(zip(read_all(path), optima, strict=True))[:96:16]:
        result = ordino.solve(instance, solver="mdd,milp", time_limit=60)
        assert result.failures == ()
        assert (result.objective, result.bound) == (optimum, optimum)


def test_the_milp_by_time_proves_weights_and_release_dates() -> None:
    instance = potts_van_wassenhove(jobs=9, weighted=True, release_range=0.3, seed=2)
    result = ordino.solve(instance, solver="milp", time_limit=60)
    assert result.failures == ()
    assert result.objective == result.bound == brute_force(instance)


def test_what_is_too_large_is_refused_with_a_reason() -> None:
    from ordino.models.tardiness import cpsat, milp

    assert "variables" in milp.takes(potts_van_wassenhove(jobs=200, weighted=True))
    assert "2^50" in cpsat.takes(SingleMachine.of([2**55], [1]))
    assert "beyond" in milp.takes(SingleMachine.of([2**30], [1]))


def test_sequences_of_equal_content_are_equal() -> None:
    assert JobSequence(np.array([1, 0])) == JobSequence(np.array([1, 0]))
    assert JobSequence(np.array([1, 0])) != JobSequence(np.array([0, 1]))


@pytest.mark.parametrize(
    ("parameters", "optimum"),
    [
        ({"jobs": 12, "seed": 4}, 1199),
        ({"jobs": 11, "tardiness_factor": 0.4, "due_date_range": 0.6, "seed": 10}, 172),
    ],
)
def test_highs_is_none_of_the_versions_that_cut_off_optima(parameters: dict, optimum: int) -> None:
    """HiGHS 1.13 and 1.14 call 1203 and 176 optimal here."""
    instance = potts_van_wassenhove(**parameters)
    result = ordino.solve(instance, solver="milp", time_limit=60)
    assert (result.objective, result.bound) == (optimum, optimum)
