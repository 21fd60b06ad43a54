"""The integer programme of Li, Gupta, Malik (2023) for the traffic, for comparison.

Binaries for each tensor a and step t: C created, P preserved, S spilled, R retrieved, at most one
of them; L is its address, and u, d say whether it lies above or below another one. Numbers are
those of the paper's equations. Added is what these take for granted: one operator a step, nothing
preserved or spilled at the first one, nothing retrieved that is there. An input is created when it
suits.
"""

from __future__ import annotations

from collections.abc import Callable
from math import floor, gcd
from typing import Any

import numpy as np

from ordino.core.errors import UsageError
from ordino.core.objective import Value
from ordino.models.formulation import MilpFormulation
from ordino.models.tensormemory.bounds import shortage
from ordino.models.tensormemory.graph import INPUT, Graph, Plan
from ordino.models.tensormemory.residence import Uses
from ordino.models.tensormemory.steps import step_windows

__all__ = ["MOST_VARIABLES", "formulate", "takes"]

MOST_VARIABLES = 200_000
TOLERANCE = 1e-6
LARGEST_NUMBER = 100_000
"""Beyond, big constants on addresses prove nothing at tolerances of 1e-6."""


def takes(instance: Any) -> str | None:
    """Say why there is no MILP of an instance, or return `None`."""
    if not isinstance(instance, Graph):
        return "it is no graph of operators"
    if instance.capacity is None:
        return "its goal is the peak"
    if instance.scratch.any():
        return "it has workspaces, which the programme does not know"
    if not np.diff(instance.writes.start).all():
        return "an operator writes nothing"
    variables = 4 * instance.operators * instance.tensors
    if instance.addresses:
        variables += instance.operators * instance.tensors**2
    if variables > MOST_VARIABLES:
        return f"about {variables} variables, beyond {MOST_VARIABLES}"
    if instance.addresses and instance.capacity // _unit(instance) > LARGEST_NUMBER:
        return f"addresses up to {instance.capacity // _unit(instance)}, beyond {LARGEST_NUMBER}"
    return None


def _unit(graph: Graph) -> int:
    return gcd(*graph.room.tolist())


