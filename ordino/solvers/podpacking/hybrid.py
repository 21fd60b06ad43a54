"""The default for pods: annealing and neighbourhoods find, levels one by one with bounds prove.

Both go on side by side where there are two workers, and in turns where there is one.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from ordino.core.budget import Budget
from ordino.core.family import Solver
from ordino.core.incumbent import Incumbent
from ordino.core.kernel import load
from ordino.heuristics.podpacking.annealing import AWAY, KERNELS, Annealing, packs
from ordino.heuristics.podpacking.draining import Draining, empty_greedily
from ordino.heuristics.podpacking.rules import best_fit
from ordino.models.podpacking import cpsat as model
from ordino.models.podpacking.problem import Cluster, Plan
from ordino.solvers.podpacking import configurations
from ordino.solvers.podpacking.search import Search
from ordino.solvers.podpacking.stages import Stages

__all__ = ["NAME", "hybrid"]

NAME = "hybrid"
ROUND = len(AWAY)
"""Passes of annealing in a turn: one with each energy of a pod away from home."""
LOAD_SHARE = 0.3
"""Of the time, for kernels that are not compiled yet."""
FIRST_SHARE = 0.1
"""Of the time, for annealing before levels are solved as a whole."""
PROOF_SHARE = 0.2
"""Of the time, on one worker, for proofs before more is looked for."""
TURN_SHARE = 0.15
"""Of the time left, for neighbourhoods between two rounds of annealing."""


def hybrid() -> Solver:
    """Return a solver that works until its budget ends or the incumbent is closed."""

    def solve(instance: Cluster, incumbent: Incumbent, budget: Budget) -> None:
        if instance.goal == "drain":
            first = budget.child(seconds=FIRST_SHARE * budget.remaining())
            empty_greedily(instance, incumbent, first, NAME)
        else:
            incumbent.offer(best_fit(instance), NAME)
        finding = _Finding(instance, incumbent)
        finding.load(budget.child(seconds=LOAD_SHARE * budget.remaining()))
        finding.anneal(budget.child(seconds=FIRST_SHARE * budget.remaining()), ROUND)
        if budget.workers == 1:
            _prove(instance, incumbent, budget.child(seconds=PROOF_SHARE * budget.remaining()))
            finding.run(budget.child(seconds=budget.remaining() / 2))
            _prove(instance, incumbent, budget)
            return
        with ThreadPoolExecutor(1) as pool:
            proof = pool.submit(_prove, instance, incumbent, budget.child(workers=1))
            finding.run(budget.child(workers=budget.workers - 1))
            proof.result()

    return solve


def _prove(instance: Cluster, incumbent: Incumbent, budget: Budget) -> None:
    """Prove level by level, as far as a model of the whole is not too large."""
    if model.takes(instance) is not None or budget.should_stop() or incumbent.closed:
        return
    kernels = load(configurations.KERNELS, budget.child(seconds=LOAD_SHARE * budget.remaining()))
    bound = None
    if kernels is not None:

        def offer(plan: Plan) -> None:
            incumbent.offer(plan, NAME)

        bound = configurations.Configurations(instance, kernels, offer).bound
    Stages(instance, incumbent, NAME, bound).run(budget)


class _Finding:
    """Annealing and neighbourhoods in turns."""

    def __init__(self, instance: Cluster, incumbent: Incumbent) -> None:
        self.instance, self.incumbent = instance, incumbent
        self.search = Search(instance, incumbent, NAME)
        self.annealing: list[Annealing] = []

    def load(self, budget: Budget) -> None:
        """Load the kernels, if the cluster is for annealing."""
        if packs(self.instance) is None:
            kernels = load(KERNELS, budget)
            if kernels is not None:
                kind = Draining if self.instance.goal == "drain" else Annealing
                self.annealing.append(kind(self.instance, kernels, budget.seed))

    def anneal(self, budget: Budget, passes: int) -> None:
        """Anneal, if the cluster is for that."""
        for each in self.annealing:
            if isinstance(each, Draining):
                each.drain(self.incumbent, budget.child(seconds=budget.remaining() / 2), NAME)
                continue
            each.run(self.incumbent, budget, NAME, passes=passes)

    def run(self, budget: Budget) -> None:
        """Anneal, with neighbourhoods where that leads no further, until the budget ends."""
        while not (budget.should_stop() or self.incumbent.closed):
            version = self.incumbent.version
            self.anneal(budget, 2 * ROUND)
            if self.incumbent.version == version or not self.annealing:
                self.search.run(budget.child(seconds=max(0.3, TURN_SHARE * budget.remaining())))
