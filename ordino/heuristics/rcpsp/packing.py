"""A project as the kernels see it (see `schedule_kernels`)."""

from __future__ import annotations

import numpy as np

from ordino.core.arrays import Integers
from ordino.models.rcpsp.network import topological_order
from ordino.models.rcpsp.problem import END_START, NEVER, Project

__all__ = ["MOST_CELLS", "cells", "pack", "schedulable"]

MOST_CELLS = 20_000_000
"""Time units times words; more would fill caches and memory."""

WORD_BITS = 63


def _fields(instance: Project) -> list[int]:
    """Return the greatest capacity of each resource and group: what a word must hold."""
    return [*instance.greatest_capacity.tolist(), *([1] * len(instance.groups))]


def _places(capacities: list[int]) -> tuple[list[int], list[int], int]:
    """Return word and lowest bit of each resource, and the number of words."""
    word = bits = 0
    words, shifts = [], []
    for capacity in capacities:
        width = capacity.bit_length() + 1
        if bits + width > WORD_BITS:
            word, bits = word + 1, 0
        words.append(word)
        shifts.append(bits)
        bits += width
    return words, shifts, word + 1


def cells(instance: Project) -> int:
    """Return the size of the time array."""
    return (instance.span + 1) * _places(_fields(instance))[2]


def pack(instance: Project) -> tuple[Integers, ...]:
    """Return the arrays of a project that `schedule_kernels` names."""
    capacities = _fields(instance)
    words, shifts, count = _places(capacities)
    horizon = instance.span + 1
    n, renewables = instance.activities, instance.renewables
    initial: Integers = np.zeros((count, horizon), dtype=np.int64)
    guard: Integers = np.zeros(count, dtype=np.int64)
    for field, (word, shift, capacity) in enumerate(zip(words, shifts, capacities, strict=True)):
        guard[word] |= 1 << (shift + capacity.bit_length())
        steps = instance.steps(field) if field < renewables else [(0, 1)]
        for time, value in steps:
            least = min(time, horizon)
            kept = initial[word, least:] & ~(((1 << capacity.bit_length()) - 1) << shift)
            initial[word, least:] = kept | (value << shift)
    precedences = bool((instance.lag_kind == END_START).all()) and bool((instance.lag >= 0).all())
    gentle = bool((instance.lag_steps() >= 0).all())
    ranks = np.argsort(instance.lag_target, kind="stable")
    before = instance.lag_source + n * (instance.lag_kind >= END_START)
    turned = np.argsort(instance.lag_source, kind="stable")
    behind = instance.lag_target + n * (instance.lag_kind % 2)
    arrays = [
        [n, horizon, count, instance.budget.size, 2 if precedences else int(gentle),
         int(instance.goal == "tardiness"), int((instance.deadlines != NEVER).any())],
        initial.ravel(),
        guard,
        instance.duration,
        instance.mode_start,
        instance.release_dates,
        instance.deadlines,
        instance.due_dates,
        instance.weights,
        _starts(instance.lag_target, n),
        before[ranks],
        instance.lag[ranks],
        (instance.lag_kind % 2)[ranks],
        _starts(instance.lag_source, n),
        behind[turned],
        instance.lag[turned],
        (instance.lag_kind >= END_START)[turned],
        *_needs(instance, words, shifts),
        instance.consumption.ravel(),
        instance.budget,
    ]  # fmt: skip
    return tuple(np.ascontiguousarray(each, dtype=np.int64).copy() for each in arrays)


def _starts(nodes: Integers, count: int) -> Integers:
    starts: Integers = np.concatenate([[0], np.cumsum(np.bincount(nodes, minlength=count))])
    return starts


def _needs(
    instance: Project, words: list[int], shifts: list[int]
) -> tuple[list[int], list[int], list[int]]:
    """Return for each mode the words that it touches and what it takes there."""
    owner = instance.owner.tolist()
    member: list[list[int]] = [[] for _ in range(instance.activities)]
    for number, group in enumerate(instance.groups):
        for activity in group:
            member[activity].append(instance.renewables + number)
    starts, touched, amounts = [0], list[int](), list[int]()
    for mode, row in enumerate(instance.demand.tolist()):
        taken: dict[int, int] = {}
        fields: list[tuple[int, int]] = []
        if instance.duration[mode]:
            fields = [(k, each) for k, each in enumerate(row) if each]
            fields += [(field, 1) for field in member[owner[mode]]]
        for field, amount in fields:
            word = words[field]
            taken[word] = taken.get(word, 0) + (amount << shifts[field])
        touched += taken.keys()
        amounts += taken.values()
        starts.append(len(touched))
    return starts, touched, amounts


def schedulable(instance: Project) -> bool:
    """Tell whether serial schedule generation knows an order for the time lags."""
    order = topological_order(instance.activities, instance.lag_source, instance.lag_target)
    return order is not None
