"""Methods for lifetimes and mappings."""

from __future__ import annotations

import itertools
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kits import tensormemory_placement as kit

import ordino
from ordino.api import _chosen
from ordino.core.budget import Budget
from ordino.core.errors import UsageError
from ordino.families.tensormemory import FAMILY
from ordino.heuristics.tensormemory import placing, placing_kernels
from ordino.instances.tensormemory.generate_lifetimes import lifetimes
from ordino.models.tensormemory.lifetimes import Lifetimes
from ordino.models.tensormemory.mapping import Mapping
from ordino.models.tensormemory.placement import ABSENT, Placement
from ordino.models.tensormemory.placement_bounds import fractional
from ordino.models.tensormemory.placement_check import check_lifetimes
from ordino.solvers.tensormemory import canonical
from ordino.solvers.tensormemory.addressing import addresses
from ordino.solvers.tensormemory.options import adjust

SOLVERS = ("climb", "canonical", "cpsat")
MAPPING_SOLVERS = ("exchange", "windows", "hybrid", "cpsat")


@settings(max_examples=80)
@given(kit.buffers(windows=False), st.integers(-1, 1))
def test_the_canonical_search_finds_a_fit_exactly_where_there_is_one(
    instance: Lifetimes, more: int
) -> None:
    least = kit.least_height(instance)
    tight = replace(instance, capacity=max(1, least + more))
    result = ordino.solve(tight, solver="canonical", workers=1, time_limit=20)
    assert result.failures == ()
    feasible = least <= max(1, least + more)
    assert result.status is (ordino.Status.OPTIMAL if feasible else ordino.Status.INFEASIBLE)


@settings(max_examples=40)
@given(kit.buffers(most=6, windows=False))
def test_the_canonical_search_proves_the_least_height(instance: Lifetimes) -> None:
    result = ordino.solve(instance, solver="canonical", workers=1, time_limit=20)
    assert result.failures == ()
    assert result.status is ordino.Status.OPTIMAL
    assert result.objective == kit.least_height(instance)


@settings(max_examples=25)
@given(kit.buffers())
def test_cpsat_proves_the_least_height_with_windows_in_gaps(instance: Lifetimes) -> None:
    result = ordino.solve(instance, solver="cpsat", workers=1, time_limit=20)
    assert result.failures == ()
    assert result.objective == result.bound == kit.least_height(instance)


@settings(max_examples=40)
@given(kit.mappings())
def test_cpsat_solves_mappings_and_annealing_never_beats_it(instance: Mapping) -> None:
    least = kit.brute_force(instance)
    relaxed = fractional(instance)
    assert relaxed is not None
    assert relaxed <= least
    exact = ordino.solve(instance, solver="cpsat", workers=1, time_limit=20)
    assert exact.failures == ()
    assert exact.objective == exact.bound == least
    annealed = ordino.solve(instance, solver="exchange", workers=1, iterations=3000)
    assert annealed.failures == ()
    assert annealed.objective >= least
    if not instance.lifetimes.gaps.size:
        assert annealed.objective == least


def test_random_instances_of_ten_agree_with_cpsat() -> None:
    for seed in range(12):
        instance = lifetimes(
            buffers=12, steps=8, skips=0.4, fixed=0.1, gaps=0.2, alignment=1 + seed % 3, seed=seed
        )
        ours = ordino.solve(instance, solver="canonical", workers=1, time_limit=20)
        theirs = ordino.solve(instance, solver="cpsat", workers=1, time_limit=20)
        assert ours.failures == theirs.failures == ()
        assert ours.objective == ours.bound == theirs.objective == theirs.bound


@pytest.mark.parametrize("capacity", [None, 1])
@pytest.mark.parametrize("solver", SOLVERS)
def test_solvers_of_lifetimes_are_checked_and_repeat_themselves(
    solver: str, capacity: int | None
) -> None:
    instance = kit.sample()
    if capacity is not None:
        instance = replace(instance, capacity=2 * instance.load)
    first, second = (
        ordino.solve(instance, solver=solver, workers=1, seed=4, iterations=200, time_limit=20)
        for _ in range(2)
    )
    assert first.failures == ()
    assert first.solution is not None
    assert (first.objective, first.bound) == (second.objective, second.bound)
    assert first.solution == second.solution


@pytest.mark.parametrize("solver", MAPPING_SOLVERS)
def test_solvers_of_mappings_are_checked_and_repeat_themselves(solver: str) -> None:
    instance = kit.sample_mapping()
    first, second = (
        ordino.solve(instance, solver=solver, workers=1, seed=4, iterations=40, time_limit=20)
        for _ in range(2)
    )
    assert first.failures == ()
    assert first.objective == second.objective
    assert first.solution == second.solution
    again = ordino.solve(instance, solver=solver, warm_start=first, iterations=20, time_limit=5)
    assert again.objective <= first.objective


CASES = [("large", solver) for solver in SOLVERS]
CASES += [("large_mapping", solver) for solver in MAPPING_SOLVERS]


