"""Bounds, rules, kernels and exact methods of projects."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kits.rcpsp import brute_force, crowded, projects

import ordino
from ordino.core.budget import Budget
from ordino.core.errors import InstanceError
from ordino.core.incumbent import Incumbent
from ordino.heuristics.rcpsp import anneal, generation, genetic, insertion, packing, rules
from ordino.heuristics.rcpsp import schedule_kernels as kernels
from ordino.heuristics.rcpsp.modes import start_modes
from ordino.instances.rcpsp.generate import interactions, random_project
from ordino.models.rcpsp.bounds import contradiction
from ordino.models.rcpsp.check import check
from ordino.models.rcpsp.cpsat import formulate
from ordino.models.rcpsp.network import longest_paths, positive_cycle
from ordino.models.rcpsp.problem import Plan, Project
from ordino.solvers.rcpsp import destructive, hybrid, windows

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


def test_insertion_goes_on_where_it_looked_at_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    project = with_maximal_lags(0)
    limits = {"solver": "insertion", "iterations": 20, "workers": 1, "time_limit": 20}
    found = ordino.solve(project, **limits)
    monkeypatch.setattr(insertion, "STEPS", 1)
    assert ordino.solve(project, **limits).solution == found.solution


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


def test_with_maximal_lags_all_workers_come_to_search_neighbourhoods(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project = with_maximal_lags(0)
    incumbent = Incumbent(project, check, project.objective)
    incumbent.offer(ordino.solve(project, solver="insertion", time_limit=20).solution, "test")
    seen: list[tuple[int, int]] = []

    def improve(*arguments: Any, source: str) -> None:
        seen.append((arguments[3].workers, arguments[3].seed))

    monkeypatch.setattr(hybrid, "improve", improve)
    monkeypatch.setattr(hybrid.cpsat, "solver", lambda *_, **__: lambda *_: None)
    monkeypatch.setattr(hybrid.destructive, "takes", lambda _: "not here")
    hybrid.hybrid(formulate)(project, incumbent, Budget.of(20.0, workers=5))
    assert sorted(seen) == [(1, 0), (4, 1)]


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


@pytest.mark.parametrize("method", [genetic, anneal])
@settings(max_examples=40)
@given(HARD)
def test_schedule_generation_keeps_all_constraints(method: Any, project: Project) -> None:
    if method.takes(project) is not None:
        return
    result = ordino.solve(project, solver=method.NAME, workers=1, iterations=500, time_limit=20)
    optimum = brute_force(project)
    assert result.failures == ()
    if result.objective is not None:
        assert optimum is not None
        assert result.objective >= optimum


def test_annealing_chooses_better_modes_than_a_rule() -> None:
    project = random_project(activities=40, modes=3, budgets=2, seed=1)
    rule = ordino.solve(project, solver="lft", workers=1)
    found = ordino.solve(project, solver="anneal", workers=1, iterations=2_000, time_limit=20)
    assert found.failures == ()
    assert found.objective < 0.9 * rule.objective


def test_tight_budgets_leave_annealing_nothing_to_offer() -> None:
    modes = [(1, [2, 0]), (1, [0, 2])]
    project = Project.of([modes] * 3, [], budgets=[3, 3])
    assert contradiction(project) is None
    found = ordino.solve(project, solver="anneal", workers=1, iterations=50, time_limit=20)
    assert found.failures == ()
    assert found.solution is None
    assert ordino.solve(project, workers=2, time_limit=5).status is ordino.Status.INFEASIBLE


def test_the_default_race_anneals_where_there_are_modes() -> None:
    project = random_project(activities=120, modes=3, budgets=2, resource_strength=0.1, seed=2)
    rule = ordino.solve(project, solver="lft", workers=1)
    found = ordino.solve(project, workers=2, time_limit=4)
    assert found.failures == ()
    assert found.objective < 0.9 * rule.objective
    again = ordino.solve(project, workers=1, time_limit=2, warm_start=found)
    assert again.failures == ()
    assert again.objective <= found.objective


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
    latest = kernels.parallel(arrays, priority, modes, free, top, times, order, scratch)
    assert times[:n].tolist() == generation.parallel(project, modes, priority.tolist())
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


def test_a_mode_that_never_fits_is_no_way_to_keep_a_window() -> None:
    with pytest.raises(InstanceError, match="takes at least 5, its window is 0 to 3"):
        Project.of([[(2, [9]), (5, [1])]], [2], deadlines=[3])


def test_cpsat_ends_all_modes_by_the_horizon() -> None:
    project = Project.of(
        [[(0, [0, 5]), (2, [2, 0])], [(1, [1, 0])]],
        [[(0, 2), (2, 1)]],
        budgets=[4],
        due_dates=[None, 1],
        goal="tardiness",
    )
    result = ordino.solve(project, solver="cpsat", time_limit=10)
    assert result.failures == ()
    assert result.objective == result.bound == brute_force(project)


def test_dips_of_a_huge_capacity_leave_cpsat_its_numbers() -> None:
    huge = [(t, 2**61 if t % 2 == 0 else 0) for t in range(8)]
    project = Project.of([[(1, [3])], [(1, [2])]], [huge], precedences=[(0, 1)])
    result = ordino.solve(project, solver="cpsat", time_limit=10)
    assert result.failures == ()
    assert result.objective == result.bound == 3


def test_the_milp_takes_up_no_start_behind_its_horizon() -> None:
    project = Project.of([[(5, [1])]], [1])
    result = ordino.solve(project, solver="milp", warm_start=Plan.of([100]), time_limit=10)
    assert result.failures == ()
    assert result.objective == result.bound == 5


@given(random=st.randoms(use_true_random=False), count=st.integers(1, 12))
def test_kept_activities_keep_their_order(random: Random, count: int) -> None:
    start = np.array([random.randint(0, 9) for _ in range(count)])
    end = start + np.array([random.randint(0, 4) for _ in range(count)])
    kept = np.flatnonzero([random.random() < 0.8 for _ in range(count)])
    ways = nx.DiGraph()
    ways.add_nodes_from(kept.tolist())
    ways.add_edges_from(windows._order(kept, start, end))
    follows = {
        (i, j) for i in kept.tolist() for j in kept.tolist() if start[i] < end[i] <= start[j]
    }
    assert set(nx.transitive_closure(ways).edges) == follows


@given(
    arcs=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(-4, 3)), max_size=12)
)
def test_longest_paths_and_positive_cycles(arcs: list[tuple[int, int, int]]) -> None:
    source, target, step = np.array(arcs, dtype=np.int64).reshape(-1, 3).T
    times = np.zeros(6, dtype=np.int64)
    for _ in range(7):
        before = times.copy()
        np.maximum.at(times, target, times[source] + step)
    cycle = positive_cycle(6, source, target, step)
    if (before == times).all():
        assert cycle is None
        assert longest_paths(np.zeros(6, np.int64), source, target, step).tolist() == times.tolist()
    else:
        assert cycle is not None
        assert step[cycle].sum() > 0
        assert (target[cycle] == np.roll(source[cycle], -1)).all()


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
    for rule in ("mts", "spt", "edd"):
        other = ordino.solve(
            project,
            solver="sampling",
            settings={"sampling.rule": rule},
            iterations=9,
            time_limit=30,
        )
        assert other.failures == ()
        assert other.objective is not None
    assert ordino.solve(project, solver="sampling", iterations=1, time_limit=30).objective == once
