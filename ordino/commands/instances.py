"""Commands about instances: info, bounds, convert, generate."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ordino.commands.input import read_adjusted
from ordino.commands.output import answer, answer_json, deliver, require_writable, say
from ordino.commands.parameters import (
    OUTPUT,
    Command,
    InstanceCommand,
    assignment,
    complete,
    complete_source,
    family_names,
    format_names,
    instance_options,
    json_option,
)

if TYPE_CHECKING:
    from ordino.core.family import Family, Instance

__all__ = ["bounds", "convert", "generate", "info"]


@click.command(cls=InstanceCommand)
@click.argument("file", shell_complete=complete_source)
@instance_options
@click.option("--curve", is_flag=True, help="Show how the objective depends on the capacity.")
@click.option("--draw", type=OUTPUT, metavar="OUT", help="Draw the curve: .svg, .html or .png.")
@json_option
def info(
    file: str,
    format: str | None,
    max_size: int,
    curve: bool,
    draw: str | None,
    problem: dict[str, Any],
    as_json: bool,
) -> None:
    """Describe an instance: sizes, bounds, best known values."""
    from dataclasses import asdict

    from ordino import api
    from ordino.commands.summary import summarise_facts, summarise_reference
    from ordino.core.family import resolve
    from ordino.instances.catalogue import best_known

    instance, home = read_adjusted(file, format, max_size, problem)
    if curve or draw:
        _show_curve(home, instance, draw, as_json)
        return
    reference = best_known(instance)
    facts: dict[str, Any] = {
        "name": instance.name,
        "family": home.name,
        "fingerprint": instance.fingerprint(),
        "objective": [level.name for level in instance.objective.levels],
        "facts": resolve(home.facts)(instance) if home.facts else {},
        "bounds": api.compute_bounds(instance),
        "best_known": None if reference is None else asdict(reference),
        "formats": _formats_for(home, instance),
        "solvers": [spec.name for spec in home.solvers if spec.refusal(instance) is None],
    }
    if as_json:
        answer_json(facts)
        return
    sizes = facts.pop("facts")
    facts["best_known"] = None if reference is None else summarise_reference(reference)
    head = {name: facts.pop(name) for name in ("name", "family", "fingerprint", "objective")}
    answer(summarise_facts(head | sizes | facts))


def _show_curve(home: Family, instance: Instance, out: str | None, as_json: bool) -> None:
    """Print a family's curve as a table, and draw it; raises `UsageError`."""
    from ordino.commands.summary import summarise_table
    from ordino.core.errors import UsageError
    from ordino.core.family import resolve
    from ordino.draw.render import picture_kind, render
    from ordino.instances.reading import write_file

    if home.curve is None:
        raise UsageError(f"{home.name} has no curve")
    kind = picture_kind(out) if out else ""
    rows, scene = resolve(home.curve)(instance)
    if as_json:
        answer_json({"curve": rows})
    else:
        answer(summarise_table(rows))
    if out:
        write_file(out, render(scene, kind))


def _formats_for(home: Family, instance: Instance) -> list[str]:
    """Return the names of the formats that can hold an instance."""
    from ordino.core.errors import UsageError
    from ordino.instances.reading import dump_instance

    found = ["json"]
    for spec in home.formats:
        if spec.write is None:
            continue
        try:
            dump_instance(instance, spec.name)
        except UsageError:
            continue
        found.append(spec.name)
    return found


@click.command(cls=InstanceCommand)
@click.argument("file", shell_complete=complete_source)
@instance_options
@json_option
def bounds(
    file: str, format: str | None, max_size: int, problem: dict[str, Any], as_json: bool
) -> None:
    """Compute the lower bounds that need no search."""
    from ordino import api
    from ordino.commands.summary import summarise_bounds
    from ordino.instances.catalogue import best_known

    instance, home = read_adjusted(file, format, max_size, problem)
    values = api.compute_bounds(instance)
    if as_json:
        best = max((value for value in values.values() if value is not None), default=None)
        answer_json({"bounds": values, "best": best})
    else:
        summaries = {spec.name: spec.summary for spec in home.bounds}
        answer(summarise_bounds(values, summaries, best_known(instance)))


@click.command(cls=InstanceCommand)
@click.argument("file", shell_complete=complete_source)
@click.argument("out", type=OUTPUT)
@instance_options
@click.option(
    "--to",
    shell_complete=complete(format_names),
    metavar="FORMAT",
    help="Format of OUT, by default what its ending says; mps, lp and pb are model files.",
)
def convert(
    file: str, out: str, format: str | None, max_size: int, problem: dict[str, Any], to: str | None
) -> None:
    """Write an instance in another format, or as a model file.

    Model files: .mps and .lp hold the MILP formulation, .pb the CP-SAT formulation. OUT may be -
    for standard output.
    """
    from ordino.commands.export import MODEL_FORMATS, dump_model
    from ordino.instances.reading import dump_instance

    require_writable(out)
    instance, home = read_adjusted(file, format, max_size, problem)
    name = to or _format_of(out, home, MODEL_FORMATS)
    if name in MODEL_FORMATS:
        if len(instance.objective.levels) > 1:
            level = instance.objective.levels[0].name
            say(f"note: a model file has one objective, this one {level}")
        deliver(out, dump_model(instance, name))
    else:
        deliver(out, dump_instance(instance, name))


def _format_of(path: str, home: Family, models: Iterable[str] = ()) -> str:
    """Return the format that a file's ending asks for; raises `UsageError`."""
    from ordino.core.errors import UsageError

    ending = Path(path).suffix.lower()
    if path == "-" or ending == ".json":
        return "json"
    if ending.removeprefix(".") in models:
        return ending.removeprefix(".")
    written = [spec for spec in home.formats if spec.write]
    for spec in written:
        if ending in spec.suffixes:
            return spec.name
    candidates = ["json", *(spec.name for spec in written), *models]
    raise UsageError(f"{path}: say with --to which format it shall have: {', '.join(candidates)}")


@click.command(cls=Command)
@click.argument("family", shell_complete=complete(family_names))
@click.argument("parameters", type=assignment, nargs=-1, metavar="[NAME=VALUE]…")
@click.option("--generator", metavar="NAME", help="Which one; default: the family's first.")
@click.option("--set", "more", type=assignment, multiple=True, metavar="NAME=VALUE")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("-o", "--output", type=OUTPUT, default="-", metavar="OUT", help="Default: stdout.")
@click.option(
    "--to",
    shell_complete=complete(format_names),
    metavar="FORMAT",
    help="Default: what the ending of OUT says.",
)
def generate(
    family: str,
    parameters: tuple[tuple[str, str], ...],
    more: tuple[tuple[str, str], ...],
    generator: str | None,
    seed: int,
    output: str,
    to: str | None,
) -> None:
    """Generate an instance.

    As in: ordino generate jobshop jobs=30 machines=10 --seed 7 -o shop.json.
    """
    from ordino.core.errors import UsageError
    from ordino.core.family import resolve
    from ordino.core.parameters import bind
    from ordino.core.registry import family as family_of
    from ordino.instances.reading import dump_instance

    home = family_of(family)
    if not home.generators:
        raise UsageError(f"{home.name} has no generator")
    spec = home.generator(generator) if generator else home.generators[0]
    format = to or _format_of(output, home)
    require_writable(output)
    make = resolve(spec.make)
    given = bind(make, dict((*parameters, *more)), f"generator {spec.name}", but=("seed",))
    deliver(output, dump_instance(make(seed=seed, **given), format))
