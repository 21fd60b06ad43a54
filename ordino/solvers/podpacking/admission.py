"""Lets one waiting pod in with as little disruption as can be.

The best place is tried first: a few nodes with much room, then more of them, as small clusters that
CP-SAT solves to proof. What they come to is an upper bound for the whole. One move is the fewest
where the pod does not fit as things are; two are where no single pod can make way, which is looked
up; anything else is left to the model of the whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ordino.core.budget import Budget
from ordino.core.incumbent import Incumbent
from ordino.models.podpacking import cpsat as model
from ordino.models.podpacking.adjust import without
from ordino.models.podpacking.check import check
from ordino.models.podpacking.problem import FREE, PINNED, PROTECTED, Cluster, Plan
from ordino.solvers import cpsat
from ordino.solvers.podpacking.hybrid import hybrid

__all__ = ["Outcome", "admit"]

FEW_NODES = (6, 12, 24)
SMALL = 40
"""Nodes of a cluster that is solved as a whole at once."""
TURN_SHARE = 0.15
WHOLE_SHARE = 0.5
"""Of the time left, for a few nodes, and for the model of the whole."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a search came to: a plan that places the pod or `None`, and whether that is proved.

    The plan is one of `part`: the cluster without the other pods that wait.
    """

    part: Cluster
    plan: Plan | None
    exact: bool


def admit(instance: Cluster, pod: int, *, evicting: bool, budget: Budget) -> Outcome:
    """Place a waiting pod above all others.

    Args:
        instance: The cluster; the pod fits nowhere as things are.
        pod: Its number.
        evicting: Whether pods of lower priority may be evicted: the fewest, then the fewest moves.
        budget: Ends the search.
    """
    part = _alone(instance, pod, evicting=evicting)
    incumbent = Incumbent(part, check, part.objective)
    if part.nodes > SMALL and not _ruled(part):
        for plan in _among_few(instance, part, pod, evicting=evicting, budget=budget):
            incumbent.offer(plan, "few nodes")
            if not evicting and (least := _least(part, _moves(part, plan))) is not None:
                return Outcome(part, plan, least)
    if model.takes(part) is None:  # one pod that is let in is soon proved, unless it is large
        whole = budget.child(seconds=WHOLE_SHARE * budget.remaining())
        cpsat.solver(model.formulate)(part, incumbent, whole)
    if not incumbent.closed and incumbent.best is None:
        hybrid()(part, incumbent, budget)
    value: Any = incumbent.objective
    if value is not None and value[0] == 0:
        return Outcome(part, incumbent.best, incumbent.optimal)
    bound: Any = incumbent.bound
    refuted = incumbent.infeasible is not None or (bound is not None and (bound[0] or 0) >= 1)
    return Outcome(part, None, refuted)


def _ruled(instance: Cluster) -> bool:
    """Tell whether a part of a cluster can't be looked at by itself."""
    rules = instance.separations or instance.affinities or instance.spreads
    return bool(rules) or bool((instance.share + instance.whole).any())


def _moves(part: Cluster, plan: Plan) -> int:
    return int(((part.current != plan.node) & (part.current >= 0)).sum())


def _least(part: Cluster, moves: int) -> bool | None:
    """Tell whether so few moves are proved to be the fewest; `None` where more search is due."""
    if moves <= 1:
        return True
    return True if moves == 2 and not _one_makes_way(part) else None


def _one_makes_way(part: Cluster) -> bool:
    """Tell whether one running pod can make way for the one that waits. O(classes x nodes)."""
    (pod,) = np.flatnonzero(part.current < 0).tolist()
    k = int(part.kind[pod])
    runs = part.current >= 0
    free = part.capacity.copy()
    np.subtract.at(free, part.current[runs], part.demand[part.kind[runs]])
    asked = part.demand[k]
    needs = asked > 0
    bound = {k for budget in part.budgets if budget.allowed < 1 for k in budget.members}
    welcome = part.barred[part.eligibility[k]] == 0
    for c in np.unique(part.kind[runs & (part.hold < PINNED)]).tolist():
        if c in bound:
            continue
        demand = part.demand[c]
        elsewhere = (part.barred[part.eligibility[c]] == 0) & (
            (free >= demand) | (demand == 0)
        ).all(axis=1)
        makes_way = ((free + demand >= asked) | ~needs).all(axis=1) & welcome
        movable = runs & (part.kind == c) & (part.hold < PINNED)
        for j in np.unique(part.current[movable]).tolist():
            if makes_way[j] and int(elsewhere.sum()) > int(elsewhere[j]):
                return True
    return False


