"""The CP-SAT and MILP engines on formulations that are made for it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kits.toy import Choice, Digits, check, formulate

from ordino.core.budget import Budget
from ordino.core.errors import SolverError, UsageError
from ordino.core.incumbent import Incumbent
from ordino.core.objective import Objective
from ordino.core.report import Report
from ordino.models.formulation import CpsatFormulation, MilpFormulation
from ordino.solvers import cpsat, milp


def incumbent(instance: Digits) -> Incumbent:
    return Incumbent(instance, check, instance.objective)


def test_a_hint_must_cover_every_variable(digits: Digits) -> None:
    formulation = formulate(digits, None)
    hinted = {variable.index for variable, _ in formulation.hint(Choice((3,) * 7))}
    assert hinted == set(range(len(formulation.model.proto.variables)))


def test_a_broken_read_surfaces(digits: Digits) -> None:
    def broken(instance: Digits, upper_bound: Any) -> CpsatFormulation:
        good = formulate(instance, upper_bound)
        return CpsatFormulation(
            model=good.model, levels=good.levels, hint=good.hint, read=lambda values: values["x"]
        )

    with pytest.raises(TypeError):
        cpsat.solver(broken)(digits, incumbent(digits), Budget.of(10))


def test_an_invalid_model_surfaces(digits: Digits) -> None:
    def broken(instance: Digits, upper_bound: Any) -> CpsatFormulation:
        good = formulate(instance, upper_bound)
        good.model.proto.variables[0].domain[0] = 50
        return good

    with pytest.raises(SolverError, match="refuses the model"):
        cpsat.solver(broken)(digits, incumbent(digits), Budget.of(10))


def test_unknown_parameters_are_refused(digits: Digits) -> None:
    with pytest.raises(UsageError, match="no CP-SAT parameters"):
        cpsat.solver(formulate, parameters="bogus:1")(digits, incumbent(digits), Budget.of(10))


def knapsack(instance: tuple[list[int], int], upper_bound: Any) -> MilpFormulation:
    """Choose items of at least a total weight, as light as possible."""
    import pulp

    weights, demand = instance
    problem = pulp.LpProblem("cover", pulp.LpMinimize)
    taken = [problem.add_variable(f"t{i}", cat=pulp.LpBinary) for i in range(len(weights))]
    total = pulp.lpSum(w * t for w, t in zip(weights, taken, strict=True))
    problem.setObjective(total)
    problem.addConstraint(total >= demand)
    return MilpFormulation(
        problem=problem,
        start=lambda chosen: {f"t{i}": float(i in chosen) for i in range(len(weights))},
        read=lambda value: frozenset(i for i, t in enumerate(taken) if value(t) > 0.5),
    )


def weigh(instance: tuple[list[int], int], chosen: frozenset[int]) -> Report:
    total = sum(instance[0][i] for i in chosen)
    assert total >= instance[1]
    return Report.of([], total)


@pytest.mark.parametrize("engine", ["highs", "cbc"])
def test_a_milp_is_proved_and_an_infeasible_one_too(engine: Any) -> None:
    for demand, optimum in ((17, 18), (30, None)):
        instance = ([3, 5, 7, 11], demand)
        held = Incumbent(instance, weigh, Objective.of("weight"))
        milp.solver(knapsack, engine=engine)(instance, held, Budget.of(20))
        if optimum is None:
            assert held.infeasible is not None
        else:
            assert (held.objective, held.bound) == (optimum, optimum)


@pytest.mark.parametrize("engine", ["highs", "cbc"])
def test_a_milp_takes_a_start(engine: Any) -> None:
    instance = ([3, 5, 7, 11], 17)
    held = Incumbent(instance, weigh, Objective.of("weight"))
    held.offer(frozenset({0, 1, 2, 3}), "start")
    milp.solver(knapsack, engine=engine)(instance, held, Budget.of(20))
    assert held.objective == held.bound == 18


def two_levels(instance: tuple[list[int], int], upper_bound: Any) -> MilpFormulation:
    """Choose items of at least a total weight, as light as possible; of these, as few as can be
    besides one that is always there."""
    import pulp

    single = knapsack(instance, upper_bound)
    taken = list(single.problem.variables())
    return replace(single, levels=(single.problem.objective, pulp.lpSum(taken) + 1))


@pytest.mark.parametrize("engine", ["highs", "cbc"])
def test_a_milp_is_solved_level_by_level(engine: Any) -> None:
    def judge(instance: tuple[list[int], int], chosen: frozenset[int]) -> Report:
        weight = weigh(instance, chosen).objective
        return Report.of([], (weight, len(chosen) + 1))

    instance = ([3, 5, 7, 11, 8, 10], 18)
    held = Incumbent(instance, judge, Objective.of("weight", "items"))
    milp.solver(two_levels, engine=engine)(instance, held, Budget.of(20))
    assert held.failures == ()
    assert held.objective == held.bound == (18, 3)


@pytest.fixture
def cbc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, float], Incumbent]:
    """A function that runs a milp with a shell command for CBC, for so many seconds."""

    def run(command: str, seconds: float) -> Incumbent:
        program = tmp_path / "cbc"
        program.write_text(f"#!/bin/sh\n{command}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
        instance = ([3, 5, 7, 11], 17)
        held = Incumbent(instance, weigh, Objective.of("weight"))
        milp.solver(knapsack, engine="cbc")(instance, held, Budget.of(seconds))
        return held

    return run


def test_cbc_may_be_interrupted_before_it_has_begun(
    cbc: Callable[[str, float], Incumbent],
) -> None:
    held = cbc("exec sleep 30", 0.1)
    assert (held.objective, held.bound) == (None, None)


def test_cbc_that_breaks_surfaces(cbc: Callable[[str, float], Incumbent]) -> None:
    with pytest.raises(SolverError, match="exit code -11"):
        cbc("kill -SEGV $$", 10)


def test_highs_may_change_its_number_of_threads() -> None:
    instance = ([3, 5, 7, 11], 17)
    for workers in (1, 2, 1):
        held = Incumbent(instance, weigh, Objective.of("weight"))
        milp.solver(knapsack)(instance, held, Budget.of(20, workers=workers))
        assert held.optimal
