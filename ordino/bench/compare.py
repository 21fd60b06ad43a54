"""Two stores side by side: has anything become worse?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

from ordino.bench.record import gap_to
from ordino.bench.samples import LIMITS, Sample, study, varying_limits
from ordino.bench.statistics import holm, interval_of_mean, shifted_geometric_mean
from ordino.bench.store import Record, Store
from ordino.bench.summary import Cell, cells, versus
from ordino.core.errors import UsageError

__all__ = ["Change", "Comparison", "Regression", "compare"]

Key = tuple[str, str]
What = tuple[str, str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A method, before and after, on the instances that both stores have, over the same seeds.

    Attributes:
        method: Its label.
        instances: How many.
        better: Instances on which it has become better.
        same: Neither.
        worse: Instances on which it has become worse.
        difference: Mean of the gap after less the gap before.
        interval: Its 95 % confidence interval.
        p: Of the Wilcoxon signed-rank test, corrected for the number of methods.
        seconds_before: Shifted geometric mean time before.
        seconds_after: The same after.
        proved_before: Share of proofs before.
        proved_after: The same after.
    """

    method: str
    instances: int
    better: int
    same: int
    worse: int
    difference: float | None
    interval: tuple[float, float] | None
    p: float | None
    seconds_before: float
    seconds_after: float
    proved_before: float
    proved_after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Regression:
    """A method on an instance that has become worse: what, before and after."""

    method: str
    set: str
    instance: str
    what: str
    before: float | None
    after: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What changed from one store to another, and how many runs only one of them has.

    `differences` says which limits and versions differ: "time_limit: 10 before, 60 after".
    """

    changes: list[Change]
    regressions: list[Regression]
    differences: list[str]
    only_before: int
    only_after: int

    def to_data(self) -> dict[str, Any]:
        """Return the comparison as plain data."""
        return asdict(self)


def compare(before: Store, after: Store, threshold: float) -> Comparison:
    """Compare the runs that two stores have in common: solver, settings, instance and seed.

    A limit makes two runs different ones only where one store itself has several.

    Args:
        before: The store to compare with.
        after: The store that may have become worse.
        threshold: A mean objective that is worse by more than this share is a regression; so are a
            solution, and a proof on all seeds, that are no longer found.

    Raises:
        UsageError: They have no run in common.
    """
    found = study(chain(_records(before, "before"), _records(after, "after")), _varying)
    sides: dict[str, dict[What, Sample]] = {"before": {}, "after": {}}
    for sample in found.samples:
        what = (sample.fingerprint, sample.method, sample.record["seed"])
        sides[sample.record["side"]][what] = sample
    common = sides["before"].keys() & sides["after"].keys()
    if not common:
        raise UsageError(f"{before.path} and {after.path} have no run in common")
    old = cells(sides["before"][what] for what in sorted(common))
    new = cells(sides["after"][what] for what in sorted(common))
    return Comparison(
        changes=_changes(old, new),
        regressions=[each for key in old for each in _regressions(key, old, new, threshold)],
        differences=_differences(sides, common),
        only_before=len(sides["before"]) - len(common),
        only_after=len(sides["after"]) - len(common),
    )


def _records(store: Store, side: str) -> Iterator[Record]:
    for record in store.records():
        yield record | {"side": side}


def _varying(records: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the limits of which one side has several values; versions are what is compared."""
    held = list(records)
    each = [varying_limits(r for r in held if r["side"] == side) for side in ("before", "after")]
    return [name for name in LIMITS if any(name in found for found in each)]


def _differences(sides: Mapping[str, Mapping[What, Sample]], common: Iterable[What]) -> list[str]:
    shared = list(common)

    def values(side: str, name: str) -> list[str]:
        return sorted({str(sides[side][what].record[name]) for what in shared})

    found = []
    for name in (*LIMITS, "version"):
        old, new = values("before", name), values("after", name)
        if old != new:
            found.append(f"{name}: {', '.join(old)} before, {', '.join(new)} after")
    return found


def _changes(old: Mapping[Key, Cell], new: Mapping[Key, Cell]) -> list[Change]:
    methods = sorted({method for _, method in old})
    tests = []
    for method in methods:
        keys = [key for key in old if key[1] == method]
        tests.append((keys, *versus([(new[key], old[key]) for key in keys])))
    corrected = holm([test[-1] for test in tests])
    return [
        Change(
            method=method,
            instances=len(keys),
            better=signs.count(-1),
            same=signs.count(0),
            worse=signs.count(1),
            difference=sum(differences) / len(differences) if differences else None,
            interval=interval_of_mean(differences),
            p=p,
            seconds_before=shifted_geometric_mean([old[key].seconds for key in keys]),
            seconds_after=shifted_geometric_mean([new[key].seconds for key in keys]),
            proved_before=sum(old[key].proved for key in keys) / len(keys),
            proved_after=sum(new[key].proved for key in keys) / len(keys),
        )
        for method, (keys, signs, differences, _), p in zip(methods, tests, corrected, strict=True)
    ]


def _regressions(
    key: Key, old: Mapping[Key, Cell], new: Mapping[Key, Cell], threshold: float
) -> Iterator[Regression]:
    before, after = old[key], new[key]

    def found(what: str, then: float | None, now: float | None) -> Regression:
        return Regression(
            method=key[1],
            set=before.best.set,
            instance=before.best.instance,
            what=what,
            before=then,
            after=now,
        )

    if before.mean is not None and after.mean is None:
        yield found("no solution on every seed", before.mean, None)
    elif before.mean is not None and after.mean is not None:
        worse = gap_to(before.mean, after.mean)
        if (worse is None and after.mean > 0) or (worse is not None and worse > threshold):
            yield found("objective", before.mean, after.mean)
    if before.proved == 1 and after.proved == 0:
        yield found("no proof on any seed", before.proved, after.proved)
