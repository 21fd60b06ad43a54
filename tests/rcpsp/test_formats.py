"""Formats and generators of projects."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from kits.broken import located_error

import ordino
from ordino.core.errors import InputError, UsageError
from ordino.instances.rcpsp.generate import interactions, random_project
from ordino.instances.reading import dump_instance, dump_solution, read_solution
from ordino.models.rcpsp.problem import Plan, Project

BROKEN = Path(__file__).parents[1] / "data" / "rcpsp" / "broken"

EXPECTED = {
    "calendar_goes_back.json": ":1:91: renewable[0].capacity[2]: R: capacity at time 3 follows",
    "calendar_not_from_zero.json": ":1:75: renewable[0].capacity[0]: R: its capacity begins",
    "cycle_of_lags.json": ":4:11: lags[0]: time lags form a cycle of positive length 4: ",
    "demands_missing.json": ":3:26: activities[1].modes[0]: expected 2 items, got 1",
    "group_of_one.json": ":4:18: disjunctive[0]: group 0: expected several different activities",
    "no_modes.json": ":3:25: activities[1].modes: expected at least one mode, got a list",
    "rcp_cut_off.rcp": ":6: expected a successor of activity 3, the file ends",
    "rcp_too_many_numbers.rcp": ":8:1: expected the end of the file",
    "rcp_unknown_successor.rcp": ":5:7: expected a successor of activity 2 from 1 to 4, got 8",
    "rcp_word.rcp": ":1:1: no known format",
    "sch_activity_out_of_order.sch": ":8:1: expected activity 2, got 3",
    "sch_capacities_missing.sch": ":10: expected the capacities, the file ends",
    "sch_lag_missing.sch": ":3:5: expected 2 successors and as many lags, got 3 numbers",
    "sch_positive_cycle.sch": ": time lags form a cycle of positive length 1: 1 -> 2 -> 1",
    "sch_two_modes.sch": ":3:3: expected one mode",
    "sm_availabilities_missing.mm": ":23: the section RESOURCEAVAILABILITIES is missing",
    "sm_cycle.mm": ": time lags form a cycle of positive length 7: 2 -> 3 -> 2",
    "sm_job_count_too_large.mm": ":12: section PRECEDENCE RELATIONS: expected 5 lines, got 4",
    "sm_mode_line_missing.mm": ":20: section REQUESTS/DURATIONS: expected 5 lines, got 4",
    "sm_mode_out_of_order.mm": ":19:10: expected mode 2 of job 2",
    "sm_negative_duration.mm": ":18:15: expected at least 0, got -3",
    "sm_no_jobs_line.mm": ": the line with the number of jobs is missing",
    "sm_resources_out_of_order.mm": ":24: expected the resources in the order R1 N1",
    "sm_unknown_successor.mm": ":9:40: expected a job from 1 to 4, got 9",
    "sm_too_many_resources.mm": ":3: expected at most 1000 resources, got 999999999",
    "sm_word_for_demand.mm": ":20:24: expected an integer, got 'x'",
    "sm_wrong_successor_count.mm": ":9:36: expected 3 successors, got 2",
    "tardiness_without_due_dates.json": ":1:1: the goal tardiness needs due dates, and wei",
    "total_beyond_63_bits.json": ":1:1: the end of a schedule may reach 4611686018427387905, b",
    "two_activities_of_one_name.json": ":3:11: activities[1].name: two activities are called 'a'",
    "unknown_activity_in_lag.json": ":4:17: lags[0][1]: no activity has this name, known: a, b",
    "unknown_goal.json": ":1:42: goal: no goal cost: known: levelling, makespan",
    "unknown_kind_of_lag.json": ":4:22: lags[0][2]: no kind of time lag, did you mean end-end?",
    "weight_without_due_date.json": ":3:45: activities[1].weight: activity 1 has a weight, but ",
    "windows_cross.json": ":3:2: activities[1]: activity b takes at least 2, its window is 5 to 6",
}


@pytest.mark.parametrize("name", sorted(path.name for path in BROKEN.iterdir()))
def test_each_broken_file_gives_one_located_error(name: str) -> None:
    message = located_error(BROKEN / name)
    assert message.startswith(name + EXPECTED[name])


def test_every_broken_file_is_there() -> None:
    assert sorted(EXPECTED) == sorted(path.name for path in BROKEN.iterdir())


MODES = [[(0, [0, 0])], [(3, [2, 4]), (5, [1, 2])], [(4, [3, 0])], [(0, [0, 0])]]
ARCS = [(0, 1), (0, 2), (1, 3), (2, 3)]
MULTI = Project.of(MODES, [4], budgets=[8], precedences=ARCS)
SINGLE = Project.of([[(d, row[:1])] for (d, row), *_ in MODES], [4], precedences=ARCS)


def test_psplib_and_mmlib_spell_their_sections_differently() -> None:
    text = dump_instance(MULTI, "psplib")
    assert ordino.read(text) == MULTI
    start = text.index("jobs (incl.")
    bare = text[start:].replace("RESOURCEAVAILABILITIES:", " RESOURCE AVAILABILITIES ")
    bare = bare.replace("REQUESTS/DURATIONS:", "REQUESTS/DURATIONS").replace("  - ", "- ")
    assert ordino.read(bare.replace("  ", "\t")) == MULTI
    assert ordino.read(bare).activity_names == ("1", "2", "3", "4")


def test_patterson_lines_may_wrap_anywhere() -> None:
    text = dump_instance(SINGLE, "patterson")
    assert ordino.read(text) == SINGLE
    numbers = text.split()
    assert ordino.read("\n".join(numbers) + "\n", format="patterson") == SINGLE


def test_progen_max_lags_are_start_to_start_and_maximal_where_negative() -> None:
    text = "2 1 0 0\n0 1 2 1 2 [0] [0]\n1 1 2 2 3 [2] [3]\n2 1 2 1 3 [-4] [1]\n3 1 0\n"
    text += "0 1 0 0\n1 1 3 2\n2 1 1 2\n3 1 0 0\n3\n"
    project = ordino.read(text)
    good, late = Plan.of([0, 0, 3, 4]), Plan.of([0, 0, 5, 6])
    assert ordino.check(project, good).objective == 4
    (broken,) = ordino.check(project, late).violations
    assert broken.kind == "maximal lag"
    assert ordino.read(dump_instance(project, "rcpsp-max")) == project


def test_formats_refuse_what_they_cannot_hold() -> None:
    project = interactions(activities=10, windows=1.0, seed=1)
    for format in ("psplib", "patterson", "rcpsp-max"):
        with pytest.raises(UsageError, match=r"windows|time lags|capacities"):
            dump_instance(project, format)
        with pytest.raises(UsageError, match="without resources"):
            dump_instance(Project.of([[(2, [])], [(1, [])]], []), format)
    with pytest.raises(UsageError, match="one mode"):
        dump_instance(MULTI, "patterson")


@pytest.mark.parametrize("arcs", [[], [(1, 2)]])
def test_what_is_written_is_recognised_with_few_precedences(
    arcs: list[tuple[int, int]], tmp_path: Path
) -> None:
    lags = [(i, j, "start-start", 2) for i, j in arcs]
    rows = [[(length, [1, 0])] for length in (2, 0, 3)]
    plain = Project.of(rows, [2, 1], precedences=arcs)
    lagged = Project.of(rows, [2, 1], lags=lags)
    files = {"psplib.sm": plain, "patterson.rcp": plain, "rcpsp-max.sch": lagged}
    for name, project in files.items():
        (tmp_path / name).write_text(dump_instance(project, name.split(".")[0]))
        assert ordino.read(tmp_path / name) == project


def test_plain_starts_as_a_solution() -> None:
    project = Project.of(
        [[(3, [1])], [(2, [1])]], [1], activity_names=["dig", "pour: slab"], precedences=[(0, 1)]
    )
    solution, _ = read_solution("pour: slab: 3\ndig: 0\n", project)
    assert ordino.check(project, solution).objective == 5
    assert read_solution(dump_solution(project, solution, "starts"), project)[0] == solution
    report = ordino.check(project, read_solution("dig: 0\npour: slab: 2\n", project)[0])
    assert [v.kind for v in report.violations] == ["precedence", "capacity"]
    for text, message in {
        "dig: 0\ndigg: 3\n": "did you mean dig",
        "dig: 0\ndig: 3\n": "a second start",
        "dig: 0\nsome words\n": "expected name: start",
        "dig: 0\n" + " " * 300_000 + "some words\n": "expected name: start",
    }.items():
        with pytest.raises(InputError, match=message):
            read_solution(text, project)


def test_the_random_generator_follows_its_parameters() -> None:
    loose = random_project(activities=40, order_strength=0.1, resource_strength=1.0, seed=1)
    tight = random_project(activities=40, order_strength=0.8, resource_strength=0.0, seed=1)
    assert loose.lag.size < 780
    assert (tight.greatest_capacity <= 10).all()
    assert random_project(modes=3, budgets=2, seed=1).budget.size == 2
    assert random_project(due_dates=True, seed=1).goal == "tardiness"
    long = random_project(activities=200, resources=50, longest=10**6, order_strength=0.9, seed=1)
    assert (long.greatest_capacity >= 10).any()
    with pytest.raises(UsageError, match="order_strength"):
        random_project(order_strength=1.5)
    with pytest.raises(UsageError, match="activities 5001"):
        random_project(activities=5001)


def test_spaces_without_end_are_read_at_once() -> None:
    blank = " " * 300_000
    for text in (blank + "x\n", "PRECEDENCE RELATIONS" + blank + "x\n", "\n" * 300_000 + "x\n"):
        with pytest.raises(InputError):
            ordino.instances.reading.read_instance(text, format="psplib")


@pytest.mark.parametrize("seed", range(4))
def test_interactions_are_solvable_and_hold_what_was_asked_for(seed: int) -> None:
    project = interactions(
        activities=60, layers=6, precedences=4, downtime=0.75, windows=0.75, disjunctions=0.75,
        seed=seed,
    )  # fmt: skip
    assert project.lag.size == 5 * 4
    assert project.groups
    first = {"cpsat.parameters": "stop_after_first_solution:true"}
    result = ordino.solve(project, solver="cpsat", settings=first, time_limit=20)
    assert result.solution is not None


def test_a_migration_has_all_kinds_of_constraints_unless_told_otherwise() -> None:
    project = interactions(activities=40, migration=True, seed=1)
    assert project.groups
    assert project.release_dates.any()
    assert project.step_time.size > project.renewables
    assert set(project.renewable_names) == {"crew 0", "crane 0", "power 0"}
    calm = interactions(activities=40, migration=True, downtime=0, windows=0, disjunctions=0)
    for project in (calm, interactions(activities=40, seed=1)):
        assert not project.groups
        assert not project.release_dates.any()


def test_every_public_file_is_recognised(public_data: Path) -> None:
    folder = public_data / "rcpsp"
    expected = {"j30": 32, "j120": 122, "patterson": None, "rg300": 302, "mm/mmlib50": 52}
    expected |= {"max/ubo50": 52}
    for name, activities in expected.items():
        for path in sorted((folder / name).iterdir())[::10]:
            project = ordino.read(path)
            assert project.name == path.stem
            assert activities is None or project.activities == activities


def test_dates_are_integers() -> None:
    assert SINGLE.horizon == 7
    assert np.array_equal(SINGLE.lag_steps(), [0, 0, 3, 4])


DATES = """activity,mode,start,duration,begin,end
dig,0,0,3,2026-12-23,2026-12-28
pour,0,3,0,2026-12-29,2026-12-29
dry,0,3,2,2026-12-29,2026-12-30
"""


def test_a_plan_as_dates() -> None:
    names = ["dig", "pour", "dry"]
    project = Project.of([[(3, [])], [(0, [])], [(2, [])]], [], activity_names=names)
    plan = Plan.of([0, 3, 3])
    calendar = "dates:start=2026-12-23,holidays=2026-12-25+2027-01-01"
    assert dump_solution(project, plan, calendar) == DATES
    weekend = dump_solution(project, plan, "dates:start=2026-12-23,week=0000011")
    assert weekend.splitlines()[1].endswith("2026-12-26,2027-01-02")
    for wrong, told in (
        ("dates", "needs start"),
        ("dates:start=soon", "start=soon: expected a date"),
        ("dates:start=2026-12-23,week=12", "week=12: expected seven"),
        ("dates:start=2026-12-23,holidays=x", "holidays=x: expected a date"),
        ("dates:begin=1", "no parameter of format dates 'begin'"),
        ("date", "did you mean dates?"),
    ):
        with pytest.raises(UsageError) as caught:
            dump_solution(project, plan, wrong)
        assert told in str(caught.value)
    with pytest.raises(UsageError, match="ends after the year 9999"):
        dump_solution(project, Plan.of([0, 3, 10**12]), calendar)
