"""Compiled branch and memorize for 1||sum T_j (see `branch_and_memorize` for the sources).

Jobs are numbered in EDD order (due date, then processing time). A *state* is a set of jobs, as bits
in 64-bit words, and the time when the first of them may start; its value is the least total
tardiness. Every branching has one form: a *pivot* job stands behind its *front*, that is the other
jobs of the state with a number of at most `limit` and a processing time below `ceiling`, and before
all the rest; front and rest are states again.

- Lawler's decomposition: the pivot is the longest job, of ties the last; no ceiling.
- Decomposition II: the pivot is the first job in EDD order; its processing time is the ceiling.

Before it is branched on, a state is *peeled*: as long as the rules leave the longest job nowhere
but at the end, or the first job nowhere but at the beginning, that job is taken away. The memory
holds the values of peeled states, with the decision, and those of the *whole* states before, since
peeling takes most of the time.

The search is depth first on a stack of frames, and can return to its caller at any time.
"""

from __future__ import annotations

import numpy as np

from ordino.core.kernel import kernel

__all__ = ["search", "sweep", "unfold"]

_A = "int64[::1]"
_M = "int64[:, ::1]"
_SEARCH = ", ".join(["int64", *[_A] * 4, _M, _A, *[_M] * 6, *[_A] * 3])

INFINITE = 2**62

# Rules: bits of one number.
R1, R2, R3, R4, SECOND, FEW_LATE, ALL_LATE, MEMORY = (1 << bit for bit in range(8))

# A frame. Its jobs and its candidates begin at JOBS, its words go from LOW up to HIGH; CURRENT is
# the candidate being looked at, STAGE how many of its two states are known, SUM their values. The
# last three are those of the whole state, whose WHOLE_HIGH is 0 if nothing was peeled.
SIZE, START, JOBS, LOW, HIGH, PIVOT, CEILING, COUNT, CURRENT, STAGE, SUM, BEST, CHOICE, PEELED = (
    range(14)
)
WHOLE_START, WHOLE_LOW, WHOLE_HIGH = range(14, 17)
FRAME_FIELDS = 17

# A candidate: the limit of the front; when and how late the pivot ends.
LIMIT, END, LATE = range(3)

# Counters.
DEPTH, NODES, WORK, USED, BUCKETS, LEVEL, READ, UNREAD, SEGMENTS, AWAITED, OPTIMUM = range(11)
COUNTERS = 11

# A record of the memory, without its words: the next record of its bucket, the hash of the state,
# its start, value and chosen limit; its range of words and how often it was of use.
LINK, HASH, TIME, VALUE, CHOSEN, SHAPE = range(6)
HEADER = 6
USE_BITS, WORD_BITS = 8, 20
MOST_USES = 2**USE_BITS - 1

SOLVED, PAUSED, FULL = range(3)

_DE_BRUIJN = 0x03F79D71B4CB0A89
_BIT = np.zeros(64, np.int64)
for _bit in range(64):
    _BIT[((_DE_BRUIJN << _bit) & (2**64 - 1)) >> 58] = _bit


@kernel(f"int64({_A}, int64, int64, {_A}, int64)")
def _unpack(words, low, high, jobs, at):  # type: ignore[no-untyped-def]
    """Write the jobs of a set into `jobs` from `at` on, and return how many they are."""
    end = at
    for w in range(low, high):
        left = words[w]
        while left:
            bit = left & -left
            jobs[end] = 64 * w + _BIT[((bit * _DE_BRUIJN) >> 58) & 63]
            end += 1
            left ^= bit
    return end - at


@kernel(f"void({_A}, int64, boolean)")
def _set(words, job, present):  # type: ignore[no-untyped-def]
    bit = np.int64(1) << (job & 63)
    if present:
        words[job >> 6] |= bit
    else:
        words[job >> 6] &= ~bit


@kernel(f"int64({_A}, int64, int64, int64)")
def _place(jobs, at, size, job):  # type: ignore[no-untyped-def]
    """Return the position of a job among `size` jobs in order; a search without branches."""
    k = np.int64(0)
    while size > 1:
        half = size >> 1
        k += half & -np.int64(jobs[at + k + half] <= job)
        size -= half
    return k


