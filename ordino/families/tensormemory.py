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
    SolverSpec(
        name="belady",
        summary="those leave whose next use is farthest, in the best of the same orders (1966)",
        make=f"{_EXACT}.opening:belady",
        takes=f"{_RULES}.rules:takes_traffic",
    ),
    SolverSpec(
        name="greedy",
        summary="those leave that cost least at each step (Li, Gupta, Malik 2023)",
        make=f"{_EXACT}.opening:greedy",
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
    SolverSpec(
        name="divide",
        summary="divide and conquer: windows of steps, each by the state search",
        make=f"{_EXACT}.divide:divide",
        takes=f"{_EXACT}.divide:takes",
        improves=True,
    ),
)
_GRAPH_RACE = ("topological", "belady", "states", "divide")
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
_PLAN_FORMATS = tuple(
    SolutionFormatSpec(
        name=name,
        summary=summary,
        read=f"{_FILES}.plans:read_{part}",
        sniff=f"{_FILES}.plans:sniff_{part}",
        write=f"{_FILES}.plans:write_{part}",
    )
    for name, part, summary in (
        ("residences", "residences", "CSV of residences with their steps and offsets"),
        ("tflm", "tflm", "offline offsets of TensorFlow Lite Micro, as a C array"),
        (
            "events",
            "events",
            "a line an event: create, fetch, spill, drop, at which step and offset",
        ),
    )
)

_CPSAT = f"{_MODEL}.engines:formulate"
_PLACING = f"{_RULES}.placing"
_TAKES_LIFETIMES = f"{_PLACING}:takes"
_PLACING_KERNELS = f"{_PLACING}_kernels"
_ENGINES = (
    specs.cpsat(_CPSAT, takes=f"{_MODEL}.engines:takes"),
    specs.milp(
        f"{_MODEL}.milp:formulate",
        "the programme of Li, Gupta, Malik 2023, for small graphs",
        takes=f"{_MODEL}.milp:takes",
    ),
)
_PLACEMENT_SOLVERS = (
    specs.rule(
        "by-hint",
        f"{_PLACING}:by_hint",
        "lowest hint first, at its hint if that is free",
        takes=f"{_PLACING}:takes_hints",
        kernels=_PLACING_KERNELS,
    ),
    specs.rule(
        "by-size",
        f"{_PLACING}:by_size",
        "largest first, tightest gap (TFLite)",
        takes=_TAKES_LIFETIMES,
        kernels=_PLACING_KERNELS,
    ),
    specs.rule(
        "by-class",
        f"{_PLACING}:by_class",
        "largest class of size first, in it longest life",
        takes=_TAKES_LIFETIMES,
        kernels=_PLACING_KERNELS,
    ),
    specs.rule(
        "by-area",
        f"{_PLACING}:by_area",
        "largest size times length of life first",
        takes=_TAKES_LIFETIMES,
        kernels=_PLACING_KERNELS,
    ),
    specs.rule(
        "by-lifetime",
        f"{_PLACING}:by_lifetime",
        "longest life first",
        takes=_TAKES_LIFETIMES,
        kernels=_PLACING_KERNELS,
    ),
    specs.rule(
        "by-start",
        f"{_PLACING}:by_start",
        "first alive first",
        takes=_TAKES_LIFETIMES,
        kernels=_PLACING_KERNELS,
    ),
    SolverSpec(
        name="climb",
        summary="placing in many orders, then hill climbing on the best one",
        make=f"{_PLACING}:climb",
        takes=_TAKES_LIFETIMES,
        improves=True,
        scales=True,
    ),
    SolverSpec(
        name="canonical",
        summary="exact search over canonical placements (Moffitt 2023), in many orders",
        make=f"{_EXACT}.canonical:canonical",
        takes=f"{_EXACT}.canonical:takes",
        improves=True,
        proves=True,
        scales=True,
    ),
)
_MAPPING_SOLVERS = (
    specs.rule(
        "by-density",
        f"{_RULES}.exchange:by_density",
        "most benefit for bytes and time first, into fast memory",
        takes=f"{_RULES}.exchange:takes",
        kernels=f"{_RULES}.exchange_kernels",
    ),
    SolverSpec(
        name="exchange",
        summary="simulated annealing on what is in fast memory, and where",
        make=f"{_RULES}.exchange:exchange",
        takes=f"{_RULES}.exchange:takes",
        improves=True,
        scales=True,
    ),
    SolverSpec(
        name="windows",
        summary="neighbourhoods over windows of time, by CP-SAT",
        make="ordino.solvers.neighbourhoods:windows",
        arguments=(_CPSAT, f"{_EXACT}.mapping_windows:restriction"),
        takes=f"{_EXACT}.mapping_windows:takes",
        improves=True,
        scales=True,
    ),
    SolverSpec(
        name="hybrid",
        summary="annealing, CP-SAT on the whole mapping, then neighbourhoods over windows of time",
        make=f"{_EXACT}.mapping_hybrid:hybrid",
        arguments=(_CPSAT,),
        takes=f"{_EXACT}.mapping_hybrid:takes",
        improves=True,
        proves=True,
        deterministic=False,
        scales=True,
        alone=True,
    ),
)
_PLACEMENT_RACE = (
    *("by-hint", "by-size", "by-class", "by-lifetime", "by-start", "canonical"),
    *("by-density", "hybrid", "exchange", "windows", "cpsat", "climb"),
)
_PLACEMENT_BOUNDS = (
    BoundSpec(
        name="load",
        summary="most bytes that are alive at one time",
        compute=f"{_MODEL}.placement_bounds:load",
    ),
    BoundSpec(
        name="fractional",
        summary="benefit lost if buffers could be in fast memory in part, and lie anywhere",
        compute=f"{_MODEL}.placement_bounds:fractional",
    ),
)
_PLACEMENT_FORMATS = (
    FormatSpec(
        name="minimalloc",
        summary="CSV of buffers: MiniMalloc, idealloc",
        read=f"{_FILES}.buffers:read_buffers",
        sniff=f"{_FILES}.buffers:sniff_buffers",
        write=f"{_FILES}.buffers:write_buffers",
        suffixes=(".csv",),
        file_name=r".*\.(?P<memory>[0-9]{1,18})\.csv",
    ),
)
_OFFSETS_FORMATS = (
    SolutionFormatSpec(
        name="offsets",
        summary="CSV of buffers with their offsets, as MiniMalloc writes it",
        read=f"{_FILES}.buffers:read_offsets",
        sniff=f"{_FILES}.buffers:sniff_offsets",
        write=f"{_FILES}.buffers:write_offsets",
    ),
)
_LIFETIME_GENERATORS = (
    GeneratorSpec(
        name="lifetimes",
        summary="buffers of a network's steps: short lives, and skips over many steps",
        make=f"{_FILES}.generate_lifetimes:lifetimes",
    ),
)

