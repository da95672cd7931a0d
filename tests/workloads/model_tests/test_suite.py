"""`python -m workloads.model_tests`: an archive, rows, a contract, and what comes of them."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import subprocess
import sys
import tarfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts import schema
from contracts.schema import Bounds, Column, ColumnType
from tests.workloads.evaluation.test_evaluation import make_contract
from tests.workloads.model_tests.test_invariance import Summed
from tests.workloads.tasks import problems
from workloads.evaluation.inputs import Inputs
from workloads.inference.reader import Reader
from workloads.job import UserError
from workloads.model_tests import artefact
from workloads.model_tests.__main__ import FAILED, PASSED, REFUSED, main

ROOT = Path(__file__).parents[3]
MADE_UP = "bounds of metrics, fairness and flip_share: rows are made up; give --rows, of a test part"
BEHAVIOUR = [
    "scores are probabilities",
    "one row scores as in a batch",
    "row order does not matter",
    "a row of missing values is scored",
    "the same rows score the same",
    "latency p99",
]
SERVICE = [
    "answers in JSON are the model's",
    "answers in CSV are the model's",
    "a package that is loaded again answers the same",
    "what the contract allows is answered",
    "what it does not allow is refused",
]
FLOORS = ["auc", "accuracy", "f1", "calibration_error"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With model.tar.gz and rows.parquet."""
    directory = tmp_path_factory.mktemp("archive")
    made = problems.package(directory / "made", "categorical")
    with tarfile.open(directory / "model.tar.gz", "w:gz") as tar:
        for file in sorted(made.directory.iterdir()):
            tar.add(file, arcname=file.name)
    pq.write_table(problems.rows("categorical", 1200, 3), directory / "rows.parquet")
    return directory


def names(found: artefact.Artefact) -> list[str]:
    return [trial.name for trial in found.trials]


def given(directory: Path, **changes: object) -> Path:
    """A compiled contract that differs from the model's in `changes`."""
    path = directory / "contract.json"
    path.write_text(schema.to_json(dataclasses.replace(problems.contract("categorical"), **changes)))  # pyright: ignore[reportArgumentType]
    return path


def test_without_rows_some_are_made_up_and_what_they_cannot_tell_is_said(home: Path, tmp_path: Path) -> None:
    contract = given(tmp_path, quality=(Bounds(metric="flip_share", max=0.0), Bounds(metric="memory_mb", max=900)))
    found = artefact.read(home / "model.tar.gz", tmp_path / "package", contract=contract)
    assert names(found) == [*BEHAVIOUR, *SERVICE, "memory of the service"]
    assert found.untold == [MADE_UP]
    assert [test.found for trial in found.trials if not (test := trial.run()).passed] == []


def test_with_rows_it_is_the_gates_list_and_the_floors(home: Path, tmp_path: Path) -> None:
    contract = given(
        tmp_path, quality=(*problems.contract("categorical").quality, Bounds(metric="flip_share", max=0.5))
    )
    found = artefact.read(home / "model.tar.gz", tmp_path / "p", rows=home / "rows.parquet", contract=contract)
    assert names(found) == [*BEHAVIOUR, "small changes move few decisions", *SERVICE, *FLOORS]
    assert (found.untold, [trial.name for trial in found.trials if not trial.run().passed]) == ([], [])


