"""Answers as a person reads them: plain text for the standard output."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ordino.core.explanation import Explanation
from ordino.core.family import Reference
from ordino.core.objective import Bound, Value
from ordino.core.report import Report
from ordino.core.result import Result
from ordino.core.simulation import QUANTILES, Simulation

__all__ = [
    "columns",
    "show",
    "show_gap",
    "summarise_bounds",
    "summarise_explanation",
    "summarise_facts",
    "summarise_reference",
    "summarise_report",
    "summarise_result",
    "summarise_simulation",
    "summarise_table",
]

_MOST_VIOLATIONS = 20
_MOST_NOTES = 20


def show(value: Value | Bound | None) -> str:
    """Write an objective or a bound, a dash for none."""
    if value is None:
        return "-"
    if isinstance(value, tuple):
        return ", ".join(show(part) for part in value)
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def show_gap(gap: float | None) -> str:
    """Write a gap in percent, rounded to what matters, a dash for none."""
    return "-" if gap is None else f"{100 * gap:.3g} %"


def columns(rows: Sequence[Sequence[str]], gap: str = "  ") -> str:
    """Align rows of cells in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        gap.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def summarise_result(result: Result, reference: Reference | None) -> str:
    """Write what a run found in a few lines."""
    return "\n".join([_title(result), columns(list(_result_rows(result, reference)))])


def _title(result: Result) -> str:
    name = result.instance or result.fingerprint[:12]
    return f"{name} ({result.family}, {', then '.join(result.problem['objective'])})"


def _result_rows(result: Result, reference: Reference | None) -> Iterator[tuple[str, str]]:
    stopped = result.stop.replace("_", " ")
    yield "status", f"{result.status} ({stopped})"
    if result.reason is not None:
        yield "reason", result.reason
    if result.objective is not None:
        yield "objective", show(result.objective)
    if result.bound is not None:
        yield "bound", f"{show(result.bound)} (by {result.bound_by})"
    if result.gap is not None:
        yield "gap", show_gap(result.gap)
    if reference is not None:
        yield "best known", summarise_reference(reference)
    if result.found_by is not None:
        yield "found by", result.found_by
        yield "checked", "yes, feasible and of this objective"
    yield "seconds", f"{result.seconds:.2f}"
    if result.failures:
        yield "failures", str(len(result.failures))
    notes = [each.message for each in result.trace if (each.kind, each.source) == ("note", "input")]
    yield from (("note", each or "") for each in notes[:_MOST_NOTES])
    if len(notes) > _MOST_NOTES:
        yield "note", f"… and {len(notes) - _MOST_NOTES} more: ordino info shows them"


def summarise_reference(reference: Reference) -> str:
    """Write best known values with their source."""
    lower, upper = reference.lower_bound, reference.upper_bound
    values = show(upper) if lower == upper else f"{show(lower)} to {show(upper)}"
    return f"{values} ({reference.source})"


def summarise_report(report: Report, name: str) -> str:
    """Write a checker's verdict; of many violations the first."""
    if report.valid:
        tolerance = f" (times may be off by {report.tolerance:.2g})" if report.tolerance else ""
        return f"valid: {name} {show(report.objective)}{tolerance}"
    count = len(report.violations)
    lines = [f"invalid: {count} violation{'s' if count > 1 else ''}"]
    lines += [f"  {each.kind}: {each.message}" for each in report.violations[:_MOST_VIOLATIONS]]
    if count > _MOST_VIOLATIONS:
        lines.append(f"  … and {count - _MOST_VIOLATIONS} more")
    return "\n".join(lines)


def summarise_explanation(explanation: Explanation) -> str:
    """Write an explanation: its summary, then a line a reason."""
    lines = [f"  {each.kind}: {each.message}" for each in explanation.reasons]
    return "\n".join([explanation.summary, *lines])


def summarise_bounds(
    bounds: Mapping[str, Value | None],
    summaries: Mapping[str, str],
    reference: Reference | None,
) -> str:
    """Write lower bounds by name."""
    rows = [(name, show(value), summaries[name]) for name, value in bounds.items()]
    if reference is not None:
        rows.append(("best known", show(reference.lower_bound), reference.source))
    return columns(rows) if rows else "no bounds"


def summarise_table(rows: Sequence[Mapping[str, Value]]) -> str:
    """Write rows of named values, the names above."""
    return columns([list(rows[0]), *([show(value) for value in row.values()] for row in rows)])


def summarise_facts(facts: Mapping[str, Any]) -> str:
    """Write named values, a line each; what is empty is left out."""
    rows = [(name.replace("_", " "), _fact(value)) for name, value in facts.items()]
    return columns([row for row in rows if row[1]])


def _fact(value: Any) -> str:
    if isinstance(value, Mapping):
        told = {name: _fact(each) for name, each in value.items() if each is not None}
        return ", ".join(f"{name} {each}" for name, each in told.items())
    if isinstance(value, list):
        return ", ".join(map(_fact, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else "" if value is None else show(value)


def summarise_simulation(simulation: Simulation) -> str:
    """Write what replications came to in a few lines."""
    count = len(simulation.values)
    error = simulation.deviation / count**0.5
    options = ", ".join(f"{name} {_fact(value)}" for name, value in simulation.options.items())
    rows = [("replications", f"{count} ({options}, seed {simulation.seed})")]
    if simulation.planned is not None:
        rows.append(("planned", show(simulation.planned)))
    rows.append(("mean", f"{simulation.mean:.6g} (standard error {error:.2g})"))
    rows.append(("deviation", f"{simulation.deviation:.6g}"))
    rows += [(f"{share:.0%} below", f"{simulation.quantile(share):.6g}") for share in QUANTILES]
    name = simulation.instance or simulation.fingerprint[:12]
    return f"{name} ({simulation.family}, {simulation.objective})\n{columns(rows)}"
