"""How far single-machine tardiness reaches: proofs, best known values, and the engines as peers.

    export ORDINO_DATA=../shared/datasets
    python benchmarks/tardiness_goals.py exact                 # proofs of 100, 200 and 500 jobs
    python benchmarks/tardiness_goals.py large --jobs 1000     # a generated instance, and memory
    python benchmarks/tardiness_goals.py weighted --solver sublimation
    python benchmarks/tardiness_goals.py reach                 # dynasearch to the best known values
    python benchmarks/tardiness_goals.py peers --time-limit 20 --workers 2

Wall time of whole calls of `ordino.solve`, after a warm-up; --every K takes the first of K
instances of each class. Heuristic gaps are in tardiness_paper.py.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Sequence
from typing import Any

import click
import numpy as np
from bare import tardiness as bare
from tardiness_sets import Stored, gap, read_set

import ordino
from ordino.instances.tardiness.generate import potts_van_wassenhove
from ordino.models.tardiness.problem import JobSequence, SingleMachine

every = click.option("--every", default=1, show_default=True, help="First of so many of a class.")
seeds = click.option("--seeds", default=1, show_default=True, help="Runs with seeds from 0.")


def warm_up(solver: str | None) -> None:
    weighted = solver not in ("branch-and-memorize", "mdd-descent")
    small = potts_van_wassenhove(jobs=10, weighted=weighted)
    ordino.solve(small, solver=solver, time_limit=60, workers=1)


def timed(instance: SingleMachine, **options: Any) -> tuple[ordino.Result, float]:
    began = time.perf_counter()
    result = ordino.solve(instance, **options)
    for failure in result.failures:
        click.echo(f"  {instance.name}: {failure}")
    return result, time.perf_counter() - began


def report_proofs(label: str, stored: Sequence[Stored], solver: str, time_limit: float) -> None:
    """Run an exact solver on all, and print a line."""
    seconds, gaps, better = [], [], 0
    for each in stored:
        result, spent = timed(each.instance, solver=solver, time_limit=time_limit, workers=1)
        value = result.objective
        if result.status is not ordino.Status.OPTIMAL:
            gaps.append(100.0 if result.gap is None else 100 * result.gap)
            continue
        seconds.append(spent)
        if value > each.value:
            click.echo(f"  WRONG: {each.instance.name}: proved {value}, known {each.value}")
        better += value < each.value
    shown = f"mean {np.mean(seconds):8.4f} s, most {max(seconds):8.4f} s" if seconds else ""
    rest = f"; the others' mean gap {np.mean(gaps):.2f} %" if gaps else ""
    found = f"; {better} below the best known value" if better else ""
    click.echo(f"{label:16} proved {len(seconds):4} of {len(stored):4}: {shown}{rest}{found}")


@click.group()
def main() -> None:
    """Measure."""


@main.command()
@click.option("--solver", default="branch-and-memorize", show_default=True)
@click.option("--size", type=click.Choice(["20_uniform", "100", "200", "500"]), multiple=True)
@click.option("--time-limit", default=60.0, show_default=True)
@every
def exact(solver: str, size: tuple[str, ...], time_limit: float, every: int) -> None:
    """Proofs of the total tardiness, compared with the stored optima."""
    warm_up(solver)
    for name in size or ("100", "200", "500"):
        report_proofs(f"smtt_{name}", read_set(f"smtt_{name}", every), solver, time_limit)


@main.command()
@click.option("--solver", default="sublimation", show_default=True)
@click.option("--size", type=click.Choice(["40", "50", "100"]), multiple=True)
@click.option("--time-limit", type=float, help="Default: 10 s, and 60 s for 100 jobs.")
@every
def weighted(solver: str, size: tuple[str, ...], time_limit: float | None, every: int) -> None:
    """Proofs of the total weighted tardiness, compared with the best known values."""
    warm_up(solver)
    for jobs in size or ("40", "50", "100"):
        limit = time_limit or (60.0 if jobs == "100" else 10.0)
        report_proofs(f"wt{jobs}", read_set(f"wt{jobs}", every), solver, limit)


@main.command()
@click.option("--solver", default="branch-and-memorize", show_default=True)
@click.option("--jobs", default=1000, show_default=True)
@click.option("--tardiness-factor", default=0.6, show_default=True)
@click.option("--due-date-range", default=0.2, show_default=True)
@click.option("--seed", default=1, show_default=True, help="Of the instance.")
@click.option("--time-limit", default=300.0, show_default=True)
def large(
    solver: str,
    jobs: int,
    tardiness_factor: float,
    due_date_range: float,
    seed: int,
    time_limit: float,
) -> None:
    """A generated instance: seconds, and peak memory of the whole process."""
    warm_up(solver)
    instance = potts_van_wassenhove(
        jobs=jobs, tardiness_factor=tardiness_factor, due_date_range=due_date_range, seed=seed
    )
    result, seconds = timed(instance, solver=solver, time_limit=time_limit, workers=1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    click.echo(
        f"{instance.name}: {result.status}, {result.objective}, bound {result.bound}, "
        f"{seconds:.1f} s, {peak:.2f} GB"
    )


@main.command()
@click.option("--solver", default="dynasearch", show_default=True)
@click.option("--size", type=click.Choice(["40", "50", "100"]), multiple=True)
@click.option("--time-limit", default=1.0, show_default=True)
@every
@seeds
def reach(solver: str, size: tuple[str, ...], time_limit: float, every: int, seeds: int) -> None:
    """How many best known weighted values a heuristic reaches in time, and when."""
    warm_up(solver)
    for jobs in size or ("40", "50", "100"):
        stored = read_set(f"wt{jobs}", every)
        for seed in range(seeds):
            seconds, gaps = [], []
            for each in stored:
                result, spent = timed(
                    each.instance,
                    solver=solver,
                    target=each.value,
                    time_limit=time_limit,
                    workers=1,
                    seed=seed,
                )
                if result.objective <= each.value:
                    seconds.append(spent)
                else:
                    gaps.append(gap(result.objective, each.value))
            rest = f"; the others' mean gap {np.mean(gaps):.3f} %" if gaps else ""
            click.echo(
                f"wt{jobs:4} seed {seed}: reached {len(seconds):3} of {len(stored):3}, "
                f"all in {sum(seconds):7.2f} s, worst {max(seconds, default=0):.2f} s{rest}"
            )


Peer = Callable[..., tuple[JobSequence | None, float | None]]


def run_ordino(instance: SingleMachine, **options: Any) -> tuple[JobSequence | None, float | None]:
    """The default race."""
    result = ordino.solve(instance, **options)
    return result.solution, result.bound


def run_cpsat(instance: SingleMachine, **options: Any) -> tuple[JobSequence | None, float | None]:
    """The textbook model on CP-SAT."""
    solver, order = bare.solve_cpsat(
        instance.processing_times.tolist(),
        instance.due_dates.tolist(),
        instance.weights.tolist(),
        instance.release_dates.tolist(),
        **options,
    )
    return _sequence(order), solver.best_objective_bound if order is not None else None


def run_milp(instance: SingleMachine, **options: Any) -> tuple[JobSequence | None, float | None]:
    """The positional model on HiGHS."""
    problem, order = bare.solve_milp(
        instance.processing_times.tolist(), instance.due_dates.tolist(), **options
    )
    bound = problem.solverModel.getInfo().mip_dual_bound
    return _sequence(order), bound if abs(bound) < 1e20 else None


def _sequence(order: list[int] | None) -> JobSequence | None:
    return None if order is None else JobSequence(np.array(order))


SAMPLE = ("smtt_20_uniform", "smtt_100", "smtt_200", "smtt_500", "wt40", "wt50", "wt100")
HARD = {(0.2, 0.6), (0.2, 0.8), (0.6, 0.6)}
"""Classes that the sample is taken from: RDD, TF."""
MOST_POSITIONS = 200
"""Jobs up to which the positional model is tried: it has their square as variables."""


@main.command()
@click.option("--sets", "names", default=",".join(SAMPLE), show_default=True)
@click.option("--time-limit", default=20.0, show_default=True)
@click.option("--workers", default=2, show_default=True)
@click.option("--every", default=8, show_default=True, help="First of so many of a class.")
@seeds
def peers(names: str, time_limit: float, workers: int, every: int, seeds: int) -> None:
    """Ordino's default race beside CP-SAT and the positional MILP, with equal time and workers."""
    warm_up(None)
    head = f"{'set':16} {'peer':8} {'runs':>5} {'solved':>7} {'best':>5} {'proved':>7}"
    click.echo(f"{head} {'gap %':>9} {'bound %':>8} {'mean s':>8}")
    for name in names.split(","):
        chosen = [each for each in read_set(name, every) if each.group in HARD]
        entrants: dict[str, Peer] = {"ordino": run_ordino, "cpsat": run_cpsat}
        first = chosen[0].instance
        if first.exchangeable and first.jobs <= MOST_POSITIONS:
            entrants["milp"] = run_milp
        rows: dict[str, list[tuple[float, float, float]]] = {peer: [] for peer in entrants}
        for turn, each in enumerate(chosen):
            for seed in range(seeds):
                order = list(entrants)
                order = order[(turn + seed) % len(order) :] + order[: (turn + seed) % len(order)]
                for peer in order:
                    rows[peer].append(_run(entrants[peer], each, time_limit, workers, seed))
        for peer, runs in rows.items():
            gaps = [found for found, _, _ in runs]
            solved = [found for found in gaps if found < float("inf")]
            proved = sum(found <= 0 and bound >= 100 for found, bound, _ in runs)
            click.echo(
                f"{name:16} {peer:8} {len(runs):5} {len(solved):7} "
                f"{sum(found <= 0 for found in gaps):5} {proved:7} "
                f"{np.mean(solved) if solved else float('nan'):9.3f} "
                f"{np.mean([bound for _, bound, _ in runs]):8.2f} "
                f"{np.mean([seconds for _, _, seconds in runs]):8.2f}"
            )


def _run(
    peer: Peer, stored: Stored, time_limit: float, workers: int, seed: int
) -> tuple[float, float, float]:
    """Return the gap to the stored value and the bound, in percent of it, and the seconds."""
    began = time.perf_counter()
    solution, bound = peer(stored.instance, workers=workers, seed=seed, time_limit=time_limit)
    seconds = time.perf_counter() - began
    found = float("inf")
    if solution is not None:
        report = ordino.check(stored.instance, solution)
        assert report.valid
        found = gap(report.objective, stored.value)
    proved = np.ceil(max(0.0, bound or 0.0) - 1e-6)
    return found, 100 * proved / stored.value if stored.value else 100.0, seconds


if __name__ == "__main__":
    main()
