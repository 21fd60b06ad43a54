"""Pods on nodes as an integer program: the counts of `cpsat`, row by row.

A row that holds only with a literal gets the least constant that sets it free otherwise. Rows are
divided by their largest coefficient, since memory is counted in bytes: what the tolerances of the
engine let pass, the checker does not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from ordino.core.objective import Value
from ordino.models.formulation import MilpFormulation
from ordino.models.podpacking import cpsat
from ordino.models.podpacking.check import check
from ordino.models.podpacking.linear import Sum
from ordino.models.podpacking.part import Part
from ordino.models.podpacking.problem import Cluster, Plan

__all__ = ["formulate", "takes"]

MOST_CELLS = 50_000
"""Classes x nodes."""
MOST_WORTH = 2**30
"""Of all pods: with more, the tolerances of the engine are as large as a unit."""

_Row = tuple[dict[int, int], int]
"""Factors of variables by index, and what their sum must reach."""


def takes(instance: Cluster) -> str | None:
    """Say why an instance is not for MILP, or return `None`."""
    if (reason := cpsat.takes(instance, MOST_CELLS)) is not None:
        return reason
    if (worth := int(instance.worth[instance.kind].sum())) > MOST_WORTH:
        return f"pods count {worth} in all, beyond {MOST_WORTH}"
    return None


def formulate(instance: Cluster, upper_bound: Value | None) -> MilpFormulation:
    """Build the model of a whole cluster; `upper_bound` is not used."""
    import pulp

    packing = cpsat.Packing(instance, Part.whole(instance))
    levels = packing.levels()  # may add to the model
    model = packing.model.proto
    problem = pulp.LpProblem("podpacking", pulp.LpMinimize)
    domains = [list(each.domain) for each in model.variables]
    variables = [
        problem.add_variable(f"x_{i}", low, high, cat=pulp.LpInteger)
        for i, (low, high) in enumerate(domains)
    ]
    if variables:  # PuLP knows those alone that are in some row
        problem.addConstraint(pulp.lpSum(variables) >= sum(low for low, _ in domains))
    for terms, least in _rows(model, domains):
        scale = max(abs(a) for a in terms.values())
        row = pulp.LpAffineExpression([(variables[i], a / scale) for i, a in terms.items()])
        problem.addConstraint(row >= least / scale)

    def start(solution: Plan) -> dict[str, float]:
        hint = {variable.index: value for variable, value in packing.hint(solution)}
        return {each.name: float(hint[i]) for i, each in enumerate(variables)}

    def read(value: Callable[[Any], float]) -> Plan | None:
        plan = packing.read([round(value(each)) for each in variables])
        return plan if check(instance, plan).valid else None

    def affine(level: Sum) -> Any:
        terms: dict[int, int] = {}
        for variable, factor in level.terms:
            terms[variable.index] = terms.get(variable.index, 0) + factor
        pairs = [(variables[i], a) for i, a in terms.items()]
        return pulp.LpAffineExpression(pairs, constant=level.constant)

    return MilpFormulation(
        problem=problem, levels=tuple(affine(level) for level in levels), start=start, read=read
    )


def _rows(model: Any, domains: Sequence[Sequence[int]]) -> Iterator[_Row]:
    """Yield the constraints of a model as rows "sum at least a number" that hold in any case."""
    for constraint in model.constraints:
        if constraint.has_bool_or():
            yield _any_of(constraint.bool_or.literals, {}, 1, 1)
            continue
        linear, literals = constraint.linear, constraint.enforcement_literal
        low, high = linear.domain
        for sign, least in ((1, low), (-1, -high)):  # in integers, as tight as can be
            terms: dict[int, int] = {}
            for i, a in zip(linear.vars, linear.coeffs, strict=True):
                terms[i] = terms.get(i, 0) + sign * a
            divisor = max(1, math.gcd(*terms.values()))
            terms = {i: a // divisor for i, a in terms.items()}
            goal = -(-least // divisor)
            always = sum(min(a * end for end in domains[i]) for i, a in terms.items())
            if goal > always:
                failing = [-each - 1 for each in literals]
                yield _any_of(failing, terms, goal, goal - always)


def _any_of(literals: Iterable[int], terms: dict[int, int], least: int, weight: int) -> _Row:
    """Add literals with a weight to a sum; -i - 1 stands for 1 less the variable i."""
    for literal in literals:
        i, sign = (literal, 1) if literal >= 0 else (-literal - 1, -1)
        terms[i] = terms.get(i, 0) + sign * weight
        least -= 0 if literal >= 0 else weight
    return terms, least
