"""What the contract tests need to know of single machine tardiness."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from hypothesis import strategies as st

from ordino.instances.tardiness.generate import potts_van_wassenhove
from ordino.models.tardiness.problem import JobSequence, SingleMachine


@st.composite
def instances(draw: st.DrawFn, most: int) -> SingleMachine:
    """Few jobs with many ties: equal jobs, times and weights of 0, dates before and behind."""
    jobs = draw(st.integers(1, most))

    def several(low: int, high: int) -> list[int]:
        return draw(st.lists(st.integers(low, high), min_size=jobs, max_size=jobs))

    return SingleMachine.of(
        several(0, 9),
        several(-5, 30),
        draw(st.sampled_from([None, [3] * jobs])) or several(0, 4),
        several(0, 20) if draw(st.booleans()) else None,
    )


def tiny() -> st.SearchStrategy[SingleMachine]:
    """Instances of up to five jobs."""
    return instances(5)


def brute_force(instance: SingleMachine) -> int:
    """Try every sequence."""
    jobs = list(
        zip(
            instance.processing_times.tolist(),
            instance.due_dates.tolist(),
            instance.weights.tolist(),
            instance.release_dates.tolist(),
            strict=True,
        )
    )

    def cost(sequence: tuple[tuple[int, int, int, int], ...]) -> int:
        now = total = 0
        for duration, due, weight, release in sequence:
            now = max(now, release) + duration
            total += weight * max(0, now - due)
        return total

    return min(map(cost, itertools.permutations(jobs)))


def least(instance: SingleMachine) -> int:
    """The optimum by dynamic programming over sets of jobs that come first."""
    p, d = instance.processing_times.tolist(), instance.due_dates.tolist()
    w = instance.weights.tolist()
    ends, value = [int(instance.release_dates[0])], [0]
    for job in range(instance.jobs):
        ends += [end + p[job] for end in ends]
    for jobs in range(1, 2**instance.jobs):
        value.append(
            min(
                value[jobs ^ 1 << j] + w[j] * max(0, ends[jobs] - d[j])
                for j in range(instance.jobs)
                if jobs >> j & 1
            )
        )
    return value[-1]


def mutations(instance: SingleMachine, solution: JobSequence) -> Iterator[JobSequence]:
    """Yield single changes of a good solution; every one breaks it."""
    order = solution.order
    yield JobSequence(order[:0])
    for position in range(instance.jobs):
        yield JobSequence(np.delete(order, position))
        yield JobSequence(np.insert(order, position, order[position]))
        for wrong in (-1, instance.jobs, 2**40):
            changed = order.copy()
            changed[position] = wrong
            yield JobSequence(changed)
        if instance.jobs > 1:
            changed = order.copy()
            changed[position] = order[position - 1]
            yield JobSequence(changed)


def sample() -> SingleMachine:
    """Twelve jobs, solved in about a second."""
    return potts_van_wassenhove(jobs=12, seed=3)


def large() -> SingleMachine:
    """What no solver finishes within seconds."""
    return potts_van_wassenhove(jobs=300, weighted=True, seed=3)
