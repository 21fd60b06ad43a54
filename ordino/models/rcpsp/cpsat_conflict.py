"""A CP-SAT model that tells which windows, time lags and groups leave no plan.

Each of these holds if a literal does; all literals are assumed, so that a proof names those that it
takes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ordino.models.rcpsp.cpsat_network import Network
from ordino.models.rcpsp.problem import NEVER, Plan, Project

__all__ = ["Assumptions", "formulate"]


@dataclass(frozen=True, slots=True)
class Assumptions:
    """A model under assumptions.

    Attributes:
        model: The `CpModel`.
        meaning: By index of an assumed literal, what it stands for: `release` or `deadline` and an
            activity, or `lag` or `group` and its number.
        read: Values of all variables to a plan.
    """

    model: Any
    meaning: dict[int, tuple[str, int]]
    read: Callable[[Sequence[int]], Plan]


def formulate(instance: Project) -> Assumptions:
    """Build the model; nothing is minimised."""
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    # no latest deadline limits it, for that is to be left out; to leave out more shortens the span
    horizon = instance.span
    earliest = np.zeros(instance.activities, dtype=np.int64)
    network = Network.add(model, instance, earliest, horizon - instance.least_duration)
    network.add_resources(horizon)
    network.add_budgets()
    for i in np.flatnonzero(instance.least_duration < instance.most_duration).tolist():
        model.add(network.starts[i] + network.lengths[i] <= horizon)
    meaning: dict[int, tuple[str, int]] = {}

    def assume(kind: str, number: int) -> Any:
        literal = model.new_bool_var("")
        meaning[literal.index] = kind, number
        model.add_assumption(literal)
        return literal

    for number, constraint in enumerate(network.add_lags()):
        constraint.only_enforce_if(assume("lag", number))
    for i in np.flatnonzero(instance.release_dates).tolist():
        release = int(instance.release_dates[i])
        model.add(network.starts[i] >= release).only_enforce_if(assume("release", i))
    for i in np.flatnonzero(instance.deadlines != NEVER).tolist():
        end = network.starts[i] + network.lengths[i]
        model.add(end <= int(instance.deadlines[i])).only_enforce_if(assume("deadline", i))
    for number, group in enumerate(instance.groups):
        _add_group(network, group, assume("group", number))
    return Assumptions(model, meaning, network.read)


def _add_group(network: Network, group: tuple[int, ...], apart: Any) -> None:
    """Keep activities apart if a literal says so."""
    model, instance = network.model, network.instance
    intervals = []
    for i in group:
        start = network.starts[i]
        for mode in network.runs(i):
            present = apart
            if instance.choice[mode]:
                present = model.new_bool_var("")
                model.add_bool_or(present, ~apart, ~network.chosen[mode])
            length = int(instance.duration[mode])
            intervals.append(model.new_optional_fixed_size_interval_var(start, length, present, ""))
    model.add_no_overlap(intervals)
