"""The code of the tutorials runs as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TUTORIALS = Path(__file__).parents[1] / "docs" / "tutorials"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (TUTORIALS / page).read_text(), re.DOTALL)


def write_modules(page: str, folder: Path) -> list[str]:
    """Write the blocks that begin with the name of a file, and return the others."""
    others = []
    for block in blocks(page, "python"):
        if named := re.match(r"# (\S+\.py)\n", block):
            target = folder / named[1]
            target.parent.mkdir(exist_ok=True)
            target.write_text(block)
        else:
            others.append(block)
    return others


def run(words: list[str], folder: Path) -> str:
    environment = os.environ | {"PYTHONPATH": str(folder)}
    done = subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_add_a_solver(tmp_path: Path) -> None:
    programs = write_modules("solver.md", tmp_path)
    assert len(programs) == 2
    for program in programs:
        run([sys.executable, "-c", program], tmp_path)


def test_add_a_family(tmp_path: Path) -> None:
    assert write_modules("family.md", tmp_path) == []
    (toml,) = blocks("family.md", "toml")
    about = tmp_path / "parallel-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: parallel\nVersion: 1\n")
    entry = toml.splitlines()[1].replace('"', "")
    (about / "entry_points.txt").write_text(f"[ordino.families]\n{entry}\n")
    (commands,) = blocks("family.md", "sh")
    call = f"{sys.executable} -c 'from ordino.cli import main; main()'"
    program = re.sub("^ordino", call, commands, flags=re.MULTILINE)
    out = run(["sh", "-ec", program], tmp_path)
    assert "optimal" in out
    assert "valid: makespan 15" in out
    assert "cpsat  parallel" in out


def test_the_site_builds(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs", reason="the extra docs is not installed")
    pytest.importorskip("mkdocstrings_handlers.python", reason="the extra docs is not installed")
    words = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(tmp_path)]
    done = subprocess.run(
        words, cwd=TUTORIALS.parents[1], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "tardiness.html").read_text()
    for told in ("orlib-wt", "branch-and-memorize", "single-machine/smtt", "assignment"):
        assert told in page
    assert "ordino.api.solve" in (tmp_path / "api.html").read_text()
