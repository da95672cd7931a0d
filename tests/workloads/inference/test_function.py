"""The Lambda handler: HTTP events of each front, and direct invocations."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from contracts import loader
from tests.workloads.inference import serving
from workloads.inference import function, model
from workloads.inference.model import ModelError

ROW = {"user_tenure_months": 3, "transaction_volume": 250.5, "support_tickets": 4}
CONTEXT = SimpleNamespace(aws_request_id="lambda-1")


@pytest.fixture(autouse=True)
def environment(package: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("MODEL_DIR", str(package))
    monkeypatch.setenv("MODEL_VERSION", "v9")
    monkeypatch.setattr(function.logs, "of_the_process", lambda: None)  # it would outlive the test
    function._service.cache_clear()
    yield
    function._service.cache_clear()


@pytest.fixture
def score(package: Path) -> float:
    loaded = model.load(package, max_rows=10)
    return loaded.predictor.many(loaded.reader.rows(loaded.reader.json(json.dumps(ROW).encode())).values)[0]


def url_event(body: str, **changes: Any) -> dict[str, Any]:
    """A function URL's or an HTTP API's event (payload format 2.0)."""
    return {
        "version": "2.0",
        "rawPath": "/invocations",
        "rawQueryString": "",
        "headers": {"content-type": "application/json"},
        "requestContext": {"http": {"method": "POST", "path": "/invocations"}},
        "body": body,
        "isBase64Encoded": False,
        **changes,
    }


def test_a_function_url(score: float) -> None:
    answer = function.handler(url_event(json.dumps(ROW)), CONTEXT)
    assert answer["statusCode"] == 200
    assert json.loads(answer["body"]) == {"score": score, "decision": score >= 0.75, "model_version": "v9"}
    assert answer["headers"]["content-type"] == "application/json"
    assert answer["headers"]["x-request-id"] == "lambda-1"
    assert answer["headers"]["x-model-version"] == "v9"
    assert answer["isBase64Encoded"] is False


def test_a_body_in_base64_with_its_own_request_id(score: float) -> None:
    body = base64.b64encode(b"3,250.5,4\n").decode()
    headers = {"Content-Type": "text/csv", "X-Request-Id": "mine"}
    answer = function.handler(url_event(body, headers=headers, isBase64Encoded=True), CONTEXT)
    assert answer["body"] == f"{score!r},{int(score >= 0.75)}\n"
    assert answer["headers"]["x-request-id"] == "mine"


def test_a_rest_api_and_a_load_balancer(score: float) -> None:
    event = {
        "httpMethod": "POST",
        "path": "/v1/predict",
        "queryStringParameters": {"contributions": "true"},
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(ROW),
    }
    answer = json.loads(function.handler(event, CONTEXT)["body"])
    assert answer["score"] == score
    assert set(answer["contributions"]) == set(loader.load(serving.CHURN).feature_names)
    several = {**event, "headers": None, "multiValueHeaders": {"content-type": ["application/json"]}}
    assert json.loads(function.handler(several, CONTEXT)["body"]) == answer


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"body": '{"x": 1}'}, 422, "invalid_rows"),
        ({"body": None}, 400, "malformed_body"),
        ({"headers": {}}, 415, "unsupported_media_type"),
        ({"rawPath": "/x"}, 404, "no_such_path"),
        ({"requestContext": {"http": {"method": "PUT"}}}, 405, "method_not_allowed"),
        ({"body": " " * 7_000_000}, 413, "body_too_large"),
    ],
)
def test_refusals(changes: dict[str, Any], status: int, code: str) -> None:
    answer = function.handler({**url_event("{}"), **changes}, CONTEXT)
    assert (answer["statusCode"], json.loads(answer["body"])["error"]["code"]) == (status, code)


def test_health() -> None:
    event = url_event("", rawPath="/ping", requestContext={"http": {"method": "GET"}})
    assert json.loads(function.handler(event, CONTEXT)["body"]) == {"status": "ready"}


def test_direct_invocations(score: float) -> None:
    assert function.handler(ROW, CONTEXT) == {"score": score, "decision": score >= 0.75, "model_version": "v9"}
    many = function.handler({"instances": [ROW, {}]}, CONTEXT)
    assert many == function.handler([ROW, {}], None)
    assert many["predictions"][0]["score"] == score
    refused = function.handler({"support_tickets": -1}, CONTEXT)
    assert refused["error"]["faults"][0]["field"] == "support_tickets"


@pytest.mark.parametrize("event", [ROW, url_event(json.dumps(ROW))])
def test_what_the_service_cannot_answer_is_an_error_of_the_function(
    event: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(function._service().scorer, "answer", lambda *_, **__: 1 / 0)
    with pytest.raises(function.FailedError) as caught:
        function.handler(event, CONTEXT)
    assert json.loads(str(caught.value))["error"]["code"] == "internal_error"


def test_what_is_captured_is_written_before_the_answer_for_lambda_freezes_what_has_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CAPTURE_URI", "s3://processed/data-capture/churn/live/champion")
    monkeypatch.setenv("CAPTURE_SECONDS", "60")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    function.handler(ROW, CONTEXT)
    capture = function._service().capture
    assert capture is not None
    assert (capture.before_answer, capture._thread, len(capture._waiting)) == (True, None, 1)  # tried, and S3 is away


@pytest.mark.parametrize(("environment", "loaded"), [({"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001"}, "1"), ({}, "0")])
def test_an_execution_environment_loads_the_model_as_it_starts(
    environment: dict[str, str], loaded: str, package: Path
) -> None:
    program = "from workloads.inference import function; print(function._service.cache_info().currsize)"
    known = {name: value for name, value in os.environ.items() if name != "AWS_LAMBDA_RUNTIME_API"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=serving.ROOT,
        env={**known, "PYTHONPATH": str(serving.ROOT), "MODEL_DIR": str(package), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == loaded


def test_the_model_is_fetched_first_where_it_lies_in_s3(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MODEL_URI", "s3://artifacts/runs/churn/1/model.tar.gz")
    package, fetched = os.environ["MODEL_DIR"], tmp_path / "fetched"
    monkeypatch.setenv("MODEL_DIR", str(fetched))
    monkeypatch.setattr(function, "fetch", lambda options: shutil.copytree(package, options.model_dir))
    assert function.handler(ROW, CONTEXT)["model_version"] == "v9"
    assert fetched.is_dir()


def test_a_package_that_cannot_be_served_fails_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MODEL_DIR", str(tmp_path / "absent"))
    with pytest.raises(ModelError, match="is not a directory"):
        function.handler(ROW, CONTEXT)
