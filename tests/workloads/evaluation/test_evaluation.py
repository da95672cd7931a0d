"""The step as a whole: a model trained by the training job, judged on a test split, with and without a champion."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xgboost as xgb
from botocore.stub import Stubber
from numpy.typing import NDArray

from contracts import release, schema
from contracts.schema import Bounds, Column, ColumnType, Contract, Feature
from tests.workloads import toy
from workloads.archive import ArchiveMemberError
from workloads.evaluation import champion, judges
from workloads.evaluation.__main__ import _comparable, _read, _same_origin, write
from workloads.evaluation.champion import Champion
from workloads.evaluation.evaluate import evaluate
from workloads.evaluation.model import Boosted, Contained, from_archive
from workloads.job import UserError
from workloads.model_tests import battery, behaviour
from workloads.model_tests.trial import ModelTest, Subject

PACKAGE = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/toy/1"
PARAMETER = "/mlplatform/staging/toy/release"


def make_contract(*features: str, **changes: Any) -> Contract:
    return toy.contract(
        (Column(name="a", type=ColumnType.NUMBER, nullable=True), Column(name="b", type=ColumnType.NUMBER)),
        {f"f{i}": text for i, text in enumerate(features)},
        segments=(Feature(name="side", expression="bucket(b, 0)"),),
        threshold=0.5,
        quality=(
            Bounds(metric="auc", min=0.7),
            Bounds(metric="accuracy", min=0.6),
            Bounds(metric="f1", min=0.6),
            Bounds(metric="calibration_error", max=0.1),
            Bounds(metric="auc_loss", max=0.02),
        ),
        **changes,
    )


def make_rows(rows: int, seed: int) -> pa.Table:
    random = np.random.default_rng(seed)
    a, b = random.normal(size=rows), random.normal(size=rows)
    y = (random.random(rows) < 1 / (1 + np.exp(-3 * a + b))).astype(np.int8)
    hidden = random.random(rows) < 0.05
    columns = {"id": np.arange(rows), "a": pa.array(a, mask=hidden), "b": b, "y": y, "side": np.where(b >= 0, 1.0, 0.0)}
    return pa.table({name: pa.array(values) for name, values in columns.items()})


def make_archive(directory: Path, contract: Contract, rows: pa.Table) -> Path:
    """model.tar.gz as the training job leaves it."""
    model = Boosted(booster=xgb.Booster(), contract=contract, metadata={})
    data = xgb.DMatrix(model.features(rows), rows["y"].to_numpy(), feature_names=list(contract.feature_names))
    directory.mkdir(parents=True)
    xgb.train({"objective": "binary:logistic", "max_depth": 3}, data, 20).save_model(directory / "model.ubj")
    (directory / "contract.json").write_text(schema.to_json(contract))
    (directory / "metadata.json").write_text(json.dumps({"dataset_version": "sha256:12"}))
    with tarfile.open(directory / "model.tar.gz", "w:gz") as tar:
        for name in ("model.ubj", "contract.json", "metadata.json"):
            tar.add(directory / name, arcname=name)
    return directory / "model.tar.gz"


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Boosted]:
    def _build(*features: str) -> Boosted:
        directory = tmp_path_factory.mktemp("model") / "files"
        archive = make_archive(directory, make_contract(*features), make_rows(2000, 1))
        made = from_archive(archive, directory / "unpacked")
        assert isinstance(made, Boosted)
        return made

    return _build


def test_the_first_candidate_is_judged_by_its_thresholds(build: Callable[..., Boosted]) -> None:
    candidate = build("a", "b")
    result = evaluate(candidate, None, make_rows(1500, 2), candidate.contract)
    report = result.report
    assert report["gate"]["decision"] == "register", report["gate"]["reason"]
    assert report["champion"] is None
    assert (report["rows"], report["dataset_version"]) == (1500, "sha256:12")
    assert set(report["importance"]) == {"f0", "f1"}
    assert report["importance"]["f0"] > report["importance"]["f1"] > 0
    assert [r["segment"] for r in report["segments"]["side"]] == [0.0, 1.0]
    found = {t["name"]: t["found"] for t in report["gate"]["checks"]}
    assert found.keys() >= {"auc", "accuracy", "f1", "calibration_error"}
    assert found["f1"].endswith("] at threshold 0.5")
    assert "threshold" not in found["auc"]


def test_a_candidate_worse_than_the_champion_is_rejected_though_it_reaches_its_thresholds(
    build: Callable[..., Boosted],
) -> None:
    candidate, live = build("a"), build("a", "b")  # the champion had a feature more: it computes its own
    result = evaluate(candidate, Champion(package_arn=PACKAGE, model=live), make_rows(4000, 2), candidate.contract)
    failed = [c["name"] for c in result.report["gate"]["checks"] if not c["passed"]]
    assert failed == ["auc against the champion"]
    comparison = result.report["champion"]
    assert comparison["package_arn"] == PACKAGE
    assert comparison["difference"]["value"] == pytest.approx(
        result.report["metrics"]["auc"]["value"] - comparison["auc"]["value"]
    )


def test_the_service_is_asked_with_inputs_that_no_feature_reads_and_nothing_else_is_read(tmp_path: Path) -> None:
    contract, package, part = make_contract("b"), tmp_path / "unpacked", tmp_path / "part.parquet"
    candidate = from_archive(make_archive(tmp_path / "files", contract, make_rows(2000, 1)), package)
    told = {"dataset_version": "sha256:12", "features": ["f0"], "best_round": 19}
    (package / "metadata.json").write_text(json.dumps(told))
    table = make_rows(300, 2)
    pq.write_table(table.append_column("f0", table["b"]).append_column("more", table["b"]), part)
    rows = _read(part, contract, candidate, None)
    assert rows.column_names == ["a", "b", "id", "side", "y"]
    checks = evaluate(candidate, None, rows, contract, package).report["gate"]["checks"]
    asked = [each for each in checks if each["name"].startswith("model test answers in ")]
    assert [(each["name"], each["passed"]) for each in asked] == [
        ("model test answers in JSON are the model's", True),
        ("model test answers in CSV are the model's", True),
    ]


def test_a_contract_without_a_column_that_the_champion_reads_says_so(build: Callable[..., Boosted]) -> None:
    contract = make_contract("b")
    fewer = dataclasses.replace(contract, columns=tuple(c for c in contract.columns if c.name != "a"))
    _comparable(None, fewer)
    _comparable(Champion(package_arn=PACKAGE, model=build("b")), fewer)
    with pytest.raises(UserError) as stopped:
        _comparable(Champion(package_arn=PACKAGE, model=build("a", "b")), fewer)
    assert str(stopped.value) == (
        f"the champion {PACKAGE} reads the columns a, which contract 'toy' no longer has as inputs; "
        "keep them until a model that does not read them is live"
    )


def with_type(contract: Contract, name: str, kind: ColumnType) -> Contract:
    columns = (dataclasses.replace(c, type=kind) if c.name == name else c for c in contract.columns)
    return dataclasses.replace(contract, columns=tuple(columns))


@pytest.mark.parametrize("kind", [ColumnType.STRING, ColumnType.TIMESTAMP])
def test_a_column_that_the_champion_reads_and_that_changed_its_type_is_named_with_both(
    build: Callable[..., Boosted], kind: ColumnType
) -> None:
    contract = make_contract("b")
    with pytest.raises(UserError) as stopped:
        _comparable(Champion(package_arn=PACKAGE, model=build("a", "b")), with_type(contract, "a", kind))
    assert str(stopped.value) == (
        f"the champion {PACKAGE} cannot read columns whose type contract 'toy' has changed: a (number, now {kind}); "
        "give what they hold now columns of other names, and keep those until a model that does not read them is live"
    )
    _comparable(Champion(package_arn=PACKAGE, model=build("b")), with_type(contract, "a", kind))


@pytest.mark.parametrize(
    ("kind", "values"), [(ColumnType.INTEGER, [0, 1, 1]), (ColumnType.BOOLEAN, [False, True, True])]
)
def test_a_champion_reads_any_kind_of_numbers(
    build: Callable[..., Boosted], kind: ColumnType, values: list[Any]
) -> None:
    live = build("a", "b")
    _comparable(Champion(package_arn=PACKAGE, model=live), with_type(make_contract("a", "b"), "a", kind))
    rows = pa.table({"a": values, "b": [0.5, 0.5, 0.5]})
    assert live.features(rows).tolist() == [[0, 0.5], [1, 0.5], [1, 0.5]]


def test_a_champion_in_an_image_of_others_is_told_of_no_other_type_than_it_was_promised() -> None:
    contract = make_contract("b")
    live = Champion(package_arn=PACKAGE, model=Contained(contract=contract, metadata={}, image="theirs"))
    _comparable(live, contract)
    with pytest.raises(UserError, match=r"has changed: a \(number, now integer\);"):
        _comparable(live, with_type(contract, "a", ColumnType.INTEGER))


def tried(model: Boosted, rows: pa.Table, limit: float | None = None) -> tuple[ModelTest, ...]:
    """All model tests; `limit` is that of the latency."""
    bounds = (Bounds(metric="latency_ms", max=limit),) if limit else ()
    judge = judges.of(dataclasses.replace(model.contract, quality=bounds))
    return battery.run(Subject(model=model, rows=rows, features=model.features(rows), judge=judge))


_ASKED = itertools.count()


class Broken(Boosted):
    """A model with a fault of behaviour, which its AUC would not show."""

    def scores(self, features: NDArray[np.float32]) -> NDArray[Any]:
        plain = super().scores(features)
        return {
            "the same rows score the same": lambda: plain + np.float32(next(_ASKED) * 1e-6),
            "row order does not matter": lambda: plain + np.linspace(0, 1e-6, len(plain), dtype=np.float32),
            "one row scores as in a batch": lambda: plain if len(plain) > 1 else plain / 2,
            "scores are probabilities": lambda: plain * 2,
            "a row of missing values is scored": lambda: np.where(np.isnan(features).all(axis=1), np.nan, plain),
        }[self.metadata["fault"]]()


@pytest.mark.parametrize(
    "fault",
    [
        "the same rows score the same",
        "row order does not matter",
        "one row scores as in a batch",
        "scores are probabilities",
        "a row of missing values is scored",
    ],
)
def test_each_fault_of_behaviour_is_seen(build: Callable[..., Boosted], fault: str) -> None:
    good, rows = build("a", "b"), make_rows(300, 3)
    assert all(t.passed for t in tried(good, rows))
    broken = Broken(booster=good.booster, contract=good.contract, metadata={"fault": fault})
    assert fault in {t.name for t in tried(broken, rows) if not t.passed}


def test_a_slow_model_fails_its_latency_test(build: Callable[..., Boosted]) -> None:
    model = build("a", "b")
    result = tried(model, make_rows(50, 3), 1e-6)
    assert [t.name for t in result if not t.passed] == ["latency p99"]


@pytest.mark.parametrize(("taken", "found"), [((80.0, 1.0, 90.0), "1.00 ms"), ((80.0, 81.0, 90.0), "80.00 ms")])
def test_the_latency_of_a_row_is_the_least_of_three(
    build: Callable[..., Boosted], monkeypatch: pytest.MonkeyPatch, taken: tuple[float, ...], found: str
) -> None:
    """A machine that is busy now and then is none of the model's faults; one that is always slow is."""
    model, times = build("a", "b"), itertools.cycle(taken)
    monkeypatch.setattr(behaviour, "_milliseconds", lambda *_: next(times))
    (latency,) = tried(model, make_rows(50, 3), 50)[-1:]
    assert (latency.found, latency.passed) == (found, found == "1.00 ms")