FAMILY = Family(
    name="tensormemory",
    title="tensors in a small memory: order, residence and addresses of least traffic or peak",
    instances={
        "graph": f"{_MODEL}.graph:Graph",
        "lifetimes": f"{_MODEL}.lifetimes:Lifetimes",
        "mapping": f"{_MODEL}.mapping:Mapping",
    },
    solution=f"{_MODEL}.solution:MemorySolution",
    check=f"{_MODEL}.check:check",
    adjust=f"{_EXACT}.options:adjust",
    scene=f"{_MODEL}.scene:scene",
    facts=f"{_EXACT}.facts:facts",
    curve=f"{_EXACT}.facts:curve",
    formulations={"cpsat": _CPSAT, "milp": f"{_MODEL}.milp:formulate"},
    bounds=(*_GRAPH_BOUNDS, *_PLACEMENT_BOUNDS),
    solvers=(*_GRAPH_SOLVERS, *_PLACEMENT_SOLVERS, *_MAPPING_SOLVERS, *_ENGINES),
    adopts={
        "torch.export.exported_program:ExportedProgram": f"{_FILES}.torch_program:from_exported"
    },
    race=(*_GRAPH_RACE, *_PLACEMENT_RACE),
    formats=(*_GRAPH_FORMATS, *_PLACEMENT_FORMATS),
    solution_formats=(*_PLAN_FORMATS, *_OFFSETS_FORMATS),
    generators=(*_GRAPH_GENERATORS, *_LIFETIME_GENERATORS),
)
