import json
import xml.etree.ElementTree as ET

import pytest

import ordino
from ordino.commands.solving import _exit_code


def test_summary_on_stdout_and_progress_on_stderr(call):
    done = call("solve", "ft06")
    assert done.code == 0
    assert done.out.startswith("ft06 (jobshop, makespan)\nstatus      optimal")
    assert "best known  55 (" in done.out
    assert "checked     yes" in done.out
    assert "incumbent" in done.err
    assert "incumbent" not in done.out


def test_json_is_one_result_and_quiet_is_silent(call):
    done = call("solve", "ft06", "--json", "-q")
    result = ordino.Result.from_json(done.out)
    assert (done.code, done.err, done.out.count("\n")) == (0, "", 1)
    assert (result.status, result.objective, result.bound, result.gap) == ("optimal", 55, 55, 0)
    assert result.command == "ordino solve ft06 --json -q"
    assert set(result.times) == {"read", "check"}


def test_result_goes_through_check_by_pipe_and_by_file(call, tmp_path):
    output = tmp_path / "ft06.json"
    done = call("solve", "ft06", "--json", "-q", "-o", output)
    assert output.read_text() == done.out
    for checked in (call("check", "ft06", "-", stdin=done.out), call("check", "ft06", output)):
        assert (checked.code, checked.out) == (0, "valid: makespan 55\n")


def test_trace_has_a_line_an_event(call, tmp_path):
    trace = tmp_path / "t.jsonl"
    done = call("solve", "ft06", "--json", "-q", "--trace", trace)
    rows = [json.loads(line) for line in trace.read_text().splitlines()]
    assert rows == ordino.Result.from_json(done.out).rows()


@pytest.mark.parametrize("ending", ["svg", "html", "png"])
def test_draws_beside_solving(call, tmp_path, ending):
    picture = tmp_path / f"p.{ending}"
    assert call("solve", "ft06", "--solver", "spt", "-q", "--draw", picture).code == 0
    assert picture.stat().st_size > 1000
    if ending == "svg":
        ET.parse(picture)


def test_settings_reach_the_solver(call):
    arguments = ("solve", "ft06", "--solver", "spt", "-q", "--json")
    plain = call(*arguments)
    active = call(*arguments, "--set", "spt.schedule=active")
    assert json.loads(active.out)["settings"] == {"spt": {"schedule": "active"}}
    assert json.loads(active.out)["solution"] != json.loads(plain.out)["solution"]


def test_warm_start_is_a_floor(call, tmp_path):
    best = tmp_path / "best.json"
    call("solve", "ft06", "-q", "-o", best)
    done = call("solve", "ft06", "-q", "--solver", "spt", "--warm-start", best, "--json")
    assert (done.code, json.loads(done.out)["objective"]) == (0, 55)


def test_target_stops(call):
    done = call("solve", "ft10", "-q", "--target", "1100", "--time-limit", "30", "--json")
    result = json.loads(done.out)
    assert result["stop"] == "target"
    assert result["objective"] <= 1100


def test_less_than_required_is_4(call):
    done = call("solve", "ft06", "--solver", "spt", "-q", "--require", "optimal")
    assert done.code == 4
    assert "status      feasible" in done.out


def test_nothing_found_is_4_and_still_a_result(call, odd_family):
    done = call("solve", "ft06", "--solver", "idle", "-q", "--json")
    result = json.loads(done.out)
    assert (done.code, result["status"], result["objective"]) == (4, "unknown", None)
    assert (result["bound"], result["gap"]) == (52, None)


def test_infeasible_is_3(call, odd_family):
    done = call("solve", "ft06", "--solver", "impossible", "-q")
    assert done.code == 3
    assert "status      infeasible" in done.out
    assert "reason      no way" in done.out


def test_interrupted_with_nothing_is_130(call):
    done = call("solve", "ft06", "--solver", "spt", "-q", "--json")
    result = json.loads(done.out) | {"status": "unknown", "stop": "interrupted"}
    assert _exit_code(ordino.Result.from_json(json.dumps(result)), "feasible") == 130


def test_broken_solver_is_a_warning_beside_another_and_1_alone(call, odd_family):
    done = call("solve", "ft06", "--solver", "broken,spt", "-q")
    assert done.code == 0
    assert done.err == "warning: broken: KeyError: 'lost'\n"
    assert "failures    1" in done.out
    alone = call("solve", "ft06", "--solver", "broken", "-q", "--json")
    assert (alone.code, alone.out) == (1, "")
    assert alone.err.endswith("error: broken: KeyError: 'lost'\n")


def test_rejected_warm_start_is_6(call):
    start = json.dumps({"start": [0] * 36})
    done = call("solve", "ft06", "--warm-start", "-", "-q", stdin=start)
    assert (done.code, done.out, done.err.count("\n")) == (6, "", 1)
    assert done.err.startswith("error: - offers an infeasible solution: operation 1 of job 0")


@pytest.mark.parametrize(
    ("options", "recorded"),
    [
        (("--capacity", "512"), {"capacity": "512"}),
        (("--capacity=512", "--preemptive"), {"capacity": "512", "preemptive": "yes"}),
    ],
)
def test_problem_options_of_the_family(call, odd_family, options, recorded):
    for arguments in (("ft06", *options), (*options, "ft06")):
        done = call("solve", *arguments, "--solver", "spt", "-q", "--json")
        result = json.loads(done.out)
        assert (done.code, result["problem"]["options"]) == (0, recorded)
        assert result["instance"] == f"ft06/512/{'preemptive' in recorded}"
    assert call("info", "ft06", *options).out.startswith("name                 ft06/512/")


def test_wrong_problem_options(call, odd_family):
    done = call("solve", "ft06", "--capacty", "512")
    assert done.code == 2
    assert "'--capacty'" in done.err
    assert "'--capacity'" in done.err
    assert call("solve", "ft06", "--capacity", "much").code == 2
    assert call("solve", "ft06", "--capacity").code == 2


def test_warm_start_of_another_instance_is_6(call, tmp_path):
    other = tmp_path / "other.json"
    call("solve", "ft10", "-q", "--solver", "spt", "-o", other)
    done = call("solve", "ft06", "--warm-start", other)
    assert (done.code, done.out) == (6, "")
    assert done.err.startswith(f"error: {other} offers an infeasible solution: ")
