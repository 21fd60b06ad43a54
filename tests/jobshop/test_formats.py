"""Formats of the job shop: what they read, write, recognise and refuse."""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path

import numpy as np
import pytest
from kits.broken import located_error

import ordino
from ordino.core.errors import InputError, UsageError
from ordino.instances.jobshop.bundled import load, names
from ordino.instances.reading import dump_instance, read_all, read_solution
from ordino.models.jobshop.problem import JobShop
from ordino.models.jobshop.shop import Shop

BROKEN = Path(__file__).parents[1] / "data" / "jobshop" / "broken"

EXPECTED = {
    "binary.txt": ":2: binary data, expected text",
    "birgin_cycle.txt": ": precedences of job 0 form a cycle: operations 1 -> 2 -> 1",
    "birgin_no_alternatives.txt": ":5:1: operation 1 has no alternatives, expected at least one",
    "birgin_operation_out_of_range.txt": ":3:3: expected an operation from 0 to 2, got 3",
    "empty.txt": ":1: empty, expected an instance",
    "fjs_jobs_missing.fjs": ":4: expected 3 jobs, got 2",
    "fjs_line_too_long.fjs": ":2:15: expected the end of job 0 behind 2 operations",
    "fjs_machine_twice.fjs": ":3:9: operation 0 of job 1 has two alternatives on machine 1",
    "fjs_machine_zero.fjs": ":3:5: expected a machine from 1 to 2, got 0; machines are numbered",
    "fjs_negative_duration.fjs": ":3:7: expected a duration of at least 0, got -5",
    "fjs_no_alternatives.fjs": ":2:9: operation 1 of job 0 has no alternatives, expected at lea",
    "fjs_truncated_line.fjs": ":3:10: expected 2 alternatives (machine, duration) of operation 0",
    "flow_machine_missing.txt": ":5: expected durations on 3 machines, got 2",
    "fraction.txt": ":2:7: expected an integer, got '2.5'",
    "header_beyond_memory.txt": ": expected 1 to 1000000 machines, got 1000000000000",
    "header_huge.txt": ":1:1: no known format",
    "header_too_long.txt": ":1:1: no known format",
    "huge_duration.txt": ":2:7: 99999999999999999999 is beyond 2^62",
    "job_too_many.txt": ":4:1: expected the end of the file after 2 jobs",
    "jobs_missing.txt": ":4: expected 3 jobs, got 2",
    "line_too_long.txt": ":3:13: expected 6 numbers (machine, duration, …",
    "line_truncated.txt": ":3:10: expected 6 numbers (machine, duration, …",
    "machine_out_of_range.json": ":2:31: jobs[1][0][0]: expected an integer of at most 1, got 5",
    "machine_out_of_range.txt": ":2:9: expected a machine from 0 to 2, got 3",
    "machine_repeated.txt": ":2:9: job 0 is on machine 1 twice and never on 2",
    "machines_beyond_memory.json": ":1:48: machines: expected an integer of at most 1000000",
    "million_digits.json": ": a number has thousands of digits",
    "negative_duration.txt": ":2:7: expected a duration of at least 0, got -2",
    "nested_deeply.json": ": no valid JSON: nested too deeply",
    "no_jobs.json": ":2:10: jobs: expected at least one job",
    "no_machines.txt": ":1:1: no known format",
    "not_a_number.json": ":1:50: NaN is no JSON number",
    "not_utf8.txt": ":3: not UTF-8 text",
    "operation_of_three.json": ":2:20: jobs[0][1]: expected 2 items, got 3",
    "other_version.json": ":1:12: ordino: expected version 1, got 2",
    "prose.txt": ":1:1: no known format",
    "reentrant_empty_job.txt": ":3:1: job 1 has no operations",
    "reentrant_odd_line.txt": ":3:6: expected a duration after the last machine",
    "shop_cycle.json": ":2:63: jobs[0].precedences: precedences of job 0 form a cycle:",
    "shop_downtimes_overlap.json": ":3:27: downtimes[1]: machine 0: downtimes 3 to 9 and 5 to 12",
    "shop_no_alternatives.json": ":2:37: jobs[0].operations[1]: an operation without alternatives",
    "shop_setups_not_square.json": ":3:42: setups.times[0]: expected a square matrix, 1 x 1",
    "superscript_header.txt": ":1:1: no known format",
    "taillard_machine_out_of_range.txt": ":7:3: expected a machine from 1 to 2",
    "taillard_machine_repeated.txt": ":7:3: job 1 is on machine 2 twice and never on 1",
    "taillard_truncated.txt": ":7: expected 2 jobs, got 1",
    "total_beyond_63_bits.txt": ": the end of a schedule may reach 8000000000000000009",
    "truncated.json": ":2:36: no valid JSON",
    "unknown_family.json": ":1:25: family: no family 'jobshp': did you mean jobshop?",
    "unknown_field.json": ":2:38: release_date: unknown field: did you mean release_dates?",
    "white_space.txt": ":3: empty, expected an instance",
    "word_for_number.txt": ":2:5: expected an integer, got 'one'",
    "word_in_json.json": ':3:16: jobs[1][0][1]: expected an integer, got "four"',
}


