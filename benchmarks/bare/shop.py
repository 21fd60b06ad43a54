"""The general shop with unlimited buffers straight on CP-SAT: the textbook model.

An optional interval an alternative, no overlap on a machine, downtimes as fixed intervals, setups
by a circuit a machine. Takes the instance as Ordino's JSON has it.
"""

from __future__ import annotations

from typing import Any

from ortools.sat.python import cp_model


class Model:
    """The model of a shop, with what reads a solution of it."""

    def __init__(self, shop: dict[str, Any]) -> None:
        self.model = model = cp_model.CpModel()
        self.shop = shop
        self.starts: list[Any] = []
        self.choices: list[list[tuple[int, Any]]] = []
        machines = [[] for _ in range(shop["machines"])]
        downtimes = shop.get("downtimes", [])
        work = sum(max(p for _, p in each) for job in shop["jobs"] for each in job["operations"])
        setups = shop.get("setups")
        widest = 0
        if setups is not None:
            widest = max(x for table in setups["times"] for row in table for x in row)
            widest = max([widest, *(x for row in setups["initial"] for x in row)])
        latest = max(
            [0, *(job.get("release", 0) for job in shop["jobs"]), *(end for _, _, end in downtimes)]
        )
        count = sum(len(job["operations"]) for job in shop["jobs"])
        horizon = latest + work + widest * count
        completion = []
        for number, job in enumerate(shop["jobs"]):
            ends = []
            first = len(self.starts)
            for position, alternatives in enumerate(job["operations"]):
                start = model.new_int_var(job.get("release", 0), horizon, "")
                end = model.new_int_var(0, horizon, "")
                mine = []
                for machine, duration in alternatives:
                    literal = model.new_bool_var("")
                    each = model.new_optional_interval_var(start, duration, end, literal, "")
                    family = setups["families"][number][position] if setups else 0
                    machines[machine].append((each, literal, start, end, family))
                    mine.append((machine, literal))
                model.add_exactly_one(literal for _, literal in mine)
                self.starts.append(start)
                self.choices.append(mine)
                ends.append(end)
            arcs = job.get("precedences", [[i, i + 1] for i in range(len(ends) - 1)])
            for one, other in arcs:
                model.add(self.starts[first + other] >= ends[one])
            complete = model.new_int_var(0, horizon, "")
            model.add_max_equality(complete, ends)
            completion.append(complete)
        for machine, members in enumerate(machines):
            fixed = [
                model.new_fixed_size_interval_var(begin, end - begin, "")
                for m, begin, end in downtimes
                if m == machine
            ]
            model.add_no_overlap([each for each, *_ in members] + fixed)
            if setups and members:
                self._circuit(members, setups["times"][machine], setups["initial"][machine])
        self._goal(completion, horizon)

    def _circuit(self, members: list[Any], times: list[list[int]], initial: list[int]) -> None:
        model = self.model
        arcs = [(0, 0, model.new_bool_var(""))]
        for a, (_, here, start, end, family) in enumerate(members, start=1):
            arcs.append((a, a, ~here))
            begin = model.new_bool_var("")
            arcs += [(0, a, begin), (a, 0, model.new_bool_var(""))]
            model.add(start >= initial[family]).only_enforce_if(begin)
            for b, (_, _, other, _, following) in enumerate(members, start=1):
                if a != b:
                    literal = model.new_bool_var("")
                    arcs.append((a, b, literal))
                    model.add(other >= end + times[family][following]).only_enforce_if(literal)
        model.add_circuit(arcs)

    def _goal(self, completion: list[Any], horizon: int) -> None:
        model, jobs, goal = self.model, self.shop["jobs"], self.shop["goal"]
        if goal == "makespan":
            makespan = model.new_int_var(0, horizon, "")
            model.add_max_equality(makespan, completion)
            model.minimize(makespan)
        elif goal == "flow-time":
            model.minimize(
                sum(
                    job.get("weight", 1) * (c - job.get("release", 0))
                    for job, c in zip(jobs, completion, strict=True)
                )
            )
        elif goal == "lateness":
            most = model.new_int_var(-horizon, horizon, "")
            model.add_max_equality(
                most, [c - job["due"] for job, c in zip(jobs, completion, strict=True)]
            )
            model.minimize(most)
        else:
            late = []
            for job, c in zip(jobs, completion, strict=True):
                tardy = model.new_int_var(0, horizon, "")
                model.add(tardy >= c - job["due"])
                late.append(job.get("weight", 1) * tardy)
            model.minimize(sum(late))

    def read(self, solver: Any) -> dict[str, list[int]]:
        """Return the solution as Ordino's JSON has it."""
        machine = [next(m for m, literal in mine if solver.value(literal)) for mine in self.choices]
        return {"start": [solver.value(each) for each in self.starts], "machine": machine}
