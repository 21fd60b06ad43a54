"""HEFT of anrg-saga, which knows related machines and symmetric links without a start-up time."""

from __future__ import annotations

import json
import math
import sys
import time
from collections import defaultdict

from saga import Network, TaskGraph
from saga.schedulers import HeftScheduler

BEYOND = ("startup", "release_dates", "deadlines", "memory", "capacity", "goal")
ALIKE = 1e-9


def related(work):
    """Return costs and speeds whose quotients the work is, the first speed 1."""
    full = next((row for row in work if all(row)), None)
    if full is None:
        sys.exit("SAGA: a task without work, or a processor that can't run it")
    speeds = [full[0] / each for each in full]
    costs = [row[0] for row in work]
    for cost, row in zip(costs, work, strict=True):
        for speed, each in zip(speeds, row, strict=True):
            if each is None or abs(each * speed - cost) > ALIKE * cost:
                sys.exit("SAGA: machines that are not related")
    return costs, speeds


def links(bandwidth, count):
    """Yield each pair of machines with the speed between them."""
    for p in range(count):
        for q in range(p):
            one, other = (
                bandwidth if not isinstance(bandwidth, list) else bandwidth[i][j]
                for i, j in ((p, q), (q, p))
            )
            if one != other:
                sys.exit("SAGA: a link that is not symmetric")
            yield p, q, math.inf if one is None else one


asked = json.load(sys.stdin)
instance = asked["instance"]
for field in BEYOND:
    if field in instance:
        sys.exit(f"SAGA: no {field}")
costs, speeds = related(instance["work"])
names = [str(task) for task in range(len(costs))]
places = [str(place) for place in range(len(speeds))]
links = list(links(instance.get("bandwidth", 1), len(speeds)))

began = time.perf_counter()
graph = TaskGraph.create(
    list(zip(names, costs, strict=True)),
    [(names[i], names[j], size) for i, j, size in instance.get("edges", [])],
)
network = Network.create(
    list(zip(places, speeds, strict=True)),
    [(places[p], places[q], speed) for p, q, speed in links],
)
built = time.perf_counter()
schedule = HeftScheduler().schedule(network, graph)
done = time.perf_counter()

found = defaultdict(dict)
for place, tasks in schedule.mapping.items():
    for task in tasks:
        found["processor"][task.name] = int(place)
        found["start"][task.name] = task.start
solution = {field: [values[name] for name in names] for field, values in found.items()}
event = {"seconds": done - began, "objective": schedule.makespan, "solution": solution}
print(json.dumps(event | {"done": True, "building": built - began}))
