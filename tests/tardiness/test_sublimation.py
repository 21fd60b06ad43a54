"""Successive sublimation against dynamic programming and public optima, its limits and bounds."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kits.tardiness import least

import ordino
from ordino.core.budget import Budget
from ordino.core.incumbent import Incumbent
from ordino.instances.tardiness.generate import potts_van_wassenhove
from ordino.models.tardiness.check import check
from ordino.models.tardiness.problem import JobSequence, SingleMachine
from ordino.solvers.tardiness import network, sublimation


@st.composite
def small(draw: st.DrawFn) -> SingleMachine:
    """Few distinct numbers, so that there are ties; times and weights of 0; a common release."""
    jobs = draw(st.integers(1, 8))
    longest = draw(st.sampled_from([1, 3, 9]))
    p = draw(st.lists(st.integers(0, longest), min_size=jobs, max_size=jobs))
    low = draw(st.integers(-5, sum(p)))
    dates = st.integers(low, low + draw(st.sampled_from([0, 2, longest, sum(p)])))
    heaviest = draw(st.sampled_from([1, 3, 10]))
    return SingleMachine.of(
        p,
        draw(st.lists(dates, min_size=jobs, max_size=jobs)),
        draw(st.lists(st.integers(0, heaviest), min_size=jobs, max_size=jobs)),
        [draw(st.sampled_from([0, 4]))] * jobs,
    )


def started(instance: SingleMachine, order: list[int]) -> Incumbent:
    incumbent = Incumbent(instance, check, instance.objective)
    incumbent.offer(JobSequence(np.array(order)), "start")
    return incumbent


@given(small(), st.randoms(), st.sampled_from([1, 4, 300]), st.sampled_from([1, 40]))
def test_it_proves_the_optimum_from_any_start(
    instance: SingleMachine, random, first_steps: int, steps: int
) -> None:
    order = list(range(instance.jobs))
    random.shuffle(order)
    incumbent = started(instance, order)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sublimation, "START_KICKS", 0)
        patch.setattr(sublimation, "FIRST_STEPS", first_steps)
        patch.setattr(sublimation, "STEPS", steps)
        sublimation.sublimation()(instance, incumbent, Budget.of(60))
    assert incumbent.failures == ()
    assert incumbent.objective == incumbent.bound == least(instance)


def test_it_proves_the_optimum_where_jobs_must_be_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in (("START_KICKS", 0), ("FIRST_STEPS", 3), ("STEPS", 3)):
        monkeypatch.setattr(sublimation, name, value)
    remembered = []
    split = network.Network.split
    monkeypatch.setattr(
        network.Network, "split", lambda self, job: (remembered.append(job), split(self, job))
    )
    for seed in range(12):
        instance = potts_van_wassenhove(
            jobs=12, weighted=True, tardiness_factor=0.4 + 0.2 * (seed % 3), seed=seed
        )
        incumbent = started(instance, list(range(12)))
        sublimation.sublimation()(instance, incumbent, Budget.of(60))
        assert incumbent.failures == ()
        assert incumbent.objective == incumbent.bound == least(instance)
    assert len(remembered) > 10


@given(small(), st.integers(1, 12))
def test_a_bound_of_an_early_stop_holds(instance: SingleMachine, iterations: int) -> None:
    result = ordino.solve(
        instance, solver="sublimation", iterations=iterations, workers=1, time_limit=60
    )
    assert result.failures == ()
    optimum = least(instance)
    assert result.bound is None or result.bound <= optimum <= result.objective


def test_it_repeats_itself() -> None:
    instance = potts_van_wassenhove(jobs=60, weighted=True, seed=5)
    first, second = (
        ordino.solve(instance, solver="sublimation", workers=1, time_limit=60) for _ in range(2)
    )
    assert first.status is ordino.Status.OPTIMAL
    assert first.solution == second.solution
    assert [event.bound for event in first.trace] == [event.bound for event in second.trace]


def test_a_network_that_does_not_fit_is_said_and_not_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "MOST_ARCS", 100)
    instance = potts_van_wassenhove(jobs=30, weighted=True, seed=5)
    result = ordino.solve(instance, solver="sublimation", time_limit=60)
    assert result.failures == ()
    assert any("arcs, beyond 100" in (event.message or "") for event in result.trace)
    assert result.status is ordino.Status.FEASIBLE


def test_what_it_does_not_take() -> None:
    takes = sublimation.takes
    assert takes(SingleMachine.of([1, 2], [3, 4], [1, 2], [0, 1])) == "its release dates differ"
    assert "beyond" in (takes(SingleMachine.of([10**8, 1], [3, 4])) or "")
    assert takes(SingleMachine.of([9, 1], [3, 4], [2**56, 1])) == (
        "its costs are too large for exact multipliers"
    )
    assert takes(SingleMachine.of([9, 1], [-(2**50), 4], [3, 1])) is None


def test_the_or_library_is_proved(public_data: Path) -> None:
    folder = public_data / "single-machine" / "orlib-wt"
    for jobs, every in ((40, 9), (50, 9), (100, 23)):
        with (folder / f"wt{jobs}_best.csv").open() as file:
            best = [int(row["best_known_twt"]) for row in csv.DictReader(file)]
        instances = ordino.read_all(folder / f"wt{jobs}.txt")
        for instance, value in list(zip(instances, best, strict=True))[2::every]:
            result = ordino.solve(instance, solver="sublimation", time_limit=60, workers=1)
            assert result.status is ordino.Status.OPTIMAL
            assert result.objective == value
