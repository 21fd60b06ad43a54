"""What holds for everything that is registered: one list of checks, made from the registry.

A family of ours brings `tests/kits/<family>.py` with `tiny`, `brute_force`, `mutations`, `sample`
and `large` (see the kit of the job shop).
"""

from __future__ import annotations

import importlib
import json
import pickle
import pkgutil
import threading
import time
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ordino
import ordino.families
from ordino.api import make_solver, settings_of
from ordino.core.budget import Budget
from ordino.core.errors import InputError, OrdinoError, UsageError
from ordino.core.family import (
    Family,
    FormatSpec,
    GeneratorSpec,
    SolutionFormatSpec,
    SolverSpec,
    resolve,
)
from ordino.core.incumbent import Incumbent
from ordino.core.parameters import parameters_of
from ordino.core.registry import all_families
from ordino.instances.reading import dump_instance, dump_solution, read_instance, read_solution

FAMILIES = [
    all_families()[module.name] for module in pkgutil.iter_modules(ordino.families.__path__)
]
SOLVERS = [(family, spec) for family in FAMILIES for spec in family.solvers]
LASTING = [(family, spec) for family, spec in SOLVERS if not spec.opens]
FINDING = [(family, spec) for family, spec in SOLVERS if not spec.brief]
EXACT = [(family, spec) for family, spec in FINDING if spec.proves]
BRIEF = [(family, spec) for family, spec in SOLVERS if spec.brief]
FORMATS = [(family, spec) for family in FAMILIES for spec in family.formats if spec.write]
GENERATORS = [(family, spec) for family in FAMILIES for spec in family.generators]


def kit(family: Family) -> ModuleType:
    return importlib.import_module(f"kits.{family.name}")


def sample_for(family: Family, spec: FormatSpec | SolutionFormatSpec) -> Any:
    """An instance that the format holds: the kit's sample unless it has another for it."""
    module = kit(family)
    return getattr(module, "SAMPLES", {}).get(spec.name, module.sample)()


def name(value: Any) -> str:
    return value.name if hasattr(value, "name") else str(value)


each_family = pytest.mark.parametrize("family", FAMILIES, ids=name)
each_solver = pytest.mark.parametrize(("family", "spec"), SOLVERS, ids=name)
each_finding = pytest.mark.parametrize(("family", "spec"), FINDING, ids=name)
each_exact = pytest.mark.parametrize(("family", "spec"), EXACT, ids=name)
each_brief = pytest.mark.parametrize(("family", "spec"), BRIEF, ids=name)
each_lasting = pytest.mark.parametrize(("family", "spec"), LASTING, ids=name)
each_format = pytest.mark.parametrize(("family", "spec"), FORMATS, ids=name)
each_generator = pytest.mark.parametrize(("family", "spec"), GENERATORS, ids=name)


def good(family: Family, instance: Any) -> Any:
    """A feasible solution, of the first rule that takes the instance."""
    for spec in family.solvers:
        if spec.opens and spec.refusal(instance) is None:
            return ordino.solve(instance, solver=spec.name, time_limit=20).solution
    raise AssertionError(f"{family.name} has no rule for this instance")


def taken(spec: SolverSpec, instance: Any) -> None:
    if (reason := spec.refusal(instance)) is not None:
        pytest.skip(f"{spec.name} does not take the instance: {reason}")


# Families


@each_family
def test_every_reference_of_a_family_resolves(family: Family) -> None:
    references = [family.solution, family.check, *family.instances.values()]
    references += family.adopts.values()
    references += [each.compute for each in family.bounds]
    references += [each.make for each in family.generators]
    references += list(family.formulations.values())
    for solver in family.solvers:
        references += [solver.make, *solver.arguments, *([solver.takes] if solver.takes else [])]
    for each in (*family.formats, *family.solution_formats):
        references += [each.read, each.sniff, *([each.write] if each.write else [])]
    optional = [family.scene, family.adjust, family.facts, family.names, family.load]
    optional += [family.explain, family.simulate, family.best_known]
    references += [each for each in optional if each is not None]
    for reference in references:
        assert callable(resolve(reference))
    assert set(family.race) <= {spec.name for spec in family.solvers}


@each_family
def test_names_are_unique(family: Family) -> None:
    for specs in (family.solvers, family.bounds, family.generators):
        names = [spec.name for spec in specs]
        assert len(names) == len(set(names))
    every = [spec.name for each in FAMILIES for spec in each.formats]
    assert len(every) == len(set(every))


