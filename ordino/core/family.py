"""How a family, its solvers, formats and generators are described.

A description holds names only: functions and classes are given as `"package.module:attribute"` and
imported when they are first used.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

if TYPE_CHECKING:
    from ordino.core.budget import Budget
    from ordino.core.incumbent import Incumbent
    from ordino.core.objective import Objective
    from ordino.core.plain import Node

from ordino.core.errors import UnknownNameError, UsageError

__all__ = [
    "BoundSpec",
    "Family",
    "FormatSpec",
    "GeneratorSpec",
    "Instance",
    "Reference",
    "Solution",
    "SolutionFormatSpec",
    "Solver",
    "SolverSpec",
    "resolve",
]


class Instance(Protocol):
    """What every instance offers (see `ordino.models.<family>.problem`)."""

    family: ClassVar[str]

    @property
    def name(self) -> str:
        """A label, empty where there is none; no part of the content."""
        ...

    @property
    def objective(self) -> Objective:
        """The levels of the objective."""
        ...

    def fingerprint(self) -> str:
        """Hash of the content."""
        ...

    def to_data(self) -> dict[str, Any]:
        """Return the instance as plain data."""
        ...

    @classmethod
    def from_data(cls, data: Node) -> Self:
        """Make an instance of plain data; raises `InputError`."""
        ...


class Solution(Protocol):
    """What every solution offers: decisions, and their plain form."""

    def to_data(self) -> dict[str, Any]:
        """Return the solution as plain data."""
        ...

    @classmethod
    def from_data(cls, data: Node) -> Self:
        """Make a solution of plain data; raises `InputError`."""
        ...


class Solver(Protocol):
    """Offers solutions to the incumbent and raises its bound until it is done or must stop."""

    def __call__(self, instance: Any, incumbent: Incumbent, budget: Budget) -> None:
        """Work on an instance."""
        ...


def resolve(reference: str) -> Any:
    """Import what a reference `"package.module:attribute"` names."""
    module, _, attribute = reference.partition(":")
    return getattr(importlib.import_module(module), attribute)


@dataclass(frozen=True, slots=True, kw_only=True)
class SolverSpec:
    """A solver that a family offers.

    Attributes:
        name: As the user writes it.
        summary: One line.
        make: Reference to a function `(*arguments, **settings) -> Solver`; its keyword-only
            parameters are the solver's settings.
        arguments: References to what `make` gets, a formulation for example.
        takes: Reference to a function `instance -> str | None` that says why an instance is not
            for this solver, or `None`.
        improves: Goes on improving for as long as it may; otherwise it offers once and ends.
        proves: Raises bounds.
        deterministic: Same seed, one worker and a stop by iterations or proof: same answer.
        scales: Can use more than one worker.
        alone: Where it is the first of those that improve in a race, it gets all workers: it runs
            what else there is itself.
        rule: `make` itself is a pure function `(instance, **settings) -> Solution`.
        kernels: Module of kernels that a rule, or a solver that only proves, needs.
    """

    name: str
    summary: str
    make: str
    arguments: tuple[str, ...] = ()
    takes: str | None = None
    improves: bool = False
    proves: bool = False
    deterministic: bool = True
    scales: bool = False
    alone: bool = False
    rule: bool = False
    kernels: str | None = None

    @property
    def opens(self) -> bool:
        """Whether it is a quick start for others."""
        return not (self.improves or self.proves)

    @property
    def brief(self) -> bool:
        """Whether it only proves, and ends by itself."""
        return self.proves and not self.improves

    def refusal(self, instance: Any) -> str | None:
        """Say why an instance is not for this solver, or return `None`."""
        reason: str | None = resolve(self.takes)(instance) if self.takes else None
        return reason


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundSpec:
    """A lower bound: reference to a function `instance -> bound | None`, a tuple of first levels
    where the objective has several."""

    name: str
    summary: str
    compute: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatSpec:
    """A way to write instances.

    Attributes:
        name: As the user writes it.
        summary: One line.
        read: Reference to `(Text, **parameters) -> Instance`, or a list of them if `many`.
        sniff: Reference to `(head of the text) -> bool`.
        write: Reference to `instance -> str`; raises `UsageError` for what it can't hold.
        suffixes: Endings of file names, with the dot.
        file_name: Regular expression of whole file names whose named groups are parameters.
        many: A file holds any number of instances.
        binary: `read` takes a `Blob`; files are known by their suffix alone.
    """

    name: str
    summary: str
    read: str
    sniff: str
    write: str | None = None
    suffixes: tuple[str, ...] = ()
    file_name: str | None = None
    many: bool = False
    binary: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SolutionFormatSpec:
    """A way to write solutions besides JSON: `write: (instance, Solution, **parameters) -> str`.

    Unless it only writes: `read: (Text, instance) -> Solution`, `sniff: (head of a text) -> bool`.
    """

    name: str
    summary: str
    write: str
    read: str | None = None
    sniff: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorSpec:
    """A generator: reference to `(*, seed, **parameters) -> Instance`."""

    name: str
    summary: str
    make: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Best known values of an instance and where they come from."""

    lower_bound: int | float | None
    upper_bound: int | float | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A problem family: everything that the rest of the house may ask of it.

    Attributes:
        name: Of the family, and of its folders.
        title: One line.
        instances: Type name to reference to the instance class; the first is the main one.
        solution: Reference to the solution class.
        check: Reference to `(instance, solution) -> Report`.
        race: Names of the solvers that run when the user names none, the best first: those that
            open, and of the others that take the instance one a worker, but at least two (or the
            first alone, where it is meant to be).
        adjust: Reference to `(instance, **options) -> Instance`: keyword-only parameters are the
            family's problem options.
        scene: Reference to `(instance, solution) -> Scene`.
        simulate: Reference to `(instance, solution | None, *, replications, seed, **options)` that
            returns the objective of each replication; its other keyword-only parameters are what a
            user may set.
        simulated: What these values measure; by default the first level of the objective.
        facts: Reference to `instance -> dict` of what `info` shows.
        curve: Reference to `instance -> (rows, Scene)`: how the objective depends on a limit.
        explain: Reference to `(instance, solution | None, budget) -> Explanation`; its keyword-only
            parameters are questions about a part of the instance, for which it is not solved first.
        adopts: Class of another library (`module:name`, or one that inherits from it) to reference
            of the function that makes an instance of its objects.
        names: Reference to `() -> list of names` of bundled instances.
        load: Reference to `name -> Instance` for these names.
        best_known: Reference to `name -> Reference | None` for these names.
        formulations: Engine (`cpsat`, `milp`) to reference of the function that builds its model.
    """

    name: str
    title: str
    instances: Mapping[str, str]
    solution: str
    check: str
    solvers: Sequence[SolverSpec]
    race: Sequence[str]
    bounds: Sequence[BoundSpec] = ()
    formats: Sequence[FormatSpec] = ()
    solution_formats: Sequence[SolutionFormatSpec] = ()
    generators: Sequence[GeneratorSpec] = ()
    formulations: Mapping[str, str] = field(default_factory=dict)
    adopts: Mapping[str, str] = field(default_factory=dict)
    scene: str | None = None
    adjust: str | None = None
    simulate: str | None = None
    simulated: str | None = None
    facts: str | None = None
    curve: str | None = None
    explain: str | None = None
    names: str | None = None
    load: str | None = None
    best_known: str | None = None

    def solver(self, name: str) -> SolverSpec:
        """Return a solver's description; raises `UnknownNameError`."""
        spec: SolverSpec = _find(f"solver of {self.name}", name, self.solvers)
        return spec

    def generator(self, name: str) -> GeneratorSpec:
        """Return a generator's description; raises `UnknownNameError`."""
        spec: GeneratorSpec = _find(f"generator of {self.name}", name, self.generators)
        return spec

    def checker(self) -> Callable[[Any, Any], Any]:
        """Import and return the checker."""
        function: Callable[[Any, Any], Any] = resolve(self.check)
        return function

    def adjusted(self, instance: Any, options: Mapping[str, Any]) -> Any:
        """Apply problem options to an instance; raises `UsageError` for unknown ones."""
        from ordino.core.parameters import bind

        if not options:
            return instance
        if self.adjust is None:
            raise UsageError(f"{self.name} has no problem options, got {', '.join(options)}")
        adjust = resolve(self.adjust)
        return adjust(instance, **bind(adjust, options, f"family {self.name}"))


def _find(kind: str, name: str, specs: Sequence[Any]) -> Any:
    for spec in specs:
        if spec.name == name:
            return spec
    raise UnknownNameError(kind, name, [spec.name for spec in specs])
