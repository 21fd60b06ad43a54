"""Lower bounds of general shops: any buffers, for setups and downtimes only take time."""

from __future__ import annotations

import heapq

import numpy as np

from ordino.core.arrays import Integers
from ordino.models.jobshop.preemptive import preemptive_one_machine
from ordino.models.jobshop.shop import NEVER, Shop
from ordino.models.jobshop.timing import completions, heads, objective, tails

__all__ = ["group_load", "job_length", "mean_busy_time", "one_machine"]

MOST_GROUPS = 1000
_UNIT = 32
"""Bits behind the point of a sum of fractions, each rounded down: all together lose less than 1."""
_RATIO = 128
"""Bits behind the point that tell any two ratios of 63-bit integers apart."""


def job_length(instance: Shop) -> int | None:
    """Every job as if it were alone. O(n + a) for n alternatives and a precedences."""
    head = heads(instance)
    if (head >= NEVER).any():
        return None
    return objective(instance, completions(instance, head + instance.least_duration).tolist())


def group_load(instance: Shop) -> int | None:
    """Busiest group of machines, for makespan and lateness: least head, shared work, least tail.

    Groups are the machines that some operation chooses from, and all machines. What can only run
    there takes at least its least durations; the heads of as many operations as there are machines,
    and their tails, least first, are times at which machines idle.
    """
    window = _heads_and_tails(instance)
    if window is None:
        return None
    head, tail, shift = window
    least = instance.least_duration
    choices: dict[frozenset[int], list[int]] = {}
    for i in range(instance.operations):
        mine = instance.alternatives(i)
        group = frozenset(instance.machine[mine.start : mine.stop].tolist())
        choices.setdefault(group, []).append(i)
    groups = sorted(choices, key=lambda each: -len(choices[each]))[:MOST_GROUPS]
    bounds = []
    for group in {*groups, frozenset(instance.machine.tolist())}:
        parts = [mine for other, mine in choices.items() if other <= group]
        members = np.array([i for mine in parts for i in mine])
        count = min(len(group), members.size)
        idle = sum(
            int(np.partition(each[members], count - 1)[:count].sum()) for each in (head, tail)
        )
        bounds.append(-(-(int(least[members].sum()) + idle) // count))
    return max(bounds) - shift


def one_machine(instance: Shop) -> int | None:
    """Best bound over machines alone, of operations that have no choice, interruptions allowed.

    For makespan and lateness that of Jackson's preemptive schedule; for the others, see
    `mean_busy_time`.
    """
    alone = np.flatnonzero(np.diff(instance.alternative_start) == 1)
    machine = instance.machine[instance.alternative_start[alone]]
    on_machine = [alone[machine == each] for each in np.unique(machine).tolist()]
    window = _heads_and_tails(instance)
    if window is None:
        return _one_machine_sum(instance, on_machine)
    head, tail, shift = window
    least = instance.least_duration
    bounds = [
        preemptive_one_machine(head[m].tolist(), least[m].tolist(), tail[m].tolist()) - shift
        for m in on_machine
    ]
    return max(bounds, default=None)


def _heads_and_tails(instance: Shop) -> tuple[Integers, Integers, int] | None:
    """Return heads and tails so that the objective is the latest end plus tail, less a shift;
    `None` where it is a sum, or where an operation fits nowhere."""
    head, tail, shift = heads(instance), tails(instance), 0
    if instance.goal not in ("makespan", "lateness") or (head >= NEVER).any():
        return None
    if instance.goal == "lateness":
        assert instance.due_dates is not None
        shift = int(instance.due_dates.max())
        tail = tail + (shift - instance.due_dates)[instance.job]
    return head, tail, shift


def _one_machine_sum(instance: Shop, on_machine: list[Integers]) -> int | None:
    """Bound total weighted flow time, and tardiness, which is at least total weighted lateness."""
    head, tail, least = heads(instance), tails(instance), instance.least_duration
    if (head >= NEVER).any():
        return None
    alone = completions(instance, head + least)
    weights = instance.weights
    dates = instance.release_dates if instance.goal == "flow-time" else instance.due_dates
    assert dates is not None
    rest: int = sum((weights * (alone - dates)).tolist())
    best: int = rest
    for members in on_machine:
        last = dict(zip(instance.job[members].tolist(), members.tolist(), strict=True))
        jobs = np.array(list(last))
        each = np.array(list(last.values()))
        ends = mean_busy_time(head[each].tolist(), least[each].tolist(), weights[jobs].tolist())
        known = sum((weights[jobs] * (alone[jobs] - tail[each])).tolist())
        best = max(best, rest - known + ends)
    return max(0, best)


def mean_busy_time(releases: list[int], durations: list[int], weights: list[int]) -> int:
    """Lower bound on the total weighted end on one machine (Goemans 1997): always run the released
    one of greatest weight per duration; each ends at least half its duration behind the mean of the
    times at which it runs. Rounded up, in integers throughout. O(n log n).

    >>> mean_busy_time([0, 1], [2, 1], [1, 2])
    7
    """
    order = sorted(range(len(releases)), key=releases.__getitem__)
    waiting: list[tuple[int, int]] = []
    left = list(durations)
    twice = [0] * len(releases)
    now = index = 0
    while index < len(order) or waiting:
        if not waiting:
            now = max(now, releases[order[index]])
        while index < len(order) and releases[order[index]] <= now:
            each = order[index]
            if durations[each]:
                ratio = (weights[each] << _RATIO) // durations[each]
                heapq.heappush(waiting, (-ratio, each))
            index += 1
        if not waiting:
            continue
        each = waiting[0][1]
        until = now + left[each]
        if index < len(order):
            until = min(until, releases[order[index]])
        twice[each] += (until - now) * (now + until)
        left[each] -= until - now
        now = until
        if not left[each]:
            heapq.heappop(waiting)
    total = sum(
        (w * (area + p * p) << _UNIT) // (2 * p) if p else w * r << _UNIT
        for r, p, w, area in zip(releases, durations, weights, twice, strict=True)
    )
    return -(-total >> _UNIT)
