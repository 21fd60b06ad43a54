"""The commands bench, and bench run."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from ordino.commands.output import answer, answer_json, say
from ordino.commands.parameters import (
    Call,
    Command,
    assignment,
    complete,
    duration,
    json_option,
    set_names,
    size,
    solver_names,
)
from ordino.commands.recorded import (
    compare,
    query,
    report,
    status,
    store_option,
    telling_damage,
)

if TYPE_CHECKING:
    from ordino.bench.plan import Plan, Run
    from ordino.bench.store import Store
    from ordino.bench.sweep import Executor, Tally

__all__ = ["bench"]

_INTERRUPTED = 130


@click.group()
def bench() -> None:
    """Run solvers on public sets, and see what matters."""


for _command in (status, query, report, compare):
    bench.add_command(_command)


def _seeds(value: str) -> list[int]:
    from ordino.bench.planfile import read_seeds

    try:
        return read_seeds(value)
    except ValueError:
        raise click.BadParameter(f"{value!r}: expected seeds, as in 0 or 0-9 or 1,5,7") from None


@bench.command(cls=Command)
@click.argument("plan", type=click.Path(), required=False, metavar="[PLAN.toml]")
@click.option(
    "--set",
    "sets",
    multiple=True,
    shell_complete=complete(set_names),
    metavar="SET",
    help="A set, or all below a name; can be repeated.",
)
@click.option(
    "--solver",
    "solvers",
    multiple=True,
    shell_complete=complete(solver_names),
    metavar="S[,S…]",
    help="A solver, several that race, or race, the family's own; can be repeated.",
)
@click.option(
    "--setting",
    "settings",
    type=assignment,
    multiple=True,
    metavar="S.NAME=VALUE",
    help="A setting of a solver; can be repeated.",
)
@click.option(
    "--instance", "patterns", multiple=True, metavar="PATTERN", help="Only names like this: la0*."
)
@click.option("--every", type=click.IntRange(min=1), help="Only every so many of a set.")
@click.option(
    "--time-limit",
    "time_limits",
    type=duration,
    multiple=True,
    help="Of each run: seconds, or as in 5m; can be repeated. Default: 60.",
)
@click.option("--iterations", type=click.IntRange(min=1), help="Most iterations of each solver.")
@click.option(
    "--seed",
    "--seeds",
    "seeds",
    type=_seeds,
    multiple=True,
    metavar="SEEDS",
    help="As in 0 or 0-9. Default: 0.",
)
@click.option("--workers", type=click.IntRange(min=1), help="Cores for each run.  [default: 1]")
@click.option(
    "--problem",
    "problem",
    type=assignment,
    multiple=True,
    metavar="NAME=VALUE",
    help="A problem option of the family; can be repeated.",
)
@store_option
@click.option("--retry", type=click.Choice(["failed"]), help="Do failed runs again.")
@click.option(
    "--jobs", type=click.IntRange(min=1), help="Runs at once; default: as many as cores allow."
)
@click.option("--oversubscribe", is_flag=True, help="Allow more workers than cores.")
@click.option("--memory", type=size, metavar="SIZE", help="Of a run; default: its share of all.")
@click.option(
    "--grace",
    type=duration,
    default="5",
    show_default=True,
    help="Kill a run so long after its time limit.",
)
@click.option(
    "--cluster", metavar="ADDRESS|local:N", help="A Dask scheduler, or N Dask workers here."
)
@json_option
@click.option("-q", "--quiet", is_flag=True, help="Tell only what fails.")
@click.pass_obj
def run(
    call: Call,
    /,
    plan: str | None,
    store: str,
    retry: str | None,
    jobs: int | None,
    oversubscribe: bool,
    memory: int | None,
    grace: float,
    cluster: str | None,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> int:
    """Run solvers on sets; the same line again goes on where it ended.

    Options stand in for what PLAN.toml says. Every run is a process of its own; one that fails is
    recorded as well. The first Ctrl-C lets the runs in flight end, the second leaves at once.
    """
    import shlex
    from contextlib import closing

    from ordino.bench.plan import expand
    from ordino.bench.processes import memory_share
    from ordino.bench.store import Store
    from ordino.bench.sweep import sweep
    from ordino.commands.interrupt import Interrupt
    from ordino.commands.sweeping import SweepProgress

    made = _plan(plan, options)
    slots = _slots(made, jobs, oversubscribe, cluster)
    memory = memory or memory_share(slots)
    kept = _Kept(lambda: Store(store, create=True))
    runs = expand(made, kept, _tell(quiet))
    target = kept.store()
    target.keep_plan(
        {
            "command": shlex.join(["ordino", *call.arguments]),
            "runs": [each.planned() for each in runs],
        }
    )
    progress = SweepProgress(sys.stderr, runs, slots, quiet=quiet)
    failed = _look_at_finished(target, runs, progress)
    families = sorted({each.subject.family for each in runs})
    with (
        Interrupt() as stop,
        closing(_executor(cluster, families, slots, grace, memory)) as executor,
        progress,
    ):
        tally = sweep(
            runs,
            target,
            executor,
            memory=memory,
            retry=failed if retry else (),
            shared_files=cluster is None,
            stop=stop,
            observe=progress,
        )
    _report_tally(tally, as_json)
    return 0 if tally.complete else _INTERRUPTED


class _Kept:
    """Keeps instances in a store that is made when the first of them comes."""

    def __init__(self, make: Any) -> None:
        self._make = make
        self._store: Store | None = None

    def store(self) -> Store:
        if self._store is None:
            self._store = self._make()
        assert self._store is not None
        return self._store

    def __call__(self, fingerprint: str, text: str) -> None:
        self.store().keep_instance(fingerprint, text)


def _tell(quiet: bool) -> Any:
    return (lambda line: None) if quiet else (lambda line: say(f"note: {line}"))


def _plan(path: str | None, options: dict[str, Any]) -> Plan:
    from ordino.bench.method import grouped, method
    from ordino.bench.plan import Plan
    from ordino.bench.planfile import read_plan
    from ordino.core.errors import UnknownNameError, UsageError

    fields = read_plan(path) if path else {}
    settings = grouped(options.pop("settings"))
    solvers = options.pop("solvers")
    if solvers or "methods" not in fields:
        fields["methods"] = [method(name, settings) for name in solvers or ("race",)]
        used = {name for each in fields["methods"] for name in each.settings}
        if unused := {*settings} - used:
            raise UnknownNameError("running solver", min(unused), solvers)
    elif settings:
        raise UsageError("--setting goes with --solver; a plan's solvers have their own settings")
    options["problem"] = dict(options["problem"])
    options["seeds"] = [seed for seeds in options["seeds"] for seed in seeds]
    fields |= {name: value for name, value in options.items() if value}
    if not fields.get("sets"):
        raise UsageError("say with --set which instances to run on (ordino list sets)")
    return Plan(**fields)


def _slots(plan: Plan, jobs: int | None, oversubscribe: bool, cluster: str | None) -> int:
    """Return how many runs go on at once; raises `UsageError` where that is too much."""
    from ordino.api import default_workers
    from ordino.core.errors import UsageError

    cores = default_workers()
    kind, _, count = (cluster or "").partition(":")
    if kind == "local" and count.isdecimal():
        jobs = int(count)
    elif cluster is not None:
        return 1
    slots = jobs or max(1, cores // plan.workers)
    if slots * plan.workers > cores and not oversubscribe:
        runs = "1 run" if slots == 1 else f"{slots} runs at once"
        workers = "1 worker" if plan.workers == 1 else f"{plan.workers} workers each"
        raise UsageError(
            f"{runs} with {workers} are more than the {cores} cores here; --oversubscribe allows it"
        )
    return slots


def _look_at_finished(store: Store, runs: list[Run], progress: Any) -> list[str]:
    """Read the records of runs that are there, and return the keys of those that failed."""
    finished = store.finished()
    failed = []
    with telling_damage(store):
        for record in store.records((run.key for run in runs if run.key in finished), whole=True):
            progress.before(record)
            if record["outcome"] != "finished":
                failed.append(record["key"])
    return failed


def _executor(
    cluster: str | None, families: list[str], slots: int, grace: float, memory: int
) -> Executor:
    from ordino.bench.cluster import Cluster
    from ordino.bench.processes import Processes

    if cluster is not None:
        return Cluster(cluster, families, grace, memory)
    return Processes(families, slots, grace, memory)


def _report_tally(tally: Tally, as_json: bool) -> None:
    told = {
        "total": tally.total,
        "before": tally.before,
        "done": tally.done,
        "by_others": tally.others,
        "failed": tally.failed,
        "left": tally.left + tally.running,
    }
    if as_json:
        answer_json(told)
        return
    from ordino.commands.summary import summarise_facts

    answer(summarise_facts(told))
