"""The textbook models straight on CP-SAT, telling every improvement as it comes."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from ortools.sat.python import cp_model

sys.path.insert(0, str(Path(__file__).parents[1]))


class Teller(cp_model.CpSolverSolutionCallback):
    def __init__(self, read) -> None:
        super().__init__()
        self._read = read

    def on_solution_callback(self) -> None:
        tell(objective=round(self.objective_value), solution=self._read(self))


def tell(**event) -> None:
    print(json.dumps({"seconds": time.monotonic() - began, **event}), flush=True)


def jobshop(instance):
    if instance["type"] == "shop":
        from bare.shop import Model

        shop = Model(instance)
        return shop.model, shop.read
    from bare.jobshop import cpsat

    model, rows = cpsat(instance["jobs"])
    return model, lambda solver: {"start": [solver.value(x) for row in rows for x in row]}


def tardiness(instance):
    from bare.tardiness import cpsat

    times = instance["processing_times"]
    weights = instance.get("weights", [1] * len(times))
    releases = instance.get("release_dates", [0] * len(times))
    model, order = cpsat(times, instance["due_dates"], weights, releases)
    return model, lambda solver: {"order": order(solver)}


MODELS = {"jobshop": jobshop, "tardiness": tardiness}

began = time.monotonic()
asked = json.load(sys.stdin)
model, read = MODELS[asked["instance"]["family"]](asked["instance"])
solver = cp_model.CpSolver()
solver.parameters.num_workers = asked["workers"]
solver.parameters.random_seed = asked["seed"]
solver.parameters.max_time_in_seconds = max(0.0, asked["time_limit"] - (time.monotonic() - began))
solver.best_bound_callback = lambda bound: tell(bound=bound)
if solver.solve(model, Teller(read)) == cp_model.OPTIMAL:
    tell(bound=solver.objective_value)
