"""Dispatching rules for general shops: a priority, and the machine of earliest end."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from ordino.core.arrays import Integers
from ordino.core.kernel import is_warm
from ordino.heuristics.jobshop.shop_generation import arrays_of, generate
from ordino.models.jobshop.problem import Schedule
from ordino.models.jobshop.shop import Shop

__all__ = ["KERNELS", "dispatch", "takes"]

KERNELS = "ordino.heuristics.jobshop.shop_generation_kernels"
LARGE = 2_000
"""Operations from which on it pays to load the compiled generator, where it is there."""


def takes(instance: Shop) -> str | None:
    """Say why rules are not for this shop, or return `None`."""
    if instance.buffers != "unlimited":
        return f"its buffers are {instance.buffers}"
    return None


def dispatch(
    instance: Shop, priority: Any, *, arrival_order: bool = False, active: bool = False
) -> Schedule | None:
    """Return the schedule by a priority of each operation, the least first.

    `None` where an operation fits nowhere between downtimes.
    """
    make = generator(instance, compiled=instance.operations >= LARGE and is_warm(KERNELS))
    found = make(np.asarray(priority, dtype=np.int64), arrival_order, active)
    if found is None:
        return None
    start, alternative = found
    return Schedule(start, instance.machine[alternative] if instance.flexible else None)


def generator(
    instance: Shop, *, compiled: bool
) -> Callable[[Integers, bool, bool], tuple[Integers, Integers] | None]:
    """Return a function from priorities, arrival order and kind to starts and alternatives."""
    arrays = arrays_of(instance)
    n, machines = instance.operations, instance.machines
    sizes = [n] * 5 + [machines] * 2 + [n] * 2
    run: Any = import_module(KERNELS).generate if compiled else generate

    def make(priority: Integers, arrival_order: bool, active: bool) -> Any:
        inputs: list[Any] = [*arrays, priority]
        outputs: list[Any] = [np.zeros(size, np.int64) for size in sizes]
        if not compiled:
            inputs = [each if isinstance(each, int) else each.tolist() for each in inputs]
            outputs = [each.tolist() for each in outputs]
        if run(*inputs, arrival_order, active, *outputs) < n:
            return None
        return tuple(np.array(each, dtype=np.int64) for each in outputs[:2])

    return make
