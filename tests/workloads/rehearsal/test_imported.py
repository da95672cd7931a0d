"""A model that others made is refused before its run in the words in which the training job would refuse it."""

from __future__ import annotations

import dataclasses
import io
import json
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from contracts.schema import Column, ColumnType, Contract, Cost, Feature, to_json
from tests.workloads.inference.exports import rows
from tests.workloads.training import test_contained as contained
from workloads.job import UserError
from workloads.rehearsal import imported
from workloads.training import __main__ as entry

PLAN = {
    "columns": (*rows.CHURN.columns, Column(name="plan", type=ColumnType.STRING, nullable=True)),
    "features": (*rows.CHURN.features, Feature(name="plan", expression="plan")),
}


def broken(directory: Path) -> Path:
    path = directory / "broken.onnx"
    path.write_bytes(b"no model")
    return path


def in_training(directory: Path, model: Path, contract: Contract) -> str:
    """What the job says of it."""
    work = dataclasses.replace(rows.job(directory / "job", "net"), contract=contract, imported=model)
    with pytest.raises(UserError) as refused:
        entry.run(work)
    return str(refused.value)


@pytest.mark.parametrize("name", [*rows.BINARY, "amount", "classes"])
def test_a_sound_model_has_no_fault(name: str) -> None:
    found = imported.of_onnx(rows.HERE / f"{name}.onnx", rows.contract(name))
    assert found == {"faults": [], "unjudged": []}


def test_what_is_no_model_is_told_as_training_tells_it(tmp_path: Path) -> None:
    told = in_training(tmp_path, broken(tmp_path), rows.CHURN)
    assert told.startswith("broken.onnx is no model that onnxruntime opens: ")
    assert imported.of_onnx(broken(tmp_path), rows.CHURN)["faults"] == [told]


@pytest.mark.parametrize(
    ("name", "contract", "beginning"),
    [
        (
            "net",
            dataclasses.replace(rows.CHURN, features=rows.CHURN.features[:-1]),
            "net.onnx: inputs features tensor(float) ['rows', 6] are found; allowed is one matrix",
        ),
        ("logistic", rows.contract("classes"), "logistic.onnx answers with 2 numbers a row; allowed are 3 of"),
        ("logistic", rows.contract("amount"), "the model answers with 2 numbers a row; allowed is 1 of a regression"),
    ],
)
def test_what_does_not_answer_the_contract_is_told_as_training_tells_it(
    tmp_path: Path, name: str, contract: Contract, beginning: str
) -> None:
    model = rows.HERE / f"{name}.onnx"
    told = in_training(tmp_path, model, contract)
    assert told.startswith(beginning)
    assert imported.of_onnx(model, contract)["faults"] == [told]


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    contract = dataclasses.replace(rows.CHURN, **PLAN)
    lists, model = imported.of_onnx(broken(tmp_path), contract)["faults"]
    assert lists == in_training(tmp_path, broken(tmp_path), contract)
    assert lists.startswith("the features plan are categories whose texts the contract does not list")
    assert model.startswith("broken.onnx is no model that onnxruntime opens: ")


def test_where_nothing_opens_it_the_contract_is_judged_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the environment of `pulumi up`."""
    for name in ("workloads.training.imported", "workloads.inference.onnx_predictor"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    found = imported.of_onnx(broken(tmp_path), dataclasses.replace(rows.CHURN, **PLAN))
    assert found["unjudged"] == [
        "broken.onnx is not opened here: onnxruntime is not installed; `make setup` brings it, else Train says whether "
        "it takes the features"
    ]
    assert [fault[:17] for fault in found["faults"]] == ["the features plan"]


@pytest.mark.parametrize(
    ("members", "changes", "expected"),
    [
        (("weights.bin", "deep/contract.json"), {}, None),
        (
            ("weights.bin", "contract.json", "metadata.json"),
            {},
            "model.tar.gz: found contract.json, metadata.json, which the platform writes; leave them out of the "
            "archive",
        ),
        (
            ("weights.bin",),
            {"cost": Cost(false_positive=1, false_negative=2)},
            "the contract, for a model in an image of others: cost: found; it chooses the threshold in training, and "
            "the image decides by its own; give one",
        ),
    ],
)
def test_of_an_archive_too(
    tmp_path: Path, members: tuple[str, ...], changes: dict[str, Any], expected: str | None
) -> None:
    work = contained.job(tmp_path, *members, **changes)
    found = imported.of_archive(tmp_path / "imported" / "model.tar.gz", work.contract)
    assert found == {"faults": [expected] if expected else [], "unjudged": []}
    if expected:
        with pytest.raises(UserError) as refused:
            entry.run(work)
        assert str(refused.value) == expected


def test_a_damaged_archive_and_a_contract_that_asks_too_much_are_told_at_once(tmp_path: Path) -> None:
    archive = tmp_path / "theirs.tar.gz"
    archive.write_bytes(b"no archive")
    contract = dataclasses.replace(rows.CHURN, cost=Cost(false_positive=1, false_negative=2))
    asked, damaged = imported.of_archive(archive, contract)["faults"]
    assert asked.startswith("the contract, for a model in an image of others: cost")
    assert damaged.startswith("theirs.tar.gz: ")
    with tarfile.open(archive, "w:gz") as packed:
        info = tarfile.TarInfo("../out")
        info.size = 1
        packed.addfile(info, io.BytesIO(b"x"))
    assert imported.of_archive(archive, rows.CHURN)["faults"] == [
        "theirs.tar.gz: '../out': found a path or device; allowed: files and directories inside the archive; pack it "
        "anew"
    ]
    assert not (tmp_path / "out").exists()


def test_the_command_reads_the_contract_and_prints_what_was_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(to_json(rows.CHURN)))
    assert imported.main(["--model", str(rows.HERE / "net.onnx")]) == 0
    assert json.loads(capsys.readouterr().out) == {"faults": [], "unjudged": []}
