"""Makes graphs of operators of programs that `torch.export` has traced.

Calls of operators become operators, views other names of what they view. What depends on
parameters, buffers and constants alone is folded. Programs that write in place are made functional
first.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator
from typing import Any

from ordino.core.errors import InstanceError
from ordino.instances.tensormemory.trace import Node, graph_of
from ordino.models.tensormemory.graph import Graph

__all__ = ["from_exported"]

COPY_IF_NEEDED = {"reshape", "reshape_as", "flatten", "ravel", "unflatten", "_reshape_alias"}
"""Views where the strides allow it."""
PARAMETERS = {"PARAMETER", "BUFFER", "CONSTANT_TENSOR", "CUSTOM_OBJ", "TOKEN"}
"""Kinds of inputs whose values the program brings along."""


def from_exported(program: Any, *, fuse: bool = False) -> Graph:
    """Make a graph of a `torch.export.ExportedProgram`.

    Args:
        program: The program; its shapes must be fixed.
        fuse: Whether operators that work element by element join their neighbours.

    Raises:
        InstanceError: A shape is open, or there is no operator.
    """
    if any(_writes_in_place(node) for node in program.graph.nodes):
        program = program.run_decompositions({})
    trace = _Trace(program)
    nodes = list(trace.nodes())
    return graph_of(nodes, trace.sizes, trace.outputs, name="exported program", fuse=fuse)


class _Trace:
    """The nodes of a program, and the bytes of their values."""

    def __init__(self, program: Any) -> None:
        self.graph = program.graph
        self.sizes: dict[str, int] = {}
        self.outputs: list[str] = []
        kinds = {each.arg.name: each.kind.name for each in program.graph_signature.input_specs}
        self.constants = {name for name, kind in kinds.items() if kind in PARAMETERS}
        self.parts: dict[str, str] = {}
        """A part that is taken of a call's several results, to its name there."""

    def nodes(self) -> Iterator[Node]:
        """Yield the nodes that do not depend on constants alone."""
        for node in self.graph.nodes:
            if node.op == "output":
                reads = [self._value(each) for each in node.all_input_nodes]
                self.outputs = [each for each in reads if each not in self.constants]
            elif node.op == "placeholder":
                self._measure(node.name, node.meta.get("val"))
            elif node.op == "get_attr":
                self.constants.add(node.name)
                self._measure(node.name, node.meta.get("val"))
            elif _takes_a_part(node):
                whole, part = node.args
                self.parts[node.name] = f"{self._value(whole)}.{part}"
                if self._value(whole) in self.constants:
                    self.constants.add(self.parts[node.name])
            else:
                made = self._call(node)
                if made is not None:
                    yield made

    def _call(self, node: Any) -> Node | None:
        """Return the node of a call, if it depends on more than constants and is no view alone."""
        results = node.meta.get("val")
        several = isinstance(results, (list, tuple))
        parts = list(results) if several else [results]
        writes = [f"{node.name}.{i}" for i in range(len(parts))] if several else [node.name]
        for name, result in zip(writes, parts, strict=True):
            self._measure(name, result)
        reads = [self._value(each) for each in node.all_input_nodes]
        reads = [each for each in dict.fromkeys(reads) if each in self.sizes]
        varying = [each for each in reads if each not in self.constants]
        base = _viewed(node, parts)
        whole = None if base is None else self._value(base)
        if not varying or whole in self.constants:
            self.constants.update((node.name, *writes))
            return None
        if whole is not None and several:
            self.parts |= dict.fromkeys(writes, whole)
            return None
        weights = sum(self.sizes[each] for each in reads if each in self.constants)
        return Node(
            name=node.name,
            reads=varying if whole is None else [whole],
            writes=[each for each in writes if each in self.sizes],
            parameters=weights if whole is None else 0,
            view=whole is not None,
            unary=_is_pointwise(node) and len(varying) == 1,
        )

    def _value(self, node: Any) -> str:
        """Return the name of the value that a node stands for."""
        name: str = node.name
        while name in self.parts:
            name = self.parts[name]
        return name

    def _measure(self, name: str, value: Any) -> None:
        """Note the bytes of a tensor; other values take none."""
        if not hasattr(value, "element_size"):
            return
        shape = list(value.shape)
        for axis, size in enumerate(shape):
            if not isinstance(size, int):
                raise InstanceError(
                    f"dimension {axis} of {name} is open ({size}): export the program with fixed "
                    "shapes (without dynamic_shapes)"
                )
        self.sizes[name] = math.prod(shape) * int(value.element_size())


def _schema(node: Any) -> Any:
    return getattr(node.target, "_schema", None)


def _writes_in_place(node: Any) -> bool:
    schema = _schema(node) if node.op == "call_function" else None
    return schema is not None and bool(schema.is_mutable)


def _viewed(node: Any, results: list[Any]) -> Any:
    """Return the node whose tensor the results of a call are other names of, or `None`."""
    schema = _schema(node)
    if schema is None or not node.args or not hasattr(node.args[0], "meta"):
        return None
    base, result = node.args[0], results[0]
    tensor = base.meta.get("val")
    if not (hasattr(tensor, "element_size") and hasattr(result, "element_size")):
        return None
    name = schema.name.rpartition("::")[2]
    if all(each.alias_info is None for each in schema.returns) and name != "_unsafe_view":
        return None
    if tensor.dtype != result.dtype or tensor.device != result.device:
        return base if name == "view" else None  # bits under another type
    if name == "contiguous":
        return base if tensor.is_contiguous() else None
    if name in COPY_IF_NEEDED:
        return base if _can_be_viewed(tensor, result.shape) else None
    return base


def _can_be_viewed(tensor: Any, shape: Any) -> bool:
    """Tell whether a tensor's strides allow a shape without a copy."""
    import torch

    like = torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device="meta")
    try:
        like.view(shape)
    except RuntimeError:
        return False
    return True


def _takes_a_part(node: Any) -> bool:
    return node.target is operator.getitem


def _is_pointwise(node: Any) -> bool:
    """Tell whether a call works element by element, given its first argument."""
    name = str(node.target)
    if "batch_norm" in name:
        return "no_training" in name or (name == "aten.batch_norm.default" and not node.args[5])
    return any(tag.name == "pointwise" for tag in getattr(node.target, "tags", ()))
