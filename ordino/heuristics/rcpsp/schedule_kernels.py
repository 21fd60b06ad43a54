"""Compiled schedule generation and evolution of activity lists.

Time is an array: `free[word * horizon + t]` holds what is left of some resources at time t. A word
packs several of them, each with a guard bit above its bits, so that one subtraction tells of all
whether a demand fits. A disjunctive group is a resource of which there is one.

`project` is a tuple of arrays for n activities and m modes, made by `packing.pack`:

- `sizes`: n, horizon, words, number of budgets, how to justify (see `evaluate`), whether tardiness
  is the goal, whether there are deadlines;
- `initial`, `guard`: what is free at first, and the guard bits of each word;
- `duration`, `mode_start`: of each mode; first mode of each activity;
- `release`, `deadline`, `due`, `weight`: of each activity;
- `before_start`, `before`, `before_lag`, `before_to_end`: the time lags to activity i are
  `before_start[i] … before_start[i + 1] - 1`; `before` is the point that it counts from, j for the
  start of activity j, n + j for its end; `before_to_end` is 1 where it counts to the end of i;
- `behind_start`, `behind`, `behind_lag`, `behind_from_end`: the same seen from its other end;
- `need_start`, `need_word`, `need_amount`: the words that a mode touches, and what it takes there;
- `consumption`, `budget`: non-renewable resources of each mode, row by row.

`modes` holds the mode of each activity, numbered through. `times` holds n starts, then n ends.
"""

from __future__ import annotations

import numpy as np

from ordino.core.kernel import kernel
from ordino.core.random_kernels import below

__all__ = ["NOWHERE", "WORST", "evaluate", "evolve", "fill", "forward", "parallel", "sample"]

(
    SIZES, INITIAL, GUARD, DURATION, MODE_START, RELEASE, DEADLINE, DUE, WEIGHT,
    BEFORE_START, BEFORE, BEFORE_LAG, BEFORE_TO_END, BEHIND_START, BEHIND, BEHIND_LAG,
    BEHIND_FROM_END, NEED_START, NEED_WORD, NEED_AMOUNT, CONSUMPTION, BUDGET,
) = range(22)  # fmt: skip
"""Places in `project`."""

ACTIVITIES, HORIZON, WORDS, BUDGETS, JUSTIFIES, TARDINESS, DEADLINES = range(7)
"""Places in its sizes."""

NOWHERE = -1
"""Returned where an activity fits nowhere before the horizon."""

WORST = 2**62

_A = "int64[::1]"
_M = "int64[:, ::1]"
_P = "UniTuple(int64[::1], 22)"


@kernel(f"int64({_P}, {_A}, int64, int64, int64)")
def first_fit(project, free, mode, t, d):  # type: ignore[no-untyped-def]
    """Return the earliest start of at least t at which a mode's needs fit for d units."""
    sizes, guard = project[SIZES], project[GUARD]
    need_start, need_word, need_amount = (
        project[NEED_START],
        project[NEED_WORD],
        project[NEED_AMOUNT],
    )
    horizon = sizes[HORIZON]
    first, behind = need_start[mode], need_start[mode + 1]
    known = t  # what is at or behind t and before this is known to fit
    while t + d <= horizon:
        u = t + d - 1
        clash = NOWHERE
        if behind - first == 1:
            g, amount = guard[need_word[first]], need_amount[first]
            offset = need_word[first] * horizon
            while u >= known:
                if ((free[offset + u] | g) - amount) & g != g:
                    clash = u
                    break
                u -= 1
        else:
            while u >= known and clash == NOWHERE:
                for a in range(first, behind):
                    g = guard[need_word[a]]
                    if ((free[need_word[a] * horizon + u] | g) - need_amount[a]) & g != g:
                        clash = u
                        break
                u -= 1
        if clash == NOWHERE:
            return t
        known = t + d
        t = clash + 1
    return NOWHERE


@kernel(f"int64({_P}, {_A}, {_A}, int64, int64, int64)")
def earliest(project, free, times, i, mode, t):  # type: ignore[no-untyped-def]
    """Return the earliest start of at least t of an activity behind those that lags count from."""
    before_start, before = project[BEFORE_START], project[BEFORE]
    before_lag, before_to_end = project[BEFORE_LAG], project[BEFORE_TO_END]
    d = project[DURATION][mode]
    for a in range(before_start[i], before_start[i + 1]):
        t = max(t, times[before[a]] + before_lag[a] - before_to_end[a] * d)
    return first_fit(project, free, mode, t, d) if d > 0 else t


