"""Nodes and pods of Kubernetes, with what counts when they are packed, and nothing else.

Containers are asked for their requests and ports alone: environment variables, images, commands and
secrets are never looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from ordino.core.arrays import LARGEST
from ordino.core.errors import clip, nearest
from ordino.core.plain import Node
from ordino.instances.podpacking.quantity import quantity
from ordino.instances.podpacking.selectors import (
    CORDONED,
    NOT_READY,
    UNREACHABLE,
    Selector,
    Taint,
    Toleration,
    field,
    label_selector,
    node_terms,
    texts,
)

__all__ = [
    "Claim",
    "NodeObject",
    "PodObject",
    "SpreadTerm",
    "Term",
    "read_labels",
    "read_node",
    "read_pod",
]

DEFAULT_SLOTS = 110
"""Pods that a node takes which does not say: what the kubelet's default is."""

_PORTABLE = (
    *("configMap", "secret", "projected", "downwardAPI", "emptyDir"),
    *("persistentVolumeClaim", "ephemeral"),
)
"""Volumes that can be anywhere, or that the assembly looks at."""

Amounts = dict[str, int]


@dataclass(slots=True)
class NodeObject:
    """A node."""

    name: str
    labels: dict[str, str]
    allocatable: Amounts
    taints: tuple[Taint, ...]
    """Those that keep pods from arriving; a cordon and a node that is not ready are such taints."""
    prefers_without: bool
    """Whether it has taints that keep pods away where there is another node."""


@dataclass(frozen=True, slots=True)
class Term:
    """A required term of pod affinity or anti-affinity."""

    key: str
    selector: Selector | None
    namespaces: tuple[str, ...]
    among: Selector | None
    """Namespaces with such labels as well; `None` for none."""


@dataclass(frozen=True, slots=True)
class SpreadTerm:
    """A topology spread constraint with DoNotSchedule."""

    key: str
    max_skew: int
    selector: Selector | None
    min_domains: int
    honor_affinity: bool
    honor_taints: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """A host port."""

    port: int
    protocol: str
    address: str


@dataclass(slots=True)
class PodObject:
    """A pod."""

    place: Node
    name: str
    namespace: str
    labels: dict[str, str]
    requests: Amounts
    priority: int | None
    priority_class: str
    preempts: bool | None
    node: str
    node_selector: tuple[tuple[str, str], ...]
    affinity: tuple[tuple[Selector, Selector], ...] | None
    tolerations: tuple[Toleration, ...]
    together: tuple[Term, ...]
    apart: tuple[Term, ...]
    spreads: tuple[SpreadTerm, ...]
    ports: tuple[Claim, ...]
    controller: tuple[str, str]
    annotations: dict[str, str]
    deleted: bool
    gated: bool
    scheduler: str
    created: int
    volumes: frozenset[str]
    unknown: tuple[str, ...]

    @property
    def full_name(self) -> str:
        """`namespace/name`."""
        return f"{self.namespace}/{self.name}"


def amount(data: Node, resource: str) -> int:
    """Read a quantity: cpu in thousandths, anything else in units."""
    value = data.value
    text = repr(value) if isinstance(value, (int, float)) and value is not True else value
    try:
        found = quantity(text if isinstance(text, str) else "", 3 if resource == "cpu" else 0)
    except ValueError:
        raise data.error(
            f"quantity {clip(text)!r}: expected a number with one of the suffixes "
            "n u m k M G T P E Ki Mi Gi Ti Pi Ei, or an exponent"
        ) from None
    if found < 0:
        raise data.error(f"{resource} is {clip(text)}, expected 0 or more")
    if found >= LARGEST:
        raise data.error(f"{resource} is {clip(text)}, beyond 2^62")
    return found


def _amounts(data: Node | None) -> Amounts:
    if data is None:
        return {}
    if not isinstance(data.value, dict):
        raise data.expected("an object")
    return {str(name): amount(data.need(name), str(name)) for name in data.value}


def _text(data: Node | None, key: str, default: str = "") -> str:
    found = None if data is None else field(data, key)
    return default if found is None else found.string()


def _items(data: Node | None, key: str) -> list[Node]:
    found = None if data is None else field(data, key)
    return [] if found is None else found.list()


def _flag(data: Node | None, key: str) -> bool:
    found = None if data is None else field(data, key)
    if found is None:
        return False
    if not isinstance(found.value, bool):
        raise found.expected("true or false")
    return found.value


def read_labels(data: Node) -> tuple[str, dict[str, str]]:
    """Read the name and the labels of any object."""
    metadata = data.need("metadata")
    return metadata.need("name").string(), texts(field(metadata, "labels"))


