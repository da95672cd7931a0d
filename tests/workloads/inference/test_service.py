"""The service over real HTTP: what it answers to good and to bad requests."""

from __future__ import annotations

import json
import math
import socket
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import xgboost as xgb

from contracts import loader
from tests.workloads.inference import serving
from tests.workloads.inference.serving import Running
from workloads.features import frame, model_matrix

ROW = {"user_tenure_months": 3, "transaction_volume": 250.5, "support_tickets": 4}
CONTRACT = loader.load(serving.CHURN)
INFORMATION = ("/ping", "/ready", "/health", "/metrics", "/v1/status")


def expected(booster: xgb.Booster, table: pa.Table) -> list[float]:
    """Scores as the training side computes them: the data-frame features and XGBoost itself."""
    matrix = model_matrix.matrix(frame.with_features(table, CONTRACT), CONTRACT)
    return booster.inplace_predict(matrix).tolist()


def as_csv(table: pa.Table) -> str:
    return "".join(",".join("" if v is None else repr(v) for v in row.values()) + "\n" for row in table.to_pylist())


# ---- predictions ----


def test_one_row(service: Running, booster: xgb.Booster) -> None:
    answer = service.predict({"customer_id": "C-1", **ROW})
    assert answer.status == 200
    score = expected(booster, pa.Table.from_pylist([ROW]))[0]
    assert answer.json == {"score": score, "decision": score >= 0.75, "model_version": "v7", "customer_id": "C-1"}
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-model-version"] == "v7"


@pytest.mark.parametrize("wrap", [lambda rows: rows, lambda rows: {"instances": rows}])
def test_scores_of_many_rows_are_those_of_training(service: Running, booster: xgb.Booster, wrap: Any) -> None:
    table, _ = serving.customers(1500, seed=11)
    answer = service.predict(wrap(table.to_pylist()))
    assert answer.status == 200
    assert answer.json["model_version"] == "v7"
    assert [p["score"] for p in answer.json["predictions"]] == expected(booster, table)


def test_csv_scores_are_those_of_training(service: Running, booster: xgb.Booster) -> None:
    table, _ = serving.customers(1500, seed=12)
    answer = service.csv(as_csv(table))
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/csv"
    lines = [line.split(",") for line in answer.body.decode().splitlines()]
    scores = expected(booster, table)
    assert [float(score) for score, _ in lines] == scores
    assert [decision for _, decision in lines] == [str(int(score >= 0.75)) for score in scores]


def test_csv_with_a_header_in_any_order(service: Running, booster: xgb.Booster) -> None:
    answer = service.csv("customer_id,support_tickets,user_tenure_months\nC-1,4,3\nC-2,,\n", accept="application/json")
    rows = [{"user_tenure_months": 3, "support_tickets": 4}, {"user_tenure_months": None, "support_tickets": None}]
    table = pa.Table.from_pylist([{**row, "transaction_volume": None} for row in rows]).cast(
        pa.schema({"user_tenure_months": pa.int64(), "support_tickets": pa.int64(), "transaction_volume": pa.float64()})
    )
    assert [(p["customer_id"], p["score"]) for p in answer.json["predictions"]] == list(
        zip(["C-1", "C-2"], expected(booster, table), strict=True)
    )


@pytest.mark.parametrize(
    "text",
    [
        "3,250.5,4",
        "3,250.5,4\r\n",
        "\ufeff3,250.5,4\n\n",
        '"3",250.50,4\n',
        " 3 , +2.505e2 ,4.0\n",
        "support_tickets,transaction_volume,user_tenure_months\n4,250.5,3\n",
    ],
)
def test_csv_forms_of_one_row(service: Running, booster: xgb.Booster, text: str) -> None:
    answer = service.csv(text)
    assert (answer.status, answer.body.decode().split(",")[0]) == (
        200,
        repr(expected(booster, pa.Table.from_pylist([ROW]))[0]),
    )


def test_json_whitespace_and_null_forms(service: Running) -> None:
    bare = service.request("POST", "/v1/predict", " \n {} ", content_type="application/json; charset=utf-8")
    nulls = service.predict(dict.fromkeys(ROW))
    assert bare.status == nulls.status == 200
    assert bare.json == nulls.json
    assert service.csv(",,").body == service.csv("null,NaN,nan").body


