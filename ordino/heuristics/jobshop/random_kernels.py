"""Random numbers inside compiled searches."""

from __future__ import annotations

import numpy as np

from ordino.core.kernel import kernel

__all__ = ["below"]


@kernel("int64(uint64[::1], int64)")
def below(random, count):  # type: ignore[no-untyped-def]
    """Draw a number from 0 to count - 1 (xorshift64*)."""
    x = random[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    random[0] = x
    drawn = np.int64((x * np.uint64(2685821657736338717)) >> np.uint64(33))
    return (drawn * count) >> 31
