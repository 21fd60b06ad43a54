"""A graph of operators on tensors, and a plan to run it in a small memory (COSMA).

Operators and tensors are numbered from 0. A step runs one operator, and then all its operands (the
tensors that it reads and writes) are resident in the memory, beside its workspace. A tensor is
resident for whole steps, in one piece, at an address that does not change meanwhile; nothing is
moved inside the memory. What an operator writes is resident from its step on. What no operator
writes is an input: it is loaded whenever it suits, the first time for nothing. A tensor that leaves
before its last use is spilled, once, and fetched again whenever it is wanted; at least one step
lies between. (Li, Gupta, Malik 2023, "COSMA".)

Two goals:

- `traffic`: bytes spilled and fetched, in a memory of a given capacity.
- `peak`: the least memory in which nothing is spilled.

Sizes are in bytes. A tensor takes room of a whole number of units of `alignment` bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np

from ordino.core.arrays import LARGEST, Integers, frozen_integers, guard_total
from ordino.core.content import Content, label
from ordino.core.errors import InstanceError
from ordino.core.objective import Objective
from ordino.core.plain import Node
from ordino.models.tensormemory import graph_data
from ordino.models.tensormemory.operators import Lists, first_topological_order
from ordino.models.tensormemory.solution import MemorySolution

__all__ = ["GOALS", "INPUT", "Graph", "Plan"]

GOALS = ("peak", "traffic")

INPUT = -1
"""The producer of a tensor that no operator writes."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Graph(Content):
    """A graph of operators on tensors.

    Attributes:
        sizes: Bytes of each tensor, at least 1; shape (tensors,).
        reads: Tensors that each operator reads, each once and in ascending order.
        writes: Tensors that each operator writes; no two write the same.
        workspace: Bytes that each operator needs for itself alone; shape (operators,).
        parameters: Bytes of parameters (weights) that each operator reads; shape (operators,).
        capacity: Bytes of memory, for the goal `traffic` alone; `None` for the goal `peak`.
        fixed_order: Whether operators run in the order of the file (`file_order`).
        addresses: Whether tensors need addresses; otherwise their total counts alone.
        resident_parameters: Whether parameters lie in the memory while their operator runs, as part
            of its workspace.
        clean_inputs: Whether an input that leaves need not be spilled, as there is a copy of it.
        holds: Whether the first operator stands for what loads the inputs and runs first, and the
            last one for what takes the results and runs last (`held`).
        alignment: Addresses are multiples of it.
        name: A label.
        operator_names: Labels, one an operator or none.
        tensor_names: Labels, one a tensor or none.
        aliases: Other names of a tensor (views of it): name and tensor.
        notes: What a reader should know of how the graph was made.

    Raises:
        InstanceError: The data are no such graph: a cycle (which is named), a tensor that nothing
            reads or writes, totals that may reach 2^62.
    """

    family: ClassVar[str] = "tensormemory"

    sizes: Integers
    reads: Lists
    writes: Lists
    workspace: Integers
    parameters: Integers
    capacity: int | None = None
    fixed_order: bool = False
    addresses: bool = True
    resident_parameters: bool = False
    clean_inputs: bool = False
    holds: bool = False
    alignment: int = 1
    name: str = label(default="")
    operator_names: tuple[str, ...] = label(default=())
    tensor_names: tuple[str, ...] = label(default=())
    aliases: tuple[tuple[str, int], ...] = label(default=())
    notes: tuple[str, ...] = label(default=())
    producer: Integers = field(init=False, metadata={"label": True})
    file_order: Integers = field(init=False, metadata={"label": True})

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "sizes", frozen_integers(self.sizes, "size", minimum=1))
        operators = len(self.reads)
        if not operators:
            raise InstanceError("expected at least one operator")
        if len(self.writes) != operators:
            raise InstanceError(f"{operators} operators read and {len(self.writes)} write")
        for name in ("workspace", "parameters"):
            values = frozen_integers(getattr(self, name), name, minimum=0, length=operators)
            put(self, name, values)
        for what, names, count in (
            ("operator", self.operator_names, operators),
            ("tensor", self.tensor_names, self.tensors),
        ):
            if names and len(names) != count:
                raise InstanceError(f"expected {count} {what} names, got {len(names)}")
        for what, lists in (("reads", self.reads), ("writes", self.writes)):
            lists.require(self.tensors, self.operator, what)
        put(self, "producer", self._producers())
        order = first_topological_order(self.reads, self.writes, self.producer, self.operator)
        put(self, "file_order", order)
        if self.holds and (self.reads[0].size or self.writes[operators - 1].size):
            raise InstanceError("holds: the first operator may not read, the last one not write")
        self._require_limits()

    def _producers(self) -> Integers:
        producer = np.full(self.tensors, INPUT, dtype=np.int64)
        for operator, tensor in zip(*self.writes.pairs(), strict=True):
            if producer[tensor] != INPUT:
                raise InstanceError(
                    f"{self.operator(operator)} writes {self.tensor(tensor)}, "
                    f"which {self.operator(int(producer[tensor]))} writes already"
                )
            producer[tensor] = operator
        idle = producer == INPUT
        idle[self.reads.items] = False
        for tensor in np.flatnonzero(idle)[:1].tolist():
            raise InstanceError(f"nothing reads or writes {self.tensor(tensor)}")
        producer.flags.writeable = False
        return producer

    def _require_limits(self) -> None:
        if not 1 <= self.alignment <= 2**30:
            raise InstanceError(f"alignment {self.alignment}: expected 1 to 2^30")
        if self.capacity is not None and not 0 <= self.capacity < LARGEST:
            raise InstanceError(f"capacity {self.capacity}: expected 0 to 2^62 bytes")
        total = sum((self.sizes + self.alignment).tolist())
        total += sum(self.workspace.tolist()) + sum(self.parameters.tolist())
        moved = sum(self.sizes[self.reads.items].tolist()) * 2
        guard_total(total + moved + self.alignment * len(self.reads), "sum of all bytes moved")

    @classmethod
    def of(
        cls,
        sizes: Sequence[int],
        operators: Iterable[tuple[Sequence[int], Sequence[int]]],
        *,
        workspace: Sequence[int] | None = None,
        parameters: Sequence[int] | None = None,
        **options: Any,
    ) -> Self:
        """Make a graph of what each operator reads and writes.

        Args:
            sizes: Bytes of each tensor.
            operators: Tensors read, tensors written.
            workspace: 0 unless given.
            parameters: 0 unless given.
            **options: Further attributes.

        >>> graph = Graph.of([4, 2, 4], [([0], [1]), ([0, 1], [2])])
        >>> graph.operators, graph.tensors, graph.least_capacity
        (2, 3, 10)
        """
        listed = list(operators)
        none = [0] * len(listed)
        return cls(
            sizes=frozen_integers(sizes, "size"),
            reads=Lists.of([read for read, _ in listed], "tensor"),
            writes=Lists.of([written for _, written in listed], "tensor"),
            workspace=frozen_integers(none if workspace is None else workspace, "workspace"),
            parameters=frozen_integers(none if parameters is None else parameters, "parameters"),
            **options,
        )

    @property
    def operators(self) -> int:
        """Number of operators."""
        return len(self.reads)

    @property
    def tensors(self) -> int:
        """Number of tensors."""
        return int(self.sizes.size)

    @property
    def goal(self) -> str:
        """`traffic` where there is a capacity, otherwise `peak`."""
        return "peak" if self.capacity is None else "traffic"

    @property
    def objective(self) -> Objective:
        """Bytes moved, or bytes of memory."""
        return Objective.of(self.goal)

    @cached_property
    def room(self) -> Integers:
        """Bytes that each tensor takes in the memory: its size, aligned; shape (tensors,)."""
        return _aligned(self.sizes, self.alignment)

    @cached_property
    def scratch(self) -> Integers:
        """Bytes that each operator takes for itself, aligned; shape (operators,)."""
        own = self.workspace + (self.parameters if self.resident_parameters else 0)
        return _aligned(own, self.alignment)

    @cached_property
    def needs(self) -> Integers:
        """Bytes that must be in the memory for each operator; shape (operators,)."""
        needs = self.scratch.copy()
        for lists in (self.reads, self.writes):
            operators, tensors = lists.pairs()
            np.add.at(needs, operators, self.room[tensors])
        return needs

    @cached_property
    def from_outside(self) -> Any:
        """Whether each tensor is an input; shape (tensors,)."""
        return self.producer <= (0 if self.holds else INPUT)

    @property
    def least_capacity(self) -> int:
        """M_R: below it, some operator does not fit."""
        return int(self.needs.max())

    def held(self) -> Graph:
        """Return the graph in which inputs are there from the first step on, and what no operator
        reads stays to the last: one more operator writes the former, another reads the latter."""
        if self.holds:
            return self
        inputs = np.flatnonzero(self.producer == INPUT)
        results = np.ones(self.tensors, bool)
        results[self.reads.items] = False
        names = ("inputs", *self.operator_names, "results") if self.operator_names else ()
        return replace(
            self,
            reads=Lists.of([[], *self.reads, np.flatnonzero(results)], "tensor"),
            writes=Lists.of([inputs, *self.writes, []], "tensor"),
            workspace=np.concatenate([[0], self.workspace, [0]]),
            parameters=np.concatenate([[0], self.parameters, [0]]),
            operator_names=names,
            holds=True,
        )

    def spill_cost(self, tensor: int) -> int:
        """Bytes that it takes to spill a tensor."""
        clean = self.clean_inputs and self.from_outside[tensor]
        return 0 if clean else int(self.sizes[tensor])

    def operator(self, index: int) -> str:
        """Name an operator for messages."""
        named = 0 <= index < len(self.operator_names)
        return f"operator {index} ({self.operator_names[index]})" if named else f"operator {index}"

    def tensor(self, index: int) -> str:
        """Name a tensor for messages."""
        named = 0 <= index < len(self.tensor_names)
        return f"tensor {index} ({self.tensor_names[index]})" if named else f"tensor {index}"

    def to_data(self) -> dict[str, Any]:
        """Return the graph as plain data, without what says nothing."""
        return graph_data.to_data(self)

    @classmethod
    def from_data(cls, data: Node) -> Self:
        """Make a graph of what `to_data` returned; raises `InputError`."""
        try:
            return cls.of(**graph_data.arguments(data))
        except InstanceError as error:
            raise data.error(error.message) from None


