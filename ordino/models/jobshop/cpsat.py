"""The job shop for CP-SAT: an interval an operation, no overlap on a machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ordino.core.objective import Value
from ordino.models.formulation import CpsatFormulation
from ordino.models.jobshop.problem import JobShop, Schedule
from ordino.models.jobshop.shop import Shop
from ordino.models.jobshop.shop_cpsat import formulate_shop, takes_shop

__all__ = ["PARAMETERS", "formulate", "takes"]

PARAMETERS = 'linearization_level:0 subsolver_params { name:"default_lp" linearization_level:0 }'
"""Linear relaxations say little of disjunctions; without them proofs take a fraction of the time.
The second part is for several workers, whose first one would switch them on again."""


def takes(instance: JobShop | Shop) -> str | None:
    """Say why CP-SAT can't hold the instance, or return `None`."""
    return takes_shop(instance) if isinstance(instance, Shop) else None


def formulate(instance: JobShop | Shop, upper_bound: Value | None) -> CpsatFormulation:
    """Build the model of a classic or a general shop."""
    if isinstance(instance, Shop):
        return formulate_shop(instance, upper_bound)
    return _formulate_classic(instance, upper_bound)


def _formulate_classic(instance: JobShop, upper_bound: Value | None) -> CpsatFormulation:
    """Build the model: start variables between head and tail, makespan behind the last ones.

    Args:
        instance: The job shop.
        upper_bound: Longer makespans are left out.
    """
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    if upper_bound is None:
        horizon = int(instance.release_dates.max()) + int(instance.duration.sum())
    else:
        assert isinstance(upper_bound, int)
        horizon = upper_bound
    durations = instance.duration.tolist()
    machines = instance.machine.tolist()
    tails = instance.tails().tolist()

    starts, on_machine = [], [[] for _ in range(instance.machines)]  # type: ignore[var-annotated]
    for operation, head in enumerate(instance.heads().tolist()):
        latest = horizon - tails[operation] - durations[operation]
        start = model.new_int_var(head, max(head, latest), "")
        starts.append(start)
        interval = model.new_fixed_size_interval_var(start, durations[operation], "")
        on_machine[machines[operation]].append(interval)
    for intervals in on_machine:
        if len(intervals) > 1:
            model.add_no_overlap(intervals)

    makespan = model.new_int_var(0, horizon, "makespan")
    for first, behind in instance.chains():
        for operation in range(first, behind - 1):
            model.add(starts[operation + 1] >= starts[operation] + durations[operation])
        model.add(makespan >= starts[behind - 1] + durations[behind - 1])

    def hint(solution: Schedule) -> Iterable[tuple[Any, int]]:
        end = int((solution.start + instance.duration).max())
        return [*zip(starts, solution.start.tolist(), strict=True), (makespan, end)]

    def read(values: Sequence[int]) -> Schedule:
        return Schedule(np.array(values[: len(starts)], dtype=np.int64))

    return CpsatFormulation(
        model=model, levels=(makespan,), hint=hint, read=read, parameters=PARAMETERS
    )
