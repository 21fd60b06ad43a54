"""The command line on projects."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import ordino
from ordino.instances.rcpsp.generate import interactions
from ordino.instances.reading import dump_instance, dump_solution

ORDINO = "from ordino.cli import main; main()"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", ORDINO, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_anybodys_answer_to_a_generated_instance_is_graded(tmp_path: Path) -> None:
    project = interactions(activities=12, windows=0.5, disjunctions=0.5, migration=True, seed=3)
    file, answer = tmp_path / "migration.json", tmp_path / "answer.txt"
    file.write_text(dump_instance(project))
    plan = ordino.solve(project, time_limit=10).solution
    answer.write_text(dump_solution(project, plan, "starts"))
    assert run("check", file, answer).returncode == 0
    answer.write_text("".join(f"service {i}: 0\n" for i in range(12)))
    graded = run("check", file, answer, "--json")
    assert graded.returncode == 6
    violations = json.loads(graded.stdout)["violations"]
    assert {"precedence", "capacity"} <= {violation["kind"] for violation in violations}
    assert any("service" in violation["message"] for violation in violations)
    answer.write_text("".join(f"service {i}: 0\n" for i in range(1, 11)))
    graded = run("check", file, answer, "--json")
    assert graded.returncode == 6, graded.stderr
    violations = json.loads(graded.stdout)["violations"]
    told = [each["message"] for each in violations if each["kind"] == "missing"]
    assert told == ["activity service 0 has no start", "activity service 11 has no start"]
    assert {"precedence", "capacity"} <= {violation["kind"] for violation in violations}


def test_convert_writes_a_solution_as_dates(tmp_path: Path) -> None:
    project = interactions(activities=5, seed=3)
    file, answer, table = (tmp_path / name for name in ("p.json", "answer.json", "plan.csv"))
    file.write_text(dump_instance(project))
    answer.write_text(dump_solution(project, ordino.solve(project, time_limit=10).solution))
    done = run("convert", file, table, "--solution", answer, "--to", "dates:start=2026-03-02")
    assert done.returncode == 0, done.stderr
    rows = table.read_text().splitlines()
    assert rows[0] == "activity,mode,start,duration,begin,end"
    assert len(rows) == 6
    wrong = run("convert", file, table, "--solution", answer, "--to", "dates:start=soon")
    assert wrong.returncode == 2
    assert "start=soon: expected a date" in wrong.stderr


def test_explain_tells_a_conflict_and_a_chain(tmp_path: Path) -> None:
    file = tmp_path / "project.json"
    text = '{"ordino": 1, "family": "rcpsp", "activities": [{"name": "dig", "modes": [[3]]%s},'
    text += '{"name": "pour", "modes": [[2]]%s}], "lags": [["dig", "pour", "end-start", 0]]}'
    file.write_text(text % (', "release": 4', ', "deadline": 8'))
    told = run("explain", file)
    assert told.returncode == 3
    lines = told.stdout.splitlines()
    assert lines[0] == "there is no plan: an irreducible conflict of 3 constraints"
    assert lines[1].strip() == "release: activity dig starts at 4 or later"
    file.write_text(text % ("", ""))
    told = run("explain", file, "--json")
    assert told.returncode == 0
    reasons = json.loads(told.stdout)["reasons"]
    assert reasons[-1]["message"] == "pour, 3 to 5: waits for dig to end"
