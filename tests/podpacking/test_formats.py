"""Formats and generators of clusters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kits.broken import located_error

import ordino
from ordino.core.errors import UsageError
from ordino.instances.podpacking.carrying import write_kubectl_script
from ordino.instances.podpacking.generate import priority_matters
from ordino.instances.podpacking.quantity import quantity
from ordino.instances.reading import dump_instance, read_all, read_instance
from ordino.models.podpacking.check import check
from ordino.models.podpacking.problem import (
    DAEMON,
    FREE,
    PINNED,
    PROTECTED,
    Cluster,
    Plan,
)
from ordino.models.podpacking.rules import ZONE

BROKEN = Path(__file__).parents[1] / "data" / "podpacking" / "broken"

EXPECTED = {
    "alias.yaml": ":8:3: no valid YAML: an alias",
    "barred_node_out_of_range.json": ":36:3: barred[0]: node '1': expected 0 to 0",
    "budget_of_unknown_class.json": ":1:1: a budget names class 99, expected 0 to 0",
    "capacity_of_two.json": ":13:16: nodes[0].capacity: expected 1 items, got 2",
    "class_out_of_range.json": ":1:1: class 0 is 1, expected less than 1",
    "cut_off_in_the_middle.json": ":37:5: no valid JSON: Expecting ',' delimiter",
    "item_of_nothing.json": ":5:3: items[0]: expected an object, got null",
    "list_goes_on_elsewhere.json": ":1:1: the list goes on elsewhere (metadata.continue)",
    "name_as_binary.yaml": ": metadata.name: expected a text, got \"b'hello'\"",
    "name_as_set.yaml": ": metadata.name: expected a text, got \"{'a'}\"",
    "name_as_timestamp.yaml": ': metadata.name: expected a text, got "2025-01-31"',
    "no_containers.json": ':26:12: items[1].spec: the field "containers" is mis',
    "no_nodes.json": ": no Node among the objects: kubectl get nodes,pods ",
    "pod_on_unknown_node.json": ":19:3: items[1]: pod test/p is bound to node b, whic",
    "protected_but_waiting.json": ":1:1: pod p is protected, but runs nowhere",
    "quantity_beyond_2_62.json": ":14:16: items[0].status.allocatable.memory: memory i",
    "quantity_negative.json": ":13:13: items[0].status.allocatable.cpu: cpu is -2, ",
    "quantity_out_of_grammar.json": ":32:16: items[1].spec.containers[0].resources.reques",
    "quantity_wrong_case.json": ":14:16: items[0].status.allocatable.memory: quantity",
    "replicas_of_half.jsonl": ":1: replicasets[0].replicas: expected an integer, go",
    "skew_of_zero.json": ":40:18: items[1].spec.topologySpreadConstraints[0].m",
    "total_beyond_2_62.json": ":1:1: the total request of cpu may reach 46116860184",
    "two_nodes_of_one_name.json": ":19:3: items[1]: a second node is called a",
    "two_pods_of_one_name.json": ":43:3: items[2]: a second pod is called test/p",
    "unclosed.yaml": ":4:1: no valid YAML: did not find expected node cont",
    "unknown_goal.json": ":1:1: goal pack: expected place or drain",
    "unknown_hold.json": ":29:12: pods[0].hold: 'pined': did you mean pinned?",
    "unknown_operator.json": ":46:24: items[1].spec.affinity.nodeAffinity.required",
    "unknown_when_unsatisfiable.json": ":42:28: items[1].spec.topologySpreadConstraints[0].w",
    "unknown_priority_class.json": ":19:3: items[1]: pod test/p has no priority, and its",
}


@pytest.mark.parametrize("name", sorted(path.name for path in BROKEN.iterdir()))
def test_each_broken_file_gives_one_located_error(name: str) -> None:
    message = located_error(BROKEN / name)
    assert message.startswith(name + EXPECTED[name])


def test_every_broken_file_is_there() -> None:
    assert sorted(EXPECTED) == sorted(path.name for path in BROKEN.iterdir())


@pytest.mark.parametrize(
    ("text", "units", "thousandths"),
    [
        ("1", 1, 1000),
        ("1.", 1, 1000),
        (".5", 1, 500),
        ("100m", 1, 100),
        ("0.1m", 1, 1),
        ("1500u", 1, 2),
        ("1n", 1, 1),
        ("1.5Gi", 1610612736, 1610612736000),
        ("1536Mi", 1610612736, 1610612736000),
        ("2k", 2000, 2000000),
        ("1E", 10**18, 10**21 if 10**21 < 2**63 else 2**63 - 1),
        ("1e3", 1000, 1000000),
        ("12E-1", 2, 1200),
        ("+3", 3, 3000),
        ("99Ei", 2**63 - 1, 2**63 - 1),
        ("1e9999", 2**63 - 1, 2**63 - 1),
        ("-2", -2, -2000),
    ],
)
def test_quantities_as_kubernetes_reads_them(text: str, units: int, thousandths: int) -> None:
    assert quantity(text) == units
    assert quantity(text, 3) == thousandths


@pytest.mark.parametrize(
    "text",
    [
        "",
        "m",
        "1 ",
        "1K",
        "1gi",
        "1Mib",
        "1.2.3",
        "--1",
        "1e",
        "1e1.5",
        "0x10",
        "1_0",
        "\u0661",
        "1" * 90,
    ],
)
def test_what_is_no_quantity(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        quantity(text)


def test_the_generator_gives_the_authors_cluster() -> None:
    cluster = priority_matters(seed=484806185843093489, nodes=4, pods_per_node=4, usage=0.95)
    assert cluster.capacity[0].tolist() == [1926, 2103397777, 512]
    assert cluster.pod_names[:5] == tuple(
        f"test/rs-0{i}" for i in ("1-p3-0", "1-p3-1", "1-p3-2", "1-p3-3", "2-p2-0")
    )
    assert cluster.demand[cluster.kind[0]].tolist() == [427, 343966759, 1]
    with pytest.raises(UsageError, match="usage"):
        priority_matters(seed=1, usage=0)


def test_the_generator_reproduces_the_public_instances(public_data: Path) -> None:
    path = public_data / "pods" / "priority_matters" / "instances.jsonl"
    if not path.exists():
        pytest.skip("the set pods/priority_matters is missing")
    lines = path.read_text().splitlines()
    for line, cluster in list(zip(lines, read_all(path), strict=True))[::16]:
        data = json.loads(line)
        assert cluster == priority_matters(
            seed=int(data["seed"]),
            nodes=data["nodes"],
            pods_per_node=data["pods"] // data["nodes"],
            priorities=data["priorities"],
            usage=data["util"],
        )


def node(name: str, labels: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels or {}},
        "spec": spec,
        "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "10"}},
    }


def pod(name: str, on: str = "", labels: dict[str, str] | None = None, **spec: Any) -> dict:
    own = spec.pop("metadata", {})
    container = {"resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}
    container |= {"env": [{"name": "PASSWORD", "value": "hunter2"}], "image": "secret-image"}
    owner = {"kind": "ReplicaSet", "name": name.rpartition("-")[0], "controller": True}
    metadata = {"name": name, "labels": labels or {}, "ownerReferences": [owner]}
    spec = {"containers": [container]} | ({"nodeName": on} if on else {}) | spec
    return {"kind": "Pod", "apiVersion": "v1", "metadata": metadata | own, "spec": spec}


def cluster_of(*items: dict[str, Any]) -> Cluster:
    text = json.dumps({"kind": "List", "apiVersion": "v1", "items": items}, indent=1) + "\n"
    made = read_instance(text)
    assert isinstance(made, Cluster)
    assert read_instance(text.replace("\n", "\r\n")) == made
    assert "hunter2" not in json.dumps(made.to_data()) + repr(made)
    assert "secret-image" not in json.dumps(made.to_data())
    return made


def test_pods_that_are_alike_are_one_class_and_requests_are_summed() -> None:
    init = [
        {"restartPolicy": "Always", "resources": {"requests": {"cpu": "100m"}}},
        {"resources": {"requests": {"cpu": "3"}, "limits": {"memory": "100Mi"}}},
    ]
    made = cluster_of(
        node("a"),
        pod("web-1", "a"),
        pod("web-2"),
        pod("job-1", initContainers=init, overhead={"memory": "1"}),
    )
    assert made.kind.tolist() == [0, 0, 1]
    assert made.current.tolist() == [0, -1, -1]
    assert made.resources == ("cpu", "memory", "pods")
    assert made.demand.tolist() == [[1000, 2**30, 1], [3100, 2**30 + 1, 1]]
    assert made.capacity.tolist() == [[4000, 2**33, 10]]
    assert made.workload_names == ("default/ReplicaSet/web", "default/ReplicaSet/job")


def test_eligibility_names_its_reasons() -> None:
    taint = {"key": "gpu", "value": "yes", "effect": "NoSchedule"}
    terms = [{"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]}]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    away = node("")["status"] | {"conditions": [{"type": "Ready", "status": "Unknown"}]}
    made = cluster_of(
        node("cordoned", unschedulable=True),
        node("tainted", taints=[taint]),
        node("plain", {"disk": "hdd"}),
        node("fast", {"disk": "ssd"}),
        pod("a-1", nodeSelector={"disk": "ssd"}),
        pod("b-1", affinity={"nodeAffinity": required}),
        pod("c-1", tolerations=[{"operator": "Exists"}]),
        node("away") | {"status": away},
    )

    def why(c: int) -> list[str]:
        return [made.reasons[code] for code in made.barred[made.eligibility[c]]]

    barred = ["cordoned", "taint gpu=yes:NoSchedule"]
    assert why(0) == [*barred, "its node selector", "", "not ready"]
    assert why(1) == [*barred, "its node affinity", "", "not ready"]
    assert why(2) == [""] * 5


def on_node(name: str) -> dict[str, Any]:
    field = {"key": "metadata.name", "operator": "In", "values": [name]}
    required = {"nodeSelectorTerms": [{"matchFields": [field]}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}


def test_pods_of_a_daemonset_are_one_class() -> None:
    daemon = {"ownerReferences": [{"kind": "DaemonSet", "name": "log", "controller": True}]}
    made = cluster_of(
        *(node(name) for name in "abc"),
        *(pod(f"log-{j}", j, metadata=daemon, affinity=on_node(j)) for j in "ab"),
        pod("log-c", metadata=daemon, affinity=on_node("c")),
    )
    assert made.kind.tolist() == [0, 0, 1]
    assert made.barred[made.eligibility[0]].all()
    assert made.barred[made.eligibility[1]].astype(bool).tolist() == [True, True, False]


def test_a_spread_looks_at_nodes_that_suit_and_have_all_its_keys() -> None:
    spreads = [
        {"maxSkew": 1, "topologyKey": key, "whenUnsatisfiable": "DoNotSchedule"}
        | {"labelSelector": {"matchLabels": {"app": "web"}}}
        for key in ("zone", "rack")
    ]
    rules = {"topologySpreadConstraints": spreads, "nodeSelector": {"pool": "web"}}
    made = cluster_of(
        node("a", {"zone": "x", "rack": "1", "pool": "web"}),
        node("b", {"zone": "y", "rack": "2", "pool": "web"}),
        node("c", {"zone": "x", "rack": "1", "pool": "other"}),
        node("d", {"zone": "x", "pool": "web"}),
        *(pod(f"old-{j}", j, labels={"app": "web"}) for j in "cd"),
        pod("web-1", labels={"app": "web"}, **rules),
    )
    domains = [made.topologies[rule.topology].domain.tolist() for rule in made.spreads]
    assert domains == [[0, 1, -1, -1]] * 2
    for j, valid in enumerate((True, True, False, False)):
        assert check(made, Plan([2, 3, j])).valid is valid


def test_rules_between_pods() -> None:
    term = {"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "db"}}}
    required = "requiredDuringSchedulingIgnoredDuringExecution"
    spread = {"maxSkew": 2, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}
    spread["labelSelector"] = {"matchLabels": {"app": "web"}}
    ports = [{"ports": [{"hostPort": 80}]}]
    made = cluster_of(
        node("a", {"zone": "x"}),
        node("b", {"zone": "y"}),
        node("c"),
        pod("db-1", labels={"app": "db"}, affinity={"podAntiAffinity": {required: [term]}}),
        pod("web-1", labels={"app": "web"}, topologySpreadConstraints=[spread]),
        pod("near-1", affinity={"podAffinity": {required: [term]}}),
        pod("edge-1", containers=ports),
        {
            "kind": "PodDisruptionBudget",
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {"selector": {"matchLabels": {"app": "web"}}},
            "status": {"disruptionsAllowed": 1},
        },
    )
    apart, port = made.separations
    assert (apart.owners, apart.targets, made.topologies[apart.topology].key) == (
        (0,),
        (0,),
        "zone",
    )
    assert (port.kind, port.owners, port.targets) == ("host port", (3,), (3,))
    (near,) = made.affinities
    assert (near.owners, near.targets) == ((2,), (0,))
    (rule,) = made.spreads
    assert (rule.owners, rule.targets, rule.max_skew, rule.domains) == ((1,), (1,), 2, (0, 1))
    (budget,) = made.budgets
    assert (budget.members, budget.allowed, budget.name) == ((1,), 1, "default/web")
    assert made.topologies[apart.topology].domain.tolist() == [0, 1, -1]


def test_the_default_scheduler_is_told_of_zones() -> None:
    made = cluster_of(node("a", {ZONE: "x"}), node("b"), pod("web-1"))
    assert [(each.key, each.domain.tolist()) for each in made.topologies] == [(ZONE, [0, -1])]


def test_who_is_drawn_to_the_first_of_its_like_is_told() -> None:
    term = {"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "web"}}}
    rule = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    labels = {"app": "web"}
    items = [
        node("a", {"zone": "x"}),
        pod("new-1", labels=labels, affinity=rule),
        pod("web-1", labels=labels),
    ]
    told = "1 waiting pods are kept with the first that has affinity by zone, which they match"
    assert cluster_of(*items).notes == (told,)
    assert cluster_of(*items, pod("old-1", "a", labels=labels)).notes == ()


def test_namespaces_are_chosen_by_their_labels() -> None:
    chosen = {"matchLabels": {"team": "a"}}
    term = {"topologyKey": "zone", "labelSelector": {}, "namespaceSelector": chosen}
    rule = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    spaces = [
        {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": name, "labels": labels}}
        for name, labels in (("one", {"team": "a"}), ("two", {"team": "b"}))
    ]
    made = cluster_of(
        *spaces,
        node("a"),
        pod("x-1", metadata={"namespace": "one"}),
        pod("y-1", metadata={"namespace": "two"}),
        pod("z-1", metadata={"namespace": "two"}, affinity=rule),
    )
    (apart,) = made.separations
    assert (apart.owners, apart.targets, made.notes) == ((2,), (0,), ())


def test_host_ports_of_steps_before_the_start_do_not_count() -> None:
    def container(port: int, **more: str) -> dict[str, Any]:
        return {"ports": [{"hostPort": port}], **more}

    steps = [container(81), container(82, restartPolicy="Always")]
    made = cluster_of(node("a"), pod("x-1", containers=[container(80)], initContainers=steps))
    assert [rule.text for rule in made.separations] == ["host port 80/TCP", "host port 82/TCP"]


def test_who_stays() -> None:
    bare = {"ownerReferences": []}
    daemon = {"ownerReferences": [{"kind": "DaemonSet", "name": "log", "controller": True}]}
    keep = {"annotations": {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false"}}
    claim = [{"name": "data", "persistentVolumeClaim": {"claimName": "x"}}]
    items = [
        node("a"),
        pod("web-1", "a"),
        pod("bare", "a", metadata=bare),
        pod("log-1", "a", metadata=daemon),
        pod("keep-1", "a", metadata=keep),
        pod("data-1", "a", volumes=claim),
        pod("gone-1", "a", metadata={"deletionTimestamp": "2025-01-31T12:00:00Z"}),
        pod("dns-1", "a", priority=2_000_000_000),
        pod("gated-1", schedulingGates=[{"name": "wait"}]),
        pod("done-1", "a") | {"status": {"phase": "Succeeded"}},
    ]
    made = cluster_of(*items)
    assert made.hold.tolist() == [FREE, PINNED, DAEMON, PINNED, PINNED, PINNED, PROTECTED]
    assert made.notes[:5] == (
        "1 waiting pods behind scheduling gates are left out",
        "1 running pods that an annotation forbids to disturb stay on their node",
        "1 running pods that are being deleted stay on their node",
        "1 running pods without a controller stay on their node",
        "1 running pods with volume claims stay on their node",
    )
    answer = ordino.explain(made, pod="gated-1").summary
    reason = "it is one of the waiting pods behind scheduling gates"
    assert answer == f"pod default/gated-1 is left out: {reason}"
    assert read_instance(dump_instance(made)).left_out == made.left_out != ()
    text = json.dumps({"kind": "List", "apiVersion": "v1", "items": items}) + "\n"
    loose = read_instance(text, "kubectl:volumes=move,bare=move")
    assert loose.hold.tolist() == [FREE, FREE, DAEMON, PINNED, FREE, PINNED, PROTECTED]


def test_what_is_not_modelled_is_told() -> None:
    term = {"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "web"}}}
    chosen = term | {"namespaceSelector": {"matchLabels": {"team": "a"}}}
    every = term | {"namespaceSelector": {}}

    def apart(term: dict[str, Any]) -> dict[str, Any]:
        rule = {"requiredDuringSchedulingIgnoredDuringExecution": [term]}
        return {"podAntiAffinity": rule}

    claims = [{"name": "gpu"}]
    soft = {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1}]}
    spread = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}
    volumes = [{"name": "x", "hostPath": {}}, {"name": "y", "secret": {}}]
    daemon = {"ownerReferences": [{"kind": "DaemonSet", "name": "log", "controller": True}]}
    made = cluster_of(
        node("a", taints=[{"key": "old", "effect": "PreferNoSchedule"}]),
        pod("soft-1", affinity={"nodeAffinity": soft, "podAffinity": soft}),
        pod("soft-2", affinity={"nodeAffinity": soft}, topologySpreadConstraints=[spread]),
        pod("disk-1", volumes=volumes),
        pod("log-1", "a", metadata=daemon, volumes=volumes),
        pod("one-1", affinity=apart(chosen)),
        pod("two-1", affinity=apart(every), resourceClaims=claims),
    )
    assert made.notes == (
        "1 pods with a namespaceSelector, read as all: no Namespace is told of",
        "1 pods with hostPath volumes, which are not modelled",
        "2 pods with preferred nodeAffinity, which are not modelled",
        "1 pods with preferred podAffinity, which are not modelled",
        "1 pods with resourceClaims, which are not modelled",
        "1 pods with topology spread of ScheduleAnyway, which are not modelled",
        "1 nodes with PreferNoSchedule taints, which are not modelled",
    )


def test_a_crowded_node_is_told_and_planned_from() -> None:
    crowd = [pod(f"web-{i}", "a") for i in range(5)]
    made = cluster_of(node("a"), node("b"), *crowd, pod("new-1"))
    assert made.notes == (
        "node a holds more than it has room for (cpu): its pods may stay, none may arrive",
    )
    result = ordino.solve(made, time_limit=10)
    assert result.objective == (0, 0)
    assert [e.message for e in result.trace if e.kind == "note"] == list(made.notes)


def test_yaml_says_the_same_as_json() -> None:
    yaml = pytest.importorskip("yaml")
    items = [node("a"), pod("web-1", "a"), pod("web-2")]
    written = yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": items})
    assert read_instance(written) == cluster_of(*items)
    several = "---\n".join(yaml.safe_dump(each) for each in items)
    assert read_instance(several) == cluster_of(*items)


def test_a_list_may_begin_with_large_objects_of_other_kinds() -> None:
    yaml = pytest.importorskip("yaml")
    large = {"apiVersion": "v1", "data": {"x": "y" * 100_000}, "kind": "ConfigMap"}
    written = {"apiVersion": "v1", "items": [large, node("a"), pod("web-1")], "kind": "List"}
    for text in (json.dumps(written, indent=4), yaml.safe_dump(written)):
        assert read_instance(text).notes == ("1 of kind ConfigMap: not looked at",)


def test_what_if() -> None:
    made = cluster_of(node("a"), node("b"), pod("web-1", "a"), pod("web-2", "b"), pod("db-1", "a"))
    adjusted = ordino.core.registry.family("podpacking").adjusted
    more = adjusted(made, {"add_node": "a=2", "scale": "web=4"})
    assert more.node_names == ("a", "b", "a-copy-1", "a-copy-2")
    assert more.pod_names[3:] == ("default/web-new-1", "default/web-new-2")
    assert more.current.tolist() == [0, 1, 0, -1, -1]
    less = adjusted(made, {"remove_node": "b", "scale": "web=1", "max_moves": "3"})
    assert (less.node_names, less.pod_names) == (("a",), ("default/web-1", "default/db-1"))
    assert less.max_moves == 3
    held = adjusted(made, {"protect": "*/web-1"})
    assert held.hold.tolist() == [PROTECTED, FREE, FREE]
    assert held.kind[0] != held.kind[1]
    assert adjusted(made, {"goal": "drain", "node_cost": "cpu"}).cost.tolist() == [4000, 4000]
    for wrong in ({"remove_node": "c"}, {"scale": "cache=2"}, {"scale": "web"}, {"protect": "x"}):
        with pytest.raises(UsageError):
            adjusted(made, wrong)
    with pytest.raises(UsageError, match="no node would be left"):
        adjusted(made, {"remove_node": "a,b"})


@pytest.mark.parametrize("name", ["web", "web-7d9f8b6c5d", "default/Deployment/web"])
def test_a_deployment_is_scaled_by_its_name(name: str) -> None:
    labels = {"pod-template-hash": "7d9f8b6c5d"}
    made = cluster_of(node("a"), pod("web-7d9f8b6c5d-x2k4j", "a", labels=labels))
    more = ordino.core.registry.family("podpacking").adjusted(made, {"scale": f"{name}=2"})
    assert more.current.tolist() == [0, -1]
    assert "bind_one_of default web-7d9f8b6c5d a" in write_kubectl_script(more, Plan([0, 0]))


@pytest.mark.parametrize("gone", ["a", "b"])
def test_domains_go_with_their_last_node(gone: str) -> None:
    spread = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}
    rules = {"topologySpreadConstraints": [spread | {"labelSelector": {}}]}
    made = cluster_of(
        node("a", {"zone": "x"}),
        node("b", {"zone": "y"}),
        pod("web-1", "a", **rules),
        pod("web-2", **rules),
    )
    less = ordino.core.registry.family("podpacking").adjusted(made, {"remove_node": gone})
    assert ordino.solve(less, solver="cpsat", time_limit=10).objective == (0, 0)


def test_arrays_are_read_only() -> None:
    cluster = priority_matters(seed=1)
    with pytest.raises(ValueError, match="read-only"):
        cluster.capacity[0, 0] = 1
    assert not cluster.barred.flags.writeable
    assert np.array_equal(cluster.current, np.full(cluster.pods, -1))
