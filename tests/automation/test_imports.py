"""What automation takes of the Pulumi SDK: an import contract can name whole distributions only."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

AUTOMATION = Path(__file__).parents[2] / "automation"


def imported(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def foreign(text: str) -> list[str]:
    names = [name for name in imported(text) if name.split(".")[0] == "pulumi"]
    return [name for name in names if not f"{name}.".startswith("pulumi.automation.")]


def test_automation_uses_the_automation_api_of_the_sdk_and_nothing_else() -> None:
    found = {str(path): foreign(path.read_text(encoding="utf-8")) for path in AUTOMATION.rglob("*.py")}
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("import pulumi", ["pulumi"]),
        ("from pulumi import runtime", ["pulumi.runtime"]),
        ("from pulumi import automation", []),
        ("import pulumi.automation as auto", []),
        ("from pulumi.automation.events import OpType", []),
    ],
)
def test_each_form_of_import_is_told_apart(text: str, names: list[str]) -> None:
    assert foreign(text) == names