@each_family
def test_instances_survive_json_and_pickle(family: Family) -> None:
    module = kit(family)

    @given(module.tiny())
    def check(instance: Any) -> None:
        again = read_instance(dump_instance(instance))
        assert again == instance
        assert (again.fingerprint(), again.name) == (instance.fingerprint(), instance.name)
        assert pickle.loads(pickle.dumps(instance)) == instance

    check()


@each_family
def test_the_checker_accepts_a_good_solution_and_rejects_every_mutation(family: Family) -> None:
    module = kit(family)

    @settings(max_examples=25)
    @given(module.tiny())
    def check(instance: Any) -> None:
        solution = good(family, instance)
        assert ordino.check(instance, solution).valid
        for mutant in module.mutations(instance, solution):
            report = ordino.check(instance, mutant)
            assert not report.valid
            assert report.objective is None
            assert all(violation.message for violation in report.violations)

    check()


@each_family
def test_bounds_never_exceed_the_optimum_nor_rules_fall_below(family: Family) -> None:
    module = kit(family)

    @settings(max_examples=150)
    @given(module.tiny())
    def check(instance: Any) -> None:
        optimum = module.brute_force(instance)
        for bound, value in ordino.compute_bounds(instance).items():
            assert value is None or value <= optimum, bound
        for spec in family.solvers:
            if spec.rule and spec.refusal(instance) is None:
                solution = resolve(spec.make)(instance)
                assert ordino.check(instance, solution).objective >= optimum, spec.name

    check()


@each_family
def test_a_solution_survives_json_and_its_formats(family: Family) -> None:
    held = {spec.name: sample_for(family, spec) for spec in family.solution_formats}
    for format, instance in ({"json": kit(family).sample()} | held).items():
        solution = good(family, instance)
        text = dump_solution(instance, solution, format)
        text = text if "\n" in text.rstrip("\n") else text + "\n"
        assert read_solution(text, instance) == (solution, None)


@each_family
def test_the_scene_stays_inside_its_rows(family: Family) -> None:
    assert family.scene is not None
    instance = kit(family).sample()
    scene = resolve(family.scene)(instance, good(family, instance))
    assert scene.bars
    assert scene.title
    for bar in scene.bars:
        assert 0 <= bar.row < len(scene.rows)
        assert bar.start <= bar.end


# Formats and generators


@each_format
def test_an_instance_survives_each_format(family: Family, spec: FormatSpec) -> None:
    instance = sample_for(family, spec)
    text = dump_instance(instance, spec.name)
    parameters = parameters_of(resolve(spec.read))
    facts = resolve(family.facts)(instance) if family.facts else {}
    given_parameters = {"n": facts.get("jobs")} if "n" in parameters else {}
    format = spec.name + ":" + ",".join(f"{k}={v}" for k, v in given_parameters.items())
    again = read_instance(text, format=format)
    assert again == instance
    if not parameters:
        assert read_instance(text) == instance


@each_format
def test_damaged_text_gives_an_input_error_and_nothing_else(
    family: Family, spec: FormatSpec
) -> None:
    text = dump_instance(sample_for(family, spec), spec.name)
    parameters = parameters_of(resolve(spec.read))
    format = spec.name + (":n=7" if "n" in parameters else "")
    words = [
        "",
        "x",
        "-1",
        "1e9",
        "9" * 30,
        "\x07",
        "{",
        "0.5",
        "\n",
        "1_0",
        "\N{ARABIC-INDIC DIGIT ONE}",
    ]

    @settings(max_examples=200)
    @given(st.integers(0, len(text)), st.integers(0, 12), st.sampled_from(words), st.booleans())
    def check(place: int, length: int, word: str, cut: bool) -> None:
        damaged = text[:place] + word + ("" if cut else text[place + length :]) + "\n\n"
        outcome = "read all the same"
        try:
            read_instance(damaged, format=format)
        except InputError as error:
            outcome = str(error)
        assert outcome

    check()


@each_generator
def test_a_generator_depends_on_its_seed_alone(family: Family, spec: GeneratorSpec) -> None:
    make = resolve(spec.make)
    assert make(seed=3) == make(seed=3)
    assert make(seed=3) != make(seed=4)


# Solvers


@each_solver
def test_a_solver_describes_and_guards_its_settings(family: Family, spec: SolverSpec) -> None:
    settings_of(spec)
    with pytest.raises(UsageError, match="parameter of solver"):
        make_solver(spec, {"no_such_setting": "1"})


