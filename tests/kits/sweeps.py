"""A folder of small sets, and the command line as a process that knows a family more."""

import json
import os
import subprocess
import sys
from pathlib import Path

from ordino.bench.query import query
from ordino.bench.store import Store
from ordino.instances.jobshop.generate import taillard
from ordino.instances.reading import dump_instance

ORDINO = (sys.executable, "-c", "from ordino.cli import main; main()")
TESTS = Path(__file__).parents[1]

SHORT = ("--solver", "spt", "--solver", "random", "--iterations", "2000", "--time-limit", "20")
SHOPS = ("--set", "shops", *SHORT)
WHAT = "instance, solver, seed, objective, status, outcome"


def folder(place, name):
    """Return the names of the files in a folder of the store."""
    return sorted(path.name for path in (place.store / name).iterdir())


class Place:
    """A data root with a set `shops` of job shops and a set `trouble`, and a store beside it."""

    def __init__(self, path):
        self.path = path
        self.store = path / "store"
        shops = path / "data" / "shops"
        shops.mkdir(parents=True)
        for index in range(4):
            shop = taillard(jobs=3, machines=3, seed=index)
            (shops / f"s{index}.jsp").write_text(dump_instance(shop, "jsp"))
        trouble = path / "data" / "trouble"
        trouble.mkdir()
        content = {"ordino": 1, "family": "hostile", "type": "hostile", "count": 2, "demand": 3}
        (trouble / "t0.json").write_text(json.dumps(content))
        about = path / "plugins" / "hostile-1.dist-info"
        about.mkdir(parents=True)
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: hostile\nVersion: 1\n")
        (about / "entry_points.txt").write_text(
            "[ordino.families]\nhostile = kits.hostile:FAMILY\n"
        )
        self.environment = os.environ | {
            "ORDINO_DATA": str(path / "data"),
            "PYTHONPATH": os.pathsep.join([str(path / "plugins"), str(TESTS)]),
        }

    def start(self, *arguments, **options):
        words = [*ORDINO, "bench", *map(str, arguments)]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(
            words, env=self.environment, text=True, cwd=self.path, **streams | options
        )

    def call(self, *arguments):
        process = self.start(*arguments)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    def run(self, *arguments):
        code, out, err = self.call("run", "--store", self.store, "--json", *arguments)
        assert code == 0, err
        return json.loads(out), err

    def rows(self, columns="*"):
        names, rows = query(Store(self.store), f"select {columns} from runs order by key")
        return [dict(zip(names, row, strict=True)) for row in rows]
