"""Which nodes pods may arrive at, and which a topology spread looks at."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np

from ordino.instances.podpacking.objects import NodeObject, PodObject, SpreadTerm
from ordino.instances.podpacking.selectors import Taint

__all__ = ["Eligibility", "comes_with_node"]

_MIRROR = "kubernetes.io/config.mirror"
_SELECTOR, _AFFINITY = "its node selector", "its node affinity"
_ROOTED = "it comes with another node"
MOST_REASONS = 250


class Eligibility:
    """Which nodes pods may arrive at, one row for all pods with the same wishes."""

    def __init__(self, nodes: list[NodeObject]) -> None:
        self.nodes = nodes
        self.reasons = ["", _SELECTOR, _AFFINITY, _ROOTED]
        self._codes = {reason: code for code, reason in enumerate(self.reasons)}
        self._rows: dict[Hashable, int] = {}
        self._made: list[np.ndarray[Any, Any]] = []
        self._counting: dict[Hashable, int] = {}
        self._counted: dict[tuple[bool, ...], int] = {}

    @property
    def counted(self) -> list[tuple[bool, ...]]:
        """The sets of nodes that `counting` has numbered."""
        return list(self._counted)

    def of(self, pod: PodObject) -> int:
        """Return the number of a pod's row; who comes with a node may arrive nowhere."""
        rooted = bool(pod.node) and comes_with_node(pod)
        key = None if rooted else (pod.node_selector, pod.affinity, pod.tolerations)
        if key not in self._rows:
            self._rows[key] = len(self._made)
            codes = [self._code(_ROOTED) if rooted else self._why(pod, node) for node in self.nodes]
            self._made.append(np.array(codes, dtype=np.uint8))
        return self._rows[key]

    def rows(self) -> np.ndarray[Any, Any]:
        """Return all rows."""
        return np.array(self._made or [np.zeros(len(self.nodes))], dtype=np.uint8)

    def counting(self, pod: PodObject, spread: SpreadTerm) -> int:
        """Return the number of the set of nodes that a topology spread looks at: those with all
        keys that the pod is spread over, as far as affinity and taints are honored those that suit.
        """
        keys = tuple(each.key for each in pod.spreads)
        wishes = (pod.node_selector, pod.affinity) if spread.honor_affinity else ()
        taints = (pod.tolerations,) if spread.honor_taints else ()
        asked = (keys, wishes, taints)
        if asked not in self._counting:
            nodes = tuple(
                all(key in node.labels for key in keys)
                and (not wishes or _suits(pod, node))
                and (not taints or _untolerated(pod, node) is None)
                for node in self.nodes
            )
            self._counting[asked] = self._counted.setdefault(nodes, len(self._counted))
        return self._counting[asked]

    def _why(self, pod: PodObject, node: NodeObject) -> int:
        """Return why a pod may not arrive at a node, 0 if it may."""
        taint = _untolerated(pod, node)
        if taint is not None:
            return self._code(taint.reason)
        if any(node.labels.get(key) != value for key, value in pod.node_selector):
            return self._code(_SELECTOR)
        return 0 if _suits(pod, node) else self._code(_AFFINITY)

    def _code(self, reason: str) -> int:
        if reason not in self._codes:
            if len(self.reasons) >= MOST_REASONS:
                reason = "a taint"
            if reason not in self._codes:
                self._codes[reason] = len(self.reasons)
                self.reasons.append(reason)
        return self._codes[reason]


def comes_with_node(pod: PodObject) -> bool:
    """Tell whether a pod is of a DaemonSet, or static."""
    return pod.controller[0] in ("DaemonSet", "Node") or _MIRROR in pod.annotations


def _untolerated(pod: PodObject, node: NodeObject) -> Taint | None:
    """Return a taint of a node that a pod does not tolerate, if there is one."""
    return next(
        (each for each in node.taints if not any(t.covers(each) for t in pod.tolerations)), None
    )


def _suits(pod: PodObject, node: NodeObject) -> bool:
    """Tell whether a node has what a pod's node selector and affinity ask for."""
    if any(node.labels.get(key) != value for key, value in pod.node_selector):
        return False
    if pod.affinity is None:
        return True
    name = {"metadata.name": node.name}
    return any(
        (labels or fields)
        and all(each.matches(node.labels) for each in labels)
        and all(each.matches(name) for each in fields)
        for labels, fields in pod.affinity
    )
