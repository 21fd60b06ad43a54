"""The toy family, registered for a test."""

from __future__ import annotations

import pytest
from kits.toy import FAMILY, Digits

from ordino.core import registry


@pytest.fixture(autouse=True)
def _toy_family(monkeypatch: pytest.MonkeyPatch) -> None:
    families = {**registry.all_families(), "toy": FAMILY}
    monkeypatch.setattr(registry, "all_families", lambda: families)


@pytest.fixture
def digits() -> Digits:
    """Seven digits that must sum up to 20: the largest at least 3, then the sum 20."""
    return Digits(count=7, demand=20)
