"""The general shop and its checker, against hand-made schedules."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from kits.shop import best_schedule, mutations, shops

import ordino
from ordino.core.errors import InputError, InstanceError, UsageError
from ordino.instances.reading import dump_instance, dump_solution, read_instance, read_solution
from ordino.models.jobshop.check import check
from ordino.models.jobshop.problem import JobShop, Schedule
from ordino.models.jobshop.shop import NEVER, Shop, adjust


def schedule(*start: int, machine: tuple[int, ...] | None = None) -> Schedule:
    return Schedule(np.array(start), None if machine is None else np.array(machine))


FLEXIBLE = Shop.of([[[(0, 3), (1, 4)], [(1, 2)]], [[(1, 4)], [(0, 1)]]])
ASSEMBLY = Shop.of([[[(0, 3)], [(1, 2)], [(0, 1)]]], arcs=[[(0, 2), (1, 2)]])
SETUPS = Shop.of(
    [[[(0, 2)]], [[(0, 2)]], [[(0, 2)]]],
    setup_families=[[0], [1], [0]],
    setups=[[[0, 3], [1, 0]]],
    initial_setups=[[1, 0]],
)
DOWN = Shop.of([[[(0, 3)]], [[(0, 0)]]], downtimes=[(0, 4, 6), (0, 9, None)])
CROSSING = [[[(0, 2)], [(1, 2)]], [[(1, 2)], [(0, 2)]]]
SWAP, BLOCKING, NO_WAIT = (
    Shop.of(CROSSING, buffers=each) for each in ("swap", "blocking", "no-wait")
)
ROW = [[[(0, 2)], [(1, 3)]], [[(0, 2)], [(1, 1)]]]
ROW_SWAP, ROW_BLOCKING = (Shop.of(ROW, buffers=each) for each in ("swap", "blocking"))


@pytest.mark.parametrize(
    ("shop", "solution", "objective"),
    [
        (FLEXIBLE, schedule(0, 4, 0, 4, machine=(0, 1, 1, 0)), 6),
        (FLEXIBLE, schedule(0, 8, 4, 8, machine=(1, 1, 1, 0)), 10),
        (ASSEMBLY, schedule(0, 0, 3), 4),
        (SETUPS, schedule(1, 6, 9), 11),
        (SETUPS, schedule(3, 0, 5), 7),
        (DOWN, schedule(1, 4), 4),
        (DOWN, schedule(6, 6), 9),
        (SWAP, schedule(0, 2, 0, 2), 4),
        (BLOCKING, schedule(0, 2, 4, 6), 8),
        (NO_WAIT, schedule(0, 2, 0, 2), 4),
        (ROW_SWAP, schedule(0, 2, 2, 5), 6),
        (ROW_BLOCKING, schedule(0, 2, 2, 5), 6),
    ],
)
def test_right_schedules(shop: Shop, solution: Schedule, objective: int) -> None:
    report = check(shop, solution)
    assert report.violations == ()
    assert report.objective == objective


@pytest.mark.parametrize(
    ("shop", "solution", "kind", "message"),
    [
        (FLEXIBLE, schedule(0, 4, 0, 4), "shape", "expected 4 machines, for there is a choice"),
        (FLEXIBLE, schedule(0, 4, 0), "shape", "expected 4 start times, got 3"),
        (
            FLEXIBLE,
            schedule(0, 4, 0, 4, machine=(2, 1, 1, 0)),
            "machine",
            "operation 0 of job 0 is on machine 2, expected one of 0, 1",
        ),
        (
            FLEXIBLE,
            schedule(0, 3, 0, 4, machine=(0, 1, 1, 0)),
            "overlap",
            "operation 1 of job 0 starts at 3 on machine 1, before operation 0 of job 1 ends there "
            "at 4",
        ),
        (
            FLEXIBLE,
            schedule(0, 4, 0, 3, machine=(0, 1, 1, 0)),
            "precedence",
            "operation 1 of job 1 starts at 3, before operation 0 of job 1 ends at 4",
        ),
        (
            ASSEMBLY,
            schedule(0, 2, 3),
            "precedence",
            "operation 2 of job 0 starts at 3, before operation 1 of job 0 ends at 4",
        ),
        (
            SETUPS,
            schedule(1, 5, 9),
            "setup",
            "operation 0 of job 1 starts at 5 on machine 0, less than the setup of 3 behind "
            "operation 0 of job 0, which leaves there at 3",
        ),
        (
            SETUPS,
            schedule(0, 6, 9),
            "setup",
            "operation 0 of job 0 starts at 0, machine 0 takes 1 to be ready for it",
        ),
        (
            DOWN,
            schedule(2, 0),
            "downtime",
            "operation 0 of job 0 runs from 2 to 5 on machine 0, which is down from 4",
        ),
        (DOWN, schedule(1, 5), "downtime", "runs from 5 to 5 on machine 0, which is down from 4"),
        (DOWN, schedule(7, 0), "downtime", "runs from 7 to 10 on machine 0"),
        (
            SWAP,
            schedule(0, 3, 0, 2),
            "blocked",
            "operation 1 of job 1 starts at 2 on machine 0, before operation 0 of job 0 leaves "
            "there at 3",
        ),
        (
            BLOCKING,
            schedule(0, 2, 0, 2),
            "circle",
            "at 2 jobs wait for one another in a circle: job 0 from machine 0 to machine 1, job 1 "
            "from machine 1 to machine 0",
        ),
        (
            NO_WAIT,
            schedule(0, 3, 0, 3),
            "wait",
            "operation 1 of job 0 starts at 3, operation 0 of job 0 ends at 2: expected no time "
            "between",
        ),
        (ROW_SWAP, schedule(0, 2, 1, 5), "overlap", "before operation 0 of job 0 ends there at 2"),
        (
            ROW_BLOCKING,
            schedule(0, 3, 2, 6),
            "blocked",
            "before operation 0 of job 0 leaves there at 3",
        ),
    ],
)
def test_wrong_schedules(shop: Shop, solution: Schedule, kind: str, message: str) -> None:
    report = check(shop, solution)
    assert report.objective is None
    assert {violation.kind for violation in report.violations} == {kind}
    assert message in report.violations[0].message


def test_a_circle_of_three_is_named_and_a_row_of_three_is_none() -> None:
    jobs = [[[(0, 2)], [(1, 2)]], [[(1, 2)], [(2, 2)]], [[(2, 2)], [(0, 2)]]]
    solution = schedule(0, 2, 0, 2, 0, 2)
    assert check(Shop.of(jobs, buffers="swap"), solution).objective == 4
    (violation,) = check(Shop.of(jobs, buffers="blocking"), solution).violations
    assert violation.kind == "circle"
    assert all(f"job {job} from machine {job} to" in violation.message for job in range(3))
    row = [*jobs[:2], jobs[2][:1]]
    assert check(Shop.of(row, buffers="blocking"), schedule(0, 2, 0, 2, 0)).objective == 4


def test_an_operation_without_duration_leaves_before_another_comes() -> None:
    jobs = [[[(0, 2)], [(1, 0)], [(0, 1)]], [[(0, 1)]]]
    through = schedule(0, 2, 2, 3)
    for buffers in ("unlimited", "swap", "blocking", "no-wait"):
        assert check(Shop.of(jobs, buffers=buffers), through).objective == 4
    # the second job takes machine 0 while the first is on machine 1, at the same instant
    back = [[[(0, 2)], [(1, 0)]], [[(1, 2)], [(0, 0)], [(1, 1)]]]
    swapped = schedule(0, 2, 0, 2, 2)
    assert check(Shop.of(back, buffers="swap"), swapped).valid
    (violation,) = check(Shop.of(back, buffers="blocking"), swapped).violations
    assert violation.kind == "circle"


@pytest.mark.parametrize(
    ("goal", "objective"), [("makespan", 9), ("tardiness", 16), ("flow-time", 32), ("lateness", 5)]
)
def test_the_goals(goal: str, objective: int) -> None:
    shop = Shop.of(
        [[[(0, 4)]], [[(0, 2)]], [[(0, 3)]]],
        release_dates=[0, 1, 0],
        due_dates=[4, 3, 4],
        weights=[1, 2, 2],
        goal=goal,
    )
    assert check(shop, schedule(0, 4, 6)).objective == objective


@given(shops())
@settings(max_examples=60)
def test_brute_force_is_right_and_every_mutation_wrong(shop: Shop) -> None:
    found = best_schedule(shop)
    assert found is not None
    for mutant in mutations(shop, found[1]):
        assert not check(shop, mutant).valid


@pytest.mark.parametrize(
    "solution",
    [
        (NO_WAIT, (0, 2, 0, 2)),
        (SWAP, (0, 2, 0, 2)),
        (ROW_BLOCKING, (0, 2, 2, 5)),
        (ROW_SWAP, (0, 2, 2, 5)),
    ],
)
def test_every_mutation_without_buffers_is_wrong(solution: tuple[Shop, tuple[int, ...]]) -> None:
    shop, start = solution
    mutants = list(mutations(shop, schedule(*start)))
    assert len(mutants) > 10
    for mutant in mutants:
        assert not check(shop, mutant).valid


@given(shops(most=7))
def test_a_shop_survives_json(shop: Shop) -> None:
    again = read_instance(dump_instance(shop))
    assert again == shop
    assert again.fingerprint() == shop.fingerprint()


def test_a_schedule_with_machines_survives_json() -> None:
    solution = schedule(0, 4, 0, 4, machine=(0, 1, 1, 0))
    assert read_solution(dump_solution(FLEXIBLE, solution), FLEXIBLE) == (solution, None)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"jobs": []}, "at least one job"),
        ({"jobs": [[]]}, "at least one job with an operation"),
        ({"jobs": [[[(0, 1)]], []]}, "job 1 has no operations"),
        ({"jobs": [[[(0, 1)], []]]}, "operation 1 of job 0 has no alternatives"),
        ({"jobs": [[[(0, 1), (0, 2)]]]}, "operation 0 of job 0 has two alternatives on machine 0"),
        ({"jobs": [[[(3, 1)]]], "machines": 2}, "operation 0 of job 0 is on machine 3"),
        ({"jobs": [[[(0, -1)]]]}, "duration 0 is -1"),
        ({"jobs": [[[(0, 1)], [(0, 1)]]], "arcs": [[(0, 2)]]}, "a precedence from 0 to 2"),
        (
            {"jobs": [[[(0, 1)], [(0, 1)], [(0, 1)]]], "arcs": [[(0, 1), (1, 2), (2, 1)]]},
            "precedences of job 0 form a cycle: operations (1 -> 2 -> 1|2 -> 1 -> 2)",
        ),
        ({"jobs": [[[(0, 1)]]], "downtimes": [(0, 3, 8), (0, 5, 9)]}, "3 to 8 and 5 to 9 overlap"),
        ({"jobs": [[[(0, 1)]]], "downtimes": [(0, 3, None), (0, 5, 9)]}, "3 to for ever and 5"),
        ({"jobs": [[[(0, 1)]]], "downtimes": [(0, 3, 3)]}, "a downtime ends at 3, begins at 3"),
        ({"jobs": [[[(0, 1)]]], "downtimes": [(1, 3, 4)]}, "a downtime of machine 1"),
        ({"jobs": [[[(0, 1)]]], "setups": [[[0]]]}, "setup families and setup times"),
        (
            {"jobs": [[[(0, 1)]]], "setup_families": [[0]], "setups": [[[0, 1]]]},
            "machine 0: expected setup times of 1 x 1 families, got rows or columns of 1, 2",
        ),
        (
            {"jobs": [[[(0, 1)]]], "setup_families": [[2]], "setups": [[[0, 1], [1, 0]]]},
            "operation 0 of job 0 is of setup family 2, there are 0 to 1",
        ),
        ({"jobs": [[[(0, 1)]]], "goal": "makespam"}, "no goal makespam: did you mean makespan"),
        ({"jobs": [[[(0, 1)]]], "goal": "tardiness"}, "the goal tardiness needs due dates"),
        ({"jobs": [[[(0, 1)]]], "buffers": "none"}, "no buffers none"),
        (
            {"jobs": [[[(0, 1)], [(0, 1)]]], "arcs": [[]], "buffers": "swap"},
            "the variant swap needs jobs that are chains",
        ),
        (
            {"jobs": [[[(0, 1)]] * 3], "arcs": [[(0, 1), (0, 1)]], "buffers": "no-wait"},
            "the variant no-wait needs jobs that are chains",
        ),
        ({"jobs": [[[(0, 2**61)], [(0, 2**61)]]]}, "end of a schedule may reach"),
        (
            {"jobs": [[[(0, 2**40)]]], "weights": [2**40], "goal": "flow-time"},
            "objective of a schedule may reach",
        ),
    ],
)
def test_shops_that_are_none(arguments: dict, message: str) -> None:
    with pytest.raises(InstanceError, match=message):
        Shop.of(arguments.pop("jobs"), **arguments)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"jobs": [{"operations": [[]]}]},
            "jobs[0].operations[0]: an operation without",
        ),
        ({"jobs": [{"operations": [[[0, 1]]], "due": 3}, {"operations": [[[0, 1]]]}]}, '"due" is'),
        (
            {"setups": {"families": [[0]], "times": [[[0, 1]]]}},
            "setups.times[0]: expected a square matrix, 1 x 1",
        ),
        ({"downtimes": [[0, 1]]}, "downtimes[0]: expected 3 items, got 2"),
    ],
)
def test_wrong_json_is_located(change: dict, message: str) -> None:
    data = {"ordino": 1, "family": "jobshop", "type": "shop", "jobs": [{"operations": [[[0, 1]]]}]}
    with pytest.raises(InputError) as caught:
        read_instance(json.dumps(data | change) + "\n")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"jobs": []}, "jobs: expected at least one job with an operation"),
        (
            {"jobs": [{"operations": [[[0, 1]]]}, {"operations": []}]},
            "jobs[1].operations: job 1 has no operations",
        ),
        (
            {"jobs": [{"operations": [[[0, 1]], [[1, 2], [1, 3]]]}]},
            "jobs[0].operations[1]: operation 1 of job 0 has two alternatives on machine 1",
        ),
        (
            {"jobs": [{"operations": [[[0, 1]], [[0, 1]]], "precedences": [[0, 1], [1, 5]]}]},
            "jobs[0].precedences[1]: job 0: a precedence from 1 to 5",
        ),
        (
            {"jobs": [{"operations": [[[0, 1]], [[0, 1]]], "precedences": [[0, 1], [1, 0]]}]},
            "jobs[0].precedences: precedences of job 0 form a cycle",
        ),
        (
            {"downtimes": [[0, 5, 9], [0, 1, 2], [0, 3, 6]]},
            "downtimes[0]: machine 0: downtimes 3 to 6 and 5 to 9 overlap",
        ),
        ({"downtimes": [[0, 5, 9], [0, 2, 2]]}, "downtimes[1]: machine 0: a downtime ends at 2"),
        (
            {"setups": {"families": [[1]], "times": [[[0]]]}},
            "setups.families[0][0]: operation 0 of job 0 is of setup family 1",
        ),
        (
            {"setups": {"families": [[0]], "times": [[[0]], [[0]]]}},
            "setups.times: expected setup times of 1 machines, got 2",
        ),
        (
            {"setups": {"families": [[0]], "times": [[[0]]], "initial": [[0, 0]]}},
            "setups.initial[0]: machine 0: expected 1 initial setups, got 2",
        ),
        (
            {
                "jobs": [{"operations": [[[0, 0]]]}],
                "setups": {"families": [[0]], "times": [[[0]]]},
            },
            "jobs[0].operations[0]: operation 0 of job 0 takes no time",
        ),
        ({"goal": "speed"}, "goal: no goal speed"),
        ({"goal": "lateness"}, "goal: the goal lateness needs due dates"),
        (
            {
                "jobs": [{"operations": [[[0, 1]], [[0, 1]]], "precedences": []}],
                "buffers": "swap",
            },
            "buffers: the variant swap needs jobs that are chains",
        ),
    ],
)
def test_json_that_is_no_shop_is_located(change: dict, message: str) -> None:
    data = {"ordino": 1, "family": "jobshop", "type": "shop", "jobs": [{"operations": [[[0, 1]]]}]}
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in (data | change).items()]
    with pytest.raises(InputError) as caught:
        read_instance("{" + ",\n".join(lines) + "}\n")
    assert message in str(caught.value)
    field = re.split(r"\W", message)[0]
    assert caught.value.line == 1 + list(data | change).index(field)


def test_options_make_a_general_shop_of_a_classic_one() -> None:
    classic = JobShop.of([[(0, 3), (1, 2)]], due_dates=[4], release_dates=[1], name="x")
    assert adjust(classic) is classic
    assert adjust(classic, goal="makespan", variant="unlimited") is classic
    swap = adjust(classic, variant="swap")
    assert (swap.buffers, swap.goal, swap.name) == ("swap", "makespan", "x")
    late = adjust(swap, goal="tardiness")
    assert (late.buffers, late.goal) == ("swap", "tardiness")
    assert check(late, schedule(1, 4)).objective == 2
    with pytest.raises(UsageError, match="the goal tardiness needs due dates"):
        adjust(JobShop.of([[(0, 3)]]), goal="tardiness")
    with pytest.raises(UsageError, match="goal"):
        ordino.solve(classic, goal="speed")


def test_downtimes_may_last_for_ever() -> None:
    assert DOWN.downtimes(0) == [(4, 6), (9, NEVER)]
    assert DOWN.to_data()["downtimes"] == [[0, 4, 6], [0, 9, None]]
