"""The general shop for CP-SAT: an optional interval an alternative, no overlap on a machine.

Setup times make a circuit of what a machine does, for they are between neighbours. Groups of
machines that operations choose from are cumulative resources as well: redundant, but helpful.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ordino.core.arrays import Integers
from ordino.core.objective import Value
from ordino.models.formulation import CpsatFormulation
from ordino.models.jobshop.blocking_cpsat import LARGEST, Stays, takes_blocking
from ordino.models.jobshop.problem import Schedule
from ordino.models.jobshop.shop import Shop
from ordino.models.jobshop.timing import (
    chosen,
    completions,
    contradiction,
    heads,
    latest_completions,
    tails,
)

__all__ = ["PARAMETERS", "formulate_shop", "takes_shop"]

PARAMETERS = 'linearization_level:0 subsolver_params { name:"default_lp" linearization_level:0 }'
MOST_ARCS = 400_000
"""Arcs of setups: some 100,000 are built in a second, during which nothing stops."""
MOST_GROUPS, MOST_RANKED = 64, 300
"""Groups of machines with a capacity in the model, and those that it is chosen among."""


def takes_shop(instance: Shop) -> str | None:
    """Say why CP-SAT can't hold the instance, or return `None`."""
    dues = 0 if instance.due_dates is None else int(np.abs(instance.due_dates).max())
    if (instance.horizon + dues) * max(1, sum(instance.weights.tolist())) >= LARGEST:
        return "horizon x sum of weights reaches 2^50"
    if instance.setup.size:
        loads = np.bincount(instance.machine)
        if (arcs := int((loads * loads).sum())) > MOST_ARCS:
            return f"{arcs} pairs of operations on a machine with setups, more than {MOST_ARCS}"
    return takes_blocking(instance)


def formulate_shop(instance: Shop, upper_bound: Value | None) -> CpsatFormulation:
    """Build the model: first a start for each operation, then a literal for each alternative of
    those with a choice.

    Args:
        instance: The shop.
        upper_bound: Schedules of a greater objective are left out.
    """
    assert upper_bound is None or isinstance(upper_bound, int)
    return _Builder(instance, upper_bound).formulation()