@kernel(f"int64({_P}, {_A}, int64, int64, int64, int64)")
def last_fit(project, free, mode, least, t, d):  # type: ignore[no-untyped-def]
    """Return the latest start of at most t and at least `least` at which a mode's needs fit."""
    sizes, guard = project[SIZES], project[GUARD]
    need_start, need_word, need_amount = (
        project[NEED_START],
        project[NEED_WORD],
        project[NEED_AMOUNT],
    )
    horizon = sizes[HORIZON]
    first, behind = need_start[mode], need_start[mode + 1]
    known = t + d
    while t >= least:
        clash = NOWHERE
        u = t
        while u < known and clash == NOWHERE:
            for a in range(first, behind):
                g = guard[need_word[a]]
                if ((free[need_word[a] * horizon + u] | g) - need_amount[a]) & g != g:
                    clash = u
                    break
            u += 1
        if clash == NOWHERE:
            return t
        known = t
        t = clash - d
    return NOWHERE


@kernel(f"void({_P}, {_A}, int64, int64, int64)")
def take(project, free, mode, t, d):  # type: ignore[no-untyped-def]
    """Take a mode's needs from time t on for d units."""
    horizon = project[SIZES][HORIZON]
    need_start, need_word, need_amount = (
        project[NEED_START],
        project[NEED_WORD],
        project[NEED_AMOUNT],
    )
    for a in range(need_start[mode], need_start[mode + 1]):
        amount = need_amount[a]
        at = need_word[a] * horizon + t
        for u in range(at, at + d):
            free[u] -= amount


@kernel(f"void({_P}, {_A}, int64)")
def clear(project, free, used):  # type: ignore[no-untyped-def]
    """Make all free again that is taken before the time `used`."""
    sizes, initial = project[SIZES], project[INITIAL]
    horizon, words = sizes[HORIZON], sizes[WORDS]
    for word in range(words):
        for u in range(word * horizon, word * horizon + used):
            free[u] = initial[u]


@kernel(f"int64({_P}, {_A}, {_A}, {_A}, {_A}, {_A})")
def forward(project, order, modes, free, top, times):  # type: ignore[no-untyped-def]
    """Serial schedule generation: each activity of the list as early as it fits; O(n horizon).

    Args:
        project: See above.
        order: All activities; those that a lag counts from come first.
        modes: Of each activity.
        free: Scratch, as `initial` but for what is before `top[0]`.
        top: End of what is taken in `free`.
        times: Filled in.

    Returns:
        The latest end, or `NOWHERE`.
    """
    duration, release = project[DURATION], project[RELEASE]
    n = len(order)
    clear(project, free, top[0])
    top[0] = 0
    for position in range(n):
        i = order[position]
        mode = modes[i]
        d = duration[mode]
        t = earliest(project, free, times, i, mode, release[i])
        if t == NOWHERE:
            return NOWHERE
        if d > 0:
            take(project, free, mode, t, d)
        times[i] = t
        times[n + i] = t + d
        top[0] = max(top[0], t + d)
    return top[0]


