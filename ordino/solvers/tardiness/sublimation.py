"""Successive sublimation: the least total weighted tardiness of one machine, exactly.

A sequence is a path through a network of job ends. Relax that each job is done once: the shortest
path, where each visit to a job earns the job's multiplier, is a lower bound, and what lies on no
path shorter than the incumbent can go. When better multipliers are hard to find, the relaxation is
sublimed: of one job more it is remembered whether it was visited. That goes on until no path is
left (Tanaka, Fujikuma, Araki 2009, "An exact algorithm for single-machine scheduling without
machine idle time").

Paths keep two rules of dominance: no two adjacent jobs would be better the other way round, and of
two jobs one that is shorter, no lighter and due no later comes first. Where that leaves a choice,
the job due first comes first. Some optimal sequence keeps both rules: the one that is first in the
order of the jobs' numbers. Costs and multipliers are integers, so that the answer is a proof.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ordino.core.arrays import LARGEST, Integers
from ordino.core.budget import Budget
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.core.kernel import load
from ordino.heuristics.tardiness.dynasearch import climb
from ordino.models.tardiness.problem import JobSequence, SingleMachine
from ordino.solvers.tardiness.network import Network, OutOfBudget, TooLarge

__all__ = ["NAME", "sublimation", "takes"]

NAME = "sublimation"
KERNELS = "ordino.solvers.tardiness.sublimation_kernels"

MOST_NODES = 20_000_000
FINEST = 256
"""Steps of a multiplier to a unit of the objective, fewer where numbers get large."""

START_SHARE = 0.1
START_KICKS = 100
"""Kicks of dynasearch, in at most a share of the time, before the first path."""

FIRST_STEPS, STEPS = 300, 40
FIRST_PATIENCE, PATIENCE = 10, 5
FIRST_LENGTH, LENGTH = 2.0, 1.0
"""Steps of the multipliers, failures before they get half as long, and their length at first."""
SHORTEST = 0.1
MOMENTUM = 0.7
LITTLE = 0.002
"""Share of the gap that a step must close to be a success."""
WORTH_DROPPING = 0.9
"""Arcs are dropped when the gap is this share of what it was the last time."""

SPLITS, GROWTH = 5, 1.5
"""Jobs remembered before the multipliers are adapted, fewer if the network grows beyond that."""
FADING = 0.9
"""Weight of a job's wrong visits, against those one step later."""


def takes(instance: SingleMachine) -> str | None:
    """Say why an instance is not for successive sublimation, or return `None`."""
    if np.ptp(instance.release_dates):
        return "its release dates differ"
    nodes = instance.jobs * instance.horizon
    if nodes > MOST_NODES:
        return f"jobs times horizon is {nodes}, beyond {MOST_NODES}"
    if not _steps_to_a_unit(instance):
        return "its costs are too large for exact multipliers"
    return None


def sublimation() -> Solver:
    """Return a solver that proves the optimum. An iteration is a shortest path. One thread.

    Time and memory grow with the square of the jobs times the horizon.
    """

    def solve(instance: SingleMachine, incumbent: Incumbent, budget: Budget) -> None:
        start = budget.child(seconds=START_SHARE * budget.remaining())
        climb(instance, incumbent, start, NAME, most_kicks=START_KICKS)
        kernels: Any = load(KERNELS, budget)
        if kernels is None or incumbent.closed:
            return
        try:
            _Sublimation(kernels, instance, incumbent, budget).run()
        except OutOfBudget:
            return
        except TooLarge as error:
            incumbent.note(NAME, f"stopped: {error}")

    return solve


def _steps_to_a_unit(instance: SingleMachine) -> int:
    """Return a power of 2, such that no path leaves 62 bits; 0 if there is none."""
    path = 4 * (int(instance.processing_times.sum()) + 2)
    steps = LARGEST // (path * max(1, _dearest(instance)))
    return min(FINEST, 1 << steps.bit_length() >> 1)


def _dearest(instance: SingleMachine) -> int:
    """Return the most that one job can cost."""
    dues, weights = instance.due_dates.tolist(), instance.weights.tolist()
    dearest: int = max(w * max(0, instance.horizon - d) for d, w in zip(dues, weights, strict=True))
    return dearest


