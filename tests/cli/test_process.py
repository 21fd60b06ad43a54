"""What only a process of its own shows: imports, signals, streams, ends."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time

import pytest

ORDINO = (sys.executable, "-c", "from ordino.cli import main; main()")
UNSOLVED = "ta41"
"""No solver proves this one within minutes."""

HEAVY = {"numpy", "ortools", "highspy", "pulp", "numba", "networkx", "matplotlib", "rich", "pandas"}


@pytest.mark.parametrize(
    "program",
    ["import ordino", "import sys; from ordino.cli import main\nsys.argv[1:] = ['--help']\nmain()"],
)
def test_no_heavy_import(program):
    report = (
        "import atexit, sys\n"
        f"atexit.register(lambda: print(*sorted({HEAVY} & set(sys.modules)), file=sys.stderr))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", report + program], capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == ""


def _start(*arguments, **streams):
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
    return subprocess.Popen([*ORDINO, *arguments], **streams)


def _await_incumbent(process):
    """Wait until a line of progress says that there is something to hand over."""
    line = process.stderr.readline()
    assert b"incumbent" in line, line


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_first_signal_hands_over_the_best(number):
    process = _start("solve", UNSOLVED, "--json", "--time-limit", "60")
    _await_incumbent(process)
    time.sleep(1.0)
    process.send_signal(number)
    began = time.monotonic()
    out, _ = process.communicate(timeout=20)
    assert time.monotonic() - began < 3
    result = json.loads(out)
    assert process.returncode == 0
    assert (result["status"], result["stop"]) == ("feasible", "interrupted")


ODD = """
import dataclasses, sys, threading, time, types
from ordino.core import registry
from ordino.core.family import SolverSpec
from ordino.families.jobshop import FAMILY

def deaf():
    return lambda instance, incumbent, budget: time.sleep(60)

def idle():
    return lambda instance, incumbent, budget: budget.wait(60)

sys.modules["odd"] = types.ModuleType("odd")
sys.modules["odd"].deaf, sys.modules["odd"].idle = deaf, idle
odd = [
    SolverSpec(name=name, summary=name, make=f"odd:{name}", improves=True)
    for name in ("deaf", "idle")
]
family = dataclasses.replace(FAMILY, solvers=(*FAMILY.solvers, *odd))
registry.all_families = lambda: {"jobshop": family}
from ordino.cli import main
main()
"""


def test_solver_left_behind_does_not_hold_the_process():
    began = time.monotonic()
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            ODD,
            "solve",
            "ft06",
            "--solver",
            "mwkr,deaf",
            "--time-limit",
            "1",
            "-v",
        ],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "found by    mwkr" in done.stdout
    assert "note: deaf: did not stop in time" in done.stderr
    assert time.monotonic() - began < 6


def test_signal_with_nothing_to_show_is_130():
    process = subprocess.Popen(
        [sys.executable, "-c", ODD, "solve", "ft06", "--solver", "idle", "--json", "-v"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert b"bound" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert (process.returncode, json.loads(out)["status"]) == (130, "unknown")


def test_second_signal_leaves_at_once():
    process = subprocess.Popen(
        [sys.executable, "-c", ODD, "solve", "ft06", "--solver", "mwkr,deaf"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    _await_incumbent(process)
    process.send_signal(signal.SIGTERM)
    time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=10)
    assert (process.returncode, out) == (130, b"")


def test_time_limit_holds_for_the_whole_process():
    began = time.monotonic()
    process = _start("solve", UNSOLVED, "-q", "--time-limit", "2")
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert time.monotonic() - began < 5


def test_reader_that_leaves_is_no_error():
    done = subprocess.run(
        [
            *("bash", "-o", "pipefail", "-c", '"$@" | head -c 10', "-"),
            *(*ORDINO, "solve", "ft06", "--solver", "spt", "-q", "--json"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr, len(done.stdout)) == (0, "", 10)


def test_closed_streams_are_no_error():
    for streams in (">&-", "2>&-", ">&- 2>&- <&-"):
        command = f'"$@" {streams}'
        done = subprocess.run(
            ["bash", "-c", command, "-", *ORDINO, "solve", "ft06", "--solver", "spt"],
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_full_disk_is_one_line_and_the_file_is_still_written(tmp_path):
    path = tmp_path / "x.json"
    with open("/dev/full", "w") as full:
        process = _start("solve", "ft06", "--solver", "spt", "-q", "-o", str(path), stdout=full)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert err.decode().startswith("error: the standard output can't be written: ")
    assert json.loads(path.read_text())["status"] == "feasible"


def test_live_line_on_a_terminal():
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "100"}
    process = _start("solve", UNSOLVED, "--time-limit", "2", stderr=theirs, env=environment)
    os.close(theirs)
    seen = b""
    while select.select([ours], [], [], 20)[0]:
        try:
            seen += os.read(ours, 4096)
        except OSError:
            break
    out, _ = process.communicate(timeout=20)
    os.close(ours)
    assert process.returncode == 0
    assert b"\x1b[2K" in seen, "the live line is drawn again and again"
    assert b"incumbent" in seen
    assert seen.rfind(b"\x1b[?25h") > seen.rfind(b"\x1b[?25l"), "the cursor is shown again"
    assert out.decode().startswith(UNSOLVED)


def test_the_package_can_be_run_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ordino", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("ordino")
