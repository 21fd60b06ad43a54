"""HEFT of anrg-saga, on a graph with related machines; run by benchmarks/taskgraph_heft.py.

Needs an environment of its own: python -m venv V && V/bin/pip install anrg-saga==2.0.2
"""

from __future__ import annotations

import json
import sys
import time

from saga import Network, TaskGraph
from saga.schedulers import HeftScheduler

asked = json.load(sys.stdin)
names = [str(task) for task in range(len(asked["costs"]))]
places = [f"p{place}" for place in range(len(asked["speeds"]))]

began = time.perf_counter()
graph = TaskGraph.create(
    list(zip(names, asked["costs"], strict=True)),
    [(names[i], names[j], size) for i, j, size in asked["edges"]],
)
network = Network.create(
    list(zip(places, asked["speeds"], strict=True)),
    [(one, other, asked["link"]) for one in places for other in places if one != other],
)
built = time.perf_counter()
schedule = HeftScheduler().schedule(network, graph)
done = time.perf_counter()
answer = {"build": built - began, "seconds": done - built, "makespan": schedule.makespan}
print(json.dumps(answer))
