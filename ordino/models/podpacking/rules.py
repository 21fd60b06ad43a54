"""Rules between pods, in numbers: classes of pods, nodes, and domains of a topology.

Kubernetes asks its rules of a pod when that is scheduled, never of one that stays where it is
("ignored during execution"). So does this family: a rule can only be broken by a pod that arrives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from ordino.core.arrays import Integers, frozen_integers
from ordino.core.content import Content, label
from ordino.core.errors import InstanceError
from ordino.core.plain import Node

__all__ = ["ZONE", "Affinity", "DisruptionBudget", "Separation", "Spread", "Topology"]

ZONE = "topology.kubernetes.io/zone"


@dataclass(frozen=True, eq=False, slots=True)
class Topology(Content):
    """Domains that nodes fall into by the value of a label.

    Attributes:
        key: The label; empty for every node by itself.
        domain: Number of each node's domain, -1 where it has none: no such label, or no part in a
            topology spread; shape (nodes,).
        names: Of the domains.
    """

    key: str
    domain: Integers
    names: tuple[str, ...] = label(default=())

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "domain", frozen_integers(self.domain, "domain", minimum=-1))
        put(self, "names", tuple(map(str, self.names)))

    @property
    def domains(self) -> int:
        """Number of domains."""
        return int(self.domain.max(initial=-1)) + 1

    def domain_name(self, number: int) -> str:
        """Name a domain for messages."""
        named = number < len(self.names)
        return f"{self.key or 'node'} {self.names[number] if named else number}"

    def to_data(self) -> dict[str, Any]:
        """Return the topology as plain data."""
        return {"key": self.key, "domain": self.domain.tolist(), "names": list(self.names)}

    @classmethod
    def from_data(cls, data: Node) -> Self:
        """Make a topology of plain data; raises `InputError`."""
        fields = data.object("key", "domain", optional=("names",))
        names = [each.string() for each in fields["names"].list()] if "names" in fields else []
        domain = frozen_integers(fields["domain"].integers(-1), "domain")
        return cls(fields["key"].string(), domain, tuple(names))


@dataclass(frozen=True, eq=False, slots=True)
class _Pairing(Content):
    """Owners of a rule and the pods that it looks at, both as classes, in domains of a topology."""

    topology: int
    owners: tuple[int, ...]
    targets: tuple[int, ...]
    text: str = label(default="", kw_only=True)

    def __post_init__(self) -> None:
        for name in ("owners", "targets"):
            chosen = tuple(sorted({int(each) for each in getattr(self, name)}))
            object.__setattr__(self, name, chosen)

    def require(self, topologies: int, classes: int) -> None:
        """Raise `InstanceError` where there is no such topology or class."""
        for what, numbers, count in (
            ("topology", (self.topology,), topologies),
            ("class", self.owners + self.targets, classes),
        ):
            for number in numbers:
                if not 0 <= number < count:
                    raise InstanceError(f"a rule names {what} {number}, expected 0 to {count - 1}")

    def to_data(self) -> dict[str, Any]:
        """Return the rule as plain data."""
        data = {name: value for name, value in self._parts() if name not in ("owners", "targets")}
        data |= {"owners": list(self.owners), "targets": list(self.targets)}
        return data | ({"text": self.text} if self.text else {})

    @classmethod
    def _fields(cls, data: Node, *more: str, optional: tuple[str, ...] = ()) -> dict[str, Any]:
        fields = data.object("topology", "owners", "targets", *more, optional=("text", *optional))
        return {
            "topology": fields["topology"].integer(0),
            "owners": tuple(fields["owners"].integers(0)),
            "targets": tuple(fields["targets"].integers(0)),
            "text": fields["text"].string() if "text" in fields else "",
        } | {name: fields[name] for name in (*more, *optional) if name in fields}


@dataclass(frozen=True, eq=False, slots=True)
class Separation(_Pairing):
    """Required anti-affinity, both ways: no domain holds an owner and another pod of the targets.

    A host port is one, on every node by itself.
    """

    kind: str = "anti-affinity"

    @classmethod
    def from_data(cls, data: Node) -> Self:
        """Make a rule of plain data; raises `InputError`."""
        fields = cls._fields(data, optional=("kind",))
        if "kind" in fields:
            fields["kind"] = fields["kind"].string()
        return cls(**fields)


@dataclass(frozen=True, eq=False, slots=True)
class Affinity(_Pairing):
    """Required affinity: the domain of an owner holds another pod of the targets.

    An owner that is a target itself may be the first: alone, where no other target is anywhere.
    Nodes without a domain are not for owners.
    """

    @classmethod
    def from_data(cls, data: Node) -> Self:
        """Make a rule of plain data; raises `InputError`."""
        return cls(**cls._fields(data))


@dataclass(frozen=True, eq=False, slots=True)
class Spread(_Pairing):
    """Topology spread with `DoNotSchedule`.

    Where an owner arrives, its domain holds at most `max_skew` targets more than the domain with
    the fewest. Nodes without a domain are not for owners.

    Attributes:
        max_skew: At least 1.
        domains: Those that count.
        min_domains: Where fewer domains count, the fewest are taken to be 0.
    """

    max_skew: int = 1
    domains: tuple[int, ...] = ()
    min_domains: int = 1

    @classmethod
    def from_data(cls, data: Node) -> Self:
        """Make a rule of plain data; raises `InputError`."""
        fields = cls._fields(data, "max_skew", "domains", "min_domains")
        fields["max_skew"] = fields["max_skew"].integer(1)
        fields["domains"] = tuple(fields["domains"].integers(0))
        fields["min_domains"] = fields["min_domains"].integer(1)
        return cls(**fields)


@dataclass(frozen=True, eq=False, slots=True)
class DisruptionBudget(Content):
    """PodDisruptionBudget: how many running pods of some classes may be moved or evicted."""

    members: tuple[int, ...]
    allowed: int
    name: str = label(default="")

    def __post_init__(self) -> None:
        members = tuple(sorted({int(each) for each in self.members}))
        object.__setattr__(self, "members", members)

    def to_data(self) -> dict[str, Any]:
        """Return the budget as plain data."""
        return {"name": self.name, "members": list(self.members), "allowed": self.allowed}

    @classmethod
    def from_data(cls, data: Node) -> Self:
        """Make a budget of plain data; raises `InputError`."""
        fields = data.object("members", "allowed", optional=("name",))
        name = fields["name"].string() if "name" in fields else ""
        members = tuple(fields["members"].integers(0))
        return cls(members, fields["allowed"].integer(0), name)


def domains_of(values: list[str | None]) -> tuple[Integers, tuple[str, ...]]:
    """Number the values of a label, one a node, in order of appearance; `None` becomes -1."""
    numbers: dict[str, int] = {}
    domain = [-1 if v is None else numbers.setdefault(v, len(numbers)) for v in values]
    return np.array(domain, dtype=np.int64), tuple(numbers)
