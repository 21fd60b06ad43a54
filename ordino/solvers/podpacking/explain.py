"""Why pods wait, and what would let one of them in: the fewest moves, or a proof that none do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ordino.core.budget import Budget
from ordino.core.errors import UnknownNameError, UsageError
from ordino.core.explanation import Explanation, Reason
from ordino.heuristics.podpacking.room import Room
from ordino.heuristics.podpacking.rules import keep
from ordino.models.podpacking.problem import Cluster, Plan
from ordino.models.podpacking.steps import Gathering, Rule, steps
from ordino.solvers.conflict import irreducible
from ordino.solvers.podpacking.admission import Outcome, admit

__all__ = ["explain"]

MOST_PODS = 20
"""Waiting pods that are told of one by one."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Obstacle:
    """A requirement of a pod that some nodes do not meet."""

    kind: str
    told: str
    bars: Mask


def explain(
    instance: Cluster, solution: Plan | None, budget: Budget, *, pod: str | None = None
) -> Explanation:
    """Explain why pods wait.

    Args:
        instance: The cluster.
        solution: A plan: why pods wait once it is carried out; without one, as things are now.
        budget: For the search of moves.
        pod: The name of one, with or without its namespace: why it waits, in an irreducible set of
            reasons, and the fewest moves that let it in.

    Raises:
        UsageError: There is no such pod, or more than one.
    """
    plan = keep(instance) if solution is None else solution
    if pod is None:
        return _overview(instance, plan)
    absent = [each for each in instance.left_out if pod in _names(each[0])]
    if absent and not any(pod in _names(each) for each in instance.pod_names):
        summary = "; ".join(f"pod {name} is left out: {why}" for name, why in absent)
        return Explanation(subject="question", summary=summary)
    number = _number(instance, pod)
    name = instance.pod(number)
    if plan.node[number] >= 0:
        where = instance.node(int(plan.node[number]))
        return Explanation(subject="question", summary=f"{name} does not wait: it is on {where}")
    reasons = _reasons(instance, plan, number, budget)
    told = tuple(Reason(each.kind, each.told) for each in reasons)
    if not reasons:
        fitting = np.flatnonzero(~_barred(instance, plan, number))
        where = instance.node(int(fitting[0]))
        summary = f"{name} could run on {where} as things are"
        return Explanation(subject="question", summary=summary)
    return _remedy(replace(instance, current=plan.node, goal="place"), number, told, budget)


def _names(pod: str) -> tuple[str, str]:
    """Return what a pod may be called: with its namespace, and without."""
    return pod, pod.rpartition("/")[2]


def _number(instance: Cluster, name: str) -> int:
    found = [number for number, each in enumerate(instance.pod_names) if name in _names(each)]
    if not found:
        raise UnknownNameError("pod", name, instance.pod_names)
    if len(found) > 1:
        known = " or ".join(instance.pod_names[each] for each in found[:5])
        raise UsageError(f"pod {name}: say which, {known}")
    return found[0]


def _obstacles(instance: Cluster, plan: Plan, k: int) -> list[_Obstacle]:
    """Return every requirement of a class of pods that a node does not meet."""
    nodes, node = instance.nodes, plan.node
    runs = node >= 0
    kind = instance.kind[runs]
    found = []
    codes = instance.barred[instance.eligibility[k]]
    for code in np.unique(codes[codes > 0]).tolist():
        bars = codes == code
        told = f"{int(bars.sum())} of {nodes} nodes: {instance.reasons[code]}"
        found.append(_Obstacle("eligibility", told, bars))
    free = instance.capacity.copy()
    np.subtract.at(free, node[runs], instance.demand[kind])
    for r in np.flatnonzero(instance.demand[k]).tolist():
        asked = int(instance.demand[k, r])
        bars = free[:, r] < asked
        if bars.any():
            best = int(free[:, r].argmax())
            what = instance.resources[r]
            told = f"{int(bars.sum())} of {nodes} nodes have less {what} free than it asks, {asked}"
            told += f"; the most is {free[best, r]} on {instance.node(best)}"
            found.append(_Obstacle("room", told, bars))
    if instance.whole[k] or instance.share[k]:
        bars = ~Room(instance, plan).fits_devices(k)
        if bars.any():
            lack = "no share of a device" if instance.share[k] else "not the devices"
            told = f"{int(bars.sum())} of {nodes} nodes have {lack} free that it asks for"
            found.append(_Obstacle("devices", told, bars))
    rules: list[Rule] = [*instance.separations, *instance.affinities, *instance.spreads]
    for rule in rules:
        if k not in rule.owners and k not in rule.targets:
            continue
        gathering = Gathering(instance, rule)
        for each, place in zip(kind.tolist(), node[runs].tolist(), strict=True):
            gathering.count(each, place, 1)
        bars = np.array([not gathering.allows(k, j) for j in range(nodes)])
        if bars.any():
            what = getattr(rule, "kind", type(rule).__name__.lower())
            text = f" ({rule.text})" if rule.text else ""
            key = instance.topologies[rule.topology].key or "node"
            told = f"{int(bars.sum())} of {nodes} nodes break {what} by {key}{text}"
            found.append(_Obstacle(what, told, bars))
    return found


