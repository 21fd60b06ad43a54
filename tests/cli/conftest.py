"""A family whose solvers misbehave on demand."""

import dataclasses
import sys
import types

import pytest

from ordino.core import registry
from ordino.core.family import SolverSpec
from ordino.families.jobshop import FAMILY


def _adjust(instance, *, capacity: int = 1, preemptive: bool = False):
    return dataclasses.replace(instance, name=f"{instance.name}/{capacity}/{preemptive}")


def _impossible():
    return lambda instance, incumbent, budget: incumbent.prove_infeasible("impossible", "no way")


def _broken():
    def solve(instance, incumbent, budget):
        raise KeyError("lost")

    return solve


def _idle():
    return lambda instance, incumbent, budget: None


@pytest.fixture
def odd_family(monkeypatch):
    """Make job shops a family with problem options, and solvers that fail in different ways."""
    module = types.ModuleType("odd_family")
    module.adjust, module.idle = _adjust, _idle
    module.impossible, module.broken = _impossible, _broken
    monkeypatch.setitem(sys.modules, "odd_family", module)
    extra = [
        SolverSpec(name=name, summary=name, make=f"odd_family:{name}", improves=True)
        for name in ("impossible", "broken", "idle")
    ]
    odd = dataclasses.replace(FAMILY, adjust="odd_family:adjust", solvers=(*FAMILY.solvers, *extra))
    monkeypatch.setattr(registry, "all_families", lambda: {"jobshop": odd})
