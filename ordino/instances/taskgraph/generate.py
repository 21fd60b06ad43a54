"""Generators of task graphs: layered random ones, and those of known algorithms.

All take processors, heterogeneity (0 identical, 2 the widest), CCR (mean time of data to mean work)
and mean work; a task's amount is uniform from 0 to twice the mean, and its work on each processor
is drawn around it (`platform.unrelated_work`). Bandwidths are 1, so that volumes are times.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from ordino.core.errors import UsageError
from ordino.instances.taskgraph.platform import DIGITS, require, unrelated_work, volumes_for
from ordino.models.taskgraph.problem import MOST_PROCESSORS, TaskGraph
from ordino.models.taskgraph.streams import merged

__all__ = ["ds3_stream", "fft", "fork_join", "gaussian_elimination", "layered"]

Edges = list[tuple[int, int]]


def layered(
    *,
    tasks: int = 50,
    processors: int = 4,
    shape: float = 1.0,
    out_degree: int = 3,
    ccr: float = 1.0,
    heterogeneity: float = 1.0,
    work: float = 50.0,
    seed: int = 0,
) -> TaskGraph:
    """Generate a layered random graph (Topcuoglu, Hariri, Wu 2002).

    About sqrt(n) / shape layers of shape sqrt(n) tasks on average; each task sends to one to
    `out_degree` tasks of the next layer, and each that would get nothing gets data from one of the
    layer before.

    Args:
        tasks: Number of tasks.
        processors: Number of processors.
        shape: Above 1 for short and wide graphs, below for long and narrow ones.
        out_degree: Most edges that leave a task, but for those that a task without any needs.
        ccr: Mean time of data to mean work.
        heterogeneity: 0 to 2.
        work: Mean work.
        seed: Of the generator.

    Raises:
        UsageError: A number out of range.

    >>> layered(tasks=20, processors=3, seed=1).tasks
    20
    """
    _require("layered", tasks, processors, ccr, heterogeneity, work, seed)
    require("generator layered", shape=(shape, 0.01, 1e6), out_degree=(out_degree, 1, 1e6))
    rng = np.random.default_rng(seed)
    layers: list[np.ndarray] = []
    left = tasks
    mean_width = max(1.0, shape * tasks**0.5)
    while left:
        width = min(left, 1 + int(rng.integers(0, max(1, round(2 * mean_width - 1)))))
        first = tasks - left
        layers.append(np.arange(first, first + width))
        left -= width
    edges: Edges = []
    for above, below in pairwise(layers):
        fed: set[int] = set()
        for task in above.tolist():
            count = min(below.size, int(rng.integers(1, out_degree + 1)))
            chosen = rng.choice(below, count, replace=False).tolist()
            edges += [(task, other) for other in chosen]
            fed.update(chosen)
        edges += [(int(rng.choice(above)), task) for task in below.tolist() if task not in fed]
    name = f"layered-{tasks}-{processors}-{ccr:g}-{seed}"
    return _costed(tasks, sorted(edges), processors, ccr, heterogeneity, work, rng, name)


def gaussian_elimination(
    *,
    size: int = 5,
    processors: int = 4,
    ccr: float = 1.0,
    heterogeneity: float = 1.0,
    work: float = 50.0,
    seed: int = 0,
) -> TaskGraph:
    """Generate the graph of Gaussian elimination on a matrix of that size.

    Its (m^2 + m - 2) / 2 tasks are a pivot step and the updates of the columns behind it, for each
    column but the last (Wu, Gajski 1990).
    """
    tasks = (size * size + size - 2) // 2
    require("generator gaussian-elimination", size=(size, 2, 10_000))
    _require("gaussian-elimination", tasks, processors, ccr, heterogeneity, work, seed)
    number: dict[tuple[int, int], int] = {}
    for k in range(size - 1):
        for j in range(k, size):
            number[k, j] = len(number)
    edges: Edges = []
    for k in range(size - 1):
        for j in range(k + 1, size):
            edges.append((number[k, k], number[k, j]))
            if (k + 1, j) in number:
                edges.append((number[k, j], number[k + 1, j]))
    rng = np.random.default_rng(seed)
    name = f"gauss-{size}-{processors}-{ccr:g}-{seed}"
    return _costed(tasks, edges, processors, ccr, heterogeneity, work, rng, name)


def fft(
    *,
    points: int = 8,
    processors: int = 4,
    ccr: float = 1.0,
    heterogeneity: float = 1.0,
    work: float = 50.0,
    seed: int = 0,
) -> TaskGraph:
    """Generate the graph of a fast Fourier transform: a binary tree of calls, then butterflies.

    2 points - 1 calls and points log2(points) butterflies (Topcuoglu, Hariri, Wu 2002).

    Raises:
        UsageError: The number of points is no power of 2, or another number is out of range.
    """
    if points < 2 or points & (points - 1):
        raise UsageError(f"generator fft: points={points}: expected a power of 2, at least 2")
    stages = points.bit_length() - 1
    tasks = 2 * points - 1 + points * stages
    _require("fft", tasks, processors, ccr, heterogeneity, work, seed)
    edges: Edges = [((child - 1) // 2, child) for child in range(1, 2 * points - 1)]
    row = np.arange(points - 1, 2 * points - 1)
    for stage in range(stages):
        below = 2 * points - 1 + stage * points + np.arange(points)
        for place in range(points):
            edges.append((int(row[place]), int(below[place])))
            edges.append((int(row[place ^ (1 << stage)]), int(below[place])))
        row = below
    rng = np.random.default_rng(seed)
    name = f"fft-{points}-{processors}-{ccr:g}-{seed}"
    return _costed(tasks, edges, processors, ccr, heterogeneity, work, rng, name)


def fork_join(
    *,
    width: int = 8,
    stages: int = 3,
    processors: int = 4,
    ccr: float = 1.0,
    heterogeneity: float = 1.0,
    work: float = 50.0,
    seed: int = 0,
) -> TaskGraph:
    """Generate stages of parallel tasks between tasks that all wait for and all start from."""
    require("generator fork-join", width=(width, 1, 10**7), stages=(stages, 1, 10**7))
    tasks = stages * (width + 1) + 1
    _require("fork-join", tasks, processors, ccr, heterogeneity, work, seed)
    edges: Edges = []
    for stage in range(stages):
        fork = stage * (width + 1)
        for task in range(fork + 1, fork + width + 1):
            edges += [(fork, task), (task, fork + width + 1)]
    rng = np.random.default_rng(seed)
    name = f"fork-join-{width}-{stages}-{processors}-{ccr:g}-{seed}"
    return _costed(tasks, edges, processors, ccr, heterogeneity, work, rng, name)


def ds3_stream(
    *,
    jobs: int = 10,
    interval: float = 50.0,
    kinds: int = 3,
    tasks: int = 10,
    processors: int = 3,
    ccr: float = 1.0,
    heterogeneity: float = 1.0,
    work: float = 14.0,
    seed: int = 0,
) -> TaskGraph:
    """Generate a Poisson stream of small jobs that share the processors, as in DS3.

    Args:
        jobs: Number of jobs.
        interval: Mean time between arrivals.
        kinds: Number of layered graphs that jobs are copies of, drawn for each job.
        tasks: Of each kind.
        processors: Number of processors.
        ccr: Mean time of data to mean work.
        heterogeneity: 0 to 2.
        work: Mean work.
        seed: Of the generator.

    Raises:
        UsageError: A number out of range.
    """
    _require("ds3-stream", tasks, processors, ccr, heterogeneity, work, seed)
    require(
        "generator ds3-stream",
        jobs=(jobs, 1, 10**6),
        kinds=(kinds, 1, 10**4),
        interval=(interval, 0, 1e12),
    )
    rng = np.random.default_rng(seed)
    graphs = [
        layered(
            tasks=tasks,
            processors=processors,
            ccr=ccr,
            heterogeneity=heterogeneity,
            work=work,
            seed=int(rng.integers(2**31)),
        )
        for _ in range(kinds)
    ]
    gaps = rng.exponential(interval, jobs)
    gaps[0] = 0
    chosen = [graphs[kind] for kind in rng.integers(0, kinds, jobs).tolist()]
    made = merged(chosen, np.round(np.cumsum(gaps), DIGITS).tolist())
    return replace(made, name=f"stream-{jobs}-{tasks}-{processors}-{seed}")


def _require(
    generator: str,
    tasks: int,
    processors: int,
    ccr: float,
    heterogeneity: float,
    work: float,
    seed: int,
) -> None:
    require(
        f"generator {generator}",
        tasks=(tasks, 1, 10**7),
        processors=(processors, 1, MOST_PROCESSORS),
        ccr=(ccr, 0, 1e9),
        heterogeneity=(heterogeneity, 0, 2),
        work=(work, 1e-3, 1e9),
        seed=(seed, 0, np.inf),
    )
    if tasks * processors > 10**9:
        raise UsageError(f"generator {generator}: tasks x processors beyond 10^9")


def _costed(
    tasks: int,
    edges: Edges,
    processors: int,
    ccr: float,
    heterogeneity: float,
    work: float,
    rng: np.random.Generator,
    name: str,
) -> TaskGraph:
    """Draw work and volumes for a graph."""
    amounts = np.round(rng.uniform(0, 2 * work, tasks), DIGITS)
    matrix = unrelated_work(amounts, processors, heterogeneity, rng)
    volumes = volumes_for(ccr, matrix, len(edges), rng)
    sized = [(i, j, volume) for (i, j), volume in zip(edges, volumes.tolist(), strict=True)]
    return TaskGraph.of(matrix, sized, name=name)
