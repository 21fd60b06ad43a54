"""Sweeps on Dask clusters on this machine."""

import random
import subprocess
import sys
import time

import psutil
import pytest
from kits.sweeps import SHOPS, WHAT, folder

CLUSTER = ("--cluster", "local:2", "--oversubscribe")


def dask_workers(driver):
    """Return the Dask workers that have started a fork server."""
    found = []
    for process in psutil.Process(driver.pid).children(recursive=True):
        try:
            below = process.children()
            if any("ordino.bench.forkserver" in child.cmdline() for child in below):
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found


def test_dask_workers_killed_in_mid_run(place):
    options = ("--set", "shops", "--solver", "random", "--seed", "0-5", "--time-limit", "0.4")
    driver = place.start("run", "--store", place.store, *options, *CLUSTER, "-q")
    rng = random.Random(0)
    killed = 0
    while driver.poll() is None:
        workers = dask_workers(driver)
        if workers and killed < 2:
            time.sleep(rng.uniform(0.2, 0.8))
            rng.choice(workers).kill()
            killed += 1
        time.sleep(0.3)
    _, err = driver.communicate()
    assert driver.returncode == 0, err
    assert killed == 2
    rows = place.rows(WHAT)
    assert len(rows) == len({(row["instance"], row["seed"]) for row in rows}) == 24
    assert {row["outcome"] for row in rows} == {"finished"}
    assert folder(place, "claims") == folder(place, "damaged") == []
    assert place.run(*options)[0]["before"] == 24


def test_a_dask_sweep_dies_with_its_driver_and_is_resumed(place):
    options = ("--set", "shops", "--solver", "random", "--seed", "0-3", "--time-limit", "0.4")
    driver = place.start("run", "--store", place.store, *options, *CLUSTER, "-q")
    deadline = time.monotonic() + 60
    while not (place.store / "runs").is_dir() or len(folder(place, "runs")) < 3:
        assert driver.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    family = psutil.Process(driver.pid).children(recursive=True)
    driver.kill()
    driver.communicate()
    kept = len(folder(place, "runs"))
    told, _ = place.run(*options, *CLUSTER)
    assert (told["total"], told["before"]) == (16, kept)
    assert len(place.rows()) == 16
    assert psutil.wait_procs(family, timeout=20)[1] == []


@pytest.mark.parametrize("address", ["local:none", "local:0", "nowhere", "tcp://127.0.0.1:9"])
def test_a_wrong_address(place, address):
    program = "from ordino.bench import cluster; cluster.CONNECT_SECONDS = 1; "
    program += "from ordino.cli import main; main()"
    words = [sys.executable, "-c", program, "bench", "run", "--cluster", address, *SHOPS]
    done = subprocess.run(
        words, env=place.environment, cwd=place.path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: --cluster {address}: ")


def test_runs_on_dask_are_the_same_runs(place):
    told, _ = place.run(*SHOPS, *CLUSTER)
    assert told["done"] == 8
    assert place.run(*SHOPS)[0]["before"] == 8
