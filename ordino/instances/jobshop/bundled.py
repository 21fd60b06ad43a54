"""Job shops that come with Ordino: ft06, ft10, ft20 (Fisher, Thompson 1963), ta01 to ta80
(Taillard 1993, made by his generator), and their best known bounds with sources."""

from __future__ import annotations

import csv
from dataclasses import replace
from functools import cache
from importlib import resources

from ordino.core.errors import UnknownNameError
from ordino.core.family import Reference
from ordino.core.plain import Node, parse_json
from ordino.instances.jobshop.generate import taillard
from ordino.models.jobshop.problem import JobShop

__all__ = ["best_known", "load", "names"]

_DATA = resources.files("ordino.instances.jobshop") / "data"


@cache
def _table() -> dict[str, dict[str, str]]:
    text = (_DATA / "bundled.csv").read_text()
    return {row["name"]: row for row in csv.DictReader(text.splitlines())}


def names() -> list[str]:
    """Return the names of the bundled job shops."""
    return list(_table())


def _row(name: str) -> dict[str, str]:
    if name not in _table():
        raise UnknownNameError("bundled job shop", name, _table())
    return _table()[name]


def load(name: str) -> JobShop:
    """Return a bundled job shop; raises `UnknownNameError`."""
    row = _row(name)
    if row["time_seed"]:
        instance = taillard(
            jobs=int(row["jobs"]),
            machines=int(row["machines"]),
            time_seed=int(row["time_seed"]),
            machine_seed=int(row["machine_seed"]),
        )
        return replace(instance, name=name)
    data = parse_json((_DATA / f"{name}.json").read_text(), f"{name}.json")
    fields = {k: v for k, v in data.value.items() if k not in ("ordino", "family")}
    return JobShop.from_data(Node(fields, (), data.document))


def best_known(name: str) -> Reference:
    """Return the best known bounds of a bundled job shop; raises `UnknownNameError`."""
    row = _row(name)
    lower = f"{row['lower_source']}, {row['lower_date']}"
    upper = f"{row['upper_source']}, {row['upper_date']}"
    return Reference(
        lower_bound=int(row["lower_bound"]),
        upper_bound=int(row["upper_bound"]),
        source=upper if lower == upper else f"lower {lower}; upper {upper}",
    )
