"""The tabu search: its arithmetic against full recomputation, its answers against brute force."""

from __future__ import annotations

import itertools
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from kits.jobshop import brute_force, classic

import ordino
from ordino.core.budget import Budget
from ordino.core.errors import UsageError
from ordino.core.incumbent import Incumbent
from ordino.heuristics.jobshop import tabu_kernels as kernels
from ordino.heuristics.jobshop.dispatching import mwkr
from ordino.heuristics.jobshop.pool import Member, Pool
from ordino.heuristics.jobshop.slots import Slots
from ordino.heuristics.jobshop.tabu import tabu
from ordino.heuristics.jobshop.tabu_search import TabuSearch
from ordino.instances.jobshop.generate import taillard
from ordino.models.jobshop.bounds import one_machine
from ordino.models.jobshop.check import check
from ordino.models.jobshop.problem import JobShop


def random_shop(seed: int, *, jobs: int = 12, machines: int = 5) -> JobShop:
    """Jobs of any length that pass machines repeatedly or never, zero durations, release dates."""
    rng = np.random.default_rng(seed)
    return JobShop.of(
        [
            [
                (int(rng.integers(machines)), int(rng.integers(10)))
                for _ in range(rng.integers(1, 12))
            ]
            for _ in range(jobs)
        ],
        machines=machines + 1,
        release_dates=rng.integers(0, 30, jobs).tolist(),
    )


def random_order(shop: JobShop, rng: np.random.Generator) -> Any:
    """The slots in any order that the jobs allow."""
    following = shop.job_start[:-1].copy()
    order = []
    for job in rng.permutation(shop.job):
        order.append(following[job] + job + 1)
        following[job] += 1
    return np.array(order)


def searching(shop: JobShop, seed: int = 1, *, neighbourhood: int = 1) -> TabuSearch:
    """A search that has started at a random schedule."""
    rng = np.random.default_rng(seed)
    slots = Slots(shop)
    search = TabuSearch(slots, kernels, rng, neighbourhood=neighbourhood)
    search.start(random_order(shop, rng))
    return search


def longest_paths(search: TabuSearch) -> Any:
    """Values from the links alone, in both directions, by relaxation until nothing changes."""
    slots = search._slots
    value = slots.values()
    changed = True
    while changed:
        changed = False
        for d, i in itertools.product(range(2), slots.slot.tolist()):
            step = 1 - 2 * d
            longest = max(value[d, i - step], value[d, search._link[d, i]]) + slots.duration[i]
            changed |= bool(longest != value[d, i])
            value[d, i] = longest
    return value


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("neighbourhood", [0, 1, 2])
def test_after_thousands_of_moves_all_is_as_if_computed_anew(seed: int, neighbourhood: int) -> None:
    shop = random_shop(seed, jobs=16, machines=8)
    search = searching(shop, seed, neighbourhood=neighbourhood)
    nobody = search._slots.count - 1
    rng = np.random.default_rng(seed)
    for _ in range(20):
        if search.advance(150, 10**9):
            search.start(random_order(shop, rng))
        assert sorted(search._order.tolist()) == search._slots.slot.tolist()
        place, link = search._place, search._link
        assert (place[search._order] == np.arange(shop.operations)).all()
        for i in search._slots.slot.tolist():
            before, after = link[0, i], link[1, i]
            assert before == nobody or (link[1, before] == i and place[before] < place[i])
            assert after == nobody or (link[0, after] == i and place[after] > place[i])
            assert place[i - 1] < place[i]
        assert (search._value[:, :nobody] == longest_paths(search)[:, :nobody]).all()
        assert search._value[0].max() >= search.best
    assert search.moves > 1000
    start = search.best_start()
    assert (start + shop.duration).max() == search.best


