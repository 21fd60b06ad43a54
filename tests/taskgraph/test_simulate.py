"""Plans and policies under noise."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import ordino
from ordino.core.errors import RejectedSolution, UsageError
from ordino.heuristics.taskgraph import rules
from ordino.heuristics.taskgraph.simulate import factors
from ordino.instances.reading import dump_instance
from ordino.instances.taskgraph import generate
from ordino.models.tardiness.problem import SingleMachine
from ordino.models.taskgraph.problem import Schedule, TaskGraph

STREAM = generate.ds3_stream(jobs=12, interval=20.0, seed=4)


def test_without_noise_a_plan_takes_as_long_as_planned() -> None:
    plan = rules.heft(STREAM)
    simulation = ordino.simulate(STREAM, plan, replications=3, cv=0.0)
    assert simulation.planned is not None
    assert simulation.values == pytest.approx([simulation.planned] * 3)
    assert simulation.deviation == pytest.approx(0, abs=1e-9)


def test_a_chain_takes_the_sum_of_its_times() -> None:
    chain = TaskGraph.of([[10]] * 3, [(0, 1, 0), (1, 2, 0)])
    noise = factors(np.random.default_rng(7), (5, 3), 0.3, "gamma")
    expected = (10 * noise).sum(axis=1).tolist()
    for policy in ("keep", "online"):
        simulation = ordino.simulate(chain, replications=5, seed=7, cv=0.3, policy=policy)
        assert simulation.values == pytest.approx(expected)


def test_online_decisions_by_hand() -> None:
    """The second task waits for the fast processor, the third is better off on the slow one."""
    graph = TaskGraph.of([[4, 20], [4, 20], [4, 6]])
    simulation = ordino.simulate(graph, replications=1, cv=0.0, policy="online")
    assert simulation.values == (8.0,)


@pytest.mark.parametrize("distribution", ["gamma", "lognormal", "uniform"])
def test_factors_have_mean_one_and_their_cv(distribution) -> None:
    drawn = factors(np.random.default_rng(1), (400, 500), 0.2, distribution)
    assert drawn.mean() == pytest.approx(1, abs=2e-3)
    assert drawn.std() == pytest.approx(0.2, rel=0.02)
    assert (drawn > 0).all()


def test_quantiles_seed_and_picture() -> None:
    one = ordino.simulate(STREAM, replications=200, seed=3)
    assert one == ordino.simulate(STREAM, replications=200, seed=3)
    assert one != ordino.simulate(STREAM, replications=200, seed=4)
    assert min(one.values) <= one.quantile(0.05) <= one.quantile(0.5) <= max(one.values)
    assert one.quantile(0.5) == pytest.approx(float(np.median(one.values)))
    assert one.deviation == pytest.approx(float(np.std(one.values, ddof=1)))
    picture = one.scene()
    assert sum(bar.end for bar in picture.bars) == 200
    assert json.loads(json.dumps(one.to_data()))["replications"] == 200


def test_the_robust_plan_does_better_than_heft_under_noise() -> None:
    heft = ordino.simulate(STREAM, rules.heft(STREAM), replications=1000)
    settings = {"robust.trials": 3000, "robust.moves": 4000}
    result = ordino.solve(STREAM, solver="robust", time_limit=60, settings=settings)
    assert result.failures == ()
    robust = ordino.simulate(STREAM, result, replications=1000)
    assert robust.mean <= 0.97 * heft.mean


def test_what_makes_no_sense_is_refused() -> None:
    graph = TaskGraph.of([[1, 2]])
    with pytest.raises(UsageError, match="policy"):
        ordino.simulate(graph, policy="hope")
    with pytest.raises(UsageError, match="cv"):
        ordino.simulate(graph, cv=-1.0)
    with pytest.raises(UsageError, match="uniform"):
        ordino.simulate(graph, cv=0.9, distribution="uniform")
    with pytest.raises(UsageError, match="takes none"):
        ordino.simulate(graph, Schedule([0], [0]), policy="online")
    with pytest.raises(UsageError, match="replications"):
        ordino.simulate(graph, replications=0)
    with pytest.raises(RejectedSolution, match="on processor 9"):
        ordino.simulate(graph, Schedule([9], [0]))
    with pytest.raises(UsageError, match="tardiness has no simulation"):
        ordino.simulate(SingleMachine.of([1], [1]))


def test_the_command(tmp_path: Path) -> None:
    file, picture = tmp_path / "graph.json", tmp_path / "noise.svg"
    file.write_text(dump_instance(STREAM))
    command = [sys.executable, "-c", "from ordino.cli import main; main()", "simulate", str(file)]

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)

    done = run("--set", "cv=0.1", "--replications", "50", "--draw", str(picture), "--json")
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)
    assert (data["type"], len(data["values"])) == ("simulation", 50)
    assert data["options"]["cv"] == 0.1
    assert "<svg" in picture.read_text()
    assert "95% below" in run().stdout
    wrong = run("--set", "cv=x")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "cv: float" in wrong.stderr