@kernel(f"int64({_P}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A})")
def parallel(project, priority, modes, free, top, times, waiting, at):  # type: ignore[no-untyped-def]
    """Parallel schedule generation: go through time, start what fits, by priority; O(n^2) or more.

    Args:
        project: See above.
        priority: Of each activity; the least goes first.
        modes: Of each activity.
        free: Scratch, as `initial` but for what is before `top[0]`.
        top: End of what is taken in `free`.
        times: Filled in.
        waiting: Scratch of n.
        at: Scratch of n.

    Returns:
        The latest end, or `NOWHERE`.
    """
    duration, release = project[DURATION], project[RELEASE]
    before_start = project[BEFORE_START]
    behind_start, behind = project[BEHIND_START], project[BEHIND]
    n = len(priority)
    clear(project, free, top[0])
    top[0] = 0
    for i in range(n):
        waiting[i] = before_start[i + 1] - before_start[i]
        at[i] = release[i]
    for _ in range(n):
        i, t = -1, -1
        while i < 0 or t > at[i]:
            if i >= 0:
                at[i] = t
            i = -1
            for j in range(n):
                if waiting[j] == 0 and (
                    i < 0 or at[j] < at[i] or (at[j] == at[i] and priority[j] < priority[i])
                ):
                    i = j
            t = earliest(project, free, times, i, modes[i], at[i])
            if t == NOWHERE:
                return NOWHERE
        d = duration[modes[i]]
        if d > 0:
            take(project, free, modes[i], t, d)
        times[i] = t
        times[n + i] = t + d
        top[0] = max(top[0], t + d)
        waiting[i] = -1
        for a in range(behind_start[i], behind_start[i + 1]):
            waiting[behind[a] % n] -= 1
    return top[0]


@kernel(f"int64({_P}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A})")
def backward(project, order, modes, limit, free, top, times):  # type: ignore[no-untyped-def]
    """Serial schedule generation from behind: each activity as late as it fits before its limit.

    Args:
        project: See above.
        order: All activities; those that a lag counts to come first.
        modes: Of each activity.
        limit: Latest end of each activity.
        free: Scratch, as `initial` but for what is before `top[0]`.
        top: End of what is taken in `free`.
        times: Filled in.

    Returns:
        The earliest start, or `NOWHERE`.
    """
    duration, release = project[DURATION], project[RELEASE]
    behind_start, behind = project[BEHIND_START], project[BEHIND]
    behind_lag, behind_from_end = project[BEHIND_LAG], project[BEHIND_FROM_END]
    n = len(order)
    clear(project, free, top[0])
    top[0] = 0
    earliest = WORST
    for position in range(n):
        i = order[position]
        mode = modes[i]
        d = duration[mode]
        t = limit[i] - d
        for a in range(behind_start[i], behind_start[i + 1]):
            t = min(t, times[behind[a]] - behind_lag[a] - behind_from_end[a] * d)
        if d > 0:
            t = last_fit(project, free, mode, release[i], t, d)
            if t == NOWHERE:
                return NOWHERE
            take(project, free, mode, t, d)
        elif t < release[i]:
            return NOWHERE
        times[i] = t
        times[n + i] = t + d
        top[0] = max(top[0], t + d)
        earliest = min(earliest, t)
    return earliest


@kernel(f"void({_A}, int64, boolean, {_A}, {_A}, {_A}, int64)")
def sort_by(  # type: ignore[no-untyped-def]
    times, offset, descending, order, sorted_order, count, latest
):
    """Sort activities by a point in time, stably; in descending order, ties turn round as well."""
    n = len(order)
    for t in range(latest + 2):
        count[t] = 0
    for i in range(n):
        count[times[offset + i] + 1] += 1
    for t in range(latest + 1):
        count[t + 1] += count[t]
    for position in range(n):
        i = order[position]
        t = times[offset + i]
        place = count[t]
        count[t] += 1
        sorted_order[n - 1 - place if descending else place] = i


@kernel(f"void({_P}, {_A}, {_A}, int64, {_A})")
def measure(project, modes, times, latest, result):  # type: ignore[no-untyped-def]
    """Put what a schedule breaks (time behind deadlines, budget overrun) and its objective."""
    sizes, deadline, due, weight = project[SIZES], project[DEADLINE], project[DUE], project[WEIGHT]
    consumption, budget = project[CONSUMPTION], project[BUDGET]
    n, budgets = sizes[ACTIVITIES], sizes[BUDGETS]
    broken = 0
    for k in range(budgets):
        used = 0
        for i in range(n):
            used += consumption[modes[i] * budgets + k]
        broken += max(0, used - budget[k])
    value = latest
    if sizes[DEADLINES]:
        for i in range(n):
            broken += max(0, times[n + i] - deadline[i])
    if sizes[TARDINESS]:
        value = 0
        for i in range(n):
            value += weight[i] * max(0, times[n + i] - due[i])
    result[0], result[1] = broken, value


