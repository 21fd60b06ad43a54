"""Lifetimes, mappings and their checker, against hand-made placements."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from kits import tensormemory_placement as kit

import ordino
from ordino.core.errors import InstanceError, UsageError
from ordino.models.tensormemory.lifetimes import FREE, Lifetimes
from ordino.models.tensormemory.mapping import Mapping
from ordino.models.tensormemory.placement import ABSENT, Placement
from ordino.models.tensormemory.placement_check import check_lifetimes, check_mapping
from ordino.models.tensormemory.sections import sections
from ordino.solvers.tensormemory.options import adjust

FOUR = Lifetimes.of(
    [0, 3, 0, 4],
    [3, 9, 9, 6],
    [4, 4, 3, 2],
    alignment=[1, 1, 2, 1],
    fixed=[FREE, FREE, FREE, 7],
    buffer_names="abcd",
)
GAPS = Lifetimes.of([0, 2, 5], [9, 4, 7], [4, 4, 2], gaps=[(0, 2, 4, 0, 0), (0, 5, 7, 0, 2)])
"""The second buffer is alive while the first one is away, the third while it has two bytes."""


@pytest.mark.parametrize(
    ("instance", "offset", "height"),
    [
        (FOUR, (0, 0, 4, 7), 9),
        (FOUR, (4, 9, 0, 7), 13),
        (GAPS, (0, 0, 2), 4),
        (GAPS, (0, 2, 4), 6),
    ],
)
def test_right_placements(instance: Lifetimes, offset: tuple, height: int) -> None:
    report = check_lifetimes(instance, Placement(offset))
    assert report.violations == ()
    assert report.objective == height
    assert check_lifetimes(replace(instance, capacity=height), Placement(offset)).objective == 0


@pytest.mark.parametrize(
    ("instance", "offset", "kind", "message"),
    [
        (FOUR, (0, 0, 4), "shape", "expected 4 offsets, got 3"),
        (FOUR, (-1, 0, 4, 7), "address", "buffer 0 (a) is at -1, expected at least 0"),
        (FOUR, (0, 0, 5, 8), "alignment", "buffer 2 (c) is at 5, no multiple of 2"),
        (FOUR, (0, 0, 4, 8), "fixed", "buffer 3 (d) is at 8, expected its fixed offset 7"),
        (FOUR, (0, 0, 2, 7), "overlap", "share bytes at time"),
        (FOUR, (0, 4, 0, 7), "overlap", "buffer 3 (d) at 7 to 9 and buffer 1 (b) at 4 to 8"),
        (GAPS, (0, 0, 1), "overlap", "buffer 2 at 1 to 3 and buffer 0 at 0 to 2 share bytes at"),
        (replace(FOUR, capacity=8), (0, 0, 4, 7), "capacity", "ends at 9, beyond 8"),
    ],
)
def test_wrong_placements(instance: Lifetimes, offset: tuple, kind: str, message: str) -> None:
    report = check_lifetimes(instance, Placement(offset))
    assert report.objective is None
    found = [each for each in report.violations if each.kind == kind]
    assert found
    assert any(message in each.message for each in found)


SMALL = Lifetimes.of([0, 0, 2], [3, 3, 5], [4, 5, 4], capacity=8)


def test_mappings() -> None:
    mapping = Mapping.of(SMALL, [5, 9, 3], [0, 1, 0])
    assert check_mapping(mapping, Placement([ABSENT] * 3)).objective == 17
    assert check_mapping(mapping, Placement([0, ABSENT, ABSENT])).objective == 12
    assert check_mapping(mapping, Placement([ABSENT, 3, ABSENT])).objective == 8
    twice = check_mapping(mapping, Placement([0, ABSENT, 4]))
    assert "buffer 2 and buffer 0, of tensor 0, are both in fast memory at 2" in str(twice)
    assert check_mapping(Mapping.of(SMALL), Placement([0, ABSENT, 4])).objective == 5
    over = check_mapping(mapping, Placement([ABSENT, 4, ABSENT]))
    assert [each.kind for each in over.violations] == ["capacity"]
    both = check_mapping(mapping, Placement([0, 3, ABSENT]))
    assert [each.kind for each in both.violations] == ["overlap"]


@pytest.mark.parametrize(
    ("columns", "more", "message"),
    [
        (([], [], []), {}, "at least one buffer"),
        (([0], [0], [1]), {}, "buffer 0 ends at 0, not after its start at 0"),
        (([0], [1], [0]), {}, "size 0 is 0, expected at least 1"),
        (([0], [1, 2], [1]), {}, "expected 1 ends, got 2"),
        (([0], [1], [1]), {"alignment": 0}, "alignment 0 is 0"),
        (([0], [1], [1]), {"fixed": [1], "alignment": 2}, "fixed at 1, no multiple"),
        (([0], [1], [1]), {"capacity": -1}, "capacity is -1"),
        (([0], [1], [2**61]), {"alignment": 2**61}, "may reach 4611686018427387904"),
        (([0], [9], [4]), {"gaps": [(1, 2, 3, 0, 0)]}, "a gap of buffer 1, which there is not"),
        (([0], [9], [4]), {"gaps": [(0, 2, 2, 0, 0)]}, "gap from 2 to 2 of buffer 0: expected an"),
        (([0], [9], [4]), {"gaps": [(0, 2)]}, "expected rows of buffer, start"),
        (([0], [9], [4]), {"buffer_names": ["a", "b"]}, "expected 1 buffer names, got 2"),
    ],
)
def test_instances_that_are_none(columns: tuple, more: dict, message: str) -> None:
    with pytest.raises(InstanceError, match=message):
        Lifetimes.of(*columns, **more)


def test_mappings_that_are_none() -> None:
    with pytest.raises(InstanceError, match="expected a capacity"):
        Mapping.of(replace(SMALL, capacity=0))
    with pytest.raises(InstanceError, match=r"buffer 3 \(d\) has a fixed offset"):
        Mapping.of(replace(FOUR, capacity=9))
    with pytest.raises(InstanceError, match="benefit 1 is -1"):
        Mapping.of(SMALL, [1, -1, 1])


def test_problem_options() -> None:
    assert adjust(FOUR, capacity="1KiB").capacity == 1024
    assert adjust(FOUR, capacity="50%").capacity == 4
    assert adjust(SMALL, goal="height").capacity is None
    mapping = adjust(SMALL, goal="mapping")
    assert isinstance(mapping, Mapping)
    assert mapping.benefit.tolist() == [4, 5, 4]
    assert adjust(mapping, capacity=9).capacity == 9
    assert adjust(mapping, goal="fit") == SMALL
    assert adjust(SMALL, alignment=4).alignment.tolist() == [4, 4, 4]
    for options in (
        *({"goal": "fun"}, {"goal": "fit"}, {"goal": "height", "capacity": 9}),
        *({"capacity": "much"}, {"capacity": -1}, {"order": "fixed"}, {"alignment": 4}),
    ):
        with pytest.raises(UsageError):
            adjust(FOUR, **options)


@given(kit.buffers())
def test_sections_are_the_maximal_sets_that_are_alive_at_one_time(instance: Lifetimes) -> None:
    found = sections(instance)
    pieces = found.pieces.tolist()
    alive = [
        frozenset(k for k, (_, s, e, _, _) in enumerate(pieces) if s <= t < e) for t in range(10)
    ]
    maximal = {one for one in alive if one and not any(one < other for other in alive)}
    assert {frozenset(each) for each in found.members()} == maximal
    assert len(found.members()) == len(maximal)
    start, near = found.meets()
    for i in range(instance.buffers):
        met = {pieces[k][0] for one in alive if any(pieces[k][0] == i for k in one) for k in one}
        assert set(near[start[i] : start[i + 1]].tolist()) == met - {i}
    pairs = {(k, j) for one in alive for k in one for j in one if k < j}
    assert found.pairs == len(pairs)
    loads = [sum(pieces[k][4] - pieces[k][3] for k in one) for one in alive]
    assert instance.load == max(loads)


def test_pictures_show_what_is_in_memory() -> None:
    from ordino.models.tensormemory.scene import scene

    drawn = scene(GAPS, Placement((0, 0, 2)))
    assert [bar.span for bar in drawn.bars] == [(0, 4), (0, 4), (0, 2), (0, 4), (0, 4), (2, 4)]
    assert drawn.height == 4
    mapping = Mapping.of(SMALL)
    drawn = scene(mapping, Placement([0, ABSENT, 4]))
    assert [bar.label for bar in drawn.bars] == ["0", "2"]
    assert "benefit 8 of 13" in drawn.title


def test_a_hundred_thousand_buffers_are_checked_in_seconds() -> None:
    random = np.random.default_rng(1)
    begin = random.integers(0, 10**6, 100_000)
    instance = Lifetimes.of(begin, begin + 5, np.full(100_000, 8))
    found = ordino.check(instance, Placement(8 * np.arange(100_000)))
    assert found.objective == 800_000
