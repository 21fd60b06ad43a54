"""WfFormat, the JSON of executed scientific workflows (WfCommons), schema 1.5 and before.

A task's run time was observed on one machine. On another it is scaled by the speeds of the two,
where the file tells them. An edge carries the files that its source writes and its target reads.
Every machine of the file is a processor, or parameters make processors.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from ordino.core.arrays import Reals
from ordino.core.errors import InstanceError, clip
from ordino.core.plain import Node, parse_json
from ordino.core.text import Text
from ordino.instances.taskgraph.platform import mean_work, require, unrelated_work
from ordino.models.taskgraph.problem import MOST_PROCESSORS, TaskGraph

__all__ = ["read_wfformat", "sniff_wfformat"]

BANDWIDTH = 125e6
"""Bytes a second between machines unless told otherwise: a gigabit a second."""


@dataclass(slots=True)
class _Task:
    node: Node
    identity: str
    runtime: float | None = None
    machine: str | None = None
    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    parents: list[Node] = field(default_factory=list)
    children: list[Node] = field(default_factory=list)


def sniff_wfformat(head: str) -> bool:
    """Tell whether it is JSON with a workflow in it."""
    start = head.lstrip().startswith("{")
    return start and re.search(r'"workflow"\s*:\s*\{', head) is not None


def read_wfformat(
    text: Text,
    *,
    processors: int | None = None,
    heterogeneity: float = 0.0,
    ccr: float | None = None,
    bandwidth: float = BANDWIDTH,
    seed: int = 0,
) -> TaskGraph:
    """Read a workflow.

    Args:
        text: The file.
        processors: Generate so many instead of the machines in the file.
        heterogeneity: Of generated processors: 0 to 2, see `platform.unrelated_work`.
        ccr: Mean time of data to mean work; sets the bandwidth.
        bandwidth: Bytes a second between any two processors.
        seed: Of the draw.

    Raises:
        InputError: It is no such file.
        UsageError: A parameter out of range.
    """
    require(
        "format wfformat",
        processors=(1 if processors is None else processors, 1, MOST_PROCESSORS),
        heterogeneity=(heterogeneity, 0, 2),
        ccr=(ccr or 0, 0, 1e9),
        bandwidth=(bandwidth, 1e-9, np.inf),
        seed=(seed, 0, np.inf),
    )
    data = parse_json(text.content, text.source)
    workflow = data.need("workflow")
    tasks, sizes, speeds = _read(workflow)
    index = _index(tasks)
    ends = _edges(tasks, index)
    edges = [(i, j, _volume(tasks[i], tasks[j], sizes)) for i, j in ends]
    for task in tasks:
        if task.runtime is None:
            raise task.node.error(f"task {clip(task.identity)!r} has no run time")
    runtimes = np.array([task.runtime for task in tasks], dtype=np.float64)
    names: tuple[str, ...] = ()
    if processors is None:
        work = _on_machines(tasks, runtimes, speeds)
        names = tuple(speeds)
    else:
        rng = np.random.default_rng(seed)
        work = unrelated_work(runtimes, processors, heterogeneity, rng)
    if ccr is not None and edges:
        volume = float(np.mean([edge[2] for edge in edges]))
        wanted = ccr * mean_work(work)
        bandwidth = volume / wanted if volume and wanted else np.inf
    try:
        return TaskGraph.of(
            work,
            edges,
            bandwidth=bandwidth,
            name=text.name,
            task_names=[task.identity for task in tasks],
            processor_names=names,
        )
    except InstanceError as error:
        nodes = [task.node for task in tasks]
        raise text.located(error, edges=list(ends.values()), work=nodes) from None


def _read(workflow: Node) -> tuple[list[_Task], dict[str, float], dict[str, float | None]]:
    """Return the tasks, sizes of files, and speeds of machines of either schema."""
    specification, execution = workflow.get("specification"), workflow.get("execution")
    sizes: dict[str, float] = {}
    tasks = []
    if specification is None:
        for node in workflow.need("tasks").list():
            task = _described(node)
            _observe(task, node)
            _link_files(task, node, sizes)
            tasks.append(task)
        return tasks, sizes, _machines(workflow.get("machines"))
    for node in specification.need("tasks").list():
        task = _described(node)
        for key, ends in (("inputFiles", task.reads), ("outputFiles", task.writes)):
            if (listed := node.get(key)) is not None:
                ends.update(each.string() for each in listed.list())
        tasks.append(task)
    if (files := specification.get("files")) is not None:
        for node in files.list():
            sizes[node.need("id").string()] = node.need("sizeInBytes").number(0)
    if execution is None:
        return tasks, sizes, {}
    by_identity = {task.identity: task for task in tasks}
    for node in execution.need("tasks").list():
        identity = node.need("id")
        if identity.string() not in by_identity:
            raise identity.error(f"unknown task {clip(identity.value)!r}")
        _observe(by_identity[identity.string()], node)
    return tasks, sizes, _machines(execution.get("machines"))


def _described(node: Node) -> _Task:
    task = _Task(node, (node.get("id") or node.need("name")).string())
    for key, ends in (("parents", task.parents), ("children", task.children)):
        if (listed := node.get(key)) is not None:
            ends.extend(listed.list())
    return task


def _observe(task: _Task, node: Node) -> None:
    """Take a task's run time, and the first machine that it ran on."""
    runtime = node.get("runtimeInSeconds") or node.get("runtime")
    if runtime is not None:
        task.runtime = runtime.number(0)
    machines = node.get("machines")
    if machines is not None and machines.list():
        task.machine = machines.list()[0].string()
    elif (machine := node.get("machine")) is not None:
        task.machine = machine.string()


