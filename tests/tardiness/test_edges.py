"""Odd instances of single-machine tardiness: the right answer, or one clear error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import ordino
from ordino.core.errors import InstanceError
from ordino.core.family import SolverSpec
from ordino.families.tardiness import FAMILY
from ordino.models.tardiness.problem import SingleMachine

FAR = 2**55

EDGES = {
    "one job": (SingleMachine.of([5], [3]), 2),
    "one job of weight 0": (SingleMachine.of([5], [3], [0]), 0),
    "one job without work": (SingleMachine.of([0], [0]), 0),
    "all early": (SingleMachine.of([3, 1, 2], [50, 60, 70]), 0),
    "all early, weighted": (SingleMachine.of([3, 1, 2], [50, 60, 70], [1, 2, 3]), 0),
    "all late": (SingleMachine.of([3, 1, 2], [0, 0, 0]), 1 + 3 + 6),
    "all late, weighted": (SingleMachine.of([3, 1, 2], [0, 0, 0], [9, 1, 1]), 27 + 4 + 6),
    "equal jobs": (SingleMachine.of([4] * 6, [9] * 6), 3 + 7 + 11 + 15),
    "equal jobs, weighted": (SingleMachine.of([4] * 6, [9] * 6, [2] * 6), 72),
    "no work at all": (SingleMachine.of([0] * 5, [0, -1, 2, -3, 4]), 1 + 3),
    "some without work": (SingleMachine.of([0, 4, 0, 4], [2, 4, 3, 4]), 4),
    "negative due dates": (SingleMachine.of([2, 1], [-7, -9]), 1 + 9 + 3 + 7),
    "all weights 0": (SingleMachine.of([2, 1, 3], [0, 0, 0], [0, 0, 0]), 0),
    "some weights 0": (SingleMachine.of([9, 1, 3], [1, 1, 1], [0, 1, 1]), 3),
    "huge due dates": (SingleMachine.of([2, 1, 3], [FAR, 1, FAR]), 0),
    "hugely negative due dates": (SingleMachine.of([2, 1], [-FAR, 0]), FAR + 1 + 3),
    "huge processing times": (SingleMachine.of([FAR, 1, FAR], [FAR, 1, 0]), 2 * FAR + 2),
    "a common release date": (SingleMachine.of([2, 1], [5, 5], None, [4, 4]), 0 + 2),
    "release dates": (SingleMachine.of([5, 1], [5, 3], None, [0, 2]), 3),
}


@pytest.mark.parametrize("name", EDGES)
def test_the_default_race_proves_the_right_answer(name: str) -> None:
    instance, optimum = EDGES[name]
    result = ordino.solve(instance, time_limit=20, workers=2)
    assert result.failures == ()
    assert (result.objective, result.bound) == (optimum, optimum)


@pytest.mark.parametrize("spec", FAMILY.solvers, ids=lambda spec: spec.name)
def test_each_solver_takes_it_or_says_why_not(spec: SolverSpec) -> None:
    for name, (instance, optimum) in EDGES.items():
        if (reason := spec.refusal(instance)) is not None:
            assert len(reason) > 10
            continue
        result = ordino.solve(instance, solver=spec.name, time_limit=3, iterations=20, workers=1)
        assert result.failures == (), name
        assert result.objective >= optimum, name
        if spec.proves and not spec.improves:
            assert result.objective == optimum, name


def test_no_job_is_no_instance() -> None:
    with pytest.raises(InstanceError, match="expected at least one job"):
        SingleMachine.of([], [])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "empty, expected an instance"),
        ("p,d\n", "expected a row a job below the header"),
        ('{"p": [], "d": []}\n', "expected"),
        ("3 4\n2 -99999999999999999999\n", "beyond 2^62"),
        ("3 " + "9" * 1_000_000 + "\n", "beyond 2^62"),
        ("3 4 -1\n", "weight is -1"),
        ("p,d\n4611686018427387903,1\n4611686018427387903,1\n", "beyond 2^62"),
    ],
    ids=["empty", "no rows", "no jobs", "due date", "a million digits", "weight", "total"],
)
def test_what_is_no_instance_is_one_line_and_exit_code_5(
    tmp_path: Path, content: str, message: str
) -> None:
    path = tmp_path / "odd.txt"
    path.write_text(content)
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from ordino.cli import main; main()",
            "solve",
            str(path),
            "--time-limit",
            "5",
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 5
    assert done.stdout == ""
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1
    assert "odd.txt" in lines[0]
    assert message in lines[0]
    assert len(lines[0]) < 400
