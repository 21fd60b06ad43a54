"""How to carry out a plan: changes one after another, each of which a scheduler would allow.

A pod that is moved is deleted and created again elsewhere, so its room is free for others at once.
Room is taken only when it is there: moves that make room come first, then what needs it; pods that
the plan evicts go when somebody needs their room. Where moves wait for each other in a ring, pods
are taken down until their place is free, as few and as unimportant as can be seen at once. Where
pods require each other's company, they come together, in one step.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ordino.models.podpacking.problem import FREE, Cluster, Plan
from ordino.models.podpacking.rules import Affinity, Separation, Spread

__all__ = ["Change", "Gathering", "Rule", "Step", "down_together", "steps"]


@dataclass(frozen=True, slots=True)
class Change:
    """A pod leaves a node, comes to one, or both; -1 for none.

    Attributes:
        action: `move`, `evict`, `place`; `take down` and `bring back` where a pod is down until its
            place is free.
        pod: Its number.
        source: Node before.
        target: Node after.
    """

    action: str
    pod: int
    source: int
    target: int


Rule = Separation | Affinity | Spread
Step = tuple[Change, ...]
"""Changes that are made together; one, unless pods require each other."""


def steps(instance: Cluster, plan: Plan) -> tuple[Step, ...]:
    """Order the changes of a plan.

    In every state between two steps, the pods that came with the first of them have the room,
    the company and the distance that they need.

    Args:
        instance: The cluster.
        plan: A plan that the checker accepts.
    """
    return _Order(instance, plan).run()


def down_together(order: Iterable[Step]) -> tuple[int, ...]:
    """Return the most pods that are taken down at the same time, none where an order needs none."""
    down: list[int] = []
    most: tuple[int, ...] = ()
    for change in (change for step in order for change in step):
        if change.action == "take down":
            down.append(change.pod)
        elif change.action == "bring back":
            down.remove(change.pod)
        if len(down) > len(most):
            most = tuple(down)
    return most


class _Order:
    """Changes to come, by the node that they wait for, and the state so far."""

    def __init__(self, instance: Cluster, plan: Plan) -> None:
        self.instance, self.plan = instance, plan
        self.tier = instance.tier[instance.kind].tolist()
        self.kind = instance.kind.tolist()
        self.goal = plan.node.tolist()
        self.node = instance.current.tolist()
        self.state = _State(instance, plan)
        self.done: list[Step] = []
        self.moves: dict[int, list[int]] = {}
        self.places: dict[int, list[int]] = {}
        self.evictions: dict[int, list[int]] = {}
        self.lifted: set[int] = set()
        changing = np.flatnonzero(plan.node != instance.current)
        for pod in sorted(changing.tolist(), key=lambda each: (self.tier[each], each)):
            if self.goal[pod] < 0:
                self.evictions.setdefault(self.node[pod], []).append(pod)
            else:
                waits = self.moves if self.node[pod] >= 0 else self.places
                waits.setdefault(self.goal[pod], []).append(pod)

    def run(self) -> tuple[Step, ...]:
        self._move(set(self.moves))
        while self._place(set(self.places) - set(self.moves)) or self._evict() or self._take_down():
            pass
        if self.places or self.moves:  # they require each other
            rest = [
                pod
                for waits in (self.moves, self.places)
                for pods in waits.values()
                for pod in pods
            ]
            self._do([self._change(pod) for pod in rest])
        for pods in self.evictions.values():
            for pod in pods:
                self._do([self._change(pod)])
        return tuple(self.done)

    def _change(self, pod: int) -> Change:
        source, target = self.node[pod], self.goal[pod]
        if source < 0:
            action = "bring back" if pod in self.lifted else "place"
        else:
            action = "move" if target >= 0 else "evict"
        return Change(action, pod, source, target)

    def _do(self, changes: list[Change]) -> None:
        for change in changes:
            if change.source >= 0:
                self.state.leave(self.kind[change.pod], change.source)
        for change in changes:
            if change.target >= 0:
                self.state.count(self.kind[change.pod], change.target, 1)
            self.node[change.pod] = change.target
        self.done.append(tuple(changes))

    def _try(self, pod: int) -> bool:
        """Bring a pod to its node if that is allowed now."""
        kind, source, target = self.kind[pod], self.node[pod], self.goal[pod]
        if source >= 0:
            self.state.count(kind, source, -1)
        allowed = self.state.allows(kind, target)
        if source >= 0:
            self.state.count(kind, source, 1)
        if allowed:
            self._do([self._change(pod)])
        return allowed

    def _settle(self, waits: dict[int, list[int]], target: int) -> list[int]:
        """Bring to a node the pods that wait for it and may come; returns the nodes they left."""
        left, freed = [], []
        for pod in waits.pop(target, []):
            source = self.node[pod]
            if self._try(pod):
                freed.append(source)
            else:
                left.append(pod)
        if left:
            waits[target] = left
        return freed

    def _move(self, dirty: set[int]) -> None:
        """Make moves as long as there are some that can be made; `dirty` nodes have changed."""
        while dirty:
            freed: list[int] = []
            for target in sorted(dirty & set(self.moves)):
                freed += self._settle(self.moves, target)
            # what a rule forbade may be allowed anywhere
            dirty = set(self.moves) if freed and self.state.ruled else set(freed)

    def _place(self, targets: set[int]) -> bool:
        """Place waiting pods that may come; returns whether there were some."""
        placed = any([self._settle(self.places, target) for target in sorted(targets)])
        if placed and self.state.ruled:
            self._move(set(self.moves))  # somebody may have waited for company
        return placed

    def _evict(self) -> bool:
        """Evict the least important pod from a node that somebody waits for, if there is one."""
        waits = [*self.moves.items(), *self.places.items()]
        wanted = [
            (self.tier[pods[0]], target) for target, pods in waits if target in self.evictions
        ]
        if not wanted and self.state.ruled and waits:  # a rule may look at other nodes
            wanted = [(0, target) for target in self.evictions]
        if not wanted:
            return False
        _, target = min(wanted)
        pods = self.evictions[target]
        self._do([self._change(pods.pop())])
        if not pods:
            del self.evictions[target]
        self._move(set(self.moves) if self.state.ruled else {target})
        return True

    def _take_down(self) -> bool:
        """Take down a pod that is to be moved, if there is one, so that others can move."""
        hold = self.instance.hold
        chosen = None
        for pods in self.moves.values():
            for pod in pods:
                source = self.node[pod]
                if source < 0:
                    continue
                needed = source in self.moves or source in self.places
                helps = needed and self._unlocks(pod)
                rank = (not helps, not needed, hold[pod] != FREE, -self.tier[pod], pod)
                if chosen is None or rank < chosen:
                    chosen = rank
        if chosen is None:
            return False
        pod = chosen[-1]
        source = self.node[pod]
        self._do([Change("take down", pod, source, -1)])
        self.lifted.add(pod)
        self._move(set(self.moves) if self.state.ruled else {source, self.goal[pod]})
        return True

    def _unlocks(self, pod: int) -> bool:
        """Tell whether somebody may come once a pod is down."""
        source, kind = self.node[pod], self.kind[pod]
        self.state.count(kind, source, -1)
        waits = [*self.moves.get(source, ()), *self.places.get(source, ())]
        unlocks = any(
            self.state.allows(self.kind[other], source) for other in waits if other != pod
        )
        self.state.count(kind, source, 1)
        return unlocks


class _State:
    """What is free on each node, and whom rules count where."""

    def __init__(self, instance: Cluster, plan: Plan) -> None:
        self.demand = instance.demand.tolist()
        self.free = instance.capacity.tolist()
        rules: list[Rule] = [*instance.separations, *instance.affinities, *instance.spreads]
        self.ruled = bool(rules)
        self.rules: dict[int, list[Gathering]] = {}
        for rule in rules:
            company = Gathering(instance, rule)
            for k in {*rule.owners, *rule.targets}:
                self.rules.setdefault(k, []).append(company)
        for k, j in zip(instance.kind.tolist(), instance.current.tolist(), strict=True):
            if j >= 0:
                self.count(k, j, 1)
        # which devices the pods that leave hold is not known: they leave first
        self.takes_devices = (instance.whole + instance.share > 0).tolist()
        self.leaving = [0] * instance.nodes
        leaves = (instance.current >= 0) & (plan.node != instance.current)
        for k, j in zip(
            instance.kind[leaves].tolist(), instance.current[leaves].tolist(), strict=True
        ):
            self.leaving[j] += self.takes_devices[k]

    def count(self, kind: int, node: int, sign: int) -> None:
        """Add a pod of a class to a node, or with -1 take it off."""
        free = self.free[node]
        for r, amount in enumerate(self.demand[kind]):
            free[r] -= sign * amount
        for company in self.rules.get(kind, ()):
            company.count(kind, node, sign)

    def leave(self, kind: int, node: int) -> None:
        """Take off a pod that leaves for good."""
        self.count(kind, node, -1)
        self.leaving[node] -= self.takes_devices[kind]

    def allows(self, kind: int, node: int) -> bool:
        """Tell whether a pod of a class may come to a node now."""
        free = self.free[node]
        room = all(amount <= free[r] for r, amount in enumerate(self.demand[kind]) if amount)
        room &= not (self.takes_devices[kind] and self.leaving[node])
        return room and all(company.allows(kind, node) for company in self.rules.get(kind, ()))


class Gathering:
    """Owners and targets of a rule by domain."""

    def __init__(self, instance: Cluster, rule: Rule) -> None:
        self.rule = rule
        self.domain = instance.topologies[rule.topology].domain.tolist()
        self.owner, self.target = set(rule.owners), set(rule.targets)
        count = instance.topologies[rule.topology].domains + 1
        self.owners, self.targets = [0] * count, [0] * count
        self.everywhere = 0

    def count(self, kind: int, node: int, sign: int) -> None:
        """Add a pod of a class on a node, or with -1 take it off."""
        place = self.domain[node]
        self.owners[place] += sign * (kind in self.owner)
        self.targets[place] += sign * (kind in self.target)
        self.everywhere += sign * (kind in self.target)

    def allows(self, kind: int, node: int) -> bool:
        """Tell whether a pod of a class may come to a node as far as this rule goes."""
        rule, place = self.rule, self.domain[node]
        owns = kind in self.owner
        if isinstance(rule, Separation):
            apart = not (owns and self.targets[place])
            apart &= not (kind in self.target and self.owners[place])
            return apart or place < 0
        if not owns:
            return True
        if place < 0:
            return False
        if isinstance(rule, Affinity):
            first = kind in self.target and not self.everywhere
            return first or self.targets[place] > 0
        few = not rule.domains or len(rule.domains) < rule.min_domains
        here = self.targets[place] + (kind in self.target)
        # the pod itself may fill up the emptiest domain
        least = (
            0
            if few
            else min(here if each == place else self.targets[each] for each in rule.domains)
        )
        return bool(here - least <= rule.max_skew)
