"""Projects as a MILP over time: which mode of an activity starts when (Pritsker et al. 1969).

With each activity goes what of it has started by a time. That makes capacities and precedences,
one row a time unit (Christofides, Alvarez-Valdes, Tamarit 1987), rows of few entries.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from ordino.core.objective import Value
from ordino.models.formulation import MilpFormulation
from ordino.models.rcpsp.bounds import contradiction, heads, tails
from ordino.models.rcpsp.problem import Plan, Project

__all__ = ["formulate", "takes"]

MOST_VARIABLES = 100_000


def takes(instance: Project) -> str | None:
    """Say why there is no MILP of the instance, or return `None`."""
    if instance.goal == "levelling":
        return "its goal is levelling"
    moments = int(instance.mode_start[-1]) * (instance.horizon + 1)
    if moments > MOST_VARIABLES:
        return f"about {moments} variables, beyond {MOST_VARIABLES}"
    return None


def formulate(instance: Project, upper_bound: Value | None) -> MilpFormulation:
    """Build the model.

    Args:
        instance: The project; `takes` has nothing against it.
        upper_bound: Plans of a greater makespan are left out.
    """
    import pulp

    model = _Model(instance, upper_bound)
    model.add_lags()
    model.add_resources()
    model.add_budgets()
    latest = model.add_objective()

    def start(solution: Plan) -> dict[str, float]:
        values = dict.fromkeys((each.name for each in model.problem.variables()), 0.0)
        for i, (begin, mode) in enumerate(zip(solution.start, solution.mode, strict=True)):
            chosen = int(instance.mode_start[i] + mode)
            if int(begin) in model.starts[chosen]:  # else it ends behind the horizon
                values[model.starts[chosen][int(begin)].name] = 1.0
            for time, begun in model.begun[i].items():
                values[begun.name] = float(time >= begin)
        if latest is not None:
            modes = instance.mode_start[:-1] + solution.mode
            values[latest.name] = float((solution.start + instance.duration[modes]).max())
        return values

    def read(value: Callable[[Any], float]) -> Plan:
        begins, modes = [], []
        for first, behind in pairwise(instance.mode_start.tolist()):
            _, mode, time = max(
                (value(variable), mode, time)
                for mode in range(first, behind)
                for time, variable in model.starts[mode].items()
            )
            begins.append(time)
            modes.append(mode - first)
        return Plan.of(begins, modes)

    assert isinstance(model.problem, pulp.LpProblem)
    return MilpFormulation(problem=model.problem, start=start, read=read)


class _Model:
    """The model in the making.

    `starts[mode][time]` is 1 where the mode starts then; `begun[activity][time]`, where the
    activity has started by then, is there for the times of its window.
    """

    def __init__(self, instance: Project, upper_bound: Value | None) -> None:
        import pulp

        self._pulp = pulp
        self._instance = instance
        self.problem = pulp.LpProblem("project", pulp.LpMinimize)
        self._horizon = instance.horizon
        if instance.goal == "makespan" and isinstance(upper_bound, int):
            self._horizon = min(self._horizon, upper_bound)
        least = instance.least_duration
        latest = np.minimum(instance.deadlines, self._horizon) - least
        if instance.goal == "makespan":
            latest = np.minimum(latest, self._horizon - tails(instance))
        self._head, self._latest = heads(instance).tolist(), latest.tolist()
        self.starts: list[dict[int, Any]] = []
        self.begun: list[dict[int, Any]] = []
        fits = instance.possible.tolist()
        ends = np.minimum(instance.deadlines, self._horizon).tolist()
        for i, (first, behind) in enumerate(pairwise(instance.mode_start.tolist())):
            for mode in range(first, behind):
                last = min(self._latest[i], ends[i] - int(instance.duration[mode]))
                window = range(self._head[i], last + 1 if fits[mode] else self._head[i])
                self.starts.append({t: self._binary(f"x_{mode}_{t}") for t in window})
            self.begun.append(self._begin(i, self.starts[first:behind]))
        if contradiction(instance) is not None:
            self.problem += pulp.LpAffineExpression() >= 1

    def _binary(self, name: str) -> Any:
        return self.problem.add_variable(name, 0, 1, cat=self._pulp.LpBinary)

    def _begin(self, i: int, modes: list[dict[int, Any]]) -> dict[int, Any]:
        """Add what of an activity has begun by each time; in the end, all."""
        begun: dict[int, Any] = {}
        before: Any = 0
        for time in range(self._head[i], self._latest[i] + 1):
            begun[time] = self.problem.add_variable(f"y_{i}_{time}", 0, 1)
            now = [(mode[time], 1) for mode in modes if time in mode]
            self.problem += begun[time] == before + self._pulp.LpAffineExpression(now)
            before = begun[time]
        self.problem += self._pulp.lpSum([before]) == 1
        return begun

    def _by(self, i: int, time: int) -> Any:
        """Return what of an activity has begun by a time."""
        if time < self._head[i]:
            return 0
        return self.begun[i][time] if time < self._latest[i] else 1

    def _point(self, i: int, at_end: bool) -> Any:
        """Return the start or the end of an activity."""
        terms = []
        for mode in self._instance.modes_of(i):
            shift = int(self._instance.duration[mode]) if at_end else 0
            terms += [(variable, time + shift) for time, variable in self.starts[mode].items()]
        return self._pulp.LpAffineExpression(terms)

    def add_lags(self) -> None:
        """Add the time lags: time by time where the distance of the starts does not depend."""
        instance = self._instance
        counts = np.diff(instance.mode_start)
        steps = instance.lag_steps().tolist()
        columns = (instance.lag_source, instance.lag_target, instance.lag_kind, instance.lag)
        for (i, j, kind, lag), step in zip(np.stack(columns, axis=1).tolist(), steps, strict=True):
            from_end, to_end = kind >= 2, kind % 2 == 1
            if (from_end and counts[i] > 1) or (to_end and counts[j] > 1):
                self.problem += self._point(j, to_end) >= self._point(i, from_end) + lag
                continue
            for time in range(self._head[j], self._latest[j] + 1):
                before = self._by(i, time - step)
                if not isinstance(before, int) or before == 0:
                    self.problem += self.begun[j][time] <= before

    def add_resources(self) -> None:
        """Add, for each time unit, what runs then; a group is a resource of one unit."""
        instance = self._instance
        for k in range(instance.renewables):
            capacity = np.zeros(self._horizon, dtype=np.int64)
            for time, there in instance.steps(k):
                capacity[time:] = there
            self._add_capacity(instance.demand[:, k].tolist(), capacity.tolist())
        for group in instance.groups:
            needs = np.zeros(int(instance.mode_start[-1]), dtype=np.int64)
            for i in group:
                needs[instance.mode_start[i] : instance.mode_start[i + 1]] = 1
            self._add_capacity(needs.tolist(), [1] * self._horizon)

    def _add_capacity(self, needs: list[int], capacity: list[int]) -> None:
        instance = self._instance
        rows: list[list[tuple[Any, int]]] = [[] for _ in capacity]
        constants = [0] * len(capacity)
        for i, (first, behind) in enumerate(pairwise(instance.mode_start.tolist())):
            length = int(instance.duration[first])
            if behind - first == 1 and needs[first] and length:
                for time in range(self._head[i], min(self._latest[i] + length, len(capacity))):
                    for by, factor in ((time, needs[first]), (time - length, -needs[first])):
                        begun = self._by(i, by)
                        if isinstance(begun, int):
                            constants[time] += factor * begun
                        else:
                            rows[time].append((begun, factor))
                continue
            for mode in range(first, behind):
                if needs[mode]:
                    for begin, variable in self.starts[mode].items():
                        for time in range(begin, begin + int(instance.duration[mode])):
                            rows[time].append((variable, needs[mode]))
        for row, constant, there in zip(rows, constants, capacity, strict=True):
            if row or constant > there:
                self.problem += self._pulp.LpAffineExpression(row, constant) <= there

    def add_budgets(self) -> None:
        """Add the non-renewable resources."""
        for k, budget in enumerate(self._instance.budget.tolist()):
            consumption = self._instance.consumption[:, k].tolist()
            terms = [
                (variable, amount)
                for mode, amount in zip(self.starts, consumption, strict=True)
                if amount
                for variable in mode.values()
            ]
            if terms:
                self.problem += self._pulp.LpAffineExpression(terms) <= budget

    def add_objective(self) -> Any:
        """Minimise the makespan, which is returned, or the total weighted tardiness."""
        instance = self._instance
        if instance.goal == "makespan":
            latest = self.problem.add_variable("makespan", 0, self._horizon)
            self.problem.setObjective(latest)
            inner = set(instance.lag_source[(instance.lag_kind == 2) & (instance.lag >= 0)])
            for i in range(instance.activities):
                if i not in inner:
                    self.problem += latest >= self._point(i, at_end=True)
            return latest
        costs = []
        for i in np.flatnonzero(instance.weights).tolist():
            due, weight = int(instance.due_dates[i]), int(instance.weights[i])
            for mode in instance.modes_of(i):
                shift = int(instance.duration[mode]) - due
                costs += [
                    (variable, weight * max(0, time + shift))
                    for time, variable in self.starts[mode].items()
                ]
        self.problem.setObjective(self._pulp.LpAffineExpression(costs))
        return None
