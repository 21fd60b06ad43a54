"""Stores whose records are made up: as fast to make as to read, and known in every figure."""

import random

from ordino.bench.record import environment
from ordino.bench.store import Store

SETS = ("alpha/one", "alpha/two")


def record(instance, solver, seed=0, *, objectives=(120, 110, 105), reference=100, **changes):
    """Make a record of a run whose incumbents come one a second."""
    times = [float(index + 1) for index in range(len(objectives))]
    last = objectives[-1] if objectives else None
    made = {
        "set": SETS[instance % 2],
        "instance": f"i{instance}",
        "source": f"i{instance}.txt",
        "family": "jobshop",
        "fingerprint": f"{instance:064x}",
        "solver": solver,
        "settings": "{}",
        "problem": "{}",
        "time_limit": 10.0,
        "iterations": None,
        "seed": seed,
        "workers": 1,
        "outcome": "finished",
        "message": None,
        "status": "optimal" if last == reference else "feasible" if objectives else "unknown",
        "stop": "time_limit",
        "objective": last,
        "bound": 90,
        "gap": None,
        "found_by": solver,
        "bound_by": solver,
        "seconds": times[-1] if times else 10.0,
        "objectives": None if last is None else [last],
        "bounds": [90],
        "first_seconds": None,
        "best_seconds": None,
        "known_lower": reference,
        "known_upper": reference,
        "known_source": "Somebody 2020",
        "gap_to_known": None,
        "versus_known": None,
        "versions": "{}",
        "wall_seconds": 10.1,
        "cpu_seconds": 10.0,
        "peak_memory": 10**8,
        "ended": "2026-01-01T00:00:00",
        "command": f"ordino solve i{instance}.txt --solver {solver}",
        **environment(),
        "trace": {
            "kind": ["incumbent"] * len(times),
            "seconds": times,
            "objective": list(objectives),
            "bound": [None] * len(times),
            "source": [solver] * len(times),
        },
    }
    return made | changes


def store(path, records):
    """Make a store of records."""
    made = Store(path, create=True)
    keys = [f"{index:032x}" for index in range(len(records))]
    for key, each in zip(keys, records, strict=True):
        made.claim(key).record(each, '{"a": 1}')
    runs = [
        {name: each[name] for name in ("set", "instance", "solver", "seed", "time_limit")}
        | {"key": key, "settings": {}}
        for key, each in zip(keys, records, strict=True)
    ]
    made.keep_plan({"command": "ordino bench run --set alpha", "runs": runs})
    return made


def many(count):
    """Make so many records, of four methods on two sets."""
    rng = random.Random(0)
    solvers = ("cpsat", "tabu", "spt", "milp")
    made = []
    for index in range(count):
        place, solver = index // 4 % 100, index % 4
        objectives = sorted((rng.randint(100, 110 + 10 * solver) for _ in range(10)), reverse=True)
        made.append(record(place, solvers[solver], index // 400, objectives=objectives))
    return made