def formulate(instance: Graph, upper_bound: Value | None) -> MilpFormulation:
    """Build the programme; raises `UsageError` where `takes` has something against the instance."""
    import pulp

    if (reason := takes(instance)) is not None:
        raise UsageError(f"no MILP of this instance: {reason}")
    assert instance.capacity is not None
    problem = pulp.LpProblem("traffic", pulp.LpMinimize)
    steps, tensors = range(instance.operators), range(instance.tensors)
    unit = _unit(instance)
    room = (instance.room // unit).tolist()
    top = instance.capacity // unit

    def binaries(name: str) -> Any:
        return [
            [problem.add_variable(f"{name}_{a}_{t}", 0, 1, cat=pulp.LpBinary) for t in steps]
            for a in tensors
        ]

    C, P, S, R = (binaries(name) for name in "CPSR")

    def resident(a: int, t: int) -> Any:
        return C[a][t] + P[a][t] + R[a][t]

    costs = [(S[a][t], instance.spill_cost(a)) for a in tensors for t in steps]
    costs += [(R[a][t], int(instance.sizes[a])) for a in tensors for t in steps]
    problem.setObjective(pulp.LpAffineExpression(costs))
    for a in tensors:
        for t in steps:
            problem += C[a][t] + P[a][t] + S[a][t] + R[a][t] <= 1  # (1)
            if t:
                problem += P[a][t] <= resident(a, t - 1)  # (2)
                problem += S[a][t] <= C[a][t - 1] + P[a][t - 1]  # (3)
                problem += R[a][t] + resident(a, t - 1) <= 1
            else:
                problem += P[a][t] + S[a][t] == 0
            problem += R[a][t] <= pulp.lpSum(S[a][: t + 1])  # (4)
        problem += pulp.lpSum(C[a]) == 1  # (7)
        problem += pulp.lpSum(S[a]) <= 1  # (8)
    _order(instance, problem, C, P, R)
    for t in steps:
        problem += pulp.lpSum(room[a] * resident(a, t) for a in tensors) <= top
    L: Any = None
    if instance.addresses:
        L = [
            [problem.add_variable(f"L_{a}_{t}", 0, top - room[a]) for t in steps]  # (9)
            for a in tensors
        ]
        above = _places(instance, problem, resident, P, L, room, top)

    def start(plan: Plan) -> dict[str, float]:
        values = {each.name: 0.0 for rows in (C, P, S, R) for row in rows for each in row}
        known: dict[int, int] = {}
        at = np.zeros((instance.tensors, instance.operators))
        here = np.zeros((instance.tensors, instance.operators), bool)
        for index, a in enumerate(plan.tensor.tolist()):
            first, last = int(plan.first[index]), int(plan.last[index])
            values[(R if a in known else C)[a][first].name] = 1.0
            for t in range(first + 1, last + 1):
                values[P[a][t].name] = 1.0
            if a in known and known[a] >= 0:
                values[S[a][known[a] + 1].name] = 1.0
                known[a] = -1
            known.setdefault(a, last)
            here[a, first : last + 1] = True
            if L is not None:
                at[a, first : last + 1] = plan.offset[index] // unit
        if L is not None:
            values |= {L[a][t].name: float(at[a, t]) for a in tensors for t in steps}
            for (a, b, t), (u, d) in above.items():
                both = here[a, t] and here[b, t]
                values[u.name] = float(both and at[a, t] > at[b, t])
                values[d.name] = float(both and at[a, t] <= at[b, t])
        return values

    def read(value: Callable[[Any], float]) -> Plan:
        step = _steps(instance, C, value)
        order = np.argsort(step, kind="stable")
        uses = Uses.of(instance, order)
        gone = [
            gap
            for gap in uses.gaps.tolist()
            if any(
                sum(value(each[uses.tensor[gap]][t]) for each in (C, P, R)) < 0.5
                for t in range(uses.step[gap] + 1, uses.step[gap + 1])
            )
        ]
        residences = uses.residences(np.array(gone, dtype=np.int64))
        if L is None:
            return residences.plan()
        begun = zip(residences.tensor.tolist(), residences.first.tolist(), strict=True)
        return residences.plan(
            np.array([floor(value(L[a][t]) + TOLERANCE) * unit for a, t in begun])
        )

    return MilpFormulation(
        problem=problem, start=start, read=read, contradiction=shortage(instance)
    )


def _order(graph: Graph, problem: Any, C: Any, P: Any, R: Any) -> None:
    """Let each operator run at one step, with its inputs there before, and outputs at once."""
    import pulp

    steps = range(graph.operators)
    earliest, latest = step_windows(graph)
    fixed = np.empty(graph.operators, np.int64)
    fixed[graph.file_order] = steps
    for operator in steps:
        outputs, inputs = graph.writes[operator].tolist(), graph.reads[operator].tolist()
        for t in steps:
            for b in inputs:
                created = graph.producer[b] == INPUT
                there = P[b][t] + R[b][t] + (C[b][t] if created else 0)
                problem += C[outputs[0]][t] <= there  # (5)
            for other in outputs[1:]:
                problem += C[outputs[0]][t] == C[other][t]  # (6)
            inside = earliest[operator] <= t <= latest[operator]
            if not inside or (graph.fixed_order and t != fixed[operator]):
                problem += C[outputs[0]][t] == 0
    for t in steps:
        problem += pulp.lpSum(C[graph.writes[o][0]][t] for o in steps) == 1


def _steps(graph: Graph, C: Any, value: Callable[[Any], float]) -> Any:
    """Return the step of each operator."""
    first = [int(graph.writes[operator][0]) for operator in range(graph.operators)]
    created = [[value(C[a][t]) for t in range(graph.operators)] for a in first]
    return np.argmax(np.array(created), axis=1)


def _places(
    graph: Graph, problem: Any, resident: Any, P: Any, L: Any, room: list[int], top: int
) -> dict[tuple[int, int, int], tuple[Any, Any]]:
    """Keep tensors that are resident at once apart, and each where it is.

    Returns:
        u and d of each pair and step.
    """
    import pulp

    above = {}
    for t in range(graph.operators):
        for a in range(graph.tensors):
            if t:
                problem += L[a][t] - L[a][t - 1] <= top * (1 - P[a][t])  # (11)
                problem += L[a][t - 1] - L[a][t] <= top * (1 - P[a][t])
            for b in range(a):
                u = problem.add_variable(f"u_{a}_{b}_{t}", 0, 1, cat=pulp.LpBinary)
                d = problem.add_variable(f"d_{a}_{b}_{t}", 0, 1, cat=pulp.LpBinary)
                problem += L[a][t] >= L[b][t] + room[b] - top * (1 - u)  # (10)
                problem += L[b][t] >= L[a][t] + room[a] - top * (1 - d)
                problem += u + d >= resident(a, t) + resident(b, t) - 1
                problem += u + d <= 1
                above[a, b, t] = u, d
    return above
