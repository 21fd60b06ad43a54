"""Clusters as kubectl shows them: `kubectl get nodes,pods,priorityclasses,pdb -A -o json`.

Pods that have ended are left out, and waiting pods of other schedulers or behind gates. Pods that
can't be moved stay: those of DaemonSets and static pods, pods without a controller, those that are
being deleted, that annotations forbid to disturb, or with volumes that may tie them to a place.
System-critical pods must go on running. What is left out or not modelled, the instance's notes say.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import Literal

from ordino.core.errors import InstanceError, MissingExtraError, clip
from ordino.core.plain import Node, parse_json
from ordino.core.text import Text
from ordino.instances.podpacking.assembly import Assembly
from ordino.instances.podpacking.objects import finished, read_labels, read_node, read_pod
from ordino.instances.podpacking.selectors import field, label_selector
from ordino.models.podpacking.problem import Cluster

__all__ = ["read_kubectl", "sniff_kubectl"]

_KINDS = "Node|Pod|List|NodeList|PodList|PriorityClass|PodDisruptionBudget"
_LIST = r'\s*\{\s*"apiVersion"\s*:\s*"v1"\s*,\s*"items"\s*:|(---\s+)?apiVersion:\s+v1\s+items:\s'
"""How kubectl begins a list, the first object of which may be longer than what is seen."""
_IGNORED = ("PriorityClassList", "PodDisruptionBudgetList")
MOST_PODS = 1_000_000


def sniff_kubectl(head: str) -> bool:
    """Tell whether it is JSON or YAML of Kubernetes objects."""
    if re.match(_LIST, head):
        return True
    if head.lstrip().startswith("{"):
        kind = re.search(rf'"kind"\s*:\s*"({_KINDS})"', head)
        return kind is not None and re.search(r'"apiVersion"\s*:', head) is not None
    kind = re.search(rf"^(- |  )?kind:\s*({_KINDS})\s*$", head, re.MULTILINE)
    return kind is not None and re.search(r"^(- )?\s*apiVersion:", head, re.MULTILINE) is not None


def read_kubectl(
    text: Text,
    *,
    volumes: Literal["stay", "move"] = "stay",
    bare: Literal["stay", "move"] = "stay",
) -> Cluster:
    """Read a cluster.

    Args:
        text: JSON or YAML: lists of objects, or several objects.
        volumes: Whether running pods with volume claims stay where they are.
        bare: Whether running pods without a controller do.

    Raises:
        InputError: It is none; with the place, where it is JSON.
    """
    assembly = Assembly(stay_volumes=volumes == "stay", stay_bare=bare == "stay")
    others: Counter[str] = Counter()
    for document in _documents(text):
        for item in _objects(document):
            kind = item.need("kind").string()
            if kind == "Node":
                assembly.add_node(item, read_node(item))
            elif kind == "Pod":
                if len(assembly.pods) >= MOST_PODS:
                    raise item.error(f"more than {MOST_PODS} pods")
                if not finished(item):
                    assembly.add_pod(read_pod(item))
            elif kind == "Namespace":
                name, labels = read_labels(item)
                assembly.namespaces[name] = labels
            elif kind == "PriorityClass":
                _priority_class(assembly, item)
            elif kind == "PodDisruptionBudget":
                _budget(assembly, item)
            else:
                others[kind] += 1
    if not assembly.nodes:
        raise text.error("no Node among the objects: kubectl get nodes,pods -A -o json")
    for kind, count in sorted(others.items()):
        if kind not in _IGNORED:
            assembly.notes.append(f"{count} of kind {clip(kind, 40)}: not looked at")
    try:
        return assembly.cluster(text.name)
    except InstanceError as error:
        raise text.error(error.message) from None


def _documents(text: Text) -> list[Node]:
    if text.content.lstrip().startswith("{"):
        return [parse_json(text.content, text.source)]
    return _yaml(text)


def _yaml(text: Text) -> list[Node]:
    try:
        import yaml
    except ImportError:
        raise MissingExtraError("reading YAML", "k8s") from None

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """Leaves times as they stand."""

    Loader.yaml_implicit_resolvers = {
        first: [(tag, form) for tag, form in forms if not tag.endswith(("timestamp", "merge"))]
        for first, forms in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    try:
        for event in yaml.parse(text.content, Loader):
            if isinstance(event, yaml.AliasEvent):  # kubectl writes none, bombs are made of them
                raise yaml.MarkedYAMLError(problem="an alias", problem_mark=event.start_mark)
        found = [each for each in yaml.load_all(text.content, Loader) if each is not None]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = text.error(
            f"no valid YAML: {clip(getattr(error, 'problem', None) or 'unreadable')}"
        )
        if mark is not None:
            place = type(place)(
                place.message, source=text.source, line=mark.line + 1, column=mark.column + 1
            )
        raise place from None
    except RecursionError:
        raise text.error("no valid YAML: nested too deeply") from None
    except ValueError:
        raise text.error("no valid YAML: a value that can't be read") from None
    from ordino.core.plain import _Document

    return [Node(each, (), _Document(text.source, None)) for each in found]


def _objects(document: Node) -> list[Node]:
    """Return the objects of a list, or the one object."""
    if isinstance(document.value, list):
        return document.list()
    kind = document.need("kind").string()
    if not kind.endswith("List"):
        return [document]
    metadata = field(document, "metadata")
    more = None if metadata is None else field(metadata, "continue")
    if more is not None and more.value:
        raise document.error(
            "the list goes on elsewhere (metadata.continue): get all of it with --chunk-size=0"
        )
    items = document.need("items").list()
    single = kind.removesuffix("List")
    if not single:
        return items
    return [
        item if field(item, "kind") else replace(item, value=item.value | {"kind": single})
        for item in items
    ]


def _priority_class(assembly: Assembly, item: Node) -> None:
    name = item.need("metadata").need("name").string()
    value = item.need("value").integer()
    policy = field(item, "preemptionPolicy")
    default = field(item, "globalDefault")
    preempts = policy is None or policy.string() != "Never"
    assembly.priority_classes[name] = (value, preempts)
    if default is not None and default.value is True:
        assembly.priority_classes[""] = (value, preempts)


def _budget(assembly: Assembly, item: Node) -> None:
    metadata, spec, status = item.need("metadata"), item.need("spec"), field(item, "status")
    namespace = field(metadata, "namespace")
    selector = label_selector(spec.get("selector"))
    allowed = None if status is None else field(status, "disruptionsAllowed")
    limits = {}
    for key in ("minAvailable", "maxUnavailable"):
        if (limit := field(spec, key)) is not None:
            limits[key] = _count_or_share(limit)
    assembly.budgets.append(
        (
            "default" if namespace is None else namespace.string(),
            metadata.need("name").string(),
            selector,
            None if allowed is None else max(0, allowed.integer()),
            limits,
        )
    )


def _count_or_share(data: Node) -> tuple[int, bool]:
    """Read a number, or a percentage, which the second value tells."""
    if isinstance(data.value, str):
        match = re.fullmatch(r"([0-9]{1,9})(%?)", data.value)
        if match is None:
            raise data.expected("a number or a percentage")
        return int(match[1]), bool(match[2])
    return data.integer(0), False