def test_a_move_is_estimated_as_its_paper_says() -> None:
    """Heads and tails of the operations that change places, all others as they are."""
    search = searching(random_shop(3))
    search.advance(50, 10**9)
    duration, value, link = search._slots.duration, search._value, search._link
    nobody = search._slots.count - 1
    scratch = np.zeros((2, search._order.size), np.int64)
    compared = 0
    for d, a in itertools.product(range(2), search._slots.slot.tolist()):
        step, passed = 1 - 2 * d, []
        b = int(link[1 - d, a])
        while b != nobody:
            passed.append(b)
            sequence = [*passed, a]
            head, heads = value[d, link[d, a]], []
            for i in sequence:
                heads.append(max(head, value[d, i - step]))
                head = heads[-1] + duration[i]
            tail, expected = value[1 - d, link[1 - d, b]], 0
            for i, head in zip(reversed(sequence), reversed(heads), strict=True):
                tail = max(tail, value[1 - d, i + step]) + duration[i]
                expected = max(expected, head + tail)
            assert kernels._estimate(d, a, b, duration, value, link, scratch, 2**62) == expected
            assert kernels._estimate(d, a, b, duration, value, link, scratch, 5) > min(
                5, expected - 1
            )
            compared += 1
            b = int(link[1 - d, b])
    assert compared > 200


def test_a_move_that_would_make_a_cycle_is_seen() -> None:
    """Each pair on a machine, against a search for a path between them; most durations are 0."""
    seen = 0
    for seed in range(20):
        shop = random_shop(seed, jobs=6, machines=3)
        few = (shop.duration > 7).astype(np.int64)
        search = searching(replace(shop, duration=few), seed)
        value, link, nobody = search._value, search._link, search._slots.count - 1

        def reaches(d: int, i: int, goal: int, search: TabuSearch = search) -> bool:
            if i == goal or search._place[i] < 0:
                return i == goal
            step = 1 - 2 * d
            return reaches(d, i + step, goal) or reaches(d, int(search._link[1 - d, i]), goal)

        for d, a in itertools.product(range(2), search._slots.slot.tolist()):
            b = int(link[1 - d, a])
            while b != nobody:
                if reaches(d, a + 1 - 2 * d, b):
                    seen += 1
                    assert kernels._may_make_cycle(d, a, b, search._slots.duration, value)
                b = int(link[1 - d, b])
    assert seen > 200


def test_it_makes_no_difference_how_moves_are_sliced() -> None:
    shop = taillard(jobs=10, machines=10, seed=1)
    whole, sliced = searching(shop), searching(shop)
    whole.advance(3000, 10**9)
    while sliced.moves < 3000:
        sliced.advance(min(7, 3000 - sliced.moves), 10**9)
    assert (whole._order == sliced._order).all()
    assert (whole.best_order == sliced.best_order).all()


def test_the_way_between_two_schedules_is_made_of_schedules() -> None:
    rng = np.random.default_rng(1)
    shop = random_shop(1)
    slots = Slots(shop)
    one, other = random_order(shop, rng), random_order(shop, rng)

    def distance(a: Any, b: Any) -> int:
        found = int(kernels.distance(slots.machine, slots.loads, a, b))
        place_a, place_b = np.argsort(a), np.argsort(b)
        ranks = sorted(range(len(a)), key=a.__getitem__)
        machines = slots.machine[a[place_a]]
        assert ranks == place_a.tolist()
        pairs = itertools.combinations(range(len(a)), 2)
        assert found == sum(
            machines[i] == machines[j] and (place_a[i] < place_a[j]) != (place_b[i] < place_b[j])
            for i, j in pairs
        )
        return found

    whole = distance(one, other)
    assert distance(one, one) == 0
    last = 0
    for share in (0.0, 0.2, 0.5, 0.8, 1.0):
        between = slots.between(one, other, share)
        place = slots.places()
        place[between] = np.arange(len(between))
        assert all(place[i - 1] < place[i] for i in slots.slot)
        so_far = distance(one, between)
        assert so_far + distance(between, other) == whole
        assert so_far >= last
        last = so_far
    assert last == whole


