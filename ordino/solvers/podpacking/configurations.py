"""Bounds by configurations: which sets of pods a node can hold (Gilmore, Gomory 1961).

A linear program chooses for each node a mix of sets, so that no class of pods is used up; sets
that would improve it are found by a knapsack for each node, until there are none, or until the
bound that the knapsacks give at any time (Farley 1990) is as good as a plan that is known. Rules
between pods and limits on moves are left out, and devices are one more resource: the bound holds
all the same.

The sets that were found are good ones: where the bound does not meet the best plan, an integer
program chooses among them alone, for a better plan.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from ordino.core.arrays import Integers, Reals
from ordino.core.budget import Budget
from ordino.heuristics.podpacking.rules import complete
from ordino.models.podpacking.check import check
from ordino.models.podpacking.counts import expand
from ordino.models.podpacking.part import Part
from ordino.models.podpacking.problem import Cluster, Plan
from ordino.solvers import milp
from ordino.solvers.podpacking.node_types import NodeType
from ordino.solvers.podpacking.totals import Totals

__all__ = ["KERNELS", "Configurations"]

KERNELS = "ordino.solvers.podpacking.knapsack_kernels"
TOLERANCE = 1e-6
QUICK, LIMIT = 2_000, 300_000
"""Nodes of a knapsack's search: at first, and where that finds nothing."""
MIXES = 11
"""Weights of two resources that are tried for the bound of a knapsack."""
CHOICE_SHARE = 0.4
"""Of the time that is left to a bound, for choosing among sets."""
MOST_TYPES = 600
MOST_CLASSES = 2_000


@dataclass(frozen=True, slots=True)
class _Goal:
    """A linear function of what is placed and of what stays: one value for each class."""

    placed: Integers
    stays: Integers


class Configurations:
    """Bounds the levels of the objective of a cluster.

    Args:
        instance: The cluster, with the goal `place`.
        kernels: The compiled `knapsack_kernels`.
        offer: Called with plans that choosing among sets leads to.
    """

    def __init__(
        self, instance: Cluster, kernels: ModuleType, offer: Callable[[Plan], None] | None = None
    ) -> None:
        self.instance, self.kernels, self.offer = instance, kernels, offer
        self.part = Part.whole(instance)
        demand = instance.demand
        capacity = instance.capacity
        if instance.shares or instance.whole.any():
            taken = instance.share + instance.whole * instance.device_size
            demand = np.column_stack([demand, taken])
            capacity = np.column_stack([capacity, instance.devices * instance.device_size])
        used = np.zeros_like(capacity)
        pinned = np.zeros(instance.classes, dtype=np.int64)
        for (c, j), count in self.part.pinned.items():
            used[j] += count * demand[c]
            pinned[c] += count
        runs = instance.current >= 0
        now = np.zeros_like(capacity)
        np.add.at(now, instance.current[runs], demand[instance.kind[runs]])
        self.room = np.maximum(capacity, now) - used
        self.demand = np.ascontiguousarray(demand)
        self.pinned = pinned
        wanted = demand[instance.kind].sum(axis=0) / np.maximum(capacity.sum(axis=0), 1)
        self.scarce = np.argsort(-wanted, kind="stable")[:2]

    def bound(self, level: int, before: Sequence[int], plan: Plan, budget: Budget) -> int | None:
        """Return a lower bound of a level of the objective, or `None`.

        Args:
            level: Its number.
            before: Proved values of the levels before.
            plan: The best that is known; it has these values.
            budget: For this bound.
        """
        instance = self.instance
        if instance.goal != "place":
            return None
        disruption = self._what(level)[1]
        if disruption and min(instance.move_weight, instance.eviction_weight) == 0:
            return None
        tier = max(self._what(each)[0] for each in range(level + 1))
        found: int | None = None
        for stays in (False, True) if not disruption else (True,):
            master = _Master(self, tier, stays)
            if len(master.types) > MOST_TYPES or master.classes.size > MOST_CLASSES:
                return found
            value = master.bound(self, level, before, plan, budget)
            if value is not None:
                found = value if found is None else max(found, value)
                if value >= self.value(level, plan):
                    return found
            if not any(self._what(each)[1] for each in range(level)):
                break
        return found

    def _what(self, level: int) -> tuple[int, bool]:
        """Return the tier of a level, and whether it is about disruption."""
        tiers = self.instance.tiers
        if self.instance.order == "placements":
            return level % tiers, level >= tiers
        return level // 2, level % 2 == 1

    def goal(self, level: int) -> _Goal:
        """Return what a level counts: the more, the better."""
        instance = self.instance
        tier, disruption = self._what(level)
        here = (instance.tier <= tier).astype(np.int64)
        none = np.zeros(instance.classes, dtype=np.int64)
        return _Goal(none, here) if disruption else _Goal(here * instance.worth, none)

    def total(self, level: int) -> int:
        """Return the value of a level if nothing were placed, or nothing stayed."""
        goal = self.goal(level)
        if self._what(level)[1]:
            return self._weight() * int((goal.stays * self.part.running).sum())
        return int((goal.placed * self.part.total).sum())

    def _weight(self) -> int:
        return min(self.instance.move_weight, self.instance.eviction_weight)

    def unit(self, level: int) -> int:
        """Return what a pod that stays, or a unit of worth that is placed, saves."""
        return self._weight() if self._what(level)[1] else 1

    def value(self, level: int, plan: Plan) -> int:
        """Return the value that a plan has on a level, as far as this relaxation sees it."""
        instance, goal = self.instance, self.goal(level)
        if self._what(level)[1]:
            stays = (plan.node == instance.current) & (plan.node >= 0)
            return self.total(level) - self._weight() * int(goal.stays[instance.kind[stays]].sum())
        placed = plan.node >= 0
        return self.total(level) - int(goal.placed[instance.kind[placed]].sum())


