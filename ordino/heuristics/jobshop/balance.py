"""Machines for the operations of a flexible shop that leave a makespan possible, near given ones.

Where many machines can do the same, the makespan is often the load of a machine that never idles.
No move of one operation helps there: what is wanted is an exchange of several after which each load
is a little less. Annealing finds it, which knows nothing of times.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from ordino.core.arrays import Integers
from ordino.models.jobshop.shop import Shop
from ordino.models.jobshop.timing import heads, tails

__all__ = ["Balance", "takes"]

MOST_ALTERNATIVES, MOST_ROWS = 200_000, 2_000
"""With more, machines and jobs, annealing takes longer than a stop may wait."""
SHARES = (0.0, 0.1, 0.25, 0.5)
"""A load counts as a whole, and less what begins, or ends, in these shares of the operations."""
STEPS, STEPS_NEAR = 200_000, 20_000
"""Of annealing: from anywhere, and near a good choice."""
HOT, COLD = 0.2, 0.01
"""Temperatures, of the mean duration: at first, where few shall change from the beginning on, and
in the end."""


def takes(instance: Shop) -> bool:
    """Tell whether there are machines to choose, not too many, and the makespan is the goal."""
    few = instance.machine.size <= MOST_ALTERNATIVES
    few &= instance.machines + instance.jobs <= MOST_ROWS
    return few and instance.flexible and instance.goal == "makespan"


class Balance:
    """The loads of a shop; for any thread.

    On each machine, operations that none can start before a time, nor leave less than some time
    behind, take no longer than what lies between; neither does a job without precedences aside.
    """

    def __init__(self, instance: Shop, kernels: Any) -> None:
        self._kernels = kernels
        self._instance = instance
        sizes = np.diff(instance.alternative_start)
        self._operation = np.repeat(np.arange(instance.operations), sizes)
        self._whole = np.zeros(instance.machines, np.int64)
        rows = list(self._listed())
        self._less = np.array([less for _, less in rows], dtype=np.int64)
        members = np.concatenate([row for row, _ in rows])
        of_row = np.repeat(np.arange(len(rows)), [row.size for row, _ in rows])
        turned = np.argsort(members, kind="stable")
        self._members, self._of_row = members, of_row
        self._rows = (
            np.searchsorted(of_row, np.arange(len(rows) + 1)),
            members,
            np.searchsorted(members[turned], np.arange(self._operation.size + 1)),
            of_row[turned],
        )
        self._alternatives = (
            *(instance.alternative_start.copy(), self._operation),
            *(instance.machine.copy(), instance.duration.copy()),
        )
        self._mean = max(1.0, float(instance.duration.mean()))

    def _listed(self) -> Iterator[tuple[Integers, int]]:
        """Return the rows: alternatives, and by how much the makespan is longer than these."""
        instance = self._instance
        head, tail = heads(instance)[self._operation], tails(instance)[self._operation]
        count = 0
        for machine in range(instance.machines):
            mine = np.flatnonzero(instance.machine == machine)
            self._whole[machine] = count
            if not mine.size:
                continue
            cuts = ([np.quantile(each[mine], share) for share in SHARES] for each in (head, tail))
            seen = set()
            for low, short in product(*cuts):
                members = mine[(head[mine] >= low) & (tail[mine] >= short)]
                if members.size and members.tobytes() not in seen:
                    seen.add(members.tobytes())
                    count += 1
                    yield members, int(head[members].min() + tail[members].min())
        if instance.chained:
            for job, (first, behind) in enumerate(instance.chains()):
                span = np.arange(*instance.alternative_start[[first, behind]].tolist())
                yield span, int(instance.release_dates[job])

    def balanced(
        self, alternative: Integers, limit: int, random: np.random.Generator, *, near: bool
    ) -> Integers:
        """Return alternatives that leave a makespan of a limit possible, or nearly so.

        Args:
            alternative: Of each operation, to begin with.
            limit: The makespan.
            random: For the annealing.
            near: Whether few shall change.
        """
        instance = self._instance
        chosen = alternative.copy()
        taken = chosen[self._operation] == np.arange(self._operation.size)
        lengths = np.where(taken, instance.duration, 0)[self._members]
        load = np.bincount(self._of_row, lengths, minlength=self._less.size).astype(np.int64)
        self._kernels.rebalance(
            *(self._rows, *self._alternatives),
            *(self._whole, limit - self._less, load, chosen),
            *(STEPS_NEAR if near else STEPS, self._mean * (COLD if near else HOT)),
            *(self._mean * COLD, random.integers(1, 2**63, 1, dtype=np.uint64)),
        )
        return chosen
