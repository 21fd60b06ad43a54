"""When the jobs of a sequence end, for formulations and pictures; the checker has its own way."""

from __future__ import annotations

import numpy as np

from ordino.core.arrays import Integers
from ordino.models.tardiness.problem import SingleMachine

__all__ = ["completion_times"]


def completion_times(instance: SingleMachine, order: Integers) -> Integers:
    """Return when the jobs end, in the order of the sequence: C = max(C of the job before, r) + p.

    Written out, C_k is the largest of r_i + p_i + … + p_k over the positions i up to k.
    """
    durations = instance.processing_times[order]
    until = np.cumsum(durations)
    waited = np.maximum.accumulate(instance.release_dates[order] - (until - durations))
    return until + np.maximum(0, waited)
