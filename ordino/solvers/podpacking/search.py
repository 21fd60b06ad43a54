"""Neighbourhoods of a plan: a few nodes with all their pods, and some that wait, by CP-SAT.

All levels of the objective are one weighted sum, and behind them the size of what is placed: of two
plans with as many pods, the one that leaves more room is the better start for the next step.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from ordino.core.arrays import Integers, Reals
from ordino.core.budget import Budget
from ordino.core.incumbent import Incumbent
from ordino.heuristics.podpacking.rules import sizes
from ordino.models.podpacking.cpsat import Packing
from ordino.models.podpacking.linear import Sum
from ordino.models.podpacking.part import Part
from ordino.models.podpacking.problem import Cluster, Plan

__all__ = ["Search"]

LEAST_NODES, MOST_NODES = 2, 10
FIRST_NODES = 4
STEP_SECONDS = (0.06, 0.3)
"""The most for a step: of a short and of a long search."""
LONG_SEARCH = 10.0
MOST_WAITING = 40
"""Classes of waiting pods that a step looks at."""
MOST_OF_A_CLASS = 8
LARGEST_WEIGHT = 2**52
GRAIN = 50
"""Sizes are counted in these parts of an average node."""
PATIENCE = 8
"""Steps without an improvement before one takes more nodes."""


class Search:
    """Searches neighbourhoods of a plan.

    Args:
        instance: The cluster.
        incumbent: Where to start from and to offer to; it must hold a plan.
        source: The solver's name.
    """

    def __init__(self, instance: Cluster, incumbent: Incumbent, source: str) -> None:
        self.instance, self.incumbent, self.source = instance, incumbent, source
        self.size = sizes(instance)
        self.average = np.maximum(instance.capacity.mean(axis=0), 1)

    def run(self, budget: Budget, steps: int | None = None) -> None:
        """Search until the budget ends or the incumbent is closed; a thread a worker."""

        def work(number: int) -> None:
            random = np.random.default_rng((budget.seed, number))
            walk = _Walk(self, random)
            done = 0
            while not (budget.should_stop() or self.incumbent.closed or done == steps):
                walk.step(budget)
                done += 1

        if budget.workers == 1:
            work(0)
            return
        with ThreadPoolExecutor(budget.workers) as threads:
            for each in [threads.submit(work, number) for number in range(budget.workers)]:
                each.result()

    def free(self, plan: Plan) -> Reals:
        """Return what is left of each node, as parts of an average one."""
        instance = self.instance
        used = np.zeros_like(instance.capacity)
        runs = plan.node >= 0
        np.add.at(used, plan.node[runs], instance.demand[instance.kind[runs]])
        left: Reals = ((instance.capacity - used) / self.average).clip(0)
        return left


class _Walk:
    """A plan that is changed step by step, also to one of the same value."""

    def __init__(self, search: Search, random: np.random.Generator) -> None:
        self.search, self.random = search, random
        self.version = -1
        self.plan: Plan = search.incumbent.best
        self.value: Any = search.incumbent.objective
        self.nodes, self.idle = FIRST_NODES, 0

    def step(self, budget: Budget) -> None:
        """Search one neighbourhood."""
        from ortools.sat.python import cp_model

        search, incumbent = self.search, self.search.incumbent
        if incumbent.version != self.version:
            self.version = incumbent.version
            best, value = incumbent.best, incumbent.objective
            if value is not None and incumbent.levels.better(value, self.value):
                self.plan, self.value = best, value
        part = self._part()
        packing = Packing(search.instance, part)
        levels = packing.levels()
        weighted = _weighted(levels, self._tie(packing))
        packing.model.minimize(weighted.expression())
        for variable, value in packing.hint(self.plan):
            packing.model.add_hint(variable, value)
        engine = cp_model.CpSolver()
        engine.parameters.num_workers = 1
        engine.parameters.random_seed = int(self.random.integers(2**31))
        engine.parameters.catch_sigint_signal = False
        short, long = STEP_SECONDS
        share = min(1.0, budget.remaining() / LONG_SEARCH)
        limit = short + (long - short) * share
        if budget.iterations is None:
            engine.parameters.max_time_in_seconds = min(limit, max(0.01, budget.remaining()))
        else:
            engine.parameters.max_deterministic_time = limit
            engine.parameters.max_time_in_seconds = budget.remaining()
        status = engine.solve(packing.model)
        improved = False
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            values = engine.response_proto.solution
            claimed = tuple(level.value(values) for level in levels)
            if not incumbent.levels.better(self.value, claimed):
                improved = claimed < self.value
                self.plan, self.value = self._whole(part, packing.read(values)), claimed
                if incumbent.levels.better(claimed, incumbent.objective):
                    incumbent.offer(self.plan, search.source, claimed)
        self._adapt(improved, status == cp_model.OPTIMAL)

    def _whole(self, part: Part, plan: Plan) -> Plan:
        """Add to the plan of a part the devices of pods that keep theirs."""
        if not self.search.instance.shares:
            return plan
        return Plan(plan.node, np.where(part.loose, plan.device, self.plan.device))

    def _adapt(self, improved: bool, finished: bool) -> None:
        self.idle = 0 if improved else self.idle + 1
        if self.idle >= PATIENCE and finished:
            self.nodes, self.idle = min(MOST_NODES, self.nodes + 1), 0
        elif not finished:
            self.nodes = max(LEAST_NODES, self.nodes - 1)

    def _part(self) -> Part:
        """Choose nodes, and pods that wait."""
        instance, random, plan = self.search.instance, self.random, self.plan
        count = min(instance.nodes, self.nodes + int(random.integers(3)))
        left = self.search.free(plan)
        waiting = np.flatnonzero(plan.node < 0)
        away = np.flatnonzero((plan.node != instance.current) & (instance.current >= 0))
        chosen: list[int] = []
        if away.size and (not waiting.size or random.random() < 0.3):
            pod = int(random.choice(away))
            chosen.append(int(instance.current[pod]))
            if plan.node[pod] >= 0:
                chosen.append(int(plan.node[pod]))
            others = away[random.permutation(away.size)[: count // 2]]
            homes = np.append(instance.current[others], plan.node[others])
            chosen += [int(j) for j in homes if j >= 0]
        weight = (left.sum(axis=1) + 1e-3) ** 2 if random.random() < 0.5 else np.ones(len(left))
        if waiting.size and not chosen:
            pod = int(waiting[random.integers(waiting.size)])
            row = instance.barred[instance.eligibility[instance.kind[pod]]]
            weight = np.where(row == 0, weight, weight * 1e-3)
        keys = np.log(random.random(weight.size)) / weight  # Efraimidis, Spirakis 2006
        order = np.argsort(-keys, kind="stable")[: count + len(chosen)]
        nodes = np.array(list(dict.fromkeys([*chosen, *order.tolist()]))[:count], dtype=np.int64)
        loose = np.isin(plan.node, nodes)
        loose[self._some(waiting, nodes)] = True
        return Part.of(instance, np.sort(nodes), plan.node, loose)

    def _some(self, waiting: Integers, nodes: Integers) -> Integers:
        """Choose waiting pods that may go to the nodes: high tiers, small ones, by chance."""
        instance, random = self.search.instance, self.random
        kind = instance.kind[waiting]
        allowed = (instance.barred[instance.eligibility][:, nodes] == 0).any(axis=1)
        waiting, kind = waiting[allowed[kind]], kind[allowed[kind]]
        size = self.search.size[kind] * random.uniform(0.7, 1.3, kind.size)
        home = ~np.isin(instance.current[waiting], nodes)
        order = np.lexsort((size, home, instance.tier[kind]))
        count: dict[int, int] = {}
        some = []
        for index in order.tolist():
            c = int(kind[index])
            if c not in count and len(count) >= MOST_WAITING:
                break
            count[c] = count.get(c, 0) + 1
            if count[c] <= MOST_OF_A_CLASS:
                some.append(int(waiting[index]))
        return np.array(some, dtype=np.int64)

    def _tie(self, packing: Packing) -> Sum:
        size = self.search.size
        return Sum.of(
            placed.times(max(1, round(float(size[c]) * GRAIN)))
            for c, placed in packing.placed.items()
        )


def _weighted(levels: list[Sum], tie: Sum) -> Sum:
    """Make one sum of levels in lexicographic order; where numbers get too large, the last ones
    are left out."""
    spans = [max(0, level.most() - level.least()) for level in levels]
    kept = len(levels)
    while True:
        reach = tie.most() + 1
        for span in spans[:kept]:
            reach *= span + 1
        if reach < LARGEST_WEIGHT or kept == 1:
            break
        kept -= 1
    parts = [tie]
    weight = tie.most() + 1
    for level, span in zip(reversed(levels[:kept]), reversed(spans[:kept]), strict=True):
        if span:
            parts.append(level.times(weight))
            weight *= span + 1
    total = Sum.of(parts)
    return Sum(total.terms, 0)
