"""Destructive lower bounds: a value that is refuted is too small (Klein, Scholl 1999)."""

from __future__ import annotations

from collections.abc import Callable

from ordino.core.budget import Budget
from ordino.core.incumbent import Incumbent
from ordino.core.pace import Pace

__all__ = ["Shaver", "climb"]


class Shaver:
    """Shaves windows in slices, so that a stop needn't wait."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._pace = Pace()

    def refute(self, shave: Callable[[int, int], int], count: int) -> bool:
        """Shave all windows until no cut is found any more.

        Args:
            shave: Takes the first window and the one to stop before; returns the number of cuts,
                or less than 0 where there is no solution.
            count: Of windows.

        Returns:
            Whether there is no solution; False where the budget ends first.
        """
        cuts = 1
        while cuts:
            cuts = first = 0
            while first < count:
                if self._budget.should_stop():
                    return False
                last = min(first + self._pace.steps, count)
                self._pace.start()
                found = shave(first, last)
                if found < 0:
                    return True
                self._pace.stop(last - first)
                cuts += found
                first = last
        return False


def climb(
    refute: Callable[[int, int], bool],
    efforts: int,
    least: int,
    greatest: int,
    incumbent: Incumbent,
    budget: Budget,
    source: str,
) -> int:
    """Raise the bound by growing steps, up to the least value that is not refuted, and end.

    An iteration is a value tried.

    Args:
        refute: Takes a value and an effort; tells whether it is shown that there is no solution of
            at most that value.
        efforts: Their number; the least comes first.
        least: A lower bound.
        greatest: Value worth trying; less once the incumbent is better.
        incumbent: Where to raise the bound.
        budget: For time and iterations.
        source: The solver's name.

    Returns:
        The bound reached.
    """
    tried = 0
    incumbent.raise_bound(least, source)
    for effort in range(efforts):
        most, step = greatest, 1
        while least <= most and not incumbent.closed:
            if budget.should_stop() or budget.out_of_iterations(tried):
                return least
            tried += 1
            if isinstance(incumbent.objective, int):
                most = min(most, incumbent.objective - 1)
            value = min(least + step - 1, most)
            if refute(value, effort):
                least, step = value + 1, 2 * step
                incumbent.raise_bound(least, source)
            else:
                most, step = value - 1, max(1, step // 4)
    return least