def read_node(data: Node) -> NodeObject:
    """Read a Node."""
    metadata, spec, status = data.need("metadata"), field(data, "spec"), data.need("status")
    taints = [
        Taint(_text(each, "key"), _text(each, "value"), _text(each, "effect"))
        for each in _items(spec, "taints")
    ]
    states = {_text(each, "type"): _text(each, "status") for each in _items(status, "conditions")}
    if _flag(spec, "unschedulable"):
        taints.insert(0, Taint(CORDONED, "", "NoSchedule"))
    told = any(each.key in (NOT_READY, UNREACHABLE) for each in taints)
    if states.get("Ready", "True") != "True" and not told:
        taints.append(Taint(NOT_READY, "", "NoSchedule"))
    given = field(status, "allocatable") or field(status, "capacity")
    if given is None:
        raise status.error('the field "allocatable" is missing')
    allocatable = _amounts(given)
    allocatable.setdefault("pods", DEFAULT_SLOTS)
    return NodeObject(
        metadata.need("name").string(),
        texts(field(metadata, "labels")),
        allocatable,
        tuple(each for each in taints if each.effect in ("NoSchedule", "NoExecute")),
        any(each.effect == "PreferNoSchedule" for each in taints),
    )


def read_pod(data: Node) -> PodObject:
    """Read a Pod."""
    metadata, spec, status = data.need("metadata"), data.need("spec"), field(data, "status")
    namespace = _text(metadata, "namespace", "default")
    labels = texts(field(metadata, "labels"))
    affinity = field(spec, "affinity")
    together, apart = (
        _terms(affinity, kind, namespace, labels) for kind in ("podAffinity", "podAntiAffinity")
    )
    owner = next(
        (each for each in _items(metadata, "ownerReferences") if _flag(each, "controller")), None
    )
    policy = _text(spec, "preemptionPolicy")
    priority = field(spec, "priority")
    return PodObject(
        place=data,
        name=metadata.need("name").string(),
        namespace=namespace,
        labels=labels,
        requests=_requests(spec),
        priority=None if priority is None else priority.integer(),
        priority_class=_text(spec, "priorityClassName"),
        preempts=policy != "Never" if policy else None,
        node=_text(spec, "nodeName"),
        node_selector=tuple(sorted(texts(field(spec, "nodeSelector")).items())),
        affinity=_node_affinity(affinity),
        tolerations=tuple(
            Toleration(
                _text(each, "key"), _text(each, "operator", "Equal"), _text(each, "value"),
                _text(each, "effect"),
            )
            for each in _items(spec, "tolerations")
        ),
        together=together,
        apart=apart,
        spreads=_spreads(spec, labels),
        ports=_ports(spec),
        controller=("", "") if owner is None else (_text(owner, "kind"), _text(owner, "name")),
        annotations=texts(field(metadata, "annotations")),
        deleted=field(metadata, "deletionTimestamp") is not None,
        gated=bool(_items(spec, "schedulingGates")),
        scheduler=_text(spec, "schedulerName", "default-scheduler"),
        created=_time(
            (None if status is None else field(status, "startTime"))
            or field(metadata, "creationTimestamp")
        ),
        volumes=frozenset(_volumes(spec)),
        unknown=_not_modelled(spec),
    )  # fmt: skip


def _not_modelled(spec: Node) -> tuple[str, ...]:
    """Name what the pod asks for and no instance can say."""
    found = ["resourceClaims"] if _items(spec, "resourceClaims") else []
    found += [f"{kind} volumes" for kind in _volumes(spec) if kind not in _PORTABLE]
    if any(_is_soft(each) for each in _items(spec, "topologySpreadConstraints")):
        found.append("topology spread of ScheduleAnyway")
    affinity = field(spec, "affinity")
    for kind in ("nodeAffinity", "podAffinity", "podAntiAffinity"):
        part = None if affinity is None else field(affinity, kind)
        if _items(part, "preferredDuringSchedulingIgnoredDuringExecution"):
            found.append(f"preferred {kind}")
    return tuple(dict.fromkeys(found))


def _volumes(spec: Node) -> Iterator[str]:
    """Yield the kinds of a pod's volumes."""
    for each in _items(spec, "volumes"):
        if isinstance(each.value, dict):
            yield from (clip(kind, 30) for kind in each.value if kind != "name")


def _is_soft(constraint: Node) -> bool:
    """Tell whether a topology spread is a mere wish."""
    asked = constraint.need("whenUnsatisfiable")
    if asked.string() not in ("DoNotSchedule", "ScheduleAnyway"):
        raise asked.error(
            f"{clip(asked.value)!r}: {nearest(asked.value, ('DoNotSchedule', 'ScheduleAnyway'))}"
        )
    return bool(asked.value == "ScheduleAnyway")


def finished(data: Node) -> bool:
    """Tell whether a pod has ended and holds nothing."""
    return _text(field(data, "status"), "phase") in ("Succeeded", "Failed")


