"""Is CP-SAT through Ordino as fast as CP-SAT bare? Wall time to the same proof, in one run.

    python benchmarks/engine_overhead.py [--seeds 5] [--time-limit 120]

For each instance and seed the bare model and `ordino.solve(solver="cpsat")` are run in turn, the
order changing with the seed, one worker each. Ordino passes if its median is within 5 % plus 0.2 s
of the bare one's.
"""

from __future__ import annotations

import statistics
import time

import click
from bare.jobshop import solve_cpsat

import ordino
from ordino.instances.jobshop.generate import taillard
from ordino.models.jobshop.problem import JobShop


def instances() -> list[tuple[str, JobShop]]:
    """Shops that one worker proves in a tenth of a second to half a minute."""
    generated = [
        (f"taillard {jobs}x{machines} seed {seed}", taillard(jobs=jobs, machines=machines, seed=seed))
        for jobs, machines, seed in [(9, 9, 1), (12, 8, 1), (10, 10, 1)]
    ]
    return [("ft06", ordino.read("ft06")), *generated, ("ft10", ordino.read("ft10"))]


def run_bare(shop: JobShop, seed: int, time_limit: float) -> tuple[float, float, float]:
    """Return seconds, objective and bound."""
    jobs = [[(machine, duration) for machine, duration in job] for job in shop.to_data()["jobs"]]
    began = time.perf_counter()
    solver = solve_cpsat(jobs, workers=1, seed=seed, time_limit=time_limit)
    return time.perf_counter() - began, solver.objective_value, solver.best_objective_bound


def run_ordino(shop: JobShop, seed: int, time_limit: float) -> tuple[float, float, float]:
    """Return seconds, objective and bound."""
    began = time.perf_counter()
    result = ordino.solve(shop, solver="cpsat", workers=1, seed=seed, time_limit=time_limit)
    return time.perf_counter() - began, result.objective, result.bound


@click.command()
@click.option("--seeds", default=5, show_default=True)
@click.option("--time-limit", default=120.0, show_default=True)
def main(seeds: int, time_limit: float) -> None:
    """Print a row for each instance: medians, their ratio, and whether Ordino passes."""
    run_bare(ordino.read("ft06"), 0, 10)  # imports and first use, for both
    run_ordino(ordino.read("ft06"), 0, 10)
    click.echo(f"{'instance':28} {'value':>6} {'bare s':>8} {'ordino s':>8} {'ratio':>6}  within")
    for name, shop in instances():
        times: dict[str, list[float]] = {"bare": [], "ordino": []}
        values = set()
        for seed in range(1, seeds + 1):
            runs = [("bare", run_bare), ("ordino", run_ordino)]
            for who, run in runs if seed % 2 else reversed(runs):
                seconds, objective, bound = run(shop, seed, time_limit)
                times[who].append(seconds)
                values.add((objective, bound))
        bare, ours = (statistics.median(times[who]) for who in ("bare", "ordino"))
        value = "/".join(str(int(objective)) for objective, _ in sorted(values))
        verdict = "yes" if ours <= 1.05 * bare + 0.2 else "NO"
        click.echo(f"{name:28} {value:>6} {bare:8.3f} {ours:8.3f} {ours / bare:6.2f}  {verdict}")


if __name__ == "__main__":
    main()
