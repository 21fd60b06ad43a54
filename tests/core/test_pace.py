"""The pace of compiled code."""

from __future__ import annotations

import time

import pytest

from ordino.core.pace import Pace


def test_it_doubles_at_most_and_comes_down_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    pace = Pace(3, seconds=0.1)

    def run(done: int, seconds: float) -> int:
        pace.start()
        now[0] += seconds
        pace.stop(done)
        return pace.steps

    assert pace.speed == 0
    assert run(3, 0.001) == 6
    assert run(6, 0.001) == 12
    assert run(12, 1.2) == 1
    assert round(pace.speed) == 10
    assert run(0, 1.0) == 1
    assert Pace(0).steps == 1
