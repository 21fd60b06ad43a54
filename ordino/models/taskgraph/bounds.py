"""Lower bounds on the makespan, and one on the cost."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ordino.core.arrays import Integers, Reals
from ordino.models.taskgraph.order import depths
from ordino.models.taskgraph.problem import TaskGraph

__all__ = ["area", "cheapest", "critical_path", "heads_and_tails", "interval_load"]

MOST_CELLS = 20_000_000
"""Edges x processors squared up to which data count in `heads_and_tails`: about a second."""
MOST_CELLS_AT_ONCE = 1_000_000
MOST_INTERVAL_CELLS = 400_000
WEIGHT_STEPS = 300
MOST_WEIGHT_CELLS = 100_000_000


def critical_path(instance: TaskGraph) -> int | float | None:
    """Longest way through the graph, each task where its way is shortest; see `heads_and_tails`."""
    if instance.goal != "makespan":
        return None
    heads, tails = heads_and_tails(instance)
    return _number(instance, float((heads + instance.work + tails).min(axis=1).max()))


def heads_and_tails(instance: TaskGraph) -> tuple[Reals, Reals]:
    """Bound the start of each task on each processor, and what is left behind its end.

    head(j, p) = max(r_j, max over senders i of min over q of head(i, q) + w(i, q) + c_ij(q, p))

    and the tails likewise from the end. Every predecessor may stand on a processor of its own
    choice, and none waits for a processor. Where edges are too many, data take no time.
    O(e p^2).

    Returns:
        Both of the shape (tasks, processors).
    """
    heads = np.repeat(instance.release_dates[:, None], instance.processors, axis=1)
    tails = np.zeros_like(heads)
    startup, unit = instance.startup, 1 / instance.bandwidth
    _extend(instance, heads, instance.source, instance.target, startup, unit)
    _extend(instance, tails, instance.target, instance.source, startup.T, unit.T)
    return heads, tails


def _extend(
    instance: TaskGraph, reach: Reals, near: Integers, far: Integers, startup: Reals, unit: Reals
) -> None:
    """Fill in heads, or tails on the reversed graph, level by level."""
    processors = instance.processors
    counts = instance.edges * processors**2 <= MOST_CELLS
    step = max(1, MOST_CELLS_AT_ONCE // (processors**2 if counts else processors))
    level = depths(near, far, instance.tasks)
    by_level = np.lexsort((far, level[far]))
    near, far, volume = near[by_level], far[by_level], instance.volume[by_level]
    cuts = np.flatnonzero(np.diff(level[far], prepend=-1, append=-1)).tolist()
    for first, behind in pairwise(cuts):
        for begin in range(first, behind, step):
            here = slice(begin, min(begin + step, behind))
            done = reach[near[here]] + instance.work[near[here]]
            if counts:
                delay = startup + volume[here, None, None] * unit
                arrival = (done[:, :, None] + delay).min(axis=1)
            else:
                arrival = np.repeat(done.min(axis=1)[:, None], processors, axis=1)
            groups = np.flatnonzero(np.diff(far[here], prepend=-1))
            latest = np.maximum.reduceat(arrival, groups, axis=0)
            tasks = far[here][groups]
            reach[tasks] = np.maximum(reach[tasks], latest)


def area(instance: TaskGraph) -> int | float | None:
    """All work, spread over the processors as if it could be split.

    For any weights of the processors that add up to 1, the weighted mean of the loads is at most
    the makespan, and at least the sum over the tasks of their least weighted work. The weights are
    improved by multiplicative updates (Plotkin, Shmoys, Tardos 1995). O(n p) a step.
    """
    if instance.goal != "makespan":
        return None
    return _number(instance, _weighted(instance)[0])


def _weighted(instance: TaskGraph) -> tuple[float, Reals]:
    """Return the bound of `area`, and the weights that give it."""
    work = instance.work
    processors = instance.processors
    rows = np.arange(instance.tasks)
    weights = np.full(processors, 1 / processors)
    best, best_weights = 0.0, weights
    steps = int(min(WEIGHT_STEPS, max(3, MOST_WEIGHT_CELLS // work.size)))
    for step in range(steps if processors > 1 else 1):
        weighted = work * weights
        choice = weighted.argmin(axis=1)
        bound = float(weighted[rows, choice].sum())
        if bound > best:
            best, best_weights = bound, weights
        load = np.bincount(choice, weights=work[rows, choice], minlength=processors)
        if load.max() <= 0:
            break
        weights = weights * (1 + load / load.max() / (1 + 0.1 * step))
        weights = weights / weights.sum()
    return best, best_weights


def interval_load(instance: TaskGraph) -> int | float | None:
    """What must run within an interval of time, against the interval (Fernández, Bussell 1973).

    A makespan T is out of reach if the parts of the tasks that lie between a and b, wherever they
    are pushed between their heads and T less their tails, exceed b - a in the weighted mean over
    the processors, with the weights of `area`, or the same weight for all. Intervals are taken
    between some heads and some tails. The largest T that is found out of reach, by bisection.
    """
    if instance.goal != "makespan":
        return None
    heads, tails = heads_and_tails(instance)
    path = float((heads + instance.work + tails).min(axis=1).max())
    spread, weights = _weighted(instance)
    least = max(path, spread)
    uniform = np.full(instance.processors, 1 / instance.processors)

    def out_of_reach(makespan: float) -> bool:
        tests = (weights, uniform)
        return any(_overfull(instance, heads, tails, each, makespan) for each in tests)

    step = 1.0 if instance.integral else least * 1e-4
    if least <= 0 or not out_of_reach(least):
        return _number(instance, least)
    high = 2 * least
    while high - least > step:
        middle = (least + high) / 2
        if out_of_reach(middle):
            least = middle
        else:
            high = middle
    return _number(instance, least)


def _overfull(
    instance: TaskGraph, heads: Reals, tails: Reals, weights: Reals, makespan: float
) -> bool:
    latest = makespan - tails
    points = max(3, int((MOST_INTERVAL_CELLS / instance.work.size) ** 0.5))
    begins = _spread(np.unique(heads.min(axis=1)), points)
    ends = _spread(np.unique(latest.max(axis=1)), points)
    early, late = heads + instance.work, latest - instance.work
    for begin in begins.tolist():
        room = (ends[ends > begin] - begin)[:, None, None]
        until = room + begin
        inside = np.minimum(np.minimum(instance.work, early - begin), until - late)
        inside = np.clip(np.minimum(inside, room), 0, None)
        cost = (inside * weights).min(axis=2).sum(axis=1)
        if (cost > room[:, 0, 0] * (1 + 1e-9) + 1e-9 * makespan).any():
            return True
    return False


def _spread(values: Reals, count: int) -> Reals:
    """Return at most so many of sorted values, evenly spread."""
    if values.size <= count:
        return values
    return values[np.linspace(0, values.size - 1, count).astype(np.int64)]


def cheapest(instance: TaskGraph) -> int | float | None:
    """Each task where it costs least, whatever the deadlines. O(n p)."""
    if instance.goal != "cost":
        return None
    cost = np.where(np.isfinite(instance.work), instance.work, np.nan) * instance.price
    return _number(instance, float(np.nanmin(cost, axis=1).sum()))


def _number(instance: TaskGraph, value: float) -> int | float:
    """Round a bound up where the instance is integral, but not for the noise of sums of floats;
    take that noise off where it is not."""
    if instance.integral:
        return int(np.ceil(value - 1e-6 * max(1.0, abs(value))))
    return value * (1 - 1e-12)
