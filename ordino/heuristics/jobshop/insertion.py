"""Simulated annealing by job insertion, for shops without room between machines.

A move takes a job that blocks another one on a critical path out of the schedule, and puts it back
on the other side of the other, wherever the longest path through it is shortest: of all gaps, those
are looked at in which nothing can come to wait for itself, so every schedule on the way is free of
deadlocks (Gröflin, Klinkert 2009; the graph is Mascis and Pacciarelli's, 2002).
"""

from __future__ import annotations

import math
from typing import Any

import networkx as nx
import numpy as np

from ordino.core.arrays import Integers
from ordino.core.budget import Budget
from ordino.core.errors import UsageError
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.core.kernel import load
from ordino.heuristics.jobshop.cooling import PHASES, Cooling
from ordino.models.jobshop.shop import Shop
from ordino.models.jobshop.timing import tails, too_long

__all__ = ["NAME", "insertion", "takes"]

NAME = "insertion"
KERNELS = "ordino.heuristics.jobshop.insertion_kernels"
FIRST_HEAT = 0.3
"""Of the given one, for the quick first annealing."""
ENOUGH = 1500
"""Moves per operation for which the given heat is right; with fewer, it is less (measured)."""
MOST_TABLE = 20_000_000
"""Operations of a job x operations on a machine, which the search has a table of."""
MOST_PLACES = 5_000_000
"""Machines x operations on one, which every move copies."""


def takes(instance: Any) -> str | None:
    """Say why job insertion can't search the instance, or return `None`."""
    if not isinstance(instance, Shop) or instance.buffers not in ("swap", "blocking"):
        return "for shops without room between machines, variant swap or blocking"
    if instance.flexible:
        return "an operation has a choice of machines"
    if instance.setup.size:
        return "there are setup times"
    if instance.down_machine.size:
        return "there are downtimes"
    if instance.buffers == "blocking" and not instance.duration.all():
        return "an operation takes no time, and jobs may not swap"
    longest, busiest = int(_lengths(instance).max()), int(np.bincount(instance.machine).max())
    if (size := longest * busiest) > MOST_TABLE:
        return f"operations of a job x operations on a machine: {size}, more than {MOST_TABLE}"
    if (size := instance.machines * busiest) > MOST_PLACES:
        return f"machines x operations on one: {size}, more than {MOST_PLACES}"
    return too_long(instance)


def insertion(*, heat: float = 0.03) -> Solver:
    """Return a solver that improves schedules by job insertion.

    An iteration is a job that is taken out. One thread a worker, each with a schedule of its own.
    With one worker and a limit of iterations, nothing depends on time.

    Args:
        heat: First temperature where there is time enough, as a share of the objective.

    Raises:
        UsageError: The heat is not between 0 and 1.
    """
    if not 0 < heat <= 1:
        raise UsageError(f"insertion.heat {heat:g}: expected more than 0, at most 1")

    def solve(instance: Shop, incumbent: Incumbent, budget: Budget) -> None:
        kernels: Any = load(KERNELS, budget)
        if kernels is None:
            return
        team = _Team(instance, incumbent, budget, kernels, heat)
        team.run(lambda number: _Worker(team, number).work())

    return solve


class _Team(Cooling):
    """What the workers share."""

    def __init__(
        self, instance: Shop, incumbent: Incumbent, budget: Budget, kernels: Any, heat: float
    ) -> None:
        super().__init__(incumbent, budget, NAME)
        self.instance, self.kernels, self.heat = instance, kernels, heat