@kernel("int64(int64)")
def _up_to(job):  # type: ignore[no-untyped-def]
    """Bits of the jobs up to this one, within its word."""
    return (np.int64(2) << (job & 63)) - 1


# The memory: records one behind the other, found by hash, and compared word by word.


@kernel(f"int64({_A}, int64, int64, int64)")
def _hash(words, low, high, start):  # type: ignore[no-untyped-def]
    mixed = (start + low) * np.int64(-7046029254386353131)
    for w in range(low, high):
        mixed = (mixed ^ (mixed >> 32) ^ words[w]) * np.int64(-4417276706812531889)
    return mixed ^ (mixed >> 29)


@kernel(f"int64(int64, {_A})")
def _bucket(key, counters):  # type: ignore[no-untyped-def]
    wide = (2 << counters[LEVEL]) - 1
    bucket = key & wide
    return bucket if bucket < counters[BUCKETS] else key & (wide >> 1)


@kernel(f"int64({_A}, int64, int64, int64, {_A}, {_A}, {_A})")
def _find(words, low, high, start, heads, pool, counters):  # type: ignore[no-untyped-def]
    """Return the place of a state's record, or 0."""
    key = _hash(words, low, high, start)
    at = heads[_bucket(key, counters)]
    while at:
        if (
            pool[at + HASH] == key
            and pool[at + TIME] == start
            and pool[at + SHAPE] >> USE_BITS == (low << WORD_BITS | high)
        ):
            w = low
            while w < high and pool[at + HEADER + w - low] == words[w]:
                w += 1
            if w == high:
                return at
        at = pool[at + LINK]
    return 0


@kernel(f"void(int64, {_A}, {_A}, {_A})")
def _link(at, heads, pool, counters):  # type: ignore[no-untyped-def]
    """Put a record into its bucket, and split another bucket in two (Litwin 1980)."""
    bucket = _bucket(pool[at + HASH], counters)
    pool[at + LINK] = heads[bucket]
    heads[bucket] = at
    if counters[BUCKETS] == len(heads):
        return
    split = counters[BUCKETS] - (1 << counters[LEVEL])
    heads[counters[BUCKETS]] = 0
    counters[BUCKETS] += 1
    if counters[BUCKETS] == 2 << counters[LEVEL]:
        counters[LEVEL] += 1
    at = heads[split]
    heads[split] = 0
    while at:
        following = pool[at + LINK]
        bucket = _bucket(pool[at + HASH], counters)
        pool[at + LINK] = heads[bucket]
        heads[bucket] = at
        at = following


@kernel(f"boolean({_A}, int64, int64, int64, int64, int64, {_A}, {_A}, {_A})")
def _store(words, low, high, start, value, choice, heads, pool, counters):  # type: ignore[no-untyped-def]
    """Remember a solved state; returns whether there was room, or never can be."""
    at = counters[USED]
    if at + HEADER + high - low > len(pool):
        return 1 + HEADER + high - low > len(pool)
    pool[at + HASH] = _hash(words, low, high, start)
    pool[at + TIME] = start
    pool[at + VALUE] = value
    pool[at + CHOSEN] = choice
    pool[at + SHAPE] = (low << WORD_BITS | high) << USE_BITS
    for w in range(low, high):
        pool[at + HEADER + w - low] = words[w]
    counters[USED] += HEADER + high - low
    _link(at, heads, pool, counters)
    return True


@kernel(f"void({_A}, {_A}, int64, {_A}, {_A}, {_A})")
def _store_whole(frame, whole, value, heads, pool, counters):  # type: ignore[no-untyped-def]
    """Remember the whole state that was peeled to one of that value, if anything was and there is
    room."""
    low, high = frame[WHOLE_LOW], frame[WHOLE_HIGH]
    if high:
        value += frame[PEELED]
        _store(whole, low, high, frame[WHOLE_START], value, 0, heads, pool, counters)


