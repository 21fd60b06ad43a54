"""How good are the schedules of task graphs? On public and on random graphs.

    python benchmarks/taskgraph.py PART [--time-limit 10] [--workers 2] [--every 1] [--seed 0]

Parts: `rules` (is a rule alone better than the default race? take --time-limit 1), `improvement`
(how much shorter than HEFT's, over the public graphs), `proof` (how many of the public graphs up
to 30 tasks x 4 processors are proved), `random` (five layered graphs of 100 x 8), `noise` (mean
makespan of HEFT's plan and of `robust`, over streams of DS3 jobs), `cost` (workflows under a
deadline: exact, and by blocks). Public graphs lie below ORDINO_DATA. STG files, and workflows of
one machine, run on 4 generated unrelated processors: heterogeneity 1, CCR 0.5, seed 1.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np

import ordino
from ordino.core.registry import all_families
from ordino.heuristics.taskgraph.rules import heft
from ordino.instances.taskgraph.generate import layered
from ordino.models.taskgraph.problem import TaskGraph
from ordino.models.taskgraph.timing import durations, earliest_starts

GENERATED = "processors=4,heterogeneity=1,ccr=0.5,seed=1"
CLOSED = 1 + 1e-6


def public() -> Iterator[tuple[str, TaskGraph]]:
    """Yield every graph of the public sets, with its name."""
    folder = Path(os.environ["ORDINO_DATA"]) / "dag"
    patterns = ("topcuoglu/*_exe_time.csv", "ds3/job*", "stg/*", "wfformat/*", "dagbench/*")
    for path in (path for pattern in patterns for path in sorted(folder.glob(pattern))):
        name = f"{path.parent.name}/{path.stem}"
        if path.suffix == ".stg":
            yield name, ordino.read(str(path), f"stg:{GENERATED}")
            continue
        graph = ordino.read(str(path))
        if path.parent.name == "wfformat" and graph.processors == 1:
            graph = ordino.read(str(path), f"wfformat:{GENERATED}")
        yield name, graph


def rules(options: dict, every: int) -> None:
    beaten = 0
    home = all_families()["taskgraph"]
    graphs = list(public())[::every]
    for name, graph in graphs:
        names = [spec.name for spec in home.solvers if spec.rule and spec.refusal(graph) is None]
        best = min(ordino.solve(graph, solver=rule, time_limit=20).objective for rule in names)
        result = ordino.solve(graph, **options)
        if result.objective > best * CLOSED:
            beaten += 1
            click.echo(f"{name}: {result.objective:.6g}, a rule alone {best:.6g}")
    click.echo(f"a rule alone is better on {beaten} of {len(graphs)} graphs")


def improvement(options: dict, every: int) -> None:
    gains = []
    for name, graph in list(public())[::every]:
        first = ordino.solve(graph, solver="heft").objective
        result = ordino.solve(graph, **options)
        gain = 1 - result.objective / first
        above = first > result.bound * CLOSED
        if above:
            gains.append(gain)
        click.echo(
            f"{name:50} {graph.tasks:5} x {graph.processors:2}  HEFT {first:10.6g}  "
            f"{result.objective:10.6g} ({100 * gain:5.2f} %)  bound {result.bound:10.6g}  "
            f"{result.status}, {result.seconds:.1f} s"
        )
    click.echo(
        f"HEFT above the bound on {len(gains)} graphs: {100 * np.mean(gains):.2f} % in the mean"
    )


def proof(options: dict, every: int) -> None:
    count = proved = 0
    for name, graph in list(public())[::every]:
        if graph.tasks <= 30 and graph.processors <= 4:
            result = ordino.solve(graph, **options)
            count += 1
            proved += result.status is ordino.Status.OPTIMAL
            click.echo(
                f"{name:50} {result.objective:10.6g} {result.status}, {result.seconds:.1f} s"
            )
    click.echo(f"proved {proved} of {count}")


def random(options: dict, every: int) -> None:
    for seed in range(0, 5, every):
        graph = layered(tasks=100, processors=8, ccr=1.0, seed=seed)
        first = ordino.solve(graph, solver="heft").objective
        result = ordino.solve(graph, **options)
        long = ordino.solve(
            graph, solver="heft,cpsat", time_limit=120, workers=options["workers"], seed=seed
        )
        click.echo(
            f"{graph.name}: HEFT {first:.6g}, here {result.objective:.6g}, CP-SAT in 2 min "
            f"{long.objective:.6g} (bound {long.bound:.6g}): "
            f"{100 * (result.objective / long.objective - 1):+.2f} %"
        )


def noise(options: dict, every: int) -> None:
    folder = Path(os.environ["ORDINO_DATA"]) / "dag" / "ds3"
    for path in sorted(folder.glob("job*"))[::every]:
        for interval in (20, 40):
            stream = f"ds3:jobs=20,interval={interval},seed=1"
            graph = ordino.read(str(path), stream)
            plans = {"HEFT": heft(graph)}
            for solver in ("tabu", "robust"):
                plans[solver] = ordino.solve(graph, **options | {"solver": solver}).solution
            means = {
                name: ordino.simulate(graph, plan, replications=1000, seed=99).mean
                for name, plan in plans.items()
            }
            means["online"] = ordino.simulate(graph, policy="online", seed=99).mean
            base = means.pop("HEFT")
            shown = ", ".join(
                f"{k} {v:.6g} ({100 * (v / base - 1):+.1f} %)" for k, v in means.items()
            )
            click.echo(f"{path.stem} {stream}: HEFT {base:.6g}, {shown}")


def cost(options: dict, every: int) -> None:
    folder = Path(os.environ["ORDINO_DATA"]) / "dag" / "wfformat"
    for path in sorted(folder.glob("*.json"))[::every]:
        graph = ordino.read(str(path), "wfformat:processors=5,heterogeneity=0.5,ccr=0.1,seed=1")
        fast = graph.work.argmin(axis=1)
        shortest = float((earliest_starts(graph, fast) + durations(graph, fast)).max())
        problem = {"goal": "cost", "price": "1,1.3,1.7,2.2,3", "deadline": 1.15 * shortest}
        exact = ordino.solve(graph, **options | {"solver": "milp"}, **problem)
        shown = [f"exact {exact.objective} ({exact.status}, {exact.seconds:.1f} s)"]
        for size in (60, 20, 10):
            part = ordino.solve(
                graph,
                **options | {"solver": "decomposition"},
                **problem,
                settings={"decomposition.size": size},
            )
            if part.objective is not None and exact.objective is not None:
                worse = 100 * (part.objective / exact.objective - 1)
                shown.append(f"blocks of {size}: {worse:+.2f} % ({part.seconds:.1f} s)")
        click.echo(f"{path.stem} {graph.tasks}: " + ", ".join(shown))


PARTS = {each.__name__: each for each in (rules, improvement, proof, random, noise, cost)}


@click.command()
@click.argument("part", type=click.Choice(list(PARTS)))
@click.option("--time-limit", default=10.0, show_default=True)
@click.option("--workers", default=2, show_default=True)
@click.option("--every", default=1, show_default=True, help="Take every K-th graph.")
@click.option("--seed", default=0, show_default=True)
def main(part: str, time_limit: float, workers: int, every: int, seed: int) -> None:
    """Run one part and print a line for each graph."""
    PARTS[part]({"time_limit": time_limit, "workers": workers, "seed": seed}, every)


if __name__ == "__main__":
    main()
