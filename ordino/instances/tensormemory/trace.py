"""From the nodes of a framework's graph, which go by names, to operators on tensors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ordino.core.errors import InstanceError
from ordino.models.tensormemory.graph import Graph

__all__ = ["Node", "graph_of"]


@dataclass(slots=True, kw_only=True)
class Node:
    """A node: what it reads and writes, constants aside.

    Attributes:
        name: A label.
        reads: Names of values.
        writes: Names of values.
        parameters: Bytes of the constants that it reads.
        view: Its first output is its first input under another name.
        unary: Works element by element on its only input that is no constant.
    """

    name: str
    reads: list[str]
    writes: list[str]
    parameters: int = 0
    view: bool = False
    unary: bool = False


def graph_of(
    nodes: Iterable[Node],
    sizes: Mapping[str, int],
    outputs: Iterable[str],
    *,
    name: str,
    fuse: bool = False,
    notes: tuple[str, ...] = (),
) -> Graph:
    """Make a graph: without what nobody needs, views as other names of what they view.

    Args:
        nodes: In an order in which they can run.
        sizes: Bytes of each value.
        outputs: Values that the whole graph is there for.
        name: A label.
        fuse: Whether a unary node joins the node whose only reader it is; and, if it has one
            reader itself, that one.
        notes: Of the graph.

    Raises:
        InstanceError: No such graph.
    """
    wanted = set(outputs)
    kept = _needed(list(nodes), wanted)
    root: dict[str, str] = {}
    operators: list[Node] = []
    for node in kept:
        reads = list(dict.fromkeys(root.get(each, each) for each in node.reads))
        if node.view and reads:
            root[node.writes[0]] = reads[0]
            continue
        node.reads = reads
        operators.append(node)
    wanted = {root.get(each, each) for each in wanted}
    if fuse:
        operators = _fused(operators, wanted)
    names = list(dict.fromkeys(x for node in operators for x in (*node.reads, *node.writes)))
    number = {each: index for index, each in enumerate(names)}
    for each in names:
        if sizes[each] < 1:
            raise InstanceError(f"{each} has no elements, expected at least 1")
    return Graph.of(
        [sizes[each] for each in names],
        [([number[x] for x in node.reads], [number[x] for x in node.writes]) for node in operators],
        parameters=[node.parameters for node in operators],
        name=name,
        operator_names=tuple(node.name for node in operators),
        tensor_names=tuple(names),
        aliases=tuple((each, number[of]) for each, of in root.items() if of in number),
        notes=notes,
    )


def _needed(nodes: list[Node], wanted: set[str]) -> list[Node]:
    """Drop nodes that lead to no output, and outputs that nobody reads."""
    needed = set(wanted)
    kept = []
    for node in reversed(nodes):
        node.writes = [each for each in node.writes if each in needed]
        if node.writes:
            needed.update(node.reads)
            kept.append(node)
    return kept[::-1]


def _fused(operators: list[Node], wanted: set[str]) -> list[Node]:
    """Let unary nodes join their producers, then their readers."""
    for into_reader in (False, True):
        readers: dict[str, list[Node]] = {}
        producer: dict[str, Node] = {}
        for node in operators:
            for each in node.reads:
                readers.setdefault(each, []).append(node)
            for each in node.writes:
                producer[each] = node
        gone: set[int] = set()
        for node in operators:
            if not (node.unary and len(node.reads) == 1 and len(node.writes) == 1):
                continue
            source, made = node.reads[0], node.writes[0]
            if into_reader:
                after = readers.get(made, [])
                if len(after) != 1 or made in wanted:
                    continue
                host = after[0]
                host.reads = list(dict.fromkeys(source if x == made else x for x in host.reads))
                readers[source] = [host if x is node else x for x in readers[source]]
            else:
                before = producer.get(source)
                if before is None or len(readers[source]) > 1 or source in wanted:
                    continue
                host = before
                host.writes = [made if x == source else x for x in host.writes]
                producer[made] = host
            host.parameters += node.parameters
            gone.add(id(node))
        operators = [node for node in operators if id(node) not in gone]
    return operators
