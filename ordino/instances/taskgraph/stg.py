"""STG files (Standard Task Graph Set; Tobita, Kasahara 2002).

First line: number of tasks without the two dummy tasks at the ends, perhaps a number of processors.
Then a line a task: number, time, number of predecessors, their numbers. Lines that start with `#`
are comments. The files say nothing of data or of unlike processors; parameters do.
"""

from __future__ import annotations

import numpy as np

from ordino.core.errors import InstanceError
from ordino.core.text import Line, Text
from ordino.instances.taskgraph.platform import require, unrelated_work, volumes_for
from ordino.models.taskgraph.problem import MOST_PROCESSORS, TaskGraph

__all__ = ["read_stg", "sniff_stg"]

DEFAULT_PROCESSORS = 4


def sniff_stg(head: str) -> bool:
    """Tell whether a first line of one or two numbers is followed by "id time k" and k numbers."""
    rows = [line.split() for line in head.splitlines()[:4] if line.strip()]
    if len(rows) < 2 or len(rows[0]) not in (1, 2) or len(rows[1]) < 3:
        return False
    if not all(token.isdecimal() for row in rows for token in row):
        return False
    first = rows[1]
    return first[0] in ("0", "1") and first[2] == "0" and len(first) == 3


def read_stg(
    text: Text,
    *,
    processors: int | None = None,
    heterogeneity: float = 0.0,
    ccr: float = 0.0,
    seed: int = 0,
) -> TaskGraph:
    """Read a task graph.

    Args:
        text: The file.
        processors: How many; by default as the first line says, or 4.
        heterogeneity: 0 for identical processors; otherwise the work on each is drawn around the
            time in the file, see `platform.unrelated_work`; at most 2.
        ccr: Mean time of data to mean work; volumes are drawn. 0 for no data.
        seed: Of both draws.

    Raises:
        InputError: It is no such file.
        UsageError: A parameter out of range.
    """
    lines = [line for line in text.lines() if not line.text.lstrip().startswith("#")]
    if not lines:
        raise text.end_error("empty, expected the number of tasks")
    header = lines[0].integers(what="numbers (tasks, perhaps processors)", minimum=0)
    if len(header) not in (1, 2):
        raise lines[0].error(f"expected 1 or 2 numbers (tasks, processors), got {len(header)}", 0)
    if len(lines) - 1 not in (header[0], header[0] + 1, header[0] + 2):
        raise text.end_error(
            f"expected {header[0]} tasks and up to 2 dummies, got {len(lines) - 1} lines"
        )
    if processors is None:
        processors = header[1] if len(header) == 2 and header[1] else DEFAULT_PROCESSORS
    require(
        "format stg",
        processors=(processors, 1, MOST_PROCESSORS),
        heterogeneity=(heterogeneity, 0, 2),
        ccr=(ccr, 0, 1e9),
        seed=(seed, 0, np.inf),
    )
    index: dict[int, int] = {}
    rows: list[tuple[Line, list[int]]] = []
    for line in lines[1:]:
        values = line.integers(minimum=0)
        if len(values) < 3 or len(values) != 3 + values[2]:
            count = f" and {values[2]} predecessors" if len(values) >= 3 else ""
            raise line.error(f"expected number, time, count{count}, got {len(values)} numbers", 0)
        if values[0] in index:
            raise line.error(f"a second task {values[0]}", 0)
        index[values[0]] = len(index)
        rows.append((line, values))
    edges, receivers = [], []
    for line, values in rows:
        for place, before in enumerate(values[3:], start=3):
            if before not in index:
                raise line.error(f"task {values[0]} needs task {before}, which is not there", place)
            edges.append((index[before], index[values[0]]))
            receivers.append(line)
    if len(rows) * processors > 10**9:
        raise lines[0].error(f"{len(rows)} tasks x {processors} processors, beyond 10^9")
    rng = np.random.default_rng(seed)
    work = unrelated_work([values[1] for _, values in rows], processors, heterogeneity, rng)
    volumes = volumes_for(ccr, work, len(edges), rng)
    try:
        return TaskGraph.of(
            work,
            [(i, j, volume) for (i, j), volume in zip(edges, volumes.tolist(), strict=True)],
            name=text.name,
            task_names=[] if list(index) == list(range(len(index))) else list(map(str, index)),
        )
    except InstanceError as error:
        lines = [line for line, _ in rows]
        raise text.located(error, edges=receivers, work=lines) from None
