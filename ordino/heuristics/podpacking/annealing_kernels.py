"""Simulated annealing of where pods run, one tier at a time, in one compiled loop.

The energy of a placement is `heavy` for each unit of worth of pods without a node, `away` for each
pod that runs now and would be elsewhere, less the square of what is left on each node of the
resource that is shortest there: two halves of a gap are worth less than the whole.
"""

from __future__ import annotations

import math

import numpy as np

from ordino.core.kernel import kernel
from ordino.core.random_kernels import below, draw

__all__ = ["MOBILE", "OPTIONAL", "anneal"]

MOBILE, OPTIONAL = 1, 2
"""A pod may be elsewhere; and from 2 + its tier, nowhere as well, for one of its tier or above."""


@kernel("float64(uint64[::1])")
def _unit(state):  # type: ignore[no-untyped-def]
    return np.float64(draw(state) >> np.uint64(11)) * 1.1102230246251565e-16


@kernel("float64(int64[:,::1],float64[:,::1],int64,int64,int64[::1],int64,int64[::1],int64)")
def _gap(free, inverse, scarce, j, more, plus, less, minus):  # type: ignore[no-untyped-def]
    """Square of the least part left of node j after adding and taking away requests."""
    least = 1e18
    for r in range(scarce):
        left = free[j, r]
        if plus:
            left -= more[r]
        if minus:
            left += less[r]
        part = left * inverse[j, r]
        least = min(least, part)
    return least * least if least > 0 else 0.0


@kernel("boolean(int64[:,::1],int64,int64[::1],int64[::1],int64)")
def _fits(free, j, more, less, minus):  # type: ignore[no-untyped-def]
    for r in range(free.shape[1]):
        if more[r] > 0:
            left = free[j, r]
            if minus:
                left += less[r]
            if left < more[r]:
                return False
    return True


@kernel(
    "int64(int64[:,::1],float64[:,::1],int64,int64[:,::1],int64[::1],int64[::1],int64[::1],"
    "int64[::1],int64[::1],uint8[:,::1],int64[::1],int64[::1],int64[::1],int64[::1],float64,"
    "float64,float64,float64,int64,uint64[::1])"
)
def anneal(  # type: ignore[no-untyped-def]
    free, inverse, scarce, demand, worth, kind, node, home, mobile, barred, eligibility, pods,
    best, counts, heavy, away, hot, cold, moves, state,
):  # fmt: skip
    """Anneal; `node` and `free` are changed, `best` gets the placement with the fewest lost.

    Args:
        free: What is left of each node; shape (nodes, resources).
        inverse: 1 over the capacity; shape (nodes, resources).
        scarce: The first so many resources count for the energy.
        demand: Request by class; shape (classes, resources).
        worth: Of a pod, by class.
        kind: Class of each pod.
        node: Of each pod, -1 for none.
        home: Node that it runs on now, -1 for none.
        mobile: `MOBILE`, or `OPTIONAL` plus its tier, of each pod that is not locked.
        barred: Whether a class may not arrive at a node; shape (sets, nodes).
        eligibility: Row of `barred`, of each class.
        pods: The pods that are not locked.
        best: Out: node of each pod where `counts` was best.
        counts: In and out: worth lost and pods away now, then those of `best`.
        heavy: Energy of a unit of worth without a node.
        away: Energy of a pod that runs now and is elsewhere.
        hot: First temperature.
        cold: Last temperature.
        moves: How many to try.
        state: Of the random numbers, not 0.

    Returns:
        Moves done: fewer where no pod is lost, and none away or that does not count.
    """
    nodes, size = free.shape[0], pods.size
    ratio = cold / hot
    temperature = hot
    for done in range(moves):
        if done & 1023 == 0:
            temperature = hot * ratio ** (done / moves)
            if counts[0] == 0 and (counts[1] == 0 or away <= 0):
                return done
        p = pods[below(state, size)]
        j, c = node[p], kind[p]
        roll = below(state, 16)
        if roll < 6 or size < 2:
            if home[p] >= 0 and j != home[p] and roll < 3:
                k = home[p]
            else:
                k = below(state, nodes)
            if k == j or (k != home[p] and barred[eligibility[c], k]):
                continue
            if not _fits(free, k, demand[c], demand[c], 0):
                continue
            change = _gap(free, inverse, scarce, k, demand[c], 0, demand[c], 0)
            change -= _gap(free, inverse, scarce, k, demand[c], 1, demand[c], 0)
            if j >= 0:
                change += _gap(free, inverse, scarce, j, demand[c], 0, demand[c], 0)
                change -= _gap(free, inverse, scarce, j, demand[c], 0, demand[c], 1)
            else:
                change -= heavy * worth[c]
            step = 0
            if home[p] >= 0:
                step = int(k != home[p]) - int(j != home[p])
                change += away * step
            if change > 0 and _unit(state) >= math.exp(-change / temperature):
                continue
            for r in range(free.shape[1]):
                free[k, r] -= demand[c, r]
                if j >= 0:
                    free[j, r] += demand[c, r]
            node[p] = k
            counts[1] += step
            if j < 0:
                counts[0] -= worth[c]
        else:
            q = pods[below(state, size)]
            k, d = node[q], kind[q]
            if c == d or k == j or k < 0:
                continue
            if j < 0 and (mobile[q] < 2 or mobile[q] < mobile[p]):
                continue
            if k != home[p] and barred[eligibility[c], k]:
                continue
            if not _fits(free, k, demand[c], demand[d], 1):
                continue
            if j >= 0:
                if j != home[q] and barred[eligibility[d], j]:
                    continue
                if not _fits(free, j, demand[d], demand[c], 1):
                    continue
            change = _gap(free, inverse, scarce, k, demand[c], 0, demand[d], 0)
            change -= _gap(free, inverse, scarce, k, demand[c], 1, demand[d], 1)
            if j >= 0:
                change += _gap(free, inverse, scarce, j, demand[d], 0, demand[c], 0)
                change -= _gap(free, inverse, scarce, j, demand[d], 1, demand[c], 1)
            lost = worth[d] - worth[c] if j < 0 else 0
            change += heavy * lost
            step = 0
            if home[p] >= 0:
                step += int(k != home[p]) - int(j != home[p])
            if home[q] >= 0:
                step += int(j != home[q]) - int(k != home[q])
            change += away * step
            if change > 0 and _unit(state) >= math.exp(-change / temperature):
                continue
            for r in range(free.shape[1]):
                free[k, r] += demand[d, r] - demand[c, r]
                if j >= 0:
                    free[j, r] += demand[c, r] - demand[d, r]
            node[p], node[q] = k, j
            counts[0] += lost
            counts[1] += step
        if counts[0] < counts[2] or (counts[0] == counts[2] and counts[1] < counts[3]):
            counts[2], counts[3] = counts[0], counts[1]
            for index in range(size):
                best[pods[index]] = node[pods[index]]
    return moves
