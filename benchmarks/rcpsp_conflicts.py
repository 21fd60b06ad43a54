"""Projects made infeasible so that no single constraint shows it: proofs and conflicts.

    python benchmarks/rcpsp_conflicts.py --count 100 --activities 50,200,1000 --time-limit 30

Each is a solvable project of the generator `interactions` in which windows are narrowed, one after
another, until Ordino's CP-SAT model has no solution; one whose windows and time lags alone show it
is left out. A line an instance: seconds to the proof, seconds to the conflict, its size.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import replace

import click
import numpy as np

import ordino
from ordino.instances.rcpsp.generate import interactions
from ordino.models.rcpsp.bounds import contradiction, heads
from ordino.models.rcpsp.problem import NEVER, Project

ROUNDS = 60


def infeasible(activities: int, seed: int) -> Project | None:
    """Narrow windows of a solvable project until there is no plan; `None` if that fails."""
    project = interactions(
        activities=activities,
        layers=max(2, activities // 10),
        precedences=5,
        downtime=0.3,
        windows=0.5,
        disjunctions=0.3,
        seed=seed,
    )
    random = np.random.default_rng(seed)
    for _ in range(ROUNDS):
        limited = np.flatnonzero(project.deadlines != NEVER)
        chosen = random.choice(limited, max(1, limited.size // 20), replace=False)
        least = heads(project) + project.least_duration
        deadlines = project.deadlines.copy()
        deadlines[chosen] = (deadlines[chosen] + least[chosen]) // 2
        tighter = replace(project, deadlines=deadlines)
        if contradiction(tighter) is not None:
            continue
        project = tighter
        result = ordino.solve(project, time_limit=30, target=project.horizon)
        if result.status is ordino.Status.INFEASIBLE:
            return project
    return None


@click.command()
@click.option("--count", default=100, show_default=True)
@click.option("--activities", default="50,200,1000", show_default=True)
@click.option("--time-limit", default=30.0, show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(count: int, activities: str, time_limit: float, seed: int) -> None:
    """Print a line an instance, then the worst times."""
    sizes = [int(each) for each in activities.split(",")]
    proofs, conflicts, irreducible = [], [], 0
    for number in range(seed, seed + count):
        size = sizes[number % len(sizes)]
        project = infeasible(size, number)
        if project is None:
            click.echo(f"{size:5} seed {number}: stayed feasible, or undecided")
            continue
        began = time.perf_counter()
        status = ordino.solve(project, time_limit=time_limit).status
        proof = time.perf_counter() - began
        began = time.perf_counter()
        told = ordino.explain(project, time_limit=time_limit)
        seconds = time.perf_counter() - began
        proofs.append(proof)
        conflicts.append(seconds)
        irreducible += told.irreducible
        click.echo(
            f"{size:5} seed {number}: {status.value} in {proof:.1f} s, conflict of "
            f"{len(told.reasons)} in {seconds:.1f} s{'' if told.irreducible else ', reducible'}"
        )
    click.echo(
        f"{len(proofs)} infeasible: proof {statistics.median(proofs):.1f} s (worst "
        f"{max(proofs):.1f}), conflict {statistics.median(conflicts):.1f} s (worst "
        f"{max(conflicts):.1f}), {irreducible} irreducible"
    )


if __name__ == "__main__":
    main()
