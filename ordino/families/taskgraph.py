"""Task graphs on heterogeneous processors."""

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

_MODEL = "ordino.models.taskgraph"
_FILES = "ordino.instances.taskgraph"
_RULES = "ordino.heuristics.taskgraph.rules"

FAMILY = Family(
    name="taskgraph",
    title="task graph on heterogeneous processors: least makespan, or least cost in time",
    instances={"taskgraph": f"{_MODEL}.problem:TaskGraph"},
    solution=f"{_MODEL}.problem:Schedule",
    check=f"{_MODEL}.check:check",
    adopts={"networkx.classes.digraph:DiGraph": f"{_FILES}.networks:from_networkx"},
    adjust=f"{_MODEL}.problem:adjust",
    scene=f"{_MODEL}.scene:scene",
    facts=f"{_MODEL}.scene:facts",
    simulate="ordino.heuristics.taskgraph.simulate:simulate",
    formulations={"cpsat": f"{_MODEL}.cpsat:formulate", "milp": f"{_MODEL}.milp:formulate"},
    bounds=(
        BoundSpec(
            name="critical-path",
            summary="longest way through the graph, every task where that suits best",
            compute=f"{_MODEL}.bounds:critical_path",
        ),
        BoundSpec(
            name="area",
            summary="all work spread over the processors as if it could be split",
            compute=f"{_MODEL}.bounds:area",
        ),
        BoundSpec(
            name="interval-load",
            summary="work that must run in an interval of time (Fernández, Bussell 1973)",
            compute=f"{_MODEL}.bounds:interval_load",
        ),
        BoundSpec(
            name="cheapest",
            summary="each task where it costs least",
            compute=f"{_MODEL}.bounds:cheapest",
        ),
    ),
    solvers=(
        specs.rule("heft", f"{_RULES}:heft", "HEFT (Topcuoglu, Hariri, Wu 2002)"),
        specs.rule("cpop", f"{_RULES}:cpop", "CPOP (Topcuoglu, Hariri, Wu 2002)"),
        specs.rule("peft", f"{_RULES}:peft", "PEFT (Arabnejad, Barbosa 2014)"),
        specs.rule(
            "lookahead",
            f"{_RULES}:lookahead",
            "HEFT one step ahead (Bittencourt, Sakellariou, Madeira 2010)",
            takes=f"{_RULES}:lookahead_takes",
        ),
        specs.rule(
            "min-min",
            f"{_RULES}:min_min",
            "ready task that can end earliest (Ibarra, Kim 1977)",
            takes=f"{_RULES}:batch_takes",
        ),
        specs.rule(
            "max-min",
            f"{_RULES}:max_min",
            "ready task that can end latest (Ibarra, Kim 1977)",
            takes=f"{_RULES}:batch_takes",
        ),
        specs.rule(
            "sufferage",
            f"{_RULES}:sufferage",
            "ready task that would lose most elsewhere (Maheswaran et al. 1999)",
            takes=f"{_RULES}:batch_takes",
        ),
        specs.rule(
            "etf",
            f"{_RULES}:etf",
            "earliest task first (Hwang et al. 1989)",
            takes=f"{_RULES}:batch_takes",
        ),
        specs.rule(
            "dls",
            f"{_RULES}:dls",
            "dynamic level scheduling (Sih, Lee 1993)",
            takes=f"{_RULES}:batch_takes",
        ),
        SolverSpec(
            name="random",
            summary="best of many schedules in random order",
            make="ordino.heuristics.taskgraph.sampling:random",
            takes="ordino.heuristics.taskgraph.sampling:takes",
            improves=True,
        ),
        SolverSpec(
            name="tabu",
            summary="tabu search over processors and orders (after Mastrolilli, Gambardella 2000)",
            make="ordino.heuristics.taskgraph.tabu:tabu",
            takes="ordino.heuristics.taskgraph.tabu:takes",
            improves=True,
            scales=True,
        ),
        SolverSpec(
            name="robust",
            summary="least mean makespan under noise, offered once: run it alone",
            make="ordino.heuristics.taskgraph.robust:robust",
            takes="ordino.heuristics.taskgraph.robust:takes",
        ),
        SolverSpec(
            name="windows",
            summary="neighbourhoods over windows of time, by CP-SAT",
            make="ordino.solvers.neighbourhoods:windows",
            arguments=(f"{_MODEL}.cpsat:formulate", "ordino.solvers.taskgraph.windows:restriction"),
            takes=f"{_MODEL}.cpsat:takes",
            improves=True,
            scales=True,
        ),
        specs.cpsat(f"{_MODEL}.cpsat:formulate", takes=f"{_MODEL}.cpsat:takes"),
        SolverSpec(
            name="decomposition",
            summary="least cost within deadlines, block by block of a large graph",
            make="ordino.solvers.taskgraph.decomposition:decomposition",
            takes="ordino.solvers.taskgraph.decomposition:takes",
            improves=True,
        ),
        specs.milp(
            f"{_MODEL}.milp:formulate",
            "order of pairs for the makespan, potentials for the cost",
            takes=f"{_MODEL}.milp:takes",
        ),
    ),
    race=(
        *("heft", "peft", "lookahead", "cpop", "min-min", "sufferage", "dls", "etf"),
        *("tabu", "cpsat", "windows", "decomposition", "milp"),
    ),
    formats=(
        FormatSpec(
            name="wfformat",
            summary="executed workflows of WfCommons, schema 1.5 and before",
            read=f"{_FILES}.wfformat:read_wfformat",
            sniff=f"{_FILES}.wfformat:sniff_wfformat",
            suffixes=(".json",),
        ),
        FormatSpec(
            name="stg",
            summary="Standard Task Graph Set: number, time and predecessors a line",
            read=f"{_FILES}.stg:read_stg",
            sniff=f"{_FILES}.stg:sniff_stg",
            suffixes=(".stg",),
        ),
        FormatSpec(
            name="heft-csv",
            summary="tables of times, data between tasks and bandwidths, side by side or in one",
            read=f"{_FILES}.tables:read_tables",
            sniff=f"{_FILES}.tables:sniff_tables",
            write=f"{_FILES}.tables:write_tables",
            suffixes=(".csv",),
        ),
        FormatSpec(
            name="dagbench",
            summary="JSON of a task graph and a network (SAGA, dagbench)",
            read=f"{_FILES}.dagbench:read_dagbench",
            sniff=f"{_FILES}.dagbench:sniff_dagbench",
            suffixes=(".json",),
        ),
        FormatSpec(
            name="ds3",
            summary="job of the DS3 simulator, with the SoC file beside it",
            read=f"{_FILES}.ds3:read_ds3",
            sniff=f"{_FILES}.ds3:sniff_ds3",
            suffixes=(".txt",),
        ),
        FormatSpec(
            name="graphml",
            summary="GraphML with the attributes of ordino.instances.taskgraph.networks",
            read=f"{_FILES}.networks:read_graphml",
            sniff=f"{_FILES}.networks:sniff_graphml",
            write=f"{_FILES}.networks:write_graphml",
            suffixes=(".graphml", ".xml"),
        ),
        FormatSpec(
            name="dot",
            summary="digraph in DOT with the same attributes",
            read=f"{_FILES}.networks:read_dot",
            sniff=f"{_FILES}.networks:sniff_dot",
            write=f"{_FILES}.networks:write_dot",
            suffixes=(".dot", ".gv"),
        ),
        FormatSpec(
            name="node-link",
            summary="JSON of networkx.node_link_data with the same attributes",
            read=f"{_FILES}.networks:read_node_link",
            sniff=f"{_FILES}.networks:sniff_node_link",
            write=f"{_FILES}.networks:write_node_link",
            suffixes=(".json",),
        ),
    ),
    solution_formats=(
        SolutionFormatSpec(
            name="placements",
            summary="a line a task: task, processor, start",
            read=f"{_FILES}.schedules:read_placements",
            sniff=f"{_FILES}.schedules:sniff_placements",
            write=f"{_FILES}.schedules:write_placements",
        ),
    ),
    generators=(
        GeneratorSpec(
            name="layered",
            summary="layered random graphs (Topcuoglu, Hariri, Wu 2002)",
            make=f"{_FILES}.generate:layered",
        ),
        GeneratorSpec(
            name="gaussian-elimination",
            summary="Gaussian elimination on a matrix",
            make=f"{_FILES}.generate:gaussian_elimination",
        ),
        GeneratorSpec(
            name="fft",
            summary="fast Fourier transform",
            make=f"{_FILES}.generate:fft",
        ),
        GeneratorSpec(
            name="fork-join",
            summary="stages of parallel tasks",
            make=f"{_FILES}.generate:fork_join",
        ),
        GeneratorSpec(
            name="ds3-stream",
            summary="small jobs that arrive one after another, as in DS3",
            make=f"{_FILES}.generate:ds3_stream",
        ),
    ),
)
