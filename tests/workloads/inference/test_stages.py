"""The two containers of an inference pipeline together give what the one service gives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from contracts import loader
from tests.workloads.inference import serving
from tests.workloads.inference.serving import Running
from workloads.features import frame, model_matrix
from workloads.inference import settings

CONTRACT = loader.load(serving.CHURN)


@pytest.fixture(scope="module")
def first(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Needs the contract only."""
    directory = tmp_path_factory.mktemp("first") / "model"
    directory.mkdir()
    (directory / "contract.json").write_bytes((package / "contract.json").read_bytes())
    with serving.serving(directory, "--stage", "preprocess") as running:
        yield running


@pytest.fixture(scope="module")
def second(package: Path) -> Iterator[Running]:
    with serving.serving(package, SERVICE_STAGE="predict") as running:
        yield running


def rows() -> pa.Table:
    table, _ = serving.customers(400, seed=17)
    return table


def test_features_are_those_of_training(first: Running) -> None:
    table = rows()
    expected = model_matrix.matrix(frame.with_features(table, CONTRACT), CONTRACT)
    answer = first.predict(table.to_pylist())
    assert [list(item) for item in answer.json] == [list(CONTRACT.feature_names)] * table.num_rows
    found = np.array([[np.nan if v is None else v for v in item.values()] for item in answer.json], dtype=np.float32)
    np.testing.assert_array_equal(found, expected)
    lines = first.predict(table.to_pylist(), accept="text/csv").body.decode().splitlines()
    found = np.array([[float(cell or "nan") for cell in line.split(",")] for line in lines], dtype=np.float32)
    np.testing.assert_array_equal(found, expected)
    assert answer.headers["x-model-version"].startswith("contract-")


@pytest.mark.parametrize("kind", ["application/json", "text/csv"])
def test_both_stages_are_the_whole(first: Running, second: Running, service: Running, kind: str) -> None:
    table = rows()
    features = first.predict(table.to_pylist(), accept=kind)
    answer = second.request("POST", "/invocations", features.body, content_type=kind, accept="text/csv")
    assert answer.status == 200, answer.body
    assert answer.body == service.predict(table.to_pylist(), accept="text/csv").body


def test_one_row(first: Running, second: Running, service: Running) -> None:
    row = {"user_tenure_months": 3, "transaction_volume": 250.5, "support_tickets": 4}
    features = first.predict(row).json
    assert features["tenure_months"] == 3.0
    assert second.predict(features).json["score"] == service.predict(row).json["score"]


def test_the_stages_are_strict(first: Running, second: Running) -> None:
    assert first.predict({"support_tickets": -1}).status == 422
    assert second.predict({"support_tickets": 1}).status == 422
    refused = first.request("POST", "/invocations?contributions=true", json.dumps({}), content_type="application/json")
    assert (refused.status, refused.error["message"]) == (
        406,
        "contributions are asked for; this stage has no model",
    )
    assert first.request("GET", "/v1/status").json["model"]["predictor"] == "none"


def test_a_stage_is_one_of_three(capsys: pytest.CaptureFixture[str]) -> None:
    assert [settings.parse([], {"SERVICE_STAGE": stage}).stage for stage in ("", *settings.STAGES)] == [
        "whole",
        "whole",
        "preprocess",
        "predict",
    ]
    with pytest.raises(SystemExit) as left:
        settings.parse([], {"SERVICE_STAGE": "first"})
    assert left.value.code == 2
    assert "'first' is found, whole, preprocess, predict are allowed" in capsys.readouterr().err