def _barred(instance: Cluster, plan: Plan, pod: int) -> Mask:
    """Tell which nodes do not take a pod as things are."""
    barred = np.zeros(instance.nodes, dtype=bool)
    for each in _obstacles(instance, plan, int(instance.kind[pod])):
        barred |= each.bars
    return barred


def _reasons(instance: Cluster, plan: Plan, pod: int, budget: Budget) -> list[_Obstacle]:
    """Return an irreducible set of requirements that leaves no node, or none."""
    found = _obstacles(instance, plan, int(instance.kind[pod]))

    def refuted(part: Sequence[_Obstacle]) -> bool:
        barred = np.zeros(instance.nodes, dtype=bool)
        for each in part:
            barred |= each.bars
        return bool(barred.all())

    if not refuted(found):
        return []
    # those that bar most come last, for the filter tries to leave out the first
    found.sort(key=lambda each: int(each.bars.sum()))
    return irreducible(found, lambda part, _: range(len(part)) if refuted(part) else (), budget)[0]


def _overview(instance: Cluster, plan: Plan) -> Explanation:
    """Tell of every class of waiting pods what bars it from how many nodes."""
    waiting = np.flatnonzero(plan.node < 0)
    by_class = Counter(instance.kind[waiting].tolist())
    reasons = []
    for k, count in by_class.most_common(MOST_PODS):
        first = instance.pod(int(waiting[instance.kind[waiting] == k][0]))
        more = f" and {count - 1} like it" if count > 1 else ""
        obstacles = _obstacles(instance, plan, k)
        barred = np.zeros(instance.nodes, dtype=bool)
        for each in obstacles:
            barred |= each.bars
        told = "; ".join(each.told for each in obstacles)
        if not barred.all():
            told = f"there is room on {instance.node(int(np.flatnonzero(~barred)[0]))}"
        reasons.append(Reason("waits", f"{first}{more}: {told}"))
    hidden = len(by_class) - len(reasons)
    if hidden:
        reasons.append(Reason("waits", f"and pods of {hidden} more kinds"))
    summary = f"{waiting.size} of {instance.pods} pods wait"
    return Explanation(subject="objective", summary=summary, reasons=tuple(reasons))


def _remedy(
    instance: Cluster, pod: int, reasons: tuple[Reason, ...], budget: Budget
) -> Explanation:
    """Find the fewest moves that let a pod in; where none do, evictions of lesser pods."""
    name = instance.pod(pod)
    moving = budget.child(seconds=budget.remaining() / 2)
    outcome = admit(instance, pod, evicting=False, budget=moving)
    if outcome.plan is not None:
        count = int((outcome.part.current != outcome.plan.node).sum()) - 1
        proof = "the fewest that do" if outcome.exact else "fewer may do"
        moves = "1 move lets" if count == 1 else f"{count} moves let"
        return _answer(f"{name} waits; {moves} it in, {proof}", reasons, outcome)
    if not outcome.exact:
        return Explanation(
            subject="unknown",
            summary=f"{name} waits; neither moves that let it in nor a proof came in the time",
            reasons=reasons,
            irreducible=True,
        )
    proof = "no moves of running pods let it in (proved)"
    if instance.preempts[instance.kind[pod]]:
        evicting = admit(instance, pod, evicting=True, budget=budget)
        if evicting.plan is not None:
            word = "the fewest" if evicting.exact else "these"
            summary = f"{name} waits; {proof}; {word} evictions of lesser pods and moves do"
            return _answer(summary, reasons, evicting)
        if evicting.exact:
            proof = "no moves, and no evictions of lesser pods, let it in (proved)"
    return Explanation(
        subject="infeasible", summary=f"{name} waits; {proof}", reasons=reasons, irreducible=True
    )


def _answer(summary: str, reasons: tuple[Reason, ...], outcome: Outcome) -> Explanation:
    """Tell the steps of a plan that lets the pod in."""
    part = outcome.part
    assert outcome.plan is not None
    told = []
    for change in (change for step in steps(part, outcome.plan) for change in step):
        ends = [
            f"{word} {part.node(place)}"
            for word, place in (("from", change.source), ("to", change.target))
            if place >= 0
        ]
        told.append(Reason(change.action, f"{part.pod(change.pod)} {' '.join(ends)}"))
    return Explanation(
        subject="question", summary=summary, reasons=(*reasons, *told), irreducible=True
    )
