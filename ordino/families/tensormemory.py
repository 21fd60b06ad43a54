"""Tensor memory: graphs of operators; lifetimes; mappings to two levels."""

from __future__ import annotations

from ordino.core.family import (
    BoundSpec,
    Family,
    FormatSpec,
    GeneratorSpec,
    SolutionFormatSpec,
    SolverSpec,
)
from ordino.solvers import specs

__all__ = ["FAMILY"]

_MODEL = "ordino.models.tensormemory"
_FILES = "ordino.instances.tensormemory"
_RULES = "ordino.heuristics.tensormemory"
_EXACT = "ordino.solvers.tensormemory"

_GRAPH_SOLVERS = (
    specs.rule(
        "topological",
        f"{_RULES}.rules:topological",
        "nothing leaves: the best of the file's, a depth-first and a least-growth order",
        takes=f"{_RULES}.rules:takes_peak",
    ),
    specs.rule(
        "belady",
        f"{_RULES}.rules:belady",
        "those leave whose next use is farthest, in the best of the same orders (Belady 1966)",
        takes=f"{_RULES}.rules:takes_traffic",
    ),
    specs.rule(
        "greedy",
        f"{_RULES}.rules:greedy",
        "those leave that cost least at each step (Li, Gupta, Malik 2023)",
        takes=f"{_RULES}.rules:takes_traffic",
    ),
    SolverSpec(
        name="states",
        summary="beams and best-first search over what has run, is resident, has been spilled",
        make=f"{_EXACT}.states:states",
        takes=f"{_EXACT}.states:takes",
        improves=True,
        proves=True,
    ),
    specs.cpsat(f"{_MODEL}.cpsat:formulate", takes=f"{_MODEL}.cpsat:takes"),
)
_GRAPH_RACE = ("topological", "belady", "states", "cpsat")
_GRAPH_BOUNDS = (
    BoundSpec(
        name="nothing-moved",
        summary="no traffic at all",
        compute=f"{_MODEL}.bounds:nothing_moved",
    ),
    BoundSpec(
        name="largest-operator",
        summary="what the operator needs that needs most",
        compute=f"{_MODEL}.bounds:largest_operator",
    ),
)
_GRAPH_FORMATS = (
    FormatSpec(
        name="tensor-graph",
        summary="JSON of operators and tensors, tensor-graph/1",
        read=f"{_FILES}.graph_json:read_graph",
        sniff=f"{_FILES}.graph_json:sniff_graph",
        write=f"{_FILES}.graph_json:write_graph",
        suffixes=(".json",),
    ),
    FormatSpec(
        name="onnx",
        summary="ONNX models, by their ending; dim=N=1, dtype=int8, inputs, fuse",
        read=f"{_FILES}.onnx_file:read_onnx",
        sniff=f"{_FILES}.onnx_file:sniff_onnx",
        suffixes=(".onnx",),
        binary=True,
    ),
)
_GRAPH_GENERATORS = tuple(
    GeneratorSpec(name=name, summary=summary, make=f"{_FILES}.generate:{make}")
    for name, make, summary in (
        ("cells", "cells", "cells as in NASNet and DARTS (Zoph 2018; Liu 2019)"),
        ("randwire", "randwire", "randomly wired stages (Xie 2019)"),
        ("densenet", "densenet", "dense blocks (Huang 2017)"),
        ("resnet", "resnet", "bottleneck blocks with shortcuts (He 2016)"),
        ("transformer", "transformer", "encoder layers (Vaswani 2017)"),
        ("series-parallel", "series_parallel", "random series-parallel graphs"),
    )
)
_PLAN_FORMATS: tuple[SolutionFormatSpec, ...] = ()

FAMILY = Family(
    name="tensormemory",
    title="tensors in a small memory: order, residence and addresses of least traffic or peak",
    instances={"graph": f"{_MODEL}.graph:Graph"},
    solution=f"{_MODEL}.solution:MemorySolution",
    check=f"{_MODEL}.check:check",
    adjust=f"{_EXACT}.options:adjust",
    scene=f"{_MODEL}.scene:scene",
    facts=f"{_EXACT}.facts:facts",
    formulations={"cpsat": f"{_MODEL}.cpsat:formulate"},
    bounds=_GRAPH_BOUNDS,
    solvers=_GRAPH_SOLVERS,
    race=_GRAPH_RACE,
    formats=_GRAPH_FORMATS,
    solution_formats=_PLAN_FORMATS,
    generators=_GRAPH_GENERATORS,
)
