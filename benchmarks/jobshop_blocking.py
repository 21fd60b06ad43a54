"""Job shops without room between machines: Ordino beside the bare CP-SAT model, in one run.

    python benchmarks/jobshop_blocking.py --folder DATA/jobshop --every 8 --time-limit 60

The folder holds a folder a set and `bounds_blocking_swap.csv`: upper bounds for the variant swap of
CP Optimizer and OptalCP after 1800 s on 4 workers. Every answer is judged by Ordino's checker. A
solver is `ordino`, `ordino:NAME` for one of its solvers, or `cpsat`. The gap is to the listed
bound for swap, otherwise to the best answer of the run. With `--until-better` Ordino stops as soon
as it is below the listed bound: to count where that happens within the time limit.
"""

from __future__ import annotations

import csv
import statistics
import time
from pathlib import Path

import click
from bare.blocking import Found, solve_cpsat

import ordino
from ordino.models.jobshop.check import check
from ordino.models.jobshop.shop import Shop, adjust


def solve(who: str, shop: Shop, workers: int, seed: int, limit: float, target: int | None) -> Found:
    """Run a solver by its name."""
    if who == "cpsat":
        return solve_cpsat(shop, workers=workers, seed=seed, time_limit=limit)
    name = who.partition(":")[2] or None
    result = ordino.solve(
        shop, solver=name, workers=workers, seed=seed, time_limit=limit, target=target
    )
    return result.objective, result.bound, result.solution


@click.command()
@click.option("--folder", type=click.Path(path_type=Path), required=True)
@click.option("--variant", default="swap", show_default=True, help="swap, blocking or no-wait.")
@click.option("--every", default=1, show_default=True, help="Only each so-manieth instance.")
@click.option("--first", default=0, show_default=True, help="The first of them.")
@click.option("--family", help="Only those of a family: la, swv, ta, dmu …")
@click.option("--open", "only_open", is_flag=True, help="Only those that the list has as open.")
@click.option("--time-limit", default=60.0, show_default=True)
@click.option("--workers", default=2, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--until-better", is_flag=True, help="See above; for swap.")
@click.option("--solvers", default="ordino,cpsat", show_default=True)
def main(
    folder: Path,
    variant: str,
    every: int,
    first: int,
    family: str | None,
    only_open: bool,
    time_limit: float,
    workers: int,
    seed: int,
    until_better: bool,
    solvers: str,
) -> None:
    """Print a line an instance and solver, then the means."""
    with (folder / "bounds_blocking_swap.csv").open() as file:
        rows = list(csv.DictReader(file))
    if only_open:
        rows = [row for row in rows if row["status"] == "open"]
    if family is not None:
        rows = [row for row in rows if row["family"] == family]
    gaps: dict[str, list[float]] = {who: [] for who in solvers.split(",")}
    better = dict.fromkeys(gaps, 0)
    for row in rows[first::every]:
        name = row["instance"]
        shop = adjust(
            ordino.read(folder / row["family"] / f"{name}.txt"),
            variant=variant,  # type: ignore[arg-type]
        )
        assert isinstance(shop, Shop)
        found = {}
        target = int(row["best_ub"]) - 1 if until_better and variant == "swap" else None
        for who in gaps:
            began, spent = time.monotonic(), time.process_time()
            objective, bound, schedule = solve(who, shop, workers, seed, time_limit, target)
            if schedule is not None:
                report = check(shop, schedule)
                assert report.valid
                assert report.objective == objective
            found[who] = objective
            click.echo(
                f"{name:8} {who:16} {objective!s:>7} bound {bound!s:>9} "
                f"{time.monotonic() - began:6.1f} s, {time.process_time() - spent:6.1f} CPU-s",
                nl=False,
            )
            listed = f", listed {row['best_ub']}" if variant == "swap" else ""
            click.echo(listed)
        answers = [each for each in found.values() if each is not None]
        reference = int(row["best_ub"]) if variant == "swap" else min(answers, default=None)
        for who, objective in found.items():
            if objective is not None and reference is not None:
                gaps[who].append(objective / reference - 1)
                better[who] += objective < reference
    for who, values in gaps.items():
        mean = 100 * statistics.fmean(values) if values else float("nan")
        click.echo(f"{who}: mean gap {mean:.2f} % over {len(values)}, below it {better[who]}")


if __name__ == "__main__":
    main()
