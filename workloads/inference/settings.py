"""How one service process behaves: command line over environment over defaults."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from workloads.inference.predictor import KINDS

STAGES = ("whole", "preprocess", "predict")
MEGABYTE = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Limits follow SageMaker's for real-time endpoints: 6 MB and 60 s a request (AWS docs, "Real-time inference").

    `max_rows_inline` is how many rows are scored on the event loop itself; more go to the worker's one thread, so that
    health checks are answered meanwhile, and at most `max_queued_batches` wait for it. `max_in_flight` bounds the
    requests of a worker that are still arriving. Beyond either the answer is 429. After SIGTERM a worker goes on
    answering on open connections for up to `drain_seconds`. `stage` is `preprocess` or `predict` for the containers of
    an inference pipeline. Rows that carry the entity only are filled from the online store of `feature_group`, whose
    every answer may take `store_timeout_ms`. `capture_percent` of the answered requests are captured below
    `capture_uri`; a record waits there up to `capture_seconds`, with 0 it is written before the answer is sent. The
    package at `model_uri` is fetched into `model_dir` first. With `tls_dir` the service speaks TLS, by a certificate
    that is made there. `metrics_dimensions` are those of every metric in the log.
    """

    model_dir: Path = Path("/opt/ml/model")
    model_uri: str = ""
    host: str = "0.0.0.0"  # noqa: S104 - a container's service is reached from outside it
    port: int = 8080
    tls_dir: Path | None = None
    workers: int = 1
    threshold: float | None = None
    model_version: str | None = None
    predictor: str | None = None
    max_body_bytes: int = 6 * MEGABYTE
    max_rows: int = 100_000
    max_rows_inline: int = 1_000
    max_in_flight: int = 256
    max_queued_batches: int = 8
    request_seconds: float = 60.0
    keep_alive_seconds: int = 75  # longer than a load balancer's 60, so that it is the one to close
    drain_seconds: float = 25.0  # ECS and Kubernetes kill 30 s after SIGTERM
    stage: str = "whole"
    feature_group: str | None = None
    region: str = "us-east-1"
    store_timeout_ms: float = 250.0
    store_endpoint: str | None = None
    capture_uri: str = ""
    capture_percent: float = 100.0
    capture_seconds: float = 10.0
    capture_kms_key: str | None = None
    s3_endpoint: str | None = None
    multi_model: bool = False
    max_models: int = 100
    max_memory_percent: float = 80.0
    evict: bool = False
    access_log: bool = False
    metrics_namespace: str | None = None
    metrics_seconds: float = 60.0
    metrics_dimensions: Mapping[str, str] = field(default_factory=dict[str, str])


