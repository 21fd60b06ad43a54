"""The JSON form "tensor-graph/1": tensors with shapes or elements, operators with what they read,
their parameters and what they write."""

from __future__ import annotations

import json
import re
from typing import Any

from ordino.core.errors import InstanceError, UsageError
from ordino.core.plain import Node, parse_json
from ordino.core.text import Text
from ordino.models.tensormemory.graph import INPUT, Graph

__all__ = ["read_graph", "sniff_graph", "write_graph"]

FORMAT = "tensor-graph/1"
KINDS = ("input", "activation", "param", "output")


def sniff_graph(head: str) -> bool:
    """Tell whether a text names the format."""
    return re.search(r'"format"\s*:\s*"tensor-graph/', head) is not None


def read_graph(text: Text) -> Graph:
    """Read a graph; bytes of a tensor are its elements times `dtype_bytes`.

    Inputs that nothing reads are left out.

    Raises:
        InputError: With the place, or with the name of what is wrong.
    """
    data = parse_json(text.content, text.source)
    if (version := data.need("format").string()) != FORMAT:
        raise data.need("format").error(f"expected {FORMAT}, got {version}")
    width = data.need("dtype_bytes").integer(1, 64)
    tensors: dict[int, Node] = {}
    for each in data.need("tensors").list():
        number = each.need("id").integer()
        if number in tensors:
            raise each.need("id").error(f"a second tensor {number}")
        tensors[number] = each
    kinds = {number: _kind(each) for number, each in tensors.items()}
    bytes_of = {number: _elements(each) * width for number, each in tensors.items()}

    def named(operator: Node, key: str) -> list[int]:
        found = []
        for each in operator.need(key).list():
            number = each.integer()
            if number not in tensors:
                raise each.error(f"there is no tensor {number}")
            found.append(number)
        return found

    operators, parameters = [], []
    names: list[str] = []
    used: set[int] = set()
    written: set[int] = set()
    for operator in data.need("ops").list():
        reads = [each for each in named(operator, "inputs") if kinds[each] != "param"]
        writes = named(operator, "outputs")
        operators.append((reads, writes))
        parameters.append(sum(bytes_of[each] for each in named(operator, "params")))
        kind = operator.get("type")
        label = [str(each.value) for each in (kind, operator.get("id")) if each is not None]
        names.append("_".join(label) or f"operator_{len(names)}")
        used |= {*reads, *writes}
        written |= set(writes)
    for number in sorted(used):
        if kinds[number] != "input" and number not in written:
            name = tensors[number].get("name")
            shown = f" ({name.string()})" if name else ""
            raise tensors[number].error(f"no operator writes tensor {number}{shown}, no input")
        if not bytes_of[number]:
            raise tensors[number].error(f"tensor {number} has no bytes, expected at least 1")
    kept = {number: index for index, number in enumerate(n for n in tensors if n in used)}
    try:
        return Graph.of(
            [bytes_of[number] for number in kept],
            [([kept[x] for x in reads], [kept[x] for x in writes]) for reads, writes in operators],
            parameters=parameters,
            name=_name(data, text),
            operator_names=tuple(names),
            tensor_names=tuple(_label(tensors[number]) for number in kept),
        )
    except InstanceError as error:
        raise text.error(error.message) from None


def _kind(tensor: Node) -> str:
    kind = tensor.need("kind").string()
    if kind not in KINDS:
        raise tensor.need("kind").error(f"expected {', '.join(KINDS)}, got {kind!r}")
    return kind


def _elements(tensor: Node) -> int:
    if (elements := tensor.get("elems")) is not None:
        return elements.integer(0)
    count = 1
    for size in tensor.need("shape").list():
        count *= size.integer(0)
        if count >= 2**62:
            raise tensor.need("shape").error("the tensor has 2^62 elements or more")
    return count


def _label(tensor: Node) -> str:
    name = tensor.get("name")
    return name.string() if name is not None else str(tensor.need("id").value)


def _name(data: Node, text: Text) -> str:
    name = data.get("name")
    return name.string() if name is not None else text.name


def write_graph(graph: Graph) -> str:
    """Write a graph; raises `UsageError` for what the format can't hold."""
    if not isinstance(graph, Graph):
        raise UsageError("format tensor-graph holds graphs of operators")
    if graph.workspace.any() or graph.capacity is not None or graph != _plain(graph):
        raise UsageError(f"{FORMAT} holds no workspace, capacity or rules")
    read = set(graph.reads.items.tolist())
    tensors: list[dict[str, Any]] = []
    for tensor, size in enumerate(graph.sizes.tolist()):
        kind = "input" if graph.producer[tensor] == INPUT else "activation"
        name = graph.tensor_names[tensor] if graph.tensor_names else f"t{tensor}"
        kind = kind if tensor in read else "output"
        tensors.append({"id": tensor, "name": name, "shape": [size], "elems": size, "kind": kind})
    ops = []
    for operator in range(graph.operators):
        params = []
        if weight := int(graph.parameters[operator]):
            number = len(tensors)
            name = f"p{operator}"
            tensors.append(
                {"id": number, "name": name, "shape": [weight], "elems": weight, "kind": "param"}
            )
            params = [number]
        ops.append(
            {
                "id": operator,
                "type": graph.operator_names[operator] if graph.operator_names else "op",
                "inputs": graph.reads[operator].tolist(),
                "params": params,
                "outputs": graph.writes[operator].tolist(),
            }
        )
    head = {"format": FORMAT, "name": graph.name, "dtype_bytes": 1}
    return json.dumps(head | {"tensors": tensors, "ops": ops}) + "\n"


def _plain(graph: Graph) -> Graph:
    """Return a graph without the rules that the format can't hold."""
    operators = zip(graph.reads, graph.writes, strict=True)
    return Graph.of(
        graph.sizes.tolist(),
        [(reads.tolist(), writes.tolist()) for reads, writes in operators],
        parameters=graph.parameters.tolist(),
    )
