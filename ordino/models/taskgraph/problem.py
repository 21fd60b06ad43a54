"""A task graph on heterogeneous processors.

Tasks and processors are numbered from 0. A task runs on one processor, without interruption, for a
time that depends on both. An edge says that a task needs what another one sends: the data arrive
`startup + volume / bandwidth` of the pair of processors after the sender's end, and at once inside
one processor. Sending occupies no processor (the model of Topcuoglu, Hariri, Wu 2002).

Two goals:

- `makespan`: the end of the last task; a processor runs one task at a time.
- `cost`: the sum of price times duration over all tasks. Processors are then types of machines to
  be rented, as many of each as it takes, so that tasks do not wait for each other; deadlines must
  be kept.

Times are real numbers. Where all of them are integers, so are all that follow, exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from ordino.core.arrays import Integers, Reals, frozen_integers, frozen_reals
from ordino.core.content import Content, label
from ordino.core.errors import InstanceError, UsageError
from ordino.core.objective import Objective
from ordino.core.plain import Node
from ordino.models.taskgraph import plain
from ordino.models.taskgraph.order import require_sound_edges, topological_order

__all__ = ["GOALS", "LONGEST", "MOST_PROCESSORS", "Schedule", "TaskGraph", "adjust"]

GOALS = ("makespan", "cost")

LONGEST = 2.0**53
"""Sums of integers below this are exact in a float."""

MOST_PROCESSORS = 4096
"""Links are kept for each pair: more would fill the memory."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class TaskGraph(Content):
    """A task graph with its processors.

    Attributes:
        work: Time that each task takes on each processor, infinite where it can't run; shape
            (tasks, processors).
        source: Sending task of each edge; shape (edges,). Edges are kept sorted.
        target: Receiving task of each edge; shape (edges,).
        volume: Data that pass along each edge, at least 0; shape (edges,).
        startup: Time before the first data arrive; shape (processors, processors). Its diagonal is
            set to 0, whatever is given.
        bandwidth: Data in a unit of time, above 0; shape (processors, processors). Its diagonal is
            set to infinity.
        release_dates: Earliest start of each task, at least 0; shape (tasks,).
        deadlines: Latest end of each task, infinite for none; shape (tasks,).
        memory: What each task occupies on its processor from beginning to end of the schedule, as
            code or weights do; shape (tasks,).
        capacity: Memory of each processor, infinite for no limit; shape (processors,).
        price: Of a unit of time on each processor; shape (processors,). Counts for `cost` only.
        goal: `makespan` or `cost`.
        name: A label.
        task_names: Labels, one a task or none.
        processor_names: Labels, one a processor or none.
        order: The tasks in a topological order (derived); shape (tasks,).

    Raises:
        InstanceError: The data are no such instance: a cycle (which is named), a task that no
            processor can run, times that may add up to 2^53.
    """

    family: ClassVar[str] = "taskgraph"

    work: Reals
    source: Integers
    target: Integers
    volume: Reals
    startup: Reals
    bandwidth: Reals
    release_dates: Reals
    deadlines: Reals
    memory: Reals
    capacity: Reals
    price: Reals
    goal: str = "makespan"
    name: str = label(default="")
    task_names: tuple[str, ...] = label(default=())
    processor_names: tuple[str, ...] = label(default=())
    order: Integers = label(init=False)  # noqa: RUF009

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "work", _matrix(self.work))
        tasks, processors = self.work.shape
        reals = (
            ("release_dates", "release date", (tasks,), False),
            ("deadlines", "deadline", (tasks,), True),
            ("memory", "memory", (tasks,), False),
            ("capacity", "capacity", (processors,), True),
            ("price", "price", (processors,), False),
        )
        for field, what, shape, infinite in reals:
            given = getattr(self, field)
            values = frozen_reals(
                given, what, shape=shape, minimum=0, infinite=infinite, field=field
            )
            put(self, field, values)
        put(self, "startup", _links(self.startup, "startup", processors, inside=0))
        bandwidth = _links(self.bandwidth, "bandwidth", processors, inside=np.inf)
        if not bandwidth.all():
            one, other = np.argwhere(bandwidth == 0)[0].tolist()
            message = f"bandwidth from processor {one} to {other} is 0, expected more"
            raise InstanceError(message, ("bandwidth", one, other))
        put(self, "bandwidth", bandwidth)
        for field, what, count in (
            ("task_names", "task", tasks),
            ("processor_names", "processor", processors),
        ):
            put(self, field, _labels(getattr(self, field), what, count))
        if self.goal not in GOALS:
            raise InstanceError(f"goal {self.goal!r}: expected makespan or cost", ("goal",))
        if self.goal == "cost" and np.isfinite(self.capacity).any():
            message = "machines that are rented have no common memory: leave capacity out"
            raise InstanceError(message, ("capacity",))
        self._put_edges()
        self._require_runnable()
        if self.longest >= LONGEST:
            raise InstanceError(f"the makespan may reach {self.longest:g}, beyond 2^53")

    def _put_edges(self) -> None:
        put = object.__setattr__
        source = frozen_integers(self.source, "source")
        target = frozen_integers(self.target, "target", length=source.size)
        volume = frozen_reals(self.volume, "volume", shape=(source.size,), minimum=0, field="edges")
        require_sound_edges(source, target, self.tasks, self.task)
        by_ends = np.lexsort((target, source))
        for field, values in (("source", source), ("target", target), ("volume", volume)):
            ordered = values[by_ends]
            ordered.flags.writeable = False
            put(self, field, ordered)
        try:
            order = topological_order(self.source, self.target, self.tasks, self.task)
        except InstanceError as error:
            edge = int(by_ends[int(error.path[1])])
            raise InstanceError(error.message, ("edges", edge)) from None
        put(self, "order", order)

    def _require_runnable(self) -> None:
        fits = np.isfinite(self.work) & (self.memory[:, None] <= self.capacity)
        for task in np.flatnonzero(~fits.any(axis=1))[:1].tolist():
            raise InstanceError(f"no processor can run {self.task(task)}", ("work", task))

    @classmethod
    def of(
        cls,
        work: Any,
        edges: Iterable[tuple[int, int, float]] = (),
        *,
        bandwidth: Any = 1.0,
        startup: Any = 0.0,
        release_dates: Sequence[float] | None = None,
        deadlines: Sequence[float] | None = None,
        memory: Sequence[float] | None = None,
        capacity: Sequence[float] | None = None,
        price: Sequence[float] | None = None,
        goal: str = "makespan",
        name: str = "",
        task_names: Sequence[str] = (),
        processor_names: Sequence[str] = (),
    ) -> Self:
        """Make an instance of nested sequences or arrays.

        Args:
            work: A row a task, a column a processor; infinity where it can't run.
            edges: (source, target, volume) each.
            bandwidth: A matrix, or one number for all pairs.
            startup: A matrix, or one number for all pairs.
            release_dates: 0 unless given.
            deadlines: Infinite unless given.
            memory: 0 unless given.
            capacity: Infinite unless given.
            price: 1 unless given.
            goal: `makespan` or `cost`.
            name: A label.
            task_names: Labels.
            processor_names: Labels.

        >>> graph = TaskGraph.of([[2, 3], [4, 1]], [(0, 1, 5)])
        >>> graph.tasks, graph.processors, graph.edges
        (2, 2, 1)
        """
        matrix = _matrix(work)
        tasks, processors = matrix.shape
        listed = list(edges)
        links = (processors, processors)

        def full(values: Any, count: int, default: float) -> Any:
            return np.full(count, default) if values is None else values

        return cls(
            work=matrix,
            source=frozen_integers([edge[0] for edge in listed], "source"),
            target=frozen_integers([edge[1] for edge in listed], "target"),
            volume=frozen_reals([edge[2] for edge in listed], "volume"),
            startup=np.full(links, startup) if np.isscalar(startup) else startup,
            bandwidth=np.full(links, bandwidth) if np.isscalar(bandwidth) else bandwidth,
            release_dates=full(release_dates, tasks, 0),
            deadlines=full(deadlines, tasks, np.inf),
            memory=full(memory, tasks, 0),
            capacity=full(capacity, processors, np.inf),
            price=full(price, processors, 1),
            goal=goal,
            name=name,
            task_names=tuple(task_names),
            processor_names=tuple(processor_names),
        )

    @property
    def tasks(self) -> int:
        """Number of tasks."""
        return int(self.work.shape[0])

    @property
    def processors(self) -> int:
        """Number of processors."""
        return int(self.work.shape[1])

    @property
    def edges(self) -> int:
        """Number of edges."""
        return int(self.source.size)

    @property
    def integral(self) -> bool:
        """Whether all times, and for `cost` all prices, are integers. O(edges x links)."""

        def whole(values: Reals) -> bool:
            return bool((values[np.isfinite(values)] % 1 == 0).all())

        parts = [self.work, self.startup, self.release_dates]
        if self.goal == "cost":
            parts.append(self.price)
        return all(map(whole, parts)) and all(
            whole(self.volume / rate) for rate in np.unique(self.bandwidth).tolist()
        )

    @property
    def objective(self) -> Objective:
        """The makespan or the cost."""
        return Objective.of(self.goal, integral=self.integral)

    @property
    def longest(self) -> float:
        """No less than the makespan of any schedule in which nothing waits without need."""
        slowest = np.where(np.isfinite(self.work), self.work, 0).max(axis=1).sum()
        slow_link = float(self.startup.max()) * self.edges
        slow_link += float(self.volume.sum() / self.bandwidth.min())
        return float(self.release_dates.max() + slowest + slow_link)

    def delay(self, sender: Any, receiver: Any, volume: Any) -> Any:
        """Time that data take between processors; works on numbers and on arrays.

        >>> TaskGraph.of([[1, 1]], bandwidth=4.0, startup=3).delay(0, 1, 8)
        np.float64(5.0)
        """
        return self.startup[sender, receiver] + volume / self.bandwidth[sender, receiver]

    def task(self, index: int) -> str:
        """Name a task for messages: by number, and by label if it has one."""
        named = self.task_names and 0 <= index < len(self.task_names)
        return f"task {index} ({self.task_names[index]})" if named else f"task {index}"

    def processor(self, index: int) -> str:
        """Name a processor for messages: by number, and by label if it has one."""
        names = self.processor_names
        return f"processor {index} ({names[index]})" if names else f"processor {index}"

    def to_data(self) -> dict[str, Any]:
        """Return the instance as plain data, without what says nothing."""
        return plain.to_data(self)

    @classmethod
    def from_data(cls, data: Node) -> Self:
        """Make an instance of what `to_data` returned; raises `InputError`."""
        try:
            return cls.of(**plain.arguments(data))
        except InstanceError as error:
            raise data.located(error) from None


