"""Solving and checking: what `ordino.solve` and `ordino.check` do."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterable, Mapping
from typing import Any

from ordino.core.budget import Budget, Stoppable, StopToken
from ordino.core.errors import RejectedSolution, UnknownNameError, UsageError, clip
from ordino.core.explanation import Explanation
from ordino.core.family import Family, Instance, Solution, Solver, SolverSpec, resolve
from ordino.core.incumbent import Event, Incumbent, Observer
from ordino.core.objective import Value
from ordino.core.parameters import bind, parameters_of
from ordino.core.registry import all_families, family
from ordino.core.report import Report, Violation
from ordino.core.result import Result, conclude
from ordino.core.simulation import Simulation
from ordino.core.status import Status, StopReason

__all__ = [
    "check",
    "compute_bounds",
    "default_workers",
    "explain",
    "make_solver",
    "settings_of",
    "simulate",
    "solve",
]

MOST_REPLICATIONS = 10_000_000

Settings = Mapping[str, Any]


def default_workers() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def solve(
    instance: Instance,
    *,
    solver: str | Iterable[str] | None = None,
    time_limit: float = 60.0,
    iterations: int | None = None,
    workers: int | None = None,
    seed: int = 0,
    target: Value | None = None,
    gap: float | None = None,
    warm_start: Solution | Result | None = None,
    on_event: Observer | None = None,
    stop: Stoppable | None = None,
    settings: Settings | None = None,
    command: str = "",
    **problem: Any,
) -> Result:
    """Solve an instance, and return the best checked solution with its bound.

    Args:
        instance: Of any family; never changed.
        solver: Names of solvers, as a list or with commas between; by default the family's race.
        time_limit: Seconds of wall time for the whole call.
        iterations: Most iterations of each solver (what one is, the solver says).
        workers: Cores to keep busy; by default all that the process may use.
        seed: Of every random choice.
        target: Stop at an objective of this value or better.
        gap: Stop at this gap or a smaller one.
        warm_start: A solution, or a result that holds one: the answer is never worse.
        on_event: Called with every incumbent, bound and failure as it comes, from any thread.
        stop: Anything with `is_set()`, such as a `threading.Event`: set it to have the best so far.
        settings: Of solvers, as `{"cpsat": {"parameters": "…"}}` or `{"cpsat.parameters": "…"}`.
        command: Recorded in the result, to say how to get it again.
        **problem: Problem options of the family.

    Returns:
        The result; its status is `unknown` where the limit came before any solution.

    Raises:
        UsageError: An unknown solver, setting or option; a solver that does not take the instance.
        RejectedSolution: The checker rejects the warm start.
        SolverError: Every solver failed.
    """
    started = time.monotonic()
    home, instance = _at_home(instance)
    instance = home.adjusted(instance, problem)
    workers = default_workers() if workers is None else workers
    given = {"iterations": iterations, "gap": gap}
    _require_numbers(
        time_limit=time_limit,
        workers=workers,
        seed=seed,
        **{name: value for name, value in given.items() if value is not None},
    )
    _require_value(target, instance)
    if stop is not None and not hasattr(stop, "is_set"):
        raise UsageError(f"stop {clip(stop)}: expected a threading.Event, or what has is_set()")
    grouped = _grouped(settings or {})
    specs = _chosen(home, instance, solver, workers)
    unused = set(grouped) - {spec.name for spec in specs}
    if unused:
        raise UnknownNameError("running solver", min(unused), [spec.name for spec in specs])
    solvers = [(spec, make_solver(spec, grouped.get(spec.name, {}))) for spec in specs]

    token = StopToken(stop)
    budget = Budget(
        started + time_limit, iterations=iterations, workers=workers, seed=seed, stop=token
    )

    def observe(event: Event) -> None:
        if event.objective is not None and target is not None and event.objective <= target:  # type: ignore[operator]
            token.set(StopReason.TARGET)
        if gap is not None and (held := incumbent.gap) is not None and held <= gap:
            token.set(StopReason.GAP)
        if on_event is not None:
            on_event(event)

    incumbent = Incumbent(instance, home.checker(), instance.objective, on_event=observe)
    for note in getattr(instance, "notes", ()):  # what was left out when it was read
        incumbent.note("input", note)
    if warm_start is not None:
        start = warm_start.solution if isinstance(warm_start, Result) else warm_start
        if not isinstance(start, resolve(home.solution)):
            raise UsageError(f"warm_start {clip(start)}: expected a {home.name} solution")
        incumbent.offer(start, "warm start")
    completed = _run(home, instance, solvers, incumbent, budget)
    if incumbent.observer_error is not None:
        raise incumbent.observer_error
    return conclude(
        instance,
        incumbent,
        budget,
        started=started,
        solvers=[spec.name for spec in specs],
        settings=grouped,
        options=problem,
        completed=completed,
        command=command,
    )


def _run(
    home: Family,
    instance: Instance,
    solvers: list[tuple[SolverSpec, Solver]],
    incumbent: Incumbent,
    budget: Budget,
) -> bool:
    from ordino.solvers.race import Entry, race

    entries = [
        Entry(spec.name, each, spec.improves, spec.proves, spec.scales, spec.kernels)
        for spec, each in solvers
    ]
    if home.bounds:  # behind the first start, ahead of what may take longer
        entries.insert(1, Entry("bounds", _root_bounds(home)))
    return race(entries, instance, incumbent, budget)


def _root_bounds(home: Family) -> Solver:
    """Return a solver that raises the family's lower bounds, each under its name."""

    def prove(instance: Any, incumbent: Incumbent, budget: Budget) -> None:
        for spec in home.bounds:
            if budget.should_stop():
                return
            value = resolve(spec.compute)(instance)
            if value is not None:
                incumbent.raise_bound(value, spec.name)

    return prove


