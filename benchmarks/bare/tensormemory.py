"""Placement and two-level mapping straight on CP-SAT: what a user would write without Ordino.

Reference for all comparisons: default parameters but for workers, seed and time limit. Sizes are
divided by what they have in common. One no-overlap for each maximal set of buffers that live at one
time does better than `add_no_overlap_2d` on these sets.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ortools.sat.python import cp_model

Buffer = tuple[int, int, int]
"""Start, end, size."""


def sections(buffers: Sequence[Buffer]) -> list[list[int]]:
    """Return the maximal sets of buffers that are alive at one time."""
    events = sorted(
        (time, kind, i)
        for i, (start, end, _) in enumerate(buffers)
        for time, kind in ((start, 1), (end, 0))
    )
    alive: set[int] = set()
    found, grown = [], False
    for _, kind, i in events:
        if kind:
            alive.add(i)
            grown = True
        else:
            if grown:
                found.append(sorted(alive))
            grown = False
            alive.discard(i)
    return found


def fit(buffers: Sequence[Buffer], capacity: int) -> cp_model.CpModel:
    """Build the model of a fit."""
    unit = math.gcd(capacity, *(size for _, _, size in buffers))
    model = cp_model.CpModel()
    rows = []
    for _, _, size in buffers:
        offset = model.new_int_var(0, (capacity - size) // unit, "")
        rows.append(model.new_fixed_size_interval_var(offset, size // unit, ""))
    for inside in sections(buffers):
        model.add_no_overlap([rows[i] for i in inside])
    return model


def mapping(
    buffers: Sequence[Buffer], benefit: Sequence[int], capacity: int
) -> tuple[cp_model.CpModel, list[cp_model.IntVar]]:
    """Build the model of a two-level mapping; return it and the presences."""
    unit = math.gcd(*(size for _, _, size in buffers))
    model = cp_model.CpModel()
    present, rows = [], []
    for _, _, size in buffers:
        inside = model.new_bool_var("")
        offset = model.new_int_var(0, max(0, capacity - size) // unit, "")
        if size > capacity:
            model.add(inside == 0)
        present.append(inside)
        rows.append(model.new_optional_fixed_size_interval_var(offset, size // unit, inside, ""))
    for members in sections(buffers):
        model.add_no_overlap([rows[i] for i in members])
        load = sum(buffers[i][2] // unit * present[i] for i in members)
        model.add(load <= capacity // unit)
    model.maximize(sum(b * x for b, x in zip(benefit, present, strict=True)))
    return model, present


def solver(time_limit: float, workers: int, seed: int) -> cp_model.CpSolver:
    """Return a solver with default parameters but these."""
    made = cp_model.CpSolver()
    made.parameters.max_time_in_seconds = time_limit
    made.parameters.num_workers = workers
    made.parameters.random_seed = seed
    return made
