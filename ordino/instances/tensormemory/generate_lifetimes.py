"""Generator of lifetimes like those of the tensors of a network that runs step by step."""

from __future__ import annotations

import numpy as np

from ordino.core.errors import UsageError
from ordino.models.tensormemory.lifetimes import FREE, Gap, Lifetimes

__all__ = ["lifetimes"]

MOST_BUFFERS = 1_000_000


def lifetimes(
    *,
    buffers: int = 100,
    steps: int = 0,
    skips: float = 0.1,
    alignment: int = 1,
    gaps: float = 0.0,
    fixed: float = 0.0,
    seed: int = 0,
) -> Lifetimes:
    """Generate buffers of which most live for a few steps and some, the skips, for many.

    Sizes are small multiples of powers of two, and shrink towards the middle of the time, as the
    feature maps of an encoder and a decoder do. Fixed ones lie on top of each other at the bottom.

    Args:
        buffers: Number of buffers.
        steps: Moments; 0 for one a buffer.
        skips: Share of buffers that live for up to half of the time.
        alignment: Of all offsets.
        gaps: Share of the buffers of three steps or more that are not there in the middle of
            their lives.
        fixed: Share of buffers with a given offset.
        seed: Of the generator.

    Raises:
        UsageError: A number out of range.

    >>> lifetimes(buffers=20, seed=1).buffers
    20
    """
    for name, value, most in (("skips", skips, 1), ("gaps", gaps, 1), ("fixed", fixed, 1)):
        if not 0 <= value <= most:
            raise UsageError(f"{name}={value}: expected 0 to {most}")
    if not 1 <= buffers <= MOST_BUFFERS or steps < 0 or alignment < 1:
        raise UsageError(f"expected 1 to {MOST_BUFFERS} buffers, and no negative numbers")
    random = np.random.default_rng(seed)
    count = steps or buffers
    begin = np.sort(random.integers(0, count, buffers))
    life = random.integers(1, 5, buffers)
    long = random.random(buffers) < skips
    life[long] = random.integers(1, max(2, count // 2) + 1, int(long.sum()))
    end = np.minimum(begin + life, count)
    depth = 4 * np.minimum(begin, count - begin) / count
    size = random.integers(1, 17, buffers) * 2 ** (8 - np.floor(depth * 2).astype(np.int64))
    return Lifetimes.of(
        begin,
        end,
        size,
        alignment=alignment,
        fixed=_fixed(begin, end, size, alignment, random.random(buffers) < fixed),
        gaps=_gaps(begin, end, random.random(buffers) < gaps),
        name=f"lifetimes {buffers} seed {seed}",
    )


def _fixed(
    begin: np.ndarray, end: np.ndarray, size: np.ndarray, alignment: int, chosen: np.ndarray
) -> np.ndarray:
    """Give each chosen buffer the lowest offset above the chosen ones before that it meets."""
    offset = np.full(begin.size, FREE, np.int64)
    for i in np.flatnonzero(chosen).tolist():
        meets = (offset != FREE) & (begin < end[i]) & (begin[i] < end)
        top = int((offset + size)[meets].max(initial=0))
        offset[i] = -(-top // alignment) * alignment
    return offset


def _gaps(begin: np.ndarray, end: np.ndarray, chosen: np.ndarray) -> list[Gap]:
    found = np.flatnonzero(chosen & (end - begin >= 3)).tolist()
    return [(i, int(begin[i]) + 1, int(end[i]) - 1, 0, 0) for i in found]