@pytest.mark.parametrize(("name", "solver"), CASES)
def test_limits_and_stops_are_kept(name: str, solver: str) -> None:
    instance = getattr(kit, name)()
    stop = threading.Event()
    timer = threading.Timer(0.7, stop.set)
    timer.start()
    began = time.monotonic()
    result = ordino.solve(instance, solver=solver, time_limit=1.0, workers=2, stop=stop)
    timer.join()
    assert time.monotonic() - began < 1.0 + 1.0
    assert result.failures == ()


@pytest.mark.parametrize("instance", [kit.sample(), kit.sample_mapping()], ids=["height", "map"])
def test_the_default_race_runs_clean_and_proves(instance: Lifetimes | Mapping) -> None:
    result = ordino.solve(instance, time_limit=10, workers=2)
    assert result.failures == ()
    assert result.status is ordino.Status.OPTIMAL


@given(kit.buffers())
def test_each_rule_gives_a_placement_no_lower_than_the_least(instance: Lifetimes) -> None:
    least = kit.least_height(instance)
    rules = (placing.by_size, placing.by_class, placing.by_area, placing.by_lifetime)
    for rule in (*rules, placing.by_start):
        found = rule(instance)
        assert found is not None
        report = check_lifetimes(instance, found)
        assert report.violations == ()
        assert report.objective >= least


def test_best_fit_takes_the_tightest_gap_and_first_fit_the_lowest() -> None:
    # Walls at 0, 6 and 10 leave gaps of four and of two bytes.
    instance = Lifetimes.of([0] * 4, [1] * 4, [2, 2, 2, 2], fixed=[0, 6, 10, -1])
    for best_fit, expected in ((True, 8), (False, 2)):
        state = placing.Placing(instance, placing_kernels)
        state.place(np.arange(4), best_fit=best_fit)
        assert state.offset[3] == expected


def test_hints_are_taken_where_they_help() -> None:
    instance = Lifetimes.of([0, 0, 0], [1, 1, 1], [4, 4, 4], hint=[8, 0, 4])
    result = ordino.solve(instance, solver="climb", iterations=1, workers=1)
    assert result.objective == 12
    assert result.solution.offset.tolist() == [8, 0, 4]


def test_by_hint_takes_hints_that_are_free_and_the_race_tries_it() -> None:
    instance = Lifetimes.of(
        [0, 0, 0, 0], [2, 2, 2, 9], [4, 4, 4, 4], hint=[6, 1, 9, -1], alignment=[1, 1, 1, 4],
        gaps=[(3, 0, 1, 0, 0)],
    )  # fmt: skip
    found = placing.by_hint(instance)
    assert found.offset.tolist() == [6, 1, 10, 16]
    assert check_lifetimes(instance, found).valid
    bound = replace(instance, capacity=20)
    result = ordino.solve(bound, time_limit=5, workers=1)
    assert result.solution == found  # the first fit ends the race
    skew = Lifetimes.of([0, 0], [1, 1], [4, 4], hint=[6, 2**61], alignment=4, capacity=8)
    assert sorted(placing.by_hint(skew).offset.tolist()) == [0, 4]
    assert "no buffer has a hint" in str(placing.takes_hints(Lifetimes.of([0], [1], [4])))


@given(kit.buffers())
def test_by_hint_is_right(instance: Lifetimes) -> None:
    found = placing.by_hint(instance)
    assert found is not None
    assert check_lifetimes(instance, found).violations == ()


def test_infeasible_fits_are_proved_to_be() -> None:
    instance = kit.sample()
    for solver in ("canonical", "climb", "cpsat"):
        small = replace(instance, capacity=instance.load - 1)
        result = ordino.solve(small, solver=solver, time_limit=10)
        assert result.status is ordino.Status.INFEASIBLE
        nothing = ordino.solve(instance, capacity=0, solver=solver, time_limit=10)
        assert nothing.status is ordino.Status.INFEASIBLE
    clash = Lifetimes.of([0, 0], [2, 2], [4, 4], fixed=[0, 2])
    for capacity in (None, 100):
        found = ordino.solve(replace(clash, capacity=capacity), time_limit=10)
        assert found.status is ordino.Status.INFEASIBLE


@pytest.mark.parametrize(
    ("buffer", "reason"),
    [
        ({"size": [4], "fixed": [8]}, "buffer 0 can't end before 12, beyond the capacity of 10"),
        ({"size": [11]}, "buffer 0 can't end before 11, beyond the capacity of 10"),
    ],
)
def test_a_buffer_that_ends_beyond_the_capacity_is_a_proof(buffer: dict, reason: str) -> None:
    """In windows of it alone there may be room enough."""
    gap = (0, 3, 5, 0, 2)
    instance = Lifetimes.of([0], [10], **buffer, gaps=[gap], capacity=10)
    for solver in ("cpsat", "climb", None):
        result = ordino.solve(instance, solver=solver, time_limit=10)
        assert result.status is ordino.Status.INFEASIBLE
        assert result.reason == reason


