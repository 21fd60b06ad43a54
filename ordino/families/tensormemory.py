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

FAMILY = Family(
    name="tensormemory",
    title="tensors in a small memory: order, residence and addresses of least traffic or peak",
    instances={"graph": f"{_MODEL}.graph:Graph"},
    solution=f"{_MODEL}.solution:MemorySolution",
    check=f"{_MODEL}.check:check",
    adjust=f"{_EXACT}.options:adjust",
    bounds=_GRAPH_BOUNDS,
    solvers=_GRAPH_SOLVERS,
    race=_GRAPH_RACE,
    formats=_GRAPH_FORMATS,
    solution_formats=_PLAN_FORMATS,
    generators=_GRAPH_GENERATORS,
)
