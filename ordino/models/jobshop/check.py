"""Checks a job-shop schedule from first principles, in O(n log n) for n operations."""

from __future__ import annotations

import numpy as np

from ordino.core.report import Report, Violation
from ordino.models.jobshop.problem import JobShop, Schedule
from ordino.models.jobshop.shop import Shop
from ordino.models.jobshop.shop_check import shop_check

__all__ = ["check"]


def check(instance: JobShop | Shop, solution: Schedule) -> Report:
    """Check a schedule of a classic or a general shop."""
    return (
        shop_check(instance, solution)
        if isinstance(instance, Shop)
        else _check_classic(instance, solution)
    )


def _check_classic(instance: JobShop, solution: Schedule) -> Report:
    """Check that jobs keep release dates and order, and machines do one operation at a time.

    An operation occupies its machine from its start up to, not including, its end. The objective is
    the latest end.
    """
    start = solution.start
    if start.size != instance.operations:
        message = f"expected {instance.operations} start times, got {start.size}"
        return Report.of([Violation("shape", message)], None)
    violations: list[Violation] = []
    if solution.machine is not None and not np.array_equal(solution.machine, instance.machine):
        message = "the machines differ from the instance's, which leave no choice"
        violations.append(Violation("machine", message))
    end = start + instance.duration

    def name(operation: int) -> str:
        job, position = instance.place(operation)
        return f"operation {position} of job {job}"

    for job, first in enumerate(instance.job_start[:-1].tolist()):
        if start[first] < instance.release_dates[job]:
            violations.append(
                Violation(
                    "release",
                    f"{name(first)} starts at {start[first]}, before the job's release at "
                    f"{instance.release_dates[job]}",
                )
            )

    follows = np.ones(instance.operations, dtype=bool)
    follows[instance.job_start[:-1]] = False
    for operation in np.flatnonzero(follows & (start < np.roll(end, 1))).tolist():
        violations.append(
            Violation(
                "precedence",
                f"{name(operation)} starts at {start[operation]}, before its predecessor ends at "
                f"{end[operation - 1]}",
            )
        )

    order = np.lexsort((end, start, instance.machine))
    first, second = order[:-1], order[1:]
    same = instance.machine[first] == instance.machine[second]
    for index in np.flatnonzero(same & (start[second] < end[first])).tolist():
        early, late = int(first[index]), int(second[index])
        violations.append(
            Violation(
                "overlap",
                f"{name(late)} starts at {start[late]} on machine {instance.machine[late]}, before "
                f"{name(early)} ends there at {end[early]}",
            )
        )
    return Report.of(violations, int(end.max()))
