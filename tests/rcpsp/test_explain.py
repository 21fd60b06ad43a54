"""Explanations of projects."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from kits.rcpsp import brute_force, projects

import ordino
from ordino.core.budget import Budget
from ordino.core.errors import UsageError
from ordino.models.rcpsp.chain import critical_chain
from ordino.models.rcpsp.deferral import binding, restricted
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


@settings(max_examples=60)
@given(projects(3, hard=True))
def test_every_conflict_is_one_and_irreducible(project: Project) -> None:
    if not project.possible.all() or brute_force(project) is not None:
        return
    every = module._chain_of_lags(project) or module._items(project)
    found = module._conflict(project, every, Budget.of(30.0))
    assert found is not None
    conflict, sure = found
    assert sure
    assert brute_force(module._part(project, conflict)) is None
    for place in range(len(conflict)):
        less = conflict[:place] + conflict[place + 1 :]
        assert brute_force(module._part(project, less)) is not None


@settings(max_examples=100)
@given(projects(3, hard=True))
def test_what_a_core_names_conflicts(project: Project) -> None:
    items = module._items(project)
    core = module._core(project, items, Budget.of(30.0))
    assert core is not None
    if not core:
        assert brute_force(project) is not None
        return
    assert list(core) == sorted(core)
    assert brute_force(module._part(project, [items[place] for place in core])) is None


@settings(max_examples=100)
@given(projects(4, hard=True))
def test_whether_there_is_a_plan_depends_on_the_binding_activities(project: Project) -> None:
    kept = binding(project)
    fewer = brute_force(restricted(project, kept)) if kept.size else 0
    assert (fewer is None) == (brute_force(project) is None)


def test_a_mode_that_takes_no_time_lets_no_other_run_past_the_end() -> None:
    project = Project.of(
        [[(5, [2, 0]), (0, [0, 1])]] * 3, [[(0, 2), (7, 0)]], budgets=[1], deadlines=[20, 20, 20]
    )
    found = ordino.explain(project, time_limit=20)
    assert found.irreducible
    assert sorted(reason.kind for reason in found.reasons) == ["budget", "capacity", "downtime"]


def test_what_waits_for_others_does_not_bind() -> None:
    project = Project.of(
        [[(2, [1])], [(2, [1])], [(2, [1])], [(2, [3])], [(1, [1])]],
        [[(0, 3), (50, 1)]],
        precedences=[(0, 1), (1, 2), (4, 3)],
        groups=[(0, 2), (1, 4, 2)],
        deadlines=[None, 9, None, None, None],
        activity_names=["a", "b", "c", "d", "e"],
    )
    assert [project.activity_names[i] for i in binding(project)] == ["a", "b", "d", "e"]
    small = restricted(project, binding(project))
    assert small.activity_names == ("a", "b", "d", "e")
    assert small.groups == ((1, 3),)
    assert small.lag_source.tolist() == [0, 3]
    assert small.lag_target.tolist() == [1, 2]


def test_a_filter_follows_cores_and_gives_the_undecided_another_turn() -> None:
    asked: list[tuple[str, float]] = []

    def conflict(part: Sequence[str], budget: Budget) -> Sequence[int] | None:
        asked.append(("".join(part), budget.remaining()))
        if budget.remaining() < 2 and "a" not in part:
            return None
        places = [place for place, each in enumerate(part) if each in "bd"]
        return places if len(places) == 2 else ()

    found = irreducible("abcdefgh", conflict, Budget.of(60.0), 1.0)
    assert found == (["b", "d"], True)
    assert len(asked) < 12

    def never(part: Sequence[str], budget: Budget) -> Sequence[int] | None:
        return None

    assert irreducible("abc", never, Budget.of(1.0), 0.1) == (["a", "b", "c"], False)


def test_a_release_is_left_out_of_a_chain_that_is_too_long_without_it() -> None:
    project = Project.of(
        [[(10, [])], [(10, [])]],
        [],
        lags=[(0, 1, "end-start", 0)],
        release_dates=[1, 0],
        deadlines=[None, 15],
    )
    found = ordino.explain(project, time_limit=20)
    assert [reason.kind for reason in found.reasons] == ["lag", "deadline"]


def test_a_downtime_needs_no_other_capacity_to_conflict() -> None:
    project = Project.of(
        [[(5, [1])]], [[(0, 4), (2, 0), (3, 4)]], deadlines=[5], activity_names=["lift"]
    )
    found = ordino.explain(project, time_limit=20)
    assert [reason.kind for reason in found.reasons] == ["deadline", "downtime"]
    assert "from 2 to 3 there are 0 of R0, activity lift needs 1 for 5" in found.reasons[1].message


def test_the_first_proof_may_take_most_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[float, int]] = []

    def core(instance: Project, items: Sequence[object], budget: Budget) -> Sequence[int]:
        seen.append((budget.remaining(), budget.workers))
        return range(len(items)) if len(seen) == 1 else ()

    monkeypatch.setattr(module, "_core", core)
    budget = Budget.of(60.0, workers=2)
    assert module._conflict(CROWDED, module._items(CROWDED), budget) is not None
    assert seen[0][0] > 40
    assert seen[0][1] == 2
    assert max(seconds for seconds, _ in seen[1:]) < 5


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


def test_what_starts_at_the_same_time_or_later_may_hold_an_activity() -> None:
    milestone = Project.of(
        [[(0, [])], [(3, [])]],
        [],
        precedences=[(0, 1)],
        release_dates=[5, 0],
        activity_names=["permit", "dig"],
    )
    links = critical_chain(milestone, Plan.of([5, 5]))
    assert [link.why for link in links] == ["waits for its release at 5", "waits for permit to end"]
    tied = Project.of(
        [[(20, [])], [(1, [])]],
        [],
        lags=[(1, 0, "start-start", -2)],
        release_dates=[0, 10],
        activity_names=["a", "b"],
    )
    links = critical_chain(tied, Plan.of([8, 10]))
    assert [link.why for link in links] == [
        "waits for its release at 10",
        "waits for b, by a time lag",
    ]
    together = Project.of(
        [[(2, [])], [(2, [])]], [], lags=[(0, 1, "start-start", 0), (1, 0, "start-start", 0)]
    )
    links = critical_chain(together, Plan.of([3, 3]))
    assert links[0].why == "waits for nothing: it could start earlier"
    assert len(links) == 2

    waiting = Project.of(
        [[(5, [1])], [(2, [1])], [(10, [0])]],
        [1],
        lags=[(2, 1, "start-start", 3), (1, 2, "start-start", -3)],
    )
    links = critical_chain(waiting, Plan.of([0, 5, 2]))
    assert [link.activity for link in links] == [0, 1, 2]


def test_a_mode_that_is_too_large_is_a_matter_of_capacity() -> None:
    project = Project.of(
        [[(1, [10]), (6, [2])], [(3, [0])]], [5], precedences=[(0, 1)], deadlines=[None, 8]
    )
    found = ordino.explain(project, time_limit=20)
    assert found.subject == "infeasible"
    assert "activity 1 ends at 9 or later, behind its deadline 8" in found.summary


def test_a_plan_that_no_rule_could_find_is_explained() -> None:
    project = Project.of(
        [[(3, [1])], [(1, [1])]],
        [[(0, 1), (3, 0), (4, 1), (5, 0)]],
        lags=[(1, 0, "start-start", -5)],
    )
    assert ordino.explain(project, Plan.of([0, 4])).subject == "objective"


def test_families_that_do_not_explain_say_so() -> None:
    with pytest.raises(UsageError, match="does not explain"):
        ordino.explain(ordino.read("ft06"))
