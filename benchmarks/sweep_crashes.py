"""Does a sweep lose or repeat anything when what does it is killed?

    python benchmarks/sweep_crashes.py driver [--runs 40] [--seconds 1] [--kills 10] [--seed 0]
    python benchmarks/sweep_crashes.py worker [--runs 40] [--seconds 10] [--every 60] [--seed 0]

`driver` kills `ordino bench run` at random moments and starts it again. `worker` runs the sweep on
a Dask cluster of two workers on this machine, and kills one of them every so many seconds. Either
way every record is watched: it must stay as it was first written. At the end each run must be
there once, finished, and nothing else in the store. Exit code 1 where that is not so.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click
import psutil

from ordino.bench.store import Store
from ordino.instances.jobshop.generate import taillard
from ordino.instances.reading import dump_instance

ORDINO = [sys.executable, "-c", "from ordino.cli import main; main()", "bench"]
Recorded = dict[str, tuple[int, int]]


class Sweep:
    """A sweep of so many runs, in a folder of its own."""

    def __init__(self, home: Path, runs: int, seconds: float, more: tuple[str, ...] = ()) -> None:
        (home / "shops").mkdir()
        shop = taillard(jobs=15, machines=10, seed=1)
        (home / "shops" / "shop.json").write_text(dump_instance(shop))
        self.runs = runs
        self.store = home / "store"
        words = ("--set", home / "shops", "--solver", "random", "--time-limit", seconds)
        words += ("--seed", f"1-{runs}", "--store", self.store, "-q", *more)
        self._words = [*ORDINO, "run", *map(str, words)]
        self.kept: Recorded = {}
        self.changed = 0

    def start(self) -> subprocess.Popen[str]:
        """Start a driver."""
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(self._words, text=True, **streams)

    def look(self) -> None:
        """Look whether what was recorded is as it was."""
        if (self.store / "runs").is_dir():
            now = Store(self.store).finished()
            self.changed += sum(now.get(key) != stamp for key, stamp in self.kept.items())
            self.kept = now

    def verdict(self) -> dict[str, object]:
        """Return what is in the store in the end."""
        self.look()
        store = Store(self.store)
        records = list(store.records(whole=True))
        return {
            "runs": self.runs,
            "recorded": len(records),
            "different": len({record["seed"] for record in records}),
            "finished": sum(record["outcome"] == "finished" for record in records),
            "changed_since": self.changed,
            "left_in_claims": len(list((self.store / "claims").iterdir())),
            "damaged": len(store.damaged()),
        }


def kill_drivers(sweep: Sweep, kills: int, longest: float, rng: random.Random) -> int:
    """Kill drivers at random moments, then let one end the sweep."""
    for _ in range(kills):
        driver = sweep.start()
        time.sleep(rng.uniform(0.5, longest))
        driver.send_signal(signal.SIGKILL)
        driver.communicate()
        sweep.look()
    sweep.start().communicate()
    return kills


def kill_workers(sweep: Sweep, every: float, rng: random.Random) -> int:
    """Kill a Dask worker every so many seconds, until the sweep is done."""
    driver = sweep.start()
    killed, due = 0, time.monotonic() + every
    while driver.poll() is None:
        time.sleep(0.5)
        sweep.look()
        if time.monotonic() < due:
            continue
        workers = _workers(driver)
        if workers:
            rng.choice(workers).kill()
            killed, due = killed + 1, time.monotonic() + every
    _, errors = driver.communicate()
    if driver.returncode:
        click.echo(errors, err=True)
    return killed


def _workers(driver: subprocess.Popen[str]) -> list[psutil.Process]:
    """Return the Dask workers that have started a fork server."""
    found = []
    for process in psutil.Process(driver.pid).children(recursive=True):
        try:
            below = [child.cmdline() for child in process.children()]
        except psutil.NoSuchProcess:
            continue
        if any("ordino.bench.forkserver" in words for words in below):
            found.append(process)
    return found


@click.group()
def main() -> None:
    """Kill what does a sweep."""


def _judge(
    kill: Callable[[Sweep], int], runs: int, seconds: float, more: tuple[str, ...] = ()
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        sweep = Sweep(Path(folder), runs, seconds, more)
        began = time.monotonic()
        killed = kill(sweep)
        found = sweep.verdict()
        spent = round(time.monotonic() - began, 1)
        click.echo(json.dumps({"killed": killed, "wall_seconds": spent} | found))
        right = found["recorded"] == found["different"] == found["finished"] == runs
        wrong = found["changed_since"] or found["left_in_claims"] or found["damaged"]
        sys.exit(0 if right and not wrong else 1)


@main.command()
@click.option("--runs", default=40, show_default=True)
@click.option("--seconds", default=1.0, show_default=True)
@click.option("--kills", default=10, show_default=True)
@click.option("--longest", default=6.0, show_default=True, help="That a driver lives, in seconds.")
@click.option("--seed", default=0, show_default=True)
def driver(runs: int, seconds: float, kills: int, longest: float, seed: int) -> None:
    """Kill the driver, and resume."""
    rng = random.Random(seed)
    _judge(lambda sweep: kill_drivers(sweep, kills, longest, rng), runs, seconds)


@main.command()
@click.option("--runs", default=40, show_default=True)
@click.option("--seconds", default=10.0, show_default=True)
@click.option("--every", default=60.0, show_default=True, help="Seconds between two kills.")
@click.option("--seed", default=0, show_default=True)
def worker(runs: int, seconds: float, every: float, seed: int) -> None:
    """Kill Dask workers."""
    rng = random.Random(seed)
    cluster = ("--cluster", "local:2", "--oversubscribe")
    _judge(lambda sweep: kill_workers(sweep, every, rng), runs, seconds, cluster)


if __name__ == "__main__":
    main()
