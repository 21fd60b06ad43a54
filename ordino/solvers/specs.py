"""Descriptions of the engines, for families to register their formulations with."""

from __future__ import annotations

from ordino.core.family import SolverSpec

__all__ = ["cpsat", "milp", "rule"]


def rule(
    name: str, function: str, summary: str, takes: str | None = None, kernels: str | None = None
) -> SolverSpec:
    """Describe a rule: a pure function `(instance, **settings) -> Solution`, and the module of
    kernels that it needs."""
    return SolverSpec(
        name=name, summary=summary, make=function, takes=takes, rule=True, kernels=kernels
    )


def cpsat(formulate: str, takes: str | None = None) -> SolverSpec:
    """Describe CP-SAT on a formulation `(instance, upper bound) -> CpsatFormulation`."""
    return SolverSpec(
        name="cpsat",
        summary="constraint programming with clause learning (OR-Tools CP-SAT)",
        make="ordino.solvers.cpsat:solver",
        arguments=(formulate,),
        takes=takes,
        improves=True,
        proves=True,
        scales=True,
    )


def milp(formulate: str, summary: str, takes: str | None = None) -> SolverSpec:
    """Describe HiGHS and CBC on a formulation `(instance, upper bound) -> MilpFormulation`."""
    return SolverSpec(
        name="milp",
        summary=f"integer programming on HiGHS or CBC: {summary}",
        make="ordino.solvers.milp:solver",
        arguments=(formulate,),
        takes=takes,
        improves=True,
        proves=True,
        scales=True,
    )
