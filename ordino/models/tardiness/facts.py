"""What there is to say of an instance before it is solved."""

from __future__ import annotations

from typing import Any

from ordino.models.tardiness.problem import SingleMachine

__all__ = ["facts"]


def facts(instance: SingleMachine) -> dict[str, Any]:
    """Return jobs, work and the ranges of times, dates and weights."""
    shown: dict[str, Any] = {
        "jobs": instance.jobs,
        "total work": int(instance.processing_times.sum()),
        "processing times": _range(instance.processing_times),
        "due dates": _range(instance.due_dates),
    }
    if (instance.weights != 1).any():
        shown["weights"] = _range(instance.weights)
    if instance.release_dates.any():
        shown["release dates"] = _range(instance.release_dates)
    return shown


def _range(values: Any) -> str:
    return f"{values.min()} to {values.max()}"
