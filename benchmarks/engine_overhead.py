"""Is CP-SAT through Ordino as fast as CP-SAT bare? Wall time to the same proof, in one run.

    python benchmarks/engine_overhead.py [--seeds 5] [--time-limit 120]

For each instance and seed three are run in turn, the order changing with the seed, one worker each:
the bare model with default parameters, the bare model with the parameters that Ordino's formulation
names, and `ordino.solve(solver="cpsat")`. Ordino passes if its median is within 5 % plus 0.2 s of
the better one's.
"""

from __future__ import annotations

import statistics
import time

import click
from bare.jobshop import solve_cpsat

import ordino
from ordino.instances.jobshop.generate import taillard
from ordino.models.jobshop.cpsat import PARAMETERS
from ordino.models.jobshop.problem import JobShop


def instances() -> list[tuple[str, JobShop]]:
    """Shops that one worker proves in a tenth of a second to half a minute."""
    generated = [
        (
            f"taillard {jobs}x{machines} seed {seed}",
            taillard(jobs=jobs, machines=machines, seed=seed),
        )
        for jobs, machines, seed in [(9, 9, 1), (12, 8, 1), (10, 10, 1)]
    ]
    return [("ft06", ordino.read("ft06")), *generated, ("ft10", ordino.read("ft10"))]


Run = tuple[float, float, float]


def run_bare(shop: JobShop, seed: int, time_limit: float, parameters: str = "") -> Run:
    """Return seconds, objective and bound of the bare model."""
    jobs = [[(machine, duration) for machine, duration in job] for job in shop.to_data()["jobs"]]
    began = time.perf_counter()
    solver = solve_cpsat(jobs, workers=1, seed=seed, time_limit=time_limit, parameters=parameters)
    return time.perf_counter() - began, solver.objective_value, solver.best_objective_bound


def run_tuned(shop: JobShop, seed: int, time_limit: float) -> Run:
    """Return the same of the bare model with the parameters that Ordino's formulation names."""
    return run_bare(shop, seed, time_limit, PARAMETERS)


def run_ordino(shop: JobShop, seed: int, time_limit: float) -> Run:
    """Return the same of Ordino."""
    began = time.perf_counter()
    result = ordino.solve(shop, solver="cpsat", workers=1, seed=seed, time_limit=time_limit)
    return time.perf_counter() - began, result.objective, result.bound


RUNS = {"bare": run_bare, "tuned": run_tuned, "ordino": run_ordino}


@click.command()
@click.option("--seeds", default=5, show_default=True)
@click.option("--time-limit", default=120.0, show_default=True)
def main(seeds: int, time_limit: float) -> None:
    """Print a row for each instance: median seconds, and whether Ordino passes."""
    for run in RUNS.values():
        run(ordino.read("ft06"), 0, 10)  # imports and first use
    click.echo(f"{'instance':24} {'value':>6} {'bare':>8} {'tuned':>8} {'ordino':>8}  within")
    for name, shop in instances():
        times: dict[str, list[float]] = {who: [] for who in RUNS}
        values = set()
        for seed in range(1, seeds + 1):
            turn = list(RUNS)[seed % 3 :] + list(RUNS)[: seed % 3]
            for who in turn:
                seconds, objective, bound = RUNS[who](shop, seed, time_limit)
                times[who].append(seconds)
                values.add(f"{objective:g}" if objective == bound else f"{bound:g}..{objective:g}")
        medians = {who: statistics.median(each) for who, each in times.items()}
        allowed = 1.05 * min(medians["bare"], medians["tuned"]) + 0.2
        verdict = "yes" if medians["ordino"] <= allowed else "NO"
        figures = " ".join(f"{median:8.3f}" for median in medians.values())
        click.echo(f"{name:24} {'/'.join(sorted(values)):>6} {figures}  {verdict}")


if __name__ == "__main__":
    main()
