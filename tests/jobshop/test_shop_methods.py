"""Rules, bounds, exact method and searches on general shops, against brute force."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from kits.shop import best_schedule, brute_force, shops
from ortools.sat.python import cp_model

import ordino
from ordino.core.errors import UsageError
from ordino.core.family import resolve
from ordino.core.kernel import warm
from ordino.families.jobshop import FAMILY
from ordino.heuristics.jobshop.balance import Balance
from ordino.heuristics.jobshop.shop_tabu import KERNELS, ShopSpace
from ordino.instances.jobshop.generate_shop import general, hybrid_flow
from ordino.models.jobshop import shop_cpsat
from ordino.models.jobshop.check import check
from ordino.models.jobshop.cpsat import formulate
from ordino.models.jobshop.shop import Shop
from ordino.models.jobshop.shop_bounds import mean_busy_time
from ordino.models.jobshop.timing import contradiction

GENERAL = {
    "families": 3,
    "downtimes": 2,
    "tightness": 1.3,
}


def optimal(shop: Shop, **options: object) -> ordino.Result:
    result = ordino.solve(shop, time_limit=20, workers=1, **options)
    assert result.failures == ()
    return result


@given(shops())
@settings(max_examples=150)
def test_cpsat_agrees_with_brute_force(shop: Shop) -> None:
    result = optimal(shop, solver="cpsat")
    assert result.status is ordino.Status.OPTIMAL
    assert result.objective == brute_force(shop)


@given(shops())
@settings(max_examples=150)
def test_bounds_stay_below_the_optimum_and_rules_above(shop: Shop) -> None:
    optimum = brute_force(shop)
    assert optimum is not None
    for name, bound in ordino.compute_bounds(shop).items():
        assert bound is None or bound <= optimum, name
    for spec in FAMILY.solvers:
        if spec.rule and spec.refusal(shop) is None:
            for schedule in ("non-delay", "active"):
                found = resolve(spec.make)(shop, schedule=schedule)
                assert check(shop, found).objective >= optimum, spec.name


def test_capacities_of_groups_are_chosen_among_few(monkeypatch: pytest.MonkeyPatch) -> None:
    added = []
    monkeypatch.setattr(cp_model.CpModel, "add_cumulative", lambda *given: added.append(given))
    pairs = [[(machine, 2), (machine + 1, 2)] for machine in range(3)]
    shop = Shop.of([[pair] for pair in pairs for _ in range(3)])
    formulate(shop, None)
    assert len(added) == 3
    monkeypatch.setattr(shop_cpsat, "MOST_RANKED", 1)
    formulate(shop, None)
    assert len(added) == 4


def test_bounds_of_sums_are_exact_beyond_what_floats_hold() -> None:
    weight = 2**54 + 3
    shop = Shop.of([[[(0, 1)]]], weights=[weight], goal="flow-time")
    assert ordino.compute_bounds(shop)["one-machine"] == weight
    thirds = mean_busy_time([0, 0, 0], [3, 3, 3], [1, 1, 1])
    assert thirds == 3 + 6 + 9


@pytest.mark.parametrize(("solver", "moves"), [("tabu", 100), ("anneal", 3000), ("windows", 5)])
def test_searches_find_the_optimum_of_most_tiny_shops(solver: str, moves: int) -> None:
    spec = FAMILY.solver(solver)
    hits: list[bool] = []

    @given(shops())
    @settings(max_examples=30)
    def check_one(shop: Shop) -> None:
        if spec.refusal(shop) is None:
            found = optimal(shop, solver=f"mwkr,{solver}", iterations=moves).objective
            optimum = brute_force(shop)
            assert found >= optimum
            hits.append(found == optimum)

    check_one()
    assert len(hits) > 8
    assert sum(hits) >= 0.9 * len(hits)


@pytest.mark.parametrize(
    "shop",
    [
        general(seed=1, jobs=6),
        general(seed=2, jobs=6, goal="lateness", tightness=1.3),
        Shop.of(
            [[[(0, 3), (1, 2)], [(1, 4)], [(0, 2), (2, 0)], [(2, 5)]] for _ in range(4)],
            arcs=[[(0, 2), (1, 2), (0, 3)]] * 4,
        ),
    ],
    ids=["flexible", "lateness", "assembly"],
)
def test_the_estimate_of_a_move_is_exact(shop: Shop) -> None:
    kernels = warm(KERNELS)
    space = ShopSpace(shop, kernels)
    search = space.search(np.random.default_rng(3))
    search.start(space.scratch(np.random.default_rng(3), 1.0))
    for _ in range(300):
        assert not search.advance(1, 10**6)
        state = search._state
        assert state[kernels.CURRENT] == state[kernels.ESTIMATE]
    report = check(shop, space.schedule(search.best_order))
    assert report.objective == search.best


def test_machines_are_balanced_with_few_changes() -> None:
    shop = Shop.of([[[(0, p), (1, p)]] for p in (7, 5, 4, 3, 3, 2)])
    loads, random = Balance(shop, warm(KERNELS)), np.random.default_rng(1)
    uneven = np.array([0, 2, 4, 6, 8, 11])
    for near in (False, True):
        chosen = loads.balanced(uneven, 12, random, near=near)
        assert (np.repeat(np.arange(6), 2)[chosen] == np.arange(6)).all()
        assert np.bincount(shop.machine[chosen], shop.duration[chosen]).tolist() == [12, 12]
        assert loads.balanced(uneven, 22, random, near=near).tolist() == uneven.tolist()


def test_what_is_done_before_and_behind_counts_as_well() -> None:
    middle = [(1, 4), (2, 4)]
    shop = Shop.of([[[(0, 5)], middle, [(4, 5)]], [[(3, 5)], middle, [(5, 5)]]])
    loads, random = Balance(shop, warm(KERNELS)), np.random.default_rng(1)
    crowded = np.array([0, 1, 3, 4, 5, 7])
    assert loads.balanced(crowded, 18, random, near=True).tolist() == crowded.tolist()
    chosen = loads.balanced(crowded, 17, random, near=True)
    assert sorted(shop.machine[chosen[[1, 4]]]) == [1, 2]


def test_a_search_that_is_stuck_exchanges_machines() -> None:
    random = np.random.default_rng(5)
    lengths = random.integers(20, 100, 24).tolist()
    shop = Shop.of([[[(0, p), (1, p), (2, p)]] for p in lengths])
    result = ordino.solve(shop, solver="tabu", workers=1, iterations=20_000, time_limit=30)
    assert result.objective == result.bound == -(-sum(lengths) // 3)


@pytest.mark.parametrize("goal", ["makespan", "tardiness", "flow-time", "lateness"])
def test_the_race_handles_every_goal_with_setups_and_downtimes(goal: str) -> None:
    shop = general(jobs=4, operations=4, goal=goal, seed=4, **GENERAL)
    result = ordino.solve(shop, time_limit=2, workers=2)
    assert result.failures == ()
    assert check(shop, result.solution).objective == result.objective
    assert result.bound is not None


@pytest.mark.parametrize("solver", ["tabu", "anneal", "windows"])
def test_same_seed_same_answer(solver: str) -> None:
    shop = general(jobs=5, families=2, seed=6)
    runs = [
        ordino.solve(shop, solver=f"mwkr,{solver}", iterations=20, workers=1, seed=2, time_limit=20)
        for _ in range(2)
    ]
    assert runs[0].solution == runs[1].solution


def test_annealing_does_its_last_move_whatever_the_number_of_workers() -> None:
    jobs = [[[(0, 3), (1, 4)], [(1, 2), (0, 5)]] for _ in range(3)]
    shop = Shop.of(jobs, goal="flow-time")
    result = ordino.solve(shop, solver="anneal", iterations=361, workers=2, time_limit=10)
    assert result.stop.value == "iteration_limit"


def test_a_shop_that_fits_nowhere_is_proved_infeasible_with_the_reason() -> None:
    shop = Shop.of([[[(0, 3)], [(0, 3), (1, 9)]]], downtimes=[(0, 5, None), (1, 4, None)])
    assert contradiction(shop) == (
        "operation 1 of job 0 fits nowhere between the downtimes of machines 0, 1"
    )
    result = ordino.solve(shop, time_limit=20)
    assert result.status is ordino.Status.INFEASIBLE
    assert "fits nowhere" in [event.message for event in result.trace][-1]


def test_search_goes_on_where_machines_end_for_ever() -> None:
    jobs = [[[(0, 3), (1, 4)], [(1, 2), (0, 5)]] for _ in range(3)]
    shop = Shop.of(jobs, downtimes=[(0, 9, None), (1, 4, 6)])
    assert "for ever" in str(FAMILY.solver("tabu").refusal(shop))
    found = optimal(shop, solver="mwkr,anneal", iterations=500)
    assert found.objective == optimal(shop, solver="cpsat").objective


def test_generators_refuse_what_makes_no_sense() -> None:
    with pytest.raises(UsageError, match="the goal tardiness needs due dates"):
        general(goal="tardiness")
    with pytest.raises(UsageError, match="the variant swap needs chains"):
        general(reach=2, buffers="swap")
    with pytest.raises(UsageError, match="initial setups need families"):
        general(initial=True)
    with pytest.raises(UsageError, match="jobs 0: expected at least 1"):
        hybrid_flow(jobs=0)
    with pytest.raises(UsageError, match="expected 0 <= shortest <= longest"):
        hybrid_flow(shortest=5, longest=4)
    with pytest.raises(UsageError, match="more than"):
        general(jobs=10**6, operations=100)


def test_generated_shops_are_what_was_asked_for() -> None:
    shop = hybrid_flow(jobs=5, seed=1)
    assert (shop.jobs, shop.machines, shop.operations) == (5, 12, 15)
    assert (shop.duration.min(), shop.duration.max()) == (2, 9)
    shop = general(goal="tardiness", seed=1, buffers="no-wait", **GENERAL)
    assert (shop.setup_families, shop.down_machine.size) == (3, 12)
    assert sorted(shop.weights.tolist()) == [1, 1, 2, 2, 2, 2, 2, 2, 4, 4]
    assert replace(shop, goal="makespan").buffers == "no-wait"
    shop = general(seed=3, reach=3, arrivals=0.5, families=2, initial=True, tightness=2.0)
    load = int(shop.least_duration.sum()) // shop.machines
    assert 0 < shop.release_dates.max() <= load // 2
    assert (shop.due_dates > shop.release_dates).all()
    assert not shop.chained
    assert all(len(each) == 1 for i, each in enumerate(shop.successors) if i % 6 < 5)
    assert shop.setup[:, -1].min() >= 1


@given(shops())
@settings(max_examples=40)
def test_a_hint_is_a_whole_solution_of_the_model(shop: Shop) -> None:
    found = best_schedule(shop)
    assert found is not None
    objective, schedule = found
    formulation = formulate(shop, objective)
    hints = list(formulation.hint(schedule))
    assert len({variable.index for variable, _ in hints}) == len(formulation.model.proto.variables)
    for variable, value in hints:
        formulation.model.add(variable == value)
    solver = cp_model.CpSolver()
    assert solver.solve(formulation.model) == cp_model.OPTIMAL
    (level,) = formulation.levels
    assert solver.value(level) == objective
