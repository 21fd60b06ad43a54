"""A general shop as plain data (JSON)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ordino.core.plain import Node
from ordino.models.jobshop.problem import MOST_MACHINES

if TYPE_CHECKING:
    from ordino.models.jobshop.shop import Shop

__all__ = ["arguments", "to_data"]


def to_data(shop: Shop) -> dict[str, Any]:
    """Return a shop as plain data, without what says nothing.

    An operation is a list of alternatives [machine, duration]. The precedences of a job, pairs of
    positions, are left out for a chain. A downtime is [machine, begin, end], the end `null` for
    ever.
    """
    from ordino.models.jobshop.shop import NEVER

    pairs = np.stack([shop.machine, shop.duration], axis=1).tolist()
    operations = [pairs[slice(*each)] for each in _spans(shop.alternative_start)]
    dues = [None] * shop.jobs if shop.due_dates is None else shop.due_dates.tolist()
    arcs: list[list[list[int]]] = [[] for _ in range(shop.jobs)]
    for before, after in zip(shop.arc_before.tolist(), shop.arc_after.tolist(), strict=True):
        job, position = shop.place(before)
        arcs[job].append([position, shop.place(after)[1]])
    jobs: list[dict[str, Any]] = []
    for j, (first, behind) in enumerate(shop.chains()):
        row: dict[str, Any] = {"operations": operations[first:behind]}
        if arcs[j] != [[i, i + 1] for i in range(behind - first - 1)]:
            row["precedences"] = arcs[j]
        if shop.release_dates[j]:
            row["release"] = int(shop.release_dates[j])
        if dues[j] is not None:
            row["due"] = dues[j]
        if shop.weights[j] != 1:
            row["weight"] = int(shop.weights[j])
        jobs.append(row)
    data: dict[str, Any] = {
        "name": shop.name,
        "goal": shop.goal,
        "buffers": shop.buffers,
        "machines": shop.machines,
        "jobs": jobs,
    }
    if shop.setup.size:
        families = shop.setup_family.tolist()
        data["setups"] = {
            "families": [families[first:behind] for first, behind in shop.chains()],
            "times": shop.setup[:, :-1].tolist(),
            "initial": shop.setup[:, -1].tolist(),
        }
    if shop.down_machine.size:
        rows = zip(
            shop.down_machine.tolist(),
            shop.down_begin.tolist(),
            shop.down_end.tolist(),
            strict=True,
        )
        data["downtimes"] = [[m, b, None if e == NEVER else e] for m, b, e in rows]
    return data


def _spans(starts: Any) -> Any:
    return zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)


def arguments(data: Node) -> dict[str, Any]:
    """Read plain data into the arguments of `Shop.of`; raises `InputError`."""
    fields = data.object(
        "jobs", optional=("name", "goal", "buffers", "machines", "setups", "downtimes")
    )
    machines = fields["machines"].integer(1, MOST_MACHINES) if "machines" in fields else None
    last = MOST_MACHINES - 1 if machines is None else machines - 1
    jobs = [
        each.object("operations", optional=("precedences", "release", "due", "weight"))
        for each in fields["jobs"].list()
    ]
    dated = ["due" in each for each in jobs]
    if any(dated) and not all(dated):
        raise fields["jobs"].list()[dated.index(False)].error('the field "due" is missing')
    return {
        "jobs": [[_alternatives(o, last) for o in each["operations"].list()] for each in jobs],
        "machines": machines,
        "arcs": [_pairs(each["precedences"]) if "precedences" in each else None for each in jobs],
        "release_dates": [_integer(each, "release", 0) for each in jobs],
        "due_dates": [each["due"].integer() for each in jobs] if all(dated) else None,
        "weights": [_integer(each, "weight", 1) for each in jobs],
        "downtimes": _downtimes(fields["downtimes"], last) if "downtimes" in fields else (),
        "buffers": fields["buffers"].string() if "buffers" in fields else "unlimited",
        "goal": fields["goal"].string() if "goal" in fields else "makespan",
        "name": fields["name"].string() if "name" in fields else "",
        **(_setups(fields["setups"]) if "setups" in fields else {}),
    }


def _integer(fields: Mapping[str, Node], key: str, default: int) -> int:
    return fields[key].integer(0) if key in fields else default


def _alternatives(data: Node, last: int) -> list[tuple[int, int]]:
    items = data.list()
    if not items:
        raise data.error("an operation without alternatives, expected at least one")
    pairs = [each.list(length=2) for each in items]
    return [(machine.integer(0, last), duration.integer(0)) for machine, duration in pairs]


def _pairs(data: Node) -> list[tuple[int, int]]:
    pairs = [each.list(length=2) for each in data.list()]
    return [(one.integer(0), other.integer(0)) for one, other in pairs]


def _downtimes(data: Node, last: int) -> list[tuple[int, int, int | None]]:
    rows = [each.list(length=3) for each in data.list()]
    return [
        (machine.integer(0, last), begin.integer(0), None if end.value is None else end.integer(0))
        for machine, begin, end in rows
    ]


def _setups(data: Node) -> dict[str, Any]:
    fields = data.object("families", "times", optional=("initial",))
    times = [[row.integers(0) for row in each.list()] for each in fields["times"].list()]
    for node, matrix in zip(fields["times"].list(), times, strict=True):
        if any(len(row) != len(matrix) for row in matrix):
            raise node.error(f"expected a square matrix, {len(matrix)} x {len(matrix)}")
    initial = (
        [each.integers(0) for each in fields["initial"].list()] if "initial" in fields else None
    )
    return {
        "setup_families": [each.integers(0) for each in fields["families"].list()],
        "setups": times,
        "initial_setups": initial,
    }
