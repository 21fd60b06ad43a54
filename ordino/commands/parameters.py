"""What the command line takes: kinds of values, completion, and the options of problem families."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import click
from click.shell_completion import CompletionItem

__all__ = [
    "OUTPUT",
    "Call",
    "Command",
    "ExplainCommand",
    "InstanceCommand",
    "assignment",
    "complete",
    "complete_source",
    "duration",
    "family_names",
    "format_names",
    "instance_options",
    "json_option",
    "questions_among",
    "set_names",
    "size",
    "solver_names",
    "target",
]

OUTPUT = click.Path(allow_dash=True)

_SECONDS = {"": 1.0, "ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}

# Kinds of values


def duration(value: str) -> float:
    """Read seconds, or a number with a unit: `60`, `500ms`, `5m`, `1.5h`.

    >>> duration("1.5h")
    5400.0
    """
    number, unit = _measure(value)
    if not number or unit not in _SECONDS:
        raise click.BadParameter(f"{value!r}: expected a time above 0, as in 60, 500ms, 5m or 1.5h")
    return number * _SECONDS[unit]


def size(value: str) -> int:
    """Read bytes, or a number with a unit: `64MiB`, `1GB`.

    >>> size("64MiB")
    67108864
    """
    number, unit = _measure(value)
    unit = unit.removesuffix("b")
    if not number or unit not in _BYTES:
        raise click.BadParameter(f"{value!r}: expected a size above 0, as in 64MiB or 1GB")
    return int(number * _BYTES[unit])


def _measure(value: str) -> tuple[float | None, str]:
    match = re.fullmatch(r"([0-9]+\.?[0-9]*|\.[0-9]+) ?([a-z]*)", value.lower())
    return (float(match[1]), match[2]) if match else (None, "")


def target(value: str) -> Any:
    """Read an objective value, or those of several levels with commas between.

    >>> target("12,0.5")
    (12, 0.5)
    """
    if not re.fullmatch(r"[-+0-9.e,]+", value):
        raise click.BadParameter(f"{value!r}: expected a number")
    try:
        parts = [float(x) if re.search(r"[.e]", x) else int(x) for x in value.split(",")]
    except ValueError:
        raise click.BadParameter(f"{value!r}: expected a number") from None
    return parts[0] if len(parts) == 1 else tuple(parts)


def assignment(value: str) -> tuple[str, str]:
    """Read `name=value` as the name and the text behind the first `=`."""
    name, equals, text = value.partition("=")
    if not (name and equals):
        raise click.BadParameter(f"{value!r}: expected name=value")
    return name, text


# Completion

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def complete_source(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer files, and once something is typed the bundled instances."""
    from ordino.instances.catalogue import bundled_names

    names = bundled_names() if incomplete else ()
    items = [CompletionItem(name) for name in names if name.startswith(incomplete)]
    return [*items, CompletionItem(incomplete, type="file")]


