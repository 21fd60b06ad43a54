"""Text formats of single-mode projects that are all numbers, and of solutions.

`patterson` (`.rcp`): numbers of activities and resources, capacities; then for each activity its
duration, demands, number of successors, successors (from 1). Line breaks mean nothing.

`rcpsp-max` (`.sch`, ProGen/max; Schwindt 1998): a line "n resources 0 0" for n activities and two
dummies, numbered from 0; a line "activity modes successors-count successors [lag] …" each, where a
lag counts from start to start and a negative one is a maximal lag; a line "activity mode duration
demands" each; a line of capacities.

`starts` (of solutions): a line "name: start" or "name: start mode" an activity, modes from 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ordino.core.errors import InstanceError, UsageError, clip, nearest
from ordino.core.text import Line, Text
from ordino.instances.rcpsp.psplib import MOST_RESOURCES, refuse
from ordino.models.rcpsp.problem import ABSENT, START_START, Plan, Project

__all__ = [
    "read_patterson",
    "read_rcpsp_max",
    "read_starts",
    "sniff_patterson",
    "sniff_rcpsp_max",
    "sniff_starts",
    "write_patterson",
    "write_rcpsp_max",
    "write_starts",
]


def _made(text: Text, *arguments: Any, **more: Any) -> Project:
    try:
        return Project.of(*arguments, **more, name=text.name)
    except InstanceError as error:
        raise text.error(error.message) from None


# Patterson


class _Tokens:
    """The integers of a text, one after another, that know where they stand."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self._places: Iterator[tuple[Line, int, int]] = (
            (line, index, value)
            for line in text.lines()
            for index, value in enumerate(line.integers(minimum=0))
        )

    def next(self, what: str, least: int = 0, most: int | None = None) -> int:
        """Return the next integer; raises `InputError`."""
        place = next(self._places, None)
        if place is None:
            raise self._text.end_error(f"expected {what}, the file ends")
        line, index, value = place
        if value < least or (most is not None and value > most):
            span = f"from {least} to {most}" if most is not None else f"of at least {least}"
            raise line.error(f"expected {what} {span}, got {value}", index)
        return value

    def end(self) -> None:
        """Refuse what is left."""
        place = next(self._places, None)
        if place is not None:
            raise place[0].error("expected the end of the file", place[1])


MOST_ACTIVITIES = 1_000_000


def sniff_patterson(head: str) -> bool:
    """Tell whether the numbers are two counts, capacities, and a first activity, in that shape."""
    if not re.fullmatch(r"[0-9\s]+", head):
        return False
    rows = [line.split() for line in head.splitlines() if line.strip()]
    if len(rows) < 3 or len(rows[0]) != 2 or any(len(token) > 9 for token in rows[0]):
        return False
    numbers = [int(token) if len(token) < 19 else -1 for row in rows for token in row]
    count, resources = numbers[:2]
    if not (resources >= 1 and len(rows[1]) == resources):
        return False
    first = numbers[2 + resources :]
    if len(first) < resources + 2:
        return False
    successors = first[1 + resources]
    named = first[2 + resources : 2 + resources + successors]
    plausible = bool(named) and all(1 < each <= count for each in named)
    return len(rows[2]) >= 2 + resources and (plausible or _is_whole(first, count, resources))


def _is_whole(numbers: list[int], count: int, resources: int) -> bool:
    """Tell whether numbers are so many activities, and nothing more."""
    place = 0
    for _ in range(count):
        if place + 1 + resources >= len(numbers):
            return False
        place += 2 + resources + numbers[place + 1 + resources]
    return place == len(numbers)


