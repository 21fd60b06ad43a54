"""The checker of general shops on single changes of right schedules, against first principles.

What is right is decided here pair by pair and instant by instant, from the definitions in
`models.jobshop.shop`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from kits.blocking import blocking_shops
from kits.shop import shops

import ordino
from ordino.heuristics.jobshop.serial import serial
from ordino.models.jobshop.check import check
from ordino.models.jobshop.problem import Schedule
from ordino.models.jobshop.shop import BUFFERS, Shop
from ordino.models.jobshop.shop_cpsat import takes_shop


def durations(shop: Shop) -> list[dict[int, int]]:
    """Of each operation on each of its machines."""
    machine, duration = shop.machine.tolist(), shop.duration.tolist()
    return [{machine[k]: duration[k] for k in shop.alternatives(i)} for i in range(shop.operations)]


def is_right(shop: Shop, start: list[int], machine: list[int]) -> bool:
    n, known = shop.operations, durations(shop)
    if any(machine[i] not in known[i] for i in range(n)):
        return False
    end = [start[i] + known[i][machine[i]] for i in range(n)]
    leave = list(end)
    for i, j in zip(shop.arc_before.tolist(), shop.arc_after.tolist(), strict=True):
        if start[j] < end[i] or (shop.buffers == "no-wait" and start[j] > end[i]):
            return False
        if shop.buffers in ("swap", "blocking"):
            leave[i] = start[j]
    if any(start[i] < shop.release_dates[shop.job[i]] for i in range(n)):
        return False
    for m, begin, until in zip(shop.down_machine, shop.down_begin, shop.down_end, strict=True):
        if any(machine[i] == m and start[i] < until and begin < end[i] for i in range(n)):
            return False
    for i, j in combinations(range(n), 2):
        if machine[i] == machine[j] and start[i] < leave[j] and start[j] < leave[i]:
            return False
    return has_setups(shop, start, leave, machine) and (
        shop.buffers != "blocking" or has_turns(shop, start, leave, machine)
    )


def has_setups(shop: Shop, start: list[int], leave: list[int], machine: list[int]) -> bool:
    if not shop.setup.size:
        return True
    left = [0] * shop.machines
    family = [shop.setup_families] * shop.machines
    for i in sorted(range(shop.operations), key=start.__getitem__):
        m, own = machine[i], int(shop.setup_family[i])
        if start[i] < left[m] + shop.setup[m, family[m], own]:
            return False
        left[m], family[m] = leave[i], own
    return True


def has_turns(shop: Shop, start: list[int], leave: list[int], machine: list[int]) -> bool:
    """Tell whether jobs can move one after another at each instant, onto machines that are empty
    or their own."""
    before = dict(zip(shop.arc_after.tolist(), shop.arc_before.tolist(), strict=True))
    last = set(range(shop.operations)) - set(before.values())
    for now in set(start):
        inside = {
            machine[i]: i
            for i in range(shop.operations)
            if start[i] < now and (leave[i] > now or (leave[i] == now and i not in last))
        }
        moves = [i for i in range(shop.operations) if start[i] == now]
        moves.sort(key=lambda i: (leave[i], i))
        while moves:
            for index, i in enumerate(moves):
                own = before.get(i)
                turn = machine[i] not in [machine[j] for j in moves[:index]]
                if turn and own not in moves and inside.get(machine[i]) in (None, own):
                    break
            else:
                return False
            moves.remove(i)
            if own is not None:
                del inside[machine[own]]
            if leave[i] > now or i not in last:
                inside[machine[i]] = i
    return True


def right_schedule(shop: Shop) -> Schedule | None:
    if takes_shop(shop) is None:
        return ordino.solve(shop, solver="cpsat", workers=1, time_limit=20).solution
    return serial(shop)


def changes(shop: Shop, start: list[int], machine: list[int]) -> Iterator[tuple[list, list]]:
    """Each start moved by one, or to an end; each operation put on each other machine, and none."""
    known = durations(shop)
    ends = {start[i] + known[i][machine[i]] for i in range(shop.operations)}
    for i in range(shop.operations):
        for time in sorted(({start[i] - 1, start[i] + 1, 0} | ends) - {start[i]}):
            yield [*start[:i], time, *start[i + 1 :]], machine
        for other in range(shop.machines + 1):
            if other != machine[i]:
                yield start, [*machine[:i], other, *machine[i + 1 :]]


@pytest.mark.parametrize("buffers", BUFFERS)
@settings(max_examples=12)
@given(st.data())
def test_every_single_change_is_judged_as_by_first_principles(
    buffers: str, data: st.DataObject
) -> None:
    shop = data.draw(shops() if buffers == "unlimited" else blocking_shops(buffers=buffers))
    found = right_schedule(shop)
    assume(found is not None)
    start = found.start.tolist()
    machine = shop.machine[shop.alternative_start[:-1]] if found.machine is None else found.machine
    machine = machine.tolist()
    assert is_right(shop, start, machine)
    assert check(shop, found).valid
    for starts, machines in changes(shop, start, machine):
        report = check(shop, Schedule(np.array(starts), np.array(machines)))
        assert report.valid == is_right(shop, starts, machines), (starts, machines, report)