def complete(known: Callable[[], Iterable[str]]) -> Completer:
    """Offer names that are known, for the last of several with commas between."""

    def offer(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        before, comma, last = incomplete.rpartition(",")
        names = sorted(name for name in set(known()) if name.startswith(last))
        return [CompletionItem(before + comma + name) for name in names]

    return offer


def family_names() -> Iterable[str]:
    """Return the names of all families."""
    from ordino.core.registry import all_families

    return all_families()


def format_names() -> Iterable[str]:
    """Return the names of all formats of instances."""
    from ordino.core.registry import formats

    return ["json", *(spec.name for _, spec in formats())]


def solver_names() -> Iterable[str]:
    """Return the names of all solvers of all families."""
    from ordino.core.registry import all_families

    return (spec.name for each in all_families().values() for spec in each.solvers)


def set_names() -> Iterable[str]:
    """Return the names of all public sets."""
    from ordino.instances.sets import public_sets

    return public_sets()


# Commands


@dataclass
class Call:
    """A call of the command line: its arguments, and whether it should say more."""

    arguments: tuple[str, ...] = ()
    verbose: bool = False


class Command(click.Command):
    """A command with `-v`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)

        def remember(ctx: click.Context, param: click.Parameter, value: bool) -> None:
            if value:
                ctx.ensure_object(Call).verbose = True

        self.params.append(
            click.Option(
                ["-v", "--verbose"],
                is_flag=True,
                expose_value=False,
                callback=remember,
                help="Say more: bounds as they rise, where an unexpected error comes from.",
            )
        )


class InstanceCommand(Command):
    """A command on an instance, which takes the problem options of every family as options.

    They become the parameter `problem`, name to text; whether the instance's own family has them is
    asked when that is known.
    """

    takes_from: tuple[str, ...] = ("adjust",)
    """Functions of a family whose parameters are options here."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault(
            "epilog",
            "FILE is a path, - for standard input, or the name of a known instance (ordino list "
            "instances); FILE#7 is the seventh instance of a file. Problem options of a family are "
            "options here, as in --name VALUE: ordino list families shows them.",
        )
        super().__init__(*args, **kwargs)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the problem options out, then parse the rest."""
        known = {flag for each in self.get_params(ctx) for flag in each.opts}
        rest: list[str] = []
        problem: dict[str, str] = {}
        words = iter(args)
        for word in words:
            flag, equals, value = word.partition("=")
            if word == "--":
                rest += [word, *words]
            elif not flag.startswith("--") or flag in known or ctx.resilient_parsing:
                rest.append(word)
            else:
                switch = _is_switch(flag, known, self.takes_from, ctx)
                if not equals:
                    value = "yes" if switch else next(words, "")
                problem[_name(flag)] = value
        remaining = super().parse_args(ctx, rest)
        ctx.params["problem"] = problem
        return remaining


def _name(flag: str) -> str:
    return flag.removeprefix("--").replace("-", "_")


class ExplainCommand(InstanceCommand):
    """An instance command that takes the questions of every family as well."""

    takes_from = ("adjust", "explain")


def questions_among(problem: dict[str, str]) -> dict[str, str]:
    """Take out of problem options what only the explanation of some family knows."""
    from ordino.core.family import resolve
    from ordino.core.parameters import parameters_of
    from ordino.core.registry import all_families

    found: dict[str, str] = {}
    for each in all_families().values():
        asked = parameters_of(resolve(each.explain)) if each.explain else {}
        found |= {name: problem.pop(name) for name in set(asked) & set(problem)}
    return found


def _is_switch(flag: str, known: set[str], takes_from: tuple[str, ...], ctx: click.Context) -> bool:
    """Tell whether a problem option is a mere yes or no.

    Raises:
        NoSuchOption: No family has it.
    """
    from difflib import get_close_matches

    from ordino.core.family import resolve
    from ordino.core.parameters import parameters_of
    from ordino.core.registry import all_families

    options: dict[str, Any] = {}
    for each in all_families().values():
        for function in (getattr(each, name) for name in takes_from):
            if function is not None:
                options |= parameters_of(resolve(function))
    if _name(flag) not in options:
        flags = known | {"--" + option.replace("_", "-") for option in options}
        raise click.NoSuchOption(flag, possibilities=get_close_matches(flag, flags), ctx=ctx)
    return options[_name(flag)].annotation is bool


def instance_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options with which an instance is read."""
    command = click.option(
        "--max-size",
        type=size,
        metavar="SIZE",
        default="64MiB",
        show_default=True,
        help="Refuse input that is larger.",
    )(command)
    return click.option(
        "--format",
        metavar="FORMAT",
        shell_complete=complete(format_names),
        help="Of FILE, with parameters as in orlib-wt:n=40; default: what the text says.",
    )(command)


json_option = click.option("--json", "as_json", is_flag=True, help="Answer with one JSON object.")
