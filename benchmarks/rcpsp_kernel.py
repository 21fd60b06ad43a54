"""How many schedules does one core make a second? Serial generation, lists drawn before.

    python benchmarks/rcpsp_kernel.py [FILE …] [--seconds 2]

On generated projects of 60 to 10,000 activities, or on the files. Seconds are those of the
thread's own processor time, so that other programs on the machine disturb little.
"""

from __future__ import annotations

import time

import click
import numpy as np

import ordino
from ordino.heuristics.rcpsp import schedule_kernels as kernels
from ordino.heuristics.rcpsp.packing import pack
from ordino.instances.rcpsp.generate import interactions, random_project
from ordino.models.rcpsp.bounds import tails
from ordino.models.rcpsp.problem import Project

LISTS = 50


def rate(project: Project, seconds: float) -> float:
    """Return schedules a second."""
    arrays, n = pack(project), project.activities
    modes = project.mode_start[:-1].copy()
    priority = -tails(project)
    state = np.array([1], dtype=np.uint64)
    orders = np.zeros((LISTS, n), np.int64)
    waiting, eligible = np.zeros(n, np.int64), np.zeros(n, np.int64)
    for order in orders:
        kernels.sample(arrays, state, priority, 3, order, waiting, eligible)
    free, top = arrays[kernels.INITIAL].copy(), np.zeros(1, np.int64)
    times = np.zeros(2 * n, np.int64)
    made, began = 0, time.thread_time()
    while time.thread_time() - began < seconds:
        for order in orders:
            kernels.forward(arrays, order, modes, free, top, times)
        made += LISTS
    return made / (time.thread_time() - began)


@click.command()
@click.argument("files", nargs=-1)
@click.option("--seconds", default=2.0, show_default=True)
def main(files: tuple[str, ...], seconds: float) -> None:
    """Print a row for each project."""
    projects = [ordino.read(file) for file in files] or [
        *(random_project(activities=n, resource_strength=0.2, seed=1) for n in (60, 120, 300)),
        interactions(activities=10_000, layers=100, precedences=300, seed=1),
    ]
    click.echo(f"{'project':24} {'activities':>10} {'schedules/s':>12} {'ms each':>8}")
    for project in projects:
        found = rate(project, seconds)
        name, count = project.name, project.activities
        click.echo(f"{name:24} {count:10} {found:12.0f} {1000 / found:8.3f}")


if __name__ == "__main__":
    main()
