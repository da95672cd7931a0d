"""The examples of tasks and of categories as their pages say it: the whole loop, to a model that is rolled back."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from contracts import loader
from tests.examples.looped import ROOT, looped

EXAMPLES = ROOT / "examples"
CASES = [
    ("regression", "diabetes", r"d2: 0\.\d{4}", 0.25),
    ("multiclass", "digits", r"accuracy: 0\.[89]\d{3}", 0.1),
    ("categorical", "titanic", r"AUC: 0\.[789]\d{3}", 0.05),
]


@pytest.mark.parametrize(("example", "name", "_figure", "_margin"), CASES)
def test_the_contract_of_an_example_fits_its_data(
    example: str, name: str, _figure: str, _margin: float, tmp_path: Path
) -> None:
    subprocess.run([sys.executable, EXAMPLES / example / "data.py", tmp_path / "data.csv"], check=True)
    with (tmp_path / "data.csv").open(encoding="utf-8") as file:
        header = file.readline().strip().split(",")
    contract = loader.load(EXAMPLES / example / f"{name}.yaml")
    assert {column.source or column.name for column in contract.columns} == {*header, contract.event_time}
    page = (EXAMPLES / example / "README.md").read_text(encoding="utf-8")
    assert f"--contract examples/{example}/{name}.yaml --data {name}.csv" in page


@pytest.mark.full
@pytest.mark.loop
@pytest.mark.parametrize("searched", [False, True])
@pytest.mark.parametrize(("example", "name", "figure", "margin"), CASES)
def test_a_model_is_retrained_released_and_rolled_back(
    example: str, name: str, figure: str, margin: float, searched: bool, tmp_path: Path
) -> None:
    """The first model is one of a run, or the best of a search; the retrained one is of a run."""
    data = tmp_path / f"{name}.csv"
    subprocess.run([sys.executable, EXAMPLES / example / "data.py", data], check=True)
    contract = EXAMPLES / example / f"{name}.yaml"
    more = ["--tune"] if searched else []
    text = looped(tmp_path / "home", "--stack", "staging", "--contract", str(contract), "--data", str(data), *more)
    assert ("4 trials of at most 4, in at most " in text) == searched
    assert "predictions: 2000 served" in text
    assert len(re.findall(r"gate: register: all \d+ checks hold", text)) == 2
    assert re.search(rf"against the champion: [+-]\d\.\d{{4}} \[.*\] \(margin {margin}\)", text)
    assert re.search(rf"live again: \S+/{name}-staging/1 ", text)
    assert "answers after the rollback: {200: 60}" in text
    assert re.search(rf"{figure} \(register\), ", text)
