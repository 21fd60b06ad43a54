"""Neighbourhoods of a general shop's schedule: operations in a window of time are left free.

The others keep their machines, and neighbours among them on a machine keep their order, not their
times.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ordino.models.jobshop.problem import JobShop, Schedule
from ordino.models.jobshop.shop import Shop
from ordino.models.jobshop.shop_cpsat import takes_shop
from ordino.models.jobshop.timing import chosen

__all__ = ["restriction", "takes"]

NEAR_SHARE = 0.6
"""Of the neighbourhoods that are near a moment; the others are some jobs, or some machines."""


def takes(instance: JobShop | Shop) -> str | None:
    """Say why an instance is not for neighbourhoods, or return `None`."""
    return takes_shop(instance) if isinstance(instance, Shop) else None


def restriction(
    instance: JobShop | Shop,
) -> Callable[[Any, Schedule, np.random.Generator, float], None]:
    """Return a function for `neighbourhoods.improve` on the models of `models.jobshop.cpsat`."""
    if isinstance(instance, JobShop):
        instance = Shop.of_classic(instance, goal="makespan", buffers="unlimited")
    n = instance.operations
    counts = np.diff(instance.alternative_start)
    several = counts > 1
    offset = n + np.cumsum(np.where(several, counts, 0)) - np.where(several, counts, 0)

    def restrict(model: Any, schedule: Schedule, random: np.random.Generator, share: float) -> None:
        alternative = chosen(instance, schedule)
        start, duration = schedule.start, instance.duration[alternative]
        machine = instance.machine[alternative]
        middle = start + duration / 2
        kind = random.random()
        if kind < NEAR_SHARE:
            distance = np.abs(middle - random.uniform(0, float(middle.max())))
            distance *= random.uniform(0.7, 1.3, n)
        elif kind < (1 + NEAR_SHARE) / 2:
            distance = random.random(instance.jobs)[instance.job]
        else:
            distance = random.random(instance.machines)[machine]
        free = np.zeros(n, dtype=bool)
        free[np.argsort(distance, kind="stable")[: max(2, round(share * n))]] = True
        for i in np.flatnonzero(several & ~free).tolist():
            literal = int(offset[i] + alternative[i] - instance.alternative_start[i])
            model.add(model.get_bool_var_from_proto_index(literal) == 1)
        kept = np.flatnonzero(~free)
        order = kept[np.lexsort((kept, (start + duration)[kept], start[kept], machine[kept]))]
        variables = {i: model.get_int_var_from_proto_index(i) for i in order.tolist()}
        for i, j in zip(order[:-1].tolist(), order[1:].tolist(), strict=True):
            if machine[i] == machine[j]:
                model.add(variables[j] >= variables[i] + int(duration[i]))

    return restrict
