"""Bounds, rules, kernels and exact methods of projects."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from kits.rcpsp import brute_force, crowded, projects

import ordino
from ordino.heuristics.rcpsp import generation, genetic, insertion, packing, rules
from ordino.heuristics.rcpsp import schedule_kernels as kernels
from ordino.heuristics.rcpsp.modes import start_modes
from ordino.instances.rcpsp.generate import interactions, random_project
from ordino.models.rcpsp.bounds import contradiction
from ordino.models.rcpsp.network import positive_cycle
from ordino.models.rcpsp.problem import Project
from ordino.solvers.rcpsp import destructive

HARD = projects(3, hard=True)


@settings(max_examples=150)
@given(HARD)
def test_cpsat_and_bounds_agree_with_brute_force(project: Project) -> None:
    optimum = brute_force(project)
    result = ordino.solve(project, solver="cpsat", workers=1, time_limit=20)
    assert result.failures == ()
    assert result.objective == optimum
    if optimum is None:
        assert result.status is ordino.Status.INFEASIBLE
    else:
        assert contradiction(project) is None
        for value in ordino.compute_bounds(project).values():
            assert value is None or value <= optimum


@settings(max_examples=150)
@given(HARD)
def test_destructive_bounds_never_pass_the_optimum(project: Project) -> None:
    if destructive.takes(project) is not None:
        return
    optimum = brute_force(project)
    result = ordino.solve(project, solver="destructive", workers=1, time_limit=20)
    assert result.failures == ()
    if optimum is not None:
        assert result.status is ordino.Status.UNKNOWN
        assert result.bound <= optimum


def test_a_longer_mode_uses_up_a_lag_that_counts_from_the_start() -> None:
    several = [(1, [3]), (3, [1])]
    lags = [(0, 2, "start-start", 3), (1, 2, "start-start", 3)]
    project = Project.of([several, several, [(0, [0])]], [3], lags=lags)
    assert ordino.compute_bounds(project)["capacity"] == 2
    result = ordino.solve(project, workers=2, time_limit=10)
    assert (result.objective, result.status) == (3, ordino.Status.OPTIMAL)


@settings(max_examples=150)
@given(crowded())
def test_bounds_hold_where_modes_differ_and_lags_count_from_any_point(project: Project) -> None:
    optimum = brute_force(project)
    for value in ordino.compute_bounds(project).values():
        assert value is None or value <= optimum
    result = ordino.solve(project, solver="destructive", workers=1, time_limit=20)
    assert result.bound <= optimum


def test_destructive_bounds_pass_the_others() -> None:
    project = random_project(activities=30, order_strength=0.3, resource_strength=0.1, seed=1)
    others = ordino.compute_bounds(project)
    result = ordino.solve(project, solver="destructive", workers=1, time_limit=20)
    plan = ordino.solve(project, solver="genetic", workers=1, iterations=300, time_limit=20)
    assert max(value or 0 for value in others.values()) < result.bound <= plan.objective


@settings(max_examples=100)
@given(HARD)
def test_insertion_keeps_all_constraints(project: Project) -> None:
    if insertion.takes(project) is not None:
        return
    optimum = brute_force(project)
    result = ordino.solve(project, solver="insertion", workers=1, iterations=20, time_limit=20)
    assert result.failures == ()
    if result.objective is not None:
        assert optimum is not None
        assert result.objective >= optimum


@pytest.mark.parametrize("seed", range(3))
def test_insertion_gets_along_with_maximal_lags(seed: int) -> None:
    project = with_maximal_lags(seed)
    assert genetic.takes(project) is not None
    found = ordino.solve(project, solver="insertion", iterations=300, workers=1, time_limit=20)
    best = ordino.solve(project, solver="cpsat", workers=2, time_limit=3)
    assert found.objective <= 1.15 * best.objective


@pytest.mark.parametrize("seed", range(3))
def test_what_lags_and_pairs_leave_no_room_for_is_refuted_by_shaving(seed: int) -> None:
    project = with_maximal_lags(seed)
    least = ordino.solve(project, solver="destructive", workers=1, time_limit=20).bound
    tight = replace(project, deadlines=np.full(project.activities, least - 1))
    result = ordino.solve(tight, solver="destructive", workers=1, time_limit=20)
    assert result.status is ordino.Status.INFEASIBLE


def with_maximal_lags(seed: int) -> Project:
    """Thirty activities in chains of three that must run close together."""
    plain = random_project(activities=30, order_strength=0.2, resource_strength=0.1, seed=seed)
    rows = [[row] for row in zip(plain.duration.tolist(), plain.demand.tolist(), strict=True)]
    lags = [(i, i + 1, "end-start", 0) for i in range(29) if i % 3 < 2]
    lags += [(i + 2, i, "start-start", -30) for i in range(0, 30, 3)]
    return Project.of(rows, plain.step_capacity.tolist(), lags=lags)


@settings(max_examples=60)
@given(HARD)
def test_the_milp_agrees_with_brute_force(project: Project) -> None:
    optimum = brute_force(project)
    result = ordino.solve(project, solver="milp", workers=1, time_limit=20)
    assert result.failures == ()
    assert result.objective == optimum
    wanted = ordino.Status.INFEASIBLE if optimum is None else ordino.Status.OPTIMAL
    assert result.status is wanted


@settings(max_examples=15)
@given(HARD)
def test_the_default_race_agrees_with_brute_force(project: Project) -> None:
    result = ordino.solve(project, workers=2, time_limit=20)
    assert result.failures == ()
    assert result.objective == brute_force(project)


@settings(max_examples=40)
@given(HARD)
def test_evolution_keeps_all_constraints(project: Project) -> None:
    if genetic.takes(project) is not None:
        return
    result = ordino.solve(project, solver="genetic", workers=1, iterations=500, time_limit=20)
    optimum = brute_force(project)
    assert result.failures == ()
    if result.objective is not None:
        assert optimum is not None
        assert result.objective >= optimum


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("calendar", [False, True])
def test_compiled_and_plain_generation_agree(seed: int, calendar: bool) -> None:
    if calendar:
        project = interactions(activities=50, downtime=0.8, disjunctions=0.8, seed=seed)
    else:
        project = random_project(activities=50, resources=9, seed=seed)
    modes = start_modes(project)
    assert modes is not None
    arrays = packing.pack(project)
    random = np.random.default_rng(seed)
    priority = random.permutation(project.activities)
    n = project.activities
    state = np.array([seed + 1], dtype=np.uint64)
    order, times, scratch = (np.zeros(size, np.int64) for size in (n, 2 * n, n))
    kernels.sample(arrays, state, priority, 0, order, scratch, scratch.copy())
    free, top = arrays[kernels.INITIAL].copy(), np.zeros(1, np.int64)
    latest = kernels.forward(arrays, order, modes, free, top, times)
    expected = generation.serial(project, modes, priority.tolist())
    assert times[:n].tolist() == expected
    assert latest == max(times[n:])


def test_justification_never_makes_a_schedule_longer() -> None:
    project = random_project(activities=80, order_strength=0.3, resource_strength=0.1, seed=3)
    plain = ordino.solve(project, solver="lft", time_limit=10)
    better = ordino.solve(project, solver="genetic", iterations=300, workers=1, time_limit=20)
    assert better.objective < plain.objective


def test_a_mode_that_never_fits_is_left_out() -> None:
    project = Project.of([[(1, [9]), (4, [2])], [(3, [2])]], [3])
    result = ordino.solve(project, time_limit=10)
    assert result.status is ordino.Status.OPTIMAL
    assert result.objective == 7
    assert result.solution.mode.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("project", "reason"),
    [
        (Project.of([[(2, [5])]], [3], activity_names=["lift"]), "lift needs 5 of R0"),
        (
            Project.of([[(2, [])], [(2, [])]], [], precedences=[(0, 1)], deadlines=[None, 3]),
            "activity 1 ends at 4 or later, behind its deadline 3",
        ),
        (Project.of([[(2, [2])], [(2, [2])]], [], budgets=[3]), "consume at least 4 of N0"),
    ],
)
def test_simple_arguments_are_told(project: Project, reason: str) -> None:
    result = ordino.solve(project, time_limit=10)
    assert result.status is ordino.Status.INFEASIBLE
    assert reason in str(result.reason)


def test_a_positive_cycle_is_found_among_others() -> None:
    source, target = np.array([0, 1, 2, 3, 1]), np.array([1, 2, 0, 1, 3])
    assert positive_cycle(4, source, target, np.array([5, 5, -10, 1, -1])) is None
    cycle = positive_cycle(4, source, target, np.array([5, 5, -9, 1, -1]))
    assert cycle is not None
    assert sorted(cycle) == [0, 1, 2]


def test_huge_times_neither_hang_nor_fill_the_memory() -> None:
    project = Project.of([[(2**40, [1])], [(2**41, [1])]], [1])
    assert genetic.takes(project) is not None
    assert ordino.solve(project, time_limit=10).objective == 2**40 + 2**41


def test_bounds_enclose_the_best_known_values(public_data: Path) -> None:
    folder = public_data / "rcpsp"
    with (folder / "bounds.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["set"] in ("j30", "j120")]
    for row in rows[::60]:
        (path,) = [p for p in folder.rglob(row["instance"]) if p.parent.name in row["set"]]
        project = ordino.read(path)
        assert ordino.compute_bounds(project)["critical-path"] == int(row["cpm_lb"])
        assert all((b or 0) <= int(row["best_ub"]) for b in ordino.compute_bounds(project).values())
        result = ordino.solve(project, solver="lft,mts", time_limit=20)
        assert int(row["best_lb"]) <= result.objective <= 1.4 * int(row["best_ub"])


def test_worst_case_slack_looks_at_what_would_have_to_wait() -> None:
    project = Project.of(
        [[(5, [2])], [(1, [1])], [(1, [1])], [(1, [0])]], [2], precedences=[(1, 3)]
    )
    assert rules.lst(project).start.tolist() == [0, 5, 5, 6]
    assert rules.wcs(project).start.tolist() == [1, 0, 0, 1]


def test_many_passes_do_better_than_one() -> None:
    project = random_project(activities=60, order_strength=0.2, resource_strength=0.1, seed=5)
    once = ordino.solve(project, solver="lft", time_limit=10).objective
    many = ordino.solve(project, solver="sampling", iterations=200, time_limit=30)
    assert many.failures == ()
    assert many.objective < once
    assert ordino.solve(project, solver="sampling", iterations=1, time_limit=30).objective == once
