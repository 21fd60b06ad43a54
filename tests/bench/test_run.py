import contextlib
import json
import os
import pty
import random
import signal
import time
from contextlib import closing
from dataclasses import replace

import pytest
from kits.sweeps import SHOPS, WHAT, folder

from ordino.bench.method import method
from ordino.bench.plan import Plan, expand
from ordino.bench.processes import Processes
from ordino.bench.store import Store
from ordino.bench.sweep import second_check, sweep
from ordino.core.family import Reference


def test_a_sweep_is_recorded_and_resumed(place):
    told, err = place.run(*SHOPS, "--seed", "0-1")
    assert told == {"total": 16, "before": 0, "done": 16, "by_others": 0, "failed": 0, "left": 0}
    assert "of 16" in err
    rows = place.rows()
    assert len({row["key"] for row in rows}) == 16
    assert {row["outcome"] for row in rows} == {"finished"}
    assert {(row["set"], row["seed"]) for row in rows} == {("shops", 0), ("shops", 1)}
    assert all(row["wall_seconds"] < 10 and row["peak_memory"] > 10**7 for row in rows)
    assert rows[0]["command"].startswith("ordino solve ")
    assert place.run(*SHOPS, "--seed", "0-1")[0]["before"] == 16
    assert place.run(*SHOPS, "--seed", "0-2")[0]["done"] == 8
    assert folder(place, "claims") == folder(place, "damaged") == []


def test_a_recorded_result_is_what_check_takes(place, monkeypatch):
    from ordino.api import check
    from ordino.instances.reading import read_instance, read_solution

    place.run("--set", "shops", "--solver", "spt", "--instance", "s1")
    (row,) = place.rows()
    monkeypatch.setenv("ORDINO_DATA", str(place.path / "data"))
    shop = read_instance(row["source"])
    _, result = read_solution(place.store / "solutions" / f"{row['key']}.json", shop)
    report = check(shop, result)
    assert report.valid
    assert report.objective == row["objective"]


def test_what_a_run_is_makes_its_key(place, monkeypatch):
    monkeypatch.setenv("ORDINO_DATA", str(place.path / "data"))

    def key(settings=None, **fields):
        plan = Plan(
            **{"sets": ["shops"], "patterns": ["s0"], "methods": [method("spt", settings)]} | fields
        )
        (run,) = expand(plan, lambda fingerprint, text: None, print)
        return run.key

    kept = key()
    changes = [
        {"settings": {"spt": {"schedule": "active"}}},
        {"patterns": ["s1"]},
        {"methods": [method("lpt")]},
        {"seeds": [1]},
        {"time_limits": [7]},
        {"iterations": 3},
        {"workers": 2},
    ]
    assert len({kept, *(key(**change) for change in changes)}) == len(changes) + 1
    source = place.path / "data" / "shops" / "s0.jsp"
    source.write_text(source.read_text().replace("\n", " \n"))
    assert key(time_limits=[60.0]) == kept
    monkeypatch.setattr("ordino.bench.plan._version", lambda: "9")
    assert key() != kept


def test_a_plan_file_and_options(place):
    (place.path / "plan.toml").write_text(
        """
        sets = ["shops"]
        instances = ["s0", "s2"]
        seeds = "0-1"
        time_limit = [5, "1m"]
        [[solver]]
        name = "spt"
        settings = { schedule = "active" }
        [[solver]]
        name = "spt,random"
        settings = { "spt.schedule" = "non-delay" }
        """
    )
    options = ("plan.toml", "--iterations", "10")
    assert place.run(*options)[0]["done"] == 16
    assert place.run(*options, "--time-limit", "5")[0]["total"] == 8
    assert place.run(*options, "--every", "2")[0]["total"] == 8
    settings = {row["settings"] for row in place.rows("settings, key")}
    assert settings == {'{"spt": {"schedule": "active"}}', '{"spt": {"schedule": "non-delay"}}'}


WENT_WRONG = {
    "hang": ("killed", "still running after"),
    "abort": ("crashed", "signal 6"),
    "hog": ("out_of_memory", "more than 300 MiB"),
    "fail": ("failed", "on purpose"),
}


