"""The job shop: jobs are chains of operations, each on one machine that does one thing at a time.

Jobs, operations of a job and machines are numbered from 0. Jobs may differ in length, pass a
machine several times or not at all. An operation, once started, runs to its end. The objective is
the makespan, the end of the last operation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, Self

import numpy as np

from ordino.core.arrays import Integers, frozen_integers, guard_total
from ordino.core.content import Content, label
from ordino.core.errors import InstanceError
from ordino.core.objective import Objective
from ordino.core.plain import Node

__all__ = ["MOST_MACHINES", "JobShop", "Schedule"]

MOST_MACHINES = 1_000_000
"""A file may name more machines than it uses, but not so many that they would fill the memory."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class JobShop(Content):
    """A job-shop instance.

    Operations are numbered through, job by job in processing order: those of job j are
    `job_start[j] … job_start[j + 1] - 1`.

    Attributes:
        job_start: First operation of each job, then the number of operations; shape (jobs + 1,).
        machine: Machine of each operation; shape (operations,).
        duration: Time units that each operation takes, at least 0; shape (operations,).
        machines: Number of machines.
        release_dates: Earliest start of each job, at least 0; shape (jobs,).
        due_dates: Of each job, or `None`; only the rule EDD looks at them. Shape (jobs,).
        name: A label.

    Raises:
        InstanceError: The data are no job shop, or its makespan might leave 62 bits.
    """

    family: ClassVar[str] = "jobshop"

    job_start: Integers
    machine: Integers
    duration: Integers
    machines: int
    release_dates: Integers
    due_dates: Integers | None = None
    name: str = label(default="")

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "job_start", frozen_integers(self.job_start, "job start", minimum=0))
        operations = int(self.job_start[-1]) if self.job_start.size else 0
        put(self, "machine", frozen_integers(self.machine, "machine", length=operations))
        durations = frozen_integers(self.duration, "duration", minimum=0, length=operations)
        put(self, "duration", durations)
        releases = frozen_integers(
            self.release_dates, "release date", minimum=0, length=self.job_start.size - 1
        )
        put(self, "release_dates", releases)
        if self.due_dates is not None:
            dues = frozen_integers(self.due_dates, "due date", length=self.jobs)
            put(self, "due_dates", dues)
        self._validate()

    def _validate(self) -> None:
        if self.jobs < 1:
            raise InstanceError("expected at least one job", ("jobs",))
        lengths = np.diff(self.job_start)
        if self.job_start[0] != 0 or int(lengths.min()) < 0:
            raise InstanceError("job starts must grow from 0")
        if int(lengths.min()) == 0:
            job = int(np.argmin(lengths))
            raise InstanceError(f"job {job} has no operations", ("jobs", job))
        if not 1 <= self.machines <= MOST_MACHINES:
            raise InstanceError(f"expected 1 to {MOST_MACHINES} machines, got {self.machines}")
        wrong = (self.machine < 0) | (self.machine >= self.machines)
        if wrong.any():
            job, position = self.place(int(np.argmax(wrong)))
            raise InstanceError(
                f"operation {position} of job {job} is on machine "
                f"{self.machine[np.argmax(wrong)]}, there are machines 0 to {self.machines - 1}",
                ("jobs", job, position, 0),
            )
        guard_total(
            sum(self.duration.tolist()) + int(self.release_dates.max()), "end of a schedule"
        )

    @classmethod
    def of(
        cls,
        jobs: Sequence[Sequence[tuple[int, int]]],
        *,
        machines: int | None = None,
        release_dates: Sequence[int] | None = None,
        due_dates: Sequence[int] | None = None,
        name: str = "",
    ) -> Self:
        """Make an instance of jobs that are lists of (machine, duration).

        >>> JobShop.of([[(0, 3), (1, 2)], [(1, 4)]]).machines
        2
        """
        try:
            flat = [(machine, duration) for job in jobs for machine, duration in job]
        except (TypeError, ValueError):
            raise InstanceError("expected jobs as lists of (machine, duration)") from None
        starts = np.cumsum([0, *(len(job) for job in jobs)])
        machine = frozen_integers([each for each, _ in flat], "machine")
        if machines is None:
            machines = int(machine.max()) + 1 if machine.size else 0
        return cls(
            job_start=starts,
            machine=machine,
            duration=frozen_integers([each for _, each in flat], "duration"),
            machines=machines,
            release_dates=frozen_integers(release_dates or [0] * len(jobs), "release date"),
            due_dates=None if due_dates is None else frozen_integers(due_dates, "due date"),
            name=name,
        )

    @property
    def objective(self) -> Objective:
        """The makespan."""
        return Objective.of("makespan")

    @property
    def jobs(self) -> int:
        """Number of jobs."""
        return int(self.job_start.size) - 1

    @property
    def operations(self) -> int:
        """Number of operations."""
        return int(self.machine.size)

    @property
    def job(self) -> Integers:
        """Job of each operation; shape (operations,)."""
        numbers: Integers = np.arange(self.jobs, dtype=np.int64)
        repeated: Integers = np.repeat(numbers, np.diff(self.job_start))
        return repeated

    def chains(self) -> list[tuple[int, int]]:
        """Return for each job its first operation and the one behind its last."""
        return list(pairwise(self.job_start.tolist()))

    def place(self, operation: int) -> tuple[int, int]:
        """Return the job of an operation and its position in that job."""
        job = int(np.searchsorted(self.job_start, operation, side="right")) - 1
        return job, operation - int(self.job_start[job])

    def heads(self) -> Integers:
        """Earliest start of each operation: release date and all before it in its job."""
        before: Integers = np.cumsum(self.duration) - self.duration
        first = before[self.job_start[:-1]]
        heads: Integers = before + np.repeat(self.release_dates - first, np.diff(self.job_start))
        return heads

    def tails(self) -> Integers:
        """Time that must pass after the end of each operation: all behind it in its job."""
        until: Integers = np.cumsum(self.duration)
        last = until[self.job_start[1:] - 1]
        tails: Integers = np.repeat(last, np.diff(self.job_start)) - until
        return tails

    def to_data(self) -> dict[str, Any]:
        """Return the instance as plain data: jobs as lists of [machine, duration]."""
        pairs = np.stack([self.machine, self.duration], axis=1).tolist()
        data: dict[str, Any] = {
            "name": self.name,
            "machines": self.machines,
            "jobs": [pairs[first:behind] for first, behind in self.chains()],
        }
        if self.release_dates.any():
            data["release_dates"] = self.release_dates.tolist()
        if self.due_dates is not None:
            data["due_dates"] = self.due_dates.tolist()
        return data

    @classmethod
    def from_data(cls, data: Node) -> Self:
        """Make an instance of what `to_data` returned; raises `InputError`."""
        fields = data.object("jobs", optional=("name", "machines", "release_dates", "due_dates"))
        machines = fields["machines"].integer(1, MOST_MACHINES) if "machines" in fields else None
        last = MOST_MACHINES - 1 if machines is None else machines - 1
        jobs = []
        for job in fields["jobs"].list():
            pairs = [operation.list(length=2) for operation in job.list()]
            jobs.append([(pair[0].integer(0, last), pair[1].integer(0)) for pair in pairs])
        try:
            return cls.of(
                jobs,
                machines=machines,
                release_dates=(
                    fields["release_dates"].integers(0) if "release_dates" in fields else None
                ),
                due_dates=fields["due_dates"].integers() if "due_dates" in fields else None,
                name=fields["name"].string() if "name" in fields else "",
            )
        except InstanceError as error:
            raise data.located(error) from None


@dataclass(frozen=True, eq=False, slots=True)
class Schedule(Content):
    """When each operation starts, in the order of the instance's operations, and on which machine.

    The machines are `None` where the instance leaves no choice.
    """

    start: Integers
    machine: Integers | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", frozen_integers(self.start, "start"))
        if self.machine is not None:
            object.__setattr__(self, "machine", frozen_integers(self.machine, "machine"))

    def to_data(self) -> dict[str, Any]:
        """Return the schedule as plain data."""
        data = {"start": self.start.tolist()}
        return data if self.machine is None else data | {"machine": self.machine.tolist()}

    @classmethod
    def from_data(cls, data: Node) -> Self:
        """Make a schedule of plain data; raises `InputError`."""
        fields = data.object("start", optional=("machine",))
        start = frozen_integers(fields["start"].integers(), "start")
        if "machine" not in fields:
            return cls(start)
        return cls(start, frozen_integers(fields["machine"].integers(), "machine"))
