"""Formulations hold what they are told, in CP-SAT, HiGHS and pictures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kits.tardiness import instances
from ortools.sat.python import cp_model

from ordino.heuristics.tardiness import rules
from ordino.instances.tardiness.generate import potts_van_wassenhove
from ordino.models.tardiness import cpsat, milp
from ordino.models.tardiness.check import check
from ordino.models.tardiness.problem import JobSequence, SingleMachine
from ordino.models.tardiness.scene import scene
from ordino.models.tardiness.timing import completion_times

both = st.sampled_from([rules.edd, rules.lpt])


def cost(instance: SingleMachine, solution: JobSequence) -> int:
    objective = check(instance, solution).objective
    assert isinstance(objective, int)
    return objective


@given(instances(6), both, st.booleans())
def test_a_hint_covers_the_cpsat_model_and_has_the_value_of_its_solution(
    instance: SingleMachine, rule, bounded: bool
) -> None:
    solution = rule(instance)
    value = cost(instance, solution)
    formulation = cpsat.formulate(instance, value if bounded else None)
    model = formulation.model
    hint = {variable.index: value for variable, value in formulation.hint(solution)}
    assert set(hint) == set(range(len(model.proto.variables)))
    for variable, each in formulation.hint(solution):
        model.add(variable == each)
    model.minimize(formulation.levels[0])
    solver = cp_model.CpSolver()
    assert solver.solve(model) == cp_model.OPTIMAL
    assert solver.objective_value == value
    read = formulation.read([hint[index] for index in range(len(hint))])
    assert cost(instance, read) == value


@given(instances(6), both, st.booleans())
def test_a_start_keeps_all_rows_of_the_milp_and_has_the_value_of_its_solution(
    instance: SingleMachine, rule, bounded: bool
) -> None:
    if milp.takes(instance) is not None:
        return
    solution = rule(instance)
    value = cost(instance, solution)
    formulation = milp.formulate(instance, value if bounded else None)
    problem = formulation.problem
    start = formulation.start(solution)
    assert set(start) == {variable.name for variable in problem.variables()}
    for variable in problem.variables():
        variable.varValue = start[variable.name]
    assert problem.valid()
    assert (problem.objective.value() or 0) == value
    assert formulation.read(lambda variable: start[variable.name]) == solution


def test_completion_times_wait_for_releases() -> None:
    instance = SingleMachine.of([3, 2, 4], [4, 3, 5], None, [0, 6, 1])
    order = JobSequence([0, 2, 1]).order
    assert completion_times(instance, order).tolist() == [3, 7, 9]
    assert completion_times(instance, order[::-1]).tolist() == [8, 12, 15]


@pytest.mark.parametrize(("jobs", "rows"), [(60, 60), (61, 1)])
def test_a_picture_shows_every_job_and_who_is_late(jobs: int, rows: int) -> None:
    instance = potts_van_wassenhove(jobs=jobs, weighted=True, seed=1)
    solution = rules.wmdd(instance)
    picture = scene(instance, solution)
    assert len(picture.rows) == rows
    assert [bar.label for bar in picture.bars] == [str(job) for job in solution.order]
    late = [bar for bar in picture.bars if bar.style == "late"]
    assert f"{cost(instance, solution)}, {len(late)} of {jobs} jobs late" in picture.title
    assert {mark.row for mark in picture.marks} == (set(range(jobs)) if rows > 1 else set())
