"""Read-only integer arrays for instances and solutions, checked when they are made."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ordino.core.errors import InstanceError, clip

__all__ = ["LARGEST", "Integers", "frozen_integers", "guard_total"]

Integers = npt.NDArray[np.int64]

LARGEST = 2**62
"""Totals must stay below this, so that no sum of two of them leaves 63 bits."""


def frozen_integers(
    values: Any, what: str, *, minimum: int | None = None, length: int | None = None
) -> Integers:
    """Copy numbers into a read-only one-dimensional int64 array.

    Args:
        values: Any sequence of integers.
        what: What they are, for messages: "duration" gives "duration 3 is -1, …".
        minimum: Least value allowed.
        length: Number of values wanted.

    Raises:
        InstanceError: Anything else than such integers.
    """
    if isinstance(values, np.ndarray) and values.dtype.kind == "i":
        array = values.astype(np.int64)
    else:
        items = list(values)
        for index, item in enumerate(items):
            if isinstance(item, bool) or not isinstance(item, (int, np.integer)):
                raise InstanceError(f"{what} {index} is {clip(item)}, expected an integer")
            if not -LARGEST < item < LARGEST:
                raise InstanceError(f"{what} {index} is {clip(item)}, beyond 2^62")
        array = np.array(items, dtype=np.int64)
    if array.ndim != 1:
        raise InstanceError(f"expected a list of {what}s, got {array.ndim} dimensions")
    if length is not None and array.size != length:
        raise InstanceError(f"expected {length} {what}s, got {array.size}")
    if minimum is not None and array.size and int(array.min()) < minimum:
        index = int(np.argmax(array < minimum))
        raise InstanceError(f"{what} {index} is {array[index]}, expected at least {minimum}")
    array.flags.writeable = False
    return array


def guard_total(total: int, what: str) -> None:
    """Refuse totals (computed in Python's own integers) that 63 bits would not hold.

    Raises:
        InstanceError: The total reaches 2^62.
    """
    if not -LARGEST < total < LARGEST:
        raise InstanceError(f"the {what} may reach {clip(total)}, beyond 2^62")
