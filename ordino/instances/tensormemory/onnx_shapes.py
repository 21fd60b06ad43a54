"""Shapes of the values of an ONNX model: what the user says, what the file says, what follows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ordino.core.errors import UsageError, clip
from ordino.core.text import Blob
from ordino.instances.tensormemory.onnx_folding import fold

__all__ = ["resolved"]

ROUNDS = 100
"""Of inference and folding."""
SMALL = 4096
"""Integers of more elements than this are no shapes."""


def resolved(model: Any, blob: Blob, dim: str | None) -> Any:
    """Infer all shapes that follow from the given dimensions and from constants.

    Args:
        model: Its weights lose their data.
        blob: The file.
        dim: See `onnx_file.read_onnx`.

    Raises:
        InputError: Shapes that contradict each other, data that are not there.
        UsageError: `dim` names what is not open.
    """
    values = _dimensions(dim)
    _load_shapes(model, blob)
    _drop_weights(model)
    for _, dimension in _axes(model):
        if dimension.HasField("dim_value") and dimension.dim_value < 1:  # exporters mean: open
            dimension.ClearField("dim_value")
    found = _fixed(model, values)
    for _ in range(ROUNDS):
        values = {key: value for key, value in values.items() if key not in found}
        model = _inferred(model, blob)
        found = _fixed(model, values)
        if not found and not fold(model, SMALL):
            break
    if values:
        known = ", ".join(sorted({d.dim_param for _, d in _axes(model)} - {""})) or "none"
        raise UsageError(f"dim {min(values)}: no dimension of that name is open (open: {known})")
    return model


def _dimensions(dim: str | None) -> dict[str, int]:
    """Return the values of dimensions that the user names; raises `UsageError`."""
    values: dict[str, int] = {}
    for part in dim.split(",") if dim else ():
        key, equals, value = part.rpartition("=")
        if not equals or not value.isdecimal() or not 1 <= int(value) < 2**31:
            raise UsageError(f"dim {clip(part)!r}: expected name=value, as in N=1")
        values[key] = int(value)
    return values


def _axes(model: Any) -> Iterator[tuple[str, Any]]:
    """Yield all dimensions of values, each with its name by place."""
    for each in (*model.graph.input, *model.graph.output, *model.graph.value_info):
        for axis, dimension in enumerate(each.type.tensor_type.shape.dim):
            yield f"{each.name}.{axis}", dimension


def _fixed(model: Any, values: dict[str, int]) -> set[str]:
    """Give open dimensions their values; return which of these there are."""
    found = set()
    for place, dimension in _axes(model):
        for key in (dimension.dim_param, place):
            if key in values and not dimension.HasField("dim_value"):
                dimension.dim_value = values[key]
                found.add(key)
    return found


def _load_shapes(model: Any, blob: Blob) -> None:
    """Load those external data that shapes may depend on; large weights stay where they are."""
    from onnx import TensorProto, external_data_helper

    folder = str(Path(blob.source).parent)
    for tensor in model.graph.initializer:
        if tensor.data_location != TensorProto.EXTERNAL:
            continue
        integral = tensor.data_type in (TensorProto.INT64, TensorProto.INT32)
        if integral and math.prod(tensor.dims) <= SMALL:
            try:
                external_data_helper.load_external_data_for_tensor(tensor, folder)
            except Exception as error:  # whatever the package says of a file that is not there
                where = next((e.value for e in tensor.external_data if e.key == "location"), "?")
                raise blob.error(
                    f"{tensor.name} may hold a shape, and its data in {clip(where)} can't be read: "
                    f"{clip(str(error), 100)}"
                ) from None
            tensor.data_location = TensorProto.DEFAULT


def _drop_weights(model: Any) -> None:
    """Leave out the data of what is no shape; sparse weights count as those that they stand for."""
    for sparse in model.graph.sparse_initializer:
        values = sparse.values
        model.graph.initializer.add(name=values.name, data_type=values.data_type, dims=sparse.dims)
    model.graph.ClearField("sparse_initializer")
    for tensor in model.graph.initializer:
        if math.prod(tensor.dims) > SMALL:
            for field in ("raw_data", "float_data", "int32_data", "int64_data", "double_data"):
                tensor.ClearField(field)


def _inferred(model: Any, blob: Blob) -> Any:
    """Infer shapes."""
    import onnx

    try:
        return onnx.shape_inference.infer_shapes(model, data_prop=True)
    except Exception as error:  # the package raises what it likes
        raise blob.error(f"shapes can't be inferred: {clip(str(error), 200)}") from None
