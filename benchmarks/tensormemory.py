"""How much traffic is saved, and how fast is a proof? On operator graphs, at M_R and M_H.

    python benchmarks/tensormemory.py PART [--time-limit 60] [--workers 2] [--every 1] [--seed 0]

Parts: `saved` (bytes moved by Belady's rule in the file's order and in the best one, addresses
aside, and at the end with addresses; beside the reference values below ORDINO_DATA), `fixed` (the
time of a proof in the file's order), `ilp` (the integer programme of COSMA on HiGHS beside CP-SAT
and the state search), `large` (generated graphs of about 10,000 operators).
"""

from __future__ import annotations

import json
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import click

import ordino
from ordino.instances.tensormemory.generate import cells, randwire, series_parallel
from ordino.models.tensormemory.graph import Graph


def public() -> Iterator[tuple[str, Graph, dict]]:
    """Yield every graph of the public set, with its name and its reference values."""
    folder = Path(os.environ["ORDINO_DATA"]) / "tensor-memory" / "graphs"
    reference = json.loads((folder / "reference.json").read_text())
    for name in sorted(reference):
        yield name, ordino.read(str(folder / f"{name}.json")), reference[name]


def saved(options: dict, every: int) -> None:
    reductions: dict[str, list[float]] = {"M_R": [], "M_H": []}
    for name, graph, known in list(public())[::every]:
        peak = ordino.solve(graph, **options)
        click.echo(
            f"{name:24} {graph.operators:4} operators, M_P {peak.objective} ({peak.status}, "
            f"{peak.seconds:.1f} s), reference {known['MPMF']}"
        )
        for budget, values in known["spill"].items():
            at = {"capacity": values["budget"]}
            first, best = (
                ordino.solve(graph, solver="belady", addresses="off", order=order, **at).objective
                for order in ("fixed", "free")
            )
            result = ordino.solve(graph, **at, **options)
            verdict = "ok"
            if result.objective > min(values["free_order_with_addresses"], best):
                verdict = "WORSE"
            if first:
                reductions[budget].append(1 - result.objective / first)
            click.echo(
                f"  {budget} {values['budget']:9}  Belady {first:8} {best:8}  "
                f"{result.objective:8} bound {result.bound:8} {result.status:8} "
                f"{result.seconds:5.1f} s  reference {values['free_order_with_addresses']} "
                f"{verdict}"
            )
    for budget, values in reductions.items():
        if values:
            mean = sum(values) / len(values)
            click.echo(f"{budget}: mean reduction {100 * mean:.1f} % over {len(values)} graphs")


def fixed(options: dict, every: int) -> None:
    for name, graph, known in list(public())[::every]:
        for budget, values in known["spill"].items():
            result = ordino.solve(graph, capacity=values["budget"], order="fixed", **options)
            cpsat = ordino.solve(
                graph, capacity=values["budget"], order="fixed", solver="cpsat", **options
            )
            click.echo(
                f"{name:24} {budget} {result.objective:8} {result.status} {result.seconds:.2f} s, "
                f"CP-SAT alone {cpsat.status} {cpsat.seconds:.2f} s, reference "
                f"{values['fixed_default_order_optimal']}"
            )


def ilp(options: dict, every: int) -> None:
    for name, graph, known in list(public())[::every]:
        for solver in ("milp", "cpsat", "states"):
            for order in ("fixed", "free"):
                at = {"capacity": known["M_R"], "order": order}
                try:
                    result = ordino.solve(graph, solver=solver, **at, **options)
                except ordino.UsageError as error:
                    click.echo(f"{name:24} {order:5} {solver:6} {error}")
                    continue
                click.echo(
                    f"{name:24} {order:5} {solver:6} {result.status} {result.objective} "
                    f"bound {result.bound} {result.seconds:.2f} s"
                )


def large(options: dict, every: int) -> None:
    graphs = (
        cells(cells=400, nodes=5),
        series_parallel(operators=9000, branches=8),
        randwire(nodes=650, stages=5),
    )
    for graph in graphs[::every]:
        for capacity in ("M_R", None):
            at = {} if capacity is None else {"capacity": capacity}
            result = ordino.solve(graph, **at, **options)
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            click.echo(
                f"{graph.name:28} {graph.operators:6} operators {capacity or 'peak'}: "
                f"{result.objective} bound {result.bound} {result.status} {result.seconds:.1f} s, "
                f"{memory} MB so far"
            )


@click.command()
@click.argument("part", type=click.Choice(["saved", "fixed", "ilp", "large"]))
@click.option("--time-limit", type=float, default=60, show_default=True)
@click.option("--workers", type=int, default=2, show_default=True)
@click.option("--every", type=int, default=1, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
def main(part: str, time_limit: float, workers: int, every: int, seed: int) -> None:
    """Run one part."""
    options = {"time_limit": time_limit, "workers": workers, "seed": seed}
    {"saved": saved, "fixed": fixed, "ilp": ilp, "large": large}[part](options, every)


if __name__ == "__main__":
    main()
