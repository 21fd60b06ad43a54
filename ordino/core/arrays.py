"""Read-only arrays for instances and solutions, checked when they are made."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ordino.core.errors import InstanceError, clip

__all__ = ["LARGEST", "Integers", "Reals", "frozen_integers", "frozen_reals", "guard_total"]

Integers = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]

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
        InstanceError: Anything else than such integers; its path takes them for the field that is
            named after `what` in the plural.
    """
    field = _field(what)
    if isinstance(values, np.ndarray) and values.dtype.kind == "i":
        array = values.astype(np.int64)
    else:
        items = list(values)
        for index, item in enumerate(items):
            if isinstance(item, bool) or not isinstance(item, (int, np.integer)):
                message = f"{what} {index} is {clip(item)}, expected an integer"
                raise InstanceError(message, (field, index))
            if not -LARGEST < item < LARGEST:
                raise InstanceError(f"{what} {index} is {clip(item)}, beyond 2^62", (field, index))
        array = np.array(items, dtype=np.int64)
    if array.ndim != 1:
        raise InstanceError(f"expected a list of {what}s, got {array.ndim} dimensions", (field,))
    if length is not None and array.size != length:
        raise InstanceError(f"expected {length} {what}s, got {array.size}", (field,))
    if minimum is not None and array.size and int(array.min()) < minimum:
        index = int(np.argmax(array < minimum))
        message = f"{what} {index} is {array[index]}, expected at least {minimum}"
        raise InstanceError(message, (field, index))
    array.flags.writeable = False
    return array


def frozen_reals(
    values: Any,
    what: str,
    *,
    shape: tuple[int, ...] | None = None,
    minimum: float | None = None,
    infinite: bool = False,
    field: str | None = None,
) -> Reals:
    """Copy numbers into a read-only float64 array in C order.

    Args:
        values: An array, or nested sequences of numbers.
        what: What they are, for messages: "volume" gives "volume 3 is -1, …".
        shape: Shape wanted.
        minimum: Least value allowed.
        infinite: Whether positive infinity is a value.
        field: What they are called in the plain form; by default `what` in the plural.

    Raises:
        InstanceError: Anything else than such numbers.
    """
    field = field or _field(what)
    try:
        array = np.array(values, dtype=np.float64, order="C")
    except (TypeError, ValueError, OverflowError):
        raise InstanceError(f"expected numbers as {what}s, got {clip(values)}", (field,)) from None
    if shape is not None and array.shape != shape:
        wanted, got = (" x ".join(map(str, each)) for each in (shape, array.shape))
        raise InstanceError(f"expected {wanted} {what}s, got {got}", (field,))
    array += 0.0  # no negative zero: it would be another content
    wrong = np.isnan(array) | (array == -np.inf)
    if not infinite:
        wrong |= array == np.inf
    if minimum is not None:
        wrong |= array < minimum
    if wrong.any():
        index = np.argwhere(wrong)[0].tolist()
        place = ", ".join(map(str, index))
        least = "" if minimum is None else f" of at least {minimum:g}"
        value = array[tuple(index)]
        message = f"{what} {place} is {value:g}, expected a finite number{least}"
        raise InstanceError(message, (field, *index))
    array.flags.writeable = False
    return array


def _field(what: str) -> str:
    """Return the field that a thing is one item of: "release date" gives "release_dates"."""
    return what.replace(" ", "_") + "s"


def guard_total(total: int, what: str) -> None:
    """Refuse totals (computed in Python's own integers) that 63 bits would not hold.

    Raises:
        InstanceError: The total reaches 2^62.
    """
    if not -LARGEST < total < LARGEST:
        raise InstanceError(f"the {what} may reach {clip(total)}, beyond 2^62")
