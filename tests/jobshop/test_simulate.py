"""Plans and dispatching rules of job shops whose machines break down."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ordino
from ordino.core.errors import UsageError
from ordino.heuristics.jobshop import breakdown_kernels
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


@pytest.mark.parametrize("buffers", ["unlimited", "swap"])
@pytest.mark.parametrize(
    ("policy", "value"),
    [
        *(("fifo", 6), ("spt", 6), ("mwkr", 6), ("mopnr", 6), ("lpt", 9), ("lwkr", 9)),
        *(("keep", 6), ("replan", 6)),
    ],
)
def test_what_passes_a_machine_in_no_time_leaves_it(buffers: str, policy: str, value: int) -> None:
    shop = Shop.of([[[(0, 0)], [(1, 5)]], [[(0, 3)], [(1, 1)]]], buffers=buffers)
    plan = None if policy in RULES else Schedule(np.array([0, 0, 0, 5]))
    simulation = ordino.simulate(shop, plan, replications=1, policy=policy, shutdown=0)
    assert simulation.values == (value,)


@pytest.mark.parametrize("buffers", ["unlimited", "swap"])
def test_what_ends_in_no_time_leaves_its_machine(buffers: str) -> None:
    shop = Shop.of([[[(0, 0)]], [[(0, 3)]]], buffers=buffers)
    assert ordino.simulate(shop, replications=1, policy="fifo", shutdown=0).values == (3,)


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
@pytest.mark.parametrize("shop", [PLAIN, SWAP], ids=["unlimited", "swap"])
def test_replanning_beats_every_rule(shop: JobShop | Shop, shutdown: float) -> None:
    plan = _plan(shop)
    replanned, kept = (
        simulate(shop, plan, replications=150, seed=1, policy=policy, shutdown=shutdown).mean()
        for policy in ("replan", "keep")
    )
    rules = [
        simulate(shop, None, replications=150, seed=1, policy=rule, shutdown=shutdown).mean()
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


def test_steps_and_repairs_have_limits() -> None:
    for step in (0, 10**9 + 1, 10**20):
        with pytest.raises(UsageError, match=f"step {step}: expected 1 to 1000000000"):
            simulate(SWAP, None, replications=1, seed=0, policy="spt", step=step, repair=1.0)
    with pytest.raises(UsageError, match=r"repair 2e\+09: expected above 0"):
        simulate(SWAP, None, replications=1, seed=0, policy="spt", repair=2e9)
    slow = Shop.of([[[(0, 3 * 10**9)]]])
    with pytest.raises(UsageError, match="operations take 3000000000 in the mean"):
        simulate(slow, None, replications=1, seed=0, policy="spt")
    (value,) = simulate(slow, None, replications=1, seed=0, policy="spt", step=10**9, shutdown=0)
    assert value == 3 * 10**9


def test_machines_that_would_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    idle = Shop.of([[[(0, 1)]]] * 10, machines=10**6)
    with pytest.raises(UsageError, match="machines x operations on one: 10000000, beyond"):
        simulate(idle, None, replications=1, seed=0, policy="fifo")
    monkeypatch.setattr("ordino.heuristics.jobshop.insertion.MOST_TABLE", 0)
    with pytest.raises(UsageError, match="no search takes the shop to make a plan"):
        simulate(SWAP, None, replications=1, seed=0)


def test_many_machines_leave_room_for_few_replications_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop = Shop.of([[[(0, 10)], [(1, 20)]]], machines=50)
    blocks = []
    replay = breakdown_kernels.replay

    def counted(*arguments: Any) -> None:
        blocks.append(arguments[-2].shape)
        replay(*arguments)

    def values() -> list[float]:
        return simulate(shop, None, replications=40, seed=1, policy="fifo", shutdown=0.3).tolist()

    whole = values()
    monkeypatch.setattr(breakdown_kernels, "replay", counted)
    monkeypatch.setattr("ordino.heuristics.jobshop.simulate.LARGEST", 500)
    assert values() == whole
    assert blocks == [(10, 50)] * 4


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
