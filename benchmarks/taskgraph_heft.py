"""How long does HEFT take? On layered graphs of growing size, beside the public Python peer.

    python benchmarks/taskgraph_heft.py [--peer V/bin/python] [--peer-tasks 5000]

Ours is timed warm, with the graph in arrays: ranks, order, placing. The peer (SAGA; peers/run.py
makes an environment for it) is timed with its graph built, on related machines, which
are all that it knows, and its makespan stands beside ours: it takes means over pairs of processors
with those of a processor with itself, so that ranks, and makespans, differ by some percent.
"""

from __future__ import annotations

import json
import resource
import subprocess
import time
from pathlib import Path

import click
import numpy as np

from ordino.heuristics.taskgraph import kernels, rules
from ordino.heuristics.taskgraph.arrays import Arrays
from ordino.instances.reading import dump_instance
from ordino.instances.taskgraph.generate import layered
from ordino.models.taskgraph.problem import TaskGraph

SIZES = ((1_000, 8, None), (5_000, 8, None), (10_000, 8, 0.020), (100_000, 32, 3.0))
"""Tasks, processors, and the seconds that are wanted."""
REPEATS = 5


def heft_seconds(graph: TaskGraph) -> float:
    """Return the least time of some runs, after one to warm up."""
    arrays = Arrays.of(graph)
    times = []
    for _ in range(REPEATS + 1):
        began = time.perf_counter()
        order = rules.ranked(arrays, rules.upward(arrays, kernels, "mean"))
        rules.placed(arrays, kernels, order)
        times.append(time.perf_counter() - began)
    return min(times[1:])


@click.command()
@click.option("--peer", type=click.Path(exists=True), help="Python of the peer's environment.")
@click.option("--peer-tasks", default=5000, show_default=True)
@click.option("--seed", default=1, show_default=True)
def main(peer: str | None, peer_tasks: int, seed: int) -> None:
    """Print a row for each size, then one for the peer."""
    click.echo(f"{'tasks':>8} {'processors':>10} {'edges':>8} {'HEFT ms':>9} {'wanted':>8} MB")
    for tasks, processors, wanted in SIZES:
        graph = layered(tasks=tasks, processors=processors, seed=seed)
        spent = heft_seconds(graph)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        limit = "" if wanted is None else f"{1000 * wanted:.0f}"
        click.echo(
            f"{tasks:8} {processors:10} {graph.edges:8} {1000 * spent:9.2f} {limit:>8} {memory}"
        )
    if peer is not None:
        compare(peer, peer_tasks, seed)


def compare(peer: str, tasks: int, seed: int) -> None:
    """Run the peer on a graph of related machines, and ours on the same."""
    base = layered(tasks=tasks, processors=1, heterogeneity=0.0, seed=seed)
    speeds = np.random.default_rng(seed).uniform(0.5, 2, 8)
    costs = base.work[:, 0] + 0.001
    edges = list(zip(base.source.tolist(), base.target.tolist(), base.volume.tolist(), strict=True))
    graph = TaskGraph.of(costs[:, None] / speeds, edges)
    asked = {"instance": json.loads(dump_instance(graph))}
    script = Path(__file__).parent / "peers" / "saga_peer.py"
    done = subprocess.run(
        [peer, str(script)], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    theirs = json.loads(done.stdout.splitlines()[-1])
    spent = heft_seconds(graph)
    ours = rules.heft(graph)
    assert ours is not None
    makespan = (ours.start + graph.work[np.arange(tasks), ours.processor]).max()
    click.echo(
        f"peer, {tasks} x 8: HEFT {theirs['seconds']:.2f} s (built in {theirs['building']:.2f} s), "
        f"makespan {theirs['objective']:.6g}; ours {1000 * spent:.2f} ms, makespan {makespan:.6g}: "
        f"{theirs['seconds'] / spent:.0f} times"
    )


if __name__ == "__main__":
    main()