def _among_few(
    instance: Cluster, part: Cluster, pod: int, *, evicting: bool, budget: Budget
) -> Iterator[Plan]:
    """Yield plans that touch only a few nodes: those with most room for the pod, then more."""
    runs = part.current >= 0
    free = part.capacity.astype(np.float64)
    np.subtract.at(free, part.current[runs], part.demand[part.kind[runs]])
    asked = instance.demand[instance.kind[pod]]
    wanted = asked > 0
    share = (free[:, wanted] / asked[wanted]).min(axis=1, initial=np.inf)
    share[part.barred[part.eligibility[-1]] > 0] = -np.inf
    order = np.argsort(-share, kind="stable")
    for count in (each for each in FEW_NODES if each < part.nodes):
        small = without(part, order[count:].tolist())
        number = small.pod_names.index(instance.pod_names[pod])
        alone = _alone(small, number, evicting=evicting)
        incumbent = Incumbent(alone, check, alone.objective)
        turn = budget.child(seconds=TURN_SHARE * budget.remaining())
        cpsat.solver(model.formulate)(alone, incumbent, turn)
        value: Any = incumbent.objective
        if value is None or value[0]:
            continue
        kept = np.sort(order[:count])
        node = part.current.copy()
        node.flags.writeable = True
        places = {name: index for index, name in enumerate(part.pod_names)}
        for name, place in zip(alone.pod_names, incumbent.best.node.tolist(), strict=True):
            node[places[name]] = -1 if place < 0 else kept[place]
        yield Plan(node)


def _alone(instance: Cluster, pod: int, *, evicting: bool) -> Cluster:
    """Return the cluster with this waiting pod alone, and above all others.

    Pods that run go on running, but those of lower priority where they may be evicted.
    """
    k = int(instance.kind[pod])
    kept = np.flatnonzero((instance.current >= 0) | (np.arange(instance.pods) == pod))
    kind, hold = instance.kind[kept].copy(), instance.hold[kept].copy()
    kind[kept == pod] = instance.classes
    lesser = instance.tier[instance.kind[kept]] > instance.tier[k]
    hold[(hold == FREE) & ~(lesser & evicting) & (kept != pod)] = PROTECTED

    def with_copy(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        return np.concatenate([values, values[k : k + 1]])

    def members(classes: tuple[int, ...]) -> tuple[int, ...]:
        return (*classes, instance.classes) if k in classes else classes

    def renamed(rules: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(
            replace(rule, owners=members(rule.owners), targets=members(rule.targets))
            for rule in rules
        )

    return replace(
        instance,
        demand=with_copy(instance.demand),
        share=with_copy(instance.share),
        whole=with_copy(instance.whole),
        preempts=np.append(np.ones(instance.classes, dtype=np.int64), int(evicting)),
        eligibility=with_copy(instance.eligibility),
        tier=np.append(np.ones(instance.classes, dtype=np.int64), 0),
        priorities=(1, 0),
        kind=kind,
        current=instance.current[kept],
        hold=hold,
        separations=renamed(instance.separations),
        affinities=renamed(instance.affinities),
        spreads=renamed(instance.spreads),
        budgets=tuple(
            replace(budget, members=members(budget.members)) for budget in instance.budgets
        ),
        measure="pods",
        order="interleaved",
        move_weight=1,
        eviction_weight=1,
        pod_names=tuple(instance.pod_names[each] for each in kept.tolist()),
        workload=instance.workload[kept],
        created=instance.created[kept],
    )
