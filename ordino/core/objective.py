"""Objective values, bounds and gaps, of one level or of several in lexicographic order.

Everything is minimised. A value is a number, or for a lexicographic objective a tuple with one
number a level. A bound of a lexicographic objective is a tuple as well: the proved levels, then one
bound, then `None`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["TOLERANCE", "Bound", "Level", "Number", "Objective", "Value"]

Number = int | float
Value = Number | tuple[Number, ...]
Bound = Number | tuple[Number | None, ...]

TOLERANCE = 1e-6
"""Integer bounds are rounded up less this much; real ones close at this relative gap."""


@dataclass(frozen=True, slots=True)
class Level:
    """One level of an objective: its name, and whether its values are integers."""

    name: str
    integral: bool = True


@dataclass(frozen=True, slots=True)
class Objective:
    """The levels of an instance's objective, most important first, and the arithmetic on them."""

    levels: tuple[Level, ...]

    @classmethod
    def of(cls, *names: str, integral: bool = True) -> Objective:
        """Make an objective whose levels are all integral, or all real.

        >>> Objective.of("makespan").name
        'makespan'
        """
        return cls(tuple(Level(name, integral) for name in names))

    @property
    def name(self) -> str:
        """Names of the levels, most important first."""
        return ", then ".join(level.name for level in self.levels)

    def parts(self, value: Value) -> tuple[Number, ...]:
        """Return a value as a tuple of its levels."""
        return value if isinstance(value, tuple) else (value,)

    def better(self, value: Value, than: Value | None) -> bool:
        """Tell whether a value is strictly better than another, or than none."""
        return than is None or self.parts(value) < self.parts(than)

    def round_bound(self, bound: Bound) -> tuple[Number, ...] | None:
        """Normalise a bound to the tuple of its known levels, integral levels rounded up.

        A real part of a lexicographic bound ends it: what comes behind a level that is not proved
        says nothing. `None` where nothing is known.
        """
        parts = bound if isinstance(bound, tuple) else (bound,)
        known: list[Number] = []
        for level, part in zip(self.levels, parts, strict=False):
            if part is None or not math.isfinite(part):
                break
            known.append(_least_integer(part) if level.integral else part)
        return tuple(known) or None

    def closed_levels(self, value: Value, bound: tuple[Number, ...] | None) -> int:
        """Count the leading levels on which the bound meets the value."""
        count = 0
        for level, held, least in zip(self.levels, self.parts(value), bound or (), strict=False):
            slack = 0 if level.integral else TOLERANCE * max(1.0, abs(held))
            if least < held - slack:
                break
            count += 1
        return count

    def closed(self, value: Value, bound: tuple[Number, ...] | None) -> bool:
        """Tell whether the bound proves the value optimal."""
        return self.closed_levels(value, bound) == len(self.levels)

    def contradicts(self, value: Value, bound: tuple[Number, ...]) -> bool:
        """Tell whether no solution of this value can exist if the bound holds."""
        for level, held, least in zip(self.levels, self.parts(value), bound, strict=False):
            slack = 0 if level.integral else TOLERANCE * max(1.0, abs(held))
            if least > held + slack:
                return True
            if least < held - slack:
                return False
        return False

    def public_bound(self, value: Value | None, bound: tuple[Number, ...] | None) -> Bound | None:
        """Present a normalised bound as a caller sees it (see the module's docstring)."""
        if bound is None:
            return None
        if len(self.levels) == 1:
            return bound[0]
        counts = 1 if value is None else self.closed_levels(value, bound) + 1
        known: list[Number | None] = list(bound[:counts])
        return tuple(known + [None] * (len(self.levels) - len(known)))

    def gap(self, value: Value | None, bound: tuple[Number, ...] | None) -> float | None:
        """Gap (objective - bound) / |objective| of the first level that is not closed.

        0 when both are 0; `None` when the bound is missing, or when the objective alone is 0.

        >>> Objective.of("makespan").gap(100, (90,))
        0.1
        """
        if value is None or bound is None:
            return None
        values = self.parts(value)
        level = self.closed_levels(value, bound)
        if level == len(self.levels):
            return 0.0
        if level >= len(bound) or values[level] == 0:
            return None
        return (values[level] - bound[level]) / abs(values[level])


def _least_integer(bound: Number) -> int:
    """Return the least integer that a bound allows; what a float can't hold is not rounded up."""
    if isinstance(bound, int):
        return bound
    return math.ceil(bound - max(TOLERANCE, math.ulp(bound)))
