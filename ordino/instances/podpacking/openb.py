"""The GPU cluster of Alibaba's trace of 2023 (openb): pods of a CSV file, nodes of one beside it.

A pod with `num_gpu` 1 and `gpu_milli` below 1000 takes a share of one device, others take whole
devices; `gpu_spec` names the models that will do. All pods wait: what counts is the demand for
devices that is left unplaced (`measure` devices). The trace has no priorities; they can be taken
from the quality of service.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from ordino.core.errors import InputError, InstanceError, UsageError, clip
from ordino.core.text import Line, Text
from ordino.models.podpacking.problem import Cluster

__all__ = ["read_openb", "sniff_openb"]

DEVICE = 1000
MIB = 2**20
NODE_COLUMNS = ("sn", "cpu_milli", "memory_mib", "gpu", "model")
POD_COLUMNS = ("name", "cpu_milli", "memory_mib", "num_gpu", "gpu_milli")
CLASSES_OF_SERVICE = ("LS", "Guaranteed", "Burstable", "BE")
MOST_DEVICES = 64


def sniff_openb(head: str) -> bool:
    """Tell whether the first line names the columns of a list of pods."""
    first = next(iter(head.lstrip().splitlines()), "")
    return first.replace(" ", "").startswith(",".join(POD_COLUMNS))


def read_openb(
    text: Text, *, nodes: str | None = None, tiers: Literal["none", "qos"] = "none"
) -> Cluster:
    """Read a list of pods with a list of nodes.

    Args:
        text: The pods.
        nodes: File of the nodes; by default the largest `*node_list*.csv` beside the pods.
        tiers: `qos`: LS above Guaranteed above Burstable above BE; or all alike.

    Raises:
        InputError: A file is malformed or can't be read.
        UsageError: There is no file of nodes.
    """
    names, capacity, devices, models = _nodes(_beside(text, nodes))
    shapes: dict[tuple[int, int, int, int, str, int], int] = {}
    pods: dict[str, int] = {}
    created = []
    for line, row in _rows(text, POD_COLUMNS):
        if row["name"] in pods:
            raise line.error(f"a second pod {clip(row['name'])}")
        count, milli = (_integer(line, row, key) for key in ("num_gpu", "gpu_milli"))
        if milli > DEVICE or (count > 1 and milli not in (0, DEVICE)):
            raise line.error(f"gpu_milli: expected at most {DEVICE}, and all of it of several")
        shared = count == 1 and milli < DEVICE
        rank = 0
        if tiers == "qos":
            service = row.get("qos", "")
            if service not in CLASSES_OF_SERVICE:
                known = ", ".join(CLASSES_OF_SERVICE)
                raise line.error(f"qos: expected one of {known}, got {clip(service)!r}")
            rank = len(CLASSES_OF_SERVICE) - CLASSES_OF_SERVICE.index(service)
        shape = (
            _integer(line, row, "cpu_milli"),
            _integer(line, row, "memory_mib"),
            milli if shared else 0,
            0 if shared else count,
            row.get("gpu_spec", "") if count else "",
            rank,
        )
        pods[row["name"]] = shapes.setdefault(shape, len(shapes))
        created.append(_integer(line, row, "creation_time") if row.get("creation_time") else 0)
    if not pods:
        raise text.end_error("expected a row a pod below the header")
    wanted = sorted({spec for *_, spec, _ in shapes})
    barred = np.zeros((len(wanted), len(names)), dtype=np.uint8)
    for number, spec in enumerate(wanted):
        if spec:
            fits = np.isin(models, spec.split("|"))
            barred[number, ~fits] = 1
    try:
        return Cluster.of(
            np.array(capacity),
            np.array([[cpu, memory * MIB] for cpu, memory, *_ in shapes]),
            list(pods.values()),
            devices=np.array(devices),
            device_size=DEVICE,
            share=np.array([share for _, _, share, *_ in shapes]),
            whole=np.array([whole for _, _, _, whole, *_ in shapes]),
            eligibility=np.array([wanted.index(spec) for *_, spec, _ in shapes]),
            barred=barred,
            reasons=("", "its devices are of another model"),
            priority=[rank for *_, rank in shapes],
            measure="devices",
            node_names=names,
            pod_names=list(pods),
            created=created,
            name=text.name,
            notes=("the trace has no priorities" if tiers == "none" else "tiers follow the qos",),
        )
    except InstanceError as error:
        raise text.error(error.message) from None


def _beside(text: Text, nodes: str | None) -> Text:
    folder = Path(text.source).parent
    if nodes is None:
        found = list(folder.glob("*node_list*.csv")) if Path(text.source).is_file() else []
        if not found:
            raise UsageError(
                f"format openb: no *node_list*.csv beside {text.source}; name one, as in "
                "--format openb:nodes=openb_node_list_all_node.csv"
            )
        path = max(found, key=lambda each: (each.stat().st_size, each.name))
    else:
        path = folder / nodes
    try:
        return Text(path.read_text("utf-8-sig"), str(path), path.stem)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise InputError(f"can't be read: {reason.lower()}", source=str(path)) from None


def _nodes(text: Text) -> tuple[list[str], list[list[int]], list[int], list[str]]:
    """Return names, cpu and memory, number of devices and their model."""
    nodes: dict[str, tuple[list[int], int, str]] = {}
    for line, row in _rows(text, NODE_COLUMNS):
        if row["sn"] in nodes:
            raise line.error(f"a second node {clip(row['sn'])}")
        count = _integer(line, row, "gpu")
        if count > MOST_DEVICES:
            raise line.error(f"gpu: expected at most {MOST_DEVICES}, got {count}")
        room = [_integer(line, row, "cpu_milli"), _integer(line, row, "memory_mib") * MIB]
        nodes[row["sn"]] = room, count, row["model"]
    if not nodes:
        raise text.end_error("expected a row a node below the header")
    rooms, counts, models = zip(*nodes.values(), strict=True)
    return list(nodes), list(rooms), list(counts), list(models)


def _rows(text: Text, needed: tuple[str, ...]) -> Iterator[tuple[Line, dict[str, str]]]:
    """Yield the rows of a CSV file without quotes by the names of the columns."""
    lines = text.lines()
    header = next(lines, None)
    if header is None:
        raise text.end_error("empty, expected a header")
    columns = [each.strip() for each in header.text.split(",")]
    for name in needed:
        if columns.count(name) != 1:
            raise header.error(f"expected one column {name}, got {columns.count(name)}")
    for line in lines:
        cells = [each.strip() for each in line.text.split(",")]
        if len(cells) != len(columns):
            raise line.error(f"expected {len(columns)} columns, got {len(cells)}")
        yield line, dict(zip(columns, cells, strict=True))


def _integer(line: Line, row: dict[str, str], name: str) -> int:
    if not re.fullmatch(r"[0-9]{1,15}(\.0+)?", row[name], re.ASCII):
        raise line.error(f"{name}: expected an integer of at least 0, got {clip(row[name])!r}")
    return int(row[name].partition(".")[0])
