"""Gaps to the best known makespans by class of instances: Ordino, the engines, learned methods.

    export ORDINO_DATA=../shared/datasets
    python benchmarks/jobshop_table.py --sets ta,dmu --time-limit 60 --every 5 --seeds 0-2

Runs what is not yet in the store (Ordino's default race, then bare CP-SAT and PyJobShop, with as
many workers and with more), one run at a time, then prints a row for each class: mean gap to the
best known makespan in percent, and how many were proved. Published figures of learned methods
(jobshop_learned.csv; each against the best known of its year) stand below. `ordino bench report` of
the same store has the curves.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import click

HERE = Path(__file__).parent
ORDINO = [sys.executable, "-m", "ordino"]
CLASSES = (
    *(("la", 1, 40), ("ft", 6, 20), ("orb", 1, 10), ("abz", 5, 9)),
    *(("ta", first, first + 9) for first in range(1, 80, 10)),
    *(("dmu", 1, 40), ("dmu", 41, 80), ("swv", 1, 20), ("yn", 1, 4)),
)
RUNS = """
select instance, solver, workers, avg(gap_to_known) as gap, bool_and(status = 'optimal') as proved
from runs where time_limit = {time_limit} and set like 'jobshop/%' group by all
"""


def class_of(instance: str) -> str:
    """Name the class of an instance: ta11-20 for ta14, tai_100_100 for tai_100_100_1."""
    letters = instance.rstrip("0123456789")
    number = instance[len(letters) :]
    for name, first, last in CLASSES:
        if name == letters and number and first <= int(number) <= last:
            whole = sum(each == name for each, _, _ in CLASSES) == 1
            return name if whole else f"{name}{first:02}-{last:02}"
    return letters.rstrip("_") or instance


def run(words: list[str], options: list[str]) -> None:
    """Run a sweep; what is in the store already is not run again."""
    subprocess.run([*words, *options], check=True)


@click.command()
@click.option("--sets", default="la,ft,orb,abz,ta,dmu,swv,yn", show_default=True)
@click.option("--time-limit", default=60.0, show_default=True)
@click.option("--every", default=5, show_default=True, help="Only every so many of a set.")
@click.option("--seeds", default="0", show_default=True, help="As in 0 or 0-2.")
@click.option("--workers", default=2, show_default=True)
@click.option("--more-workers", default=8, show_default=True, help="For the peers as well; 0: no.")
@click.option("--peers", default="bare-cpsat,pyjobshop", show_default=True, help="Or empty.")
@click.option("--store", default="runs-jobshop", show_default=True)
def main(
    sets: str,
    time_limit: float,
    every: int,
    seeds: str,
    workers: int,
    more_workers: int,
    peers: str,
    store: str,
) -> None:
    """Run what is missing, and print the table."""
    options = [f"--set=jobshop/{name}" for name in sets.split(",")]
    options += [f"--every={every}", f"--time-limit={time_limit}", f"--seed={seeds}", "--jobs=1"]
    options += [f"--store={store}"]
    run([*ORDINO, "bench", "run", "--solver=race"], [*options, f"--workers={workers}"])
    for peer in filter(None, peers.split(",")):
        for count in filter(None, (workers, more_workers)):
            words = [sys.executable, str(HERE / "peers" / "run.py"), peer]
            run(words, [*options, f"--workers={count}"])

    words = [*ORDINO, "bench", "query", RUNS.format(time_limit=time_limit)]
    words += [f"--store={store}", "--json"]
    rows = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    cells: dict[str, dict[str, list[tuple[float | None, bool]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for row in rows:
        method = f"{row['solver']} x{row['workers']}"
        cells[class_of(row["instance"])][method].append((row["gap"], row["proved"]))
    with (HERE / "jobshop_learned.csv").open() as file:
        learned = [row for row in csv.DictReader(file) if row["class"] in cells]

    methods = sorted({method for columns in cells.values() for method in columns})
    click.echo(f"| class | instances | {' | '.join(methods)} |")
    click.echo(f"|---|---|{'---|' * len(methods)}")
    for name in sorted(cells):
        shown = [summary(cells[name][method]) for method in methods]
        count = max(len(each) for each in cells[name].values())
        click.echo(f"| {name} | {count} | {' | '.join(shown)} |")
    click.echo("\nMean gap in percent, then instances proved optimal.\n")
    for row in learned:
        click.echo(f"{row['class']}: {row['method']} ({row['year']}) {row['gap']} %")


def summary(results: list[tuple[float | None, bool]]) -> str:
    """Say the mean gap in percent and how many were proved; how many found nothing, if any."""
    gaps = [100 * gap for gap, _ in results if gap is not None]
    if not gaps:
        return "-"
    missing = f", {len(results) - len(gaps)} without" if len(gaps) < len(results) else ""
    return f"{sum(gaps) / len(gaps):.2f}, {sum(proved for _, proved in results)}{missing}"


if __name__ == "__main__":
    main()
