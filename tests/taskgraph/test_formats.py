"""Formats and generators of task graphs."""

from __future__ import annotations

import json
import time
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from kits.broken import located_error

import ordino
from ordino.core.errors import InputError, InstanceError, UsageError
from ordino.core.family import resolve
from ordino.families.taskgraph import FAMILY
from ordino.instances.reading import dump_instance, read_instance, read_solution
from ordino.instances.taskgraph import generate
from ordino.instances.taskgraph.networks import from_networkx, to_networkx
from ordino.models.taskgraph.problem import TaskGraph

DATA = Path(__file__).parents[1] / "data" / "taskgraph"
BROKEN = DATA / "broken"

EXPECTED = {
    "bandwidth_zero.json": ":2:49: bandwidth[0][1]: bandwidth from processor 0 to 1 is 0, ",
    "cost_missing.json": ":2:19: work[1]: expected 2 items, got 1",
    "costs_missing.json": ':1:1: the field "work" is missing',
    "csv_cycle.csv": ":6: a cycle: task 0 -> task 1 -> task 0",
    "csv_row_too_short.csv": ":3: expected 2 numbers behind the name, got 1",
    "csv_tables_missing.csv": ":4: expected the tables TP, T and P, or a file called NAME_task",
    "csv_tables_of_unlike_size.csv": ":4: expected 1 x 1 numbers, one a pair of tasks, got 2 x 2",
    "csv_word_for_number.csv": ":3: expected a number, got 'x'",
    "cycle.json": ":1:104: edges[2]: a cycle: task 0 -> task 1 -> task 2 -> task 0",
    "dagbench_cycle.json": ":3:20: task_graph.dependencies[1]: a cycle: task 0 (A) -> task 1 (B) ",
    "dagbench_negative_link.json": ":3:53: network.edges[0].speed: expected a number above 0, ",
    "dagbench_no_link.json": ":3:12: network.edges: no link between 0 and 1",
    "dagbench_unknown_task.json": ":3:31: task_graph.dependencies[0].target: unknown task 'B'",
    "dot_cut_off.dot": ":3:1: expected the name of an attribute, got the end of the file",
    "dot_cycle.dot": ":4:3: a cycle: task 0 (a) -> task 1 (b) -> task 0 (a)",
    "dot_no_target.dot": ":3:7: expected a node, got ;",
    "dot_no_work.dot": ":3:2: node b: the attribute work is missing; it has no attributes",
    "dot_work_of_unlike_length.dot": ":3:2: node b: expected work on 2 processors, as node a has",
    "ds3_count_wrong.txt": ":2:15: announces 3 tasks, there are 2",
    "ds3_unknown_predecessor.txt": ":4:6: unknown task 5",
    "edge_of_unknown_task.json": ":3:27: edges[1][1]: edge 1 (1 -> 7): unknown task 7, expected ",
    "edge_to_itself.json": ":3:12: edges[0]: edge 0: task 1 needs itself",
    "edge_twice.json": ":3:23: edges[1]: edge 1 is a second one task 0 -> task 1",
    "edge_without_volume.json": ":3:12: edges[0]: expected 3 items, got 2",
    "graphml_mismatched_tag.graphml": ":3:45: no valid GraphML: mismatched tag: line 3, column 45",
    "negative_bandwidth.json": ":2:41: bandwidth: expected a number of at least 0, got -2",
    "no_processor_can_run_a_task.json": ":2:19: work[1]: no processor can run task 1",
    "no_processor_has_the_memory.json": ":2:19: work[1]: no processor can run task 1",
    "no_tasks.json": ":2:10: work: expected a matrix of work, a row a task and a column a ",
    "node_link_no_work.json": ":3:12: nodes[1]: node b: the attribute work is missing; did you ",
    "node_link_unknown_node.json": ":3:38: edges[0].target: unknown node b",
    "speed_zero.json": ":2:31: speed[1]: expected a speed above 0, got 0",
    "stg_count_wrong.stg": ":3:1: expected number, time, count and 2 predecessors, got 4 numbers",
    "stg_cut_off.stg": ":6: expected 9 tasks and up to 2 dummies, got 4 lines",
    "stg_cycle.stg": ":3: a cycle: task 1 -> task 2 -> task 1",
    "stg_task_twice.stg": ":4:1: a second task 1",
    "stg_unknown_predecessor.stg": ":4:7: task 2 needs task 9, which is not there",
    "stg_word_for_number.stg": ":3:3: expected an integer, got 'x'",
    "task_name_twice.json": ":2:48: task_names[1]: two tasks are called 'a'",
    "times_beyond_53_bits.json": ":1:1: the makespan may reach 9.22337e+18, beyond 2^53",
    "unknown_goal.json": ":2:36: goal: goal 'fun': expected makespan or cost",
    "wf_cycle.json": ":2:40: workflow.specification.tasks[0].parents[0]: a cycle: task 0 (a)",
    "wf_negative_runtime.json": ":3:35: workflow.execution.tasks[0].runtimeInSeconds: expected",
    "wf_no_runtime.json": ":3:3: workflow.specification.tasks[1]: task 'b' has no run time",
    "wf_task_twice.json": ":3:3: workflow.specification.tasks[1]: a second task 'a'",
    "wf_unknown_parent.json": ":2:40: workflow.specification.tasks[0].parents[0]: unknown task",
}