def _at_home(instance: Any) -> tuple[Family, Instance]:
    """Return an instance, or what a family makes of another library's object, and its family.

    Raises:
        UsageError: It is neither.
    """
    if isinstance(getattr(instance, "family", None), str):
        return family(instance.family), instance
    kinds = [f"{kind.__module__}:{kind.__qualname__}" for kind in type(instance).__mro__]
    for home in all_families().values():
        for kind, function in home.adopts.items():
            if kind in kinds:
                return home, resolve(function)(instance)
    raise UsageError(f"expected an instance, as ordino.read makes, got {clip(instance)}")


def _require_numbers(**limits: Any) -> None:
    """Refuse limits that are no numbers in their range."""
    for name, value in limits.items():
        kinds, least, what = _LIMITS[name]
        fits = isinstance(value, kinds) and not isinstance(value, bool)
        if not (fits and least <= value < float("inf")):
            raise UsageError(f"{name} {clip(value)}: expected {what}")


_LIMITS: dict[str, tuple[tuple[type, ...], float, str]] = {
    "time_limit": ((int, float), 1e-9, "a number of seconds above 0"),
    "iterations": ((int,), 1, "an integer of at least 1"),
    "workers": ((int,), 1, "an integer of at least 1"),
    "seed": ((int,), 0, "an integer of at least 0"),
    "replications": ((int,), 1, "an integer of at least 1"),
    "gap": ((int, float), 0, "a number of at least 0"),
}


def _require_value(target: Value | None, instance: Instance) -> None:
    """Refuse a target that is no value of the instance's objective."""
    parts = target if isinstance(target, tuple) else (target,)
    numbers = all(isinstance(each, (int, float)) and not math.isnan(each) for each in parts)
    if target is not None and not (numbers and len(parts) == len(instance.objective.levels)):
        raise UsageError(f"target {clip(target)}: expected a value of {instance.objective.name}")


