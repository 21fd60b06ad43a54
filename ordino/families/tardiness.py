"""Single machine total tardiness, weighted or not, with or without release dates."""

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

_MODEL = "ordino.models.tardiness"
_FILES = "ordino.instances.tardiness"
_RULES = "ordino.heuristics.tardiness.rules"
_DYNAMIC = "ordino.heuristics.tardiness.dynamic_rules"
_CONSTRUCTIVE = "ordino.heuristics.tardiness.constructive"
_LINES = "ordino.heuristics.tardiness.dispatching_kernels"
_MOVES = "ordino.heuristics.tardiness.constructive_kernels"

FAMILY = Family(
    name="tardiness",
    title="single machine: least total (weighted) tardiness",
    instances={"tardiness": f"{_MODEL}.problem:SingleMachine"},
    solution=f"{_MODEL}.problem:JobSequence",
    check=f"{_MODEL}.check:check",
    scene=f"{_MODEL}.scene:scene",
    facts=f"{_MODEL}.facts:facts",
    formulations={
        "cpsat": f"{_MODEL}.cpsat:formulate",
        "milp": f"{_MODEL}.milp:formulate",
    },
    bounds=(
        BoundSpec(
            name="max-tardiness",
            summary="largest tardiness of the preemptive EDD schedule",
            compute=f"{_MODEL}.bounds:max_tardiness",
        ),
        BoundSpec(
            name="sorted-due-dates",
            summary="SPT ends against due dates, both sorted (Chu 1992)",
            compute=f"{_MODEL}.bounds:sorted_due_dates",
        ),
        BoundSpec(
            name="assignment",
            summary="least cost of jobs on positions, up to 400 jobs",
            compute=f"{_MODEL}.bounds:assignment",
        ),
    ),
    solvers=(
        specs.cpsat(f"{_MODEL}.cpsat:formulate", takes=f"{_MODEL}.cpsat:takes"),
        specs.milp(
            f"{_MODEL}.milp:formulate",
            "by positions where all weigh the same, else by time",
            takes=f"{_MODEL}.milp:takes",
        ),
        specs.rule("mdd", f"{_RULES}:mdd", "modified due date (Baker, Bertrand 1982)"),
        specs.rule(
            "wmdd",
            f"{_RULES}:wmdd",
            "weighted modified due date (Kanet, Li 2004)",
            takes=f"{_RULES}:wmdd_takes",
        ),
        specs.rule("edd", f"{_RULES}:edd", "earliest due date"),
        specs.rule("spt", f"{_RULES}:spt", "shortest processing time"),
        specs.rule("wspt", f"{_RULES}:wspt", "weighted shortest processing time"),
        specs.rule("slack", f"{_RULES}:slack", "minimum slack"),
        specs.rule("lpt", f"{_RULES}:lpt", "longest processing time, to compare with"),
        specs.rule("montagne", f"{_RULES}:montagne", "weight by time and due date (Montagne 1969)"),
        specs.rule(
            "atc",
            f"{_DYNAMIC}:atc",
            "apparent tardiness cost (Vepsalainen, Morton 1987)",
            kernels=_LINES,
        ),
        specs.rule("covert", f"{_DYNAMIC}:covert", "cost over time (Carroll 1965)", kernels=_LINES),
        specs.rule(
            "critical-ratio",
            f"{_DYNAMIC}:critical_ratio",
            "critical ratio, or slack per time",
            kernels=_LINES,
        ),
        specs.rule(
            "slack-spt",
            f"{_DYNAMIC}:slack_spt",
            "slack, then SPT (Anderson, Nyirenda 1990)",
            kernels=_LINES,
        ),
        specs.rule(
            "psk",
            f"{_CONSTRUCTIVE}:psk",
            "by pairs (Panwalkar, Smith, Koulamas 1993)",
            takes=f"{_CONSTRUCTIVE}:quadratic_takes",
            kernels=_MOVES,
        ),
        specs.rule(
            "nbr",
            f"{_CONSTRUCTIVE}:nbr",
            "net benefit of relocation (Holsenback, Russell 1992)",
            takes=f"{_CONSTRUCTIVE}:nbr_takes",
            kernels=_MOVES,
        ),
        specs.rule(
            "eddc",
            f"{_CONSTRUCTIVE}:eddc",
            "EDD challenger (Çetinkaya et al. 2025)",
            takes=f"{_CONSTRUCTIVE}:quadratic_takes",
            kernels=_MOVES,
        ),
        specs.rule(
            "mddc",
            f"{_CONSTRUCTIVE}:mddc",
            "MDD challenger (Çetinkaya et al. 2025)",
            takes=f"{_CONSTRUCTIVE}:mddc_takes",
            kernels=_MOVES,
        ),
        specs.rule(
            "augmented-mdd",
            f"{_CONSTRUCTIVE}:augmented_mdd",
            "MDD with moves to the end (Bean, Hall 1985)",
            takes=f"{_CONSTRUCTIVE}:augmented_takes",
            kernels=_MOVES,
        ),
        specs.rule(
            "augmented-mddc",
            f"{_CONSTRUCTIVE}:augmented_mddc",
            "MDDC with moves to the end (Çetinkaya et al. 2025)",
            takes=f"{_CONSTRUCTIVE}:augmented_takes",
            kernels=_MOVES,
        ),
        SolverSpec(
            name="mdd-descent",
            summary="best insertions from MDD, while they improve",
            make="ordino.heuristics.tardiness.descent:mdd_descent",
            takes="ordino.heuristics.tardiness.descent:takes",
        ),
        SolverSpec(
            name="branch-and-memorize",
            summary="exact where all weigh the same (Shang, T'kindt, Della Croce 2021)",
            make="ordino.solvers.tardiness.branch_and_memorize:branch_and_memorize",
            takes="ordino.solvers.tardiness.branch_and_memorize:takes",
            improves=True,
            proves=True,
        ),
        SolverSpec(
            name="sublimation",
            summary="exact, weighted too (Tanaka, Fujikuma, Araki 2009)",
            make="ordino.solvers.tardiness.sublimation:sublimation",
            takes="ordino.solvers.tardiness.sublimation:takes",
            improves=True,
            proves=True,
        ),
        SolverSpec(
            name="dynasearch",
            summary="iterated dynasearch with insertions (Congram, Potts, van de Velde 2002)",
            make="ordino.heuristics.tardiness.dynasearch:dynasearch",
            takes="ordino.heuristics.tardiness.dynasearch:takes",
            improves=True,
        ),
    ),
    race=(
        "mdd",
        "wmdd",
        "edd",
        "wspt",
        "mdd-descent",
        "branch-and-memorize",
        "sublimation",
        "dynasearch",
        "milp",
        "cpsat",
    ),
    formats=(
        FormatSpec(
            name="orlib-wt",
            summary="OR-Library: n processing times, weights and due dates an instance",
            read=f"{_FILES}.formats:read_orlib",
            sniff=f"{_FILES}.formats:sniff_orlib",
            write=f"{_FILES}.formats:write_orlib",
            suffixes=(".txt",),
            file_name=r"wt(?P<n>[0-9]+)\.txt",
            many=True,
        ),
        FormatSpec(
            name="smtt-jsonl",
            summary="a JSON object an instance and line, with lists p, d and perhaps w",
            read=f"{_FILES}.formats:read_jsonl",
            sniff=f"{_FILES}.formats:sniff_jsonl",
            write=f"{_FILES}.formats:write_jsonl",
            suffixes=(".jsonl",),
            many=True,
        ),
        FormatSpec(
            name="pd-text",
            summary='a line "p d" or "p d w" a job',
            read=f"{_FILES}.formats:read_pd",
            sniff=f"{_FILES}.formats:sniff_pd",
            write=f"{_FILES}.formats:write_pd",
            suffixes=(".txt",),
        ),
        FormatSpec(
            name="tardiness-csv",
            summary="columns processing_time, due_date, perhaps weight, release_date and job",
            read=f"{_FILES}.formats:read_csv",
            sniff=f"{_FILES}.formats:sniff_csv",
            write=f"{_FILES}.formats:write_csv",
            suffixes=(".csv",),
        ),
    ),
    solution_formats=(
        SolutionFormatSpec(
            name="sequence",
            summary="the jobs in order, from 0",
            read=f"{_FILES}.formats:read_sequence",
            sniff=f"{_FILES}.formats:sniff_sequence",
            write=f"{_FILES}.formats:write_sequence",
        ),
    ),
    generators=(
        GeneratorSpec(
            name="potts-van-wassenhove",
            summary="due dates around a share of all work (Potts, Van Wassenhove 1982)",
            make=f"{_FILES}.generate:potts_van_wassenhove",
        ),
    ),
)