class _Sublimation:
    """Multipliers, the network that they price, and the incumbent that both are to prove."""

    def __init__(
        self, kernels: Any, instance: SingleMachine, incumbent: Incumbent, budget: Budget
    ) -> None:
        self.instance, self.incumbent, self.budget = instance, incumbent, budget
        p, w = instance.processing_times, instance.weights
        d = instance.due_dates - instance.release_dates[0]
        order = np.lexsort((-w, p, d))
        # Without length a job costs least at the start, and delays no other; without weight it may
        # end last.
        self.lengthless = order[p[order] == 0]
        self.weightless = order[(p[order] > 0) & (w[order] == 0)]
        self.numbers = order[(p[order] > 0) & (w[order] > 0)]
        self.fixed_cost = int((w * np.maximum(0, -d))[self.lengthless].sum())

        self.unit = _steps_to_a_unit(instance)
        self.dearest = self.unit * _dearest(instance)
        p, d, w = p[self.numbers], d[self.numbers], self.unit * w[self.numbers]
        self.network = Network(kernels, budget, p, d, w)
        self.prices = np.zeros(self.numbers.size + 1, np.int64)
        self.wrong_visits = np.zeros(self.numbers.size)
        self.remembered = np.zeros(self.numbers.size, bool)
        self.paths = 0

    def run(self) -> None:
        """Adapt the multipliers and remember jobs in turns, until the incumbent is proved."""
        more = self.ascend(FIRST_STEPS, FIRST_PATIENCE, FIRST_LENGTH)
        while more:
            self.sublime()
            more = self.ascend(STEPS, PATIENCE, LENGTH)

    @property
    def most(self) -> int:
        """Length of the longest path that is better than the incumbent."""
        upper = self.incumbent.objective
        assert isinstance(upper, int)
        return self.unit * (upper - 1 - self.fixed_cost)

    def ascend(self, steps: int, patience: int, length: float) -> bool:
        """Adapt the multipliers by deflected subgradients; returns whether there is more to do."""
        best, best_prices = -LARGEST, self.prices
        dropped_at = LARGEST
        direction, failures = np.zeros(self.numbers.size), 0
        for _ in range(steps):
            if length < SHORTEST:
                break
            if self.budget.out_of_iterations(self.paths):
                return False
            self.paths += 1
            shortest = self.network.shortest(self.prices)
            bound = LARGEST if shortest is None else shortest[0] + int(self.prices.sum())
            gap = self.most - bound
            self.tell(bound)
            if shortest is None or gap < 0:
                return False
            wrong = 1 - np.bincount(shortest[1], minlength=self.numbers.size)
            if not wrong.any():
                self.offer(shortest[1])
                continue
            self.wrong_visits = FADING * self.wrong_visits + np.abs(wrong)
            failures = 0 if bound - best > LITTLE * (gap + bound - best) else failures + 1
            if bound > best:
                best, best_prices = bound, self.prices
                if gap < WORTH_DROPPING * dropped_at:
                    self.network.drop(self.prices, self.most - int(self.prices.sum()))
                    dropped_at = gap
            if failures == patience:
                length, failures = length / 2, 0
                direction[:] = 0
                self.prices = best_prices
                continue
            direction = wrong + MOMENTUM * direction
            stride = length * (gap + self.unit) / max(1.0, float(direction @ direction))
            prices = self.prices + np.append(np.rint(stride * direction), 0).astype(np.int64)
            self.prices = np.clip(prices, -self.dearest, self.dearest)
        self.prices = best_prices
        return True

    def sublime(self) -> None:
        """Remember the jobs that the latest paths left out or repeated most."""
        arcs = self.network.tails.size
        order = np.argsort(np.where(self.remembered, -1, self.wrong_visits), kind="stable")[::-1]
        for job in order[~self.remembered[order]][:SPLITS].tolist():
            self.network.split(job)
            self.remembered[job] = True
            self.wrong_visits[job] = 0
            if not 0 < self.network.tails.size <= GROWTH * arcs:
                break

    def tell(self, bound: int) -> None:
        """Publish what a bound on the paths that are left says of all sequences."""
        upper = self.incumbent.objective
        assert isinstance(upper, int)
        self.incumbent.raise_bound(min(upper, self.fixed_cost - (-bound // self.unit)), NAME)

    def offer(self, path: Integers) -> None:
        """Offer a path that visits each job once."""
        order = np.concatenate([self.lengthless, self.numbers[path], self.weightless])
        self.incumbent.offer(JobSequence(order), NAME)
