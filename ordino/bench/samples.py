"""The recorded runs as what statistics need: one small object a run, labelled by method."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ordino.bench.record import gap_to, primal_gap
from ordino.bench.statistics import primal_integral

__all__ = ["GRID_POINTS", "LIMITS", "Sample", "Study", "study", "varying_limits"]

GRID_POINTS = 80
Floats = NDArray[np.float64]
LIMITS = ("time_limit", "iterations", "workers")
_SHOWN = {"time_limit": "{:g} s", "iterations": "{} iterations", "workers": "{} workers"}


@dataclass(slots=True, kw_only=True)
class Sample:
    """A run.

    Attributes:
        method: Solver, settings, and limits where the store has several.
        set: Name of the set.
        instance: Name of the instance.
        fingerprint: Of the instance.
        objective: First level of the objective, or `None`.
        values: All levels, to compare by; `None` without a solution.
        proved: Optimal, or proved infeasible.
        seconds: To the proof, or the time limit.
        gap: (objective - reference) / |reference|, or `None`.
        integral: Primal integral over the time limit, between 0 and 1.
        curve: Primal gap at the times of the study's grid.
        record: The rest, as recorded, without the trace.
    """

    method: str
    set: str
    instance: str
    fingerprint: str
    objective: float | None
    values: tuple[float, ...] | None
    proved: bool
    seconds: float
    gap: float | None
    integral: float | None
    curve: Floats | None
    record: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """All runs of a store.

    Attributes:
        samples: The runs.
        methods: Labels, in the order of their names.
        sets: Names of sets.
        references: By fingerprint, the value that gaps refer to.
        best_here: Fingerprints whose reference is the best of these runs, for none is known.
        grid: Times of the curves, in seconds.
    """

    samples: list[Sample]
    methods: list[str]
    sets: list[str]
    references: dict[str, float]
    best_here: set[str]
    grid: Floats


def varying_limits(records: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the limits of which the records have several values, and `version` where a solver has.

    Solvers of others have versions of their own: that alone is no difference worth naming.
    """
    held = list(records)
    versions = {(record["solver"], record["version"]) for record in held}
    solvers = {record["solver"] for record in held}
    several = [name for name in LIMITS if len({record[name] for record in held}) > 1]
    return several + ["version"] * (len(versions) > len(solvers))


def study(
    records: Iterable[Mapping[str, Any]],
    varying: Callable[[list[Mapping[str, Any]]], Iterable[str]] = varying_limits,
) -> Study:
    """Take the records of a store.

    Args:
        records: With their traces.
        varying: Says which limits the labels of methods name.
    """
    kept: list[Mapping[str, Any]]
    kept, traces = [], []
    for record in records:
        traces.append(_incumbents(record["trace"]))
        kept.append({name: value for name, value in record.items() if name != "trace"})
    named = list(varying(kept))
    references, best_here = _references(kept)
    longest = max((record["time_limit"] for record in kept), default=1.0)
    grid = np.geomspace(min(0.01, longest / 1000), longest, GRID_POINTS)
    samples = [
        _sample(record, trace, references.get(record["fingerprint"]), named, grid)
        for record, trace in zip(kept, traces, strict=True)
    ]
    return Study(
        samples=samples,
        methods=sorted({sample.method for sample in samples}),
        sets=sorted({sample.set for sample in samples}),
        references=references,
        best_here=best_here,
        grid=grid,
    )


def _incumbents(trace: Mapping[str, Any]) -> tuple[Floats, Floats]:
    rows = zip(trace["kind"], trace["seconds"], trace["objective"], strict=True)
    found = [(seconds, value) for kind, seconds, value in rows if kind == "incumbent"]
    times, values = zip(*found, strict=True) if found else ((), ())
    return np.asarray(times, float), np.asarray(values, float)


def _references(records: Iterable[Mapping[str, Any]]) -> tuple[dict[str, float], set[str]]:
    known: dict[str, float] = {}
    best: dict[str, float] = {}
    for record in records:
        name, objective = record["fingerprint"], record["objective"]
        if record["known_upper"] is not None:
            known[name] = record["known_upper"]
        if objective is not None:
            best[name] = min(objective, best.get(name, objective))
    return best | known, best.keys() - known.keys()


def _label(record: Mapping[str, Any], varying: Iterable[str]) -> str:
    settings = json.loads(record["settings"])
    parts = [record["solver"]]
    parts += [f"{s}.{k}={v}" for s, values in settings.items() for k, v in values.items()]
    problem = json.loads(record["problem"])
    parts += [f"{name}={value}" for name, value in problem.items()]
    for name in varying:
        if record[name] is not None:
            parts.append(_SHOWN.get(name, name + " {}").format(record[name]))
    return " ".join(parts)


def _sample(
    record: Mapping[str, Any],
    trace: tuple[Floats, Floats],
    reference: float | None,
    varying: Iterable[str],
    grid: Floats,
) -> Sample:
    values = record["objectives"]
    proved = record["status"] in ("optimal", "infeasible")
    integral = curve = None
    if reference is not None:
        gaps = np.array([1.0, *(primal_gap(value, reference) for value in trace[1])])
        curve = gaps[np.searchsorted(trace[0], grid, side="right")]
        integral = primal_integral(trace[0], gaps, record["time_limit"])
    return Sample(
        method=_label(record, varying),
        set=record["set"],
        instance=record["instance"],
        fingerprint=record["fingerprint"],
        objective=record["objective"],
        values=None if values is None else tuple(values),
        proved=proved,
        seconds=record["seconds"] if proved else record["time_limit"],
        gap=gap_to(reference, record["objective"]),
        integral=integral,
        curve=curve,
        record=record,
    )
