"""Sets of pods for one node: the most valuable one, and whether one leaves next to nothing.

A bounded knapsack with several resources, and the sums of two halves of the classes matched in
sorted order (Horowitz, Sahni 1974).
"""

from __future__ import annotations

import numpy as np

from ordino.core.kernel import kernel

__all__ = ["add_up", "fill", "mix", "reaches"]


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


@kernel("int64(int64[::1],int64[:,::1],int64[::1],int64[:,::1])")
def add_up(count, weight, room, sums):  # type: ignore[no-untyped-def]
    """Write what each set of pods takes that fits into a room.

    Args:
        count: Pods of each class, at most.
        weight: Of a pod of each class; shape (classes, resources).
        room: Shape (resources,).
        sums: Out; shape (most sets, resources).

    Returns:
        How many sets there are; -1 if they are more than `sums` has rows.
    """
    sums[0] = 0
    size = 1
    for c in range(count.size):
        for row in range(size):
            for copies in range(1, count[c] + 1):
                fits = True
                for r in range(room.size):
                    fits &= sums[row, r] + copies * weight[c, r] <= room[r]
                if not fits:
                    break
                if size == len(sums):
                    return -1
                for r in range(room.size):
                    sums[size, r] = sums[row, r] + copies * weight[c, r]
                size += 1
    return size


@kernel("boolean(int64[:,::1],int64[:,::1],int64[::1],int64[::1],int64,int64)")
def reaches(one, other, room, waste, by, limit):  # type: ignore[no-untyped-def]
    """Tell whether two sets together may leave at most `waste` of a room, in each resource.

    Args:
        one: What the sets of one half take; shape (sets, resources).
        other: Of the other half, in order of resource `by`.
        room, waste: Shape (resources,).
        by: The resource to look up.
        limit: After so many pairs the answer is yes.
    """
    keys = np.ascontiguousarray(other[:, by])
    seen = 0
    for row in range(len(one)):
        most = room[by] - one[row, by]
        match = np.searchsorted(keys, most - waste[by])
        while match < len(keys) and keys[match] <= most:
            good = True
            for r in range(room.size):
                left = room[r] - one[row, r] - other[match, r]
                good &= 0 <= left <= waste[r]
            seen += 1
            if good or seen > limit:
                return True
            match += 1
    return False
