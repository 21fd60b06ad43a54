"""Reports as HTML pages and as Markdown."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

from ordino.bench.charts import chart
from ordino.bench.report import Chart, Report, Table
from ordino.bench.samples import Sample
from ordino.bench.store import Store

__all__ = ["draw_best", "to_html", "to_markdown"]

_COLOURS = 8


def draw_best(
    store: Store, folder: Path, most: int
) -> Callable[[Sequence[Sample]], dict[str, str]]:
    """Return a function that draws the best runs, `most` at most, into a folder as SVG.

    It returns the paths of the pictures by key; a run whose solution is not in the store, or whose
    family draws nothing, has none.
    """
    from ordino.core.family import resolve
    from ordino.core.registry import all_families
    from ordino.draw.render import render
    from ordino.instances.reading import read_instance, read_solution, write_file

    def draw(samples: Sequence[Sample]) -> dict[str, str]:
        links: dict[str, str] = {}
        for sample in samples[:most]:
            home = all_families().get(sample.record["family"])
            key = sample.record["key"]
            source = store.instance_file(sample.fingerprint)
            result = store.solution_file(key)
            if home is None or home.scene is None or not source.exists():
                continue
            if not (result.exists() and store.holds_result(dict(sample.record))):
                continue
            instance = read_instance(str(source), "json")
            solution, _ = read_solution(str(result), instance)
            if solution is not None:
                folder.mkdir(parents=True, exist_ok=True)
                target = folder / f"{key}.svg"
                write_file(target, render(resolve(home.scene)(instance, solution), "svg"))
                links[key] = str(target)
        return links

    return draw


def to_html(report: Report, store: Store, target: Path) -> str:
    """Write a report as an HTML page that needs nothing else; links are relative to `target`."""
    page = (resources.files("ordino.bench") / "data" / "report.html").read_text()
    body = "\n".join(_html(report, store, target))
    return page.replace("@TITLE@", escape(report.title)).replace("@BODY@", body)


def _html(report: Report, store: Store, target: Path) -> Iterator[str]:
    colours = {name: index % _COLOURS for index, name in enumerate(report.methods)}
    yield f"<h1>{escape(report.title)}</h1>"
    yield from (f'<p class="faint">{escape(line)}</p>' for line in report.about)
    yield _key(colours)
    for section in report.sections:
        yield f"<h2>{escape(section.title)}</h2>"
        if section.about:
            yield f'<p class="faint">{escape(section.about)}</p>'
        yield _table(section.figures)
        yield '<div class="charts">'
        yield from (_figure(each, colours) for each in section.charts)
        yield "</div>"
        if section.pairs is not None:
            yield "<h3>Pairs of methods</h3>"
            yield _table(section.pairs)
    yield "<h2>Instances</h2>"
    yield _filters(report)
    yield _table(report.instances, _linker(report, store, target), name="instances")
    if report.failures is not None:
        yield "<h2>Runs that did not finish</h2>"
        yield _table(report.failures)
    yield "<h2>Notes</h2>"
    yield from (f"<p>{escape(line)}</p>" for line in report.notes)
    yield "<h2>Environment and commands</h2>"
    yield from (f'<p class="faint"><code>{escape(line)}</code></p>' for line in report.environment)
    yield "<pre>" + escape("\n".join(report.commands)) + "</pre>"


def _key(colours: Mapping[str, int]) -> str:
    items = (
        f'<li><svg viewBox="0 0 32 10"><path class="line c{colour}" d="M0 5H32"/></svg>'
        f"{escape(name)}</li>"
        for name, colour in colours.items()
    )
    return f'<ul class="key">{"".join(items)}</ul>'


def _figure(each: Chart, colours: Mapping[str, int]) -> str:
    drawn = chart(each.caption, each.lines, colours, **each.options)
    return f"<figure>{drawn}<figcaption>{escape(each.caption)}</figcaption></figure>"


def _filters(report: Report) -> str:
    def choice(name: str, values: Sequence[str]) -> str:
        options = "".join(f"<option>{escape(value)}</option>" for value in values)
        return f'<select aria-label="{name}"><option value="">any {name}</option>{options}</select>'

    return (
        '<form class="filters"><input type="search" placeholder="filter" aria-label="filter">'
        f"{choice('set', report.sets)}{choice('method', report.methods)}"
        '<output id="count"></output></form>'
    )


Linker = Callable[[str], str]


def _linker(report: Report, store: Store, target: Path) -> Linker:
    """Return what writes the links of a run: its result, and its picture if there is one."""
    here = target.resolve().parent
    held = {path.stem for path in (store.path / "solutions").iterdir()}

    def link(key: str) -> str:
        places = [("result", store.solution_file(key))] if key in held else []
        if key in report.links:
            places.append(("picture", Path(report.links[key])))
        return " ".join(
            f'<a href="{escape(os.path.relpath(path.resolve(), here))}">{word}</a>'
            for word, path in places
        )

    return link


def _table(table: Table, link: Linker | None = None, name: str = "") -> str:
    heads = "".join(
        f"<th{' class=t' if column.words else ''}><button"
        + (f' title="{escape(column.note)}"' if column.note else "")
        + f">{escape(column.head)}</button></th>"
        for column in table.columns
    )
    rows = []
    for row in table.rows:
        written = []
        for column, (text, value) in zip(table.columns, row, strict=True):
            if link is not None and not column.head:
                written.append(f'<td class="t">{link(text)}</td>')
            elif column.words:
                written.append(f'<td class="t">{escape(text)}</td>')
            else:
                sort = "" if value is None else f"{value:.8g}"
                marked = ' class="mark"' if text.endswith("!") else ""
                written.append(f'<td data-v="{sort}"{marked}>{escape(text)}</td>')
        rows.append(f"<tr>{''.join(written)}</tr>")
    identity = f' id="{name}"' if name else ""
    return (
        f'<div class="wide"><table class="sorts"{identity}><thead><tr>{heads}</tr></thead>'
        f"<tbody>\n{chr(10).join(rows)}\n</tbody></table></div>"
    )


def to_markdown(report: Report) -> str:
    """Write a report as Markdown: all but the charts."""
    return "\n".join(_markdown(report)) + "\n"


def _markdown(report: Report) -> Iterator[str]:
    yield f"# {report.title}\n"
    yield from (f"{line}\n" for line in report.about)
    for section in report.sections:
        yield f"## {section.title}\n"
        if section.about:
            yield f"{section.about}\n"
        yield _markdown_table(section.figures)
        if section.pairs is not None:
            yield "### Pairs of methods\n"
            yield _markdown_table(section.pairs)
    yield "## Instances\n"
    yield _markdown_table(report.instances)
    if report.failures is not None:
        yield "## Runs that did not finish\n"
        yield _markdown_table(report.failures)
    yield "## Notes\n"
    yield from (f"{line}\n" for line in report.notes)
    yield "## Environment and commands\n"
    yield from (f"    {line}" for line in (*report.environment, "", *report.commands))


def _markdown_table(table: Table) -> str:
    kept = [index for index, column in enumerate(table.columns) if column.head]
    lines = [
        [table.columns[index].head for index in kept],
        [":---" if table.columns[index].words else "---:" for index in kept],
        *([_plain(row[index]) for index in kept] for row in table.rows),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _plain(cell: tuple[str, Any]) -> str:
    return cell[0].replace("|", "\\|").replace("\n", " ")
