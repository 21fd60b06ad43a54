"""Compiled kernels: where they are cached, and how a cold start is kept from delaying anybody.

A module of kernels is called `kernels` or `…_kernels` and gives each kernel its signature, so that
importing it compiles, or loads from the cache, all of it. Compiling takes seconds, holds the
interpreter's lock and can't be interrupted; `load` therefore lets a child process fill the cache,
and meanwhile stays responsive. The child goes on if the caller leaves, so that the next call is
warm.
"""

from __future__ import annotations

import atexit
import hashlib
import importlib
import importlib.metadata
import importlib.util
import os
import pkgutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from ordino.core.budget import Budget
from ordino.core.cache import cache_home

__all__ = ["cache_folder", "is_warm", "kernel", "kernel_modules", "load", "warm"]

POLL_SECONDS = 0.02

_COMPILERS: dict[str, subprocess.Popen[bytes]] = {}
"""The child of each module; who comes while it runs waits for the same."""
_LOCK = threading.Lock()


@atexit.register
def _leave_compilers() -> None:
    """Let children that still run finish by themselves: no complaint when they are collected."""
    for child in _COMPILERS.values():
        if child.poll() is None:
            child.returncode = 0


@cache
def cache_folder() -> Path | None:
    """Return the writable folder for compiled kernels, or `None` where there is none.

    `NUMBA_CACHE_DIR`, else a folder in Ordino's cache (`core.cache`).
    """
    folder = Path(os.environ.get("NUMBA_CACHE_DIR") or cache_home() / "kernels")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError:
        return None
    return folder


def kernel(signature: Any) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function for a signature, without the interpreter's lock, cached where possible."""
    import numba

    folder = cache_folder()
    if folder is not None:
        numba.config.CACHE_DIR = str(folder)
    decorate: Callable[[Callable[..., Any]], Any] = numba.njit(
        signature, cache=folder is not None, nogil=True
    )
    return decorate


def kernel_modules() -> list[str]:
    """Return the names of all modules of kernels in Ordino."""
    package = importlib.import_module("ordino")
    return sorted(
        module.name
        for module in pkgutil.walk_packages(package.__path__, "ordino.")
        if module.name.rpartition(".")[2].endswith("kernels") and not module.ispkg
    )


def _stamp(module: str) -> Path | None:
    folder = cache_folder()
    spec = importlib.util.find_spec(module)
    if folder is None or spec is None or spec.origin is None:
        return None
    from llvmlite import binding

    digest = hashlib.sha256()
    for source in sorted(Path(spec.origin).parent.glob("*.py")):
        digest.update(source.read_bytes())
    for part in (spec.origin, sys.version, importlib.metadata.version("numba")):
        digest.update(part.encode())
    digest.update(binding.get_host_cpu_name().encode())
    return folder / f"{module}-{digest.hexdigest()[:16]}.warm"


def is_warm(module: str) -> bool:
    """Tell whether a module's kernels are in the cache."""
    stamp = _stamp(module)
    return stamp is not None and stamp.exists()


def warm(module: str) -> ModuleType:
    """Import a module of kernels, and those that it needs, compiling what is not cached."""
    imported = importlib.import_module(module)
    for name in list(sys.modules):
        if name.startswith("ordino.") and name.endswith("kernels"):
            stamp = _stamp(name)
            if stamp is not None:
                stamp.touch()
    return imported


def load(module: str, budget: Budget) -> ModuleType | None:
    """Import a module of kernels, or return `None` if the budget ends before it is compiled."""
    if module in sys.modules or cache_folder() is None or is_warm(module) or not sys.executable:
        return importlib.import_module(module)
    with _LOCK:
        child = _COMPILERS.get(module)
        if child is None or child.poll() is not None:
            child = _COMPILERS[module] = subprocess.Popen(
                [sys.executable, "-c", f"from ordino.core.kernel import warm; warm({module!r})"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
    while child.poll() is None:
        if budget.should_stop():
            return None
        time.sleep(POLL_SECONDS)
    return importlib.import_module(module)
