"""Two-level mapping by rules and by simulated annealing on what is in fast memory, and where."""

from __future__ import annotations

from typing import Any

import numpy as np

from ordino.core.arrays import Integers
from ordino.core.budget import Budget
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.core.kernel import load
from ordino.core.pace import Pace
from ordino.heuristics.team import Team
from ordino.models.tensormemory.mapping import Mapping
from ordino.models.tensormemory.placement import ABSENT, Placement

__all__ = ["KERNELS", "NAME", "by_density", "exchange", "takes"]

NAME = "exchange"
KERNELS = "ordino.heuristics.tensormemory.exchange_kernels"
MOST_BUFFERS = 50_000
"""With more, a first filling takes longer than a stop may wait."""
FIRST_SLICE = 5_000
SLICE_PUTS = 256
"""Buffers that are brought in between two looks at the clock."""

HOT, COLD = 0.15, 0.01
"""First and last temperature of a cycle: in means of benefits weighted by themselves, for a few may
make up most of all, and in mean benefits."""

CYCLES = (0.1, 0.3, 0.6, 1.0)
"""Shares of the budget at which each cycle ends."""


def takes(instance: Any) -> str | None:
    """Say why an instance is not for these methods, or return `None`."""
    if not isinstance(instance, Mapping):
        return "only for mappings"
    if (count := instance.lifetimes.buffers) > MOST_BUFFERS:
        return f"{count} buffers, beyond {MOST_BUFFERS}"
    return None


def by_density(instance: Mapping) -> Placement:
    """Bring in the buffers of most benefit for bytes and time first. O(n^2 log n)."""
    from ordino.heuristics.tensormemory import exchange_kernels

    state = State(instance, exchange_kernels, np.random.default_rng(0))
    order = state.by_density()
    state.fill(order, 0, order.size)
    return Placement(state.offset.copy())


class State:
    """What is in fast memory, in arrays for the kernels; for one thread. O(n) memory.

    Attributes:
        offset: Where each buffer is.
        value: Benefit of what is in memory.
        best: Offsets of the best state since the last `begin`, then its benefit.
    """

    def __init__(self, instance: Mapping, kernels: Any, random: np.random.Generator) -> None:
        self._kernels, self._instance = kernels, instance
        lifetimes = instance.lifetimes
        count = lifetimes.buffers
        _, tensor, times = np.unique(instance.tensor, return_inverse=True, return_counts=True)
        self.offset: Integers = np.full(count, ABSENT, np.int64)
        self._inside: Integers = np.zeros((2, count + 1), np.int64)
        self._count: Integers = np.zeros(1, np.int64)
        self.value = 0
        self.best: Integers = np.full(count + 1, ABSENT, np.int64)
        self._arrays = (
            *map(np.array, (lifetimes.size, lifetimes.alignment, lifetimes.start, lifetimes.end)),
            *map(np.array, (instance.benefit, instance.tensor)),
            (times[tensor] == 1).astype(np.int64),
            *(self.offset, self._inside, self._count),
            *(np.zeros(count + 1, np.int64) for _ in range(4)),
            *(random.integers(1, 2**63, 1, dtype=np.uint64), instance.capacity),
        )

    def begin(self, offset: Integers) -> None:
        """Go to a placement."""
        self.offset[:] = offset
        inside = np.flatnonzero(offset != ABSENT)
        ends = offset[inside] + self._instance.lifetimes.size[inside]
        self._inside[0, : inside.size] = inside[np.argsort(offset[inside], kind="stable")]
        self._inside[1, : inside.size] = inside[np.argsort(ends, kind="stable")]
        self._count[0] = inside.size
        self.value = int(self._instance.benefit[inside].sum())
        self.best[:-1], self.best[-1] = offset, self.value

    def by_density(self) -> Integers:
        """Return the buffers, those of most benefit for bytes and time first."""
        lifetimes = self._instance.lifetimes
        area = (lifetimes.end - lifetimes.start).astype(np.float64) * lifetimes.size
        order: Integers = np.argsort(-self._instance.benefit / area, kind="stable")
        return order

    def fill(self, order: Integers, first: int, behind: int) -> None:
        """Bring in what is worth it of a part of an order."""
        self.value += int(self._kernels.fill(*self._arrays, order, first, behind))

    def anneal(self, temperature: float, steps: int) -> None:
        """Do so many steps at a temperature."""
        self.value = int(
            self._kernels.anneal(
                *self._arrays, self.best, self.value, int(self.best[-1]), temperature, steps
            )
        )


def exchange() -> Solver:
    """Return a solver that anneals in cycles of growing length, each from the incumbent.

    How slowly it cools is a matter of the budget: of its iterations, or else of its time. An
    iteration is a step: one buffer is tried.
    """

    def solve(instance: Mapping, incumbent: Incumbent, budget: Budget) -> None:
        if incumbent.best is None:  # while the kernels may be compiling
            nothing = np.full(instance.lifetimes.buffers, ABSENT)
            incumbent.offer(Placement(nothing), NAME)
        kernels: Any = load(KERNELS, budget)
        if kernels is not None:
            team = _Team(instance, incumbent, budget)
            team.run(lambda number: _work(team, kernels, number))

    return solve


class _Team(Team):
    """What the threads share: the incumbent."""

    def __init__(self, instance: Mapping, incumbent: Incumbent, budget: Budget) -> None:
        super().__init__(budget)
        self.instance, self.incumbent = instance, incumbent
        self.total = int(instance.benefit.sum())
        self._most = -1

    def finished(self) -> bool:
        """Return whether to stop: also when there is nothing left to find."""
        return self.incumbent.closed or super().finished()

    def publish(self, state: State) -> None:
        """Offer the best state if it is the best of all."""
        value = int(state.best[-1])
        with self.lock:
            if value <= self._most:
                return
            self._most = value
        self.incumbent.offer(Placement(state.best[:-1].copy()), NAME, self.total - value)


def _work(team: _Team, kernels: Any, number: int) -> None:
    random = np.random.default_rng((team.budget.seed, number))
    state = State(team.instance, kernels, random)
    _fill(team, state)
    benefit = team.instance.benefit.astype(np.float64)
    cold = COLD * max(float(benefit.mean()), 1e-9)
    hot = HOT * float(benefit @ benefit) / max(float(benefit.sum()), 1e-9) + cold
    pace, begun = Pace(FIRST_SLICE), 0.0
    for until in CYCLES:
        while (share := team.share()) < until and not team.finished():
            cooled = (share - begun) / (until - begun)
            granted = team.grant(pace.steps)
            pace.start()
            state.anneal(hot * (cold / hot) ** max(0.0, cooled), granted)
            pace.stop(granted)
            team.publish(state)
        if team.finished():
            return
        begun = until
        best = team.incumbent.best
        state.begin(state.best[:-1].copy() if best is None else best.offset)


def _fill(team: _Team, state: State) -> None:
    """Begin with the incumbent, or with what is densest."""
    if team.incumbent.best is not None:
        state.begin(team.incumbent.best.offset)
        return
    order = state.by_density()
    for first in range(0, order.size, SLICE_PUTS):
        if team.finished():
            break
        state.fill(order, first, min(first + SLICE_PUTS, order.size))
    state.begin(state.offset.copy())
    if team.grant(1):
        team.publish(state)
