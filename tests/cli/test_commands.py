import json

import pytest

import ordino
from ordino.commands.parameters import duration, size, target


@pytest.fixture
def solved(call, tmp_path):
    """Return the path of an optimal result of ft06."""
    path = tmp_path / "ft06.json"
    assert call("solve", "ft06", "-q", "-o", path).code == 0
    return path


def test_no_arguments_is_help(call):
    assert call() == call("--help")
    assert call("-h").out.startswith("Usage: ordino")
    assert call("--version").out.startswith("ordino 0.")
    for command in ("solve", "check", "draw", "info", "bounds", "convert", "generate", "list"):
        assert call(command, "--help").out.startswith(f"Usage: ordino {command}")


def test_check_takes_bare_solutions_and_formats(call, solved):
    starts = json.loads(solved.read_text())["solution"]["start"]
    bare = json.dumps({"start": starts})
    rows = "\n".join(" ".join(map(str, starts[6 * job : 6 * job + 6])) for job in range(6))
    for text in (bare, rows):
        done = call("check", "ft06", "-", "--json", stdin=text)
        assert (done.code, json.loads(done.out)) == (
            *(0, {"valid": True, "objective": 55, "violations": []}),
        )


def test_check_rejects_with_6_and_says_why(call):
    text = json.dumps({"start": [0] * 36})
    done = call("check", "ft06", "-", stdin=text)
    assert done.code == 6
    assert done.out.startswith("invalid: ")
    assert "more" in done.out
    verdict = json.loads(call("check", "ft06", "-", "--json", stdin=text).out)
    assert (verdict["valid"], verdict["objective"]) == (False, None)
    assert verdict["violations"][0].keys() == {"kind", "message"}


def test_check_rejects_the_result_of_another_instance(call, solved):
    done = call("check", "ft10", solved)
    assert done.code == 6
    assert "belongs to another instance (ft06)" in done.out


def test_check_rejects_a_false_claim(call, solved):
    claim = json.loads(solved.read_text()) | {"objective": 54}
    done = call("check", "ft06", "-", stdin=json.dumps(claim))
    assert done.code == 6
    assert "claims 54" in done.out


def test_info(call):
    done = call("info", "ft06")
    assert done.code == 0
    assert "operations           36" in done.out
    data = json.loads(call("info", "ft06", "--json").out)
    assert data["fingerprint"] == ordino.read("ft06").fingerprint()
    assert data["formats"] == ["json", "jsp", "jsp-reentrant", "taillard", "fjs", "birgin"]
    assert data["best_known"]["upper_bound"] == 55
    assert "edd" not in data["solvers"]


def test_bounds(call):
    data = json.loads(call("bounds", "ft10", "--json").out)
    assert data["best"] == max(data["bounds"].values()) == 808
    done = call("bounds", "ft10")
    assert done.code == 0
    assert "job-length" in done.out


@pytest.mark.parametrize("format", ["json", "jsp", "jsp-reentrant", "taillard"])
def test_convert_there_and_back(call, tmp_path, format):
    path = tmp_path / "out"
    assert call("convert", "ft06", path, "--to", format).code == 0
    assert ordino.read(str(path), format) == ordino.read("ft06")
    assert call("convert", "ft06", "-", "--to", format).out == path.read_text()


def test_convert_to_models(call, tmp_path):
    for ending in ("mps", "lp", "pb"):
        path = tmp_path / f"model.{ending}"
        assert call("convert", "ft06", path).code == 0
    assert "ROWS" in (tmp_path / "model.mps").read_text()
    assert "Minimize" in (tmp_path / "model.lp").read_text()
    from ortools.sat import cp_model_pb2
    from ortools.sat.python import cp_model

    proto = cp_model_pb2.CpModelProto.FromString((tmp_path / "model.pb").read_bytes())
    assert proto.HasField("objective")
    assert cp_model is not None


def test_draw(call, tmp_path, solved):
    for ending in ("svg", "html", "png"):
        assert call("draw", "ft06", solved, tmp_path / f"x.{ending}").code == 0
    assert "makespan 55" in (tmp_path / "x.svg").read_text()


def test_draw_refuses_what_the_checker_rejects(call, tmp_path):
    done = call("draw", "ft06", "-", tmp_path / "x.svg", stdin=json.dumps({"start": [0] * 36}))
    assert done.code == 6
    assert not (tmp_path / "x.svg").exists()


def test_generate_is_repeatable_and_readable(call, tmp_path):
    arguments = ("generate", "jobshop", "jobs=4", "--set", "machines=3", "--seed", "7")
    first, again = call(*arguments), call(*arguments)
    assert (first.code, first.out) == (0, again.out)
    assert call(*arguments[:-1], "8").out != first.out
    path = tmp_path / "x.txt"
    assert call(*arguments, "-o", path, "--to", "jsp").code == 0
    assert ordino.read(str(path)) == ordino.read(first.out)
    assert ordino.read(first.out).jobs == 4


@pytest.mark.parametrize("what", ["families", "formats", "solvers", "instances"])
def test_list(call, what):
    done, data = call("list", what), json.loads(call("list", what, "--json").out)
    assert done.code == 0
    assert data[what]
    assert all(row["name"] in done.out for row in data[what])
    assert call("list", what, "jobshop").code == 0


def test_list_shows_settings(call):
    assert "    schedule: non-delay|active = non-delay" in call("list", "solvers").out


def test_doctor(call):
    done = call("doctor", "--json")
    data = json.loads(done.out)
    assert (done.code, data["problems"]) == (0, [])
    assert all(data["engines"].values())
    assert data["cores"]["usable"] >= 1
    assert data["versions"]["ordino"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(call, shell):
    done = call("completion", shell)
    assert done.code == 0
    assert "_ORDINO_COMPLETE" in done.out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["so"], "solve"),
        (["solve", "ft"], "ft06"),
        (["solve", "ft06", "--solver", "spt,cp"], "spt,cpsat"),
        (["solve", "ft06", "--format", "tai"], "taillard"),
        (["generate", "job"], "jobshop"),
        (["solve", "--capacity", "5", "ft06", "--time"], "--time-limit"),
    ],
)
def test_completion(words, expected):
    from click.shell_completion import ShellComplete

    from ordino.cli import ordino as group

    *before, last = words
    items = ShellComplete(group, {}, "ordino", "_ORDINO_COMPLETE").get_completions(before, last)
    assert expected in [item.value for item in items]


def test_values():
    assert [duration(text) for text in ("60", "500ms", "5m", "1.5h", ".5")] == [
        *(60, 0.5, 300, 5400, 0.5),
    ]
    assert [size(text) for text in ("10", "1k", "1KB", "1KiB", "64MiB")] == [
        *(10, 1000, 1000, 1024, 2**26),
    ]
    assert [target(text) for text in ("930", "-1.5", "3,0.5")] == [930, -1.5, (3, 0.5)]


def test_files_below_ordino_data_are_listed_and_known_by_name(tmp_path, monkeypatch):
    from ordino.instances import catalogue

    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "mine.txt").write_text("1 1\n0 7\n")
    (tmp_path / "set" / "mine.xyz").write_text("of a format that nobody reads")
    monkeypatch.setenv("ORDINO_DATA", str(tmp_path))
    assert list(catalogue.public_files()) == ["mine"]
    assert ordino.read("mine").operations == 1
    monkeypatch.setenv("ORDINO_DATA", str(tmp_path / "nowhere"))
    assert catalogue.public_files() == {}
    with pytest.raises(ordino.InputError, match="ORDINO_DATA names no folder"):
        ordino.read("mine")
