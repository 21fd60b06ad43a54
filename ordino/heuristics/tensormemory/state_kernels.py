"""Search over states of a graph that runs, compiled.

A state says which operators have run (`S`), which wait for nothing more (`Q`), which tensors are
resident (`R`), and which have been spilled (`K`): bit sets of 64-bit words, one behind the other in
a row. Dead tensors are in neither set. With it go its value `f`, the bytes that are resident, and
how many operators have run.

Decisions are lazy: a tensor is fetched when an operator reads it, and leaves when an operator does
not fit otherwise, in a set of which no member could stay. What leaves pays for the spill, unless
there is a copy, and for its next fetch at once. So `f`, the traffic, is at any time a lower bound
of what the plan will cost. For the goal `peak` nothing leaves, and `f` is the greatest total so
far.

Letters: `n` operators, `W` and `V` words of a set of operators and of tensors; `cost` is the bytes
of a fetch, `spill` those of a spill; lists of operands are given by their starts and items.

Two states that have run the same operators: A dominates B if f(A) + cost(R(A) - R(B)) +
spill(K(B) - K(A)) <= f(B), as A can then become B and pays no more in all.
"""

from __future__ import annotations

import numpy as np

from ordino.core.kernel import kernel

__all__ = [
    "COUNTERS",
    "EMPTY",
    "EXPANDED",
    "FULL",
    "HEAP",
    "LOG",
    "PAUSED",
    "SOLVED",
    "STATES",
    "beam_expand",
    "beam_select",
    "best_first",
    "plant",
]

SOLVED, EMPTY, FULL, PAUSED = 0, 1, 2, 3
STATES, HEAP, LOG, EXPANDED, COUNTERS = 0, 1, 2, 3, 4
"""States held, those in the heap, operators in the log, states expanded."""

_I, _M = "int64[::1]", "int64[:, ::1]"
_GRAPH = f"UniTuple({_I}, 14)"
READS, WRITES, READERS, NEEDS, SERVES, ROOM, COST, SPILL, SCRATCH = 0, 2, 4, 6, 8, 10, 11, 12, 13
"""Places in a graph: what each operator reads (starts, then items) and writes, the readers of each
tensor, what each operator needs to have run and serves; room, cost and spill of each tensor;
workspace of each operator."""


@kernel("int64(int64)")
def _bit(low):  # type: ignore[no-untyped-def]
    """Return the position of the one bit that is set."""
    position = 0
    if low & 0xFFFFFFFF == 0:
        position += 32
        low >>= 32
    if low & 0xFFFF == 0:
        position += 16
        low >>= 16
    if low & 0xFF == 0:
        position += 8
        low >>= 8
    if low & 0xF == 0:
        position += 4
        low >>= 4
    if low & 0x3 == 0:
        position += 2
        low >>= 2
    if low & 0x1 == 0:
        position += 1
    return position


@kernel(f"boolean({_I}, int64, int64)")
def _has(row, base, member):  # type: ignore[no-untyped-def]
    return (row[base + (member >> 6)] >> (member & 63)) & 1 == 1


@kernel(f"void({_I}, int64, int64)")
def _add(row, base, member):  # type: ignore[no-untyped-def]
    row[base + (member >> 6)] |= np.int64(1) << (member & 63)


@kernel(f"void({_I}, int64, int64)")
def _remove(row, base, member):  # type: ignore[no-untyped-def]
    row[base + (member >> 6)] &= ~(np.int64(1) << (member & 63))


@kernel(f"boolean({_I}, int64, {_I}, {_I})")
def _dies(row, tensor, readers, reader):  # type: ignore[no-untyped-def]
    """Tell whether all that read a tensor have run."""
    waiting = 0
    for place in range(readers[tensor], readers[tensor + 1]):
        waiting += 0 if _has(row, 0, reader[place]) else 1
    return waiting == 0


