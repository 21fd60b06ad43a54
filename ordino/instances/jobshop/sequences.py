"""Solutions as orders: a line a machine with what it does in turn, as early as may be.

`machine M: J.P J.P …`, where J.P is the operation at position P of job J, all from 0. Machines that
do nothing may be left out.
"""

from __future__ import annotations

import re
from itertools import pairwise

import networkx as nx
import numpy as np

from ordino.core.arrays import Integers
from ordino.core.errors import clip
from ordino.core.text import Line, Text
from ordino.instances.jobshop.lines import own_lines
from ordino.models.jobshop.problem import JobShop, Schedule
from ordino.models.jobshop.shop import Shop
from ordino.models.jobshop.timing import chosen, earliest

__all__ = ["read_sequences", "sniff_sequences", "write_sequences"]

MOST_TOLD = 1000
"""Characters of a deadlock that are told."""


def sniff_sequences(head: str) -> bool:
    """Tell whether some line begins as that of a machine."""
    return re.search(r"(?m)^\s*machine\s+[0-9]+:", head) is not None


def read_sequences(text: Text, instance: JobShop | Shop) -> Schedule:
    """Read the order on each machine, and let all start as early as it allows.

    Raises:
        InputError: No such file; orders that wait for one another in a circle, which is named.
    """
    shop = _general(instance)
    alternative = np.full(shop.operations, -1, dtype=np.int64)
    sequences: dict[int, list[int]] = {}
    for line in own_lines(text):
        machine, tokens = _machine(line, shop)
        if machine in sequences:
            raise line.error(f"machine {machine} has a line already", 1)
        sequences[machine] = []
        for column, token in enumerate(tokens, start=2):
            i = _operation(line, column, token, shop)
            if alternative[i] >= 0:
                raise line.error(f"operation {token} is in a sequence already", column)
            own = [k for k in shop.alternatives(i) if shop.machine[k] == machine]
            if not own:
                raise line.error(f"operation {token} can't run on machine {machine}", column)
            alternative[i] = own[0]
            sequences[machine].append(i)
    if (alternative < 0).any():
        missing = int(np.argmax(alternative < 0))
        raise text.end_error(f"{_name(shop, missing)} is in no sequence")
    start = _Times(shop, alternative, sequences).earliest(text)
    flexible = isinstance(instance, Shop) and instance.flexible
    return Schedule(start, shop.machine[alternative] if flexible else None)


def write_sequences(instance: JobShop | Shop, solution: Schedule) -> str:
    """Write the order on each machine."""
    shop = _general(instance)
    alternative = chosen(shop, solution)
    leave = solution.start + shop.duration[alternative]
    if shop.buffers in ("swap", "blocking"):
        leave[shop.arc_before] = solution.start[shop.arc_after]
    machine = shop.machine[alternative]
    rows: list[list[str]] = [[] for _ in range(shop.machines)]
    for i in np.lexsort((leave, solution.start, machine)).tolist():
        job, position = shop.place(i)
        rows[machine[i]].append(f" {job}.{position}")
    return "".join(f"machine {m}:{''.join(row)}\n" for m, row in enumerate(rows) if row)


def _general(instance: JobShop | Shop) -> Shop:
    if isinstance(instance, Shop):
        return instance
    return Shop.of_classic(instance, buffers="unlimited", goal="makespan")


def _name(shop: Shop, operation: int) -> str:
    job, position = shop.place(operation)
    return f"operation {position} of job {job}"


def _machine(line: Line, shop: Shop) -> tuple[int, list[str]]:
    """Return the machine of a line, and its other tokens."""
    head = re.match(r"\s*machine\s+([0-9]{1,9}):", line.text)
    if head is None:
        raise line.error("expected 'machine M: J.P J.P …' (J.P: position P of job J)", 0)
    machine = int(head[1])
    if machine >= shop.machines:
        raise line.error(f"expected a machine from 0 to {shop.machines - 1}, got {machine}", 1)
    return machine, line.text[head.end() :].split()


def _operation(line: Line, column: int, token: str, shop: Shop) -> int:
    pair = re.fullmatch(r"([0-9]{1,9})\.([0-9]{1,9})", token)
    if pair is None:
        raise line.error(f"expected an operation as job.position, got {clip(token)!r}", column)
    job, position = int(pair[1]), int(pair[2])
    if job >= shop.jobs:
        raise line.error(f"expected a job from 0 to {shop.jobs - 1}, got {job}", column)
    first, behind = shop.job_start[job : job + 2].tolist()
    if position >= behind - first:
        raise line.error(f"job {job} has positions 0 to {behind - first - 1}", column)
    return int(first) + position


