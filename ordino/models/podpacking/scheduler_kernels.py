"""Compiled replay of kube-scheduler: queue, filters, scores, preemption.

Follows the default plugins of Kubernetes 1.32: NodeResourcesFit, NodeResourcesBalancedAllocation
and PodTopologySpread with its built-in constraints score; DefaultPreemption chooses victims.
Scores that are the same on every node are left out.
"""

from __future__ import annotations

import math

import numpy as np
from numba import types

from ordino.core.kernel import kernel
from ordino.core.random_kernels import below
from ordino.models.podpacking.scheduler_state import Cluster, Scoring, State

__all__ = ["arrive", "occupy", "run"]

AFFINITY, ANTI_AFFINITY, SPREAD = 0, 1, 2
LEAST, MOST, RATIO = 0, 1, 2

QUEUED, WAITING, SEQUENCE, START, CLOCK, LOGGED, EVICTIONS = range(7)
"""Places in `State.counts`."""

FULL_SCORE = 100
SPREAD_WEIGHT = 2
HOST_SKEW, ZONE_SKEW = 3, 5
FEASIBLE_NODES = 100
"""As many are always looked for; on large clusters, a share of the nodes if that is more."""

_I, _M = types.int64[::1], types.int64[:, ::1]
_N, _B = types.int64, types.boolean
_CODES = types.Array(types.uint8, 2, "C", readonly=True)
_CLUSTER = types.NamedTuple(
    (_M, *[_I] * 5, _M, _M, _I, _I, _CODES, *[_I] * 4, _M, *[_I] * 12), Cluster
)
_STATE = types.NamedTuple(
    (_M, _M, *[_I] * 11, _M, *[_I] * 8, _M, _M, _I, _I, types.uint64[::1]), State
)
_SCORING = types.NamedTuple((_N, _I, _I, _N, _N, _N, _N), Scoring)


# The queue: greatest priority first, then longest in the queue


@kernel(_B(_CLUSTER, _STATE, _N, _N))
def _ahead(c, s, one, other):  # type: ignore[no-untyped-def]
    first, second = c.priority[c.kind[one]], c.priority[c.kind[other]]
    if first != second:
        return first > second
    return s.key[one] < s.key[other]


@kernel(types.void(_CLUSTER, _STATE, _N))
def _push(c, s, pod):  # type: ignore[no-untyped-def]
    place = s.counts[QUEUED]
    s.counts[QUEUED] += 1
    while place > 0:
        parent = (place - 1) // 2
        if not _ahead(c, s, pod, s.heap[parent]):
            break
        s.heap[place] = s.heap[parent]
        place = parent
    s.heap[place] = pod


@kernel(types.int64(_CLUSTER, _STATE))
def _pop(c, s):  # type: ignore[no-untyped-def]
    top = s.heap[0]
    s.counts[QUEUED] -= 1
    size = s.counts[QUEUED]
    pod = s.heap[size]
    place = 0
    while True:
        child = 2 * place + 1
        if child >= size:
            break
        if child + 1 < size and _ahead(c, s, s.heap[child + 1], s.heap[child]):
            child += 1
        if not _ahead(c, s, s.heap[child], pod):
            break
        s.heap[place] = s.heap[child]
        place = child
    s.heap[place] = pod
    return top


@kernel(types.void(_CLUSTER, _STATE, _N))
def arrive(c, s, pod):  # type: ignore[no-untyped-def]
    """Put a new pod into the queue."""
    s.key[pod] = s.counts[SEQUENCE]
    s.counts[SEQUENCE] += 1
    s.failed[pod] = -1
    _push(c, s, pod)


# What lies on nodes


@kernel(types.void(_CLUSTER, _STATE, _N, _N, _N))
def _count(c, s, pod, node, sign):  # type: ignore[no-untyped-def]
    """Add a pod to what a node holds and terms count, or with -1 take it off."""
    k = c.kind[pod]
    for r in range(c.request.shape[1]):
        s.used[node, r] += sign * c.request[k, r]
    s.used_scored[node, 0] += sign * c.scored[k, 0]
    s.used_scored[node, 1] += sign * c.scored[k, 1]
    if c.owner[pod] >= 0 and c.zone[node] >= 0:
        s.owner_zone[c.owner[pod], c.zone[node]] += sign
    for e in range(c.counted_first[k], c.counted_first[k + 1]):
        term = c.counted[e]
        domain = c.key_domain[c.term_key[term], node]
        s.total[term] += sign
        if domain >= 0:
            s.matching[c.term_first[term] + domain] += sign
    for e in range(c.rule_first[k], c.rule_first[k + 1]):
        if c.rule_kind[e] == ANTI_AFFINITY:
            term = c.rule_term[e]
            domain = c.key_domain[c.term_key[term], node]
            if domain >= 0:
                s.owning[c.term_first[term] + domain] += sign


