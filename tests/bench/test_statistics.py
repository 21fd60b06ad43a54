import math

import numpy as np
import pytest
from kits.records import many, record, store

from ordino.bench.compare import compare
from ordino.bench.samples import study
from ordino.bench.statistics import (
    interval_of_mean,
    primal_integral,
    shifted_geometric_mean,
    signed_rank,
)
from ordino.bench.summary import cells, figures, pairs, profiles
from ordino.core.errors import UsageError


def test_shifted_geometric_mean():
    assert shifted_geometric_mean([0.0, 30.0]) == pytest.approx(math.sqrt(10 * 40) - 10)


def test_primal_integral_is_an_area():
    times, gaps = np.array([2.0, 5.0]), np.array([1.0, 0.5, 0.1])
    assert primal_integral(times, gaps, 10.0) == pytest.approx((2 + 3 * 0.5 + 5 * 0.1) / 10)
    assert primal_integral(times, gaps, 4.0) == pytest.approx((2 + 2 * 0.5) / 4)
    assert primal_integral(np.array([]), np.array([1.0]), 4.0) == 1.0


def test_interval_holds_the_mean_and_narrows():
    wide = interval_of_mean([0.0, 1.0] * 5)
    narrow = interval_of_mean([0.0, 1.0] * 500)
    assert wide[0] < 0.5 < wide[1]
    assert narrow[1] - narrow[0] < (wide[1] - wide[0]) / 5
    assert interval_of_mean([1.0]) is None


def test_signed_rank_is_that_of_the_tables():
    # n = 10, all of one sign: 2 / 2^10
    assert signed_rank([float(i) for i in range(1, 11)]) == pytest.approx(2 / 1024)
    assert signed_rank([0.0, 0.0]) is None


def test_figures_of_a_method():
    runs = [
        record(0, "a", 0, objectives=(120, 100)),
        record(0, "a", 1, objectives=(130, 110)),
        record(2, "a", 0, objectives=()),
        record(2, "a", 1, objectives=(), outcome="crashed", message="signal 6"),
        record(0, "b", 0, objectives=(150,)),
    ]
    found = study(runs)
    a, b = figures(found.samples, found.methods)
    assert (a.instances, a.runs, a.failed, a.solved, a.proved) == (2, 4, 1, 0.5, 0.25)
    assert (a.gap, a.gap_instances, a.reached) == (pytest.approx(0.05), 1, 0.0)
    assert a.seconds == pytest.approx(shifted_geometric_mean([2.0, 10.0, 10.0, 10.0]))
    assert b.gap == pytest.approx(0.5)
    gaps = 1.0 * 1 + (20 / 120) * 1 + 0 * 8
    other = 1.0 * 1 + (30 / 130) * 1 + (10 / 110) * 8
    assert a.integral == pytest.approx(((gaps + other) / 2 + 10.0) / 2 / 10)


def test_pairs_count_by_instance_and_none_loses():
    runs = [record(i, "a", objectives=(101,)) for i in range(8)]
    runs += [record(i, "b", objectives=(103,)) for i in range(6)]
    runs += [record(6, "b", objectives=()), record(7, "b", objectives=(101,))]
    (pair,) = pairs((found := study(runs)).samples, found.methods)
    assert (pair.wins, pair.ties, pair.losses) == (7, 1, 0)
    assert pair.difference == pytest.approx(-6 * 0.02 / 7)
    assert pair.p == pytest.approx(2 / 2**6)


def test_levels_decide_in_order():
    runs = [
        record(0, "a", objectives=(5,), objectives_=None) | {"objectives": [5, 9]},
        record(0, "b", objectives=(5,)) | {"objectives": [5, 7]},
    ]
    (pair,) = pairs((found := study(runs)).samples, found.methods)
    assert (pair.wins, pair.ties, pair.losses) == (0, 0, 1)


def test_without_a_known_value_the_best_run_is_the_reference():
    runs = [
        record(0, name, objectives=(value,), known_upper=None)
        for name, value in (("a", 50), ("b", 60))
    ]
    found = study(runs)
    assert found.references == {"0".zfill(64): 50}
    assert len(found.best_here) == 1
    assert [sample.gap for sample in found.samples] == [0.0, pytest.approx(0.2)]


def test_labels_name_what_varies():
    runs = [
        record(0, "a"),
        record(0, "a", time_limit=60.0),
        record(0, "a", settings='{"a": {"pool": 3}}'),
    ]
    assert study(runs).methods == ["a 10 s", "a 60 s", "a a.pool=3 10 s"]
    assert study([runs[0], record(0, "b", version="peer 7")]).methods == ["a", "b"]
    versions = [record(0, "a", version="1"), record(0, "a", version="2")]
    assert study(versions).methods == ["a version 1", "a version 2"]


def test_profiles_start_at_the_best_and_end_at_the_share_solved():
    runs = [record(i, "a", objectives=(100 + i,)) for i in range(4)]
    runs += [record(i, "b", objectives=(100 + 2 * i,)) for i in range(3)]
    found = study(runs)
    quality = profiles(found.samples, found.methods, "quality")
    assert quality["a"] == (pytest.approx([0.0, 0.01, 0.02, 0.03]), [0.25, 0.5, 0.75, 1.0])
    assert quality["b"][1][-1] == 0.75
    times = profiles(found.samples, found.methods, "time")
    assert times == {"a": ([1.0], [0.25]), "b": ([1.0], [0.25])}


def test_cells_take_the_mean_over_seeds():
    found = cells(
        study([record(0, "a", s, objectives=(v,)) for s, v in ((0, 110), (1, 120))]).samples
    )
    (cell,) = found.values()
    assert (cell.mean, cell.best.objective, cell.gap) == (115, 110, pytest.approx(0.15))


def test_compare_finds_what_became_worse(tmp_path):
    before = [record(i, "a", objectives=(100,)) for i in range(6)]
    after = [record(i, "a", objectives=(100,)) for i in range(3)]
    after += [
        record(3, "a", objectives=(102,), version="9"),
        record(4, "a", objectives=()),
        record(5, "a", objectives=(100,), status="feasible"),
        record(9, "a"),
    ]
    first, second = store(tmp_path / "a", before), store(tmp_path / "b", after)
    found = compare(first, second, 0.01)
    told = [(each.instance, each.what) for each in found.regressions]
    assert told == [
        ("i3", "objective"),
        ("i3", "no proof on any seed"),
        ("i4", "no solution on every seed"),
        ("i4", "no proof on any seed"),
        ("i5", "no proof on any seed"),
    ]
    (change,) = found.changes
    assert (change.better, change.same, change.worse) == (0, 4, 2)
    assert (found.only_before, found.only_after) == (0, 1)
    assert not compare(second, second, 0.0).regressions
    assert [each.what for each in compare(first, second, 0.05).regressions].count("objective") == 0


def test_compare_takes_another_limit_and_says_so(tmp_path):
    first = store(tmp_path / "a", [record(0, "a")])
    second = store(tmp_path / "b", [record(0, "a", time_limit=5.0)])
    assert compare(first, second, 0.0).differences == ["time_limit: 10.0 before, 5.0 after"]


def test_compare_needs_something_in_common(tmp_path):
    first, second = store(tmp_path / "a", [record(0, "a")]), store(tmp_path / "b", many(3)[1:])
    with pytest.raises(UsageError, match="no run in common"):
        compare(first, second, 0.0)
