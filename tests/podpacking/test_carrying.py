"""Steps of a plan as a table, JSON and a script: written, read back, run against a stand-in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ordino.core.errors import InputError, UsageError
from ordino.instances.podpacking import carrying
from ordino.instances.reading import dump_instance, dump_solution, read_solution
from ordino.models.podpacking.problem import Cluster, Plan

ORDINO = (sys.executable, "-m", "ordino")
RING = Cluster.of(
    [[10], [10]],
    [[6], [3]],
    [0, 0, 1],
    resources=["cpu"],
    current=[0, 1, -1],
    priority=[1, 0],
    node_names=["a", "b"],
    pod_names=["prod/web-0", "prod/web-1", "job"],
    workload=[0, 0, -1],
    workload_names=["prod/StatefulSet/web"],
)
PLAN = Plan([1, 0, 1])


def test_the_table_says_who_is_down() -> None:
    text = carrying.write_steps(RING, PLAN)
    lines = text.splitlines()
    assert [line.split() for line in lines[:3]] == [
        ["step", "action", "pod", "from", "to", "priority"],
        ["1", "take-down", "prod/web-0", "a", "-", "1"],
        ["2", "move", "prod/web-1", "b", "a", "1"],
    ]
    assert lines[-1] == "# no order keeps all of them up; down at the same time: prod/web-0"


@pytest.mark.parametrize("format", ["steps", "steps-json", "kubectl-script"])
def test_plans_come_back(format: str) -> None:
    for plan in (PLAN, Plan(RING.current), Plan([-1, 1, 0])):
        text = dump_solution(RING, plan, format)
        assert read_solution(text, RING) == (plan, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("step action pod from to priority\n1 move prod/web-9 a b 1\n", ":2: there is no pod"),
        ("step action pod from to priority\n1 move prod/web-0 a c 1\n", ":2: there is no node 'c'"),
        (
            "step action pod from to priority\n1 move prod/web-0 b a 1\n",
            ":2: pod prod/web-0 is not",
        ),
        (
            "step action pod from to priority\n1 move prod/web-0 a\n",
            ":2:1: expected 6 words, got 4",
        ),
        ('[{"step": 1,\n "pod": "prod/web-0", "from": 3, "to": "b"}]', "from: expected a text"),
        ('[{"step": 1,\n "pod": "prod/web-0", "from": "a"}]', 'field "to" is missing'),
    ],
)
def test_broken_steps_are_located(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_solution(text + "\n", RING)
    assert message in str(caught.value)


def test_names_that_no_shell_should_see() -> None:
    hostile = replace(RING, pod_names=("prod/web-0", "$(rm -rf ~)", "job"))
    with pytest.raises(UsageError, match="no name that kubectl takes"):
        carrying.write_kubectl_script(hostile, PLAN)
    with pytest.raises(UsageError, match="white space"):
        carrying.write_steps(hostile, PLAN)
    assert json.loads(carrying.write_steps_json(hostile, PLAN))


def carried_out(
    tmp_path: Path, instance: Cluster, plan: Plan, *, cordoned: str = "", fails: str = "none"
) -> list[str]:
    """Run a script with a stand-in for kubectl, which writes down what it is asked, always shows a
    waiting pod, and may fail at something."""
    log = tmp_path / "log"
    stand_in = tmp_path / "kubectl"
    stand_in.write_text(
        f'#!/bin/sh\necho "$1 $2 $3 $4" >> {log}\n'
        '[ "$1" != create ] || cat > /dev/null\n'
        f'case "$*" in *{fails}*) exit 1 ;; "get nodes"*) echo "{cordoned} " ;; '
        'get*) echo "web-new web" ;; esac\n'
    )
    stand_in.chmod(0o755)
    script = tmp_path / "plan.sh"
    script.write_text(carrying.write_kubectl_script(instance, plan))
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = subprocess.run(["sh", str(script)], check=False, env={"PATH": path}, timeout=60)
    assert (done.returncode > 0) == (fails != "none")
    asked = [line.rpartition("/v1")[2].strip() for line in log.read_text().splitlines()]
    told = [each.removesuffix("-f").strip() for each in asked]
    return [each for each in told if not each.startswith(("wait", "get"))]


def test_the_script_evicts_and_binds_in_order(tmp_path: Path) -> None:
    assert carried_out(tmp_path, RING, PLAN) == [
        "cordon a b",
        "/namespaces/prod/pods/web-0/eviction",
        "/namespaces/prod/pods/web-1/eviction",
        "/namespaces/prod/pods/web-new/binding",
        "/namespaces/prod/pods/web-new/binding",
        "/namespaces/default/pods/job/binding",
        "uncordon a b",
    ]


def test_the_script_uncordons_what_it_cordoned(tmp_path: Path) -> None:
    done = carried_out(tmp_path, RING, PLAN, cordoned="c b")
    assert [each for each in done if "cordon" in each] == ["cordon a", "uncordon a"]


def test_a_script_that_fails_uncordons(tmp_path: Path) -> None:
    done = carried_out(tmp_path, RING, PLAN, fails="web-1/eviction")
    assert done == [
        "cordon a b",
        "/namespaces/prod/pods/web-0/eviction",
        "/namespaces/prod/pods/web-1/eviction",
        "uncordon a b",
    ]


def test_what_the_script_drained_stays_cordoned(tmp_path: Path) -> None:
    instance = replace(RING, goal="drain", capacity=np.array([[10], [12]]))
    done = carried_out(tmp_path, instance, Plan([1, 1, -1]))
    assert [each for each in done if "cordon" in each] == ["cordon a b", "uncordon b"]


def test_convert_writes_solutions(tmp_path: Path) -> None:
    instance, plan = tmp_path / "cluster.json", tmp_path / "plan.json"
    instance.write_text(dump_instance(RING))
    plan.write_text(dump_solution(RING, PLAN))
    command = [*ORDINO, "convert", str(instance), "-", "--solution", str(plan), "--to", "steps"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, carrying.write_steps(RING, PLAN))
    plan.write_text(dump_solution(RING, Plan(np.array([1, 1, 1]))))
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 6
    assert "node b has 10 of cpu" in done.stderr
