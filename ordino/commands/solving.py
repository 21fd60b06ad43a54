"""Commands about solutions: solve, check, draw."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from ordino.commands.input import (
    read_adjusted,
    read_given,
    read_original,
    require_one_stdin,
    require_valid,
)
from ordino.commands.output import answer, answer_json, require_writable
from ordino.commands.parameters import (
    OUTPUT,
    Call,
    ExplainCommand,
    InstanceCommand,
    assignment,
    complete,
    complete_source,
    duration,
    instance_options,
    json_option,
    questions_among,
    solver_names,
    target,
)

if TYPE_CHECKING:
    from ordino.core.family import Family, Instance
    from ordino.core.result import Result

__all__ = ["check", "draw", "explain", "solve"]

_INFEASIBLE, _NOTHING, _REJECTED, _INTERRUPTED = 3, 4, 6, 130


@click.command(cls=InstanceCommand)
@click.argument("file", shell_complete=complete_source)
@instance_options
@click.option(
    "--solver", shell_complete=complete(solver_names), metavar="S[,S…]", help="Solvers that race."
)
@click.option(
    "--set",
    "settings",
    type=assignment,
    multiple=True,
    metavar="S.NAME=VALUE",
    help="A setting of a solver (ordino list solvers shows them); can be repeated.",
)
@click.option(
    "--time-limit",
    type=duration,
    default="60",
    show_default=True,
    help="Seconds, or as in 5m, 1.5h.",
)
@click.option("--iterations", type=click.IntRange(min=1), help="Most iterations of each solver.")
@click.option("--workers", type=click.IntRange(min=1), help="Cores to keep busy; default: all.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True)
@click.option("--target", type=target, help="Stop at this objective or a better one.")
@click.option("--gap", type=float, help="Stop at this gap or a smaller one, as in 0.01.")
@click.option(
    "--warm-start",
    shell_complete=complete_source,
    metavar="SOL",
    help="A solution: never worse than it.",
)
@click.option(
    "--require",
    type=click.Choice(["feasible", "optimal"]),
    default="feasible",
    help="Exit code 4 for less than this.",
)
@click.option("-o", "--output", type=OUTPUT, metavar="SOL.json", help="Write the result to a file.")
@json_option
@click.option("--trace", type=OUTPUT, metavar="T.jsonl", help="Write every event to a file.")
@click.option("--draw", type=OUTPUT, metavar="OUT", help="Draw it: a file .svg, .html or .png.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@click.pass_obj
def solve(
    call: Call,
    /,
    file: str,
    format: str | None,
    max_size: int,
    problem: dict[str, Any],
    warm_start: str | None,
    require: str,
    output: str | None,
    as_json: bool,
    trace: str | None,
    draw: str | None,
    quiet: bool,
    settings: tuple[tuple[str, str], ...],
    **limits: Any,
) -> int:
    """Solve an instance: best checked solution, proof or bound.

    The first Ctrl-C or SIGTERM hands over the best so far, the second leaves at once.
    """
    import shlex
    from dataclasses import replace

    from ordino import api
    from ordino.commands.interrupt import Interrupt
    from ordino.commands.progress import Progress
    from ordino.commands.summary import summarise_result
    from ordino.core.errors import UsageError
    from ordino.draw.render import picture_kind
    from ordino.instances.catalogue import best_known
    from ordino.instances.reading import write_file

    require_writable(output, trace, draw)
    require_one_stdin(file, warm_start)
    if "-" in (output, trace, draw):
        raise UsageError("-: expected a file; --json writes the result to standard output")
    kind = picture_kind(draw) if draw else ""
    began = time.monotonic()
    original, home, problem = read_original(file, format, max_size, problem)
    instance = home.adjusted(original, problem)
    if draw:
        _require_scene(home)
    _require_levels(limits["target"], instance)
    start = None
    if warm_start is not None:
        start, _ = read_given(warm_start, instance, max_size)
        require_valid(warm_start, api.check(instance, start))
    reading = time.monotonic() - began

    progress = Progress(sys.stderr, instance.objective, quiet=quiet, verbose=call.verbose)
    with Interrupt() as stop:
        with progress:
            result = api.solve(
                original,
                **limits,
                warm_start=start,
                on_event=progress,
                stop=stop,
                settings=dict(settings),
                command=shlex.join(["ordino", *call.arguments]),
                **problem,
            )
        result = replace(result, times={"read": round(reading, 4), **result.times})
        try:
            answer(result.to_json() if as_json else summarise_result(result, best_known(instance)))
        finally:
            if output:
                write_file(output, result.to_json() + "\n")
            if trace:
                write_file(trace, "".join(json.dumps(row) + "\n" for row in result.rows()))
            if draw and result.solution is not None:
                write_file(draw, _picture(home, instance, result.solution, kind))
    return _exit_code(result, require)


def _require_levels(target: Any, instance: Instance) -> None:
    """Refuse a target that is no value of the instance's objective; raises `UsageError`."""
    from ordino.core.errors import UsageError

    levels = len(instance.objective.levels)
    if target is not None and (len(target) if isinstance(target, tuple) else 1) != levels:
        raise UsageError(f"--target: expected {levels} values ({instance.objective.name})")


