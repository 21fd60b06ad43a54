"""The report of a store: what every form of it holds, in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ordino.bench.charts import Line
from ordino.bench.samples import Sample, Study, study
from ordino.bench.store import Store
from ordino.bench.summary import (
    Cell,
    Figures,
    Pair,
    cells,
    curves,
    figures,
    pairs,
    profiles,
)
from ordino.core.errors import UsageError
from ordino.instances.sets import public_sets

__all__ = ["Chart", "Column", "Report", "Section", "Table", "make_report"]

_MOST_METHODS_IN_PAIRS = 12
_NARROWEST, _WIDEST = 0.01, 1.0
"""Limits of the largest gap that the quality profile shows."""
Links = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its head, and whether it holds words or numbers."""

    head: str
    words: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table whose cells are a text, and the value that it is sorted by."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[tuple[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Lines with a caption; see `charts.chart`."""

    caption: str
    lines: Mapping[str, Line]
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A set, or all of them: figures, pairs, charts."""

    title: str
    about: str
    figures: Table
    pairs: Table | None
    charts: Sequence[Chart]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that a report says."""

    title: str
    about: Sequence[str]
    methods: Sequence[str]
    sets: Sequence[str]
    sections: Sequence[Section]
    instances: Table
    failures: Table | None
    notes: Sequence[str]
    environment: Sequence[str]
    commands: Sequence[str]
    links: Links = field(default_factory=dict)


def make_report(
    store: Store, picture: Callable[[Sequence[Sample]], Links] = lambda samples: {}
) -> Report:
    """Make the report of a store.

    Args:
        store: At least one run must be in it.
        picture: Draws the best runs that it is given, and returns links by key.

    Raises:
        UsageError: No run is recorded.
    """
    found = study(store.records())
    if not found.samples:
        raise UsageError(f"{store.path}: no run is recorded yet")
    held = cells(found.samples)
    links = picture(_best_runs(held))
    ended = sorted(sample.record["ended"] for sample in found.samples)
    count, instances = len(found.samples), len({sample.fingerprint for sample in found.samples})
    about = [
        f"{count} runs of {len(found.methods)} methods on {instances} instances, "
        f"{ended[0]} to {ended[-1]} UTC"
    ]
    if damaged := len(store.damaged()):
        about.append(f"{damaged} damaged result files were set aside and are not counted")
    return Report(
        title=f"Runs in {store.path.resolve().name}",
        about=about,
        methods=found.methods,
        sets=found.sets,
        sections=list(_sections(found)),
        instances=_instances(held, found),
        failures=_failures(found.samples),
        notes=list(_notes(found)),
        environment=_environment(found.samples),
        commands=_commands(store, found.samples),
        links=links,
    )


def _best_runs(held: Mapping[tuple[str, str], Cell]) -> list[Sample]:
    """Return the best run of each instance that has a solution."""
    best: dict[str, Sample] = {}
    for (name, _), cell in held.items():
        values = cell.best.values
        other = best[name].values if name in best else None
        if values is not None and (other is None or values < other):
            best[name] = cell.best
    return list(best.values())


def _sections(found: Study) -> Iterator[Section]:
    if len(found.sets) > 1:
        yield _section("All sets", _caution(found), found.samples, found)
    for name in found.sets:
        known = public_sets().get(name)
        about = f"{known.title}. {known.citation}." if known is not None else ""
        yield _section(name, about, [s for s in found.samples if s.set == name], found)


def _caution(found: Study) -> str:
    """Say so where methods ran on different instances: their means do not compare."""
    held: dict[str, set[str]] = {method: set() for method in found.methods}
    for sample in found.samples:
        held[sample.method].add(sample.fingerprint)
    if len(set(map(frozenset, held.values()))) == 1:
        return ""
    return (
        "Not every method ran on every instance: compare pairs of methods, which are judged on "
        "what both ran on, rather than their means."
    )


