import json

import pytest

WRONG_USAGE = {
    "no command": (("slove", "ft06"), "did you mean 'solve'"),
    "no file named": (("solve",), "missing argument"),
    "option": (("solve", "ft06", "--time-limt", "5"), "--time-limit"),
    "solver": (("solve", "ft06", "--solver", "cpsatt"), "cpsat"),
    "second solver": (("solve", "ft06", "--solver", "spt,lpp"), "lpt"),
    "solver for another instance": (("solve", "ft06", "--solver", "edd"), "no due dates"),
    "setting": (("solve", "ft06", "--set", "cpsat.paramters=1"), "parameters"),
    "setting without solver": (("solve", "ft06", "--set", "parameters=1"), "solver.name"),
    "setting without value": (("solve", "ft06", "--set", "cpsat.parameters"), "name=value"),
    "setting of a solver that does not run": (
        ("solve", "ft06", "--solver", "spt", "--set", "lpt.schedule=active"),
        "no running solver",
    ),
    "value of a setting": (("solve", "ft06", "--set", "spt.schedule=lazy"), "non-delay|active"),
    "time limit": (("solve", "ft06", "--time-limit", "soon"), "1.5h"),
    "unit": (("solve", "ft06", "--time-limit", "5y"), "1.5h"),
    "no time": (("solve", "ft06", "--time-limit", "0"), "above 0"),
    "negative time": (("solve", "ft06", "--time-limit", "-5"), "above 0"),
    "workers": (("solve", "ft06", "--workers", "0"), "--workers"),
    "seed": (("solve", "ft06", "--seed", "-1"), "--seed"),
    "iterations": (("solve", "ft06", "--iterations", "0"), "--iterations"),
    "target": (("solve", "ft06", "--target", "low"), "expected a number"),
    "levels of the target": (("solve", "ft06", "--target", "1,2"), "expected 1 values"),
    "gap": (("solve", "ft06", "--gap", "-0.1"), "gap"),
    "gap that is no number": (("solve", "ft06", "--gap", "nan"), "gap"),
    "size": (("solve", "ft06", "--max-size", "big"), "64MiB"),
    "required": (("solve", "ft06", "--require", "best"), "'optimal'"),
    "picture": (("solve", "ft06", "--draw", "out.xyz"), "svg, html, png"),
    "folder of output": (("solve", "ft06", "-o", "nowhere/x.json"), "there is no folder nowhere"),
    "folder as output": (("solve", "ft06", "-o", "."), "is a folder"),
    "output to the pipe": (("solve", "ft06", "-o", "-"), "--json"),
    "two inputs from one pipe": (("check", "-", "-"), "only one file"),
    "format of output": (("convert", "ft06", "out.xyz"), "--to"),
    "format to write": (("convert", "ft06", "-", "--to", "jps"), "jsp"),
    "family": (("generate", "jobshp"), "jobshop"),
    "generator": (("generate", "jobshop", "--generator", "tailard"), "taillard"),
    "parameter": (("generate", "jobshop", "job=3"), "jobs"),
    "value of a parameter": (("generate", "jobshop", "jobs=many"), "jobs: int"),
    "range of a parameter": (("generate", "jobshop", "jobs=0"), "jobs"),
    "list": (("list", "machines"), "solvers"),
    "family of a list": (("list", "solvers", "jobshp"), "jobshop"),
    "shell": (("completion", "tcsh"), "fish"),
}


@pytest.mark.parametrize("case", WRONG_USAGE)
def test_wrong_usage_is_one_line_and_2(call, tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    arguments, told = WRONG_USAGE[case]
    done = call(*arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: ")
    assert done.err.count("\n") == 1
    assert told.lower() in done.err.lower()
    assert list(tmp_path.iterdir()) == []


UNREADABLE = {
    "missing.txt": (None, "no such file"),
    "empty.txt": (b"", "empty"),
    "binary.txt": (b"\0\1\2\3", "binary data"),
    "not_utf8.txt": (b"2 2\n\xff\xfe\n", "not UTF-8"),
    "words.txt": (b"this is no job shop\n", "no known format"),
    "oversize.txt": (b"9" * 2000, "larger than"),
    "other.json": (b'{"hello": 1}', "error"),
}


@pytest.mark.parametrize("name", UNREADABLE)
@pytest.mark.parametrize("command", ["solve", "info", "bounds"])
def test_unreadable_input_is_one_line_and_5(call, tmp_path, name, command):
    content, told = UNREADABLE[name]
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    done = call(command, path, "--max-size", "1k")
    assert (done.code, done.out) == (5, "")
    assert done.err.startswith(f"error: {path}")
    assert done.err.count("\n") == 1
    assert told in done.err


def test_folder_and_empty_pipe_are_5(call, tmp_path):
    assert call("info", tmp_path).code == 5
    assert call("info", "-").err == "error: <stdin>:1: empty, expected an instance\n"


def test_unknown_format_of_a_file_is_2(call, tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("1 1\n0 5\n")
    done = call("info", path, "--format", "jps")
    assert done.code == 2
    assert "jsp" in done.err


def test_result_without_solution_is_5_where_one_is_needed(call, tmp_path):
    done = call("solve", "ft06", "--solver", "spt", "-q", "--json")
    empty = tmp_path / "empty.json"
    empty.write_text(json.dumps(json.loads(done.out) | {"solution": None, "status": "unknown"}))
    for arguments in (("check", "ft06", empty), ("solve", "ft06", "--warm-start", empty)):
        done = call(*arguments)
        assert (done.code, done.out) == (5, "")
        assert "holds no solution, its status is unknown" in done.err


def test_unexpected_error_is_one_line_and_1(call, monkeypatch):
    from ordino import api

    def fall(instance):
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(api, "compute_bounds", fall)
    done = call("bounds", "ft06")
    assert done.code == 1
    assert done.err == "error: ZeroDivisionError: oh (a defect of ordino; -v shows where)\n"
    assert "Traceback" in call("bounds", "ft06", "-v").err


def test_missing_matplotlib_is_told_before_solving(call, tmp_path, monkeypatch):
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    done = call("solve", "ft06", "--draw", tmp_path / "x.png")
    assert (done.code, done.out) == (2, "")
    assert "pip install 'ordino[draw]'" in done.err
