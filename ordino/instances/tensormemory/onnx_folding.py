"""Folds the constants of an ONNX model that shapes depend on, which inference alone leaves open."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["SHAPES", "fold"]

SHAPES = {"Shape", "Size"}
"""What these make depends on shapes alone, which are constants here."""
FOLDED = {
    *("Constant", "ConstantOfShape", "Range", "Identity", "Cast"),
    *("Gather", "Slice", "Concat", "Squeeze", "Unsqueeze", "Reshape", "Expand", "Where"),
    *("Add", "Sub", "Mul", "Div", "Mod", "Neg", "Abs", "Min", "Max", "Floor", "Ceil", "Sqrt"),
    *("ReduceProd", "ReduceSum", "ReduceMin", "ReduceMax", "Equal", "Less", "Greater", "Not"),
}
"""What exporters compute shapes with."""


def fold(model: Any, most: int) -> bool:
    """Put constants in the place of nodes whose inputs are known, where shapes are still open.

    Args:
        model: Inferred; changed in place.
        most: Elements of the largest value that is computed.

    Returns:
        Whether there is one more constant.
    """
    from onnx import helper, numpy_helper

    graph = model.graph
    shapes = _shapes(graph)
    if all(shapes.get(name) is not None for node in graph.node for name in node.output if name):
        return False
    small = (each for each in graph.initializer if math.prod(each.dims) <= most)
    known = {each.name: value for each in small if (value := _value(each)) is not None}
    changed = False
    for node in graph.node:
        shape = shapes.get(node.output[0]) if len(node.output) == 1 else None
        if node.domain not in ("", "ai.onnx") or shape is None or math.prod(shape) > most:
            continue
        if node.op_type in SHAPES and (read := shapes.get(node.input[0])) is not None:
            given = {node.input[0]: np.broadcast_to(np.float32(0), read)}
        elif node.op_type in FOLDED and all(name in known for name in node.input if name):
            given = {name: known[name] for name in node.input if name}
        else:
            continue
        value = _evaluated(node, given, model)
        if value is None:
            continue
        name = node.output[0]
        known[name] = value
        if node.op_type != "Constant":
            tensor = numpy_helper.from_array(value, name)
            node.CopyFrom(helper.make_node("Constant", [], [name], name=node.name, value=tensor))
            changed = True
    return changed


def _shapes(graph: Any) -> dict[str, list[int]]:
    """Return the shapes that are known in all dimensions."""
    shapes = {each.name: list(each.dims) for each in graph.initializer}
    for each in (*graph.input, *graph.output, *graph.value_info):
        held = each.type.tensor_type
        if held.HasField("shape") and all(d.HasField("dim_value") for d in held.shape.dim):
            shapes[each.name] = [d.dim_value for d in held.shape.dim]
    return shapes


def _value(tensor: Any) -> Any:
    """Return the data of a tensor, `None` where they are elsewhere, left out or cut off."""
    from onnx import TensorProto, numpy_helper

    if tensor.data_location == TensorProto.EXTERNAL:
        return None
    try:
        return numpy_helper.to_array(tensor)
    except ValueError:
        return None


def _evaluated(node: Any, given: dict[str, Any], model: Any) -> Any:
    """Return what a node writes, `None` where the package can't tell: then it stays open, and who
    needs its shape is told so."""
    from onnx import TensorProto, helper
    from onnx.reference import ReferenceEvaluator

    reads = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(each.dtype), each.shape)
        for name, each in given.items()
    ]
    writes = [helper.make_tensor_value_info(node.output[0], TensorProto.UNDEFINED, None)]
    graph = helper.make_graph([node], "fold", reads, writes)
    alone = helper.make_model(graph, opset_imports=model.opset_import)
    try:
        return np.asarray(ReferenceEvaluator(alone).run(None, given)[0])
    except Exception:  # the package raises what it likes
        return None
