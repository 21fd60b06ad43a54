"""Gaps on flexible job shops, to best known values: Ordino's race and the bare CP-SAT model.

python benchmarks/jobshop_flexible.py [--set flexible-jobshop/brandimarte …] [--every K]
    [--time-limit 10] [--seeds 1] [--workers 2] [--only ordino|bare]

Wants the public sets below ORDINO_DATA. PyJobShop on the same instances:
python benchmarks/peers/run.py pyjobshop --set flexible-jobshop/brandimarte --workers 2 …
"""

from __future__ import annotations

import json
import time
from collections import defaultdict

import click
from bare.shop import Model
from ortools.sat.python import cp_model

import ordino
from ordino.instances import sets
from ordino.instances.catalogue import best_known
from ordino.instances.reading import dump_instance

SETS = (
    "flexible-jobshop/brandimarte",
    "flexible-jobshop/dauzere",
    "flexible-jobshop/barnes",
    "flexible-jobshop/hurink",
    "flexible-jobshop/behnke",
)


def by_ordino(shop, seconds: float, workers: int, seed: int) -> int | None:
    result = ordino.solve(shop, time_limit=seconds, workers=workers, seed=seed)
    assert not result.failures, result.failures
    return result.objective


def by_bare(shop, seconds: float, workers: int, seed: int) -> int | None:
    began = time.monotonic()
    bare = Model(json.loads(dump_instance(shop)))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = workers
    solver.parameters.random_seed = seed
    solver.parameters.max_time_in_seconds = seconds - (time.monotonic() - began)
    status = solver.solve(bare.model)
    found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    return round(solver.objective_value) if found else None


METHODS = {"ordino": by_ordino, "bare": by_bare}


@click.command()
@click.option("--set", "names", multiple=True, default=SETS)
@click.option("--every", type=click.IntRange(min=1), default=1, help="Each K-th instance.")
@click.option("--time-limit", default=10.0)
@click.option("--seeds", default=1)
@click.option("--workers", default=2)
@click.option("--only", type=click.Choice(list(METHODS)))
def main(
    names: tuple[str, ...],
    every: int,
    time_limit: float,
    seeds: int,
    workers: int,
    only: str | None,
) -> None:
    """Print the gap of each run in percent, and the mean of each set and method."""
    methods = [only] if only else list(METHODS)
    gaps: dict[tuple[str, str], list[float]] = defaultdict(list)
    for asked in names:
        for name, folder in sets.locate_sets(asked):
            for path in sets.files_of(name, folder)[::every]:
                shop = ordino.read(str(path))
                known = best_known(shop)
                if known is None or known.upper_bound is None:
                    continue
                for seed in range(seeds):
                    for method in methods:
                        value = METHODS[method](shop, time_limit, workers, seed)
                        gap = 100 * (value / known.upper_bound - 1) if value else float("inf")
                        gaps[name, method].append(gap)
                        click.echo(f"{name} {path.stem:12} {method:8} {value} {gap:6.2f} %")
    for (name, method), each in gaps.items():
        click.echo(f"mean {name:32} {method:8} {sum(each) / len(each):6.2f} % of {len(each)}")


if __name__ == "__main__":
    main()