@each_finding
def test_a_solver_gives_a_checked_solution_and_touches_nothing(
    family: Family, spec: SolverSpec
) -> None:
    instance = kit(family).sample()
    taken(spec, instance)
    before = instance.fingerprint()
    result = ordino.solve(instance, solver=spec.name, time_limit=8, iterations=2000, workers=2)
    assert instance.fingerprint() == before
    assert result.failures == ()
    assert result.solution is not None
    report = ordino.check(instance, result)
    assert report.valid
    assert report.objective == result.objective
    assert result.bound is None or result.bound <= result.objective
    assert ordino.Result.from_json(result.to_json()) == result
    assert pickle.loads(pickle.dumps(result)) == result
    assert json.loads(result.to_json())["status"] in {"optimal", "feasible"}


@each_solver
def test_same_seed_same_answer(family: Family, spec: SolverSpec) -> None:
    instance = kit(family).sample()
    taken(spec, instance)
    if not spec.deterministic:
        pytest.skip(f"{spec.name} does not claim to be deterministic")
    first, second = (
        ordino.solve(instance, solver=spec.name, iterations=300, workers=1, seed=5, time_limit=20)
        for _ in range(2)
    )
    assert (first.objective, first.bound) == (second.objective, second.bound)
    assert first.solution == second.solution


@each_solver
def test_a_warm_start_is_a_floor(family: Family, spec: SolverSpec) -> None:
    instance = kit(family).sample()
    taken(spec, instance)
    start = ordino.solve(instance, time_limit=5)
    result = ordino.solve(instance, solver=spec.name, warm_start=start, iterations=50, time_limit=5)
    assert result.objective <= start.objective
    assert result.failures == ()


@each_exact
def test_an_exact_solver_agrees_with_brute_force(family: Family, spec: SolverSpec) -> None:
    module = kit(family)

    @settings(max_examples=30)
    @given(module.tiny())
    def check(instance: Any) -> None:
        if spec.refusal(instance) is not None:
            return
        result = ordino.solve(instance, solver=spec.name, time_limit=20, workers=1)
        assert result.failures == ()
        assert result.status is ordino.Status.OPTIMAL
        assert result.objective == module.brute_force(instance)

    check()


@each_brief
def test_what_only_proves_stays_below_the_optimum(family: Family, spec: SolverSpec) -> None:
    module = kit(family)

    @settings(max_examples=30)
    @given(module.tiny())
    def check(instance: Any) -> None:
        if spec.refusal(instance) is not None:
            return
        result = ordino.solve(instance, solver=spec.name, time_limit=20, workers=1)
        assert result.failures == ()
        assert result.solution is None
        assert result.bound <= module.brute_force(instance)

    check()


@each_lasting
def test_the_time_limit_is_kept(family: Family, spec: SolverSpec) -> None:
    instance = kit(family).large()
    taken(spec, instance)
    ordino.solve(kit(family).sample(), solver=spec.name, time_limit=3, iterations=10)  # warm up
    began = time.monotonic()
    result = ordino.solve(instance, solver=spec.name, time_limit=1.5, workers=2)
    assert time.monotonic() - began < 1.5 + 0.7
    assert result.failures == ()


@each_lasting
def test_a_stop_from_another_thread_is_obeyed(family: Family, spec: SolverSpec) -> None:
    instance = kit(family).large()
    taken(spec, instance)
    stop = threading.Event()
    timer = threading.Timer(1.0, stop.set)
    timer.start()
    began = time.monotonic()
    result = ordino.solve(instance, solver=spec.name, time_limit=60, workers=2, stop=stop)
    timer.join()
    assert time.monotonic() - began < 1.0 + 1.5
    assert result.stop is ordino.StopReason.INTERRUPTED
    assert result.failures == ()


@each_solver
def test_a_solver_that_is_told_to_stop_at_once_does(family: Family, spec: SolverSpec) -> None:
    instance = kit(family).sample()
    taken(spec, instance)
    budget = Budget.of(60.0)
    budget.stop.set()
    incumbent = Incumbent(instance, family.checker(), instance.objective)
    began = time.monotonic()
    make_solver(spec, {})(instance, incumbent, budget)
    assert time.monotonic() - began < 3


@each_family
def test_the_default_race_runs_clean(family: Family) -> None:
    result = ordino.solve(kit(family).sample(), time_limit=10)
    assert result.failures == ()
    assert result.status is ordino.Status.OPTIMAL


@each_family
def test_an_unknown_option_or_solver_is_refused(family: Family) -> None:
    instance = kit(family).sample()
    with pytest.raises(OrdinoError, match="no_such_option"):
        ordino.solve(instance, no_such_option=3)
    with pytest.raises(UsageError, match="no solver of"):
        ordino.solve(instance, solver="no-such-solver")
