"""What the contract tests need to know of tensor memory."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st
from kits import tensormemory_placement as placement

from ordino.models.tensormemory.graph import Graph, Plan
from ordino.models.tensormemory.placement import Placement


@st.composite
def graphs(draw: st.DrawFn, most: int = 5) -> Graph:
    """Up to five operators on tensors of a few bytes, with all that a graph may have."""
    operators = draw(st.integers(1, most))
    inputs = draw(st.integers(1, 2))
    sizes = draw(st.lists(st.integers(1, 4), min_size=inputs, max_size=inputs))
    nodes: list[tuple[list[int], list[int]]] = []
    for operator in range(operators):
        known = list(range(len(sizes)))
        reads = draw(st.lists(st.sampled_from(known), min_size=1, max_size=3, unique=True))
        if operator < inputs:
            reads = [*{*reads, operator}]
        outputs = draw(st.integers(1, 2 if operator == 0 else 1))
        writes = list(range(len(sizes), len(sizes) + outputs))
        sizes += draw(st.lists(st.integers(1, 4), min_size=outputs, max_size=outputs))
        nodes.append((reads, writes))
    used = sorted({tensor for node in nodes for part in node for tensor in part})
    names = {tensor: place for place, tensor in enumerate(used)}
    graph = Graph.of(
        [sizes[tensor] for tensor in used],
        [tuple([names[x] for x in part] for part in node) for node in nodes],
        workspace=draw(
            st.none() | st.lists(st.integers(0, 2), min_size=operators, max_size=operators)
        ),
        addresses=draw(st.booleans()),
        fixed_order=draw(st.booleans()),
        clean_inputs=draw(st.booleans()),
        alignment=draw(st.sampled_from([1, 1, 2])),
    )
    if draw(st.booleans()):
        return graph
    return replace(graph, capacity=graph.least_capacity + draw(st.integers(0, 3)))


def tiny() -> st.SearchStrategy:
    return graphs() | placement.tiny()


def orders_of(graph: Graph) -> Iterator[tuple[int, ...]]:
    """All orders of the operators that are allowed."""
    if graph.fixed_order:
        yield tuple(graph.file_order.tolist())
        return
    for order in itertools.permutations(range(graph.operators)):
        if graph.holds and (order[0], order[-1]) != (0, graph.operators - 1):
            continue
        step = {operator: at for at, operator in enumerate(order)}
        if all(
            graph.producer[tensor] < 0 or step[int(graph.producer[tensor])] < step[operator]
            for operator in order
            for tensor in graph.reads[operator].tolist()
        ):
            yield order


def brute_force(graph: Graph) -> float:
    """Least objective over all orders, all choices of what leaves, and all addresses."""
    if not isinstance(graph, Graph):
        return placement.brute_force(graph)
    best = float("inf")
    for order in orders_of(graph):
        uses: dict[int, list[int]] = {}
        for at, operator in enumerate(order):
            for tensor in {*graph.reads[operator].tolist(), *graph.writes[operator].tolist()}:
                uses.setdefault(tensor, []).append(at)
        gaps = [
            (tensor, place)
            for tensor, steps in uses.items()
            for place in range(len(steps) - 1)
            if steps[place + 1] > steps[place] + 1
        ]
        for count in range(len(gaps) + 1 if graph.capacity is not None else 1):
            for left in itertools.combinations(gaps, count):
                value = _traffic(graph, left)
                if graph.capacity is None or value < best:
                    blocks = _blocks(graph, order, uses, set(left))
                    least = _least_height(graph, blocks, best)
                    if graph.capacity is None:
                        best = min(best, least)
                    elif least <= graph.capacity:
                        best = min(best, value)
    return best


def _traffic(graph: Graph, left: tuple[tuple[int, int], ...]) -> int:
    total = 0
    for tensor in {tensor for tensor, _ in left}:
        total += graph.spill_cost(tensor)
        total += int(graph.sizes[tensor]) * sum(1 for each, _ in left if each == tensor)
    return total


def _blocks(
    graph: Graph, order: tuple[int, ...], uses: dict, left: set
) -> list[tuple[int, int, int]]:
    blocks = []
    for tensor, steps in uses.items():
        begin = steps[0]
        for place, at in enumerate(steps):
            if place + 1 == len(steps) or (tensor, place) in left:
                blocks.append((begin, at, int(graph.room[tensor])))
                begin = steps[place + 1] if place + 1 < len(steps) else -1
    for at, operator in enumerate(order):
        if graph.scratch[operator]:
            blocks.append((at, at, int(graph.scratch[operator])))
    return blocks


def _least_height(graph: Graph, blocks: list[tuple[int, int, int]], below: float) -> float:
    """Least memory: every block lies on the ground or on another one (left-shifted plans)."""
    steps = range(max(last for _, last, _ in blocks) + 1)
    load = max(sum(r for first, last, r in blocks if first <= at <= last) for at in steps)
    if not graph.addresses:
        return load
    if graph.capacity is not None:
        below = graph.capacity + 1
    best = float("inf")

    def extend(placed: list[tuple[int, int, int, int]], left: list, height: int) -> None:
        nonlocal best
        if height >= min(best, below) or best == load:
            return
        if not left:
            best = height
            return
        floor = placed[-1][2] if placed else 0
        for index, (first, last, room) in enumerate(left):
            if (first, last, room) in left[:index]:
                continue
            at = max([e for f, g, _, e in placed if f <= last and g >= first], default=0)
            if at < floor:
                continue  # blocks are placed in the order of their addresses
            rest = left[:index] + left[index + 1 :]
            extend([*placed, (first, last, at, at + room)], rest, max(height, at + room))

    extend([], sorted(blocks, key=lambda b: -b[2]), 0)
    return best


def mutations(graph: Graph, plan: Plan) -> Iterator[Plan]:
    """Single changes that break a plan."""
    if isinstance(plan, Placement):
        yield from placement.mutations(graph, plan)
        return
    yield replace(plan, order=plan.order[:-1])
    yield replace(plan, order=np.append(plan.order[:-1], plan.order[0] + graph.operators))
    for place in range(plan.tensor.size):
        kept = np.arange(plan.tensor.size) != place
        lost = {name: getattr(plan, name)[kept] for name in ("tensor", "first", "last")}
        offset = plan.offset[kept] if plan.offset.size else plan.offset
        yield replace(plan, **lost, offset=offset)
        long = plan.last.copy()
        long[place] = graph.operators
        yield replace(plan, last=long)
        if plan.first[place] < plan.last[place]:
            short = plan.last.copy()
            short[place] -= 1
            yield replace(plan, last=short)
        if plan.offset.size:
            below = plan.offset.copy()
            below[place] = -graph.alignment
            yield replace(plan, offset=below)
            if graph.alignment > 1:
                odd = plan.offset.copy()
                odd[place] += 1
                yield replace(plan, offset=odd)
            if graph.capacity is not None:
                high = plan.offset.copy()
                high[place] = -(-graph.capacity // graph.alignment) * graph.alignment
                yield replace(plan, offset=high)
    for read in graph.reads.items.tolist():
        producer = int(graph.producer[read])
        if producer >= 0:
            turned = plan.order[::-1]
            yield replace(plan, order=turned)
            break
    if plan.offset.size:
        yield replace(plan, offset=plan.offset[:0])


def sample() -> Graph:
    """Two branches and two joins, in too little memory: solved in less than a second."""
    operators: list[tuple[list[int], list[int]]] = [
        *(([0], [1]), ([0], [2]), ([1], [3]), ([2], [4]), ([3, 4], [5]), ([5, 0], [6]))
    ]
    graph = Graph.of([8, 6, 5, 4, 3, 4, 4], operators, name="sample")
    return replace(graph, capacity=graph.least_capacity)


def large() -> Graph:
    """What no solver finishes within seconds: wide, and far too little memory."""
    random = np.random.default_rng(5)
    operators: list[tuple[list[int], list[int]]] = []
    for operator in range(300):
        low = max(0, operator - 60)
        reads = random.choice(np.arange(low, operator + 1), min(3, operator + 1 - low), False)
        operators.append((reads.tolist(), [operator + 1]))
    sizes = random.integers(5, 60, 301).tolist()
    used = {tensor for node in operators for part in node for tensor in part}
    assert used == set(range(301))
    graph = Graph.of(sizes, operators)
    return replace(graph, capacity=graph.least_capacity)


def _unlimited() -> Graph:
    return replace(sample(), capacity=None)


def _in_place() -> Graph:
    """What TensorFlow Lite Micro can keep: the file's order, all addresses multiples of 16."""
    return replace(sample().held(), capacity=None, fixed_order=True, alignment=16)


SAMPLES = {
    "tensor-graph": _unlimited,
    "minimalloc": placement.sample,
    "offsets": placement.sample,
    "tflm": _in_place,
}