@kernel(f"boolean({_A}, {_A}, {_A}, int64)")
def sweep(heads, pool, counters, quota):  # type: ignore[no-untyped-def]
    """Drop the records that were of no use since the last sweep, and halve the others' counts.

    Looks at `quota` records; to be called until it returns that it is done.
    """
    if counters[READ] == 0:
        heads[: counters[BUCKETS]] = 0
        counters[BUCKETS], counters[LEVEL] = 1, 0
        counters[UNREAD] = counters[USED]
        counters[READ] = counters[USED] = 1
    end = counters[UNREAD]
    at, to = counters[READ], counters[USED]
    while at < end and quota > 0:
        quota -= 1
        shape = pool[at + SHAPE]
        words = ((shape >> USE_BITS) & (2**WORD_BITS - 1)) - (shape >> (USE_BITS + WORD_BITS))
        uses = shape & MOST_USES
        if uses:
            for i in range(HEADER + words):
                pool[to + i] = pool[at + i]
            pool[to + SHAPE] -= uses - (uses >> 1)
            _link(to, heads, pool, counters)
            to += HEADER + words
        at += HEADER + words
    counters[READ], counters[USED] = at, to
    if at < end:
        return False
    counters[READ] = 0
    return True


@kernel(f"void(int64, {_A})")
def _use(record, pool):  # type: ignore[no-untyped-def]
    """Count that a record was of use."""
    pool[record + SHAPE] += pool[record + SHAPE] & MOST_USES < MOST_USES


# States.


@kernel(f"int64(int64, {_M}, {_A}, int64, int64, int64, {_M})")
def _lawler(rules, rows, jobs, at, size, k, candidates):  # type: ignore[no-untyped-def]
    """List the positions r of the longest job, at position k, that the rules leave.

    With C_r the end of the jobs up to position r, and T(r) the total tardiness of EDD with the
    longest job moved to position r, position r is dropped if

    - R1: C_r > d_{r+1};
    - R2: r > k and C_r <= d_r + p_r;
    - R3: C_r <= d_i + p_i for some i with k < i < r;
    - R4: T(r) >= T(i) for some i with k <= i < r, or T(r) > T(r+1).

    Returns:
        The number of candidates.
    """
    ends, times, dues = rows[0], rows[1], rows[2]
    r1, r2, r3, r4 = rules & R1 != 0, rules & R2 != 0, rules & R3 != 0, rules & R4 != 0
    job = jobs[at + k]
    longest, due = times[k], dues[k]
    count = total = np.int64(0)  # T(r) - T(k)
    end, least, reach = ends[k], np.int64(INFINITE), np.int64(-INFINITE)
    keep = True
    for r in range(k + 1, size + 1):
        before, now = end, total
        if r < size:
            pj, dj = times[r], dues[r]
            end += pj
            total += max(0, end - due) - max(0, before - due)
            total += max(0, end - longest - dj) - max(0, end - dj)
            keep &= not ((r1 & (before > dj)) | (r4 & (now > total)))
        if keep:
            candidates[LIMIT, at + count] = job
            candidates[END, at + count] = before
            candidates[LATE, at + count] = max(0, before - due)
            count += 1
        if r < size:
            least = min(least, now)
            keep = not ((r2 & (end <= dj + pj)) | (r3 & (end <= reach)) | (r4 & (total >= least)))
            reach = max(reach, dj + pj)
            job = jobs[at + r]
    return count


@kernel(f"int64(int64, {_M}, {_A}, int64, int64, int64, int64, int64, {_M})")
def _second(rules, rows, jobs, at, first, size, start, most, candidates):  # type: ignore[no-untyped-def]
    """List how many of the shorter jobs may go before the first job, by R4; give up at `most`.

    The first job of the state is at position `first`.

    T(q) is the total tardiness of the first job and the jobs shorter than it, in EDD order but for
    the first job, which stands behind q others.

    Returns:
        The number of candidates.
    """
    times, dues = rows[1], rows[2]
    shortest, due = times[first], dues[first]
    end, value, least = start + shortest, np.int64(0), np.int64(1)  # T(q) - T(0), the least so far
    limit = np.int64(-1)
    count = np.int64(0)
    for i in range(first + 1, size):
        pj, dj = times[i], dues[i]
        if pj >= shortest:
            continue
        step = max(0, end + pj - due) - max(0, end - due)
        step += max(0, end + pj - shortest - dj) - max(0, end + pj - dj)
        if not rules & R4 or (step >= 0 and value < least):
            candidates[LIMIT, count] = limit
            candidates[END, count] = end
            candidates[LATE, count] = max(0, end - due)
            count += 1
            if count == most:
                return count
        least = min(least, value)
        value += step
        end += pj
        limit = jobs[at + i]
    if not rules & R4 or value < least:
        candidates[LIMIT, count] = limit
        candidates[END, count] = end
        candidates[LATE, count] = max(0, end - due)
        count += 1
    return count