@pytest.mark.parametrize("name", sorted(path.name for path in BROKEN.iterdir()))
def test_each_broken_file_gives_one_located_error(name: str) -> None:
    message = located_error(BROKEN / name)
    assert message.startswith(name + EXPECTED[name])


def test_every_broken_file_is_there() -> None:
    assert sorted(EXPECTED) == sorted(path.name for path in BROKEN.iterdir())


def test_a_standard_file_with_comments_and_odd_white_space() -> None:
    shop = ordino.read("# a comment\n\n  2\t2 \n 0 3  1 2\r\n\t1 4 0 1\n")
    assert shop == JobShop.of([[(0, 3), (1, 2)], [(1, 4), (0, 1)]])


def test_a_reentrant_file_with_end_marks() -> None:
    shop = ordino.read("2 2\n0 1 1 2 0 3 -1 -1\n1 5 -1 -1\n")
    assert shop == JobShop.of([[(0, 1), (1, 2), (0, 3)], [(1, 5)]])


TAILLARD = """\
Nb of jobs, Nb of Machines, Time seed, Machine seed, Upper bound, Lower bound :
 2 2 840612802 398197754 10 5
Times
 94 66
 10 53
Machines
 2 1
 1 2
"""


def test_a_file_of_taillard_with_and_without_words() -> None:
    expected = JobShop.of([[(1, 94), (0, 66)], [(0, 10), (1, 53)]])
    assert ordino.read(TAILLARD) == expected
    plain = "2 2\n94 66\n10 53\n2 1\n1 2\n"
    assert ordino.read(plain, format="taillard") == expected
    with pytest.raises(InputError, match="may be taillard or pd-text: say which with --format"):
        ordino.read(plain)
    assert ordino.read("1 3\n7 8 9\n3 1 2\n") == JobShop.of([[(2, 7), (0, 8), (1, 9)]])


def test_a_file_of_taillard_with_several_instances(tmp_path: Path) -> None:
    path = tmp_path / "tai2_2.txt"
    path.write_text(TAILLARD * 3)
    assert [shop.name for shop in read_all(path)] == ["tai2_2#1", "tai2_2#2", "tai2_2#3"]
    assert ordino.read(f"{path}#2").name == "tai2_2#2"
    with pytest.raises(InputError, match="holds 3 instances"):
        ordino.read(str(path))
    with pytest.raises(InputError, match="there is no #4"):
        ordino.read(f"{path}#4")


def test_text_formats_refuse_what_they_cannot_hold() -> None:
    dated = JobShop.of([[(0, 1)]], due_dates=[3])
    with pytest.raises(UsageError, match="use json"):
        dump_instance(dated, "jsp")
    reentrant = JobShop.of([[(0, 1), (0, 2)]])
    with pytest.raises(UsageError, match="jsp-reentrant"):
        dump_instance(reentrant, "taillard")
    assert ordino.read(dump_instance(reentrant, "jsp-reentrant")) == reentrant