class _Times:
    """A graph of what waits for what: an arc leads to an operation that starts so much time later
    than another, at least; its weight is the opposite."""

    def __init__(self, shop: Shop, alternative: Integers, sequences: dict[int, list[int]]) -> None:
        self._shop = shop
        self._duration: list[int] = shop.duration[alternative].tolist()
        self._machine: list[int] = shop.machine[alternative].tolist()
        self._start: list[int] = shop.release_dates[shop.job].tolist()
        self._graph = nx.DiGraph()
        self._graph.add_nodes_from(range(shop.operations))
        following: dict[int, int] = {}
        for i, j in zip(shop.arc_before.tolist(), shop.arc_after.tolist(), strict=True):
            self._add(i, j, self._duration[i])
            if shop.buffers == "no-wait":
                self._add(j, i, -self._duration[i])
            elif shop.buffers != "unlimited":
                following[i] = j
        for machine, sequence in sequences.items():
            for one, other in pairwise([-1, *sequence]):
                setup = 0
                if shop.setup.size:
                    before = shop.setup_families if one < 0 else shop.setup_family[one]
                    setup = int(shop.setup[machine, before, shop.setup_family[other]])
                if one < 0:
                    self._start[other] = max(self._start[other], setup)
                elif one not in following:
                    self._add(one, other, self._duration[one] + setup)
                elif following[one] != other or setup:
                    self._add(following[one], other, setup)

    def _add(self, one: int, other: int, time: int) -> None:
        time = max(time, self._graph.get_edge_data(one, other, {"time": time})["time"])
        self._graph.add_edge(one, other, time=time, weight=-time)

    def earliest(self, text: Text) -> Integers:
        """Return the earliest start of each operation, other orders than these aside."""
        parts = list(nx.strongly_connected_components(self._graph))
        for part in parts:
            if (circle := self._deadlock(part)) is not None:
                way = " -> ".join(_name(self._shop, i) for i in circle)
                raise text.error(f"the sequences are deadlocked: {clip(way, MOST_TOLD)}")
        down = {m: self._shop.downtimes(m) for m in np.unique(self._shop.down_machine).tolist()}
        block, offset = self._blocks()
        begin = [0] * self._shop.operations
        for each, time, behind in zip(block, self._start, offset, strict=True):
            begin[each] = max(begin[each], time - behind)

        def at(i: int) -> int:
            return begin[block[i]] + offset[i]

        for part in reversed(parts):
            members, changed = sorted(part), True
            while changed:
                changed = False
                for i in members:
                    start = at(i)
                    waits = self._graph.pred[i].items()
                    ready = [at(j) + arc["time"] for j, arc in waits]
                    machine = self._machine[i]
                    found = earliest(max([start, *ready]), self._duration[i], down.get(machine, ()))
                    if found is None:
                        raise text.error(
                            f"{_name(self._shop, i)} is behind the begin of a downtime without an "
                            f"end of machine {machine}"
                        )
                    if found > start:
                        begin[block[i]] += found - start
                        changed = True
        return np.array([at(i) for i in range(self._shop.operations)], dtype=np.int64)

    def _blocks(self) -> tuple[list[int], list[int]]:
        """Return a block for each operation, of what moves as one: an operation, or a job that may
        not wait; and how long after its block each starts."""
        shop = self._shop
        if shop.buffers != "no-wait":
            return list(range(shop.operations)), [0] * shop.operations
        duration = np.array(self._duration, dtype=np.int64)
        offset = np.cumsum(duration) - duration
        offset -= offset[shop.job_start[:-1]][shop.job]
        return shop.job.tolist(), offset.tolist()

    def _deadlock(self, part: set[int]) -> list[int] | None:
        """Return a circle of a strongly connected part that takes time, or that takes none where
        the moves of an instant have an order; `None` if there is none."""
        some = next(iter(part))
        if len(part) == 1 and not self._graph.has_edge(some, some):
            return None
        graph = self._graph.subgraph(part).copy()
        if self._shop.buffers == "no-wait":
            try:
                circle: list[int] = nx.find_negative_cycle(graph, some)
            except nx.NetworkXError:
                return None
            return circle
        turns = self._shop.buffers == "swap"
        for one, other, time in graph.edges(data="time"):
            if time or not turns:
                return [one, *nx.shortest_path(graph, other, one)]
        return None
