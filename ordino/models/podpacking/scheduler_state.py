"""The arrays on which the default scheduler of Kubernetes is replayed.

`n` nodes, `p` pods of `k` classes, `r` resources. A *term* is a label selector with a topology key:
it counts the pods that the selector matches, by domain (the values of the key), and lies in the
flat arrays of counts from `term_first` on.
"""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["Cluster", "Scoring", "State"]


class Cluster(NamedTuple):
    """What stays as it is.

    Lists of lists are flat: those of class k are `budget[budget_first[k]:budget_first[k + 1]]`.

    Attributes:
        capacity: Of each node and resource; shape (n, r).
        zone: Of each node, -1 without one; shape (n,).
        order: Nodes in the order in which the scheduler walks them; shape (n,).
        kind: Class of each pod; shape (p,).
        preemptable: Whether a pod may be evicted by others; shape (p,).
        owner: Controller of each pod, -1 without one; shape (p,).
        request: Of each class and resource; shape (k, r).
        scored: Requests of cpu and memory as scoring counts them; shape (k, 2).
        columns: Where cpu and memory are among the resources, -1 for nowhere.
        eligibility: Row of `barred` of each class; shape (k,).
        barred: 0 where a node passes the filters that look at nothing else; shape (sets, n).
        priority: Shape (k,).
        preempts: Whether pods of a class may evict others; shape (k,).
        budget_first: Shape (k + 1,).
        budget: Disruption budgets of each class, flat.
        key_domain: Domain of each node by topology, -1 without one; shape (topologies, n).
        term_key: Topology of each term; shape (terms,).
        term_first: Where a term's counts begin; shape (terms + 1,).
        counted_first: Shape (k + 1,).
        counted: Terms that count each class, flat.
        rule_first: Shape (k + 1,).
        rule_kind: Of the rules that each class brings, flat: `AFFINITY`, `ANTI_AFFINITY`, `SPREAD`.
        rule_term: Its term.
        rule_skew: Greatest skew of a spread rule.
        rule_self: Whether the rule's term counts the pod that brings it.
        rule_floor: Whether the least count of a spread rule is taken to be 0.
        domain_first: Shape (rules + 1,).
        domain: Domains that count for each spread rule, flat.
    """

    capacity: Any
    zone: Any
    order: Any
    kind: Any
    preemptable: Any
    owner: Any
    request: Any
    scored: Any
    columns: Any
    eligibility: Any
    barred: Any
    priority: Any
    preempts: Any
    budget_first: Any
    budget: Any
    key_domain: Any
    term_key: Any
    term_first: Any
    counted_first: Any
    counted: Any
    rule_first: Any
    rule_kind: Any
    rule_term: Any
    rule_skew: Any
    rule_self: Any
    rule_floor: Any
    domain_first: Any
    domain: Any


class State(NamedTuple):
    """What changes.

    Attributes:
        used: Shape (n, r).
        used_scored: Shape (n, 2).
        node: Of each pod, -1 without one; shape (p,).
        first: First pod on each node, -1 for none; shape (n,).
        behind: Next pod on the same node; shape (p,).
        before: Previous pod on the same node; shape (p,).
        started: When each pod started, in seconds; shape (p,).
        nominated: Node whose room is kept for a pod, or -1; shape (p,).
        nominee: First pod nominated to each node; shape (n,).
        nominee_behind: Next pod nominated to the same node; shape (p,).
        matching: Pods counted, by term and domain; flat.
        owning: Pods that bring an anti-affinity, by term and domain; flat.
        total: Pods counted by each term; shape (terms,).
        owner_zone: Pods by controller and zone; shape (owners, zones).
        allowed: Disruptions that each budget still allows.
        spent: Scratch, as long as `allowed`.
        heap: Pods in the queue; shape (p,).
        key: Order in the queue among equals; shape (p,).
        waiting: Pods found unschedulable; shape (p,).
        failed: Length of `log` when a pod was last found unschedulable, -1 before; shape (p,).
        log: Nodes on which room was freed, in order.
        feasible: Scratch; shape (n,).
        score: Scratch; shape (2, n).
        victims: Scratch: on a node, and of the best node; shape (3, p).
        low: Scratch: least count over all domains of each rule; shape (rules,).
        counts: Numbers named in the kernels.
        random: State of the random numbers, one value other than 0.
    """

    used: Any
    used_scored: Any
    node: Any
    first: Any
    behind: Any
    before: Any
    started: Any
    nominated: Any
    nominee: Any
    nominee_behind: Any
    matching: Any
    owning: Any
    total: Any
    owner_zone: Any
    allowed: Any
    spent: Any
    heap: Any
    key: Any
    waiting: Any
    failed: Any
    log: Any
    feasible: Any
    score: Any
    victims: Any
    low: Any
    counts: Any
    random: Any


class Scoring(NamedTuple):
    """How the scheduler is configured.

    Attributes:
        strategy: `LEAST`, `MOST` or `RATIO` allocated.
        utilisation: Of the points of a shape, ascending, 0 to 100.
        points: Score at each, 0 to 100.
        preemption: Whether pods may evict others.
        random: Whether ties are broken at random, else by order.
        strict: Whether disruption budgets are kept, instead of kept where possible.
        evictions: Most pods that are evicted.
    """

    strategy: int
    utilisation: Any
    points: Any
    preemption: int
    random: int
    strict: int
    evictions: int