def _time(data: Node | None) -> int:
    if data is None:
        return 0
    try:
        moment = datetime.fromisoformat(data.string().replace("Z", "+00:00"))
        return int(moment.timestamp())
    except (ValueError, OverflowError):
        raise data.expected("a time such as 2025-01-31T12:00:00Z") from None


def _container(data: Node) -> Amounts:
    """Read the requests of a container; where one is missing, the limit is the request."""
    resources = field(data, "resources")
    if resources is None:
        return {}
    return _amounts(field(resources, "limits")) | _amounts(field(resources, "requests"))


def _add(*amounts: Amounts) -> Amounts:
    total: Amounts = {}
    for each in amounts:
        for name, value in each.items():
            total[name] = total.get(name, 0) + value
    return total


def _most(one: Amounts, other: Amounts) -> Amounts:
    return {name: max(one.get(name, 0), other.get(name, 0)) for name in one | other}


def _requests(spec: Node) -> Amounts:
    """Sum what a pod requests: the containers with the sidecars, or an init step with the sidecars
    before it if that is more; then what the pod itself says, and its overhead."""
    together = _add(*(_container(each) for each in spec.need("containers").list()))
    sidecars: Amounts = {}
    steps: Amounts = {}
    for each in _items(spec, "initContainers"):
        request = _container(each)
        if _text(each, "restartPolicy") == "Always":
            sidecars = _add(sidecars, request)
            steps = _most(steps, sidecars)
        else:
            steps = _most(steps, _add(sidecars, request))
    total = _most(_add(together, sidecars), steps)
    own = _container(spec)
    total |= {
        name: value
        for name, value in own.items()
        if name in ("cpu", "memory") or name.startswith("hugepages-")
    }
    total = _add(total, _amounts(field(spec, "overhead")))
    total["pods"] = 1
    return {name: value for name, value in total.items() if value}


def _node_affinity(affinity: Node | None) -> tuple[tuple[Selector, Selector], ...] | None:
    part = None if affinity is None else field(affinity, "nodeAffinity")
    required = None if part is None else field(
        part, "requiredDuringSchedulingIgnoredDuringExecution"
    )  # fmt: skip
    return None if required is None else node_terms(required)


def _with_own(selector: Selector | None, keys: Iterable[Node], labels: dict[str, str],
              operator: str) -> Selector | None:  # fmt: skip
    """Add the pod's own values of some labels to a selector."""
    from ordino.instances.podpacking.selectors import Expression

    if selector is None:
        return None
    own = [key.string() for key in keys]
    return selector + tuple(Expression(k, operator, (labels[k],)) for k in own if k in labels)


def _terms(
    affinity: Node | None, kind: str, namespace: str, labels: dict[str, str]
) -> tuple[Term, ...]:
    part = None if affinity is None else field(affinity, kind)
    found = []
    for each in _items(part, "requiredDuringSchedulingIgnoredDuringExecution"):
        selector = label_selector(each.get("labelSelector"))
        selector = _with_own(selector, _items(each, "matchLabelKeys"), labels, "In")
        selector = _with_own(selector, _items(each, "mismatchLabelKeys"), labels, "NotIn")
        named = tuple(sorted(item.string() for item in _items(each, "namespaces")))
        among = label_selector(each.get("namespaceSelector"))
        if among is None:
            named = named or (namespace,)
        found.append(Term(each.need("topologyKey").string(), selector, named, among))
    return tuple(found)


def _spreads(spec: Node, labels: dict[str, str]) -> tuple[SpreadTerm, ...]:
    found = []
    for each in _items(spec, "topologySpreadConstraints"):
        if _is_soft(each):
            continue
        selector = label_selector(each.get("labelSelector"))
        selector = _with_own(selector, _items(each, "matchLabelKeys"), labels, "In")
        least = field(each, "minDomains")
        found.append(
            SpreadTerm(
                each.need("topologyKey").string(),
                each.need("maxSkew").integer(1),
                selector,
                1 if least is None else least.integer(1),
                _text(each, "nodeAffinityPolicy", "Honor") == "Honor",
                _text(each, "nodeTaintsPolicy", "Ignore") == "Honor",
            )
        )
    return tuple(found)


def _ports(spec: Node) -> tuple[Claim, ...]:
    found = set()
    sidecars = [
        each for each in _items(spec, "initContainers") if _text(each, "restartPolicy") == "Always"
    ]
    for container in [*_items(spec, "containers"), *sidecars]:
        for each in _items(container, "ports"):
            port = field(each, "hostPort")
            if port is not None and port.integer(0, 65535):
                address = _text(each, "hostIP") or "0.0.0.0"
                found.add(Claim(port.integer(), _text(each, "protocol", "TCP"), address))
    return tuple(sorted(found, key=lambda c: (c.port, c.protocol, c.address)))