@kernel(f"UniTuple(int64, 2)({_I}, int64, int64, int64, int64, {_GRAPH})")
def _run(row, operator, used, W, V, graph):  # type: ignore[no-untyped-def]
    """Run an operator in a row, with nothing leaving but what dies.

    Returns:
        The bytes in use while it runs, and those resident afterwards.
    """
    reads, read = graph[READS], graph[READS + 1]
    writes, written = graph[WRITES], graph[WRITES + 1]
    readers, reader = graph[READERS], graph[READERS + 1]
    needs, need = graph[NEEDS], graph[NEEDS + 1]
    serves, served = graph[SERVES], graph[SERVES + 1]
    room, scratch = graph[ROOM], graph[SCRATCH]
    R, K = 2 * W, 2 * W + V
    for place in range(reads[operator], reads[operator + 1]):
        tensor = read[place]
        if not _has(row, R, tensor):
            _add(row, R, tensor)
            used += room[tensor]
    for place in range(writes[operator], writes[operator + 1]):
        tensor = written[place]
        _add(row, R, tensor)
        used += room[tensor]
    during = used + scratch[operator]
    _add(row, 0, operator)
    _remove(row, W, operator)
    for place in range(serves[operator], serves[operator + 1]):
        other = served[place]
        ready = True
        for back in range(needs[other], needs[other + 1]):
            if not _has(row, 0, need[back]):
                ready = False
                break
        if ready:
            _add(row, W, other)
    for place in range(reads[operator], reads[operator + 1]):
        tensor = read[place]
        if _dies(row, tensor, readers, reader):
            _remove(row, R, tensor)
            _remove(row, K, tensor)
            used -= room[tensor]
    for place in range(writes[operator], writes[operator + 1]):
        tensor = written[place]
        if readers[tensor] == readers[tensor + 1]:
            _remove(row, R, tensor)
            used -= room[tensor]
    return during, used


@kernel(f"int64({_I}, int64, int64, int64, int64, int64, boolean, {_I}, {_GRAPH})")
def _forced(row, used, f, limit, W, V, peak, allowed, graph):  # type: ignore[no-untyped-def]
    """Return an operator that may as well run next, or -1.

    Its operands are resident or fit, and what it leaves behind takes no more than what dies: for
    the goal `peak` in all, otherwise than one tensor alone, in whose stead it can leave and come
    back at no greater cost.
    """
    reads, read = graph[READS], graph[READS + 1]
    writes, written = graph[WRITES], graph[WRITES + 1]
    readers, reader = graph[READERS], graph[READERS + 1]
    room, cost, spill, scratch = graph[ROOM], graph[COST], graph[SPILL], graph[SCRATCH]
    R, K = 2 * W, 2 * W + V
    for word in range(W):
        left = row[W + word] & allowed[word]
        while left:
            low = left & -left
            left ^= low
            operator = 64 * word + _bit(low)
            new = kept_room = kept_cost = np.int64(0)
            for place in range(writes[operator], writes[operator + 1]):
                tensor = written[place]
                new += room[tensor]
                if readers[tensor] < readers[tensor + 1]:
                    kept_room += room[tensor]
                    kept_cost += cost[tensor]
            if used + new + scratch[operator] > (f if peak else limit):
                continue
            fits = True
            freed = np.int64(0)
            exchanged = kept_room == 0
            _add(row, 0, operator)
            for place in range(reads[operator], reads[operator + 1]):
                tensor = read[place]
                if not _has(row, R, tensor):
                    fits = False
                    break
                if _dies(row, tensor, readers, reader):
                    freed += room[tensor]
                    copied = _has(row, K, tensor) or spill[tensor] == 0
                    trips = 2 * kept_cost if copied else kept_cost
                    if room[tensor] >= kept_room and cost[tensor] >= trips:
                        exchanged = True
            _remove(row, 0, operator)
            if fits and (freed >= kept_room if peak else exchanged):
                return operator
    return -1


