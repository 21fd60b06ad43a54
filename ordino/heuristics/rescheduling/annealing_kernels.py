"""Compiled annealing of VM placements with a limited number of migrations.

A NUMA node is a *bin*, number host x NUMA nodes + NUMA node. The energy of x free cores in a bin is
`energy[x]`; that of a placement is their sum, plus `price` a migration.
"""

from __future__ import annotations

import math

import numpy as np

from ordino.core.kernel import kernel
from ordino.core.random_kernels import below

__all__ = ["BEST", "FRAGMENTED", "MIGRATIONS", "anneal"]

MIGRATIONS, FRAGMENTED, BEST = range(3)
"""Places in `state`: migrations, fragmented cores, the least of them seen."""

_I, _M, _F, _U = "int64[::1]", "int64[:, ::1]", "float64[::1]", "uint64[::1]"


@kernel(f"boolean({_I}, {_I}, {_I}, {_M}, {_M}, int64, int64, int64, int64)")
def _apart(set_first, set_of, by_rack, domain, count, vm, start, target, leaving):  # type: ignore[no-untyped-def]
    """Tell whether a VM that goes from host `start` to `target` meets no other of its sets there.

    `leaving` is a VM that leaves the target at the same time, or -1.
    """
    for e in range(set_first[vm], set_first[vm + 1]):
        s = set_of[e]
        to = domain[by_rack[s], target]
        if to == domain[by_rack[s], start]:
            continue
        others = count[s, to]
        if leaving >= 0:
            for f in range(set_first[leaving], set_first[leaving + 1]):
                others -= set_of[f] == s
        if others > 0:
            return False
    return True


@kernel(f"void({_I}, {_I}, {_I}, {_M}, {_M}, int64, int64, int64)")
def _recount(set_first, set_of, by_rack, domain, count, vm, host, sign):  # type: ignore[no-untyped-def]
    for e in range(set_first[vm], set_first[vm + 1]):
        s = set_of[e]
        count[s, domain[by_rack[s], host]] += sign


@kernel(
    f"void(int64, int64, {_I}, {_I}, {_I}, {_I}, {_I}, {_I}, {_I}, {_I}, {_F}, {_I}, {_I}, {_I}, "
    f"{_M}, {_M}, int64, float64, float64, float64, int64, {_I}, {_I}, {_I}, {_I}, {_U})"
)
def anneal(  # type: ignore[no-untyped-def]
    nodes, slot, accepts, cores, memory, spans, movable, home, free, room, energy,
    set_first, set_of, by_rack, domain, count,
    most, price, hot, cool, proposals, at, moved, best, state, random,
):  # fmt: skip
    """Propose migrations, exchanges of two VMs, and ways home; accept by Metropolis' rule.

    Args:
        nodes: NUMA nodes of a host.
        slot: Cores of a slot.
        accepts: Whether VMs may arrive at a host; shape (hosts,).
        cores: What a VM takes of a bin; shape (vms,).
        memory: The same of memory; shape (vms,).
        spans: Whether it takes that of all bins of its host; shape (vms,).
        movable: Numbers of the VMs that may migrate.
        home: Bin of each VM before, the first of its host if it spans; shape (vms,).
        free: Free cores of each bin; changed.
        room: Free memory of each bin; changed.
        energy: Of each number of free cores.
        set_first: Sets of VM i are `set_of[set_first[i]:set_first[i + 1]]`.
        set_of: Shape (members,).
        by_rack: Whether a set is apart by rack, not by host; shape (sets,).
        domain: Number of each host, and of its rack; shape (2, hosts).
        count: VMs of each set in each domain; changed; shape (sets, hosts).
        most: Most migrations.
        price: Of a migration.
        hot: Temperature of the first proposal.
        cool: Factor to that of the next.
        proposals: How many.
        at: Bin of each VM; changed.
        moved: Numbers of migrated VMs, first `state[MIGRATIONS]`; changed; shape (vms,).
        best: `at` where the fewest cores were fragmented; changed.
        state: Changed, see the names of its places.
        random: State of the random numbers, one value other than 0; changed.
    """
    bins = free.size
    size = movable.size
    place = np.full(at.size, -1, np.int64)
    for x in range(state[MIGRATIONS]):
        place[moved[x]] = x
    temperature = hot
    vm = np.empty(2, np.int64)
    to = np.empty(2, np.int64)
    for _ in range(proposals):
        temperature *= cool
        draw = below(random, 8)
        pair = 1
        if draw == 0 and state[MIGRATIONS] > 0:
            vm[0] = moved[below(random, state[MIGRATIONS])]
            to[0] = home[vm[0]]
        else:
            vm[0] = movable[below(random, size)]
            if draw < 5:
                to[0] = below(random, bins)
            else:
                vm[1] = movable[below(random, size)]
                if spans[vm[0]] != spans[vm[1]] or cores[vm[0]] == cores[vm[1]]:
                    continue
                to[0], to[1] = at[vm[1]], at[vm[0]]
                pair = 2
        if spans[vm[0]]:
            to[0] -= to[0] % nodes
        if to[0] == at[vm[0]]:
            continue
        allowed = True
        migrations = 0
        for x in range(pair):
            i = vm[x]
            start, target = at[i] // nodes, to[x] // nodes
            leaving = vm[1 - x] if pair == 2 else -1
            migrations += (to[x] != home[i]) - (at[i] != home[i])
            if start != target:
                allowed = (
                    allowed
                    and (accepts[target] or target == home[i] // nodes)
                    and _apart(set_first, set_of, by_rack, domain, count, i, start, target, leaving)
                )
        if not allowed or state[MIGRATIONS] + migrations > most:
            continue
        width = nodes if spans[vm[0]] else 1
        change = price * migrations
        fragments = 0
        shared = pair == 2
        out, into = at[vm[0]], to[0]
        given = cores[vm[0]] - (cores[vm[1]] if shared else 0)
        stored = memory[vm[0]] - (memory[vm[1]] if shared else 0)
        for b in range(width):
            f, g = free[out + b] + given, free[into + b] - given
            if f < 0 or g < 0 or room[out + b] + stored < 0 or room[into + b] - stored < 0:
                allowed = False
                break
            change += energy[f] - energy[free[out + b]] + energy[g] - energy[free[into + b]]
            fragments += f % slot - free[out + b] % slot + g % slot - free[into + b] % slot
        if not allowed:
            continue
        if change > 0 and below(random, 2**31) >= math.exp(-change / temperature) * 2.0**31:
            continue
        for b in range(width):
            free[out + b] += given
            free[into + b] -= given
            room[out + b] += stored
            room[into + b] -= stored
        for x in range(pair):
            i = vm[x]
            _recount(set_first, set_of, by_rack, domain, count, i, at[i] // nodes, -1)
            at[i] = to[x]
            _recount(set_first, set_of, by_rack, domain, count, i, at[i] // nodes, 1)
            if at[i] != home[i] and place[i] < 0:
                place[i] = state[MIGRATIONS]
                moved[state[MIGRATIONS]] = i
                state[MIGRATIONS] += 1
            elif at[i] == home[i] and place[i] >= 0:
                state[MIGRATIONS] -= 1
                last = moved[state[MIGRATIONS]]
                moved[place[i]] = last
                place[last] = place[i]
                place[i] = -1
        state[FRAGMENTED] += fragments
        if state[FRAGMENTED] < state[BEST]:
            state[BEST] = state[FRAGMENTED]
            best[:] = at
