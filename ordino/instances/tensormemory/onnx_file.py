"""Reads ONNX models as graphs of operators. Weights are not needed.

Shapes come from ONNX's own inference. What depends on constants alone is folded; reshaping nodes
are views. Graph inputs count as parameters if they have an initializer. So do those of a model
without weights that stand where weights do (the kernel of a convolution, the second factor of a
product, what is added to a larger value): the notes say so, `inputs` says which are none.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Literal

from ordino.core.errors import InputError, InstanceError, MissingExtraError, UsageError
from ordino.core.text import Blob
from ordino.instances.tensormemory.onnx_folding import SHAPES
from ordino.instances.tensormemory.onnx_shapes import resolved
from ordino.instances.tensormemory.trace import Node, graph_of
from ordino.models.tensormemory.graph import Graph

__all__ = ["DataType", "read_onnx", "sniff_onnx"]

DataType = Literal["float32", "float16", "bfloat16", "int16", "int8"]
WIDTHS = {"float32": 4, "float16": 2, "bfloat16": 2, "int16": 2, "int8": 1}

VIEWS = {"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout"}
ELEMENTWISE = ("Add", "Sub", "Mul", "Div", "Pow")
UNARY = {
    *("Relu", "LeakyRelu", "PRelu", "Elu", "Selu", "Celu", "Sigmoid", "HardSigmoid", "HardSwish"),
    *("Tanh", "Gelu", "Mish", "Erf", "Exp", "Log", "Sqrt", "Abs", "Neg", "Softplus", "Clip"),
    *("Cast", "BatchNormalization", *ELEMENTWISE),
}
"""Of one input and constants, these work element by element."""
WEIGHT_PLACES = {
    **dict.fromkeys(("Conv", "ConvTranspose", "Gemm", "LayerNormalization"), (1, 2)),
    **dict.fromkeys(("InstanceNormalization", "GroupNormalization"), (1, 2)),
    **dict.fromkeys(("MatMul", *ELEMENTWISE, "PRelu", "Reshape"), (1,)),
    **dict.fromkeys(("BatchNormalization", "LSTM", "GRU", "RNN"), (1, 2, 3, 4)),
    **dict.fromkeys(("ConstantOfShape", "Gather"), (0,)),
}


def sniff_onnx(head: str) -> bool:
    """Tell whether a text is a model: none is, the format is known by its ending."""
    return False


def read_onnx(
    blob: Blob,
    *,
    dim: str | None = None,
    dtype: DataType | None = None,
    inputs: str | None = None,
    fuse: bool = False,
) -> Graph:
    """Read a model.

    Args:
        blob: The file.
        dim: Values of dimensions that the file leaves open, as in N=1,length=128; the third of a
            value without a name is value.2 (dimensions count from 0).
        dtype: Take floating-point values as of this type.
        inputs: Names of the true inputs, with commas between.
        fuse: Whether nodes that work element by element join their neighbours.

    Raises:
        InputError: No model, truncated, an unknown shape, missing data.
        MissingExtraError: The package `onnx` is not installed.
    """
    model = _model(blob)
    inferred = resolved(model, blob, dim)
    network = _Network(inferred, blob, dtype, None if inputs is None else set(inputs.split(",")))
    try:
        outputs = [each.name for each in inferred.graph.output]
        return graph_of(
            network.nodes(),
            network.sizes,
            outputs,
            name=blob.name,
            fuse=fuse,
            notes=network.notes,
        )
    except InstanceError as error:
        raise blob.error(error.message) from None


def _model(blob: Blob) -> Any:
    try:
        import onnx
        from google.protobuf.message import DecodeError
    except ImportError:
        raise MissingExtraError("reading ONNX models", "onnx") from None
    model = onnx.ModelProto()
    try:
        model.ParseFromString(blob.content)
    except DecodeError:
        raise blob.error("no ONNX model, or a truncated one") from None
    if not model.graph.node:
        raise blob.error("no ONNX model: it holds no nodes")
    return model


class _Network:
    """The nodes of a model that is inferred, and the bytes of their values."""

    def __init__(
        self, model: Any, blob: Blob, dtype: DataType | None, inputs: set[str] | None
    ) -> None:
        self.graph, self.blob = model.graph, blob
        self.width = None if dtype is None else WIDTHS[dtype]
        self.types = {
            each.name: each.type.tensor_type
            for each in (*self.graph.value_info, *self.graph.output, *self.graph.input)
        }
        self.stored = {each.name: each for each in self.graph.initializer}
        self.sizes: dict[str, int] = {}
        self.constants = {*self.stored}
        self.notes: tuple[str, ...] = ()
        self.constants |= self._weights(inputs)
        self.produced = {each.name for each in self.graph.input} | self.constants

    def _weights(self, inputs: set[str] | None) -> set[str]:
        """Return the graph inputs that are parameters."""
        free = [each.name for each in self.graph.input if each.name not in self.stored]
        if inputs is not None:
            if unknown := inputs - set(free):
                raise UsageError(f"inputs {min(unknown)}: the model has {', '.join(free[:20])}")
            return set(free) - inputs
        shapes = {name for name in free if self._shapes_alone(name)}
        if any(
            each.data_type in _floating() and math.prod(each.dims) > 1
            for each in self.stored.values()
        ):
            return shapes  # the model has its weights, other inputs are true ones
        elsewhere = set(free[:1])
        for node in self.graph.node:
            places = WEIGHT_PLACES.get(node.op_type, ())
            if node.op_type in ELEMENTWISE and not self._spread(*node.input):
                places = ()
            elsewhere |= {name for i, name in enumerate(node.input) if i not in places}
        weights = [name for name in free if name not in elsewhere | shapes]
        if weights:
            shown = ", ".join(weights[:5]) + (", ..." if len(weights) > 5 else "")
            self.notes = (
                f"{len(weights)} inputs without values taken as weights ({shown}): where they are "
                "none, name the true inputs with --inputs",
            )
        return shapes | set(weights)

    def _spread(self, first: str, second: str) -> bool:
        """Tell whether the second operand is smaller than the first, over which it is spread."""
        sizes: list[int] = []
        for name in (first, second):
            dims = self.types[name].shape.dim if name in self.types else ()
            sizes.append(math.prod(each.dim_value for each in dims if each.HasField("dim_value")))
        return sizes[1] < sizes[0]

    def _shapes_alone(self, name: str) -> bool:
        readers = [node for node in self.graph.node if name in node.input]
        return all(node.op_type in ("ConstantOfShape", "Constant") for node in readers)

    def nodes(self) -> Iterator[Node]:
        """Yield the nodes that do not depend on constants alone."""
        for place, node in enumerate(self.graph.node):
            label = node.name or f"{node.op_type}_{place}"
            reads = [each for each in (*node.input, *_captured(node)) if each]
            for each in reads:
                if each not in self.produced:
                    raise self.blob.error(f"{label} reads {each}, which nothing before it writes")
            writes = [each for each in node.output if each]
            self.produced.update(writes)
            varying = [each for each in reads if each not in self.constants]
            if node.op_type in SHAPES or not varying:
                self.constants.update(writes)
                continue
            values = [*varying, *(writes[:1] if node.op_type == "Dropout" else writes)]
            for each in values:
                self.sizes.setdefault(each, self._bytes(each, label) if self._is_used(each) else 0)
            weights = sum(
                self._bytes(each, label) for each in set(reads) & self.constants
                if node.op_type not in VIEWS
            )  # fmt: skip
            yield Node(
                name=label,
                reads=varying,
                writes=writes,
                parameters=weights,
                view=node.op_type in VIEWS,
                unary=node.op_type in UNARY and len(varying) == 1,
            )
        for each in self.graph.output:
            if each.name not in self.produced:
                raise self.blob.error(f"no node writes the output {each.name}: truncated?")
            self.sizes.setdefault(each.name, 1)

    def _is_used(self, name: str) -> bool:
        """Tell whether anybody needs a value: shapes of optional outputs may be unknown."""
        if not hasattr(self, "_used"):
            self._used = {each.name for each in self.graph.output}
            for node in self.graph.node:
                self._used.update((*node.input, *_captured(node)))
        return name in self._used

    def _bytes(self, name: str, label: str) -> int:
        from onnx import TensorProto, helper

        if name in self.stored:
            tensor = self.stored[name]
            kind, shape = tensor.data_type, [int(size) for size in tensor.dims]
        else:
            held = self.types.get(name)
            if held is None or not held.HasField("shape"):
                raise self.blob.error(
                    f"the shape of {name} ({label}) is unknown: ONNX can't infer it, so the file "
                    "has to say it (value_info), or its inputs want --dim"
                )
            kind, shape = held.elem_type, []
            for axis, dimension in enumerate(held.shape.dim):
                if not dimension.HasField("dim_value"):
                    raise self._open(name, label, dimension.dim_param, axis)
                shape.append(int(dimension.dim_value))
        if kind == TensorProto.STRING:
            raise self.blob.error(f"{name} ({label}) holds texts, which have no size")
        if kind not in helper.get_all_tensor_dtypes():
            raise self.blob.error(f"the type of {name} ({label}) is unknown: the file does not say")
        bits = 8 * self.width if kind in _floating() and self.width else _bits(helper, kind)
        total = -(-math.prod(shape) * bits // 8)
        if any(size < 0 for size in shape) or total >= 2**62:
            raise self.blob.error(f"{name} ({label}) has the shape {shape}: beyond 2^62 bytes")
        return total

    def _open(self, name: str, label: str, parameter: str, axis: int) -> InputError:
        """Make an error about an open dimension that names the option to set it."""
        for each in self.graph.input:
            for place, dimension in enumerate(each.type.tensor_type.shape.dim):
                if not dimension.HasField("dim_value"):
                    key = dimension.dim_param or f"{each.name}.{place}"
                    return self.blob.error(
                        f"the shape of {name} ({label}) is unknown: dimension {key} of the input "
                        f"{each.name} is open; set it, as in --dim {key}=1"
                    )
        own = not parameter or parameter.startswith("unk__")  # a name of the inference
        return self.blob.error(
            f"the shape of {name} ({label}) is unknown: it depends on data (dimension {axis}); "
            f"set it, as in --dim {f'{name}.{axis}' if own else parameter}=1"
        )


def _floating() -> tuple[int, ...]:
    """Return the floating-point types that `dtype` may stand for."""
    from onnx import TensorProto

    return TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16


def _bits(helper: Any, kind: int) -> int:
    """Return the bits of an element: those of four bits are packed."""
    name = helper.tensor_dtype_to_string(kind)
    if name.endswith(("INT4", "FLOAT4E2M1")):
        return 4
    return int(helper.tensor_dtype_to_np_dtype(kind).itemsize) * 8


def _captured(node: Any) -> list[str]:
    """Return the names that the bodies of a node (If, Loop, Scan) take from outside."""
    found: list[str] = []
    for attribute in node.attribute:
        bodies = [attribute.g] if attribute.HasField("g") else list(attribute.graphs)
        for body in bodies:
            inside = {each.name for each in (*body.input, *body.initializer)}
            for each in body.node:
                found += [x for x in (*each.input, *_captured(each)) if x and x not in inside]
                inside.update(each.output)
            found += [each.name for each in body.output if each.name not in inside]
    return found
