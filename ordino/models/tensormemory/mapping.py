"""Two-level mapping: which buffers live in fast memory, where and when.

Each buffer is a candidate to be in a fast memory of limited capacity during its lifetime, where it
brings its benefit; otherwise it stays in a slow memory without limit. Buffers of one tensor are
alternatives or parts of it, over its whole life or between two of its uses: those that are chosen
may not be alive at the same time. The benefit is to be as large as possible; the objective is what
is lost of it. (The setting of mallocGame, Wang, Tung, Mandhane et al. 2023, arXiv 2305.07440, with
the benefit of each residence known beforehand.)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from ordino.core.arrays import Integers, frozen_integers, guard_total
from ordino.core.content import Content
from ordino.core.errors import InstanceError
from ordino.core.objective import Objective
from ordino.core.plain import Node
from ordino.models.tensormemory.lifetimes import FREE, Lifetimes

__all__ = ["Mapping"]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Mapping(Content):
    """Candidates for a fast memory.

    Attributes:
        lifetimes: The buffers; its capacity is that of the fast memory. No offset is fixed.
        benefit: What each buffer brings in fast memory, at least 0; shape (buffers,).
        tensor: Number of the tensor that each buffer is a residence of; shape (buffers,). They are
            numbered anew as they come.

    Raises:
        InstanceError: The data are no such instance.
    """

    family: ClassVar[str] = "tensormemory"

    lifetimes: Lifetimes
    benefit: Integers
    tensor: Integers

    def __post_init__(self) -> None:
        put = object.__setattr__
        count = self.lifetimes.buffers
        put(self, "benefit", frozen_integers(self.benefit, "benefit", minimum=0, length=count))
        tensor = frozen_integers(self.tensor, "tensor", minimum=0, length=count)
        guard_total(sum(self.benefit.tolist()), "benefit")
        if not self.lifetimes.capacity:
            raise InstanceError("expected a capacity of the fast memory")
        for i in np.flatnonzero(self.lifetimes.fixed != FREE)[:1].tolist():
            raise InstanceError(f"{self.lifetimes.buffer(i)} has a fixed offset: none may have")
        _, first, number = np.unique(tensor, return_index=True, return_inverse=True)
        put(self, "tensor", frozen_integers(np.argsort(np.argsort(first))[number], "tensor"))

    @classmethod
    def of(
        cls,
        lifetimes: Lifetimes,
        benefit: Iterable[int] | None = None,
        tensor: Iterable[int] | None = None,
    ) -> Self:
        """Make an instance; a buffer's benefit is its size, it is a tensor of its own, and the fast
        memory holds the most bytes that are alive at one time, unless given."""
        if lifetimes.capacity is None:
            lifetimes = replace(lifetimes, capacity=lifetimes.load)
        return cls(
            lifetimes=lifetimes,
            benefit=lifetimes.size if benefit is None else benefit,  # type: ignore[arg-type]
            tensor=np.arange(lifetimes.buffers) if tensor is None else tensor,  # type: ignore[arg-type]
        )

    @property
    def name(self) -> str:
        """The label of the lifetimes."""
        return self.lifetimes.name

    @property
    def capacity(self) -> int:
        """Bytes of the fast memory."""
        assert self.lifetimes.capacity is not None
        return self.lifetimes.capacity

    @property
    def objective(self) -> Objective:
        """The benefit that is lost."""
        return Objective.of("lost benefit")

    def to_data(self) -> dict[str, Any]:
        """Return the instance as plain data, without what says nothing."""
        data = self.lifetimes.to_data()
        apart = (self.tensor == np.arange(self.tensor.size)).all()
        columns = zip(data["buffers"], self.benefit.tolist(), self.tensor.tolist(), strict=True)
        for row, benefit, tensor in columns:
            row["benefit"] = benefit
            if not apart:
                row["tensor"] = tensor
        return data

    @classmethod
    def from_data(cls, data: Node) -> Self:
        """Make an instance of what `to_data` returned; raises `InputError`."""
        fields = data.object("buffers", optional=("name", "capacity"))
        lifetimes = Lifetimes.from_rows(fields, data, further=("benefit", "tensor"))
        rows = [row.value for row in fields["buffers"].list()]
        nodes = fields["buffers"].list()

        def column(key: str, default: Any) -> list[int]:
            return [
                node.need(key).integer() if key in row else default[i]
                for i, (row, node) in enumerate(zip(rows, nodes, strict=True))
            ]

        try:
            return cls.of(
                lifetimes,
                column("benefit", lifetimes.size.tolist()),
                column("tensor", range(len(rows))),
            )
        except InstanceError as error:
            raise data.error(error.message) from None
