"""Tells a person how a sweep goes, on the standard error stream."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TextIO

from ordino.commands.output import say
from ordino.commands.summary import show, show_gap

if TYPE_CHECKING:
    from ordino.bench.plan import Run
    from ordino.bench.store import Record
    from ordino.bench.sweep import Tally

__all__ = ["SweepProgress"]

LIVE_SECONDS = 0.25
LINE_SECONDS = 1.0


class SweepProgress:
    """Shows a live table on a terminal, plain lines elsewhere.

    Args:
        stream: Where to write.
        runs: Of the plan.
        slots: Runs at once.
        quiet: Tell only what fails.
    """

    def __init__(
        self, stream: TextIO, runs: Sequence[Run], slots: int, *, quiet: bool = False
    ) -> None:
        self._stream = stream
        self._quiet = quiet
        self._slots = slots
        self._solvers = {run.solver: _Row() for run in runs}
        for run in runs:
            self._solvers[run.solver].total += 1
        self._mean_limit = sum(run.time_limit for run in runs) / max(1, len(runs))
        self._live: Any = None
        self._shown = 0.0

    def __enter__(self) -> Self:
        movable = self._stream.isatty() and os.environ.get("TERM") != "dumb"
        if movable and not self._quiet:
            from rich.console import Console
            from rich.live import Live

            console = Console(file=self._stream, highlight=False)
            self._live = Live(console=console, auto_refresh=False, redirect_stdout=False)
            self._live.start()
            console.show_cursor(True)  # a process that is killed must not leave it hidden
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def before(self, record: Record) -> None:
        """Take a record that was there before the sweep."""
        self._solvers[record["solver"]].take(record)

    def __call__(self, tally: Tally, run: Run | None, record: Record | None) -> None:
        """Take how the sweep stands, and a run that has just been recorded."""
        if run is not None and record is not None:
            self._solvers[run.solver].take(record)
            self._tell(tally, run, record)
        now = time.monotonic()
        if self._live is not None and (now - self._shown > LIVE_SECONDS or tally.complete):
            self._shown = now
            self._live.update(self._table(tally), refresh=True)

    def _tell(self, tally: Tally, run: Run, record: Record) -> None:
        failed = record["outcome"] != "finished"
        beats = record["versus_known"] in ("better", "contradiction")
        now = time.monotonic()
        plain = self._live is None and not self._quiet
        if not (failed or beats or (plain and now - self._shown >= LINE_SECONDS)):
            return
        if plain:
            self._shown = now
        done = tally.total - tally.left - tally.running
        what = f"{run.subject.set}/{run.subject.name} {run.solver} seed {run.seed}"
        if failed:
            line = f"warning: {what}: {record['outcome'].replace('_', ' ')}: {record['message']}"
        elif beats:
            checked = record.get("second_check")
            line = (
                f"note: {what}: {show(record['objective'])} against the best known "
                f"{show(record['known_upper'])}: {record['versus_known']}, second check {checked}"
            )
        else:
            gap = record["gap_to_known"]
            line = (
                f"{done:>6} of {tally.total}  {what}  {show(record['objective'])}  "
                f"{record['status']}  gap to best known {show_gap(gap)}  {self._to_go(tally)} to go"
            )
        if self._live is not None:
            self._live.console.print(line, markup=False)
        else:
            say(line)

    def _to_go(self, tally: Tally) -> str:
        left = tally.left + tally.running
        spent = time.monotonic() - tally.began
        each = spent / tally.done if tally.done else self._mean_limit / self._slots
        seconds = int(left * each)
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"

    def _table(self, tally: Tally) -> Any:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        title = (
            f"{tally.total - tally.left - tally.running} done, {tally.running} running, "
            f"{tally.left} left, {tally.failed} failed, {self._to_go(tally)} to go"
        )
        table = Table(box=None, pad_edge=False)
        for name in ("solver", "done", "of", "solved", "proved", "failed", "mean gap"):
            table.add_column(name, justify="left" if name == "solver" else "right")
        for solver, row in self._solvers.items():
            numbers = (row.done, row.total, row.solved, row.proved, row.failed)
            table.add_row(solver, *map(str, numbers), show_gap(row.mean_gap))
        return Group(Text(title, style="bold", no_wrap=True, overflow="ellipsis"), table)


class _Row:
    """What is known of a solver so far."""

    def __init__(self) -> None:
        self.total = self.done = self.solved = self.proved = self.failed = 0
        self._gaps: list[float] = []

    def take(self, record: Record) -> None:
        self.done += 1
        self.solved += record["objective"] is not None
        self.proved += record["status"] == "optimal"
        self.failed += record["outcome"] != "finished"
        if record["gap_to_known"] is not None:
            self._gaps.append(record["gap_to_known"])

    @property
    def mean_gap(self) -> float | None:
        return sum(self._gaps) / len(self._gaps) if self._gaps else None
