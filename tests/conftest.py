"""Shared fixtures: where public data are, and how hypothesis runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

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
