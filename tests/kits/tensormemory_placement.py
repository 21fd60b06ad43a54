"""What the tests need to know of lifetimes and mappings."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from ordino.instances.tensormemory.generate_lifetimes import lifetimes as generate
from ordino.models.tensormemory.lifetimes import FREE, Lifetimes
from ordino.models.tensormemory.mapping import Mapping
from ordino.models.tensormemory.placement import ABSENT, Placement


@st.composite
def buffers(draw: st.DrawFn, most: int = 5, windows: bool = True) -> Lifetimes:
    """Up to five small buffers, with all that they may have; a height can be had."""
    count = draw(st.integers(1, most))

    def several(low: int, high: int) -> list[int]:
        return draw(st.lists(st.integers(low, high), min_size=count, max_size=count))

    start, life, size = several(0, 4), several(1, 4), several(1, 4)
    gaps = []
    for i in range(count):
        if life[i] >= 3 and draw(st.booleans()):
            low = draw(st.integers(0, size[i])) if windows else 0
            high = draw(st.integers(low, size[i])) if windows else 0
            gaps.append((i, start[i] + 1, start[i] + 2, low, high))
    alignment = [2 if each == 2 else 1 for each in several(1, 3)]
    fixed = [FREE] * count
    if draw(st.booleans()):
        fixed[0] = draw(st.integers(0, 2)) * alignment[0]
    return Lifetimes.of(
        start,
        [one + other for one, other in zip(start, life, strict=True)],
        size,
        alignment=alignment,
        hint=several(FREE, 3),
        fixed=fixed,
        gaps=gaps,
    )


@st.composite
def mappings(draw: st.DrawFn) -> Mapping:
    """Up to five small buffers for a small fast memory."""
    found = draw(buffers())
    count = found.buffers
    free = replace(found, fixed=np.full(count, FREE), capacity=draw(st.integers(1, 8)))
    benefit = draw(st.lists(st.integers(0, 6), min_size=count, max_size=count))
    tensor = draw(st.lists(st.integers(0, 3), min_size=count, max_size=count))
    return Mapping.of(free, benefit, tensor if draw(st.booleans()) else None)


@st.composite
def tiny(draw: st.DrawFn) -> Lifetimes | Mapping:
    """Any of these; a fit in a memory that is large enough for every rule."""
    if draw(st.booleans()):
        return draw(mappings())
    found = draw(buffers())
    return replace(found, capacity=found.ceiling) if draw(st.booleans()) else found


def fits(instance: Lifetimes, chosen: tuple[int, ...], height: int) -> bool:
    """Whether some buffers have offsets below a height: by trying all of them."""
    pieces = [[p for p in instance.pieces().tolist() if p[0] == i] for i in chosen]

    def clash(one: list, at: int, other: list, there: int) -> bool:
        return any(
            s < f and t < e and at + lo < there + h and there + low < at + hi
            for _, s, e, lo, hi in one
            for _, t, f, low, h in other
        )

    def extend(offsets: list[int]) -> bool:
        k = len(offsets)
        if k == len(chosen):
            return True
        i = chosen[k]
        fixed = int(instance.fixed[i])
        step, top = int(instance.alignment[i]), height - int(instance.size[i])
        places = range(0, top + 1, step) if fixed == FREE else [fixed] * (fixed <= top)
        return any(
            not any(clash(pieces[k], at, pieces[j], offsets[j]) for j in range(k))
            and extend([*offsets, at])
            for at in places
        )

    return extend([])


def least_height(instance: Lifetimes) -> int:
    """The least height."""
    every = tuple(range(instance.buffers))
    return next(height for height in itertools.count(1) if fits(instance, every, height))


def brute_force(instance: Lifetimes | Mapping) -> float:
    """The least objective."""
    if isinstance(instance, Lifetimes):
        if instance.capacity is None:
            return least_height(instance)
        every = tuple(range(instance.buffers))
        return 0 if fits(instance, every, instance.capacity) else float("inf")
    life, best = instance.lifetimes, 0
    for count in range(1, life.buffers + 1):
        for chosen in itertools.combinations(range(life.buffers), count):
            gained = int(instance.benefit[list(chosen)].sum())
            twice = any(
                instance.tensor[i] == instance.tensor[j]
                and life.start[i] < life.end[j]
                and life.start[j] < life.end[i]
                for i, j in itertools.combinations(chosen, 2)
            )
            if gained > best and not twice and fits(life, chosen, instance.capacity):
                best = gained
    return int(instance.benefit.sum()) - best


def mutations(instance: Lifetimes | Mapping, solution: Placement) -> Iterator[Placement]:
    """Single changes that break a placement."""
    offset = solution.offset
    life = instance.lifetimes if isinstance(instance, Mapping) else instance
    yield Placement(offset[:-1])
    yield Placement(np.append(offset, 0))
    for i in range(offset.size):
        if offset[i] == ABSENT:
            continue
        wrong = [-2, -int(life.alignment[i]) - 1]
        if life.capacity is not None:
            wrong.append((life.capacity // int(life.alignment[i]) + 1) * int(life.alignment[i]))
        if life.alignment[i] > 1:
            wrong.append(int(offset[i]) + 1)
        if life.fixed[i] != FREE:
            wrong.append(int(offset[i] + life.alignment[i]))
        for at in wrong:
            yield Placement(np.where(np.arange(offset.size) == i, at, offset))
        for j in range(offset.size):
            whole = not life.gaps.size and offset[j] != ABSENT and j != i
            if whole and life.start[i] < life.end[j] and life.start[j] < life.end[i]:
                yield Placement(np.where(np.arange(offset.size) == i, offset[j], offset))


def sample() -> Lifetimes:
    """Thirty buffers, solved in a second."""
    return generate(buffers=30, seed=3)


def sample_mapping() -> Mapping:
    """The same, for half of the memory that they need."""
    found = sample()
    return Mapping.of(replace(found, capacity=found.load // 2))


def large() -> Lifetimes:
    """What no solver finishes within seconds: long lives that cross, of sizes without a measure."""
    random = np.random.default_rng(7)
    begin = random.integers(0, 300, 400)
    return Lifetimes.of(
        begin, begin + random.integers(20, 120, 400), random.integers(100, 9999, 400)
    )


def large_mapping() -> Mapping:
    """The same, for half of the memory that they need."""
    found = large()
    return Mapping.of(replace(found, capacity=found.load // 2))
