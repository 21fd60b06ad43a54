"""How many tabu moves a second does one core do? On shops of 400, 2,000 and 10,000 operations.

    python benchmarks/jobshop_kernel.py [--seconds 3] [--neighbourhood n8]

Generated shops, the search started from most work remaining; seconds are those of the thread's own
processor time, so that other programs on the machine disturb little.
"""

from __future__ import annotations

import time

import click
import numpy as np

from ordino.heuristics.jobshop import tabu_kernels
from ordino.heuristics.jobshop.dispatching import mwkr
from ordino.heuristics.jobshop.slots import Slots
from ordino.heuristics.jobshop.tabu import NEIGHBOURHOODS
from ordino.heuristics.jobshop.tabu_search import TabuSearch
from ordino.instances.jobshop.generate import taillard

SHOPS = ((20, 20, 150_000), (50, 40, 50_000), (100, 100, 25_000))
"""Jobs, machines, and the moves a second that are wanted."""


@click.command()
@click.option("--seconds", default=3.0, show_default=True)
@click.option("--neighbourhood", type=click.Choice(NEIGHBOURHOODS), default="n7", show_default=True)
def main(seconds: float, neighbourhood: str) -> None:
    """Print a row for each shop: moves a second, how many are wanted, makespan at start and end."""
    click.echo(f"{'operations':>10} {'moves/s':>9} {'wanted':>9} {'start':>7} {'end':>7}")
    for jobs, machines, wanted in SHOPS:
        shop = taillard(jobs=jobs, machines=machines, seed=1)
        slots = Slots(shop)
        random = np.random.default_rng(1)
        search = TabuSearch(
            slots, tabu_kernels, random, neighbourhood=NEIGHBOURHOODS.index(neighbourhood)
        )
        search.start(slots.order_of(mwkr(shop).start))
        first = search.best
        began = time.thread_time()
        while (spent := time.thread_time() - began) < seconds:
            search.advance(1000, 10**12)
        rate = search.moves / spent
        click.echo(f"{shop.operations:10} {rate:9.0f} {wanted:9} {first:7} {search.best:7}")


if __name__ == "__main__":
    main()