@kernel(f"void({_P}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, int64)")
def evaluate(  # type: ignore[no-untyped-def]
    project, order, modes, free, top, times, other, limit, count, result, scratch, most
):
    """Schedule a list, and justify it to and fro while that improves (Valls et al. 2005).

    `sizes[JUSTIFIES]` says how: 2, all activities to the right in order of their ends, for
    precedences; 1, in order of their starts, for other lags of at least 0; 0, not at all.

    Args:
        project: See above.
        order: The list; replaced by that of the schedule.
        modes: Of each activity.
        free: Scratch of words x horizon.
        top: Scratch of 1.
        times: Filled in with the best schedule.
        other: Scratch of 2 n.
        limit: Scratch of n.
        count: Scratch of horizon + 2.
        result: Filled in: what is broken, the objective, schedules made, sum of slacks.
        scratch: Scratch of n.
        most: Of the objective; what is beyond before it is justified stays as it is.
    """
    sizes, deadline, due = project[SIZES], project[DEADLINE], project[DUE]
    n = sizes[ACTIVITIES]
    latest = forward(project, order, modes, free, top, times)
    made = 1
    result[0], result[1], result[3] = WORST, WORST, 0
    if latest != NOWHERE:
        measure(project, modes, times, latest, result)
    justifies = latest != NOWHERE and sizes[JUSTIFIES] > 0 and result[1] <= most
    while justifies:
        broken, value = result[0], result[1]
        for i in range(n):
            end = times[n + i]
            limit[i] = latest if end > deadline[i] else min(latest, deadline[i])
            if sizes[TARDINESS]:
                limit[i] = min(limit[i], max(end, due[i]))
            limit[i] = max(limit[i], end)
        sort_by(times, n if sizes[JUSTIFIES] == 2 else 0, True, order, scratch, count, latest)
        if backward(project, scratch, modes, limit, free, top, other) == NOWHERE:
            break
        slack = 0
        for i in range(n):
            slack += other[i] - times[i]
        sort_by(other, 0, False, order, scratch, count, latest)
        top[0] = latest
        again = forward(project, scratch, modes, free, top, other)
        made += 2
        if again == NOWHERE:
            break
        measure(project, modes, other, again, result)
        if result[0] > broken or (result[0] == broken and result[1] > value):
            result[0], result[1] = broken, value
            break
        latest = again
        times[:] = other
        order[:] = scratch
        result[3] = slack
        if result[0] == broken and result[1] == value:
            break
    if justifies:
        sort_by(times, 0, False, order, scratch, count, latest)
        order[:] = scratch
    result[2] = made


@kernel(f"void({_P}, uint64[::1], {_A}, int64, {_A}, {_A}, {_A})")
def sample(project, state, priority, choices, order, waiting, eligible):  # type: ignore[no-untyped-def]
    """Draw a list: again and again the best by priority (least) of a few random eligible ones.

    Args:
        project: See above.
        state: Of the random numbers.
        priority: Of each activity.
        choices: How many are drawn; 0 for all.
        order: Filled in.
        waiting: Scratch of n.
        eligible: Scratch of n.
    """
    before_start = project[BEFORE_START]
    behind_start, behind = project[BEHIND_START], project[BEHIND]
    n = len(order)
    count = 0
    for i in range(n):
        waiting[i] = before_start[i + 1] - before_start[i]
        if waiting[i] == 0:
            eligible[count] = i
            count += 1
    for position in range(n):
        chosen = below(state, count) if choices else 0
        for k in range(1, choices if choices else count):
            other = below(state, count) if choices else k
            if priority[eligible[other]] < priority[eligible[chosen]]:
                chosen = other
        i = eligible[chosen]
        count -= 1
        eligible[chosen] = eligible[count]
        order[position] = i
        for a in range(behind_start[i], behind_start[i + 1]):
            j = behind[a] % n
            waiting[j] -= 1
            if waiting[j] == 0:
                eligible[count] = j
                count += 1


