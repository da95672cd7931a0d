"""A model that others made, packaged in place of a trained one, and judged as such."""

from __future__ import annotations

import dataclasses
import json
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest

from contracts import schema
from contracts.schema import Column, ColumnType, Contract, Cost, Feature
from tests.workloads.inference.exports import rows
from workloads.evaluation.evaluate import evaluate
from workloads.evaluation.model import Imported, from_archive
from workloads.job import UserError
from workloads.training import __main__ as entry
from workloads.training import container


def give(root: Path, *names: str) -> None:
    """Exports in the channel of a job."""
    channel = root / "input" / "data" / "imported"
    channel.mkdir()
    for name in names:
        shutil.copy(rows.HERE / name, channel)


def test_a_job_without_the_channel_and_one_with_the_contract_in_it_train(root: Path, contract: Contract) -> None:
    assert container.read(root, {}).imported is None
    give(root)
    (root / "input/data/imported/contract.json").write_text(schema.to_json(contract))
    assert container.read(root, {}).imported is None


@pytest.mark.parametrize("names", [("make.py",), ("net.onnx", "forest.onnx")])
def test_what_is_no_single_onnx_file_is_refused(root: Path, names: tuple[str, ...]) -> None:
    give(root, *names)
    with pytest.raises(UserError) as refused:
        container.read(root, {})
    assert str(refused.value) == (
        f"channel imported: found {', '.join(sorted(names))}; allowed: one file <name>.onnx, given by its whole "
        "URI, or image.json and model.tar.gz"
    )


def test_the_model_given_to_the_container_must_fit_its_contract(root: Path) -> None:
    """That of the other tests has two features."""
    give(root, "net.onnx")
    with pytest.raises(UserError, match=r"^net\.onnx: inputs features tensor\(float\) \['rows', 6\] are found"):
        entry.run(container.read(root, {}))
    assert not (root / "model").exists()


def test_the_package_says_what_it_is(tmp_path: Path) -> None:
    model = rows.package(tmp_path, "net")
    assert sorted(path.name for path in model.iterdir()) == ["contract.json", "metadata.json", "model.onnx"]
    metadata = json.loads((model / "metadata.json").read_text())
    digest = metadata["predictor"]["onnx_sha256"]
    assert metadata["predictor"] == {
        "kind": "onnx",
        "reason": "made by others (pytorch)",
        "onnx_sha256": digest,
        "output": "probability",
    }
    assert (metadata["origin"], metadata["dataset_version"]) == (f"imported: sha256 {digest}", "sha256:12")


def test_the_threshold_of_a_cost_is_chosen_for_it(tmp_path: Path) -> None:
    """To overlook is far dearer than to act: the threshold lies below most scores."""
    cost = Cost(false_positive=1, false_negative=50)
    metadata = json.loads((rows.package(tmp_path, "net", cost=cost) / "metadata.json").read_text())
    assert 0 < metadata["threshold"] < np.median(np.load(rows.HERE / "net.npy"))


def test_a_category_whose_texts_only_training_would_learn_is_refused(tmp_path: Path) -> None:
    columns = (*rows.CHURN.columns, Column(name="plan", type=ColumnType.STRING, nullable=True))
    features = (*rows.CHURN.features, Feature(name="plan", expression="plan"))
    with pytest.raises(UserError, match=r"^the features plan are categories whose texts the contract does not list"):
        rows.package(tmp_path, "net", columns=columns, features=features)


def test_two_numbers_a_row_are_no_regression(tmp_path: Path) -> None:
    regression = rows.contract("amount")
    work = dataclasses.replace(rows.job(tmp_path, "logistic"), contract=regression)
    with pytest.raises(UserError) as refused:
        entry.run(work)
    assert str(refused.value) == "the model answers with 2 numbers a row; allowed is 1 of a regression"


def test_a_number_of_classes_that_is_not_the_contracts_is_refused(tmp_path: Path) -> None:
    work = dataclasses.replace(rows.job(tmp_path, "logistic"), contract=rows.contract("classes"))
    with pytest.raises(UserError) as refused:
        entry.run(work)
    assert str(refused.value) == "logistic.onnx answers with 2 numbers a row; allowed are 3 of this task"


def test_a_model_that_does_not_know_missing_values_is_refused(tmp_path: Path) -> None:
    missing = int(np.isnan(rows.features()).any(axis=1).sum())
    with pytest.raises(UserError) as refused:
        rows.package(tmp_path, "plain")
    assert str(refused.value) == (
        f"the model gives no finite number for {missing} of 600 rows of the validation part, most likely those with "
        "missing values; let it fill them itself (an imputer before it), and export it again"
    )
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("name", [*rows.BINARY, "amount", "classes"])
def test_the_same_evaluation_judges_it(tmp_path: Path, name: str) -> None:
    """Every model test holds of every export, and of its package in the service."""
    package = rows.package(tmp_path, name)
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as packed:
        packed.add(package, arcname=".")
    model = from_archive(tmp_path / "model.tar.gz", tmp_path / "unpacked")
    assert isinstance(model, Imported)
    labels = rows.labels(name)
    table = rows.table().append_column("churn_label", [labels])
    table = table.append_column("customer_id", [np.arange(len(labels))])
    table = table.append_column("tenure_band", [np.nan_to_num(rows.features()[:, 0]) // 24])
    report = evaluate(model, None, table, model.contract, tmp_path / "unpacked").report
    failed = {c["name"] for c in report["gate"]["checks"] if c["name"].startswith("model test") and not c["passed"]}
    assert failed == set()
    assert report["importance_unit"] == "change of the answer"
    most = max(report["importance"], key=lambda feature: report["importance"][feature])
    assert most == "tenure_months"  # of which the labels were made