@kernel(f"int64({_A}, {_A}, {_A}, {_A}, {_A}, int64, int64, int64)")
def _all_late(p, d, ranks, by_length, jobs, at, size, start):  # type: ignore[no-untyped-def]
    """Sort jobs that are late wherever they stand by length, and return their total tardiness."""
    some = ranks[jobs[at : at + size]]
    some.sort()
    total, end = np.int64(0), start
    for i in range(size):
        job = by_length[some[i]]
        jobs[at + i] = job
        end += p[job]
        total += end - d[job]
    return total


@kernel(f"UniTuple(int64, 2)({_A}, {_A}, int64, int64)")
def _lateness(ends, dues, first, size):  # type: ignore[no-untyped-def]
    """Return how many jobs are late in EDD order from position `first` on, and how late in all."""
    late = total = np.int64(0)
    for i in range(first, size):
        over = ends[i] - dues[i]
        late += np.int64(over > 0)
        total += max(0, over)
    return late, total


@kernel(f"boolean({_A}, {_A}, int64, int64)")
def _goes_last(ends, dues, k, size):  # type: ignore[no-untyped-def]
    """Tell whether R1 alone leaves the longest job, at position k, nowhere but at the end."""
    if k == size - 1 or ends[k] > dues[size - 1]:
        return True
    least = INFINITE
    for r in range(k, size - 1):
        least = min(least, ends[r] - dues[r + 1])
    return least > 0


@kernel(f"boolean({_A}, {_A}, int64, int64, int64, int64)")
def _goes_first(times, dues, first, size, punctual, start):  # type: ignore[no-untyped-def]
    """Tell whether R4 leaves the first job of a state nowhere but at the beginning.

    That is so if T(q) >= T(0) for all q (see `_second`). The jobs at positions below `punctual` are
    not late in EDD order. A mask, all bits set for a shorter job, stands for a branch that is hard
    to predict.
    """
    shortest, due = times[first], dues[first]
    end = start + shortest
    least = max(0, end - due)
    for i in range(first + 1, punctual):
        end += times[i] & ((times[i] - shortest) >> 63)
    gained = np.int64(0)
    for i in range(max(first + 1, punctual), size):
        shorter = (times[i] - shortest) >> 63
        end += times[i] & shorter
        gained += min(max(0, end - dues[i]), shortest) & shorter
        if max(0, end - due) - gained < least:
            return False
    return True


