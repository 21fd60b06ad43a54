"""Formats and generator of single-machine tardiness."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from kits.broken import located_error

import ordino
from ordino.core.errors import InputError, UsageError
from ordino.instances.reading import dump_instance, read_all, read_solution
from ordino.instances.tardiness.generate import potts_van_wassenhove
from ordino.models.tardiness.problem import SingleMachine

BROKEN = Path(__file__).parents[1] / "data" / "tardiness" / "broken"

EXPECTED = {
    "csv_column_missing_in_row.csv": ":3: expected 2 columns, got 1",
    "csv_column_twice.csv": ":1: a second column due_date",
    "csv_negative_weight.csv": ":2: weight: expected at least 0, got -1",
    "csv_no_rows.csv": ":2: expected a row a job below the header",
    "csv_unknown_column.csv": ":1: unknown column 'colour'",
    "csv_word_for_number.csv": ":2: due_date: expected an integer, got 'x'",
    "jsonl_cut_off.jsonl": ":2:22: no valid JSON",
    "jsonl_lists_of_unlike_length.jsonl": ":2:20: d: expected 2 items, got 1",
    "jsonl_negative_time.jsonl": ":2:11: p[1]: expected an integer of at least 0, got -2",
    "jsonl_unknown_field.jsonl": ":1:35: due: unknown field",
    "jsonl_wrong_count.jsonl": ":1:15: p: expected 3 items, got 2",
    "lists_of_unlike_length.json": ":1:79: due_dates: expected 2 due dates, got 1",
    "no_jobs.json": ":1:58: processing_times: expected at least one job",
    "objective_beyond_63_bits.json": ":1:1: the total weighted tardiness may reach",
    "orlib_cut_off.txt": ":4: expected a multiple of 9 numbers",
    "orlib_negative_weight.txt": ":2:3: weight of job 1 of instance #1 is -2",
    "pd_huge_due_date.txt": ":1:3: 9223372036854775808 is beyond 2^62",
    "pd_line_too_long.txt": ":2:5: expected 2 numbers (p d), got more",
    "pd_negative_time.txt": ":2:1: processing time is -4, expected at least 0",
    "pd_word_for_number.txt": ":2:1: expected an integer, got 'four'",
    "total_beyond_63_bits.json": ":1:1: the end of the last job may reach",
}

FORMATS = {
    "orlib_cut_off.txt": "orlib-wt:n=3",
    "orlib_negative_weight.txt": "orlib-wt:n=4",
    "pd_line_too_long.txt": "pd-text",
    "pd_word_for_number.txt": "pd-text",
}
"""Where the defect hides what the file is."""


@pytest.mark.parametrize("name", sorted(path.name for path in BROKEN.iterdir()))
def test_each_broken_file_gives_one_located_error(name: str) -> None:
    message = located_error(BROKEN / name, FORMATS.get(name))
    assert message.startswith(name + EXPECTED[name])


def test_every_broken_file_is_there() -> None:
    assert sorted(EXPECTED) == sorted(path.name for path in BROKEN.iterdir())


def test_a_due_date_of_a_million_digits() -> None:
    text = '{"ordino": 1, "family": "tardiness", "processing_times": [1], "due_dates": [%s]}\n'
    with pytest.raises(InputError, match="thousands of digits"):
        ordino.read(text % ("9" * 1_000_000))
    with pytest.raises(InputError, match=r"<text>:1:3: 9+… is beyond"):
        ordino.read("3 " + "9" * 1_000_000 + "\n4 8\n", format="pd-text")


def test_or_library_files_tell_their_size_by_name_or_option(tmp_path: Path) -> None:
    content = "5 4 3\n1 2 3\n9\n8 7 1 1 1\n2 2 2 6 6 6\n"
    named, other = tmp_path / "wt3.txt", tmp_path / "other.txt"
    named.write_text(content)
    other.write_text(content)
    second = ordino.read(f"{named}#2")
    assert second == SingleMachine.of([1, 1, 1], [6, 6, 6], [2, 2, 2])
    assert second.name == "wt3#2"
    assert ordino.read(f"{other}#2", format="orlib-wt:n=3") == second
    with pytest.raises(InputError, match=r"give it, as in --format orlib-wt:n=40"):
        ordino.read(f"{other}#2", format="orlib-wt")
    with pytest.raises(InputError, match="holds 2 instances"):
        ordino.read(str(named))
    with pytest.raises(UsageError, match="n: int"):
        ordino.read(f"{named}#1", format="orlib-wt:n=x")


def test_the_same_instance_in_each_format() -> None:
    expected = SingleMachine.of([3, 4], [9, -8], [1, 2])
    assert ordino.read("3 9 1\n4 -8 2\n") == expected
    assert ordino.read("Processing Time;Due Date;Weight;job\n3;9;1;a\n4;-8;2;b\n") == expected
    assert ordino.read('{"name": "x", "p": [3, 4], "d": [9, -8], "w": [1, 2]}\n') == expected
    assert ordino.read("3 4 1 2 9 -8\n", format="orlib-wt:n=2") == expected
    released = ordino.read("p,d,r\n3,9,0\n4,8,2\n")
    assert released == SingleMachine.of([3, 4], [9, 8], None, [0, 2])
    with pytest.raises(UsageError, match="no release dates"):
        dump_instance(released, "pd-text")


def test_a_sequence_as_a_solution() -> None:
    instance = SingleMachine.of([3, 4], [9, 8])
    solution, _ = read_solution("1\n0\n", instance)
    assert ordino.check(instance, solution).objective == 0


def golden(jobs: int, factor: float, seed: int) -> SingleMachine:
    return potts_van_wassenhove(jobs=jobs, tardiness_factor=factor, due_date_range=0.2, seed=seed)


def test_the_generator_follows_its_definition() -> None:
    rng = np.random.default_rng(1020)
    times = rng.integers(1, 101, 20)
    low, high = int(times.sum() * 0.3), int(times.sum() * 0.5)
    dues = np.maximum(0, rng.integers(low, high + 1, 20))
    assert golden(20, 0.6, 1020) == SingleMachine.of(times.tolist(), dues.tolist())
    weighted = potts_van_wassenhove(jobs=20, weighted=True, seed=5)
    assert 1 <= weighted.weights.min() <= weighted.weights.max() <= 10
    released = potts_van_wassenhove(jobs=20, release_range=0.5, seed=5)
    assert (released.due_dates >= released.release_dates + released.processing_times).all()
    with pytest.raises(UsageError, match="tardiness_factor"):
        potts_van_wassenhove(tardiness_factor=2.0)


def test_every_public_file_is_recognised(public_data: Path) -> None:
    folder = public_data / "single-machine"
    counts = {
        path.name: len(read_all(path))
        for path in sorted(folder.rglob("*.*"))
        if path.suffix in {".txt", ".jsonl"} and path.parent.name != "SDT_100"
    }
    assert counts == {
        "wt100.txt": 100,
        "wt40.txt": 100,
        "wt50.txt": 100,
        "smtt_100.jsonl": 160,
        "smtt_200.jsonl": 160,
        "smtt_20_normal.jsonl": 532,
        "smtt_20_uniform.jsonl": 640,
        "smtt_500.jsonl": 160,
    }
    originals = sorted((folder / "smtt" / "SDT_100").iterdir())
    assert len(originals) == 40
    known = {instance.fingerprint() for instance in read_all(folder / "smtt" / "smtt_100.jsonl")}
    same = [ordino.read(path).fingerprint() in known for path in originals]
    assert ordino.read(originals[0]).jobs == 100
    assert any(same)


def test_bounds_and_rules_enclose_the_stored_optima(public_data: Path) -> None:
    path = public_data / "single-machine" / "smtt" / "smtt_100.jsonl"
    optima = [json.loads(line)["optimal_total_tardiness"] for line in path.read_text().splitlines()]
    for instance, optimum in list(zip(read_all(path), optima, strict=True))[::8]:
        assert max(each or 0 for each in ordino.compute_bounds(instance).values()) <= optimum
        result = ordino.solve(instance, solver="mdd,edd,spt", time_limit=20)
        assert optimum <= result.objective <= 1.2 * optimum