def test_an_archive_that_escapes_its_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "evil").write_text("x")
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "evil", arcname="../evil")
    with pytest.raises(ArchiveMemberError):
        from_archive(tmp_path / "model.tar.gz", tmp_path / "unpacked")


def test_a_model_whose_features_are_not_its_contracts_is_refused(tmp_path: Path) -> None:
    make_archive(tmp_path / "m", make_contract("a", "b"), make_rows(200, 1))
    (tmp_path / "m/contract.json").write_text(schema.to_json(make_contract("a")))
    with tarfile.open(tmp_path / "mixed.tar.gz", "w:gz") as tar:
        for name in ("model.ubj", "contract.json", "metadata.json"):
            tar.add(tmp_path / "m" / name, arcname=name)
    with pytest.raises(ValueError, match=r"the model reads \['f0', 'f1'\], its contract says \('f0',\)"):
        from_archive(tmp_path / "mixed.tar.gz", tmp_path / "unpacked")


def test_a_model_is_judged_only_on_the_data_it_came_from(build: Callable[..., Boosted]) -> None:
    model = build("a")
    _same_origin(model, model.contract, {"dataset_version": "sha256:12"})
    with pytest.raises(UserError, match="the model says sha256:12, the manifest sha256:99"):
        _same_origin(model, model.contract, {"dataset_version": "sha256:99"})
    with pytest.raises(UserError, match="trained for another contract than 'toy'"):
        _same_origin(model, make_contract("b"), {"dataset_version": "sha256:12"})


