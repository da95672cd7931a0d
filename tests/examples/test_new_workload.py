"""From a file to a prediction as the README says it: its own commands, in a clone, at most six of them."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SECTION = re.compile(r"\n## Your own data\n.*?```console\n(.*?)```", re.DOTALL)


def commands() -> list[list[str]]:
    """The commands of the README's section, in order."""
    found = SECTION.search((ROOT / "README.md").read_text())
    assert found is not None
    return [shlex.split(line.removeprefix("$ "), comments=True) for line in found[1].splitlines()]


def test_there_are_at_most_six_and_the_first_makes_the_environment() -> None:
    assert len(commands()) <= 6
    assert commands()[0] == ["make", "setup"]
    assert {command[0] for command in commands()[1:]} == {"python"}


#: The README's words for biopsies, and those of a label of another task.
OTHERS: dict[str, dict[str, str]] = {
    "binary": {},
    "multiclass": {"two-workloads": "multiclass", "biopsy": "penguins", "class": "species", "sample": "penguin"},
    "regression": {"two-workloads": "regression", "biopsy": "diabetes", "class": "progression", "sample": "patient"},
}


@pytest.mark.full
@pytest.mark.loop
@pytest.mark.parametrize("task", OTHERS)
def test_they_lead_to_predictions(tmp_path: Path, task: str) -> None:
    words = OTHERS[task]
    name = words.get("biopsy", "biopsy")
    clone = tmp_path / "clone"
    left_out = shutil.ignore_patterns(".git", ".venv*", ".local", ".state", "__pycache__", "*_cache")
    shutil.copytree(ROOT, clone, ignore=left_out)
    said = ""
    for written in commands()[1:]:  # the environment is that of the tests
        command = [_replaced(word, words) for word in written]
        if words and "--positive" in command:  # of two values only
            at = command.index("--positive")
            del command[at : at + 2]
        done = subprocess.run(
            [sys.executable, *command[1:]], cwd=clone, capture_output=True, text=True, timeout=3600, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        said = done.stdout
    assert re.search(rf"endpoint {name}-staging-live InService: http://127\.0\.0\.1:\d+", said)
    assert f"{name}: predictions: 2000 served" in said
    config = yaml.safe_load((clone / "Pulumi.staging.yaml").read_text())["config"]
    assert list(config["ml-platform:workloads"]) == ["churn", name]
    assert not (ROOT / "contracts" / f"{name}.yaml").exists()


def _replaced(word: str, words: dict[str, str]) -> str:
    for old, new in words.items():
        word = re.sub(rf"\b{old}\b", new, word)
    return word