def _section(title: str, about: str, samples: Sequence[Sample], found: Study) -> Section:
    held = pairs(samples, found.methods) if len(found.methods) <= _MOST_METHODS_IN_PAIRS else []
    return Section(
        title=title,
        about=about,
        figures=_figures(figures(samples, found.methods)),
        pairs=_pairs(held) if held else None,
        charts=list(_charts(samples, found)),
    )


# Cells


def percent(value: float | None) -> tuple[str, Any]:
    """Write a share or a gap in percent."""
    return ("-", None) if value is None else (f"{100 * value:.2f} %", value)


def number(value: float | None, form: str = ".6g") -> tuple[str, Any]:
    """Write a number."""
    return ("-", None) if value is None else (f"{value:{form}}", value)


def text(value: str) -> tuple[str, Any]:
    """Write words."""
    return value, value


def _interval(value: tuple[float, float] | None) -> tuple[str, Any]:
    if value is None:
        return "-", None
    return f"{100 * value[0]:.2f} to {100 * value[1]:.2f} %", value[0]


def _mean_gap(row: Figures) -> tuple[str, Any]:
    """Write a mean gap, and in brackets over how many instances if not over all."""
    written, value = percent(row.gap)
    if value is None or row.gap_instances == row.instances:
        return written, value
    return f"{written} ({row.gap_instances})", value


def _figures(rows: Sequence[Figures]) -> Table:
    return Table(
        columns=[
            Column("method", words=True),
            *(Column(head) for head in ("instances", "runs", "failed", "solved", "proved")),
            Column("gap", note="mean over instances, to the best known value"),
            Column("95 % interval"),
            Column("at best known", note="share of instances"),
            Column("time, s", note="shifted geometric mean; the limit where there is no proof"),
            Column("primal integral", note="mean primal gap over the time limit"),
        ],
        rows=[
            [
                text(row.method),
                number(row.instances),
                number(row.runs),
                number(row.failed),
                percent(row.solved),
                percent(row.proved),
                _mean_gap(row),
                _interval(row.gap_interval),
                percent(row.reached),
                number(row.seconds, ".2f"),
                percent(row.integral),
            ]
            for row in sorted(rows, key=lambda row: (row.gap is None, row.gap or 0.0, row.method))
        ],
    )


def _pairs(rows: Sequence[Pair]) -> Table:
    heads = ("wins", "ties", "losses", "difference of gaps", "95 % interval", "p (Wilcoxon, Holm)")
    return Table(
        columns=[
            Column("method", words=True),
            Column("against", words=True),
            *(Column(head) for head in heads),
        ],
        rows=[
            [
                text(row.first),
                text(row.second),
                number(row.wins),
                number(row.ties),
                number(row.losses),
                percent(row.difference),
                _interval(row.interval),
                number(row.p, ".3g"),
            ]
            for row in rows
        ],
    )


def _charts(samples: Sequence[Sample], found: Study) -> Iterator[Chart]:
    grid = [float(value) for value in found.grid]
    mean = {name: (grid, [float(y) for y in ys]) for name, ys in curves(samples, found).items()}
    if mean:
        yield Chart(
            caption="Convergence: mean primal gap over time",
            lines=mean,
            options={"x": "seconds", "y": "primal gap", "logarithmic": True},
        )
    quality = profiles(samples, found.methods, "quality")
    if quality:
        widest = max(xs[-1] for xs, _ in quality.values())
        limits = (0.0, min(max(widest, _NARROWEST), _WIDEST))
        yield Chart(
            caption="Quality profile: share of instances with at most this gap",
            lines=quality,
            options={"x": "gap", "y": "instances", "steps": True, "percent_x": True}
            | {"limits": limits},
        )
    times = profiles(samples, found.methods, "time")
    if times:
        widest = max(xs[-1] for xs, _ in times.values())
        yield Chart(
            caption="Performance profile: share proved within a factor of the fastest",
            lines=times,
            options={"x": "factor", "y": "instances", "steps": True, "logarithmic": True}
            | {"limits": (1.0, max(widest, 2.0))},
        )


