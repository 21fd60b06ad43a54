"""Why there is no solution, or what holds the objective of one, in the user's words."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Explanation", "Reason"]


@dataclass(frozen=True, slots=True)
class Reason:
    """One part of an explanation: its kind in a word, and a sentence that names the place."""

    kind: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What explains an instance, or a solution of it.

    Attributes:
        subject: `infeasible` (the reasons can't hold together), `objective` (they hold the
            objective of a solution), `question` (they answer what was asked of a part of the
            instance), or `unknown` (neither was found in the time).
        summary: One sentence.
        reasons: In an order that can be followed.
        irreducible: Of a conflict: whether without any one of its reasons there is none.
    """

    subject: str
    summary: str
    reasons: tuple[Reason, ...] = ()
    irreducible: bool | None = None

    def to_data(self) -> dict[str, object]:
        """Return the explanation as plain data for JSON."""
        return {
            "subject": self.subject,
            "summary": self.summary,
            "reasons": [{"kind": r.kind, "message": r.message} for r in self.reasons],
            "irreducible": self.irreducible,
        }
