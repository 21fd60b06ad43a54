"""Task graphs as `networkx.DiGraph`, and the formats that come with it.

Attributes of a node: `work`, its time on each processor (a sequence, or a text of numbers with
spaces or commas between; `inf` where it can't run), or `cost`, which the speeds divide; perhaps
`release_date`, `deadline` and `memory`. Of an edge: `volume`, 0 unless given. Of the graph:
`bandwidth` and `startup` (a number, or rows of numbers, in a text with semicolons between the
rows), `speed` (a sequence), `capacity`, `price`, `goal`, `name` and `processor_names`.

Nodes become tasks in their order in the graph, and their names task names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from ordino.core.errors import InputError, InstanceError, clip, nearest
from ordino.core.plain import parse_json
from ordino.core.text import Place, Text
from ordino.instances.taskgraph import dot
from ordino.models.taskgraph.problem import TaskGraph

__all__ = [
    "from_networkx",
    "read_dot",
    "read_graphml",
    "read_node_link",
    "sniff_dot",
    "sniff_graphml",
    "sniff_node_link",
    "to_networkx",
    "write_dot",
    "write_graphml",
    "write_node_link",
]

_GRAPH = {
    *("bandwidth", "startup", "speed", "capacity", "price", "goal", "name"),
    "processor_names",
}
_DATES = {"release_dates": ("release_date", 0), "deadlines": ("deadline", np.inf)}


def from_networkx(graph: Any) -> TaskGraph:
    """Make a task graph of a `networkx.DiGraph` with the attributes above.

    Raises:
        InstanceError: An attribute is missing or makes no sense; it names the node or edge.

    >>> import networkx as nx
    >>> graph = nx.DiGraph(bandwidth=2)
    >>> graph.add_node("load", work=[3, 2])
    >>> graph.add_node("store", work=[1, 4])
    >>> graph.add_edge("load", "store", volume=6)
    >>> from_networkx(graph).work[0].tolist()
    [3.0, 2.0]
    """
    if not graph.is_directed() or graph.is_multigraph():
        raise InstanceError("expected a directed graph without parallel edges (a DiGraph)")
    nodes = list(graph.nodes)
    if not nodes:
        raise InstanceError("expected at least one node")
    shared = {key: graph.graph[key] for key in _GRAPH if key in graph.graph}
    links = {key: _links(shared[key], key) for key in ("bandwidth", "startup") if key in shared}
    speeds = _sequence(shared["speed"], "speed") if "speed" in shared else None
    index = {node: place for place, node in enumerate(nodes)}
    work = [_work(graph.nodes[node], node, speeds, place) for place, node in enumerate(nodes)]
    widths = {len(row) for row in work}
    if len(widths) > 1:
        odd = next(node for node, row in zip(nodes, work, strict=True) if len(row) != len(work[0]))
        raise InstanceError(
            f"node {clip(str(odd))}: expected work on {len(work[0])} processors, as node "
            f"{clip(str(nodes[0]))} has",
            ("work", index[odd]),
        )
    edges = []
    for place, (i, j, data) in enumerate(graph.edges(data=True)):
        what = f"volume of edge {clip(str(i))} -> {clip(str(j))}"
        edges.append((index[i], index[j], _number(data.get("volume", 0), what, "edges", place)))
    lists: dict[str, Any] = {
        each: _sequence(shared[each], each) for each in ("capacity", "price") if each in shared
    }
    for field, (key, nothing) in (*_DATES.items(), ("memory", ("memory", 0))):
        lists[field] = [
            _number(data.get(key, nothing), f"{key} of node {clip(str(node))}", field, place)
            for place, (node, data) in enumerate(graph.nodes(data=True))
        ]
    names = shared.get("processor_names", ())
    return TaskGraph.of(
        work,
        edges,
        **links,
        **lists,
        goal=str(shared.get("goal", "makespan")),
        name=str(shared.get("name", "")),
        task_names=[str(node) for node in nodes],
        processor_names=names.split() if isinstance(names, str) else [str(each) for each in names],
    )


def _work(
    data: dict[str, Any], node: object, speeds: list[float] | None, place: int
) -> list[float]:
    path = ("work", place)
    if "work" in data:
        return _sequence(data["work"], f"work of node {clip(str(node))}", *path)
    if "cost" in data and speeds:
        cost = _number(data["cost"], f"cost of node {clip(str(node))}", *path)
        if not all(speed > 0 for speed in speeds):
            raise InstanceError(f"speed {min(speeds):g}: expected above 0")
        return [cost / speed for speed in speeds]
    known = nearest("work", (str(key) for key in data)) if data else "it has no attributes"
    need = "work" if speeds is None else "cost (or work)"
    raise InstanceError(f"node {clip(str(node))}: the attribute {need} is missing; {known}", path)


def _number(value: Any, what: str, *path: str | int) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise InstanceError(f"{what}: expected a number, got {clip(value)}", path) from None


def _sequence(value: Any, what: str, *path: str | int) -> list[float]:
    parts = value.replace(",", " ").split() if isinstance(value, str) else value
    try:
        return [_number(each, what, *path) for each in parts]
    except TypeError:
        return [_number(value, what, *path)]


def _links(value: Any, what: str) -> Any:
    if isinstance(value, str):
        rows = [_sequence(row, what) for row in value.split(";") if row.strip()]
        return rows[0][0] if len(rows) == 1 and len(rows[0]) == 1 else rows
    return _number(value, what) if np.isscalar(value) else value


def to_networkx(instance: TaskGraph) -> Any:
    """Return a `networkx.DiGraph` with the attributes above; numbers in lists."""
    import networkx as nx

    names = instance.task_names or tuple(map(str, range(instance.tasks)))
    graph = nx.DiGraph(
        name=instance.name,
        goal=instance.goal,
        bandwidth=instance.bandwidth.tolist(),
        startup=instance.startup.tolist(),
        capacity=instance.capacity.tolist(),
        price=instance.price.tolist(),
    )
    if instance.processor_names:
        graph.graph["processor_names"] = list(instance.processor_names)
    for task, name in enumerate(names):
        more = {"memory": float(instance.memory[task])} if instance.memory[task] else {}
        if instance.release_dates[task]:
            more["release_date"] = float(instance.release_dates[task])
        if np.isfinite(instance.deadlines[task]):
            more["deadline"] = float(instance.deadlines[task])
        graph.add_node(name, work=instance.work[task].tolist(), **more)
    ends = zip(instance.source.tolist(), instance.target.tolist(), strict=True)
    for (i, j), volume in zip(ends, instance.volume.tolist(), strict=True):
        graph.add_edge(names[i], names[j], volume=volume)
    return graph


def _textual(instance: TaskGraph) -> Any:
    """Return the graph with its lists as texts, for formats that know no lists."""

    def flat(value: Any) -> Any:
        if not isinstance(value, list):
            return value
        if value and isinstance(value[0], list):
            return "; ".join(flat(row) for row in value)
        return " ".join(repr(each) if isinstance(each, float) else each for each in value)

    graph = to_networkx(instance)
    graph.graph = {key: flat(value) for key, value in graph.graph.items()}
    for _, data in graph.nodes(data=True):
        data.update({key: flat(value) for key, value in data.items()})
    return graph


def _made(
    text: Text, graph: Any, nodes: Mapping[Any, Place], edges: Mapping[Any, Place]
) -> TaskGraph:
    """Make a task graph of what a text holds.

    Args:
        text: The text.
        graph: What it holds.
        nodes: Where each node stands in it, as far as that is known.
        edges: Where each edge stands.
    """
    try:
        return from_networkx(graph)
    except InstanceError as error:
        places: dict[str, list[Place]] = {}
        if nodes:
            of_nodes = [nodes[node] for node in graph.nodes]
            places = dict.fromkeys(("work", "memory", *_DATES), of_nodes)
            places["edges"] = [edges[edge] for edge in graph.edges]
        raise text.located(error, **places) from None


# GraphML


def sniff_graphml(head: str) -> bool:
    """Tell whether it is GraphML."""
    return head.lstrip().startswith("<") and "<graphml" in head


def read_graphml(text: Text) -> TaskGraph:
    """Read GraphML; raises `InputError`."""
    import networkx as nx

    if "<!DOCTYPE" in text.content or "<!ENTITY" in text.content:
        raise text.error("GraphML with a document type is not read")
    try:
        graph = nx.parse_graphml(text.content)
    except Exception as error:  # whatever the parser makes of a malformed file
        line, column = getattr(error, "position", (None, None))
        message = f"no valid GraphML: {clip(str(error), 120)}"
        raise InputError(message, source=text.source, line=line, column=column) from None
    return _made(text, graph, {}, {})


def write_graphml(instance: TaskGraph) -> str:
    """Write GraphML, lists as texts."""
    import networkx as nx

    return "\n".join(nx.generate_graphml(_textual(instance))) + "\n"


# DOT


def sniff_dot(head: str) -> bool:
    """Tell whether it is a digraph in DOT."""
    return re.match(r"\s*(//[^\n]*\n\s*)*(strict\s+)?digraph\b", head) is not None


def read_dot(text: Text) -> TaskGraph:
    """Read a digraph in DOT; raises `InputError`."""
    return _made(text, *dot.parse(text))


def write_dot(instance: TaskGraph) -> str:
    """Write a digraph in DOT."""
    return dot.generate(_textual(instance))


# Node-link JSON


def sniff_node_link(head: str) -> bool:
    """Tell whether it is the JSON of `networkx.node_link_data`."""
    keys = ('"directed"', '"nodes"', '"multigraph"')
    return head.lstrip().startswith("{") and all(key in head for key in keys)


def read_node_link(text: Text) -> TaskGraph:
    """Read the JSON of `networkx.node_link_data`; raises `InputError`."""
    import networkx as nx

    data = parse_json(text.content, text.source)
    graph = nx.DiGraph()
    nodes: dict[Any, Place] = {}
    edges: dict[Any, Place] = {}
    shared = data.get("graph")
    if shared is not None and isinstance(shared.value, dict):
        graph.graph.update(shared.value)
    for node in data.need("nodes").list():
        key = node.need("id")
        if not isinstance(key.value, (str, int)):
            raise key.expected("a text or an integer")
        if key.value in graph:
            raise key.error(f"a second node {clip(str(key.value))}")
        graph.add_node(key.value, **{str(k): v for k, v in node.value.items() if k != "id"})
        nodes[key.value] = node
    for link in (data.get("edges") or data.need("links")).list():
        ends = [link.need(end) for end in ("source", "target")]
        for end in ends:
            if not isinstance(end.value, (str, int)) or end.value not in graph:
                raise end.error(f"unknown node {clip(str(end.value))}")
        if graph.has_edge(ends[0].value, ends[1].value):
            raise link.error("a second edge between the same nodes")
        volume = link.get("volume")
        size = 0 if volume is None else volume.number(0)
        graph.add_edge(ends[0].value, ends[1].value, volume=size)
        edges[ends[0].value, ends[1].value] = link
    return _made(text, graph, nodes, edges)


def write_node_link(instance: TaskGraph) -> str:
    """Write the JSON of `networkx.node_link_data`."""
    import networkx as nx

    return json.dumps(nx.node_link_data(_textual(instance), edges="edges")) + "\n"
