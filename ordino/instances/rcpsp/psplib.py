"""PSPLIB files `.sm` and `.mm`, and those of MMLIB, which lack the header (Kolisch, Sprecher 1996;
Van Peteghem, Vanhoucke 2014).

Sections, each with its own lines of words: what resources there are, precedences, modes with
durations and demands, capacities. Jobs, modes and resources are numbered from 1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from ordino.core.errors import InstanceError, UsageError
from ordino.core.text import Line, Text
from ordino.models.rcpsp.problem import END_START, NEVER, Project

__all__ = ["MOST_RESOURCES", "read_psplib", "refuse", "sniff_psplib", "write_psplib"]

MOST_RESOURCES = 1_000
"""Of one kind."""

_SECTION = re.compile(
    r"(?P<name>PRECEDENCE RELATIONS|REQUESTS/DURATIONS|RESOURCE ?AVAILABILITIES)\s*:?"
)
_COUNT = re.compile(r"(-\s*)?(?P<what>jobs|renewable|nonrenewable|doubly constrained)\b[^:]*:\s*")


def sniff_psplib(head: str) -> bool:
    """Tell whether there is the line of the precedences."""
    return re.search(r"(?m)^[ \t]*PRECEDENCE RELATIONS[ \t]*(:[ \t]*)?\r?$", head) is not None


def read_psplib(text: Text) -> Project:
    """Read a single-mode or multi-mode project; raises `InputError`."""
    counts, sections = _split(text)
    jobs = _count(text, counts, "jobs")
    if counts.get("doubly constrained", (0, None))[0]:
        raise text.error("doubly constrained resources are not supported")
    renewables = _count(text, counts, "renewable")
    resources = [f"R{k + 1}" for k in range(renewables)]
    resources += [f"N{k + 1}" for k in range(_count(text, counts, "nonrenewable"))]
    modes, successors = _precedences(text, sections, jobs)
    requests = _requests(text, sections, modes, resources)
    capacities = _capacities(text, sections, resources)
    try:
        return Project.of(
            requests,
            capacities[:renewables],
            budgets=capacities[renewables:],
            precedences=[(i, j) for i, row in enumerate(successors) for j in row],
            activity_names=[str(job + 1) for job in range(jobs)],
            renewable_names=resources[:renewables],
            budget_names=resources[renewables:],
            name=text.name,
        )
    except InstanceError as error:
        raise text.error(error.message) from None


Counts = dict[str, tuple[int, Line | None]]


def _split(text: Text) -> tuple[Counts, dict[str, list[Line]]]:
    """Return the numbers of jobs and resources, and the lines of numbers of each section."""
    counts: Counts = {}
    sections: dict[str, list[Line]] = {}
    current: list[Line] | None = None
    for line in text.lines():
        words = line.text.strip()
        if found := _SECTION.fullmatch(words):
            name = found["name"].replace("RESOURCE AV", "RESOURCEAV")
            if name in sections:
                raise line.error(f"a second section {name}")
            current = sections[name] = []
        elif current is None and (found := _COUNT.match(words)):
            token = words[found.end() :].split()[:1]
            if not token or not re.fullmatch("[0-9]{1,9}", token[0]):
                raise line.error(f"expected the number of {found['what']}")
            if found["what"] != "jobs" and int(token[0]) > MOST_RESOURCES:
                raise line.error(f"expected at most {MOST_RESOURCES} resources, got {token[0]}")
            counts[found["what"]] = int(token[0]), line
        elif current is not None and words[0] not in "*-":
            current.append(line)
    return counts, sections


def _count(text: Text, counts: Counts, what: str) -> int:
    if what not in counts:
        raise text.error(f"the line with the number of {what} is missing")
    return counts[what][0]


def _require_order(line: Line, resources: Sequence[str]) -> None:
    """Refuse names of resources in another order than renewable, then non-renewable ones."""
    got = [re.sub(r"\s", "", each) for each in re.findall(r"\b[RN]\s*[0-9]+", line.text)]
    if got and got != [*resources]:
        raise line.error(f"expected the resources in the order {' '.join(resources)}")


def _section(
    text: Text,
    sections: dict[str, list[Line]],
    name: str,
    lines: int,
    resources: Sequence[str] = (),
) -> list[Line]:
    if name not in sections:
        raise text.end_error(f"the section {name} is missing")
    found = sections[name]
    if found and found[0].text.lstrip()[0].isalpha():  # the names of the columns
        if name != "PRECEDENCE RELATIONS":
            _require_order(found[0], resources)
        found = found[1:]
    if len(found) < lines:
        message = f"section {name}: expected {lines} lines, got {len(found)}"
        raise found[-1].error(message) if found else text.end_error(message)
    if len(found) > lines:
        raise found[lines].error(f"section {name}: expected {lines} lines, got more", 0)
    return found


def _precedences(
    text: Text, sections: dict[str, list[Line]], jobs: int
) -> tuple[list[int], list[list[int]]]:
    """Return for each job its number of modes, and its successors (from 0)."""
    modes, successors = [], []
    for job, line in enumerate(_section(text, sections, "PRECEDENCE RELATIONS", jobs), start=1):
        values = line.integers(minimum=0)
        if len(values) < 3:
            raise line.error("expected a job, its modes and its number of successors", len(values))
        if values[0] != job:
            raise line.error(f"expected job {job}, got {values[0]}", 0)
        if values[1] < 1:
            raise line.error("expected at least one mode", 1)
        if len(values) != 3 + values[2]:
            got = len(values) - 3
            raise line.error(f"expected {values[2]} successors, got {got}", min(len(values), 3))
        for index, successor in enumerate(values[3:], start=3):
            if not 1 <= successor <= jobs:
                raise line.error(f"expected a job from 1 to {jobs}, got {successor}", index)
        modes.append(values[1])
        successors.append([successor - 1 for successor in values[3:]])
    return modes, successors


def _requests(
    text: Text, sections: dict[str, list[Line]], modes: list[int], resources: Sequence[str]
) -> list[list[tuple[int, list[int]]]]:
    lines = iter(_section(text, sections, "REQUESTS/DURATIONS", sum(modes), resources))
    activities = []
    for job, count in enumerate(modes, start=1):
        rows = []
        for mode in range(1, count + 1):
            line = next(lines)
            expected = [job, mode] if mode == 1 else [mode]
            what = "numbers (" + ("job, " if mode == 1 else "") + "mode, duration, demands)"
            values = line.integers(len(expected) + 1 + len(resources), what=what, minimum=0)
            if values[: len(expected)] != expected:
                raise line.error(f"expected mode {mode} of job {job}", 0)
            duration, *demands = values[len(expected) :]
            rows.append((duration, demands))
        activities.append(rows)
    return activities


def _capacities(text: Text, sections: dict[str, list[Line]], resources: Sequence[str]) -> list[int]:
    line = _section(text, sections, "RESOURCEAVAILABILITIES", 1, resources)[0]
    return line.integers(len(resources), what="capacities", minimum=0)


def write_psplib(instance: Project) -> str:
    """Write a project with the header of PSPLIB; raises `UsageError` for what it can't hold."""
    refuse(instance, "psplib")
    stars = "*" * 72
    renewables, budgets, n = instance.renewables, instance.budget.size, instance.activities
    modes = [behind - first for first, behind in pairwise(instance.mode_start.tolist())]
    lines = [stars, f"file with basedata            : {instance.name or '-'}", stars]
    lines += ["projects                      :  1"]
    lines += [
        f"jobs (incl. supersource/sink ):  {n}",
        f"horizon                       :  {instance.horizon}",
    ]
    lines += ["RESOURCES", f"  - renewable                 :  {renewables}   R"]
    lines += [f"  - nonrenewable              :  {budgets}   N"]
    lines += ["  - doubly constrained        :  0   D", stars, "PRECEDENCE RELATIONS:"]
    lines += ["jobnr.    #modes  #successors   successors"]
    successors: list[list[int]] = [[] for _ in range(n)]
    for i, j in zip(instance.lag_source.tolist(), instance.lag_target.tolist(), strict=True):
        successors[i].append(j + 1)
    for job, row in enumerate(successors):
        lines.append("  ".join(map(str, [job + 1, modes[job], len(row), *row])))
    names = [f"R {k + 1}" for k in range(renewables)] + [f"N {k + 1}" for k in range(budgets)]
    lines += [stars, "REQUESTS/DURATIONS:", "jobnr. mode duration  " + "  ".join(names), "-" * 72]
    for job, (first, behind) in enumerate(pairwise(instance.mode_start.tolist()), start=1):
        for mode in range(first, behind):
            head = [job] if mode == first else []
            row = [instance.duration[mode], *instance.demand[mode], *instance.consumption[mode]]
            lines.append("  ".join(map(str, [*head, mode - first + 1, *row])))
    capacities = [*instance.step_capacity.tolist(), *instance.budget.tolist()]
    lines += [stars, "RESOURCEAVAILABILITIES:", "  " + "  ".join(names)]
    lines += ["  " + "  ".join(map(str, capacities)), stars]
    return "\n".join(lines) + "\n"


def refuse(instance: Project, format: str, *, lags: bool = False) -> None:
    """Refuse what the text formats can't hold; raises `UsageError`.

    Args:
        instance: The project.
        format: Its name.
        lags: Time lags from start to start are allowed.
    """
    plain = (instance.lag_kind == END_START) & (instance.lag == 0)
    reasons = {
        "time lags": not lags and not plain.all(),
        "capacities that change": instance.step_time.size > instance.renewables,
        "windows": bool(instance.release_dates.any() or (instance.deadlines != NEVER).any()),
        "disjunctive groups": bool(instance.groups),
        "due dates": bool(instance.weights.any() or instance.due_dates.any()),
        "goals but the makespan": instance.goal != "makespan",
        "projects without resources": not (instance.renewables or instance.budget.size),
    }
    for what, there in reasons.items():
        if there:
            raise UsageError(f"format {format} holds no {what}: use json")
