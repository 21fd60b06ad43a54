"""What is known at the end of a run, and why it ended: two different questions."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Status", "StopReason"]


class Status(StrEnum):
    """What is known of the instance."""

    OPTIMAL = "optimal"
    """A checked solution whose objective the bound meets."""
    FEASIBLE = "feasible"
    """A checked solution, no proof."""
    INFEASIBLE = "infeasible"
    """Proved to have no solution."""
    UNKNOWN = "unknown"
    """Neither a solution nor a proof."""


class StopReason(StrEnum):
    """Why the run ended."""

    COMPLETED = "completed"
    """Every solver came to its own end, or the proof was complete."""
    TIME_LIMIT = "time_limit"
    ITERATION_LIMIT = "iteration_limit"
    TARGET = "target"
    """The objective that was asked for is reached."""
    GAP = "gap"
    """The gap that was asked for is reached."""
    INTERRUPTED = "interrupted"
    """Ctrl-C, SIGTERM, or the caller's stop token."""
