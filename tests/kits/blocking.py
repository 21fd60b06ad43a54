"""Shops without room between machines, for tests: tiny ones, and their optimum by brute force."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise, permutations, product
from math import factorial, prod

import networkx as nx
import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from ordino.models.jobshop.check import check
from ordino.models.jobshop.problem import Schedule
from ordino.models.jobshop.shop import GOALS, Shop

MOST_ORDERS = 1000
"""Of all machines, without a choice of them: what brute force tries in a second or less."""


@st.composite
def blocking_shops(draw: st.DrawFn, *, buffers: str, plain: bool = False) -> Shop:
    """Shops of few operations; `plain` ones without downtimes, setups and choice of machines."""
    machines = draw(st.integers(2, 3))
    least = draw(st.integers(int(plain and buffers == "blocking"), 1))
    operation = st.tuples(st.integers(0, machines - 1), st.integers(least, 4))
    jobs = draw(st.lists(st.lists(operation, min_size=1, max_size=3), min_size=2, max_size=3))
    count = len(jobs)
    dates = st.lists(st.integers(0, 4), min_size=count, max_size=count)
    places = [(job, position) for job, row in enumerate(jobs) for position in range(len(row))]
    alternatives = [[[pair] for pair in job] for job in jobs]
    loads = Counter(machine for row in jobs for machine, _ in row)
    orders = prod(map(factorial, loads.values()))
    assume(orders <= MOST_ORDERS)
    if not plain and orders <= MOST_ORDERS // 8:
        for job, position in draw(st.sets(st.sampled_from(places), max_size=2)):
            machine, duration = jobs[job][position]
            alternatives[job][position].append(((machine + 1) % machines, duration + 1))
    down = []
    if not plain:
        begin = draw(st.integers(0, 5))
        down = [(0, begin, begin + draw(st.integers(1, 3)))] if draw(st.booleans()) else []
    setups = not plain and least == 1 and draw(st.booleans())
    matrix = [[[0, 2], [1, 0]]] * machines
    goal = draw(st.sampled_from(sorted(GOALS)))
    return Shop.of(
        alternatives,
        machines=machines,
        release_dates=draw(dates),
        due_dates=draw(dates),
        weights=draw(dates),
        setup_families=[[i % 2 for i in range(len(job))] for job in jobs] if setups else None,
        setups=matrix if setups else None,
        downtimes=down,
        buffers=buffers,
        goal=goal,
    )


def brute_force(instance: Shop) -> int | None:
    """Least objective over all choices and orders of all machines; `None` if none is feasible.

    Each order's earliest schedule is a least fixed point, found by raising starts from 0.
    """
    best: int | None = None
    for choice in product(*(instance.alternatives(i) for i in range(instance.operations))):
        machine = instance.machine[list(choice)].tolist()
        duration = instance.duration[list(choice)].tolist()
        members = [
            [i for i, m in enumerate(machine) if m == each] for each in range(instance.machines)
        ]
        for orders in product(*(permutations(each) for each in members)):
            start = _earliest(instance, machine, duration, orders)
            if start is None:
                continue
            report = check(instance, Schedule(np.array(start), np.array(machine)))
            if report.valid and (best is None or report.objective < best):
                best = report.objective
    return best


def _earliest(
    instance: Shop, machine: list[int], duration: list[int], orders: tuple[tuple[int, ...], ...]
) -> list[int] | None:
    n = instance.operations
    following = dict(zip(instance.arc_before.tolist(), instance.arc_after.tolist(), strict=True))
    arcs = [(i, j, duration[i]) for i, j in following.items()]
    events = nx.DiGraph(following.items())
    start = instance.release_dates[instance.job].tolist()
    for m, order in enumerate(orders):
        for i, j in pairwise(order):
            families = instance.setup_family[i], instance.setup_family[j]
            setup = int(instance.setup[m][families]) if instance.setup.size else 0
            if i in following and instance.buffers != "no-wait":
                if following[i] != j:
                    events.add_edge(following[i], j)
                arcs.append((following[i], j, setup))
            else:
                events.add_edge((i, "end"), j)
                arcs.append((i, j, duration[i] + setup))
        events.add_edges_from((i, (i, "end")) for i in order)
    if instance.buffers == "blocking" and not nx.is_directed_acyclic_graph(events):
        return None
    limit = instance.horizon + 1
    changed = True
    while changed:
        changed = False
        raised = list(start)
        for i, j, length in arcs:
            raised[j] = max(raised[j], raised[i] + length)
        if instance.buffers == "no-wait":
            for i, j in following.items():
                raised[i] = max(raised[i], raised[j] - duration[i])
        for i in range(n):
            for begin, end in instance.downtimes(machine[i]):
                if raised[i] < end and begin < raised[i] + duration[i]:
                    raised[i] = end
        if raised != start:
            start, changed = raised, True
        if max(start) > limit:
            return None
    return start