def parse(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings from a command line. A bad value ends the program with a message that names it (exit code 2).

    Environment: SAGEMAKER_BIND_TO_PORT (set by SageMaker in inference pipelines), SAGEMAKER_MULTI_MODEL (`true`, set
    by SageMaker for models of mode MultiModel), MAX_MODELS, MAX_MEMORY_PERCENT, MODEL_SERVER_WORKERS (as in
    SageMaker's own containers), SERVICE_STAGE, MODEL_DIR, MODEL_URI, TLS_DIR, PREDICTION_THRESHOLD, MODEL_VERSION,
    METRICS_NAMESPACE, METRICS_DIMENSIONS, METRICS_SECONDS, FEATURE_GROUP, MAX_BODY_BYTES, MAX_ROWS, MAX_IN_FLIGHT,
    MAX_QUEUED_BATCHES, REQUEST_SECONDS, CAPTURE_URI, CAPTURE_PERCENT, CAPTURE_SECONDS, CAPTURE_KMS_KEY, and as in
    AWS's SDKs AWS_REGION, AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_SAGEMAKER_FEATURESTORE_RUNTIME.
    """
    get = environment.get
    parser = argparse.ArgumentParser(
        prog="python -m workloads.inference", description="Serve a model package over HTTP."
    )
    parser.add_argument(
        "command", nargs="?", choices=["serve"], help="as SageMaker starts a container; may be left out"
    )
    parser.add_argument("--model-dir", type=Path, default=get("MODEL_DIR") or Settings.model_dir)
    parser.add_argument(
        "--model-uri",
        type=_s3_uri,
        default=get("MODEL_URI") or Settings.model_uri,
        help="s3://BUCKET/KEY of the package's archive, which is unpacked into --model-dir before anything else",
    )
    parser.add_argument("--host", default=Settings.host)
    parser.add_argument("--port", type=_port, default=get("SAGEMAKER_BIND_TO_PORT", "8080"), help="0 picks a free one")
    parser.add_argument("--tls-dir", type=Path, default=get("TLS_DIR") or None, help="speak TLS; its key lies there")
    parser.add_argument("--workers", type=_workers, default=get("MODEL_SERVER_WORKERS", "1"), help="0: one per core")
    parser.add_argument("--threshold", type=threshold, default=get("PREDICTION_THRESHOLD") or None)
    parser.add_argument("--model-version", default=get("MODEL_VERSION") or None)
    parser.add_argument("--predictor", choices=KINDS, help="instead of the one the package was proved for")
    parser.add_argument(
        "--max-body-bytes", type=_positive_int, default=get("MAX_BODY_BYTES") or Settings.max_body_bytes
    )
    parser.add_argument("--max-rows", type=_positive_int, default=get("MAX_ROWS") or Settings.max_rows)
    parser.add_argument("--max-rows-inline", type=_positive_int, default=Settings.max_rows_inline)
    parser.add_argument("--max-in-flight", type=_positive_int, default=get("MAX_IN_FLIGHT") or Settings.max_in_flight)
    queued = get("MAX_QUEUED_BATCHES") or Settings.max_queued_batches
    parser.add_argument("--max-queued-batches", type=_positive_int, default=queued)
    parser.add_argument("--request-seconds", type=_seconds, default=get("REQUEST_SECONDS") or Settings.request_seconds)
    parser.add_argument("--keep-alive-seconds", type=_positive_int, default=Settings.keep_alive_seconds)
    parser.add_argument("--drain-seconds", type=_seconds, default=Settings.drain_seconds)
    parser.add_argument(
        "--stage",
        type=_stage,
        default=get("SERVICE_STAGE") or Settings.stage,
        help=f"{', '.join(STAGES)}: a part of an inference pipeline, or all of it",
    )
    parser.add_argument(
        "--feature-group",
        default=get("FEATURE_GROUP") or None,
        help="look columns up in this online store for rows that have the entity only",
    )
    parser.add_argument("--region", default=get("AWS_REGION") or get("AWS_DEFAULT_REGION") or Settings.region)
    parser.add_argument("--store-timeout-ms", type=_milliseconds, default=Settings.store_timeout_ms)
    parser.add_argument(
        "--store-endpoint", default=get("AWS_ENDPOINT_URL_SAGEMAKER_FEATURESTORE_RUNTIME") or None, help="not AWS's own"
    )
    _capture(parser, environment)
    _several(parser, environment)
    parser.add_argument("--access-log", action="store_true", help="one JSON line a request")
    parser.add_argument(
        "--metrics-namespace",
        default=get("METRICS_NAMESPACE") or None,
        help="write CloudWatch metrics of this namespace into the log (embedded metric format), once a minute",
    )
    seconds = get("METRICS_SECONDS") or Settings.metrics_seconds
    parser.add_argument("--metrics-seconds", type=_seconds, default=seconds, help="between two of these lines")
    parser.add_argument(
        "--metrics-dimensions",
        type=_dimensions,
        default=get("METRICS_DIMENSIONS") or "",
        help="NAME=VALUE,... of these metrics; the contract's name as Model where there are none",
    )
    options = vars(parser.parse_args(arguments))
    del options["command"]
    if options["multi_model"]:
        if options["workers"] > 1 and "--workers" in " ".join(arguments):
            parser.error("argument --multi-model: goes with one worker, as each worker has models of its own")
        options["workers"] = 1
    return Settings(**options)


def _several(parser: argparse.ArgumentParser, environment: Mapping[str, str]) -> None:
    get = environment.get
    group = parser.add_argument_group("several models", "loaded and unloaded as SageMaker's multi-model contract says")
    group.add_argument(
        "--multi-model",
        action="store_true",
        default=get("SAGEMAKER_MULTI_MODEL") == "true",
        help="no model at the start; /models loads and unloads",
    )
    group.add_argument("--max-models", type=_positive_int, default=get("MAX_MODELS") or Settings.max_models)
    group.add_argument(
        "--max-memory-percent",
        type=_percent,
        default=get("MAX_MEMORY_PERCENT") or Settings.max_memory_percent,
        help="no further model is loaded beyond this share of the container's memory",
    )
    group.add_argument("--evict", action="store_true", help="drop the least recently used model to make room")


def _capture(parser: argparse.ArgumentParser, environment: Mapping[str, str]) -> None:
    get = environment.get
    group = parser.add_argument_group("capture", "what was asked and answered, written to S3 by the service itself")
    group.add_argument(
        "--capture-uri",
        type=_s3_uri,
        default=get("CAPTURE_URI") or Settings.capture_uri,
        help="s3://BUCKET/PREFIX, to the variant; nothing is captured without",
    )
    percent = get("CAPTURE_PERCENT") or str(Settings.capture_percent)
    group.add_argument("--capture-percent", type=_percent, default=percent, help="of the answered requests")
    group.add_argument(
        "--capture-seconds",
        type=_wait,
        default=get("CAPTURE_SECONDS") or str(Settings.capture_seconds),
        help="how long a record may wait to be written; 0 before the answer, for a container that freezes after it",
    )
    group.add_argument("--capture-kms-key", default=get("CAPTURE_KMS_KEY") or None, help="ARN of the objects' key")
    group.add_argument(
        "--s3-endpoint", default=get("AWS_ENDPOINT_URL_S3") or get("AWS_ENDPOINT_URL") or None, help="not AWS's own"
    )


def cores() -> int:
    """The cores this process may use: its affinity, or the container's CPU quota where that is less (cgroup v2)."""
    available = len(os.sched_getaffinity(0))
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return available if quota == "max" else max(1, min(available, int(quota) // int(period)))
    except (OSError, ValueError):  # no cgroup v2 here
        return available


def _number(text: str, kind: type[int] | type[float], low: float, high: float, what: str) -> int | float:
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or not low <= value <= high:
        raise argparse.ArgumentTypeError(f"{text!r} is found, {what} is allowed")
    return value


def _stage(text: str) -> str:
    if text not in STAGES:
        raise argparse.ArgumentTypeError(f"{text!r} is found, {', '.join(STAGES)} are allowed")
    return text


def _port(text: str) -> int:
    return int(_number(text, int, 0, 65535, "a port from 0 to 65535"))


def _workers(text: str) -> int:
    return int(_number(text, int, 0, 256, "a number from 0 (one per core) to 256")) or cores()


def _positive_int(text: str) -> int:
    return int(_number(text, int, 1, 2**40, "a whole number above 0"))


def _seconds(text: str) -> float:
    return float(_number(text, float, 0.01, 86_400, "a number of seconds from 0.01 to 86400"))


def _percent(text: str) -> float:
    return float(_number(text, float, 0, 100, "a percentage from 0 to 100"))


def _wait(text: str) -> float:
    return float(_number(text, float, 0, 3600, "a number of seconds from 0 to 3600"))


def _s3_uri(text: str) -> str:
    parts = urlsplit(text)
    if text and (parts.scheme != "s3" or not parts.netloc or not parts.path.strip("/")):
        raise argparse.ArgumentTypeError(f"{text!r} is found, s3://BUCKET/PREFIX is allowed")
    return text


def _dimensions(text: str) -> dict[str, str]:
    found = [item.partition("=") for item in text.split(",") if text]
    if any(not name or not value for name, _, value in found):
        raise argparse.ArgumentTypeError(f"{text!r} is found, NAME=VALUE,NAME=VALUE is allowed")
    return {name: value for name, _, value in found}


def _milliseconds(text: str) -> float:
    return float(_number(text, float, 1, 60_000, "a number of milliseconds from 1 to 60000"))


def threshold(text: str) -> float:
    """A threshold of the command line."""
    return float(_number(text, float, 1e-9, 1 - 1e-9, "a number above 0 and below 1"))
