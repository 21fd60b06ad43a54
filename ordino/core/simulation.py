"""What a plan or a policy comes to when things go otherwise than planned."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ordino.core.objective import Number
from ordino.core.scene import Bar, Scene

__all__ = ["QUANTILES", "Simulation"]

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
MOST_BINS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """Outcomes of many replications.

    Attributes:
        family: Name of the family.
        instance: Name of the instance, or empty.
        fingerprint: Of the instance.
        objective: Name of what the values measure.
        options: What was assumed, and the policy.
        seed: Of every random choice.
        planned: Objective of the plan if all goes as planned; `None` where there is no plan.
        values: One a replication, in order.
    """

    family: str
    instance: str
    fingerprint: str
    objective: str
    options: Mapping[str, Any]
    seed: int
    planned: Number | None
    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean of the values."""
        return math.fsum(self.values) / len(self.values)

    @property
    def deviation(self) -> float:
        """Standard deviation of the values; 0 for one."""
        mean, count = self.mean, len(self.values)
        return math.sqrt(math.fsum((x - mean) ** 2 for x in self.values) / max(1, count - 1))

    def quantile(self, share: float) -> float:
        """Return a value that this share of the replications keeps below, interpolated."""
        ordered = sorted(self.values)
        place = share * (len(ordered) - 1)
        below = int(place)
        above = min(below + 1, len(ordered) - 1)
        return ordered[below] + (place - below) * (ordered[above] - ordered[below])

    def to_data(self) -> dict[str, Any]:
        """Return the simulation as plain data for JSON."""
        return {
            "ordino": 1,
            "type": "simulation",
            "family": self.family,
            "instance": self.instance,
            "fingerprint": self.fingerprint,
            "objective": self.objective,
            "options": dict(self.options),
            "seed": self.seed,
            "planned": self.planned,
            "replications": len(self.values),
            "mean": self.mean,
            "deviation": self.deviation,
            "quantiles": {f"{share:g}": self.quantile(share) for share in QUANTILES},
            "values": list(self.values),
        }

    def scene(self) -> Scene:
        """Draw the distribution: a row for each range of values, as long as it came up often."""
        least, most = min(self.values), max(self.values)
        bins = max(1, min(MOST_BINS, round(math.sqrt(len(self.values))))) if most > least else 1
        width = (most - least) / bins or 1.0
        counts = [0] * bins
        for value in self.values:
            counts[min(bins - 1, int((value - least) / width))] += 1
        edges = [least + width * each for each in range(bins + 1)]
        rows = [f"{low:.5g} to {high:.5g}" for low, high in pairwise(edges)]
        middle = min(bins - 1, int((self.mean - least) / width))
        bars = [
            Bar(
                row=row,
                start=0,
                end=count,
                group=int(row == middle),
                label=str(count),
                detail=f"{rows[row]}: {count} of {len(self.values)}",
            )
            for row, count in enumerate(counts)
        ]
        planned = "" if self.planned is None else f", planned {self.planned:.6g}"
        title = (
            f"{self.instance or self.family}: {self.objective} {self.mean:.6g} in the mean{planned}"
        )
        return Scene(
            title=title,
            axis="replications",
            rows=tuple(rows),
            bars=tuple(bars),
            legend=("replications", "with the mean among them"),
        )
