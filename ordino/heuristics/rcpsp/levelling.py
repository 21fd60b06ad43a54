"""Shifts of single activities that level the use of resources (after Burgess, Killebrew 1962).

An activity goes where, the others staying, the squares of what is in use add up to least. Where no
shift helps, a few activities are moved at random, and what that leads to is kept if it is no worse
(iterated local search; Lourenço, Martin, Stützle 2003). Modes stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ordino.core.arrays import Integers
from ordino.core.budget import Budget
from ordino.models.rcpsp.levelling import use
from ordino.models.rcpsp.problem import Plan, Project

__all__ = ["shift"]

MOST_MOVED = 6


def shift(
    instance: Project,
    plan: Plan,
    budget: Budget,
    random: np.random.Generator,
    publish: Callable[[Plan, int], None],
) -> None:
    """Shift the activities of a plan until the budget ends; an iteration is a local optimum.

    Args:
        instance: The project, its goal levelling.
        plan: One that keeps everything.
        budget: Time and iterations.
        random: Order of the activities, choice among equals.
        publish: Called with every better plan and its total squared use.
    """
    search = _Shifts(instance, plan, random)
    least, done = search.total(), 0
    while not (budget.should_stop() or budget.out_of_iterations(done)):
        kept = search.start.copy()
        before = search.total()
        if done:
            search.scatter(int(random.integers(2, MOST_MOVED + 1)))
        search.descend(budget)
        done += 1
        now = search.total()
        if now > before:
            search.go_to(kept)
        elif now < least:
            least = now
            publish(Plan(search.start.copy(), plan.mode), least)


class _Shifts:
    """A plan with what is in use at each time."""

    def __init__(self, instance: Project, plan: Plan, random: np.random.Generator) -> None:
        self._instance = instance
        self._mode = plan.mode
        self._random = random
        mode = instance.mode_start[:-1] + plan.mode
        self._duration = instance.duration[mode].tolist()
        self._demand = instance.demand[mode]
        self._horizon = instance.horizon
        self._capacity = np.zeros((instance.renewables, self._horizon), dtype=np.int64)
        for k in range(instance.renewables):
            for time, there in instance.steps(k):
                self._capacity[k, time:] = there
        steps = instance.lag_steps_in(mode).tolist()
        self._behind: list[list[tuple[int, int]]] = [[] for _ in range(instance.activities)]
        self._before: list[list[tuple[int, int]]] = [[] for _ in range(instance.activities)]
        ends = zip(instance.lag_source.tolist(), instance.lag_target.tolist(), steps, strict=True)
        for i, j, step in ends:
            self._behind[i].append((j, step))
            self._before[j].append((i, step))
        self._apart: list[set[int]] = [set() for _ in range(instance.activities)]
        for group in instance.groups:
            for i in group:
                self._apart[i] |= set(group) - {i}
        self._latest = (instance.deadlines - np.array(self._duration)).tolist()
        self._release = instance.release_dates.tolist()
        self.go_to(plan.start)

    def go_to(self, start: Integers) -> None:
        """Take up other starts."""
        self.start = start.copy()
        self._use = use(self._instance, Plan(self.start, self._mode), self._horizon)

    def total(self) -> int:
        """Return the total squared use."""
        return int((self._use * self._use).sum())

    def scatter(self, count: int) -> None:
        """Move so many activities to any start that is possible."""
        for i in self._random.integers(0, self.start.size, count).tolist():
            self._move(i, by_cost=False)

    def descend(self, budget: Budget) -> None:
        """Shift until no activity can be shifted to advantage, or the budget ends."""
        better = True
        while better:
            better = False
            for i in self._random.permutation(self.start.size).tolist():
                if budget.should_stop():
                    return
                better |= self._move(i, by_cost=True)

    def _move(self, i: int, *, by_cost: bool) -> bool:
        """Move an activity to a best start, or to any; return whether that lessens the total."""
        old, duration = int(self.start[i]), self._duration[i]
        low = max([self._release[i], *(int(self.start[j]) + s for j, s in self._before[i])])
        high = min([self._latest[i], *(int(self.start[j]) - s for j, s in self._behind[i])])
        if high <= low:
            return False
        need = self._demand[i]
        users = np.flatnonzero(need)
        here = slice(low, high + duration)
        self._use[users, old : old + duration] -= need[users, None]
        inside = self._use[users, here]
        full = (inside + need[users, None] > self._capacity[users, here]).any(axis=0)
        for j in self._apart[i]:
            first, last = int(self.start[j]) - low, int(self.start[j]) + self._duration[j] - low
            full[max(0, first) : max(0, last)] = True
        sums = np.zeros((2, high + duration - low + 1), dtype=np.int64)
        np.cumsum(full, out=sums[0, 1:])
        np.cumsum(need[users] @ inside, out=sums[1, 1:])
        blocked, cost = sums[:, duration:] - sums[:, : high - low + 1]
        open_starts = np.flatnonzero(blocked == 0)
        best = cost[open_starts]
        choice = open_starts[best == best.min()] if by_cost else open_starts
        new = low + int(self._random.choice(choice))
        self.start[i] = new
        self._use[users, new : new + duration] += need[users, None]
        return bool(cost[new - low] < cost[old - low])