@kernel(f"boolean({_A}, int64, {_A}, {_A}, {_A}, {_A}, {_A}, {_M}, {_A}, {_A}, {_M}, {_M}, {_A})")
def _expand(  # type: ignore[no-untyped-def]
    frame, rules, p, d, ranks, by_length, jobs, candidates, words, front, other, rows, counters
):
    """Peel a state; find its value in BEST if it shows by then, else its candidates.

    `jobs` ends up in the order in which peeled jobs stand at both ends of what is left; a state
    whose value is found stands in an optimal order.

    Returns:
        Whether the value is found.
    """
    ends, times, dues = rows[0], rows[1], rows[2]
    at, size, start = frame[JOBS], frame[SIZE], frame[START]
    peeled = late = total = gone = count = np.int64(0)
    k, longest, slack, end = 0, np.int64(-1), -INFINITE, start
    for i in range(size):
        job = jobs[at + i]
        pj, dj = p[job], d[job]
        if pj >= longest:
            longest, k = pj, i
        end += pj
        ends[i], times[i], dues[i] = end, pj, dj
        if end > dj:
            late += 1
            total += end - dj
        slack = max(slack, dj - pj)
    counters[WORK] += size

    if late <= 1 and rules & FEW_LATE:
        frame[BEST] = total
        return True

    while True:  # the longest job, while it goes to the end
        if slack <= start and rules & ALL_LATE:
            frame[BEST] = peeled + _all_late(p, d, ranks, by_length, jobs, at, size, start)
            return True
        counters[WORK] += size - k
        pivot = jobs[at + k]
        if size <= 1 or not (rules & R1 and _goes_last(ends, dues, k, size)):
            late, total = _lateness(ends, dues, 0, size)
            if size <= 1 or (late <= 1 and rules & FEW_LATE):
                frame[BEST] = peeled + total
                return True
            count = _lawler(rules, rows, jobs, at, size, k, candidates)
            if count > 1 or candidates[LIMIT, at] != jobs[at + size - 1]:
                break
        peeled += max(0, ends[size - 1] - dues[k])
        size -= 1
        for i in range(k, size):
            jobs[at + i] = jobs[at + i + 1]
        for i in range(k, size):
            times[i] = times[i + 1]
        for i in range(k, size):
            dues[i] = dues[i + 1]
        for i in range(k, size):
            ends[i] = ends[i + 1] - longest
        jobs[at + size] = pivot
        _set(words, pivot, False)
        rank = ranks[pivot] - 1
        pivot = by_length[rank]
        while not (
            frame[LOW] <= pivot >> 6 < frame[HIGH] and words[pivot >> 6] >> (pivot & 63) & 1
        ):
            rank -= 1
            pivot = by_length[rank]
        longest = p[pivot]
        k = _place(jobs, at, size, pivot)

    frame[PIVOT], frame[CEILING], frame[COUNT] = pivot, INFINITE, count
    punctual = 0
    while punctual < size and ends[punctual] <= dues[punctual]:
        punctual += 1
    while rules & SECOND and count > 1 and gone < k:  # the first job, while it stays
        counters[WORK] += size - gone
        if not (rules & R4 and _goes_first(times, dues, gone, size, punctual, start)):
            fewer = _second(rules, rows, jobs, at, gone, size, start, count, other)
            if fewer > 1 or other[LIMIT, 0] >= 0:
                if fewer < count:
                    frame[PIVOT], frame[CEILING] = jobs[at + gone], times[gone]
                    frame[COUNT] = fewer
                break
        start += times[gone]
        peeled += max(0, start - dues[gone])
        _set(words, jobs[at + gone], False)
        gone += 1
    if gone and rules & FEW_LATE:
        late, total = _lateness(ends, dues, gone, size)
        if late <= 1:
            frame[BEST] = peeled + total
            return True
    at += gone
    size -= gone

    low, high = frame[LOW], frame[HIGH]
    while words[low] == 0:
        low += 1
    while words[high - 1] == 0:
        high -= 1
    if frame[CEILING] == INFINITE:
        for i in range(count - 1, -1, -1):
            candidates[:, at + i] = candidates[:, at - gone + i]
        front[low:high] = words[low:high]
    else:
        candidates[:, at : at + frame[COUNT]] = other[:, : frame[COUNT]]
        front[low:high] = 0
        for i in range(size):
            if p[jobs[at + i]] < frame[CEILING]:
                _set(front, jobs[at + i], True)
    frame[LOW], frame[HIGH] = low, high
    frame[SIZE], frame[JOBS], frame[START], frame[PEELED] = size, at, start, peeled
    frame[CURRENT] = frame[STAGE] = 0
    frame[BEST] = INFINITE
    return False