def test_what_goes_wrong_is_a_result(place):
    limits = ("--set", "trouble", "--grace", "0.5", "--memory", "300MiB", "--time-limit", "2")
    solvers = [word for name in WENT_WRONG for word in ("--solver", name)]
    began = time.monotonic()
    told, err = place.run(*limits, *solvers, "--solver", "nines")
    assert time.monotonic() - began < 30
    assert (told["done"], told["failed"]) == (5, 4)
    found = {row["solver"]: row for row in place.rows()}
    assert found.pop("nines")["outcome"] == "finished"
    for solver, (outcome, message) in WENT_WRONG.items():
        assert f"t0 {solver} seed 0: {outcome.replace('_', ' ')}: " in err
        assert (found[solver]["outcome"], found[solver]["objective"]) == (outcome, None)
        assert message in found[solver]["message"]
    assert place.run(*limits, *solvers)[0]["done"] == 0
    assert place.run(*limits, "--solver", "fail", "--retry", "failed")[0]["done"] == 1
    assert len(place.rows()) == 5


def test_better_than_best_known_is_checked_once_more(place, monkeypatch):
    monkeypatch.setenv("ORDINO_DATA", str(place.path / "data"))
    store = Store(place.store, create=True)
    plan = Plan(sets=["shops"], methods=[method("spt")], patterns=["s[01]"])
    runs = expand(plan, store.keep_instance, print)
    loose = Reference(lower_bound=1, upper_bound=10**6, source="nobody")
    wrong = Reference(lower_bound=10**6, upper_bound=10**6, source="nobody")
    runs = [
        replace(run, subject=replace(run.subject, known=known))
        for run, known in zip(runs, (loose, wrong), strict=True)
    ]
    with closing(Processes(["jobshop"], 1, 5.0, 10**9)) as executor:
        sweep(runs, store, executor, memory=10**9)
    found = {record["instance"]: record for record in store.records()}
    assert [found[name]["versus_known"] for name in ("s0", "s1")] == ["better", "contradiction"]
    assert [found[name]["second_check"] for name in ("s0", "s1")] == ["valid", "valid"]
    path = store.solution_file(runs[0].key)
    result = json.loads(path.read_text())
    result["solution"]["start"][0] += 10**6
    assert "operation 1 of job 0 starts" in second_check(store, runs[0], json.dumps(result))


def test_a_live_table_on_a_terminal(place):
    main, end = pty.openpty()
    options = ("run", "--store", place.store, *SHOPS, "--seed", "0-3")
    driver = place.start(*options, stderr=end)
    os.close(end)
    shown = b""
    with contextlib.suppress(OSError):
        while chunk := os.read(main, 1 << 16):
            shown += chunk
    os.close(main)
    driver.communicate()
    assert driver.returncode == 0
    for told in (b"solver", b"mean gap", b"left", b"to go", b"random"):
        assert told in shown


def test_a_damaged_result_is_done_again(place):
    place.run(*SHOPS)
    before = place.rows(WHAT + ", key")
    path = sorted((place.store / "runs").iterdir())[3]
    path.write_bytes(path.read_bytes()[:-20])
    told, err = place.run(*SHOPS)
    assert (told["before"], told["done"]) == (7, 1)
    assert "1 damaged file set aside" in err
    assert place.rows(WHAT + ", key") == before
    assert len(folder(place, "damaged")) == 1
    next((place.store / "solutions").iterdir()).write_bytes(b"")
    told, err = place.run(*SHOPS)
    assert (told["before"], told["done"]) == (7, 1)
    assert "2 damaged files set aside" in err
    assert place.rows(WHAT + ", key") == before


def test_a_driver_killed_many_times_repeats_nothing_that_finished(place):
    options = ("run", "--store", place.store, *SHOPS, "--seed", "0-4", "-q")
    rng = random.Random(0)
    kept = {}
    for _ in range(10):
        driver = place.start(*options)
        time.sleep(rng.uniform(0.5, 1.7))
        driver.send_signal(signal.SIGKILL)
        driver.communicate()
        if (place.store / "runs").is_dir():
            now = {path.name: path.stat().st_mtime_ns for path in (place.store / "runs").iterdir()}
            assert kept.items() <= now.items()
            kept = now
    told, _ = place.run(*SHOPS, "--seed", "0-4")
    assert (told["total"], told["before"], told["left"]) == (40, len(kept), 0)
    rows = place.rows(WHAT)
    assert len(rows) == len({(r["instance"], r["solver"], r["seed"]) for r in rows}) == 40
    assert {row["outcome"] for row in rows} == {"finished"}
    assert folder(place, "claims") == folder(place, "damaged") == []
    assert len(folder(place, "runs")) == len(folder(place, "solutions")) == 40


