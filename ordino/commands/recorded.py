"""Commands about what sweeps have left in a store: status, query, report, compare."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from ordino.commands.output import answer, answer_json, require_writable, say
from ordino.commands.parameters import OUTPUT, Command, json_option

if TYPE_CHECKING:
    from ordino.bench.store import Store

__all__ = ["compare", "query", "report", "status", "store_option", "telling_damage"]

_REGRESSION = 7

store_option = click.option(
    "--store",
    type=click.Path(),
    default="runs",
    show_default=True,
    help="Folder of finished runs.",
)


@contextmanager
def telling_damage(*stores: Store) -> Iterator[None]:
    """Warn of files that are set aside meanwhile."""
    before = [len(store.damaged()) for store in stores]
    yield
    for store, held in zip(stores, before, strict=True):
        if damaged := len(store.damaged()) - held:
            say(
                f"warning: {damaged} damaged file{'s' if damaged > 1 else ''} set aside in "
                f"{store.path / 'damaged'}; ordino bench run does again what they held"
            )


@click.command(cls=Command)
@store_option
@json_option
def status(store: str, as_json: bool) -> None:
    """Say what is done, running and left of all that was ever asked for."""
    from ordino.bench.status import look
    from ordino.bench.store import Store
    from ordino.commands.summary import columns

    found = look(Store(store))
    if as_json:
        answer_json(found)
        return
    rows = [["SET", "SOLVER", "PLANNED", "DONE", "FAILED", "LEFT"]]
    rows += [[str(value) for value in row.values()] for row in found.pop("groups")]
    line = ", ".join(f"{value} {name.replace('_', ' ')}" for name, value in found.items())
    answer(columns(rows) + "\n" + line)


@click.command(cls=Command)
@click.argument("sql", default="SELECT * FROM runs")
@store_option
@click.option("-o", "--output", type=OUTPUT, metavar="OUT", help=".csv, .json, .jsonl, .parquet.")
@click.option("--csv", "as_csv", is_flag=True, help="Answer with CSV.")
@click.option("--json", "as_json", is_flag=True, help="Answer with a JSON list of objects.")
def query(sql: str, store: str, output: str | None, as_csv: bool, as_json: bool) -> None:
    """Ask the store in SQL.

    Tables: runs, one row a run; traces, one row an incumbent or bound. SQL is that of DuckDB;
    without any, all of runs.
    """
    from ordino.bench.query import EXPORTS, export
    from ordino.bench.query import query as ask
    from ordino.bench.store import Store
    from ordino.core.errors import UsageError

    target = Store(store)
    if output is not None:
        if not output.lower().endswith(tuple(EXPORTS)):
            raise UsageError(f"{output}: expected a file {', '.join(EXPORTS)}")
        require_writable(output)
        with telling_damage(target):
            export(target, sql, output)
        return
    with telling_damage(target):
        names, rows = ask(target, sql)
    if as_json:
        import json

        answer(json.dumps([dict(zip(names, row, strict=True)) for row in rows], default=str))
    elif as_csv:
        answer(_csv([names, *rows]))
    else:
        from ordino.commands.summary import columns

        answer(columns([names, *([_cell(value) for value in row] for row in rows)]))


def _csv(rows: list[Any]) -> str:
    import csv
    import io

    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


@click.command(cls=Command)
@store_option
@click.option(
    "-o",
    "--output",
    "outputs",
    type=OUTPUT,
    multiple=True,
    metavar="OUT",
    help="A file .html or .md; can be repeated. Default: report.html and report.md in the store.",
)
@click.option(
    "--pictures",
    type=click.IntRange(min=0),
    default=40,
    show_default=True,
    help="Draw the best runs of so many instances.",
)
def report(store: str, outputs: tuple[str, ...], pictures: int) -> None:
    """Write a report of all runs, as an HTML page and as Markdown."""
    from pathlib import Path

    from ordino.bench.render import draw_best, to_html, to_markdown
    from ordino.bench.report import make_report
    from ordino.bench.store import Store
    from ordino.core.errors import UsageError

    target = Store(store)
    places = outputs or (str(target.path / "report.html"), str(target.path / "report.md"))
    for place in places:
        if not place.lower().endswith((".html", ".md")):
            raise UsageError(f"{place}: expected a file .html or .md")
    require_writable(*places)
    pages = [place for place in places if place.lower().endswith(".html")]
    folder = Path(pages[0]).with_suffix(".pictures") if pages else Path()
    with telling_damage(target):
        made = make_report(target, draw_best(target, folder, pictures if pages else 0))
    from ordino.instances.reading import write_file

    for place in places:
        text = to_html(made, target, Path(place)) if place in pages else to_markdown(made)
        write_file(place, text)
        say(f"written: {place}")


@click.command(cls=Command)
@click.argument("before", type=click.Path())
@click.argument("after", type=click.Path())
@click.option(
    "--threshold",
    type=click.FloatRange(min=0),
    default=0.01,
    show_default=True,
    help="An objective worse by more than this share is a regression.",
)
@json_option
def compare(before: str, after: str, threshold: float, as_json: bool) -> int:
    """Compare the runs that two stores have in common.

    Exit code 7 if AFTER has regressions: worse objectives past the threshold, solutions or proofs
    that are no longer found.
    """
    from ordino.bench.compare import compare as compare_stores
    from ordino.bench.store import Store

    stores = Store(before), Store(after)
    with telling_damage(*stores):
        found = compare_stores(*stores, threshold)
    if as_json:
        answer_json(found.to_data())
    else:
        from ordino.commands.comparing import summarise_comparison

        answer(summarise_comparison(found))
    return _REGRESSION if found.regressions else 0