@kernel(f"int64({_I}, int64, {_I}, {_I}, int64, int64, {_I}, {_I}, {_M}, int64)")
def _victims(row, over, room, tensors, count, most, suffix, chosen, sets, width):  # type: ignore[no-untyped-def]
    """List sets of tensors of at least so many bytes of which no member could stay.

    Args:
        row: Unused room for a mark.
        over: Bytes that must leave.
        room: Bytes of each tensor.
        tensors: Candidates, the largest first.
        count: How many candidates.
        most: List no more sets than this.
        suffix: Room for sums.
        chosen: Room for a stack.
        sets: Row i is set i, its length first.
        width: Largest length of a set.

    Returns:
        How many sets.
    """
    suffix[count] = 0
    for i in range(count - 1, -1, -1):
        suffix[i] = suffix[i + 1] + room[tensors[i]]
    found = 0
    depth = 0
    i = 0
    total = np.int64(0)
    while True:
        if total >= over:
            # the last one in is the smallest: if it could stay, the set would have ended before
            sets[found, 0] = depth
            for k in range(depth):
                sets[found, 1 + k] = tensors[chosen[k]]
            found += 1
            if found == most:
                return found
        if total < over and i < count and total + suffix[i] >= over and depth < width:
            chosen[depth] = i
            depth += 1
            total += room[tensors[i]]
            i += 1
            continue
        if depth == 0:
            return found
        depth -= 1
        i = chosen[depth] + 1
        total -= room[tensors[chosen[depth]]]


@kernel(f"int64({_I}, int64, int64)")
def _hash(row, begin, end):  # type: ignore[no-untyped-def]
    code = np.int64(1469598103934665603)
    for word in range(begin, end):
        code = (code ^ row[word]) * np.int64(1099511628211)
        code ^= (code >> 29) & 0x7FFFFFFFF
    return code & 0x3FFFFFFFFFFFFFFF


@kernel(f"int64({_I}, int64, int64, int64, {_I}, int64, {_GRAPH})")
def _candidates(row, operator, W, V, tensors, most, graph):  # type: ignore[no-untyped-def]
    """List the resident tensors that are no operands; returns how many."""
    reads, read = graph[READS], graph[READS + 1]
    writes, written = graph[WRITES], graph[WRITES + 1]
    R = 2 * W
    count = 0
    for word in range(V):
        left = row[R + word]
        while left:
            low = left & -left
            left ^= low
            tensor = 64 * word + _bit(low)
            operand = False
            for place in range(reads[operator], reads[operator + 1]):
                operand = operand or read[place] == tensor
            for place in range(writes[operator], writes[operator + 1]):
                operand = operand or written[place] == tensor
            if not operand and count < most:
                tensors[count] = tensor
                count += 1
    return count


@kernel(f"UniTuple(int64, 2)({_I}, {_I}, int64, int64, int64, {_I}, {_I}, {_I})")
def _evict(row, victims, W, V, used, room, cost, spill):  # type: ignore[no-untyped-def]
    """Let tensors (their number first) leave; returns what that costs, and the bytes left."""
    R, K = 2 * W, 2 * W + V
    paid = np.int64(0)
    for k in range(victims[0]):
        tensor = victims[1 + k]
        _remove(row, R, tensor)
        used -= room[tensor]
        paid += cost[tensor]
        if not _has(row, K, tensor):
            _add(row, K, tensor)
            paid += spill[tensor]
    return paid, used


@kernel(f"int64({_M}, {_I}, {_I}, {_I}, {_I}, {_I}, {_I}, int64, int64, {_I})")
def beam_select(  # type: ignore[no-untyped-def]
    pool, pool_f, pool_used, pool_parent, pool_operator, table, filled, width, words, order
):
    """Keep the best states of the pool: of least value, and at ties of least residence.

    They stand first afterwards, and the hash table is that of them. Returns how many.
    """
    count = filled[0]
    if count > width:
        by_used = np.argsort(pool_used[:count], kind="mergesort")
        by_value = np.argsort(pool_f[:count][by_used], kind="mergesort")
        for place in range(width):
            order[place] = by_used[by_value[place]]
        chosen = np.sort(order[:width])
        for place in range(width):
            source = chosen[place]
            if source != place:
                pool[place] = pool[source]
                pool_f[place] = pool_f[source]
                pool_used[place] = pool_used[source]
                pool_parent[place] = pool_parent[source]
                pool_operator[place] = pool_operator[source]
        count = width
    table[:] = 0
    mask = table.size - 1
    for place in range(count):
        slot = _hash(pool[place], 0, words) & mask
        while table[slot]:
            slot = (slot + 1) & mask
        table[slot] = place + 1
    filled[0] = count
    return count


