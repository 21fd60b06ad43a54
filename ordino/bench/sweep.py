"""Does the runs of a plan, and records each the moment that it ends."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ordino.bench.plan import Run
from ordino.bench.record import Outcome, make_record
from ordino.bench.store import Claim, Record, Store
from ordino.core.budget import Stoppable

__all__ = ["Executor", "Observer", "Tally", "sweep"]

POLL_SECONDS = 0.2
BUSY_SECONDS = 0.5


class Executor(Protocol):
    """Where runs are done."""

    @property
    def slots(self) -> int:
        """Runs at once."""
        ...

    def submit(self, run: Run, task: Mapping[str, Any]) -> None:
        """Start a run."""
        ...

    def collect(self, seconds: float) -> Iterable[tuple[str, Mapping[str, Any]]]:
        """Return keys and replies of runs that have ended, after a wait if there are none."""
        ...

    def close(self) -> None:
        """Give up what still runs."""
        ...


@dataclass
class Tally:
    """How a sweep stands.

    Attributes:
        total: Runs of the plan.
        before: Of these, in the store when the sweep began.
        done: Recorded by this sweep.
        others: Recorded by other drivers meanwhile.
        running: Held by this sweep.
        failed: Of `done`, how many did not finish.
    """

    total: int
    before: int = 0
    done: int = 0
    others: int = 0
    running: int = 0
    failed: int = 0
    began: float = field(default_factory=time.monotonic)

    @property
    def left(self) -> int:
        """Runs that are neither recorded nor running here."""
        return self.total - self.before - self.done - self.others - self.running

    @property
    def complete(self) -> bool:
        """Whether every run of the plan is recorded."""
        return self.total == self.before + self.done + self.others


Observer = Callable[[Tally, Run | None, Record | None], None]
"""Called with the tally and, where a run has just been recorded, the run and its record."""


def sweep(
    runs: Sequence[Run],
    store: Store,
    executor: Executor,
    *,
    memory: int,
    retry: Iterable[str] = (),
    shared_files: bool = True,
    stop: Stoppable | None = None,
    observe: Observer = lambda tally, run, record: None,
) -> Tally:
    """Do what the store does not hold.

    Args:
        runs: All that the plan asks for.
        store: Holds what is done.
        executor: Does the rest; closed by the caller.
        memory: Bytes that a run may take, for the record.
        retry: Keys of recorded runs that are to be done again.
        shared_files: The executor sees the files of the store.
        stop: Once set, nothing more is started, and the sweep ends with the last run in flight.
        observe: Is told how it goes.
    """
    finished = store.finished()
    again = {key: finished[key] for key in retry}
    waiting = deque(run for run in runs if run.key not in finished or run.key in again)
    tally = Tally(total=len(runs), before=len(runs) - len(waiting))
    held: dict[str, tuple[Run, Claim]] = {}
    busy: deque[Run] = deque()
    next_look = 0.0
    try:
        while waiting or busy or held:
            stopping = stop is not None and stop.is_set()
            if stopping and not held:
                break
            if busy and not waiting and time.monotonic() >= next_look:
                waiting, busy = busy, deque()
                next_look = time.monotonic() + BUSY_SECONDS
            while waiting and len(held) < executor.slots and not stopping:
                run = waiting.popleft()
                claim = store.claim(run.key, again.get(run.key))
                if claim is None:
                    busy.append(run)
                elif claim.done:
                    claim.give_back()
                    tally.others += 1
                else:
                    held[run.key] = run, claim
                    executor.submit(run, _task(run, store, shared_files))
            tally.running = len(held)
            observe(tally, None, None)
            for key, reply in executor.collect(POLL_SECONDS):
                run, claim = held[key]
                record, result = make_record(run, reply, memory)
                if record["versus_known"] and result is not None:
                    record["second_check"] = second_check(store, run, result)
                claim.record(record, result)
                del held[key]
                tally.done += 1
                tally.running = len(held)
                tally.failed += record["outcome"] != Outcome.FINISHED
                observe(tally, run, record)
    finally:
        for _, claim in held.values():
            claim.give_back()
    if tally.complete:
        store.tidy()
    return tally


def _task(run: Run, store: Store, shared_files: bool) -> dict[str, Any]:
    file = store.instance_file(run.subject.fingerprint)
    task: dict[str, Any] = {
        "solver": run.solver,
        "settings": run.settings,
        "time_limit": run.time_limit,
        "iterations": run.iterations,
        "seed": run.seed,
        "workers": run.workers,
        "command": run.command,
    }
    if shared_files:
        return task | {"instance_file": str(file.resolve())}
    return task | {"instance": file.read_text()}


def second_check(store: Store, run: Run, result: str) -> str:
    """Check a result that beats what is known once more: read anew, in this other process."""
    from ordino.api import check
    from ordino.core.result import Result
    from ordino.instances.reading import read_instance

    instance = read_instance(str(store.instance_file(run.subject.fingerprint)), "json")
    found = Result.from_json(result)
    if found.solution is None:
        return "no solution"
    report = check(instance, found)
    return "valid" if report.valid else json.dumps([v.message for v in report.violations[:3]])
