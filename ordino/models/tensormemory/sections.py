"""Sections: the maximal sets of buffers that are alive at one time, and who meets whom.

What a buffer occupies between two moments is a piece (`Lifetimes.pieces`). Between the last start
before it and the first end behind it, a moment is like any other: pieces are intervals, so that
their maximal cliques lie in order of time, and each piece is in consecutive ones. O(p log p) for p
pieces; `Sections.meets` takes as much memory as there are pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ordino.core.arrays import Integers
from ordino.models.tensormemory.lifetimes import BUFFER, END, START, Lifetimes

__all__ = ["Sections", "sections"]


@dataclass(frozen=True, slots=True)
class Sections:
    """The sections of an instance, in order of time.

    Attributes:
        count: Number of sections.
        pieces: Rows of buffer, start, end, low and high.
        first: First section of each piece; shape (pieces,).
        behind: Section behind its last one.
        low: First section of each buffer; shape (buffers,).
        high: Section behind its last one; it need not be there in all between, for its gaps.
    """

    count: int
    pieces: Integers
    first: Integers
    behind: Integers
    low: Integers
    high: Integers

    def of_buffers(self) -> tuple[Integers, Integers]:
        """Group the sections by buffer: those of i are `found[start[i]:start[i + 1]]`."""
        lengths = self.behind - self.first
        owner = np.repeat(self.pieces[:, BUFFER], lengths)
        place = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        found = np.repeat(self.first, lengths) + place
        start = np.zeros(self.low.size + 1, np.int64)
        np.cumsum(np.bincount(owner, minlength=self.low.size), out=start[1:])
        return start, found

    def members(self) -> list[list[int]]:
        """Return the pieces in each section."""
        inside: list[list[int]] = [[] for _ in range(self.count)]
        rows = zip(self.first.tolist(), self.behind.tolist(), strict=True)
        for piece, (first, behind) in enumerate(rows):
            for section in range(first, behind):
                inside[section].append(piece)
        return inside

    def meets(self) -> tuple[Integers, Integers]:
        """Group by buffer those that are there at the same time at least once, in ascending order:
        those of i are `found[start[i]:start[i + 1]]`."""
        count = self.low.size
        apart = self.pieces.shape[0] == count
        pairs = []
        by_start = np.argsort(self.first, kind="stable")
        first, owner = self.first[by_start], self.pieces[by_start, BUFFER]
        last = np.searchsorted(first, self.behind[by_start])
        for k in range(first.size):
            if last[k] > k + 1:
                others = owner[k + 1 : last[k]]
                pairs.append(np.stack([np.full(others.size, owner[k]), others]))
        both = np.concatenate(pairs, axis=1) if pairs else np.zeros((2, 0), np.int64)
        both = np.concatenate([both, both[::-1]], axis=1)
        key = both[0] * count + both[1]
        key = np.sort(key) if apart else np.unique(key)
        start = np.zeros(count + 1, np.int64)
        np.cumsum(np.bincount(key // count, minlength=count), out=start[1:])
        return start, key % count

    @property
    def pairs(self) -> int:
        """Number of pairs of pieces that meet. O(p log p)."""
        by_start = np.sort(self.first)
        first_behind = np.searchsorted(by_start, np.sort(self.behind))
        return int((first_behind - np.arange(by_start.size) - 1).sum())


def sections(instance: Lifetimes) -> Sections:
    """Find the sections of an instance."""
    pieces = instance.pieces()
    count = pieces.shape[0]
    times = np.concatenate([pieces[:, END], pieces[:, START]])
    opens = np.repeat([0, 1], count)
    order = np.lexsort((opens, times))
    opened = opens[order]
    closed = np.cumsum((opened == 0) & (np.concatenate([[0], opened[:-1]]) == 1))
    rank = np.empty_like(closed)
    rank[order] = closed
    behind, first = rank[:count], rank[count:]
    low = np.full(instance.buffers, np.iinfo(np.int64).max)
    high = np.zeros(instance.buffers, np.int64)
    np.minimum.at(low, pieces[:, BUFFER], first)
    np.maximum.at(high, pieces[:, BUFFER], behind)
    return Sections(int(closed[-1]), pieces, first, behind, low, high)
