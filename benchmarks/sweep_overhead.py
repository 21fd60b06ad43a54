"""What a sweep costs besides its runs, and how fast a large store is read.

    python benchmarks/sweep_overhead.py [--runs 40] [--seconds 2] [--records 10000]

Runs a search that uses its whole time limit, as many at once as there are cores, and compares the
wall time with what the runs themselves need. Then makes a store of invented records and times what
reads it, each command in a process of its own. Bars: 25 % overhead; 20 ms a recorded run; `status`
1 s, `report` 20 s and 1 GB for 10,000 records.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

from ordino.api import default_workers
from ordino.bench.record import environment
from ordino.bench.store import Store
from ordino.instances.jobshop.generate import taillard
from ordino.instances.reading import dump_instance

CALL = [sys.executable, "-c", "from ordino.cli import main; main()", "bench"]


def call(*arguments: object) -> float:
    """Run the command line, and return its seconds."""
    began = time.monotonic()
    subprocess.run([*CALL, *map(str, arguments)], check=True, capture_output=True)
    return time.monotonic() - began


def record(index: int, rng: random.Random) -> dict[str, object]:
    """Invent a record with a trace of some twenty incumbents."""
    instance, solver = index // 4 % 312, index % 4
    count = rng.randint(5, 40)
    seconds = sorted(rng.uniform(0, 10) for _ in range(count))
    values = sorted((rng.randint(1000, 1500 + 100 * solver) for _ in range(count)), reverse=True)
    empty = ("message", "iterations", "gap", "known_lower", "versus_known", "bounds", "bound")
    return {
        **dict.fromkeys(empty),
        **{"set": f"set{instance % 3}", "instance": f"i{instance}", "source": f"i{instance}"},
        **{"family": "jobshop", "fingerprint": f"{instance:064x}", "solver": f"s{solver}"},
        **{"settings": "{}", "problem": "{}", "time_limit": 10.0, "seed": index // 1248},
        **{"workers": 1, "outcome": "finished", "status": "feasible", "stop": "time_limit"},
        **{"objective": values[-1], "objectives": [values[-1]], "seconds": 10.0},
        **{"found_by": "s", "bound_by": None, "first_seconds": seconds[0]},
        **{"best_seconds": seconds[-1], "known_upper": 1000, "known_source": "nobody"},
        **{"gap_to_known": values[-1] / 1000 - 1, "versions": "{}", "wall_seconds": 10.1},
        **{"cpu_seconds": 10.0, "peak_memory": 10**8, "ended": "2026-01-01T00:00:00"},
        **{"command": "ordino solve", **environment()},
        "trace": {
            "kind": ["incumbent"] * count,
            "seconds": seconds,
            "objective": values,
            "bound": [None] * count,
            "source": ["s"] * count,
        },
    }


@click.command()
@click.option("--runs", default=40, show_default=True)
@click.option("--seconds", default=2.0, show_default=True)
@click.option("--records", default=10_000, show_default=True)
def main(runs: int, seconds: float, records: int) -> None:
    """Measure, and print what was measured."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "shops").mkdir()
        shop = taillard(jobs=30, machines=15, seed=1)
        (home / "shops" / "shop.json").write_text(dump_instance(shop))
        words = ("--set", home / "shops", "--solver", "random", "--time-limit", seconds)
        spent = call("run", *words, "--seed", f"1-{runs}", "--store", home / "runs", "-q")
        ideal = runs * seconds / default_workers()
        click.echo(f"{runs} runs of {seconds} s: {spent:.1f} s, {100 * (spent / ideal - 1):.0f} %")

        rng = random.Random(0)
        store = Store(home / "store", create=True)
        made = [record(index, rng) for index in range(records)]
        names = ("set", "instance", "solver", "time_limit", "seed")
        planned = [
            {"key": f"{index:032x}", "settings": {}} | {name: each[name] for name in names}
            for index, each in enumerate(made)
        ]
        store.keep_plan({"command": "", "runs": planned})
        result = json.dumps({"solution": list(range(500))})
        began = time.monotonic()
        for index, each in enumerate(made):
            claim = store.claim(f"{index:032x}")
            assert claim is not None
            claim.record(each, result)
        each_ms = 1000 * (time.monotonic() - began) / records
        click.echo(f"recording: {each_ms:.1f} ms a run")
        for command in (("status",), ("query", "select count(*) from runs"), ("report",)):
            click.echo(f"{command[0]}: {call(*command, '--store', store.path):.2f} s")
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        click.echo(f"most memory of any process: {peak:.0f} MB")


if __name__ == "__main__":
    main()