class _Worker:
    """A thread: a schedule, and the arrays that the kernels change."""

    def __init__(self, team: _Team, number: int) -> None:
        self._team = team
        self._random = np.random.default_rng((team.budget.seed, number))
        instance = team.instance
        goal, jobs, n = instance.goal, instance.jobs, instance.operations
        total = goal in ("tardiness", "flow-time")
        due = instance.release_dates if goal == "flow-time" else instance.due_dates
        self._offset = 0
        delay = np.zeros(n, np.int64)
        last = instance.job_start[1:] - 1
        if goal == "lateness" or total:
            assert due is not None
            delay[last] = due.max() - due
            self._offset = 0 if total else -int(due.max())
        rest = instance.duration + tails(instance) + np.repeat(delay[last], _lengths(instance))
        opens, closes = np.zeros(n, np.int64), np.zeros(n, np.int64)
        opens[instance.job_start[:-1]] = closes[last] = 1
        release = instance.release_dates[instance.job]
        machine = instance.machine
        self._shop = tuple(
            each.copy()
            for each in (
                *(instance.job_start, instance.job, machine, instance.duration),
                *(release, delay, rest, opens, closes),
            )
        )
        goal_of = (np.zeros(jobs, np.int64) if due is None else due.copy(), instance.weights.copy())
        busiest = int(np.bincount(machine).max())
        self._orders, self._sequence = _orders(instance, busiest)
        kept, kept_sequence = _orders(instance, busiest)
        self._table = np.zeros((4, int(_lengths(instance).max()), busiest + 1), np.int64)
        self._best_start: Integers = np.zeros(n, np.int64)
        self._bits = self._random.integers(1, 2**63, 1, dtype=np.uint64)
        self._state: Integers = np.zeros(4, np.int64)
        self._goal = (*goal_of, int(total))
        self._swap = int(instance.buffers == "swap")
        self._scratch = (kept, kept_sequence, self._table, self._best_start, self._bits)

    def work(self) -> None:
        """Construct, then anneal twice."""
        if not self._construct():
            return
        share = FIRST_HEAT
        for begin, end in PHASES:
            self._take_news()
            hot = share * self._team.heat * float(self._state[self._team.kernels.BEST])
            self._team.cool(begin, end, max(0.5, hot), self._anneal)
            done = int(self._state[self._team.kernels.MOVES])
            left = done * (1 - end) / end
            share = min(1.0, math.sqrt(left / (ENOUGH * self._team.instance.operations)))

    def _construct(self) -> bool:
        """Insert one job after another; returns whether there was time for all."""
        team, count = self._team, 0
        lengths = _lengths(team.instance).tolist()
        for job in self._random.permutation(team.instance.jobs).tolist():
            if team.finished():
                return False
            team.kernels.insert(
                *(job, count, self._shop, self._orders, self._sequence, self._table),
                *(self._swap, self._bits),
            )
            count += lengths[job]
        self._judge()
        return True

    def _judge(self) -> None:
        """Set the objective of the schedule at hand, and publish it."""
        kernels, state = self._team.kernels, self._state
        value = kernels.objective(self._shop, self._orders, *self._goal)
        state[kernels.CURRENT] = state[kernels.BEST] = value
        self._best_start[:] = self._orders[2]
        self._team.publish(value + self._offset, self._best_start)

    def _take_news(self) -> None:
        """Go to the incumbent if it is better than what is at hand."""
        value = self._team.incumbent.objective
        assert value is None or isinstance(value, int)
        if value is None or value - self._offset >= self._state[self._team.kernels.BEST]:
            return
        size, index, order = self._orders[0], self._orders[1], self._orders[4]
        sequences, ordered = events(self._team.instance, self._team.incumbent.best.start)
        for machine, members in enumerate(sequences):
            size[machine] = len(members)
            self._sequence[machine, : len(members)] = members
            index[members] = np.arange(len(members))
        order[:] = ordered
        self._team.kernels.arrange(self._shop, self._orders, self._sequence)
        self._judge()

    def _anneal(self, temperature: float, cooling: float, moves: int) -> tuple[int, bool]:
        state, kernels = self._state, self._team.kernels
        done, best = int(state[kernels.MOVES]), int(state[kernels.BEST])
        over = kernels.anneal(
            *(self._shop, *self._goal, self._swap, self._orders, self._sequence),
            *(*self._scratch, state, temperature, cooling, moves),
        )
        if state[kernels.BEST] < best:
            self._team.publish(int(state[kernels.BEST]) + self._offset, self._best_start)
        return int(state[kernels.MOVES]) - done, over


def _lengths(instance: Shop) -> Integers:
    lengths: Integers = np.diff(instance.job_start)
    return lengths


def _orders(instance: Shop, busiest: int) -> tuple[tuple[Integers, ...], Integers]:
    """Return the arrays of a schedule without jobs (see `insertion_kernels`)."""
    n, machines = instance.operations, instance.machines
    arrays = (np.zeros(machines, np.int64), *(np.full(n, -1, np.int64) for _ in range(6)))
    return arrays, np.zeros((machines, busiest), np.int64)


def events(instance: Shop, start: Integers) -> tuple[list[list[int]], list[int]]:
    """Return what each machine does in turn, and all operations in a topological order in which
    those that move in a circle are neighbours."""
    leave = start + instance.duration
    stays = np.ones(instance.operations, dtype=bool)
    stays[instance.job_start[1:] - 1] = False
    leave[:-1][stays[:-1]] = start[1:][stays[:-1]]
    graph = nx.DiGraph()
    graph.add_nodes_from(range(instance.operations))
    graph.add_edges_from((i, i + 1) for i in np.flatnonzero(stays).tolist())
    sequences: list[list[int]] = [[] for _ in range(instance.machines)]
    for i in np.lexsort((leave, start)).tolist():
        here = sequences[int(instance.machine[i])]
        if here:
            mover = here[-1] + int(stays[here[-1]])
            if mover != i:
                graph.add_edge(mover, i)
        here.append(i)
    parts = list(nx.strongly_connected_components(graph))
    return sequences, [i for part in reversed(parts) for i in sorted(part)]