def _grouped(settings: Settings) -> dict[str, dict[str, Any]]:
    grouped: dict[str, dict[str, Any]] = {}
    for name, value in settings.items():
        solver, dot, key = name.partition(".")
        if dot:
            grouped.setdefault(solver, {})[key] = value
        elif isinstance(value, Mapping):
            grouped.setdefault(solver, {}).update(value)
        else:
            raise UsageError(f"setting {name!r}: expected solver.name, as in cpsat.parameters")
    return grouped


def _chosen(
    home: Family, instance: Instance, solver: str | Iterable[str] | None, workers: int
) -> list[SolverSpec]:
    """Return what runs: what the user names, or the first of the family's race for the workers."""
    if solver is None:
        specs = [home.solver(name) for name in home.race]
        taking = [spec for spec in specs if spec.refusal(instance) is None]
        lasting = [spec for spec in taking if spec.improves]
        lasting = lasting[: 1 if lasting and lasting[0].alone else max(2, workers)]
        if not (lasting or any(spec.rule for spec in taking)):
            reasons = (f"{spec.name}: {spec.refusal(instance)}" for spec in specs if spec.improves)
            raise UsageError(f"no solver takes this instance ({'; '.join(reasons)})")
        return [spec for spec in taking if not spec.improves or spec in lasting]
    names = solver.split(",") if isinstance(solver, str) else list(solver)
    specs = [home.solver(name.strip()) for name in dict.fromkeys(names)]
    for spec in specs:
        if (reason := spec.refusal(instance)) is not None:
            raise UsageError(f"solver {spec.name} does not take this instance: {reason}")
    return specs


def settings_of(spec: SolverSpec) -> list[str]:
    """Describe a solver's settings, as in `pool: int = 30`."""
    return [each.describe() for each in parameters_of(resolve(spec.make)).values()]


def make_solver(spec: SolverSpec, settings: Mapping[str, Any]) -> Solver:
    """Make a solver with its settings; raises `UsageError` for unknown or ill-typed ones."""
    from ordino.solvers.rule import solver as rule_solver

    make = resolve(spec.make)
    bound = bind(make, settings, f"solver {spec.name}")
    if spec.rule:
        return rule_solver(spec.name, lambda instance: make(instance, **bound), spec.kernels)
    made: Solver = make(*(resolve(each) for each in spec.arguments), **bound)
    return made


def check(instance: Instance, solution: Solution | Result) -> Report:
    """Check a solution from first principles.

    Args:
        instance: As it was read.
        solution: A solution, or a result, whose problem options are applied first.

    Returns:
        Every violation, or the objective.

    Raises:
        UsageError: The result holds no solution.
    """
    home, instance = _at_home(instance)
    if not isinstance(solution, Result):
        if not isinstance(solution, resolve(home.solution)):
            raise UsageError(f"expected a {home.name} solution, got {clip(solution)}")
        report: Report = home.checker()(instance, solution)
        return report
    if solution.solution is None:
        raise UsageError(f"the result holds no solution, its status is {solution.status}")
    instance = home.adjusted(instance, solution.problem["options"])
    if solution.fingerprint != instance.fingerprint():
        named = f" ({solution.instance})" if solution.instance else ""
        message = f"the result belongs to another instance{named}, not to this one"
        return Report.of([Violation("instance", message)], None)
    report = home.checker()(instance, solution.solution)
    return _with_claims(instance, solution, report) if report.valid else report


def _with_claims(instance: Instance, result: Result, report: Report) -> Report:
    """Add to the report of a feasible solution what its result claims falsely."""
    value, levels = report.objective, instance.objective
    assert value is not None
    false = []
    if value != result.objective:
        message = f"the result claims {result.objective}, the objective is {value}"
        false.append(Violation("objective", message))
    bound = None if result.bound is None else levels.round_bound(result.bound)
    if bound is not None and levels.contradicts(value, bound):
        message = f"the result claims the bound {result.bound}, the objective is {value}"
        false.append(Violation("bound", message))
    if result.status != (Status.OPTIMAL if levels.closed(value, bound) else Status.FEASIBLE):
        message = f"the result claims to be {result.status}, its bound is {result.bound}"
        false.append(Violation("status", message))
    return Report(value, tuple(false), report.tolerance)