def _link_files(task: _Task, node: Node, sizes: dict[str, float]) -> None:
    files = node.get("files")
    for each in files.list() if files is not None else ():
        name = (each.get("id") or each.need("name")).string()
        link = each.need("link").string()
        (task.reads if link == "input" else task.writes).add(name)
        size = each.get("sizeInBytes") or each.get("size")
        if size is not None:
            sizes[name] = size.number(0)


def _machines(listed: Node | None) -> dict[str, float | None]:
    """Return the speed of each machine by name, `None` where it is not told."""
    speeds: dict[str, float | None] = {}
    for node in listed.list() if listed is not None else ():
        name = node.need("nodeName")
        if name.string() in speeds:
            raise name.error(f"a second machine {clip(name.value)!r}")
        cpu = node.get("cpu")
        speed = None if cpu is None else cpu.get("speedInMHz") or cpu.get("speed")
        if speed is not None and speed.number(0) <= 0:
            raise speed.expected("a speed above 0")
        speeds[name.string()] = None if speed is None else speed.number()
    return speeds


def _index(tasks: list[_Task]) -> dict[str, int]:
    """Number the tasks by id, and by name where no other task goes by it."""
    index: dict[str, int] = {}
    for number, task in enumerate(tasks):
        if task.identity in index:
            raise task.node.error(f"a second task {clip(task.identity)!r}")
        index[task.identity] = number
    names: dict[str, list[int]] = {}
    for number, task in enumerate(tasks):
        if (name := task.node.get("name")) is not None:
            names.setdefault(name.string(), []).append(number)
    return {name: found[0] for name, found in names.items() if len(found) == 1} | index


def _edges(tasks: list[_Task], index: dict[str, int]) -> dict[tuple[int, int], Node]:
    """Return the edges in order, and where each stands."""
    found: dict[tuple[int, int], Node] = {}
    for number, task in enumerate(tasks):
        for ends, backward in ((task.parents, True), (task.children, False)):
            for end in ends:
                if end.string() not in index:
                    raise end.error(f"unknown task {clip(end.value)!r}")
                other = index[end.string()]
                found.setdefault((other, number) if backward else (number, other), end)
    return dict(sorted(found.items(), key=lambda item: item[0]))


def _volume(sender: _Task, receiver: _Task, sizes: dict[str, float]) -> float:
    return sum(sizes.get(name, 0) for name in sorted(sender.writes & receiver.reads))


def _on_machines(tasks: list[_Task], runtimes: Reals, speeds: dict[str, float | None]) -> Reals:
    """Scale run times by the speed where they were observed to that of each machine.

    A machine whose speed is not told has that of the others' mean; so has the unknown machine.
    """
    known = [speed for speed in speeds.values() if speed is not None]
    usual = sum(known) / len(known) if known else 1.0
    rates = [usual if speed is None else speed for speed in speeds.values()] or [usual]
    observed = [speeds.get(task.machine or "") or usual for task in tasks]
    work: Reals = runtimes[:, None] * np.array(observed)[:, None] / np.array(rates)
    return work
