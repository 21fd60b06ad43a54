"""Iterated dynasearch."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kits.tardiness import brute_force

import ordino
from ordino.core.errors import UsageError
from ordino.heuristics.tardiness import sequence_kernels
from ordino.instances.tardiness.generate import potts_van_wassenhove
from ordino.models.tardiness.check import check
from ordino.models.tardiness.problem import JobSequence, SingleMachine

numbers = st.integers(0, 9)
instances = st.lists(st.tuples(numbers, st.integers(-3, 25), numbers), min_size=1, max_size=6).map(
    lambda rows: SingleMachine.of(*(list(column) for column in zip(*rows, strict=True)))
)


@given(instances)
def test_it_finds_the_optimum_of_tiny_instances(instance: SingleMachine) -> None:
    result = ordino.solve(instance, solver="dynasearch", iterations=60, time_limit=20, workers=1)
    assert result.failures == ()
    assert result.objective == brute_force(instance)


@given(instances, st.randoms())
def test_the_value_that_it_claims_is_that_of_the_checker(instance: SingleMachine, random) -> None:
    order = list(range(instance.jobs))
    random.shuffle(order)
    data = [
        np.array(each) for each in (instance.processing_times, instance.due_dates, instance.weights)
    ]
    ends = np.zeros(instance.jobs + 1, np.int64)
    claimed = sequence_kernels.evaluate(*data, np.array(order), ends)
    assert claimed == check(instance, JobSequence(np.array(order))).objective


@given(instances, st.randoms())
def test_each_pass_changes_the_cost_by_what_it_says(instance: SingleMachine, random) -> None:
    order = list(range(instance.jobs))
    random.shuffle(order)
    sequence = np.array(order)
    data = [
        np.array(each) for each in (instance.processing_times, instance.due_dates, instance.weights)
    ]
    ends, least, partner = (np.zeros(instance.jobs + 1, np.int64) for _ in range(3))
    before = sequence_kernels.evaluate(*data, sequence, ends)
    value = sequence_kernels.best_swaps(*data, sequence, ends, least, partner)
    assert value == sequence_kernels.evaluate(*data, sequence, ends) <= before
    move = np.zeros(3, np.int64)
    sequence_kernels.best_insertion(*data, sequence, ends, 0, instance.jobs, move)
    if move[0]:
        after = sequence_kernels.insert(*data, sequence, ends, move)
        assert after == value + move[0] < value
    assert sorted(sequence.tolist()) == sorted(order)


def test_it_repeats_itself_and_improves_on_its_start() -> None:
    instance = potts_van_wassenhove(jobs=100, weighted=True, seed=3)
    start = ordino.solve(instance, solver="wmdd", time_limit=20)
    first, second = (
        ordino.solve(instance, solver="dynasearch", iterations=30, workers=1, time_limit=60)
        for _ in range(2)
    )
    assert first.solution == second.solution
    assert first.objective < start.objective
    assert first.stop is ordino.StopReason.ITERATION_LIMIT


def test_a_common_release_date_only_shifts_and_others_are_refused() -> None:
    instance = SingleMachine.of([3, 2, 4], [9, 8, 12], [1, 2, 3], [5, 5, 5])
    result = ordino.solve(instance, solver="dynasearch", iterations=20, time_limit=20)
    assert result.objective == brute_force(instance)
    mixed = SingleMachine.of([3, 2], [9, 8], [1, 2], [5, 0])
    with pytest.raises(UsageError, match="its release dates differ"):
        ordino.solve(mixed, solver="dynasearch")


def test_the_best_known_values_of_the_or_library(public_data: Path) -> None:
    folder = public_data / "single-machine" / "orlib-wt"
    for jobs in (40, 50, 100):
        with (folder / f"wt{jobs}_best.csv").open() as file:
            best = [int(row["best_known_twt"]) for row in csv.DictReader(file)]
        instances = ordino.read_all(folder / f"wt{jobs}.txt")
        assert len(best) == len(instances) == 100
        for instance, value in list(zip(instances, best, strict=True))[::7]:
            assert max(each or 0 for each in ordino.compute_bounds(instance).values()) <= value
            result = ordino.solve(
                instance, solver="dynasearch", target=value, time_limit=10, workers=1
            )
            assert result.objective == value