@kernel(types.void(_CLUSTER, _STATE, _N, _N))
def occupy(c, s, pod, node):  # type: ignore[no-untyped-def]
    """Bind a pod to a node."""
    _count(c, s, pod, node, 1)
    s.node[pod] = node
    head = s.first[node]
    s.behind[pod], s.before[pod] = head, -1
    if head >= 0:
        s.before[head] = pod
    s.first[node] = pod


@kernel(types.void(_CLUSTER, _STATE, _N))
def _leave(c, s, pod):  # type: ignore[no-untyped-def]
    node = s.node[pod]
    _count(c, s, pod, node, -1)
    s.node[pod] = -1
    before, behind = s.before[pod], s.behind[pod]
    if before >= 0:
        s.behind[before] = behind
    else:
        s.first[node] = behind
    if behind >= 0:
        s.before[behind] = before


@kernel(types.void(_STATE, _N))
def _log(s, node):  # type: ignore[no-untyped-def]
    """Note that there may be more room on a node; a full log is begun anew, all look everywhere."""
    if s.counts[LOGGED] == s.log.size:
        s.counts[LOGGED] = 0
        s.failed[:] = -1
    s.log[s.counts[LOGGED]] = node
    s.counts[LOGGED] += 1


@kernel(types.void(_STATE, _N, _N))
def _nominate(s, pod, node):  # type: ignore[no-untyped-def]
    """Keep a node's room for a pod, or with -1 no longer."""
    held = s.nominated[pod]
    if held >= 0:
        if s.nominee[held] == pod:
            s.nominee[held] = s.nominee_behind[pod]
        else:
            other = s.nominee[held]
            while s.nominee_behind[other] != pod:
                other = s.nominee_behind[other]
            s.nominee_behind[other] = s.nominee_behind[pod]
        _log(s, held)
    s.nominated[pod] = node
    if node >= 0:
        s.nominee_behind[pod] = s.nominee[node]
        s.nominee[node] = pod


# Filters


@kernel(_B(_CLUSTER, _STATE, _N, _N))
def _fits_alone(c, s, k, node):  # type: ignore[no-untyped-def]
    for r in range(c.request.shape[1]):
        asked = c.request[k, r]
        if asked > 0 and s.used[node, r] + asked > c.capacity[node, r]:
            return False
    for e in range(c.rule_first[k], c.rule_first[k + 1]):
        term = c.rule_term[e]
        domain = c.key_domain[c.term_key[term], node]
        there = s.matching[c.term_first[term] + domain] if domain >= 0 else 0
        if c.rule_kind[e] == ANTI_AFFINITY:
            if there > 0:
                return False
        elif domain < 0:
            return False
        elif c.rule_kind[e] == AFFINITY:
            if there == 0 and not (s.total[term] == 0 and c.rule_self[e]):
                return False
        elif there + c.rule_self[e] - min(s.low[e], there) > c.rule_skew[e]:
            return False
    for e in range(c.counted_first[k], c.counted_first[k + 1]):
        term = c.counted[e]
        domain = c.key_domain[c.term_key[term], node]
        if domain >= 0 and s.owning[c.term_first[term] + domain] > 0:
            return False
    return True


@kernel(_B(_CLUSTER, _STATE, _N, _N))
def _fits(c, s, pod, node):  # type: ignore[no-untyped-def]
    """Tell whether a pod fits, beside those of at least its priority that are nominated too."""
    k = c.kind[pod]
    if c.barred[c.eligibility[k], node]:
        return False
    others = False
    q = s.nominee[node]
    while q >= 0:
        if q != pod and c.priority[c.kind[q]] >= c.priority[k]:
            _count(c, s, q, node, 1)
            others = True
        q = s.nominee_behind[q]
    fits = _fits_alone(c, s, k, node)
    if others:
        q = s.nominee[node]
        while q >= 0:
            if q != pod and c.priority[c.kind[q]] >= c.priority[k]:
                _count(c, s, q, node, -1)
            q = s.nominee_behind[q]
        fits = fits and _fits_alone(c, s, k, node)
    return fits


