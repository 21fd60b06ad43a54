"""Compiled annealing of pods that take devices: relocations, exchanges, evictions.

The energy is the worth of what is not placed plus, for each node, how badly its rests fit: rests of
devices that are begun, and devices that lack other resources beside them.
"""

from __future__ import annotations

import math

from ordino.core.kernel import kernel
from ordino.core.random_kernels import below

__all__ = ["BEST", "LOST", "WAITING", "anneal"]

WAITING, LOST, BEST = range(3)
"""Places in `state`: pods without a node, their worth, the least worth seen."""

_I, _M, _F = "int64[::1]", "int64[:, ::1]", "float64[::1]"


@kernel(f"float64(int64, {_M}, {_M}, {_F}, int64, float64)")
def _misfit(node, free, left, beside, size, begun):  # type: ignore[no-untyped-def]
    """Return the energy of what is left on a node."""
    rests, total = 0.0, 0.0
    for d in range(left.shape[1]):
        x = left[node, d]
        total += x
        rests += x * (size - x) / size
    short = 0.0
    for r in range(free.shape[1]):
        if beside[r] > 0:
            short = max(short, total - free[node, r] / beside[r])
    return begun * rests + short


@kernel(f"boolean(int64, {_I}, {_I}, {_M}, {_M}, {_M}, int64, int64)")
def _fits(size, share, whole, demand, free, left, k, node):  # type: ignore[no-untyped-def]
    for r in range(free.shape[1]):
        if demand[k, r] > 0 and free[node, r] < demand[k, r]:
            return False
    if share[k] == 0 and whole[k] == 0:
        return True
    empty, widest = 0, 0
    for d in range(left.shape[1]):
        empty += left[node, d] == size
        widest = max(widest, left[node, d])
    return widest >= share[k] and empty >= whole[k]


@kernel(f"int64(int64, {_I}, {_I}, {_M}, {_M}, {_M}, int64, int64)")
def _put(size, share, whole, demand, free, left, k, node):  # type: ignore[no-untyped-def]
    """Take room for a pod on a node; returns its devices as bits."""
    for r in range(free.shape[1]):
        free[node, r] -= demand[k, r]
    bits = 0
    if share[k]:
        best = -1
        for d in range(left.shape[1]):
            x = left[node, d]
            if x >= share[k] and (best < 0 or x < left[node, best]):
                best = d
        left[node, best] -= share[k]
        bits = 1 << best
    wanted = whole[k]
    for d in range(left.shape[1]):
        if wanted and left[node, d] == size:
            left[node, d] = 0
            bits |= 1 << d
            wanted -= 1
    return bits


@kernel(f"void(int64, {_I}, {_M}, {_M}, {_M}, int64, int64, int64, int64)")
def _shift(size, share, demand, free, left, k, node, bits, sign):  # type: ignore[no-untyped-def]
    """Give back the room of a pod with these devices, or with -1 take it."""
    for r in range(free.shape[1]):
        free[node, r] += sign * demand[k, r]
    amount = share[k] if share[k] else size
    for d in range(left.shape[1]):
        if bits >> d & 1:
            left[node, d] += sign * amount


