"""Generated shops with due dates, setups or downtimes: Ordino beside the bare CP-SAT model.

    python benchmarks/jobshop_general.py --kinds tardiness,setups --seeds 3 --time-limit 60

The kinds are settings of the generator `general`. Every answer is judged by Ordino's checker; the
gap is to the better answer of the run.
"""

from __future__ import annotations

import json
import statistics
import time
from typing import Any

import click
import numpy as np
from bare.shop import Model
from ortools.sat.python import cp_model

import ordino
from ordino.instances.jobshop.generate_shop import general
from ordino.instances.reading import dump_instance
from ordino.models.jobshop.problem import Schedule
from ordino.models.jobshop.shop import Shop

SIZE: dict[str, Any] = {"jobs": 20, "machines": 10, "operations": 10}
KINDS: dict[str, dict[str, Any]] = {
    "tardiness": {"alternatives": 1, "tightness": 1.5, "goal": "tardiness"},
    "setups": {"alternatives": 1, "families": 5},
    "downtimes": {"alternatives": 2, "downtimes": 3},
}
Found = tuple[int | None, float | None]


def by_ordino(shop: Shop, seconds: float, workers: int) -> Found:
    """Run the default race."""
    result = ordino.solve(shop, time_limit=seconds, workers=workers)
    assert not result.failures, result.failures
    return result.objective, result.bound


def by_bare(shop: Shop, seconds: float, workers: int) -> Found:
    """Run the textbook model."""
    began = time.monotonic()
    bare = Model(json.loads(dump_instance(shop)))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = workers
    solver.parameters.max_time_in_seconds = max(0.1, seconds - (time.monotonic() - began))
    status = solver.solve(bare.model)
    bound = solver.best_objective_bound
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None, bound
    found = bare.read(solver)
    report = ordino.check(shop, Schedule(np.array(found["start"]), np.array(found["machine"])))
    assert report.valid, report
    assert isinstance(report.objective, int)
    return report.objective, bound


METHODS = {"ordino": by_ordino, "cpsat": by_bare}


@click.command()
@click.option("--kinds", default=",".join(KINDS), show_default=True)
@click.option("--seeds", default=3, show_default=True, help="Instances of a kind: seeds 1 to this.")
@click.option("--time-limit", default=60.0, show_default=True)
@click.option("--workers", default=2, show_default=True)
def main(kinds: str, seeds: int, time_limit: float, workers: int) -> None:
    """Print a line a run, then for each kind the mean gap to the better answer in percent."""
    for kind in kinds.split(","):
        gaps: dict[str, list[float]] = {who: [] for who in METHODS}
        for seed in range(1, seeds + 1):
            shop = general(**SIZE, **KINDS[kind], seed=seed)
            found = {who: run(shop, time_limit, workers) for who, run in METHODS.items()}
            best = min(value for value, _ in found.values() if value is not None)
            for who, (value, bound) in found.items():
                click.echo(f"{kind:10} seed {seed} {who:8} {value!s:>7} bound {bound!s:>9}")
                if value is not None:
                    gaps[who].append(100 * (value / best - 1) if best else float(value > 0))
        for who, each in gaps.items():
            told = f"{statistics.fmean(each):6.2f} %" if each else "none"
            click.echo(f"{kind:10} {who:8} mean gap {told} of {len(each)}")


if __name__ == "__main__":
    main()
