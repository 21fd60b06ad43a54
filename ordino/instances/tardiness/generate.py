"""The generator of Potts and Van Wassenhove (1982), after Fisher (1976)."""

from __future__ import annotations

import numpy as np

from ordino.core.errors import UsageError
from ordino.models.tardiness.problem import SingleMachine

__all__ = ["potts_van_wassenhove"]


def potts_van_wassenhove(
    *,
    jobs: int = 50,
    tardiness_factor: float = 0.6,
    due_date_range: float = 0.2,
    weighted: bool = False,
    release_range: float = 0.0,
    seed: int = 0,
) -> SingleMachine:
    """Generate processing times from 1 to 100, and due dates around (1 - TF) P for all work P.

    Due dates are drawn from P (1 - TF - R / 2) to P (1 - TF + R / 2), and negative ones become 0;
    then weights from 1 to 10, then release dates. The same seed gives the same processing times and
    due dates with and without weights. Hardest are TF = 0.6, R = 0.2.

    Args:
        jobs: Number of jobs.
        tardiness_factor: TF, about the share of jobs that are late; 0 to 1.
        due_date_range: R, width of the range of due dates as a share of P; at least 0.
        weighted: Whether to draw weights.
        release_range: Release dates are drawn from 0 to this share of P, and a due date is no
            earlier than its job can end; at least 0.
        seed: Of the generator.

    Raises:
        UsageError: A number out of range.

    >>> potts_van_wassenhove(jobs=3, seed=1).due_dates
    array([87, 53, 57])
    """
    for name, ok, expected in (
        ("jobs", jobs >= 1, "at least 1"),
        ("tardiness_factor", 0 <= tardiness_factor <= 1, "0 to 1"),
        ("due_date_range", 0 <= due_date_range < float("inf"), "at least 0"),
        ("release_range", 0 <= release_range < float("inf"), "at least 0"),
        ("seed", seed >= 0, "at least 0"),
    ):
        if not ok:
            raise UsageError(f"generator potts-van-wassenhove: {name}: expected {expected}")
    draw = np.random.default_rng(seed).integers
    times = draw(1, 101, jobs)
    work = int(times.sum())
    low = int(work * (1 - tardiness_factor - due_date_range / 2))
    high = int(work * (1 - tardiness_factor + due_date_range / 2))
    dues = np.maximum(0, draw(low, high + 1, jobs))
    weights = draw(1, 11, jobs) if weighted else np.ones(jobs, dtype=np.int64)
    releases = np.zeros(jobs, dtype=np.int64)
    if release_range:
        releases = draw(0, int(work * release_range) + 1, jobs)
        dues = np.maximum(dues, releases + times)
    return SingleMachine(
        processing_times=times,
        due_dates=dues,
        weights=weights,
        release_dates=releases,
        name=f"pvw-{jobs}-{tardiness_factor:g}-{due_date_range:g}-{seed}",
    )
