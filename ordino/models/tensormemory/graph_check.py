"""Checks the plan of a graph from first principles: replays it step by step, byte ranges included.

O(n log n) for n residences and uses, and as many comparisons as tensors are resident at once.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right, insort

from ordino.core.report import Report, Violation
from ordino.models.tensormemory.graph import INPUT, Graph, Plan

__all__ = ["check"]

Residences = list[list[int]]
"""Of each tensor, its residences in the order of their first steps."""


def check(instance: Graph, solution: Plan) -> Report:
    """Check order, residences, and the memory at each step.

    The objective is the bytes spilled and fetched, or the bytes of memory in use: the highest
    address, or without addresses the greatest total.
    """
    violations = _order(instance, solution) or _shape(instance, solution)
    if violations:
        return Report.of(violations, None)
    step = [0] * instance.operators
    for at, operator in enumerate(solution.order.tolist()):
        step[operator] = at
    of_tensor: Residences = [[] for _ in range(instance.tensors)]
    for residence, tensor in enumerate(solution.tensor.tolist()):
        of_tensor[tensor].append(residence)
    violations += _precedences(instance, step)
    violations += _residences(instance, solution, step, of_tensor)
    violations += _operands(instance, solution, step, of_tensor)
    highest, crowded = _memory(instance, solution)
    violations += crowded
    traffic = _traffic(instance, of_tensor)
    if instance.goal == "peak":
        for tensor in [tensor for tensor, each in enumerate(of_tensor) if len(each) > 1]:
            violations.append(
                Violation("spill", f"{instance.tensor(tensor)} is spilled, the goal is the peak")
            )
    return Report.of(violations, highest if instance.goal == "peak" else traffic)


def _order(instance: Graph, plan: Plan) -> list[Violation]:
    if sorted(plan.order.tolist()) != list(range(instance.operators)):
        message = f"the order is no permutation of the {instance.operators} operators"
        return [Violation("order", message)]
    if instance.fixed_order and plan.order.tolist() != instance.file_order.tolist():
        return [Violation("order", "the order is fixed, and this is another one")]
    return []


def _shape(instance: Graph, plan: Plan) -> list[Violation]:
    """Check what the rest relies on: numbers in range, and an address where one is needed."""
    found = []
    for tensor, first, last in zip(
        plan.tensor.tolist(), plan.first.tolist(), plan.last.tolist(), strict=True
    ):
        if not 0 <= tensor < instance.tensors:
            found.append(Violation("unknown", f"there is no tensor {tensor}"))
        elif not 0 <= first <= last < instance.operators:
            message = (
                f"{instance.tensor(tensor)} is resident from step {first} to {last}, "
                f"expected steps from 0 to {instance.operators - 1}"
            )
            found.append(Violation("residence", message))
    addressed = instance.addresses
    if plan.offset.size != (plan.tensor.size if addressed else 0):
        message = f"expected {'an address' if addressed else 'no addresses'} of each residence"
        found.append(Violation("address", message))
    spaces = instance.operators if addressed and bool(instance.scratch.any()) else 0
    if plan.scratch.size != spaces:
        message = f"expected {spaces} addresses of workspaces, got {plan.scratch.size}"
        found.append(Violation("address", message))
    return found


def _precedences(instance: Graph, step: list[int]) -> list[Violation]:
    found = []
    if instance.holds and (step[0] != 0 or step[-1] != instance.operators - 1):
        message = f"{instance.operator(0)} or the last operator runs between others"
        found.append(Violation("precedence", message))
    for operator in range(instance.operators):
        for tensor in instance.reads[operator].tolist():
            producer = int(instance.producer[tensor])
            if producer != INPUT and step[producer] >= step[operator]:
                message = (
                    f"{instance.operator(operator)} runs at step {step[operator]}, before "
                    f"{instance.operator(producer)} has written {instance.tensor(tensor)}"
                )
                found.append(Violation("precedence", message))
    return found


def _residences(
    instance: Graph, plan: Plan, step: list[int], of_tensor: Residences
) -> list[Violation]:
    """Check that tensors appear when they are written, and are away for a step between."""
    found = []
    for tensor, residences in enumerate(of_tensor):
        name = instance.tensor(tensor)
        if not residences:
            found.append(Violation("residence", f"{name} is never resident"))
            continue
        producer = int(instance.producer[tensor])
        first = int(plan.first[residences[0]])
        if producer != INPUT and first != step[producer]:
            message = f"{name} is resident from step {first}, it is written at {step[producer]}"
            found.append(Violation("residence", message))
        for before, after in itertools.pairwise(residences):
            left, back = int(plan.last[before]), int(plan.first[after])
            if back < left + 2:
                message = f"{name} leaves after step {left} and is back at step {back}"
                found.append(Violation("residence", f"{message}, expected a step between"))
    return found


def _operands(
    instance: Graph, plan: Plan, step: list[int], of_tensor: Residences
) -> list[Violation]:
    found = []
    first, last = plan.first.tolist(), plan.last.tolist()
    for lists in (instance.reads, instance.writes):
        for operator in range(instance.operators):
            at = step[operator]
            for tensor in lists[operator].tolist():
                residences = of_tensor[tensor]
                latest = bisect_right(residences, at, key=first.__getitem__) - 1
                if latest < 0 or last[residences[latest]] < at:
                    message = (
                        f"{instance.tensor(tensor)} is not resident at step {at}, "
                        f"when {instance.operator(operator)} needs it"
                    )
                    found.append(Violation("operand", message))
    return found


def _memory(instance: Graph, plan: Plan) -> tuple[int, list[Violation]]:
    """Replay the plan.

    Returns:
        The highest address in use, or without addresses the greatest total; and what collides.
    """
    arriving: list[list[int]] = [[] for _ in range(instance.operators)]
    leaving: list[list[int]] = [[] for _ in range(instance.operators)]
    for residence, (first, last) in enumerate(
        zip(plan.first.tolist(), plan.last.tolist(), strict=True)
    ):
        arriving[first].append(residence)
        leaving[last].append(residence)
    found: list[Violation] = []
    blocks: list[tuple[int, int, str]] = []  # begin, end and name of what is in the memory
    total = highest = 0

    def block(residence: int) -> tuple[int, int, str]:
        tensor, begin = int(plan.tensor[residence]), int(plan.offset[residence])
        return begin, begin + int(instance.room[tensor]), instance.tensor(tensor)

    def put(new: tuple[int, int, str], at: int) -> None:
        nonlocal highest
        begin, end, name = new
        highest = max(highest, end)
        if begin < 0 or begin % instance.alignment:
            message = f"{name} is at address {begin} at step {at}, expected a multiple of "
            found.append(Violation("address", f"{message}{instance.alignment}, at least 0"))
        if instance.capacity is not None and end > instance.capacity:
            message = f"{name} ends at address {end} at step {at}, the capacity is "
            found.append(Violation("capacity", f"{message}{instance.capacity}"))
        place = bisect_left(blocks, new)
        for other in blocks[max(0, place - 1) : place + 1]:
            if other[0] < end and begin < other[1]:
                message = (
                    f"at step {at}, {name} at {begin} to {end} overlaps "
                    f"{other[2]} at {other[0]} to {other[1]}"
                )
                found.append(Violation("overlap", message))
        insort(blocks, new)

    for at, operator in enumerate(plan.order.tolist()):
        own = int(instance.scratch[operator])
        total += sum(int(instance.room[plan.tensor[each]]) for each in arriving[at])
        if instance.addresses:
            for residence in arriving[at]:
                put(block(residence), at)
            if own:
                begin = int(plan.scratch[operator])
                space = (begin, begin + own, f"the workspace of {instance.operator(operator)}")
                put(space, at)
                blocks.remove(space)
            for residence in leaving[at]:
                blocks.remove(block(residence))
        else:
            highest = max(highest, total + own)
            if instance.capacity is not None and total + own > instance.capacity:
                message = f"{total + own} bytes are resident at step {at}, the capacity is "
                found.append(Violation("capacity", f"{message}{instance.capacity}"))
        total -= sum(int(instance.room[plan.tensor[each]]) for each in leaving[at])
    return highest, found


def _traffic(instance: Graph, of_tensor: Residences) -> int:
    total = 0
    for tensor, residences in enumerate(of_tensor):
        fetches = len(residences) - 1
        if fetches > 0:
            total += instance.spill_cost(tensor) + fetches * int(instance.sizes[tensor])
    return total
