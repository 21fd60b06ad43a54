"""All public sets of single-machine tardiness are read, and the stored optima met."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

import ordino
from ordino.instances.reading import read_all

SETS = {
    "smtt/smtt_20_uniform.jsonl": (20, 640, 40),
    "smtt/smtt_20_normal.jsonl": (20, 532, 40),
    "smtt/smtt_100.jsonl": (100, 160, 13),
    "smtt/smtt_200.jsonl": (200, 160, 23),
    "smtt/smtt_500.jsonl": (500, 160, 37),
    "orlib-wt/wt40.txt": (40, 100, 9),
    "orlib-wt/wt50.txt": (50, 100, 9),
    "orlib-wt/wt100.txt": (100, 100, 17),
}
"""Jobs of each instance, instances, and of how many one is solved here."""


def stored_values(path: Path) -> list[int]:
    """Optima, or best known values, in the order of the instances."""
    if path.suffix == ".jsonl":
        rows = map(json.loads, path.read_text().splitlines())
        return [row["optimal_total_tardiness"] for row in rows]
    with path.with_name(f"{path.stem}_best.csv").open() as file:
        return [int(row["best_known_twt"]) for row in csv.DictReader(file)]


@pytest.mark.parametrize("name", SETS)
def test_the_default_race_meets_the_stored_values(public_data: Path, name: str) -> None:
    jobs, count, step = SETS[name]
    path = public_data / "single-machine" / name
    instances, values = read_all(path), stored_values(path)
    assert len(instances) == len(values) == count
    assert {instance.jobs for instance in instances} == {jobs}
    assert len({instance.fingerprint() for instance in instances}) == count
    for index in range(0, count, step):
        value = values[index]
        assert ordino.read(f"{path}#{index + 1}") == instances[index]
        result = ordino.solve(instances[index], target=value, time_limit=20, workers=1)
        assert result.failures == ()
        assert result.objective == value
        assert result.bound is None or result.bound <= value


def test_original_texts_are_the_instances_of_the_lines(public_data: Path) -> None:
    folder = public_data / "single-machine" / "smtt"
    lines = folder / "smtt_100.jsonl"
    fingerprints = [instance.fingerprint() for instance in read_all(lines)]
    values = dict(zip(fingerprints, stored_values(lines), strict=True))
    texts = [ordino.read(path) for path in sorted((folder / "SDT_100").glob("*.txt"))]
    known = [text for text in texts if text.fingerprint() in values]
    assert len(texts) == 40
    assert len(known) > 20
    for text in known[::10]:
        result = ordino.solve(text, solver="branch-and-memorize", time_limit=20)
        assert (result.objective, result.bound) == (values[text.fingerprint()],) * 2
