"""Problem options of the family: those that suit the instance's type make another instance."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any, Literal

from ordino.core.arrays import frozen_integers
from ordino.core.errors import InstanceError, UsageError, clip
from ordino.models.tensormemory.graph import Graph
from ordino.models.tensormemory.lifetimes import Lifetimes
from ordino.models.tensormemory.mapping import Mapping

__all__ = ["adjust"]

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}


def adjust(
    instance: Any,
    *,
    capacity: int | str | None = None,
    goal: str | None = None,
    order: Literal["free", "fixed"] | None = None,
    addresses: Literal["on", "off"] | None = None,
    parameters: Literal["ignored", "resident"] | None = None,
    clean_inputs: bool = False,
    hold: bool = False,
    alignment: int | None = None,
) -> Any:
    """Make an instance with another goal, in a memory of another capacity, under other rules.

    Args:
        instance: The one to start from.
        capacity: Bytes, also as in 512KiB; of a graph also M_R, the least in which it can run, M_P,
            the least in which it runs without traffic, or M_H, halfway; of lifetimes also 50%, of
            the most bytes that are alive at one time.
        goal: Of a graph, `peak` or `traffic`; without it, `traffic` if there is a capacity. Of
            lifetimes, `height`, `fit` or `mapping`; without it, `fit` if there is a capacity.
        order: Of a graph, whether operators may run in another order than that of the file.
        addresses: Of a graph, whether tensors need addresses, or their total counts alone.
        parameters: Of a graph, whether those of an operator lie in the memory while it runs.
        clean_inputs: Inputs of a graph need not be spilled, as there is a copy of them.
        hold: Inputs of a graph are there from the first step on, results stay to the last.
        alignment: Addresses are multiples of it, beside what the instance asks for.

    Raises:
        UsageError: A value or combination that makes no sense.
    """
    given = {
        "goal": goal,
        "order": order,
        "addresses": addresses,
        "parameters": parameters,
        "clean_inputs": clean_inputs or None,
        "hold": hold or None,
        "alignment": alignment,
    }
    options = {name: value for name, value in given.items() if value is not None}
    try:
        if isinstance(instance, Graph):
            return _of_graph(instance, capacity, options)
        return _of_buffers(instance, capacity, options)
    except InstanceError as error:
        raise UsageError(error.message) from None


def _of_graph(graph: Graph, capacity: int | str | None, options: dict[str, Any]) -> Graph:
    changes: dict[str, Any] = {}
    if "order" in options:
        changes["fixed_order"] = options["order"] == "fixed"
    if "addresses" in options:
        changes["addresses"] = options["addresses"] == "on"
    if "parameters" in options:
        changes["resident_parameters"] = options["parameters"] == "resident"
    if "clean_inputs" in options:
        changes["clean_inputs"] = True
    if "alignment" in options:
        changes["alignment"] = _common(graph.alignment, options["alignment"])
    changed = replace(graph.held() if "hold" in options else graph, **changes)
    goal = options.get("goal")
    if goal not in (None, "peak", "traffic"):
        raise UsageError(f"goal {clip(goal)!r}: a graph has peak or traffic")
    if goal == "peak":
        if capacity is not None:
            raise UsageError("the goal peak asks for the capacity: leave it out")
        return replace(changed, capacity=None)
    if capacity is not None:
        return replace(changed, capacity=_bytes_of_graph(changed, capacity))
    if goal == "traffic" and changed.capacity is None:
        raise UsageError("the goal traffic needs --capacity, in bytes or as M_R, M_H or M_P")
    return changed


def _of_buffers(
    instance: Lifetimes | Mapping, capacity: int | str | None, options: dict[str, Any]
) -> Lifetimes | Mapping:
    lifetimes = instance.lifetimes if isinstance(instance, Mapping) else instance
    goal = options.pop("goal", "mapping" if isinstance(instance, Mapping) else None)
    alignment = options.pop("alignment", None)
    for name in options:
        raise UsageError(f"the option {name.replace('_', '-')} is for graphs")
    if alignment is not None:
        common = [_common(each, alignment) for each in lifetimes.alignment.tolist()]
        lifetimes = replace(lifetimes, alignment=frozen_integers(common, "alignment"))
    if capacity is not None:
        lifetimes = replace(lifetimes, capacity=_bytes_of_buffers(lifetimes, capacity))
    if goal not in (None, "height", "fit", "mapping"):
        raise UsageError(f"goal {clip(goal)!r}: lifetimes have height, fit or mapping")
    if goal == "height":
        if capacity is not None:
            raise UsageError("the goal height asks for the capacity: leave it out")
        return replace(lifetimes, capacity=None)
    if goal is not None and lifetimes.capacity is None:
        raise UsageError(f"the goal {goal} needs --capacity")
    if goal != "mapping":
        return lifetimes
    if isinstance(instance, Mapping):
        return replace(instance, lifetimes=lifetimes)
    return Mapping.of(lifetimes)


def _common(alignment: int, further: int) -> int:
    """Return the least alignment that keeps both."""
    if further < 1:
        raise UsageError(f"alignment {further}: expected at least 1")
    return math.lcm(alignment, further)


def _bytes_of_buffers(lifetimes: Lifetimes, capacity: int | str) -> int:
    """Read bytes, or a share of the load, as in 50%."""
    if isinstance(capacity, str) and (match := re.fullmatch(r"([0-9]{1,3})%", capacity)):
        return lifetimes.load * int(match[1]) // 100
    return read_bytes(capacity, " or 50% of the load")


def _bytes_of_graph(graph: Graph, capacity: int | str) -> int:
    if capacity == "M_R":
        return graph.least_capacity
    if capacity in ("M_P", "M_H"):
        from ordino.solvers.tensormemory.peak import least_peak

        peak = least_peak(graph).value
        return peak if capacity == "M_P" else (graph.least_capacity + peak) // 2
    return read_bytes(capacity, " or M_R, M_H, M_P")


def read_bytes(value: int | str, more: str = "") -> int:
    """Read bytes, or a number with a unit.

    >>> read_bytes("512KiB")
    524288
    """
    if isinstance(value, int):
        return value
    match = re.fullmatch(r"([0-9]{1,18}(?:\.[0-9]{1,9})?) ?([kmg]i?|)b?", value.lower())
    if not match:
        raise UsageError(f"capacity {clip(value)!r}: expected bytes, as in 65536, 512KiB{more}")
    return (
        int(float(match[1]) * _UNITS[match[2]])
        if "." in match[1]
        else (int(match[1]) * _UNITS[match[2]])
    )
