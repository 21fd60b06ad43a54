"""Lower bound for pods that take devices: a flow of devices through sizes, by type of node.

Nodes that are alike are one, with the sum of their resources; how shares fill a device is a path of
arcs, one a share, through the positions of a device (Valério de Carvalho 1999), so that no half of
a large share counts on another device. The linear relaxation bounds what can be placed.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ordino.core.arrays import Integers
from ordino.models.podpacking.problem import Cluster

__all__ = ["device_flow"]

MOST_ARCS = 300_000
SLACK = 1.0
"""Taken off for what the linear solver rounds, in units of the measure."""


def device_flow(instance: Cluster) -> tuple[int] | None:
    """Bound what the highest tier leaves unplaced, or return `None`."""
    if instance.goal != "place" or (instance.current >= 0).any() or not instance.shares:
        return None
    types = _types(instance)
    top = np.flatnonzero(instance.tier == 0)
    shares = sorted({int(each) for each in instance.share[top] if each})
    step = math.gcd(instance.device_size, *shares)
    positions = instance.device_size // step
    if len(types) * (positions * (len(shares) + 1) + top.size) > MOST_ARCS:
        return None
    counts = np.bincount(instance.kind, minlength=instance.classes)
    total = int((counts[top] * instance.worth[top]).sum())
    most = _most(instance, types, top, counts, shares, step)
    return None if most is None else (max(0, math.ceil(total - most - SLACK)),)


def _types(instance: Cluster) -> list[Integers]:
    """Return the nodes that are alike in room, devices, and whom they take."""
    columns = (instance.capacity, instance.devices[:, None], instance.barred.T.astype(np.int64))
    _, number = np.unique(np.concatenate(columns, axis=1), axis=0, return_inverse=True)
    number = number.reshape(-1)
    return [np.flatnonzero(number == each) for each in range(int(number.max()) + 1)]


def _most(
    instance: Cluster,
    types: list[Integers],
    top: Integers,
    counts: Integers,
    shares: list[int],
    step: int,
) -> float | None:
    """Return the most worth that the relaxation places."""
    from ortools.linear_solver import pywraplp

    solver = pywraplp.Solver.CreateSolver("GLOP")
    infinity = solver.infinity()
    placed: dict[int, list[Any]] = {k: [] for k in top.tolist()}
    for nodes in types:
        j = int(nodes[0])
        here = {}
        for k, everywhere in placed.items():
            small = (instance.demand[k] <= instance.capacity[j]).all()
            takes = instance.whole[k] + (instance.share[k] > 0)
            if (
                small
                and takes <= instance.devices[j]
                and not (instance.barred[instance.eligibility[k], j])
            ):
                here[k] = solver.NumVar(0, float(counts[k]), "")
                everywhere.append(here[k])
        for r in range(len(instance.resources)):
            room = float(instance.capacity[nodes, r].sum())
            if room:
                row = solver.Constraint(-infinity, 1.0)
                for k, variable in here.items():
                    row.SetCoefficient(variable, float(instance.demand[k, r]) / room)
        _flow(solver, instance, int(instance.devices[nodes].sum()), here, shares, step)
    objective = solver.Objective()
    for k, variables in placed.items():
        row = solver.Constraint(-infinity, float(counts[k]))
        for variable in variables:
            row.SetCoefficient(variable, 1.0)
            objective.SetCoefficient(variable, float(instance.worth[k]))
    objective.SetMaximization()
    return float(objective.Value()) if solver.Solve() == pywraplp.Solver.OPTIMAL else None


def _flow(
    solver: Any,
    instance: Cluster,
    devices: int,
    here: dict[int, Any],
    shares: list[int],
    step: int,
) -> None:
    """Send devices of a type of node through the positions that shares fill."""
    positions = instance.device_size // step
    kept = [solver.Constraint(0.0, 0.0) for _ in range(positions + 1)]
    kept[0].SetBounds(-float(devices), 0.0)
    kept[-1].SetBounds(0.0, float(devices))
    for k, variable in here.items():
        if instance.whole[k]:  # taken through in one arc
            kept[0].SetCoefficient(variable, -float(instance.whole[k]))
            kept[-1].SetCoefficient(variable, float(instance.whole[k]))
    for share in shares:
        users = [variable for k, variable in here.items() if instance.share[k] == share]
        if not users:
            continue
        used = solver.Constraint(0.0, 0.0)
        for variable in users:
            used.SetCoefficient(variable, 1.0)
        for start in range(positions - share // step + 1):
            _arc(solver, kept, start, start + share // step, used)
    for start in range(positions):
        _arc(solver, kept, start, start + 1, None)


def _arc(solver: Any, kept: list[Any], start: int, end: int, used: Any) -> None:
    arc = solver.NumVar(0.0, solver.infinity(), "")
    kept[start].SetCoefficient(arc, -1.0)
    kept[end].SetCoefficient(arc, 1.0)
    if used is not None:
        used.SetCoefficient(arc, -1.0)
