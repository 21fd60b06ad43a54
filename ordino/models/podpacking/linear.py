"""Sums of CP-SAT variables whose value can be computed for a hint."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Sum", "Values", "Variables"]

Values = Sequence[int] | MutableMapping[int, int]
Derive = Callable[[Values], int]


@dataclass(frozen=True, slots=True)
class Sum:
    """Coefficients times variables, plus a constant."""

    terms: list[tuple[Any, int]]
    constant: int

    @classmethod
    def of(cls, parts: Iterable[Sum]) -> Sum:
        """Add sums."""
        terms: list[tuple[Any, int]] = []
        constant = 0
        for part in parts:
            terms += part.terms
            constant += part.constant
        return cls(terms, constant)

    def times(self, factor: int) -> Sum:
        """Multiply by a number."""
        return Sum(
            [(v, a * factor) for v, a in self.terms] if factor else [], self.constant * factor
        )

    def plus(self, amount: int) -> Sum:
        """Add a number."""
        return Sum(self.terms, self.constant + amount)

    def expression(self) -> Any:
        """Return it as CP-SAT takes it."""
        from ortools.sat.python import cp_model

        variables = [v for v, _ in self.terms]
        return (
            cp_model.LinearExpr.weighted_sum(variables, [a for _, a in self.terms]) + self.constant
        )

    def value(self, values: Values) -> int:
        """Compute it for given values of the variables, by index."""
        return sum(a * values[v.index] for v, a in self.terms) + self.constant

    def put(self, values: MutableMapping[int, int], value: int) -> None:
        """Set the variable that this is."""
        values[self.terms[0][0].index] = value

    def at_most(self, limit: int) -> Derive:
        """Return what computes its value, or a limit if that is less."""
        return lambda values: min(limit, self.value(values))

    def some(self) -> Derive:
        """Return what computes 1 where it is above 0, else 0."""
        return lambda values: int(self.value(values) > 0)

    def most(self) -> int:
        """Return its largest value as far as the domains of the variables tell."""
        total = self.constant
        for variable, a in self.terms:
            domain = variable.proto.domain
            total += a * (domain[1] if a > 0 else domain[0])
        return total

    def least(self) -> int:
        """Return its least value as far as the domains of the variables tell."""
        return -self.times(-1).most()


class Variables:
    """The variables of a model, each with what its value is in a hint."""

    def __init__(self) -> None:
        from ortools.sat.python import cp_model

        self.model = cp_model.CpModel()
        self._all: list[Any] = []
        self._derived: dict[int, Derive] = {}

    def integer(self, low: int, high: int, derive: Derive | None = None) -> Sum:
        """Make a variable; where its hint is not given, it is computed, or the least value."""
        variable = self.model.new_int_var(low, high, "")
        self._all.append(variable)
        self._derived[variable.index] = derive or (lambda _: low)
        return Sum([(variable, 1)], 0)

    def derive(self, variable: Sum, how: Derive) -> None:
        """Say how the hint of a variable follows from those made before."""
        self._derived[variable.terms[0][0].index] = how

    def literal(self, derive: Derive) -> Any:
        """Make a Boolean variable."""
        return self.integer(0, 1, derive).terms[0][0]

    def positive(self, amount: Sum) -> Any:
        """Make a literal that holds where a sum of non-negative numbers is above 0; `None` where it
        never is."""
        most = amount.most()
        if most <= 0:
            return None
        literal = self.literal(amount.some())
        self.model.add(amount.expression() <= most * literal)
        return literal

    def complete(self, values: MutableMapping[int, int]) -> Iterator[tuple[Any, int]]:
        """Return a value for each variable: those given, and those that follow from them."""
        for variable in self._all:
            if variable.index not in values:
                values[variable.index] = self._derived[variable.index](values)
            yield variable, values[variable.index]