def test_two_drivers_do_each_run_once(place):
    options = ("run", "--store", place.store, *SHOPS, "--seed", "0-3", "--json")
    drivers = [place.start(*options) for _ in range(2)]
    told = [json.loads(driver.communicate(timeout=120)[0]) for driver in drivers]
    assert all(each["left"] == 0 for each in told)
    assert sum(each["done"] for each in told) == 32
    assert len(place.rows()) == 32


def test_a_run_dies_with_its_driver(place):
    import psutil

    driver = place.start("run", "--store", place.store, "--set", "trouble", "--solver", "hang")
    deadline = time.monotonic() + 30
    while len(found := psutil.Process(driver.pid).children(recursive=True)) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    driver.kill()
    driver.communicate()
    assert psutil.wait_procs(found, timeout=5)[1] == []


def test_ctrl_c_lets_the_runs_in_flight_end(place):
    options = ("run", "--store", place.store, *SHOPS, "--seed", "0-199", "--json")
    driver = place.start(*options)
    deadline = time.monotonic() + 30
    while not (place.store / "runs").is_dir() or not folder(place, "runs"):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    driver.send_signal(signal.SIGINT)
    out, _ = driver.communicate(timeout=30)
    assert driver.returncode == 130
    told = json.loads(out)
    assert told["left"] > 0
    assert told["done"] == len(folder(place, "runs"))
    assert folder(place, "claims") == []


def test_status_counts_what_is_left(place):
    place.run("--set", "shops", "--solver", "spt")
    for path in sorted((place.store / "runs").iterdir())[:3]:
        path.unlink()
    code, out, _ = place.call("status", "--store", place.store, "--json")
    found = json.loads(out)
    assert (code, found["planned"], found["done"], found["left"]) == (0, 4, 1, 3)
    assert found["groups"][0]["solver"] == "spt"
    assert "shops" in place.call("status", "--store", place.store)[1]


WRONG = {
    "set": (("--set", "shop"), 2, "did you mean shops"),
    "no set": ((), 2, "--set"),
    "solver": (("--set", "shops", "--solver", "tabbu"), 2, "did you mean tabu"),
    "setting": (("--set", "shops", "--solver", "spt", "--setting", "spt.x=1"), 2, "schedule"),
    "setting of another": (
        ("--set", "shops", "--solver", "lpt", "--setting", "spt.schedule=active"),
        2,
        "no running solver 'spt'",
    ),
    "nothing": (("--set", "shops", "--instance", "nobody"), 2, "selects nothing"),
    "solver of another family": (("--set", "shops", "--solver", "mdd"), 2, "selects nothing"),
    "seeds": (("--set", "shops", "--seed", "a-b"), 2, "0-9"),
    "workers": (("--set", "shops", "--workers", "4096"), 2, "--oversubscribe"),
    "problem": (("--set", "shops", "--problem", "x=1"), 2, "no parameter of family jobshop"),
    "plan": (("nowhere.toml",), 5, "can't be read"),
    "store": (("--set", "shops", "--store", "data"), 5, "no store"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_usage_is_one_line(place, case):
    arguments, code, told = WRONG[case]
    found, out, err = place.call("run", *arguments)
    assert (found, out) == (code, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert told in err


PLANS = {
    "sets = [": "TOML",
    "set = ['shops']": "did you mean sets",
    "sets = 'shops'": "a list of texts",
    "sets = ['shops']\nworkers = 0": "at least 1",
    "sets = ['shops']\ntime_limit = 'soon'": "5m",
    "sets = ['shops']\nseeds = 'x'": "0-9",
    "sets = ['shops']\n[[solver]]\nname = 'tabbu'": "did you mean tabu",
    "sets = ['shops']\n[[solver]]\nsettings = {}": "with a name",
}


@pytest.mark.parametrize("text", PLANS)
def test_a_wrong_plan_is_one_line(tmp_path, text):
    from ordino.bench.planfile import read_plan
    from ordino.core.errors import InputError

    path = tmp_path / "plan.toml"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        read_plan(str(path))
    assert PLANS[text] in str(error.value)
    assert str(path) in str(error.value)
