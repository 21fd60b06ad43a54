"""The arithmetic of comparisons, on arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ordino.core.errors import MissingExtraError

__all__ = [
    "SHIFT_SECONDS",
    "holm",
    "interval_of_mean",
    "primal_integral",
    "profile",
    "shifted_geometric_mean",
    "signed_rank",
]

SHIFT_SECONDS = 10.0
_RESAMPLES = 2000
_CONFIDENCE = 0.95
Floats = NDArray[np.float64]


def shifted_geometric_mean(seconds: Sequence[float], shift: float = SHIFT_SECONDS) -> float:
    """Return exp(mean(log(t + shift))) - shift.

    >>> shifted_geometric_mean([5.0, 5.0])
    5.0
    """
    times = np.asarray(seconds, float)
    return round(float(np.exp(np.log(times + shift).mean()) - shift), 10)


def primal_integral(times: Floats, gaps: Floats, time_limit: float) -> float:
    """Return the mean over the time limit of the primal gap.

    Args:
        times: At which the gap changes, ascending; n of them.
        gaps: 1 before the first solution, then after each change; n + 1 of them.
        time_limit: In seconds.

    Source: T. Berthold, Measuring the impact of primal heuristics, 2013.
    """
    ends = np.minimum(np.array([0.0, *times, time_limit]), time_limit)
    return float(np.diff(ends) @ gaps) / time_limit


def interval_of_mean(values: Sequence[float]) -> tuple[float, float] | None:
    """Return a 95 % confidence interval of the mean, by the bootstrap (Efron 1979, percentiles);
    `None` for fewer than two values. The same values give the same interval."""
    sample = np.asarray(values, float)
    if sample.size < 2:
        return None
    rng = np.random.default_rng(0)
    means = np.concatenate(
        [
            sample[rng.integers(sample.size, size=(200, sample.size))].mean(axis=1)
            for _ in range(_RESAMPLES // 200)
        ]
    )
    tail = (1 - _CONFIDENCE) / 2
    low, high = np.quantile(means, (tail, 1 - tail))
    return float(low), float(high)


def signed_rank(differences: Sequence[float]) -> float | None:
    """Return the two-sided p value of the Wilcoxon signed-rank test (Wilcoxon 1945, zeros dropped);
    `None` where all differences are 0.

    Raises:
        MissingExtraError: SciPy is not installed.
    """
    values = np.asarray(differences, float)
    if not values.any():
        return None
    try:
        from scipy.stats import wilcoxon
    except ImportError:
        raise MissingExtraError("a comparison", "bench") from None
    return float(wilcoxon(values[values != 0]).pvalue)


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Correct p values of several tests (Holm 1979).

    >>> holm([0.01, 0.04, None])
    [0.02, 0.04, None]
    """
    order = sorted((p, index) for index, p in enumerate(p_values) if p is not None)
    corrected: list[float | None] = [None] * len(p_values)
    least = 0.0
    for rank, (p, index) in enumerate(order):
        least = max(least, min(1.0, p * (len(order) - rank)))
        corrected[index] = least
    return corrected


def profile(values: Sequence[float], total: int) -> tuple[list[float], list[float]]:
    """Return the steps of the share, of `total`, that is at most x: abscissae and shares.

    >>> profile([2.0, 1.0, 1.0], 4)
    ([1.0, 2.0], [0.5, 0.75])
    """
    where, counts = np.unique(np.asarray(values, float), return_counts=True)
    return [float(x) for x in where], [float(s) for s in counts.cumsum() / total]
