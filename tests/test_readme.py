"""What the README and the pages of the families say works as they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from ordino import read
from ordino.cli import ordino

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
INSTANCES = [
    pytest.param(block, id=f"{page.stem}-{number}")
    for page in sorted((ROOT / "docs").glob("*.md"))
    for number, block in enumerate(re.findall(r"```json\n(.*?)```", page.read_text(), re.DOTALL))
    if block.startswith('{"ordino": 1')
]


def test_the_python_of_the_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    program = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[0]
    expected = re.findall(r"# (optimal .*)", program)[0]
    exec(compile(program.replace("time_limit=5", "time_limit=0.5"), "README.md", "exec"), {})
    assert capsys.readouterr().out.splitlines()[0] == expected


def test_every_command_of_the_readme_is_known() -> None:
    named = set(re.findall(r"^ordino (\w+)", README, re.MULTILINE))
    assert named
    assert named <= set(ordino.commands)
    for name in named:
        assert CliRunner().invoke(ordino, [name, "--help"]).exit_code == 0


def test_the_scripts_of_the_readme_are_there() -> None:
    for name in re.findall(r"^(scripts/\w+)", README, re.MULTILINE):
        assert (ROOT / name).stat().st_mode & 0o111


@pytest.mark.parametrize("block", INSTANCES)
def test_the_instances_of_the_pages_are_instances(block: str) -> None:
    assert read(block).fingerprint()
