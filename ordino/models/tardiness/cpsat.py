"""Single-machine tardiness for CP-SAT: by positions where all weigh the same, else by intervals.

By positions, the tardiness belongs to the position, whichever job stands there, and no big constant
is needed: the bounds are far better than those of the interval model, whose bound stays near 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ordino.core.objective import Value
from ordino.models.formulation import CpsatFormulation
from ordino.models.tardiness.problem import JobSequence, SingleMachine
from ordino.models.tardiness.timing import completion_times

__all__ = ["formulate", "takes"]

LARGEST = 2**50
"""CP-SAT refuses sums that may leave 63 bits; each here has at most a few terms a job."""

MOST_POSITIONS = 300

_ASSIGNMENT_RELAXED = (
    'linearization_level:2 subsolver_params:{name:"default_lp" linearization_level:2}'
)
"""At its default level, CP-SAT leaves the rows "exactly one" out of the relaxation; with several
workers the sub-solver's own level counts."""


def takes(instance: SingleMachine) -> str | None:
    """Say why CP-SAT can't hold the instance's numbers, or return `None`."""
    widest = instance.horizon + int(np.abs(instance.due_dates).max())
    if instance.jobs * widest * max(1, int(instance.weights.max())) >= LARGEST:
        return "jobs x horizon x largest weight reaches 2^50"
    return None


def formulate(instance: SingleMachine, upper_bound: Value | None) -> CpsatFormulation:
    """Build the model that suits the instance.

    Args:
        instance: The jobs.
        upper_bound: The interval model leaves out worse sequences.
    """
    if instance.exchangeable and instance.jobs <= MOST_POSITIONS:
        return _positions(instance)
    return _intervals(instance, upper_bound)


def _positions(instance: SingleMachine) -> CpsatFormulation:
    """Job j stands at position k if x_jk = 1; C_k = C_{k-1} + sum_j p_j x_jk and
    T_k >= C_k - sum_j d_j x_jk (Keha, Khowala, Fowler 2009, with the tardiness by position)."""
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    jobs, horizon = instance.jobs, instance.horizon
    durations, dues = instance.processing_times.tolist(), instance.due_dates.tolist()
    latest = max(0, horizon - min(dues))

    stands = [[model.new_bool_var("") for _ in range(jobs)] for _ in range(jobs)]
    ends = [model.new_int_var(0, horizon, "") for _ in range(jobs)]
    late = [model.new_int_var(0, latest, "") for _ in range(jobs)]
    for job in range(jobs):
        model.add_exactly_one(stands[job])
    before: Any = 0
    for position, end in enumerate(ends):
        here = [row[position] for row in stands]
        model.add_exactly_one(here)
        model.add(end == before + cp_model.LinearExpr.weighted_sum(here, durations))
        model.add(late[position] >= end - cp_model.LinearExpr.weighted_sum(here, dues))
        before = end

    def hint(solution: JobSequence) -> Iterable[tuple[Any, int]]:
        order = solution.order.tolist()
        for position, job in enumerate(order):
            yield from ((stands[each][position], int(each == job)) for each in range(jobs))
        done = completion_times(instance, solution.order).tolist()
        for position, (job, end) in enumerate(zip(order, done, strict=True)):
            yield ends[position], end
            yield late[position], max(0, end - dues[job])

    def read(values: Sequence[int]) -> JobSequence:
        matrix = np.array(values[: jobs * jobs]).reshape(jobs, jobs)
        return JobSequence(matrix.argmax(axis=0))

    total = int(instance.weights[0]) * cp_model.LinearExpr.sum(late)
    return CpsatFormulation(
        model=model, levels=(total,), hint=hint, read=read, parameters=_ASSIGNMENT_RELAXED
    )


def _intervals(instance: SingleMachine, upper_bound: Value | None) -> CpsatFormulation:
    """An interval a job, no overlap, and T_j >= end of j - d_j."""
    from ortools.sat.python import cp_model

    assert upper_bound is None or isinstance(upper_bound, int)
    model = cp_model.CpModel()
    horizon = instance.horizon
    durations, dues = instance.processing_times.tolist(), instance.due_dates.tolist()
    starts, intervals, late = [], [], {}
    for job, release in enumerate(instance.release_dates.tolist()):
        start = model.new_int_var(release, horizon - durations[job], "")
        starts.append(start)
        intervals.append(model.new_fixed_size_interval_var(start, durations[job], ""))
    model.add_no_overlap(intervals)

    weights = instance.weights.tolist()
    for job, (start, weight) in enumerate(zip(starts, weights, strict=True)):
        latest = horizon - dues[job]
        if weight and latest > 0:
            if upper_bound is not None:
                latest = min(latest, upper_bound // weight)
            late[job] = model.new_int_var(0, latest, "")
            model.add(late[job] >= start + durations[job] - dues[job])

    def hint(solution: JobSequence) -> Iterable[tuple[Any, int]]:
        done = completion_times(instance, solution.order).tolist()
        for job, end in zip(solution.order.tolist(), done, strict=True):
            yield starts[job], end - durations[job]
            if job in late:
                yield late[job], max(0, end - dues[job])

    def read(values: Sequence[int]) -> JobSequence:
        begun = np.array(values[: len(starts)])
        return JobSequence(np.lexsort((instance.processing_times, begun)))

    total = cp_model.LinearExpr.weighted_sum(list(late.values()), [weights[job] for job in late])
    return CpsatFormulation(model=model, levels=(total,), hint=hint, read=read)
