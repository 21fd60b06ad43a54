"""How far do free cores come together? VM snapshots with a limited number of migrations.

    python benchmarks/pods_vm.py [--moves 10 --moves 50] [--time-limit 25] [--every 1] [--seed 0]

A row a cluster and limit: fragment rate before and after, bound, seconds to the last improvement
and in all. Needs pods/vmr below ORDINO_DATA. Wanted: the 43 hosts proved in 5 s; 237 hosts with 50
migrations at a rate of 0.62 in 25 s.
"""

from __future__ import annotations

import os
from pathlib import Path

import click

import ordino
from ordino.instances.reading import read_all

FILES = ("json_stream_c1_2022-03-28_32c.json", "instance_3000vm_1_1.json")


@click.command()
@click.option("--moves", multiple=True, type=int, default=(10, 25, 50), show_default=True)
@click.option("--time-limit", default=25.0, show_default=True)
@click.option("--every", default=1, show_default=True, help="Every so many of the runs.")
@click.option("--workers", default=2, show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(moves: tuple[int, ...], time_limit: float, every: int, workers: int, seed: int) -> None:
    """Print a row for each cluster and limit."""
    folder = Path(os.environ["ORDINO_DATA"], "pods/vmr")
    clusters = [each for file in FILES for each in read_all(folder / file)]
    runs = [(cluster, most) for cluster in clusters for most in moves][::every]
    click.echo(
        f"{'cluster':>14} {'hosts':>6} {'VMs':>6} {'moves':>6} {'before':>7} {'after':>7} "
        f"{'bound':>7} {'found s':>8} {'total s':>8} status"
    )
    for cluster, most in runs:
        free = int(cluster.free_cores(cluster.host, cluster.numa).sum())
        before = cluster.fragmented(cluster.host, cluster.numa)
        result = ordino.solve(
            cluster, time_limit=time_limit, workers=workers, seed=seed, max_moves=most
        )
        found = max(e.seconds for e in result.trace if e.kind == "incumbent")
        click.echo(
            f"{cluster.name:>14} {cluster.hosts:6} {cluster.vms:6} {most:6} {before / free:7.4f} "
            f"{result.objective / free:7.4f} {result.bound / free:7.4f} {found:8.2f} "
            f"{result.seconds:8.2f} {result.status}"
        )


if __name__ == "__main__":
    main()