def _require_scene(home: Family) -> str:
    from ordino.core.errors import UsageError

    if home.scene is None:
        raise UsageError(f"{home.name} solutions can't be drawn")
    return home.scene


def _picture(home: Family, instance: Instance, solution: Any, kind: str) -> bytes:
    from ordino.core.family import resolve
    from ordino.draw.render import render

    scene = resolve(_require_scene(home))
    return render(scene(instance, solution), kind)


def _exit_code(result: Result, require: str) -> int:
    from ordino.core.status import Status, StopReason

    if result.status is Status.INFEASIBLE:
        return _INFEASIBLE
    if result.status is Status.UNKNOWN:
        return _INTERRUPTED if result.stop is StopReason.INTERRUPTED else _NOTHING
    return 0 if result.status is Status.OPTIMAL or require == "feasible" else _NOTHING


@click.command(cls=InstanceCommand)
@click.argument("file", shell_complete=complete_source)
@click.argument("solution", shell_complete=complete_source)
@instance_options
@json_option
def check(
    file: str,
    solution: str,
    format: str | None,
    max_size: int,
    problem: dict[str, Any],
    as_json: bool,
) -> int:
    """Check anybody's solution of an instance.

    SOLUTION is a result of ordino solve, a bare solution in JSON, or a solution format of the
    family. Exit code 0 if it is valid, 6 if not.
    """
    from ordino import api
    from ordino.commands.summary import summarise_report

    require_one_stdin(file, solution)
    instance, home = read_adjusted(file, format, max_size, problem)
    given, result = read_given(solution, instance, max_size)
    report = api.check(instance, given if result is None else result)
    if as_json:
        answer_json(report.to_data())
    else:
        if result is not None:
            instance = home.adjusted(instance, result.problem["options"])
        answer(summarise_report(report, instance.objective.name))
    return 0 if report.valid else _REJECTED


@click.command(cls=ExplainCommand)
@click.argument("file", shell_complete=complete_source)
@click.argument("solution", shell_complete=complete_source, required=False)
@instance_options
@click.option(
    "--time-limit",
    type=duration,
    default="60",
    show_default=True,
    help="Seconds, or as in 5m, 1.5h.",
)
@click.option("--workers", type=click.IntRange(min=1), help="Cores to keep busy; default: all.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True)
@json_option
def explain(
    file: str,
    solution: str | None,
    format: str | None,
    max_size: int,
    problem: dict[str, Any],
    time_limit: float,
    workers: int | None,
    seed: int,
    as_json: bool,
) -> int:
    """Explain why there is no solution, or what holds the objective.

    Of an infeasible instance, constraints that can't hold together; of a solution, or the best that
    is found in a fifth of the time, what its objective depends on. Some families take questions, as
    in --pod NAME. Exit code 3 for a conflict, 4 where nothing was found.
    """
    from ordino import api
    from ordino.commands.interrupt import Interrupt
    from ordino.commands.summary import summarise_explanation

    require_one_stdin(file, solution)
    questions = questions_among(problem)
    instance, home = read_adjusted(file, format, max_size, problem)
    given, result = None, None
    if solution is not None:
        given, result = read_given(solution, instance, max_size)
        require_valid(solution, api.check(instance, given if result is None else result))
        if result is not None:
            instance = home.adjusted(instance, result.problem["options"])
    with Interrupt() as stop:
        explanation = api.explain(
            instance,
            given,
            time_limit=time_limit,
            workers=workers,
            seed=seed,
            stop=stop,
            **questions,
        )
    if as_json:
        answer_json(explanation.to_data())
    else:
        answer(summarise_explanation(explanation))
    return {"infeasible": _INFEASIBLE, "unknown": _NOTHING}.get(explanation.subject, 0)


@click.command(cls=InstanceCommand)
@click.argument("file", shell_complete=complete_source)
@click.argument("solution", shell_complete=complete_source)
@click.argument("out", type=OUTPUT)
@instance_options
def draw(
    file: str, solution: str, out: str, format: str | None, max_size: int, problem: dict[str, Any]
) -> None:
    """Draw a solution as SVG, HTML or PNG.

    OUT ends in .svg, .html (a page with zoom and details) or .png.
    """
    from ordino import api
    from ordino.draw.render import picture_kind
    from ordino.instances.reading import write_file

    require_writable(out)
    require_one_stdin(file, solution)
    kind = picture_kind(out)
    instance, home = read_adjusted(file, format, max_size, problem)
    given, result = read_given(solution, instance, max_size)
    require_valid(solution, api.check(instance, given if result is None else result))
    if result is not None:
        instance = home.adjusted(instance, result.problem["options"])
    write_file(out, _picture(home, instance, given, kind))
