"""Compiled passes over the network of successive sublimation.

Jobs are numbered by due date, then processing time, then falling weight; `p`, `d` and `w` are their
processing times, due dates and weights, and end with a dummy of zeros that stands for source and
sink. Node v of the network is the end of job `jobs[v]` at a certain time, at a cost of `costs[v]`;
nodes go by time, from the source 0 to the sink, the last. `tails[heads[v]:heads[v + 1]]` are the
nodes that may come right before v. A path from source to sink is a sequence that fills the time,
but may repeat or leave out jobs; each visit to a job earns its multiplier, `prices[job]`.
"""

from __future__ import annotations

from ordino.core.kernel import kernel

__all__ = ["FAR", "backward", "compact", "forward", "join", "mark", "reach", "split", "visits"]

FAR = 2**62
"""Distance to what cannot be reached."""

_A = "int64[::1]"
_T = "int32[::1]"


@kernel(f"boolean({_A}, {_A}, {_A}, int64, int64, int64)")
def _in_order(p, d, w, i, j, middle):  # type: ignore[no-untyped-def]
    """Tell whether j may follow i, which ends at `middle`.

    It may not if the two the other way round cost less, or the same and j has the smaller number.
    """
    begin, end = middle - p[i], middle + p[j]
    cost = w[i] * max(0, middle - d[i]) + w[j] * max(0, end - d[j])
    other = w[j] * max(0, begin + p[j] - d[j]) + w[i] * max(0, end - d[i])
    return cost < other or (cost == other and i < j)


@kernel(f"int64({_A}, {_A}, {_A}, {_A}, {_A}, {_A}, int64, int64, {_A}, {_T})")
def join(p, d, w, jobs, ends, at, first, last, heads, tails):  # type: ignore[no-untyped-def]
    """Fill in heads of nodes from `first` up to `last`, and their tails if there is room.

    Args:
        p: Processing times.
        d: Due dates.
        w: Weights.
        jobs: Job of each node.
        ends: Time of each node.
        at: First node of each time; the sink counts as after the last.
        first: First node to join.
        last: Last one, not joined.
        heads: Changed.
        tails: Changed, unless it is empty.

    Returns:
        The arcs so far.
    """
    count = heads[first]
    for v in range(first, last):
        j, middle = jobs[v], ends[v] - p[jobs[v]]
        for u in range(at[middle], at[middle + 1]):
            if u == 0 or (jobs[u] != j and _in_order(p, d, w, jobs[u], j, middle)):
                if len(tails):
                    tails[count] = u
                count += 1
        heads[v + 1] = count
    return count


@kernel(f"void({_A}, {_A}, {_A}, {_A}, {_T}, int64, int64, {_A})")
def forward(jobs, costs, prices, heads, tails, first, last, near):  # type: ignore[no-untyped-def]
    """Fill in the distances `near` of nodes from the source, their own costs included."""
    for v in range(max(1, first), last):
        least = FAR
        for k in range(heads[v], heads[v + 1]):
            least = min(least, near[tails[k]])
        near[v] = least + costs[v] - prices[jobs[v]] if least < FAR else FAR


@kernel(f"void({_A}, {_A}, {_A}, {_A}, {_T}, int64, int64, {_A})")
def backward(jobs, costs, prices, heads, tails, first, last, left):  # type: ignore[no-untyped-def]
    """Lower the distances to the sink, `left`, of what comes before some nodes, own costs apart."""
    for v in range(last - 1, first - 1, -1):
        if left[v] < FAR:
            distance = left[v] + costs[v] - prices[jobs[v]]
            for k in range(heads[v], heads[v + 1]):
                left[tails[k]] = min(left[tails[k]], distance)


@kernel(f"void({_A}, {_A}, {_A}, {_A}, {_T}, {_A}, {_A})")
def visits(jobs, costs, prices, heads, tails, near, path):  # type: ignore[no-untyped-def]
    """Follow a shortest path back from the sink, which must be within reach.

    `path` becomes the number of its nodes between source and sink, then their jobs from the last.
    """
    v, count = len(jobs) - 1, 0
    while v > 0:
        distance = near[v] - costs[v] + prices[jobs[v]]
        k = heads[v]
        while near[tails[k]] != distance:
            k += 1
        v = tails[k]
        if v > 0:
            count += 1
            path[count] = jobs[v]
    path[0] = count


