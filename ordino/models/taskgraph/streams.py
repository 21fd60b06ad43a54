"""Streams: copies of a task graph that arrive one after another and share the processors."""

from __future__ import annotations

import numpy as np

from ordino.models.taskgraph.problem import TaskGraph

__all__ = ["merged", "stream"]


def stream(graph: TaskGraph, *, jobs: int, interval: float, seed: int) -> TaskGraph:
    """Let copies of a graph arrive as a Poisson stream, the first at once.

    Args:
        graph: One job.
        jobs: Number of copies.
        interval: Mean time between arrivals, rounded to thousandths.
        seed: Of the arrivals.
    """
    gaps = np.random.default_rng(seed).exponential(interval, jobs)
    gaps[0] = 0
    return merged([graph] * jobs, np.round(np.cumsum(gaps), 3).tolist())


def merged(graphs: list[TaskGraph], arrivals: list[float]) -> TaskGraph:
    """Put graphs on the processors of the first, each with its dates counted from its arrival."""
    first = graphs[0]
    sizes = [graph.tasks for graph in graphs]
    offsets = np.cumsum([0, *sizes[:-1]]).tolist()
    shifts = np.repeat(arrivals, sizes)
    named = all(graph.task_names for graph in graphs)
    return TaskGraph(
        work=np.concatenate([graph.work for graph in graphs]),
        source=np.concatenate([g.source + at for g, at in zip(graphs, offsets, strict=True)]),
        target=np.concatenate([g.target + at for g, at in zip(graphs, offsets, strict=True)]),
        volume=np.concatenate([graph.volume for graph in graphs]),
        startup=first.startup,
        bandwidth=first.bandwidth,
        release_dates=np.concatenate([graph.release_dates for graph in graphs]) + shifts,
        deadlines=np.concatenate([graph.deadlines for graph in graphs]) + shifts,
        memory=np.concatenate([graph.memory for graph in graphs]),
        capacity=first.capacity,
        price=first.price,
        goal=first.goal,
        name=f"{first.name}-x{len(graphs)}" if first.name else "",
        task_names=tuple(
            f"{number}.{name}" for number, graph in enumerate(graphs) for name in graph.task_names
        )
        if named
        else (),
        processor_names=first.processor_names,
    )
