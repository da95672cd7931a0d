"""Command line over environment over defaults."""

from __future__ import annotations

from pathlib import Path

import pytest

from workloads.inference import settings
from workloads.inference.settings import Settings


def test_defaults_are_sagemakers() -> None:
    found = settings.parse([], {})
    assert found == Settings()
    assert (found.model_dir, found.port, found.max_body_bytes, found.request_seconds) == (
        Path("/opt/ml/model"),
        8080,
        6 * 1024 * 1024,
        60.0,
    )
    assert settings.parse(["serve"], {}) == found  # as SageMaker starts a container


def test_environment() -> None:
    environment = {
        "SAGEMAKER_BIND_TO_PORT": "9000",
        "MODEL_SERVER_WORKERS": "3",
        "PREDICTION_THRESHOLD": "0.6",
        "MODEL_VERSION": "7",
        "MODEL_DIR": "/var/model/package",
        "MODEL_URI": "s3://b/runs/1/model.tar.gz",
        "TLS_DIR": "/var/model/tls",
        "METRICS_NAMESPACE": "N",
        "METRICS_SECONDS": "5",
        "METRICS_DIMENSIONS": "EndpointName=e,VariantName=v",
        "FEATURE_GROUP": "churn-prod",
        "MAX_BODY_BYTES": "134217728",
        "MAX_ROWS": "4000000",
        "MAX_IN_FLIGHT": "40",
        "MAX_QUEUED_BATCHES": "30",
        "REQUEST_SECONDS": "3600",
        "CAPTURE_URI": "s3://b/data-capture/churn/e/v",
        "CAPTURE_PERCENT": "12.5",
        "CAPTURE_SECONDS": "0",
        "CAPTURE_KMS_KEY": "k",
        "AWS_ENDPOINT_URL": "http://aws",
        "AWS_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL_SAGEMAKER_FEATURESTORE_RUNTIME": "http://store",
    }
    found = settings.parse([], environment)
    assert found == Settings(
        port=9000,
        workers=3,
        threshold=0.6,
        model_version="7",
        model_dir=Path("/var/model/package"),
        model_uri="s3://b/runs/1/model.tar.gz",
        tls_dir=Path("/var/model/tls"),
        metrics_namespace="N",
        metrics_seconds=5,
        metrics_dimensions={"EndpointName": "e", "VariantName": "v"},
        feature_group="churn-prod",
        max_body_bytes=134_217_728,
        max_rows=4_000_000,
        max_in_flight=40,
        max_queued_batches=30,
        request_seconds=3600,
        capture_uri="s3://b/data-capture/churn/e/v",
        capture_percent=12.5,
        capture_seconds=0,
        capture_kms_key="k",
        s3_endpoint="http://aws",
        region="eu-west-1",
        store_endpoint="http://store",
    )
    assert settings.parse(["--port", "1", "--threshold", "0.5"], environment).port == 1


def test_a_worker_for_each_core() -> None:
    assert settings.parse(["--workers", "0"], {}).workers == settings.cores() >= 1


def test_multi_model_mode_has_one_worker() -> None:
    assert settings.parse(["--multi-model"], {"MODEL_SERVER_WORKERS": "4"}).workers == 1


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "PREDICTION_THRESHOLD",
            "high",
            "argument --threshold: 'high' is found, a number above 0 and below 1 is allowed",
        ),
        ("CAPTURE_URI", "bucket/x", "argument --capture-uri: 'bucket/x' is found, s3://BUCKET/PREFIX is allowed"),
        ("CAPTURE_URI", "s3://bucket", "argument --capture-uri: 's3://bucket' is found, s3://BUCKET/PREFIX is allowed"),
        (
            "METRICS_DIMENSIONS",
            "Endpoint",
            "argument --metrics-dimensions: 'Endpoint' is found, NAME=VALUE,NAME=VALUE is allowed",
        ),
        ("CAPTURE_PERCENT", "101", "argument --capture-percent: '101' is found, a percentage from 0 to 100 is allowed"),
        ("CAPTURE_SECONDS", "-1", "argument --capture-seconds: '-1' is found, a number of seconds from 0 to 3600"),
        ("SAGEMAKER_BIND_TO_PORT", "x", "argument --port: 'x' is found, a port from 0 to 65535 is allowed"),
        ("MODEL_SERVER_WORKERS", "1.5", "argument --workers: '1.5' is found, a number from 0 (one per core) to 256"),
    ],
)
def test_a_bad_environment(name: str, value: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        settings.parse([], {name: value})
    assert caught.value.code == 2
    assert message in capsys.readouterr().err
