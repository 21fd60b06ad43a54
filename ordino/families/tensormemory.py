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

_GRAPH_SOLVERS: tuple[SolverSpec, ...] = ()
_GRAPH_RACE: tuple[str, ...] = ()
_GRAPH_BOUNDS: tuple[BoundSpec, ...] = ()
_GRAPH_FORMATS: tuple[FormatSpec, ...] = ()
_GRAPH_GENERATORS: tuple[GeneratorSpec, ...] = ()
_PLAN_FORMATS: tuple[SolutionFormatSpec, ...] = ()

_CPSAT = f"{_MODEL}.engines:formulate"
_PLACING = f"{_RULES}.placing"
_TAKES_LIFETIMES = f"{_PLACING}:takes"
_PLACING_KERNELS = f"{_PLACING}_kernels"
_ENGINES = (specs.cpsat(_CPSAT, takes=f"{_MODEL}.engines:takes"),)
_PLACEMENT_SOLVERS = (
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
_PLACEMENT_RACE = ("by-size", "by-class", "canonical", "climb")
_PLACEMENT_BOUNDS = (
    BoundSpec(
        name="load",
        summary="most bytes that are alive at one time",
        compute=f"{_MODEL}.placement_bounds:load",
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
        file_name=r".*\.(?P<capacity>[0-9]{1,18})\.csv",
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
    formulations={"cpsat": _CPSAT},
    bounds=(*_GRAPH_BOUNDS, *_PLACEMENT_BOUNDS),
    solvers=(*_GRAPH_SOLVERS, *_PLACEMENT_SOLVERS, *_ENGINES),
    race=(*_GRAPH_RACE, *_PLACEMENT_RACE, "cpsat"),
    formats=(*_GRAPH_FORMATS, *_PLACEMENT_FORMATS),
    solution_formats=(*_PLAN_FORMATS, *_OFFSETS_FORMATS),
    generators=(*_GRAPH_GENERATORS, *_LIFETIME_GENERATORS),
)