@kernel(
    f"void({_M}, {_I}, {_I}, int64, int64, {_M}, {_I}, {_I}, {_I}, {_I}, {_I}, {_I}, int64, "
    f"{_I}, int64, int64, int64, int64, boolean, {_I}, int64, {_I}, {_I}, {_I}, {_M}, {_I}, "
    f"{_GRAPH})"
)
def beam_expand(  # type: ignore[no-untyped-def]
    rows,
    fs,
    useds,
    begin,
    end,
    pool,
    pool_f,
    pool_used,
    pool_parent,
    pool_operator,
    table,
    filled,
    width,
    order,
    bound,
    limit,
    W,
    V,
    peak,
    allowed,
    most,
    tensors,
    suffix,
    chosen,
    sets,
    child,
    graph,
):
    """Put the successors of states `begin` to `end` of a layer into the pool.

    Args:
        rows, fs, useds: The layer.
        begin, end: Which states.
        pool, pool_f, pool_used, pool_parent, pool_operator: Successors, each once.
        table: Open hash table of them, index + 1; 0 is free. A power of 2 long.
        filled: How many there are in the pool; when it is full, only the best are kept.
        width: How many those are, fewer than the pool holds.
        order: Room.
        bound: States of this value or more are left out.
        limit: Capacity.
        W, V: Words of a set.
        peak: Whether the goal is the peak.
        allowed: Set of the operators that may run.
        most: Sets of victims of one operator, at most.
        tensors, suffix, chosen, sets, child: Room.

    """
    room, cost, spill = graph[ROOM], graph[COST], graph[SPILL]
    words = 2 * W + 2 * V
    mask = table.size - 1
    none = np.zeros(1, np.int64)
    for state in range(begin, end):
        row = rows[state]
        forced = _forced(row, useds[state], fs[state], limit, W, V, peak, allowed, graph)
        for word in range(W):
            left = row[W + word] & allowed[word]
            while left:
                low = left & -left
                left ^= low
                operator = 64 * word + _bit(low)
                if forced >= 0 and operator != forced:
                    continue
                child[:] = row
                during, used = _run(child, operator, useds[state], W, V, graph)
                f = fs[state]
                count = 1
                if peak:
                    f = max(f, during)
                over = np.int64(0) if peak else during - limit
                if over > 0:
                    candidates = _candidates(child, operator, W, V, tensors, tensors.size, graph)
                    count = _victims(
                        child,
                        over,
                        room,
                        tensors,
                        candidates,
                        most,
                        suffix,
                        chosen,
                        sets,
                        sets.shape[1] - 1,
                    )
                if f >= bound:
                    continue
                for option in range(count):
                    place = filled[0]
                    if place == pool_f.size:
                        place = beam_select(
                            pool,
                            pool_f,
                            pool_used,
                            pool_parent,
                            pool_operator,
                            table,
                            filled,
                            width,
                            words,
                            order,
                        )
                    target = pool[place]
                    target[:] = child
                    paid, after = _evict(
                        target, sets[option] if over > 0 else none, W, V, used, room, cost, spill
                    )
                    value = f + paid
                    if value >= bound:
                        continue
                    slot = _hash(target, 0, words) & mask
                    known = np.int64(-1)
                    while table[slot]:
                        other = table[slot] - 1
                        same = True
                        for k in range(words):
                            if pool[other, k] != target[k]:
                                same = False
                                break
                        if same:
                            known = other
                            break
                        slot = (slot + 1) & mask
                    if known >= 0:
                        if value < pool_f[known]:
                            pool_f[known] = value
                            pool_parent[known] = state
                            pool_operator[known] = operator
                        continue
                    table[slot] = place + 1
                    pool_f[place] = value
                    pool_used[place] = after
                    pool_parent[place] = state
                    pool_operator[place] = operator
                    filled[0] = place + 1


