"""How much compiled code does between two looks at the clock."""

from __future__ import annotations

import time

__all__ = ["Pace"]

SECONDS = 0.05


class Pace:
    """Learns how many steps fit into a slice of time; each time at most twice as many.

    Args:
        steps: To begin with, at least 1.
        seconds: What a slice may take.

    Attributes:
        steps: To do next, at least 1.
        speed: Steps per second of the last slice; 0 before.
    """

    def __init__(self, steps: int = 1, seconds: float = SECONDS) -> None:
        self.steps = max(1, steps)
        self.speed = 0.0
        self._seconds = seconds
        self._began = 0.0

    def start(self) -> None:
        """Begin a slice."""
        self._began = time.monotonic()

    def stop(self, done: int) -> None:
        """End a slice in which so many steps were done."""
        if done:
            self.speed = done / max(time.monotonic() - self._began, 1e-6)
            self.steps = max(1, min(2 * self.steps, int(self.speed * self._seconds)))
