"""JSON of task graphs with networks as SAGA and dagbench write it: costs, speeds, sizes, links.

The time of a task is cost / speed, that of data size / speed of the link. Links serve both ways;
speeds of links from a processor to itself are not looked at.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ordino.core.errors import InstanceError, clip
from ordino.core.plain import Node, parse_json
from ordino.core.text import Text
from ordino.models.taskgraph.problem import MOST_PROCESSORS, TaskGraph

__all__ = ["read_dagbench", "sniff_dagbench"]


def sniff_dagbench(head: str) -> bool:
    """Tell whether it is JSON with a task graph in it."""
    start = head.lstrip().startswith("{")
    return start and re.search(r'"task_graph"\s*:\s*\{', head) is not None


def read_dagbench(text: Text) -> TaskGraph:
    """Read a task graph and its network; raises `InputError`."""
    data = parse_json(text.content, text.source)
    graph, network = data.need("task_graph"), data.need("network")
    costs, index = _named(graph.need("tasks"), "task", "cost", 0)
    speeds, places = _named(network.need("nodes"), "node", "speed", None)
    edges: list[tuple[int, int, float]] = []
    for node in graph.need("dependencies").list():
        i, j = (_end(node.need(key), index, "task") for key in ("source", "target"))
        edges.append((i, j, node.need("size").number(0)))
    if len(speeds) > MOST_PROCESSORS:
        raise network.need("nodes").error(f"{len(speeds)} nodes, beyond {MOST_PROCESSORS}")
    links = np.zeros((len(speeds), len(speeds)))
    np.fill_diagonal(links, np.inf)
    for node in network.need("edges").list():
        p, q = (_end(node.need(key), places, "node") for key in ("source", "target"))
        if p != q:
            speed = _above_zero(node.need("speed"))
            links[p, q] = speed
            links[q, p] = links[q, p] or speed
    unlinked = np.argwhere(links == 0)
    if unlinked.size:
        names = list(places)
        one, other = unlinked[0].tolist()
        raise network.need("edges").error(f"no link between {names[one]} and {names[other]}")
    try:
        return TaskGraph.of(
            np.array(costs)[:, None] / np.array(speeds),
            edges,
            bandwidth=links,
            name=text.name,
            task_names=list(index),
            processor_names=list(places),
        )
    except InstanceError as error:
        dependencies, tasks = graph.need("dependencies").list(), graph.need("tasks").list()
        raise text.located(error, edges=dependencies, work=tasks) from None


def _named(listed: Node, what: str, key: str, least: Any) -> tuple[list[float], dict[str, int]]:
    """Return a number of each named thing, and the place of each name."""
    values: list[float] = []
    index: dict[str, int] = {}
    for node in listed.list():
        name = node.need("name")
        if name.string() in index:
            raise name.error(f"a second {what} {clip(name.value)!r}")
        index[name.string()] = len(index)
        amount = node.need(key)
        values.append(_above_zero(amount) if least is None else amount.number(least))
    if not values:
        raise listed.error(f"expected at least one {what}")
    return values, index


def _above_zero(node: Node) -> float:
    if node.number() <= 0:
        raise node.expected("a number above 0")
    return node.number()


def _end(node: Node, index: dict[str, int], what: str) -> int:
    if node.string() not in index:
        raise node.error(f"unknown {what} {clip(node.value)!r}")
    return index[node.string()]
