"""Random numbers inside compiled searches."""

from __future__ import annotations

import numpy as np

from ordino.core.kernel import kernel

__all__ = ["below", "draw"]


@kernel("uint64(uint64[::1])")
def draw(random):  # type: ignore[no-untyped-def]
    """Draw 64 bits (xorshift64*; Vigna 2016); `random` holds one value other than 0."""
    x = random[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    random[0] = x
    return x * np.uint64(2685821657736338717)


@kernel("int64(uint64[::1], int64)")
def below(random, count):  # type: ignore[no-untyped-def]
    """Draw a number from 0 to count - 1, where count is at most 2^31."""
    return (np.int64(draw(random) >> np.uint64(33)) * count) >> 31
