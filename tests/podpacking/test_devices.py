"""Pods that take devices or shares of them: start, annealing, bound, and the trace openb."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import ordino
from ordino.core.budget import Budget
from ordino.core.errors import InputError, InstanceError, UsageError
from ordino.core.incumbent import Incumbent
from ordino.heuristics.podpacking import devices
from ordino.instances.reading import read_instance
from ordino.models.podpacking.check import check
from ordino.models.podpacking.device_bound import device_flow
from ordino.models.podpacking.problem import Cluster, Separation, Topology
from ordino.solvers.podpacking.search import Search

DATA = Path(os.environ.get("ORDINO_DATA", ""), "pods/openb")
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the public sets are not here")


def cluster(rng: np.random.Generator, nodes: int, pods: int, tiers: int = 1) -> Cluster:
    """Nodes with up to four devices, some of another model; pods of up to eight classes."""
    classes = int(rng.integers(2, 9))
    share = rng.choice([0, 0, 200, 350, 500, 650, 800], classes)
    whole = np.where(share > 0, 0, rng.integers(0, 3, classes))
    return Cluster.of(
        rng.integers(8, 20, (nodes, 2)),
        rng.integers(0, 6, (classes, 2)),
        rng.integers(0, classes, pods).tolist(),
        devices=rng.integers(0, 5, nodes),
        share=share,
        whole=whole,
        allowed=rng.random((classes, nodes)) < 0.9,
        priority=rng.integers(0, tiers, classes).tolist(),
        measure="devices",
    )


@pytest.mark.parametrize("seed", range(8))
def test_annealing_beats_its_start_and_keeps_to_the_bound(seed: int) -> None:
    rng = np.random.default_rng(seed)
    instance = cluster(rng, 30, 150, tiers=1 + seed % 2)
    if devices.takes(instance) is not None:
        return
    start = check(instance, devices.device_fit(instance))
    results = [
        ordino.solve(instance, solver="device-annealing", iterations=25, seed=2, time_limit=60)
        for _ in range(2)
    ]
    assert all(result.failures == () for result in results)
    assert results[0].solution == results[1].solution
    assert results[0].objective <= start.objective
    bound = device_flow(instance)
    assert bound is None or bound[0] <= results[0].objective[0]


def test_neighbourhoods_keep_the_devices_of_other_nodes() -> None:
    instance = cluster(np.random.default_rng(3), 30, 150)
    start = ordino.solve(instance, solver="device-fit").solution
    incumbent = Incumbent(instance, check, instance.objective)
    incumbent.offer(start, "start")
    for _ in range(2):
        Search(instance, incumbent, "search").run(Budget.of(20.0, seed=1), steps=15)
    assert incumbent.failures == ()


def test_the_flow_sees_that_halves_of_large_shares_do_not_meet() -> None:
    # three shares of 0.6 on two devices: the sum would fit
    instance = Cluster.of(
        [[10], [10]], [[1]], [0, 0, 0], resources=["cpu"],
        devices=np.array([1, 1]), share=np.array([600]), measure="devices",
    )  # fmt: skip
    assert device_flow(instance) == (599,)
    assert ordino.solve(instance, solver="device-fit").objective[0] == 600
    exact = ordino.solve(instance, solver="cpsat", time_limit=20)
    assert exact.objective[0] == 600


@pytest.mark.parametrize("solver", ["keep", "best-fit", "cpsat", "hybrid"])
def test_running_pods_have_some_device(solver: str) -> None:
    instance = Cluster.of(
        [[10]],
        [[1], [1], [1]],
        [0, 1, 1, 2],
        resources=["cpu"],
        current=[0, 0, 0, -1],
        devices=[3],
        share=[400, 600, 0],
        whole=[0, 0, 1],
    )
    result = ordino.solve(instance, solver=solver, time_limit=10)
    assert result.failures == ()
    assert result.objective == ((1, 0) if solver == "keep" else (0, 0))


@pytest.mark.parametrize("solver", ["keep", "hybrid"])
def test_running_shares_that_fill_their_devices_fit(solver: str) -> None:
    """By size to the first device with room, they would not."""
    instance = Cluster.of(
        [[10]],
        [[1]] * 4,
        [0, 1, 1, 2, 3, 3],
        resources=["cpu"],
        current=[0] * 6,
        devices=[2],
        share=[500, 250, 400, 300],
    )
    assert ordino.solve(instance, solver=solver, time_limit=5).objective == (0, 0)


def test_running_shares_beyond_the_devices_are_refused() -> None:
    with pytest.raises(InstanceError, match="node-1: pods that run there share more"):
        Cluster.of(
            [[9]], [[1]], [0] * 3, resources=["cpu"], current=[0] * 3, devices=[1], share=[400]
        )


def test_whom_the_start_is_not_for() -> None:
    rng = np.random.default_rng(0)
    instance = cluster(rng, 5, 10)
    plain = Cluster.of([[1]], [[1]], [0], resources=["cpu"])
    assert "no devices" in str(devices.takes(plain))
    running = replace(instance, current=np.append(0, instance.current[1:]))
    assert "run already" in str(devices.takes(running))
    apart = (Separation(0, (0,), (0,)),)
    ruled = replace(instance, separations=apart, topologies=(Topology("", np.arange(5)),))
    assert "rules between pods" in str(devices.takes(ruled))


NODES = "sn,cpu_milli,memory_mib,gpu,model\na,32000,1000,0,\nb,64000,2000,2,T4\nc,1000,500,1,G2\n"
PODS = (
    "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time\n"
    "p1,1000,10,1,1000,T4|G3,LS,Running,7\np2,1000,10,1,460,,BE,Running,8\n"
    "p3,500,10,0,0,,BE,Running,\n"
)


def written(folder: Path, pods: str, nodes: str = NODES) -> str:
    (folder / "some_node_list.csv").write_text(nodes)
    (folder / "pods.csv").write_text(pods)
    return str(folder / "pods.csv")


def test_openb_is_read_with_the_nodes_beside_it(tmp_path: Path) -> None:
    instance = read_instance(written(tmp_path, PODS))
    assert isinstance(instance, Cluster)
    assert (instance.nodes, instance.pods, instance.measure) == (3, 3, "devices")
    assert instance.devices.tolist() == [0, 2, 1]
    assert instance.share[instance.kind].tolist() == [0, 460, 0]
    assert instance.whole[instance.kind].tolist() == [1, 0, 0]
    assert instance.barred[instance.eligibility[instance.kind[0]]].tolist() == [1, 0, 1]
    assert not instance.barred[instance.eligibility[instance.kind[1]]].any()
    assert instance.capacity[1].tolist() == [64000, 2000 * 2**20]
    result = ordino.solve(instance, time_limit=10)
    assert result.objective == (0, 0)
    tiers = read_instance(written(tmp_path, PODS), "openb:tiers=qos")
    assert tiers.priorities == (4, 1)


@pytest.mark.parametrize(
    ("pods", "nodes", "message"),
    [
        (PODS.replace("gpu_milli,", "gpu,", 1), NODES, "expected one column gpu_milli, got 0"),
        (PODS.replace("p2", "p1"), NODES, "pods.csv:3: a second pod p1"),
        (PODS.replace(",460,", ",1460,"), NODES, "pods.csv:3: gpu_milli: expected at most 1000"),
        (PODS.replace("p2,1000", "p2,-5"), NODES, "cpu_milli: expected an integer of at least 0"),
        (PODS + "p4,1\n", NODES, "pods.csv:5: expected 9 columns, got 2"),
        (PODS.split("\n", maxsplit=1)[0] + "\n", NODES, "expected a row a pod"),
        (PODS, NODES.replace("\nb,", "\na,"), "some_node_list.csv:3: a second node a"),
        (PODS, NODES.replace(",2,T4", ",99,T4"), "gpu: expected at most 64, got 99"),
        (PODS, NODES.split("\n", maxsplit=1)[0] + "\n", "expected a row a node"),
    ],
)
def test_broken_lists_are_located(tmp_path: Path, pods: str, nodes: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_instance(written(tmp_path, pods, nodes), "openb")
    assert message in str(caught.value)


def test_a_list_without_nodes(tmp_path: Path) -> None:
    (tmp_path / "pods.csv").write_text(PODS)
    with pytest.raises(UsageError, match=r"no .*node_list"):
        read_instance(str(tmp_path / "pods.csv"))
    with pytest.raises(InputError, match="can't be read"):
        read_instance(str(tmp_path / "pods.csv"), "openb:nodes=none.csv")
    with pytest.raises(InputError, match="qos: expected one of"):
        read_instance(written(tmp_path, PODS.replace(",BE,", ",XX,")), "openb:tiers=qos")


@needs_data
def test_the_trace_comes_close_to_its_bound() -> None:
    instance = read_instance(str(DATA / "openb_pod_list_default.csv"))
    assert (instance.nodes, instance.pods, instance.classes) == (1523, 8152, 151)
    assert device_flow(instance) == (87142,)
    result = ordino.solve(
        instance, solver="device-annealing", iterations=400, workers=1, time_limit=60
    )
    assert result.objective[0] < 110_000
