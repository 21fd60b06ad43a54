"""VMs on the NUMA nodes of hosts."""

from __future__ import annotations

from ordino.core.family import BoundSpec, Family, FormatSpec, GeneratorSpec, SolverSpec
from ordino.solvers import specs

__all__ = ["FAMILY"]

_MODEL = "ordino.models.rescheduling"
_FILES = "ordino.instances.rescheduling"
_ANNEALING = "ordino.heuristics.rescheduling.annealing"

FAMILY = Family(
    name="rescheduling",
    title="VMs on hosts: least fragmented cores with a limited number of migrations",
    instances={"snapshot": f"{_MODEL}.problem:Snapshot"},
    solution=f"{_MODEL}.problem:Placement",
    check=f"{_MODEL}.check:check",
    adjust=f"{_MODEL}.problem:adjust",
    scene=f"{_MODEL}.scene:scene",
    facts=f"{_MODEL}.scene:facts",
    formulations={"cpsat": f"{_MODEL}.cpsat:formulate"},
    bounds=(
        BoundSpec(
            name="whole-slots",
            summary="all free cores in whole slots",
            compute=f"{_MODEL}.bounds:whole_slots",
        ),
        BoundSpec(
            name="few-moves",
            summary="slots that so many departures can make, none arriving",
            compute=f"{_MODEL}.bounds:few_moves",
        ),
    ),
    solvers=(
        specs.rule("keep", f"{_ANNEALING}:keep", "every VM stays"),
        SolverSpec(
            name="annealing",
            summary="simulated annealing over migrations and exchanges",
            make=f"{_ANNEALING}:annealing",
            improves=True,
        ),
        specs.cpsat(f"{_MODEL}.cpsat:formulate", takes=f"{_MODEL}.cpsat:takes"),
    ),
    race=("keep", "cpsat", "annealing"),
    formats=(
        FormatSpec(
            name="vmr",
            summary="snapshots of VM clusters (VMR2L), with deployment sets",
            read=f"{_FILES}.vmr:read_vmr",
            sniff=f"{_FILES}.vmr:sniff_vmr",
            suffixes=(".json",),
            many=True,
        ),
    ),
    generators=(
        GeneratorSpec(
            name="churned",
            summary="hosts of 2 x 44 cores, fragmented by random arrivals",
            make=f"{_FILES}.generate:churned",
        ),
    ),
)
