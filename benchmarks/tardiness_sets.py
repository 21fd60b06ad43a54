"""The public sets of single-machine tardiness, with the values that are stored beside them."""

from __future__ import annotations

import csv
import json
import os
from dataclasses import dataclass
from pathlib import Path

import click

import ordino
from ordino.models.tardiness.problem import SingleMachine


@dataclass(frozen=True)
class Stored:
    """An instance, its class (RDD, TF), and its optimum or best known value."""

    instance: SingleMachine
    group: tuple[float, float]
    value: int


def read_set(name: str, every: int = 1) -> list[Stored]:
    """Read a set, `wt40` or `smtt_100` for example: the first of so many instances of each class.

    Raises:
        click.ClickException: The set is not below ORDINO_DATA.
    """
    folder = Path(os.environ.get("ORDINO_DATA", "../shared/datasets")) / "single-machine"
    weighted = name.startswith("wt")
    path = (
        folder / ("orlib-wt" if weighted else "smtt") / f"{name}.{'txt' if weighted else 'jsonl'}"
    )
    if not path.exists():
        raise click.ClickException(f"{path} is not there: set ORDINO_DATA to the folder of sets")
    if weighted:
        with path.with_name(f"{name}_best.csv").open() as file:
            rows = list(csv.DictReader(file))
        value = "best_known_twt"
    else:
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        value = "optimal_total_tardiness"
    seen: dict[tuple[float, float], int] = {}
    found = []
    for row, instance in zip(rows, ordino.read_all(path), strict=True):
        group = float(row["rdd"]), float(row["tf"])
        if seen.setdefault(group, 0) % every == 0:
            found.append(Stored(instance, group, int(row[value])))
        seen[group] += 1
    return found


def gap(found: int, best: int) -> float:
    """Gap in percent; 0 where both are 0, infinite where only the best is."""
    if best:
        return 100 * (found - best) / best
    return float("inf") if found else 0.0
