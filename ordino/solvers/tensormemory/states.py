"""Graphs in any order, exactly: beams through the states, then best-first search for a proof.

What is searched is order and residence; addresses are added to what is found. A state search after
Li, Gupta, Malik's problem (2023) and the dynamic programme over sets of operators of Ahn et al.
(2020, "Ordering chaos"), with lazy decisions, forced steps and dominance (see `state_kernels`).
"""

from __future__ import annotations

import time
from typing import Any

from ordino.core.budget import Budget
from ordino.core.errors import UsageError
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.core.pace import Pace
from ordino.heuristics.tensormemory.beam_search import Beam, widest
from ordino.heuristics.tensormemory.rules import takes, value_of
from ordino.heuristics.tensormemory.state_search import Part, StateSearch, residences_of_way
from ordino.heuristics.tensormemory.states import Network
from ordino.models.tensormemory import cpsat
from ordino.models.tensormemory.graph import Graph
from ordino.models.tensormemory.residence import Residences
from ordino.solvers.cpsat import solver as engine
from ordino.solvers.tensormemory.opening import begin
from ordino.solvers.tensormemory.packing import at_any_price, compiled, packed, repacked
from ordino.solvers.tensormemory.peak import unmoved

__all__ = ["NAME", "states", "takes"]

NAME = "states"
FIRST_WIDTH = 4
WIDTH_FACTOR = 4
QUICK_WIDTH = 300
"""Beams up to this width come before the search for a proof."""
FIRST_QUOTA = 200
PACKING_SECONDS = 3.0
PACKING_SHARE = 0.02
"""Of the time that is left, for the addresses of what is not proved to be best."""
BEAM_SHARE = 0.5
"""Of the time, for wider beams, while there is no proof."""


def states(*, memory_mb: int = 1000) -> Solver:
    """Return a solver that finds and proves the least traffic or peak. One thread.

    An iteration is a state that is expanded for a proof.

    Args:
        memory_mb: Most megabytes for states.

    Raises:
        UsageError: `memory_mb` is below 1.
    """
    if memory_mb < 1:
        raise UsageError(f"memory_mb is {memory_mb}, expected at least 1")

    def solve(instance: Graph, incumbent: Incumbent, budget: Budget) -> None:
        kernels = begin(instance, incumbent, budget, NAME)
        if kernels is None:
            return
        run = _Run(instance, incumbent, budget, kernels)
        run.search(memory_mb)
        if run.proved and not incumbent.optimal and cpsat.takes(instance) is None:
            engine(cpsat.formulate)(instance, incumbent, budget)  # addresses cost something

    return solve


class _Run:
    """What is known of a graph while it is searched."""

    def __init__(self, graph: Graph, incumbent: Incumbent, budget: Budget, kernels: Any) -> None:
        self.graph, self.incumbent, self.budget, self.kernels = graph, incumbent, budget, kernels
        self.network = Network.of(graph, graph.file_order if graph.fixed_order else None)
        self.best: Residences | None = None
        self.value: int | None = None
        self.width = FIRST_WIDTH
        self.widest = widest(self.network)
        self.proved = False

    def search(self, memory_mb: int) -> None:
        """Beams of growing width, then in turns with the search for a proof."""
        while self.width <= QUICK_WIDTH and self.beam():
            pass
        if self.graph.goal == "traffic" and self.value != 0:
            found = unmoved(self.graph, self.budget.should_stop)
            if found is not None:
                self.offer(found)
        if self.budget.should_stop():
            return
        search = StateSearch(
            self.network, self.kernels, Part.whole(self.network), self.value, memory_mb
        )
        proving = beaming = 0.0
        pace, pause = Pace(FIRST_QUOTA), 1.0
        full = False
        while not self.budget.should_stop():
            began = time.monotonic()
            if full or (proving > pause and beaming < BEAM_SHARE * (beaming + proving)):
                if not self.beam() and full:
                    return
                if self.value is not None:
                    search.tighten(self.value)
                beaming += time.monotonic() - began
                continue
            quota = pace.steps
            if self.budget.iterations is not None:
                quota = min(quota, self.budget.iterations - search.expanded)
            pace.start()
            status = search.advance(quota)
            pace.stop(quota)
            proving += time.monotonic() - began
            self.incumbent.raise_bound(search.least, NAME)
            if status == self.kernels.SOLVED:
                self.offer(residences_of_way(self.network, search.way()))
            if status in (self.kernels.SOLVED, self.kernels.EMPTY):
                self.proved = True
                self.settle()
                return
            full = status == self.kernels.FULL
            if self.budget.out_of_iterations(search.expanded):
                return

    def beam(self) -> bool:
        """Run the next beam; returns whether a wider one makes sense."""
        if self.width > self.widest and self.width > FIRST_WIDTH:
            return False
        width = min(self.width, self.widest)
        found = Beam(self.network, self.kernels, width).run(self.value, self.budget.should_stop)
        self.width *= WIDTH_FACTOR
        if found is not None:
            self.offer(found)
        return not self.budget.should_stop()

    def offer(self, residences: Residences) -> None:
        """Take what is better than all before, and offer it with addresses."""
        value = residences.value()
        if self.value is None or value < self.value:
            self.best, self.value = residences, value
            seconds = min(PACKING_SECONDS, PACKING_SHARE * self.budget.remaining())
            plan = packed(residences, self.budget.child(seconds=seconds))
            if plan is None and self.graph.goal == "traffic":
                plan = at_any_price(residences, self.budget)
            if plan is not None:
                self.incumbent.offer(plan, NAME, value_of(self.graph, plan))

    def settle(self) -> None:
        """Find addresses for the best, at its own value if that can be."""
        if self.best is None or self.best.value() == self.incumbent.objective:
            return
        compiled(self.budget)
        for find in (packed, repacked):
            seconds = min(PACKING_SECONDS, self.budget.remaining() / 3)
            plan = find(self.best, self.budget.child(seconds=seconds))
            if plan is not None:
                self.incumbent.offer(plan, NAME, value_of(self.graph, plan))
            if self.incumbent.optimal:
                return