def read_patterson(text: Text) -> Project:
    """Read a single-mode project; raises `InputError`."""
    tokens = _Tokens(text)
    count = tokens.next("a number of activities", 1, MOST_ACTIVITIES)
    resources = tokens.next("a number of resources", 0, MOST_RESOURCES)
    capacities = [tokens.next(f"the capacity of resource {k + 1}") for k in range(resources)]
    activities, precedences = [], []
    for activity in range(count):
        name = f"activity {activity + 1}"
        duration = tokens.next(f"the duration of {name}")
        demands = [tokens.next(f"a demand of {name}") for _ in range(resources)]
        successors = tokens.next(f"the number of successors of {name}", 0, count)
        for _ in range(successors):
            precedences.append((activity, tokens.next(f"a successor of {name}", 1, count) - 1))
        activities.append([(duration, demands)])
    tokens.end()
    names = [str(activity + 1) for activity in range(count)]
    return _made(
        text, activities, capacities, precedences=precedences, activity_names=names,
        renewable_names=[f"R{k + 1}" for k in range(resources)],
    )  # fmt: skip


def _require_single(instance: Project, format: str) -> None:
    if not instance.single_mode or instance.budget.size:
        raise UsageError(f"format {format} holds one mode an activity: use psplib or json")


def _successors(instance: Project) -> list[list[int]]:
    """Return the lags that leave each activity, by their numbers."""
    leaving: list[list[int]] = [[] for _ in range(instance.activities)]
    for arc, i in enumerate(instance.lag_source.tolist()):
        leaving[i].append(arc)
    return leaving


def write_patterson(instance: Project) -> str:
    """Write a single-mode project; raises `UsageError` for what the format can't hold."""
    refuse(instance, "patterson")
    _require_single(instance, "patterson")
    rows = [[instance.activities, instance.renewables], instance.step_capacity.tolist()]
    for i, arcs in enumerate(_successors(instance)):
        successors = (instance.lag_target[arcs] + 1).tolist()
        row = [instance.duration[i], *instance.demand[i], len(successors), *successors]
        rows.append(row)
    return _rows(rows)


def _rows(rows: Sequence[Sequence[int]]) -> str:
    return "".join(" ".join(map(str, row)) + "\n" for row in rows)


# ProGen/max


def sniff_rcpsp_max(head: str) -> bool:
    """Tell whether the first line is "n resources 0 0", and lags stand in brackets, if any."""
    lines = [line for line in head.splitlines() if line.strip()]
    first = lines[0].split() if lines else []
    if len(first) != 4 or first[2:] != ["0", "0"] or not all(each.isdigit() for each in first):
        return False
    if len(lines) < 2:
        return False
    return lines[1].split() == ["0", "1", "0"] or re.search(r"\[\s*-?[0-9]", head) is not None


def read_rcpsp_max(text: Text) -> Project:
    """Read a project with minimal and maximal time lags; raises `InputError`."""
    lines = text.lines()
    header = _line(lines, text, "the numbers of activities and resources")
    inner, resources, *_ = header.integers(4, what="numbers (n, resources, 0, 0)", minimum=0)
    count = inner + 2
    if count > MOST_ACTIVITIES or resources > MOST_RESOURCES:
        raise header.error(f"more than {MOST_ACTIVITIES} activities or {MOST_RESOURCES} resources")
    lags: list[tuple[int, int, str, int]] = []
    for activity in range(count):
        line = _line(lines, text, f"the line of lags of activity {activity}")
        lags += _lags(line, activity, count)
    activities = []
    for activity in range(count):
        line = _line(lines, text, f"the demands of activity {activity}")
        what = "numbers (activity, mode, duration, demands)"
        values = line.integers(3 + resources, what=what, minimum=0)
        if values[0] != activity:
            raise line.error(f"expected activity {activity}, got {values[0]}", 0)
        activities.append([(values[2], values[3:])])
    line = _line(lines, text, "the capacities")
    capacities = line.integers(resources, what="capacities", minimum=0)
    rest = next(lines, None)
    if rest is not None:
        raise rest.error("expected the end of the file", 0)
    names = [str(activity) for activity in range(count)]
    return _made(
        text, activities, capacities, lags=lags, activity_names=names,
        renewable_names=[f"R{k + 1}" for k in range(resources)],
    )  # fmt: skip


