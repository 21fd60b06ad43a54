"""Checks a sequence of jobs from first principles, in O(n)."""

from __future__ import annotations

from ordino.core.report import Report, Violation
from ordino.models.tardiness.problem import JobSequence, SingleMachine

__all__ = ["check"]


def check(instance: SingleMachine, solution: JobSequence) -> Report:
    """Check that each job stands in the sequence once.

    Each job starts as soon as the machine is free and the job is released; the objective is the sum
    of weight times tardiness.
    """
    places: dict[int, list[int]] = {}
    for position, job in enumerate(solution.order.tolist()):
        places.setdefault(job, []).append(position)
    last = instance.jobs - 1
    violations: list[Violation] = []
    for job, positions in places.items():
        if not 0 <= job <= last:
            message = f"position {positions[0]} holds job {job}, expected a job from 0 to {last}"
            violations.append(Violation("unknown", message))
        elif len(positions) > 1:
            where = " and ".join(map(str, positions))
            violations.append(Violation("repeated", f"job {job} stands at positions {where}"))
    for job in range(instance.jobs):
        if job not in places:
            violations.append(Violation("missing", f"job {job} is missing from the sequence"))
    if violations:
        return Report.of(violations, None)

    durations, dues = instance.processing_times.tolist(), instance.due_dates.tolist()
    weights, releases = instance.weights.tolist(), instance.release_dates.tolist()
    now = total = 0
    for job in solution.order.tolist():
        now = max(now, releases[job]) + durations[job]
        total += weights[job] * max(0, now - dues[job])
    return Report.of([], total)