@kernel(f"boolean({_A}, {_A}, {_A}, {_A}, {_M}, {_A})")
def _descend(frame, words, front, child, candidates, below):  # type: ignore[no-untyped-def]
    """Write the words of the front (stage 0) or of the rest (stage 1) of the current candidate.

    Returns:
        Whether there is a job in it.
    """
    low, high, pivot = frame[LOW], frame[HIGH], frame[PIVOT]
    place = frame[JOBS] + frame[CURRENT]
    limit = candidates[LIMIT, place]
    last = limit >> 6
    if frame[STAGE] == 0:
        below[START] = frame[START]
        high = last + 1  # 0 for an empty front
        child[low:high] = front[low:high]
        if low < high:
            child[last] &= _up_to(limit)
    else:
        below[START] = candidates[END, place]
        child[low:high] = words[low:high]
        for w in range(low, last):
            child[w] &= ~front[w]
        if low <= last:
            child[last] &= ~(front[last] & _up_to(limit))
    if low <= pivot >> 6 < high:
        _set(child, pivot, False)
    while low < high and child[low] == 0:
        low += 1
    while low < high and child[high - 1] == 0:
        high -= 1
    below[LOW], below[HIGH] = low, high
    return low < high


@kernel(f"int64({_SEARCH}, int64, int64)")
def search(  # type: ignore[no-untyped-def]
    rules, p, d, ranks, by_length,
    frames, jobs, candidates, words, front, whole, other, rows, heads, pool, counters,
    quota, most_nodes,
):  # fmt: skip
    """Go on with the search for the value of the state in frame 0.

    Args:
        rules: The rules in use, as bits.
        p: Processing times.
        d: Due dates.
        ranks: Of each job by processing time, then number.
        by_length: The jobs in that order.
        frames: The stack.
        jobs: Of the frames.
        candidates: Of the frames.
        words: Jobs of each frame as a set.
        front: Jobs that may stand before the pivot of each frame, as a set.
        whole: Jobs of each frame as a set, before it was peeled.
        other: Room for the candidates of a decomposition.
        rows: Room for the ends in EDD order, the processing times and the due dates of a state.
        heads: First record of each bucket.
        pool: The records.
        counters: See the top of the module.
        quota: Steps to take at most, about: one a job looked at.
        most_nodes: States to branch on at most.

    Returns:
        SOLVED: the value is PEELED + BEST of frame 0. PAUSED: call again. FULL: sweep, then call
        again.
    """
    depth = counters[DEPTH]
    until = counters[WORK] + quota
    while counters[WORK] < until and counters[NODES] < most_nodes:
        frame = frames[depth]
        if frame[CURRENT] == frame[COUNT] or frame[BEST] == 0:
            if rules & MEMORY:
                if not _store(
                    words[depth], frame[LOW], frame[HIGH], frame[START], frame[BEST], frame[CHOICE],
                    heads, pool, counters,
                ):  # fmt: skip
                    counters[DEPTH] = depth
                    return FULL
                _store_whole(frame, whole[depth], frame[BEST], heads, pool, counters)
            if depth == 0:
                return SOLVED
            depth -= 1
            frames[depth, SUM] += frame[PEELED] + frame[BEST]
            frames[depth, STAGE] += 1
            continue
        place = frame[JOBS] + frame[CURRENT]
        if frame[STAGE] == 0:
            frame[SUM] = candidates[LATE, place]
        if frame[SUM] >= frame[BEST] or frame[STAGE] == 2:
            if frame[SUM] < frame[BEST]:
                frame[BEST] = frame[SUM]
                frame[CHOICE] = candidates[LIMIT, place]
            frame[CURRENT] += 1
            frame[STAGE] = 0
            continue

        below, child = frames[depth + 1], words[depth + 1]
        counters[WORK] += 1
        if not _descend(frame, words[depth], front[depth], child, candidates, below):
            frame[STAGE] += 1
            continue
        low, high, start = below[LOW], below[HIGH], below[START]
        if rules & MEMORY:
            record = _find(child, low, high, start, heads, pool, counters)
            if record:
                _use(record, pool)
                frame[SUM] += pool[record + VALUE]
                frame[STAGE] += 1
                continue
            whole[depth + 1, low:high] = child[low:high]
        below[JOBS] = frame[JOBS] + frame[SIZE]
        size = below[SIZE] = _unpack(child, low, high, jobs, below[JOBS])
        if _expand(
            below, rules, p, d, ranks, by_length,
            jobs, candidates, child, front[depth + 1], other, rows, counters,
        ):  # fmt: skip
            frame[SUM] += below[BEST]
            frame[STAGE] += 1
            continue
        below[WHOLE_START], below[WHOLE_LOW] = start, low
        below[WHOLE_HIGH] = high if size > below[SIZE] else 0
        if rules & MEMORY and below[WHOLE_HIGH]:
            record = _find(child, below[LOW], below[HIGH], below[START], heads, pool, counters)
            if record:
                _use(record, pool)
                value = pool[record + VALUE]
                _store_whole(below, whole[depth + 1], value, heads, pool, counters)
                frame[SUM] += below[PEELED] + value
                frame[STAGE] += 1
                continue
        counters[NODES] += 1
        depth += 1
    counters[DEPTH] = depth
    return PAUSED


