"""Compiled replays of shops whose machines break down (after Wong et al. 2023).

**Shop**, a tuple of arrays of n operations in m jobs: `first` operation of each job and the one
behind the last (m + 1,), `machine` and `duration` of each operation, `release` of each job, `job`
of each operation.

**State**, a tuple: of each job the operation that it `follows` next (`first[j + 1]` for none), the
one it is `on` (-1 for none), when that is `over` (before the first one, the release date), and when
it is `expected` to be; of each machine the `holder` (a job, -1 for none) and how many operations
have `entered` it.

**Outages**, a tuple: of each machine when its next one begins and ends, when the next random one
begins, and how many of the given ones are over.
"""

from __future__ import annotations

import math

import numpy as np

from ordino.core.kernel import kernel

__all__ = ["replay"]

_A, _AA, _BITS, _FLOATS = "int64[::1]", "int64[:, ::1]", "uint64[::1]", "float64[::1]"
_SHOP, _STATE = "UniTuple(int64[::1], 5)", "UniTuple(int64[::1], 6)"
_OUTAGES = "UniTuple(int64[::1], 4)"
_NEVER = 2**62
_LOOK = 4
"""Operations at the head of a machine's order among which re-planning exchanges neighbours."""


@kernel(f"float64({_BITS}, int64)")
def _uniform(random, m):  # type: ignore[no-untyped-def]
    """Draw a number above 0, at most 1, from a machine's own stream (xorshift64*)."""
    x = random[m]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    random[m] = x
    drawn = np.int64((x * np.uint64(2685821657736338717)) >> np.uint64(11))
    return (drawn + 1) / 9007199254740992.0