@kernel(types.void(_CLUSTER, _STATE, _N))
def _measure_spread(c, s, k):  # type: ignore[no-untyped-def]
    """Find the least count over the domains of each spread rule of a class."""
    for e in range(c.rule_first[k], c.rule_first[k + 1]):
        if c.rule_kind[e] == SPREAD:
            low = np.int64(0 if c.rule_floor[e] else 2**62)
            for x in range(c.domain_first[e], c.domain_first[e + 1]):
                low = min(low, s.matching[c.term_first[c.rule_term[e]] + c.domain[x]])
            s.low[e] = low


@kernel(_B(_CLUSTER, _STATE, _N))
def _plain(c, s, pod):  # type: ignore[no-untyped-def]
    """Tell whether a pod that failed needs a look only at nodes on which room was freed since."""
    k = c.kind[pod]
    return (
        s.failed[pod] >= 0
        and c.rule_first[k] == c.rule_first[k + 1]
        and c.counted_first[k] == c.counted_first[k + 1]
    )


# Scores


@kernel(_N(_I, _I, _N))
def _on_shape(utilisation, points, x):  # type: ignore[no-untyped-def]
    """Score a utilisation on a piecewise linear shape."""
    if x <= utilisation[0]:
        return points[0]
    for i in range(1, utilisation.size):
        if x <= utilisation[i]:
            rise = (points[i] - points[i - 1]) * (x - utilisation[i - 1])
            width = utilisation[i] - utilisation[i - 1]
            return points[i - 1] + np.int64(rise / width)  # towards 0, as Go divides
    return points[-1]


