"""Labels of a regression from which no model can learn: refused by name, at validation and again before training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.workloads.tasks import problems
from tests.workloads.tasks.test_data import NOW, accepted
from workloads.job import UserError
from workloads.tasks import of
from workloads.training import __main__ as entry
from workloads.training.container import Job
from workloads.validation import validate

LOSSES = ("squared", "absolute", "poisson", "gamma", "tweedie", "quantile")


def trained(directory: Path, problem: str, labels: dict[int, float]) -> dict[str, Any]:
    """The metadata of a model of rows with these labels in each part."""
    contract = problems.contract(problem)
    for part, seed in (("train", 1), ("validation", 2)):
        (directory / part).mkdir(parents=True)
        table = problems.rows(problem, 400, seed)
        values = table["y"].to_numpy().astype(np.float64)
        for row, label in labels.items():
            values[row] = label
        changed = table.set_column(table.column_names.index("y"), "y", [values])
        pq.write_table(changed, directory / part / "part-0.parquet")
    entry.run(
        Job(
            channels={part: directory / part for part in ("train", "validation")},
            model=directory / "model",
            checkpoints=directory / "checkpoints",
            output=directory / "output",
            scratch=directory / "scratch",
            contract=contract,
            manifest={"dataset_version": "sha256:12"},
            hyperparameters=contract.training,
        )
    )
    text = (directory / "model" / "metadata.json").read_text()
    return json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no legal JSON"))


@pytest.mark.parametrize("problem", LOSSES)
def test_the_largest_labels_are_learned_and_the_loss_is_a_number(problem: str, tmp_path: Path) -> None:
    told = trained(tmp_path, problem, {3: 1e18, 4: 1e18, 5: 1e-30})
    assert np.isfinite(told["validation_loss"])


@pytest.mark.parametrize("problem", LOSSES)
@pytest.mark.parametrize("label", [1.1e18, 1e30, 1e39, 1e300])
def test_a_larger_one_is_refused_before_training_with_the_labels_name(
    problem: str, label: float, tmp_path: Path
) -> None:
    with pytest.raises(UserError) as refused:
        trained(tmp_path, problem, {7: label})
    found = str(refused.value)
    assert found.startswith("train: label 'y' has values from ")
    least = "1e-30" if problem == "gamma" else "-1e+18"
    assert f"; a model can learn from {least} to 1e+18: deliver it in another unit" in found


@pytest.mark.parametrize("label", [0.0, 1e-31, 1e-46])
def test_gamma_refuses_what_float32_takes_for_no_positive_number(label: float, tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"^train: label 'y' has values from .*; a model can learn from 1e-30 to 1e\+18"
    ):
        trained(tmp_path, "gamma", {7: label})


def test_one_value_is_still_told_as_such() -> None:
    strategy = of(problems.contract("squared"))
    assert strategy.unlearnable({5.0}) == "has the values [5.0]; needed: different ones"
    assert strategy.unlearnable({-1e18, 1e18}) is None


@pytest.mark.parametrize(
    ("label", "code", "text"),
    [
        ("1e39", "above_maximum", "y is 1e39; a model can learn from labels of -1e+18 to 1e+18; deliver them in"),
        ("1.1e18", "above_maximum", "y is 1.1e18; a model can learn from labels of -1e+18 to 1e+18; deliver them in"),
        ("-1e19", "below_minimum", "y is -1e19; a model can learn from labels of -1e+18 to 1e+18; deliver them in"),
    ],
)
def test_validation_quarantines_the_row(label: str, code: str, text: str, tmp_path: Path) -> None:
    labels = [*range(200), label, "1e18", "-1e18"]
    verdict = accepted(tmp_path / "in", problems.contract("squared"), labels)
    assert (verdict.accepted, dict(verdict.reasons)) == (202, {code: 1})
    quarantined = pq.read_table(tmp_path / "in" / "accepted" / "quarantine.parquet").to_pylist()
    assert text in json.dumps(quarantined, default=str)


def test_other_columns_and_other_tasks_may_have_any_finite_number(tmp_path: Path) -> None:
    contract = problems.contract("squared")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "rows.csv").write_text("id,a,b,y\n" + "".join(f"{n},1e300,-1e300,{n}\n" for n in range(100)))
    verdict = validate(tmp_path / "in" / "rows.csv", contract, output=tmp_path / "accepted", now=NOW, delivered=NOW)
    assert verdict.accepted == 100
    classes = accepted(tmp_path / "classes", problems.contract("numbered"), [(10, 20, 5, 7)[n % 4] for n in range(100)])
    assert classes.accepted == 100
