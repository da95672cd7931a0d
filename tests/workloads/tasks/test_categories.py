"""String columns as features: one list of texts, the same codes in every room, and what is in no list."""

from __future__ import annotations

import base64
import csv
import io
import json
import math
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts.schema import MOST_TEXTS, Task
from tests.workloads.tasks import problems
from tests.workloads.tasks.problems import PLANS, SIZES, Package
from tests.workloads.tasks.test_answers import expected, post, same_bits, service
from workloads.drift import baseline, capture, columns, screening
from workloads.drift.detection import compare
from workloads.drift.histogram import Histogram, Kind
from workloads.evaluation.evaluate import evaluate
from workloads.evaluation.model import Boosted
from workloads.features import categories, frame, model_matrix, row
from workloads.inference import batch, model
from workloads.inference.metrics import Metrics
from workloads.inference.model import ModelError
from workloads.inference.service import Service
from workloads.inference.settings import Settings
from workloads.job import UserError
from workloads.training.lists import learned

Trained = Callable[[str], Package]
CONTRACT = problems.contract("categorical")
LEARNED = tuple(sorted(PLANS))
LISTS = {"plan": LEARNED, "kind": SIZES}
#: Texts as they are stored, and their codes by LISTS.
CODES = [("gold", LEARNED.index("gold")), ("Gold", math.nan), (None, math.nan), ("a, b", LEARNED.index("a, b"))]


def test_a_feature_that_is_a_string_column_is_a_category() -> None:
    found = categories.columns(CONTRACT)
    assert {name: column.name for name, column in found.items()} == {"plan": "plan", "kind": "size"}
    assert categories.declared(CONTRACT) == {"kind": SIZES}
    assert categories.columns(problems.contract("binary")) == {}


def test_training_learns_the_texts_of_the_training_part_and_the_package_keeps_them(trained: Trained) -> None:
    package = trained("categorical")
    assert package.metadata["categories"] == {"plan": list(LEARNED), "kind": list(SIZES)}
    assert package.booster.feature_types == ["q", "q", "q", "c", "c"]
    assert "categories" not in trained("binary").metadata
    chosen = package.metadata["predictor"]
    assert (chosen["kind"], chosen["reason"]) == ("xgboost", "categorical splits; supported are numeric ones")


def test_every_engine_gives_the_same_codes() -> None:
    table = pa.table(
        {
            "id": range(4),
            "a": [1.0] * 4,
            "b": [2.0] * 4,
            "plan": [text for text, _ in CODES],
            "size": ["M", "S", None, "L, large"],
        }
    )
    expected = np.array([[code for _, code in CODES], [1, 0, math.nan, 2]], dtype=np.float32).T
    with duckdb.connect() as opened:
        by_duckdb = frame.with_features(opened.from_arrow(table), CONTRACT).to_arrow_table()
    for made in (by_duckdb, frame.with_features(table, CONTRACT)):
        assert made.column("kind").to_pylist() == table.column("size").to_pylist()
        np.testing.assert_array_equal(model_matrix.matrix(made, CONTRACT, LISTS)[:, 3:], expected)
    by_row = [row.row_function(CONTRACT, LISTS)(values)[3:] for values in table.to_pylist()]
    np.testing.assert_array_equal(np.array(by_row, dtype=np.float32), expected)
    with pytest.raises(KeyError, match="plan"):
        row.row_function(CONTRACT)


