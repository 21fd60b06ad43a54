"""A plan: which methods on which instances, with which limits and seeds; and the runs it makes."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ordino.bench.method import Method
from ordino.core.errors import InputError, UsageError
from ordino.core.family import Family, Instance, Reference
from ordino.core.registry import family
from ordino.instances import sets
from ordino.instances.reading import dump_instance, read_all

__all__ = ["Plan", "Run", "Subject", "expand", "run_key", "subjects"]

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to run.

    Attributes:
        sets: Names of sets.
        methods: What to run on each instance.
        patterns: Of names of instances, as a shell has them; none for all.
        every: Take only the first of so many instances of a set.
        time_limits: Seconds of each run.
        iterations: Most iterations of each solver, or `None`.
        seeds: One run each.
        workers: Cores for each run.
        problem: Problem options, for families that have them.
    """

    sets: Sequence[str]
    methods: Sequence[Method]
    patterns: Sequence[str] = ()
    every: int = 1
    time_limits: Sequence[float] = (60.0,)
    iterations: int | None = None
    seeds: Sequence[int] = (0,)
    workers: int = 1
    problem: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """An instance of a set, without its content.

    Attributes:
        set: Name of the set.
        name: Of the instance.
        source: Path of its file, below a data root if it lies there, with `#` and a number in a
            file with many.
        family: Of the instance.
        fingerprint: Of its content.
        known: Best known bounds, if the catalogue has them.
    """

    set: str
    name: str
    source: str
    family: str
    fingerprint: str
    known: Reference | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run: a method on an instance, with limits and seed. `key` says what it is, in a hash."""

    key: str
    subject: Subject
    solver: str
    settings: Mapping[str, Mapping[str, Any]]
    problem: Mapping[str, Any]
    time_limit: float
    iterations: int | None
    seed: int
    workers: int

    def planned(self) -> dict[str, Any]:
        """Return what a store keeps of what was asked for."""
        return {
            "key": self.key,
            "set": self.subject.set,
            "instance": self.subject.name,
            "solver": self.solver,
            "settings": self.settings,
            "time_limit": self.time_limit,
            "seed": self.seed,
        }

    @property
    def command(self) -> str:
        """How to do it again by hand."""
        words = ["ordino", "solve", self.subject.source]
        if self.solver != "race":
            words += ["--solver", self.solver]
        for solver, values in self.settings.items():
            for name, value in values.items():
                words += ["--set", f"{solver}.{name}={value}"]
        for name, value in self.problem.items():
            words += [f"--{name.replace('_', '-')}", str(value)]
        if self.iterations is not None:
            words += ["--iterations", str(self.iterations)]
        words += ["--time-limit", f"{self.time_limit:g}", "--seed", str(self.seed)]
        return shlex.join([*words, "--workers", str(self.workers)])


def run_key(
    *,
    fingerprint: str,
    solver: str,
    settings: Mapping[str, Mapping[str, Any]],
    time_limit: float,
    iterations: int | None,
    seed: int,
    workers: int,
    version: str,
) -> str:
    """Hash what makes a run what it is: 32 hexadecimal digits."""
    parts = [fingerprint, solver, settings, float(time_limit), iterations, seed, workers, version]
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def expand(plan: Plan, keep: Callable[[str, str], None], tell: Tell) -> list[Run]:
    """Return the runs of a plan, instance by instance.

    Args:
        plan: What to run.
        keep: Called with fingerprint and JSON of every instance that is run on.
        tell: Called with a line for what is left out.

    Raises:
        UsageError: The plan selects nothing, or names what is not there.
        InputError: A file of a public set can't be read.
    """
    runs: dict[str, Run] = {}
    left_out: Counter[str] = Counter()
    for subject, instance in subjects(plan, tell):
        home = family(subject.family)
        methods = [each for each in plan.methods if each.known_in(home)]
        left_out.update(
            f"{each.solver} is no solver of {home.name}"
            for each in plan.methods
            if each not in methods
        )
        before = len(runs)
        for each in methods:
            if (reason := each.refusal(home, instance)) is not None:
                left_out[f"{each.solver} does not take it: {reason}"] += 1
                continue
            for run in _runs(plan, subject, each, home):
                runs.setdefault(run.key, run)
        if len(runs) > before:
            keep(subject.fingerprint, dump_instance(instance))
    if not runs:
        reasons = "; ".join(left_out) or f"no instance of {', '.join(plan.sets)} is named so"
        raise UsageError(f"the plan selects nothing: {reasons}")
    for reason, count in left_out.items():
        tell(f"left out {count} instance{'s' if count > 1 else ''}: {reason}")
    return list(runs.values())


def _runs(plan: Plan, subject: Subject, method: Method, home: Family) -> Iterator[Run]:
    settings = method.bound(home)
    for time_limit in plan.time_limits:
        for seed in plan.seeds:
            what: dict[str, Any] = {
                "solver": method.solver,
                "settings": settings,
                "time_limit": time_limit,
                "iterations": plan.iterations,
                "seed": seed,
                "workers": plan.workers,
            }
            key = run_key(fingerprint=subject.fingerprint, version=_version(), **what)
            yield Run(key=key, subject=subject, problem=plan.problem, **what)


@cache
def _version() -> str:
    return version("ordino")


def subjects(plan: Plan, tell: Tell) -> Iterator[tuple[Subject, Instance]]:
    """Yield the instances that a plan selects; `tell` takes a line for each file that is none."""
    for name in plan.sets:
        for each, folder in sets.locate_sets(name):
            chosen = 0
            for path, number, instance in _instances(each, folder, tell):
                label = instance.name or path.stem
                if not _wanted(label, plan.patterns):
                    continue
                chosen += 1
                if (chosen - 1) % plan.every == 0:
                    yield _subject(plan, each, path, number, label, instance)


def _wanted(name: str, patterns: Sequence[str]) -> bool:
    return not patterns or any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _instances(name: str, folder: Path, tell: Tell) -> Iterator[tuple[Path, int | None, Instance]]:
    """Yield file, number in a file with many, and instance.

    A file of a folder that is no public set may be anything: one that can't be read is left out.
    """
    for path in sets.files_of(name, folder):
        try:
            held = read_all(path)
        except InputError as error:
            if name in sets.public_sets():
                raise
            tell(f"left out: {error}")
            continue
        for number, instance in enumerate(held, 1):
            yield path, number if len(held) > 1 else None, instance


def _subject(
    plan: Plan, name: str, path: Path, number: int | None, label: str, instance: Instance
) -> tuple[Subject, Instance]:
    adjusted = family(instance.family).adjusted(instance, plan.problem)
    fingerprint = adjusted.fingerprint()
    below_root = any(root / name == path.parent for root in sets.data_roots())
    source = f"{name}/{path.name}" if below_root else str(path)
    same = not plan.problem or fingerprint == instance.fingerprint()
    subject = Subject(
        set=name,
        name=label,
        source=source if number is None else f"{source}#{number}",
        family=instance.family,
        fingerprint=fingerprint,
        known=sets.best_known(name, path, number) if same else None,
    )
    return subject, adjusted