class _Master:
    """The linear program over sets of pods."""

    def __init__(self, home: Configurations, tier: int, stays: bool) -> None:
        instance = home.instance
        self.home, self.kernels = home, home.kernels
        self.classes = np.flatnonzero((instance.tier <= tier) & (home.part.total > 0))
        self.free = home.part.total[self.classes] - home.pinned[self.classes]
        self.demand = np.ascontiguousarray(home.demand[self.classes])
        self.stays = stays
        self.types = self._types()

    def _types(self) -> list[NodeType]:
        """Group nodes that are alike; where it matters what stays, few are."""
        home, instance = self.home, self.home.instance
        number = {int(c): i for i, c in enumerate(self.classes)}
        now = np.zeros((instance.nodes, self.classes.size), dtype=np.int64)
        for (c, j), count in home.part.now.items():
            if c in number:
                now[j, number[c]] = count - home.part.pinned.get((c, j), 0)
        barred = instance.barred[instance.eligibility[self.classes]] > 0
        types: dict[bytes, NodeType] = {}
        for j in range(instance.nodes):
            room = np.maximum(home.room[j], 0)
            most = np.where(barred[:, j], now[j], self.free)
            with np.errstate(divide="ignore"):
                fits = np.where(self.demand > 0, room // np.maximum(self.demand, 1), 2**40)
            most = np.minimum(most, fits.min(axis=1))
            stays = np.minimum(now[j], most) if self.stays else np.zeros_like(most)
            key = room.tobytes() + most.tobytes() + stays.tobytes()
            if key in types:
                types[key].nodes.append(j)
            else:
                types[key] = NodeType([j], room, most, stays)
        return list(types.values())

    def bound(
        self,
        home: Configurations,
        level: int,
        before: Sequence[int],
        plan: Plan,
        budget: Budget,
    ) -> int | None:
        """Return a lower bound of a level."""
        goal, total, unit = home.goal(level), home.total(level), home.unit(level)
        rows = []
        for index, value in enumerate(before):
            each = home.goal(index)
            if each.stays.any() and not (self.stays and home.unit(index)):
                continue
            fixed = int((each.placed * home.pinned + each.stays * home.pinned).sum())
            least = -(-(home.total(index) - value) // home.unit(index)) - fixed
            rows.append((each.placed[self.classes], each.stays[self.classes], least))
        fixed = int(((goal.placed + goal.stays) * home.pinned).sum())
        target = (goal.placed[self.classes], goal.stays[self.classes])
        held = (total - home.value(level, plan)) // unit - fixed
        most = self._most(target, rows, plan, held, budget)
        if most is None:
            return None
        return max(0, total - unit * (most + fixed))

    def _most(
        self,
        target: tuple[Integers, Integers],
        rows: list[tuple[Integers, Integers, int]],
        plan: Plan,
        held: int,
        budget: Budget,
    ) -> int | None:
        """Return an upper bound of the target, at least what a plan is known to reach."""
        together = self._together(target, rows, held, budget)
        if together is not None and together <= held:
            return held
        while not milp.HIGHS.acquire(timeout=milp.POLL_SECONDS):
            if budget.should_stop():
                return together
        try:
            program, columns, most = self._generate(target, rows, plan, held, budget)
            if most is not None and most > held and self.home.offer is not None:
                self._choose(program, columns, budget)
        finally:
            milp.HIGHS.release()
        return min((each for each in (most, together) if each is not None), default=None)

    def _together(
        self,
        target: tuple[Integers, Integers],
        rows: list[tuple[Integers, Integers, int]],
        held: int,
        budget: Budget,
    ) -> int | None:
        """Return an upper bound of the target by totals, if it counts no pods that stay."""
        if target[1].any():
            return None
        placing = [(placed, least) for placed, staying, least in rows if not staying.any()]
        totals = Totals(self.types, self.demand, self.free, self.kernels)
        return totals.most(target[0], placing, held, budget)

    def _generate(
        self,
        target: tuple[Integers, Integers],
        rows: list[tuple[Integers, Integers, int]],
        plan: Plan,
        held: int,
        budget: Budget,
    ) -> tuple[Any, list[tuple[int, Integers]], int | None]:
        """Return the program, its columns as kind of node and set of pods, and the bound."""
        import highspy

        program = highspy.Highs()
        program.setOptionValue("output_flag", False)
        program.setOptionValue("parallel", "off")
        endless = highspy.kHighsInf
        empty: tuple[int, Any, Any] = (0, np.empty(0, dtype=np.int32), np.empty(0))
        for each in self.types:
            program.addRow(-endless, float(len(each.nodes)), *empty)
        for count in self.free.tolist():
            program.addRow(-endless, float(count), *empty)
        for _, _, least in rows:
            program.addRow(float(least), endless, *empty)
        program.changeObjectiveSense(highspy.ObjSense.kMaximize)
        first, seen = len(self.types), set[tuple[int, bytes]]()
        columns: list[tuple[int, Integers]] = []

        def add(kind: int, pattern: Integers) -> bool:
            key = (kind, pattern.tobytes())
            if key in seen:
                return False
            seen.add(key)
            columns.append((kind, pattern))
            stays = np.minimum(pattern, self.types[kind].now)
            used = np.flatnonzero(pattern)
            places, values = [np.array([kind]), first + used], [np.ones(1), pattern[used]]
            for number, (placed, staying, _) in enumerate(rows):
                amount = int(placed @ pattern + staying @ stays)
                if amount:
                    places.append(np.array([first + self.free.size + number]))
                    values.append(np.array([amount]))
            cost = float(target[0] @ pattern + target[1] @ stays)
            index = np.concatenate(places).astype(np.int32)
            column = np.concatenate(values).astype(np.float64)
            program.addCol(cost, 0.0, endless, index.size, index, column)
            return True

        self._start(plan, add)
        best: int | None = None
        limit = QUICK
        while not budget.should_stop():
            program.setOptionValue("time_limit", program.getRunTime() + budget.remaining())
            program.run()
            if program.getModelStatus() != highspy.HighsModelStatus.kOptimal:
                return program, columns, best
            reached = program.getInfo().objective_function_value
            duals = np.array(program.getSolution().row_dual)
            price = duals[first : first + self.free.size]
            placed, staying = target[0] - price, target[1].astype(np.float64)
            for number, (more, kept, _) in enumerate(rows):
                dual = duals[first + self.free.size + number]
                placed, staying = placed - dual * more, staying - dual * kept
            staying = np.maximum(staying, 0.0)  # as it is, but for rounding
            above, added = 0.0, False
            for kind, each in enumerate(self.types):
                if budget.should_stop():
                    return program, columns, best
                worth, pattern = self._price(each, placed, staying, float(duals[kind]), limit)
                above += len(each.nodes) * max(0.0, worth - float(duals[kind]))
                if pattern is not None:
                    added |= add(kind, pattern)
            most = math.floor(reached + above + TOLERANCE)
            best = most if best is None else min(best, most)
            done = best <= max(held, math.floor(reached + TOLERANCE))
            if not (done or added) and limit == QUICK:
                limit = LIMIT
                continue
            limit = QUICK
            if done or not added:
                return program, columns, max(best, held)
        return program, columns, best

    def _choose(self, program: Any, columns: list[tuple[int, Integers]], budget: Budget) -> None:
        """Choose among sets by an integer program, and offer what comes of it."""
        import highspy

        count = len(columns)
        whole = np.full(count, int(highspy.HighsVarType.kInteger), dtype=np.uint8)
        program.changeColsIntegrality(count, np.arange(count, dtype=np.int32), whole)
        program.setOptionValue("mip_abs_gap", milp.INTEGRAL_GAP)
        seconds = CHOICE_SHARE * budget.remaining()
        program.setOptionValue("time_limit", program.getRunTime() + seconds)
        turn = budget.child(seconds=seconds)

        def asked(event: Any) -> None:
            if turn.should_stop():
                event.interrupt()

        program.cbMipInterrupt += asked
        program.cbSimplexInterrupt += asked
        program.run()
        info = program.getInfo()
        if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            return
        chosen = np.rint(np.array(program.getSolution().col_value)).astype(np.int64)
        plan = self._plan(columns, chosen)
        if plan is not None and self.home.offer is not None:
            self.home.offer(plan)

    def _plan(self, columns: list[tuple[int, Integers]], chosen: Integers) -> Plan | None:
        """Make a plan of sets that were chosen, with what else fits."""
        instance = self.home.instance
        nodes = [iter(each.nodes) for each in self.types]
        held = dict(self.home.part.pinned)
        for number in np.flatnonzero(chosen).tolist():
            kind, pattern = columns[number]
            for _ in range(int(chosen[number])):
                j = next(nodes[kind], None)
                if j is None:
                    return None
                for index in np.flatnonzero(pattern).tolist():
                    cell = (int(self.classes[index]), j)
                    held[cell] = held.get(cell, 0) + int(pattern[index])
        plan = Plan(expand(instance, held.items()))
        return complete(instance, plan) if check(instance, plan).valid else None

    def _start(self, plan: Plan, add: Any) -> None:
        """Add the sets of a plan, and single pods."""
        instance = self.home.instance
        number = np.full(instance.classes, -1)
        number[self.classes] = np.arange(self.classes.size)
        table = np.zeros((instance.nodes, self.classes.size), dtype=np.int64)
        chosen = (plan.node >= 0) & (number[instance.kind] >= 0) & (instance.hold < 2)
        np.add.at(table, (plan.node[chosen], number[instance.kind[chosen]]), 1)
        for kind, each in enumerate(self.types):
            for j in each.nodes:
                add(kind, table[j])

    def _price(
        self, kind: NodeType, placed: Reals, staying: Reals, target: float, limit: int
    ) -> tuple[float, Integers | None]:
        """Find a set of more than a value for a node; return a bound, and the set if there is one.

        With a small limit, the set need not be the best, and the bound may be above it.
        """
        classes = np.arange(placed.size)
        stay = np.maximum(kind.now, 0)
        value = np.concatenate([placed + staying, placed])
        count = np.concatenate([stay, kind.most - stay])
        index = np.concatenate([classes, classes])
        useful = (value > 1e-9) & (count > 0)
        value, count, index = value[useful], count[useful], index[useful]
        if not value.size:
            return 0.0, None
        weight = self.demand[index]
        room = np.maximum(kind.room[self.home.scarce], 1)
        parts = np.ascontiguousarray((weight[:, self.home.scarce] / room).T)
        part, order = np.empty(value.size), np.empty(value.size, dtype=np.int64)
        least = self.kernels.mix(value, count, parts[0], parts[-1], MIXES, part, order)
        if least <= target + TOLERANCE:
            return target, None
        best = np.full(value.size, -1, dtype=np.int64)
        bound = self.kernels.fill(
            np.ascontiguousarray(value[order]),
            np.ascontiguousarray(count[order]),
            np.ascontiguousarray(weight[order]),
            kind.room,
            np.ascontiguousarray(part[order]),
            target + 1e-7,
            limit,
            best,
        )
        if best.size and best[0] < 0:
            return bound, None
        pattern = np.zeros(placed.size, dtype=np.int64)
        np.add.at(pattern, index[order], best)
        return bound, pattern