def _matrix(work: Any) -> Reals:
    matrix = frozen_reals(work, "work", minimum=0, infinite=True, field="work")
    if matrix.ndim != 2 or not matrix.size:
        message = "expected a matrix of work, a row a task and a column a processor"
        raise InstanceError(message, ("work",))
    if matrix.shape[1] > MOST_PROCESSORS:
        message = f"{matrix.shape[1]} processors, beyond {MOST_PROCESSORS}"
        raise InstanceError(message, ("work", 0))
    return matrix


def _links(values: Any, what: str, processors: int, *, inside: float) -> Reals:
    """Check a number for each pair of processors; give pairs of the same one their own."""
    shape = (processors, processors)
    infinite = inside > 0
    frozen = frozen_reals(values, what, shape=shape, minimum=0, infinite=infinite, field=what)
    links = frozen.copy()
    np.fill_diagonal(links, inside)
    links.flags.writeable = False
    return links


def _labels(names: Iterable[str], what: str, count: int) -> tuple[str, ...]:
    labels = tuple(str(each) for each in names)
    if labels and len(labels) != count:
        message = f"expected {count} {what} names, got {len(labels)}"
        raise InstanceError(message, (f"{what}_names",))
    seen: set[str] = set()
    for index, each in enumerate(labels):
        if each in seen:
            raise InstanceError(f"two {what}s are called {each!r}", (f"{what}_names", index))
        seen.add(each)
    return labels


