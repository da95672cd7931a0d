"""The examples of tasks and of categories as their pages say it: the whole loop, to a model that is rolled back."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from contracts import loader
from tests.examples.looped import ROOT, looped
from tests.workloads.validation.delivered import NOW
from workloads.features import categories
from workloads.validation import Status, validate

EXAMPLES = ROOT / "examples"
CASES = [
    ("regression", "diabetes", r"d2: 0\.\d{4}", 0.25),
    ("multiclass", "penguins", r"accuracy: (?:0\.[89]\d{3}|1\.0000)", 0.25),
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


@pytest.mark.parametrize(
    ("example", "name", "texts", "gaps"),
    [
        ("regression", "diabetes", {"sex"}, {"pressure": 63, "glucose": 88}),
        (
            "multiclass",
            "penguins",
            {"island", "sex"},
            {"bill_length": 2, "bill_depth": 2, "flipper_length": 2, "body_mass": 2, "sex": 11},
        ),
        (
            "categorical",
            "titanic",
            {"title", "sex", "deck", "embarked"},
            {"age": 263, "fare": 1, "deck": 1014, "embarked": 2},
        ),
    ],
)
def test_an_example_has_categories_and_missing_values(
    example: str, name: str, texts: set[str], gaps: dict[str, int], tmp_path: Path
) -> None:
    data = tmp_path / "data.csv"
    subprocess.run([sys.executable, EXAMPLES / example / "data.py", data], check=True)
    contract = loader.load(EXAMPLES / example / f"{name}.yaml")
    verdict = validate(data, contract, output=tmp_path, now=NOW)
    assert (verdict.status, verdict.quarantined) == (Status.ACCEPTED, 0)
    table = pq.read_table(tmp_path / "accepted.parquet")
    assert {column: table[column].null_count for column in table.column_names if table[column].null_count} == gaps
    assert categories.columns(contract).keys() == texts
    assert gaps.keys() <= set(contract.feature_names)


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
