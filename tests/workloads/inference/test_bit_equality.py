"""100,000 random rows with missing values, infinities and extremes: over HTTP exactly the scores of XGBClassifier."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Generator
from typing import Any

import numpy as np
import pytest
import xgboost as xgb

from contracts import loader, schema
from contracts.schema import Column, Contract, Feature
from tests.workloads.inference import serving
from tests.workloads.inference.serving import Running
from workloads.inference import packaging

NAMES = ("a", "b", "c", "d")
ROWS = 100_000
Matrix = np.ndarray[Any, np.dtype[np.float64]]


def contract() -> Contract:
    churn = loader.load(serving.CHURN)
    kept = tuple(column for column in churn.columns if column not in churn.inputs)
    numbers = tuple(Column(name=name, type=schema.ColumnType.NUMBER, nullable=True) for name in NAMES)
    features = tuple(Feature(name=name, expression=name) for name in NAMES)
    return dataclasses.replace(churn, columns=(*kept, *numbers), features=features, segments=())


@pytest.fixture(scope="module")
def classifier() -> xgb.XGBClassifier:
    rng = np.random.default_rng(1)
    matrix = rng.normal(0, 100, (4000, len(NAMES)))
    matrix[rng.random(matrix.shape) < 0.1] = np.nan
    labels = (np.nan_to_num(matrix[:, 0]) + rng.normal(0, 50, len(matrix)) > 0).astype(int)
    model = xgb.XGBClassifier(n_estimators=60, learning_rate=0.1, max_depth=6, n_jobs=1)
    return model.fit(matrix, labels)


@pytest.fixture(scope="module", params=["forest", "xgboost"])
def service(
    request: Any, classifier: xgb.XGBClassifier, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Running]:
    directory = tmp_path_factory.mktemp("bits") / "model"
    directory.mkdir()
    classifier.get_booster().save_model(directory / "model.ubj")
    (directory / "contract.json").write_text(schema.to_json(contract()))
    (directory / "metadata.json").write_text(json.dumps({"features": list(NAMES)}))
    assert packaging.finish(directory)["kind"] == "forest"
    limits = ("--max-rows", "50000", "--max-body-bytes", "8000000", "--predictor", request.param)
    with serving.serving(directory, *limits) as running:
        yield running


@pytest.fixture(scope="module")
def matrix() -> Matrix:
    rng = np.random.default_rng(2)
    values = rng.normal(0, 100, (ROWS, len(NAMES))) * rng.choice([1e-300, 1e-30, 1.0, 1e5, 1e30], (ROWS, len(NAMES)))
    special = [np.inf, -np.inf, 0.0, -0.0, 1.7e308, -1.7e308, 5e-324, 3.4028235e38, 3.4028236e38, 1e-45]
    values = np.where(rng.random(values.shape) < 0.1, rng.choice(special, values.shape), values)
    values[rng.random(values.shape) < 0.1] = np.nan
    return values


def expected(classifier: xgb.XGBClassifier, matrix: Matrix) -> Matrix:
    """`predict_proba` of what float32 can hold; XGBoost itself would make infinities of the rest."""
    largest = np.finfo(np.float32).max
    return classifier.predict_proba(np.clip(matrix, -largest, largest).astype(np.float32))[:, 1]


def same_bits(found: list[float], wanted: Any) -> bool:
    return bool((np.array(found, dtype=np.float32).view(np.uint32) == wanted.astype(np.float32).view(np.uint32)).all())


def test_csv(service: Running, classifier: xgb.XGBClassifier, matrix: Matrix) -> None:
    """Infinities are no numbers of a contract: those rows go without them."""
    finite = np.where(np.isinf(matrix), np.nan, matrix)
    found: list[float] = []
    for part in np.array_split(finite, 4):
        text = "".join(",".join("" if value != value else repr(value) for value in row) + "\n" for row in part.tolist())
        answer = service.csv(text)
        assert answer.status == 200, answer.body[:300]
        found += [float(line.split(b",")[0]) for line in answer.body.splitlines()]
    assert len(found) == ROWS
    assert same_bits(found, expected(classifier, finite))


def test_json(service: Running, classifier: xgb.XGBClassifier, matrix: Matrix) -> None:
    """JSON has no infinities: those rows go without them."""
    finite = np.where(np.isinf(matrix), np.nan, matrix)
    found: list[float] = []
    for part in np.array_split(finite, 4):
        rows = [{n: None if v != v else v for n, v in zip(NAMES, row, strict=True)} for row in part.tolist()]
        answer = service.predict(rows)
        assert answer.status == 200, answer.body[:300]
        found += [prediction["score"] for prediction in answer.json["predictions"]]
    assert same_bits(found, expected(classifier, finite))


def test_single_rows(service: Running, classifier: xgb.XGBClassifier, matrix: Matrix) -> None:
    finite = np.where(np.isinf(matrix), np.nan, matrix)[:500]
    rows = [{n: None if v != v else v for n, v in zip(NAMES, row, strict=True)} for row in finite.tolist()]
    assert same_bits([service.predict(row).json["score"] for row in rows], expected(classifier, finite))


def test_infinities_as_xgboost_sees_them(classifier: xgb.XGBClassifier, matrix: Matrix) -> None:
    """Holding values within float32 changes no score: infinities and the largest numbers fall to the same leaves."""
    with np.errstate(over="ignore"):
        raw = classifier.predict_proba(matrix.astype(np.float32))[:, 1]
    assert same_bits(raw.tolist(), expected(classifier, matrix))
