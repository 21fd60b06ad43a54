"""Projects of the public sets: Ordino beside bare CP-SAT and PyJobShop, in one run.

    python benchmarks/rcpsp.py --folder DATA/rcpsp --set j120 --every 40 --time-limit 10

The folder holds a folder a set and `bounds.csv` with best known bounds. Every answer is judged by
Ordino's checker. Gap: makespan over the best known one, less 1. Path: makespan over the critical
path, less 1. A solver is `ordino`, `ordino:NAME` for one of its solvers, `cpsat`, or, for the
makespan, `pyjobshop`.

With `--goal tardiness` each activity gets a due date, 1 to 1.5 times its earliest end, and a weight
of 1 to 10, drawn with the seed; with `--goal levelling` the project has to end within 1.1 times the
best known makespan. The gap is then to the best answer of the run.
"""

from __future__ import annotations

import csv
import math
import statistics
import time
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
from bare.rcpsp import Found, solve_cpsat, solve_pyjobshop

import ordino
from ordino.models.rcpsp.bounds import critical_path, heads
from ordino.models.rcpsp.problem import GOALS, Goal, Project, adjust


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


def with_goal(project: Project, goal: Goal, best: int, seed: int) -> Project:
    """Return the project with another goal, and what that takes."""
    if goal == "tardiness":
        random = np.random.default_rng(seed)
        factor = random.uniform(1, 1.5, project.activities)
        due = ((heads(project) + project.least_duration) * factor).astype(int)
        weights = random.integers(1, 11, project.activities)
        return replace(project, goal=goal, due_dates=due, weights=weights)
    if goal == "levelling":
        return adjust(project, goal=goal, deadline=math.floor(1.1 * best))
    return project


@click.command()
@click.option("--folder", type=click.Path(path_type=Path), required=True)
@click.option(
    "--set", "name", required=True, help="As in bounds.csv: j30, j120, rg300, mm/mmlib50 …"
)
@click.option("--every", default=1, show_default=True, help="Only each so-manieth instance.")
@click.option("--time-limit", default=10.0, show_default=True)
@click.option("--workers", default=2, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option(
    "--goal", type=click.Choice(GOALS), default="makespan", show_default=True, help="See above."
)
@click.option("--solvers", default="ordino,cpsat,pyjobshop", show_default=True)
def main(
    folder: Path,
    name: str,
    every: int,
    time_limit: float,
    workers: int,
    seed: int,
    goal: Goal,
    solvers: str,
) -> None:
    """Print a line an instance and solver, then the means."""
    with (folder / "bounds.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["set"] == name][::every]
    figures: dict[str, list[tuple[float, float, bool, float]]] = {}
    failed: dict[str, int] = {}
    for row in rows:
        project = ordino.read(folder / name / row["instance"])
        assert isinstance(project, Project)
        project = with_goal(project, goal, int(row["best_ub"] or 0), seed)
        answers: dict[str, tuple[int, float, float]] = {}
        for who in solvers.split(","):
            began = time.perf_counter()
            objective, bound, plan = solve(who, project, workers, seed, time_limit)
            seconds = time.perf_counter() - began
            if objective is None or plan is None:
                closed = bound == math.inf
                failed[who] = failed.get(who, 0) + (row["status"] != "infeasible" or not closed)
                click.echo(f"{row['instance']:16} {who:14} none   {bound} {seconds:6.1f}s")
                continue
            assert ordino.check(project, plan).objective == objective
            answers[who] = objective, bound or 0, seconds
        best = min((value for value, _, _ in answers.values()), default=0)
        told = "run"
        if goal == "makespan" and row["best_ub"]:
            best, told = int(row["best_ub"]), f"{row['best_lb']}..{row['best_ub']}"
        for who, (objective, bound, seconds) in answers.items():
            gap = objective / best - 1 if best else float(objective > 0)
            path = critical_path(project) if goal == "makespan" else None
            deviation = math.nan if path is None else objective / max(1, path) - 1
            figures.setdefault(who, []).append((gap, deviation, bound >= objective, seconds))
            click.echo(
                f"{row['instance']:16} {who:14} {objective:6} {bound:6.0f} "
                f"best {told} gap {100 * gap:5.2f} % {seconds:6.1f}s"
            )
    click.echo(
        f"\n{name}, {goal}, every {every}: {len(rows)} instances, {time_limit:g} s, "
        f"{workers} workers"
    )
    for who, each in figures.items():
        gaps, paths, closed, seconds = (list(column) for column in zip(*each, strict=True))
        above = f"  path {100 * statistics.mean(paths):6.2f} %" if goal == "makespan" else ""
        click.echo(
            f"{who:14} gap {100 * statistics.mean(gaps):5.2f} %{above}"
            f"  proved {sum(closed)}  failed {failed.get(who, 0)}"
            f"  {statistics.mean(seconds):5.1f} s"
        )


if __name__ == "__main__":
    main()
