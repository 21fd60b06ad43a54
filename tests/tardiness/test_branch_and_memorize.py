"""Branch and memorize against brute force and public optima, its limits, and its bounds."""

from __future__ import annotations

import importlib
import itertools
import json
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kits.tardiness import least

import ordino
from ordino.core.budget import Budget
from ordino.core.errors import UsageError
from ordino.core.incumbent import Incumbent
from ordino.core.status import StopReason
from ordino.models.tardiness.check import check
from ordino.models.tardiness.problem import SingleMachine
from ordino.solvers.tardiness.branch_and_memorize import (
    KERNELS,
    _Search,
    branch_and_memorize,
    takes,
)
from ordino.solvers.tardiness.lagrangian import lagrangian

SWITCHES = ("rule1", "rule2", "rule3", "rule4", "second", "few_late", "all_late", "memory")


def solved(instance: SingleMachine, budget: Budget | None = None, **settings: Any) -> Incumbent:
    incumbent = Incumbent(instance, check, instance.objective)
    branch_and_memorize(**settings)(instance, incumbent, budget or Budget.of(60))
    assert incumbent.failures == ()
    return incumbent


def hard(jobs: int, seed: int = 1) -> SingleMachine:
    """An instance of the hardest class: due dates within 0.2 around 0.4 of all work."""
    rng = np.random.default_rng(seed)
    p = rng.integers(1, 101, jobs)
    total = int(p.sum())
    return SingleMachine.of(p, rng.integers(3 * total // 10, total // 2, jobs))


@st.composite
def tiny(draw: st.DrawFn) -> SingleMachine:
    """Few distinct numbers, so that there are ties; zero times; all late, all early, or between."""
    jobs = draw(st.integers(1, 7))
    longest = draw(st.sampled_from([1, 3, 9]))
    p = draw(st.lists(st.integers(0, longest), min_size=jobs, max_size=jobs))
    low = draw(st.integers(-5, sum(p)))
    dates = st.integers(low, low + draw(st.sampled_from([0, 2, longest, sum(p)])))
    return SingleMachine.of(
        p,
        draw(st.lists(dates, min_size=jobs, max_size=jobs)),
        [draw(st.integers(1, 3))] * jobs,
        [draw(st.integers(0, 5))] * jobs,
    )


@settings(max_examples=30)
@given(tiny())
def test_all_combinations_of_rules_against_brute_force(instance: SingleMachine) -> None:
    optimum = least(instance)
    for switches in itertools.product([True, False], repeat=len(SWITCHES)):
        rules = dict(zip(SWITCHES, switches, strict=True))
        found = solved(instance, memory_mb=1, **rules)
        assert (found.objective, found.bound) == (optimum, optimum), rules


@pytest.mark.parametrize("seed", range(20))
def test_middling_instances_against_brute_force(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p = rng.integers(0, 8, 11)
    instance = SingleMachine.of(p, rng.integers(-3, int(p.sum()) + 1, 11))
    found = solved(instance)
    assert found.objective == found.bound == least(instance)


@pytest.mark.parametrize(("jobs", "step"), [(100, 1), (200, 2), (500, 40)])
def test_public_optima(public_data: Path, jobs: int, step: int) -> None:
    path = public_data / "single-machine" / "smtt" / f"smtt_{jobs}.jsonl"
    for row in path.read_text().splitlines()[::step]:
        data = json.loads(row)
        found = solved(SingleMachine.of(data["p"], data["d"]))
        assert found.objective == found.bound == data["optimal_total_tardiness"], data["name"]


def test_a_memory_that_overflows_forgets_and_still_proves(monkeypatch: pytest.MonkeyPatch) -> None:
    sweep, sweeps = _Search._sweep, []

    def counted(search: _Search, budget: Budget) -> None:
        sweep(search, budget)
        sweeps.append(search.counters.copy())

    monkeypatch.setattr(_Search, "_sweep", counted)
    instance = hard(260)
    plenty = solved(instance)
    assert plenty.optimal
    assert not sweeps
    little = solved(instance, memory_mb=1)
    assert little.optimal
    assert len(sweeps) > 1
    assert plenty.objective == little.objective


def test_states_of_equal_hash_are_told_apart() -> None:
    kernels = importlib.import_module(KERNELS)
    heads, pool = np.zeros(8, np.int64), np.zeros(100, np.int64)
    counters = np.zeros(kernels.COUNTERS, np.int64)
    counters[kernels.USED] = counters[kernels.BUCKETS] = 1
    memory = heads, pool, counters
    words = np.array([5, 9])
    assert kernels._store(words, 0, 2, 7, 42, 0, *memory)
    record = kernels._find(words, 0, 2, 7, *memory)
    assert pool[record + kernels.VALUE] == 42
    assert kernels._find(words, 0, 2, 8, *memory) == 0
    other = np.array([5, 8])
    heads[:] = record
    pool[record + kernels.HASH] = kernels._hash(other, 0, 2, 7)
    assert kernels._find(other, 0, 2, 7, *memory) == 0


def test_large_numbers() -> None:
    far = 2**40
    instance = SingleMachine.of([far, far // 2, 1, 0], [1, 2, far, -far], [1] * 4)
    found = solved(instance)
    assert found.objective == found.bound == least(instance)


def test_what_it_does_not_take() -> None:
    assert takes(SingleMachine.of([1, 2], [3, 4], [2, 2], [5, 5])) is None
    assert "weights" in str(takes(SingleMachine.of([1, 2], [3, 4], [1, 2])))
    assert "weights" in str(takes(SingleMachine.of([1], [3], [0])))
    assert "release" in str(takes(SingleMachine.of([1, 2], [3, 4], None, [0, 1])))
    assert "10001 jobs" in str(takes(SingleMachine.of([1] * 10_001, [1] * 10_001)))
    with pytest.raises(UsageError, match="memory_mb is 0"):
        branch_and_memorize(memory_mb=0)


def test_stopped_early_it_leaves_an_incumbent_and_a_bound() -> None:
    solved(hard(20))  # the kernels are loaded
    instance = hard(2000)
    stop = threading.Event()
    began = time.monotonic()
    threading.Timer(1.0, stop.set).start()
    found = ordino.solve(instance, solver="branch-and-memorize", time_limit=60, stop=stop)
    assert time.monotonic() - began < 1.5
    assert found.failures == ()
    assert found.status is ordino.Status.FEASIBLE
    assert found.objective > found.bound > 0.5 * found.objective


def test_stopped_after_its_first_bounds_it_leaves_a_small_gap() -> None:
    solved(hard(300), Budget.of(0.6))  # the kernels are loaded
    found = solved(hard(800), Budget.of(3.0))
    assert found.objective > found.bound > 0.98 * found.objective


def test_branchings_are_its_iterations() -> None:
    first, second = (solved(hard(300), Budget.of(60, iterations=2000)) for _ in range(2))
    assert not first.closed
    assert first.best == second.best
    budget = Budget.of(60, iterations=10)
    solved(hard(300), budget)
    assert budget.stop.noted is StopReason.ITERATION_LIMIT


@given(tiny())
def test_the_lagrangian_bound(instance: SingleMachine) -> None:
    optimum = least(instance)
    for target in (optimum, 2 * optimum + 1):
        assert lagrangian(instance, target) <= optimum


def test_the_lagrangian_bound_is_tight_where_all_are_late() -> None:
    instance = SingleMachine.of([5, 3, 4], [1, 2, 0], [3, 1, 2], [2, 2, 2])
    assert lagrangian(instance, 100) == 3 * (7 - 1) + 2 * (11 - 0) + 1 * (14 - 2)
