"""Explains projects: an irreducible conflict, or the chain that holds the makespan of a plan."""

from __future__ import annotations

import itertools
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from ordino.core.arrays import Integers
from ordino.core.budget import Budget
from ordino.core.explanation import Explanation, Reason
from ordino.heuristics.rcpsp.generation import fits_at_the_end, serial
from ordino.heuristics.rcpsp.packing import schedulable
from ordino.models.rcpsp import chain
from ordino.models.rcpsp.bounds import contradiction, heads
from ordino.models.rcpsp.check import check
from ordino.models.rcpsp.cpsat import takes as cpsat_takes
from ordino.models.rcpsp.cpsat_conflict import formulate
from ordino.models.rcpsp.deferral import binding, restricted
from ordino.models.rcpsp.network import positive_cycle
from ordino.models.rcpsp.problem import KINDS, NEVER, Plan, Project
from ordino.solvers import cpsat
from ordino.solvers.conflict import irreducible
from ordino.solvers.rcpsp import destructive

__all__ = ["explain"]

FIRST_SHARE = 0.7
"""Of the time, to refute all constraints together."""
TURN_SECONDS = 3.0
"""To refute what is left, at least."""
SHAVING_SHARE = 0.3
"""Of both, before CP-SAT."""
CORE_SHARE = 0.1
"""Of both, for CP-SAT to say which of what shaving refutes conflicts."""
PARAMETERS = "linearization_level:0 num_workers:1"
"""It names what a proof takes with one worker only, and refutes what is left no later so."""
TEMPORAL = frozenset({"lag", "release", "deadline"})
SCARCE = frozenset({"downtime", "capacity"})


@dataclass(frozen=True, slots=True)
class _Item:
    """Something that can be left out of a project.

    `release` and `deadline` name an activity, `lag` and `group` the one of that number, `capacity`
    and `budget` a resource, `downtime` a resource and a step of its capacity.
    """

    kind: str
    number: int
    step: int = 0


def explain(instance: Project, solution: Plan | None, budget: Budget) -> Explanation:
    """Explain a plan, or without one why there is none.

    Args:
        instance: The project.
        solution: A feasible plan, or `None` where there seems to be none.
        budget: For the search of a conflict.
    """
    if solution is not None:
        return _objective(instance, solution)
    chain_of_lags = _chain_of_lags(instance)
    simple = None if chain_of_lags else contradiction(instance)
    if simple is not None:
        return Explanation(
            subject="infeasible",
            summary=f"there is no plan: {simple}",
            reasons=(Reason("argument", simple),),
            irreducible=True,
        )
    found = _conflict(instance, chain_of_lags or _items(instance), budget)
    if found is None:
        return Explanation(
            subject="unknown", summary="neither a plan nor a conflict was found in the time"
        )
    items, sure = found
    what = "an irreducible conflict" if sure else "a conflict that may be reducible"
    return Explanation(
        subject="infeasible",
        summary=f"there is no plan: {what} of {len(items)} constraints",
        reasons=tuple(Reason(item.kind, _told(instance, item, items)) for item in items),
        irreducible=sure,
    )


def _conflict(
    instance: Project, items: Sequence[_Item], budget: Budget
) -> tuple[list[_Item], bool] | None:
    """Return a conflict among constraints, and whether nothing of it can be left out.

    `None` where it was not shown that they conflict. What that took says how long to try with less.
    """
    conflict = partial(_core, instance)
    began = time.monotonic()
    core = conflict(items, budget.child(seconds=FIRST_SHARE * budget.remaining()))
    if not core:
        return None
    seconds = max(TURN_SECONDS, 2 * (time.monotonic() - began))
    return irreducible([items[place] for place in core], conflict, budget, seconds)


def _objective(instance: Project, plan: Plan) -> Explanation:
    links = chain.critical_chain(instance, _left_shifted(instance, plan))
    names = instance.activity_names
    reasons = tuple(
        Reason("chain", f"{names[each.activity]}, {each.start} to {each.end}: {each.why}")
        for each in links
    )
    count = len(links)
    return Explanation(
        subject="objective",
        summary=f"the latest end {links[-1].end} is held by a chain of {count} activities",
        reasons=reasons,
    )


def _left_shifted(instance: Project, plan: Plan) -> Plan:
    """Start each activity as early as those before it in the plan allow, where lags permit that."""
    modes = instance.mode_start[:-1] + plan.mode
    if not (schedulable(instance) and fits_at_the_end(instance, modes)):
        return plan
    end = plan.start + instance.duration[modes]
    priority = np.argsort(np.lexsort((end, plan.start)), kind="stable")
    start = np.array(serial(instance, modes, priority.tolist()), dtype=np.int64)
    shifted = Plan(start, plan.mode)
    later = (start + instance.duration[modes]).max() > end.max()
    return plan if later or not check(instance, shifted).valid else shifted