def test_the_fractional_bound_is_exact_where_floats_are_not() -> None:
    base = Lifetimes.of([0, 0], [1, 1], [1, 1], capacity=1)
    assert fractional(Mapping.of(base, [2**60, 2**53 + 1])) == 2**53 + 1
    assert fractional(Mapping.of(base, [0, 0])) == 0
    assert fractional(Mapping.of(replace(base, size=np.array([1, 3])), [1, 5])) == 5


@settings(max_examples=60)
@given(kit.mappings())
def test_the_fractional_bound_is_none_too_high(instance: Mapping) -> None:
    relaxed = fractional(instance)
    assert relaxed is not None
    assert relaxed <= kit.brute_force(instance)


def test_addresses_for_planners() -> None:
    start, end, size = np.array([0, 3, 0]), np.array([3, 9, 9]), np.array([4, 4, 3])
    found = addresses(start, end, size, capacity=7, budget=Budget.of(5.0))
    assert found is not None
    assert check_lifetimes(Lifetimes.of(start, end, size), Placement(found)).objective == 7
    assert addresses(start, end, size, capacity=6, budget=Budget.of(5.0)) is None


def test_ranks_keep_twins_in_order_and_differ_by_number() -> None:
    instance = Lifetimes.of([0, 0, 0, 1], [4, 4, 4, 2], [3, 3, 3, 5])
    ground = canonical.Ground.of(instance)
    assert ground.twin.tolist() == [-1, 0, 1, -1]
    for number in range(30):
        rank = ground.rank(number, np.random.default_rng(number))
        assert sorted(rank.tolist()) == [0, 1, 2, 3]
        assert rank[0] < rank[1] < rank[2]


@pytest.mark.parametrize("memory", [0, -8, 3, 2**31])
def test_a_memory_that_is_no_power_of_two_is_refused(memory: int) -> None:
    with pytest.raises(UsageError, match="expected a power of two"):
        ordino.solve(kit.sample(), solver="canonical", settings={"canonical.memory": memory})
    least = ordino.solve(kit.sample(), solver="canonical", settings={"canonical.memory": 1})
    assert least.status is ordino.Status.OPTIMAL


def test_what_is_too_large_for_a_method_is_refused() -> None:
    wide = lifetimes(buffers=3000, seed=1)
    assert "3000 buffers" in str(canonical.takes(wide))
    assert canonical.takes(kit.sample_mapping()) is not None
    assert placing.takes(kit.sample_mapping()) is not None
    count = placing.MOST_BUFFERS + 1
    vast = Lifetimes.of(np.arange(count), np.arange(count) + 1, np.ones(count, np.int64))
    assert f"{count} buffers" in str(placing.takes(vast))
    windowed = Lifetimes.of([0], [3], [4], gaps=[(0, 1, 2, 0, 2)])
    assert "windows" in str(canonical.takes(windowed))
    assert ordino.solve(windowed, time_limit=5).status is ordino.Status.OPTIMAL


def test_absent_buffers_and_tensors_exclude_each_other() -> None:
    base = Lifetimes.of([0, 0, 5], [9, 4, 9], [2, 2, 2], capacity=4)
    mapping = Mapping.of(base, [10, 7, 6], [0, 0, 0])
    result = ordino.solve(mapping, time_limit=5)
    assert result.objective == 10
    assert result.solution.offset[0] == ABSENT
    assert (result.solution.offset[1:] != ABSENT).all()


@pytest.mark.parametrize("name", ["C", "G", "K"])
def test_the_suite_of_minimalloc(public_data: Path, name: str) -> None:
    path = public_data / "tensor-memory" / "minimalloc" / f"{name}.1048576.csv"
    if not path.exists():
        pytest.skip("the set is not there")
    result = ordino.solve(ordino.read(path), time_limit=30)
    assert result.status is ordino.Status.OPTIMAL
    assert result.objective == 0


def test_large_files_come_close_to_the_load(public_data: Path) -> None:
    path = public_data / "tensor-memory" / "idealloc-dsa" / "iopddl_S_1.csv"
    if not path.exists():
        pytest.skip("the set is not there")
    instance = ordino.read(path)
    result = ordino.solve(instance, solver="by-class", time_limit=30)
    assert result.objective <= 1.01 * instance.load


def test_every_pair_of_orders_of_four_is_tried_by_hand() -> None:
    instance = Lifetimes.of([0, 1, 0, 2], [2, 3, 1, 3], [2, 3, 3, 2])
    heights = set()
    for order in itertools.permutations(range(4)):
        state = placing.Placing(instance, placing_kernels)
        heights.add(state.place(np.array(order), best_fit=True))
    assert min(heights) == kit.least_height(instance)


def test_the_default_for_mappings_gets_all_workers() -> None:
    small = adjust(lifetimes(buffers=20, seed=1), goal="mapping", capacity="50%")
    large = adjust(lifetimes(buffers=3_000, seed=1), goal="mapping", capacity="50%")
    for instance, solvers in ((small, ["hybrid"]), (large, ["exchange", "windows"])):
        running = _chosen(FAMILY, instance, None, 2)
        assert [spec.name for spec in running if spec.improves] == solvers