@kernel(types.void(_CLUSTER, _STATE, _SCORING, _N, _N))
def _rate_resources(c, s, o, k, found):  # type: ignore[no-untyped-def]
    """Score feasible nodes by NodeResourcesFit and NodeResourcesBalancedAllocation."""
    capacity, used, used_scored, request, scored = (
        c.capacity,
        s.used,
        s.used_scored,
        c.request,
        c.scored,
    )
    utilisation, points, feasible, total = o.utilisation, o.points, s.feasible, s.score
    for y in range(found):
        node = feasible[y]
        fit, weights, kinds = np.int64(0), 0, 0
        first_share, last_share = 0.0, 0.0
        for x in range(2):
            column = c.columns[x]
            there = capacity[node, column] if column >= 0 else 0
            if there <= 0:
                continue
            counted = used_scored[node, x] + scored[k, x]
            if o.strategy == LEAST:
                score = max(0, there - counted) * FULL_SCORE // there
            elif o.strategy == MOST:
                score = min(counted, there) * FULL_SCORE // there
            else:
                score = _on_shape(utilisation, points, min(counted, there) * FULL_SCORE // there)
            fit += score
            weights += o.strategy != RATIO or score > 0
            share = min(1.0, (used[node, column] + request[k, column]) / there)
            first_share, last_share = last_share, share
            kinds += 1
        if weights:
            exact = fit / weights
            fit = np.int64(math.floor(exact + 0.5 if o.strategy == RATIO else exact))
        deviation = abs(first_share - last_share) / 2 if kinds == 2 else 0.0
        total[0, y] = fit + np.int64((1 - deviation) * FULL_SCORE)


@kernel(types.void(_CLUSTER, _STATE, _N, _N))
def _rate_spread(c, s, owner, found):  # type: ignore[no-untyped-def]
    """Add what PodTopologySpread scores feasible nodes for a pod of a controller."""
    zone, feasible, score, owners, behind = c.zone, s.feasible, s.score, c.owner, s.behind
    zones = 0
    if s.owner_zone.shape[1] > 0:
        seen = np.zeros(s.owner_zone.shape[1], np.uint8)
        for x in range(found):
            domain = zone[feasible[x]]
            if domain >= 0 and not seen[domain]:
                seen[domain] = 1
                zones += 1
    host_weight, zone_weight = math.log(found + 2.0), math.log(zones + 2.0)
    least, most = np.int64(2**62), np.int64(0)
    for x in range(found):
        node = feasible[x]
        here = 0
        q = s.first[node]
        while q >= 0:
            here += owners[q] == owner
            q = behind[q]
        raw = here * host_weight + (HOST_SKEW - 1)
        if zone[node] >= 0:
            raw += s.owner_zone[owner, zone[node]] * zone_weight + (ZONE_SKEW - 1)
        rounded = np.int64(math.floor(raw + 0.5))
        score[1, x] = rounded
        least, most = min(least, rounded), max(most, rounded)
    for x in range(found):
        spread = FULL_SCORE * (most + least - score[1, x]) // most if most else FULL_SCORE
        score[0, x] += SPREAD_WEIGHT * spread


# Scheduling one pod


@kernel(types.int64(_CLUSTER, _STATE, _N))
def _find(c, s, pod):  # type: ignore[no-untyped-def]
    """Collect feasible nodes; returns how many."""
    nodes = c.capacity.shape[0]
    wanted = s.nominated[pod]
    if wanted >= 0 and _fits(c, s, pod, wanted):
        s.feasible[0] = wanted
        return 1
    found = 0
    if _plain(c, s, pod):
        for x in range(s.failed[pod], s.counts[LOGGED]):
            node = s.log[x]
            again = False
            for y in range(found):
                again = again or s.feasible[y] == node
            if not again and _fits(c, s, pod, node):
                s.feasible[found] = node
                found += 1
        return found
    enough = nodes
    if nodes >= FEASIBLE_NODES:
        enough = max(FEASIBLE_NODES, nodes * max(5, 50 - nodes // 125) // 100)
    looked = 0
    k = c.kind[pod]
    lonely = c.rule_first[k] == c.rule_first[k + 1] and c.counted_first[k] == c.counted_first[k + 1]
    capacity, used, asked, nominee, order = c.capacity, s.used, c.request[k], s.nominee, c.order
    barred, feasible, start = c.barred[c.eligibility[k]], s.feasible, s.counts[START]
    while looked < nodes and found < enough:
        node = order[(start + looked) % nodes]
        looked += 1
        if barred[node]:
            continue
        fits = True
        for r in range(asked.size):
            fits = fits and (asked[r] == 0 or used[node, r] + asked[r] <= capacity[node, r])
        if fits and not (lonely and nominee[node] < 0):
            fits = _fits(c, s, pod, node)
        if fits:
            feasible[found] = node
            found += 1
    s.counts[START] = (s.counts[START] + looked) % nodes
    return found


@kernel(types.int64(_CLUSTER, _STATE, _SCORING, _N))
def _select(c, s, o, found):  # type: ignore[no-untyped-def]
    """Return the feasible node of the best score."""
    best, ties = 0, 1
    for x in range(1, found):
        if s.score[0, x] > s.score[0, best]:
            best, ties = x, 1
        elif s.score[0, x] == s.score[0, best]:
            ties += 1
            if o.random:
                if below(s.random, ties) == 0:
                    best = x
            elif s.feasible[x] < s.feasible[best]:
                best = x
    return s.feasible[best]


@kernel(types.int64(_CLUSTER, _STATE, _SCORING, _N, _N, _I, _I))
def _victims(c, s, o, pod, node, scratch, key):  # type: ignore[no-untyped-def]
    """Find which pods of lower priority must leave a node for a pod, and rank that in `key`.

    Returns how many, in `scratch`; 0 where evictions do not help.
    """
    priority = c.priority[c.kind[pod]]
    count = 0
    q = s.first[node]
    while q >= 0:
        rank = c.priority[c.kind[q]]
        if rank < priority and c.preemptable[q]:
            place = count
            while place > 0:
                other = scratch[place - 1]
                above = c.priority[c.kind[other]]
                if above > rank or (above == rank and s.started[other] <= s.started[q]):
                    break
                scratch[place] = other
                place -= 1
            scratch[place] = q
            count += 1
        q = s.behind[q]
    if count == 0:
        return 0
    for x in range(count):
        _count(c, s, scratch[x], node, -1)
    if not _fits(c, s, pod, node):
        for x in range(count):
            _count(c, s, scratch[x], node, 1)
        return 0
    violating = np.zeros(count, np.uint8)
    for x in range(count):
        k = c.kind[scratch[x]]
        for e in range(c.budget_first[k], c.budget_first[k + 1]):
            b = c.budget[e]
            s.spent[b] += 1
            if s.spent[b] > s.allowed[b]:
                violating[x] = 1
    for x in range(count):
        k = c.kind[scratch[x]]
        for e in range(c.budget_first[k], c.budget_first[k + 1]):
            s.spent[c.budget[e]] = 0
    stays = np.zeros(count, np.uint8)
    key[0] = 0
    for broken in (1, 0):
        for x in range(count):
            if violating[x] == broken:
                _count(c, s, scratch[x], node, 1)
                if _fits(c, s, pod, node):
                    stays[x] = 1
                else:
                    _count(c, s, scratch[x], node, -1)
                    key[0] += broken
    kept = 0
    for x in range(count):
        if not stays[x]:
            _count(c, s, scratch[x], node, 1)
            scratch[kept] = scratch[x]
            kept += 1
    if kept == 0 or (o.strict and key[0]) or s.counts[EVICTIONS] + kept > o.evictions:
        return 0
    highest = c.priority[c.kind[scratch[0]]]
    key[1], key[2], key[3] = highest, 0, kept
    earliest = np.int64(2**62)
    for x in range(kept):
        q = scratch[x]
        key[2] += c.priority[c.kind[q]] + 2**31
        if c.priority[c.kind[q]] == highest:
            earliest = min(earliest, s.started[q])
    key[4] = -earliest
    return kept


@kernel(_B(_CLUSTER, _STATE, _SCORING, _N))
def _preempt(c, s, o, pod):  # type: ignore[no-untyped-def]
    """Evict pods so that a pod fits on a node, and nominate it there; returns whether."""
    nodes = c.capacity.shape[0]
    plain = _plain(c, s, pod)
    k = c.kind[pod]
    places = s.counts[LOGGED] - s.failed[pod] if plain else nodes
    enough = min(nodes, max(100, nodes // 10))
    offset = 0
    if o.random and places > 0 and not plain:
        offset = below(s.random, nodes)
    key, best = np.zeros(5, np.int64), np.zeros(5, np.int64)
    scratch, chosen = s.victims[0], s.victims[1]
    candidates, harmless, target, evicted = 0, 0, -1, 0
    for x in range(places):
        if candidates >= enough and harmless > 0:
            break
        node = s.log[s.failed[pod] + x] if plain else c.order[(offset + x) % nodes]
        if c.barred[c.eligibility[k], node]:
            continue
        count = _victims(c, s, o, pod, node, scratch, key)
        if count == 0:
            continue
        candidates += 1
        harmless += key[0] == 0
        better = target < 0
        if not better:
            for y in range(5):
                if key[y] != best[y]:
                    better = key[y] < best[y]
                    break
        if better:
            target, evicted = node, count
            best[:] = key
            chosen[:count] = scratch[:count]
    if target < 0:
        return False
    for x in range(evicted):
        q = chosen[x]
        _leave(c, s, q)
        v = c.kind[q]
        for e in range(c.budget_first[v], c.budget_first[v + 1]):
            s.allowed[c.budget[e]] -= 1
    s.counts[EVICTIONS] += evicted
    _log(s, target)
    q = s.nominee[target]
    while q >= 0:
        after = s.nominee_behind[q]
        if c.priority[c.kind[q]] < c.priority[k]:
            _nominate(s, q, -1)
        q = after
    _nominate(s, pod, target)
    arrive(c, s, pod)
    for x in range(evicted):
        arrive(c, s, chosen[x])
    return True


@kernel(types.void(_CLUSTER, _STATE))
def _retry(c, s):  # type: ignore[no-untyped-def]
    """Put all that were found unschedulable back into the queue."""
    for x in range(s.counts[WAITING]):
        _push(c, s, s.waiting[x])
    s.counts[WAITING] = 0


@kernel(_B(_CLUSTER, _STATE, _SCORING, _N))
def run(c, s, o, most):  # type: ignore[no-untyped-def]
    """Schedule from the queue until it is empty; returns whether it is.

    Stops after some `most` nodes looked at. O(nodes looked at x resources) a pod.
    """
    looked = 0
    nodes = c.capacity.shape[0]
    while s.counts[QUEUED] > 0:
        if looked >= most:
            return False
        pod = _pop(c, s)
        k = c.kind[pod]
        _measure_spread(c, s, k)
        looked += 10 if _plain(c, s, pod) else nodes
        found = _find(c, s, pod)
        if found:
            if found > 1:
                _rate_resources(c, s, o, k, found)
                if c.owner[pod] >= 0:
                    _rate_spread(c, s, c.owner[pod], found)
                node = _select(c, s, o, found)
            else:
                node = s.feasible[0]
            _nominate(s, pod, -1)
            occupy(c, s, pod, node)
            s.started[pod] = s.counts[CLOCK]
            if c.counted_first[k] < c.counted_first[k + 1]:
                _retry(c, s)  # some rule may wait for pods such as this
            continue
        _nominate(s, pod, -1)
        if o.preemption and c.preempts[k] and _preempt(c, s, o, pod):
            looked += nodes
            _retry(c, s)
            continue
        s.key[pod] = s.counts[SEQUENCE]
        s.counts[SEQUENCE] += 1
        s.failed[pod] = s.counts[LOGGED]
        s.waiting[s.counts[WAITING]] = pod
        s.counts[WAITING] += 1
    return True
