"""Simulated annealing of the sequence of jobs in no-wait shops.

The jobs are timetabled in turn: each starts as early as it fits between those before it and the
downtimes (sequencing and timetabling: Schuster, Framinan 2003).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ordino.core.arrays import Integers
from ordino.core.budget import Budget
from ordino.core.errors import UsageError
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.core.kernel import load
from ordino.heuristics.jobshop.cooling import PHASES, Cooling
from ordino.models.jobshop.shop import Shop
from ordino.models.jobshop.timing import contradiction, too_long

__all__ = ["NAME", "no_wait", "takes"]

NAME = "no-wait"
KERNELS = "ordino.heuristics.jobshop.no_wait_kernels"
MOST_PLACES = 5_000_000
"""Machines x operations and downtimes on one, which each worker holds."""
UNBOUNDED = 2**62


def takes(instance: Any) -> str | None:
    """Say why an instance is not for this search, or return `None`."""
    if not isinstance(instance, Shop) or instance.buffers != "no-wait":
        return "for shops of the variant no-wait"
    if instance.flexible:
        return "an operation has a choice of machines"
    if instance.setup.size:
        return "there are setup times"
    if (size := instance.machines * _busiest(instance)) > MOST_PLACES:
        return f"machines x operations and downtimes on one: {size}, more than {MOST_PLACES}"
    return too_long(instance)


def _busiest(instance: Shop) -> int:
    """Return how many operations and downtimes there are on a machine at most."""
    return int(np.bincount(np.append(instance.machine, instance.down_machine)).max())


def no_wait(*, heat: float = 0.01) -> Solver:
    """Return a solver that improves the sequence in which no-wait jobs are timetabled.

    An iteration is a move of a job. One thread a worker, each with a sequence of its own. With one
    worker and a limit of iterations, nothing depends on time.

    Args:
        heat: First temperature, as a share of the first objective.

    Raises:
        UsageError: The heat is not between 0 and 1.
    """
    if not 0 < heat <= 1:
        raise UsageError(f"no-wait.heat {heat:g}: expected more than 0, at most 1")

    def solve(instance: Shop, incumbent: Incumbent, budget: Budget) -> None:
        if (reason := contradiction(instance)) is not None:
            incumbent.prove_infeasible(NAME, reason)
            return
        kernels: Any = load(KERNELS, budget)
        if kernels is None:
            return
        team = Cooling(incumbent, budget, NAME)
        team.run(lambda number: _Worker(instance, team, kernels, number, heat).work())

    return solve


class _Worker:
    """A thread: a sequence, and the arrays that the kernels change."""

    def __init__(
        self, instance: Shop, team: Cooling, kernels: Any, number: int, heat: float
    ) -> None:
        self._instance, self._team, self._kernels = instance, team, kernels
        self._heat = heat
        self._random = np.random.default_rng((team.budget.seed, number))
        ends = np.cumsum(instance.duration)
        offset = ends - instance.duration
        first = instance.job_start[:-1]
        self._offset: Integers = offset - np.repeat(offset[first], np.diff(instance.job_start))
        length = (
            self._offset[instance.job_start[1:] - 1] + instance.duration[instance.job_start[1:] - 1]
        )
        due = np.zeros(instance.jobs, np.int64)
        weight = np.zeros(0, np.int64)
        self._constant = 0
        if instance.goal == "lateness":
            assert instance.due_dates is not None
            self._constant = -int(instance.due_dates.max())
            due = -self._constant - instance.due_dates
        elif instance.goal != "makespan":
            flow = instance.goal == "flow-time"
            dues = instance.release_dates if flow else instance.due_dates
            assert dues is not None
            due, weight = dues.copy(), instance.weights.copy()
        arrays = (instance.job_start, instance.machine, instance.duration, self._offset)
        self._shop = tuple(
            each.copy() for each in (*arrays, instance.release_dates, length, due, weight)
        )
        self._start: Integers = np.zeros(instance.jobs, np.int64)
        self._best_start = self._start.copy()
        self._jobs: Integers = self._random.permutation(instance.jobs)
        self._bits = self._random.integers(1, 2**63, 1, dtype=np.uint64)
        self._state: Integers = np.zeros(3, np.int64)

    def _downtimes(self) -> tuple[Integers, Integers, Integers]:
        """Return what occupies the machines before there is a job."""
        instance = self._instance
        size = np.bincount(instance.down_machine, minlength=instance.machines)
        shape = instance.machines, _busiest(instance)
        begin: Integers = np.zeros(shape, np.int64)
        end: Integers = np.zeros(shape, np.int64)
        for machine in np.unique(instance.down_machine).tolist():
            rows = instance.downtimes(machine)
            begin[machine, : len(rows)], end[machine, : len(rows)] = zip(*rows, strict=True)
        return size.astype(np.int64), begin, end

    def work(self) -> None:
        """Timetable a first sequence, then anneal."""
        kernels, state = self._kernels, self._state
        while (value := self._timetable()) < 0:
            if self._team.finished():
                return
            self._team.grant(1)
            self._hurry()
        state[kernels.BEST] = state[kernels.CURRENT] = value
        self._best_start[:] = self._start
        self._publish()
        for begin, end in PHASES:
            hot = max(0.5, self._heat * float(state[kernels.BEST]))
            self._team.cool(begin, end, hot, self._anneal)

    def _timetable(self) -> int:
        """Timetable the sequence; return the objective, or -1 where a job fits nowhere, for
        machines may end for ever."""
        self._busy = self._downtimes()
        shop, start = self._shop, self._start
        value: int = self._kernels.schedule(self._jobs, 0, 0, UNBOUNDED, shop, self._busy, start)
        return value

    def _hurry(self) -> None:
        """Move the first job that does not fit to a random place before its own."""
        place = int(np.argmax(self._start[self._jobs] < 0))
        earlier = int(self._random.integers(place))
        self._jobs[earlier : place + 1] = np.roll(self._jobs[earlier : place + 1], 1)

    def _anneal(self, temperature: float, cooling: float, moves: int) -> tuple[int, bool]:
        state, kernels = self._state, self._kernels
        done, best = int(state[kernels.MOVES]), int(state[kernels.BEST])
        over = kernels.anneal(
            *(self._jobs, self._shop, self._busy, self._start, self._best_start, self._bits),
            *(state, temperature, cooling, moves),
        )
        if state[kernels.BEST] < best:
            self._publish()
        return int(state[kernels.MOVES]) - done, over

    def _publish(self) -> None:
        start = self._best_start[self._instance.job] + self._offset
        self._team.publish(int(self._state[self._kernels.BEST]) + self._constant, start)
