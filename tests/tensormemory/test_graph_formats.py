"""Formats of graphs and of plans: what is right comes through, what is wrong is named."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from kits.tensormemory import sample

import ordino
from ordino.core.errors import InputError, InstanceError, UsageError
from ordino.instances.reading import dump_instance, dump_solution, read_instance, read_solution
from ordino.instances.tensormemory import generate
from ordino.models.tensormemory.graph import Graph, Plan
from ordino.models.tensormemory.lifetimes import Lifetimes

BROKEN = Path(__file__).parent.parent / "data" / "tensormemory" / "broken_graphs"
DEFECTS = {
    "cycle": r"a cycle: operator 0 \(a_0\) -> operator 1 \(b_1\) -> operator 0",
    "no_operators": "at least one operator",
    "no_ops": '"ops" is missing',
    "no_producer": r"no operator writes tensor 1 \(mid\), no input",
    "overflow": r"2\^62",
    "size_zero": "tensor 1 has no bytes",
    "truncated": "no valid JSON",
    "two_producers": r"operator 1 \(b_1\) writes tensor 1 \(mid\), which operator 0",
    "unknown_kind": "expected input, activation, param, output, got 'thing'",
    "unknown_tensor": "there is no tensor 7",
}


@pytest.mark.parametrize("name", sorted(path.stem for path in BROKEN.iterdir()))
def test_what_is_wrong_with_a_graph_is_said(name: str) -> None:
    with pytest.raises(InputError, match=DEFECTS[name]) as caught:
        read_instance(str(BROKEN / f"{name}.json"), "tensor-graph")
    assert str(BROKEN) in str(caught.value)


def test_parameters_count_for_their_operator_and_idle_inputs_do_not() -> None:
    text = json.dumps(
        {
            "format": "tensor-graph/1",
            "dtype_bytes": 2,
            "tensors": [
                {"id": 5, "name": "in", "shape": [2, 3], "kind": "input"},
                {"id": 6, "name": "idle", "shape": [9], "kind": "input"},
                {"id": 7, "name": "w", "shape": [10], "kind": "param"},
                {"id": 8, "name": "out", "elems": 4, "kind": "output"},
            ],
            "ops": [{"type": "conv", "inputs": [5, 7], "params": [7], "outputs": [8]}],
        }
    )
    graph = read_instance(text + "\n")
    assert graph.sizes.tolist() == [12, 8]
    assert graph.parameters.tolist() == [20]
    assert graph.least_capacity == 20
    resident = ordino.solve(graph, parameters="resident", time_limit=10)
    assert resident.objective == 40


def chain() -> Graph:
    return Graph.of([16, 32, 16, 8], [([0], [1]), ([1], [2]), ([2], [3])])


def test_a_plan_for_tflm_keeps_inputs_and_results() -> None:
    graph = chain()
    result = ordino.solve(graph, order="fixed", alignment=16, hold=True, time_limit=10)
    text = dump_solution(graph.held(), result.solution, "tflm")
    assert text.count("\n") == 9
    assert "kOfflineOffsets[7]" in text
    offsets = [int(line.split(",")[0]) for line in text.splitlines()[4:-1]]
    assert offsets == result.solution.offset.tolist()


@pytest.mark.parametrize(
    ("offset", "reason"),
    [
        ([0, 16, 16], "tensor 2 takes bytes of tensor 1 after it is written"),
        ([0, 16, 40], "multiples of 16"),
    ],
)
def test_a_plan_that_tflm_would_not_keep_is_refused(offset: list[int], reason: str) -> None:
    graph = Graph.of([16, 16, 16], [([0], [1]), ([0], [2])])
    plan = Plan(
        order=[0, 1],
        tensor=[0, 1, 2],
        first=[0, 0, 1],
        last=[1, 0, 1],
        offset=offset,
        scratch=[],
    )
    with pytest.raises(UsageError, match=reason):
        dump_solution(graph, plan, "tflm")


def test_events_say_what_is_spilled_and_fetched() -> None:
    graph = sample()
    result = ordino.solve(graph, time_limit=10)
    words = [line.split(",")[1] for line in dump_solution(graph, result.solution, "events").split()]
    assert words.count("run") == graph.operators
    assert (words.count("spill") > 0) == (result.objective > 0)
    assert words.count("fetch") >= words.count("spill")


@pytest.mark.parametrize(
    "text", ["kind,number,first,last\n", "step,event,number,offset,name\n", "kOfflineOffsets {1}"]
)
def test_plans_of_graphs_are_none_of_buffers(text: str) -> None:
    with pytest.raises(InputError, match="a plan of a graph, but the instance has buffers"):
        read_solution(text + "\n", Lifetimes.of([0], [1], [4]))
    with pytest.raises(InputError, match="offsets of buffers, but the instance is a graph"):
        read_solution("id,offset\n0,4\n", chain())


def test_wires_that_do_not_connect_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "TRIES", 2)
    with pytest.raises(UsageError, match="no connected graph of 2 neighbours"):
        generate.randwire(nodes=2000, neighbours=2, rewiring=1)


def test_graphs_with_wrong_numbers_are_refused() -> None:
    for wrong, message in (
        (dict(sizes=[0, 1], operators=[([0], [1])]), "size 0 is 0"),
        (dict(sizes=[1, 1, 1], operators=[([0], [1])]), "nothing reads or writes tensor 2"),
        (dict(sizes=[1, 1], operators=[([0], [2])]), "expected 0 to 1"),
        (dict(sizes=[2**61, 2**61], operators=[([0], [1])]), r"2\^62"),
        (dict(sizes=[1, 1], operators=[([0], [1])], alignment=0), "alignment 0"),
        (dict(sizes=[1, 1], operators=[([0], [1])], capacity=-1), "capacity -1"),
    ):
        with pytest.raises(InstanceError, match=message):
            Graph.of(**wrong)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"goal": "traffic"}, "needs --capacity"),
        ({"goal": "peak", "capacity": 9}, "leave it out"),
        ({"capacity": "12 apples"}, "expected bytes"),
        ({"goal": "fit"}, "peak or traffic"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ordino.solve(chain(), **options)


def test_capacities_by_name() -> None:
    graph = sample()
    least = ordino.solve(graph, goal="peak", addresses="off", time_limit=20).objective
    names = {"M_R": graph.least_capacity, "M_P": least, "M_H": (graph.least_capacity + least) // 2}
    for name, capacity in names.items():
        result = ordino.solve(graph, capacity=name, addresses="off", time_limit=20)
        same = ordino.solve(graph, capacity=capacity, addresses="off", time_limit=20)
        assert result.objective == same.objective
        assert (result.objective == 0) == (capacity >= least)


def test_the_command_line_names_the_operator_that_does_not_fit(tmp_path: Path) -> None:
    path = tmp_path / "net.json"
    path.write_text(dump_instance(chain()))

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "ordino", *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    small = run("solve", str(path), "--capacity", "40", "--time-limit", "5")
    assert small.returncode == 3
    assert "operator 0 needs 48 bytes, the capacity is 40" in small.stdout
    plan = str(tmp_path / "plan.json")
    assert run("solve", str(path), "--capacity", "48B", "-o", plan).returncode == 0
    assert run("check", str(path), plan).stdout == "valid: traffic 0\n"
    written = run("convert", str(path), "-", "--solution", plan, "--to", "residences")
    assert written.stdout.startswith("kind,number,first,last,size,offset,name\n")
    assert run("info", str(path), "--curve").stdout.split() == [
        *("capacity", "traffic", "bound"),
        *("48", "0", "0"),
    ]
