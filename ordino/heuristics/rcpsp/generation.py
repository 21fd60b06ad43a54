"""Schedule generation without compiled code: serial and parallel, by priorities (Kolisch 1996).

Slower than the kernels, but there at once: for rules that open a race.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Sequence

from ordino.core.arrays import Integers
from ordino.models.rcpsp.problem import END_START, Project

__all__ = ["fits_at_the_end", "parallel", "serial", "worst_case_slack"]


class _Profile:
    """What is left of one resource over time: steps, the last for ever."""

    def __init__(self, steps: Sequence[tuple[int, int]]) -> None:
        self.times = [time for time, _ in steps]
        self.free = [capacity for _, capacity in steps]

    def fit(self, t: int, duration: int, amount: int) -> int | None:
        """Return the earliest start of at least t; `None` if there is none."""
        times, free = self.times, self.free
        step = bisect_right(times, t) - 1
        while True:
            if free[step] < amount:
                step += 1
                if step == len(times):
                    return None
                t = times[step]
                continue
            behind = step + 1
            while behind < len(times) and times[behind] < t + duration and free[behind] >= amount:
                behind += 1
            if behind == len(times) or times[behind] >= t + duration:
                return t
            step = behind

    def take(self, t: int, duration: int, amount: int) -> None:
        """Take an amount from time t on."""
        first, behind = self._cut(t), self._cut(t + duration)
        for step in range(first, behind):
            self.free[step] -= amount

    def _cut(self, t: int) -> int:
        step = bisect_right(self.times, t) - 1
        if self.times[step] == t:
            return step
        self.times.insert(step + 1, t)
        self.free.insert(step + 1, self.free[step])
        return step + 1


class _Schedule:
    """A schedule in the making, in given modes."""

    def __init__(self, instance: Project, modes: Integers) -> None:
        n = instance.activities
        self.duration: list[int] = instance.duration[modes].tolist()
        profiles = [_Profile(instance.steps(k)) for k in range(instance.renewables)]
        self._needs: list[list[tuple[_Profile, int]]] = [
            [(profile, need) for profile, need in zip(profiles, row, strict=True) if need]
            for row in instance.demand[modes].tolist()
        ]
        for group in instance.groups:
            profile = _Profile([(0, 1)])
            for i in group:
                self._needs[i].append((profile, 1))
        self._behind: list[list[tuple[int, int]]] = [[] for _ in range(n)]
        self.waits = [0] * n
        for i, j, kind, lag in zip(
            instance.lag_source.tolist(),
            instance.lag_target.tolist(),
            instance.lag_kind.tolist(),
            instance.lag.tolist(),
            strict=True,
        ):
            own = self.duration[i] if kind >= END_START else 0
            self._behind[i].append((j, own + lag - (self.duration[j] if kind % 2 else 0)))
            self.waits[j] += 1
        self.ready: list[int] = instance.release_dates.tolist()
        self.start = [0] * n

    def fit(self, i: int) -> int:
        """Return the earliest start of an activity all of whose lags are known."""
        t, duration = self.ready[i], self.duration[i]
        needs = self._needs[i] if duration else []
        stable = False
        while not stable:
            stable = True
            for profile, amount in needs:
                there = profile.fit(t, duration, amount)
                assert there is not None, "what a rule takes always fits at the end"
                if there > t:
                    t, stable = there, False
        return t

    def fit_beside(self, i: int, t: int, others: Sequence[int]) -> list[int]:
        """Return the earliest starts of others if an activity were started at t."""
        kept = [(profile, list(profile.times), list(profile.free)) for profile, _ in self._needs[i]]
        for profile, amount in self._needs[i] if self.duration[i] else ():
            profile.take(t, self.duration[i], amount)
        starts = [self.fit(j) for j in others]
        for profile, times, free in kept:
            profile.times, profile.free = times, free
        return starts

    def put(self, i: int, t: int) -> list[int]:
        """Start an activity; return those whose lags are all known now."""
        self.start[i] = t
        if self.duration[i]:
            for profile, amount in self._needs[i]:
                profile.take(t, self.duration[i], amount)
        now = []
        for j, step in self._behind[i]:
            self.ready[j] = max(self.ready[j], t + step)
            self.waits[j] -= 1
            if not self.waits[j]:
                now.append(j)
        return now


def fits_at_the_end(instance: Project, modes: Integers) -> bool:
    """Tell whether each activity fits when all others have ended: then none fits nowhere."""
    last = instance.step_capacity[instance.step_start[1:] - 1]
    needs = instance.demand[modes][instance.duration[modes] > 0]
    return bool((needs <= last).all())


def serial(instance: Project, modes: Integers, priority: Sequence[float]) -> list[int]:
    """Start the eligible activity of least priority as early as it fits, again and again."""
    schedule = _Schedule(instance, modes)
    queue = [(priority[i], i) for i, waits in enumerate(schedule.waits) if not waits]
    heapq.heapify(queue)
    while queue:
        _, i = heapq.heappop(queue)
        for j in schedule.put(i, schedule.fit(i)):
            heapq.heappush(queue, (priority[j], j))
    return schedule.start


def parallel(instance: Project, modes: Integers, priority: Sequence[float]) -> list[int]:
    """Go through time; start what can start now, in order of priority.

    Each activity waits at the earliest time at which it may fit; when that comes, and it has been
    taken in the meantime, it moves on.
    """
    schedule = _Schedule(instance, modes)
    queue = [(schedule.fit(i), priority[i], i) for i, w in enumerate(schedule.waits) if not w]
    heapq.heapify(queue)
    while queue:
        t, _, i = heapq.heappop(queue)
        now = schedule.fit(i)
        if now > t:
            heapq.heappush(queue, (now, priority[i], i))
            continue
        for j in schedule.put(i, t):
            heapq.heappush(queue, (schedule.fit(j), priority[j], j))
    return schedule.start


def worst_case_slack(instance: Project, modes: Integers, latest: Sequence[int]) -> list[int]:
    """Go through time; of what can start now, start what would have least slack if another one were
    started first (Kolisch 1996). O(n d^2) fits, for d activities that can start at once.

    The slack of j is its latest start less the latest of its earliest starts, over all others.
    """
    schedule = _Schedule(instance, modes)
    eligible = {i: schedule.fit(i) for i, waits in enumerate(schedule.waits) if not waits}
    while eligible:
        t = min(eligible.values())
        now = [i for i, at in sorted(eligible.items()) if at == t]
        later = dict.fromkeys(now, t)
        for i in now if len(now) > 1 else ():
            others = [j for j in now if j != i]
            for j, at in zip(others, schedule.fit_beside(i, t, others), strict=True):
                later[j] = max(later[j], at)
        chosen = min(now, key=lambda j: (latest[j] - later[j], j))
        del eligible[chosen]
        behind = schedule.put(chosen, t)
        eligible = {i: max(at, schedule.fit(i)) for i, at in eligible.items()}
        eligible |= {j: schedule.fit(j) for j in behind}
    return schedule.start
