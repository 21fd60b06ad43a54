"""The command fetch."""

from __future__ import annotations

import time

import click

from ordino.commands.output import answer, answer_json, say
from ordino.commands.parameters import Command, complete, json_option, set_names

__all__ = ["fetch"]

LINE_SECONDS = 1.0


@click.command(cls=Command)
@click.argument("sets", nargs=-1, required=True, metavar="SET…", shell_complete=complete(set_names))
@click.option(
    "--from",
    "source",
    metavar="DIR|URL",
    help="A mirror laid out as the data folder is, or an archive .zip or .tar.gz of the set.",
)
@json_option
def fetch(sets: tuple[str, ...], source: str | None, as_json: bool) -> None:
    """Bring public sets onto this machine, and verify them.

    SET is a set, or a name above several: ordino list sets shows them. The files go to Ordino's
    cache (ORDINO_CACHE); a set that is whole below ORDINO_DATA stays there.
    """
    from dataclasses import asdict
    from pathlib import Path

    from ordino.core.errors import UsageError
    from ordino.instances.fetch import fetch as fetch_set
    from ordino.instances.sets import select

    chosen = {each.name: each for name in sets for each in select(name)}
    if source is not None and "://" in source and not source.startswith(("http://", "https://")):
        raise UsageError(f"--from {source}: expected a folder, an archive, or http(s)://…")
    if source is not None and "://" not in source and not Path(source).exists():
        raise UsageError(f"--from {source}: there is no such folder or archive")
    done = []
    for each in chosen.values():
        done.append(fetch_set(each, source, _Counter(each.name)))
        if not as_json:
            answer(f"{each.name}: {done[-1].files} files in {done[-1].folder}")
            say(f"licence: {each.licence}; cite: {each.citation}")
    if as_json:
        answer_json({"sets": [asdict(each) for each in done]})


class _Counter:
    """Tells how many files have come, once in a while."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._told = time.monotonic()

    def __call__(self, here: int, of: int) -> None:
        now = time.monotonic()
        if now - self._told >= LINE_SECONDS:
            self._told = now
            say(f"{self._name}: {here} of {of} files")