def _instances(held: Mapping[tuple[str, str], Cell], found: Study) -> Table:
    heads = ("mean", "best", "bound", "reference", "gap", "proved", "time, s", "primal integral")
    words = ("set", "instance", "method")
    return Table(
        columns=[
            *(Column(head, words=True) for head in words),
            *(Column(head) for head in heads),
            Column("", words=True),
        ],
        rows=[
            _instance(cell, found)
            for _, cell in sorted(
                held.items(), key=lambda item: (item[1].best.set, item[1].best.instance, item[0])
            )
        ],
    )


def _instance(cell: Cell, found: Study) -> list[tuple[str, Any]]:
    best = cell.best
    reference = number(found.references.get(best.fingerprint))
    if best.fingerprint in found.best_here:
        reference = reference[0] + " *", reference[1]
    bounds = [s.record["bound"] for s in cell.samples if s.record["bound"] is not None]
    beats = any(sample.record["versus_known"] == "better" for sample in cell.samples)
    return [
        text(best.set),
        text(best.instance),
        text(best.method),
        number(cell.mean),
        (f"{number(best.objective)[0]}{' !' if beats else ''}", best.objective),
        number(max(bounds, default=None)),
        reference,
        percent(cell.gap),
        percent(cell.proved),
        number(cell.seconds, ".2f"),
        percent(cell.integral),
        (best.record["key"], None),
    ]


def _failures(samples: Sequence[Sample]) -> Table | None:
    failed = [sample for sample in samples if sample.record["outcome"] != "finished"]
    if not failed:
        return None
    heads = ("set", "instance", "method", "seed", "outcome", "message")
    return Table(
        columns=[Column(head, words=True) for head in heads],
        rows=[
            [
                text(sample.set),
                text(sample.instance),
                text(sample.method),
                (str(sample.record["seed"]), sample.record["seed"]),
                text(sample.record["outcome"].replace("_", " ")),
                text(sample.record["message"] or ""),
            ]
            for sample in failed
        ],
    )


def _notes(found: Study) -> Iterator[str]:
    yield (
        "Gap: (objective - reference) / |reference|, first level of the objective; the reference "
        "is the best known upper bound of the catalogue. Means are over seeds first, then over "
        "instances; an instance counts where every seed has a value, which a gap to 0 has not; "
        "the number in brackets says how many do where not all do."
    )
    if found.best_here:
        yield "* No value is known: the reference is the best of these runs."
    yield (
        "Time: shifted geometric mean, shift 10 s. Primal integral: Berthold 2013. Profiles: "
        "Dolan, Moré 2002. Intervals: bootstrap of the mean, 95 %. p: Wilcoxon signed-rank on "
        "differences of gaps, corrected for the number of pairs by Holm. A run without a solution "
        "loses against any with one."
    )
    marked = Counter(sample.record["versus_known"] for sample in found.samples)
    for mark, words in _MARKS.items():
        if marked[mark]:
            checks = Counter(
                sample.record["second_check"]
                for sample in found.samples
                if sample.record["versus_known"] == mark
            )
            told = ", ".join(f"{count} {verdict}" for verdict, count in checks.items())
            yield f"{marked[mark]} runs {words} (second check: {told})."
    sources = sorted({s.record["known_source"] for s in found.samples if s.record["known_source"]})
    if sources:
        yield "Best known values: " + "; ".join(sources) + "."


_MARKS = {
    "better": "found better than best known, marked !",
    "higher_bound": "proved a higher lower bound than is known",
    "contradiction": "CONTRADICT what is known: a defect here or there",
}


def _environment(samples: Sequence[Sample]) -> list[str]:
    found = Counter(
        f"{s.record['host']}: {s.record['machine']}, Python {s.record['python']}, "
        f"version {s.record['version']}"
        for s in samples
    )
    lines = [f"{line} ({count} runs)" for line, count in sorted(found.items())]
    versions = {s.record["versions"] for s in samples if s.record["versions"] != "{}"}
    return [*lines, *sorted(versions)]


def _commands(store: Store, samples: Sequence[Sample]) -> list[str]:
    asked = store.commands()
    examples = {sample.method: sample.record["command"] for sample in samples}
    return [*asked, "", "# one run of each method by hand", *sorted(set(examples.values()))]
