"""Plans and dispatching rules of job shops whose machines break down."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import ordino
from ordino.core.errors import UsageError
from ordino.heuristics.jobshop.simulate import simulate
from ordino.instances.jobshop.generate import taillard
from ordino.instances.reading import dump_instance
from ordino.models.jobshop.check import check
from ordino.models.jobshop.problem import JobShop, Schedule
from ordino.models.jobshop.shop import Shop, adjust

RULES = ("fifo", "spt", "lpt", "mwkr", "lwkr", "mopnr")
PLAIN = taillard(jobs=8, machines=5, seed=2)
SWAP = adjust(PLAIN, variant="swap")


def _plan(shop: JobShop | Shop) -> Schedule:
    name = "insertion" if isinstance(shop, Shop) else "tabu"
    result = ordino.solve(shop, solver=name, iterations=4000, workers=1, time_limit=60)
    return result.solution


@pytest.mark.parametrize("shop", [PLAIN, SWAP])
def test_without_outages_a_plan_takes_as_long_as_planned(shop: JobShop | Shop) -> None:
    plan = _plan(shop)
    simulation = ordino.simulate(shop, plan, replications=2, policy="keep", shutdown=0)
    assert simulation.planned == check(shop, plan).objective
    assert simulation.values == (simulation.planned,) * 2
    replanned = ordino.simulate(shop, plan, replications=1, policy="replan", shutdown=0)
    assert replanned.values[0] <= simulation.planned


def test_rules_by_hand() -> None:
    """Machine 0 is taken by the longer operation first, or by the shorter one."""
    rows = [[[(0, 2)], [(1, 5)]], [[(0, 4)], [(1, 1)]]]
    for buffers, spt, lpt in (("unlimited", 8, 11), ("swap", 8, 11)):
        shop = Shop.of(rows, buffers=buffers)
        assert ordino.simulate(shop, replications=1, policy="spt", shutdown=0).values == (spt,)
        assert ordino.simulate(shop, replications=1, policy="lpt", shutdown=0).values == (lpt,)


def test_a_job_blocks_its_machine_and_jobs_swap() -> None:
    rows = [[[(0, 2)], [(1, 5)]], [[(1, 4)], [(0, 1)]]]
    swap = ordino.simulate(Shop.of(rows, buffers="swap"), replications=1, policy="spt", shutdown=0)
    assert swap.values == (9,)  # both move at 4
    line = [[[(0, 1)], [(1, 5)]], [[(0, 1)], [(1, 1)]], [[(0, 3)]]]
    held = ordino.simulate(Shop.of(line, buffers="swap"), replications=1, policy="fifo", shutdown=0)
    free = ordino.simulate(Shop.of(line), replications=1, policy="fifo", shutdown=0)
    assert (held.values, free.values) == ((9,), (7,))


def test_outages_that_are_known_interrupt() -> None:
    shop = Shop.of([[[(0, 4)], [(1, 2)]]], downtimes=[(0, 1, 4), (0, 4, 5), (1, 8, 9)])
    plan = Schedule(np.array([5, 9]))
    for policy, given in (("keep", plan), ("replan", plan), ("spt", None)):
        simulation = ordino.simulate(shop, given, replications=1, policy=policy, shutdown=0)
        assert simulation.values == (11,)  # 1 unit, 4 down, 3 units; down for 1; 2 units


def test_outages_come_as_often_as_said() -> None:
    shop = Shop.of([[[(0, 100_000)]]])
    mean = ordino.simulate(
        shop, replications=20, policy="spt", shutdown=0.1, step=10, repair=20.0
    ).mean
    # an outage each 10 steps that are up; begins and repairs are rounded up
    assert mean == pytest.approx(100_000 * (1 + 20.5 / 95), rel=0.02)


def test_the_same_seed_gives_every_policy_the_same_outages() -> None:
    job = JobShop.of([[(0, 30), (1, 20), (0, 25)]])
    plan = Schedule(np.array([0, 30, 50]))
    values = [
        ordino.simulate(
            job,
            plan if policy in ("keep", "replan") else None,
            replications=30,
            seed=4,
            policy=policy,
            shutdown=0.1,
        ).values
        for policy in ("keep", "replan", *RULES)
    ]
    assert len(set(values)) == 1
    other = ordino.simulate(job, replications=30, seed=5, policy="spt", shutdown=0.1)
    assert other.values != values[0]


@pytest.mark.parametrize("shutdown", [0.01, 0.05, 0.2])
def test_replanning_beats_every_rule(shutdown: float) -> None:
    plan = _plan(SWAP)
    replanned, kept = (
        simulate(SWAP, plan, replications=150, seed=1, policy=policy, shutdown=shutdown).mean()
        for policy in ("replan", "keep")
    )
    rules = [
        simulate(SWAP, None, replications=150, seed=1, policy=rule, shutdown=shutdown).mean()
        for rule in RULES
    ]
    assert replanned < 1.01 * kept
    assert replanned < min(rules)
    assert np.isfinite(rules).all()


def test_what_makes_no_sense() -> None:
    plan = _plan(SWAP)
    with pytest.raises(UsageError, match="takes no plan"):
        simulate(SWAP, plan, replications=1, seed=0, policy="spt")
    with pytest.raises(UsageError, match="deadlock"):
        simulate(adjust(PLAIN, variant="blocking"), None, replications=1, seed=0)
    with pytest.raises(UsageError, match="0 to 1"):
        simulate(SWAP, plan, replications=1, seed=0, shutdown=1.5)
    with pytest.raises(UsageError, match="choice"):
        simulate(Shop.of([[[(0, 1), (1, 1)]]]), None, replications=1, seed=0)
    down = Shop.of([[[(0, 1)]]], downtimes=[(0, 3, None)])
    with pytest.raises(UsageError, match="for ever"):
        simulate(down, None, replications=1, seed=0)


def test_the_command(tmp_path: Path) -> None:
    file, picture = tmp_path / "shop.json", tmp_path / "out.svg"
    file.write_text(dump_instance(SWAP, "json"))
    arguments = ["simulate", str(file), "--set", "policy=mwkr", "--set", "shutdown=0.1"]
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "ordino",
            *arguments,
            "--replications",
            "50",
            "--draw",
            str(picture),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "mean" in run.stdout
    assert picture.read_text().startswith("<svg")
