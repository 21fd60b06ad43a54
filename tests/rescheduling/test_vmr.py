"""Snapshots as VMR2L publishes them: what is read, what is refused, what is reached."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ordino
from ordino.core.errors import InputError
from ordino.instances.reading import read_all, read_instance

DATA = Path(os.environ.get("ORDINO_DATA", ""), "pods/vmr")
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the public sets are not here")

NODE = {"total_cpu": 44, "free_cpu": 0, "memory_huge_total_mb": 1000.5}
HOST = {"status": "ACTIVE", "numa": [{"node": 0} | NODE, {"node": 1} | NODE]}
SMALL: dict[str, Any] = {
    "cluster_list": [
        {
            "cluster_name": "west",
            "host_info": [
                {"node_id": "h1", "rack_id": "r1"} | HOST,
                {"node_id": "h2", "rack_id": 7} | HOST | {"status": "OUTAGE"},
            ],
            "vm_instance": [
                {
                    "instance_id": "a",
                    "host_id": "h1",
                    "allow_migration": 0,
                    "numa": [{"node": 1, "cpu": 4, "mem_mb": 10.5}],
                },
                {
                    "instance_id": "b",
                    "host_id": "h2",
                    "numa": [{"node": k, "cpu": 8, "mem_mb": 20} for k in (0, 1)],
                },
            ],
            "other_requirement": {
                "deployment_set": [
                    {"granularity": "host", "data": ["a", "b", "elsewhere"]},
                    {"granularity": "rack", "data": ["a", "elsewhere"]},
                ]
            },
        }
    ]
}


def test_a_snapshot_is_read() -> None:
    instance = read_instance(json.dumps(SMALL) + "\n")
    assert (instance.name, instance.hosts, instance.vms) == ("west", 2, 2)
    assert instance.memory.tolist() == [[1000, 1000]] * 2
    assert instance.takes_memory.tolist() == [11, 20]
    assert instance.spans.tolist() == [0, 1]
    assert instance.movable.tolist() == [0, 1]
    assert instance.accepts.tolist() == [1, 0]
    assert instance.rack.tolist() == [0, 1]
    assert instance.host_sets == ((0, 1),)
    assert instance.rack_sets == ()
    assert instance.max_moves == 1


def broken(path: list[Any], value: Any) -> str:
    data = copy.deepcopy(SMALL)
    place: Any = data["cluster_list"][0]
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return json.dumps(data) + "\n"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["host_info"], [], "host_info: expected at least one host"),
        (["host_info", 1, "node_id"], "h1", "node_id: a second host of this name"),
        (["host_info", 1, "numa"], [], "expected 2 NUMA nodes, got 0"),
        (["host_info", 0, "numa", 0, "node"], 1, "expected NUMA nodes 0, 1"),
        (["host_info", 0, "numa", 0, "total_cpu"], -4, "total_cpu: expected a number of at least"),
        (["host_info", 0, "numa", 1, "total_cpu"], 3, "NUMA node 1 of host h1 has less"),
        (["host_info", 0, "status"], 5, "status: expected a text"),
        (["vm_instance", 0, "host_id"], "h9", "host_id: there is no such host"),
        (["vm_instance", 0, "instance_id"], "b", "a second VM of this name"),
        (["vm_instance", 0, "allow_migration"], "yes", "expected true or false"),
        (["vm_instance", 0, "numa"], [], "expected one NUMA node, or all 2"),
        (["vm_instance", 1, "numa", 0, "cpu"], 9, "expected the same of every NUMA node"),
        (["vm_instance", 1, "numa", 0, "node"], 1, "expected one NUMA node, or all 2"),
        (["vm_instance", 0, "numa", 0, "node"], 2, "node: expected an integer of at most 1"),
        (["vm_instance", 0, "numa", 0, "cpu"], 1e300, "cpu: expected a number below"),
        (["other_requirement", "deployment_set", 0, "granularity"], "row", "expected host or rack"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(path: list[Any], value: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_instance(broken(path, value))
    assert ":1:" in str(caught.value)


@needs_data
def test_public_snapshots() -> None:
    dense = read_all(DATA / "json_stream_c1_2022-03-28_32c.json")
    wide = read_all(DATA / "instance_3000vm_1_1.json")
    sizes = [(each.hosts, each.vms, int(each.movable.sum())) for each in (*wide, *dense)]
    assert sizes == [(254, 591, 591), (1010, 2409, 2409), (237, 1934, 1829), (43, 155, 126)]
    rates = []
    for each in (*wide, *dense):
        free = int(each.free_cores(each.host, each.numa).sum())
        rates.append(round(each.fragmented(each.host, each.numa) / free, 4))
    assert rates == [0.5008, 0.4878, 0.924, 0.95]


@needs_data
def test_the_small_snapshot_is_proved_and_the_dense_one_far_better() -> None:
    small, dense = (DATA / f"json_stream_c1_2022-03-28_32c.json#{number}" for number in (2, 1))
    result = ordino.solve(ordino.read(str(small)), time_limit=60, max_moves=10)
    assert (result.status, result.objective) == (ordino.Status.OPTIMAL, 592)
    instance = ordino.read(str(dense))
    found = ordino.solve(
        instance, solver="annealing", iterations=1000, time_limit=60, max_moves=50, workers=1
    )
    free = int(instance.free_cores(instance.host, instance.numa).sum())
    assert found.objective / free <= 0.62
    placement = found.solution
    moved = (placement.host != instance.host) | (placement.numa != instance.numa)
    assert np.count_nonzero(moved) <= 50