@kernel(f"void({_A}, {_A}, {_A}, {_A}, {_T}, int64, int64, {_A}, {_A}, int64, {_A}, {_A})")
def compact(  # type: ignore[no-untyped-def]
    jobs, costs, prices, heads, tails, first, last, near, left, most, number, size
):
    """Drop the arcs, of nodes from `first` up to `last`, that are on no path of at most `most`.

    Called from the first node on to the last; the network shrinks in place, and the source and the
    sink stay.

    Args:
        jobs: Changed.
        costs: Changed.
        prices: Multipliers.
        heads: Changed.
        tails: Changed.
        first: First node to look at.
        last: Last one, not looked at.
        near: What `forward` found, of the old network.
        left: What `backward` found, of the old network.
        most: Longest path to keep.
        number: New number of each old node, or -1; filled in.
        size: Nodes and arcs so far, and where the tails of the next old node begin; changed.
    """
    count, kept, begin = size
    for v in range(first, last):
        end, before = heads[v + 1], kept
        room = most - left[v] - costs[v] + prices[jobs[v]] if left[v] < FAR else -FAR
        for k in range(begin, end):
            u = tails[k]
            if number[u] >= 0 and near[u] <= room:
                tails[kept] = number[u]
                kept += 1
        begin = end
        if kept > before or v == 0 or v == len(jobs) - 1:
            number[v] = count
            jobs[count], costs[count] = jobs[v], costs[v]
            count += 1
            heads[count] = kept
        else:
            number[v] = -1
    size[0], size[1], size[2] = count, kept, begin


@kernel(f"void({_A}, {_A}, {_T}, int64, int64, int64, {_T})")
def reach(jobs, heads, tails, job, first, last, number):  # type: ignore[no-untyped-def]
    """Mark with 1 which halves of nodes can be reached: 2 v + 1 if the job was visited, else 2 v.

    Of the source only the half before the visit is there, of the sink the one behind it.
    """
    for v in range(first, last):
        for k in range(heads[v], heads[v + 1]):
            u = tails[k]
            if jobs[v] == job:
                number[2 * v + 1] |= number[2 * u]
            else:
                number[2 * v] |= number[2 * u]
                number[2 * v + 1] |= number[2 * u + 1]
    sink = len(jobs) - 1
    if first <= sink < last:
        number[2 * sink] = 0


@kernel(f"void({_A}, {_A}, {_T}, int64, int64, int64, {_T})")
def mark(jobs, heads, tails, job, first, last, number):  # type: ignore[no-untyped-def]
    """Mark with 2 the reached halves, of what comes before some nodes, that reach the sink."""
    for v in range(last - 1, first - 1, -1):
        visit = jobs[v] == job
        for half in range(2):
            if number[2 * v + half] == 2:
                for k in range(heads[v], heads[v + 1]):
                    u = 2 * tails[k] + (0 if visit else half)
                    if number[u] == 1:
                        number[u] = 2


@kernel(f"void({_A}, {_A}, {_A}, {_T}, int64, int64, int64, {_T}, {_A}, {_A}, {_A}, {_A}, {_T})")
def split(  # type: ignore[no-untyped-def]
    jobs,
    costs,
    heads,
    tails,
    job,
    first,
    last,
    number,
    size,
    new_jobs,
    new_costs,
    new_heads,
    new_tails,
):
    """Write the marked halves of some nodes, and count nodes and arcs in `size`.

    Only counts if there is no room in `new_tails`. `number` becomes 2 + the new number, of halves
    that are written.
    """
    count, arcs = size
    room = len(new_tails) > 0
    for v in range(first, last):
        visit = jobs[v] == job
        for half in range(2):
            if number[2 * v + half] < 2:
                continue
            for k in range(heads[v], heads[v + 1]):
                u = 2 * tails[k] + (0 if visit else half)
                if number[u] >= 2:
                    if room:
                        new_tails[arcs] = number[u] - 2
                    arcs += 1
            if room:
                number[2 * v + half] = 2 + count
                new_jobs[count], new_costs[count] = jobs[v], costs[v]
                new_heads[count + 1] = arcs
            count += 1
    size[0], size[1] = count, arcs
