"""Pods on the nodes of a cluster."""

from __future__ import annotations

from ordino.core.family import (
    BoundSpec,
    Family,
    FormatSpec,
    GeneratorSpec,
    SolutionFormatSpec,
    SolverSpec,
)
from ordino.solvers import specs

__all__ = ["FAMILY"]

_MODEL = "ordino.models.podpacking"
_FILES = "ordino.instances.podpacking"
_RULES = "ordino.heuristics.podpacking.rules"
_CARRYING = f"{_FILES}.carrying"
_SCHEDULING = "ordino.heuristics.podpacking.scheduling"

FAMILY = Family(
    name="podpacking",
    title="pods on nodes: most placed by priority, then least disruption; or most nodes drained",
    instances={"cluster": f"{_MODEL}.problem:Cluster"},
    solution=f"{_MODEL}.problem:Plan",
    check=f"{_MODEL}.check:check",
    adjust=f"{_MODEL}.adjust:adjust",
    scene=f"{_MODEL}.scene:scene",
    facts=f"{_MODEL}.scene:facts",
    bounds=(
        BoundSpec(
            name="pooled",
            summary="all nodes as if they were one, each resource alone",
            compute=f"{_MODEL}.bounds:pooled",
        ),
        BoundSpec(
            name="device-flow",
            summary="devices by type of node, shares by a flow (Valério de Carvalho 1999)",
            compute=f"{_MODEL}.device_bound:device_flow",
        ),
    ),
    explain="ordino.solvers.podpacking.explain:explain",
    simulate=f"{_SCHEDULING}:simulate",
    simulated="unplaced",
    formulations={"cpsat": f"{_MODEL}.cpsat:formulate", "milp": f"{_MODEL}.milp:formulate"},
    solvers=(
        specs.rule("keep", f"{_RULES}:keep", "every pod stays as it is"),
        specs.rule("first-fit", f"{_RULES}:first_fit", "waiting pods on the first node with room"),
        specs.rule("best-fit", f"{_RULES}:best_fit", "waiting pods where the least is left"),
        specs.rule("repack", f"{_RULES}:repack", "all pods anew, at home where there is room"),
        specs.rule(
            "device-fit",
            "ordino.heuristics.podpacking.devices:device_fit",
            "pods that take devices, large demands first, where they leave least",
            takes="ordino.heuristics.podpacking.devices:takes",
        ),
        SolverSpec(
            name="device-annealing",
            summary="annealing of pods that take devices",
            make="ordino.heuristics.podpacking.device_annealing:device_annealing",
            takes="ordino.heuristics.podpacking.devices:takes",
            improves=True,
        ),
        SolverSpec(
            name="greedy-drain",
            summary="nodes with few pods first, where all their pods fit elsewhere",
            make="ordino.heuristics.podpacking.draining:greedy_drain",
            takes="ordino.heuristics.podpacking.draining:takes_drain",
        ),
        SolverSpec(
            name="annealing",
            summary="simulated annealing of where pods run, a tier after the other",
            make="ordino.heuristics.podpacking.annealing:annealing",
            takes="ordino.heuristics.podpacking.annealing:takes",
            improves=True,
        ),
        SolverSpec(
            name="default-scheduler",
            summary="what kube-scheduler does: least allocated nodes, preemption",
            make=f"{_SCHEDULING}:default_scheduler",
            takes=f"{_SCHEDULING}:takes",
        ),
        SolverSpec(
            name="most-allocated",
            summary="kube-scheduler with the most allocated nodes first",
            make=f"{_SCHEDULING}:most_allocated",
            takes=f"{_SCHEDULING}:takes",
        ),
        SolverSpec(
            name="requested-to-capacity",
            summary="kube-scheduler with a score that follows utilisation",
            make=f"{_SCHEDULING}:requested_to_capacity",
            takes=f"{_SCHEDULING}:takes",
        ),
        SolverSpec(
            name="hybrid",
            summary="annealing and neighbourhoods find; level by level, bounds and CP-SAT prove",
            make="ordino.solvers.podpacking.hybrid:hybrid",
            improves=True,
            proves=True,
            deterministic=False,
            scales=True,
        ),
        specs.cpsat(f"{_MODEL}.cpsat:formulate", takes=f"{_MODEL}.cpsat:takes"),
        specs.milp(
            f"{_MODEL}.milp:formulate",
            "how many pods of a class each node holds",
            takes=f"{_MODEL}.milp:takes",
        ),
    ),
    race=(
        *("keep", "best-fit", "repack", "greedy-drain", "default-scheduler", "device-fit"),
        *("device-annealing", "hybrid"),
    ),
    formats=(
        FormatSpec(
            name="kubectl",
            summary="kubectl get nodes,pods,priorityclasses,pdb -A -o json (or yaml)",
            read=f"{_FILES}.kubectl:read_kubectl",
            sniff=f"{_FILES}.kubectl:sniff_kubectl",
            suffixes=(".json", ".yaml", ".yml"),
        ),
        FormatSpec(
            name="priority-matters",
            summary="clusters of Priority Matters (2025), a line of JSON each",
            read=f"{_FILES}.paper:read_priority_matters",
            sniff=f"{_FILES}.paper:sniff_priority_matters",
            suffixes=(".jsonl",),
            many=True,
        ),
        FormatSpec(
            name="openb",
            summary="pods of the GPU trace openb (CSV), with the list of nodes beside it",
            read=f"{_FILES}.openb:read_openb",
            sniff=f"{_FILES}.openb:sniff_openb",
            suffixes=(".csv",),
        ),
    ),
    solution_formats=(
        SolutionFormatSpec(
            name="steps",
            summary="table of the changes, in an order that can be followed",
            read=f"{_CARRYING}:read_steps",
            sniff=f"{_CARRYING}:sniff_steps",
            write=f"{_CARRYING}:write_steps",
        ),
        SolutionFormatSpec(
            name="steps-json",
            summary="the same as a list of objects",
            read=f"{_CARRYING}:read_steps_json",
            sniff=f"{_CARRYING}:sniff_steps_json",
            write=f"{_CARRYING}:write_steps_json",
        ),
        SolutionFormatSpec(
            name="kubectl-script",
            summary="shell script of kubectl commands, for a person to review",
            read=f"{_CARRYING}:read_kubectl_script",
            sniff=f"{_CARRYING}:sniff_kubectl_script",
            write=f"{_CARRYING}:write_kubectl_script",
        ),
    ),
    generators=(
        GeneratorSpec(
            name="priority-matters",
            summary="replica sets on nodes that are alike, by the authors' seeds (2025)",
            make=f"{_FILES}.generate:priority_matters",
        ),
    ),
)
