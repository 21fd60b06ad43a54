"""Pages that are made when the site is built: the start from the README, and one a family: what
`docs/<family>.md` says, if there is one, and the reference, from the docstrings."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

from ordino.api import settings_of
from ordino.commands.summary import show
from ordino.core.family import Family, resolve
from ordino.core.parameters import parameters_of
from ordino.core.registry import all_families
from ordino.instances.sets import listed_files, public_sets

DOCS = Path(__file__).parent
README = DOCS.parent / "README.md"


def on_config(config: Any) -> Any:
    """Put the families into the navigation."""
    pages = [f"{home.name}.md" for home in all_families().values()]
    config.nav = [{"Families": pages} if "Families" in entry else entry for entry in config.nav]
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the pages."""
    start = README.read_text().replace("](docs/", "](")
    files.append(File.generated(config, "index.md", content=start))
    for home in all_families().values():
        name = f"{home.name}.md"
        written = files.get_file_from_path(name)
        if written is None:
            intro = f"# {home.name}\n\n{home.title[0].upper()}{home.title[1:]}.\n"
        else:
            files.remove(written)
            intro = written.content_string
        page = "\n".join([intro, *_family(home)])
        files.append(File.generated(config, name, content=page))
    return files


def _text(thing: Any) -> str:
    """Return a docstring as Markdown; its sections become lists."""
    text = inspect.getdoc(thing) or ""
    return re.sub(r"^(Attributes|Args|Returns|Raises|Yields):$", r"\n**\1**\n", text, flags=re.M)


def _module(reference: str) -> Any:
    return importlib.import_module(reference.partition(":")[0])


def _table(heads: list[str], rows: list[list[str]]) -> Iterator[str]:
    if rows:
        yield f"| {' | '.join(heads)} |"
        yield f"|{'---|' * len(heads)}"
        for row in rows:
            yield f"| {' | '.join(_cell(cell) for cell in row)} |"
        yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _settings(described: list[str]) -> str:
    return "<br>".join(f"`{each}`" for each in described)


def _described(reference: str | None) -> list[str]:
    if reference is None:
        return []
    return [each.describe() for each in parameters_of(resolve(reference), but=("seed",)).values()]


def _family(home: Family) -> Iterator[str]:
    yield "## The problem\n"
    for reference in dict.fromkeys(map(_module, home.instances.values())):
        yield _text(reference) + "\n"
    for name, reference in home.instances.items():
        yield f"Instance `{name}`: {_text(resolve(reference))}\n"
    yield f"Solution: {_text(resolve(home.solution))}\n"
    if options := _described(home.adjust):
        yield "Problem options: " + ", ".join(f"`--{each}`" for each in options) + "\n"
    yield "## The checker\n"
    yield _text(_module(home.check)) + "\n\n" + _text(resolve(home.check)) + "\n"
    yield from _formats(home)
    yield from _methods(home)
    yield from _sets(home)


def _formats(home: Family) -> Iterator[str]:
    yield "## Formats\n"
    rows = [["`json`", "the form that holds everything", ".json", ""]]
    rows += [
        [f"`{spec.name}`", spec.summary, " ".join(spec.suffixes), _settings(_described(spec.read))]
        for spec in home.formats
    ]
    yield from _table(["format", "what", "endings", "parameters"], rows)
    for spec in home.formats:
        yield f"`{spec.name}`: {_text(resolve(spec.read))}\n"
    if home.solution_formats:
        yield "Solutions, besides JSON:\n"
        found = [[f"`{spec.name}`", spec.summary] for spec in home.solution_formats]
        yield from _table(["format", "what"], found)
    if home.generators:
        yield "Generators:\n"
        yield from _table(
            ["generator", "what", "parameters"],
            [
                [f"`{spec.name}`", spec.summary, _settings(_described(spec.make))]
                for spec in home.generators
            ],
        )


def _methods(home: Family) -> Iterator[str]:
    yield "## Solvers\n"
    rows = [
        [
            f"`{spec.name}`",
            spec.summary,
            " ".join(
                word
                for word, said in (
                    ("race", spec.name in home.race),
                    ("improves", spec.improves),
                    ("proves", spec.proves),
                )
                if said
            ),
            _settings(settings_of(spec)),
        ]
        for spec in home.solvers
    ]
    yield from _table(["solver", "what", "", "settings"], rows)
    for spec in home.solvers:
        if not spec.arguments:
            yield f"`{spec.name}`: {_text(resolve(spec.make))}\n"
    for engine, reference in home.formulations.items():
        yield f"Formulation for `{engine}`: {_text(_module(reference))}\n"
    if home.bounds:
        yield "## Bounds without search\n"
        bounds = [
            [f"`{spec.name}`", spec.summary, _text(resolve(spec.compute)).replace("\n", " ")]
            for spec in home.bounds
        ]
        yield from _table(["bound", "what", ""], bounds)


def _sets(home: Family) -> Iterator[str]:
    own = [each for each in public_sets().values() if each.family == home.name]
    if not own:
        return
    yield "## Public sets and sources\n"
    rows = [
        [f"`{each.name}`", show(len(listed_files(each.name))), each.title, each.citation]
        for each in own
    ]
    yield from _table(["set", "files", "what", "to cite"], rows)
