"""The command line.

Answers go to the standard output, everything for the person in front of it to the standard error
stream. Libraries are imported inside the commands that use them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import NoReturn

import click

from ordino.commands.bench import bench
from ordino.commands.fetching import fetch
from ordino.commands.house import completion, doctor, list_
from ordino.commands.instances import bounds, convert, generate, info
from ordino.commands.output import flush, open_streams, say
from ordino.commands.parameters import Call
from ordino.commands.simulation import simulate
from ordino.commands.solving import check, draw, explain, solve

__all__ = ["main", "ordino", "run"]

_FAILURE, _USAGE, _INTERRUPTED = 1, 2, 130


class _Group(click.Group):
    """A group that shows its commands in the order in which they were added."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(
    cls=_Group,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 a checked solution, or done; 1 our own failure; 2 wrong usage; 3 proved "
    "infeasible; 4 nothing found, or less than required; 5 unreadable input; 6 a solution that the "
    "checker rejects; 7 a regression (bench compare); 130 interrupted.",
)
@click.version_option(package_name="ordino", message="%(prog)s %(version)s")
def ordino() -> None:
    """Ordino reads a scheduling instance and gives back the best schedule, checked."""


for _command in (
    *(solve, check, explain, simulate, draw),
    *(info, bounds, convert, generate),
    *(fetch, bench),
    *(list_, doctor, completion),
):
    ordino.add_command(_command)


def main() -> NoReturn:
    """Run the command line on the arguments of this process, and end the process."""
    open_streams()
    code = run(sys.argv[1:])
    flush(sys.stdout)
    flush(sys.stderr)
    from ordino.commands.interrupt import leave

    leave(code)
    sys.exit(code)


def run(arguments: Iterable[str]) -> int:
    """Run the command line, and return the exit code; an error becomes one line."""
    from ordino.core.errors import OrdinoError, clip

    call = Call(tuple(arguments))
    try:
        code = ordino.main(
            list(call.arguments) or ["--help"], "ordino", standalone_mode=False, obj=call
        )
    except click.exceptions.Abort:
        return _INTERRUPTED
    except click.ClickException as error:
        return _fail(error.format_message(), _USAGE)
    except OrdinoError as error:
        return _fail(str(error), error.exit_code)
    except Exception as error:
        if call.verbose:
            import traceback

            traceback.print_exc()
        told = clip(f"{type(error).__name__}: {error}", 300)
        return _fail(f"{told} (a defect of ordino; -v shows where)", _FAILURE)
    return int(code or 0)


def _fail(message: str, code: int) -> int:
    say("error: " + " ".join(message.split()))
    return code
