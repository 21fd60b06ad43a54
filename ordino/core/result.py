"""The answer to a call, and the one function that makes it."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from ordino.core.budget import Budget
from ordino.core.errors import SolverError
from ordino.core.family import Instance, resolve
from ordino.core.incumbent import Event, Incumbent
from ordino.core.objective import Bound, Value
from ordino.core.plain import Node, parse_json
from ordino.core.registry import family
from ordino.core.status import Status, StopReason

__all__ = ["Result", "conclude"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run found. A field is `None` where there is no value: never 0, -1 or infinity.

    Attributes:
        family: Name of the family.
        instance: Name of the instance, or empty.
        fingerprint: Of the instance.
        problem: `objective`, the names of its levels, and `options`, the problem options applied.
        solver: Names of the solvers that ran.
        status: What is known.
        stop: Why the run ended.
        objective: Of the solution, as the checker computed it.
        bound: Best proved lower bound.
        gap: (objective - bound) / |objective|; 0 when both are 0. A real objective counts as closed
            at a relative 1e-6.
        found_by: The solver of the solution.
        bound_by: The solver, or the named bound, of the bound.
        seconds: Wall time of the call.
        times: Seconds by part: `check`, and what the caller adds (`read`).
        seed: Of every random choice.
        workers: Cores kept busy.
        settings: By solver, as given.
        solution: The best checked solution.
        trace: Every incumbent, bound and failure, in order.
        command: How to get it again, or empty.
        versions: Of what took part.
    """

    family: str
    instance: str
    fingerprint: str
    problem: Mapping[str, Any]
    solver: tuple[str, ...]
    status: Status
    stop: StopReason
    objective: Value | None
    bound: Bound | None
    gap: float | None
    found_by: str | None
    bound_by: str | None
    seconds: float
    times: Mapping[str, float]
    seed: int
    workers: int
    settings: Mapping[str, Mapping[str, Any]]
    solution: Any = field(repr=False)
    trace: tuple[Event, ...] = field(repr=False)
    command: str
    versions: Mapping[str, str]

    @property
    def failures(self) -> tuple[Event, ...]:
        """What went wrong on the way: solvers that raised, or offered what the checker rejects."""
        return tuple(event for event in self.trace if event.kind == "failure")

    @property
    def reason(self) -> str | None:
        """Why there is no solution, where that is proved."""
        return next((e.message for e in self.trace if e.kind == "infeasible"), None)

    def rows(self) -> list[dict[str, Any]]:
        """Return the trace as a list of flat rows, for a data frame or a CSV file."""
        start = {"instance": self.instance, "solver": ",".join(self.solver), "seed": self.seed}
        empty = dict.fromkeys(Event.__slots__)
        return [start | empty | event.to_data() for event in self.trace]

    def to_data(self) -> dict[str, Any]:
        """Return the result as plain data for JSON."""
        data: dict[str, Any] = {"ordino": 1, "type": "result"}
        data |= {each.name: getattr(self, each.name) for each in fields(self)}
        data["solution"] = None if self.solution is None else self.solution.to_data()
        data["trace"] = [event.to_data() for event in self.trace]
        return data

    def to_json(self) -> str:
        """Return the result as one line of JSON."""
        return json.dumps(self.to_data(), allow_nan=False)

    @classmethod
    def from_json(cls, text: str, source: str | None = None) -> Result:
        """Read what `to_json` wrote.

        Raises:
            InputError: It is something else.
        """
        return cls.from_data(parse_json(text, source))

    @classmethod
    def from_data(cls, data: Node) -> Result:
        """Make a result of what `to_data` returned; raises `InputError`."""
        names = [each.name for each in fields(cls)]
        got = data.object("ordino", "type", *names)
        values: dict[str, Any] = {name: got[name].value for name in names}
        for name in ("solver", "objective", "bound"):
            values[name] = _untupled(values[name])
        values["status"] = Status(values["status"])
        values["stop"] = StopReason(values["stop"])
        if got["solution"].value is not None:
            solution = resolve(family(got["family"].string()).solution)
            values["solution"] = solution.from_data(got["solution"])
        values["trace"] = tuple(
            Event(**{key: _untupled(value) for key, value in item.value.items()})
            for item in got["trace"].list()
        )
        return cls(**values)


def _untupled(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def conclude(
    instance: Instance,
    incumbent: Incumbent,
    budget: Budget,
    *,
    started: float,
    solvers: Iterable[str],
    settings: Mapping[str, Mapping[str, Any]],
    options: Mapping[str, Any],
    completed: bool,
    command: str = "",
) -> Result:
    """Make the result of a run that is over; the only place where a status is decided.

    Args:
        instance: What was solved.
        incumbent: Sealed here.
        budget: Its stop token knows why the run ended, if something stopped it.
        started: On the clock of `time.monotonic`.
        solvers: That ran.
        settings: By solver.
        options: Problem options that were applied.
        completed: Whether every solver came to its own end.
        command: How to get the result again.

    Raises:
        SolverError: Every solver failed, and there is neither a solution nor a proof.
    """
    incumbent.seal()
    solvers = tuple(solvers)
    if incumbent.optimal:
        status = Status.OPTIMAL
    elif incumbent.best is not None:
        status = Status.FEASIBLE
    elif incumbent.infeasible is not None:
        status = Status.INFEASIBLE
    else:
        status = Status.UNKNOWN
    if status is Status.UNKNOWN and set(solvers) <= {e.source for e in incumbent.failures}:
        raise SolverError("; ".join(f"{e.source}: {e.message}" for e in incumbent.failures))

    stop = budget.stop.reason or budget.stop.noted or StopReason.COMPLETED
    if incumbent.closed:
        stop = StopReason.COMPLETED
    elif not completed and budget.stop.reason is None:
        stop = StopReason.TIME_LIMIT
    return Result(
        family=instance.family,
        instance=instance.name,
        fingerprint=instance.fingerprint(),
        problem={
            "objective": [level.name for level in instance.objective.levels],
            "options": dict(options),
        },
        solver=solvers,
        status=status,
        stop=stop,
        objective=incumbent.objective,
        bound=incumbent.bound,
        gap=incumbent.gap,
        found_by=incumbent.found_by,
        bound_by=incumbent.bound_by,
        seconds=round(time.monotonic() - started, 4),
        times={"check": round(incumbent.checking_seconds, 4)},
        seed=budget.seed,
        workers=budget.workers,
        settings={name: dict(values) for name, values in settings.items()},
        solution=incumbent.best,
        trace=incumbent.trace,
        command=command,
        versions=_versions(),
    )


def _versions() -> dict[str, str]:
    """Return the versions of Ordino, Python, and those libraries that the run loaded."""
    from importlib.metadata import version

    found = {"ordino": version("ordino"), "python": sys.version.split()[0]}
    loaded = {"ortools": "ortools", "highspy": "highspy", "pulp": "PuLP", "numba": "numba"}
    found |= {name: version(package) for name, package in loaded.items() if name in sys.modules}
    return found
