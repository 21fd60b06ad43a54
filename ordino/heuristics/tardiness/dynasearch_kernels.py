"""Compiled dynasearch: descent over independent swaps and single insertions, with random kicks.

Letters as in the papers: `p` processing times, `d` due dates, `w` weights, `s` the sequence, `C` ends
(C[k] after k jobs), `f[k]` least cost of the first k positions.
"""

from __future__ import annotations

import numpy as np

from ordino.core.kernel import kernel

__all__ = ["CURRENT", "FRUITLESS", "KICKS", "LEAST", "TRIAL", "cost", "search"]

TRIAL, CURRENT, LEAST, FRUITLESS, KICKS = range(5)
"""Places in the counters of `search`: values of the sequences `trial`, `current` and `best`, kicks
since `best` got better, and kicks in all."""

SWAPS_A_KICK = 6
MOST_FRUITLESS = 100
"""Kicks without success after which the search goes back to the best sequence."""

_A = "int64[::1]"


@kernel(f"int64({_A}, {_A}, {_A}, {_A})")
def cost(s, p, d, w):  # type: ignore[no-untyped-def]
    """Return the total weighted tardiness of a sequence."""
    end = total = 0
    for j in s:
        end += p[j]
        if end > d[j]:
            total += w[j] * (end - d[j])
    return total


@kernel(f"int64({_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A})")
def _swap(s, p, d, w, C, f, partner):  # type: ignore[no-untyped-def]
    """Apply the best set of independent swaps to `s`; return the new cost.

    f(k) = min(f(k - 1) + cost of job k where it stands,
               min over i < k of f(i - 1) + cost of positions i … k with i and k swapped).
    """
    n = len(s)
    C[0] = f[0] = 0
    for k in range(n):
        C[k + 1] = C[k] + p[s[k]]
    for k in range(1, n + 1):
        last = s[k - 1]
        least = f[k - 1] + w[last] * max(0, C[k] - d[last])
        partner[k] = 0
        for i in range(k - 1, 0, -1):
            first = s[i - 1]
            value = f[i - 1] + w[last] * max(0, C[i - 1] + p[last] - d[last])
            value += w[first] * max(0, C[k] - d[first])
            shift = p[last] - p[first]
            for q in range(i + 1, k):
                if value >= least:
                    break
                between = s[q - 1]
                value += w[between] * max(0, C[q] + shift - d[between])
            if value < least:
                least = value
                partner[k] = i
        f[k] = least
    k = n
    while k > 0:
        i = partner[k]
        if i == 0:
            k -= 1
        else:
            s[i - 1], s[k - 1] = s[k - 1], s[i - 1]
            k = i - 1
    return f[n]


@kernel(f"int64({_A}, {_A}, {_A}, {_A}, {_A})")
def _insert(s, p, d, w, C):  # type: ignore[no-untyped-def]
    """Move the one job whose move to another position gains most; return the change of cost."""
    n = len(s)
    C[0] = 0
    for k in range(n):
        C[k + 1] = C[k] + p[s[k]]
    best = 0
    source = target = -1
    for i in range(n):
        job = s[i]
        stays = w[job] * max(0, C[i + 1] - d[job])
        others = 0
        for k in range(i + 1, n):
            j = s[k]
            late = C[k + 1] - d[j]
            others += w[j] * (max(0, late - p[job]) - max(0, late))
            change = others + w[job] * max(0, C[k + 1] - d[job]) - stays
            if change < best:
                best, source, target = change, i, k
        others = 0
        for k in range(i - 1, -1, -1):
            j = s[k]
            late = C[k + 1] - d[j]
            others += w[j] * (max(0, late + p[job]) - max(0, late))
            change = others + w[job] * max(0, C[k] + p[job] - d[job]) - stays
            if change < best:
                best, source, target = change, i, k
    if source >= 0:
        job = s[source]
        step = 1 if target > source else -1
        for k in range(source, target, step):
            s[k] = s[k + step]
        s[target] = job
    return best


@kernel(
    f"boolean({_A}, {_A}, {_A}, {_A}, {_A}, {_A}, {_A}, uint64[::1], {_A}, {_A}, {_A}, int64, int64)"
)
def search(  # type: ignore[no-untyped-def]
    p, d, w, trial, current, best, counters, state, C, f, partner, passes, most_kicks
):
    """Continue an iterated dynasearch for some passes; return whether `best` got better.

    Args:
        p: Processing times.
        d: Due dates.
        w: Weights.
        trial: Sequence in descent.
        current: Local optimum that kicks start from.
        best: Best sequence so far.
        counters: See TRIAL … KICKS; the values must be those of the sequences.
        state: State of the random numbers (xorshift64*), one value other than 0; advanced.
        C: Scratch of n + 1.
        f: Scratch of n + 1.
        partner: Scratch of n + 1.
        passes: Neighbourhoods to go through at most.
        most_kicks: Return when the kicks reach this.
    """
    n = len(p)
    x = state[0]
    better = False
    for _ in range(passes):
        value = _swap(trial, p, d, w, C, f, partner)
        if value == counters[TRIAL]:
            value += _insert(trial, p, d, w, C)
        if value < counters[TRIAL]:
            counters[TRIAL] = value
            continue
        if value <= counters[CURRENT]:
            counters[CURRENT] = value
            current[:] = trial
        counters[FRUITLESS] += 1
        if value < counters[LEAST]:
            counters[LEAST] = value
            best[:] = trial
            counters[FRUITLESS] = 0
            better = True
        elif counters[FRUITLESS] % MOST_FRUITLESS == 0:
            counters[CURRENT] = counters[LEAST]
            current[:] = best
        if better or counters[KICKS] >= most_kicks:
            break
        trial[:] = current
        for _ in range(SWAPS_A_KICK):
            x ^= x >> np.uint64(12)
            x ^= x << np.uint64(25)
            x ^= x >> np.uint64(27)
            drawn = np.int64((x * np.uint64(2685821657736338717)) >> np.uint64(1))
            a, b = drawn % n, (drawn // n) % n
            trial[a], trial[b] = trial[b], trial[a]
        counters[TRIAL] = cost(trial, p, d, w)
        counters[KICKS] += 1
    state[0] = x
    return better
