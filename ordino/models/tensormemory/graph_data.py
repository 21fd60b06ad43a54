"""Graphs as plain data (JSON)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ordino.core.plain import Node

__all__ = ["arguments", "to_data"]

_TEXTS = ("operator_names", "tensor_names", "notes")
_SWITCHES = {
    "fixed_order": False,
    "addresses": True,
    "resident_parameters": False,
    "clean_inputs": False,
    "holds": False,
}


def to_data(graph: Any) -> dict[str, Any]:
    """Return a `Graph` as plain data, without what says nothing."""
    data: dict[str, Any] = {"name": graph.name, "sizes": graph.sizes.tolist()}
    data["operators"] = [
        [reads.tolist(), writes.tolist()]
        for reads, writes in zip(graph.reads, graph.writes, strict=True)
    ]
    for key in ("workspace", "parameters"):
        if np.any(values := getattr(graph, key)):
            data[key] = values.tolist()
    for key in _TEXTS:
        if names := getattr(graph, key):
            data[key] = list(names)
    if graph.aliases:
        data["aliases"] = [list(each) for each in graph.aliases]
    if graph.capacity is not None:
        data["capacity"] = graph.capacity
    if graph.alignment != 1:
        data["alignment"] = graph.alignment
    switches = {key: getattr(graph, key) for key in _SWITCHES}
    return data | {key: on for key, on in switches.items() if on != _SWITCHES[key]}


def arguments(data: Node) -> dict[str, Any]:
    """Return the arguments of `Graph.of` that plain data stand for; raises `InputError`."""
    fields = data.object(
        *("sizes", "operators"),
        optional=(
            *("name", "workspace", "parameters", "capacity", "alignment", "aliases"),
            *(*_TEXTS, *_SWITCHES),
        ),
    )
    made: dict[str, Any] = {"sizes": fields["sizes"].integers(1)}
    made["operators"] = [
        tuple(each.integers(0) for each in operator.list(2))
        for operator in fields["operators"].list()
    ]
    for key in ("workspace", "parameters"):
        if key in fields:
            made[key] = fields[key].integers(0)
    for key in ("capacity", "alignment"):
        if key in fields:
            made[key] = fields[key].integer(key == "alignment")
    for key in _TEXTS:
        if key in fields:
            made[key] = tuple(each.string() for each in fields[key].list())
    if "name" in fields:
        made["name"] = fields["name"].string()
    if "aliases" in fields:
        pairs = [each.list(2) for each in fields["aliases"].list()]
        limit = len(made["sizes"]) - 1
        made["aliases"] = tuple((name.string(), of.integer(0, limit)) for name, of in pairs)
    for key in _SWITCHES:
        if key in fields:
            if not isinstance(fields[key].value, bool):
                raise fields[key].expected("true or false")
            made[key] = fields[key].value
    return made
