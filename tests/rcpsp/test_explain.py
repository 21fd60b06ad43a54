"""Explanations of projects."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from kits.rcpsp import projects

import ordino
from ordino.core.budget import Budget
from ordino.core.errors import UsageError
from ordino.models.rcpsp.chain import critical_chain
from ordino.models.rcpsp.problem import Plan, Project
from ordino.solvers.conflict import irreducible
from ordino.solvers.rcpsp import explain as module

CROWDED = Project.of(
    [[(4, [1])], [(4, [1])], [(3, [1])], [(9, [0])]],
    [1],
    deadlines=[8, 8, 9, None],
    release_dates=[0, 1, 2, 0],
    activity_names=["a", "b", "c", "d"],
)


def test_a_conflict_over_a_resource_is_irreducible() -> None:
    found = ordino.explain(CROWDED, time_limit=20)
    assert found.subject == "infeasible"
    assert found.irreducible
    kinds = [reason.kind for reason in found.reasons]
    assert "capacity" in kinds
    assert kinds.count("deadline") >= 2
    assert not any("activity d" in reason.message for reason in found.reasons)
    json.dumps(found.to_data())


def test_a_chain_of_lags_between_two_windows() -> None:
    project = Project.of(
        [[(2, [])], [(2, [])], [(2, [])]],
        [],
        lags=[(0, 1, "end-start", 3), (1, 2, "start-start", 1)],
        release_dates=[4, 0, 0],
        deadlines=[None, None, 11],
    )
    found = ordino.explain(project, time_limit=20)
    assert [reason.kind for reason in found.reasons] == ["release", "lag", "lag", "deadline"]
    assert "activity 1 starts 3 or more behind the end of activity 0" in found.reasons[1].message


@settings(max_examples=25)
@given(projects(3, hard=True))
def test_every_conflict_is_one_and_irreducible(project: Project) -> None:
    budget = Budget.of(30.0)
    items = module._items(project)
    if not module._refuted(project, items, budget) or not project.possible.all():
        return
    chain = module._chain_of_lags(project)
    kept, sure = irreducible(items, lambda p: module._refuted(project, p, budget), budget)
    for conflict in filter(None, (kept, chain)):
        assert module._refuted(project, conflict, budget)
        for place in range(len(conflict)):
            assert not module._refuted(project, conflict[:place] + conflict[place + 1 :], budget)
    assert sure


def test_the_chain_that_holds_the_makespan() -> None:
    project = Project.of(
        [[(3, [1])], [(4, [2])], [(2, [1])]], [2], precedences=[(0, 2)], release_dates=[1, 0, 0]
    )
    links = critical_chain(project, Plan.of([1, 4, 8]))
    assert [link.activity for link in links] == [0, 1, 2]
    assert links[0].why == "waits for its release at 1"
    assert links[1].why == "waits for R0, which 0 held"
    found = ordino.explain(project, Plan.of([1, 4, 8]))
    assert found.subject == "objective"
    assert len(found.reasons) == 3


def test_families_that_do_not_explain_say_so() -> None:
    with pytest.raises(UsageError, match="does not explain"):
        ordino.explain(ordino.read("ft06"))
