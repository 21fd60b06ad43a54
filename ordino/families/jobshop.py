"""The job shop and its variants."""

from __future__ import annotations

from ordino.core.family import BoundSpec, Family, FormatSpec, GeneratorSpec, SolutionFormatSpec
from ordino.solvers import specs

__all__ = ["FAMILY"]

_MODEL = "ordino.models.jobshop"
_FILES = "ordino.instances.jobshop"

FAMILY = Family(
    name="jobshop",
    title="job shop: least makespan",
    instances={"jobshop": f"{_MODEL}.problem:JobShop"},
    solution=f"{_MODEL}.problem:Schedule",
    check=f"{_MODEL}.check:check",
    formulations={"cpsat": f"{_MODEL}.cpsat:formulate"},
    bounds=(
        BoundSpec(name="job-length", summary="longest job", compute=f"{_MODEL}.bounds:job_length"),
        BoundSpec(
            name="machine-load",
            summary="busiest machine with its least head and tail",
            compute=f"{_MODEL}.bounds:machine_load",
        ),
        BoundSpec(
            name="one-machine",
            summary="preemptive one-machine schedule with heads and tails (Carlier 1982)",
            compute=f"{_MODEL}.bounds:one_machine",
        ),
    ),
    solvers=(
        specs.cpsat(f"{_MODEL}.cpsat:formulate"),
    ),
    race=("cpsat",),
)
