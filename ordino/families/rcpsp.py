"""Resource-constrained projects: single and multi-mode, time lags, calendars, windows."""

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

_MODEL = "ordino.models.rcpsp"
_FILES = "ordino.instances.rcpsp"
_HEURISTICS = "ordino.heuristics.rcpsp"
_RULES = f"{_HEURISTICS}.rules"
_TAKES = f"{_RULES}:takes"
_PARALLEL = f"{_RULES}:takes_parallel"

FAMILY = Family(
    name="rcpsp",
    title="resource-constrained project: least makespan, total weighted tardiness or squared use",
    instances={"rcpsp": f"{_MODEL}.problem:Project"},
    solution=f"{_MODEL}.problem:Plan",
    check=f"{_MODEL}.check:check",
    adjust=f"{_MODEL}.problem:adjust",
    scene=f"{_MODEL}.scene:scene",
    facts=f"{_MODEL}.scene:facts",
    explain="ordino.solvers.rcpsp.explain:explain",
    formulations={"cpsat": f"{_MODEL}.cpsat:formulate", "milp": f"{_MODEL}.milp:formulate"},
    bounds=(
        BoundSpec(
            name="critical-path",
            summary="all activities as early as time lags allow",
            compute=f"{_MODEL}.bounds:critical_path",
        ),
        BoundSpec(
            name="capacity",
            summary="work over capacity, with least head and tail",
            compute=f"{_MODEL}.bounds:capacity",
        ),
        BoundSpec(
            name="even-use",
            summary="for levelling: work spread evenly over the time",
            compute=f"{_MODEL}.bounds:even_use",
        ),
    ),
    solvers=(
        specs.rule("lft", f"{_RULES}:lft", "latest finish time", takes=_TAKES),
        specs.rule("lst", f"{_RULES}:lst", "latest start time", takes=_PARALLEL),
        specs.rule("wcs", f"{_RULES}:wcs", "worst case slack", takes=f"{_RULES}:takes_wcs"),
        specs.rule("mts", f"{_RULES}:mts", "most total successors", takes=_PARALLEL),
        specs.rule("grpw", f"{_RULES}:grpw", "greatest rank positional weight", takes=_PARALLEL),
        specs.rule("spt", f"{_RULES}:spt", "shortest processing time", takes=_PARALLEL),
        specs.rule("edd", f"{_RULES}:edd", "earliest due date", takes=f"{_RULES}:takes_due_dates"),
        SolverSpec(
            name="sampling",
            summary="priority rules in many passes, by biased random sampling (Kolisch 1996)",
            make=f"{_HEURISTICS}.sampling:sampling",
            takes=f"{_HEURISTICS}.sampling:takes",
            improves=True,
        ),
        SolverSpec(
            name="genetic",
            summary="genetic algorithm on activity lists (Hartmann 1998; Valls et al. 2005)",
            make=f"{_HEURISTICS}.genetic:genetic",
            takes=f"{_HEURISTICS}.genetic:takes",
            improves=True,
            scales=True,
        ),
        SolverSpec(
            name="anneal",
            summary="simulated annealing of lists and modes towards a makespan one less",
            make=f"{_HEURISTICS}.anneal:anneal",
            takes=f"{_HEURISTICS}.anneal:takes",
            improves=True,
            scales=True,
        ),
        SolverSpec(
            name="insertion",
            summary="schedule generation that takes back (Franck, Neumann, Schwindt 2001)",
            make=f"{_HEURISTICS}.insertion:insertion",
            takes=f"{_HEURISTICS}.insertion:takes",
            improves=True,
        ),
        SolverSpec(
            name="hybrid",
            summary="genetic algorithm, annealing of modes, CP-SAT, neighbourhoods",
            make="ordino.solvers.rcpsp.hybrid:hybrid",
            arguments=(f"{_MODEL}.cpsat:formulate",),
            takes="ordino.solvers.rcpsp.hybrid:accepts",
            improves=True,
            proves=True,
            deterministic=False,
            scales=True,
        ),
        SolverSpec(
            name="levelling",
            summary="least squared use: shifts (Burgess, Killebrew 1962), neighbourhoods, CP-SAT",
            make="ordino.solvers.rcpsp.levelling:levelling",
            arguments=(f"{_MODEL}.cpsat:formulate",),
            takes="ordino.solvers.rcpsp.levelling:takes",
            improves=True,
            proves=True,
            deterministic=False,
            scales=True,
        ),
        SolverSpec(
            name="windows",
            summary="neighbourhoods over windows of time, by CP-SAT",
            make="ordino.solvers.neighbourhoods:windows",
            arguments=(f"{_MODEL}.cpsat:formulate", "ordino.solvers.rcpsp.windows:restriction"),
            takes=f"{_MODEL}.cpsat:takes",
            improves=True,
            scales=True,
        ),
        SolverSpec(
            name="destructive",
            summary="bounds by energetic reasoning and shaving (Klein, Scholl 1999)",
            make="ordino.solvers.rcpsp.destructive:destructive",
            takes="ordino.solvers.rcpsp.destructive:takes",
            kernels="ordino.solvers.rcpsp.propagation_kernels",
            proves=True,
        ),
        specs.cpsat(f"{_MODEL}.cpsat:formulate", takes=f"{_MODEL}.cpsat:takes"),
        specs.milp(
            f"{_MODEL}.milp:formulate",
            "time-indexed (Christofides et al. 1987)",
            takes=f"{_MODEL}.milp:takes",
        ),
    ),
    race=("lft", "lst", "mts", "edd", "hybrid", "levelling"),
    formats=(
        FormatSpec(
            name="psplib",
            summary="PSPLIB .sm and .mm, and MMLIB",
            read=f"{_FILES}.psplib:read_psplib",
            sniff=f"{_FILES}.psplib:sniff_psplib",
            write=f"{_FILES}.psplib:write_psplib",
            suffixes=(".sm", ".mm"),
        ),
        FormatSpec(
            name="patterson",
            summary="single mode, all numbers (.rcp)",
            read=f"{_FILES}.formats:read_patterson",
            sniff=f"{_FILES}.formats:sniff_patterson",
            write=f"{_FILES}.formats:write_patterson",
            suffixes=(".rcp",),
        ),
        FormatSpec(
            name="rcpsp-max",
            summary="ProGen/max: minimal and maximal time lags (.sch)",
            read=f"{_FILES}.formats:read_rcpsp_max",
            sniff=f"{_FILES}.formats:sniff_rcpsp_max",
            write=f"{_FILES}.formats:write_rcpsp_max",
            suffixes=(".sch",),
        ),
    ),
    solution_formats=(
        SolutionFormatSpec(
            name="starts",
            summary='a line "name: start" or "name: start mode" an activity',
            read=f"{_FILES}.formats:read_starts",
            sniff=f"{_FILES}.formats:sniff_starts",
            write=f"{_FILES}.formats:write_starts",
        ),
        SolutionFormatSpec(
            name="dates",
            summary="CSV with the working days on which activities begin and end",
            write=f"{_FILES}.dates:write_dates",
        ),
    ),
    generators=(
        GeneratorSpec(
            name="random",
            summary="by order strength and resource strength (Kolisch, Sprecher, Drexl 1995)",
            make=f"{_FILES}.generate:random_project",
        ),
        GeneratorSpec(
            name="interactions",
            summary="layers, downtime, windows, pairs apart (R-ConstraintBench; Jain, Wetter 2025)",
            make=f"{_FILES}.generate:interactions",
        ),
    ),
)
