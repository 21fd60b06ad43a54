"""Threads of one search: they count their moves together, and follow the workers of the budget."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

from ordino.core.budget import Budget

__all__ = ["Team"]

LOOK_SECONDS = 0.05
MOST_WORKERS = 1000


class Team:
    """Threads that share a budget; what else they share, subclasses say.

    Attributes:
        budget: Of all.
        lock: For what they share.
    """

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.lock = threading.Lock()
        self._moves = 0
        self._failed = False
        self._began = time.monotonic()

    def run(self, work: Callable[[int], None]) -> None:
        """Run `work(number)` in a thread for each worker, also for those that come later.

        What one raises is raised here, when the others have ended.
        """

        def guarded(number: int) -> None:
            try:
                work(number)
            except BaseException:
                self._failed = True
                raise

        running: set[Future[None]] = set()
        with ThreadPoolExecutor(MOST_WORKERS) as threads:
            while not self.finished():
                for number in range(len(running), self.budget.workers_now()):
                    running.add(threads.submit(guarded, number))
                wait(running, LOOK_SECONDS)
        for each in running:
            each.result()

    def grant(self, moves: int) -> int:
        """Return how many moves a worker that wants so many may do, and count them."""
        with self.lock:
            if self.budget.iterations is not None:
                moves = min(moves, self.budget.iterations - self._moves)
            self._moves += moves
            return moves

    def give_back(self, moves: int) -> None:
        """Take back moves that were granted and not done."""
        with self.lock:
            self._moves -= moves

    @property
    def moves(self) -> int:
        """Moves granted so far."""
        return self._moves

    def share(self) -> float:
        """Return the share of the budget that is over, of its iterations or else of its time."""
        if self.budget.iterations is not None:
            return min(1.0, self.moves / max(1, self.budget.iterations))
        spent = time.monotonic() - self._began
        return spent / (spent + self.budget.remaining() + 1e-9)

    def finished(self) -> bool:
        """Return whether to stop."""
        return (
            self._failed or self.budget.should_stop() or self.budget.out_of_iterations(self._moves)
        )
