"""Label selectors, node affinity, taints and tolerations, as Kubernetes matches them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ordino.core.errors import clip
from ordino.core.plain import Node

__all__ = [
    "Expression",
    "Selector",
    "Taint",
    "Toleration",
    "label_selector",
    "node_terms",
    "selects",
]

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Expression:
    """`key operator values`; on labels, or on the name of a node where the key is empty."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Labels, absent: bool = True) -> bool:
        """Tell whether labels match; `absent` is what NotIn says of a missing key."""
        value = labels.get(self.key)
        if self.operator == "Exists":
            return value is not None
        if self.operator == "DoesNotExist":
            return value is None
        if value is None:
            return self.operator == "NotIn" and absent
        if self.operator == "In":
            return value in self.values
        if self.operator == "NotIn":
            return value not in self.values
        try:
            found, limit = int(value), int(self.values[0])
        except ValueError:
            return False
        return found > limit if self.operator == "Gt" else found < limit


Selector = tuple[Expression, ...]
"""All expressions must match."""

CORDONED = "node.kubernetes.io/unschedulable"
NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
_STATES = {CORDONED: "cordoned", NOT_READY: "not ready", UNREACHABLE: "unreachable"}

_LABELS = ("In", "NotIn", "Exists", "DoesNotExist")
_NODES = (*_LABELS, "Gt", "Lt")


def label_selector(data: Node | None) -> Selector | None:
    """Read a label selector; `None` matches nothing, an empty one everything."""
    if data is None or data.value is None:
        return None
    found = []
    if (equal := field(data, "matchLabels")) is not None:
        found += [Expression(k, "In", (v,)) for k, v in sorted(texts(equal).items())]
    if (expressions := field(data, "matchExpressions")) is not None:
        found += [_expression(each, _LABELS) for each in expressions.list()]
    return tuple(found)


def selects(selector: Selector | None, labels: dict[str, str]) -> bool:
    """Tell whether labels match a selector; `None` matches nothing."""
    return selector is not None and all(each.matches(labels) for each in selector)


def node_terms(data: Node) -> tuple[tuple[Selector, Selector], ...]:
    """Read the terms of a required node affinity: expressions on labels, and on fields."""
    terms = []
    for term in data.need("nodeSelectorTerms").list():
        labels, fields = (
            () if (each := field(term, key)) is None
            else tuple(_expression(item, _NODES) for item in each.list())
            for key in ("matchExpressions", "matchFields")
        )  # fmt: skip
        for expression in fields:
            if expression.key != "metadata.name" or expression.operator not in ("In", "NotIn"):
                raise term.error("matchFields knows metadata.name with In and NotIn")
        terms.append((labels, fields))
    return tuple(terms)


def _expression(data: Node, operators: tuple[str, ...]) -> Expression:
    operator = data.need("operator").string()
    if operator not in operators:
        raise data.need("operator").error(
            f"operator {clip(operator)!r}: expected {', '.join(operators)}"
        )
    values = field(data, "values")
    listed = () if values is None else tuple(each.string() for each in values.list())
    single = operator in ("Gt", "Lt")
    if (operator in ("In", "NotIn") and not listed) or (single and len(listed) != 1):
        raise data.error(f"{operator} needs {'one value' if single else 'values'}")
    return Expression(data.need("key").string(), operator, listed)


def field(data: Node, key: str) -> Node | None:
    """Return a field of an object unless it is missing or null."""
    found = data.get(key)
    return None if found is None or found.value is None else found


def texts(data: Node | None) -> dict[str, str]:
    """Read an object whose values are texts, as labels are."""
    if data is None or data.value is None:
        return {}
    if not isinstance(data.value, dict):
        raise data.expected("an object")
    return {str(key): data.need(key).string() for key in data.value}


@dataclass(frozen=True, slots=True)
class Taint:
    """`key=value:effect` on a node."""

    key: str
    value: str
    effect: str

    @property
    def reason(self) -> str:
        """Why pods that do not tolerate it may not arrive."""
        return _STATES.get(self.key, f"taint {self}")

    def __str__(self) -> str:
        return f"{self.key}{'=' if self.value else ''}{self.value}:{self.effect}"


@dataclass(frozen=True, slots=True)
class Toleration:
    """What taints a pod tolerates; an empty key with `Exists` all, an empty effect any."""

    key: str
    operator: str
    value: str
    effect: str

    def covers(self, taint: Taint) -> bool:
        """Tell whether a taint is tolerated."""
        if self.effect and self.effect != taint.effect:
            return False
        if self.key and self.key != taint.key:
            return False
        return self.operator == "Exists" or (bool(self.key) and self.value == taint.value)