@kernel(f"boolean({_I}, int64, int64, {_I}, {_I})")
def _before(heap, i, j, fs, counts):  # type: ignore[no-untyped-def]
    a, b = heap[i], heap[j]
    return fs[a] < fs[b] or (fs[a] == fs[b] and counts[a] > counts[b])


@kernel(f"void({_I}, int64, {_I}, {_I})")
def _sift_up(heap, place, fs, counts):  # type: ignore[no-untyped-def]
    while place > 0:
        above = (place - 1) >> 1
        if not _before(heap, place, above, fs, counts):
            return
        heap[place], heap[above] = heap[above], heap[place]
        place = above


@kernel(f"int64({_I}, int64, {_I}, {_I})")
def _pop(heap, size, fs, counts):  # type: ignore[no-untyped-def]
    top = heap[0]
    heap[0] = heap[size - 1]
    size -= 1
    place = 0
    while True:
        below = 2 * place + 1
        if below >= size:
            return top
        if below + 1 < size and _before(heap, below + 1, below, fs, counts):
            below += 1
        if not _before(heap, below, place, fs, counts):
            return top
        heap[place], heap[below] = heap[below], heap[place]
        place = below


@kernel(f"int64({_I}, int64, {_I}, {_I})")
def _weight(row, begin, other, weights):  # type: ignore[no-untyped-def]
    """Sum weights over `row - other`, sets of as many words as `other` has from `begin` on."""
    total = np.int64(0)
    for word in range(other.size):
        left = row[begin + word] & ~other[word]
        while left:
            low = left & -left
            left ^= low
            total += weights[64 * word + _bit(low)]
    return total


_STORE = f"Tuple(({_M}, {', '.join([_I] * 10)}))"
"""Of all states: rows, values, bytes resident (-1 for one that is dominated or expanded), numbers
of operators that have run, parents, where in the log the operators begin that led to them; chains
of states that have run the same operators; the log; heads of the chains in an open hash table; the
heap of states to be expanded; counters."""
_TASK = f"{_I}, int64, int64, int64, int64, boolean, int64, {_I}, {_GRAPH}"
"""Sets R and K that the last state should have (it pays for what it lacks); states of this value or
more are left out; capacity; words of a set of operators, of tensors; whether the goal is the peak;
how many operators the last state has run; set of the operators that may run; graph."""


@kernel(f"boolean({_I}, int64, int64, int64, int64, {_STORE}, {_TASK})")
def _push(  # type: ignore[no-untyped-def]
    row, used, f, count, parent, store, target, bound, limit, W, V, peak, goal, allowed, graph
):
    """Run what is forced, then keep a state unless another one dominates it.

    The operator that led to it must stand in the log already, at `counters[LOG]`, and `row` is
    changed. Returns `False` where there is no more memory.
    """
    rows, fs, useds, counts, parents, starts, chain, log, heads, heap, counters = store
    cost, spill = graph[COST], graph[SPILL]
    R, K = 2 * W, 2 * W + V
    state = counters[STATES]
    if state >= fs.size or counters[LOG] + 1 + goal >= log.size:
        return False
    end = counters[LOG] + (1 if parent >= 0 else 0)
    while f < bound:
        operator = _forced(row, used, f, limit, W, V, peak, allowed, graph)
        if operator < 0:
            break
        _, used = _run(row, operator, used, W, V, graph)
        log[end] = operator
        end += 1
        count += 1
    if count == goal and not peak:
        f += _weight(row, R, target[:V], cost) + _weight(target, V, row[K:], spill)
    if f >= bound:
        return True
    slot = _hash(row, 0, W) & (heads.size - 1)
    while heads[slot]:
        other = heads[slot] - 1
        same = True
        for word in range(W):
            if rows[other, word] != row[word]:
                same = False
                break
        if same:
            break
        slot = (slot + 1) & (heads.size - 1)
    other = heads[slot] - 1
    while other >= 0:
        if fs[other] <= f:
            lead = f - fs[other]
            held = rows[other]
            if peak or (
                _weight(held, R, row[R:K], cost) + _weight(row, K, held[K:], spill) <= lead
            ):
                return True
        else:
            lead = fs[other] - f
            held = rows[other]
            if peak or (
                _weight(row, R, held[R:K], cost) + _weight(held, K, row[K:], spill) <= lead
            ):
                useds[other] = -1
        other = chain[other]
    rows[state] = row
    fs[state], useds[state], counts[state], parents[state] = f, used, count, parent
    starts[state] = counters[LOG]
    starts[state + 1] = end
    counters[LOG] = end
    chain[state] = heads[slot] - 1
    heads[slot] = state + 1
    heap[counters[HEAP]] = state
    counters[STATES] = state + 1
    counters[HEAP] += 1
    _sift_up(heap, counters[HEAP] - 1, fs, counts)
    return True