def clients() -> tuple[dict[str, Any], dict[str, Stubber]]:
    made = {
        name: boto3.client(name, "eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
        for name in ("ssm", "sagemaker", "s3")
    }
    stubs = {name: Stubber(client) for name, client in made.items()}
    for stub in stubs.values():
        stub.activate()
    return made, stubs


def test_before_the_first_release_there_is_no_champion() -> None:
    made, stubs = clients()
    stubs["ssm"].add_client_error("get_parameter", "ParameterNotFound", expected_params={"Name": PARAMETER})
    assert champion.find(PARAMETER, **made) is None


def test_the_champion_is_the_live_release_of_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = make_archive(tmp_path / "m", make_contract("a"), make_rows(200, 1))
    record = release.promote(None, PACKAGE, who="ana", why="test", when="2026-11-21T00:00:00+00:00")
    record = release.settle(record, record.wanted.id)
    record = release.promote(record, f"{PACKAGE}0", who="ana", why="not live yet", when="2026-11-22T00:00:00+00:00")
    made, stubs = clients()
    stubs["ssm"].add_response("get_parameter", {"Parameter": {"Name": PARAMETER, "Value": release.to_json(record)}})
    package = {
        "ModelPackageName": "toy",
        "ModelPackageArn": PACKAGE,
        "CreationTime": 0,
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": []},
        "InferenceSpecification": {
            "Containers": [{"Image": "image", "ModelDataUrl": "s3://artifacts/runs/1/model.tar.gz"}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    }
    stubs["sagemaker"].add_response("describe_model_package", package, {"ModelPackageName": PACKAGE})

    def download(bucket: str, key: str, filename: str) -> None:
        assert (bucket, key) == ("artifacts", "runs/1/model.tar.gz")
        Path(filename).write_bytes(archive.read_bytes())

    monkeypatch.setattr(made["s3"], "download_file", download)
    found = champion.find(PARAMETER, **made)
    assert found is not None
    assert (found.package_arn, found.model.contract) == (PACKAGE, make_contract("a"))


def test_the_report_opens_without_a_network(build: Callable[..., Boosted], tmp_path: Path) -> None:
    candidate = build("a", "b")
    result = evaluate(candidate, Champion(package_arn=PACKAGE, model=candidate), make_rows(1500, 2), candidate.contract)
    warning = "feature a: alone it separates y (AUC 1.0000)"
    write(result, {"rows": 1, "features": {}, "warnings": [warning]}, tmp_path)
    assert json.loads((tmp_path / "evaluation.json").read_text())["warnings"] == [warning]
    page = (tmp_path / "evaluation.html").read_text()
    assert page.count("<svg") == 4
    assert f"<p>{warning}</p>".replace("<p>", '<p class="no">') in page
    assert not re.findall(r'(?:src|href)="(?!#)', page), "nothing is loaded from elsewhere"
    kept = json.loads((tmp_path / "baseline.json").read_text())
    assert (kept["dataset_version"], kept["score"]["kind"]) == ("sha256:12", "numeric")


def test_the_step_as_a_process_needs_its_arguments() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "workloads.evaluation"],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "--contract, --model, --test, --manifest, --baseline, --release-parameter, --output" in done.stderr


def test_a_champion_with_a_contract_of_the_former_form_is_compared(
    build: Callable[..., Boosted], tmp_path: Path
) -> None:
    candidate = build("a", "b")
    former = json.loads(schema.to_json(candidate.contract))
    former["quality"] = {f"{end}_{b['metric']}": b[end] for b in former["quality"] for end in ("min", "max") if b[end]}
    for key in ("format", "event_time_from"):
        del former[key]
    for column in former["columns"]:
        for key in ("missing", "source", "values"):
            del column[key]
    archive = make_archive(tmp_path / "m", candidate.contract, make_rows(2000, 1))
    (tmp_path / "m" / "contract.json").write_text(json.dumps(former))
    with tarfile.open(archive, "w:gz") as tar:
        for name in ("model.ubj", "contract.json", "metadata.json"):
            tar.add(tmp_path / "m" / name, arcname=name)
    live = Champion(package_arn=PACKAGE, model=from_archive(archive, tmp_path / "unpacked"))
    report = evaluate(candidate, live, make_rows(1500, 2), candidate.contract).report
    assert report["champion"]["difference"]["value"] == 0.0
    assert live.model.contract.quality == candidate.contract.quality
