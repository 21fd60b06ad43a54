"""The job shop and its variants."""

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

_MODEL = "ordino.models.jobshop"
_FILES = "ordino.instances.jobshop"
_RULES = "ordino.heuristics.jobshop.dispatching"
_TAKES = f"{_RULES}:takes"
_CLASSIC = f"{_MODEL}.shop:classic"

FAMILY = Family(
    name="jobshop",
    title="job shop and its variants: flexible, setups, downtimes, blocking, no-wait; four goals",
    instances={"jobshop": f"{_MODEL}.problem:JobShop", "shop": f"{_MODEL}.shop:Shop"},
    solution=f"{_MODEL}.problem:Schedule",
    check=f"{_MODEL}.check:check",
    adjust=f"{_MODEL}.shop:adjust",
    formulations={"cpsat": f"{_MODEL}.cpsat:formulate", "milp": f"{_MODEL}.milp:formulate"},
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
        specs.rule("spt", f"{_RULES}:spt", "shortest processing time first", takes=_TAKES),
        specs.rule("lpt", f"{_RULES}:lpt", "longest processing time first", takes=_TAKES),
        specs.rule("mwkr", f"{_RULES}:mwkr", "most work remaining first", takes=_TAKES),
        specs.rule("mopnr", f"{_RULES}:mopnr", "most operations remaining first", takes=_TAKES),
        specs.rule("fifo", f"{_RULES}:fifo", "first in, first out", takes=_TAKES),
        specs.rule(
            "edd", f"{_RULES}:edd", "earliest due date first", takes=f"{_RULES}:takes_due_dates"
        ),
        specs.rule(
            "serial",
            "ordino.heuristics.jobshop.serial:serial",
            "one job after another, for shops without room between machines",
            takes="ordino.heuristics.jobshop.serial:takes",
        ),
        SolverSpec(
            name="random",
            summary="best of many schedules with random priorities",
            make="ordino.heuristics.jobshop.sampling:random",
            takes=_CLASSIC,
            improves=True,
        ),
        SolverSpec(
            name="tabu",
            summary="tabu search with path relinking (Peng, Lü, Cheng 2015)",
            make="ordino.heuristics.jobshop.tabu:tabu",
            takes="ordino.heuristics.jobshop.tabu:takes",
            improves=True,
            scales=True,
        ),
        SolverSpec(
            name="anneal",
            summary="simulated annealing for any goal, setups, downtimes",
            make="ordino.heuristics.jobshop.anneal:anneal",
            takes="ordino.heuristics.jobshop.anneal:takes",
            improves=True,
            scales=True,
        ),
        SolverSpec(
            name="windows",
            summary="neighbourhoods over windows of time, by CP-SAT",
            make="ordino.solvers.neighbourhoods:windows",
            arguments=(
                f"{_MODEL}.cpsat:formulate",
                "ordino.solvers.jobshop.windows:restriction",
            ),
            takes="ordino.solvers.jobshop.windows:takes",
            improves=True,
            scales=True,
        ),
        SolverSpec(
            name="insertion",
            summary="annealing by job insertion, no room between machines (Gröflin, Klinkert 2009)",
            make="ordino.heuristics.jobshop.insertion:insertion",
            takes="ordino.heuristics.jobshop.insertion:takes",
            improves=True,
            scales=True,
        ),
        SolverSpec(
            name="hybrid",
            summary="job insertion, then windows of time by CP-SAT: no room between machines",
            make="ordino.solvers.jobshop.hybrid:hybrid",
            arguments=(f"{_MODEL}.cpsat:formulate",),
            takes="ordino.solvers.jobshop.hybrid:takes",
            improves=True,
            proves=True,
            deterministic=False,
            scales=True,
            alone=True,
        ),
        SolverSpec(
            name="no-wait",
            summary="annealing of the sequence in which no-wait jobs are timetabled",
            make="ordino.heuristics.jobshop.no_wait:no_wait",
            takes="ordino.heuristics.jobshop.no_wait:takes",
            improves=True,
            scales=True,
        ),
        SolverSpec(
            name="destructive",
            summary="bounds by edge finding and shaving (Carlier, Pinson 1989, 1994)",
            make="ordino.solvers.jobshop.destructive:destructive",
            takes="ordino.solvers.jobshop.destructive:takes",
            kernels="ordino.solvers.jobshop.propagation_kernels",
            proves=True,
        ),
        specs.cpsat(f"{_MODEL}.cpsat:formulate", takes=f"{_MODEL}.cpsat:takes"),
        specs.milp(
            f"{_MODEL}.milp:formulate",
            "disjunctive (Manne 1960)",
            takes=f"{_MODEL}.milp:fits",
        ),
    ),
    race=(
        *("mwkr", "mopnr", "spt", "fifo", "edd", "serial", "destructive"),
        *("tabu", "hybrid", "insertion", "no-wait", "cpsat", "anneal"),
    ),
    formats=(
        FormatSpec(
            name="jsp",
            summary="standard: machine and duration in turn, every job on every machine once",
            read=f"{_FILES}.formats:read_jsp",
            sniff=f"{_FILES}.formats:sniff_jsp",
            write=f"{_FILES}.formats:write_jsp",
            suffixes=(".txt", ".jsp", ".jss"),
        ),
        FormatSpec(
            name="jsp-reentrant",
            summary="the same for jobs of any length and route",
            read=f"{_FILES}.formats:read_reentrant",
            sniff=f"{_FILES}.formats:sniff_reentrant",
            write=f"{_FILES}.formats:write_reentrant",
            suffixes=(".txt", ".jsp", ".jss"),
        ),
        FormatSpec(
            name="taillard",
            summary="a matrix of durations and one of machines (from 1)",
            read=f"{_FILES}.formats:read_taillard",
            sniff=f"{_FILES}.formats:sniff_taillard",
            write=f"{_FILES}.formats:write_taillard",
            suffixes=(".txt",),
            many=True,
        ),
        FormatSpec(
            name="taillard-flow",
            summary="flow shops: a line of durations a machine",
            read=f"{_FILES}.flow:read_flow",
            sniff=f"{_FILES}.flow:sniff_flow",
            write=f"{_FILES}.flow:write_flow",
            suffixes=(".txt",),
            many=True,
        ),
        FormatSpec(
            name="fjs",
            summary="flexible: alternatives (machine from 1, duration) of each operation",
            read=f"{_FILES}.flexible:read_flexible",
            sniff=f"{_FILES}.flexible:sniff_flexible",
            write=f"{_FILES}.flexible:write_flexible",
            suffixes=(".fjs",),
            file_name=r".+\.fjs",
        ),
        FormatSpec(
            name="birgin",
            summary="flexible, precedences within jobs (Birgin et al. 2014)",
            read=f"{_FILES}.flexible:read_birgin",
            sniff=f"{_FILES}.flexible:sniff_birgin",
            write=f"{_FILES}.flexible:write_birgin",
            suffixes=(".txt",),
        ),
    ),
    solution_formats=(
        SolutionFormatSpec(
            name="starts",
            summary="a line a job: start times, each behind its machine if there is a choice",
            read=f"{_FILES}.solutions:read_starts",
            sniff=f"{_FILES}.solutions:sniff_starts",
            write=f"{_FILES}.solutions:write_starts",
        ),
        SolutionFormatSpec(
            name="sequences",
            summary="a line a machine: its operations (job.position) in turn, as early as may be",
            read=f"{_FILES}.sequences:read_sequences",
            sniff=f"{_FILES}.sequences:sniff_sequences",
            write=f"{_FILES}.sequences:write_sequences",
        ),
    ),
    generators=(
        GeneratorSpec(
            name="taillard",
            summary="every job on every machine once, durations 1 to 99 (Taillard 1993)",
            make=f"{_FILES}.generate:taillard",
        ),
        GeneratorSpec(
            name="taillard-flow",
            summary="flow shops, durations 1 to 99 (Taillard 1993)",
            make=f"{_FILES}.generate:flow",
        ),
        GeneratorSpec(
            name="hybrid-flow",
            summary="stages of unrelated machines, durations 2 to 9 (Kwon et al. 2021; PARCO 2024)",
            make=f"{_FILES}.generate_shop:hybrid_flow",
        ),
        GeneratorSpec(
            name="general",
            summary="flexible, assembly, setups, downtimes, dates, a goal, buffers as asked for",
            make=f"{_FILES}.generate_shop:general",
        ),
    ),
    scene=f"{_MODEL}.scene:scene",
    simulate="ordino.heuristics.jobshop.simulate:simulate",
    facts=f"{_MODEL}.scene:facts",
    names=f"{_FILES}.bundled:names",
    load=f"{_FILES}.bundled:load",
    best_known=f"{_FILES}.bundled:best_known",
)
