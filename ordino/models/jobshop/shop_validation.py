"""What makes data a general shop: ranges, alternatives, precedences, setups, downtimes, totals.

Errors have paths into the plain form (`shop_plain`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ordino.core.arrays import Integers, frozen_integers, guard_total
from ordino.core.errors import InstanceError, clip, nearest
from ordino.models.jobshop.problem import MOST_MACHINES

if TYPE_CHECKING:
    from ordino.models.jobshop.shop import Shop

__all__ = [
    "frozen_setups",
    "neighbours",
    "numbered_arcs",
    "setup_table",
    "sorted_operations",
    "validate",
]

MOST_SETUPS = 50_000_000
"""Setup times; more would fill the memory."""


def validate(shop: Shop) -> None:
    """Refuse what is no shop; raises `InstanceError`. O(n log n) for n alternatives and arcs."""
    _validate_shape(shop)
    _validate_alternatives(shop)
    _validate_arcs(shop)
    _validate_setups(shop)
    _validate_downtimes(shop)
    _validate_variant(shop)
    _validate_totals(shop)


def _validate_shape(shop: Shop) -> None:
    for starts, owner, what in (
        (shop.job_start, "job", "operations"),
        (shop.alternative_start, "operation", "alternatives"),
    ):
        lengths = np.diff(starts)
        if starts[0] != 0 or (lengths < 0).any():
            raise InstanceError(f"{owner} starts must grow from 0")
        if (lengths == 0).any():
            wrong = int(np.argmin(lengths))
            if owner == "job":
                raise InstanceError(f"job {wrong} has no {what}", ("jobs", wrong, what))
            raise InstanceError(f"{_told(shop, wrong)} has no {what}", _path(shop, wrong))
    if shop.job_start[-1] != shop.operations:
        raise InstanceError(f"expected {shop.job_start[-1]} operations, got {shop.operations}")
    if not 1 <= shop.machines <= MOST_MACHINES:
        message = f"expected 1 to {MOST_MACHINES} machines, got {shop.machines}"
        raise InstanceError(message, ("machines",))


def _told(shop: Shop, operation: int) -> str:
    job, position = shop.place(operation)
    return f"operation {position} of job {job}"


def _path(shop: Shop, operation: int) -> tuple[str | int, ...]:
    job, position = shop.place(operation)
    return "jobs", job, "operations", position


def _validate_alternatives(shop: Shop) -> None:
    wrong = shop.machine >= shop.machines
    operation = np.repeat(np.arange(shop.operations), np.diff(shop.alternative_start))
    if wrong.any():
        place = int(np.argmax(wrong))
        owner = int(operation[place])
        raise InstanceError(
            f"{_told(shop, owner)} is on machine {shop.machine[place]}, there are machines 0 to "
            f"{shop.machines - 1}",
            _path(shop, owner),
        )
    keys = np.sort(operation * shop.machines + shop.machine)
    twice = np.flatnonzero(keys[1:] == keys[:-1])
    if twice.size:
        owner, machine = divmod(int(keys[twice[0]]), shop.machines)
        raise InstanceError(
            f"{_told(shop, owner)} has two alternatives on machine {machine}", _path(shop, owner)
        )


def _validate_arcs(shop: Shop) -> None:
    last = shop.operations - 1
    for each in (shop.arc_before, shop.arc_after):
        if each.size and int(each.max()) > last:
            raise InstanceError(f"a precedence names operation {each.max()}, the last is {last}")
    apart = shop.job[shop.arc_before] != shop.job[shop.arc_after]
    if apart.any():
        arc = int(np.argmax(apart))
        first, second = (int(each[arc]) for each in (shop.arc_before, shop.arc_after))
        raise InstanceError(
            f"a precedence leads from {_told(shop, first)} to {_told(shop, second)}: expected two "
            "operations of one job"
        )
    _, left = sorted_operations(shop.operations, shop.arc_before.tolist(), shop.arc_after.tolist())
    if left:
        way = " -> ".join(map(str, _cycle(shop, left)))
        job = int(shop.job[left[0]])
        message = f"precedences of job {job} form a cycle: operations {clip(way, 200)}"
        raise InstanceError(message, ("jobs", job, "precedences"))


def _cycle(shop: Shop, left: list[int]) -> list[int]:
    """Return positions in a job around a cycle among operations that all lie behind one."""
    before = dict(zip(shop.arc_after.tolist(), shop.arc_before.tolist(), strict=True))
    rest = set(left)
    for first, second in zip(shop.arc_before.tolist(), shop.arc_after.tolist(), strict=True):
        if first in rest and second in rest:
            before[second] = first
    seen: dict[int, int] = {}
    at = left[0]
    while at not in seen:
        seen[at] = len(seen)
        at = before[at]
    cycle = [each for each, index in seen.items() if index >= seen[at]]
    return [shop.place(each)[1] for each in [at, *reversed(cycle)]]


def _validate_setups(shop: Shop) -> None:
    if not shop.setup.size:
        if shop.setup_family.any():
            raise InstanceError("there are setup families, but no setup times", ("setups", "times"))
        return
    if not shop.duration.all():
        place = int(np.argmin(shop.duration))
        owner = int(np.searchsorted(shop.alternative_start, place, side="right")) - 1
        raise InstanceError(
            f"{_told(shop, owner)} takes no time: where there are setups, expected durations of at "
            "least 1",
            _path(shop, owner),
        )
    families = shop.setup_families
    if shop.setup.shape != (shop.machines, families + 1, families):
        raise InstanceError(
            f"expected setup times of {shop.machines} x {families + 1} x {families}, got "
            f"{' x '.join(map(str, shop.setup.shape))}",
            ("setups", "times"),
        )
    if int(shop.setup_family.max()) >= families:
        operation = int(np.argmax(shop.setup_family))
        raise InstanceError(
            f"{_told(shop, operation)} is of setup family {shop.setup_family[operation]}, there "
            f"are 0 to {families - 1}",
            ("setups", "families", *shop.place(operation)),
        )


def _validate_downtimes(shop: Shop) -> None:
    rows = np.stack([shop.down_machine, shop.down_begin, shop.down_end], axis=1).tolist()
    for index, (machine, begin, end) in enumerate(rows):
        path = ("downtimes", index)
        if machine >= shop.machines:
            message = (
                f"a downtime of machine {machine}, there are machines 0 to {shop.machines - 1}"
            )
            raise InstanceError(message, path)
        if end <= begin:
            message = f"machine {machine}: a downtime ends at {end}, begins at {begin}"
            raise InstanceError(message, path)
    if rows != sorted(rows):
        raise InstanceError("expected downtimes sorted by machine and begin", ("downtimes",))
    from ordino.models.jobshop.shop import NEVER

    for index, ((one, begin, end), (other, later, until)) in enumerate(pairwise(rows), start=1):
        if one == other and later < end:
            told = [
                f"{b} to {'for ever' if e == NEVER else e}"
                for b, e in ((begin, end), (later, until))
            ]
            message = f"machine {one}: downtimes {' and '.join(told)} overlap"
            raise InstanceError(message, ("downtimes", index))


def _validate_variant(shop: Shop) -> None:
    from ordino.models.jobshop.shop import BUFFERS, GOALS

    for what, value, known in (("goal", shop.goal, GOALS), ("buffers", shop.buffers, BUFFERS)):
        if value not in known:
            raise InstanceError(f"no {what} {clip(value)}: {nearest(str(value), known)}", (what,))
    if shop.goal in ("tardiness", "lateness") and shop.due_dates is None:
        raise InstanceError(f"the goal {shop.goal} needs due dates", ("goal",))
    if shop.buffers != "unlimited" and not shop.chained:
        message = f"the variant {shop.buffers} needs jobs that are chains"
        raise InstanceError(message, ("buffers",))


def _validate_totals(shop: Shop) -> None:
    horizon = shop.horizon
    guard_total(horizon, "end of a schedule")
    dues = [0] if shop.due_dates is None else shop.due_dates.tolist()
    latest = horizon + max(map(abs, dues))
    guard_total(latest * max(1, sum(shop.weights.tolist())), "objective of a schedule")


def numbered_arcs(
    job_start: list[int], arcs: Sequence[Sequence[tuple[int, int]] | None] | None
) -> tuple[list[int], list[int]]:
    """Turn the precedences of each job, by positions, into pairs of operation numbers."""
    jobs = len(job_start) - 1
    if arcs is not None and len(arcs) != jobs:
        raise InstanceError(f"expected precedences for {jobs} jobs, got {len(arcs)}")
    before: list[int] = []
    after: list[int] = []
    for job, (first, behind) in enumerate(pairwise(job_start)):
        given = None if arcs is None else arcs[job]
        pairs = pairwise(range(behind - first)) if given is None else given
        for index, (one, other) in enumerate(pairs):
            if not (0 <= one < behind - first and 0 <= other < behind - first):
                raise InstanceError(
                    f"job {job}: a precedence from {one} to {other}, there are operations 0 to "
                    f"{behind - first - 1}",
                    ("jobs", job, "precedences", index),
                )
            before.append(first + one)
            after.append(first + other)
    return before, after


def sorted_operations(
    count: int, before: list[int], after: list[int]
) -> tuple[list[int], list[int]]:
    """Sort operations so that every precedence leads forwards; of those ready, the least first in.

    Returns:
        The order, and what lies on a cycle of precedences or behind one.
    """
    waits = [0] * count
    following: list[list[int]] = [[] for _ in range(count)]
    for one, other in zip(before, after, strict=True):
        following[one].append(other)
        waits[other] += 1
    ready = deque(i for i in range(count) if not waits[i])
    order = []
    while ready:
        at = ready.popleft()
        order.append(at)
        for each in following[at]:
            waits[each] -= 1
            if not waits[each]:
                ready.append(each)
    return order, [i for i in range(count) if waits[i]]


def neighbours(count: int, of: Integers, to: Integers) -> tuple[tuple[int, ...], ...]:
    """Return for each operation those at the other end of its precedences."""
    found: list[list[int]] = [[] for _ in range(count)]
    for one, other in zip(of.tolist(), to.tolist(), strict=True):
        found[one].append(other)
    return tuple(map(tuple, found))


def setup_table(
    lengths: list[int],
    machines: int,
    setup_families: Sequence[Sequence[int]] | None,
    setups: Any,
    initial_setups: Any,
) -> tuple[Integers, Any]:
    """Make setup families and setup times as a `Shop` holds them."""
    if (setup_families is None) != (setups is None):
        raise InstanceError("expected setup families and setup times, got one of them")
    if setup_families is None:
        if initial_setups is not None:
            raise InstanceError("expected setup times beside initial ones")
        return frozen_integers([0] * sum(lengths), "setup family"), np.zeros((0, 0, 0), np.int64)
    if [len(job) for job in setup_families] != lengths:
        message = "expected a setup family for each operation of each job"
        raise InstanceError(message, ("setups", "families"))
    family = frozen_integers([each for job in setup_families for each in job], "setup family")
    if len(setups) != machines:
        message = f"expected setup times of {machines} machines, got {len(setups)}"
        raise InstanceError(message, ("setups", "times"))
    families = len(setups[0]) if len(setups) else 0
    if machines * (families + 1) * families > MOST_SETUPS:
        raise InstanceError(f"more than {MOST_SETUPS} setup times", ("setups", "times"))
    first = [[0] * families] * machines if initial_setups is None else initial_setups
    if len(first) != machines:
        message = f"expected initial setups of {machines} machines, got {len(first)}"
        raise InstanceError(message, ("setups", "initial"))
    rows = []
    for machine, matrix in enumerate(setups):
        if len(matrix) != families or any(len(row) != families for row in matrix):
            widths = sorted({len(matrix), *(len(row) for row in matrix)})
            raise InstanceError(
                f"machine {machine}: expected setup times of {families} x {families} families, "
                f"got rows or columns of {', '.join(map(str, widths))}",
                ("setups", "times", machine),
            )
        if len(first[machine]) != families:
            raise InstanceError(
                f"machine {machine}: expected {families} initial setups, got {len(first[machine])}",
                ("setups", "initial", machine),
            )
        rows += [*matrix, first[machine]]
    flat = frozen_integers([each for row in rows for each in row], "setup time", minimum=0)
    return family, flat.reshape(machines, families + 1, families)


def frozen_setups(values: Any) -> Any:
    """Copy setup times into a read-only array of three dimensions; raises `InstanceError`."""
    array = np.asarray(values)
    if array.ndim != 3:
        raise InstanceError(f"expected setup times in three dimensions, got {array.ndim}")
    if array.size > MOST_SETUPS:
        raise InstanceError(f"more than {MOST_SETUPS} setup times")
    flat = frozen_integers(array.ravel(), "setup time", minimum=0)
    return flat.reshape(array.shape)
