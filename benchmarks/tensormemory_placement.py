"""Placing tensors in memory: Ordino beside bare CP-SAT and MiniMalloc's program.

    export ORDINO_DATA=../shared/datasets
    python benchmarks/tensormemory_placement.py suite [--minimalloc PATH] [--seeds 3]
    python benchmarks/tensormemory_placement.py large [--time-limit 30]
    python benchmarks/tensormemory_placement.py mapping [--time-limit 10] [--bare-limit 60]

`suite`: seconds to a fit in 1 MiB of each file of MiniMalloc's challenging suite (its own program,
where it is built and named); `canonical` with one worker, kernels compiled beforehand. `large`:
height over load of idealloc's files by Ordino's default race. `mapping`: benefit in fast memory of
half the load, a buffer's benefit its size.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path

import click
from bare import tensormemory as bare

import ordino
from ordino.models.tensormemory.lifetimes import Lifetimes

SUITE, LARGE = "tensor-memory/minimalloc", "tensor-memory/idealloc-dsa"
CAPACITY = 1 << 20


def files(folder: str, every: int) -> list[Path]:
    """Return the CSV files of a set, every so many."""
    root = os.environ.get("ORDINO_DATA")
    if root is None:
        raise click.UsageError("set ORDINO_DATA to the folder of the public sets")
    return sorted(Path(root, folder).glob("*.csv"))[::every]


def rows_of(instance: Lifetimes) -> list[bare.Buffer]:
    """Return the buffers for the bare models."""
    columns = (instance.start, instance.end, instance.size)
    return list(zip(*(each.tolist() for each in columns), strict=True))


def seconds(value: float | None) -> str:
    """Write seconds, or that there was no answer in time."""
    return f"{'-':>8}" if value is None else f"{value:8.2f}"


@click.group()
def main() -> None:
    """Compare on one of three tasks."""


@main.command()
@click.option("--minimalloc", type=click.Path(exists=True), help="Program of google/minimalloc.")
@click.option("--time-limit", default=60.0, show_default=True)
@click.option("--cpsat-limit", default=20.0, show_default=True)
@click.option("--seeds", default=1, show_default=True)
@click.option("--every", default=1, show_default=True)
def suite(
    minimalloc: str | None, time_limit: float, cpsat_limit: float, seeds: int, every: int
) -> None:
    """Seconds to a fit, and in all."""
    heads = ["minimalloc", "cpsat", *(f"seed {seed}" for seed in range(seeds))]
    click.echo(f"{'file':16} " + " ".join(f"{head:>8}" for head in heads))
    totals = [0.0] * len(heads)
    for path in files(SUITE, every):
        instance = ordino.read(path)
        if instance.capacity != CAPACITY:
            continue
        ordino.solve(instance, solver="canonical", time_limit=5, workers=1, iterations=1)
        times = [_minimalloc(minimalloc, path, time_limit), _cpsat(instance, cpsat_limit)]
        for seed in range(seeds):
            began = time.monotonic()
            result = ordino.solve(
                instance, solver="canonical", time_limit=time_limit, workers=1, seed=seed
            )
            solved = result.status is ordino.Status.OPTIMAL
            times.append(time.monotonic() - began if solved else None)
        for place, each in enumerate(times):
            totals[place] += time_limit if each is None else each
        click.echo(f"{path.stem:16} " + " ".join(map(seconds, times)), nl=True)
    click.echo(f"{'in all':16} " + " ".join(map(seconds, totals)))


def _minimalloc(program: str | None, path: Path, time_limit: float) -> float | None:
    if program is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        command = [
            *(program, f"--capacity={CAPACITY}", f"--input={path}"),
            *(f"--output={folder}/out.csv", f"--timeout={time_limit}s"),
        ]
        began = time.monotonic()
        done = subprocess.run(command, check=False, capture_output=True)
        return time.monotonic() - began if done.returncode == 0 else None


def _cpsat(instance: Lifetimes, time_limit: float) -> float | None:
    assert instance.capacity is not None
    engine = bare.solver(time_limit, 2, 0)
    began = time.monotonic()
    status = engine.solve(bare.fit(rows_of(instance), instance.capacity))
    return time.monotonic() - began if engine.status_name(status) == "OPTIMAL" else None


@main.command()
@click.option("--time-limit", default=30.0, show_default=True)
@click.option("--every", default=1, show_default=True)
def large(time_limit: float, every: int) -> None:
    """Height over load."""
    click.echo(f"{'file':16} {'buffers':>8} {'first':>8} {'at':>7} {'last':>8} {'at':>7}  found by")
    for path in files(LARGE, every):
        instance = ordino.read(path)
        load = instance.load
        result = ordino.solve(instance, time_limit=time_limit)
        trace = [event for event in result.trace if event.kind == "incumbent"]
        first, last = trace[0], trace[-1]
        click.echo(
            f"{path.stem:16} {instance.buffers:8} {first.objective / load:8.4f} "
            f"{first.seconds:6.2f}s {last.objective / load:8.4f} {last.seconds:6.2f}s  "
            f"{last.source}"
        )


@main.command()
@click.option("--time-limit", default=10.0, show_default=True)
@click.option("--bare-limit", default=60.0, show_default=True)
@click.option("--workers", default=2, show_default=True)
@click.option("--seeds", default=1, show_default=True)
@click.option("--solver", default=None, help="Instead of the default race.")
@click.option("--every", default=1, show_default=True)
def mapping(
    time_limit: float, bare_limit: float, workers: int, seeds: int, solver: str | None, every: int
) -> None:
    """Benefit in fast memory of half the load."""
    click.echo(
        f"{'file':16} {'bare':>14} {'its bound':>14} {'least':>14} {'ours':>14}  at or above"
    )
    for path in [*files(SUITE, every), *files(LARGE, every)]:
        instance = ordino.read(path)
        half = instance.load // 2
        total = sum(instance.size.tolist())
        value, bound = _bare_mapping(instance, half, bare_limit, workers)
        gained = []
        for seed in range(seeds):
            result = ordino.solve(
                instance,
                **{"goal": "mapping", "capacity": half},
                time_limit=time_limit,
                workers=workers,
                seed=seed,
                solver=solver,
            )
            gained.append(total - result.objective)
        verdict = "yes" if value is None or min(gained) >= value else "NO"
        shown = (value, bound, min(gained), max(gained))
        figures = " ".join(f"{'-' if each is None else f'{each:.0f}':>14}" for each in shown)
        click.echo(f"{path.stem:16} {figures}  {verdict}")


def _bare_mapping(
    instance: Lifetimes, capacity: int, time_limit: float, workers: int
) -> tuple[float | None, float | None]:
    buffers = rows_of(instance)
    members = sum(map(len, bare.sections(buffers))) if instance.buffers < 5000 else None
    if time_limit <= 0 or members is None:
        return None, None
    model, _ = bare.mapping(buffers, [size for _, _, size in buffers], capacity)
    engine = bare.solver(time_limit, workers, 0)
    status = engine.solve(model)
    found = engine.status_name(status) in ("OPTIMAL", "FEASIBLE")
    return (engine.objective_value if found else None), engine.best_objective_bound


if __name__ == "__main__":
    main()