@dataclass(frozen=True, eq=False, slots=True)
class Schedule(Content):
    """Where and when each task runs; both arrays have the shape (tasks,)."""

    processor: Integers
    start: Reals

    def __post_init__(self) -> None:
        processor = frozen_integers(self.processor, "processor")
        object.__setattr__(self, "processor", processor)
        object.__setattr__(self, "start", frozen_reals(self.start, "start"))

    def to_data(self) -> dict[str, Any]:
        """Return the schedule as plain data."""
        return {"processor": self.processor.tolist(), "start": plain.numbers(self.start)}

    @classmethod
    def from_data(cls, data: Node) -> Self:
        """Make a schedule of plain data; raises `InputError`."""
        fields = data.object("processor", "start")
        starts = [each.number() for each in fields["start"].list()]
        return cls(
            frozen_integers(fields["processor"].integers(), "processor"),
            frozen_reals(starts, "start"),
        )


def adjust(
    instance: TaskGraph,
    *,
    goal: str | None = None,
    deadline: float | None = None,
    price: str | None = None,
) -> TaskGraph:
    """Make an instance with another goal, a deadline for all tasks, other prices.

    Args:
        instance: The one to start from.
        goal: `makespan` or `cost`.
        deadline: No task may end later.
        price: Of a unit of time on each processor, with commas between.

    Raises:
        UsageError: A value that makes no sense.
    """
    changes: dict[str, Any] = {}
    if goal is not None:
        changes["goal"] = goal
    if deadline is not None:
        changes["deadlines"] = np.minimum(instance.deadlines, deadline)
    if price is not None:
        changes["price"] = price.split(",")
    try:
        return replace(instance, **changes)
    except InstanceError as error:
        raise UsageError(error.message) from None
