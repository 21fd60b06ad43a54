"""Clusters from the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BROKEN = Path(__file__).parents[1] / "data" / "podpacking" / "broken"


def ordino(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ordino", *arguments]
    return subprocess.run(command, capture_output=True, text=True, input=text, check=False)


def objects() -> str:
    def node(name: str) -> dict:
        allocatable = {"cpu": "2", "memory": "4Gi", "pods": "10"}
        return {"kind": "Node", "metadata": {"name": name}, "status": {"allocatable": allocatable}}

    def pod(name: str, cpu: str, on: str) -> dict:
        container = {"resources": {"requests": {"cpu": cpu}}, "env": [{"value": "hunter2"}]}
        owner = {"kind": "ReplicaSet", "name": "web", "controller": True}
        metadata = {"name": name, "ownerReferences": [owner]}
        spec = {"containers": [container]} | ({"nodeName": on} if on else {})
        return {"kind": "Pod", "metadata": metadata, "spec": spec}

    items = [node("a"), node("b"), pod("web-1", "1200m", "a"), pod("web-2", "1200m", "b")]
    items += [pod("web-3", "700m", "b"), pod("big", "1300m", "")]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def test_from_kubectl_to_a_plan_on_standard_input() -> None:
    done = ordino("solve", "-", "--time-limit", "10", "--add-node", "a", "--json", text=objects())
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["status"] == "optimal"
    assert result["objective"] == [0, 0]
    assert "hunter2" not in done.stdout + done.stderr


def test_draining_from_the_command_line() -> None:
    done = ordino("solve", "-", "--goal", "drain", "--time-limit", "10", "--json", text=objects())
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["objective"] == [2, 0]


def test_what_was_left_out_is_told_without_asking() -> None:
    made = json.loads(objects())
    made["items"][2]["metadata"]["ownerReferences"] = []
    done = ordino("solve", "-", "--time-limit", "5", "-q", text=json.dumps(made))
    assert "1 running pods without a controller stay on their node" in done.stdout


def test_a_broken_export_is_one_line_and_exit_code_5() -> None:
    done = ordino("solve", str(BROKEN / "cut_off_in_the_middle.json"))
    assert done.returncode == 5
    assert "no valid JSON" in done.stderr
    assert "Traceback" not in done.stderr
    refused = ordino("info", str(BROKEN / "no_nodes.json"), "--max-size", "100")
    assert refused.returncode == 5
    assert "larger than 100 bytes" in refused.stderr
    wrong = ordino("solve", "-", "--remove-node", "c", text=objects())
    assert wrong.returncode == 2
    assert "no node 'c'" in wrong.stderr
