"""One machine, jobs with due dates: least total (weighted) tardiness.

Jobs are numbered from 0. The machine does one job at a time, without interruption and not before
the job's release date. A job that ends at C_j is max(0, C_j - d_j) late; the objective is the sum
of w_j max(0, C_j - d_j).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ordino.core.arrays import Integers, frozen_integers, guard_total
from ordino.core.content import Content, label
from ordino.core.errors import InstanceError
from ordino.core.objective import Objective
from ordino.core.plain import Node

__all__ = ["JobSequence", "SingleMachine"]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class SingleMachine(Content):
    """A single-machine tardiness instance; all arrays have the shape (jobs,).

    Attributes:
        processing_times: Time units that each job takes, at least 0.
        due_dates: When each job should have ended; may be negative.
        weights: Cost of each time unit that a job is late, at least 0.
        release_dates: Earliest start of each job, at least 0.
        name: A label.

    Raises:
        InstanceError: The data are no such instance, or its objective might leave 62 bits.
    """

    family: ClassVar[str] = "tardiness"

    processing_times: Integers
    due_dates: Integers
    weights: Integers
    release_dates: Integers
    name: str = label(default="")

    def __post_init__(self) -> None:
        put = object.__setattr__
        times = frozen_integers(self.processing_times, "processing time", minimum=0)
        put(self, "processing_times", times)
        put(self, "due_dates", frozen_integers(self.due_dates, "due date", length=times.size))
        for field, what in (("weights", "weight"), ("release_dates", "release date")):
            values = frozen_integers(getattr(self, field), what, minimum=0, length=times.size)
            put(self, field, values)
        if times.size < 1:
            raise InstanceError("expected at least one job", ("processing_times",))
        horizon = self.horizon
        guard_total(horizon, "end of the last job")
        dues, weights = self.due_dates.tolist(), self.weights.tolist()
        guard_total(
            sum(w * max(0, horizon - d) for d, w in zip(dues, weights, strict=True)),
            self.objective.name,
        )

    @classmethod
    def of(
        cls,
        processing_times: Sequence[int],
        due_dates: Sequence[int],
        weights: Sequence[int] | None = None,
        release_dates: Sequence[int] | None = None,
        *,
        name: str = "",
    ) -> Self:
        """Make an instance; weights are 1 and release dates 0 unless given.

        >>> SingleMachine.of([3, 2], [4, 3]).weights
        array([1, 1])
        """
        jobs = len(processing_times)
        return cls(
            processing_times=frozen_integers(processing_times, "processing time"),
            due_dates=frozen_integers(due_dates, "due date"),
            weights=frozen_integers([1] * jobs if weights is None else weights, "weight"),
            release_dates=frozen_integers(
                [0] * jobs if release_dates is None else release_dates, "release date"
            ),
            name=name,
        )

    @property
    def objective(self) -> Objective:
        """The total tardiness, weighted unless all weights are 1."""
        weighted = bool((self.weights != 1).any())
        return Objective.of("total weighted tardiness" if weighted else "total tardiness")

    @property
    def jobs(self) -> int:
        """Number of jobs."""
        return int(self.processing_times.size)

    @property
    def horizon(self) -> int:
        """Latest end of a schedule that never waits without need: last release and all work."""
        work: int = sum(self.processing_times.tolist())
        return int(self.release_dates.max()) + work

    @property
    def exchangeable(self) -> bool:
        """Whether jobs weigh the same and are all there from the start: only positions matter."""
        return not self.release_dates.any() and bool((self.weights == self.weights[0]).all())

    def to_data(self) -> dict[str, Any]:
        """Return the instance as plain data, without weights and release dates that say nothing."""
        data: dict[str, Any] = {
            "name": self.name,
            "processing_times": self.processing_times.tolist(),
            "due_dates": self.due_dates.tolist(),
        }
        if (self.weights != 1).any():
            data["weights"] = self.weights.tolist()
        if self.release_dates.any():
            data["release_dates"] = self.release_dates.tolist()
        return data

    @classmethod
    def from_data(cls, data: Node) -> Self:
        """Make an instance of what `to_data` returned; raises `InputError`."""
        fields = data.object(
            "processing_times", "due_dates", optional=("name", "weights", "release_dates")
        )
        try:
            return cls.of(
                fields["processing_times"].integers(0),
                fields["due_dates"].integers(),
                fields["weights"].integers(0) if "weights" in fields else None,
                fields["release_dates"].integers(0) if "release_dates" in fields else None,
                name=fields["name"].string() if "name" in fields else "",
            )
        except InstanceError as error:
            raise data.located(error) from None


@dataclass(frozen=True, eq=False, slots=True)
class JobSequence(Content):
    """The order in which the machine does the jobs; each starts as soon as it can."""

    order: Integers

    def __post_init__(self) -> None:
        object.__setattr__(self, "order", frozen_integers(self.order, "position"))

    def to_data(self) -> dict[str, Any]:
        """Return the sequence as plain data."""
        return {"order": self.order.tolist()}

    @classmethod
    def from_data(cls, data: Node) -> Self:
        """Make a sequence of plain data; raises `InputError`."""
        return cls(frozen_integers(data.object("order")["order"].integers(), "position"))