@kernel(f"void(int64, int64, {_FLOATS}, {_AA}, {_OUTAGES}, {_BITS})")
def _next_outage(m, since, noise, given, outages, random):  # type: ignore[no-untyped-def]
    """Set the next outage of a machine that is up since a time.

    Steps begin at the multiples of their length; at each, a machine that is up fails with some
    probability, and is repaired after an exponential time, rounded up. `noise` is that probability,
    the length of a step, the mean time of a repair; `given` has rows of machine, begin and end.
    """
    begins, ends, drawn, passed = outages
    probability, step, repair = noise[0], np.int64(noise[1]), noise[2]
    begin, end = _NEVER, since
    while True:
        if drawn[m] < since:
            drawn[m] = _NEVER
            if probability > 0:
                count = 1.0
                if probability < 1:
                    count += math.floor(math.log(_uniform(random, m)) / math.log1p(-probability))
                if count < 1e9:
                    drawn[m] = (since // step + np.int64(count)) * step
        while passed[m] < len(given) and (
            given[passed[m], 0] < m or (given[passed[m], 0] == m and given[passed[m], 2] <= since)
        ):
            passed[m] += 1
        fixed = _NEVER
        if passed[m] < len(given) and given[passed[m], 0] == m:
            fixed = given[passed[m], 1]
        at = min(drawn[m], fixed)
        if at > (end if begin < _NEVER else _NEVER - 1):
            break
        begin = min(begin, at)
        if fixed <= drawn[m]:
            end = max(end, given[passed[m], 2])
        else:
            end = max(end, at + np.int64(math.ceil(-repair * math.log(_uniform(random, m)))))
            end = max(end, at + 1)
            drawn[m] = -1
        since = end
    begins[m], ends[m] = begin, end if begin < _NEVER else _NEVER


@kernel(f"void(int64, int64, {_SHOP}, {_STATE})")
def _enter(j, now, shop, state):  # type: ignore[no-untyped-def]
    """Let a job leave its machine, if it is still there, and enter the next one."""
    _, machine, duration, _, _ = shop
    follows, on, over, expected, holder, entered = state
    if on[j] >= 0 and holder[machine[on[j]]] == j:
        holder[machine[on[j]]] = -1
    i = follows[j]
    holder[machine[i]] = j
    entered[machine[i]] += 1
    on[j] = i
    follows[j] = i + 1
    over[j] = expected[j] = now + duration[i]


@kernel(f"boolean(int64, int64, {_SHOP}, {_STATE}, {_AA}, int64)")
def _may(j, now, shop, state, order, planned):  # type: ignore[no-untyped-def]
    """Tell whether a job is ready for its next machine, and its turn there has come."""
    first, machine, _, _, _ = shop
    follows, _, over, _, _, entered = state
    i = follows[j]
    if i == first[j + 1] or over[j] > now:
        return False
    return not planned or order[machine[i], entered[machine[i]]] == i


@kernel(f"void(int64, {_SHOP}, {_STATE}, {_A}, {_AA}, {_A}, int64, int64, {_A})")
def _dispatch(now, shop, state, closed, order, priority, planned, keeps, mark):  # type: ignore[no-untyped-def]
    """Let jobs enter all machines that they may at an instant.

    A machine takes the ready job of least priority value, or the one whose turn it is. Where none
    is free, jobs that wait for one another's machines in a circle change places.

    Args:
        now: The time.
        shop, state: See the module.
        closed: When each machine is open again.
        order: What each machine is to do, if that is planned.
        priority: Of each operation, if not.
        planned: Whether it is.
        keeps: Whether a job keeps its machine until it enters the next one.
        mark: Scratch, one a machine.
    """
    first, machine, _, _, _ = shop
    follows, on, over, _, holder, _ = state
    jobs, machines = len(first) - 1, len(holder)
    moved = True
    while moved:
        moved = False
        for j in range(jobs):  # also those that have just entered, for no time
            i = on[j]
            leaves = i >= 0 and over[j] <= now and (not keeps or follows[j] == first[j + 1])
            if leaves and holder[machine[i]] == j:
                holder[machine[i]] = -1
        mark[:] = -1
        for j in range(jobs):
            if _may(j, now, shop, state, order, planned):
                m = machine[follows[j]]
                k = mark[m]
                first_come = k >= 0 and priority[follows[j]] == priority[follows[k]]
                if (
                    k < 0
                    or priority[follows[j]] < priority[follows[k]]
                    or (first_come and over[j] < over[k])
                ):
                    mark[m] = j
        for m in range(machines):
            j = mark[m]
            if j >= 0 and holder[m] < 0 and closed[m] <= now:
                _enter(j, now, shop, state)
                moved = True
        if moved or not keeps:
            continue
        mark[:] = -1
        for root in range(machines):
            m, length = root, 0
            while mark[m] < 0 and holder[m] >= 0 and closed[m] <= now:
                j = holder[m]
                if not _may(j, now, shop, state, order, planned):
                    break
                mark[m] = root
                m = machine[follows[j]]
                length += 1
            if length and mark[m] == root and holder[m] >= 0:
                begin = m
                while True:  # all leave, then all enter
                    j = holder[m]
                    m = machine[follows[j]]
                    mark[m] = j
                    if m == begin:
                        break
                m = begin
                while True:
                    j = mark[m]
                    previous = machine[on[j]]
                    holder[previous] = -1
                    m = previous
                    if m == begin:
                        break
                while True:
                    j = mark[m]
                    previous = machine[on[j]]
                    _enter(j, now, shop, state)
                    m = previous
                    if m == begin:
                        break
                moved = True
                break


@kernel(f"int64(int64, {_SHOP}, {_STATE}, {_A}, {_AA}, {_A}, int64, {_A})")
def _finish(now, shop, state, closed, order, priority, keeps, mark):  # type: ignore[no-untyped-def]
    """Run a plan to its end as if nothing failed any more; returns the end, or never."""
    first = shop[0]
    follows, _, over, _, _, _ = state
    while True:
        _dispatch(now, shop, state, closed, order, priority, 1, keeps, mark)
        later, done, latest = _NEVER, True, now
        for j in range(len(first) - 1):
            if over[j] > now:
                later = min(later, over[j])
            latest = max(latest, over[j])
            done &= follows[j] == first[j + 1]
        if done:
            return latest
        for m in range(len(closed)):
            if closed[m] > now:
                later = min(later, closed[m])
        if later == _NEVER:
            return _NEVER
        now = later


@kernel(f"boolean(int64, {_SHOP}, {_STATE}, {_STATE}, {_A}, {_A}, {_AA}, {_A}, int64, {_A}, {_A})")
def _replan(  # type: ignore[no-untyped-def]
    now, shop, state, trial, foreseen, closed, order, priority, keeps, mark, hit
):
    """Change the plan where that ends everything earlier, as far as can be foreseen.

    Operations that wait for a machine that is free may go first there; on machines that are hit,
    neighbours at the head of the order may be exchanged.

    Args:
        now, shop, state: See `replay`.
        trial, closed: Scratch.
        foreseen: When each machine may be open again.
        order: The plan; changed.
        priority, keeps, mark: See `_dispatch`.
        hit: Whether each machine is.

    Returns:
        Whether it has changed.
    """
    first, job = shop[0], shop[4]
    follows, _, over, expected, holder, entered = state
    least, changed = -1, False
    for m in range(len(hit)):
        begin = entered[m]
        end = begin
        if hit[m]:
            end = min(order.shape[1] - 1, begin + _LOOK)
        elif holder[m] < 0 and foreseen[m] <= now:
            end = order.shape[1] - 1
        for place in range(begin, end):
            i = order[m, place + 1]
            if i < 0:
                break
            to = place
            if not hit[m]:
                if follows[job[i]] != i or over[job[i]] > now:
                    continue
                to = begin
            for attempt in range(2):
                if least >= 0:
                    for x in range(place, to - 1, -1):
                        order[m, x + 1] = order[m, x]
                    order[m, to] = i
                for x in range(6):
                    trial[x][:] = state[x]
                for j in range(len(first) - 1):
                    if over[j] > now:
                        trial[2][j] = max(expected[j], now + 1)
                closed[:] = foreseen
                value = _finish(now, shop, trial, closed, order, priority, keeps, mark)
                if least < 0:
                    least = value  # of the plan as it is
                    continue
                if value < least:
                    least, changed = value, True
                else:
                    for x in range(to, place + 1):
                        order[m, x] = order[m, x + 1]
                    order[m, place + 1] = i
                if attempt == 0:
                    break
    return changed


@kernel(f"void({_SHOP}, {_AA}, {_A}, int64, int64, {_AA}, {_FLOATS}, uint64[:, ::1], {_AA})")
def replay(shop, order, priority, policy, keeps, given, noise, random, completion):  # type: ignore[no-untyped-def]
    """Run the shop once for each row of `completion`, and fill that in: the end of each job.

    What an outage meets goes on after it. Nothing enters a machine that is down.

    Args:
        shop: See the module.
        order: Operations of each machine in the order of the plan, -1 behind the last.
        priority: Of each operation, the least goes first; for those that do not follow the plan.
        policy: 0 to dispatch by priority, 1 to keep the plan's orders, 2 to re-plan.
        keeps: Whether a job keeps its machine until it enters the next one, and jobs may swap.
        given: Outages that are known, rows of machine, begin and end, sorted.
        noise: See `_next_outage`.
        random: State of the random numbers of each machine, other than 0, a row a replication.
        completion: Shape (replications, jobs).
    """
    first, _, _, release, _ = shop
    jobs, machines = len(first) - 1, order.shape[0]
    sizes = (jobs, jobs, jobs, jobs, machines, machines)
    state = (
        np.empty(sizes[0], np.int64), np.empty(sizes[1], np.int64), np.empty(sizes[2], np.int64),
        np.empty(sizes[3], np.int64), np.empty(sizes[4], np.int64), np.empty(sizes[5], np.int64),
    )  # fmt: skip
    trial = (
        state[0].copy(), state[1].copy(), state[2].copy(), state[3].copy(), state[4].copy(),
        state[5].copy(),
    )  # fmt: skip
    outages = (
        np.empty(machines, np.int64), np.empty(machines, np.int64), np.empty(machines, np.int64),
        np.empty(machines, np.int64),
    )  # fmt: skip
    follows, on, over, expected, holder, entered = state
    begins, ends, drawn, passed = outages
    closed, foreseen = np.zeros(machines, np.int64), np.zeros(machines, np.int64)
    trial_closed, trial_open = np.zeros(machines, np.int64), np.zeros(machines, np.int64)
    mark, hit = np.zeros(machines, np.int64), np.zeros(machines, np.int64)
    plan = order.copy()
    repair = max(1, int(noise[2]))
    for r in range(len(completion)):
        plan[:] = order
        follows[:] = first[:-1]
        on[:] = -1
        over[:] = release
        expected[:] = release
        holder[:] = -1
        entered[:] = 0
        closed[:] = 0
        foreseen[:] = 0
        drawn[:] = -1
        passed[:] = 0
        for m in range(machines):
            _next_outage(m, 0, noise, given, outages, random[r])
        now = 0
        while True:
            met = False
            for m in range(machines):
                while begins[m] <= now:
                    closed[m] = max(closed[m], ends[m])
                    foreseen[m] = now + repair
                    j = holder[m]
                    if j >= 0 and over[j] > begins[m]:
                        over[j] += ends[m] - begins[m]
                        expected[j] += repair
                        met, hit[m] = True, 1
                    _next_outage(m, ends[m], noise, given, outages, random[r])
            if policy == 2:
                for m in range(machines):
                    trial_open[m] = max(now + 1, foreseen[m]) if closed[m] > now else 0
            if met and policy == 2:
                _replan(
                    now, shop, state, trial, trial_open, trial_closed, plan, priority, keeps, mark,
                    hit,
                )  # fmt: skip
            hit[:] = 0
            _dispatch(now, shop, state, closed, plan, priority, int(policy > 0), keeps, mark)
            if policy == 2 and _replan(
                now, shop, state, trial, trial_open, trial_closed, plan, priority, keeps, mark, hit
            ):
                _dispatch(now, shop, state, closed, plan, priority, 1, keeps, mark)
            later, done = _NEVER, True
            for j in range(jobs):
                if over[j] > now:
                    later = min(later, over[j])
                done &= follows[j] == first[j + 1]
            if done and later == _NEVER:
                break
            for m in range(machines):
                if closed[m] > now:
                    later = min(later, closed[m])
                j = holder[m]
                if begins[m] > now and j >= 0 and over[j] > begins[m]:
                    later = min(later, begins[m])
            if later == _NEVER:
                break
            now = later
        completion[r] = over
        for j in range(jobs):
            if follows[j] < first[j + 1]:
                completion[r, j] = _NEVER
