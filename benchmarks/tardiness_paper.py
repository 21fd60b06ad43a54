"""The tables of Çetinkaya et al. 2025 (EDDC and MDDC), rebuilt on true optima, with ours beside.

    ORDINO_DATA=../shared/datasets python benchmarks/tardiness_paper.py [--size 100] [--every 5]

Mean gaps in percent over the instances whose optimum is above 0, as in the paper, overall and by
class. The optima are those that branch and memorize proves here; they are compared with the stored
ones. `published` is what the paper prints for its whole sets; where a part is not on this machine,
the line says which share is. The paper's line for 500 jobs divides by the optima of other instances
(they are stored in another order than the instances), `corrected` is the same on the right ones.
Times are of one thread, the first call of each method aside; those of the exact method are of a
whole call of `ordino.solve`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import click
import numpy as np
from tardiness_sets import Stored, gap, read_set

import ordino
from ordino.api import make_solver
from ordino.core.budget import Budget
from ordino.core.incumbent import Incumbent
from ordino.families.tardiness import FAMILY
from ordino.heuristics.tardiness import constructive, rules
from ordino.models.tardiness.check import check
from ordino.models.tardiness.problem import JobSequence, SingleMachine

RULES: dict[str, Callable[[SingleMachine], JobSequence]] = {
    "EDD": rules.edd,
    "EDDC": constructive.eddc,
    "MDD": rules.mdd,
    "MDDC": constructive.mddc,
    "PSK": constructive.psk,
    "aug.MDD": constructive.augmented_mdd,
    "aug.MDDC": constructive.augmented_mddc,
    "NBR": constructive.nbr,
}
SOLVERS = {"descent": "mdd-descent", "dynasearch": "dynasearch"}
EXACT = "branch-and-memorize"


@dataclass(frozen=True)
class Table:
    """A table of the paper: its set, how many instances that has and how many with an optimum above
    0, and the means of the first seven rules, as printed and as computed on the whole set."""

    name: str
    whole: int
    positive: int
    published: tuple[float, ...]
    corrected: tuple[float, ...] = ()


TABLES = {
    20: Table("smtt_20_uniform", 800, 680, (46.61, 12.83, 1.86, 1.70, 1.77, 1.21, 0.79)),
    100: Table("smtt_100", 200, 163, (59.57, 28.12, 1.81, 1.52, 1.79, 1.27, 1.08)),
    200: Table("smtt_200", 200, 160, (62.98, 52.02, 2.07, 2.00, 1.99, 1.53, 1.44)),
    500: Table(
        "smtt_500",
        200,
        160,
        (127.50, 271.75, 48.75, 48.40, 48.74, 48.15, 47.70),
        (63.41, 31.95, 1.86, 1.82, 1.86, 1.36, 1.29),
    ),
}


@dataclass
class Measured:
    """Gaps and seconds of each method on some instances."""

    gaps: dict[str, list[float]] = field(default_factory=dict)
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def add(self, method: str, gap: float | None, seconds: float) -> None:
        if gap is not None:
            self.gaps.setdefault(method, []).append(gap)
        self.seconds.setdefault(method, []).append(seconds)


def proved(instance: SingleMachine, time_limit: float) -> tuple[int | None, float]:
    """Return the optimum, or `None`, and the seconds of a whole call of `ordino.solve`."""
    began = time.perf_counter()
    result = ordino.solve(instance, solver=EXACT, workers=1, time_limit=time_limit)
    optimal = result.status is ordino.Status.OPTIMAL
    return (result.objective if optimal else None), time.perf_counter() - began


def found(instance: SingleMachine, solver: str, budget: Budget) -> tuple[int, float]:
    """Return objective and seconds of a heuristic by itself."""
    incumbent = Incumbent(instance, check, instance.objective)
    run = make_solver(FAMILY.solver(solver), {})
    began = time.perf_counter()
    run(instance, incumbent, budget)
    return incumbent.objective, time.perf_counter() - began


def measure(
    every: Sequence[Stored], kicks: int, seed: int, time_limit: float
) -> dict[tuple[float, float], Measured]:
    """Run all methods on all instances; return what came out by class."""
    classes: dict[tuple[float, float], Measured] = {}
    wrong = unproved = 0
    for stored in every:
        instance, into = stored.instance, classes.setdefault(stored.group, Measured())
        optimum, seconds = proved(instance, time_limit)
        unproved += optimum is None
        if optimum not in (None, stored.value):
            wrong += 1
            click.echo(f"  {instance.name}: stored {stored.value}, proved {optimum}")
        best = stored.value if optimum is None else optimum
        positive = best > 0
        into.add("exact", 0.0 if positive and optimum is not None else None, seconds)
        for method, rule in RULES.items():
            began = time.perf_counter()
            sequence = rule(instance)
            seconds = time.perf_counter() - began
            value = check(instance, sequence).objective
            into.add(method, gap(value, best) if positive else None, seconds)
        for method, solver in SOLVERS.items():
            budget = Budget.of(time_limit, iterations=kicks, seed=seed)
            value, seconds = found(instance, solver, budget)
            into.add(method, gap(value, best) if positive else None, seconds)
    click.echo(
        f"  optima: {len(every) - unproved - wrong} proved equal to the stored ones, "
        f"{wrong} otherwise, {unproved} not proved"
    )
    return classes


METHODS = [*RULES, *SOLVERS, "exact"]


def line(label: str, cells: Sequence[float | None], places: int = 2) -> str:
    shown = ("" if cell is None else f"{cell:.{places}f}" for cell in cells)
    return f"  {label:24}" + "".join(f"{cell:>11}" for cell in shown)


def mean(values: Sequence[float] | None) -> float | None:
    return float(np.mean(values)) if values else None


def show(table: Table, classes: dict[tuple[float, float], Measured]) -> None:
    every = Measured()
    for each in classes.values():
        for method in METHODS:
            every.gaps.setdefault(method, []).extend(each.gaps.get(method, []))
            every.seconds.setdefault(method, []).extend(each.seconds[method])
    click.echo(line("mean gap, %", []) + "".join(f"{method:>11}" for method in METHODS))
    click.echo(line(f"published ({table.positive})", table.published))
    if table.corrected:
        click.echo(line(f"corrected ({table.positive})", table.corrected))
    count = len(every.gaps.get("EDD", []))
    click.echo(line(f"here ({count})", [mean(every.gaps[method]) for method in METHODS]))
    milliseconds = [1000 * (mean(every.seconds[method]) or 0) for method in METHODS]
    click.echo(line("mean ms", milliseconds, 3))
    click.echo(line("most ms", [1000 * max(every.seconds[method]) for method in METHODS], 3))
    for (rdd, tf), each in sorted(classes.items()):
        here = f"RDD {rdd:g} TF {tf:g} ({len(each.gaps.get('EDD', []))})"
        click.echo(line(here, [mean(each.gaps.get(method)) for method in METHODS]))


@click.command()
@click.option("--size", type=click.Choice([str(size) for size in TABLES]), multiple=True)
@click.option("--every", default=1, show_default=True, help="First of so many of each class.")
@click.option("--kicks", default=100, show_default=True, help="Of dynasearch.")
@click.option("--seed", default=0, show_default=True)
@click.option("--time-limit", default=60.0, show_default=True, help="Of each solver.")
def main(size: tuple[str, ...], every: int, kicks: int, seed: int, time_limit: float) -> None:
    """Print the tables."""
    small = SingleMachine.of([3, 2, 4, 2], [2, 3, 4, 3])
    for rule in RULES.values():
        rule(small)
    for solver in SOLVERS.values():
        found(small, solver, Budget.of(60, iterations=1))
    proved(small, 60)
    for jobs, table in TABLES.items():
        if size and str(jobs) not in size:
            continue
        stored = read_set(table.name, every)
        click.echo(
            f"{jobs} jobs: {len(stored)} of the {table.whole} instances of the paper, "
            f"{len({each.group for each in stored})} classes"
        )
        show(table, measure(stored, kicks, seed, time_limit))


if __name__ == "__main__":
    main()
