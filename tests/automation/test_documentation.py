"""What docs/automation.md says of the command line is what it does."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from automation.commands import COMMANDS
from automation.exits import Exit
from tests.automation.stacks.conftest import Engine, engine

__all__ = ["engine"]
ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "automation.md").read_text(encoding="utf-8")


def test_the_exit_codes_are_those_of_the_page() -> None:
    assert re.findall(r"^\| (\d+) \| (.*) \|$", PAGE, re.MULTILINE) == [(str(int(c)), c.meaning) for c in Exit]


def test_every_command_stands_on_the_page() -> None:
    tables = "".join(line for line in PAGE.splitlines() if line.startswith("| "))
    named = set(re.findall(r"`([a-z-]+)", tables))
    assert {command.__name__.replace("_", "-") for command in COMMANDS} - named == set()


def test_the_piece_of_a_script_runs(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    (script,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    file = engine.project / "script.py"
    file.write_text(script.replace('"staging")\nchanges', '"staging", target.PROJECT)\nchanges'), encoding="utf-8")
    runpy.run_path(str(file))
    assert capsys.readouterr().out == "{'create': 3} []\n"
