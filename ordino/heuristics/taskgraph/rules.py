"""Rules that schedule a task graph at once.

All return `None` where what they make misses a deadline or finds no room for a task. For the goal
`cost`, the rules place the tasks as for the makespan, and start each when its data are there.

Ranks take the time of a task over all processors that can run it as their mean, median, least
(`best`) or largest (`worst`), and the time of data as the mean over all pairs of processors.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from ordino.core.arrays import Integers, Reals
from ordino.core.budget import Budget
from ordino.core.kernel import is_warm, load
from ordino.heuristics.taskgraph import list_scheduling
from ordino.heuristics.taskgraph.arrays import Arrays
from ordino.models.taskgraph.order import by_priority
from ordino.models.taskgraph.problem import Schedule, TaskGraph
from ordino.models.taskgraph.timing import earliest_starts, keeps_limits

__all__ = [
    "Statistic",
    "batch_takes",
    "cpop",
    "dls",
    "etf",
    "first_schedule",
    "functions",
    "heft",
    "lookahead",
    "lookahead_takes",
    "max_min",
    "min_min",
    "peft",
    "placed",
    "ranked",
    "sufferage",
    "typical_work",
    "upward",
]

Statistic = Literal["mean", "median", "best", "worst"]

KERNELS = "ordino.heuristics.taskgraph.kernels"
LARGEST_INTERPRETED = 1_000
LARGEST_FIRST = 20_000
"""Tasks x processors; more is worth waiting for the compiler, a few seconds once. HEFT, which the
first answer comes from, waits later than the others."""
COMPILING_SECONDS = 120.0
MOST_BATCH_TASKS = 20_000
MOST_TRIALS = 50_000_000
"""Edges x processors squared for `lookahead`: about a second."""


def functions(graph: TaskGraph, largest: int = LARGEST_INTERPRETED) -> Any:
    """Return the compiled module if it is there or worth waiting for, else the interpreted one."""
    if graph.work.size > largest or KERNELS in sys.modules or is_warm(KERNELS):
        return load(KERNELS, Budget.of(COMPILING_SECONDS)) or list_scheduling
    return list_scheduling


def heft(instance: TaskGraph, *, rank: Statistic = "mean") -> Schedule | None:
    """HEFT: decreasing upward rank, earliest end (Topcuoglu, Hariri, Wu 2002)."""
    arrays = Arrays.of(instance)
    code = functions(instance, LARGEST_FIRST)
    return _listed(instance, arrays, code, ranked(arrays, upward(arrays, code, rank)))


def first_schedule(instance: TaskGraph) -> Schedule | None:
    """Return a schedule to start a search from, which may miss deadlines.

    That of HEFT, or where it runs out of memory, of HEFT with each task, the largest first, on the
    processor that then has least work among those with room; `None` where one finds none.
    """
    if np.isfinite(instance.deadlines).any():
        instance = replace(instance, deadlines=np.full(instance.tasks, np.inf))
    found = heft(instance)
    if found is not None:
        return found
    room, load = instance.capacity.copy(), np.zeros(instance.processors)
    forced = np.empty(instance.tasks, np.int64)
    for task in np.argsort(-instance.memory, kind="stable").tolist():
        after = np.where(instance.memory[task] <= room, load + instance.work[task], np.inf)
        place = int(after.argmin())
        if not np.isfinite(after[place]):
            return None
        forced[task], load[place] = place, after[place]
        room[place] -= instance.memory[task]
    arrays, code = Arrays.of(instance), functions(instance)
    order = ranked(arrays, upward(arrays, code, "mean"))
    return _listed(instance, arrays, code, order, forced=forced)


def cpop(instance: TaskGraph) -> Schedule | None:
    """CPOP: a critical path on the one processor that suits it best, the other tasks where they end
    earliest, the largest sum of upward and downward rank first (Topcuoglu, Hariri, Wu 2002)."""
    arrays = Arrays.of(instance)
    code = functions(instance)
    weight = typical_work(arrays, "mean")
    down = np.empty(arrays.tasks)
    code.downward_ranks(arrays, weight, *arrays.mean_link(), down)
    priority = upward(arrays, code, "mean") + down
    path = _critical_path(arrays, priority)
    forced = np.full(arrays.tasks, -1)
    together = arrays.work[path].sum(axis=0)
    if np.isfinite(together).any() and arrays.memory[path].sum() <= arrays.capacity.min():
        forced[path] = int(together.argmin())
    order = by_priority(instance.source, instance.target, -priority)
    return _listed(instance, arrays, code, order, forced=forced)


def peft(instance: TaskGraph) -> Schedule | None:
    """PEFT: largest mean optimistic cost first, on the processor with the least end plus optimistic
    cost (Arabnejad, Barbosa 2014)."""
    arrays = Arrays.of(instance)
    code = functions(instance)
    costs = np.empty_like(arrays.work)
    code.optimistic_costs(arrays, *arrays.mean_link(), costs)
    order = by_priority(instance.source, instance.target, -costs.mean(axis=1))
    return _listed(instance, arrays, code, order, bias=costs)


def lookahead(instance: TaskGraph, *, rank: Statistic = "mean") -> Schedule | None:
    """HEFT that looks one step ahead: on the processor after which the latest of a task's
    successors can end earliest (Bittencourt, Sakellariou, Madeira 2010)."""
    arrays = Arrays.of(instance)
    code = functions(instance)
    ranks = upward(arrays, code, rank)
    processor, start = _empty(arrays)
    makespan = code.lookahead_schedule(arrays, ranked(arrays, ranks), ranks, processor, start)
    return _made(instance, processor, start, makespan)


def lookahead_takes(instance: TaskGraph) -> str | None:
    """Say why an instance is not for `lookahead`, or return `None`."""
    trials = instance.edges * instance.processors**2
    if trials > MOST_TRIALS:
        return f"{trials} edges x processors squared, beyond {MOST_TRIALS}"
    return None


def min_min(instance: TaskGraph) -> Schedule | None:
    """Min-Min: the ready task that can end earliest first (Ibarra, Kim 1977)."""
    return _batch(instance, list_scheduling.MIN_MIN)


def max_min(instance: TaskGraph) -> Schedule | None:
    """Max-Min: the ready task whose earliest end is latest first (Ibarra, Kim 1977)."""
    return _batch(instance, list_scheduling.MAX_MIN)


def sufferage(instance: TaskGraph) -> Schedule | None:
    """Sufferage: the ready task that would lose most on its second best processor first
    (Maheswaran, Ali, Siegel, Hensgen, Freund 1999)."""
    return _batch(instance, list_scheduling.SUFFERAGE)


def etf(instance: TaskGraph) -> Schedule | None:
    """ETF: the ready task and processor that can start earliest first (Hwang, Chow, Anger, Lee
    1989)."""
    return _batch(instance, list_scheduling.ETF)


def dls(instance: TaskGraph) -> Schedule | None:
    """DLS: the ready task and processor of highest dynamic level first (Sih, Lee 1993)."""
    return _batch(instance, list_scheduling.DLS)


def batch_takes(instance: TaskGraph) -> str | None:
    """Say why an instance is not for a rule that looks at all ready tasks, or return `None`."""
    if instance.tasks > MOST_BATCH_TASKS:
        return f"{instance.tasks} tasks, beyond {MOST_BATCH_TASKS}"
    return None


def typical_work(arrays: Arrays, statistic: Statistic) -> Reals:
    """Return mean, median, least or largest work of each task, where it can run."""
    work = np.where(np.isfinite(arrays.work), arrays.work, np.nan)
    reduce: Any = {
        "mean": np.nanmean,
        "median": np.nanmedian,
        "best": np.nanmin,
        "worst": np.nanmax,
    }[statistic]
    return np.ascontiguousarray(reduce(work, axis=1), dtype=np.float64)


def upward(arrays: Arrays, code: Any, statistic: Statistic) -> Reals:
    """Return the upward rank of each task."""
    rank = np.empty(arrays.tasks)
    code.upward_ranks(arrays, typical_work(arrays, statistic), *arrays.mean_link(), rank)
    return rank


def ranked(arrays: Arrays, rank: Reals) -> Integers:
    """Sort tasks by decreasing rank, topologically at ties; a rank never exceeds that of a
    predecessor."""
    order: Integers = arrays.order[np.argsort(-rank[arrays.order], kind="stable")]
    return order


def _critical_path(arrays: Arrays, priority: Reals) -> Integers:
    """Follow the tasks of largest priority from an entry to an exit."""
    entries = np.flatnonzero(np.diff(arrays.need_first) == 0)
    task = int(entries[priority[entries].argmax()])
    path = [task]
    slack = 1e-9 * max(1.0, float(priority[task]))
    while True:
        receivers = arrays.receiver[arrays.sent_first[task] : arrays.sent_first[task + 1]]
        critical = receivers[priority[receivers] >= priority[path[0]] - slack]
        if not critical.size:
            return np.array(path, dtype=np.int64)
        task = int(critical[0])
        path.append(task)


def _empty(arrays: Arrays) -> tuple[Integers, Reals]:
    return np.full(arrays.tasks, -1), np.zeros(arrays.tasks)


def _listed(
    instance: TaskGraph,
    arrays: Arrays,
    code: Any,
    order: Integers,
    bias: Reals | None = None,
    forced: Integers | None = None,
) -> Schedule | None:
    return _made(instance, *placed(arrays, code, order, bias, forced))


def placed(
    arrays: Arrays,
    code: Any,
    order: Integers,
    bias: Reals | None = None,
    forced: Integers | None = None,
) -> tuple[Integers, Reals, float]:
    """Return processors, starts and makespan of an order; see `list_scheduling.list_schedule`."""
    processor, start = _empty(arrays)
    makespan = code.list_schedule(
        arrays,
        order,
        np.empty((0, 0)) if bias is None else bias,
        np.empty(0, np.int64) if forced is None else forced,
        *(processor, start),
    )
    return processor, start, makespan


def _batch(instance: TaskGraph, rule: int) -> Schedule | None:
    arrays = Arrays.of(instance)
    code = functions(instance)
    typical = typical_work(arrays, "median")
    level = np.empty(arrays.tasks)
    code.upward_ranks(arrays, typical, 0.0, 0.0, level)
    processor, start = _empty(arrays)
    makespan = code.batch_schedule(arrays, rule, level, typical, processor, start)
    return _made(instance, processor, start, makespan)


def _made(
    instance: TaskGraph, processor: Integers, start: Reals, makespan: float
) -> Schedule | None:
    if makespan < 0:
        return None
    if instance.goal == "cost":
        start = earliest_starts(instance, processor)
    return Schedule(processor, start) if keeps_limits(instance, processor, start) else None