@kernel(f"boolean({_I}, int64, int64, int64, {_STORE}, {_TASK})")
def plant(row, used, f, count, store, target, bound, limit, W, V, peak, goal, allowed, graph):  # type: ignore[no-untyped-def]
    """Put the state that a search begins with; see `best_first`."""
    return _push(
        row.copy(),
        used,
        f,
        count,
        -1,
        store,
        target,
        bound,
        limit,
        W,
        V,
        peak,
        goal,
        allowed,
        graph,
    )


@kernel(f"int64(int64, int64, boolean, {_I}, {_I}, {_I}, {_M}, {_I}, {_I}, {_STORE}, {_TASK})")
def best_first(  # type: ignore[no-untyped-def]
    quota,
    most,
    strict,
    tensors,
    suffix,
    chosen,
    sets,
    base,
    child,
    store,
    target,
    bound,
    limit,
    W,
    V,
    peak,
    goal,
    allowed,
    graph,
):
    """Expand states in the order of their values, those with more operators first.

    Args:
        quota: States to expand in this call.
        most: Sets of victims of one operator, at most.
        strict: Whether to end where there are more; otherwise what is found is no proof.
        tensors, suffix, chosen, sets, base, child: Room.
        store: The states.
        target, bound, limit, W, V, peak, goal, allowed, graph: The task.

    Returns:
        `SOLVED`: the state at the top of the heap is optimal; `EMPTY`: there is none below the
        bound; `FULL`: out of memory; `PAUSED`: the quota is spent. The value of the state at the
        top of the heap is a lower bound.
    """
    rows, fs, useds, counts, _, _, _, log, _, heap, counters = store
    room, cost, spill = graph[ROOM], graph[COST], graph[SPILL]
    while counters[HEAP]:
        state = heap[0]
        if useds[state] < 0:
            _pop(heap, counters[HEAP], fs, counts)
            counters[HEAP] -= 1
            continue
        if counts[state] == goal:
            return SOLVED
        if quota == 0:
            return PAUSED
        quota -= 1
        row, used, f = rows[state], useds[state], fs[state]
        for word in range(W):
            left = row[W + word] & allowed[word]
            while left:
                low = left & -left
                left ^= low
                operator = 64 * word + _bit(low)
                base[:] = row
                during, after = _run(base, operator, used, W, V, graph)
                over = np.int64(0) if peak else during - limit
                options = 1
                sets[0, 0] = 0
                if over > 0:
                    count = _candidates(base, operator, W, V, tensors, tensors.size, graph)
                    options = _victims(
                        base,
                        over,
                        room,
                        tensors,
                        count,
                        most,
                        suffix,
                        chosen,
                        sets,
                        sets.shape[1] - 1,
                    )
                    if strict and options >= most:
                        return FULL
                value = max(f, during) if peak else f
                for option in range(options):
                    child[:] = base
                    paid, left_over = _evict(child, sets[option], W, V, after, room, cost, spill)
                    if value + paid >= bound:
                        continue
                    if counters[LOG] < log.size:
                        log[counters[LOG]] = operator
                    if not _push(
                        child,
                        left_over,
                        value + paid,
                        counts[state] + 1,
                        state,
                        store,
                        target,
                        bound,
                        limit,
                        W,
                        V,
                        peak,
                        goal,
                        allowed,
                        graph,
                    ):
                        return FULL
        # the children of a state are all there: only now does it leave the heap, so that the top
        # of the heap stays a bound where memory ends
        counters[EXPANDED] += 1
        useds[state] = -1
    return EMPTY
