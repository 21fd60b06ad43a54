"""Rules between pods for CP-SAT: anti-affinity, affinity, topology spread.

Each looks at owners and targets of a domain, as sums of counts plus the pods that are not free.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ordino.core.arrays import Integers
from ordino.models.podpacking.linear import Sum
from ordino.models.podpacking.rules import Affinity, Separation, Spread

if TYPE_CHECKING:
    from ordino.models.podpacking.cpsat import Packing

__all__ = ["keep_company"]


def keep_company(packing: Packing) -> None:
    """Add the rules between pods to a model."""
    instance = packing.instance
    loose = set(packing.part.classes)
    keepers: list[tuple[Any, Any]] = [(rule, _separate) for rule in instance.separations]
    keepers += [(rule, _join) for rule in instance.affinities]
    keepers += [(rule, _spread) for rule in instance.spreads]
    for rule, keep in keepers:
        if loose & (set(rule.owners) | set(rule.targets)):
            keep(packing, _Domains(packing, rule))


@dataclass(slots=True)
class _Fixed:
    """Pods that are not free, by domain; the last domain is that of nodes without one."""

    owners: Integers
    targets: Integers
    both: Integers
    arrived: Integers


class _Domains:
    """Pods that a rule looks at, in the domains of its topology."""

    def __init__(self, packing: Packing, rule: Separation | Affinity | Spread) -> None:
        instance, part = packing.instance, packing.part
        self.packing, self.rule = packing, rule
        self.topology = instance.topologies[rule.topology]
        self.owners, self.targets = set(rule.owners), set(rule.targets)
        self.free: dict[int, list[int]] = {}
        for j in part.nodes:
            self.free.setdefault(int(self.topology.domain[j]), []).append(j)
        classes = np.zeros((2, instance.classes), dtype=bool)
        classes[0, list(rule.owners)] = True
        classes[1, list(rule.targets)] = True
        there = ~part.loose & (part.node >= 0)
        owner, target = (row[instance.kind] & there for row in classes)
        domain = np.where(part.node >= 0, self.topology.domain[part.node], -1)
        count = self.topology.domains

        def by_domain(chosen: Any) -> Integers:
            place = domain[chosen]
            return np.bincount(np.where(place < 0, count, place), minlength=count + 1)

        self.fixed = _Fixed(
            by_domain(owner),
            by_domain(target),
            by_domain(owner | target),
            by_domain(owner & (part.node != instance.current)),
        )

    def held(self, classes: set[int], domain: int) -> Sum:
        """Free pods of some classes in a domain."""
        held = self.packing.held
        return Sum.of(
            held[c, j] for j in self.free.get(domain, ()) for c in sorted(classes) if (c, j) in held
        )

    def arriving(self, classes: set[int], domain: int) -> Sum:
        """Those of them that arrive."""
        nodes = self.free.get(domain, ())
        return Sum.of(self.packing.arriving(c, j) for j in nodes for c in sorted(classes))

    def now(self, classes: set[int], domain: int) -> int:
        """Free pods of some classes that run in a domain now."""
        now = self.packing.part.now
        nodes = self.free.get(domain, ())
        return sum(now.get((c, j), 0) for j in nodes for c in classes)

    def bar_homeless(self) -> None:
        """Let no owner arrive on a node without a domain."""
        nowhere = self.arriving(self.owners, -1)
        if nowhere.terms:
            self.packing.model.add(nowhere.expression() == 0)


def _separate(packing: Packing, at: _Domains) -> None:
    model, variables = packing.model, packing.variables
    every = at.owners | at.targets
    for domain in at.free:
        if domain < 0:
            continue
        owners = at.held(at.owners, domain).plus(int(at.fixed.owners[domain]))
        targets = at.held(at.targets, domain).plus(int(at.fixed.targets[domain]))
        both = at.held(every, domain).plus(int(at.fixed.both[domain]))
        if both.most() <= 1 or not owners.most() or not targets.most():
            continue
        fixed = at.fixed.both[domain]
        now = at.now(every, domain) + int(fixed)
        if at.owners == at.targets and now <= 1:
            model.add(both.expression() <= 1)
            continue
        cases: list[Any] = []

        def case(total: Sum, limit: int, cases: list[Any] = cases) -> None:
            literal = variables.literal(lambda value: int(total.value(value) <= limit))
            model.add(total.expression() <= limit).only_enforce_if(literal)
            cases.append(literal)

        case(both, 1)
        if at.owners != at.targets:
            case(owners, 0)
            case(targets, 0)
        if now > 1:  # they may clash, and stay
            case(at.arriving(every, domain), 0)
        model.add_bool_or(cases)


def _join(packing: Packing, at: _Domains) -> None:
    model, variables = packing.model, packing.variables
    at.bar_homeless()
    domains = range(at.topology.domains)
    count = {d: at.held(at.targets, d).plus(int(at.fixed.targets[d])) for d in domains}
    everywhere = Sum.of([*count.values(), at.held(at.targets, -1)])
    everywhere = everywhere.plus(int(at.fixed.targets[-1]))
    single = variables.literal(lambda value: int(everywhere.value(value) <= 1))
    model.add(everywhere.expression() <= 1).only_enforce_if(single)
    for domain in domains:
        for classes, least in ((at.owners - at.targets, 1), (at.owners & at.targets, 2)):
            if not classes:
                continue
            arrivals = at.arriving(classes, domain).plus(_arrived(packing, at, classes, domain))
            arrives = variables.positive(arrivals)
            if arrives is None:
                continue
            company = model.add(count[domain].expression() >= least)
            company.only_enforce_if([arrives] if least == 1 else [arrives, ~single])


def _arrived(packing: Packing, at: _Domains, classes: set[int], domain: int) -> int:
    """Count pods of some classes that are not free and arrive in a domain."""
    if not at.fixed.arrived[domain]:
        return 0
    instance, part = packing.instance, packing.part
    chosen = np.isin(instance.kind, list(classes)) & ~part.loose & (part.node >= 0)
    chosen &= part.node != instance.current
    return int((at.topology.domain[part.node[chosen]] == domain).sum())


def _spread(packing: Packing, at: _Domains) -> None:
    rule = at.rule
    assert isinstance(rule, Spread)
    model, variables = packing.model, packing.variables
    at.bar_homeless()
    domains = range(at.topology.domains)
    count = {d: at.held(at.targets, d).plus(int(at.fixed.targets[d])) for d in domains}
    least: Any = Sum([], 0)
    if rule.domains and len(rule.domains) >= rule.min_domains:
        counting = [count[d] for d in rule.domains]
        most = max(each.most() for each in counting)
        least = variables.integer(0, most, lambda value: min(s.value(value) for s in counting))
        for each in counting:
            model.add(least.expression() <= each.expression())
    for domain in domains:
        owners = at.arriving(at.owners, domain).plus(_arrived(packing, at, at.owners, domain))
        arrives = variables.positive(owners)
        if arrives is not None:
            above = Sum.of([count[domain], least.times(-1)])
            model.add(above.expression() <= rule.max_skew).only_enforce_if(arrives)
