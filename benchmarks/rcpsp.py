"""Projects of the public sets: Ordino beside bare CP-SAT and PyJobShop, in one run.

    python benchmarks/rcpsp.py --folder DATA/rcpsp --set j120 --every 40 --time-limit 10

The folder holds a folder a set and `bounds.csv` with best known bounds. Every answer is judged by
Ordino's checker. Gap: makespan over the best known one, less 1. Path: makespan over the critical
path, less 1. A solver is `ordino`, `ordino:NAME` for one of its solvers, `cpsat`, or `pyjobshop`.
"""

from __future__ import annotations

import csv
import math
import statistics
import time
from pathlib import Path

import click
from bare.rcpsp import Found, solve_cpsat, solve_pyjobshop

import ordino
from ordino.models.rcpsp.bounds import critical_path
from ordino.models.rcpsp.problem import Project


def solve(who: str, project: Project, workers: int, seed: int, limit: float) -> Found:
    """Run a solver by its name."""
    if who == "cpsat":
        return solve_cpsat(project, workers=workers, seed=seed, time_limit=limit)
    if who == "pyjobshop":
        return solve_pyjobshop(project, workers=workers, seed=seed, time_limit=limit)
    name = who.partition(":")[2] or None
    result = ordino.solve(project, solver=name, workers=workers, seed=seed, time_limit=limit)
    if result.status is ordino.Status.INFEASIBLE:
        return None, float("inf"), None
    return result.objective, result.bound, result.solution


@click.command()
@click.option("--folder", type=click.Path(path_type=Path), required=True)
@click.option(
    "--set", "name", required=True, help="As in bounds.csv: j30, j120, rg300, mm/mmlib50 …"
)
@click.option("--every", default=1, show_default=True, help="Only each so-manieth instance.")
@click.option("--time-limit", default=10.0, show_default=True)
@click.option("--workers", default=2, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--solvers", default="ordino,cpsat,pyjobshop", show_default=True)
def main(
    folder: Path,
    name: str,
    every: int,
    time_limit: float,
    workers: int,
    seed: int,
    solvers: str,
) -> None:
    """Print a line an instance and solver, then the means."""
    with (folder / "bounds.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["set"] == name][::every]
    figures: dict[str, list[tuple[float, float, bool, float]]] = {}
    failed: dict[str, int] = {}
    for row in rows:
        project = ordino.read(folder / name / row["instance"])
        for who in solvers.split(","):
            began = time.perf_counter()
            objective, bound, plan = solve(who, project, workers, seed, time_limit)
            seconds = time.perf_counter() - began
            closed = bound is not None and bound >= (math.inf if objective is None else objective)
            if plan is None:
                failed[who] = failed.get(who, 0) + (row["status"] != "infeasible" or not closed)
                click.echo(f"{row['instance']:16} {who:14} none   {bound} {seconds:6.1f}s")
                continue
            assert ordino.check(project, plan).objective == objective
            gap = objective / int(row["best_ub"]) - 1 if row["best_ub"] else 0.0
            deviation = objective / max(1, critical_path(project)) - 1
            figures.setdefault(who, []).append((gap, deviation, closed, seconds))
            click.echo(
                f"{row['instance']:16} {who:14} {objective:6} {bound or 0:6.0f} "
                f"best {row['best_lb']}..{row['best_ub']} gap {100 * gap:5.2f} % {seconds:6.1f}s"
            )
    click.echo(
        f"\n{name}, every {every}: {len(rows)} instances, {time_limit:g} s, {workers} workers"
    )
    for who, each in figures.items():
        gaps, paths, closed, seconds = (list(column) for column in zip(*each, strict=True))
        click.echo(
            f"{who:14} gap {100 * statistics.mean(gaps):5.2f} %"
            f"  path {100 * statistics.mean(paths):6.2f} %"
            f"  proved {sum(closed)}  failed {failed.get(who, 0)}"
            f"  {statistics.mean(seconds):5.1f} s"
        )


if __name__ == "__main__":
    main()
