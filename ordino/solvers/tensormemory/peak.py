"""The least memory in which a graph runs without traffic (M_P), addresses aside."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace
from typing import Any

from ordino.heuristics.tensormemory.beam_search import Beam, widest
from ordino.heuristics.tensormemory.state_search import Part, StateSearch
from ordino.heuristics.tensormemory.states import KERNELS, Network
from ordino.models.tensormemory.graph import Graph

__all__ = ["LeastPeak", "least_peak"]

WIDTHS = (1, 10, 100)
MOST_STATES = 200_000
MEMORY_MB = 500


@dataclass(frozen=True, slots=True)
class LeastPeak:
    """The least peak that was found, and a lower bound of all."""

    peak: int
    bound: int


def least_peak(graph: Graph) -> LeastPeak:
    """Search for the least peak, up to a number of states: the same answer at all times."""
    kernels: Any = importlib.import_module(KERNELS)
    graph = replace(graph, capacity=None, addresses=False)
    network = Network.of(graph, graph.file_order if graph.fixed_order else None)
    peak: int | None = None
    for width in WIDTHS:
        if peak == graph.least_capacity:
            return LeastPeak(peak, peak)
        found = Beam(network, kernels, min(width, widest(network))).run(peak, lambda: False)
        peak = peak if found is None else found.peak()
    search = StateSearch(network, kernels, Part.whole(network), peak, MEMORY_MB)
    status = search.advance(MOST_STATES)
    if status == kernels.SOLVED:
        peak = search.least
    assert peak is not None  # a beam without a bound ends in a last state
    return LeastPeak(peak, min(peak, search.least))