def _line(lines: Iterator[Line], text: Text, what: str) -> Line:
    line = next(lines, None)
    if line is None:
        raise text.end_error(f"expected {what}, the file ends")
    return line


def _lags(line: Line, activity: int, count: int) -> list[tuple[int, int, str, int]]:
    """Read "activity modes successors-count successors [lag] …"."""
    spread = Line(line.source, line.number, re.sub(r"[\[\]]", " ", line.text))
    values = spread.integers()
    if len(values) < 3 or values[0] != activity:
        raise spread.error(f"expected activity {activity}, its modes and successors", 0)
    if values[1] != 1:
        raise spread.error("expected one mode", 1)
    successors = values[2]
    if successors < 0 or len(values) != 3 + 2 * successors:
        raise spread.error(
            f"expected {successors} successors and as many lags, got {len(values) - 3} numbers", 2
        )
    for index, other in enumerate(values[3 : 3 + successors], start=3):
        if not 0 <= other < count:
            raise spread.error(f"expected an activity from 0 to {count - 1}, got {other}", index)
    pairs = zip(values[3 : 3 + successors], values[3 + successors :], strict=True)
    return [(activity, other, "start-start", lag) for other, lag in pairs]


def write_rcpsp_max(instance: Project) -> str:
    """Write a single-mode project; raises `UsageError` for what the format can't hold."""
    refuse(instance, "rcpsp-max", lags=True)
    _require_single(instance, "rcpsp-max")
    if (instance.lag_kind != START_START).any() or instance.activities < 2:
        raise UsageError("format rcpsp-max holds lags from start to start alone: use json")
    lines = [f"{instance.activities - 2} {instance.renewables} 0 0"]
    for i, arcs in enumerate(_successors(instance)):
        targets, lags = instance.lag_target[arcs].tolist(), instance.lag[arcs].tolist()
        words = [i, 1, len(arcs), *targets, *(f"[{lag}]" for lag in lags)]
        lines.append(" ".join(map(str, words)))
    for i in range(instance.activities):
        lines.append(" ".join(map(str, [i, 1, instance.duration[i], *instance.demand[i]])))
    lines.append(" ".join(map(str, instance.step_capacity.tolist())))
    return "\n".join(lines) + "\n"


# Solutions

_START = re.compile(
    r"(?P<name>.*\S)\s*[:=]\s*(?P<start>[+-]?[0-9]{1,18})(\s+(?P<mode>[0-9]{1,9}))?"
)


def sniff_starts(head: str) -> bool:
    """Tell whether a solution is lines "name: start"."""
    lines = [line for line in head.splitlines() if line.strip()]
    return bool(lines) and _START.fullmatch(lines[0].strip()) is not None


def read_starts(text: Text, instance: Project) -> Plan:
    """Read a line "name: start" or "name: start mode" an activity; raises `InputError`.

    An activity without a line is `ABSENT`, which is for the checker to tell.
    """
    number = {name: index for index, name in enumerate(instance.activity_names)}
    starts: dict[int, tuple[int, int]] = {}
    for line in text.lines():
        found = _START.fullmatch(line.text.strip())
        if found is None:
            raise line.error(f"expected name: start, got {clip(line.text.strip(), 40)!r}", 0)
        name = found["name"]
        if name not in number:
            raise line.error(f"no activity {clip(name)!r}: {nearest(name, number)}", 0)
        if number[name] in starts:
            raise line.error(f"a second start of activity {clip(name)!r}", 0)
        starts[number[name]] = int(found["start"]), int(found["mode"] or 0)
    rows = np.array([starts.get(i, (ABSENT, 0)) for i in range(instance.activities)], np.int64)
    return Plan(rows[:, 0], rows[:, 1])


def write_starts(instance: Project, solution: Plan) -> str:
    """Write a line an activity, with modes where there are several."""
    single = instance.single_mode
    rows = zip(instance.activity_names, solution.start, solution.mode, strict=True)
    return "".join(f"{name}: {t}" + ("" if single else f" {m}") + "\n" for name, t, m in rows)
