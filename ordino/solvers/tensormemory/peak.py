"""What can be said of a graph in a short search, addresses aside: its least peak, M_P, and how the
traffic falls with the capacity.

Searches are limited by numbers of states, so that the answers are the same at all times.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from math import gcd
from typing import Any

from ordino.core.scene import Bar, Scene
from ordino.heuristics.tensormemory.beam_search import Beam, widest
from ordino.heuristics.tensormemory.orders import ORDERS
from ordino.heuristics.tensormemory.replacement import belady, keep_all
from ordino.heuristics.tensormemory.rules import orders_of
from ordino.heuristics.tensormemory.state_search import Part, StateSearch, residences_of_way
from ordino.heuristics.tensormemory.states import KERNELS, Network
from ordino.models.tensormemory.graph import Graph
from ordino.models.tensormemory.residence import Residences, Uses

__all__ = ["Least", "curve", "least_peak", "least_value", "unmoved"]

WIDTHS = (1, 10, 100)
MOST_STATES = 200_000
MOST_BEAM_WORK = 2e8
"""Operators^2 x words of a state x width; beyond, no beam is run, and rules have to do."""
SLICE_STATES = 1000
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
    graph = replace(graph, addresses=False)
    floor = graph.least_capacity if graph.goal == "peak" else 0
    best, network = _by_beams(graph, floor, lambda: False)
    if best.value() == floor:
        return Least(floor, floor)
    found, bound = _by_states(network, best.value(), lambda: False)
    value = best.value() if found is None else found.value()
    return Least(value, min(value, bound))


def unmoved(graph: Graph, should_stop: Callable[[], bool]) -> Residences | None:
    """Return residences that fit the capacity together, where a search for the least peak like that
    of `least_value` finds some."""
    assert graph.capacity is not None
    still, capacity = replace(graph, capacity=None), graph.capacity
    best, network = _by_beams(still, capacity, should_stop)
    if best.value() <= capacity:
        return replace(best, graph=graph)
    found, _ = _by_states(network, capacity + 1, should_stop)
    return None if found is None else replace(found, graph=graph)


def _by_states(
    network: Network, below: int, should_stop: Callable[[], bool]
) -> tuple[Residences | None, int]:
    """Search for the least value below another one, up to a number of states.

    Returns:
        The best residences if the search came to its end at some, and a lower bound.
    """
    kernels: Any = importlib.import_module(KERNELS)
    search = StateSearch(network, kernels, Part.whole(network), below, MEMORY_MB)
    states = max(1, min(MOST_STATES, int(MOST_BEAM_WORK / max(1, _beam_work(network))) * 100))
    status = kernels.PAUSED
    while status == kernels.PAUSED and search.expanded < states and not should_stop():
        status = search.advance(min(SLICE_STATES, states - search.expanded))
    solved = status == kernels.SOLVED
    return (residences_of_way(network, search.way()) if solved else None), search.least


def _by_beams(
    graph: Graph, enough: int, should_stop: Callable[[], bool]
) -> tuple[Residences, Network]:
    """Return the best residences of rules, then of beams until the value is enough; and what the
    beams ran on."""
    kernels: Any = importlib.import_module(KERNELS)
    choose = keep_all if graph.goal == "peak" else belady
    tried = [choose(Uses.of(graph, ORDERS[name](graph))) for name in orders_of(graph, "best")]
    best = min(tried, key=Residences.value)
    network = Network.of(graph, graph.file_order if graph.fixed_order else None)
    for width in WIDTHS:
        if best.value() <= enough or _beam_work(network) * width > MOST_BEAM_WORK:
            break
        beam = Beam(network, kernels, min(width, widest(network)))
        best = beam.run(best.value(), should_stop) or best
    return best, network


def _beam_work(network: Network) -> int:
    """Estimate the work of the narrowest beam."""
    return network.graph.operators**2 * sum(network.words)


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
    rows[-1] |= {"traffic": 0, "bound": 0}  # the plan of the least peak
    for less, more in pairwise(rows):  # what fits a memory fits a larger one
        more["traffic"] = min(less["traffic"], more["traffic"])
    for more, less in pairwise(rows[::-1]):
        less["bound"] = max(less["bound"], more["bound"])
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