def test_the_order_of_a_schedule_gives_it_back() -> None:
    for seed in range(5):
        shop = random_shop(seed)
        start = mwkr(shop).start
        search = searching(shop)
        search.start(search._slots.order_of(start))
        assert (search.best_start() <= start).all()


def test_the_pool_keeps_the_best_of_what_differs() -> None:
    def member(makespan: int, kind: int) -> Member:
        return Member(makespan, np.array([kind]))

    pool = Pool(2, lambda one, other: abs(int(one[0] - other[0])), alike=1)

    def held() -> set[tuple[int, int]]:
        return {(each.makespan, int(each.order[0])) for each in pool._members}

    pool.add(member(9, 0))
    pool.add(member(9, 0))  # alike, no better
    assert held() == {(9, 0)}
    pool.add(member(8, 0))  # alike, better
    pool.add(member(7, 1))
    pool.add(member(6, 2))  # the worst goes
    assert held() == {(7, 1), (6, 2)}
    assert {each.makespan for each in pool.pair(np.random.default_rng(1))} == {6, 7}
    pool.add(member(7, 3))
    pool.add(member(8, 4))  # nothing new comes any more
    assert held() == {(6, 2)}


@settings(max_examples=40)
@given(classic())
def test_tiny_shops_are_solved(shop: JobShop) -> None:
    result = ordino.solve(shop, solver="tabu", iterations=200, workers=1, time_limit=20)
    assert result.failures == ()
    assert result.objective == brute_force(shop)


@pytest.mark.parametrize("neighbourhood", ["n6", "n7", "n8"])
def test_it_improves_repeats_itself_and_ends_with_its_iterations(neighbourhood: str) -> None:
    shop = taillard(jobs=15, machines=15, seed=2)

    def run() -> ordino.Result:
        chosen = {"tabu.neighbourhood": neighbourhood, "tabu.pool": 4}
        return ordino.solve(
            shop,
            solver="tabu",
            iterations=120_000,
            workers=1,
            seed=3,
            time_limit=60,
            settings=chosen,
        )

    result = run()
    assert result.failures == ()
    assert result.objective < check(shop, mwkr(shop)).objective
    assert result.solution == run().solution
    if result.status is not ordino.Status.OPTIMAL:
        assert result.stop is ordino.StopReason.ITERATION_LIMIT


def test_a_classic_is_solved_by_two_threads() -> None:
    result = ordino.solve(ordino.read("ft10"), solver="tabu", time_limit=20, target=937)
    assert result.failures == ()
    assert result.objective <= 937


def test_a_hundred_jobs_on_twenty_machines_reach_the_one_machine_bound() -> None:
    shop = taillard(jobs=100, machines=20, seed=1)
    result = ordino.solve(shop, solver="tabu", time_limit=20)
    assert result.objective == one_machine(shop)
    assert result.status is ordino.Status.OPTIMAL


def test_a_large_shop_has_a_schedule_soon_and_the_limit_is_kept() -> None:
    shop = taillard(jobs=100, machines=100, seed=1)
    began = time.monotonic()
    result = ordino.solve(shop, solver="tabu", time_limit=2, workers=2)
    assert time.monotonic() - began < 2.5
    assert result.failures == ()
    assert result.objective < check(shop, mwkr(shop)).objective


def test_it_goes_on_from_what_others_found() -> None:
    shop = taillard(jobs=15, machines=15, seed=4)
    good = ordino.solve(shop, solver="tabu", iterations=100_000, workers=1, time_limit=60).solution
    incumbent = Incumbent(shop, check, shop.objective)
    incumbent.offer(good, "somebody")
    before = incumbent.objective
    tabu()(shop, incumbent, Budget.of(60, iterations=30_000, seed=9))
    assert incumbent.failures == ()
    assert incumbent.objective <= before
    assert incumbent.objective < 1.02 * before


def test_a_pool_of_one_is_refused() -> None:
    with pytest.raises(UsageError, match="at least 2"):
        tabu(pool=1)
