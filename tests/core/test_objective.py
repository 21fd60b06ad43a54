"""Values, bounds and gaps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordino.core.objective import Level, Objective

ONE = Objective.of("makespan")
REAL = Objective.of("cost", integral=False)
THREE = Objective((Level("placed"), Level("moved"), Level("cost", integral=False)))


@pytest.mark.parametrize(
    ("value", "bound", "gap"),
    [
        (100, (90,), 0.1),
        (100, (100,), 0.0),
        (0, (0,), 0.0),
        (0, (-5,), None),
        (100, None, None),
        (None, (5,), None),
        (-100, (-110,), 0.1),
    ],
)
def test_gaps(value: int | None, bound: tuple[int] | None, gap: float | None) -> None:
    assert ONE.gap(value, bound) == gap


def test_the_gap_of_several_levels_is_that_of_the_first_open_one() -> None:
    assert THREE.gap((10, 20, 30.0), (10, 15)) == 0.25
    assert THREE.gap((10, 20, 30.0), (8,)) == 0.2
    assert THREE.gap((10, 20, 30.0), (10,)) is None
    assert THREE.gap((10, 20, 30.0), (10, 20, 30.0)) == 0.0


@pytest.mark.parametrize(
    ("bound", "rounded"),
    [
        (4.2, (5,)),
        (4.0000001, (4,)),
        (-3.5, (-3,)),
        (float("-inf"), None),
        (float("nan"), None),
        (7, (7,)),
        (2**58 + 3, (2**58 + 3,)),
        (float(2**58), (2**58 - 64,)),
    ],
)
def test_integral_bounds_are_rounded_up(bound: float, rounded: tuple[int] | None) -> None:
    assert ONE.round_bound(bound) == rounded


def test_bounds_of_several_levels_end_at_the_first_unknown() -> None:
    assert THREE.round_bound((3.2, None, 5.0)) == (4,)
    assert THREE.round_bound((3, 4.5)) == (3, 5)
    assert THREE.round_bound((3, 4, 5.5)) == (3, 4, 5.5)


def test_a_level_counts_only_where_all_earlier_ones_are_proved() -> None:
    assert THREE.public_bound((5, 9, 1.0), (4, 8)) == (4, None, None)
    assert THREE.public_bound((4, 9, 1.0), (4, 8)) == (4, 8, None)
    assert THREE.public_bound(None, (4,)) == (4, None, None)
    assert ONE.public_bound(None, (4,)) == 4


def test_real_values_close_at_a_relative_tolerance() -> None:
    assert REAL.closed(1e6, (1e6 - 0.5,))
    assert not REAL.closed(1e6, (1e6 - 2.0,))
    assert not ONE.closed(10**6, (10**6 - 1,))


def test_contradictions() -> None:
    assert ONE.contradicts(10, (11,))
    assert not ONE.contradicts(10, (10,))
    assert THREE.contradicts((4, 2, 0.0), (4, 3))
    assert not THREE.contradicts((5, 2, 0.0), (4, 3))


values = st.tuples(st.integers(-5, 5), st.integers(-5, 5), st.integers(-5, 5).map(float))


@given(values, values)
def test_a_value_never_contradicts_a_bound_that_is_no_better(value, other) -> None:
    assert THREE.contradicts(value, other) == (value < other)
    assert THREE.closed(value, other) == (
        value[0] <= other[0] and value[1] <= other[1] and value[2] <= other[2] + 1e-6
    )
