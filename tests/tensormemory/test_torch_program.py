"""Graphs of operators from programs that torch.export has traced."""

from __future__ import annotations

from typing import Any

import pytest

import ordino
from ordino.core.errors import InstanceError
from ordino.instances.tensormemory.torch_program import from_exported

pytestmark = pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")  # of torch itself

torch = pytest.importorskip("torch", reason="torch is not installed (extra torch)")


def exported(call: Any, *inputs: Any, **options: Any) -> Any:
    """Export a function of tensors, or a module."""
    module = call
    if not isinstance(call, torch.nn.Module):
        module = torch.nn.Module()
        module.forward = call
    return torch.export.export(module, inputs, **options)


def test_sizes_parameters_and_what_the_peak_is() -> None:
    layers = torch.nn.Sequential(torch.nn.Linear(8, 4), torch.nn.Sigmoid(), torch.nn.Linear(4, 2))
    program = exported(layers, torch.zeros(3, 8))
    graph = from_exported(program)
    assert graph.operator_names == ("linear", "sigmoid", "linear_1")
    assert graph.sizes.tolist() == [4 * 3 * 8, 4 * 3 * 4, 4 * 3 * 4, 4 * 3 * 2]
    assert graph.parameters.tolist() == [4 * (8 * 4 + 4), 0, 4 * (4 * 2 + 2)]
    assert ordino.solve(program).objective == 4 * 3 * (8 + 4)


def test_pointwise_operators_join_their_neighbours() -> None:
    graph = from_exported(exported(lambda x: (x @ x).relu().sum(0), torch.zeros(4, 4)), fuse=True)
    assert graph.operator_names == ("matmul", "sum_1")


def test_views_and_parts_of_views_are_other_names() -> None:
    def swapped(x: Any) -> Any:
        left, right = (x * 2).view(4, 2).chunk(2, dim=1)
        return torch.cat([right, left], 1)

    graph = from_exported(exported(swapped, torch.zeros(8)))
    assert graph.operator_names == ("mul", "cat")
    assert [each.tolist() for each in graph.reads] == [[0], [1]]
    assert ("view", 1) in graph.aliases


@pytest.mark.parametrize(
    ("call", "operators"),
    [
        (lambda x: x.transpose(0, 1).reshape(8) * 2, ("reshape", "mul")),
        (lambda x: x.reshape(8) * 2, ("mul",)),
        (lambda x: x.transpose(0, 1).contiguous() * 2, ("contiguous", "mul")),
        (lambda x: x.contiguous() * 2, ("mul",)),
        (lambda x: x.to(torch.float16) * 2, ("to", "mul")),
        (lambda x: x.to(torch.float32) * 2, ("mul",)),
        (lambda x: torch.arange(2.0).reshape(2, 1).expand_as(x) + x, ("add",)),
    ],
)
def test_what_must_be_copied_is_an_operator(
    call: Any, operators: tuple[str, ...], tmp_path: Any
) -> None:
    program = exported(call, torch.zeros(2, 4))
    torch.export.save(program, tmp_path / "program.pt2")
    for each in (program, torch.export.load(tmp_path / "program.pt2")):
        assert from_exported(each).operator_names == operators


def test_what_is_written_in_place_is_made_functional() -> None:
    graph = from_exported(exported(lambda x: (x + 1).relu_() * 3, torch.zeros(5)))
    assert graph.operator_names == ("add", "relu", "mul")


def test_constants_are_folded() -> None:
    def shifted(x: Any) -> Any:
        return x + torch.arange(4, dtype=torch.float32).exp()

    graph = from_exported(exported(shifted, torch.zeros(4)))
    assert graph.operator_names == ("add",)
    assert graph.parameters.tolist() == [16]


def test_parts_of_several_results() -> None:
    def sort(x: Any) -> Any:
        values, places = x.sort()
        return values * 2, places

    graph = from_exported(exported(sort, torch.zeros(6)))
    assert graph.operator_names == ("sort", "mul")
    assert sorted(graph.sizes.tolist()) == [24, 24, 24, 48]


def test_open_shapes_are_refused() -> None:
    program = exported(
        torch.nn.Linear(4, 2),
        torch.zeros(3, 4),
        dynamic_shapes=({0: torch.export.Dim("batch")},),
    )
    with pytest.raises(InstanceError, match=r"dimension 0 of input is open .*fixed shapes"):
        from_exported(program)
