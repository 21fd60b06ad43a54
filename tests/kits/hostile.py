"""A family whose solvers hang, crash, or take all memory, as another package would register it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from kits.toy import Choice, Digits, check, nines, stepper

from ordino.core.family import Family, SolverSpec
from ordino.core.plain import Node

__all__ = ["FAMILY", "Choice", "check", "nines", "stepper"]

HERE = "kits.hostile"


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Hostile(Digits):
    family: ClassVar[str] = "hostile"

    @classmethod
    def from_data(cls, data: Node) -> Self:
        fields = data.object("count", "demand", optional=("most",))
        return cls(**{key: node.integer() for key, node in fields.items()})


def hang() -> Callable[..., None]:
    """Hang without letting any other thread run, as compiled code may."""

    def solve(instance: Any, incumbent: Any, budget: Any) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        while True:
            sum(range(10**9))

    return solve


def abort() -> Callable[..., None]:
    def solve(instance: Any, incumbent: Any, budget: Any) -> None:
        os.abort()

    return solve


def hog() -> Callable[..., None]:
    """Take ten megabytes every few milliseconds."""

    def solve(instance: Any, incumbent: Any, budget: Any) -> None:
        held = []
        while not budget.should_stop():
            held.append(bytearray(10**7))
            time.sleep(0.005)

    return solve


def fail() -> Callable[..., None]:
    def solve(instance: Any, incumbent: Any, budget: Any) -> None:
        raise ZeroDivisionError("on purpose")

    return solve


FAMILY = Family(
    name="hostile",
    title="least digits, most trouble",
    instances={"hostile": f"{HERE}:Hostile"},
    solution=f"{HERE}:Choice",
    check=f"{HERE}:check",
    solvers=(
        SolverSpec(name="nines", summary="nines", make=f"{HERE}:nines", rule=True),
        *(
            SolverSpec(name=name, summary=name, make=f"{HERE}:{name}", improves=True)
            for name in ("hang", "abort", "hog", "fail", "stepper")
        ),
    ),
    race=("nines",),
)