def test_json_csv_parquet_and_batch_are_scored_alike(trained: Trained, tmp_path: Path) -> None:
    package = trained("categorical")
    app = service(package)
    plans = ["basic", "unheard of", None, "a, b", 'it\'s "quoted"', "häuslich ☂"]
    sent = [{"id": i, "a": 0.5, "b": 1.0, "plan": plan, "size": SIZES[i // 3]} for i, plan in enumerate(plans)]
    wanted = expected(package, sent)
    assert wanted[1] == wanted[2] != wanted[0]
    text = io.StringIO()
    writer = csv.DictWriter(text, sent[0])
    writer.writeheader()
    writer.writerows(sent)
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(sent), file)
    bodies: list[tuple[Any, str]] = [
        (sent, "application/json"),
        (text.getvalue().encode(), "text/csv"),
        (file.getvalue(), "application/vnd.apache.parquet"),
    ]
    for body, kind in bodies:
        answer = post(app, body, kind=kind, accept="application/json")
        assert answer.status == 200, answer.body
        assert same_bits([each["score"] for each in json.loads(answer.body)["predictions"]], wanted[:, 0])
    (tmp_path / "rows.csv").write_text(text.getvalue(), encoding="utf-8")
    batch.score_file(model.load(package.directory, max_rows=10), tmp_path / "rows.csv", tmp_path)
    with (tmp_path / "rows.scores.csv").open(newline="") as scored:
        assert same_bits([float(line["score"]) for line in csv.DictReader(scored)], wanted[:, 0])


@pytest.mark.parametrize("form", ["application/json", "text/csv"])
def test_two_containers_in_a_row_give_what_one_gives(trained: Trained, form: str) -> None:
    """SageMaker hands on the type that is asked for: the first container answers in it what the second is asked."""
    package = trained("categorical")
    staged = [Settings(model_dir=package.directory, stage=stage) for stage in ("preprocess", "predict")]
    first, second = (Service(model.from_settings(each), each, Metrics()) for each in staged)
    plans = ["basic", "unheard of", None, "a, b"]
    several = [{"id": i, "a": 0.5, "b": 1.0, "plan": plan, "size": "M"} for i, plan in enumerate(plans)]
    for sent in (several, several[0], [{**each, "id": None} for each in several]):
        features = post(first, sent, accept=form)
        assert features.status == 200, features.body
        answer = post(second, features.body, kind=form, accept=form)
        assert answer.body == post(service(package), sent, accept=form).body


def test_the_first_of_two_containers_needs_the_texts_that_training_learned(trained: Trained, tmp_path: Path) -> None:
    package = tmp_path / "model"
    package.mkdir()
    (package / "contract.json").write_bytes((trained("categorical").directory / "contract.json").read_bytes())
    with pytest.raises(ModelError, match=r"metadata\.json: No such file"):
        model.contract_only(package, version=None, max_rows=10)


def test_a_text_that_is_not_declared_is_refused_and_one_that_was_not_met_is_missing(trained: Trained) -> None:
    app = service(trained("categorical"))
    one = {"a": 0.5, "b": 1.0, "plan": "basic", "size": "M"}
    refused = post(app, {**one, "size": "XL"})
    assert refused.status == 422
    allowed = json.loads(refused.body)["error"]["faults"][0]["allowed"]
    assert allowed == 'one of "S", "M", "L, large", or "small", or null'
    unknown, missing = (json.loads(post(app, {**one, "plan": plan}).body) for plan in ("unheard of", None))
    assert unknown == missing
    small, said = (json.loads(post(app, {**one, "size": size}).body) for size in ("S", "small"))
    assert small == said


def test_a_package_without_a_learned_list_is_refused(trained: Trained, tmp_path: Path) -> None:
    shutil.copytree(trained("categorical").directory, tmp_path / "model")
    path = tmp_path / "model" / "metadata.json"
    whole = json.loads(path.read_text())
    for kept in ({}, {"plan": "basic"}, {"plan": [1]}, None):
        path.write_text(json.dumps({**whole, "categories": kept}))
        with pytest.raises(ModelError, match=r"categories\.plan .* is found; the training job writes the list"):
            model.load(tmp_path / "model", max_rows=10)
    with pytest.raises(ModelError, match=r"categories\.plan .* is found; the training job writes the list"):
        model.contract_only(tmp_path / "model", version=None, max_rows=10)


def test_the_model_is_judged_by_its_own_list(trained: Trained) -> None:
    package, rows = trained("categorical"), problems.rows("categorical", 800, 3)
    candidate = Boosted(booster=package.booster, contract=package.contract, metadata=package.metadata)
    found = evaluate(candidate, None, rows, package.contract)
    assert found.report["gate"]["decision"] == "register", found.report["gate"]["reason"]
    assert set(found.report["importance"]) == {"a", "b", "both", "plan", "kind"}
    assert min(found.report["importance"]["plan"], found.report["importance"]["kind"]) > 0.1
    sent = [{name: row[name] for name in ("a", "b", "plan", "size")} for row in rows.to_pylist()]
    assert same_bits(found.outputs, expected(package, sent)[:, 0])


def test_too_many_texts_are_no_category(tmp_path: Path) -> None:
    texts = [f"t{index}" for index in range(MOST_TEXTS + 1)]
    pq.write_table(pa.table({"plan": texts}), tmp_path / "part.parquet")
    with pytest.raises(UserError, match=r"feature plan has 1001 different texts; at most 1000 are allowed"):
        learned(tmp_path, CONTRACT)
    pq.write_table(pa.table({"plan": [*texts[:-1], None]}), tmp_path / "part.parquet")
    assert learned(tmp_path, CONTRACT) == {"plan": tuple(sorted(texts[:-1])), "kind": SIZES}


def test_a_histogram_of_texts_has_the_commonest_ones_and_all_others() -> None:
    texts = ["b", "a", "b", None, "c", *(f"rare {index}" for index in range(9)), "c"]
    common, distinct = columns.commonest(pa.chunked_array([texts[:4], texts[4:]]), 10)
    assert (distinct, list(common)[-1]) == (12, "rare 6")
    found = Histogram.of_texts(common, present=14, missing=1)
    assert (found.kind, found.texts[:3], found.counts[:3]) == (Kind.CATEGORICAL, ("b", "c", "a"), (2, 2, 1))
    assert (len(found.texts), found.counts[-1], found.missing, found.rows) == (10, 2, 1, 15)
    assert found.labels()[-3:] == ("rare 6", "other", "missing")
    assert Histogram.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    assert found.count(np.array([0.0, -1.0, math.nan, 9.0])) == (1, *[0] * 8, 1, 1, 1)
    assert Histogram.of_texts({}, present=0, missing=1).count(np.array([-1.0, math.nan])) == (1, 1)


def test_drift_sees_texts_that_come_go_and_are_new(tmp_path: Path) -> None:
    pq.write_table(problems.rows("categorical", 2000, 1), tmp_path / "part.parquet")
    made = baseline.build(tmp_path, CONTRACT)
    assert made["warnings"] == []
    assert set(made["features"]["plan"]["texts"]) == set(PLANS)
    assert "texts" not in made["features"]["a"]
    lists = baseline.lists(made, CONTRACT)
    references, _ = baseline.histograms(made, CONTRACT)

    def score(plans: list[str | None]) -> float:
        sent = [{"a": 1.0, "b": 1.0, "plan": plan, "size": "M"} for plan in plans]
        data = {"data": json.dumps(sent), "encoding": "JSON"}
        record = {"captureData": {"endpointInput": data}, "eventMetadata": {"inferenceTime": "2026-11-29T00:00:00Z"}}
        captured = capture.read([json.dumps(record)], CONTRACT, lists=lists)
        assert (captured.rows, captured.unreadable) == (len(plans), {})
        return compare(references["plan"], captured.features["plan"])["score"]

    same = [*PLANS, None] * 60
    assert score(same) < 0.05
    assert score([*same, *["unheard of"] * 100]) > 0.2
    assert score([plan for plan in same if plan is not None]) > 0.2
    assert score([plan for plan in same if plan != "gold"]) > 0.2


def test_a_baseline_of_numbers_is_none_of_a_category() -> None:
    numbers = {name: Histogram.of(np.arange(3.0)).to_dict() for name in CONTRACT.feature_names}
    with pytest.raises(UserError, match="it has plan, kind as numbers, the contract as categories"):
        baseline.lists({"features": numbers}, CONTRACT)


@pytest.mark.parametrize("task", Task)
def test_a_category_that_gives_the_label_away_is_told(task: Task) -> None:
    labels = np.repeat([0.0, 1.0] if task is Task.BINARY_CLASSIFICATION else [0.0, 1.0, 2.0], 40)
    codes = (labels + 1) % len(np.unique(labels))  # no order that is the labels'
    (told,) = screening.warnings("plan", codes, "y", task, labels, ("x", "y", "z"))
    assert told.startswith("feature plan: alone it ")
    mixed = np.tile([0.0, 1.0], len(labels) // 2)
    assert list(screening.warnings("plan", mixed, "y", task, labels, ("x", "y"))) == []
    (constant,) = screening.warnings("plan", np.zeros(len(labels)), "y", task, labels, ("basic",))
    assert constant.startswith("feature plan: it is basic in every training row")


def test_the_captured_answer_is_read_whatever_the_text(trained: Trained) -> None:
    package = trained("categorical")
    body = b'id,a,b,plan,size\n1,2.5,3,"a, b","L, large"\n2,,1,nobody,S\n'
    answer = post(service(package), body, kind="text/csv", accept="text/csv")
    record = {
        "captureData": {
            "endpointInput": {"data": body.decode(), "encoding": "CSV", "observedContentType": "text/csv"},
            "endpointOutput": {
                "data": base64.b64encode(answer.body).decode(),
                "encoding": "BASE64",
                "observedContentType": "text/csv",
            },
        },
        "eventMetadata": {"inferenceTime": datetime.now(UTC).isoformat()},
    }
    captured = capture.read([json.dumps(record)], package.contract, lists=LISTS)
    assert captured.features["plan"].tolist() == [LEARNED.index("a, b"), -1.0]
    assert captured.features["kind"].tolist() == [2.0, 0.0]
