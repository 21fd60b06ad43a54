"""The families that there are: modules of `ordino.families`, and entry points of other packages.

A package adds a family with an entry point of the group `ordino.families` that names a `Family`.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import pkgutil
import warnings
from functools import cache

from ordino.core.errors import UnknownNameError
from ordino.core.family import Family, FormatSpec, SolutionFormatSpec

__all__ = ["GROUP", "all_families", "family", "formats", "solution_formats"]

GROUP = "ordino.families"


@cache
def all_families() -> dict[str, Family]:
    """Return all families by name, ours in alphabetical order first.

    A package whose family can't be loaded is left out with a warning that says so.
    """
    package = importlib.import_module(GROUP)
    found: dict[str, Family] = {}
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda m: m.name):
        ours: Family = importlib.import_module(f"{GROUP}.{module.name}").FAMILY
        found[ours.name] = ours
    for entry in importlib.metadata.entry_points(group=GROUP):
        try:
            theirs = entry.load()
        except Exception as error:  # somebody else's package: say it, and go on without
            warnings.warn(f"family {entry.name} ({entry.value}): {error}", stacklevel=2)
        else:
            found.setdefault(theirs.name, theirs)
    return found


def family(name: str) -> Family:
    """Return a family; raises `UnknownNameError`."""
    found = all_families()
    if name not in found:
        raise UnknownNameError("family", name, found)
    return found[name]


def formats() -> list[tuple[Family, FormatSpec]]:
    """Return every instance format with its family."""
    return [(each, spec) for each in all_families().values() for spec in each.formats]


def solution_formats() -> list[tuple[Family, SolutionFormatSpec]]:
    """Return every solution format with its family."""
    return [(each, spec) for each in all_families().values() for spec in each.solution_formats]
