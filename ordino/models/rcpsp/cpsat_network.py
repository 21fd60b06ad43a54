"""Activities, time lags and resources in a CP-SAT model, for whatever goal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ordino.core.arrays import Integers
from ordino.models.rcpsp.problem import Plan, Project

__all__ = ["Network"]


@dataclass(frozen=True, slots=True)
class Network:
    """A start for each activity; where it has several modes, a literal and an interval for each.

    Attributes:
        model: The `CpModel`.
        instance: The project.
        starts: Of activities; the first variables of the model.
        lengths: Of activities, expressions.
        chosen: Of modes: the number 1, or a literal where the activity has several. In order, these
            are the variables after the starts.
        intervals: Of modes.
    """

    model: Any
    instance: Project
    starts: list[Any]
    lengths: list[Any]
    chosen: list[Any]
    intervals: list[Any]

    @classmethod
    def add(cls, model: Any, instance: Project, earliest: Integers, latest: Integers) -> Network:
        """Add activities that start between two times to an empty model."""
        from ortools.sat.python import cp_model

        starts = [
            model.new_int_var(low, high, "")
            for low, high in zip(earliest.tolist(), latest.tolist(), strict=True)
        ]
        chosen: list[Any] = []
        intervals: list[Any] = []
        lengths: list[Any] = []
        durations = instance.duration.tolist()
        for start, (first, behind) in zip(
            starts, pairwise(instance.mode_start.tolist()), strict=True
        ):
            if behind - first == 1:
                chosen.append(1)
                lengths.append(durations[first])
                intervals.append(model.new_fixed_size_interval_var(start, durations[first], ""))
                continue
            literals = [model.new_bool_var("") for _ in range(first, behind)]
            chosen += literals
            model.add_exactly_one(literals)
            lengths.append(cp_model.LinearExpr.weighted_sum(literals, durations[first:behind]))
            intervals += [
                model.new_optional_fixed_size_interval_var(start, durations[mode], literal, "")
                for mode, literal in zip(range(first, behind), literals, strict=True)
            ]
        for mode in np.flatnonzero(instance.choice & ~instance.possible).tolist():
            model.add(chosen[mode] == 0)
        return cls(model, instance, starts, lengths, chosen, intervals)

    def read(self, values: Sequence[int]) -> Plan:
        """Return the plan of the values of all variables."""
        instance = self.instance
        modes = np.zeros(instance.activities, dtype=np.int64)
        place = instance.activities
        for i in np.flatnonzero(np.diff(instance.mode_start) > 1).tolist():
            count = len(instance.modes_of(i))
            modes[i] = int(np.argmax(values[place : place + count]))
            place += count
        return Plan(np.array(values[: instance.activities], dtype=np.int64), modes)

    def runs(self, activity: int) -> list[int]:
        """Return the modes of an activity that take time."""
        instance = self.instance
        return [mode for mode in instance.modes_of(activity) if instance.duration[mode]]

    def add_lags(self) -> list[Any]:
        """Add all time lags; returns their constraints, in order."""
        instance, added = self.instance, []
        for i, j, kind, lag in np.stack(
            [instance.lag_source, instance.lag_target, instance.lag_kind, instance.lag], axis=1
        ).tolist():
            of = self.starts[i] + self.lengths[i] if kind >= 2 else self.starts[i]
            to = self.starts[j] + self.lengths[j] if kind % 2 else self.starts[j]
            added.append(self.model.add(to >= of + lag))
        return added

    def add_resources(self, horizon: int) -> None:
        """Add a cumulative a resource; what a calendar takes away is a fixed interval."""
        model, instance = self.model, self.instance
        for resource, greatest in enumerate(instance.greatest_capacity.tolist()):
            demand = np.where(
                (instance.duration > 0) & instance.possible, instance.demand[:, resource], 0
            )
            ample = sum(np.maximum.reduceat(demand, instance.mode_start[:-1]).tolist())
            most = min(greatest, ample)
            users = np.flatnonzero(demand).tolist()
            intervals = [self.intervals[mode] for mode in users]
            needs = demand[users].tolist()
            steps = instance.steps(resource)
            for (time, here), (until, _) in zip(steps, [*steps[1:], (horizon, 0)], strict=True):
                if here < most and time < min(until, horizon):
                    length = min(until, horizon) - time
                    intervals.append(model.new_fixed_size_interval_var(time, length, ""))
                    needs.append(most - here)
            if users:
                model.add_cumulative(intervals, needs, most)

    def add_budgets(self) -> None:
        """Add what modes take from non-renewable resources."""
        from ortools.sat.python import cp_model

        choice = self.instance.choice
        literals = [self.chosen[mode] for mode in np.flatnonzero(choice).tolist()]
        for resource, budget in enumerate(self.instance.budget.tolist()):
            consumption = self.instance.consumption[:, resource]
            fixed = sum(consumption[~choice].tolist())
            amounts = consumption[choice].tolist()
            total = cp_model.LinearExpr.weighted_sum(literals, amounts)
            self.model.add(total + fixed <= budget)