FORMATS = {
    "ds3_count_wrong.txt": "ds3:soc=../soc.txt",
    "ds3_unknown_predecessor.txt": "ds3:soc=../soc.txt",
    "stg_word_for_number.stg": "stg",
}


@pytest.mark.parametrize("name", sorted(path.name for path in BROKEN.iterdir()))
def test_each_broken_file_gives_one_located_error(name: str) -> None:
    message = located_error(BROKEN / name, FORMATS.get(name))
    assert message.startswith(name + EXPECTED[name])


def test_every_broken_file_is_there() -> None:
    assert sorted(EXPECTED) == sorted(path.name for path in BROKEN.iterdir())


CHAIN = """4
0 0 0
1 5 1 0
2 3 1 1
3 4 1 1
4 2 2 2 3
5 0 1 4
"""


def test_stg_with_and_without_generated_processors() -> None:
    graph = read_instance(CHAIN)
    assert (graph.tasks, graph.edges, graph.processors) == (6, 6, 4)
    assert graph.work[1].tolist() == [5, 5, 5, 5]
    assert not graph.volume.any()
    drawn = read_instance(CHAIN, "stg:processors=3,heterogeneity=1,ccr=2,seed=4")
    assert drawn == read_instance(CHAIN, "stg:processors=3,heterogeneity=1,ccr=2,seed=4")
    assert drawn != read_instance(CHAIN, "stg:processors=3,heterogeneity=1,ccr=2,seed=5")
    assert (np.abs(drawn.work[1] - 5) <= 2.5).all()
    assert drawn.volume.all()
    with pytest.raises(UsageError, match="heterogeneity=3"):
        read_instance(CHAIN, "stg:heterogeneity=3")


def test_stg_with_one_dummy_and_processors_in_the_first_line() -> None:
    graph = read_instance("2 7\n1 5 0\n2 3 1 1\n3 0 1 2\n")
    assert (graph.tasks, graph.processors) == (3, 7)
    assert graph.task(2) == "task 2 (3)"


WORKFLOW = {
    "schemaVersion": "1.5",
    "workflow": {
        "specification": {
            "tasks": [
                {"id": "a", "name": "a", "children": ["b"], "outputFiles": ["f", "g"]},
                {"id": "b", "name": "b", "parents": ["a"], "inputFiles": ["g", "h"]},
            ],
            "files": [{"id": "f", "sizeInBytes": 10}, {"id": "g", "sizeInBytes": 250}],
        },
        "execution": {
            "tasks": [
                {"id": "a", "runtimeInSeconds": 8, "machines": ["slow"]},
                {"id": "b", "runtimeInSeconds": 6},
            ],
            "machines": [
                {"nodeName": "slow", "cpu": {"speedInMHz": 1000}},
                {"nodeName": "fast", "cpu": {"speedInMHz": 2000}},
            ],
        },
    },
}


def test_wfformat_scales_run_times_by_speeds_and_sums_shared_files() -> None:
    graph = read_instance(json.dumps(WORKFLOW) + "\n", "wfformat:bandwidth=50")
    assert graph.work.tolist() == [[8, 4], [9, 4.5]]
    assert graph.volume.tolist() == [250]
    assert graph.delay(0, 1, 250) == 5
    assert graph.processor_names == ("slow", "fast")
    three = read_instance(json.dumps(WORKFLOW) + "\n", "wfformat:processors=3,ccr=2")
    assert three.work.tolist() == [[8] * 3, [6] * 3]
    assert three.delay(0, 1, 250) == pytest.approx(14)