@kernel(f"void({_P}, uint64[::1], {_A}, {_A})")
def repair(project, state, modes, over):  # type: ignore[no-untyped-def]
    """Change random activities to modes that overrun budgets less, as long as some overrun.

    Args:
        project: See above.
        state: Of the random numbers.
        modes: Of each activity; changed.
        over: Scratch of one a budget.
    """
    mode_start, consumption, budget = (
        project[MODE_START],
        project[CONSUMPTION],
        project[BUDGET],
    )
    n, budgets = len(modes), len(budget)
    excess = 0
    for k in range(budgets):
        over[k] = -budget[k]
        for i in range(n):
            over[k] += consumption[modes[i] * budgets + k]
        excess += max(0, over[k])
    for _ in range(20 * n):
        if excess == 0:
            return
        i = below(state, n)
        first, behind = mode_start[i], mode_start[i + 1]
        if behind - first == 1:
            continue
        least, chosen = excess, modes[i]
        for mode in range(first, behind):
            then = 0
            for k in range(budgets):
                change = consumption[mode * budgets + k] - consumption[modes[i] * budgets + k]
                then += max(0, over[k] + change)
            if then < least:
                least, chosen = then, mode
        if chosen != modes[i]:
            for k in range(budgets):
                over[k] += consumption[chosen * budgets + k] - consumption[modes[i] * budgets + k]
            modes[i] = chosen
            excess = least


@kernel(f"uint64({_A}, {_A})")
def digest(times, modes):  # type: ignore[no-untyped-def]
    """Return a hash of a schedule."""
    x = np.uint64(1469598103934665603)
    for i in range(len(modes)):
        x = (x ^ np.uint64(times[i] * 64 + modes[i])) * np.uint64(1099511628211)
        x ^= x >> np.uint64(29)
    return x


@kernel(f"void({_A}, {_A}, {_A}, {_A})")
def keep(result, times, modes, best):  # type: ignore[no-untyped-def]
    """Replace the best schedule by a better one (see `evolve`)."""
    n = len(modes)
    if result[0] < best[0] or (result[0] == best[0] and result[1] < best[1]):
        best[0], best[1] = result[0], result[1]
        best[2 : 2 + n] = times[:n]
        best[2 + n : 2 + 2 * n] = modes


@kernel(
    f"void({_P}, uint64[::1], {_M}, {_M}, {_M}, uint64[::1], int64, int64, {_A}, {_A}, {_M}, {_A},"
    f"{_A}, {_A})"
)
def fill(  # type: ignore[no-untyped-def]
    project, state, orders, modes, marks, digests, first, behind, priority, base, scratch, free,
    count, best,
):  # fmt: skip
    """Fill members first … behind - 1 of a population with random lists.

    Args:
        project: See above.
        state: Of the random numbers.
        orders: List of each member; shape (size, n).
        modes: Modes of each member; shape (size, n).
        marks: What is broken, objective, minus the sum of slacks of each member; shape (size, 3).
        digests: Hash of the schedule of each member.
        first: Member to begin with.
        behind: One behind the last.
        priority: Of activities (see `sample`).
        base: Modes to begin with.
        scratch: Shape (8, 2 n + 8).
        free: See `evaluate`; `scratch[5, 0]` is its top.
        count: See `evaluate`.
        best: See `evolve`.
    """
    n = len(base)
    mode_start = project[MODE_START]
    several = mode_start[n] > n
    times, other, result = scratch[0, : 2 * n], scratch[1, : 2 * n], scratch[6]
    for member in range(first, behind):
        sample(
            project,
            state,
            priority,
            min(member, below(state, 4) + 1),
            orders[member],
            scratch[2, :n],
            scratch[3, :n],
        )
        modes[member] = base
        if several:
            share = below(state, 100)
            for i in range(n):
                if below(state, 100) < share:
                    modes[member, i] = mode_start[i] + below(
                        state, mode_start[i + 1] - mode_start[i]
                    )
            repair(project, state, modes[member], scratch[7])
        evaluate(
            project, orders[member], modes[member], free, scratch[5], times, other,
            scratch[2, :n], count, result, scratch[3, :n], WORST,
        )  # fmt: skip
        marks[member, 0], marks[member, 1], marks[member, 2] = result[0], result[1], -result[3]
        digests[member] = digest(times, modes[member])
        keep(result, times, modes[member], best)


@kernel(f"boolean({_M}, int64, int64)")
def better(marks, one, other):  # type: ignore[no-untyped-def]
    """Tell whether a member is better than another."""
    for k in range(3):
        if marks[one, k] != marks[other, k]:
            return marks[one, k] < marks[other, k]
    return False


