"""Branch and memorize: the least total tardiness of one machine, exactly, with its sequence.

Lawler (1977) decomposes a set of jobs on its longest job, which stands at one of few positions of
the EDD order; another decomposition does so on the job of smallest due date (Della Croce, Tadei,
Baracco, Grosso 1998). Szwarc, Grosso and Della Croce (2001) drop positions by rules, and Shang,
T'kindt and Della Croce (2021, "Branch & Memorize exact algorithms for sequencing problems") keep
what is known of each state, a set of jobs and a start time, in a memory of limited size. Here each
state is branched on by the decomposition that leaves fewer positions, and the memory compares whole
sets and not only hashes, so that the answer is a proof.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from ordino.core.arrays import LARGEST, Integers
from ordino.core.budget import Budget
from ordino.core.errors import UsageError
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.core.kernel import load
from ordino.core.pace import Pace
from ordino.heuristics.tardiness.descent import descend
from ordino.models.tardiness.problem import JobSequence, SingleMachine
from ordino.solvers.tardiness.lagrangian import lagrangian
from ordino.solvers.tardiness.prices import price_bounds

__all__ = ["NAME", "branch_and_memorize", "takes"]

NAME = "branch-and-memorize"
KERNELS = "ordino.solvers.tardiness.branch_and_memorize_kernels"
DESCENT_SHARE = 0.1
QUICK_SECONDS = 0.25
BOUND_SHARE = 0.05
"""Instances that take longer get better bounds meanwhile, in this share of the time; one bound, if
the iterations are limited, so that the answer does not depend on the machine."""
MOST_JOBS = 10_000
"""The stack may come to hold n^2 / 2 jobs."""

MEGABYTE_WORDS = 2**20 // 8
LEAST_MEMORY = 1
SWEPT_AT_ONCE = 100_000
SWEPT_SHARE = 0.75
"""A sweep is repeated until the memory is no fuller than this."""


def takes(instance: SingleMachine) -> str | None:
    """Say why an instance is not for branch and memorize, or return `None`."""
    if np.ptp(instance.release_dates):
        return "its release dates differ"
    if np.ptp(instance.weights) or not instance.weights[0]:
        return "its weights are not all the same, or are 0"
    if instance.jobs > MOST_JOBS:
        return f"{instance.jobs} jobs, beyond {MOST_JOBS}"
    return None


def branch_and_memorize(
    *,
    rule1: bool = True,
    rule2: bool = True,
    rule3: bool = True,
    rule4: bool = True,
    second: bool = True,
    few_late: bool = True,
    all_late: bool = True,
    memory: bool = True,
    memory_mb: int = 4000,
) -> Solver:
    """Return a solver that proves the optimum. An iteration is a branching. One thread.

    Args:
        rule1: Drop a position of the longest job if the next one is better by the next job's due
            date.
        rule2: Drop it if the one before is by the due date of the job before.
        rule3: Drop it if one further before is by the due date of a job further before.
        rule4: Drop it if, with the other jobs in EDD order, one before or the next one is better.
        second: Decompose on the job of smallest due date where that leaves fewer positions.
        few_late: EDD is optimal if it leaves at most one job late.
        all_late: SPT is optimal if all jobs are late wherever they stand.
        memory: Remember what is solved.
        memory_mb: Most megabytes for that; when they are full, what was of no use is forgotten.

    Raises:
        UsageError: `memory_mb` is below 1.
    """
    if memory_mb < LEAST_MEMORY:
        raise UsageError(f"memory_mb is {memory_mb}, expected at least {LEAST_MEMORY}")
    switches = (rule1, rule2, rule3, rule4, second, few_late, all_late, memory)
    rules = sum(1 << bit for bit, on in enumerate(switches) if on)

    def solve(instance: SingleMachine, incumbent: Incumbent, budget: Budget) -> None:
        if incumbent.best is None:
            descend(
                instance, incumbent, budget.child(seconds=DESCENT_SHARE * budget.remaining()), NAME
            )
        kernels: Any = load(KERNELS, budget)
        if kernels is None or incumbent.closed or budget.should_stop():
            return
        search = _Search(kernels, instance, rules, memory_mb)
        bounds = _bounds(instance, incumbent, budget)
        pause = QUICK_SECONDS
        while not search.unfold():
            if search.optimum is not None:
                incumbent.raise_bound(search.optimum, NAME)
            while not search.advance(budget.child(seconds=pause)):
                if budget.should_stop():
                    return
                began = time.monotonic()
                bound = None if search.optimum is not None else next(bounds, None)
                if bound is not None:
                    incumbent.raise_bound(bound, NAME)
                if budget.out_of_iterations(search.branchings):
                    return
                pause = (time.monotonic() - began) / BOUND_SHARE
                if bound is None or budget.iterations is not None:
                    pause = math.inf
        assert search.optimum is not None
        incumbent.raise_bound(search.optimum, NAME)
        incumbent.offer(search.solution(), NAME, search.optimum)

    return solve


def _bounds(instance: SingleMachine, incumbent: Incumbent, budget: Budget) -> Iterator[int]:
    """Yield lower bounds that hold if the search is stopped early."""
    sequence, value = incumbent.best, incumbent.objective
    assert isinstance(value, int)
    simple = lagrangian(instance, value)
    better = price_bounds(instance, sequence, value, budget)
    yield max(simple, next(better, simple))
    yield from better


class _Search:
    """The arrays of a search, and what can be done with them."""

    def __init__(self, kernels: Any, instance: SingleMachine, rules: int, memory_mb: int) -> None:
        jobs = instance.jobs
        self.kernels = kernels
        self.numbers = np.lexsort((instance.processing_times, instance.due_dates))
        self.sequence = np.arange(jobs)
        self.weight = int(instance.weights[0])
        self._pace = Pace(1_000_000)

        times = instance.processing_times[self.numbers]
        by_length = np.argsort(times, kind="stable")
        words, room, depth = (jobs + 63) // 64, jobs * (jobs + 1) // 2, jobs + 1
        self.pool, self.heads = _memory(memory_mb * MEGABYTE_WORDS, kernels.HEADER)
        self.counters = np.zeros(kernels.COUNTERS, np.int64)
        self.counters[[kernels.USED, kernels.BUCKETS, kernels.SEGMENTS]] = 1
        self.counters[kernels.OPTIMUM] = -1
        self.segments = np.empty((jobs + 1, 3), np.int64)
        self.segments[0] = 0, jobs, instance.release_dates[0]
        self.arguments = (
            rules,
            times,
            instance.due_dates[self.numbers],
            np.argsort(by_length),
            by_length,
            np.zeros((depth + 1, kernels.FRAME_FIELDS), np.int64),
            np.empty(room + jobs, np.int64),
            np.empty((3, room + jobs), np.int64),
            *(np.zeros((depth + 1, words), np.int64) for _ in range(3)),
            np.empty((3, jobs), np.int64),
            np.empty((3, jobs), np.int64),
            self.heads,
            self.pool,
            self.counters,
        )

    def solution(self) -> JobSequence:
        """The optimal sequence, when it is unfolded."""
        return JobSequence(self.numbers[self.sequence])

    @property
    def branchings(self) -> int:
        """How many states were branched on."""
        return int(self.counters[self.kernels.NODES])

    @property
    def optimum(self) -> int | None:
        """The objective of an optimal sequence, once known."""
        found = int(self.counters[self.kernels.OPTIMUM])
        return None if found < 0 else self.weight * found

    def unfold(self) -> bool:
        """Unfold the sequence up to a state whose value is not known; `advance` finds it.

        Returns:
            Whether the sequence is complete.
        """
        status = self.kernels.unfold(*self.arguments, self.sequence, self.segments)
        return bool(status == self.kernels.SOLVED)

    def advance(self, budget: Budget) -> bool:
        """Find the value of the state that is asked for; returns whether the budget was enough."""
        kernels, counters = self.kernels, self.counters
        most = LARGEST if budget.iterations is None else budget.iterations
        while not budget.should_stop():
            worked = counters[kernels.WORK]
            self._pace.start()
            status = kernels.search(*self.arguments, self._pace.steps, most)
            if status == kernels.SOLVED:
                return True
            if status == kernels.FULL:
                self._sweep(budget)
            elif budget.out_of_iterations(self.branchings):
                return False
            else:
                self._pace.stop(int(counters[kernels.WORK] - worked))
        return False

    def _sweep(self, budget: Budget) -> None:
        kernels, counters = self.kernels, self.counters
        arrays = self.heads, self.pool, counters
        while counters[kernels.USED] > SWEPT_SHARE * self.pool.size:
            while not kernels.sweep(*arrays, SWEPT_AT_ONCE):
                if budget.should_stop():
                    return


def _memory(words: int, header: int) -> tuple[Integers, Integers]:
    """Reserve room for records and buckets, less where the machine refuses.

    The system gives real memory only to what is written to.
    """
    while True:
        try:
            buckets = words // (header + 2)
            return np.empty(words - buckets, np.int64), np.zeros(buckets, np.int64)
        except MemoryError:
            words //= 2
