"""The general shop: alternatives, setups, downtimes, due dates, no room between machines.

Jobs, operations and machines are numbered from 0, times are integers from 0. An operation runs on
one of its machines, without interruption. The operations of a job form a chain, or a graph of
precedences (Birgin et al. 2014). `JobShop` is the classic case: one machine an operation, chains,
unlimited buffers, least makespan.

**Setups.** A machine needs the time `setup[m, f, g]` between an operation of setup family f and the
next one there, of family g, and `setup[m, families, g]` before its first one, from time 0. It can
be made ready before the job arrives, and while it is down. Where there are setups, every operation
takes some time.

**Downtimes.** No operation overlaps one; a job may wait on a machine that is down.

**Buffers.** `unlimited`: an operation leaves its machine when it ends. Otherwise there is no room
between machines. `swap` and `blocking`: it leaves when its job's next operation starts, the last
one of a job when it ends. Jobs that wait for one another's machines in a circle may all move at
the same instant where `swap` allows it; for `blocking` they may not: a machine is entered after it
was left, so that moves of one instant have an order (Mascis, Pacciarelli 2002), where what passes a
machine in no time at one instant does so by its number. `no-wait`: an operation starts when the one
before it in its job ends.

**Goals.** With completion C, due date d, release date r, weight w of a job: `makespan` max C,
`tardiness` sum of w max(0, C - d), `flow-time` sum of w (C - r), `lateness` max (C - d).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, ClassVar, Literal, Self, get_args

import numpy as np
import numpy.typing as npt

from ordino.core.arrays import LARGEST, Integers, frozen_integers
from ordino.core.content import Content, label
from ordino.core.errors import InstanceError, UsageError
from ordino.core.objective import Objective
from ordino.core.plain import Node
from ordino.models.jobshop import shop_plain, shop_validation
from ordino.models.jobshop.problem import JobShop

__all__ = ["BUFFERS", "GOALS", "NEVER", "Buffers", "Goal", "Shop", "adjust", "classic"]

NEVER = LARGEST - 1
"""The end of a downtime that has none."""

Goal = Literal["makespan", "tardiness", "flow-time", "lateness"]
GOALS: dict[str, str] = {
    "makespan": "makespan",
    "tardiness": "total weighted tardiness",
    "flow-time": "total weighted flow time",
    "lateness": "maximum lateness",
}
Buffers = Literal["unlimited", "swap", "blocking", "no-wait"]
BUFFERS: tuple[str, ...] = get_args(Buffers)

Alternatives = Sequence[tuple[int, int]]
Table = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Shop(Content):
    """A general shop (see the module).

    Operations are numbered through, job by job: those of job j are `job_start[j] …
    job_start[j + 1] - 1`; alternatives are numbered through, operation by operation: those of
    operation i are `alternative_start[i] … alternative_start[i + 1] - 1`.

    Attributes:
        job_start: First operation of each job, then the number of operations; shape (jobs + 1,).
        alternative_start: First alternative of each operation, then the number of alternatives;
            shape (operations + 1,).
        machine: Of each alternative; those of an operation differ.
        duration: Time units that each alternative takes, at least 0.
        machines: Number of machines.
        arc_before: First operation of each precedence, within a job.
        arc_after: Second operation, which starts when the first has ended, or later.
        release_dates: Earliest start of each job, at least 0; shape (jobs,).
        due_dates: Of each job, or `None`; shape (jobs,).
        weights: Of each job, at least 0; shape (jobs,).
        setup_family: Of each operation, all 0 where there are no setups; shape (operations,).
        setup: Setup times, shape (machines, families + 1, families), or (0, 0, 0) for none; see
            the module.
        down_machine: Machine of each downtime; downtimes are sorted by machine and begin.
        down_begin: When it begins.
        down_end: When it ends, `NEVER` for never.
        buffers: One of `BUFFERS`.
        goal: One of `GOALS`.
        name: A label.

    Raises:
        InstanceError: The data are no shop: among others precedences that form a cycle, downtimes
            that overlap.
    """

    family: ClassVar[str] = "jobshop"

    job_start: Integers
    alternative_start: Integers
    machine: Integers
    duration: Integers
    machines: int
    arc_before: Integers
    arc_after: Integers
    release_dates: Integers
    due_dates: Integers | None = None
    weights: Integers
    setup_family: Integers
    setup: Table
    down_machine: Integers
    down_begin: Integers
    down_end: Integers
    buffers: str = "unlimited"
    goal: str = "makespan"
    name: str = label(default="")

    def __post_init__(self) -> None:
        def freeze(field: str, minimum: int | None = 0, length: int | None = None) -> None:
            what = field.removesuffix("s").replace("_", " ")
            frozen = frozen_integers(getattr(self, field), what, minimum=minimum, length=length)
            object.__setattr__(self, field, frozen)

        freeze("job_start")
        freeze("alternative_start")
        for field in ("job_start", "alternative_start"):
            if getattr(self, field).size < 2:
                raise InstanceError("expected at least one job with an operation", ("jobs",))
        alternatives = int(self.alternative_start[-1])
        freeze("machine", length=alternatives)
        freeze("duration", length=alternatives)
        freeze("arc_before")
        freeze("arc_after", length=self.arc_before.size)
        freeze("release_dates", length=self.jobs)
        freeze("weights", length=self.jobs)
        if self.due_dates is not None:
            freeze("due_dates", minimum=None, length=self.jobs)
        freeze("setup_family", length=self.operations)
        object.__setattr__(self, "setup", shop_validation.frozen_setups(self.setup))
        freeze("down_machine")
        for field in ("down_begin", "down_end"):
            freeze(field, length=self.down_machine.size)
        shop_validation.validate(self)

    @classmethod
    def of(
        cls,
        jobs: Sequence[Sequence[Alternatives]],
        *,
        machines: int | None = None,
        arcs: Sequence[Sequence[tuple[int, int]] | None] | None = None,
        release_dates: Sequence[int] | None = None,
        due_dates: Sequence[int] | None = None,
        weights: Sequence[int] | None = None,
        setup_families: Sequence[Sequence[int]] | None = None,
        setups: Any = None,
        initial_setups: Any = None,
        downtimes: Iterable[tuple[int, int, int | None]] = (),
        buffers: str = "unlimited",
        goal: str = "makespan",
        name: str = "",
    ) -> Self:
        """Make a shop of jobs that are lists of operations, which are lists of (machine, duration).

        Args:
            jobs: The alternatives of each operation of each job.
            machines: By default as many as there are alternatives on.
            arcs: For each job its precedences, pairs of positions, or `None` for a chain; by
                default, chains.
            release_dates: By default 0.
            due_dates: By default none.
            weights: By default 1.
            setup_families: Of each operation of each job, from 0.
            setups: For each machine a square matrix: time from a family to another.
            initial_setups: For each machine the time before a first operation of each family; by
                default 0.
            downtimes: (machine, begin, end), the end `None` for ever.
            buffers: One of `BUFFERS`.
            goal: One of `GOALS`.
            name: A label.

        >>> Shop.of([[[(0, 3), (1, 4)], [(1, 2)]], [[(1, 4)]]]).flexible
        True
        """
        try:
            operations = [[list(each) for each in job] for job in jobs]
            flat = [each for job in operations for each in job]
            pairs = [(machine, duration) for each in flat for machine, duration in each]
        except (TypeError, ValueError):
            raise InstanceError(
                "expected jobs as lists of operations, these as lists of (machine, duration)"
            ) from None
        integers = frozen_integers
        machine = integers([each for each, _ in pairs], "machine")
        if machines is None:
            machines = int(machine.max()) + 1 if machine.size else 0
        job_start = np.cumsum([0, *(len(job) for job in operations)])
        before, after = shop_validation.numbered_arcs(job_start.tolist(), arcs)
        families, setup = shop_validation.setup_table(
            [len(job) for job in operations], machines, setup_families, setups, initial_setups
        )
        rows = [(m, b, NEVER if e is None else e) for m, b, e in downtimes]
        order = sorted(range(len(rows)), key=rows.__getitem__)
        columns = list(zip(*(rows[each] for each in order), strict=True)) or [(), (), ()]
        try:
            return cls(
                job_start=job_start,
                alternative_start=np.cumsum([0, *(len(each) for each in flat)]),
                machine=machine,
                duration=integers([each for _, each in pairs], "duration"),
                machines=machines,
                arc_before=integers(before, "arc before"),
                arc_after=integers(after, "arc after"),
                release_dates=integers(
                    [0] * len(operations) if release_dates is None else release_dates,
                    "release date",
                ),
                due_dates=None if due_dates is None else integers(due_dates, "due date"),
                weights=integers([1] * len(operations) if weights is None else weights, "weight"),
                setup_family=families,
                setup=setup,
                down_machine=integers(columns[0], "down machine"),
                down_begin=integers(columns[1], "down begin"),
                down_end=integers(columns[2], "down end"),
                buffers=buffers,
                goal=goal,
                name=name,
            )
        except InstanceError as error:
            match error.path:
                case ("downtimes", int(index)):
                    error.path = "downtimes", order[index]
            raise

    @classmethod
    def of_classic(cls, shop: JobShop, *, buffers: str, goal: str) -> Self:
        """Make a general shop of a classic one."""
        pairs = list(zip(shop.machine.tolist(), shop.duration.tolist(), strict=True))
        return cls.of(
            [[[pair] for pair in pairs[first:behind]] for first, behind in shop.chains()],
            machines=shop.machines,
            release_dates=shop.release_dates.tolist(),
            due_dates=None if shop.due_dates is None else shop.due_dates.tolist(),
            buffers=buffers,
            goal=goal,
            name=shop.name,
        )

    @property
    def objective(self) -> Objective:
        """What the goal minimises."""
        return Objective.of(GOALS[self.goal])

    @property
    def jobs(self) -> int:
        """Number of jobs."""
        return int(self.job_start.size) - 1

    @property
    def operations(self) -> int:
        """Number of operations."""
        return int(self.alternative_start.size) - 1

    @cached_property
    def job(self) -> Integers:
        """Job of each operation; shape (operations,)."""
        numbers: Integers = np.arange(self.jobs, dtype=np.int64)
        repeated: Integers = np.repeat(numbers, np.diff(self.job_start))
        return repeated

    @cached_property
    def flexible(self) -> bool:
        """Whether some operation has several alternatives."""
        return int(self.machine.size) > self.operations

    @cached_property
    def chained(self) -> bool:
        """Whether every job is a chain in the order of its operations' numbers."""
        followed = np.delete(np.arange(self.operations), self.job_start[1:] - 1)
        return bool(
            np.array_equal(np.sort(self.arc_before), followed)
            and (self.arc_after == self.arc_before + 1).all()
        )

    @property
    def setup_families(self) -> int:
        """Number of setup families, 0 where there are no setups."""
        return int(self.setup.shape[2])

    @cached_property
    def least_duration(self) -> Integers:
        """Of each operation over its alternatives; shape (operations,)."""
        least: Integers = np.minimum.reduceat(self.duration, self.alternative_start[:-1])
        return least

    @cached_property
    def most_duration(self) -> Integers:
        """Of each operation over its alternatives; shape (operations,)."""
        most: Integers = np.maximum.reduceat(self.duration, self.alternative_start[:-1])
        return most

    @cached_property
    def order(self) -> Integers:
        """Operations in an order that every precedence agrees with; shape (operations,)."""
        order, _ = shop_validation.sorted_operations(
            self.operations, self.arc_before.tolist(), self.arc_after.tolist()
        )
        return frozen_integers(order, "operation")

    @cached_property
    def predecessors(self) -> tuple[tuple[int, ...], ...]:
        """Operations right before each operation in its job."""
        return shop_validation.neighbours(self.operations, self.arc_after, self.arc_before)

    @cached_property
    def successors(self) -> tuple[tuple[int, ...], ...]:
        """Operations right behind each operation in its job."""
        return shop_validation.neighbours(self.operations, self.arc_before, self.arc_after)

    @cached_property
    def horizon(self) -> int:
        """An end that some optimal schedule keeps, if there is a schedule at all.

        Behind the last release date and downtime, a time at which nothing runs and no machine is
        set up can be cut out.
        """
        finite = self.down_end[self.down_end != NEVER].tolist()
        latest: int = max([*self.release_dates.tolist(), *self.down_begin.tolist(), *finite])
        work: list[int] = self.most_duration.tolist()
        if self.setup.size:
            work += self.setup.max(axis=(0, 1))[self.setup_family].tolist()
        return latest + sum(work)

    def chains(self) -> list[tuple[int, int]]:
        """Return for each job its first operation and the one behind its last."""
        return list(pairwise(self.job_start.tolist()))

    def place(self, operation: int) -> tuple[int, int]:
        """Return the job of an operation and its position in that job."""
        job = int(np.searchsorted(self.job_start, operation, side="right")) - 1
        return job, operation - int(self.job_start[job])

    def alternatives(self, operation: int) -> range:
        """Return the numbers of an operation's alternatives."""
        return range(*self.alternative_start[operation : operation + 2].tolist())

    def downtimes(self, machine: int) -> list[tuple[int, int]]:
        """Return the downtimes (begin, end) of a machine, in order."""
        first, behind = np.searchsorted(self.down_machine, [machine, machine + 1]).tolist()
        begin, end = self.down_begin[first:behind], self.down_end[first:behind]
        return list(zip(begin.tolist(), end.tolist(), strict=True))

    def to_data(self) -> dict[str, Any]:
        """Return the shop as plain data, without what says nothing."""
        return shop_plain.to_data(self)

    @classmethod
    def from_data(cls, data: Node) -> Self:
        """Make a shop of what `to_data` returned; raises `InputError`."""
        arguments = shop_plain.arguments(data)
        try:
            return cls.of(**arguments)
        except InstanceError as error:
            raise data.located(error) from None


def adjust(
    instance: JobShop | Shop, *, goal: Goal | None = None, variant: Buffers | None = None
) -> JobShop | Shop:
    """Apply the problem options; raises `UsageError`.

    Args:
        instance: A classic or a general shop.
        goal: What to minimise; `tardiness` and `lateness` need due dates.
        variant: The room between machines: `unlimited`, none and jobs may `swap`, none and they may
            not (`blocking`), or `no-wait`.
    """
    try:
        if isinstance(instance, Shop):
            return replace(
                instance, goal=goal or instance.goal, buffers=variant or instance.buffers
            )
        if goal in (None, "makespan") and variant in (None, "unlimited"):
            return instance
        return Shop.of_classic(instance, goal=goal or "makespan", buffers=variant or "unlimited")
    except InstanceError as error:
        raise UsageError(error.message) from None


def classic(instance: JobShop | Shop) -> str | None:
    """Say that an instance is no classic job shop, or return `None`: for solvers of these alone."""
    return "it is a general shop" if isinstance(instance, Shop) else None
