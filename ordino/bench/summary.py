"""What a report says: figures a method, pairs of methods, instances, failures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ordino.bench.samples import Floats, Sample, Study
from ordino.bench.statistics import (
    holm,
    interval_of_mean,
    profile,
    shifted_geometric_mean,
    signed_rank,
)

__all__ = ["Cell", "Figures", "Pair", "cells", "curves", "figures", "pairs", "profiles", "versus"]

_EQUAL = 1e-9
Curve = tuple[list[float], list[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A method on an instance, over its seeds.

    Attributes:
        samples: The runs, best first.
        mean: Mean objective, `None` where a run has no solution.
        gap: Mean gap, `None` where it has no value.
        integral: Mean primal integral.
        proved: Share of the runs with a proof.
        seconds: Shifted geometric mean of the times.
    """

    samples: list[Sample]
    mean: float | None
    gap: float | None
    integral: float | None
    proved: float
    seconds: float

    @property
    def best(self) -> Sample:
        """The best run."""
        return self.samples[0]


def cells(samples: Iterable[Sample]) -> dict[tuple[str, str], Cell]:
    """Group runs by fingerprint and method."""
    groups: dict[tuple[str, str], list[Sample]] = {}
    for sample in samples:
        groups.setdefault((sample.fingerprint, sample.method), []).append(sample)
    return {key: _cell(group) for key, group in groups.items()}