def test_wfformat_before_1_5() -> None:
    old = {
        "workflow": {
            "tasks": [
                {
                    "name": "a",
                    "runtime": 4,
                    "machine": "m",
                    "files": [{"name": "f", "link": "output", "size": 7}],
                },
                {
                    "name": "b",
                    "runtimeInSeconds": 5,
                    "parents": ["a"],
                    "files": [{"name": "f", "link": "input"}],
                },
            ],
            "machines": [{"nodeName": "m"}],
        }
    }
    graph = read_instance(json.dumps(old) + "\n")
    assert graph.work.tolist() == [[4], [5]]
    assert graph.volume.tolist() == [7]


def test_dagbench_has_related_machines() -> None:
    data = {
        "task_graph": {
            "tasks": [{"name": "a", "cost": 6}, {"name": "b", "cost": 4}],
            "dependencies": [{"source": "a", "target": "b", "size": 9}],
        },
        "network": {
            "nodes": [{"name": "0", "speed": 2}, {"name": "1", "speed": 1}],
            "edges": [
                {"source": "0", "target": "0", "speed": 1e9},
                {"source": "0", "target": "1", "speed": 3},
            ],
        },
    }
    graph = read_instance(json.dumps(data) + "\n")
    assert graph.work.tolist() == [[3, 6], [2, 4]]
    assert graph.delay(1, 0, 9) == 3


DS3 = """job_name J
add_new_tasks 2
t1 0
t1 HEAD
t1 earliest_start 2 deadline 9
t2 1 0
t2 TAIL
t2 earliest_start 0 deadline 9
comm_vol 0 1 8
"""


def test_ds3_passes_data_through_the_memory(tmp_path: Path) -> None:
    job = tmp_path / "job.txt"
    job.write_text(DS3)
    (tmp_path / "my.SoC.txt").write_text((DATA / "soc.txt").read_text())
    graph = read_instance(str(job))
    assert graph.work.tolist() == [[3, np.inf], [4, 1]]
    assert graph.delay(0, 1, 8) == 8 / 2 + 8 / 4
    assert graph.release_dates.tolist() == [2, 0]
    assert np.isinf(graph.deadlines).all()
    assert read_instance(str(job), "ds3:deadlines=yes").deadlines.tolist() == [9, 9]
    stream = read_instance(str(job), "ds3:jobs=3,interval=10,seed=1")
    assert (stream.tasks, stream.edges) == (6, 3)
    assert stream.release_dates[0] == 2
    assert stream.release_dates[2] > stream.release_dates[3] > 0
    (tmp_path / "other.SoC.txt").write_text("")
    with pytest.raises(UsageError, match=r"found 2 files .*soc=DASH"):
        read_instance(str(job))
    assert read_instance(str(job), "ds3:soc=my.SoC.txt") == graph


def test_the_tables_of_heft_programs_stand_in_three_files_or_one(tmp_path: Path) -> None:
    graph = generate.layered(tasks=7, processors=2, seed=1)
    for part, ending in zip(
        dump_instance(graph, "heft-csv").split("\n\n"),
        ("task_exe_time", "task_connectivity", "resource_BW"),
        strict=True,
    ):
        (tmp_path / f"g_{ending}.csv").write_text(part)
    for path in tmp_path.iterdir():
        assert read_instance(str(path)) == graph
    with pytest.raises(UsageError, match="use json"):
        dump_instance(TaskGraph.of([[1, 2]], startup=1.0), "heft-csv")


def test_networkx_in_and_out() -> None:
    graph = nx.DiGraph(bandwidth=2, startup=1, speed=[1, 2], processor_names=["p", "q"])
    graph.add_node("a", cost=6)
    graph.add_node("b", work="4, inf", release_date=3, deadline=90, memory=2)
    graph.add_edge("a", "b", volume=8)
    made = from_networkx(graph)
    assert made.work.tolist() == [[6, 3], [4, np.inf]]
    assert made.delay(0, 1, 8) == 5
    assert (made.release_dates[1], made.deadlines[1], made.memory[1]) == (3, 90, 2)
    assert from_networkx(to_networkx(made)) == made
    result = ordino.solve(graph, solver="heft")
    assert result.fingerprint == made.fingerprint()
    assert ordino.check(graph, result).valid
    result = ordino.solve(made, time_limit=10)
    assert (result.objective, result.status) == (10, "optimal")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda g: g.add_node("c"), "node c: the attribute work is missing"),
        (lambda g: g.add_node("c", work=[1]), "node c: expected work on 2 processors"),
        (lambda g: g.add_node("c", work="1 x"), "work of node c: expected a number, got x"),
        (lambda g: g.add_node("c", wrok=[1, 2]), "did you mean wrok"),
        (lambda g: g.add_edge("b", "a"), "a cycle: task 0 "),
        (lambda g: g.add_edge("a", "b", volume="x"), "volume of edge a -> b"),
        (lambda g: g.clear(), "at least one node"),
    ],
)
def test_networkx_graphs_that_are_none(change, message: str) -> None:
    graph = nx.DiGraph()
    graph.add_node("a", work=[1, 2])
    graph.add_node("b", work=[1, 2])
    graph.add_edge("a", "b")
    change(graph)
    with pytest.raises(InstanceError, match=message):
        from_networkx(graph)
    with pytest.raises(InstanceError, match="DiGraph"):
        from_networkx(nx.Graph())


