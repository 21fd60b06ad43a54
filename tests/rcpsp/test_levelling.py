"""The goal levelling: checker, formulation, shifts, bound."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from kits.rcpsp import projects

import ordino
from ordino.core.budget import Budget
from ordino.core.errors import InstanceError, UsageError
from ordino.heuristics.rcpsp.levelling import shift
from ordino.instances.rcpsp.generate import random_project
from ordino.models.rcpsp import cpsat
from ordino.models.rcpsp.bounds import even_use, heads
from ordino.models.rcpsp.check import check
from ordino.models.rcpsp.levelling import use
from ordino.models.rcpsp.problem import NEVER, Plan, Project, adjust

TWO = Project.of([[(2, [1])], [(2, [2])]], [3], deadlines=[4, 4], goal="levelling")


def limited(project: Project, slack: int) -> Project:
    """Give a project deadlines, some time behind its critical path."""
    ends = heads(project) + project.least_duration
    deadlines = np.minimum(project.deadlines, int(ends.max()) + slack)
    return replace(project, deadlines=deadlines, goal="levelling")


def brute_force(project: Project) -> int | None:
    """Try all modes and starts."""
    best = None
    count = project.activities
    spans = [range(int(r), project.horizon + 1) for r in project.release_dates]
    for modes in product(*(range(len(project.modes_of(i))) for i in range(count))):
        for starts in product(*spans):
            report = check(project, Plan.of(list(starts), np.array(modes)))
            if report.valid and (best is None or report.objective < best):
                best = report.objective
    return best


def test_the_checker_adds_up_squares() -> None:
    assert check(TWO, Plan.of([0, 0])).objective == 2 * 9
    assert check(TWO, Plan.of([0, 1])).objective == 1 + 9 + 4
    assert check(TWO, Plan.of([0, 2])).objective == 2 * 1 + 2 * 4
    assert not check(TWO, Plan.of([0, 3])).valid


def test_it_needs_deadlines_and_resources() -> None:
    with pytest.raises(InstanceError, match="activity 0 has none"):
        Project.of([[(2, [1])]], [3], goal="levelling")
    with pytest.raises(InstanceError, match="needs renewable resources"):
        Project.of([[(2, [])]], [], deadlines=[3], goal="levelling")
    plain = Project.of([[(2, [1])]], [3])
    with pytest.raises(UsageError, match=r"goal levelling: .* activity 0 has none"):
        adjust(plain, goal="levelling")
    assert adjust(plain, goal="levelling", deadline=5).deadlines.tolist() == [5]
    assert adjust(plain, deadline=10**20) == plain
    with pytest.raises(UsageError, match="beyond 2\\^62"):
        adjust(plain, deadline=-(10**20))


@settings(max_examples=20, deadline=None)
@given(projects(3, hard=True), st.integers(0, 3), st.sampled_from(["levelling", "cpsat"]))
def test_it_finds_and_proves_the_optimum(project: Project, slack: int, solver: str) -> None:
    assume(project.renewables > 0)
    instance = limited(project, slack)
    assume(instance.horizon <= 9)
    best = brute_force(instance)
    result = ordino.solve(instance, solver=solver, time_limit=20, workers=1)
    assert result.failures == ()
    assert (result.objective, result.status) == (best, "infeasible" if best is None else "optimal")
    assert best is None or even_use(instance) <= best


def test_shifts_keep_everything_and_level() -> None:
    base = random_project(activities=40, resources=3, resource_strength=0.3, seed=4)
    free = ordino.solve(base, solver="lft", time_limit=5)
    project = replace(
        base, deadlines=np.minimum(NEVER, np.full(40, free.objective + 20)), goal="levelling"
    )
    seen = [check(project, free.solution).objective]

    def publish(plan: Plan, value: int) -> None:
        report = check(project, plan)
        assert report.valid
        assert report.objective == value == int((use(project, plan, project.horizon) ** 2).sum())
        seen.append(value)

    budget = Budget.of(20, iterations=30)
    shift(project, free.solution, budget, np.random.default_rng(0), publish)
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] < 0.95 * seen[0]


def test_the_default_takes_it_from_a_file_with_a_deadline() -> None:
    project = random_project(activities=12, resources=2, seed=2)
    length = ordino.solve(project, time_limit=10).objective
    result = ordino.solve(project, goal="levelling", deadline=length + 4, time_limit=2)
    assert result.failures == ()
    assert result.objective >= result.bound > 0
    assert "levelling" in result.solver
    assert "hybrid" not in result.solver


def test_shifts_level_what_is_too_large_for_cpsat() -> None:
    project = random_project(activities=200, longest=40, resources=2, seed=1)
    soon = ordino.solve(project, solver="lft", time_limit=10)
    wide = adjust(project, goal="levelling", deadline=soon.objective + 1_500)
    assert "beyond" in str(cpsat.takes(wide))
    result = ordino.solve(wide, time_limit=3, workers=2)
    assert result.failures == ()
    assert result.objective < 0.9 * check(wide, soon.solution).objective


def test_a_first_plan_is_found_where_rules_and_levelling_by_cpsat_give_up() -> None:
    project = random_project(activities=200, longest=40, resources=2, seed=1)
    arcs = zip(project.lag_source.tolist(), project.lag_target.tolist(), strict=True)
    rows = zip(project.duration.tolist(), project.demand.tolist(), strict=True)
    wide = Project.of(
        [[row] for row in rows],
        project.step_capacity.tolist(),
        lags=[*((i, j, "end-start", 0) for i, j in arcs), (199, 0, "start-start", -2_000)],
        deadlines=[3_000] * 200,
        goal="levelling",
    )
    assert cpsat.takes(wide) is not None
    result = ordino.solve(wide, time_limit=6, workers=1)
    assert result.failures == ()
    assert result.objective is not None
