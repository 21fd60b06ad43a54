"""The makespan of a task graph for CP-SAT: an optional interval for each task and processor.

Times become integers. Where they are decimals of a few digits, exactly; otherwise they are rounded
*down* to a unit of about 1e-9 of the makespan, so that the model is a relaxation and its bound a
bound, and what it finds is timed again with the numbers as they were.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ordino.core.arrays import Integers
from ordino.core.objective import Value
from ordino.models.formulation import CpsatFormulation
from ordino.models.taskgraph.bounds import heads_and_tails
from ordino.models.taskgraph.problem import Schedule, TaskGraph
from ordino.models.taskgraph.timing import durations, keeps_limits, timed

__all__ = ["MOST_LITERALS", "formulate", "takes"]

MOST_LITERALS = 2_000_000
"""Tasks x processors, and edges x pairs of processors."""

UNITS = 2.0**30
"""Units in the makespan where numbers are rounded; the proof needs 1e-6."""

MOST_UNITS = 2.0**45


def takes(instance: TaskGraph) -> str | None:
    """Say why an instance is not for CP-SAT, or return `None`."""
    if instance.goal != "makespan":
        return "its goal is the cost: use milp"
    literals = instance.processors * instance.tasks
    literals += instance.edges * (instance.processors if _alike(instance) else _pairs(instance))
    if literals > MOST_LITERALS:
        return f"about {literals} literals, beyond {MOST_LITERALS}"
    if instance.longest >= MOST_UNITS:
        return f"times up to {instance.longest:g}, beyond 2^45"
    return None


def _pairs(instance: TaskGraph) -> int:
    return instance.processors * (instance.processors - 1)


def _alike(instance: TaskGraph) -> bool:
    """Tell whether data take the same time between any two processors."""
    unlike = ~np.eye(instance.processors, dtype=bool)
    startup, rate = instance.startup[unlike], instance.bandwidth[unlike]
    return bool((startup == startup[:1]).all() and (rate == rate[:1]).all())


def _unit(instance: TaskGraph, horizon: float) -> float:
    """Return the time that is 1 in the model."""
    rates = np.unique(instance.bandwidth)
    values = [instance.work, instance.startup, instance.release_dates]
    values += [instance.volume / rate for rate in rates.tolist()]
    for digits in range(7):
        scale = 10.0**digits
        if horizon * scale >= MOST_UNITS:
            break
        scaled = [each[np.isfinite(each)] * scale for each in values]
        if all(bool((np.abs(each - np.round(each)) < 1e-9).all()) for each in scaled):
            return 1 / scale
    return horizon / UNITS


def _floor(values: Any, unit: float) -> Integers:
    """Round times down to units; infinite ones become -1."""
    finite = np.isfinite(values)
    units = np.floor(np.where(finite, values, 0) / unit + 1e-6)
    return np.where(finite, units, -1).astype(np.int64)


def formulate(instance: TaskGraph, upper_bound: Value | None) -> CpsatFormulation:
    """Build the model.

    x_ip is 1 where task i runs on p, and then its interval lies on p. For an edge (i, j), the start
    of j is behind the end of i plus the time of the data, unless both run on the same processor.
    Each task starts behind its head and ends before the makespan less its tail, which depend on its
    processor. The load of each processor is at most the makespan.

    Args:
        instance: The task graph; `takes` has nothing against it.
        upper_bound: Longer makespans are left out.
    """
    from ortools.sat.python import cp_model

    longest = instance.longest if upper_bound is None else float(upper_bound)  # type: ignore[arg-type]
    unit = _unit(instance, longest)
    model = cp_model.CpModel()
    horizon = int(longest / unit + 1e-6)
    work = _floor(instance.work, unit)
    heads, tails = (_floor(each, unit) for each in heads_and_tails(instance))
    finite = np.isfinite(instance.deadlines)
    deadlines = np.where(finite, np.where(finite, instance.deadlines, 0) / unit + 1e-6, horizon)
    every = range(instance.processors)

    makespan = model.new_int_var(0, horizon, "makespan")
    starts, ends, runs = [], [], []
    on_processor: list[list[Any]] = [[] for _ in every]
    for task in range(instance.tasks):
        latest = int(min(horizon, deadlines[task]))
        places = [p for p in every if work[task, p] >= 0]
        low = int(min(heads[task, p] for p in places))
        if latest < low:
            model.add_bool_or([])  # no solution
        start = model.new_int_var(low, max(low, latest), "")
        end = model.new_int_var(low, max(low, latest), "")
        chosen: dict[int, Any] = {}
        for p in places:
            size = int(work[task, p])
            chosen[p] = literal = model.new_bool_var("")
            interval = model.new_optional_interval_var(start, size, end, literal, "")
            on_processor[p].append(interval)
            model.add(start >= int(heads[task, p])).only_enforce_if(literal)
            model.add(makespan >= end + int(tails[task, p])).only_enforce_if(literal)
        model.add_exactly_one(chosen.values())
        span = sum(int(work[task, p]) * literal for p, literal in chosen.items())
        model.add(end == start + span)
        starts.append(start)
        ends.append(end)
        runs.append(chosen)
    for p, intervals in enumerate(on_processor):
        model.add_no_overlap(intervals)
        loads = [int(work[task, p]) * each[p] for task, each in enumerate(runs) if p in each]
        model.add(sum(loads) <= makespan)
    _limit_memory(model, instance, runs)

    together = _connect(model, instance, unit, starts, ends, runs)

    def hint(solution: Schedule) -> Iterable[tuple[Any, int]]:
        begun = _floor(solution.start, unit)
        done = begun + work[np.arange(instance.tasks), solution.processor]
        real_ends = solution.start + durations(instance, solution.processor)
        yield makespan, int(_floor(real_ends.max(), unit))
        yield from zip(starts, begun.tolist(), strict=True)
        yield from zip(ends, done.tolist(), strict=True)
        place = solution.processor.tolist()
        for task, each in enumerate(runs):
            yield from ((literal, int(p == place[task])) for p, literal in each.items())
        yield from ((same, int(place[i] == place[j])) for same, i, j in together)

    def read(values: Sequence[int]) -> Schedule | None:
        place = [next(p for p, x in each.items() if values[x.index]) for each in runs]
        processor = np.array(place, dtype=np.int64)
        begun = np.array([values[start.index] for start in starts])
        done = begun + work[np.arange(instance.tasks), processor]
        rank = np.argsort(instance.order)
        start = timed(instance, processor, np.lexsort((rank, done, begun)))
        kept = keeps_limits(instance, processor, start)  # rounding may just miss one
        return Schedule(processor, start) if kept else None

    note = "" if unit <= 1 and (1 / unit) % 1 == 0 else f"times are rounded down to {unit:.3g}"
    return CpsatFormulation(
        model=model, levels=(makespan,), hint=hint, read=read, unit=unit, note=note
    )


def _connect(
    model: Any,
    instance: TaskGraph,
    unit: float,
    starts: list[Any],
    ends: list[Any],
    runs: list[dict[int, Any]],
) -> list[tuple[Any, int, int]]:
    """Let data arrive before their receiver starts.

    Returns:
        Literals that say that both ends of an edge share a processor, with the two tasks.
    """
    together = []
    alike = _alike(instance) and instance.processors > 1
    pairs = zip(instance.source.tolist(), instance.target.tolist(), strict=True)
    for edge, (i, j) in enumerate(pairs):
        model.add(starts[j] >= ends[i])
        volume = instance.volume[edge]
        if alike:
            delay = int(_floor(instance.delay(0, 1, volume), unit))
            if delay > 0:
                same = model.new_bool_var("")
                for p in range(instance.processors):
                    model.add(runs[i].get(p, 0) == runs[j].get(p, 0)).only_enforce_if(same)
                model.add(starts[j] >= ends[i] + delay).only_enforce_if(~same)
                together.append((same, i, j))
            continue
        for p, first in runs[i].items():
            for q, second in runs[j].items():
                delay = int(_floor(instance.delay(p, q, volume), unit))
                if delay > 0:
                    model.add(starts[j] >= ends[i] + delay).only_enforce_if(first, second)
    return together


def _limit_memory(model: Any, instance: TaskGraph, runs: list[dict[int, Any]]) -> None:
    """Keep the tasks of each processor within its memory, in millionths where need be."""
    whole = bool((instance.memory % 1 == 0).all())
    scale = 1.0 if whole else 1e6 / float(instance.memory.max())
    needs = np.floor(instance.memory * scale).astype(np.int64).tolist()
    for p in np.flatnonzero(instance.memory.sum() > instance.capacity).tolist():
        used = [needs[task] * each[p] for task, each in enumerate(runs) if p in each]
        model.add(sum(used) <= int(instance.capacity[p] * scale))
