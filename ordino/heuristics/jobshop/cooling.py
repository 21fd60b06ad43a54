"""Threads that anneal schedules of their own, while a share of the budget goes by."""

from __future__ import annotations

from collections.abc import Callable

from ordino.core.arrays import LARGEST, Integers
from ordino.core.budget import Budget
from ordino.core.incumbent import Incumbent
from ordino.core.pace import Pace
from ordino.heuristics.team import Team
from ordino.models.jobshop.problem import Schedule

__all__ = ["PHASES", "Cooling"]

FIRST_SLICE, SLICE_SECONDS = 20, 0.03
PHASES = ((0.0, 0.1), (0.1, 1.0))
"""Shares of the budget between which schedules cool down: a quick answer first."""
LAST_HEAT = 0.1
"""The last temperature, as a share of the first."""

Anneal = Callable[[float, float, int], tuple[int, bool]]
"""Does so many moves at a temperature, times a factor after each; returns how many were done, and
whether nothing is left to do."""


class Cooling(Team):
    """What the workers share: the budget, and the best objective.

    Args:
        incumbent: What is published goes there.
        budget: Of all.
        source: The solver's name.
    """

    def __init__(self, incumbent: Incumbent, budget: Budget, source: str) -> None:
        super().__init__(budget)
        self.incumbent = incumbent
        self._source = source
        self._best = LARGEST
        self._over = False

    def publish(self, value: int, start: Integers) -> None:
        """Offer a schedule if it is the best of all."""
        with self.lock:
            if value >= self._best:
                return
            self._best = value
        self.incumbent.offer(Schedule(start.copy()), self._source, value)

    def finished(self) -> bool:
        """Return whether to stop."""
        return self._over or super().finished()

    def cool(self, begin: float, end: float, hot: float, anneal: Anneal) -> None:
        """Anneal while the share of the budget that is over goes from begin to end."""
        iterations = self.budget.iterations
        span = max(1.0, (end - begin) * iterations) if iterations else 0.0
        cooling = LAST_HEAT ** (1 / span) if iterations else 1.0
        pace = Pace(FIRST_SLICE, SLICE_SECONDS)
        while (share := self.share()) < end and not self.finished():
            wanted = pace.steps
            if iterations:
                wanted = max(1, min(wanted, int(end * iterations) - self.moves))
            granted = self.grant(wanted)
            pace.start()
            fallen = (share - begin) / (end - begin)
            done, over = anneal(hot * LAST_HEAT**fallen, cooling, granted)
            pace.stop(done)
            self.give_back(granted - done)
            if over:
                self._over = True
