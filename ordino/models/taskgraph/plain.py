"""Task graphs as plain data (JSON).

Infinity is written as `null`: work where a task can't run, no deadline, no limit. A matrix whose
pairs are all alike is written as one number. Instead of a matrix, `work` may be a list of amounts
that comes with `speed`, one a processor.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ordino.core.arrays import Reals
from ordino.core.plain import Node

__all__ = ["arguments", "numbers", "to_data"]

_LISTS = ("release_dates", "deadlines", "memory", "capacity", "price")


def numbers(values: Reals) -> Any:
    """Return an array as nested lists: integers as such, infinity as `None`."""
    if values.ndim > 1:
        return [numbers(row) for row in values]
    return [
        None if value == np.inf else int(value) if value.is_integer() else value
        for value in values.tolist()
    ]


def to_data(graph: Any) -> dict[str, Any]:
    """Return a `TaskGraph` as plain data, without what says nothing."""
    edges = zip(graph.source.tolist(), graph.target.tolist(), numbers(graph.volume), strict=True)
    data: dict[str, Any] = {"name": graph.name}
    if graph.goal != "makespan":
        data["goal"] = graph.goal
    for field in ("processor_names", "task_names"):
        if names := getattr(graph, field):
            data[field] = list(names)
    data |= {
        "work": numbers(graph.work),
        "edges": [list(edge) for edge in edges],
        "bandwidth": _links(graph.bandwidth),
    }
    if graph.startup.any():
        data["startup"] = _links(graph.startup)
    for field, nothing in zip(_LISTS, (0, np.inf, 0, np.inf, 1), strict=True):
        values = getattr(graph, field)
        if (values != nothing).any():
            data[field] = numbers(values)
    return data


def _links(matrix: Reals) -> Any:
    pairs = matrix[~np.eye(len(matrix), dtype=bool)]
    if pairs.size and (pairs == pairs[0]).all():
        return numbers(pairs[:1])[0]
    return numbers(matrix)


def arguments(data: Node) -> dict[str, Any]:
    """Return the arguments of `TaskGraph.of` that plain data stand for; raises `InputError`."""
    fields = data.object(
        "work",
        optional=(
            *("edges", "name", "goal", "bandwidth", "startup", "speed"),
            *("task_names", "processor_names", *_LISTS),
        ),
    )
    made: dict[str, Any] = {"work": _work(fields)}
    if "edges" in fields:
        made["edges"] = _edges(fields["edges"])
    for key in ("bandwidth", "startup"):
        if key in fields:
            made[key] = _matrix_or_number(fields[key])
    for key in _LISTS:
        if key in fields:
            made[key] = _reals(fields[key])
    for key in ("name", "goal"):
        if key in fields:
            made[key] = fields[key].string()
    for key in ("task_names", "processor_names"):
        if key in fields:
            made[key] = [each.string() for each in fields[key].list()]
    return made


def _work(fields: dict[str, Node]) -> Any:
    if "speed" not in fields:
        rows = fields["work"].list()
        return [_reals(row, length=len(rows[0].list())) for row in rows]
    speeds = fields["speed"].list()
    for each in speeds:
        if each.number() <= 0:
            raise each.expected("a speed above 0")
    amounts = np.array([each.number(0) for each in fields["work"].list()], dtype=np.float64)
    return amounts[:, None] / np.array([each.number() for each in speeds], dtype=np.float64)


def _reals(node: Node, length: int | None = None) -> list[float]:
    """Read numbers, `null` for infinity; fast where nothing is wrong."""
    values = node.value
    right_length = isinstance(values, list) and (length is None or len(values) == length)
    if right_length and all(type(v) in (int, float) and 0 <= v < 2**62 for v in values):
        return values  # type: ignore[no-any-return]
    return [np.inf if each.value is None else each.number(0) for each in node.list(length)]


def _edges(node: Node) -> list[tuple[int, int, float]]:
    """Read (source, target, volume) each; a million of them without a node for each number."""
    edges = []
    for index, item in enumerate(node.value if isinstance(node.value, list) else node.list()):
        match item:
            case [int(source), int(target), int() | float() as volume]:
                if 0 <= source < 2**62 and 0 <= target < 2**62 and 0 <= volume < 2**62:
                    edges.append((source, target, volume))
                    continue
        ends = Node(item, (*node.path, index), node.document).list(3)
        edges.append((ends[0].integer(0), ends[1].integer(0), ends[2].number(0)))
    return edges


def _matrix_or_number(node: Node) -> Any:
    if node.value is None:
        return np.inf
    if isinstance(node.value, list):
        rows = node.list()
        return [_reals(row, length=len(rows)) for row in rows]
    return node.number(0)
