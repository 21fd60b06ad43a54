"""Destructive bounds against brute force, all schedules, published optima, and their limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kits.jobshop import brute_force

import ordino
from ordino.core.budget import Budget
from ordino.core.errors import UsageError
from ordino.core.incumbent import Incumbent
from ordino.instances.jobshop.generate import taillard
from ordino.models.jobshop.bounds import one_machine
from ordino.models.jobshop.check import check
from ordino.models.jobshop.problem import JobShop
from ordino.solvers.jobshop import destructive, propagation_kernels
from ordino.solvers.jobshop.destructive import _Windows


@st.composite
def small(draw: st.DrawFn) -> JobShop:
    """Shops of at most 9 operations, some of length 0, re-entrant or not, with release dates."""
    machines = draw(st.integers(1, 3))
    operation = st.tuples(st.integers(0, machines - 1), st.integers(0, 9))
    jobs = draw(st.lists(st.lists(operation, min_size=1, max_size=3), min_size=1, max_size=3))
    dates = st.lists(st.integers(0, 9), min_size=len(jobs), max_size=len(jobs))
    return JobShop.of(jobs, machines=machines, release_dates=draw(dates))


def windows(instance: JobShop) -> _Windows:
    return _Windows(propagation_kernels, instance, Budget.of(60))


@given(small())
def test_no_makespan_from_the_optimum_on_is_refuted(instance: JobShop) -> None:
    optimum = brute_force(instance)
    state = windows(instance)
    for makespan in (optimum, optimum + 1, optimum + 7):
        assert not state.refute(makespan, False)
        assert not state.refute(makespan, True)


@given(small())
def test_the_bound_is_between_that_of_one_machine_and_the_optimum(instance: JobShop) -> None:
    incumbent = Incumbent(instance, check, instance.objective)
    destructive.destructive()(instance, incumbent, Budget.of(60))
    assert incumbent.failures == ()
    assert one_machine(instance) <= incumbent.bound <= brute_force(instance)


def test_it_proves_most_small_shops_alone() -> None:
    closed = 0
    for seed in range(20):
        instance = taillard(jobs=4, machines=4, seed=seed)
        optimum = ordino.solve(instance, solver="cpsat", time_limit=20).objective
        incumbent = Incumbent(instance, check, instance.objective)
        destructive.destructive()(instance, incumbent, Budget.of(60))
        assert incumbent.bound <= optimum
        closed += incumbent.bound == optimum
    assert closed >= 15


def test_edge_finding_and_shaving_raise_the_bound_of_ft10() -> None:
    state = windows(ordino.read("ft10"))
    assert state.refute(867, False)
    assert not state.refute(880, False)
    assert state.refute(900, True)
    assert not state.refute(930, True)


@given(small(), st.data())
def test_windows_keep_what_a_schedule_uses(instance: JobShop, data: st.DataObject) -> None:
    noise = data.draw(st.randoms())
    start = ordino.solve(instance, solver="spt").solution.start
    makespan = int((start + instance.duration).max()) + noise.randint(0, 3)
    loads = np.bincount(instance.machine, minlength=instance.machines)
    closes = np.zeros(instance.operations, bool)
    closes[instance.job_start[1:] - 1] = True
    heads, dues = instance.heads(), makespan - instance.tails()
    arrays = (
        np.array(instance.machine),
        np.concatenate([[0], np.cumsum(loads)]),
        np.argsort(instance.machine, kind="stable"),
        np.array(instance.duration),
        closes,
        heads,
        dues,
        np.ones(instance.machines, bool),
        np.zeros((8, int(loads.max())), np.int64),
    )
    assert propagation_kernels.propagate(*arrays)
    trial = np.zeros((2, instance.operations), np.int64)
    while (cuts := propagation_kernels.shave(*arrays, trial, 0, instance.operations)) > 0:
        pass
    assert cuts == 0
    assert (heads + instance.duration <= dues).all()
    assert brute_force(instance) <= makespan


def test_an_iteration_limit_and_a_stop_end_it() -> None:
    instance = taillard(jobs=15, machines=15, seed=1)
    result = ordino.solve(instance, solver="spt,destructive", iterations=3, time_limit=60)
    assert result.stop is ordino.StopReason.ITERATION_LIMIT
    large = taillard(jobs=60, machines=20, seed=1)
    result = ordino.solve(large, solver="spt,destructive", time_limit=1.0)
    assert result.seconds < 1.6
    assert result.failures == ()


def test_machines_with_very_many_operations_are_refused() -> None:
    with pytest.raises(UsageError, match="pairs on its machines"):
        ordino.solve(taillard(jobs=1800, machines=1, seed=1), solver="destructive")