@kernel(
    f"void(int64, {_I}, {_I}, {_M}, {_F}, {_I}, {_I}, uint8[:, ::1], {_F}, float64, {_I}, "
    f"float64, float64, int64, {_M}, {_M}, {_I}, {_I}, {_I}, {_I}, {_I}, {_I}, {_I}, {_I}, {_I}, "
    f"{_I}, uint64[::1])"
)
def anneal(  # type: ignore[no-untyped-def]
    size, share, whole, demand, weight, worth, eligibility, barred, beside, begun, kind,
    hot, cool, proposals, free, left, node, bits, first, behind, before, there, waiting, place,
    best, state, random,
):  # fmt: skip
    """Propose that a pod goes to a random node, in the place of another if it must.

    That one takes its place, if it can, or waits. Metropolis' rule.

    Args:
        size: Of a device.
        share: What a pod of each class takes of one device; shape (classes,).
        whole: Devices it takes for itself; shape (classes,).
        demand: Of other resources; shape (classes, resources).
        weight: Energy of one that waits; shape (classes,).
        worth: What it counts; shape (classes,).
        eligibility: Row of `barred`; shape (classes,).
        barred: Where pods may not go, other than 0; shape (sets, nodes).
        beside: Of each resource, what is asked a unit of device.
        begun: Weight of rests of devices.
        kind: Class of each pod; shape (pods,).
        hot: Temperature of the first proposal.
        cool: Factor to that of the next.
        proposals: How many.
        free: Of each node and resource; changed, as is all that follows.
        left: Of each node and device.
        node: Of each pod, or -1.
        bits: Devices of each pod.
        first: First pod on each node, or -1.
        behind: Next pod on the same node.
        before: Previous one.
        there: Pods on each node.
        waiting: Pods without a node, first `state[WAITING]`.
        place: Of each pod in `waiting`, or -1.
        best: `node` and `bits` where the least worth was lost; shape (2 x pods,).
        state: See the names of its places.
        random: State of the random numbers, one value other than 0.
    """
    pods, nodes = kind.size, free.shape[0]
    temperature = hot
    for _ in range(proposals):
        temperature *= cool
        if state[WAITING] and below(random, 2):
            p = waiting[below(random, state[WAITING])]
        else:
            p = below(random, pods)
        i, j, k = node[p], below(random, nodes), kind[p]
        if j == i or barred[eligibility[k], j]:
            continue
        change = _misfit(j, free, left, beside, size, begun)
        p_bits = bits[p]
        if i >= 0:
            change += _misfit(i, free, left, beside, size, begun)
            _shift(size, share, demand, free, left, k, i, p_bits, 1)
        q, kq, q_bits, q_new, to = -1, 0, 0, 0, -1
        fits = _fits(size, share, whole, demand, free, left, k, j)
        if not fits and there[j]:
            q = first[j]
            for _step in range(below(random, there[j])):
                q = behind[q]
            kq, q_bits = kind[q], bits[q]
            _shift(size, share, demand, free, left, kq, j, q_bits, 1)
            fits = _fits(size, share, whole, demand, free, left, k, j)
        accepted = False
        p_new = 0
        if fits:
            p_new = _put(size, share, whole, demand, free, left, k, j)
            if q >= 0:
                if (
                    i >= 0
                    and not barred[eligibility[kq], i]
                    and _fits(size, share, whole, demand, free, left, kq, i)
                ):
                    to = i
                    q_new = _put(size, share, whole, demand, free, left, kq, i)
                else:
                    change -= weight[kq]
            change += weight[k] if i < 0 else 0.0
            change -= _misfit(j, free, left, beside, size, begun)
            if i >= 0:
                change -= _misfit(i, free, left, beside, size, begun)
            # `change` is by how much the energy falls
            accepted = change >= 0 or (
                below(random, 2**31) < math.exp(change / temperature) * 2.0**31
            )
            if not accepted:
                if to >= 0:
                    _shift(size, share, demand, free, left, kq, i, q_new, 1)
                _shift(size, share, demand, free, left, k, j, p_new, 1)
        if not accepted:
            if q >= 0:
                _shift(size, share, demand, free, left, kq, j, q_bits, -1)
            if i >= 0:
                _shift(size, share, demand, free, left, k, i, p_bits, -1)
            continue
        for x in range(2 if q >= 0 else 1):
            pod, target, mask = (q, to, q_new) if x else (p, j, p_new)
            start = node[pod]
            if start >= 0:
                if before[pod] >= 0:
                    behind[before[pod]] = behind[pod]
                else:
                    first[start] = behind[pod]
                if behind[pod] >= 0:
                    before[behind[pod]] = before[pod]
                there[start] -= 1
            else:
                state[WAITING] -= 1
                last = waiting[state[WAITING]]
                waiting[place[pod]] = last
                place[last] = place[pod]
                place[pod] = -1
                state[LOST] -= worth[kind[pod]]
            node[pod], bits[pod] = target, mask
            if target >= 0:
                before[pod], behind[pod] = -1, first[target]
                if first[target] >= 0:
                    before[first[target]] = pod
                first[target] = pod
                there[target] += 1
            else:
                place[pod] = state[WAITING]
                waiting[state[WAITING]] = pod
                state[WAITING] += 1
                state[LOST] += worth[kind[pod]]
        if state[LOST] < state[BEST]:
            state[BEST] = state[LOST]
            best[:pods] = node
            best[pods:] = bits
