"""The part of the DOT language that task graphs need, read with lines and columns, and written.

`digraph NAME { key=value; a [key=value, …]; a -> b -> c [key=value]; node [key=value]; }`; names
and values are words, numbers or texts in double quotes. Subgraphs and ports are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ordino.core.errors import InputError, clip
from ordino.core.text import Place, Text

__all__ = ["generate", "parse"]

_TOKEN = re.compile(
    r"""(?P<skip>\s+|//[^\n]*|\#[^\n]*|/\*.*?\*/)
    |(?P<text>"(?:[^"\\]|\\.)*")
    |(?P<word>-?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)|[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)
    |(?P<sign>->|[{}\[\];,=])""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    value: str
    place: int


@dataclass(frozen=True, slots=True)
class _Mark:
    """A place in a text."""

    reader: _Reader
    place: int

    def error(self, message: str) -> InputError:
        return self.reader.error(message, self.place)


class _Reader:
    """Tokens of a text, one after another."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self._tokens = self._split()
        self.now = next(self._tokens)

    def _split(self) -> Iterator[_Token]:
        content, place = self._text.content, 0
        while place < len(content):
            match = _TOKEN.match(content, place)
            if match is None:
                raise self.error(f"unexpected {clip(content[place : place + 10])!r}", place)
            kind = str(match.lastgroup)
            value = match.group()
            if kind == "text":
                value = re.sub(r'\\(["\\])', r"\1", value[1:-1])
            if kind != "skip":
                yield _Token(kind, value, place)
            place = match.end()
        while True:
            yield _Token("end", "the end of the file", place)

    def error(self, message: str, place: int) -> InputError:
        before = self._text.content[:place]
        line = before.count("\n") + 1
        column = place - (before.rfind("\n") + 1) + 1
        return InputError(message, source=self._text.source, line=line, column=column)

    def next(self) -> _Token:
        token = self.now
        self.now = next(self._tokens)
        return token

    def sees(self, sign: str) -> bool:
        return self.now.kind == "sign" and self.now.value == sign

    def take(self, sign: str) -> bool:
        """Pass over a sign if it is there."""
        if not self.sees(sign):
            return False
        self.next()
        return True

    def need(self, sign: str) -> None:
        if not self.take(sign):
            raise self.error(f"expected {sign}, got {clip(self.now.value)}", self.now.place)

    def name(self, what: str) -> str:
        if self.now.kind not in ("text", "word"):
            raise self.error(f"expected {what}, got {clip(self.now.value)}", self.now.place)
        return self.next().value

    def attributes(self) -> dict[str, str]:
        found: dict[str, str] = {}
        while self.take("["):
            while not self.take("]"):
                key = self.name("the name of an attribute")
                self.need("=")
                found[key] = self.name("a value")
                if not self.take(","):
                    self.take(";")
        return found


def parse(text: Text) -> tuple[Any, dict[str, Place], dict[tuple[str, str], Place]]:
    """Return the `networkx.DiGraph` that a text describes, and where its nodes and edges stand.

    Raises:
        InputError: It describes none.
    """
    import networkx as nx

    reader = _Reader(text)
    if reader.now.value == "strict":
        reader.next()
    if reader.now.value != "digraph":
        raise reader.error(f"expected digraph, got {clip(reader.now.value)}", reader.now.place)
    reader.next()
    graph = nx.DiGraph()
    if not reader.sees("{"):
        graph.graph["name"] = reader.name("the graph's name")
    reader.need("{")
    usual: dict[str, dict[str, str]] = {"node": {}, "edge": {}, "graph": graph.graph}
    nodes: dict[str, Place] = {}
    edges: dict[tuple[str, str], Place] = {}
    while not reader.take("}"):
        if reader.take(";"):
            continue
        token = reader.now
        name = reader.name("a node")
        if name == "subgraph" and token.kind == "word":
            raise reader.error("subgraphs are not read", token.place)
        if reader.take("="):
            graph.graph[name] = reader.name("a value")
        elif name in usual and token.kind == "word":
            usual[name].update(reader.attributes())
        else:
            chain = _statement(reader, graph, name, usual)
            mark = _Mark(reader, token.place)
            if len(chain) == 1:
                nodes[name] = mark
            for pair in pairwise(chain):
                edges[pair] = mark
            for node in chain:
                nodes.setdefault(node, mark)
    if reader.now.kind != "end":
        raise reader.error("expected nothing behind the graph", reader.now.place)
    return graph, nodes, edges


def _statement(
    reader: _Reader, graph: Any, name: str, usual: dict[str, dict[str, str]]
) -> list[str]:
    """Read the rest of a node or of a chain of edges, and return the nodes in the chain."""
    chain, place = [name], reader.now.place
    while reader.take("->"):
        chain.append(reader.name("a node"))
    data = reader.attributes()
    for node in chain:
        if node not in graph:
            graph.add_node(node, **usual["node"])
    if len(chain) == 1:
        graph.nodes[name].update(data)
    for i, j in pairwise(chain):
        if graph.has_edge(i, j):
            raise reader.error(f"a second edge {clip(i)} -> {clip(j)}", place)
        graph.add_edge(i, j, **(usual["edge"] | data))
    return chain


def generate(graph: Any) -> str:
    """Write a `networkx.DiGraph`, every name and value in quotes."""

    def quoted(value: Any) -> str:
        return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'

    def listed(data: dict[str, Any]) -> str:
        pairs = ", ".join(f"{key}={quoted(value)}" for key, value in data.items())
        return f" [{pairs}]" if pairs else ""

    lines = ["digraph {"]
    lines += [f"  {key}={quoted(value)};" for key, value in graph.graph.items()]
    lines += [f"  {quoted(node)}{listed(data)};" for node, data in graph.nodes(data=True)]
    lines += [f"  {quoted(i)} -> {quoted(j)}{listed(d)};" for i, j, d in graph.edges(data=True)]
    return "\n".join([*lines, "}"]) + "\n"
