"""Shops without room between machines: exact methods against brute force, searches, rules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kits.blocking import blocking_shops, brute_force
from ortools.sat.python import cp_model

import ordino
from ordino.core.kernel import warm
from ordino.core.status import Status
from ordino.heuristics.jobshop import insertion
from ordino.models.jobshop.check import check
from ordino.models.jobshop.cpsat_shop import formulate_shop, takes_shop
from ordino.models.jobshop.problem import Schedule
from ordino.models.jobshop.shop import Shop, adjust

BUFFERS = ("swap", "blocking", "no-wait")


def _solved(instance: Shop) -> tuple[int, Schedule] | None:
    formulation = formulate_shop(instance, None)
    model = formulation.model
    model.minimize(formulation.levels[0])
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    if solver.solve(model) == cp_model.INFEASIBLE:
        return None
    solution = formulation.read(list(solver.response_proto.solution))
    return int(solver.objective_value), solution


def _complete_hint(instance: Shop, solution: Schedule) -> bool:
    """Tell whether the hint of a schedule is feasible and covers every variable."""
    formulation = formulate_shop(instance, None)
    model = formulation.model
    hint = list(formulation.hint(solution))
    assert len({variable.index for variable, _ in hint}) == len(model.proto.variables)
    for variable, value in hint:
        model.add(variable == value)
    return cp_model.CpSolver().solve(model) == cp_model.OPTIMAL


@pytest.mark.parametrize("buffers", BUFFERS)
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_cpsat_against_brute_force(buffers: str, data: st.DataObject) -> None:
    shop = data.draw(blocking_shops(buffers=buffers))
    if takes_shop(shop) is not None:
        return
    found = _solved(shop)
    assert (None if found is None else found[0]) == brute_force(shop)
    if found is not None:
        report = check(shop, found[1])
        assert report.valid, report.violations
        assert report.objective == found[0]
        assert _complete_hint(shop, found[1])
