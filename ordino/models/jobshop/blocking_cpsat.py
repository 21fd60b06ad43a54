"""What a CP-SAT model of a general shop needs where there is no room between machines.

An operation stays on its machine until its job's next one starts: an interval of variable length.
Intervals are half-open, so jobs may change places. Where they may not, the moves of one instant
must have an order: time has a fine part, in which a machine is entered later than it was left. At
one instant each machine is entered once at most, so one part more than there are machines will do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import networkx as nx
import numpy as np

from ordino.models.jobshop.shop import Shop

__all__ = ["LARGEST", "Stays", "takes_blocking"]

LARGEST = 2**50
"""CP-SAT refuses sums that may leave 63 bits."""


def takes_blocking(instance: Shop) -> str | None:
    """Say why there is no model of a shop whose jobs may not swap, or return `None`."""
    if instance.buffers != "blocking":
        return None
    if not instance.duration.all():
        return "an operation takes no time, and jobs may not swap"
    if (instance.horizon + 1) * (instance.machines + 1) >= LARGEST:
        return "horizon x machines reaches 2^50, and jobs may not swap"
    return None


class Stays:
    """Adds how long each operation stays on its machine, and that nothing else is there meanwhile.

    Args:
        model: The CP-SAT model.
        instance: The shop, its buffers `swap` or `blocking`.
        starts: Start of each operation, a variable.
        literals: Of alternatives that there is a choice of.
        latest: Latest end.

    Attributes:
        leave: When each operation leaves its machine, `None` for the last one of a job.
    """

    def __init__(
        self,
        model: Any,
        instance: Shop,
        starts: Sequence[Any],
        literals: dict[int, Any],
        latest: int,
    ) -> None:
        self._model, self._instance, self._literals = model, instance, literals
        self._parts = instance.machines + 1
        after = np.full(instance.operations, -1, dtype=np.int64)
        after[instance.arc_before] = instance.arc_after
        self._after: list[int] = after.tolist()
        self.leave = [None if j < 0 else starts[j] for j in self._after]
        self._lengths: list[tuple[bool, dict[int, Any]]] = []
        self._fine: list[Any] = []
        self._moves: dict[int, Any] = {}
        self._add(starts, latest, fine=False)
        if instance.buffers == "blocking":
            parts = self._parts
            self._fine = [model.new_int_var(0, (latest + 1) * parts, "") for _ in starts]
            for fine, start in zip(self._fine, starts, strict=True):
                model.add(fine >= parts * start)
                model.add(fine <= parts * start + parts - 1)
            self._add(starts, latest, fine=True)

    def _add(self, starts: Sequence[Any], latest: int, *, fine: bool) -> None:
        """Add an interval for each alternative; on the fine scale, with what is left of a move."""
        instance, model = self._instance, self._model
        unit = self._parts if fine else 1
        begins = self._fine if fine else starts
        operation = np.repeat(np.arange(instance.operations), np.diff(instance.alternative_start))
        machine, duration = instance.machine.tolist(), instance.duration.tolist()
        here: list[list[Any]] = [[] for _ in range(instance.machines)]
        lengths: dict[int, Any] = {}
        for k, i in enumerate(operation.tolist()):
            j = self._after[i]
            if j < 0:
                end = starts[i] * unit + duration[k] * unit
            else:
                end = self._left(j, machine[k], latest) if fine else begins[j]
            if j < 0 and not fine:
                length = duration[k]
            else:
                if i not in lengths:
                    lengths[i] = model.new_int_var(0, (latest + 1) * unit, "")
                length = lengths[i]
            literal = self._literals.get(k)
            here[machine[k]].append(
                model.new_interval_var(begins[i], length, end, "")
                if literal is None
                else model.new_optional_interval_var(begins[i], length, end, literal, "")
            )
        for intervals in here:
            if len(intervals) > 1:
                model.add_no_overlap(intervals)
        self._lengths.append((fine, lengths))

    def _left(self, j: int, machine: int, latest: int) -> Any:
        """Return when a machine was left for the operation j, on the fine scale: a part later than
        that is entered, unless it runs on the same machine."""
        instance, model, begin = self._instance, self._model, self._fine[j]
        same = next((q for q in instance.alternatives(j) if instance.machine[q] == machine), None)
        if same is None:
            return begin + 1
        if same not in self._literals:
            return begin
        end = model.new_int_var(0, (latest + 1) * self._parts, "")
        model.add(end == begin + 1 - self._literals[same])
        self._moves[same] = end
        return end

    def hint(self, start: Sequence[int], machine: Sequence[int]) -> Iterable[tuple[Any, int]]:
        """Return values of all variables that were added, for a schedule."""
        duration = self._duration_on(machine)
        begin = [each * self._parts for each in start]
        for i, turn in self._turns(start, machine).items():
            begin[i] += turn
        yield from zip(self._fine, begin, strict=False)
        for q, end in self._moves.items():
            j = int(np.searchsorted(self._instance.alternative_start, q, side="right")) - 1
            yield end, begin[j] + int(machine[j] != self._instance.machine[q])
        for fine, lengths in self._lengths:
            for i, length in lengths.items():
                j = self._after[i]
                if not fine:
                    yield length, start[j] - start[i]
                elif j < 0:
                    yield length, (start[i] + duration[i]) * self._parts - begin[i]
                else:
                    yield length, begin[j] - begin[i] + int(machine[j] != machine[i])

    def _duration_on(self, machine: Sequence[int]) -> list[int]:
        instance = self._instance
        return [
            next(int(instance.duration[k]) for k in mine if instance.machine[k] == machine[i])
            for i, mine in enumerate(map(instance.alternatives, range(instance.operations)))
        ]

    def _turns(self, start: Sequence[int], machine: Sequence[int]) -> dict[int, int]:
        """Return the turn of each operation among those that start at the same instant, if that is
        not the first."""
        if not self._fine:
            return {}
        last: dict[int, int] = {}
        graph = nx.DiGraph()
        for i in sorted(range(len(start)), key=lambda i: (start[i], i)):
            before = last.get(machine[i])
            if before is not None:
                mover = self._after[before]
                if mover not in (-1, i) and start[mover] == start[i]:
                    graph.add_edge(mover, i)
            last[machine[i]] = i
        turns: dict[int, int] = {}
        for i in nx.topological_sort(graph):
            turns[i] = max((turns[mover] + 1 for mover in graph.predecessors(i)), default=0)
        return turns
