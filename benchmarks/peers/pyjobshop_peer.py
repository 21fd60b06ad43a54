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
tasks = []
for index, operations in enumerate(instance["jobs"]):
    release = instance["release_dates"][index] if "release_dates" in instance else 0
    job = model.add_job(release_date=release)
    row = [model.add_task(job=job) for _ in operations]
    for task, (machine, duration) in zip(row, operations, strict=True):
        model.add_mode(task, machines[machine], duration)
    for first, second in pairwise(row):
        model.add_end_before_start(first, second)
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
    print(
        json.dumps({"seconds": seconds, "objective": int(result.objective), "solution": solution})
    )
    print(json.dumps({"seconds": seconds, "bound": result.lower_bound}))
