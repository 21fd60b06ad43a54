"""What there is: families, formats, solvers with their settings, instances known by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ordino.api import settings_of
from ordino.commands.summary import columns
from ordino.core.family import Family, resolve
from ordino.core.parameters import parameters_of
from ordino.core.registry import all_families
from ordino.core.registry import family as family_of
from ordino.instances.catalogue import public_files
from ordino.instances.sets import data_roots, files_of, listed_files, public_sets

__all__ = ["LISTS", "as_text"]

Row = dict[str, Any]


def _chosen(family: str | None) -> list[Family]:
    return list(all_families().values()) if family is None else [family_of(family)]


def _described(reference: str | None, but: tuple[str, ...] = ("seed",)) -> list[str]:
    """Describe the keyword-only parameters of what a reference names."""
    if reference is None:
        return []
    return [each.describe() for each in parameters_of(resolve(reference), but).values()]


def _families(family: str | None) -> list[Row]:
    return [
        {
            "name": each.name,
            "title": each.title,
            "race": list(each.race),
            "options": _described(each.adjust),
            "questions": _described(each.explain),
            "simulation": _described(each.simulate, but=("seed", "replications")),
            "generators": {spec.name: _described(spec.make) for spec in each.generators},
        }
        for each in _chosen(family)
    ]


def _formats(family: str | None) -> list[Row]:
    rows = []
    for each in _chosen(family):
        rows.append(_format(each, "json", "instance", "the form that holds everything", [".json"]))
        for spec in each.formats:
            row = _format(each, spec.name, "instance", spec.summary, list(spec.suffixes))
            rows.append(row | {"writes": spec.write is not None, "settings": _described(spec.read)})
        rows.append(_format(each, "json", "solution", "a result, or a bare solution", [".json"]))
        for written in each.solution_formats:
            row = _format(each, written.name, "solution", written.summary, [])
            rows.append(row | {"settings": _described(written.write)})
    return rows


def _format(family: Family, name: str, of: str, summary: str, endings: list[str]) -> Row:
    row: Row = {"name": name, "family": family.name, "of": of, "endings": endings}
    return row | {"writes": True, "summary": summary, "settings": []}


def _solvers(family: str | None) -> list[Row]:
    return [
        {
            "name": spec.name,
            "family": each.name,
            "in_race": spec.name in each.race,
            "improves": spec.improves,
            "proves": spec.proves,
            "summary": spec.summary,
            "settings": settings_of(spec),
        }
        for each in _chosen(family)
        for spec in each.solvers
    ]


def _instances(family: str | None) -> list[Row]:
    rows = []
    for each in _chosen(family):
        for name in resolve(each.names)() if each.names else ():
            reference = resolve(each.best_known)(name) if each.best_known else None
            row: Row = {"name": name, "family": each.name}
            for key in ("lower_bound", "upper_bound", "source"):
                row[key] = getattr(reference, key, None)
            rows.append(row)
    if family is None:
        empty = dict.fromkeys(("family", "lower_bound", "upper_bound"))
        named = {row["name"] for row in rows}
        rows += [
            {"name": name, **empty, "source": str(path)}
            for name, path in public_files().items()
            if name not in named
        ]
    return rows


def _sets(family: str | None) -> list[Row]:
    return [
        {
            "name": each.name,
            "family": each.family,
            "files": len(listed_files(each.name)),
            "here": any(files_of(each.name, root / each.name) for root in data_roots()),
            "title": each.title,
            "licence": each.licence,
            "citation": each.citation,
            "page": each.page,
        }
        for each in public_sets().values()
        if family is None or each.family == family
    ]


LISTS: Mapping[str, Callable[[str | None], list[Row]]] = {
    "families": _families,
    "formats": _formats,
    "solvers": _solvers,
    "instances": _instances,
    "sets": _sets,
}
"""What can be listed: a name to a function from a family's name, or `None` for all, to rows."""


_BELOW = ("settings", "options", "simulation", "generators")
"""What is written below its row."""


def as_text(rows: Sequence[Row]) -> str:
    """Write rows in columns under their names; settings follow, a line each."""
    if not rows:
        return "none"
    keys = [key for key in rows[0] if key not in _BELOW]
    cells = [[_cell(row[key]) for key in keys] for row in rows]
    heads, *lines = columns([[key.replace("_", " ").upper() for key in keys], *cells]).split("\n")
    text = [heads]
    for row, line in zip(rows, lines, strict=True):
        text.append(line)
        text += [f"    {setting}" for setting in row.get("settings", ())]
        text += [f"    --{option}" for option in row.get("options", ())]
        text += [f"    explain --{question}" for question in row.get("questions", ())]
        if row.get("simulation"):
            text.append(f"    simulate --set {', '.join(row['simulation'])}")
        for name, parameters in row.get("generators", {}).items():
            text.append(f"    generator {name}: {', '.join(parameters)}")
    return "\n".join(text)


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ",".join(value)
    return "-" if value is None else str(value)