@kernel(f"void({_P}, {_A}, int64, int64)")
def shift(project, order, position, distance):  # type: ignore[no-untyped-def]
    """Move an activity within a list, so far as time lags allow and at most that far."""
    before_start, before = project[BEFORE_START], project[BEFORE]
    n = len(order)
    i = order[position]
    while distance > 0 and position + 1 < n:
        j = order[position + 1]
        for a in range(before_start[j], before_start[j + 1]):
            if before[a] % n == i:
                return
        order[position], order[position + 1] = j, i
        position += 1
        distance -= 1
    while distance < 0 and position > 0:
        j = order[position - 1]
        for a in range(before_start[i], before_start[i + 1]):
            if before[a] % n == j:
                return
        order[position], order[position - 1] = j, i
        position -= 1
        distance += 1


@kernel(
    f"int64({_P}, uint64[::1], {_M}, {_M}, {_M}, uint64[::1], int64, int64, {_M}, {_A}, {_A}, {_A})"
)
def evolve(  # type: ignore[no-untyped-def]
    project, state, orders, modes, marks, digests, size, children, scratch, free, count, best
):
    """Make children; each takes the place of its worse parent unless that is better.

    A child has the list of one parent, but for what lies between two random places, which comes in
    the order of the other (Hartmann 1998); then a few activities move within the list. Of schedules
    of the same objective, the one with more slack is better: more can still move.

    Args:
        project: See above.
        state: Of the random numbers.
        orders: Lists, one row more than members: the last is scratch.
        modes: Modes, the same.
        marks: See `fill`; the same.
        digests: The same.
        size: Number of members.
        children: How many to make.
        scratch: See `fill`.
        free: See `fill`.
        count: See `evaluate`.
        best: What is broken and the objective of the best schedule so far, then its starts and
            modes; replaced by a better one.

    Returns:
        How many schedules were made.
    """
    n = orders.shape[1]
    mode_start = project[MODE_START]
    several = mode_start[n] > n
    times, other, result = scratch[0, : 2 * n], scratch[1, : 2 * n], scratch[6]
    inside = scratch[4]
    made = 0
    reach = max(2, n // 10)
    new = size
    child, child_modes = orders[new], modes[new]
    for _ in range(children):
        mother, father = below(state, size), below(state, size)
        rival = below(state, size)
        if better(marks, rival, mother):
            mother = rival
        rival = below(state, size)
        if better(marks, rival, father):
            father = rival
        if mother == father:
            father = (mother + 1) % size
        low, high = below(state, n), below(state, n)
        low, high = min(low, high), max(low, high)
        for i in range(n):
            inside[i] = 0
        place = 0
        for position in range(low):
            i = orders[mother, position]
            child[place] = i
            child_modes[i] = modes[mother, i]
            inside[i] = 1
            place += 1
        for position in range(n):
            i = orders[father, position]
            if inside[i] == 0 and place <= high:
                child[place] = i
                child_modes[i] = modes[father, i]
                inside[i] = 1
                place += 1
        for position in range(n):
            i = orders[mother, position]
            if inside[i] == 0:
                child[place] = i
                child_modes[i] = modes[mother, i]
                place += 1
        for _ in range(below(state, 4)):
            shift(project, child, below(state, n), below(state, 2 * reach + 1) - reach)
        if several:
            for _ in range(1 + n // 40):
                i = below(state, n)
                child_modes[i] = mode_start[i] + below(state, mode_start[i + 1] - mode_start[i])
            repair(project, state, child_modes, scratch[7])
        evaluate(
            project, child, child_modes, free, scratch[5], times, other,
            scratch[2, :n], count, result, scratch[3, :n], WORST,
        )  # fmt: skip
        made += result[2]
        marks[new, 0], marks[new, 1], marks[new, 2] = result[0], result[1], -result[3]
        keep(result, times, child_modes, best)
        mark = digest(times, child_modes)
        known = False
        for member in range(size):
            if digests[member] == mark:
                known = True
                break
        if known:
            continue
        worst = father if better(marks, mother, father) else mother
        if not better(marks, worst, new):
            orders[worst], modes[worst], marks[worst] = child, child_modes, marks[new]
            digests[worst] = mark
    return made
