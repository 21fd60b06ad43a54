"""Run another solver on public sets, into a store of `ordino bench` (see README.md here).

python benchmarks/peers/run.py PEER --set SET [--instance PATTERN] [--every K]
    [--time-limit 10] [--seed 0-4] [--workers 1] [--jobs 2] [--store runs/]
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import venv
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import click

from ordino.api import default_workers
from ordino.bench.plan import Plan, Run, run_key, subjects
from ordino.bench.planfile import read_seeds
from ordino.bench.processes import memory_share
from ordino.bench.record import environment
from ordino.bench.store import Store
from ordino.bench.sweep import sweep
from ordino.commands.interrupt import Interrupt
from ordino.commands.sweeping import SweepProgress
from ordino.core.budget import Budget
from ordino.core.cache import cache_home
from ordino.core.errors import OrdinoError, RejectedSolution
from ordino.core.family import resolve
from ordino.core.incumbent import Incumbent
from ordino.core.plain import Node
from ordino.core.registry import family
from ordino.core.result import conclude
from ordino.instances.reading import dump_instance, read_instance

HERE = Path(__file__).parent
GRACE_SECONDS = 10.0
TOLD = ("seconds", "objective", "bound")


@dataclass(frozen=True)
class Peer:
    """A peer: its program here, what it needs installed, the package whose version it has."""

    name: str
    program: str
    needs: tuple[str, ...]
    package: str
    families: tuple[str, ...]

    def python(self) -> Path:
        """Return the interpreter of the peer's own environment; make it if it is not there."""
        place = cache_home() / "peers" / self.name
        python = place / "bin" / "python"
        stamp = place / "ready"
        if not stamp.exists() or stamp.read_text() != " ".join(self.needs):
            click.echo(f"setting up {place} …", err=True)
            venv.create(place, with_pip=True, clear=True)
            pip = [str(python), "-m", "pip", "install", "--quiet", *self.needs]
            subprocess.run(pip, check=True)
            stamp.write_text(" ".join(self.needs))
        return python

    def version(self) -> str:
        """Return the version of the peer's package in its environment."""
        ask = f"from importlib.metadata import version; print(version({self.package!r}))"
        words = [str(self.python()), "-c", ask]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        return f"{self.package} {done.stdout.strip()}"


PEERS = {
    peer.name: peer
    for peer in (
        Peer(
            "bare-cpsat",
            "bare_cpsat.py",
            ("ortools>=9.14,<10", "pulp>=3.3.2,<4"),
            "ortools",
            ("jobshop", "tardiness"),
        ),
        Peer("pyjobshop", "pyjobshop_peer.py", ("pyjobshop==0.0.9",), "pyjobshop", ("jobshop",)),
        Peer("saga-heft", "saga_peer.py", ("anrg-saga==2.0.2",), "anrg-saga", ("taskgraph",)),
    )
}


class Programs:
    """An executor that runs a peer's program for each run."""

    def __init__(self, peer: Peer, slots: int) -> None:
        self.slots = slots
        self._words = [str(peer.python()), str(HERE / peer.program)]
        self._environment = environment() | {"version": peer.version()}
        self._pool = ThreadPoolExecutor(slots)
        self._ended: SimpleQueue[tuple[str, dict[str, Any]]] = SimpleQueue()

    def submit(self, run: Run, task: Mapping[str, Any]) -> None:
        self._pool.submit(lambda: self._ended.put((run.key, self._do(run, task))))

    def collect(self, seconds: float) -> list[tuple[str, dict[str, Any]]]:
        try:
            return [self._ended.get(timeout=seconds)]
        except Empty:
            return []

    def close(self) -> None:
        self._pool.shutdown()

    def _do(self, run: Run, task: Mapping[str, Any]) -> dict[str, Any]:
        instance = read_instance(task["instance_file"], "json")
        asked = {name: task[name] for name in ("time_limit", "workers", "seed")}
        asked["instance"] = json.loads(dump_instance(instance))
        reply: dict[str, Any] = {"answer": None, "killed": None, "environment": self._environment}
        began = time.monotonic()
        try:
            done = subprocess.run(
                self._words,
                input=json.dumps(asked),
                capture_output=True,
                text=True,
                timeout=run.time_limit + GRACE_SECONDS,
                check=False,
            )
            reply |= {"code": done.returncode, "errors": done.stderr.strip()[-2000:]}
            if done.returncode == 0:
                events = [json.loads(line) for line in done.stdout.splitlines()]
                reply["answer"] = judge(run, instance, events)
        except subprocess.TimeoutExpired:
            reply |= {"killed": "time", "code": -9, "errors": ""}
        spent = round(time.monotonic() - began, 4)
        return reply | {"wall_seconds": spent, "cpu_seconds": None, "peak_memory": 0}


