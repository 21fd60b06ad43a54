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
    """Verdict of a checker: every violation, and the objective of a feasible solution."""

    objective: Value | None
    violations: tuple[Violation, ...] = ()

    @classmethod
    def of(cls, violations: list[Violation], objective: Value | None) -> Report:
        """Make a report in which only a feasible solution has an objective."""
        return cls(None if violations else objective, tuple(violations))

    @property
    def valid(self) -> bool:
        """Whether the solution breaks nothing."""
        return not self.violations

    def to_data(self) -> dict[str, object]:
        """Return the report as plain data for JSON."""
        return {
            "valid": self.valid,
            "objective": self.objective,
            "violations": [{"kind": v.kind, "message": v.message} for v in self.violations],
        }
