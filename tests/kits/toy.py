"""A family for tests: choose the least digits whose sum reaches a demand.

Two levels: the largest digit, then the sum. It has a problem option and solvers that misbehave.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from ordino.core.content import Content
from ordino.core.family import BoundSpec, Family, SolverSpec
from ordino.core.objective import Objective
from ordino.core.plain import Node
from ordino.core.report import Report, Violation
from ordino.models.formulation import CpsatFormulation

HERE = "kits.toy"


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Digits(Content):
    family: ClassVar[str] = "toy"
    count: int
    demand: int
    most: int = 9
    name: str = ""

    @property
    def objective(self) -> Objective:
        return Objective.of("largest", "sum")

    def to_data(self) -> dict[str, Any]:
        return {"count": self.count, "demand": self.demand, "most": self.most}

    @classmethod
    def from_data(cls, data: Node) -> Self:
        return cls(**{key: node.integer() for key, node in data.object("count", "demand").items()})


@dataclass(frozen=True, eq=False, slots=True)
class Choice(Content):
    digits: tuple[int, ...]

    def to_data(self) -> dict[str, Any]:
        return {"digits": list(self.digits)}

    @classmethod
    def from_data(cls, data: Node) -> Self:
        return cls(tuple(data.object("digits")["digits"].integers()))


def check(instance: Digits, solution: Choice) -> Report:
    violations = []
    if len(solution.digits) != instance.count:
        violations.append(Violation("shape", f"expected {instance.count} digits"))
    if sum(solution.digits) < instance.demand:
        violations.append(Violation("demand", f"the sum is below {instance.demand}"))
    return Report.of(violations, (max(solution.digits, default=0), sum(solution.digits)))


def adjust(instance: Digits, *, demand: int | None = None) -> Digits:
    return instance if demand is None else replace(instance, demand=demand)


def formulate(instance: Digits, upper_bound: Any) -> CpsatFormulation:
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    digits = [model.new_int_var(0, instance.most, "") for _ in range(instance.count)]
    largest = model.new_int_var(0, instance.most, "")
    model.add_max_equality(largest, digits)
    model.add(sum(digits) >= instance.demand)
    return CpsatFormulation(
        model=model,
        levels=(largest, sum(digits)),
        hint=lambda s: [*zip(digits, s.digits, strict=True), (largest, max(s.digits))],
        read=lambda values: Choice(tuple(values[: instance.count])),
    )


def nines(instance: Digits) -> Choice:
    return Choice((instance.most,) * instance.count)


def liar() -> Callable[..., None]:
    def solve(instance: Digits, incumbent: Any, budget: Any) -> None:
        incumbent.offer(Choice((0,) * instance.count), "liar", (0, 0))

    return solve


def crasher() -> Callable[..., None]:
    def solve(instance: Digits, incumbent: Any, budget: Any) -> None:
        raise ZeroDivisionError("on purpose")

    return solve


def boaster() -> Callable[..., None]:
    def solve(instance: Digits, incumbent: Any, budget: Any) -> None:
        incumbent.offer(nines(instance), "boaster")
        incumbent.raise_bound((instance.most + 1,), "boaster")

    return solve


def sleeper(*, seconds: float = 3.0) -> Callable[..., None]:
    def solve(instance: Digits, incumbent: Any, budget: Any) -> None:
        time.sleep(seconds)
        incumbent.offer(nines(instance), "sleeper")

    return solve


def stepper() -> Callable[..., None]:
    """Improve one step at a time, for as long as it may."""

    def solve(instance: Digits, incumbent: Any, budget: Any) -> None:
        digits = [instance.most] * instance.count
        steps = 0
        while not budget.should_stop() and not budget.out_of_iterations(steps):
            incumbent.offer(Choice(tuple(digits)), "stepper", (max(digits), sum(digits)))
            steps += 1
            best = digits.index(max(digits))
            if sum(digits) - 1 >= instance.demand:
                digits[best] -= 1
            budget.wait(0.01)

    return solve


def least_largest(instance: Digits) -> int:
    return -(-instance.demand // instance.count)


def _solver(name: str, **fields: Any) -> SolverSpec:
    return SolverSpec(name=name, summary=name, make=f"{HERE}:{name}", **fields)


FAMILY = Family(
    name="toy",
    title="least digits",
    instances={"toy": f"{HERE}:Digits"},
    solution=f"{HERE}:Choice",
    check=f"{HERE}:check",
    adjust=f"{HERE}:adjust",
    bounds=(BoundSpec(name="mean", summary="mean digit", compute=f"{HERE}:least_largest"),),
    solvers=(
        _solver("nines", rule=True),
        _solver("liar", improves=True),
        _solver("crasher", improves=True),
        _solver("boaster", improves=True),
        _solver("sleeper", improves=True),
        _solver("stepper", improves=True),
        SolverSpec(
            name="cpsat",
            summary="CP-SAT",
            make="ordino.solvers.cpsat:solver",
            arguments=(f"{HERE}:formulate",),
            improves=True,
            proves=True,
        ),
    ),
    race=("nines", "cpsat"),
)
