"""Compiled constructions of a sequence for the total tardiness (see `constructive`).

`p` and `d` are processing times and due dates in an order that settles ties, `start` is when the
machine becomes free; sequences hold places in that order.
"""

from __future__ import annotations

import numpy as np

from ordino.core.kernel import kernel

__all__ = ["augment", "eddc", "mddc", "nbr", "psk"]

_I = "int64[::1]"


@kernel(f"{_I}({_I}, {_I}, int64)")
def psk(p, d, start):  # type: ignore[no-untyped-def]
    """Jobs in SPT order; the numbers are the steps of the paper. O(n^2), mostly far less."""
    jobs = len(p)
    following = np.arange(1, jobs + 2)  # of each waiting job; the list begins behind the last place
    following[jobs] = 0
    order = np.empty(jobs, np.int64)
    now = start
    for position in range(jobs):
        before, i = jobs, following[jobs]
        if now + p[i] < d[i]:  # 2
            last, j = i, following[i]
            while j < jobs and d[i] > now + p[j]:  # 4
                if d[i] > d[j]:  # 6
                    before, i = last, j
                    if now + p[i] >= d[i]:  # 2
                        break
                last, j = j, following[j]  # 5
        order[position] = i
        following[before] = following[i]
        now += p[i]
    return order


@kernel(f"{_I}({_I}, {_I}, int64)")
def eddc(p, d, start):  # type: ignore[no-untyped-def]
    """Jobs in SPT order. O(n^2)."""
    jobs = len(p)
    order = np.arange(jobs)
    begins = np.empty(jobs, np.int64)
    for i in range(1, jobs):
        now = start
        for k in range(i + 1):
            begins[k] = now
            now += p[order[k]]
        j = i
        while j > 0 and d[order[j]] < d[order[j - 1]]:
            if d[order[j - 1]] > begins[j]:
                order[j], order[j - 1] = order[j - 1], order[j]
            j -= 1
    return order


@kernel(f"{_I}({_I}, {_I}, {_I})")
def mddc(p, d, releases):  # type: ignore[no-untyped-def]
    """Jobs in order of precedence of equal keys. O(n^2)."""
    jobs = len(p)
    left = np.arange(jobs)
    order = np.empty(jobs, np.int64)
    now = np.int64(0)
    for position in range(jobs):
        first = releases[left[0]]
        longest = work = waiting = np.int64(0)
        for k in range(jobs - position):
            first = min(first, releases[left[k]])
        now = max(now, first)
        for k in range(jobs - position):
            job = left[k]
            if releases[job] <= now:
                longest = max(longest, p[job])
                work += p[job]
                waiting += 1
        highest, middle = float(now + longest), now + work / waiting
        best, least = -1, np.inf
        for k in range(jobs - position):
            job = left[k]
            if releases[job] > now:
                continue
            key = max(p[job] * 1.1 + now, float(d[job]))
            if p[job]:
                share = min(p[job] / highest, 1.0)
                key *= 1 + share * share / (1 + share * share)
                key += p[job] / middle
            if best < 0 or key < least:
                best, least = k, key
        job = left[best]
        order[position] = job
        left[best : jobs - position - 1] = left[best + 1 : jobs - position]
        now += p[job]
    return order


@kernel(f"boolean({_I}, {_I}, int64, {_I}, int64)")
def _relocate(p, d, start, order, last):  # type: ignore[no-untyped-def]
    """Make the move of an earlier job behind position `last` that saves most; say whether any does.

    A job that is passed saves at most the length of the one that moves. O(n^2) at worst.
    """
    end = start
    for k in range(last + 1):
        end += p[order[k]]
    least, source = np.int64(0), -1
    now = start
    for i in range(last):
        job = order[i]
        length = p[job]
        now += length
        change = max(0, end - d[job]) - max(0, now - d[job])
        later = end
        for k in range(last, i, -1):
            if change - (k - i) * length >= least:
                break
            other = order[k]
            change += max(0, later - length - d[other]) - max(0, later - d[other])
            later -= p[other]
        if change < least:
            least, source = change, i
    if source < 0:
        return False
    job = order[source]
    for k in range(source, last):
        order[k] = order[k + 1]
    order[last] = job
    return True


@kernel(f"void({_I}, {_I}, int64, {_I})")
def augment(p, d, start, order):  # type: ignore[no-untyped-def]
    """Build up a sequence job by job, each followed by the best move to the end. O(n^3)."""
    for last in range(1, len(p)):
        _relocate(p, d, start, order, last)


@kernel(f"void({_I}, {_I}, int64, {_I})")
def nbr(p, d, start, order):  # type: ignore[no-untyped-def]
    """Move jobs behind the last late one while that pays, then behind the late one before."""
    end = start
    for job in order:
        end += p[job]
    for last in range(len(p) - 1, 0, -1):
        while end > d[order[last]] and _relocate(p, d, start, order, last):
            pass
        end -= p[order[last]]
