"""A comparison of two stores as a person reads it."""

from __future__ import annotations

from collections.abc import Iterator

from ordino.bench.compare import Comparison
from ordino.commands.summary import columns, show, show_gap

__all__ = ["summarise_comparison"]

_MOST = 50


def summarise_comparison(found: Comparison) -> str:
    """Write what changed, method by method, and every regression."""
    return "\n".join(_lines(found))


def _lines(found: Comparison) -> Iterator[str]:
    heads = ("METHOD", "INSTANCES", "BETTER", "SAME", "WORSE", "GAP", "95 % INTERVAL", "P")
    rows = [[*heads, "TIME BEFORE", "AFTER", "PROVED BEFORE", "AFTER"]]
    for each in found.changes:
        low_high = each.interval
        rows.append(
            [
                each.method,
                *map(str, (each.instances, each.better, each.same, each.worse)),
                show_gap(each.difference),
                "-" if low_high is None else " to ".join(map(show_gap, low_high)),
                "-" if each.p is None else f"{each.p:.3g}",
                f"{each.seconds_before:.2f} s",
                f"{each.seconds_after:.2f} s",
                show_gap(each.proved_before),
                show_gap(each.proved_after),
            ]
        )
    yield columns(rows)
    yield from found.differences
    if found.only_before or found.only_after:
        yield f"only before: {found.only_before} runs; only after: {found.only_after} runs"
    yield f"{len(found.regressions)} regressions"
    for lost in found.regressions[:_MOST]:
        yield (
            f"  {lost.set}/{lost.instance} {lost.method}: {lost.what}: "
            f"{show(lost.before)} before, {show(lost.after)} after"
        )
    if len(found.regressions) > _MOST:
        yield f"  and {len(found.regressions) - _MOST} more (--json has all)"