class _Builder:
    """Builds a model step by step; each step adds what hints its variables."""

    def __init__(self, instance: Shop, upper_bound: int | None) -> None:
        from ortools.sat.python import cp_model

        self.cp_model = cp_model
        self.instance = instance
        self.model = cp_model.CpModel()
        self.upper_bound = upper_bound
        self.hints: list[Callable[[_Chosen], Iterable[tuple[Any, int]]]] = []
        self._add_starts()
        self._add_alternatives()
        self._add_precedences()
        self._add_machines()
        self.leaves: list[Any] = self.ends
        if instance.buffers in ("swap", "blocking"):
            self._add_stays()
        if instance.setup.size:
            self._add_setups()
        self._add_groups()
        self.level = self._add_goal()

    def formulation(self) -> CpsatFormulation:
        """Return the model with the way to solutions and back."""
        instance, starts = self.instance, self.starts

        def hint(solution: Schedule) -> Iterable[tuple[Any, int]]:
            choice = _Chosen(instance, solution)
            return [pair for each in self.hints for pair in each(choice)]

        def read(values: Sequence[int]) -> Schedule:
            start = np.array(values[: len(starts)], dtype=np.int64)
            if not instance.flexible:
                return Schedule(start)
            literals = {k: values[each.index] for k, each in self.literals.items()}
            alternative = [
                next((k for k in instance.alternatives(i) if literals.get(k, 1)), -1)
                for i in range(instance.operations)
            ]
            return Schedule(start, instance.machine[alternative])

        return CpsatFormulation(
            model=self.model,
            levels=(self.level,),
            hint=hint,
            read=read,
            parameters=PARAMETERS,
            contradiction=contradiction(instance),
        )

    def _add_starts(self) -> None:
        instance, model = self.instance, self.model
        head = heads(instance)
        least = instance.least_duration
        head = np.minimum(head, instance.horizon)  # beyond it, the instance has a contradiction
        self.least_completion = completions(instance, head + least).tolist()
        self.latest = latest_completions(instance, self.least_completion, self.upper_bound)
        last = np.array(self.latest)[instance.job] - tails(instance) - least
        if (last < head).any():
            model.add_bool_or([])  # no schedule is as good
        self.starts = [
            model.new_int_var(low, max(low, high), "")
            for low, high in zip(head.tolist(), last.tolist(), strict=True)
        ]
        self.hints.append(lambda each: zip(self.starts, each.start, strict=True))

    def _add_alternatives(self) -> None:
        instance, model = self.instance, self.model
        self.literals: dict[int, Any] = {}
        self.lengths: list[Any] = []
        durations = instance.duration.tolist()
        for i in range(instance.operations):
            mine = instance.alternatives(i)
            if len(mine) == 1:
                self.lengths.append(durations[mine[0]])
                continue
            literals = [model.new_bool_var("") for _ in mine]
            model.add_exactly_one(literals)
            self.literals.update(zip(mine, literals, strict=True))
            each = durations[mine.start : mine.stop]
            same = min(each) == max(each)
            weighted = self.cp_model.LinearExpr.weighted_sum
            self.lengths.append(each[0] if same else weighted(literals, each))
        self.ends = [s + length for s, length in zip(self.starts, self.lengths, strict=True)]
        self.intervals = []
        operation = np.repeat(np.arange(instance.operations), np.diff(instance.alternative_start))
        for k, i in enumerate(operation.tolist()):
            start, literal = self.starts[i], self.literals.get(k)
            self.intervals.append(
                model.new_fixed_size_interval_var(start, durations[k], "")
                if literal is None
                else model.new_optional_fixed_size_interval_var(start, durations[k], literal, "")
            )
        self.operation = operation.tolist()
        self.hints.append(
            lambda each: [(v, int(k in each.alternatives)) for k, v in self.literals.items()]
        )

    def _add_precedences(self) -> None:
        arcs = zip(self.instance.arc_before.tolist(), self.instance.arc_after.tolist(), strict=True)
        for i, j in arcs:
            if self.instance.buffers == "no-wait":
                self.model.add(self.starts[j] == self.ends[i])
            else:
                self.model.add(self.starts[j] >= self.ends[i])

    def _add_stays(self) -> None:
        """Add that jobs keep their machines until they get the next one."""
        latest = max(self.latest)
        stays = Stays(self.model, self.instance, self.starts, self.literals, latest)
        self.leaves = [
            end if leave is None else leave
            for end, leave in zip(self.ends, stays.leave, strict=True)
        ]
        self.hints.append(lambda each: stays.hint(each.start, each.machine))

    def _add_machines(self) -> None:
        """Add no overlap of what a machine does, and of its downtimes."""
        instance, model = self.instance, self.model
        latest = max(self.latest)
        self.on_machine: list[list[int]] = [[] for _ in range(instance.machines)]
        for k, machine in enumerate(instance.machine.tolist()):
            self.on_machine[machine].append(k)
        self.down: list[list[Any]] = [[] for _ in range(instance.machines)]
        for machine in np.unique(instance.down_machine).tolist():
            for begin, end in instance.downtimes(machine):
                if begin < latest:
                    length = min(end, max(latest, begin + 1)) - begin
                    each = model.new_fixed_size_interval_var(begin, length, "")
                    self.down[machine].append(each)
        for machine, members in enumerate(self.on_machine):
            intervals = [self.intervals[k] for k in members] + self.down[machine]
            if members and len(intervals) > 1:
                model.add_no_overlap(intervals)

    def _add_groups(self) -> None:
        """Add machines that some operations choose from as cumulative resources."""
        instance = self.instance
        choices: dict[frozenset[int], list[int]] = {}
        for i in range(instance.operations):
            mine = instance.alternatives(i)
            machines = frozenset(instance.machine[mine.start : mine.stop].tolist())
            choices.setdefault(machines, []).append(i)
        several = sorted(
            (each for each in choices if len(each) > 1), key=lambda g: -len(choices[g])
        )
        groups = sorted(
            several[:MOST_RANKED],
            key=lambda each: -sum(len(choices[other]) for other in choices if other <= each),
        )[:MOST_GROUPS]
        for group in groups:
            members = [i for each, mine in choices.items() if each <= group for i in mine]
            if len(members) > len(group):
                intervals = [self.intervals[k] for i in members for k in instance.alternatives(i)]
                self.model.add_cumulative(intervals, [1] * len(intervals), len(group))

    def _add_setups(self) -> None:
        """Add a circuit a machine: node 0 stands for its beginning and end, a loop for absence."""
        circuits = [
            (members, self._add_circuit(machine, members))
            for machine, members in enumerate(self.on_machine)
            if members
        ]

        def hint(choice: _Chosen) -> Iterable[tuple[Any, int]]:
            for members, arcs in circuits:
                used = sorted(
                    (choice.key(self.operation[k]), index)
                    for index, k in enumerate(members, start=1)
                    if k in choice.alternatives
                )
                taken = set(pairwise([0, *(index for _, index in used), 0]))
                for pair, literal in arcs.items():
                    yield literal, int(pair in taken)

        self.hints.append(hint)

    def _add_circuit(self, machine: int, members: list[int]) -> dict[tuple[int, int], Any]:
        """Add the circuit of a machine; return the literals of its arcs, other loops aside."""
        instance, model, starts = self.instance, self.model, self.starts
        setup = instance.setup[machine].tolist()
        nodes = [(k, self.operation[k]) for k in members]
        count = len(nodes)
        pairs = [(a, b) for a in range(1, count + 1) for b in range(1, count + 1) if a != b]
        ends = [pair for a in range(1, count + 1) for pair in ((0, a), (a, 0))]
        arcs = {pair: model.new_bool_var("") for pair in [(0, 0), *ends, *pairs]}
        loops = [
            (index, index, ~self.literals[k])
            for index, (k, _) in enumerate(nodes, start=1)
            if k in self.literals
        ]
        model.add_circuit([(a, b, literal) for (a, b), literal in arcs.items()] + loops)
        families = instance.setup_family.tolist()
        for b, (_, j) in enumerate(nodes, start=1):
            if initial := setup[-1][families[j]]:
                model.add(starts[j] >= initial).only_enforce_if(arcs[0, b])
        for a, b in pairs:
            (k, i), (_, j) = nodes[a - 1], nodes[b - 1]
            gap = setup[families[i]][families[j]]
            leave = starts[i] + int(instance.duration[k])
            if self.leaves[i] is not self.ends[i]:
                leave = self.leaves[i]
            after = starts[j] >= leave + gap
            model.add(after).only_enforce_if(arcs[a, b])
        return arcs

    def _add_goal(self) -> Any:
        """Add what is to be minimised."""
        instance, model = self.instance, self.model
        sinks = [
            [i for i in range(first, behind) if not instance.successors[i]]
            for first, behind in instance.chains()
        ]
        if instance.goal == "makespan":
            makespan = model.new_int_var(0, max(self.latest), "makespan")
            for job in sinks:
                for i in job:
                    model.add(makespan >= self.ends[i])
            self.hints.append(lambda each: [(makespan, max(each.completion))])
            return makespan
        weights = instance.weights.tolist()
        completion = [
            model.new_int_var(least, max(least, latest), "")
            for least, latest in zip(self.least_completion, self.latest, strict=True)
        ]
        for variable, job in zip(completion, sinks, strict=True):
            for i in job:
                model.add(variable >= self.ends[i])
        self.hints.append(lambda each: zip(completion, each.completion, strict=True))
        weighted = self.cp_model.LinearExpr.weighted_sum
        if instance.goal == "flow-time":
            released = sum(
                w * r for w, r in zip(weights, instance.release_dates.tolist(), strict=True)
            )
            level = weighted(completion, weights) - released
        else:
            level = self._lateness(completion, weights)
        if self.upper_bound is not None:
            model.add(level <= self.upper_bound)
        return level

    def _lateness(self, completion: list[Any], weights: list[int]) -> Any:
        """Add maximum lateness, or total weighted tardiness."""
        instance, model = self.instance, self.model
        assert instance.due_dates is not None
        dues = instance.due_dates.tolist()
        early = [c - due for c, due in zip(self.least_completion, dues, strict=True)]
        late = [c - due for c, due in zip(self.latest, dues, strict=True)]
        if instance.goal == "lateness":
            most = model.new_int_var(max(early), max(*early, *late), "lateness")
            for variable, due in zip(completion, dues, strict=True):
                model.add(most >= variable - due)
            self.hints.append(
                lambda each: [
                    (most, max(c - due for c, due in zip(each.completion, dues, strict=True)))
                ]
            )
            return most
        tardy = [
            model.new_int_var(max(0, low), max(0, low, high), "")
            for low, high in zip(early, late, strict=True)
        ]
        for variable, c, due in zip(tardy, completion, dues, strict=True):
            model.add(variable >= c - due)
        self.hints.append(
            lambda each: [
                (variable, max(0, c - due))
                for variable, c, due in zip(tardy, each.completion, dues, strict=True)
            ]
        )
        return self.cp_model.LinearExpr.weighted_sum(tardy, weights)


class _Chosen:
    """A schedule as hints want it: starts, completions, the alternatives that run."""

    def __init__(self, instance: Shop, solution: Schedule) -> None:
        alternative: Integers = chosen(instance, solution)
        end = solution.start + instance.duration[alternative]
        self.start: list[int] = solution.start.tolist()
        self.end: list[int] = end.tolist()
        self.alternatives = set(alternative.tolist())
        self.machine: list[int] = instance.machine[alternative].tolist()
        self.completion: list[int] = completions(instance, end).tolist()

    def key(self, operation: int) -> tuple[int, int, int]:
        """Return what operations on a machine are sorted by."""
        return self.start[operation], self.end[operation], operation
