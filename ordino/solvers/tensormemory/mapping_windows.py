"""Neighbourhoods of a mapping: the buffers that are alive near a moment are left free.

The others stay in fast memory at their address, or out of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ordino.models.tensormemory import placement_cpsat
from ordino.models.tensormemory.mapping import Mapping
from ordino.models.tensormemory.placement import ABSENT, Placement

__all__ = ["restriction", "takes"]


def takes(instance: Any) -> str | None:
    """Say why an instance is not for neighbourhoods, or return `None`."""
    if not isinstance(instance, Mapping):
        return "only for mappings"
    return placement_cpsat.takes_mapping(instance)


def restriction(
    instance: Mapping,
) -> Callable[[Any, Placement, np.random.Generator, float], None]:
    """Return a function for `neighbourhoods.improve` on the models of `placement_cpsat`."""
    lifetimes = instance.lifetimes
    count = lifetimes.buffers
    steps = np.lcm(lifetimes.alignment, placement_cpsat.unit_of(lifetimes))
    by_start = np.sort(lifetimes.start)

    def restrict(
        model: Any, solution: Placement, random: np.random.Generator, share: float
    ) -> None:
        moment = by_start[random.integers(count)]
        away = np.maximum(lifetimes.start - moment, moment - lifetimes.end + 1)
        away = np.maximum(away, 0) + random.random(count) * 0.5
        kept = np.ones(count, dtype=bool)
        kept[np.argsort(away)[: max(2, round(share * count))]] = False
        offset = solution.offset
        for i in np.flatnonzero(kept).tolist():
            present = model.get_int_var_from_proto_index(i)
            model.add(present == int(offset[i] != ABSENT))
            if offset[i] != ABSENT:
                model.add(
                    model.get_int_var_from_proto_index(count + i) == int(offset[i] // steps[i])
                )

    return restrict
