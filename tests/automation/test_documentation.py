"""What docs/automation.md says of the command line is what it does."""

from __future__ import annotations

import re
import runpy
import shlex
from pathlib import Path
from typing import Any, cast

import pytest
import typer
import yaml

from automation.commands import COMMANDS, app, main
from automation.exits import Exit
from automation.stacks.places import Place
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


def written() -> list[tuple[str, list[str]]]:
    """Every `python -m automation ...` that a page has in a block of commands, with the page."""
    found: list[tuple[str, list[str]]] = []
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        blocks = re.findall(r"```console\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
        for line in "\n".join(blocks).replace("\\\n", " ").splitlines():
            words = shlex.split(line.removeprefix("$ "), comments=True)
            if ["-m", "automation"] in [words[at : at + 2] for at in range(len(words))]:
                found.append((page.name, words[words.index("automation") + 1 :]))
    return found


def test_every_command_that_a_page_writes_out_is_one() -> None:
    assert len(written()) >= 20
    for page, words in written():
        command: Any = typer.main.get_command(app)
        while below := getattr(command, "commands", None):
            assert words[0] in below, f"{page}: {words}"
            command, words = below[words[0]], words[1:]
        command.make_context("", [*words])  # UsageError for what it does not take


def test_the_environments_of_the_page_are_made_where_it_says(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///elsewhere")
    made = [words for page, words in written() if page == "stacks.md" and words[0] == "new-stack"]
    assert [main([*words, "--yes"]) for words in made] == [0, 0], capsys.readouterr().err
    calls = [call for call in engine.calls if call["argv"][:2] == ["stack", "init"]]
    assert [(call["argv"][2], call["PULUMI_BACKEND_URL"], call["argv"][4:]) for call in calls] == [
        ("dev", "file:///elsewhere", []),
        (
            "qa",
            "s3://210987654321-ml-platform-state",
            ["--secrets-provider", "awskms://alias/ml-platform-state?region=eu-central-1"],
        ),
    ]
    file = yaml.safe_load((engine.project / "Pulumi.qa.yaml").read_text(encoding="utf-8"))
    assert [*file] == ["secretsprovider", "config", "encryptedkey"]
    config = file["config"]
    assert (config["aws:region"], config["aws:allowedAccountIds"]) == ("eu-central-1", ["210987654321"])
    assert config["aws:assumeRoles"] == [{"roleArn": "arn:aws:iam::210987654321:role/deployer"}]


def test_the_table_of_backends_names_what_the_command_takes() -> None:
    text = (ROOT / "docs" / "stacks.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| [^|]+ \| [^|]+ \| `(--backend [^`]+)`", text, re.MULTILINE)
    assert len(rows) == 4
    new_stack = cast("Any", typer.main.get_command(app)).commands["new-stack"]
    for row in rows:
        options = shlex.split(re.sub(r"<[a-z]+>", "x", row))
        given = new_stack.make_context("", ["--stack", "n", *options]).params
        at = Place(
            backend=given["backend"],
            secrets_provider=given["secrets_provider"],
            environments=tuple(given["environment"] or ()),
        )
        assert at.of({})["config"] == {"ml-platform:backend": given["backend"]}


def test_the_piece_of_a_script_runs(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    (script,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    file = engine.project / "script.py"
    file.write_text(script.replace('"staging")\nchanges', '"staging", target.PROJECT)\nchanges'), encoding="utf-8")
    runpy.run_path(str(file))
    assert capsys.readouterr().out == "{'create': 3} []\n"
