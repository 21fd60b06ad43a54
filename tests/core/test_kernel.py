"""Kernels: their cache, and cold starts."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ordino.core.budget import Budget
from ordino.core.kernel import kernel_modules, load

MODULE = "ordino.heuristics.jobshop.sampling_kernels"


def run(program: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_kernel_modules_are_found_by_name() -> None:
    assert MODULE in kernel_modules()


def test_a_cold_start_is_left_at_the_deadline_and_fills_the_cache(tmp_path: Path) -> None:
    program = f"""
import sys, time
from ordino.core.budget import Budget
from ordino.core.kernel import _COMPILERS, is_warm, load
assert not is_warm({MODULE!r})
began = time.monotonic()
assert load({MODULE!r}, Budget.of(0.2)) is None
assert time.monotonic() - began < 1.0
assert {MODULE!r} not in sys.modules
child = _COMPILERS[{MODULE!r}]
assert load({MODULE!r}, Budget.of(0.05)) is None
assert _COMPILERS[{MODULE!r}] is child
until = time.monotonic() + 90
while not is_warm({MODULE!r}) and time.monotonic() < until:
    time.sleep(0.1)
assert is_warm({MODULE!r})
print(load({MODULE!r}, Budget.of(30)) is sys.modules[{MODULE!r}])
"""
    assert run(program, ORDINO_CACHE=str(tmp_path), NUMBA_CACHE_DIR="") == "True\n"


def test_a_folder_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    program = """
from ordino.core.kernel import cache_folder, kernel
assert cache_folder() is None
double = kernel("int64(int64)")(lambda x: 2 * x)
print(double(21))
"""
    assert run(program, ORDINO_CACHE=str(blocked), NUMBA_CACHE_DIR="").strip() == "42"


def test_a_warm_module_is_loaded_at_once() -> None:
    load(MODULE, Budget.of(60))
    began = time.monotonic()
    assert load(MODULE, Budget.of(0.01)) is sys.modules[MODULE]
    assert time.monotonic() - began < 0.1


@pytest.mark.parametrize("value", ["", "2"])
def test_a_broken_kernel_module_says_so(value: str) -> None:
    with pytest.raises(ModuleNotFoundError):
        load(f"ordino.no_such_kernels{value}", Budget.of(20))
