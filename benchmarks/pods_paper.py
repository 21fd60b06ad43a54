"""The protocol of "Priority Matters" (Christensen, Giallorenzo, Mauro 2025) on its own seeds.

    ORDINO_DATA=../shared/datasets python benchmarks/pods_paper.py [--time-limit 1] [--every 12]

A cluster as the default scheduler leaves it without preemption is what both sides start from; what
they are measured against is the default scheduler with preemption, on the same pods. Clusters where
that leaves nothing waiting do not count. `plain` is the paper's model (a Boolean for each pod and
node, each tier's two stages after one another, shares of the time as there) on the same machine
with as many workers. `better`: more pods by tier than the default scheduler; `kept`: as many, and
proved; `fail`: neither; `worse`: fewer. `proved`: every level; `placed`: every level but the last
tier's disruption. Times of both include building models; imports and compiling are done before.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np

import ordino
from ordino.core.text import Text
from ordino.instances.podpacking.paper import read_priority_matters
from ordino.instances.sets import data_roots
from ordino.models.podpacking.check import check
from ordino.models.podpacking.problem import Cluster, Plan

FLEXIBLE_SHARE, PLACING_SHARE = 0.4, 0.5
"""Of the time, a pool that the first tiers may use up; of a tier's time, for placing."""


@dataclass(frozen=True)
class Case:
    """A cluster to plan for, the configuration that it is of, and what it is measured against."""

    configuration: dict[str, Any]
    cluster: Cluster
    baseline: tuple[int, ...]


@dataclass(frozen=True)
class Outcome:
    """What came out: pods by tier, moves, and what is proved."""

    placed: tuple[int, ...]
    moves: int
    proved: bool
    placing_proved: bool


def cases(path: Path, every: int, nodes: int | None, priorities: int | None) -> Iterator[Case]:
    """Read clusters, and let the default scheduler go first."""
    lines = path.read_text().splitlines()[::every]
    for line in lines:
        configuration = json.loads(line)
        if nodes not in (None, configuration["nodes"]):
            continue
        if priorities not in (None, configuration["priorities"]):
            continue
        (waiting,) = read_priority_matters(Text(line))
        start = scheduled(waiting, preemption=False, ties="first")
        baseline = by_tier(waiting, scheduled(waiting, preemption=True, ties="random"))
        if sum(baseline) < waiting.pods:
            yield Case(configuration, replace(waiting, current=start.node), baseline)


def scheduled(cluster: Cluster, **settings: Any) -> Plan:
    """Return the plan of the default scheduler, as replica sets come one after another."""
    given = {"default-scheduler": settings | {"arrivals": "by-age"}}
    result = ordino.solve(
        cluster, solver="default-scheduler", settings=given, time_limit=30, workers=1, seed=1
    )
    plan: Plan = result.solution
    return plan


def by_tier(cluster: Cluster, plan: Plan) -> tuple[int, ...]:
    """Count the pods of each tier that are placed."""
    tiers = cluster.tier[cluster.kind[plan.node >= 0]]
    return tuple(np.bincount(tiers, minlength=cluster.tiers).tolist())


def moves(cluster: Cluster, plan: Plan) -> int:
    """Count running pods that are moved or evicted."""
    return int(((plan.node != cluster.current) & (cluster.current >= 0)).sum())


def ours(case: Case, seconds: float, workers: int) -> Outcome:
    """Solve with the default race."""
    result = ordino.solve(case.cluster, time_limit=seconds, workers=workers)
    value, bound = result.objective, result.bound
    met = [b is not None and b >= v for v, b in zip(value, bound or (), strict=False)]
    return Outcome(
        by_tier(case.cluster, result.solution),
        moves(case.cluster, result.solution),
        result.status is ordino.Status.OPTIMAL,
        len(met) == len(value) and all(met[:-1]),
    )