def _cell(group: list[Sample]) -> Cell:
    worst = (float("inf"),)
    return Cell(
        samples=sorted(group, key=lambda sample: sample.values or worst),
        mean=_mean([sample.objective for sample in group]),
        gap=_mean([sample.gap for sample in group]),
        integral=_mean([sample.integral for sample in group]),
        proved=sum(sample.proved for sample in group) / len(group),
        seconds=shifted_geometric_mean([sample.seconds for sample in group]),
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if values and len(known) == len(values) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A method on a set: means over instances of means over seeds.

    Attributes:
        method: Its label.
        instances: How many.
        runs: How many.
        failed: Runs that did not finish.
        solved: Share of the runs with a solution.
        proved: Share of the runs with a proof.
        reached: Share of the instances whose mean gap is at most 0.
        gap: Mean gap, over the instances where it has a value.
        gap_interval: Its 95 % confidence interval.
        gap_instances: How many instances that are.
        seconds: Shifted geometric mean time, the time limit where there is no proof.
        integral: Mean primal integral.
    """

    method: str
    instances: int
    runs: int
    failed: int
    solved: float
    proved: float
    reached: float
    gap: float | None
    gap_interval: tuple[float, float] | None
    gap_instances: int
    seconds: float
    integral: float | None


def figures(samples: Sequence[Sample], methods: Iterable[str]) -> list[Figures]:
    """Return the figures of each method that has runs among the samples."""
    found = []
    for method in methods:
        own = [sample for sample in samples if sample.method == method]
        if not own:
            continue
        held = list(cells(own).values())
        gaps = [cell.gap for cell in held if cell.gap is not None]
        integrals = [cell.integral for cell in held if cell.integral is not None]
        found.append(
            Figures(
                method=method,
                instances=len(held),
                runs=len(own),
                failed=sum(sample.record["outcome"] != "finished" for sample in own),
                solved=sum(sample.objective is not None for sample in own) / len(own),
                proved=sum(sample.proved for sample in own) / len(own),
                reached=sum(gap <= _EQUAL for gap in gaps) / len(held),
                gap=sum(gaps) / len(gaps) if gaps else None,
                gap_interval=interval_of_mean(gaps),
                gap_instances=len(gaps),
                seconds=shifted_geometric_mean([sample.seconds for sample in own]),
                integral=sum(integrals) / len(integrals) if integrals else None,
            )
        )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two methods on the instances that both have.

    Attributes:
        first: Its label.
        second: Its label.
        wins: Instances on which the first is better (a solution is better than none).
        ties: Equally good.
        losses: The second is better.
        difference: Mean of the first's gap less the second's, where both have one.
        interval: Its 95 % confidence interval.
        p: Of the Wilcoxon signed-rank test on these differences, corrected for the number of pairs.
    """

    first: str
    second: str
    wins: int
    ties: int
    losses: int
    difference: float | None
    interval: tuple[float, float] | None
    p: float | None


def pairs(samples: Iterable[Sample], methods: Iterable[str]) -> list[Pair]:
    """Compare every two methods, on means over seeds."""
    held = cells(samples)
    tests = []
    for first, second in combinations(methods, 2):
        both = [
            (held[f, m], held[f, second]) for f, m in held if m == first and (f, second) in held
        ]
        if both:
            tests.append((first, second, *versus(both)))
    corrected = holm([test[-1] for test in tests])
    return [
        Pair(
            first=first,
            second=second,
            wins=sum(sign < 0 for sign in signs),
            ties=signs.count(0),
            losses=sum(sign > 0 for sign in signs),
            difference=sum(differences) / len(differences) if differences else None,
            interval=interval_of_mean(differences),
            p=p,
        )
        for (first, second, signs, differences, _), p in zip(tests, corrected, strict=True)
    ]


def versus(
    both: Sequence[tuple[Cell, Cell]],
) -> tuple[list[int], list[float], float | None]:
    """Return who is better on each instance (-1: the first), differences of gaps, p value."""
    signs = [_sign(first, second) for first, second in both]
    differences = [
        first.gap - second.gap
        for first, second in both
        if first.gap is not None and second.gap is not None
    ]
    return signs, differences, signed_rank(differences) if differences else None


def _sign(first: Cell, second: Cell) -> int:
    """Compare by the means of all levels; a run without a solution is worse than any."""
    one, two = _levels(first), _levels(second)
    for a, b in zip(one, two, strict=False):
        if abs(a - b) > _EQUAL * max(1.0, min(abs(a), abs(b))):
            return -1 if a < b else 1
    return 0


def _levels(cell: Cell) -> list[float]:
    unsolved = sum(sample.values is None for sample in cell.samples) / len(cell.samples)
    solved = [sample.values for sample in cell.samples if sample.values is not None]
    means = [sum(level) / len(solved) for level in zip(*solved, strict=True)]
    return [unsolved, *means]


def curves(samples: Sequence[Sample], study: Study) -> dict[str, Floats]:
    """Return each method's mean primal gap at the times of the grid."""
    found = {}
    for method in study.methods:
        held = [s.curve for s in samples if s.method == method and s.curve is not None]
        if held:
            found[method] = np.mean(held, axis=0)
    return found


def profiles(samples: Sequence[Sample], methods: Iterable[str], of: str) -> dict[str, Curve]:
    """Return performance profiles (Dolan, Moré 2002): the share of instances on which a method is
    within a factor of the best method here.

    Args:
        samples: The runs.
        methods: Whose.
        of: `quality` compares mean gaps with the reference, as differences (a factor of the
            objective, less 1); `time` compares times to a proof, as factors.
    """
    held = cells(samples)
    names = {fingerprint for fingerprint, _ in held}
    costs = {key: _cost(cell, of) for key, cell in held.items()}
    best: dict[str, float] = {}
    for (name, _), cost in costs.items():
        if cost is not None:
            best[name] = min(cost, best.get(name, cost))
    found = {}
    for method in methods:
        ratios = []
        for name in names:
            cost = costs.get((name, method))
            if cost is not None:
                ratios.append(max(0.0, cost) if of == "quality" else cost / best[name])
        if ratios:
            found[method] = profile(ratios, len(names))
    return found


def _cost(cell: Cell, of: str) -> float | None:
    if of == "quality":
        return cell.gap
    return max(0.01, cell.seconds) if cell.proved == 1 else None
