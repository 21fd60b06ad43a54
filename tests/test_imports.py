"""What gets imported, and in which direction."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import ordino

PACKAGE = Path(ordino.__file__).parent
FLOORS = ["core", "draw", "models", "instances", "heuristics", "solvers", "families", "bench"]
BELOW = {
    "core": {"core"},
    "draw": {"core", "draw"},
    "models": {"core", "models"},
    "instances": {"core", "models", "instances"},
    "heuristics": {"core", "models", "heuristics"},
    "solvers": {"core", "models", "instances", "heuristics", "solvers"},
    "families": {"core", "models", "instances", "heuristics", "solvers", "families"},
    "bench": {"core", "draw", "instances", "api", "bench"},
}
HEAVY = {
    "numpy",
    "pandas",
    "ortools",
    "pulp",
    "highspy",
    "numba",
    "llvmlite",
    "matplotlib",
    "networkx",
    "duckdb",
    "scipy",
    "distributed",
    "pooch",
}


def imported(path: Path) -> set[str]:
    """Modules that a file imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
    return found


@pytest.mark.parametrize("floor", FLOORS)
def test_an_import_only_ever_points_down(floor: str) -> None:
    for path in (PACKAGE / floor).rglob("*.py"):
        for module in imported(path):
            if module.startswith("ordino."):
                assert module.split(".")[1] in BELOW[floor], f"{path} imports {module}"


PROBLEMS = ("problem", "solution", "graph", "lifetimes", "mapping", "placement")
"""Modules of instances and solutions: a family with several types has several."""


def test_checkers_import_the_problem_and_core_alone() -> None:
    checkers = list((PACKAGE / "models").rglob("*check.py"))
    assert len(checkers) >= 2
    for path in checkers:
        for module in imported(path):
            if module.startswith("ordino.") and not module.startswith("ordino.core."):
                family, name = path.parent.name, module.rpartition(".")[2]
                own = module in (f"ordino.models.{family}", f"ordino.models.{family}.{name}")
                allowed = name in (*PROBLEMS, family) or name.endswith("check")
                assert own, f"{path} imports {module}"
                assert allowed, f"{path} imports {module}"


def modules_after(program: str) -> set[str]:
    code = f"import sys\n{program}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}


@pytest.mark.parametrize(
    "program",
    [
        "import ordino",
        "from ordino.core.registry import all_families; all_families()",
        "import ordino; dir(ordino)",
    ],
)
def test_nothing_heavy_is_loaded_early(program: str) -> None:
    assert not modules_after(program) & HEAVY


@pytest.mark.parametrize(
    "order",
    [("ortools.sat.python.cp_model", "highspy"), ("highspy", "ortools.sat.python.cp_model")],
)
def test_both_engines_load_in_one_process(order: tuple[str, str]) -> None:
    program = f"""
import {order[0]}, {order[1]}
from ortools.sat.python import cp_model
import highspy
model = cp_model.CpModel()
x = model.new_int_var(0, 5, "x")
model.maximize(x)
solver = cp_model.CpSolver()
solver.solve(model)
assert solver.value(x) == 5
highs = highspy.Highs()
highs.setOptionValue("output_flag", False)
highs.addVar(1.0, 4.0)
highs.run()
"""
    assert "ortools" in modules_after(program)


def test_the_door_offers_what_it_says() -> None:
    for name in ordino.__all__:
        assert getattr(ordino, name) is not None
    assert set(ordino.__all__) <= set(dir(ordino))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = ordino.nothing