def plain(case: Case, seconds: float, workers: int) -> Outcome:
    """Solve the paper's model, stage by stage; a stage without a solution ends it."""
    from ortools.sat.python import cp_model

    cluster, deadline = case.cluster, time.monotonic() + seconds
    pods, nodes = range(cluster.pods), range(cluster.nodes)
    demand, current = cluster.demand[cluster.kind].tolist(), cluster.current.tolist()
    model = cp_model.CpModel()
    x = [[model.new_bool_var("") for _ in nodes] for _ in pods]
    placed = [model.new_bool_var("") for _ in pods]
    for i in pods:
        model.add(sum(x[i]) == placed[i])
    for j in nodes:
        for r in range(2):
            load = sum(demand[i][r] * x[i][j] for i in pods)
            model.add(load <= int(cluster.capacity[j, r]))
    waiting = [placed[i] for i in pods if current[i] < 0]
    if waiting:
        model.add(sum(waiting) >= 1)
    for i in pods:
        if current[i] >= 0:
            model.add_hint(placed[i], 1)
            model.add_hint(x[i][current[i]], 1)
    left = max(0.0, deadline - time.monotonic())
    fixed, pool = left * (1 - FLEXIBLE_SHARE), left * FLEXIBLE_SHARE
    node, proved, placing_proved = np.full(cluster.pods, -1), True, True
    for tier in range(cluster.tiers):
        above = [i for i in pods if cluster.tier[cluster.kind[i]] <= tier]
        share = fixed / (cluster.tiers - tier)
        runs = [i for i in above if current[i] >= 0]
        stays = sum(placed[i] + x[i][current[i]] for i in runs)
        cut_off = False
        for number, goal in enumerate((sum(placed[i] for i in above), stays)):
            last = tier == cluster.tiers - 1 and number == 1
            if number and not runs:
                continue
            limit = min(share * PLACING_SHARE + pool, deadline - time.monotonic())
            engine = cp_model.CpSolver()
            engine.parameters.num_workers = workers
            engine.parameters.max_time_in_seconds = max(0.001, limit)
            model.maximize(goal)
            status = engine.solve(model)
            spent = engine.wall_time - share * PLACING_SHARE
            pool = max(0.0, pool - max(0.0, spent))
            proved &= status == cp_model.OPTIMAL
            placing_proved &= last or status == cp_model.OPTIMAL
            if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
                cut_off = True
                break
            value = round(engine.objective_value)
            model.add(goal == value if status == cp_model.OPTIMAL else goal >= value)
            model.clear_hints()
            for i in pods:
                here = [engine.value(each) for each in x[i]]
                node[i] = here.index(1) if 1 in here else -1
                for each, held in zip(x[i], here, strict=True):
                    model.add_hint(each, held)
        fixed = max(0.0, fixed - share)
        if cut_off:
            break
    plan = Plan(node)
    assert check(cluster, plan).valid
    return Outcome(by_tier(cluster, plan), moves(cluster, plan), proved, placing_proved)


def report(name: str, seconds: float, found: list[tuple[Case, Outcome]]) -> None:
    """Print a line a number of nodes, and one over all."""
    groups: list[tuple[str, list[tuple[Case, Outcome]]]] = [("all", found)]
    for nodes in sorted({case.configuration["nodes"] for case, _ in found}):
        part = [each for each in found if each[0].configuration["nodes"] == nodes]
        groups.append((f"{nodes} nodes", part))
    for label, part in groups:
        count: Counter[str] = Counter()
        for case, outcome in part:
            better = outcome.placed > case.baseline
            kept = outcome.placed == case.baseline and outcome.proved
            count["better"] += better
            count["kept"] += kept
            count["worse"] += outcome.placed < case.baseline
            count["fail"] += not (better or kept)
            count["proved"] += outcome.proved
            count["placed"] += outcome.placing_proved
        shares = "  ".join(
            f"{what} {100 * count[what] / len(part):3.0f} %"
            for what in ("better", "kept", "fail", "worse", "proved", "placed")
        )
        pods = sum(sum(outcome.placed) for _, outcome in part)
        moved = sum(outcome.moves for _, outcome in part)
        click.echo(
            f"{name:6} {seconds:g} s  {label:9} {len(part):4} cases  {shares}  "
            f"{pods} pods, {moved} moves"
        )


@click.command()
@click.option("--time-limit", default=1.0, show_default=True, help="Seconds for each cluster.")
@click.option("--every", default=12, show_default=True, help="Take every so many of the clusters.")
@click.option("--nodes", type=int, help="Clusters of so many nodes alone.")
@click.option("--priorities", type=int, help="Clusters of so many priorities alone.")
@click.option("--workers", default=2, show_default=True, help="Of both.")
@click.option("--skip-plain", is_flag=True, help="Leave the paper's model out.")
@click.option("-v", "--verbose", is_flag=True, help="A line for each cluster.")
def main(
    time_limit: float,
    every: int,
    nodes: int | None,
    priorities: int | None,
    workers: int,
    skip_plain: bool,
    verbose: bool,
) -> None:
    """Run both on the clusters, and compare."""
    path = next((found for folder in data_roots() if (found := folder / SET).exists()), None)
    if path is None:
        raise click.ClickException(f"ORDINO_DATA names no folder with {SET}")
    from ordino.core.kernel import kernel_modules, warm

    for module in kernel_modules():
        if "podpacking" in module:
            warm(module)
    methods = {"ours": ours} | ({} if skip_plain else {"plain": plain})
    found: dict[str, list[tuple[Case, Outcome]]] = {name: [] for name in methods}
    same = {name: 0 for name in methods}
    for number, case in enumerate(cases(path, every, nodes, priorities)):
        if number == 0:  # imports, outside the clock
            ours(case, 5.0, workers)
        outcomes = {name: run(case, time_limit, workers) for name, run in methods.items()}
        for name, outcome in outcomes.items():
            found[name].append((case, outcome))
            if verbose:
                shown = [case.configuration[k] for k in ("nodes", "pods", "priorities", "util")]
                click.echo(f"{shown} {name}: {case.baseline} {outcome}")
        if len({outcome.placed for outcome in outcomes.values()}) == 1:
            for name, outcome in outcomes.items():
                same[name] += outcome.moves
    for name, part in found.items():
        if part:
            report(name, time_limit, part)
    if len(methods) > 1:
        shown = ", ".join(f"{name} {count}" for name, count in same.items())
        click.echo(f"moves where both place the same pods by tier: {shown}")


SET = "pods/priority_matters/instances.jsonl"

if __name__ == "__main__":
    main()
