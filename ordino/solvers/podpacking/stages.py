"""The levels of the objective one after another, by CP-SAT on a whole cluster.

Each level has its part of the time, a complete hint, and a bound to stop at. A level that is cut
off keeps the best plan that is known, completed by what fits; the levels behind it are then
improved without a proof. What is left of the time goes to the first level that is not proved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from ordino.core.budget import Budget
from ordino.core.incumbent import Incumbent
from ordino.heuristics.podpacking.rules import complete
from ordino.models.podpacking.cpsat import Packing
from ordino.models.podpacking.linear import Sum
from ordino.models.podpacking.part import Part
from ordino.models.podpacking.problem import Cluster, Plan
from ordino.solvers import cpsat

__all__ = ["Stages"]

LEVEL_SHARE = 0.5
"""Of the time left over the levels left, a level may have this much more than its part."""
BOUND_SHARE = 0.6
"""Of the time for a level, for its bound."""
CELLS_A_SECOND = 5_000
"""Classes x nodes of a model that is worth building, for each second there is."""
PAUSE_SECONDS = 0.05

Bound = Callable[[int, tuple[int, ...], Plan, Budget], int | None]
"""Number of a level, values of those before, the best plan, budget: a lower bound, or `None`."""


class Stages:
    """Minimises level by level.

    Args:
        instance: The cluster; small enough for `cpsat.takes`.
        incumbent: To start from and to offer to; it must hold a plan.
        source: The solver's name.
        bound: Asked for a bound of each level before it is searched.
    """

    def __init__(
        self, instance: Cluster, incumbent: Incumbent, source: str, bound: Bound | None = None
    ) -> None:
        self.instance, self.incumbent, self.source = instance, incumbent, source
        self.bound = bound
        self.count = len(incumbent.levels.levels)
        self.proved: list[int] = []
        self.least: dict[int, int] = {}
        self.cells = instance.classes * instance.nodes

    @cached_property
    def packing(self) -> Packing:
        """The model."""
        return Packing(self.instance, Part.whole(self.instance))

    @cached_property
    def levels(self) -> list[Sum]:
        """The levels of the objective."""
        return self.packing.levels()

    def run(self, budget: Budget) -> None:
        """Go through the levels until all are proved or the budget ends."""
        while not (budget.should_stop() or self.incumbent.closed):
            before = (len(self.proved), self.incumbent.version)
            self._pass(budget)
            if len(self.proved) == self.count:
                return
            if before == (len(self.proved), self.incumbent.version):
                self._level(len(self.proved), budget, 1.0, exact=True)
                budget.wait(PAUSE_SECONDS)

    def _pass(self, budget: Budget) -> None:
        exact = True
        for level in range(len(self.proved), self.count):
            if budget.should_stop():
                return
            share = min(1.0, (1 + LEVEL_SHARE) / (self.count - level))
            exact &= self._level(level, budget, share, exact=exact)

    def _value(self, level: int) -> int:
        value = self.incumbent.objective
        assert isinstance(value, tuple)
        return int(value[level])

    def _level(self, level: int, budget: Budget, share: float, *, exact: bool) -> bool:
        """Minimise a level under what is known of those before it; return whether it is proved."""
        budget = budget.child(seconds=share * budget.remaining())
        held = self._value(level)
        least = self.least.get(level, 0)
        if exact:
            if held > least and self.bound is not None:
                turn = budget.child(seconds=BOUND_SHARE * budget.remaining())
                found = self.bound(level, tuple(self.proved), self.incumbent.best, turn)
                least = max(least, found or 0)
            self.least[level] = least
            self._raise(level, least)
            held = self._value(level)
        if held <= least:
            if exact:
                self.proved.append(held)
            return exact
        if budget.should_stop() or self.cells > CELLS_A_SECOND * budget.remaining():
            return False
        if not self._search(level, budget, least, exact=exact) or not exact:
            return False
        self.proved.append(self._value(level))
        return True

    def _raise(self, level: int, bound: float) -> None:
        if level == len(self.proved):
            self.incumbent.raise_bound((*self.proved, bound), self.source)

    def _search(self, level: int, budget: Budget, least: int, *, exact: bool) -> bool:
        """Search for a plan that is better on a level; return whether there is provably none."""
        from ortools.sat.python import cp_model

        incumbent = self.incumbent
        expressions = [each.expression() for each in self.levels]  # may add to the model
        model = self.packing.model.clone()
        for index in range(level):
            model.add(expressions[index] <= self._value(index))
        target = expressions[level]
        model.add(target <= self._value(level))
        model.add(target >= least)
        model.minimize(target)
        model.clear_hints()
        for variable, value in self.packing.hint(incumbent.best):
            model.add_hint(variable, value)
        engine = cpsat.configured(budget, "")
        if budget.iterations is not None:
            engine.parameters.max_number_of_conflicts = budget.iterations

        def found(values: Sequence[int], value: Callable[[Any], int]) -> None:
            claimed = tuple(each.value(values) for each in self.levels)
            plan = self.packing.read(values)
            if incumbent.levels.better(claimed, incumbent.objective):
                incumbent.offer(plan, self.source, claimed)
            self._complete(plan)

        def bounded(bound: float) -> None:
            if exact:
                self._raise(level, bound)

        status = cpsat.run(engine, model, budget, found, bounded)
        if exact and status in (cp_model.OPTIMAL, cp_model.FEASIBLE, cp_model.UNKNOWN):
            bound = engine.best_objective_bound
            if status != cp_model.UNKNOWN:
                self.least[level] = max(least, round(bound - 0.49))
                self._raise(level, bound)
        budget.out_of_iterations(engine.num_conflicts)
        return bool(status == cp_model.OPTIMAL)

    def _complete(self, plan: Plan) -> None:
        """Offer a plan with what else fits, and one that keeps what need not move."""
        whole = complete(self.instance, plan)
        if whole is not plan:
            self.incumbent.offer(whole, self.source)
