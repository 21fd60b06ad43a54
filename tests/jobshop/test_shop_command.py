"""The command line on general shops."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ORDINO = "from ordino.cli import main; main()"
SHOP = "3 3\n2 2 1 3 2 4 1 3 2\n2 1 2 4 2 1 1 3 2\n1 3 1 5 2 5 3 6\n"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", ORDINO, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_a_flexible_file_is_solved_checked_drawn_and_converted(tmp_path: Path) -> None:
    file, answer, picture = tmp_path / "a.fjs", tmp_path / "a.json", tmp_path / "a.svg"
    file.write_text(SHOP)
    solved = run("solve", file, "--time-limit", "40", "-o", answer, "--draw", picture)
    assert solved.returncode == 0, solved.stderr
    result = json.loads(answer.read_text())
    assert (result["status"], result["objective"]) == ("optimal", 8)
    assert len(result["solution"]["machine"]) == 5
    assert "machine 2" in picture.read_text()
    assert run("check", file, answer).returncode == 0
    result["solution"]["machine"][0] = 2
    answer.write_text(json.dumps(result))
    wrong = run("check", file, answer)
    assert wrong.returncode == 6
    assert (
        "operation 0 of job 0 is on machine 2, expected one of 0, 1" in wrong.stdout + wrong.stderr
    )
    plain = tmp_path / "b.json"
    assert run("convert", file, plain).returncode == 0
    assert json.loads(plain.read_text())["type"] == "shop"


def test_a_goal_is_an_option_that_the_result_remembers(tmp_path: Path) -> None:
    file, answer = tmp_path / "a.fjs", tmp_path / "a.json"
    file.write_text(SHOP)
    solved = run("solve", file, "--goal", "flow-time", "--time-limit", "40", "-o", answer)
    assert solved.returncode == 0, solved.stderr
    result = json.loads(answer.read_text())
    assert (result["status"], result["problem"]["options"]) == ("optimal", {"goal": "flow-time"})
    assert run("check", file, answer).returncode == 0
    late = run("solve", file, "--goal", "lateness")
    assert late.returncode == 2
    assert "the goal lateness needs due dates" in late.stderr


def test_orders_are_checked_and_a_deadlock_is_named(tmp_path: Path) -> None:
    file, orders = tmp_path / "a.jsp", tmp_path / "orders.txt"
    file.write_text("2 2\n0 2 1 2\n1 2 0 2\n")
    orders.write_text("machine 0: 0.0 1.1\nmachine 1: 1.0 0.1\n")
    checked = run("check", file, orders, "--variant", "swap")
    assert checked.returncode == 0, checked.stderr
    stuck = run("check", file, orders, "--variant", "blocking")
    assert stuck.returncode == 5
    assert "the sequences are deadlocked: operation 1 of job" in stuck.stderr