@kernel(f"void({_M}, int64, int64, int64, {_A})")
def _push(segments, first, last, start, counters):  # type: ignore[no-untyped-def]
    if first < last:
        top = counters[SEGMENTS]
        segments[top, 0], segments[top, 1], segments[top, 2] = first, last, start
        counters[SEGMENTS] += 1


@kernel(f"int64({_SEARCH}, {_A}, {_M})")
def unfold(  # type: ignore[no-untyped-def]
    rules, p, d, ranks, by_length,
    frames, jobs, candidates, words, front, whole, other, rows, heads, pool, counters,
    sequence, segments,
):  # fmt: skip
    """Put the jobs into an optimal order, as far as the values of their states are known.

    `segments` is a stack of states, each the jobs of a range of the sequence in EDD order, with its
    start. The other arguments are those of `search`.

    Returns:
        SOLVED: it is done. PAUSED: the state in frame 0 is to be searched; then call again.
    """
    frame = frames[0]
    while counters[SEGMENTS]:
        top = counters[SEGMENTS] - 1
        first, last = segments[top, 0], segments[top, 1]
        if counters[AWAITED]:
            counters[AWAITED] = 0
            value, limit = frame[BEST], frame[CHOICE]
        else:
            frame[START], frame[JOBS], frame[SIZE] = segments[top, 2], 0, last - first
            frame[LOW], frame[HIGH] = sequence[first] >> 6, (sequence[last - 1] >> 6) + 1
            frame[WHOLE_HIGH] = 0
            words[0, frame[LOW] : frame[HIGH]] = 0
            for i in range(first, last):
                jobs[i - first] = sequence[i]
                _set(words[0], sequence[i], True)
            solved = _expand(
                frame, rules, p, d, ranks, by_length,
                jobs, candidates, words[0], front[0], other, rows, counters,
            )  # fmt: skip
            sequence[first:last] = jobs[: last - first]
            if solved:
                if counters[OPTIMUM] < 0:
                    counters[OPTIMUM] = frame[BEST]
                counters[SEGMENTS] -= 1
                continue
            low, high, start = frame[LOW], frame[HIGH], frame[START]
            record = 0
            if rules & MEMORY:
                record = _find(words[0], low, high, start, heads, pool, counters)
            if not record:
                counters[AWAITED] = 1
                counters[DEPTH] = 0
                return PAUSED
            value, limit = pool[record + VALUE], pool[record + CHOSEN]
        if counters[OPTIMUM] < 0:
            counters[OPTIMUM] = frame[PEELED] + value
        first += frame[JOBS]
        last = first + frame[SIZE]
        pivot, end = frame[PIVOT], frame[START] + p[frame[PIVOT]]
        middle, kept = first, 0
        for i in range(first, last):
            job = sequence[i]
            if job == pivot:
                continue
            if job <= limit and p[job] < frame[CEILING]:
                sequence[middle] = job
                middle += 1
                end += p[job]
            else:
                jobs[kept] = job
                kept += 1
        sequence[middle] = pivot
        sequence[middle + 1 : last] = jobs[:kept]
        counters[SEGMENTS] -= 1
        _push(segments, first, middle, frame[START], counters)
        _push(segments, middle + 1, last, end, counters)
    return SOLVED
