"""The checker of VM placements, against hand-made right and wrong ones; bounds by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ordino.core.errors import InstanceError, UsageError
from ordino.models.rescheduling import bounds
from ordino.models.rescheduling.check import check
from ordino.models.rescheduling.problem import Placement, Snapshot, adjust

BASE: dict[str, Any] = {
    "memory": [[8, 8], [8, 8], [8, 8]],
    "takes_memory": [1, 1, 8, 1],
    "rack": [0, 0, 1],
}
VMS = [(0, 0, 8), (1, 0, 8), (1, 1, 4), (2, None, 12)]


def snapshot(**fields: Any) -> Snapshot:
    """Three hosts of two NUMA nodes of 20 cores; the last VM spans both of the third."""
    return Snapshot.of([[20, 20]] * 3, VMS, **BASE | fields)


def verdict(instance: Snapshot, host: list[int], numa: list[int]) -> list[str]:
    report = check(instance, Placement(np.array(host), np.array(numa)))
    assert report.valid == (report.objective is not None)
    return [violation.kind for violation in report.violations]


def test_objective_counts_what_no_slot_holds() -> None:
    instance = snapshot()
    # free: 12 20 | 12 16 | 8 8
    stays = check(instance, Placement(instance.host, instance.numa))
    assert stays.objective == 12 + 4 + 12 + 0 + 8 + 8
    moved = check(instance, Placement(np.array([1, 1, 1, 2]), np.array([0, 0, 1, 0])))
    assert moved.objective == 4 + 4 + 4 + 0 + 8 + 8
    assert check(replace(instance, slot=4), Placement(instance.host, instance.numa)).objective == 0


def test_each_rule() -> None:
    instance = snapshot()
    home = [0, 1, 1, 2], [0, 0, 1, 0]
    assert verdict(instance, *home) == []
    assert verdict(instance, home[0][:-1], home[1]) == ["shape"]
    assert verdict(instance, [0, 1, 1, 3], home[1]) == ["unknown"]
    assert verdict(instance, home[0], [0, 0, 2, 0]) == ["unknown"]
    assert verdict(instance, home[0], [0, 0, 1, 1]) == ["unknown"]  # one that spans has no node
    pinned = replace(instance, movable=np.array([0, 1, 1, 1]))
    assert verdict(pinned, home[0], [1, 0, 1, 0]) == ["pinned"]
    closed = replace(instance, accepts=np.array([0, 1, 1]))
    assert verdict(closed, [0, 0, 1, 2], home[1]) == ["host"]
    assert verdict(closed, home[0], [1, 0, 1, 0]) == []  # it does not arrive, it is there
    few = replace(instance, max_moves=1)
    assert verdict(few, [1, 0, 1, 2], home[1]) == ["moves"]
    assert verdict(instance, [2, 2, 1, 2], home[1]) == ["room"]
    assert verdict(instance, [0, 1, 0, 2], [0, 0, 0, 0]) == ["room"]  # memory


def test_sets_that_are_to_be_apart() -> None:
    home = [0, 1, 1, 2], [0, 0, 1, 0]
    by_host = snapshot(host_sets=((0, 1, 2),))
    assert verdict(by_host, *home) == []  # two share a host already
    assert verdict(by_host, [1, 1, 1, 2], home[1]) == ["apart"]
    assert verdict(by_host, [1, 0, 1, 2], home[1]) == ["apart"]
    assert verdict(by_host, [0, 2, 1, 2], home[1]) == []
    by_rack = snapshot(rack_sets=((0, 3),))
    assert verdict(by_rack, [2, 1, 1, 2], home[1]) == ["apart"]
    assert verdict(by_rack, [1, 1, 1, 2], [0, 0, 1, 0]) == []


def test_bounds_by_hand() -> None:
    # free 12, 20, 12, 16, 8, 8: 76 in all, 2 whole slots now
    instance = snapshot()
    assert bounds.whole_slots(instance) == 76 % 16
    # one departure: 8 leave a node of 12, or 12 both nodes of 8; each makes two slots at most
    assert bounds.few_moves(adjust(instance, max_moves=0)) == 44
    assert bounds.few_moves(adjust(instance, max_moves=1)) == 76 - 4 * 16
    assert bounds.few_moves(instance) == 12


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"memory": [[8, 8], [8, 0], [8, 8]]}, "NUMA node 1 of host host-2 has less"),
        ({"slot": 0}, "slots of 0 cores"),
        ({"rack": [0, 0, 3]}, "rack 3, expected less than 3"),
        ({"host_sets": ((0, 9),)}, "a set names VM 9"),
        ({"movable": [1, 1, 2, 1]}, "movable 2"),
        ({"max_moves": -2}, "at most -2 moves"),
        ({"vm_names": ["a", "a", "b", "c"]}, "4 distinct names"),
        ({"memory": [[8], [8, 8], [8, 8]]}, "as many memory"),
    ],
)
def test_what_is_no_snapshot(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InstanceError, match=message):
        snapshot(**fields)
    with pytest.raises(UsageError, match="slots of 0"):
        adjust(snapshot(), slot=0)
