"""CSV of buffers and offsets, JSON, the generator, and the command line on them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from kits import tensormemory_placement as kit
from kits.broken import located_error

from ordino.core.errors import InputError, UsageError
from ordino.instances.reading import (
    dump_instance,
    dump_solution,
    read_instance,
    read_solution,
)
from ordino.instances.tensormemory.generate_lifetimes import lifetimes
from ordino.models.tensormemory.lifetimes import Lifetimes
from ordino.models.tensormemory.mapping import Mapping
from ordino.models.tensormemory.placement import Placement
from ordino.solvers.tensormemory.options import adjust

BROKEN = Path(__file__).parents[1] / "data" / "tensormemory" / "broken_buffers"

EXPECTED = {
    "alignment_zero.csv": ":2: alignment: expected at least 1, got 0",
    "column_missing.csv": ":1: the column 'upper' is missing",
    "column_twice.csv": ":1: two columns are called 'lower'",
    "column_unknown.csv": ":1: column 'colour': known: alignment, benefit, gaps, hint, id, low",
    "crossed_interval.csv": ":3: the lifetime from 7 up to, not including, 5 is empty",
    "empty_interval.csv": ":2: the lifetime from 3 up to, not including, 3 is empty",
    "end_and_upper.csv": ":1: the columns upper and end say the same",
    "fixed_offset_not_aligned.csv": ": buffer 0 (a) is fixed at 12, no multiple of its alignment",
    "gap_malformed.csv": ":2: gap '3': expected FROM-TO or FROM-TO@LOW:HIGH",
    "gap_outside_life.csv": ": gap from 7 to 12 of buffer 0 (a): expected an interval within",
    "gap_window_too_high.csv": ": gap from 3 to 5 of buffer 0 (a): window 0 to 8, expected one",
    "gaps_overlap.csv": ": gap from 5 to 8 of buffer 0 (a) starts before the one before ends, at 6",
    "id_twice.csv": ": two buffers are called 'a'",
    "ids_missing.json": ":1:1: some buffers have an id, some have none",
    "negative_benefit.json": ":1:1: benefit 0 is -1, expected at least 0",
    "never_there.csv": ": buffer 0 (a) is never there: its gaps are its whole life",
    "no_buffers.json": ":1:1: expected at least one buffer",
    "no_rows.csv": ":2: expected a row for each buffer below the header",
    "row_too_long.csv": ":2: expected 4 values, got 5",
    "row_too_short.csv": ":2: expected 4 values, got 3",
    "size_beyond_63_bits.csv": ":2: size: 9223372036854775807 is beyond 2^62",
    "size_negative.csv": ":2: size: expected at least 1, got -4",
    "size_of_many_digits.csv": ":2: size: 9999999999999999999999999999",
    "size_zero.csv": ":3: size: expected at least 1, got 0",
    "total_beyond_63_bits.csv": ": the height may reach 5764607523034234885, beyond 2^62",
    "unknown_field.json": ":2:45: buffers[0].sise: unknown field: did you mean size?",
    "word_for_number.csv": ":2: upper: expected an integer, got 'three'",
}


@pytest.mark.parametrize("name", sorted(path.name for path in BROKEN.iterdir()))
def test_each_broken_file_gives_one_located_error(name: str) -> None:
    message = located_error(BROKEN / name, "minimalloc" if name.endswith(".csv") else None)
    assert message.startswith(name + EXPECTED[name])


def test_every_broken_file_is_there() -> None:
    assert sorted(EXPECTED) == sorted(path.name for path in BROKEN.iterdir())


FULL = """size,buffer_id,begin,upper,alignment,hint,gaps,offset
8,a,0,9,4,-1,2-4 5-6@0:3,-1
4,b,2,5,1,12,,16
"""


def test_columns_in_any_order_and_under_any_name() -> None:
    found = read_instance(FULL)
    assert isinstance(found, Lifetimes)
    assert found.buffer_names == ("a", "b")
    assert found.start.tolist() == [0, 2]
    assert found.alignment.tolist() == [4, 1]
    assert found.hint.tolist() == [-1, 12]
    assert found.fixed.tolist() == [-1, 16]
    assert found.gaps.tolist() == [[0, 2, 4, 0, 0], [0, 5, 6, 0, 3]]
    assert read_instance(dump_instance(found, "minimalloc")) == found


def test_ends() -> None:
    text = "id,lower,upper,size\na,0,3,4\n"
    inside = {"half-open": (0, 3), "inclusive": (0, 4), "exclusive": (1, 3)}
    for ends, (start, end) in inside.items():
        found = read_instance(text, f"minimalloc:ends={ends}")
        assert (int(found.start[0]), int(found.end[0])) == (start, end)
    assert read_instance(text.replace("upper", "end")).end.tolist() == [4]
    gap = read_instance("id,start,end,size,gaps\na,0,9,4,3-5\n")
    assert gap.gaps.tolist() == [[0, 3, 6, 0, 0]]
    with pytest.raises(UsageError):
        read_instance(text, "minimalloc:ends=open")


def test_the_name_of_a_file_holds_the_capacity(tmp_path: Path) -> None:
    path = tmp_path / "A.1048576.csv"
    path.write_text("id,lower,upper,size\na,0,3,4\n")
    found = read_instance(str(path))
    assert (found.capacity, found.name) == (1048576, "A")
    assert read_instance(str(path), "minimalloc:memory=5").capacity == 5


def test_a_column_of_benefits_makes_a_mapping() -> None:
    text = "id,lower,upper,size,benefit,tensor\na,0,3,4,7,x\nb,4,6,4,8,x\n"
    found = read_instance(text, "minimalloc:memory=6")
    assert isinstance(found, Mapping)
    assert found.benefit.tolist() == [7, 8]
    assert found.tensor.tolist() == [0, 0]
    assert read_instance(dump_instance(found, "minimalloc"), "minimalloc:memory=6") == found
    assert read_instance(text).capacity == 4
    alone = read_instance("id,lower,upper,size,tensor\na,0,3,4,x\nb,2,6,5,x\n")
    assert isinstance(alone, Mapping)
    assert (alone.capacity, alone.benefit.tolist()) == (9, [4, 5])


def test_a_mapping_takes_its_capacity_from_the_option(call, tmp_path: Path) -> None:
    path = tmp_path / "map.csv"
    path.write_text("id,lower,upper,size,benefit\na,0,3,4,7\nb,0,6,4,8\n")
    row = {"start": 0, "end": 3, "size": 4}
    rows = [row | {"benefit": 7}, row | {"benefit": 8}]
    data = {"ordino": 1, "family": "tensormemory", "type": "mapping", "buffers": rows}
    (tmp_path / "map.json").write_text(json.dumps(data))
    for name in ("map.csv", "map.json"):
        done = call("solve", tmp_path / name, "--capacity", 4, "--time-limit", 20, "--json")
        assert json.loads(done.out)["objective"] == 7


@given(kit.tiny())
def test_instances_survive_csv(instance: Lifetimes | Mapping) -> None:
    text = dump_instance(instance, "minimalloc")
    capacity = instance.capacity
    format = "minimalloc" if capacity is None else f"minimalloc:memory={capacity}"
    assert read_instance(text, format) == instance
    assert read_instance(dump_instance(instance)) == instance


def test_offsets() -> None:
    found = read_instance(FULL)
    placement = Placement([4, 16])
    text = dump_solution(found, placement, "offsets")
    assert text.splitlines()[1] == "a,0,9,8,4,-1,2-4 5-6@0:3,4"
    assert read_solution(text, found) == (placement, None)
    assert read_solution("offset,id\n16,b\n4,a\n", found)[0] == placement
    for text, message in (
        ("id,offset\na,4\n", r"buffer 1 \(b\) has no offset"),
        ("id,offset\na,4\na,4\nb,3\n", ":3: buffer 'a' has an offset already"),
        ("id,offset\nz,4\n", ":2: the instance has no buffer 'z'"),
        ("id,offset\na,x\n", ":2: offset: expected an integer, got 'x'"),
    ):
        with pytest.raises(InputError, match=message):
            read_solution(text, found)


def test_names_that_csv_can_not_hold() -> None:
    named = Lifetimes.of([0], [1], [1], buffer_names=["a,b"])
    with pytest.raises(UsageError, match="can't hold the name 'a,b'"):
        dump_instance(named, "minimalloc")
    assert read_instance(dump_instance(named)) == named


def test_an_alignment_comes_on_top_of_the_file_s() -> None:
    found = Lifetimes.of([0, 0], [1, 1], [4, 4], alignment=[8, 6])
    assert adjust(found, alignment=4).alignment.tolist() == [8, 12]
    assert adjust(adjust(found, alignment=4), alignment=4).alignment.tolist() == [8, 12]
    for wrong in (0, -4, 2**61 - 1, 2**70):
        with pytest.raises(UsageError, match=r"alignment|height|2\^62"):
            adjust(found, alignment=wrong)


def test_generated_lifetimes() -> None:
    found = lifetimes(buffers=200, gaps=0.3, fixed=0.1, alignment=16, seed=2)
    assert found.buffers == 200
    assert found.gaps.size
    assert 0 < (found.fixed >= 0).sum() < 200
    for wrong in ({"buffers": 0}, {"skips": 2}, {"steps": -1}):
        with pytest.raises(UsageError):
            lifetimes(**wrong)


def test_the_command_line(call, tmp_path: Path) -> None:
    path, out = tmp_path / "some.csv", tmp_path / "out.csv"
    path.write_text(dump_instance(kit.sample(), "minimalloc"))
    done = call("solve", path, "--time-limit", 20, "--json")
    assert done.code == 0
    result = json.loads(done.out)
    assert result["status"] == "optimal"
    load = kit.sample().load
    assert result["objective"] >= load
    assert call("solve", path, "--capacity", load - 1, "--time-limit", 20).code == 3
    assert call("info", path).code == 0
    instance = read_instance(str(path))
    text = dump_solution(instance, Placement(result["solution"]["offset"]), "offsets")
    out.write_text(text)
    assert call("check", path, out).code == 0
    assert call("check", path, out, "--capacity", result["objective"] - 1).code == 6
    assert call("draw", path, out, tmp_path / "map.svg").code == 0
    assert "<svg" in (tmp_path / "map.svg").read_text()
    assert call("solve", BROKEN / "size_zero.csv").code == 5
    assert call("solve", path, "--goal", "mapping", "--time-limit", 5).code == 2
    done = call(
        "solve", path, "--goal", "mapping", "--capacity", "50%", "--time-limit", 5, "--json"
    )
    assert done.code == 0
    assert 0 < json.loads(done.out)["objective"] < int(kit.sample().size.sum())


@pytest.mark.parametrize("capacity", [None, 10**6])
def test_json_of_a_mapping_names_its_type(capacity: int | None) -> None:
    found = replace(kit.sample(), capacity=capacity)
    kind = "lifetimes"
    if capacity is not None:
        assert json.loads(dump_instance(Mapping.of(found)))["type"] == "mapping"
    assert json.loads(dump_instance(found))["type"] == kind