def test_rows_without_labels_have_no_floors(home: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.parquet"
    pq.write_table(problems.rows("categorical", 300, 3).drop_columns(["y"]), rows)
    found = artefact.read(home / "model.tar.gz", tmp_path / "package", rows=rows)
    assert names(found) == [*BEHAVIOUR, *SERVICE]
    assert found.untold == ["bounds of metrics and fairness: the rows have no column y"]


def test_the_command_reports_each_test_with_what_it_found(home: Path, tmp_path: Path) -> None:
    """In a process of its own, and not by the options of this run of pytest."""
    report = tmp_path / "out" / "model.xml"
    call = [sys.executable, "-m", "workloads.model_tests", "--model", str(home / "model.tar.gz")]
    done = subprocess.run(
        [*call, "--junit", str(report)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == PASSED, done.stdout
    assert done.stderr == f"not tested: {MADE_UP}\n"
    tree = ElementTree.parse(report)  # noqa: S314 - written by the line above
    cases = [case.attrib["name"] for case in tree.iter("testcase")]
    assert cases == [f"test_model[{name}]" for name in [*BEHAVIOUR, *SERVICE]]
    (case,) = (case for case in tree.iter("testcase") if "latency" in case.attrib["name"])
    told = {each.attrib["name"]: each.attrib["value"] for each in case.iter("property")}
    assert (told["allowed"], told["found"].endswith(" ms")) == ("<= 50 ms", True)


def test_a_test_that_fails_ends_with_one_and_says_key_and_figure(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    contract = given(tmp_path, invariant=("size",))
    call = ["--model", str(home / "model.tar.gz"), "--rows", str(home / "rows.parquet"), "--contract", str(contract)]
    done = subprocess.run(
        [sys.executable, "-m", "workloads.model_tests", *call, "-k", "another"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == FAILED
    assert "rows are answered otherwise; allowed 0 (invariant of the contract)" in done.stdout
    assert main([*call[:-1], str(tmp_path / "none.json")]) == REFUSED
    assert capsys.readouterr().err.startswith(f"error: contract: no file at {tmp_path / 'none.json'}; give the ")


def test_another_contract_than_the_models_is_refused(home: Path, tmp_path: Path) -> None:
    contract = given(tmp_path, threshold=0.6)
    with pytest.raises(UserError) as refused:
        artefact.read(home / "model.tar.gz", tmp_path / "package", contract=contract)
    assert str(refused.value) == (
        f"{contract}: found another threshold than the model was trained by; allowed: the same but for quality, "
        "monotone, invariant, fairness, description, model_card"
    )


def test_what_is_no_archive_of_the_platform_is_refused(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "model.tar.gz"
    other.write_bytes(b"no archive")
    with pytest.raises(UserError, match=r"allowed: model\.tar\.gz as a training job of the platform leaves it$"):
        artefact.read(other, tmp_path / "package")


def test_a_full_disk_is_no_fault_of_the_archive(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(artefact, "from_archive", fail)
    with pytest.raises(OSError, match="No space left on device"):
        artefact.read(home / "model.tar.gz", tmp_path / "package")


def test_rows_without_what_the_model_reads_are_refused(home: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.parquet"
    pq.write_table(problems.rows("categorical", 30, 3).drop_columns(["plan", "a"]), rows)
    with pytest.raises(UserError) as refused:
        artefact.read(home / "model.tar.gz", tmp_path / "package", rows=rows)
    assert str(refused.value).startswith(f"{rows}: found no column a, plan; allowed: ")
    pq.write_table(problems.rows("categorical", 30, 3).slice(0, 0), rows)
    with pytest.raises(UserError, match="found no row"):
        artefact.read(home / "model.tar.gz", tmp_path / "empty", rows=rows)


def test_made_up_rows_are_what_the_contract_allows(home: Path, tmp_path: Path) -> None:
    """Of texts those that the model knows, of the contract's list all, missing ones where they may be."""
    model = artefact._model(home / "model.tar.gz", tmp_path)
    table = artefact._made_up(model)
    assert table.schema.types == [pa.float64(), pa.float64(), pa.string(), pa.string()]
    assert set(table.column("plan").to_pylist()) == {*problems.PLANS, None}
    assert set(table.column("size").to_pylist()) == {*problems.SIZES, None}
    assert table.column("a").null_count > 0


def test_made_up_rows_of_every_type_are_taken_by_the_service() -> None:
    """As requests: bounds, lists, moments, and numbers without a bound."""
    kinds: dict[str, dict[str, Any]] = {
        "whole": {"type": ColumnType.INTEGER, "minimum": 1, "maximum": 3},
        "free": {"type": ColumnType.NUMBER, "nullable": True},
        "listed": {"type": ColumnType.INTEGER, "allowed": (10, 20)},
        "yes": {"type": ColumnType.BOOLEAN},
        "since": {"type": ColumnType.TIMESTAMP, "nullable": True},
        "said": {"type": ColumnType.STRING},
    }
    contract = make_contract("whole", "weekday(since)")
    contract = dataclasses.replace(
        contract, columns=(*contract.columns, *(Column(name=name, **kind) for name, kind in kinds.items()))
    )
    table = artefact._made_up(Summed(contract=contract, metadata={}))
    assert set(table.column("whole").to_pylist()) == {1, 2, 3}
    assert set(table.column("listed").to_pylist()) == {10, 20}
    assert table.column("since").null_count > 0
    inputs = Inputs.of(contract, table)
    body = json.dumps({"instances": inputs.rows(inputs.matrix(table))}).encode()
    assert len(Reader(contract, max_rows=artefact.MADE_UP).json(body).values) == artefact.MADE_UP