def _chain_of_lags(instance: Project) -> list[_Item] | None:
    """Return a window's two ends and the time lags between that leave no room, if there are some.

    Release dates and deadlines are arcs from and to one more node; a cycle of positive length
    through it is a conflict.
    """
    n = instance.activities
    limited = np.flatnonzero(instance.deadlines != NEVER)
    temporal = [item for item in _items(instance) if item.kind in TEMPORAL]
    free = _part(instance, sorted(temporal, key=lambda item: item.number))
    source = [instance.lag_source, np.full(n, n), limited]
    target = [instance.lag_target, np.arange(n), np.full(limited.size, n)]
    least = free.least_duration[limited] - instance.deadlines[limited]
    lags = instance.lag.size
    step = np.concatenate([free.lag_steps(), instance.release_dates, least])
    cycle = positive_cycle(n + 1, np.concatenate(source), np.concatenate(target), step)
    if cycle is None:
        return None
    first = next((place for place, arc in enumerate(cycle) if lags <= arc < lags + n), 0)
    items = []
    for arc in [*cycle[first:], *cycle[:first]]:
        if arc < lags:
            items.append(_Item("lag", arc))
        elif arc >= lags + n:
            items.append(_Item("deadline", int(limited[arc - lags - n])))
        elif instance.release_dates[arc - lags]:
            items.append(_Item("release", arc - lags))
    return items


def _items(instance: Project) -> list[_Item]:
    """Return all that can be left out, in order of time, resources last.

    What conflicts lies close together, so that most chunks of the filter can be left out at once.
    """
    items = [_Item("lag", arc) for arc in range(instance.lag.size)]
    items += [_Item("group", number) for number in range(len(instance.groups))]
    for k, most in enumerate(instance.greatest_capacity.tolist()):
        items += [
            _Item("downtime", k, step)
            for step, (_, capacity) in enumerate(instance.steps(k))
            if capacity < most
        ]
    items += [_Item("release", i) for i in np.flatnonzero(instance.release_dates).tolist()]
    items += [_Item("deadline", i) for i in np.flatnonzero(instance.deadlines != NEVER).tolist()]
    early = heads(instance)
    items.sort(key=lambda item: _time(instance, early, item))
    items += [_Item("budget", k) for k in range(instance.budget.size)]
    return items + [_Item("capacity", k) for k in range(instance.renewables)]


def _time(instance: Project, early: Integers, item: _Item) -> int:
    """Return when a constraint begins to matter."""
    if item.kind == "downtime":
        return instance.steps(item.number)[item.step][0]
    return min(int(early[i]) for i in _named(instance, item))


def _part(instance: Project, items: Sequence[_Item]) -> Project:
    """Return the project with these constraints alone."""
    chosen: dict[str, list[int]] = {}
    down = {(item.number, item.step) for item in items if item.kind == "downtime"}
    for item in items:
        chosen.setdefault(item.kind, []).append(item.number)
    lags = chosen.get("lag", [])
    releases = np.zeros_like(instance.release_dates)
    kept = chosen.get("release", [])
    releases[kept] = instance.release_dates[kept]
    deadlines = np.full_like(instance.deadlines, NEVER)
    kept = chosen.get("deadline", [])
    deadlines[kept] = instance.deadlines[kept]
    capacity = instance.step_capacity.copy()
    total = instance.demand.sum(axis=0)
    most = instance.greatest_capacity
    limited = set(chosen.get("capacity", []))
    for k, first in enumerate(instance.step_start[:-1].tolist()):
        for step in range(len(instance.steps(k))):
            if (k, step) not in down:
                ample = max(int(total[k]), int(most[k]))
                capacity[first + step] = most[k] if k in limited else ample
    budget = instance.consumption.sum(axis=0)
    kept = chosen.get("budget", [])
    budget[kept] = instance.budget[kept]
    return replace(
        instance,
        lag_source=instance.lag_source[lags],
        lag_target=instance.lag_target[lags],
        lag_kind=instance.lag_kind[lags],
        lag=instance.lag[lags],
        release_dates=releases,
        deadlines=deadlines,
        step_capacity=capacity,
        budget=budget,
        groups=tuple(instance.groups[number] for number in chosen.get("group", [])),
        weights=np.zeros_like(instance.weights),
        goal="makespan",
    )


