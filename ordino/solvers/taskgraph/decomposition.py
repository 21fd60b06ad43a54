"""Least cost within deadlines for large graphs: blocks along the series-parallel structure, each
solved exactly (after the decomposition of arXiv 2506.01567).

First the time is shared out: the schedule with every task where it is fastest is stretched until it
just keeps the deadlines, and each block gets the window that it then takes. Blocks do not depend on
each other then. After that, block by block and again, each gets the time that the others leave it,
until nothing changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ordino.core.arrays import Integers, Reals
from ordino.core.budget import Budget
from ordino.core.errors import UsageError
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.models.taskgraph.blocks import blocks
from ordino.models.taskgraph.bounds import heads_and_tails
from ordino.models.taskgraph.check import check
from ordino.models.taskgraph.milp import formulate
from ordino.models.taskgraph.problem import Schedule, TaskGraph
from ordino.models.taskgraph.timing import durations, earliest_starts, keeps_limits
from ordino.solvers import milp

__all__ = ["NAME", "decomposition", "takes"]

NAME = "decomposition"
MOST_TASKS = 20_000
SECONDS_A_BLOCK = 5.0


@dataclass(frozen=True, slots=True)
class _Shares:
    """What a block may count on: when tasks outside have ended, and when they start at the latest.

    Where shares are strict, blocks are solved side by side, and must themselves have ended by then.
    """

    done: Reals
    begun: Reals
    strict: bool


def takes(instance: TaskGraph) -> str | None:
    """Say why an instance is not for the decomposition, or return `None`."""
    if instance.goal != "cost":
        return "its goal is the makespan"
    if instance.tasks > MOST_TASKS:
        return f"{instance.tasks} tasks, beyond {MOST_TASKS}"
    return None


def decomposition(*, size: int = 60) -> Solver:
    """Return a solver that solves block after block while that lessens the cost.

    An iteration is a block.

    Args:
        size: Most tasks of a block, at least 2. The larger, the closer to the optimum.

    Raises:
        UsageError: The size is too small.
    """
    if size < 2:
        raise UsageError(f"decomposition.size {size}: expected at least 2")

    def solve(instance: TaskGraph, incumbent: Incumbent, budget: Budget) -> None:
        fastest = _fastest(instance)
        done = 0

        def improve(processor: Integers, shares: Callable[[Integers], _Shares]) -> bool:
            nonlocal done
            better = False
            for each in parts:
                if budget.should_stop() or budget.out_of_iterations(done):
                    return False
                done += 1
                block = np.array(each, dtype=np.int64)
                found = _solve_block(instance, block, processor, shares(processor), budget)
                if found is not None and (found != processor[block]).any():
                    processor[block] = found
                    better = True
                    _offer(instance, processor, incumbent)
            return better

        parts = blocks(instance, size)
        processor = None
        if fastest is not None:
            processor = fastest.copy()
            _offer(instance, processor, incumbent)
            stretched = _stretched(instance, fastest)
            improve(processor, lambda _: stretched)
        best = incumbent.best
        if best is not None:
            processor = best.processor.copy()
        while processor is not None and improve(processor, lambda now: _left(instance, now)):
            continue

    return solve


def _fastest(instance: TaskGraph) -> Integers | None:
    """Return processors that keep the deadlines: each task's fastest, or the one on its shortest
    way through the graph; `None` if both miss one."""
    heads, tails = heads_and_tails(instance)
    for measure in (instance.work, heads + instance.work + tails):
        processor: Integers = measure.argmin(axis=1)
        if keeps_limits(instance, processor, earliest_starts(instance, processor)):
            return processor
    return None


def _offer(instance: TaskGraph, processor: Integers, incumbent: Incumbent) -> None:
    schedule = Schedule(processor.copy(), earliest_starts(instance, processor))
    if keeps_limits(instance, schedule.processor, schedule.start):
        cost = (instance.price[processor] * durations(instance, processor)).sum()
        incumbent.offer(schedule, NAME, float(cost))


def _stretched(instance: TaskGraph, processor: Integers) -> _Shares:
    """Stretch a schedule until it just keeps the deadlines."""
    start = earliest_starts(instance, processor)
    end = start + durations(instance, processor)
    finite = np.isfinite(instance.deadlines) & (end > 0)
    factor = float((instance.deadlines[finite] / end[finite]).min()) if finite.any() else 1e6
    return _Shares(done=end * factor, begun=start * factor, strict=True)


def _left(instance: TaskGraph, processor: Integers) -> _Shares:
    """Return what the processors of all leave each task."""
    work = durations(instance, processor)
    latest = instance.deadlines - work
    delay = instance.delay(processor[instance.source], processor[instance.target], instance.volume)
    edges: list[list[int]] = [[] for _ in range(instance.tasks)]
    for edge, i in enumerate(instance.source.tolist()):
        edges[i].append(edge)
    for task in reversed(instance.order.tolist()):
        for edge in edges[task]:
            until = latest[instance.target[edge]] - delay[edge] - work[task]
            latest[task] = min(latest[task], until)
    return _Shares(earliest_starts(instance, processor) + work, latest, strict=False)


def _solve_block(
    instance: TaskGraph, block: Integers, processor: Integers, shares: _Shares, budget: Budget
) -> Integers | None:
    """Return the cheapest processors of a block within its share; `None` if none are found.

    Data from and to tasks outside take as long as they may, wherever the block's tasks run.
    """
    inside = np.full(instance.tasks, -1)
    inside[block] = np.arange(block.size)
    release = instance.release_dates[block].copy()
    deadline = instance.deadlines[block].copy()
    sender, receiver = inside[instance.source], inside[instance.target]
    touching = np.flatnonzero((sender >= 0) | (receiver >= 0)).tolist()
    edges = []
    for edge in touching:
        i, j = int(instance.source[edge]), int(instance.target[edge])
        a, b, volume = int(sender[edge]), int(receiver[edge]), float(instance.volume[edge])
        if a >= 0 and b >= 0:
            edges.append((a, b, volume))
        elif b >= 0:
            places = np.flatnonzero(np.isfinite(instance.work[j]))
            delay = float(instance.delay(processor[i], places, volume).max())
            release[b] = max(release[b], shares.done[i] + delay)
        else:
            places = np.flatnonzero(np.isfinite(instance.work[i]))
            delay = float(instance.delay(places, processor[j], volume).max())
            until = shares.begun[j] - delay
            deadline[a] = min(deadline[a], until, shares.done[i] if shares.strict else np.inf)
    if (deadline < 0).any():
        return None
    part = TaskGraph.of(
        instance.work[block],
        edges,
        bandwidth=instance.bandwidth,
        startup=instance.startup,
        release_dates=release.tolist(),
        deadlines=deadline.tolist(),
        price=instance.price.tolist(),
        goal="cost",
    )
    held = Incumbent(part, check, part.objective)
    now = processor[block]
    begun = earliest_starts(part, now)
    if keeps_limits(part, now, begun):
        held.offer(Schedule(now, begun), NAME)
    share = replace(budget.child(seconds=SECONDS_A_BLOCK), iterations=None)
    milp.solver(formulate)(part, held, share)
    if held.best is None:
        return None
    found: Integers = held.best.processor
    return found
