"""Job and SoC files of the DS3 simulator (Arda et al. 2020), as DeepSoCS used them.

A job file: `job_name NAME`, `add_new_tasks N`, then for each task `NAME NUMBER PREDECESSORS…`,
`NAME HEAD` or `TAIL`, `NAME earliest_start S deadline D`; `comm_vol I J VOLUME`. A SoC file:
`add_new_resource TYPE NAME NUMBER CAPACITY COUNT …` with a line `TASK TIME POWER` for each of COUNT
tasks, and `comm_band I J BANDWIDTH`. Lines that start with `#` are comments.

A task can run where its name is listed. Data pass through the memory (the resource of type `MEM`)
where two processors have no band of their own: they are written, then read. DS3 does not enforce
the deadlines of tasks, which no schedule could keep in the public files; they count on demand.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ordino.core.arrays import Reals
from ordino.core.errors import InputError, InstanceError, UsageError, clip, nearest
from ordino.core.text import Line, Text
from ordino.instances.taskgraph.platform import require
from ordino.models.taskgraph.problem import MOST_PROCESSORS, TaskGraph
from ordino.models.taskgraph.streams import stream

__all__ = ["read_ds3", "sniff_ds3"]

LARGEST = 2.0**62


@dataclass(slots=True)
class _Job:
    name: str = ""
    index: dict[int, int] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    lines: list[tuple[Line, list[str]]] = field(default_factory=list)
    release: dict[int, float] = field(default_factory=dict)
    deadline: dict[int, float] = field(default_factory=dict)
    volume: dict[tuple[int, int], tuple[Line, float]] = field(default_factory=dict)


@dataclass(slots=True)
class _Soc:
    places: dict[int, str] = field(default_factory=dict)
    times: dict[int, dict[str, float]] = field(default_factory=dict)
    memory: int | None = None
    bands: dict[tuple[int, int], float] = field(default_factory=dict)


def sniff_ds3(head: str) -> bool:
    """Tell whether lines of a job are there."""
    lines = [line.split() for line in head.splitlines() if not line.lstrip().startswith("#")]
    words = {line[0] for line in lines if line}
    return "add_new_tasks" in words and bool(words & {"job_name", "comm_vol"})


def read_ds3(
    text: Text,
    *,
    soc: str | None = None,
    deadlines: bool = False,
    jobs: int = 1,
    interval: float = 0.0,
    seed: int = 0,
) -> TaskGraph:
    """Read a job with the processors of a SoC.

    Args:
        text: The job file.
        soc: The SoC file; by default the only file `*SoC*` beside the job.
        deadlines: Whether to keep the deadlines of tasks, counted from the job's arrival.
        jobs: So many copies of the job arrive one after another.
        interval: Mean time between arrivals, exponentially distributed.
        seed: Of the arrivals.

    Raises:
        InputError: A file is malformed or not found.
        UsageError: A parameter out of range.
    """
    require(
        "format ds3",
        jobs=(jobs, 1, 1_000_000),
        interval=(interval, 0, 1e12),
        seed=(seed, 0, np.inf),
    )
    job = _read_job(text)
    chip = _read_soc(_soc_text(text, soc))
    places = list(chip.places)
    work = np.full((len(job.index), len(places)), np.inf)
    for name, task in job.names.items():
        for column, place in enumerate(places):
            work[task, column] = chip.times[place].get(name, np.inf)
    tasks = range(len(job.index))
    edges = _edges(job)
    lines = [line for line, _ in job.lines]
    try:
        one = TaskGraph.of(
            work,
            edges,
            bandwidth=_rates(text, chip, places),
            release_dates=[job.release.get(task, 0.0) for task in tasks],
            deadlines=[job.deadline.get(task, np.inf) for task in tasks] if deadlines else None,
            name=job.name or text.name,
            task_names=list(job.names),
            processor_names=[chip.places[place] for place in places],
        )
        return one if jobs == 1 else stream(one, jobs=jobs, interval=interval, seed=seed)
    except InstanceError as error:
        receivers = [lines[receiver] for _, receiver, _ in edges]
        raise text.located(error, edges=receivers, work=lines) from None


def _soc_text(text: Text, soc: str | None) -> Text:
    folder = Path(text.source).parent
    if soc is None:
        found = sorted(folder.glob("*SoC*")) if Path(text.source).is_file() else []
        if len(found) != 1:
            raise UsageError(
                f"format ds3: found {len(found)} files *SoC* beside {text.source}; name one, as in "
                "--format ds3:soc=DASH.SoC.Top.txt"
            )
        path = found[0]
    else:
        path = Path(soc) if Path(soc).is_file() else folder / soc
    try:
        return Text(path.read_text("utf-8-sig"), str(path), path.stem)
    except (OSError, ValueError) as error:
        raise InputError(f"can't be read: {error}", source=str(path)) from None


def _words(text: Text) -> list[tuple[Line, list[str]]]:
    lines = [line for line in text.lines() if not line.text.lstrip().startswith("#")]
    return [(line, line.tokens()) for line in lines]


def _real(line: Line, words: list[str], place: int, least: float = 0.0) -> float:
    if place >= len(words):
        raise line.error("expected a number", place)
    try:
        value = float(words[place])
    except ValueError:
        raise line.error(f"expected a number, got {clip(words[place])!r}", place) from None
    if not least <= value < LARGEST:
        message = f"expected a number of at least {least:g}, got {clip(words[place])}"
        raise line.error(message, place)
    return value


def _whole(line: Line, words: list[str], place: int) -> int:
    value = _real(line, words, place)
    if value != int(value):
        raise line.error(f"expected an integer, got {clip(words[place])}", place)
    return int(value)


def _read_job(text: Text) -> _Job:
    job = _Job()
    expected: tuple[Line, int] | None = None
    for line, words in _words(text):
        match words:
            case ["job_name", name]:
                job.name = name
            case ["add_new_tasks", *_]:
                expected = line, _whole(line, words, 1)
            case ["comm_vol", *_]:
                pair = _whole(line, words, 1), _whole(line, words, 2)
                job.volume[pair] = line, _real(line, words, 3)
            case [_, "HEAD" | "TAIL"]:
                _known(line, words, job)
            case [_, "earliest_start", _, "deadline", *_]:
                task = _known(line, words, job)
                job.release[task] = _real(line, words, 2)
                job.deadline[task] = _real(line, words, 4)
            case [name, _, *_]:
                number = _whole(line, words, 1)
                if name in job.names or number in job.index:
                    raise line.error(f"a second task {clip(name)} or number {number}", 0)
                job.names[name] = job.index[number] = len(job.index)
                job.lines.append((line, words))
            case _:
                raise line.error(f"expected a task, got {clip(line.text.strip())!r}", 0)
    if expected is None or not job.index:
        raise text.end_error("expected add_new_tasks and tasks")
    if expected[1] != len(job.index):
        raise expected[0].error(f"announces {expected[1]} tasks, there are {len(job.index)}", 1)
    return job


def _known(line: Line, words: list[str], job: _Job) -> int:
    if words[0] not in job.names:
        raise line.error(f"unknown task {clip(words[0])!r}: {nearest(words[0], job.names)}", 0)
    return job.names[words[0]]


def _edges(job: _Job) -> list[tuple[int, int, float]]:
    edges: dict[tuple[int, int], float] = {}
    for line, words in job.lines:
        task = job.names[words[0]]
        for place in range(2, len(words)):
            before = _whole(line, words, place)
            if before not in job.index:
                raise line.error(f"unknown task {before}", place)
            edges[job.index[before], task] = 0.0
    for (i, j), (line, volume) in job.volume.items():
        pair = (job.index.get(i, -1), job.index.get(j, -1))
        if pair not in edges:
            raise line.error(f"task {j} does not need task {i}", 1)
        edges[pair] = volume
    return [(i, j, volume) for (i, j), volume in edges.items()]


def _read_soc(text: Text) -> _Soc:
    chip = _Soc()
    place, left = -1, 0
    for line, words in _words(text):
        if words[0] == "add_new_resource":
            if left:
                raise line.error(f"the resource before lacks {left} tasks")
            place, left = _whole(line, words, 3), _whole(line, words, 5)
            if place in chip.times:
                raise line.error(f"a second resource {place}", 3)
            chip.times[place] = {}
            if words[1] == "MEM":
                chip.memory = place
            else:
                chip.places[place] = words[2]
        elif words[0] == "comm_band":
            band = _real(line, words, 3)
            chip.bands[_whole(line, words, 1), _whole(line, words, 2)] = band
        elif words[0] != "opp" and left:
            chip.times[place][words[0]] = _real(line, words, 1)
            left -= 1
        elif words[0] != "opp":
            raise line.error(f"expected add_new_resource or comm_band, got {clip(words[0])!r}", 0)
    if not chip.places:
        raise text.end_error("expected a resource that is no memory")
    if len(chip.places) > MOST_PROCESSORS:
        raise text.error(f"{len(chip.places)} processors, beyond {MOST_PROCESSORS}")
    return chip


def _rates(text: Text, chip: _Soc, places: list[int]) -> Reals:
    """Return the bandwidth of each pair of processors, through the memory if need be."""

    def band(one: int, other: int | None) -> float:
        if other is None:
            return 0.0
        return chip.bands.get((one, other)) or chip.bands.get((other, one)) or 0.0

    rates = np.full((len(places), len(places)), np.inf)
    for row, p in enumerate(places):
        for column, q in enumerate(places):
            if p == q:
                continue
            rate = band(p, q)
            write, read = band(p, chip.memory), band(q, chip.memory)
            if not rate and write and read:
                rate = 1 / (1 / write + 1 / read)
            if not rate:
                raise text.error(f"no band between resources {p} and {q}, nor through the memory")
            rates[row, column] = rate
    return rates
