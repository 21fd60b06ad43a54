"""Projects: activities in modes, scarce resources, time lags, windows (RCPSP and its relatives).

Activities, their modes and resources are numbered from 0. An activity, once started, runs in one
mode to its end; it occupies renewable resources from its start up to, not including, its end, and
uses up non-renewable ones once. One of duration 0 occupies nothing. Times start at 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Literal, Self, get_args

import numpy as np
import numpy.typing as npt

from ordino.core.arrays import LARGEST, Integers, frozen_integers
from ordino.core.content import Content, label
from ordino.core.errors import InstanceError, UsageError
from ordino.core.objective import Objective
from ordino.core.plain import Node
from ordino.models.rcpsp import plain, validation

__all__ = [
    "ABSENT",
    "END_START",
    "GOALS",
    "KINDS",
    "NEVER",
    "START_START",
    "Goal",
    "Plan",
    "Project",
    "adjust",
]

NEVER = LARGEST - 1
"""The deadline of an activity that has none."""

ABSENT = 1 - LARGEST
"""The start of an activity of which a plan says nothing; no plan with one is feasible."""

KINDS = plain.KINDS
"""Kinds of time lags, by number: from which point of the first activity to which of the second."""
START_START, END_START = 0, 2

Goal = Literal["makespan", "tardiness", "levelling"]
GOALS: tuple[str, ...] = get_args(Goal)
_OBJECTIVES = {
    "makespan": "makespan",
    "tardiness": "total weighted tardiness",
    "levelling": "total squared use",
}

Matrix = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Project(Content):
    """A project.

    Modes are numbered through, activity by activity: those of activity i are
    `mode_start[i] … mode_start[i + 1] - 1`. Renewable resource k has the capacity
    `step_capacity[s]` from time `step_time[s]` to that of the next step, for its steps
    `step_start[k] … step_start[k + 1] - 1`, the first at time 0 and the last for ever.

    A time lag between activities i and j says: point of j >= point of i + lag, where a point is
    the start or the end, as its kind says (see `KINDS`). A precedence is an end-start lag of 0; a
    maximal lag L from i to j is the lag -L from j to i.

    Attributes:
        mode_start: First mode of each activity, then the number of modes; shape (activities + 1,).
        duration: Time units that each mode takes, at least 0; shape (modes,).
        demand: Units of each renewable resource in each mode; shape (modes, renewables).
        consumption: Units of each non-renewable resource; shape (modes, non-renewables).
        step_start: First step of each renewable resource, then their number.
        step_time: When each step begins.
        step_capacity: Capacity from then on.
        budget: What there is of each non-renewable resource; shape (non-renewables,).
        release_dates: Earliest start of each activity; shape (activities,).
        deadlines: Latest end of each activity, `NEVER` for none; shape (activities,).
        lag_source: First activity of each time lag; shape (lags,).
        lag_target: Second activity.
        lag_kind: Index into `KINDS`.
        lag: The lag, of any sign.
        groups: Activities of which no two may overlap, group by group.
        due_dates: When each activity should end, for the goal `tardiness`; shape (activities,).
        weights: Cost of a time unit of tardiness, at least 0; shape (activities,).
        goal: `makespan`, the latest end; `tardiness`, the total weighted tardiness; or `levelling`,
            the sum over all renewable resources and times of the square of what is in use, which
            takes a deadline for every activity.
        activity_names: All different.
        renewable_names: Of renewable resources.
        budget_names: Of non-renewable resources.
        name: A label.

    Raises:
        InstanceError: The data are no project: among others lags that form a cycle of positive
            length, a window that is shorter than the activity.
    """

    family: ClassVar[str] = "rcpsp"

    mode_start: Integers
    duration: Integers
    demand: Matrix
    consumption: Matrix
    step_start: Integers
    step_time: Integers
    step_capacity: Integers
    budget: Integers
    release_dates: Integers
    deadlines: Integers
    lag_source: Integers
    lag_target: Integers
    lag_kind: Integers
    lag: Integers
    groups: tuple[tuple[int, ...], ...] = ()
    due_dates: Integers
    weights: Integers
    goal: str = "makespan"
    activity_names: tuple[str, ...] = label()
    renewable_names: tuple[str, ...] = label()
    budget_names: tuple[str, ...] = label()
    name: str = label(default="")

    def __post_init__(self) -> None:
        def freeze(field: str, minimum: int | None = 0, length: int | None = None) -> None:
            what = field.removesuffix("s").replace("_", " ")
            values = getattr(self, field)
            frozen = frozen_integers(values, what, minimum=minimum, length=length)
            object.__setattr__(self, field, frozen)

        for field in ("mode_start", "step_start", "budget"):
            freeze(field)
        if not self.mode_start.size or not self.step_start.size:
            raise InstanceError("expected the first mode and the first step")
        modes, steps = int(self.mode_start[-1]), int(self.step_start[-1])
        freeze("duration", length=modes)
        for field in ("step_time", "step_capacity"):
            freeze(field, length=steps)
        for field, width in (("demand", self.renewables), ("consumption", self.budget.size)):
            matrix = _matrix(getattr(self, field), field, modes, width)
            object.__setattr__(self, field, matrix)
        for field in ("release_dates", "deadlines", "weights"):
            freeze(field, length=self.activities)
        freeze("due_dates", minimum=None, length=self.activities)
        freeze("lag", minimum=None)
        for field in ("lag_source", "lag_target", "lag_kind"):
            freeze(field, length=self.lag.size)
        validation.validate(self)

    @classmethod
    def of(
        cls,
        activities: Sequence[Sequence[tuple[int, Sequence[int]]]],
        capacities: Sequence[int | Sequence[tuple[int, int]]],
        *,
        budgets: Sequence[int] = (),
        lags: Iterable[tuple[int, int, str, int]] = (),
        precedences: Iterable[tuple[int, int]] = (),
        release_dates: Sequence[int] | None = None,
        deadlines: Sequence[int | None] | None = None,
        groups: Iterable[Sequence[int]] = (),
        due_dates: Sequence[int | None] | None = None,
        weights: Sequence[int] | None = None,
        goal: str = "makespan",
        activity_names: Sequence[str] | None = None,
        renewable_names: Sequence[str] | None = None,
        budget_names: Sequence[str] | None = None,
        name: str = "",
    ) -> Self:
        """Make a project of activities that are lists of modes (duration, demands).

        A mode's demands are those of the renewable resources, then of the non-renewable ones.

        Args:
            activities: The modes of each activity.
            capacities: Of each renewable resource: a number, or steps (time, capacity from then
                on), the first at time 0.
            budgets: Of each non-renewable resource.
            lags: Time lags (activity, activity, kind, lag) with a kind of `KINDS`.
            precedences: Pairs of activities; the second starts when the first has ended.
            release_dates: By default 0.
            deadlines: By default none.
            groups: Sets of activities of which no two may overlap.
            due_dates: `None` for activities whose tardiness doesn't count.
            weights: By default 1 for activities with a due date; 0 for the others.
            goal: `makespan`, `tardiness` or `levelling`.
            activity_names: By default the numbers.
            renewable_names: By default R0, R1, …
            budget_names: By default N0, N1, …
            name: A label.

        >>> Project.of([[(3, [1])], [(2, [1])]], [1], precedences=[(0, 1)]).horizon
        5
        """
        count, renewables = len(activities), len(capacities)
        modes = [mode for each in activities for mode in each]
        for mode, (_, demands) in enumerate(modes):
            if len(demands) != renewables + len(budgets):
                raise InstanceError(
                    f"mode {mode} has {len(demands)} demands, expected "
                    f"{renewables} renewable and {len(budgets)} non-renewable ones"
                )
        steps = [[(0, each)] if isinstance(each, int) else list(each) for each in capacities]
        flat = [step for each in steps for step in each]
        arcs = [(i, j, validation.kind_number(kind), lag) for i, j, kind, lag in lags]
        arcs += [(i, j, END_START, 0) for i, j in precedences]
        columns = list(zip(*arcs, strict=True)) if arcs else [(), (), (), ()]
        dues = [None] * count if due_dates is None else list(due_dates)
        ends = [None] * count if deadlines is None else list(deadlines)
        for i, (due, weight) in enumerate(
            zip(dues, () if weights is None else weights, strict=False)
        ):
            if weight and due is None:
                message = f"activity {i} has a weight, but no due date"
                raise InstanceError(message, ("activities", i, "weight"))

        def names(given: Sequence[str] | None, prefix: str, number: int) -> tuple[str, ...]:
            return tuple(f"{prefix}{i}" for i in range(number)) if given is None else tuple(given)

        integers = frozen_integers
        return cls(
            mode_start=integers([0, *np.cumsum([len(a) for a in activities])], "mode start"),
            duration=integers([each for each, _ in modes], "duration"),
            demand=_matrix(
                [row[:renewables] for _, row in modes], "demand", len(modes), renewables
            ),
            consumption=_matrix(
                [row[renewables:] for _, row in modes], "consumption", len(modes), len(budgets)
            ),
            step_start=integers([0, *np.cumsum([len(each) for each in steps])], "step start"),
            step_time=integers([time for time, _ in flat], "step time"),
            step_capacity=integers([capacity for _, capacity in flat], "step capacity"),
            budget=integers(budgets, "budget"),
            release_dates=integers(release_dates or [0] * count, "release date"),
            deadlines=integers([NEVER if end is None else end for end in ends], "deadline"),
            lag_source=integers(columns[0], "lag source"),
            lag_target=integers(columns[1], "lag target"),
            lag_kind=integers(columns[2], "lag kind"),
            lag=integers(columns[3], "lag"),
            groups=tuple(tuple(group) for group in groups),
            due_dates=integers([0 if due is None else due for due in dues], "due date"),
            weights=integers(
                [int(due is not None) for due in dues] if weights is None else weights, "weight"
            ),
            goal=goal,
            activity_names=names(activity_names, "", count),
            renewable_names=names(renewable_names, "R", renewables),
            budget_names=names(budget_names, "N", len(budgets)),
            name=name,
        )

    @property
    def objective(self) -> Objective:
        """The makespan, the total weighted tardiness or the total squared use of resources."""
        return Objective.of(_OBJECTIVES[self.goal])

    @property
    def activities(self) -> int:
        """Number of activities."""
        return int(self.mode_start.size) - 1

    @property
    def renewables(self) -> int:
        """Number of renewable resources."""
        return int(self.step_start.size) - 1

    @property
    def single_mode(self) -> bool:
        """Whether every activity has one mode."""
        return int(self.duration.size) == self.activities

    @cached_property
    def least_duration(self) -> Integers:
        """Of each activity over its modes that are possible, over all where none is; shape
        (activities,)."""
        durations = np.where(self._counting, self.duration, LARGEST)
        least: Integers = np.minimum.reduceat(durations, self.mode_start[:-1])
        return least

    @cached_property
    def most_duration(self) -> Integers:
        """Of each activity over the same modes; shape (activities,)."""
        durations = np.where(self._counting, self.duration, 0)
        most: Integers = np.maximum.reduceat(durations, self.mode_start[:-1])
        return most

    @cached_property
    def _counting(self) -> npt.NDArray[np.bool_]:
        """Whether each mode is possible, or its activity has none that is."""
        none = ~np.logical_or.reduceat(self.possible, self.mode_start[:-1])
        counting: npt.NDArray[np.bool_] = self.possible | none[self.owner]
        return counting

    @cached_property
    def owner(self) -> Integers:
        """The activity of each mode; shape (modes,)."""
        owner: Integers = np.repeat(np.arange(self.activities), np.diff(self.mode_start))
        return owner

    @cached_property
    def choice(self) -> npt.NDArray[np.bool_]:
        """Whether the activity of each mode has others; shape (modes,)."""
        counts = np.diff(self.mode_start)
        several: npt.NDArray[np.bool_] = np.repeat(counts > 1, counts)
        return several

    @cached_property
    def greatest_capacity(self) -> Integers:
        """The most that there ever is of each renewable resource; shape (renewables,)."""
        most: Integers = np.zeros(self.renewables, dtype=np.int64)
        if self.renewables:
            most = np.maximum.reduceat(self.step_capacity, self.step_start[:-1])
        return most

    @cached_property
    def possible(self) -> npt.NDArray[np.bool_]:
        """Whether each mode by itself fits into capacities and budgets; shape (modes,)."""
        occupies = self.duration > 0
        fits = (self.demand <= self.greatest_capacity).all(axis=1) | ~occupies
        both: npt.NDArray[np.bool_] = fits & (self.consumption <= self.budget).all(axis=1)
        return both

    @cached_property
    def horizon(self) -> int:
        """An end that some optimal schedule keeps, if there is a schedule at all."""
        if self.goal == "levelling":
            return int(self.deadlines.max())
        latest = self.span
        if (self.deadlines != NEVER).all():
            latest = min(latest, int(self.deadlines.max()))
        return latest

    @cached_property
    def span(self) -> int:
        """The same, deadlines aside.

        Behind the last release date and change of capacity, a time at which nothing runs and no
        minimal lag is waited for can be cut out: all behind it moves closer.
        """
        reach = self.most_duration.copy()
        np.maximum.at(reach, self.lag_source, self.lag_steps(widest=True))
        first = max(self.release_dates.tolist(), default=0)
        latest: int = max(first, max(self.step_time.tolist(), default=0)) + sum(reach.tolist())
        return latest

    def lag_steps(self, *, widest: bool = False) -> Integers:
        """Return the distance from start to start that each lag asks for; shape (lags,).

        Where modes differ, the least distance over all modes, or the `widest`.
        """
        low, high = self.least_duration, self.most_duration
        before, behind = (high, low) if widest else (low, high)
        return self._steps(before[self.lag_source], behind[self.lag_target])

    def lag_steps_in(self, modes: Integers) -> Integers:
        """Return the same where the activities run in these modes (numbered through)."""
        duration = self.duration[modes]
        return self._steps(duration[self.lag_source], duration[self.lag_target])

    def _steps(self, before: Integers, behind: Integers) -> Integers:
        from_end, to_end = self.lag_kind >= END_START, self.lag_kind % 2 == 1
        steps: Integers = self.lag + np.where(from_end, before, 0) - np.where(to_end, behind, 0)
        return steps

    def steps(self, resource: int) -> list[tuple[int, int]]:
        """Return the steps (time, capacity from then on) of a renewable resource."""
        chosen = slice(*self.step_start[resource : resource + 2].tolist())
        capacities = self.step_capacity[chosen].tolist()
        return list(zip(self.step_time[chosen].tolist(), capacities, strict=True))

    def modes_of(self, activity: int) -> range:
        """Return the numbers of an activity's modes."""
        return range(*self.mode_start[activity : activity + 2].tolist())

    def softened(self, latest_ends: Integers | None = None) -> Self:
        """Return the project with due dates for deadlines: with a tardiness of 0, all are kept.

        Or for other latest ends; shape (activities,), `NEVER` for none.
        """
        ends = self.deadlines if latest_ends is None else latest_ends
        limited = ends != NEVER
        return replace(
            self,
            deadlines=np.full_like(self.deadlines, NEVER),
            due_dates=np.where(limited, ends, 0),
            weights=limited.astype(np.int64),
            goal="tardiness",
        )

    def to_data(self) -> dict[str, Any]:
        """Return the project as plain data, without what says nothing."""
        return plain.to_data(self)

    @classmethod
    def from_data(cls, data: Node) -> Self:
        """Make a project of what `to_data` returned; raises `InputError`."""
        arguments = plain.arguments(data)
        try:
            return cls.of(**arguments)
        except InstanceError as error:
            raise data.located(error) from None