@pytest.mark.parametrize(
    ("sent", "accept", "kind"),
    [
        ("application/json", None, "application/json"),
        ("application/json", "*/*", "application/json"),
        ("application/json", "text/csv", "text/csv"),
        ("application/json", "text/csv;q=0.5, application/json;q=0.4", "text/csv"),
        ("application/json", "text/*", "text/csv"),
        ("text/csv", None, "text/csv"),
        ("text/csv", "application/*;q=0.1", "application/json"),
        ("text/csv", "text/html, */*;q=0.1", "text/csv"),
        ("text/csv", "text/csv;q=0, */*", "application/json"),
    ],
)
def test_accept_is_honoured(service: Running, sent: str, accept: str | None, kind: str) -> None:
    body = '{"support_tickets": 1}' if sent == "application/json" else "1,2,3"
    headers = {} if accept is None else {"accept": accept}
    answer = service.request("POST", "/invocations", body, content_type=sent, **headers)
    assert (answer.status, answer.headers["content-type"]) == (200, kind)


def test_threshold_and_version_from_the_environment(package: Any, booster: xgb.Booster) -> None:
    score = expected(booster, pa.Table.from_pylist([ROW]))[0]
    with serving.serving(package, PREDICTION_THRESHOLD=repr(score), MODEL_VERSION="env-1") as running:
        assert running.predict(ROW).json == {"score": score, "decision": True, "model_version": "env-1"}
        assert running.request("GET", "/v1/status").json["model"]["threshold"] == score
    with serving.serving(package, PREDICTION_THRESHOLD=repr(math.nextafter(score, 1))) as running:
        assert running.predict(ROW).json["decision"] is False


def test_ids_are_passed_on(service: Running) -> None:
    answer = service.predict(
        ROW,
        X_Request_Id="abc-1",
        X_Amzn_SageMaker_Custom_Attributes="tenant=7",
        X_Amzn_SageMaker_Inference_Id="inf-9",
    )
    assert answer.headers["x-request-id"] == "abc-1"
    assert answer.headers["x-amzn-sagemaker-custom-attributes"] == "tenant=7"
    assert answer.headers["x-amzn-sagemaker-inference-id"] == "inf-9"
    ids = {service.predict(ROW).headers["x-request-id"] for _ in range(3)}
    assert len(ids) == 3


def test_contributions_on_demand(service: Running, booster: xgb.Booster) -> None:
    """SHAP values sum to the log-odds of the score, by query or, through SageMaker, by custom attribute."""
    table, _ = serving.customers(300, seed=5)
    rows = table.to_pylist()
    answer = service.request(
        "POST", "/v1/predict?contributions=true", json.dumps(rows), content_type="application/json"
    )
    predictions = answer.json["predictions"]
    assert [prediction["score"] for prediction in predictions] == expected(booster, table)
    data = xgb.DMatrix(model_matrix.matrix(frame.with_features(table, CONTRACT), CONTRACT), nthread=1)
    for prediction, wanted in zip(predictions, booster.predict(data, pred_contribs=True).tolist(), strict=True):
        found = [*prediction["contributions"].values(), prediction["bias"]]
        assert list(prediction["contributions"]) == list(CONTRACT.feature_names)
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)
        assert 1 / (1 + math.exp(-sum(found))) == pytest.approx(prediction["score"], rel=1e-5)
    one = service.predict({**rows[0], "customer_id": "C"}, X_Amzn_SageMaker_Custom_Attributes="a=1,contributions=true")
    assert one.json == {**predictions[0], "customer_id": "C", "model_version": "v7"}
    refused = service.csv("1,2,3", X_Amzn_SageMaker_Custom_Attributes="contributions=true")
    assert refused.status == 406
    assert refused.error["message"] == "contributions are asked for as text/csv; ask for application/json"
    assert "contributions" not in service.predict(rows[0]).json


def test_the_service_describes_itself(service: Running) -> None:
    document = service.request("GET", "/openapi.json").json
    assert document["openapi"] == "3.1.0"
    assert set(document["paths"]) == {"/invocations", "/v1/predict", *INFORMATION}
    row = document["components"]["schemas"]["Row"]
    assert "additionalProperties" not in row
    assert row["required"] == []
    assert row["properties"]["support_tickets"] == {
        "type": ["integer", "null"],
        "description": "Tickets opened in the last 90 days",
        "minimum": 0,
        "maximum": 1000,
    }
    statuses = set(document["paths"]["/invocations"]["post"]["responses"])
    assert statuses == {"200", "400", "406", "408", "413", "415", "422", "429", "503"}
    for path in INFORMATION:
        assert service.request("GET", path).status == 200


# ---- the data that a model was trained on ----


