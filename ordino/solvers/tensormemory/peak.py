"""What can be said of a graph in a short search, addresses aside: its least peak, M_P, and how the
traffic falls with the capacity.

Searches are limited by numbers of states, so that the answers are the same at all times.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace
from math import gcd
from typing import Any

from ordino.core.scene import Bar, Scene
from ordino.heuristics.tensormemory.beam_search import Beam, widest
from ordino.heuristics.tensormemory.state_search import Part, StateSearch
from ordino.heuristics.tensormemory.states import KERNELS, Network
from ordino.models.tensormemory.graph import Graph

__all__ = ["Least", "curve", "least_peak", "least_value"]

WIDTHS = (1, 10, 100)
MOST_STATES = 200_000
MOST_BEAM_WORK = 2e8
"""Operators x words of a state x width; beyond, only the narrowest beam is run."""
MEMORY_MB = 500
POINTS = 8
"""Steps of a curve."""


@dataclass(frozen=True, slots=True)
class Least:
    """The least value that was found, and a lower bound of all."""

    value: int
    bound: int

    @property
    def proved(self) -> bool:
        """Whether they are the same."""
        return self.value == self.bound


def least_peak(graph: Graph) -> Least:
    """Search for the least peak (M_P)."""
    return least_value(replace(graph, capacity=None))


def least_value(graph: Graph) -> Least:
    """Search for the least value of a graph's goal, up to a number of states."""
    kernels: Any = importlib.import_module(KERNELS)
    graph = replace(graph, addresses=False)
    network = Network.of(graph, graph.file_order if graph.fixed_order else None)
    floor = graph.least_capacity if graph.goal == "peak" else 0
    value: int | None = None
    work = graph.operators * graph.operators * sum(network.words)
    for width in WIDTHS:
        if value is not None and (value == floor or work * width > MOST_BEAM_WORK):
            break
        found = Beam(network, kernels, min(width, widest(network))).run(value, lambda: False)
        value = value if found is None else found.value()
    assert value is not None  # a beam without a bound ends in a last state
    if value == floor:
        return Least(value, value)
    search = StateSearch(network, kernels, Part.whole(network), value, MEMORY_MB)
    states = max(1, min(MOST_STATES, int(MOST_BEAM_WORK / max(1, work)) * 100))
    if search.advance(states) == kernels.SOLVED:
        value = search.least
    return Least(value, min(value, search.least))


def curve(graph: Graph) -> tuple[list[dict[str, Any]], Scene]:
    """Return how the traffic falls from M_R to M_P, as rows and as a picture."""
    peak = least_peak(graph).value
    low, unit = graph.least_capacity, gcd(*graph.room.tolist(), *graph.scratch.tolist())
    between = (low + (peak - low) * step // POINTS for step in range(POINTS + 1))
    capacities = sorted({low, peak, *(each // unit * unit for each in between if each >= low)})
    capacities = [each for each in capacities if each >= low]
    rows: list[dict[str, Any]] = []
    for capacity in capacities:
        least = least_value(replace(graph, capacity=capacity))
        rows.append({"capacity": capacity, "traffic": least.value, "bound": least.bound})
    until = [*capacities[1:], capacities[-1] + max(unit, (peak - low) // POINTS)]
    bars = tuple(
        Bar(
            row=0,
            start=row["capacity"],
            end=end,
            group=0 if row["bound"] == row["traffic"] else 1,
            label=str(row["traffic"]),
            detail=f"from {row['capacity']} bytes on: {row['traffic']} moved, "
            f"at least {row['bound']}",
            span=(0, row["traffic"]),
        )
        for row, end in zip(rows, until, strict=True)
    )
    scene = Scene(
        title=f"{graph.name or 'graph'}: bytes moved in a memory of a capacity",
        axis="capacity",
        rows=("traffic",),
        bars=bars,
        legend=("proved", "best known"),
        height=max(1, *(row["traffic"] for row in rows)),
        upright="bytes moved",
        origin=False,
    )
    return rows, scene