@dataclass(frozen=True, eq=False, slots=True)
class Plan(Content):
    """When each activity starts, and which of its modes (from 0) it runs in."""

    start: Integers
    mode: Integers

    def __post_init__(self) -> None:
        for field in ("start", "mode"):
            object.__setattr__(self, field, frozen_integers(getattr(self, field), field))

    @classmethod
    def of(cls, start: Any, mode: Any = None) -> Plan:
        """Make a plan; without modes, all activities run in their first."""
        begins = frozen_integers(start, "start")
        return cls(begins, np.zeros(begins.size, np.int64) if mode is None else mode)

    def to_data(self) -> dict[str, Any]:
        """Return the plan as plain data; modes only where one is not the first."""
        data = {"start": self.start.tolist()}
        return data | {"mode": self.mode.tolist()} if self.mode.any() else data

    @classmethod
    def from_data(cls, data: Node) -> Plan:
        """Make a plan of plain data; raises `InputError`."""
        fields = data.object("start", optional=("mode",))
        starts = fields["start"].integers()
        return cls.of(starts, fields["mode"].integers() if "mode" in fields else None)


def adjust(instance: Project, *, goal: Goal | None = None, deadline: int | None = None) -> Project:
    """Apply the problem options; raises `UsageError`.

    Args:
        instance: The project.
        goal: Another goal: `makespan`, `tardiness` where there are due dates, or `levelling` where
            there are deadlines.
        deadline: No activity may end later.
    """
    changes: dict[str, Any] = {} if goal is None else {"goal": goal}
    if deadline is not None:
        changes["deadlines"] = [min(each, deadline) for each in instance.deadlines.tolist()]
    try:
        return replace(instance, **changes) if changes else instance
    except InstanceError as error:
        told = ", ".join(
            f"{name} {value}"
            for name, value in (("goal", goal), ("deadline", deadline))
            if value is not None
        )
        raise UsageError(f"{told}: {error.message}") from None


def _matrix(values: Any, what: str, rows: int, columns: int) -> Matrix:
    """Copy numbers into a read-only matrix, at least 0; raises `InstanceError`."""
    if isinstance(values, np.ndarray):
        if values.shape != (rows, columns):
            raise InstanceError(f"expected {rows} x {columns} {what}s, got {values.shape}")
        values = values.ravel()
    else:
        values = [each for row in values for each in row]
    flat = frozen_integers(values, what, minimum=0, length=rows * columns)
    return flat.reshape(rows, columns)
