"""Divide and conquer: windows of steps of a good plan, each by the exact state search.

The operators of a window run in another order, and other tensors leave in it, from the state before
it to the state behind it, or to one that can become that at no greater cost in all. Cuts lie where
few bytes are resident: little of what is inside depends on what is outside (after the divide and
conquer of Li, Gupta, Malik 2023, and Ahn et al. 2020 at single tensors).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from ordino.core.arrays import Integers
from ordino.core.budget import Budget
from ordino.core.errors import UsageError
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.heuristics.tensormemory.rules import takes as takes_graph
from ordino.heuristics.tensormemory.rules import value_of
from ordino.heuristics.tensormemory.state_search import Part, StateSearch, Way, resident_rows
from ordino.heuristics.tensormemory.states import Network
from ordino.models.tensormemory.graph import Graph, Plan
from ordino.models.tensormemory.residence import Residences, Uses
from ordino.solvers.tensormemory.opening import begin
from ordino.solvers.tensormemory.packing import at_any_price, packed

__all__ = ["NAME", "divide", "takes"]

NAME = "divide"
FIRST_SIZE = 16
GROWTH = 1.5
FIRST_STATES = 2000
MOST_STATES = 200_000
SLICE_STATES = 100
MOST_VICTIM_SETS = 64
PACKING_SECONDS = 2.0
PACKING_SHARE = 0.2
"""Of the time, for addresses."""


def takes(instance: Any) -> str | None:
    """Say why an instance is not for divide and conquer, or return `None`."""
    if isinstance(instance, Graph) and instance.fixed_order:
        return "its order is fixed"
    return takes_graph(instance)


def divide(*, memory_mb: int = 200) -> Solver:
    """Return a solver that improves the incumbent, or Belady's plan. One thread.

    An iteration is a window.

    Args:
        memory_mb: Most megabytes for the states of a window.

    Raises:
        UsageError: `memory_mb` is below 1.
    """
    if memory_mb < 1:
        raise UsageError(f"memory_mb is {memory_mb}, expected at least 1")

    def solve(instance: Graph, incumbent: Incumbent, budget: Budget) -> None:
        kernels = begin(instance, incumbent, budget, NAME)
        if kernels is not None and incumbent.best is not None:
            _Sweeps(instance, incumbent, budget, kernels, memory_mb).run()

    return solve


@dataclass(frozen=True, eq=False)
class _Course:
    """An order, and the uses after which tensors leave, with what that costs at each step."""

    uses: Uses
    left: Any
    cost: Integers
    load: Integers

    @classmethod
    def of(cls, uses: Uses, gone: Integers) -> _Course:
        graph = uses.graph
        left = np.zeros(uses.tensor.size, bool)
        left[gone] = True
        cost = np.zeros(graph.operators, np.int64)
        spilled: set[int] = set()
        for use in gone.tolist():
            tensor = int(uses.tensor[use])
            paid = int(graph.sizes[tensor])
            paid += 0 if tensor in spilled else graph.spill_cost(tensor)
            spilled.add(tensor)
            cost[uses.step[use]] += paid
        return cls(uses, left, cost, uses.residences(gone).load())

    @property
    def residences(self) -> Residences:
        return self.uses.residences(np.flatnonzero(self.left))

    @property
    def value(self) -> int:
        peak = self.uses.graph.capacity is None
        return int(self.load.max()) if peak else int(self.cost.sum())

    def boundary(self, step: int) -> tuple[Any, Any]:
        """Return which tensors are resident between the step before and this one, and which have a
        copy outside."""
        uses, count = self.uses, self.uses.graph.tensors
        key = uses.tensor * (uses.order.size + 1) + uses.step
        tensors = np.arange(count)
        begin = np.searchsorted(uses.tensor, tensors)
        latest = np.searchsorted(key, tensors * (uses.order.size + 1) + step) - 1
        end = np.append(begin[1:], uses.tensor.size)
        live = (latest >= begin) & (latest + 1 < end)
        before = np.concatenate([[0], np.cumsum(self.left)])
        copied = live & (before[latest + 1] > before[begin])
        return live & ~self.left[latest], copied


@dataclass(frozen=True, eq=False)
class _Inside:
    """The graph of a window: its operators, what they touch and what is live at its beginning; and
    one more operator, which never runs, to read what is wanted behind it."""

    network: Network
    part: Part
    operators: Integers
    tensors: Integers
    all_tensors: int

    @classmethod
    def of(cls, course: _Course, begin: int, end: int) -> _Inside:
        graph, uses = course.uses.graph, course.uses
        operators = np.sort(uses.order[begin:end])
        (resident, copied), (after, copied_after) = course.boundary(begin), course.boundary(end)
        lists = [(graph.reads[each], graph.writes[each]) for each in operators.tolist()]
        touched = [tensors for pair in lists for tensors in pair]
        tensors = np.unique(np.concatenate([*touched, np.flatnonzero(resident | copied)]))

        def numbered(each: Integers) -> list[int]:
            found: list[int] = np.searchsorted(tensors, each).tolist()
            return found

        wanted = np.flatnonzero((after | copied_after)[tensors]).tolist()
        own = graph.scratch[operators].tolist()
        small = Graph.of(
            graph.sizes[tensors].tolist(),
            [*((numbered(reads), numbered(writes)) for reads, writes in lists), (wanted, [])],
            workspace=[*own, 0],
            capacity=graph.capacity,
            alignment=graph.alignment,
            addresses=False,
        )
        spill = np.array([graph.spill_cost(tensor) for tensor in tensors.tolist()])
        network = Network.of(small, spill=spill)
        count = operators.size
        part = Part(
            row=network.row(operators[:0], resident[tensors], copied[tensors]),
            used=int(graph.room[resident].sum()),
            value=graph.least_capacity if graph.capacity is None else 0,
            allowed=network.operator_set(np.arange(count)),
            count=count,
            target=network.tensor_sets(after[tensors], copied_after[tensors]),
        )
        return cls(network, part, operators, tensors, graph.tensors)

    def unfolded(self, way: Way) -> tuple[Integers, Any]:
        """Return a way in the numbers of the whole graph: operators, and flags of the tensors that
        are resident after each step."""
        flags = np.zeros((len(way.order), self.all_tensors), bool)
        flags[:, self.tensors] = self.network.members(resident_rows(self.network, way))
        return self.operators[way.order], flags


class _Sweeps:
    """Goes over windows again and again, wider and with more states when nothing gets better."""

    def __init__(
        self, graph: Graph, incumbent: Incumbent, budget: Budget, kernels: Any, memory_mb: int
    ) -> None:
        self.graph, self.incumbent, self.budget, self.kernels = graph, incumbent, budget, kernels
        self.memory_mb = memory_mb
        self.random = np.random.default_rng(budget.seed)
        self.size, self.states = FIRST_SIZE, FIRST_STATES
        self.searched = 0
        self.packing = 0.0
        self.began = time.monotonic()
        self.take(incumbent.best)

    def take(self, plan: Plan) -> None:
        """Go on from a plan."""
        self.version = self.incumbent.version
        uses = Uses.of(self.graph, plan.order)
        self.course = _Course.of(uses, uses.gaps_of(plan))
        self.offered = self.course.value

    def run(self) -> None:
        """Sweep until a window is all there is, and its search came to an end."""
        while not (self.budget.should_stop() or self.incumbent.closed):
            improved, complete = self.sweep()
            self.offer(last=True)
            if improved:
                continue
            if complete and self.size >= self.graph.operators:
                return
            if self.incumbent.changed_since(self.version):
                self.take(self.incumbent.best)
            self.size = min(self.graph.operators, int(self.size * GROWTH) + 1)
            self.states = min(MOST_STATES, int(self.states * GROWTH))

    def sweep(self) -> tuple[bool, bool]:
        """Search windows from the first step to the last; returns whether anything got better, and
        whether all searches came to their end."""
        improved, complete = False, True
        begin = 0
        while begin < self.graph.operators:
            if self.budget.should_stop() or self.budget.out_of_iterations(self.searched):
                return False, True
            end = self.cut(begin + self.size)
            if self.worthwhile(begin, end):
                self.searched += 1
                better, ended = self.window(begin, end)
                improved, complete = improved or better, complete and ended
                self.offer()
            if end == self.graph.operators:
                break
            begin = max(begin + 1, self.cut(begin + self.size // 2))
        return improved, complete

    def cut(self, near: int) -> int:
        """Return the step near this one before which the least is in use."""
        if near >= self.graph.operators:
            return self.graph.operators
        reach = max(1, self.size // 4)
        low, high = max(1, near - reach), min(self.graph.operators - 1, near + reach)
        return low + int(np.argmin(self.course.load[low : high + 1]))

    def worthwhile(self, begin: int, end: int) -> bool:
        """Tell whether there is something to gain in a window."""
        if self.graph.goal == "peak":
            worst = int(self.course.load[begin:end].max())
            return worst == self.course.value > self.graph.least_capacity
        return bool(self.course.cost[begin:end].any())

    def window(self, begin: int, end: int) -> tuple[bool, bool]:
        """Search a window; returns whether it got better, and whether the search ended."""
        course = self.course
        peak = self.graph.goal == "peak"
        bound = int(course.load[begin:end].max() if peak else course.cost[begin:end].sum())
        inside = _Inside.of(course, begin, end)
        search = StateSearch(
            *(inside.network, self.kernels, inside.part, bound, self.memory_mb),
            most=MOST_VICTIM_SETS,
            strict=False,
        )
        status = self.kernels.PAUSED
        while status == self.kernels.PAUSED and search.expanded < self.states:
            if self.budget.should_stop():
                return False, False
            status = search.advance(SLICE_STATES)
        if status == self.kernels.SOLVED:
            self.replace(begin, end, *inside.unfolded(search.way()))
        ended = status in (self.kernels.SOLVED, self.kernels.EMPTY)
        return status == self.kernels.SOLVED, ended

    def replace(self, begin: int, end: int, inside: Integers, resident: Any) -> None:
        """Take another order of a window, with what is resident after each of its steps (flags)."""
        old = self.course
        order = old.uses.order.copy()
        order[begin:end] = inside
        uses = Uses.of(self.graph, order)
        stays = np.concatenate([old.boundary(begin)[0][None], resident])
        stays[-1] &= old.boundary(end)[0]
        known = old.uses.tensor * (order.size + 1) + old.uses.step
        gone = []
        for use in uses.gaps.tolist():
            tensor, step, back = int(uses.tensor[use]), int(uses.step[use]), int(uses.step[use + 1])
            if back < begin or step >= end:
                held = int(np.searchsorted(known, tensor * (order.size + 1) + step))
                leaves = bool(old.left[held])
            else:
                leaves = not stays[min(back, end) - begin, tensor]
            if leaves:
                gone.append(use)
        self.course = _Course.of(uses, np.array(gone, dtype=np.int64))

    def offer(self, last: bool = False) -> None:
        """Offer what is better than before with addresses, while those may take the time."""
        value = self.course.value
        if value >= self.offered:
            return
        spent = time.monotonic() - self.began
        if not last and self.packing > PACKING_SHARE * spent:
            return
        began = time.monotonic()
        residences = self.course.residences
        seconds = min(PACKING_SECONDS, self.budget.remaining() / 3)
        plan = packed(residences, self.budget.child(seconds=seconds))
        if plan is None and self.graph.goal == "traffic":
            plan = at_any_price(residences, self.budget)
        self.packing += time.monotonic() - began
        self.offered = value
        if plan is not None:
            self.incumbent.offer(plan, NAME, value_of(self.graph, plan))