def test_a_solution_as_start_times() -> None:
    shop = JobShop.of([[(0, 3), (1, 2)], [(1, 4)]])
    solution, result = read_solution("0 4\n0\n", shop)
    assert result is None
    assert ordino.check(shop, solution).objective == 6
    with pytest.raises(InputError, match=r"expected 2 start times of job 0, got 1"):
        read_solution("0\n0\n", shop)


def test_streams_and_standard_names() -> None:
    stream = io.StringIO("1 1\n0 7\n")
    assert ordino.read(stream) == JobShop.of([[(0, 7)]])
    assert ordino.read(io.BytesIO(b"1 1\n0 7\n")) == JobShop.of([[(0, 7)]])
    assert ordino.read("ft06").name == "ft06"


def test_oversized_input_is_refused_unless_allowed() -> None:
    text = "1 1\n0 7\n" + "\n" * 1000
    with pytest.raises(InputError, match="--max-size"):
        ordino.read(io.StringIO(text), max_bytes=100)
    assert ordino.read(io.StringIO(text), max_bytes=2000).operations == 1


@pytest.mark.parametrize(
    "name", ["", "no-such-instance", "no/such/file", "ft10#3", "x" * 5000, "a\0b"]
)
def test_what_does_not_exist_is_an_input_error(name: str) -> None:
    with pytest.raises(InputError):
        ordino.read(name)


def test_bundled_shops_have_their_published_sizes_and_bounds() -> None:
    assert len(names()) == 83
    sizes = {name: (load(name).jobs, load(name).machines) for name in ("ft06", "ft10", "ft20")}
    assert sizes == {"ft06": (6, 6), "ft10": (10, 10), "ft20": (20, 5)}
    assert load("ta01").duration[:5].tolist() == [94, 66, 10, 53, 26]
    for name in names():
        reference = ordino.instances.jobshop.bundled.best_known(name)
        assert max(ordino.compute_bounds(load(name)).values()) <= reference.upper_bound
        assert reference.lower_bound <= reference.upper_bound


def test_the_generator_gives_taillards_instances_number_for_number(public_data: Path) -> None:
    files = sorted((public_data / "jobshop" / "ta").glob("ta*.txt"))
    assert len(files) >= 60
    for path in files:
        assert ordino.read(path) == load(path.stem), path.name


