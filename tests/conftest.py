"""Shared fixtures: where public data are, the command line in this process; how hypothesis runs."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import settings

from ordino import cli

_BESIDE = Path(__file__).parents[2] / "shared" / "datasets"
if "ORDINO_DATA" not in os.environ and _BESIDE.is_dir():
    os.environ["ORDINO_DATA"] = str(_BESIDE)

settings.register_profile("ordino", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("ordino")


@pytest.fixture(scope="session")
def public_data() -> Path:
    """Folder of the public sets; without it, the test is skipped."""
    value = os.environ.get("ORDINO_DATA")
    if value is None or not Path(value).is_dir():
        pytest.skip("ORDINO_DATA names no folder of public sets")
    return Path(value)


class Done(NamedTuple):
    """How a call of the command line ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def call(capsys: Any, monkeypatch: Any) -> Any:
    """Return what runs the command line in this process."""

    def run(*arguments: object, stdin: str = "") -> Done:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        code = cli.run([str(each) for each in arguments])
        return Done(code, *capsys.readouterr())

    return run
