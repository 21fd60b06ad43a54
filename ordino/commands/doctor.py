"""What this installation consists of, and whether it works."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

__all__ = ["examine", "warm_all"]

_PACKAGES = (
    *("click", "rich", "numpy", "networkx", "ortools", "highspy", "pulp", "numba"),
    *("llvmlite", "matplotlib", "duckdb", "scipy", "distributed", "pooch"),
)
_CPSAT = "from ortools.sat.python import cp_model; cp_model.CpSolver().solve(cp_model.CpModel())"
_HIGHS = "import highspy; highspy.Highs().setOptionValue('output_flag', False)"
_SECONDS = 60.0


def examine() -> dict[str, Any]:
    """Return versions, engines, cores, cache and problems, as plain data."""
    from ordino.api import default_workers
    from ordino.core.kernel import cache_folder, is_warm, kernel_modules
    from ordino.solvers.milp import cbc_path

    versions = {"ordino": _version("ordino"), "python": platform.python_version()}
    versions |= {name: _version(name) for name in _PACKAGES}
    cbc, folder = cbc_path(), cache_folder()
    engines = {
        "cpsat": _try(_CPSAT),
        "highs": _try(_HIGHS),
        "cpsat then highs": _try(f"{_CPSAT}; {_HIGHS}"),
        "highs then cpsat": _try(f"{_HIGHS}; {_CPSAT}"),
    }
    problems = [f"{name}: {reason}" for name, reason in engines.items() if reason is not None]
    if folder is None:
        problems.append("no writable cache folder: kernels are compiled again in every process")
    return {
        "versions": versions,
        "platform": platform.platform(),
        "engines": {name: reason is None for name, reason in engines.items()},
        "cbc": cbc,
        "cores": {"present": os.cpu_count(), "usable": default_workers()},
        "cache": None if folder is None else str(folder),
        "kernels": {name: is_warm(name) for name in kernel_modules()},
        "problems": problems,
    }


def warm_all(tell: Callable[[str], None]) -> None:
    """Compile every kernel that is not in the cache, and tell how long each module took."""
    from ordino.core.kernel import kernel_modules, warm

    for module in kernel_modules():
        began = time.monotonic()
        warm(module)
        tell(f"{module}: {time.monotonic() - began:.1f} s")


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _try(program: str) -> str | None:
    """Run a program in a process of its own; return how it failed, or `None`."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return None
    return (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
