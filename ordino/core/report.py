"""What a checker says of a solution."""

from __future__ import annotations

from dataclasses import dataclass

from ordino.core.objective import Value

__all__ = ["Report", "Violation"]


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken constraint: its kind in a word, and a sentence that names the place."""

    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class Report:
    """Verdict of a checker: every violation, and the objective of a feasible solution.

    `tolerance` is by how much a checker of real numbers lets times be off; 0 where it is exact.
    """

    objective: Value | None
    violations: tuple[Violation, ...] = ()
    tolerance: float = 0

    @classmethod
    def of(
        cls, violations: list[Violation], objective: Value | None, tolerance: float = 0
    ) -> Report:
        """Make a report in which only a feasible solution has an objective."""
        return cls(None if violations else objective, tuple(violations), tolerance)

    @property
    def valid(self) -> bool:
        """Whether the solution breaks nothing."""
        return not self.violations

    def to_data(self) -> dict[str, object]:
        """Return the report as plain data for JSON."""
        data: dict[str, object] = {
            "valid": self.valid,
            "objective": self.objective,
            "violations": [{"kind": v.kind, "message": v.message} for v in self.violations],
        }
        return data | ({"tolerance": self.tolerance} if self.tolerance else {})
