"""What is compared: solvers with their settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ordino.core.errors import UnknownNameError, UsageError
from ordino.core.family import Family, Instance, resolve
from ordino.core.parameters import bind
from ordino.core.registry import all_families

__all__ = ["RACE", "Method", "grouped", "method"]

RACE = "race"
"""Stands for the race that a family runs when nobody names a solver."""

Settings = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Method:
    """Solvers that race with each other, mostly one alone, and their settings.

    Attributes:
        solvers: Names; none for the family's own race.
        settings: By solver, as texts or values.
    """

    solvers: tuple[str, ...]
    settings: Mapping[str, Mapping[str, Any]]

    @property
    def solver(self) -> str:
        """The names as a user writes them."""
        return ",".join(self.solvers) or RACE

    def known_in(self, home: Family) -> bool:
        """Tell whether a family has all the solvers."""
        return {*self.solvers} <= {spec.name for spec in home.solvers}

    def bound(self, home: Family) -> Settings:
        """Return the settings as the values that a family's solvers take; raises `UsageError`."""
        names = self.solvers or tuple(home.race)
        bound: Settings = {}
        for name in sorted(self.settings):
            if name not in names:
                raise UnknownNameError("running solver", name, names)
            make = resolve(home.solver(name).make)
            bound[name] = dict(sorted(bind(make, self.settings[name], f"solver {name}").items()))
        return bound

    def refusal(self, home: Family, instance: Instance) -> str | None:
        """Say why the solvers do not take an instance, or return `None`."""
        for name in self.solvers:
            if (reason := home.solver(name).refusal(instance)) is not None:
                return reason
        return None


def method(name: str, settings: Mapping[str, Mapping[str, Any]] | None = None) -> Method:
    """Make a method of names with commas between, and of those settings that are its solvers'.

    Raises:
        UnknownNameError: No family has such a solver.
    """
    known = {spec.name for each in all_families().values() for spec in each.solvers}
    names = tuple(dict.fromkeys(part.strip() for part in name.split(",")))
    if names == (RACE,):
        return Method((), settings or {})
    for each in names:
        if each not in known:
            raise UnknownNameError("solver", each, {*known, RACE})
    return Method(names, {k: v for k, v in (settings or {}).items() if k in names})


def grouped(settings: Iterable[tuple[str, Any]]) -> dict[str, dict[str, Any]]:
    """Group settings `("tabu.pool", "30")` by solver; raises `UsageError`."""
    found: dict[str, dict[str, Any]] = {}
    for name, value in settings:
        solver, dot, key = name.partition(".")
        if not dot:
            raise UsageError(f"setting {name!r}: expected solver.name, as in cpsat.parameters")
        found.setdefault(solver, {})[key] = value
    return found