@pytest.mark.parametrize(
    "form",
    [
        {"churn_label": 1, "event_time": "2026-11-20"},
        {"churn_label": [1], "event_time": {"x": [2]}},
        {"zip": "8001", "churn_label": None},
        {"user_tenure_months": 3.0, "support_tickets": 4.0},
        {"support_tickets": 4.0, "transaction_volume": 250.5, "zip": 1},
    ],
)
def test_rows_as_training_data_has_them(service: Running, form: dict[str, Any]) -> None:
    plain = service.predict(ROW).json
    assert service.predict({**ROW, **form}).json == plain
    assert (
        service.predict([{**ROW, **form}, ROW]).json["predictions"] == service.predict([ROW, ROW]).json["predictions"]
    )


@pytest.mark.parametrize("mark", ["", "NA", " n/a ", "NULL", "None", "?", "-", "nan"])
def test_marks_of_missing_values(service: Running, mark: str) -> None:
    plain = service.predict({**ROW, "transaction_volume": None}).json
    assert service.predict({**ROW, "transaction_volume": mark}).json == plain
    line = service.csv(f"3,{mark},4\n", accept="application/json").json["predictions"]
    assert line == [{name: plain[name] for name in ("score", "decision")}]


def test_columns_of_csv_that_are_no_inputs(service: Running) -> None:
    header = "zip,support_tickets,event_time,churn_label,user_tenure_months,transaction_volume"
    text = f"{header}\n8001,4,2026-11-20,1,3,250.5\n"
    for delimiter in ",;\t|":
        assert service.csv(text.replace(",", delimiter)).body == service.csv("3,250.5,4").body


def test_columns_that_are_left_out_are_told_once(package: Any) -> None:
    with serving.serving(package) as running:
        for _ in range(3):
            learned = {"customer_id": "C1", "event_time": "2026-11-20T08:00:00Z", "churn_label": 1}
            assert running.predict({**ROW, **learned, "zip": 1}).status == 200
            assert running.csv("support_tickets,transaction_volume,zip,town\n1,2,8001,x\n").status == 200
        told = [entry["message"] for entry in running.logged() if entry["level"] == "WARNING"]
    assert told == [f"columns that the contract does not have are left out: {name}" for name in ('"zip"', '"town"')]


@pytest.mark.parametrize("encoding", ["identity", "Identity", " IDENTITY ", ""])
def test_a_body_that_says_it_is_not_encoded(service: Running, encoding: str) -> None:
    assert service.predict(ROW, content_encoding=encoding).status == 200


# ---- refusals ----


# ---- the rest of the interface ----


def test_health_and_status(service: Running) -> None:
    assert service.request("GET", "/health").json == {"status": "ok"}
    assert service.request("GET", "/ping").json == {"status": "ready"}
    assert service.request("GET", "/ready").json == {"status": "ready"}
    status = service.request("GET", "/v1/status").json
    assert status["model"] == {
        "version": "v7",
        "name": "churn",
        "predictor": status["model"]["predictor"],
        "threshold": 0.75,
        "features": list(CONTRACT.feature_names),
        "dataset_version": "d1",
        "xgboost_version": xgb.__version__,
    }


def test_metrics_count(package: Any) -> None:
    with serving.serving(package) as running:
        running.predict([{}, {}])
        running.predict({"x": 1})
        text = running.request("GET", "/metrics").body.decode()
    lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert lines["inference_predictions_total"] == "2"
    assert lines['inference_requests_total{status="200"}'] == "1"
    assert lines['inference_requests_total{status="422"}'] == "1"
    assert lines["inference_request_seconds_count"] == "2"
    assert lines['inference_request_seconds_bucket{le="+Inf"}'] == "2"
    assert float(lines["inference_request_seconds_sum"]) > 0
    assert lines["inference_requests_receiving"] == "0"
    assert any(name.startswith('inference_model_info{version="sha256-') for name in lines)


def test_pipelined_requests_are_answered_in_order(service: Running) -> None:
    body = b"1,2,3"
    head = b"POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-type: text/csv\r\ncontent-length: 5\r\n"
    one = head + b"x-request-id: %d\r\n\r\n" + body
    with socket.create_connection(("127.0.0.1", service.port), timeout=600) as connection:
        connection.sendall(b"".join(one % n for n in range(20)))
        received = b""
        while received.count(b"HTTP/1.1 200") < 20:
            received += connection.recv(65536)
    ids = [int(part.split(b"\r\n")[0]) for part in received.split(b"x-request-id: ")[1:]]
    assert ids == list(range(20))


def test_numpy_agrees_with_the_threshold(service: Running, booster: xgb.Booster) -> None:
    table, _ = serving.customers(500, seed=3)
    decisions = [p["decision"] for p in service.predict(table.to_pylist()).json["predictions"]]
    assert decisions == (np.array(expected(booster, table)) >= 0.75).tolist()