def simulate(
    instance: Instance,
    solution: Solution | Result | None = None,
    *,
    replications: int = 1000,
    seed: int = 0,
    **options: Any,
) -> Simulation:
    """Replay a plan, or a policy, many times under what its family takes for noise.

    Args:
        instance: As it was read.
        solution: The plan: a solution, or a result, whose problem options are applied first; by
            default one that the family makes.
        replications: How many times.
        seed: Of every random choice; the same seed treats every plan alike.
        **options: Of the family's simulation: policy, noise.

    Raises:
        UsageError: The family has no simulation, an unknown option, a value out of range.
        RejectedSolution: The checker rejects the plan.
    """
    home, instance = _at_home(instance)
    if home.simulate is None:
        raise UsageError(f"{home.name} has no simulation")
    _require_numbers(replications=replications, seed=seed)
    if replications > MOST_REPLICATIONS:
        raise UsageError(f"replications {replications}: expected at most {MOST_REPLICATIONS}")
    planned = None
    if solution is not None:
        report = check(instance, solution)
        if not report.valid:
            raise RejectedSolution("the plan", report)
        planned = report.objective
    if isinstance(solution, Result):
        instance = home.adjusted(instance, solution.problem["options"])
        solution = solution.solution
    function = resolve(home.simulate)
    own = ("replications", "seed")
    given = bind(function, options, f"simulation of {home.name}", but=own)
    values = function(instance, solution, replications=replications, seed=seed, **given)
    settable = parameters_of(function, but=own)
    return Simulation(
        family=home.name,
        instance=instance.name,
        fingerprint=instance.fingerprint(),
        objective=home.simulated or instance.objective.levels[0].name,
        options={name: given.get(name, each.default) for name, each in settable.items()},
        seed=seed,
        planned=planned if isinstance(planned, (int, float)) else None,
        values=tuple(float(value) for value in values),
    )


def explain(
    instance: Instance,
    solution: Solution | Result | None = None,
    *,
    time_limit: float = 60.0,
    workers: int | None = None,
    seed: int = 0,
    stop: Stoppable | None = None,
    **questions: Any,
) -> Explanation:
    """Explain why an instance has no solution, or what holds the objective of one.

    Args:
        instance: Of a family that explains.
        solution: What to explain; without one, the instance is solved first, which takes a fifth
            of the time at most, unless a question is asked.
        time_limit: Seconds of wall time for the whole call.
        workers: Cores to keep busy; by default all that the process may use.
        seed: Of every random choice.
        stop: Anything with `is_set()`.
        **questions: Of the family, about a part of the instance.

    Raises:
        UsageError: The family does not explain, or does not know the question.
        RejectedSolution: The checker rejects the solution.
    """
    home, instance = _at_home(instance)
    if home.explain is None:
        raise UsageError(f"family {home.name} does not explain")
    workers = default_workers() if workers is None else workers
    _require_numbers(time_limit=time_limit, workers=workers, seed=seed)
    deadline = time.monotonic() + time_limit
    if isinstance(solution, Result):
        instance = home.adjusted(instance, solution.problem["options"])
        solution = solution.solution
    function = resolve(home.explain)
    asked = bind(function, questions, f"explanation of {home.name}")
    if solution is None and not asked:
        limits: dict[str, Any] = {"time_limit": time_limit / 5, "workers": workers, "seed": seed}
        solution = solve(instance, **limits, stop=stop).solution
    elif solution is not None and not (report := check(instance, solution)).valid:
        raise RejectedSolution("solution", report)
    budget = Budget(deadline, workers=workers, seed=seed, stop=StopToken(stop))
    explanation: Explanation = function(instance, solution, budget, **asked)
    return explanation


def compute_bounds(instance: Instance) -> dict[str, int | float | None]:
    """Compute every lower bound of the instance's family, by name."""
    home, instance = _at_home(instance)
    return {spec.name: resolve(spec.compute)(instance) for spec in home.bounds}
