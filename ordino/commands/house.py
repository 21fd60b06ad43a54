"""Commands about Ordino itself: list, doctor, completion."""

from __future__ import annotations

import click

from ordino.commands.output import answer, answer_json, say
from ordino.commands.parameters import Command, complete, family_names, json_option

__all__ = ["completion", "doctor", "list_"]


@click.command("list", cls=Command)
@click.argument("what", type=click.Choice(["families", "formats", "solvers", "instances", "sets"]))
@click.argument("family", shell_complete=complete(family_names), required=False)
@json_option
def list_(what: str, family: str | None, as_json: bool) -> None:
    """List families, formats, solvers, known instances, or public sets."""
    from ordino.commands import listing

    rows = listing.LISTS[what](family)
    if as_json:
        answer_json({what: rows})
    else:
        answer(listing.as_text(rows))


@click.command(cls=Command)
@click.option("--warm", is_flag=True, help="Compile all kernels first.")
@json_option
def doctor(warm: bool, as_json: bool) -> int:
    """Say what is installed and whether it works.

    Exit code 1 if it does not.
    """
    from ordino.commands.doctor import examine, warm_all
    from ordino.commands.summary import summarise_facts

    if warm:
        warm_all(say)
    found = examine()
    if as_json:
        answer_json(found)
    else:
        answer(summarise_facts(found))
    return 1 if found["problems"] else 0


@click.command(cls=Command)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, /, shell: str) -> None:
    """Print the completion script of a shell.

    As in: eval "$(ordino completion bash)".
    """
    from click.shell_completion import get_completion_class

    script = get_completion_class(shell)
    assert script is not None
    answer(script(ctx.find_root().command, {}, "ordino", "_ORDINO_COMPLETE").source())
