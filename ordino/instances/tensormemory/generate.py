"""Generators of operator graphs after published network architectures, one byte an element.

Widths of stages differ by up to `spread` of their number from seed to seed, as in pruned networks.
"""

from __future__ import annotations

from collections.abc import Sequence

import networkx
import numpy as np

from ordino.core.errors import UsageError
from ordino.models.tensormemory.graph import Graph

__all__ = ["cells", "densenet", "randwire", "resnet", "series_parallel", "transformer"]

MOST_OPERATORS = 200_000


class _Builder:
    """Collects operators; a value is a tensor with its channels and the side of its square."""

    def __init__(self, seed: int, spread: float) -> None:
        self.random = np.random.default_rng(seed)
        self.spread = spread
        self.sizes: list[int] = []
        self.channels: list[int] = []
        self.side: list[int] = []
        self.operators: list[tuple[list[int], list[int]]] = []
        self.parameters: list[int] = []
        self.names: list[str] = []

    def tensor(self, channels: int, side: int) -> int:
        self.sizes.append(max(1, channels * side * side))
        self.channels.append(channels)
        self.side.append(side)
        return len(self.sizes) - 1

    def run(
        self, kind: str, reads: Sequence[int], channels: int, *, stride: int = 1, weights: int = 0
    ) -> int:
        """Add an operator that writes one tensor."""
        if len(self.operators) >= MOST_OPERATORS:
            raise UsageError(f"generator: more than {MOST_OPERATORS} operators")
        written = self.tensor(channels, -(-self.side[reads[0]] // stride))
        self.operators.append((list(reads), [written]))
        self.parameters.append(weights)
        self.names.append(f"{kind}_{len(self.names)}")
        return written

    def conv(self, source: int, channels: int, kernel: int, stride: int = 1) -> int:
        weights = kernel * kernel * self.channels[source] * channels
        return self.run(f"conv{kernel}", [source], channels, stride=stride, weights=weights)

    def separable(self, source: int, kernel: int, stride: int = 1) -> int:
        """Depthwise and pointwise convolution, twice."""
        channels = self.channels[source]
        for step in (stride, 1):
            depth = kernel * kernel * channels
            source = self.run("depthwise", [source], channels, stride=step, weights=depth)
            source = self.conv(source, channels, 1)
        return source

    def pool(self, source: int, stride: int = 1) -> int:
        return self.run("pool", [source], self.channels[source], stride=stride)

    def add(self, sources: Sequence[int]) -> int:
        return self.run("add", sources, self.channels[sources[0]])

    def concat(self, sources: Sequence[int]) -> int:
        return self.run("concat", sources, sum(self.channels[each] for each in sources))

    def width(self, channels: int) -> int:
        """Vary a number of channels."""
        share = 1 + self.spread * (2 * self.random.random() - 1)
        return max(1, round(channels * share))

    def graph(self, name: str) -> Graph:
        return Graph.of(
            self.sizes,
            self.operators,
            parameters=self.parameters,
            name=name,
            operator_names=tuple(self.names),
            tensor_names=("input", *(f"{each}_out" for each in self.names)),
        )


def cells(
    *,
    cells: int = 3,
    nodes: int = 4,
    channels: int = 16,
    side: int = 32,
    spread: float = 0.0,
    seed: int = 0,
) -> Graph:
    """Generate a network of cells as architecture search finds them (NASNet: Zoph et al. 2018;
    DARTS: Liu, Simonyan, Yang 2019).

    A cell has two inputs, the outputs of the two cells before, and `nodes` nodes; each adds up what
    two operations make of two earlier values; its output is the concatenation of what is not used
    inside. Cells after one and two thirds halve the side and double the channels.

    Args:
        cells: Number of cells.
        nodes: Nodes of a cell.
        channels: Of the first cell.
        side: Of the input.
        spread: Of the widths.
        seed: Of the generator: it draws two cells, a normal and a reducing one.

    >>> cells(cells=2, nodes=2).operators > 10
    True
    """
    _require("cells", cells=(cells, 1, 10_000), nodes=(nodes, 1, 100))
    _require("cells", channels=(channels, 1, 10_000), side=(side, 1, 10_000))
    net = _Builder(seed, spread)
    kinds = ("separable3", "separable5", "dilated3", "pool", "skip")
    genotypes = [
        [
            [
                (int(net.random.integers(0, node + 2)), str(net.random.choice(kinds)))
                for _ in range(2)
            ]
            for node in range(nodes)
        ]
        for _ in range(2)
    ]
    before = last = net.conv(net.tensor(3, side), net.width(3 * channels), 3)
    reducing = {cells // 3, 2 * cells // 3} if cells >= 3 else set()
    for cell in range(cells):
        stride = 2 if cell in reducing else 1
        channels *= stride
        shrink = net.side[before] // net.side[last]
        values = [net.conv(before, channels, 1, max(1, shrink)), net.conv(last, channels, 1)]
        used = set()
        for node in genotypes[stride - 1]:
            parts = []
            for source, kind in node:
                used.add(source)
                parts.append(_operation(net, values[source], kind, stride if source < 2 else 1))
            values.append(net.add(parts) if parts[0] != parts[1] else parts[0])
        loose = [values[each] for each in range(2, nodes + 2) if each not in used]
        made = list(dict.fromkeys(loose or values[-1:]))
        before, last = last, net.concat(made) if len(made) > 1 else net.conv(made[0], channels, 1)
    net.run("classifier", [net.pool(last, net.side[last])], 10)
    return net.graph(f"cells-{cells}-{nodes}-{seed}")


def _operation(net: _Builder, source: int, kind: str, stride: int) -> int:
    if kind == "skip":
        return source if stride == 1 else net.conv(source, net.channels[source], 1, stride)
    if kind == "pool":
        return net.pool(source, stride)
    if kind == "dilated3":
        depth = net.run("dilated", [source], net.channels[source], stride=stride, weights=9)
        return net.conv(depth, net.channels[source], 1)
    return net.separable(source, int(kind[-1]), stride)


TRIES = 1000
"""At a connected graph."""


def randwire(
    *,
    nodes: int = 32,
    neighbours: int = 4,
    rewiring: float = 0.75,
    stages: int = 1,
    channels: int = 78,
    side: int = 56,
    seed: int = 0,
) -> Graph:
    """Generate randomly wired stages (Xie, Kirillov, Girshick, He 2019): Watts-Strogatz graphs,
    whose edges point from the smaller to the larger node.

    A node adds up its inputs and applies a separable convolution; sources halve the side; sinks are
    averaged. Each stage doubles the channels.

    Args:
        nodes: Nodes of a stage.
        neighbours: Of a node in the ring, even.
        rewiring: Probability that an edge is rewired.
        stages: Number of stages.
        channels: Of the first stage.
        side: Of its input.
        seed: Of the generator.
    """
    _require("randwire", nodes=(nodes, 3, 2_000), neighbours=(neighbours, 2, nodes - 1))
    _require("randwire", rewiring=(rewiring, 0, 1), stages=(stages, 1, 100))
    _require("randwire", channels=(channels, 1, 10_000), side=(side, 1, 10_000))
    net = _Builder(seed, 0.0)
    value = net.tensor(channels, side)
    for _ in range(stages):
        drawn = int(net.random.integers(2**31))
        try:
            wires = networkx.connected_watts_strogatz_graph(
                nodes, neighbours, rewiring, tries=TRIES, seed=drawn
            )
        except networkx.NetworkXError:
            raise UsageError(
                f"generator randwire: no connected graph of {neighbours} neighbours in {TRIES} "
                "tries: ask for more neighbours or less rewiring"
            ) from None
        made: list[int] = []
        for node in range(nodes):
            sources = [made[other] for other in sorted(wires[node]) if other < node]
            first = not sources
            joined = value if first else sources[0] if len(sources) == 1 else net.add(sources)
            depth = net.run(
                "depthwise", [joined], channels, stride=2 if first else 1, weights=9 * channels
            )
            made.append(net.conv(depth, channels, 1))
        sinks = [made[node] for node in range(nodes) if max(wires[node], default=node) < node]
        value = net.add(sinks) if len(sinks) > 1 else sinks[0]
        channels *= 2
    return net.graph(f"randwire-{nodes}-{stages}-{seed}")


def densenet(
    *,
    blocks: int = 4,
    layers: int = 12,
    growth: int = 32,
    side: int = 56,
    spread: float = 0.2,
    seed: int = 0,
) -> Graph:
    """Generate dense blocks (Huang, Liu, van der Maaten, Weinberger 2017): each layer reads the
    concatenation of all before it in its block; transitions halve channels and side.

    Args:
        blocks: Number of blocks.
        layers: Of a block.
        growth: Channels that a layer adds.
        side: Of the first block.
        spread: Of the growth.
        seed: Of the generator.
    """
    _require("densenet", blocks=(blocks, 1, 100), layers=(layers, 1, 1000))
    _require("densenet", growth=(growth, 1, 10_000), side=(side, 1, 10_000))
    net = _Builder(seed, spread)
    value = net.conv(net.tensor(3, side), 2 * growth, 7)
    for _ in range(blocks):
        values = [value]
        for _ in range(layers):
            joined = net.concat(values) if len(values) > 1 else values[0]
            narrow = net.conv(joined, 4 * growth, 1)
            values.append(net.conv(narrow, net.width(growth), 3))
        joined = net.concat(values)
        value = net.pool(net.conv(joined, max(1, net.channels[joined] // 2), 1), 2)
    return net.graph(f"densenet-{blocks}-{layers}-{seed}")


def resnet(
    *,
    stages: int = 4,
    blocks: int = 3,
    channels: int = 64,
    side: int = 56,
    spread: float = 0.2,
    seed: int = 0,
) -> Graph:
    """Generate bottleneck blocks with shortcuts (He, Zhang, Ren, Sun 2016).

    Args:
        stages: Each halves the side and doubles the channels.
        blocks: Of a stage.
        channels: Inside the blocks of the first stage; four times as many leave them.
        side: Of the first stage.
        spread: Of the channels inside.
        seed: Of the generator.
    """
    _require("resnet", stages=(stages, 1, 30), blocks=(blocks, 1, 10_000))
    _require("resnet", channels=(channels, 1, 10_000), side=(side, 1, 10_000))
    net = _Builder(seed, spread)
    value = net.conv(net.tensor(3, side), channels, 7)
    for stage in range(stages):
        wide = 4 * channels * 2**stage
        for block in range(blocks):
            stride = 2 if block == 0 and stage else 1
            inside = net.width(channels * 2**stage)
            inner = net.conv(net.conv(value, inside, 1), inside, 3, stride)
            shortcut = net.conv(value, wide, 1, stride) if block == 0 else value
            value = net.add([shortcut, net.conv(inner, wide, 1)])
    return net.graph(f"resnet-{stages}-{blocks}-{seed}")


def transformer(
    *,
    layers: int = 2,
    width: int = 768,
    heads: int = 12,
    sequence: int = 128,
    spread: float = 0.2,
    seed: int = 0,
) -> Graph:
    """Generate encoder layers (Vaswani et al. 2017): attention and a feed-forward network, each
    with a shortcut.

    Args:
        layers: Number of layers.
        width: Of a token's vector.
        heads: Of the attention.
        sequence: Number of tokens.
        spread: Of the width of the feed-forward networks, which is 4 x `width`.
        seed: Of the generator.
    """
    _require("transformer", layers=(layers, 1, 10_000), width=(width, 1, 100_000))
    _require("transformer", heads=(heads, 1, 1000), sequence=(sequence, 1, 100_000))
    net = _Builder(seed, spread)

    def linear(kind: str, reads: Sequence[int], elements: int, weights: int = 0) -> int:
        return net.run(kind, reads, elements, weights=weights)

    vector, scores = width * sequence, heads * sequence * sequence
    value = net.tensor(vector, 1)
    for _ in range(layers):
        normal = linear("norm", [value], vector)
        query, key, values = (linear("project", [normal], vector, width**2) for _ in range(3))
        attention = linear("softmax", [linear("score", [query, key], scores)], scores)
        mixed = linear("project", [linear("mix", [attention, values], vector)], vector, width**2)
        value = linear("add", [value, mixed], vector)
        inner = net.width(4 * width)
        hidden = linear(
            "expand", [linear("norm", [value], vector)], inner * sequence, inner * width
        )
        value = linear("add", [value, linear("contract", [hidden], vector, inner * width)], vector)
    return net.graph(f"transformer-{layers}-{sequence}-{seed}")


def series_parallel(
    *, operators: int = 60, branches: int = 3, largest: int = 64, seed: int = 0
) -> Graph:
    """Generate a random series-parallel graph: parts run one after another, or fork and join.

    Args:
        operators: About so many.
        branches: Of a fork, at most.
        largest: Sizes of tensors are uniform from 1 to this.
        seed: Of the generator.
    """
    _require("series-parallel", operators=(operators, 1, MOST_OPERATORS // 2))
    _require("series-parallel", branches=(branches, 2, 100), largest=(largest, 1, 2**40))
    net = _Builder(seed, 0.0)

    def single(reads: list[int]) -> int:
        return net.run("op", reads, int(net.random.integers(1, largest + 1)))

    # parts wait on a stack, so that deep nesting needs no recursion
    value = net.tensor(int(net.random.integers(1, largest + 1)), 1)
    values: list[int] = []
    work: list[tuple[str, int]] = [("part", operators)]
    forks: list[tuple[int, int]] = []
    while work:
        kind, size = work.pop()
        if kind == "branch":
            value = forks[-1][0]
        elif kind == "end":
            values.append(value)
        elif kind == "join":
            _, count = forks.pop()
            value = single(values[-count:])
            del values[-count:]
        elif size <= 2:
            for _ in range(size):
                value = single([value])
        elif net.random.random() < 0.5:
            cut = int(net.random.integers(1, size))
            work += [("part", size - cut), ("part", cut)]
        else:
            count = min(int(net.random.integers(2, branches + 1)), size - 1)
            value = single([value])
            forks.append((value, count))
            shares = net.random.multinomial(size - 1 - count, [1 / count] * count) + 1
            work.append(("join", 0))
            for share in shares.tolist():
                work += [("end", 0), ("part", share), ("branch", 0)]
    return net.graph(f"series-parallel-{operators}-{seed}")


def _require(generator: str, **given: tuple[float, float, float]) -> None:
    for name, (value, low, high) in given.items():
        if not low <= value <= high:
            raise UsageError(f"generator {generator}: {name}={value}: expected {low} to {high}")