def _aligned(sizes: Integers, alignment: int) -> Integers:
    aligned = -(-sizes // alignment) * alignment
    aligned.flags.writeable = False
    return aligned


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Plan(MemorySolution):
    """When each operator runs, and when and where each tensor is resident.

    Attributes:
        order: The operators, step by step; shape (operators,).
        tensor: Whose residence it is, sorted by tensor and then by first step; shape (residences,).
        first: First step of each residence. The first residence of a tensor begins when it is
            written (an input, when it is loaded), each later one with a fetch.
        last: Last step of each residence.
        offset: Address of each residence; empty where there are no addresses.
        scratch: Address of each operator's workspace, -1 for none; shape (operators,), or empty
            where there are no addresses or no workspaces.
    """

    order: Integers
    tensor: Integers
    first: Integers
    last: Integers
    offset: Integers
    scratch: Integers

    def __post_init__(self) -> None:
        put = object.__setattr__
        for name in ("order", "tensor", "first", "last", "offset", "scratch"):
            put(self, name, frozen_integers(getattr(self, name), name))
        count = self.tensor.size
        if not (self.first.size == self.last.size == count and self.offset.size in (0, count)):
            raise InstanceError("a plan needs tensor, first and last step of each residence")
        by_tensor = np.lexsort((self.last, self.first, self.tensor))
        for name in ("tensor", "first", "last", "offset"):
            values = getattr(self, name)
            if values.size:
                ordered = values[by_tensor]
                ordered.flags.writeable = False
                put(self, name, ordered)

    def to_data(self) -> dict[str, Any]:
        """Return the plan as plain data."""
        columns = [self.tensor, self.first, self.last]
        columns += [self.offset] if self.offset.size else []
        data = {"order": self.order.tolist(), "residences": np.stack(columns, axis=1).tolist()}
        return data | ({"scratch": self.scratch.tolist()} if self.scratch.size else {})

    @classmethod
    def from_data(cls, data: Node) -> Plan:
        """Make a plan of plain data; raises `InputError`."""
        fields = data.object("order", "residences", optional=("scratch",))
        rows = fields["residences"].list()
        width = 4 if rows and len(rows[0].list()) == 4 else 3
        table = [[each.integer() for each in row.list(width)] for row in rows]
        columns = np.array(table, dtype=np.int64).reshape(-1, width).T
        scratch = fields["scratch"].integers() if "scratch" in fields else ()
        return cls(
            order=frozen_integers(fields["order"].integers(), "operator"),
            tensor=columns[0],
            first=columns[1],
            last=columns[2],
            offset=columns[3] if width == 4 else np.empty(0, np.int64),
            scratch=frozen_integers(scratch, "scratch"),
        )