def judge(run: Run, instance: Any, events: list[dict[str, Any]]) -> str:
    """Return the result of what a peer told, its best solution checked, as JSON."""
    home = family(instance.family)
    incumbent = Incumbent(instance, home.checker(), instance.objective)
    budget = Budget.of(run.time_limit, workers=run.workers, seed=run.seed)
    found = [event for event in events if "solution" in event]
    bounds = [event["bound"] for event in events if event.get("bound") is not None]
    try:
        if found:
            best = min(found, key=lambda event: event["objective"])
            solution = resolve(home.solution).from_data(Node(best["solution"]))
            incumbent.offer(solution, run.solver)
        if bounds:
            incumbent.raise_bound(max(bounds), run.solver)
        result = conclude(
            instance,
            incumbent,
            budget,
            started=time.monotonic(),
            solvers=[run.solver],
            settings={},
            options={},
            completed=False,
            command=run.command,
        )
    except (RejectedSolution, OrdinoError) as error:
        return json.dumps({"error": str(error)})
    last = events[-1]["seconds"] if events else run.time_limit
    ended = incumbent.optimal or any(event.get("done") for event in events)
    seconds = last if ended else max(last, run.time_limit)
    trace = [
        {"kind": "incumbent" if "solution" in event else "bound", "source": run.solver}
        | {name: event[name] for name in TOLD if name in event}
        for event in events
    ]
    return json.dumps(replace(result, seconds=round(seconds, 4)).to_data() | {"trace": trace})


@click.command()
@click.argument("peer", type=click.Choice(list(PEERS)))
@click.option("--set", "sets", multiple=True, required=True)
@click.option("--instance", "patterns", multiple=True)
@click.option("--every", type=click.IntRange(min=1), default=1)
@click.option("--time-limit", type=float, default=60.0)
@click.option("--seed", "seeds", default="0")
@click.option("--workers", type=click.IntRange(min=1), default=1)
@click.option("--jobs", type=click.IntRange(min=1))
@click.option("--store", "place", default="runs")
def main(
    peer: str,
    sets: tuple[str, ...],
    patterns: tuple[str, ...],
    every: int,
    time_limit: float,
    seeds: str,
    workers: int,
    jobs: int | None,
    place: str,
) -> None:
    """Run PEER on sets, into the store that `ordino bench run` writes as well."""
    chosen = PEERS[peer]
    slots = jobs or max(1, default_workers() // workers)
    plan = Plan(sets=sets, methods=(), patterns=patterns, every=every)
    store = Store(place, create=True)
    executor = Programs(chosen, slots)
    runs: dict[str, Run] = {}
    for subject, instance in subjects(plan, lambda line: click.echo(line, err=True)):
        if subject.family not in chosen.families:
            raise click.UsageError(f"{peer} has no model of {subject.family}")
        store.keep_instance(subject.fingerprint, dump_instance(instance))
        for seed in read_seeds(seeds):
            what: dict[str, Any] = {
                "solver": peer,
                "settings": {},
                "time_limit": time_limit,
                "iterations": None,
                "seed": seed,
                "workers": workers,
            }
            version = chosen.version()
            key = run_key(fingerprint=subject.fingerprint, version=version, **what)
            runs[key] = Run(key=key, subject=subject, problem={}, **what)
    command = " ".join(["python benchmarks/peers/run.py", *sys.argv[1:]])
    store.keep_plan({"command": command, "runs": [run.planned() for run in runs.values()]})
    with Interrupt() as stop, SweepProgress(sys.stderr, list(runs.values()), slots) as progress:
        tally = sweep(
            list(runs.values()),
            store,
            executor,
            memory=memory_share(slots),
            stop=stop,
            observe=progress,
        )
    executor.close()
    click.echo(f"{tally.done} done, {tally.before} before, {tally.failed} failed")


if __name__ == "__main__":
    main()