def _core(instance: Project, items: Sequence[_Item], budget: Budget) -> Sequence[int] | None:
    """Return the places of some constraints that no plan keeps, none where a plan keeps all.

    `None` where that was not found out.
    """
    from ortools.sat.python import cp_model

    part = _part(instance, items)
    if contradiction(part) is not None:
        return range(len(items))
    activities = binding(part)
    if not activities.size or (
        instance.single_mode and all(item.kind in TEMPORAL for item in items)
    ):
        return []  # earliest starts, or those behind one another, keep them
    part = restricted(part, activities)
    refuted = destructive.refuted(part, budget.child(seconds=SHAVING_SHARE * budget.remaining()))
    if refuted:
        budget = budget.child(seconds=CORE_SHARE * budget.remaining())
    roomy = replace(part, deadlines=np.full_like(part.deadlines, NEVER))
    if cpsat_takes(roomy) is None and not budget.should_stop():
        assumptions, plans = formulate(part), []
        engine = cpsat.configured(budget, PARAMETERS)
        status = cpsat.run(
            *(engine, assumptions.model, budget),
            lambda values, _: plans.append(assumptions.read(values)),
        )
        if plans and check(part, plans[-1]).valid:
            return []
        if status == cp_model.INFEASIBLE:
            refuted = True
            core = set(engine.sufficient_assumptions_for_infeasibility())
            if core <= assumptions.meaning.keys():
                named = {assumptions.meaning[index] for index in core}
                return _places(instance, items, activities, named)
    return range(len(items)) if refuted else None


def _places(
    instance: Project, items: Sequence[_Item], activities: Integers, core: set[tuple[str, int]]
) -> list[int]:
    """Return the places of the constraints of a core, with all that the model takes for granted.

    In the core, activities, lags and groups have the numbers of the part with these activities.
    """
    numbers: dict[str, Iterator[int]] = defaultdict(itertools.count)
    new = {i: number for number, i in enumerate(activities.tolist())}
    places = []
    for place, item in enumerate(items):
        left = [new[i] for i in _named(instance, item) if i in new]
        if item.kind in ("lag", "group"):
            if len(left) > 1 and (item.kind, next(numbers[item.kind])) in core:
                places.append(place)
        elif item.kind in TEMPORAL:
            if left and (item.kind, left[0]) in core:
                places.append(place)
        else:
            places.append(place)
    return places


def _told(instance: Project, item: _Item, items: Sequence[_Item]) -> str:
    """Put a constraint into words."""
    names, number = instance.activity_names, item.number
    if item.kind == "release":
        return f"activity {names[number]} starts at {instance.release_dates[number]} or later"
    if item.kind == "deadline":
        least = instance.least_duration[number]
        until = instance.deadlines[number]
        return f"activity {names[number]}, which takes {least}, ends at {until} or earlier"
    if item.kind == "lag":
        return _told_lag(instance, number)
    if item.kind == "group":
        members = ", ".join(names[i] for i in instance.groups[number])
        return f"no two of the activities {members} overlap"
    if item.kind == "budget":
        return f"there are {instance.budget[number]} of {instance.budget_names[number]}"
    name = instance.renewable_names[number]
    if item.kind == "downtime":
        steps = instance.steps(number)
        begin, there = steps[item.step]
        until = f"to {steps[item.step + 1][0]}" if item.step + 1 < len(steps) else "on"
        said = f"from {begin} {until} there are {there} of {name}"
    else:
        said = f"there are {instance.greatest_capacity[number]} of {name}"
    last = [each for each in items if each.kind in SCARCE and each.number == number][-1]
    return said + _told_needs(instance, number, items) if item == last else said


def _told_needs(instance: Project, resource: int, items: Sequence[_Item]) -> str:
    """Say what the activities that constraints name need of a resource."""
    needs = []
    for i in sorted({i for item in items for i in _named(instance, item)}):
        mode = int(instance.mode_start[i])
        if instance.demand[mode, resource]:
            need = f"{instance.demand[mode, resource]} for {instance.duration[mode]}"
            needs.append(f"activity {instance.activity_names[i]} needs {need}")
    more = f", and {len(needs) - 8} more need some" if len(needs) > 8 else ""
    return "".join(f", {need}" for need in needs[:8]) + more


def _named(instance: Project, item: _Item) -> tuple[int, ...]:
    """Return the activities that a constraint names."""
    number = item.number
    if item.kind in ("release", "deadline"):
        return (number,)
    if item.kind == "lag":
        return int(instance.lag_source[number]), int(instance.lag_target[number])
    return instance.groups[number] if item.kind == "group" else ()


def _told_lag(instance: Project, arc: int) -> str:
    i, j = int(instance.lag_source[arc]), int(instance.lag_target[arc])
    of, to = KINDS[int(instance.lag_kind[arc])].split("-")
    lag, names = int(instance.lag[arc]), instance.activity_names
    takes = f", which takes {instance.least_duration[i]}," if of == "end" else ""
    if lag >= 0:
        distance = f"{lag} or more behind" if lag else "not before"
        return (
            f"activity {names[j]} {to}s {distance} the {of} of activity {names[i]}{takes}".rstrip(
                ","
            )
        )
    return f"activity {names[i]} {of}s {-lag} or less behind the {to} of activity {names[j]}"