@pytest.mark.parametrize("format", ["graphml", "dot", "node-link", "json"])
def test_formats_that_hold_everything(format: str) -> None:
    graph = TaskGraph.of(
        [[1.25, float("inf")], [2, 1e-7], [3, 3]],
        [(0, 1, 0.1), (0, 2, 7)],
        bandwidth=[[1, 0.3], [4, 1]],
        startup=[[0, 2], [0.5, 0]],
        release_dates=[0, 1, 2],
        deadlines=[float("inf"), 50, 60.5],
        memory=[1, 2, 3],
        capacity=[10, float("inf")],
        price=[1, 2],
        name='a "b"',
        task_names=["x", 'y "1" \\', "z"],
        processor_names=["p", "q"],
    )
    again = read_instance(dump_instance(graph, format) + "\n")
    assert again == graph
    assert (again.name, again.task_names) == (graph.name, graph.task_names)
    assert again.processor_names == graph.processor_names


def test_a_placement_as_a_solution() -> None:
    graph = TaskGraph.of([[1, 2], [3, 1]], [(0, 1, 1)])
    solution, _ = read_solution("1 1 2.0\n0 0 0\n", graph)
    assert ordino.check(graph, solution).objective == 3
    for text, message in (
        ("0 0 0\n", "task 1 is missing"),
        ("0 0 0\n0 0 0\n", "each once, got 0"),
        ("0 0 x\n1 0 1\n", "expected a time"),
        ("0 0 0\n9 0 1\n", "got 9"),
    ):
        with pytest.raises(InputError, match=message):
            read_solution(text, graph)


@pytest.mark.parametrize("spec", FAMILY.generators, ids=lambda spec: spec.name)
def test_generators_refuse_what_makes_no_sense(spec) -> None:
    make = resolve(spec.make)
    for wrong in ({"processors": 0}, {"ccr": -1.0}, {"heterogeneity": 2.5}, {"work": 0.0}):
        with pytest.raises(UsageError, match="expected"):
            make(seed=1, **wrong)


def test_generated_graphs_have_the_size_of_their_algorithm() -> None:
    assert generate.gaussian_elimination(size=5).tasks == 14
    assert generate.fft(points=8).tasks == 15 + 24
    assert generate.fork_join(width=3, stages=2).tasks == 9
    stream = generate.ds3_stream(jobs=4, tasks=10, interval=20.0)
    assert stream.tasks == 40
    assert np.unique(stream.release_dates).size == 4
    with pytest.raises(UsageError, match="power of 2"):
        generate.fft(points=6)
    dear = generate.layered(tasks=200, ccr=5.0, seed=2)
    assert dear.volume.mean() == pytest.approx(5 * dear.work.mean(), rel=0.1)


def test_a_file_of_half_a_million_edges() -> None:
    tasks, width = 2000, 250
    edges = [[i, i + k + 1, 1] for i in range(tasks) for k in range(width) if i + k + 1 < tasks]
    assert len(edges) > 450_000
    data = {"ordino": 1, "family": "taskgraph", "work": [[1, 2]] * tasks, "edges": edges}
    text = json.dumps(data) + "\n"
    began = time.monotonic()
    graph = read_instance(text)
    assert graph.edges == len(edges)
    assert time.monotonic() - began < 20


def test_every_public_file_is_recognised(public_data: Path) -> None:
    folder = public_data / "dag"
    counts: dict[str, int] = {}
    for path in sorted(folder.rglob("*.*")):
        if path.suffix != ".md" and "SoC" not in path.name:
            graph = ordino.read(path)
            assert isinstance(graph, TaskGraph)
            assert graph.tasks >= 1
            counts[path.parent.name] = counts.get(path.parent.name, 0) + 1
    assert counts == {"dagbench": 26, "ds3": 8, "stg": 13, "topcuoglu": 6, "wfformat": 24}
