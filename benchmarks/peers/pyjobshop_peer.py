"""PyJobShop on CP-SAT, default settings."""

from __future__ import annotations

import json
import sys
import time
from itertools import pairwise

from pyjobshop import Model

began = time.monotonic()
asked = json.load(sys.stdin)
instance = asked["instance"]

model = Model()
machines = [model.add_machine() for _ in range(instance["machines"])]
tasks, modes = [], []
flexible = instance["type"] == "shop"
for index, given in enumerate(instance["jobs"]):
    if flexible:
        if instance["goal"] != "makespan" or instance["buffers"] != "unlimited":
            sys.exit("no model of this goal or these buffers")
        operations = given["operations"]
        release = given.get("release", 0)
        arcs = given.get("precedences", list(pairwise(range(len(operations)))))
    else:
        operations = [[pair] for pair in given]
        release = instance["release_dates"][index] if "release_dates" in instance else 0
        arcs = list(pairwise(range(len(operations))))
    job = model.add_job(release_date=release)
    row = [model.add_task(job=job) for _ in operations]
    for task, alternatives in zip(row, operations, strict=True):
        for machine, duration in alternatives:
            model.add_mode(task, machines[machine], duration)
            modes.append(machine)
    for first, second in arcs:
        model.add_end_before_start(row[first], row[second])
    tasks += row

limit = asked["time_limit"] - (time.monotonic() - began)
result = model.solve(
    "ortools",
    time_limit=limit,
    display=False,
    num_workers=asked["workers"],
    random_seed=asked["seed"],
)
seconds = time.monotonic() - began
if result.best is not None and result.best.tasks:
    start = [task.start for task in result.best.tasks]
    solution = {"start": start}
    if flexible:
        solution["machine"] = [modes[task.mode] for task in result.best.tasks]
    print(
        json.dumps({"seconds": seconds, "objective": int(result.objective), "solution": solution})
    )
    print(json.dumps({"seconds": seconds, "bound": result.lower_bound}))
