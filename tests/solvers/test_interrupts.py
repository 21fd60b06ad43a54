"""A race of a compiled kernel, CP-SAT and HiGHS that is interrupted in several ways, each in a
process of its own: never an abort, the best so far each time."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest

PROGRAM = """
import signal, sys, threading
import ordino
from ordino.instances.jobshop.generate import taillard

stop, found = threading.Event(), threading.Event()
way, solvers = sys.argv[1:]
signal.signal(signal.SIGINT if way == "thread" else getattr(signal, way), lambda *_: stop.set())

def watch(event):
    if event.kind == "incumbent" and not found.is_set():
        found.set()
        print("found", flush=True)
        if way == "thread":
            threading.Timer(1.0, stop.set).start()

result = ordino.solve(
    taillard(jobs=20, machines=15, seed=4), solver=solvers, time_limit=60, workers=2, stop=stop,
    on_event=watch,
)
print(result.to_json())
"""


@pytest.mark.parametrize("way", ["SIGINT", "SIGTERM", "thread"])
@pytest.mark.parametrize("solvers", ["random,cpsat", "random,milp", "mwkr,cpsat,milp"])
def test_an_interrupt_hands_over_the_best_so_far(way: str, solvers: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, way, solvers],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "found\n"
    if way != "thread":
        time.sleep(1.0)
        process.send_signal(getattr(signal, way))
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    result = json.loads(out)
    assert result["stop"] == "interrupted"
    assert result["objective"] is not None
    first = min(event["seconds"] for event in result["trace"] if event["kind"] == "incumbent")
    assert result["seconds"] - first < 1.0 + 1.5
    assert not [event for event in result["trace"] if event["kind"] == "failure"]


def test_ctrl_c_without_a_handler_is_a_keyboard_interrupt_and_leaves_nothing_running() -> None:
    program = """
import threading, time
import ordino
from ordino.instances.jobshop.generate import taillard
print("ready", flush=True)
try:
    ordino.solve(taillard(jobs=20, machines=15, seed=4), solver="random,cpsat", time_limit=60)
except KeyboardInterrupt:
    time.sleep(0.5)
    print([thread.name for thread in threading.enumerate() if thread.daemon])
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(2.0)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, "[]\n")