def test_the_bundled_seeds_are_the_published_ones(public_data: Path) -> None:
    with (public_data / "jobshop" / "taillard_seeds.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 80
    table = ordino.instances.jobshop.bundled._table()
    for row in rows:
        ours = table[row["instance"]]
        assert (ours["time_seed"], ours["machine_seed"]) == (row["time_seed"], row["machine_seed"])


def test_every_public_file_is_recognised_and_within_its_bounds(public_data: Path) -> None:
    with (public_data / "jobshop" / "bounds.csv").open() as file:
        rows = {row["instance"]: row for row in csv.DictReader(file)}
    paths = [p for p in (public_data / "jobshop").rglob("*.txt") if p.stem in rows]
    assert len(paths) > 200
    for path in paths:
        shop, row = ordino.read(path), rows[path.stem]
        assert (shop.jobs, shop.machines) == (int(row["jobs"]), int(row["machines"]))
        assert shop.operations == int(row["operations"])
        best = max(value for value in ordino.compute_bounds(shop).values())
        assert best <= int(row["best_ub"]), path.name


def test_large_files_are_read_as_fast_as_they_should(public_data: Path) -> None:
    shop = ordino.read("dct-long-100-10000-1")
    assert np.unique(np.diff(shop.job_start)).size > 1


def test_the_order_of_fields_in_json_does_not_matter() -> None:
    shop = ordino.read('{"jobs": [[[0, 7]]], "family": "jobshop", "ordino": 1}\n')
    assert shop == JobShop.of([[(0, 7)]])
    with pytest.raises(InputError, match='the field "ordino" is missing'):
        ordino.read('{"jobs": [[[0, 7]]]}\n')


FLEXIBLE = """\
2 3 1.5
2 2 1 3 3 4 1 2 2
1 2 2 4 1 5
"""
BIRGIN = """\
# two jobs
4 2 2
0 2
1 2
1 0 5
2 0 3 1 4
1 1 4
1 0 7
"""
FLOW = """\
number of jobs, number of machines, initial seed, upper bound and lower bound :
          3           2   873654221        1278        1232
processing times :
 54 83 15
 79  3 11
"""


def test_flexible_shops() -> None:
    expected = Shop.of([[[(0, 3), (2, 4)], [(1, 2)]], [[(1, 4), (0, 5)]]], machines=3)
    assert ordino.read(FLEXIBLE) == expected
    assert ordino.read("2 2\n2 1 1 3 1 2 4\n1 1 1 5\n", format="fjs") == JobShop.of(
        [[(0, 3), (1, 4)], [(0, 5)]]
    )


def test_long_lines_of_alternatives_are_read_at_once() -> None:
    count = 20_000
    pairs = " ".join(f"{machine} 1" for machine in range(1, count + 1))
    began = time.process_time()
    shop = ordino.read(f"1 {count}\n1 {count} {pairs}\n", format="fjs")
    assert time.process_time() - began < 2
    assert shop.machine.tolist() == list(range(count))


def test_jobs_that_are_graphs() -> None:
    shop = ordino.read(BIRGIN)
    assert (shop.jobs, shop.operations, shop.chained) == (2, 4, False)
    assert shop.predecessors == ((), (), (0, 1), ())
    with pytest.raises(UsageError, match="jobs that are chains: use birgin"):
        dump_instance(shop, "fjs")


def test_flow_shops(tmp_path: Path) -> None:
    expected = JobShop.of([[(0, 54), (1, 79)], [(0, 83), (1, 3)], [(0, 15), (1, 11)]])
    assert ordino.read(FLOW) == expected
    assert ordino.read("3 2\n54 83 15\n79 3 11\n", format="taillard-flow") == expected
    (tmp_path / "tai3_2.txt").write_text(FLOW * 2)
    assert [each.name for each in read_all(tmp_path / "tai3_2.txt")] == ["tai3_2#1", "tai3_2#2"]


def test_text_formats_refuse_general_shops_they_cannot_hold() -> None:
    late = Shop.of([[[(0, 1)]]], due_dates=[3], goal="tardiness")
    for format in ("jsp", "fjs", "birgin", "taillard-flow"):
        with pytest.raises(UsageError, match="use json"):
            dump_instance(late, format)


def test_every_public_flexible_shop_is_recognised_and_within_its_bounds(public_data: Path) -> None:
    folder = public_data / "flexible-jobshop"
    with (folder / "bounds.csv").open() as file:
        rows = {row["instance"]: row for row in csv.DictReader(file)}
    assert len(rows) > 250
    for name, row in list(rows.items())[::4]:
        shop = ordino.read(str(folder / f"{name}.fjs"))
        assert (shop.jobs, shop.machines) == (int(row["jobs"]), int(row["machines"]))
        best = max(value or 0 for value in ordino.compute_bounds(shop).values())
        assert best <= int(row["best_ub"]), name
    for path in sorted((folder / "birgin-assembly").glob("*.txt"))[::4]:
        assert isinstance(ordino.read(str(path)), Shop)


def test_names_that_flexible_sets_share_with_classic_ones(public_data: Path) -> None:
    for name in ("la01", "jobshop/la/la01.txt", "la/la01", "la01.txt"):
        assert isinstance(ordino.read(name), JobShop)
    for name in ("flexible-jobshop/hurink/edata/la01.fjs", "edata/la01", "hurink/vdata/la01"):
        assert isinstance(ordino.read(name), Shop)
    with pytest.raises(InputError, match="several files have that name"):
        ordino.read("la01.fjs")
    assert ordino.read("edata/la01") != ordino.read("vdata/la01")
    assert isinstance(ordino.read("mk01"), Shop)
