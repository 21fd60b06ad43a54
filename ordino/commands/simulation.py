"""The command that replays plans and policies: simulate."""

from __future__ import annotations

from typing import Any

import click

from ordino.commands.input import read_adjusted, read_given, require_one_stdin
from ordino.commands.output import answer, answer_json, require_writable
from ordino.commands.parameters import (
    OUTPUT,
    InstanceCommand,
    assignment,
    complete_source,
    instance_options,
    json_option,
)

__all__ = ["simulate"]


@click.command(cls=InstanceCommand)
@click.argument("file", shell_complete=complete_source)
@click.argument("solution", required=False, shell_complete=complete_source)
@instance_options
@click.option("--replications", type=click.IntRange(min=1), default=1000, show_default=True)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True)
@click.option(
    "--set",
    "options",
    type=assignment,
    multiple=True,
    metavar="NAME=VALUE",
    help="Policy and noise (ordino list families shows them); can be repeated.",
)
@click.option(
    "--draw", type=OUTPUT, metavar="OUT", help="Draw the distribution: .svg, .html, .png."
)
@json_option
def simulate(
    file: str,
    solution: str | None,
    format: str | None,
    max_size: int,
    problem: dict[str, Any],
    replications: int,
    seed: int,
    options: tuple[tuple[str, str], ...],
    draw: str | None,
    as_json: bool,
) -> None:
    """Replay a plan, or a policy, many times under noise.

    SOLUTION is a plan in any form that ordino check takes; without one, the family makes its own.
    """
    from ordino import api
    from ordino.commands.summary import summarise_simulation
    from ordino.draw.render import picture_kind, render
    from ordino.instances.reading import write_file

    require_writable(draw)
    require_one_stdin(file, solution)
    kind = picture_kind(draw) if draw else ""
    instance, _ = read_adjusted(file, format, max_size, problem)
    plan = None
    if solution is not None:
        given, result = read_given(solution, instance, max_size)
        plan = given if result is None else result
    simulation = api.simulate(instance, plan, replications=replications, seed=seed, **dict(options))
    if as_json:
        answer_json(simulation.to_data())
    else:
        answer(summarise_simulation(simulation))
    if draw:
        write_file(draw, render(simulation.scene(), kind))
