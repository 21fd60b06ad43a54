"""A finished run as a flat record: the columns of the table `runs`."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Any

from ordino.bench.plan import Run
from ordino.core.family import Reference
from ordino.core.objective import TOLERANCE

__all__ = ["Outcome", "environment", "gap_to", "make_record", "primal_gap"]

_OUT_OF_MEMORY = ("MemoryError", "bad_alloc", "Cannot allocate memory")
_NEARLY = 0.9


class Outcome(StrEnum):
    """How the process of a run ended."""

    FINISHED = "finished"
    """With a result."""
    FAILED = "failed"
    """With an error that it told."""
    CRASHED = "crashed"
    """With a signal or an exit code, and without a word."""
    KILLED = "killed"
    """It went on long after its limit."""
    OUT_OF_MEMORY = "out_of_memory"


def make_record(
    run: Run, reply: Mapping[str, Any], memory: int
) -> tuple[dict[str, Any], str | None]:
    """Return the record of a run, and its result as JSON if it has one.

    Args:
        run: What was asked for.
        reply: How its process ended (see `ordino.bench.processes`).
        memory: The most that it was allowed, in bytes.
    """
    result, outcome, message = _judge(reply, memory)
    record = {
        "set": run.subject.set,
        "instance": run.subject.name,
        "source": run.subject.source,
        "family": run.subject.family,
        "fingerprint": run.subject.fingerprint,
        "solver": run.solver,
        "settings": json.dumps(run.settings),
        "problem": json.dumps(dict(run.problem)),
        "time_limit": run.time_limit,
        "iterations": run.iterations,
        "seed": run.seed,
        "workers": run.workers,
        "outcome": outcome,
        "message": message,
        **_of_result(result, run),
        "wall_seconds": reply["wall_seconds"],
        "cpu_seconds": reply["cpu_seconds"],
        "peak_memory": reply["peak_memory"],
        "ended": datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="seconds"),
        "command": run.command,
        **reply["environment"],
        "trace": _columns([] if result is None else result["trace"]),
    }
    return record, None if result is None else str(reply["answer"])


def _judge(reply: Mapping[str, Any], memory: int) -> tuple[Any, Outcome, str | None]:
    """Return the result, how it ended, and what there is to say of that."""
    errors = reply["errors"]
    last = errors.splitlines()[-1] if errors else None
    if reply["killed"] == "memory":
        return None, Outcome.OUT_OF_MEMORY, f"more than {memory / 2**20:.0f} MiB"
    if reply["killed"] == "time":
        return None, Outcome.KILLED, f"still running after {reply['wall_seconds']:.1f} s"
    if reply["code"] != 0:
        code = reply["code"]
        starved = reply["peak_memory"] > _NEARLY * memory or any(
            w in errors for w in _OUT_OF_MEMORY
        )
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        told = how if last is None else f"{how}: {last}"
        return None, Outcome.OUT_OF_MEMORY if starved else Outcome.CRASHED, told
    answer = json.loads(reply["answer"])
    if "error" in answer:
        starved = any(word in answer["error"] for word in _OUT_OF_MEMORY)
        return None, Outcome.OUT_OF_MEMORY if starved else Outcome.FAILED, answer["error"]
    return answer, Outcome.FINISHED, None


def _of_result(result: Mapping[str, Any] | None, run: Run) -> dict[str, Any]:
    known = run.subject.known
    names = ("status", "stop", "objective", "bound", "gap", "found_by", "bound_by", "seconds")
    values = {name: None if result is None else result[name] for name in names}
    objective, bound = first(values["objective"]), first(values["bound"])
    upper = None if known is None else known.upper_bound
    trace = [] if result is None else result["trace"]
    times = [event["seconds"] for event in trace if event["kind"] == "incumbent"]
    return values | {
        "objective": objective,
        "bound": bound,
        "objectives": _levels(values["objective"]),
        "bounds": _levels(values["bound"]),
        "first_seconds": times[0] if times else None,
        "best_seconds": times[-1] if times else None,
        "known_lower": None if known is None else known.lower_bound,
        "known_upper": upper,
        "known_source": None if known is None else known.source,
        "gap_to_known": gap_to(upper, objective),
        "versus_known": _versus(known, objective, bound),
        "versions": json.dumps({} if result is None else result["versions"]),
    }


def first(value: Any) -> Any:
    """Return the first level of an objective or a bound."""
    return value[0] if isinstance(value, list) else value


def _levels(value: Any) -> list[Any] | None:
    return value if isinstance(value, list) or value is None else [value]


def gap_to(reference: float | None, objective: float | None) -> float | None:
    """Return (objective - reference) / |reference|; 0 where both are 0, `None` where it has no
    value."""
    if reference is None or objective is None:
        return None
    if reference == 0:
        return 0.0 if objective == 0 else None
    return (objective - reference) / abs(reference)


def _versus(known: Reference | None, objective: float | None, bound: float | None) -> str | None:
    """Say what a run has that best known bounds have not: `better`, `higher_bound` (progress, to be
    checked once more), `contradiction` (a defect somewhere)."""
    if known is None:
        return None
    lower, upper = known.lower_bound, known.upper_bound
    if _less(objective, lower) or _less(upper, bound):
        return "contradiction"
    if _less(objective, upper):
        return "better"
    return "higher_bound" if _less(lower, bound) else None


def _less(a: float | None, b: float | None) -> bool:
    """Tell whether a is clearly less than b: integers by one, real values by the tolerance."""
    return a is not None and b is not None and a < b - TOLERANCE * max(1.0, abs(b))


def _columns(trace: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return incumbents and bounds of a trace, a list a column."""
    events = [event for event in trace if event["kind"] in ("incumbent", "bound")]
    return {
        "kind": [event["kind"] for event in events],
        "seconds": [event["seconds"] for event in events],
        "objective": [first(event.get("objective")) for event in events],
        "bound": [first(event.get("bound")) for event in events],
        "source": [event["source"] for event in events],
    }


def primal_gap(objective: float, reference: float) -> float:
    """Return |objective - reference| / max(|objective|, |reference|), between 0 and 1."""
    if objective <= reference:
        return 0.0
    return min(1.0, (objective - reference) / max(abs(objective), abs(reference)))


@cache
def environment() -> dict[str, Any]:
    """Return what this machine and this Ordino are."""
    from importlib.metadata import version

    return {
        "version": version("ordino"),
        "host": platform.node(),
        "machine": f"{_processor()}, {os.cpu_count()} cores, {platform.platform()}",
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            names = [line.partition(":")[2].strip() for line in file if "model name" in line]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()
