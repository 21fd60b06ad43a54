"""Bounds, rules and exact methods of the job shop."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kits.jobshop import brute_force, classic

import ordino
from ordino.core.errors import UsageError
from ordino.core.kernel import warm
from ordino.heuristics.jobshop import dispatching
from ordino.instances.jobshop.generate import taillard
from ordino.models.jobshop.bounds import (
    job_length,
    machine_load,
    one_machine,
)
from ordino.models.jobshop.check import check
from ordino.models.jobshop.preemptive import preemptive_one_machine
from ordino.models.jobshop.problem import JobShop

PUBLISHED_ONE_MACHINE = {"ft06": 52, "ft10": 808, "ft20": 1164, "ta71": 5464, "ta31": 1764}
"""Best preemptive one-machine bounds with heads and tails; those of ft from Carlier, Pinson 1989,
of ta71 and ta31 equal to the optimum."""


def _preemptive_by_unit_steps(heads: list[int], durations: list[int], tails: list[int]) -> int:
    left, now, makespan = list(durations), 0, 0
    while any(left):
        ready = [i for i, r in enumerate(heads) if r <= now and left[i]]
        now += 1
        if ready:
            chosen = max(ready, key=lambda i: tails[i])
            left[chosen] -= 1
            if not left[chosen]:
                makespan = max(makespan, now + tails[chosen])
    return makespan


numbers = st.integers(0, 6)


@given(st.lists(st.tuples(numbers, st.integers(1, 5), numbers), min_size=1, max_size=6))
def test_the_preemptive_schedule_against_unit_steps(rows: list[tuple[int, int, int]]) -> None:
    heads, durations, tails = (list(column) for column in zip(*rows, strict=True))
    assert preemptive_one_machine(heads, durations, tails) == _preemptive_by_unit_steps(
        heads, durations, tails
    )


@pytest.mark.parametrize(("name", "value"), PUBLISHED_ONE_MACHINE.items())
def test_one_machine_bounds_of_public_instances(name: str, value: int) -> None:
    shop = ordino.read(name)
    assert one_machine(shop) == value
    assert machine_load(shop) <= value
    assert job_length(shop) <= value


def test_heads_and_tails() -> None:
    shop = JobShop.of([[(0, 3), (1, 2), (0, 4)], [(1, 5)]], release_dates=[1, 2])
    assert shop.heads().tolist() == [1, 4, 6, 2]
    assert shop.tails().tolist() == [6, 4, 0, 0]
    assert job_length(shop) == 10


RULES = [dispatching.spt, dispatching.lpt, dispatching.mwkr, dispatching.mopnr, dispatching.fifo]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("kind", ["non-delay", "active"])
def test_rules_make_schedules_of_their_kind(rule, kind) -> None:
    @given(classic())
    def run(shop: JobShop) -> None:
        solution = rule(shop, schedule=kind)
        report = check(shop, solution)
        assert report.valid, report.violations
        assert report.objective >= brute_force(shop)
        if kind == "non-delay":
            _assert_no_machine_waits(shop, solution.start)

    run()


def _assert_no_machine_waits(shop: JobShop, start: np.ndarray) -> None:
    """No operation could have started earlier while its machine was idle."""
    end = start + shop.duration
    for operation in range(shop.operations):
        job, position = shop.place(operation)
        ready = end[operation - 1] if position else shop.release_dates[job]
        others = [
            other
            for other in np.flatnonzero(shop.machine == shop.machine[operation])
            if other != operation
        ]
        for time in range(int(ready), int(start[operation])):
            assert any(start[o] <= time < end[o] for o in others), (operation, time)


def test_rules_on_a_hand_made_shop() -> None:
    shop = JobShop.of([[(0, 5)], [(0, 1)], [(0, 3)]], due_dates=[1, 9, 5])
    order = {
        rule.__name__: np.argsort(rule(shop).start).tolist()
        for rule in (dispatching.spt, dispatching.lpt, dispatching.edd, dispatching.fifo)
    }
    assert order == {"spt": [1, 2, 0], "lpt": [0, 2, 1], "edd": [0, 2, 1], "fifo": [0, 1, 2]}


def test_more_work_and_more_operations_go_first() -> None:
    shop = JobShop.of([[(0, 1), (1, 9)], [(0, 2), (1, 1), (2, 1), (1, 1)]])
    assert dispatching.mwkr(shop).start[:3].tolist() == [0, 1, 1]
    assert dispatching.mopnr(shop).start[2] == 0


def test_edd_wants_due_dates() -> None:
    with pytest.raises(UsageError, match="no due dates"):
        ordino.solve(ordino.read("ft06"), solver="edd")


@pytest.mark.parametrize("solver", ["cpsat", "milp"])
def test_exact_methods_prove_ft06(solver: str) -> None:
    result = ordino.solve(ordino.read("ft06"), solver=solver, time_limit=60)
    assert (result.status, result.objective, result.bound) == (ordino.Status.OPTIMAL, 55, 55)


@given(classic(), st.sampled_from(["cpsat", "milp"]))
def test_exact_methods_against_brute_force(shop: JobShop, solver: str) -> None:
    result = ordino.solve(shop, solver=["spt", solver], time_limit=30, workers=1)
    assert result.failures == ()
    assert result.objective == result.bound == brute_force(shop)


def test_cbc_proves_a_small_shop() -> None:
    shop = JobShop.of([[(0, 3), (1, 2)], [(1, 4), (0, 1)], [(0, 2), (1, 2)]])
    result = ordino.solve(shop, solver="milp", settings={"milp.engine": "cbc"}, time_limit=30)
    assert result.failures == ()
    assert result.objective == brute_force(shop)
    assert result.status is ordino.Status.OPTIMAL


def test_sampling_beats_its_own_first_draws_and_repeats_itself() -> None:
    shop = ordino.read("ft10")
    few, many = (
        ordino.solve(shop, solver="random", iterations=count, workers=1, seed=3, time_limit=60)
        for count in (1, 3000)
    )
    assert many.objective < few.objective
    assert many.stop is ordino.StopReason.ITERATION_LIMIT
    again = ordino.solve(shop, solver="random", iterations=3000, workers=1, seed=3, time_limit=60)
    assert again.solution == many.solution


def test_the_compiled_generator_is_the_interpreted_one() -> None:
    from ordino.heuristics.jobshop import giffler_thompson, sampling_kernels

    shop = ordino.read("ft06")
    rng = np.random.default_rng(1)
    for active, arrival in itertools.product([False, True], repeat=2):
        for _ in range(20):
            arguments = [
                np.array(shop.job_start),
                np.array(shop.machine),
                np.array(shop.duration),
                np.array(shop.release_dates),
                rng.integers(0, 9, shop.operations),
            ]
            sizes = [36, 6, 6, 6, 6, 6, 6]
            outputs = [np.zeros(size, np.int64) for size in sizes]
            lists = [[0] * size for size in sizes]
            compiled = sampling_kernels._generate(*arguments, arrival, active, *outputs)
            plain = giffler_thompson.generate(
                *(each.tolist() for each in arguments), arrival, active, *lists
            )
            assert compiled == plain
            assert outputs[0].tolist() == lists[0]


def test_the_milp_refuses_times_that_its_tolerances_cannot_tell_apart() -> None:
    shop = JobShop.of([[(0, 10**9)], [(0, 1)]])
    with pytest.raises(UsageError, match="times up to 1000000001"):
        ordino.solve(shop, solver="milp")


@pytest.mark.parametrize("rule", ["spt", "mwkr", "fifo"])
def test_the_compiled_generator_gives_the_same(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    instance = taillard(jobs=12, machines=7, seed=4)
    interpreted = ordino.solve(instance, solver=rule).solution
    warm(dispatching.KERNELS)
    monkeypatch.setattr(dispatching, "LARGE", 0)
    assert ordino.solve(instance, solver=rule).solution == interpreted


def test_a_neighbourhood_of_everything_is_a_proof() -> None:
    result = ordino.solve(ordino.read("ft06"), solver="spt,windows", time_limit=30)
    assert (result.objective, result.bound) == (55, 55)
    assert result.bound_by == "windows"
