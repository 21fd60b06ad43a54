"""Buffers with given lifetimes, to be laid out in one memory (dynamic storage allocation).

Buffer i is alive in the half-open time interval [start, end) and then occupies the bytes from its
offset up to, not including, offset + size. No two buffers may share a byte at any time. Offsets are
at least 0 and multiples of the buffer's alignment; some may be given.

In a *gap* of its lifetime a buffer occupies only the window [low, high) of its bytes, or nothing
where low = high (Moffitt 2023).

Without a capacity, the height, the largest offset + size, is minimised. With one, any placement
that ends below it will do, a *fit*: the objective is the excess, 0 in every valid placement.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from ordino.core.arrays import Integers, frozen_integers, guard_total
from ordino.core.content import Content, label
from ordino.core.errors import InstanceError
from ordino.core.objective import Objective
from ordino.core.plain import Node

__all__ = ["FREE", "Gap", "Lifetimes"]

FREE = -1
"""Stands for no fixed offset, and for no hint."""

Gap = tuple[int, int, int, int, int]
"""Buffer, start, end, low, high."""

BUFFER, START, END, LOW, HIGH = range(5)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Lifetimes(Content):
    """Buffers with their lifetimes.

    Attributes:
        start: First moment at which each buffer is alive; shape (buffers,).
        end: First moment at which it is not alive any more, later than its start.
        size: Bytes, at least 1.
        alignment: Its offset must be a multiple of this, at least 1.
        hint: Offset that it had better get, `FREE` for none; binds nobody.
        fixed: Offset that it has, `FREE` for one to be found.
        gaps: Rows of buffer, start, end, low and high, sorted; shape (gaps, 5).
        capacity: Bytes of the memory, or `None` to minimise the height.
        name: A label.
        buffer_names: Labels, one a buffer or none.

    Raises:
        InstanceError: The data are no such instance, or heights may reach 2^62.
    """

    family: ClassVar[str] = "tensormemory"

    start: Integers
    end: Integers
    size: Integers
    alignment: Integers
    hint: Integers
    fixed: Integers
    gaps: Integers
    capacity: int | None = None
    name: str = label(default="")
    buffer_names: tuple[str, ...] = label(default=())

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "start", frozen_integers(self.start, "start"))
        count = self.start.size
        if not count:
            raise InstanceError("expected at least one buffer")
        for field, what, minimum in (
            ("end", "end", None),
            ("size", "size", 1),
            ("alignment", "alignment", 1),
            ("hint", "hint", FREE),
            ("fixed", "fixed offset", FREE),
        ):
            values = getattr(self, field)
            put(self, field, frozen_integers(values, what, minimum=minimum, length=count))
        put(self, "buffer_names", _labels(self.buffer_names, count))
        self._require_sound()
        put(self, "gaps", self._sound_gaps())
        never = np.setdiff1d(np.arange(count), self.pieces()[:, BUFFER])
        for i in never[:1].tolist():
            raise InstanceError(f"{self.buffer(i)} is never there: its gaps are its whole life")

    def _require_sound(self) -> None:
        crossed = np.flatnonzero(self.end <= self.start)
        for i in crossed[:1].tolist():
            raise InstanceError(
                f"{self.buffer(i)} ends at {self.end[i]}, not after its start at {self.start[i]}"
            )
        skew = np.flatnonzero((self.fixed != FREE) & (self.fixed % self.alignment != 0))
        for i in skew[:1].tolist():
            raise InstanceError(
                f"{self.buffer(i)} is fixed at {self.fixed[i]}, no multiple of its alignment "
                f"{self.alignment[i]}"
            )
        if self.capacity is not None and not 0 <= self.capacity < 2**62:
            raise InstanceError(f"capacity is {self.capacity}, expected 0 to 2^62 - 1")
        guard_total(sum(self.size.tolist()) + sum(self.alignment.tolist()), "height")
        guard_total(self.ceiling, "height")

    def _sound_gaps(self) -> Integers:
        rows = np.asarray(self.gaps, dtype=object if not hasattr(self.gaps, "dtype") else None)
        if rows.size and (rows.ndim != 2 or rows.shape[1] != 5):
            raise InstanceError("expected rows of buffer, start, end, low and high as gaps")
        gaps = frozen_integers(rows.reshape(-1), "gap").reshape(-1, 5)
        gaps = gaps[np.lexsort((gaps[:, START], gaps[:, BUFFER]))]
        unknown = np.flatnonzero((gaps[:, BUFFER] < 0) | (gaps[:, BUFFER] >= self.buffers))
        if unknown.size:
            raise InstanceError(f"a gap of buffer {gaps[unknown[0], BUFFER]}, which there is not")
        until, of = None, None
        for i, start, end, low, high in gaps.tolist():
            where = f"gap from {start} to {end} of {self.buffer(i)}"
            if not self.start[i] <= start < end <= self.end[i]:
                life = f"{self.start[i]} to {self.end[i]}"
                raise InstanceError(f"{where}: expected an interval within its life, {life}")
            if not 0 <= low <= high <= self.size[i]:
                raise InstanceError(
                    f"{where}: window {low} to {high}, expected one within its size"
                )
            if i == of and until is not None and start < until:
                raise InstanceError(f"{where} starts before the one before ends, at {until}")
            of, until = i, end
        gaps[gaps[:, LOW] == gaps[:, HIGH], LOW:] = 0
        gaps.flags.writeable = False
        return gaps

    @classmethod
    def of(
        cls,
        start: Sequence[int] | Integers,
        end: Sequence[int] | Integers,
        size: Sequence[int] | Integers,
        *,
        alignment: Any = 1,
        hint: Any = FREE,
        fixed: Any = FREE,
        gaps: Iterable[Gap] = (),
        capacity: int | None = None,
        name: str = "",
        buffer_names: Sequence[str] = (),
    ) -> Self:
        """Make an instance of sequences; one number stands for all buffers.

        >>> Lifetimes.of([0, 2], [3, 5], [4, 6], alignment=4).load
        10
        """

        def full(values: Any) -> Any:
            return np.full(len(start), values, np.int64) if np.isscalar(values) else values

        return cls(
            start=start,  # type: ignore[arg-type]
            end=end,  # type: ignore[arg-type]
            size=size,  # type: ignore[arg-type]
            alignment=full(alignment),
            hint=full(hint),
            fixed=full(fixed),
            gaps=list(gaps),  # type: ignore[arg-type]
            capacity=capacity,
            name=name,
            buffer_names=tuple(buffer_names),
        )

    @property
    def buffers(self) -> int:
        """Number of buffers."""
        return int(self.start.size)

    @property
    def goal(self) -> str:
        """`fit` where there is a capacity, otherwise `height`."""
        return "height" if self.capacity is None else "fit"

    @property
    def objective(self) -> Objective:
        """The height, or what exceeds the capacity."""
        return Objective.of("height" if self.capacity is None else "excess")

    @property
    def ceiling(self) -> int:
        """A height that suffices, if any does: the highest fixed end, and all others above."""
        free = self.fixed == FREE
        top = int(np.where(free, 0, self.fixed + self.size).max())
        padded = self.size + self.alignment - 1
        return top + int(sum(padded[free].tolist()))

    @property
    def windowed(self) -> bool:
        """Whether a buffer occupies a part of its bytes in some gap."""
        return bool((self.gaps[:, HIGH] > self.gaps[:, LOW]).any())

    @property
    def load(self) -> int:
        """Most bytes that are occupied at one time: no height is less. O(n log n)."""
        pieces = self.pieces()
        bytes_taken = pieces[:, HIGH] - pieces[:, LOW]
        times = np.concatenate([pieces[:, START], pieces[:, END]])
        change = np.concatenate([bytes_taken, -bytes_taken])
        by_time = np.lexsort((change, times))
        return int(np.cumsum(change[by_time]).max(initial=0))

    def pieces(self) -> Integers:
        """Return what the buffers occupy: rows of buffer, start, end, low and high, of one or more
        bytes each, sorted by buffer and start; shape (pieces, 5)."""
        whole = np.stack(
            [np.arange(self.buffers), self.start, self.end, np.zeros_like(self.size), self.size],
            axis=1,
        )
        if not self.gaps.size:
            return whole
        of_buffer: dict[int, list[list[int]]] = {}
        for gap in self.gaps.tolist():
            of_buffer.setdefault(gap[BUFFER], []).append(gap)
        rows = whole[~np.isin(whole[:, BUFFER], self.gaps[:, BUFFER])].tolist()
        for i, gaps in of_buffer.items():
            at, size = int(self.start[i]), int(self.size[i])
            for gap in gaps:
                rows += [[i, at, gap[START], 0, size], gap]
                at = gap[END]
            rows.append([i, at, int(self.end[i]), 0, size])
        kept = sorted(row for row in rows if row[START] < row[END] and row[LOW] < row[HIGH])
        return np.array(kept, dtype=np.int64).reshape(-1, 5)

    def part(self, buffers: Integers) -> Lifetimes:
        """Return an instance of some of the buffers alone, in ascending order."""
        kept = np.isin(self.gaps[:, BUFFER], buffers)
        gaps = self.gaps[kept]
        gaps[:, BUFFER] = np.searchsorted(buffers, gaps[:, BUFFER])
        columns = ("start", "end", "size", "alignment", "hint", "fixed")
        return replace(
            self,
            **{name: getattr(self, name)[buffers] for name in columns},
            gaps=gaps,
            buffer_names=tuple(self.buffer_names[i] for i in buffers) if self.buffer_names else (),
        )

    def buffer(self, index: int) -> str:
        """Name a buffer for messages: by number, and by label if it has another."""
        name = self.buffer_names[index] if self.buffer_names else str(index)
        return f"buffer {index}" if name == str(index) else f"buffer {index} ({name})"

    def to_data(self) -> dict[str, Any]:
        """Return the instance as plain data, without what says nothing."""
        data: dict[str, Any] = {"name": self.name}
        if self.capacity is not None:
            data["capacity"] = self.capacity
        data["buffers"] = self.rows()
        return data

    def rows(self) -> list[dict[str, Any]]:
        """Return the buffers as plain data."""
        columns = (self.start, self.end, self.size, self.alignment, self.hint, self.fixed)
        gaps: dict[int, list[list[int]]] = {}
        for gap in self.gaps.tolist():
            gaps.setdefault(gap[BUFFER], []).append(gap[START:])
        rows = []
        for i, values in enumerate(zip(*(each.tolist() for each in columns), strict=True)):
            row: dict[str, Any] = {"id": self.buffer_names[i]} if self.buffer_names else {}
            row |= dict(zip(("start", "end", "size"), values, strict=False))
            for key, value, nothing in zip(_OPTIONAL, values[3:], (1, FREE, FREE), strict=True):
                if value != nothing:
                    row[key] = value
            if i in gaps:
                row["gaps"] = gaps[i]
            rows.append(row)
        return rows

    @classmethod
    def from_data(cls, data: Node) -> Self:
        """Make an instance of what `to_data` returned; raises `InputError`."""
        fields = data.object("buffers", optional=("name", "capacity"))
        return cls.from_rows(fields, data)

    @classmethod
    def from_rows(cls, fields: dict[str, Node], data: Node, further: tuple[str, ...] = ()) -> Self:
        """Make an instance of the fields of plain data, whose rows may have further fields."""
        rows = [
            row.object("start", "end", "size", optional=("id", "gaps", *_OPTIONAL, *further))
            for row in fields["buffers"].list()
        ]
        named = [row["id"].string() for row in rows if "id" in row]
        if named and len(named) < len(rows):
            raise data.error("some buffers have an id, some have none")

        def column(key: str, nothing: int) -> list[int]:
            return [row[key].integer() if key in row else nothing for row in rows]

        gaps = [
            (i, *(part.integer() for part in gap.list(4)))
            for i, row in enumerate(rows)
            if "gaps" in row
            for gap in row["gaps"].list()
        ]
        try:
            return cls.of(
                *(column(key, 0) for key in ("start", "end", "size")),
                alignment=column("alignment", 1),
                hint=column("hint", FREE),
                fixed=column("offset", FREE),
                gaps=gaps,  # type: ignore[arg-type]
                capacity=fields["capacity"].integer() if "capacity" in fields else None,
                name=fields["name"].string() if "name" in fields else "",
                buffer_names=named,
            )
        except InstanceError as error:
            raise data.error(error.message) from None


_OPTIONAL = ("alignment", "hint", "offset")


def _labels(names: Iterable[str], count: int) -> tuple[str, ...]:
    labels = tuple(str(each) for each in names)
    if labels and len(labels) != count:
        raise InstanceError(f"expected {count} buffer names, got {len(labels)}")
    seen: set[str] = set()
    for each in labels:
        if each in seen:
            raise InstanceError(f"two buffers are called {each!r}")
        seen.add(each)
    return labels
