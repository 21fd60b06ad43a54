"""The catalogue of public sets: what there is, where it can be had, what is known of it.

A set's name is its folder below a data root: `jobshop/la`. Data roots are the folder that
`ORDINO_DATA` names and Ordino's cache, which `ordino fetch` fills. Facts travel with the package,
in the tables of `data/`; the instances do not.
"""

from __future__ import annotations

import csv
import hashlib
import os
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from ordino.core.cache import cache_home
from ordino.core.errors import InputError, UnknownNameError
from ordino.core.family import Reference
from ordino.core.registry import formats

__all__ = [
    "PublicFile",
    "PublicSet",
    "best_known",
    "data_roots",
    "endings",
    "fetched_folder",
    "files_of",
    "listed_files",
    "locate_sets",
    "public_sets",
    "select",
]

_TABLES = resources.files("ordino.instances") / "data"
_ASIDE = ("readme", "license", "licence", "reference.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicSet:
    """A set of instances that anybody can have.

    Attributes:
        name: Its folder below a data root.
        family: Of its instances.
        title: One line.
        citation: Whom to cite.
        files: Pattern of the names of its instance files.
        page: Where it lives.
        licence: As its home states it.
        base: What the addresses of its files start with, or `None` where there is no fixed one.
        namesakes: Whether its files have the names of another set's: a name alone means the other.
    """

    name: str
    family: str
    title: str
    citation: str
    files: str
    page: str
    licence: str
    base: str | None
    namesakes: bool = False


@dataclass(frozen=True, slots=True)
class PublicFile:
    """A file of a set: its SHA-256 checksums (the set's home may space it another way than we do),
    and its path at the home, if that is known."""

    name: str
    checksums: tuple[str, ...]
    origin: str | None


@cache
def public_sets() -> dict[str, PublicSet]:
    """Return all public sets by name."""
    table = tomllib.loads((_TABLES / "sets.toml").read_text())
    unknown = {"page": "", "licence": "Ordino's own"}
    found = {}
    for name, entry in table["sets"].items():
        home = table["homes"].get(entry.pop("home", None), unknown)
        found[name] = PublicSet(
            name=name,
            family=entry["family"],
            title=entry["title"],
            citation=entry["citation"],
            files=entry.get("files", "*"),
            page=home["page"],
            licence=home["licence"],
            base=home.get("files"),
            namesakes=entry.get("namesakes", False),
        )
    return found


def _rows(table: str) -> list[dict[str, str]]:
    return list(csv.DictReader((_TABLES / table).read_text().splitlines()))


@cache
def _all_files() -> dict[str, dict[str, PublicFile]]:
    found: dict[str, dict[str, PublicFile]] = {}
    for row in _rows("files.csv"):
        checksums = tuple(filter(None, (row["sha256"], row["origin_sha256"])))
        file = PublicFile(row["file"], checksums, row["origin"] or None)
        found.setdefault(row["set"], {})[file.name] = file
    return found


def listed_files(name: str) -> dict[str, PublicFile]:
    """Return the files that the catalogue lists for a set, none for a set that it does not know."""
    return _all_files().get(name, {})


def select(name: str) -> list[PublicSet]:
    """Return the set of that name, or all below it; raises `UnknownNameError`."""
    known = public_sets()
    name = name.strip("/")
    chosen = [known[name]] if name in known else [s for n, s in known.items() if _below(n, name)]
    if not chosen:
        raise UnknownNameError("set", name, known)
    return chosen


def _below(name: str, above: str) -> bool:
    return name.startswith(f"{above}/")


# On this machine


def fetched_folder() -> Path:
    """Return the data root that `ordino fetch` fills."""
    return cache_home() / "sets"


def data_roots(*, strict: bool = False) -> tuple[Path, ...]:
    """Return the data roots that there are, the user's own first.

    Raises:
        InputError: `strict`, and `ORDINO_DATA` names no folder.
    """
    value = os.environ.get("ORDINO_DATA")
    if strict and value and not Path(value).is_dir():
        raise InputError("ORDINO_DATA names no folder", source=value)
    roots = [*([Path(value)] if value else []), fetched_folder()]
    return tuple(root for root in roots if root.is_dir())


def locate_sets(name: str) -> list[tuple[str, Path]]:
    """Return names and folders of the set of that name, or of all sets below it.

    A folder that the catalogue does not know is a set as well: below a data root, or by its path.

    Raises:
        UnknownNameError: There is no such set.
        InputError: There is, but not on this machine.
    """
    name = name.rstrip("/")
    for root in data_roots(strict=True):
        if name and (found := _sets_in(root, name)):
            return found
    if name and Path(name).is_dir():
        return [(Path(name).resolve().name, Path(name))]
    known = public_sets()
    if name in known or any(_below(each, name) for each in known):
        page = next(iter(select(name))).page
        at = f", from {page}," if page else ""
        raise InputError(
            f"the set is not on this machine: ordino fetch {name}, or put its files{at} into "
            f"{fetched_folder() / name} or below a folder that ORDINO_DATA names",
            source=name,
        )
    raise UnknownNameError("set", name, {*known, *_folders()})


def _sets_in(root: Path, name: str) -> list[tuple[str, Path]]:
    """Return what that name stands for below a root: a set, or all public sets below it."""
    folder = root / name
    if not folder.resolve().is_relative_to(root.resolve()) or not folder.is_dir():
        return []
    known = public_sets()
    names = [each for each in known if _below(each, name)]
    if name in known or not names:
        names = [name]
    return [(each, root / each) for each in names if files_of(each, root / each)]


def _folders() -> set[str]:
    return {
        path.relative_to(root).as_posix()
        for root in data_roots()
        for path in root.rglob("*")
        if path.is_dir()
    }


@cache
def endings() -> frozenset[str]:
    """Return the endings of files that a format may read."""
    return frozenset({".json", *(suffix for _, spec in formats() for suffix in spec.suffixes)})


def files_of(name: str, folder: Path) -> list[Path]:
    """Return the instance files of a set in its folder, in alphabetical order."""
    known = public_sets().get(name)
    pattern = known.files if known is not None else "*"
    return sorted(
        path
        for path in folder.glob(pattern)
        if path.is_file()
        and (pattern != "*" or path.suffix in endings() or path.name in listed_files(name))
        and not path.name.lower().startswith((".", *_ASIDE))
    )


# What is known


@cache
def _known() -> dict[tuple[str, str], Reference]:
    def number(text: str) -> int | None:
        return int(text) if text else None

    return {
        (row["set"], row["instance"]): Reference(
            lower_bound=number(row["lower_bound"]),
            upper_bound=number(row["upper_bound"]),
            source=row["source"],
        )
        for row in _rows("known.csv")
    }


@cache
def _is_listed(name: str, path: Path) -> bool:
    file = listed_files(name).get(path.name)
    return file is not None and hashlib.sha256(path.read_bytes()).hexdigest() in file.checksums


def best_known(name: str, path: Path, number: int | None = None) -> Reference | None:
    """Return best known bounds of an instance of a set, if its file is what the catalogue says.

    Args:
        name: Of the set.
        path: Of the file.
        number: Of the instance, from 1, in a file with many.
    """
    key = path.stem if number is None else f"{path.stem}#{number}"
    found = _known().get((name, key))
    return found if found is not None and _is_listed(name, path) else None
