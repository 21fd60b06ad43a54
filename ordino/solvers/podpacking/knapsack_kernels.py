"""The most valuable set of pods for one node: a bounded knapsack with several resources."""

from __future__ import annotations

import numpy as np

from ordino.core.kernel import kernel

__all__ = ["fill", "mix"]


@kernel("float64(float64[::1],int64[::1],float64[::1],int64,float64)")
def _relaxed(value, count, part, start, left):  # type: ignore[no-untyped-def]
    """Value of the items from `start` on, where they may be cut and only `part` counts."""
    total = 0.0
    for i in range(start, value.size):
        if part[i] <= 0.0:
            total += value[i] * count[i]
            continue
        amount = min(float(count[i]), left / part[i])
        total += value[i] * amount
        left -= part[i] * amount
        if left <= 1e-12:
            break
    return total


@kernel(
    "float64(float64[::1],int64[::1],int64[:,::1],int64[::1],float64[::1],float64,int64,int64[::1])"
)
def fill(value, count, weight, room, part, target, limit, best):  # type: ignore[no-untyped-def]
    """Find a set of more than a target value, by depth-first search.

    Args:
        value: Of each item, positive, in order of falling value a part.
        count: How often it may be taken.
        weight: Of each item; shape (items, resources).
        room: Of the node; shape (resources,).
        part: Of each item, a mix of its weights as a part of the room: in all at most 1.
        target: Sets of at most this value are of no interest.
        limit: Nodes of the search at most.
        best: Out: how often each item is in the set; untouched where there is none.

    Returns:
        A bound: no set is worth more; the value of the one found, where the search was finished.
    """
    items, resources = weight.shape
    if _relaxed(value, count, part, 0, 1.0) <= target + 1e-9:
        return target
    chosen = np.zeros(items, dtype=np.int64)
    left = room.copy()
    share, worth, found = 1.0, 0.0, target
    depth, visited = 0, 0
    while True:
        while depth < items:
            if worth + _relaxed(value, count, part, depth, share) <= found + 1e-9:
                break
            most = count[depth]
            for r in range(resources):
                if weight[depth, r] > 0:
                    most = min(most, left[r] // weight[depth, r])
            chosen[depth] = most
            if most > 0:
                for r in range(resources):
                    left[r] -= most * weight[depth, r]
                share -= most * part[depth]
                worth += most * value[depth]
            depth += 1
            visited += 1
        if depth == items and worth > found + 1e-9:
            found = worth
            best[:] = chosen
        if visited > limit:
            return _relaxed(value, count, part, 0, 1.0)
        depth -= 1
        while depth >= 0 and chosen[depth] == 0:
            depth -= 1
        if depth < 0:
            return found
        chosen[depth] -= 1
        for r in range(resources):
            left[r] += weight[depth, r]
        share += part[depth]
        worth -= value[depth]
        depth += 1


@kernel("float64(float64[::1],int64[::1],float64[::1],float64[::1],int64,float64[::1],int64[::1])")
def mix(value, count, one, other, steps, part, order):  # type: ignore[no-untyped-def]
    """Mix two resources so that the relaxed knapsack is worth least.

    Args:
        value: Of each item, positive.
        count: How often it may be taken.
        one: Part of the room that it takes of one resource.
        other: Of another.
        steps: Mixes that are tried.
        part: Out: the mix, of each item.
        order: Out: the items in order of falling value a part.

    Returns:
        The least value.
    """
    least = 1e300
    trial = np.empty(value.size)
    for step in range(steps):
        share = step / max(1, steps - 1)
        for i in range(value.size):
            trial[i] = max(1e-12, one[i] + (other[i] - one[i]) * share)
        ranks = np.argsort(-value / trial)
        total, left = 0.0, 1.0
        for i in ranks:
            amount = min(float(count[i]), left / trial[i])
            total += value[i] * amount
            left -= trial[i] * amount
            if left <= 1e-12:
                break
        if total < least:
            least = total
            part[:] = trial
            order[:] = ranks
    return least
