"""An operator's acts are done in one place: nothing else of the product or the local run calls AWS for them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: What publishing, approving, promoting, splitting, rolling back, starting and delivering are in calls of boto3.
ACTS = {
    "put_parameter",
    "update_model_package",
    "update_endpoint",
    "update_endpoint_weights_and_capacities",
    "start_pipeline_execution",
    "upload_file",
}
#: Those who may: the operations and the release ledger; adapter, emulator and executor are AWS itself, and a client
#: that hands on what it is asked is one.
ALLOWED = (
    *("automation/operations/", "contracts/machine_runs.py", "contracts/release/"),
    *("local/adapter/", "local/emulator/", "local/executor/"),
)


def _calls(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ACTS:
            yield f"{file.relative_to(ROOT)}:{node.lineno}: {node.func.attr}"


def _files(*folders: str) -> list[Path]:
    return sorted(file for folder in folders for file in (ROOT / folder).rglob("*.py"))


def test_nothing_outside_the_operations_acts() -> None:
    files = [ROOT / "__main__.py", *_files("automation", "components", "contracts", "local", "policies", "settings")]
    found = [call for file in files for call in _calls(file) if not call.startswith(ALLOWED)]
    assert found == []


@pytest.mark.parametrize("act", sorted(ACTS - {"update_endpoint_weights_and_capacities"}))
def test_each_act_is_seen_where_it_is_done(act: str) -> None:
    found = [call for file in _files("automation/operations", "contracts/release") for call in _calls(file)]
    assert any(call.endswith(f": {act}") for call in found)
