"""Rules between pods as Kubernetes writes them, and the rules on classes that are made of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ordino.instances.podpacking.eligibility import Eligibility
from ordino.instances.podpacking.objects import Claim, NodeObject, PodObject, SpreadTerm, Term
from ordino.instances.podpacking.selectors import selects
from ordino.models.podpacking.rules import (
    ZONE,
    Affinity,
    Separation,
    Spread,
    Topology,
    domains_of,
)

__all__ = ["Namespaces", "PodRule", "made_rules", "memberships", "rules_of"]

Namespaces = dict[str, dict[str, str]]
"""Labels, by name."""


@dataclass(slots=True)
class PodRule:
    """A rule that some pods own, as those pods write it; it looks at some nodes, or at all."""

    make: Callable[[int, tuple[int, ...], tuple[int, ...]], Any]
    key: str
    matches: Callable[[PodObject], bool]
    nodes: int | None = None
    owners: list[int] = field(default_factory=list)


def rules_of(
    pods: list[PodObject], eligibility: Eligibility, spaces: Namespaces
) -> dict[Hashable, PodRule]:
    """Collect the rules of all pods, each once, with the numbers of the pods that own it."""
    rules: dict[Hashable, PodRule] = {}
    for index, pod in enumerate(pods):
        for term in pod.apart:
            rule = rules.setdefault(("apart", term), _apart(term, spaces))
            rule.owners.append(index)
        if pod.together:
            for key in dict.fromkeys(term.key for term in pod.together):
                identity: Hashable = ("together", key, pod.together)
                rule = rules.setdefault(identity, _together(key, pod.together, spaces))
                rule.owners.append(index)
        for spread in pod.spreads:
            counting = eligibility.counting(pod, spread)
            identity = ("spread", spread, pod.namespace, counting)
            rule = rules.setdefault(identity, _spread(spread, pod.namespace, counting))
            rule.owners.append(index)
        for claim in pod.ports:
            rules.setdefault(("port", claim), _port(claim)).owners.append(index)
    return rules


def _in(term: Term, pod: PodObject, spaces: Namespaces) -> bool:
    named = pod.namespace in term.namespaces
    if not named and term.among is not None:
        named = pod.namespace not in spaces or selects(term.among, spaces[pod.namespace])
    return named and selects(term.selector, pod.labels)


def _apart(term: Term, spaces: Namespaces) -> PodRule:
    return PodRule(
        lambda t, owners, targets: Separation(
            t, owners, targets, text=f"anti-affinity by {term.key}"
        ),
        term.key,
        lambda pod: _in(term, pod, spaces),
    )


def _together(key: str, terms: tuple[Term, ...], spaces: Namespaces) -> PodRule:
    """A pod is company only if all terms match it."""
    return PodRule(
        lambda t, owners, targets: Affinity(t, owners, targets, text=f"affinity by {key}"),
        key,
        lambda pod: all(_in(term, pod, spaces) for term in terms),
    )


def _port(claim: Claim) -> PodRule:
    def clashes(pod: PodObject) -> bool:
        return any(
            (claim.port, claim.protocol) == (other.port, other.protocol)
            and (claim.address == other.address or "0.0.0.0" in (claim.address, other.address))
            for other in pod.ports
        )

    text = f"host port {claim.port}/{claim.protocol}"
    return PodRule(
        lambda t, owners, targets: Separation(t, owners, targets, kind="host port", text=text),
        "",
        clashes,
    )


def _spread(spread: SpreadTerm, namespace: str, counting: int) -> PodRule:
    return PodRule(
        lambda t, owners, targets: Spread(
            t,
            owners,
            targets,
            max_skew=spread.max_skew,
            min_domains=spread.min_domains,
            text=f"spread over {spread.key}",
        ),
        spread.key,
        lambda pod: (
            pod.namespace == namespace and not pod.deleted and selects(spread.selector, pod.labels)
        ),
        counting,
    )


def memberships(pods: list[PodObject], rules: list[PodRule]) -> list[tuple[int, ...]]:
    """Return for each pod the rules that look at it; pods with the same labels are asked once."""
    known: dict[Hashable, tuple[int, ...]] = {}
    found = []
    for pod in pods:
        key = (pod.namespace, tuple(sorted(pod.labels.items())), pod.ports, pod.deleted)
        if key not in known:
            known[key] = tuple(i for i, rule in enumerate(rules) if rule.matches(pod))
        found.append(known[key])
    return found


def made_rules(
    rules: list[PodRule], keys: list[Any], nodes: list[NodeObject], eligibility: Eligibility
) -> tuple[tuple[Topology, ...], list[Any]]:
    """Make the topologies, and the rules on classes."""
    topologies: dict[tuple[str, int | None], Topology] = {}

    def topology(key: str, counts: Sequence[bool]) -> Topology:
        labels = [node.labels.get(key) if key else node.name for node in nodes]
        shown = [each if count else None for each, count in zip(labels, counts, strict=True)]
        return Topology(key, *domains_of(shown))

    every = [True] * len(nodes)
    if any(ZONE in node.labels for node in nodes):  # the default scheduler looks at zones
        topologies[ZONE, None] = topology(ZONE, every)
    owners: list[list[int]] = [[] for _ in rules]
    targets: list[list[int]] = [[] for _ in rules]
    for c, key in enumerate(keys):
        for index in key[3]:
            owners[index].append(c)
        for index in key[4]:
            targets[index].append(c)
    made = []
    for index, rule in enumerate(rules):
        where = (rule.key, rule.nodes)
        if where not in topologies:
            counts = every if rule.nodes is None else eligibility.counted[rule.nodes]
            topologies[where] = topology(rule.key, counts)
        number = list(topologies).index(where)
        each = rule.make(number, tuple(owners[index]), tuple(targets[index]))
        if isinstance(each, Spread):
            each = replace(each, domains=tuple(range(topologies[where].domains)))
        made.append(each)
    return tuple(topologies.values()), made
