"""ONNX models, made here: shapes, constants, views, and what is wrong with a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import ordino
from ordino.core.errors import InputError, UsageError

onnx = pytest.importorskip("onnx")
FLOAT = onnx.TensorProto.FLOAT if hasattr(onnx, "TensorProto") else 1


def value(name: str, *shape: Any) -> Any:
    return onnx.helper.make_tensor_value_info(name, FLOAT, shape)


def saved(folder: Path, nodes: list[Any], inputs: list[Any], **more: Any) -> str:
    outputs = [onnx.helper.make_tensor_value_info("y", FLOAT, None)]
    graph = onnx.helper.make_graph(nodes, "net", inputs, outputs, **more)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)])
    path = folder / "net.onnx"
    path.write_bytes(model.SerializeToString())
    return str(path)


def node(kind: str, reads: list[str], writes: list[str], **more: Any) -> Any:
    return onnx.helper.make_node(kind, reads, writes, name=f"{kind.lower()}_{writes[0]}", **more)


def shape_of(name: str, *sizes: int) -> Any:
    return onnx.helper.make_tensor(name, onnx.TensorProto.INT64, [len(sizes)], sizes)


def network(folder: Path, batch: Any = 1) -> str:
    """A convolution without weights, an activation, a view through folded shapes, a product."""
    return saved(
        folder,
        [
            node("Conv", ["x", "kernel"], ["c"], pads=[1, 1, 1, 1]),
            node("Relu", ["c"], ["r"]),
            node("Dropout", ["r"], ["d", "mask"]),
            node("Shape", ["x"], ["s"]),
            node("Concat", ["one", "rest"], ["shape"], axis=0),
            node("Reshape", ["d", "shape"], ["v"]),
            node("MatMul", ["v", "matrix"], ["y"]),
        ],
        [value("x", batch, 3, 8, 8), value("kernel", 4, 3, 3, 3), value("matrix", 256, 10)],
        initializer=[shape_of("one", 1), shape_of("rest", 256)],
    )


def test_a_model_becomes_operators_on_tensors(tmp_path: Path) -> None:
    graph = ordino.read(network(tmp_path))
    assert graph.operator_names == ("conv_c", "relu_r", "matmul_y")
    assert graph.tensor_names == ("x", "c", "r", "y")
    assert graph.sizes.tolist() == [4 * 192, 4 * 256, 4 * 256, 4 * 10]
    assert graph.parameters.tolist() == [4 * 108, 0, 4 * 2560]
    assert dict(graph.aliases) == {"d": 2, "v": 2}


def test_types_fusion_and_true_inputs_are_options(tmp_path: Path) -> None:
    path = network(tmp_path)
    small = ordino.read(path, options={"dtype": "int8", "fuse": "yes"})
    assert small.operator_names == ("conv_c", "matmul_y")
    assert small.sizes.tolist() == [192, 256, 10]
    fed = ordino.read(path, options={"inputs": "x,matrix"})
    assert fed.tensor_names == ("x", "c", "r", "matrix", "y")
    with pytest.raises(UsageError, match="inputs w"):
        ordino.read(path, options={"inputs": "w"})


def test_inputs_are_weights_only_where_they_stand_for_some(tmp_path: Path) -> None:
    add = [node("Add", ["x", "b"], ["y"])]
    both = ordino.read(saved(tmp_path, add, [value("x", 4), value("b", 4)]))
    assert (both.least_capacity, both.notes) == (48, ())
    bias = ordino.read(saved(tmp_path, add, [value("x", 8, 4), value("b", 4)]))
    assert bias.parameters.tolist() == [16]
    assert bias.notes[0].startswith("1 inputs without values taken as weights (b)")
    told: list[str] = []
    ordino.solve(bias, time_limit=5, on_event=lambda event: told.append(event.message))
    assert bias.notes[0] in told
    product = [node("MatMul", ["x", "w"], ["m"]), node("MatMul", ["m", "b"], ["y"])]
    shapes = [value("x", 4, 4), value("b", 4, 4)]
    stripped = saved(tmp_path, product, [*shapes, value("w", 4, 4)])
    assert ordino.read(stripped).parameters.tolist() == [64, 64]
    weight = onnx.helper.make_tensor("w", FLOAT, [4, 4], [0.5] * 16)
    whole = ordino.read(saved(tmp_path, product, shapes, initializer=[weight]))
    assert whole.parameters.tolist() == [64, 0]
    assert whole.tensor_names == ("x", "m", "b", "y")


def test_an_open_dimension_is_named_with_the_option_that_sets_it(tmp_path: Path) -> None:
    path = network(tmp_path, "N")
    with pytest.raises(InputError, match=r"dimension N of the input x is open.*--dim N=1"):
        ordino.read(path)
    assert ordino.read(path, options={"dim": "N=1"}).sizes[0] == 4 * 192
    with pytest.raises(UsageError, match=r"M: no dimension of that name is open \(open: N\)"):
        ordino.read(path, options={"dim": "M=1"})
    with pytest.raises(UsageError, match="expected name=value"):
        ordino.read(path, options={"dim": "N"})
    without_a_name = network(tmp_path, None)
    with pytest.raises(InputError, match=r"--dim x\.0=1"):
        ordino.read(without_a_name)
    assert ordino.read(without_a_name, options={"dim": "x.0=1"}).operators == 3


def test_files_that_are_no_models_are_refused(tmp_path: Path) -> None:
    whole = Path(network(tmp_path)).read_bytes()
    path = tmp_path / "cut.onnx"
    for content in (b"", b"no model at all", whole[: len(whole) // 2], whole[:-7]):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"cut\.onnx"):
            ordino.read(str(path))


def test_what_shapes_depend_on_must_be_there(tmp_path: Path) -> None:
    shape = shape_of("shape", 1, 192)
    shape.ClearField("int64_data")
    shape.data_location = onnx.TensorProto.EXTERNAL
    shape.external_data.add(key="location", value="weights.bin")
    nodes = [node("Reshape", ["x", "shape"], ["v"]), node("Relu", ["v"], ["y"])]
    path = saved(tmp_path, nodes, [value("x", 1, 3, 8, 8)], initializer=[shape])
    with pytest.raises(InputError, match=r"shape may hold a shape.*weights\.bin"):
        ordino.read(path)
    weight = onnx.helper.make_tensor("w", FLOAT, [192, 10], b"\0" * 7680, raw=True)
    weight.ClearField("raw_data")
    weight.data_location = onnx.TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="weights.bin")
    nodes = [node("MatMul", ["x", "w"], ["y"])]
    path = saved(tmp_path, nodes, [value("x", 1, 192)], initializer=[weight])
    assert ordino.read(path).parameters.tolist() == [7680]


def test_a_shape_that_depends_on_data_is_named(tmp_path: Path) -> None:
    nodes = [node("NonZero", ["x"], ["n"]), node("Cast", ["n"], ["y"], to=1)]
    path = saved(tmp_path, nodes, [value("x", 4, 4)])
    with pytest.raises(InputError, match=r"the shape of n \(nonzero_n\) is unknown"):
        ordino.read(path)


def test_a_dimension_that_depends_on_data_can_be_set(tmp_path: Path) -> None:
    nodes = [node("NonZero", ["x"], ["n"]), node("Cast", ["n"], ["c"], to=1)]
    path = saved(tmp_path, [*nodes, node("Relu", ["c"], ["y"])], [value("x", 4, 4)])
    with pytest.raises(InputError, match=r"--dim n\.1=1"):
        ordino.read(path)
    for name in ("n.1", "unk__0"):
        graph = ordino.read(path, options={"dim": f"{name}=5"})
        assert graph.sizes.tolist() == [64, 80, 40, 40]
    with pytest.raises(UsageError, match=r"n\.7: no dimension"):
        ordino.read(path, options={"dim": "n.7=5"})


@pytest.mark.parametrize("batch", [0, -1])
def test_dimensions_below_one_are_open(tmp_path: Path, batch: int) -> None:
    path = network(tmp_path, batch)
    with pytest.raises(InputError, match=r"--dim x\.0=1"):
        ordino.read(path)
    assert ordino.read(path, options={"dim": "x.0=1"}).sizes[0] == 4 * 192


def test_shapes_that_are_computed_from_constants_are_known(tmp_path: Path) -> None:
    """Half of the channels, again and again, by a division that inference does not follow."""
    nodes, source = [], "x"
    for k in range(3):
        nodes += [
            node("Shape", [source], [f"s{k}"]),
            node("Gather", [f"s{k}", "axis"], [f"g{k}"]),
            node("Cast", [f"g{k}"], [f"f{k}"], to=FLOAT),
            node("Div", [f"f{k}", "two"], [f"d{k}"]),
            node("Floor", [f"d{k}"], [f"e{k}"]),
            node("Cast", [f"e{k}"], [f"h{k}"], to=onnx.TensorProto.INT64),
            node("Concat", [f"h{k}", "rest"], [f"t{k}"], axis=0),
            node("Reshape", [source, f"t{k}"], [f"v{k}"]),
            node("Relu", [f"v{k}"], [f"r{k}"]),
        ]
        source = f"r{k}"
    nodes.append(node("Relu", [source], ["y"]))
    two = onnx.helper.make_tensor("two", FLOAT, [1], [2.0])
    constants = [shape_of("axis", 0), shape_of("rest", -1), two]
    graph = ordino.read(saved(tmp_path, nodes, [value("x", 16, 6)], initializer=constants))
    assert graph.operators == 4
    assert set(graph.sizes.tolist()) == {4 * 96}
    assert not graph.parameters.any()


def test_sparse_weights_count_in_full(tmp_path: Path) -> None:
    values = onnx.helper.make_tensor("w", FLOAT, [2], [1.0, 2.0])
    places = onnx.helper.make_tensor("w_places", onnx.TensorProto.INT64, [2], [3, 7])
    sparse = onnx.helper.make_sparse_tensor(values, places, [4, 8])
    nodes = [node("MatMul", ["x", "w"], ["y"])]
    path = saved(tmp_path, nodes, [value("x", 2, 4)], sparse_initializer=[sparse])
    assert ordino.read(path).parameters.tolist() == [128]


@pytest.mark.parametrize("kind", [0, 999])
def test_a_type_that_is_not_said_is_named(tmp_path: Path, kind: int) -> None:
    untyped = onnx.helper.make_tensor_value_info("x", kind, [4])
    made = onnx.helper.make_tensor_value_info("c", kind, [4])
    nodes = [node("Custom", ["x"], ["c"], domain="own"), node("Other", ["c"], ["y"], domain="own")]
    path = saved(tmp_path, nodes, [untyped], value_info=[made])
    with pytest.raises(InputError, match=r"net\.onnx: .*type"):
        ordino.read(path)


def test_constants_that_are_cut_off_stay_open(tmp_path: Path) -> None:
    shape = shape_of("shape", 2, 8)
    shape.ClearField("int64_data")
    shape.raw_data = b"\1\2\3"
    nodes = [node("Neg", ["shape"], ["n"]), node("Neg", ["n"], ["s"])]
    path = saved(
        tmp_path, [*nodes, node("Reshape", ["x", "s"], ["v"]), node("Relu", ["v"], ["y"])],
        [value("x", 4, 4)], initializer=[shape],
    )  # fmt: skip
    with pytest.raises(InputError, match=r"net\.onnx: .*shape"):
        ordino.read(path)


def test_a_value_that_nobody_writes_is_named(tmp_path: Path) -> None:
    path = saved(tmp_path, [node("Add", ["x", "ghost"], ["y"])], [value("x", 4)])
    with pytest.raises(InputError, match="add_y reads ghost, which nothing before it writes"):
        ordino.read(path)


def test_files_of_a_set_are_read_as_well(tmp_path: Path) -> None:
    path = network(tmp_path)
    assert ordino.read_all(path) == [ordino.read(path)]
    assert ordino.read(path, format="onnx:dtype=int8").sizes[0] == 192
